//! A function of two variables as a surface in space, drawn from back to front, with the ways of solvers on it.

use super::color::Ink;
use super::contour::Grid;
use super::figure::{Anchor, Figure, Paint, Shape, dots, polyline};
use super::matrix::color_bar;
use super::number::significant;
use super::scale::Scale;

const FONT: f64 = 12.0;
/// Cells drawn along each axis at most.
const CELLS: usize = 56;

/// From where the surface is seen, and how heights are measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Turn about the upright axis, in degrees.
    pub azimuth: f64,
    /// Height of the eye over the horizon, in degrees from 0 to 90.
    pub elevation: f64,
    /// Whether heights are logarithms of the distance above the lowest value.
    pub log: bool,
}

impl Default for View {
    fn default() -> View {
        View { azimuth: -30.0, elevation: 44.0, log: false }
    }
}

/// The surface of `grid` in parallel projection. Ways are points (x, y), laid on the surface.
pub fn surface(title: &str, labels: [&str; 2], grid: &Grid, view: View, ways: &[(String, Vec<(f64, f64)>)]) -> Figure {
    let Some(space) = Space::new(grid, view) else {
        let text = Shape::text(0.0, 20.0, FONT, Anchor::Start, Ink::Mute, "no finite values");
        let description = "no finite values".to_string();
        return Figure {
            width: 480.0,
            height: 40.0,
            title: title.into(),
            description,
            shapes: vec![text],
            readout: None,
        };
    };
    let mut shapes = vec![Shape::Text {
        x: 0.0,
        y: 14.0,
        size: 14.0,
        anchor: Anchor::Start,
        ink: Ink::Text,
        bold: true,
        text: title.to_string(),
        hint: None,
    }];
    let mut legend_x = 0.0;
    for (i, (name, _)) in ways.iter().enumerate().filter(|_| ways.len() > 1) {
        let line = polyline(&[(legend_x, 28.0), (legend_x + 18.0, 28.0)], false);
        shapes.push(Shape::path(line, Paint::stroke(way_ink(i), 2.2)));
        shapes.push(Shape::text(legend_x + 24.0, 32.0, FONT, Anchor::Start, Ink::Text, name));
        legend_x += 40.0 + super::stroke_font::width(name, FONT);
    }
    space.draw_floor(labels, &mut shapes);
    let mut pieces = space.cells();
    for (i, (_, way)) in ways.iter().enumerate() {
        pieces.extend(space.way(way, way_ink(i)));
    }
    pieces.sort_by(|a, b| b.0.total_cmp(&a.0));
    shapes.extend(pieces.into_iter().map(|p| p.1));
    let (lo, hi) = space.extent;
    color_bar(&mut shapes, 0.0, 396.0, 240.0, &significant(lo, 3), &significant(hi, 3), 24);
    Figure {
        width: 480.0,
        height: 424.0,
        title: title.to_string(),
        description: format!("Surface with values from {} to {}", significant(lo, 4), significant(hi, 4)),
        shapes,
        readout: None,
    }
}

fn way_ink(i: usize) -> Ink {
    Ink::Series([1, 3, 5, 0, 4, 2, 6, 7][i % 8])
}

struct Space<'a> {
    grid: &'a Grid,
    view: View,
    x: (f64, f64),
    y: (f64, f64),
    extent: (f64, f64),
}

