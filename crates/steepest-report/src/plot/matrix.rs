//! Tables as colours: confusion matrices and heat maps.

use super::color::Ink;
use super::figure::{Anchor, Figure, Paint, Shape, polyline, rectangle};
use super::number::{count, significant};
use super::stroke_font::{fitted, width};

const FONT: f64 = 12.0;

/// How often rows of each class (down) were predicted as each class (across). A cell is the darker the larger its share of its row,
/// so that rare classes show as well as frequent ones. `counts[i][j]` is of rows of class i predicted as class j.
pub fn confusion_matrix(labels: &[String], counts: &[Vec<f64>]) -> Figure {
    let k = labels.len().max(1);
    let shares: Vec<Vec<f64>> = counts
        .iter()
        .map(|row| {
            let sum: f64 = row.iter().filter(|v| v.is_finite()).sum();
            row.iter().map(|v| if sum > 0.0 && v.is_finite() { v / sum } else { 0.0 }).collect()
        })
        .collect();
    let total = 380.0;
    let longest = labels.iter().map(|l| width(l, FONT)).fold(0.0, f64::max);
    let side = longest.min(96.0).max(width("actual", FONT));
    let left = side + 10.0;
    let cell = ((total - left - 6.0) / k as f64).min(92.0);
    let high = if k <= 4 { cell.min(56.0) } else { cell };
    let top = 40.0;
    let mut shapes = vec![
        Shape::text(left, 12.0, FONT, Anchor::Start, Ink::Mute, "predicted"),
        Shape::text(side + 4.0, top - 6.0, FONT, Anchor::End, Ink::Mute, "actual"),
    ];
    let words = cell >= 13.0;
    for (i, label) in labels.iter().enumerate() {
        let middle = (left + (i as f64 + 0.5) * cell, top + (i as f64 + 0.5) * high + 4.0);
        if words {
            let across = fitted(label, FONT, cell - 2.0);
            shapes.push(hinted(middle.0, top - 6.0, Anchor::Middle, across, label));
            shapes.push(hinted(side + 4.0, middle.1, Anchor::End, fitted(label, FONT, side), label));
        }
    }
    let printed = |v: f64| if v.fract() == 0.0 { count(v.max(0.0) as u64) } else { significant(v, 3) };
    let widest = counts.iter().flatten().map(|v| width(&printed(*v), FONT)).fold(0.0, f64::max);
    let numbers = widest + 4.0 <= cell && high >= 16.0;
    for (i, (row, shares)) in counts.iter().zip(&shares).enumerate().take(k) {
        for (j, (v, share)) in row.iter().zip(shares).enumerate().take(k) {
            let (x, y) = (left + j as f64 * cell, top + i as f64 * high);
            if *share > 0.0 {
                // Errors in the colour of warnings, so that the diagonal is not mistaken for them.
                let ink = if i == j { Ink::Series(0) } else { Ink::Series(1) };
                let paint = Paint::fill(ink).opacity((0.12 + 0.88 * share).min(1.0));
                shapes.push(Shape::path(rectangle(x, y, cell, high), paint));
            }
            if numbers {
                let ink = if *share > 0.55 { Ink::Paper } else { Ink::Text };
                shapes.push(Shape::text(x + cell / 2.0, y + high / 2.0 + 4.0, FONT, Anchor::Middle, ink, printed(*v)));
            }
        }
    }
    let (right, bottom) = (left + k as f64 * cell, top + k as f64 * high);
    let mut lines = rectangle(left, top, right - left, bottom - top);
    if k <= 40 {
        for i in 1..k {
            let (x, y) = (left + i as f64 * cell, top + i as f64 * high);
            lines += &polyline(&[(x, top), (x, bottom)], false);
            lines += &polyline(&[(left, y), (right, y)], false);
        }
    }
    shapes.push(Shape::path(lines, Paint::stroke(Ink::Grid, 1.0)));
    let all: f64 = counts.iter().flatten().sum();
    let right_ones: f64 = (0..counts.len()).filter_map(|i| counts[i].get(i)).sum();
    Figure {
        width: total,
        height: bottom + 6.0,
        title: "Confusion matrix".into(),
        description: format!("{} of {} rows are predicted as the class they are.", printed(right_ones), printed(all)),
        shapes,
        readout: None,
    }
}

