//! A figure: a list of shapes in pixels, made by the charts and written by the SVG and PNG writers.

use super::color::Ink;
use std::fmt::Write as _;

/// A finished figure. Write it with [`to_svg`](Figure::to_svg), [`to_page_svg`](Figure::to_page_svg) or `to_png`.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Width in pixels.
    pub width: f64,
    /// Height in pixels.
    pub height: f64,
    /// What it shows, in a few words.
    pub title: String,
    /// What can be seen in it, for those who cannot see it.
    pub description: String,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) readout: Option<Readout>,
}

/// What a page's script needs in order to tell the numbers under the pointer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Readout {
    /// `lin|log lo hi first-pixel last-pixel`.
    pub x: String,
    /// The same for the vertical axis, its first pixel being the lower end.
    pub y: String,
    /// Name of the horizontal axis.
    pub name: String,
}

/// Which end of a text its position names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a path is painted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Paint {
    pub fill: Option<Ink>,
    pub stroke: Option<Ink>,
    pub width: f64,
    pub dash: Dash,
    pub opacity: f64,
}

/// The pattern of a line, the second way to tell series apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dash {
    Solid,
    Long,
    Short,
    Dots,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Path {
        data: String,
        paint: Paint,
        name: Option<String>,
    },
    Text {
        x: f64,
        y: f64,
        size: f64,
        anchor: Anchor,
        ink: Ink,
        bold: bool,
        text: String,
        hint: Option<String>,
    },
    /// Shapes of which only the part inside the rectangle (x, y, width, height) is seen.
    Window {
        frame: [f64; 4],
        shapes: Vec<Shape>,
    },
}

impl Paint {
    pub fn fill(ink: Ink) -> Paint {
        Paint { fill: Some(ink), stroke: None, width: 0.0, dash: Dash::Solid, opacity: 1.0 }
    }

    pub fn stroke(ink: Ink, width: f64) -> Paint {
        Paint { fill: None, stroke: Some(ink), width, dash: Dash::Solid, opacity: 1.0 }
    }

    pub fn dashed(self, dash: Dash) -> Paint {
        Paint { dash, ..self }
    }

    pub fn opacity(self, opacity: f64) -> Paint {
        Paint { opacity, ..self }
    }
}

impl Dash {
    /// The pattern of the series of this number: solid for the first two, which the colours tell apart best.
    pub fn of_series(i: usize) -> Dash {
        [Dash::Solid, Dash::Solid, Dash::Long, Dash::Short, Dash::Dots][if i < 5 { i } else { i % 5 }]
    }

    pub fn pattern(self) -> Option<&'static str> {
        match self {
            Dash::Solid => None,
            Dash::Long => Some("7 3"),
            Dash::Short => Some("4 3"),
            Dash::Dots => Some("1.5 2.5"),
        }
    }
}

impl Shape {
    pub fn path(data: String, paint: Paint) -> Shape {
        Shape::Path { data, paint, name: None }
    }

    pub fn text(x: f64, y: f64, size: f64, anchor: Anchor, ink: Ink, text: impl Into<String>) -> Shape {
        Shape::Text { x, y, size, anchor, ink, bold: false, text: text.into(), hint: None }
    }
}

/// A coordinate: two decimals at most, no trailing zeros, never anything that is no number.
pub(crate) fn coordinate(v: f64) -> String {
    let v = if v.is_finite() { v.clamp(-1e5, 1e5) } else { 0.0 };
    let text = format!("{v:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// The outline of a sequence of points.
pub(crate) fn polyline(points: &[(f64, f64)], closed: bool) -> String {
    let mut data = String::new();
    for (i, (x, y)) in points.iter().enumerate() {
        let _ = write!(data, "{}{} {}", if i == 0 { "M" } else { "L" }, coordinate(*x), coordinate(*y));
    }
    if closed {
        data.push('Z');
    }
    data
}

/// The outline of a rectangle.
pub(crate) fn rectangle(x: f64, y: f64, width: f64, height: f64) -> String {
    format!("M{} {}h{}v{}h{}Z", coordinate(x), coordinate(y), coordinate(width), coordinate(height), coordinate(-width))
}

/// Dots at the points: lines of no length, which round ends make visible.
pub(crate) fn dots(points: &[(f64, f64)]) -> String {
    let mut data = String::new();
    for (x, y) in points {
        let _ = write!(data, "M{} {}h.01", coordinate(*x), coordinate(*y));
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short_and_always_numbers() {
        assert_eq!(coordinate(1.0), "1");
        assert_eq!(coordinate(-0.001), "0");
        assert_eq!(coordinate(12.345), "12.35");
        assert_eq!(coordinate(f64::NAN), "0");
        assert_eq!(coordinate(f64::INFINITY), "0");
        assert_eq!(coordinate(1e300), "100000");
    }
}
