//! Where everything of a chart stands: headline, legend, labels, ticks and the frame they leave to the layers.

use super::layer::Marks;
use super::{Chart, FONT};
use crate::plot::color::Ink;
use crate::plot::figure::{Anchor, Figure, Paint, Readout, Shape, coordinate, dots, polyline, rectangle};
use crate::plot::scale::{Scale, Tick};
use crate::plot::stroke_font::{fitted, width};

/// Room of one row of legend or label.
const ROW: f64 = 17.0;

impl Chart {
    /// Lays the chart out and draws it.
    pub fn figure(&self) -> Figure {
        let is_dots = self.layers.iter().any(|l| matches!(l.marks, Marks::Dots { .. }));
        let x =
            self.x.scale(self.layers.iter().flat_map(|l| l.points().map(|p| p.0)), if is_dots { 0.03 } else { 0.0 });
        let y = self.y.scale(self.layers.iter().flat_map(|l| l.points().map(|p| p.1)), 0.05);
        let (legend, legend_rows) = self.legend_entries();
        let mut top = if self.headline { 24.0 } else { 6.0 };
        let legend_top = top;
        top += legend_rows as f64 * ROW;
        let label_top = top;
        if !self.y.label.is_empty() {
            top += ROW;
        }
        let bottom_margin = if self.x.label.is_empty() { 22.0 } else { 38.0 };
        let y_ticks = self.y.ticks(&y, if self.height > 170.0 { 4 } else { 3 });
        let widest = y_ticks.iter().map(|t| width(&t.label, FONT)).fold(0.0, f64::max);
        let left = (widest + 10.0).min(self.width * 0.4);
        let x_ticks = self.fitting_x_ticks(&x, self.width - left - 12.0);
        let half_last = x_ticks.last().map_or(0.0, |t| {
            width(&t.label, FONT) / 2.0 - (1.0 - x.position(t.value).unwrap_or(1.0)) * (self.width - left - 12.0)
        });
        let right = self.width - half_last.max(8.0) - 3.0;
        let height = if self.square { top + (right - left) + bottom_margin } else { self.height };
        let frame = Frame { x, y, left, right, top: top + 4.0, bottom: height - bottom_margin };

        let mut shapes = Vec::new();
        if self.headline {
            let title = fitted(&self.title, 14.0, self.width - 6.0);
            shapes.push(Shape::Text {
                x: 0.0,
                y: 14.0,
                size: 14.0,
                anchor: Anchor::Start,
                ink: Ink::Text,
                bold: true,
                text: title,
                hint: None,
            });
        }
        self.draw_legend(&legend, legend_top, &mut shapes);
        if !self.y.label.is_empty() {
            shapes.push(Shape::text(0.0, label_top + 11.0, FONT, Anchor::Start, Ink::Mute, &self.y.label));
        }
        let regions = self.layers.iter().any(|l| matches!(l.marks, Marks::Region { .. }));
        frame.draw_grid(&y_ticks, !regions, &mut shapes);
        let mut marks = Vec::new();
        for layer in &self.layers {
            layer.draw(&frame, &mut marks);
        }
        if self.clipped {
            let window = [frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top];
            shapes.push(Shape::Window { frame: window, shapes: marks });
        } else {
            shapes.extend(marks);
        }
        frame.draw_axis(&x_ticks, &self.x.label, &mut shapes);
        if !self.has_data() && !self.layers.is_empty() {
            let middle = ((frame.left + frame.right) / 2.0, (frame.top + frame.bottom) / 2.0);
            shapes.push(Shape::text(middle.0, middle.1, FONT, Anchor::Middle, Ink::Mute, "no finite values"));
        }
        Figure {
            width: self.width,
            height,
            title: self.title.clone(),
            description: self.description.clone().unwrap_or_else(|| self.described()),
            shapes,
            readout: Some(frame.readout(&self.x.label)),
        }
    }

    /// As many ticks as have room for their labels.
    fn fitting_x_ticks(&self, x: &Scale, room: f64) -> Vec<Tick> {
        for want in [4, 3, 2] {
            let ticks = self.x.ticks(x, want);
            let needed: f64 = ticks.iter().map(|t| width(&t.label, FONT) + 14.0).sum();
            if needed <= room {
                return ticks;
            }
        }
        let mut ticks = self.x.ticks(x, 2);
        while ticks.len() > 2 && ticks.iter().map(|t| width(&t.label, FONT) + 14.0).sum::<f64>() > room {
            ticks = ticks.into_iter().step_by(2).collect();
        }
        ticks
    }

