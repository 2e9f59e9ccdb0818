//! The layers of a chart: what each holds, and how it is drawn into the frame.

use super::layout::Frame;
use crate::plot::color::Ink;
use crate::plot::figure::{Dash, Paint, Shape, dots, polyline, rectangle};
use crate::plot::thin::by_column;

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layer {
    /// As the legend calls it.
    pub(super) name: Option<String>,
    pub(super) marks: Marks,
    pub(super) ink: Ink,
    pub(super) dash: Dash,
}

/// What a layer holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Marks {
    Line(Vec<(f64, f64)>),
    /// A line that stands back behind its trend.
    Faint(Vec<(f64, f64)>),
    /// x, lower, upper.
    Band(Vec<[f64; 3]>),
    Dots {
        points: Vec<(f64, f64)>,
        radius: f64,
        opacity: f64,
    },
    Bars {
        edges: Vec<f64>,
        heights: Vec<f64>,
    },
    /// x, lower, upper.
    Whiskers(Vec<[f64; 3]>),
    /// Closed loops, filled by the even-odd rule.
    Region {
        loops: Vec<Vec<(f64, f64)>>,
        opacity: f64,
    },
    /// Many lines of one height.
    Isolines {
        lines: Vec<Vec<(f64, f64)>>,
        width: f64,
        opacity: f64,
    },
    /// A way through the plane with its steps, its start and its end marked.
    Way(Vec<(f64, f64)>),
    Upright(f64),
}

