//! Lying bars with names: weights with their signs and the range of their uncertainty.

use super::color::Ink;
use super::figure::{Anchor, Figure, Paint, Shape, polyline, rectangle};
use super::number::significant;
use super::scale::Scale;
use super::stroke_font::{fitted, width};

/// Height of one bar's row.
const ROW: f64 = 19.0;
const FONT: f64 = 12.0;
/// Some system fonts run wider than the one that names are measured with.
const WIDER: f64 = 1.1;

/// One weight.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightBar {
    /// What it belongs to.
    pub name: String,
    /// Its value: the length of the bar, to the right where it is positive.
    pub value: f64,
    /// Ends of its confidence interval, where there is one.
    pub interval: Option<(f64, f64)>,
}

/// Weights as lying bars from zero, positive ones blue and negative ones orange, the interval as a line over the bar's end.
/// `measure` says what the lengths are.
pub fn weight_bars(title: &str, measure: &str, bars: &[WeightBar]) -> Figure {
    let total = 380.0;
    let bars: Vec<&WeightBar> = bars.iter().filter(|b| b.value.is_finite()).collect();
    let names = bars.iter().map(|b| width(&b.name, FONT) * WIDER).fold(0.0, f64::max).min(total * 0.42);
    let ends = bars.iter().flat_map(|b| {
        let (lo, hi) = b.interval.filter(|i| i.0.is_finite() && i.1.is_finite()).unwrap_or((b.value, b.value));
        [b.value, lo, hi, 0.0]
    });
    let (lo, hi) = ends.fold((0.0f64, 0.0f64), |(lo, hi), v| (lo.min(v), hi.max(v)));
    let pad = (hi / 2.0 - lo / 2.0) * 0.06;
    let scale = Scale::linear(if lo < 0.0 { lo - pad } else { 0.0 }, if hi > 0.0 { hi + pad } else { 0.0 });
    let (left, right) = (names + 12.0, total - 14.0);
    let at = |v: f64| scale.position(v).map_or(left, |p| left + p * (right - left));
    let bottom = bars.len() as f64 * ROW + 4.0;

    let mut shapes = Vec::new();
    let ticks = scale.ticks(if right - left > 220.0 { 4 } else { 3 });
    let room = (right - left) / ticks.len().max(1) as f64;
    let every = if ticks.iter().any(|t| width(&t.label, FONT) + 10.0 > room) { 2 } else { 1 };
    let mut grid = String::new();
    for tick in ticks.iter().step_by(every) {
        grid += &polyline(&[(at(tick.value), 0.0), (at(tick.value), bottom)], false);
        shapes.push(Shape::text(at(tick.value), bottom + 15.0, FONT, Anchor::Middle, Ink::Mute, &tick.label));
    }
    shapes.push(Shape::path(grid, Paint::stroke(Ink::Grid, 1.0)));
    for (sign, ink) in [(1.0, Ink::Series(0)), (-1.0, Ink::Series(1))] {
        let of_sign = bars.iter().enumerate().filter(|(_, b)| b.value * sign > 0.0);
        let data: String = of_sign
            .map(|(i, b)| {
                let (a, z) = (at(0.0).min(at(b.value)), at(0.0).max(at(b.value)));
                rectangle(a, i as f64 * ROW + 4.0, (z - a).max(0.5), ROW - 7.0)
            })
            .collect();
        if !data.is_empty() {
            shapes.push(Shape::path(data, Paint::fill(ink)));
        }
    }
    let mut whiskers = String::new();
    for (i, bar) in bars.iter().enumerate() {
        let y = i as f64 * ROW + ROW / 2.0 + 0.5;
        shapes.push(Shape::Text {
            x: names + 4.0,
            y: y + 4.0,
            size: FONT,
            anchor: Anchor::End,
            ink: Ink::Text,
            bold: false,
            text: fitted(&bar.name, FONT, names / WIDER),
            hint: Some(format!("{}: {}", clipped(&bar.name), significant(bar.value, 4))),
        });
        if let Some((lo, hi)) = bar.interval.filter(|i| i.0.is_finite() && i.1.is_finite()) {
            let (a, b) = (at(lo), at(hi));
            whiskers += &polyline(&[(a, y), (b, y)], false);
            whiskers += &polyline(&[(a, y - 2.5), (a, y + 2.5)], false);
            whiskers += &polyline(&[(b, y - 2.5), (b, y + 2.5)], false);
        }
    }
    if !whiskers.is_empty() {
        shapes.push(Shape::path(whiskers, Paint::stroke(Ink::Text, 1.2)));
    }
    shapes.push(Shape::path(polyline(&[(at(0.0), 0.0), (at(0.0), bottom)], false), Paint::stroke(Ink::Mute, 1.0)));
    shapes.push(Shape::text(right, bottom + 31.0, FONT, Anchor::End, Ink::Mute, measure));
    let listed: Vec<String> =
        bars.iter().take(5).map(|b| format!("{} {}", clipped(&b.name), significant(b.value, 3))).collect();
    Figure {
        width: total,
        height: bottom + 36.0,
        title: title.to_string(),
        description: format!("{measure}, largest first: {}", listed.join(", ")),
        shapes,
        readout: None,
    }
}

fn clipped(name: &str) -> String {
    if name.chars().count() > 80 { name.chars().take(79).chain(['…']).collect() } else { name.to_string() }
}