impl<'a> Space<'a> {
    fn new(grid: &'a Grid, view: View) -> Option<Space<'a>> {
        let extent = grid.extent()?;
        let ends = |axis: &[f64]| Some((*axis.first()?, *axis.last()?));
        let (x, y) = (ends(grid.x())?, ends(grid.y())?);
        (x.0 < x.1 && y.0 < y.1).then_some(Space { grid, view, x, y, extent })
    }

    /// Height from 0 to 1.
    fn height(&self, z: f64) -> f64 {
        let (lo, hi) = self.extent;
        let share = if hi > lo { (z / 2.0 - lo / 2.0) / (hi / 2.0 - lo / 2.0) } else { 0.0 };
        // The ramp's lower half is spent on the lowest sixteenth.
        if self.view.log { (1.0 + 255.0 * share.max(0.0)).log2() / 8.0 } else { share }
    }

    /// Pixels and depth of a place in the unit cube.
    fn project(&self, x: f64, y: f64, height: f64) -> ((f64, f64), f64) {
        let (turn, rise) = (self.view.azimuth.to_radians(), self.view.elevation.clamp(0.0, 90.0).to_radians());
        let (u, v) = (2.0 * x - 1.0, 2.0 * y - 1.0);
        let across = u * turn.cos() - v * turn.sin();
        let away = u * turn.sin() + v * turn.cos();
        let up = 1.15 * height - 0.55;
        let screen = (240.0 + 138.0 * across, 205.0 - 138.0 * (up * rise.cos() + away * rise.sin()));
        (screen, away * rise.cos() - up * rise.sin())
    }

    fn unit(&self, x: f64, y: f64) -> (f64, f64) {
        ((x - self.x.0) / (self.x.1 - self.x.0), (y - self.y.0) / (self.y.1 - self.y.0))
    }

    fn cells(&self) -> Vec<(f64, Shape)> {
        let thin = |n: usize| -> Vec<usize> {
            let cells = (n - 1).min(CELLS);
            (0..=cells).map(|k| k * (n - 1) / cells).collect()
        };
        let (xs, ys) = (thin(self.grid.x().len()), thin(self.grid.y().len()));
        let mut cells = Vec::new();
        for j in ys.windows(2) {
            for i in xs.windows(2) {
                let corners = [(i[0], j[0]), (i[1], j[0]), (i[1], j[1]), (i[0], j[1])];
                let heights = corners.map(|(i, j)| self.grid.value(i, j));
                if heights.iter().any(|z| !z.is_finite()) {
                    continue;
                }
                let heights = heights.map(|z| self.height(z));
                let mean = heights.iter().sum::<f64>() / 4.0;
                let mut depth = 0.0;
                let mut outline = Vec::with_capacity(4);
                for ((i, j), height) in corners.into_iter().zip(heights) {
                    let (x, y) = self.unit(self.grid.x()[i], self.grid.y()[j]);
                    let (screen, d) = self.project(x, y, height);
                    outline.push(screen);
                    depth += d / 4.0;
                }
                let paint = Paint { stroke: Some(Ink::ramp(mean - 0.09)), width: 0.5, ..Paint::fill(Ink::ramp(mean)) };
                cells.push((depth, Shape::path(polyline(&outline, true), paint)));
            }
        }
        cells
    }

    /// The height of the surface at a place, between the four nodes around it.
    fn surface_at(&self, x: f64, y: f64) -> Option<f64> {
        let (gx, gy) = (self.grid.x(), self.grid.y());
        let cell = |axis: &[f64], v: f64| {
            let k = axis.partition_point(|a| *a <= v).clamp(1, axis.len() - 1) - 1;
            (v >= axis[0] && v <= axis[axis.len() - 1]).then(|| (k, (v - axis[k]) / (axis[k + 1] - axis[k])))
        };
        let ((i, a), (j, b)) = (cell(gx, x)?, cell(gy, y)?);
        let h = |i, j| self.height(self.grid.value(i, j));
        let low = h(i, j) * (1.0 - a) + h(i + 1, j) * a;
        let high = h(i, j + 1) * (1.0 - a) + h(i + 1, j + 1) * a;
        Some(low * (1.0 - b) + high * b).filter(|h| h.is_finite())
    }

    fn way(&self, points: &[(f64, f64)], ink: Ink) -> Vec<(f64, Shape)> {
        let place = |x: f64, y: f64| {
            let height = self.surface_at(x, y)?;
            let (u, v) = self.unit(x, y);
            let (screen, depth) = self.project(u, v, height + 0.006);
            // A little nearer than the cells it lies on.
            Some((screen, depth - 0.06))
        };
        let mut pieces = Vec::new();
        for w in points.windows(2) {
            let (dx, dy) = ((w[1].0 - w[0].0) / (self.x.1 - self.x.0), (w[1].1 - w[0].1) / (self.y.1 - self.y.0));
            if !(dx.is_finite() && dy.is_finite()) {
                continue;
            }
            let parts = ((dx.hypot(dy) * CELLS as f64).ceil().clamp(1.0, 200.0)) as usize;
            let along = |k: usize| {
                let t = k as f64 / parts as f64;
                place(w[0].0 + t * (w[1].0 - w[0].0), w[0].1 + t * (w[1].1 - w[0].1))
            };
            for k in 0..parts {
                if let (Some(a), Some(b)) = (along(k), along(k + 1)) {
                    let line = polyline(&[a.0, b.0], false);
                    pieces.push((a.1.min(b.1), Shape::path(line, Paint::stroke(ink, 2.2))));
                }
            }
        }
        for (k, (x, y)) in points.iter().enumerate() {
            let end = k == 0 || k + 1 == points.len();
            if let Some((screen, depth)) = place(*x, *y).filter(|_| end || points.len() <= 100) {
                pieces.push((depth, Shape::path(dots(&[screen]), Paint::stroke(ink, if end { 8.0 } else { 4.5 }))));
            }
        }
        pieces
    }

    /// The ground with the ticks of both axes along its nearer edges.
    fn draw_floor(&self, labels: [&str; 2], shapes: &mut Vec<Shape>) {
        let corner = |x: f64, y: f64| self.project(x, y, 0.0);
        let square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(x, y)| corner(x, y).0);
        shapes.push(Shape::path(polyline(&square, true), Paint::stroke(Ink::Mute, 1.0)));
        // An edge of x is at the y where it is nearer, and the other way round.
        let near_y = if corner(0.5, 0.0).1 < corner(0.5, 1.0).1 { 0.0 } else { 1.0 };
        let near_x = if corner(0.0, 0.5).1 < corner(1.0, 0.5).1 { 0.0 } else { 1.0 };
        let center = corner(0.5, 0.5).0;
        for (axis, (lo, hi)) in [self.x, self.y].into_iter().enumerate() {
            let scale = Scale::linear(lo, hi);
            let at = |t: f64| if axis == 0 { corner(t, near_y).0 } else { corner(near_x, t).0 };
            let middle = at(0.5);
            let (ox, oy) = (middle.0 - center.0, middle.1 - center.1);
            let length = ox.hypot(oy).max(1e-9);
            let (ox, oy) = (ox / length, oy / length);
            let anchor = if ox > 0.25 {
                Anchor::Start
            } else if ox < -0.25 {
                Anchor::End
            } else {
                Anchor::Middle
            };
            for tick in scale.ticks(3) {
                let Some(p) = scale.position(tick.value).map(at) else { continue };
                let line = polyline(&[p, (p.0 + 4.0 * ox, p.1 + 4.0 * oy)], false);
                shapes.push(Shape::path(line, Paint::stroke(Ink::Mute, 1.0)));
                let (x, y) = (p.0 + 9.0 * ox, p.1 + 9.0 * oy + 6.0);
                shapes.push(Shape::text(x, y, FONT, anchor, Ink::Mute, &tick.label));
            }
            let (x, y) = (middle.0 + 46.0 * ox, middle.1 + 34.0 * oy + 8.0);
            shapes.push(Shape::text(x, y, FONT, anchor, Ink::Mute, labels[axis]));
        }
    }
}