impl Layer {
    /// All points that the axes must hold.
    pub(super) fn points(&self) -> Box<dyn Iterator<Item = (f64, f64)> + '_> {
        match &self.marks {
            Marks::Line(points) | Marks::Faint(points) | Marks::Dots { points, .. } | Marks::Way(points) => {
                Box::new(points.iter().copied())
            }
            Marks::Band(points) | Marks::Whiskers(points) => {
                Box::new(points.iter().flat_map(|[x, lo, hi]| [(*x, *lo), (*x, *hi)]))
            }
            Marks::Bars { edges, heights } => {
                let tops = edges.windows(2).zip(heights).flat_map(|(e, h)| [(e[0], *h), (e[1], 0.0)]);
                Box::new(tops)
            }
            Marks::Region { loops, .. } => Box::new(loops.iter().flatten().copied()),
            Marks::Isolines { lines, .. } => Box::new(lines.iter().flatten().copied()),
            Marks::Upright(_) => Box::new(std::iter::empty()),
        }
    }

    pub(super) fn draw(&self, frame: &Frame, shapes: &mut Vec<Shape>) {
        match &self.marks {
            Marks::Line(points) => self.draw_line(points, frame, 1.8, 1.0, shapes),
            Marks::Faint(points) => self.draw_line(points, frame, 1.0, 0.35, shapes),
            Marks::Band(points) => self.draw_band(points, frame, shapes),
            Marks::Dots { points, radius, opacity } => {
                let places: Vec<(f64, f64)> = points.iter().filter_map(|p| frame.at(*p)).collect();
                if !places.is_empty() {
                    shapes.push(Shape::path(dots(&places), Paint::stroke(self.ink, 2.0 * radius).opacity(*opacity)));
                }
            }
            Marks::Bars { edges, heights } => self.draw_bars(edges, heights, frame, shapes),
            Marks::Whiskers(points) => {
                let mut data = String::new();
                for [x, lo, hi] in points {
                    if let (Some(x), Some(lo), Some(hi)) = (frame.at_x(*x), frame.at_y(*lo), frame.at_y(*hi)) {
                        data += &polyline(&[(x, lo), (x, hi)], false);
                    }
                }
                if !data.is_empty() {
                    shapes.push(Shape::path(data, Paint::stroke(self.ink, 1.3)));
                }
            }
            Marks::Region { loops, opacity } => {
                let data: String = loops.iter().map(|l| polyline(&self.placed(l, frame), true)).collect();
                if !data.is_empty() {
                    shapes.push(Shape::path(data, Paint::fill(self.ink).opacity(*opacity)));
                }
            }
            Marks::Isolines { lines, width, opacity } => {
                let data: String = lines.iter().map(|l| polyline(&self.placed(l, frame), false)).collect();
                if !data.is_empty() {
                    shapes.push(Shape::path(data, Paint::stroke(self.ink, *width).opacity(*opacity)));
                }
            }
            Marks::Way(points) => self.draw_way(points, frame, shapes),
            Marks::Upright(x) => {
                if let Some(x) = frame.at_x(*x).filter(|x| *x >= frame.left && *x <= frame.right) {
                    let line = polyline(&[(x, frame.top), (x, frame.bottom)], false);
                    shapes.push(Shape::path(line, Paint::stroke(self.ink, 1.0).dashed(self.dash)));
                }
            }
        }
    }

    fn placed(&self, points: &[(f64, f64)], frame: &Frame) -> Vec<(f64, f64)> {
        points.iter().filter_map(|p| frame.at(*p)).collect()
    }

    fn draw_line(&self, points: &[(f64, f64)], frame: &Frame, width: f64, opacity: f64, shapes: &mut Vec<Shape>) {
        let mut data = String::new();
        for run in runs(points, frame) {
            data += &if run.len() == 1 { dots(&run) } else { polyline(&by_column(&run), false) };
        }
        if !data.is_empty() {
            // A line of one point is a dot, which must be wide enough to be seen.
            let wide = if points.len() == 1 { 6.0 } else { width };
            let paint = Paint::stroke(self.ink, wide).dashed(self.dash).opacity(opacity);
            shapes.push(Shape::Path { data, paint, name: self.name.clone() });
        }
    }

    fn draw_band(&self, points: &[[f64; 3]], frame: &Frame, shapes: &mut Vec<Shape>) {
        let mut data = String::new();
        let placed: Vec<Option<(f64, f64, f64)>> =
            points.iter().map(|[x, lo, hi]| Some((frame.at_x(*x)?, frame.at_y(*lo)?, frame.at_y(*hi)?))).collect();
        for run in placed.split(Option::is_none) {
            let lower: Vec<(f64, f64)> = run.iter().flatten().map(|p| (p.0, p.1)).collect();
            let upper: Vec<(f64, f64)> = run.iter().flatten().map(|p| (p.0, p.2)).collect();
            if lower.len() > 1 {
                let outline: Vec<(f64, f64)> =
                    by_column(&lower).into_iter().chain(by_column(&upper).into_iter().rev()).collect();
                data += &polyline(&outline, true);
            }
        }
        if !data.is_empty() {
            shapes.push(Shape::path(data, Paint::fill(self.ink).opacity(0.22)));
        }
    }

    fn draw_bars(&self, edges: &[f64], heights: &[f64], frame: &Frame, shapes: &mut Vec<Shape>) {
        let mut data = String::new();
        for (edge, height) in edges.windows(2).zip(heights) {
            let ends = (frame.at_x(edge[0]), frame.at_x(edge[1]), frame.at_y(*height));
            let (Some(a), Some(b), Some(y)) = ends else { continue };
            let ground = frame.at_y(0.0).unwrap_or(frame.bottom);
            let gap = if (b - a).abs() > 4.0 { 0.5 } else { 0.0 };
            let (low, high) = (y.min(ground), y.max(ground));
            if high > low {
                data += &rectangle(a.min(b) + gap, low, (b - a).abs() - 2.0 * gap, high - low);
            }
        }
        if !data.is_empty() {
            shapes.push(Shape::path(data, Paint::fill(self.ink)));
        }
    }

    fn draw_way(&self, points: &[(f64, f64)], frame: &Frame, shapes: &mut Vec<Shape>) {
        let runs = runs(points, frame);
        let line: String = runs.iter().map(|run| polyline(run, false)).collect();
        if line.is_empty() {
            return;
        }
        shapes.push(Shape::path(line.clone(), Paint::stroke(Ink::Paper, 4.0).opacity(0.7)));
        shapes.push(Shape::path(line, Paint::stroke(self.ink, 1.8)));
        let all: Vec<(f64, f64)> = runs.concat();
        if all.len() <= 400 {
            shapes.push(Shape::path(dots(&all), Paint::stroke(self.ink, 4.0)));
        }
        let (start, end) = (all[0], all[all.len() - 1]);
        shapes.push(Shape::path(dots(&[start]), Paint::stroke(self.ink, 9.0)));
        shapes.push(Shape::path(dots(&[start]), Paint::stroke(Ink::Paper, 4.5)));
        let cross = [[(-4.0, -4.0), (4.0, 4.0)], [(-4.0, 4.0), (4.0, -4.0)]];
        let cross: String = cross.iter().map(|d| polyline(&d.map(|(x, y)| (end.0 + x, end.1 + y)), false)).collect();
        shapes.push(Shape::path(cross.clone(), Paint::stroke(Ink::Paper, 4.5)));
        shapes.push(Shape::path(cross, Paint::stroke(self.ink, 2.4)));
    }
}

/// The unbroken pieces of a line, in pixels.
fn runs(points: &[(f64, f64)], frame: &Frame) -> Vec<Vec<(f64, f64)>> {
    let placed: Vec<Option<(f64, f64)>> = points.iter().map(|p| frame.at(*p)).collect();
    let pieces = placed.split(Option::is_none).filter(|run| !run.is_empty());
    pieces.map(|run| run.iter().flatten().copied().collect()).collect()
}