    /// The legend's entries with their places, and how many rows they fill.
    fn legend_entries(&self) -> (Vec<(usize, f64, usize, String)>, usize) {
        let named: Vec<usize> = (0..self.layers.len()).filter(|i| self.layers[*i].name.is_some()).collect();
        if !self.legend || named.len() < 2 {
            return (Vec::new(), 0);
        }
        let (mut entries, mut x, mut row) = (Vec::new(), 0.0, 0);
        for i in named {
            let name = fitted(self.layers[i].name.as_deref().unwrap_or(""), FONT, self.width - 30.0);
            let room = 24.0 + width(&name, FONT) * 1.04 + 14.0;
            if x > 0.0 && x + room - 14.0 > self.width {
                (x, row) = (0.0, row + 1);
            }
            entries.push((i, x, row, name));
            x += room;
        }
        (entries, row + 1)
    }

    fn draw_legend(&self, entries: &[(usize, f64, usize, String)], top: f64, shapes: &mut Vec<Shape>) {
        for (i, x, row, name) in entries {
            let layer = &self.layers[*i];
            let y = top + *row as f64 * ROW + 7.0;
            match &layer.marks {
                Marks::Band(_) | Marks::Bars { .. } | Marks::Region { .. } => {
                    let paint =
                        Paint::fill(layer.ink).opacity(if matches!(layer.marks, Marks::Band(_)) { 0.25 } else { 1.0 });
                    shapes.push(Shape::path(rectangle(*x, y - 5.0, 18.0, 9.0), paint));
                }
                Marks::Dots { .. } => shapes.push(Shape::path(dots(&[(x + 9.0, y)]), Paint::stroke(layer.ink, 7.0))),
                _ => {
                    let line = polyline(&[(*x, y), (x + 18.0, y)], false);
                    shapes.push(Shape::path(line, Paint::stroke(layer.ink, 2.0).dashed(layer.dash)));
                }
            }
            shapes.push(Shape::text(x + 24.0, y + 4.0, FONT, Anchor::Start, Ink::Text, name));
        }
    }

    /// A description from the data, where none was given.
    fn described(&self) -> String {
        let mut parts = Vec::new();
        for layer in self.layers.iter().filter(|l| l.name.is_some()) {
            let finite: Vec<(f64, f64)> = layer.points().filter(|p| p.0.is_finite() && p.1.is_finite()).collect();
            let name = layer.name.as_deref().unwrap_or("");
            let text = |v: f64| crate::plot::number::significant(v, 3);
            if let (Some(first), Some(last)) = (finite.first(), finite.last()) {
                parts.push(format!("{name}: from {} to {} over {} points", text(first.1), text(last.1), finite.len()));
            } else {
                parts.push(format!("{name}: no finite values"));
            }
        }
        format!("{} against {}. {}", self.y.label, self.x.label, parts.join("; "))
    }
}

/// Two scales over a rectangle of pixels.
pub(super) struct Frame {
    x: Scale,
    y: Scale,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Frame {
    pub(super) fn at_x(&self, v: f64) -> Option<f64> {
        self.x.position(v).map(|p| self.left + p * (self.right - self.left))
    }

    pub(super) fn at_y(&self, v: f64) -> Option<f64> {
        self.y.position(v).map(|p| self.bottom - p * (self.bottom - self.top))
    }

    pub(super) fn at(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        Some((self.at_x(x)?, self.at_y(y)?))
    }

    fn draw_grid(&self, ticks: &[Tick], lines: bool, shapes: &mut Vec<Shape>) {
        let mut grid = String::new();
        for tick in ticks {
            let Some(y) = self.at_y(tick.value) else { continue };
            grid += &polyline(&[(self.left, y), (self.right, y)], false);
            shapes.push(Shape::text(self.left - 6.0, y + 4.0, FONT, Anchor::End, Ink::Mute, &tick.label));
        }
        if lines && !grid.is_empty() {
            shapes.push(Shape::path(grid, Paint::stroke(Ink::Grid, 1.0)));
        }
    }

    fn draw_axis(&self, ticks: &[Tick], label: &str, shapes: &mut Vec<Shape>) {
        let mut lines = polyline(&[(self.left, self.bottom), (self.right, self.bottom)], false);
        for tick in ticks {
            let Some(x) = self.at_x(tick.value) else { continue };
            lines += &polyline(&[(x, self.bottom), (x, self.bottom + 4.0)], false);
            shapes.push(Shape::text(x, self.bottom + 17.0, FONT, Anchor::Middle, Ink::Mute, &tick.label));
        }
        shapes.push(Shape::path(lines, Paint::stroke(Ink::Mute, 1.0)));
        if !label.is_empty() {
            shapes.push(Shape::text(self.right, self.bottom + 33.0, FONT, Anchor::End, Ink::Mute, label));
        }
    }

    fn readout(&self, name: &str) -> Readout {
        let describe = |scale: &Scale, first: f64, last: f64| {
            let kind = if matches!(scale, Scale::Log { .. }) { "log" } else { "lin" };
            let (lo, hi) = scale.ends();
            format!("{kind} {lo:e} {hi:e} {} {}", coordinate(first), coordinate(last))
        };
        Readout {
            x: describe(&self.x, self.left, self.right),
            y: describe(&self.y, self.bottom, self.top),
            name: name.to_string(),
        }
    }
}