fn hinted(x: f64, y: f64, anchor: Anchor, text: String, whole: &str) -> Shape {
    let hint = (text != whole).then(|| whole.chars().take(200).collect());
    Shape::Text { x, y, size: FONT, anchor, ink: Ink::Text, bold: false, text, hint }
}

/// A table of numbers on the colour ramp, row by row from the top, with the range beneath; cells that are not finite stay empty.
pub fn heat_map(title: &str, rows: &[String], columns: &[String], values: &[Vec<f64>]) -> Figure {
    let total = 380.0;
    let (n, m) = (values.len().max(1), values.iter().map(Vec::len).max().unwrap_or(0).max(1));
    let side = rows.iter().map(|l| width(l, FONT)).fold(0.0, f64::max).min(110.0);
    let left = if rows.is_empty() { 0.0 } else { side + 8.0 };
    let (cell, high) =
        ((total - left - 2.0) / m as f64, ((total - left) / m as f64).min(30.0).max(320.0 / n as f64 / 4.0));
    let top = if columns.is_empty() { 2.0 } else { 18.0 };
    let finite = || values.iter().flatten().copied().filter(|v| v.is_finite());
    let (lo, hi) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
    let place = |v: f64| if hi > lo { (v / 2.0 - lo / 2.0) / (hi / 2.0 - lo / 2.0) } else { 0.5 };
    let mut shapes = Vec::new();
    for (i, row) in values.iter().enumerate() {
        if let Some(label) = rows.get(i).filter(|_| high >= 12.0) {
            let y = top + (i as f64 + 0.5) * high + 4.0;
            shapes.push(hinted(side + 2.0, y, Anchor::End, fitted(label, FONT, side), label));
        }
        for (j, v) in row.iter().enumerate().filter(|(_, v)| v.is_finite()) {
            let data = rectangle(left + j as f64 * cell, top + i as f64 * high, cell, high);
            shapes.push(Shape::path(data, Paint::fill(Ink::ramp(place(*v)))));
        }
    }
    for (j, label) in columns.iter().enumerate().take(m).filter(|_| cell >= 14.0) {
        let text = fitted(label, FONT, cell - 2.0);
        shapes.push(hinted(left + (j as f64 + 0.5) * cell, 13.0, Anchor::Middle, text, label));
    }
    let bottom = top + n as f64 * high + 8.0;
    if lo.is_finite() {
        color_bar(
            &mut shapes,
            left,
            bottom,
            (total - left - 2.0).min(200.0),
            &significant(lo, 3),
            &significant(hi, 3),
            32,
        );
    }
    Figure {
        width: total,
        height: bottom + 30.0,
        title: title.to_string(),
        description: format!("{n} rows and {m} columns, from {} to {}", significant(lo, 3), significant(hi, 3)),
        shapes,
        readout: None,
    }
}

/// The ramp in `steps`, with what its ends mean.
pub(crate) fn color_bar(shapes: &mut Vec<Shape>, x: f64, y: f64, length: f64, low: &str, high: &str, steps: usize) {
    let step = length / steps.max(1) as f64;
    for i in 0..steps {
        let height = if steps > 1 { i as f64 / (steps - 1) as f64 } else { 0.5 };
        let data = rectangle(x + i as f64 * step, y, step + 0.3, 8.0);
        shapes.push(Shape::path(data, Paint::fill(Ink::ramp(height))));
    }
    shapes.push(Shape::text(x, y + 21.0, FONT, Anchor::Start, Ink::Mute, low));
    shapes.push(Shape::text(x + length, y + 21.0, FONT, Anchor::End, Ink::Mute, high));
}
