//! Pictures of schedules: points for a chart, a plot in text, and one line for a list.

use steepest_optim::Schedule;

use crate::say::{count, number};

/// A schedule over a run.
pub struct Rates {
    /// With its peak and horizon.
    pub schedule: Schedule,
    /// Steps of the run.
    pub steps: u64,
    /// Whether the rates are factors of a rate that nobody named.
    pub factors: bool,
}

/// More points than this a picture does not show.
const MOST_POINTS: u64 = 4096;

impl Rates {
    /// The rate after k completed updates.
    pub fn at(&self, k: u64) -> f64 {
        self.schedule.at(k)
    }

    /// What the rates are.
    pub fn label(&self) -> &'static str {
        if self.factors { "factor" } else { "lr" }
    }

    /// Steps and rates from the first step to the end: all, or as many as a picture shows.
    pub fn points(&self) -> Vec<(f64, f64)> {
        let every = self.steps.div_ceil(MOST_POINTS).max(1);
        let last = (!self.steps.is_multiple_of(every)).then_some(self.steps);
        let steps = (0..=self.steps).step_by(every as usize).chain(last);
        steps.map(|k| (k as f64, self.at(k))).collect()
    }
}

/// Characters across and down.
const WIDTH: usize = 64;
const HEIGHT: usize = 8;
/// Characters of the line in a list.
const SPARKS: usize = 32;

/// The rates over the steps as a plot of braille dots, two by four a character, from 0 to the largest.
pub fn text_plot(rates: &Rates) -> String {
    let (width, height) = (2 * WIDTH, 4 * HEIGHT);
    let points = rates.points();
    let top = points.iter().map(|p| p.1).fold(0.0, f64::max);
    let mut canvas = vec![[0u8; WIDTH]; HEIGHT];
    // The dots of a character, column by column from the top: U+2800 plus these bits.
    const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
    let mut dot = |x: usize, y: usize| canvas[y / 4][x / 2] |= DOTS[x % 2][y % 4];
    let row = |lr: f64| {
        let up = if top > 0.0 { lr / top } else { 0.0 };
        ((1.0 - up.clamp(0.0, 1.0)) * (height - 1) as f64).round() as usize
    };
    let mut before: Option<(usize, usize)> = None;
    for (k, lr) in points {
        let x = (k / rates.steps.max(1) as f64 * (width - 1) as f64).round() as usize;
        let y = row(lr);
        // From where the line was: jumps are drawn as upright lines, steep parts without holes.
        let (from_x, from_y) = before.unwrap_or((x, y));
        for step in from_x..=x {
            let part = if x > from_x { (step - from_x) as f64 / (x - from_x) as f64 } else { 1.0 };
            let at = (from_y as f64 + (y as f64 - from_y as f64) * part).round() as usize;
            let (low, high) = if step == x { (at.min(y).min(from_y.max(at)), at.max(y)) } else { (at, at) };
            (low..=high).for_each(|y| dot(step, y));
        }
        if from_x == x || x == from_x + 1 {
            (from_y.min(y)..=from_y.max(y)).for_each(|between| dot(x, between));
        }
        before = Some((x, y));
    }
    let labels = [number(top), "0".to_string()];
    let margin = labels.iter().map(|l| l.chars().count()).max().unwrap_or(1);
    let mut out = String::new();
    for (i, cells) in canvas.iter().enumerate() {
        let (label, tick) = match i {
            0 => (labels[0].as_str(), '┤'),
            _ if i == HEIGHT - 1 => (labels[1].as_str(), '┤'),
            _ => ("", '│'),
        };
        let line: String = cells.iter().map(|&bits| char::from_u32(0x2800 + u32::from(bits)).unwrap_or(' ')).collect();
        out += &format!("{label:>margin$} {tick}{}\n", line.trim_end_matches('\u{2800}'));
    }
    let end = count(rates.steps);
    out += &format!("{:>margin$} └{}\n", "", "─".repeat(WIDTH));
    out += &format!("{:>margin$}  0{end:>w$}\n", "", w = WIDTH - 1);
    out
}

/// The rates as a line of blocks of eight heights.
pub fn sparkline(rates: &Rates) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let middle = |i: usize| ((i as f64 + 0.5) / SPARKS as f64 * rates.steps as f64) as u64;
    let values: Vec<f64> = (0..SPARKS).map(|i| rates.at(middle(i))).collect();
    let top = values.iter().copied().fold(0.0, f64::max);
    let block = |v: &f64| BLOCKS[if top > 0.0 { (v / top * 7.0).round() as usize } else { 0 }.min(7)];
    values.iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(text: &str, steps: u64) -> Rates {
        let schedule = Schedule::parse(text).unwrap().or_peak(1.0).with_horizon(Some(steps)).unwrap();
        Rates { schedule, steps, factors: true }
    }

    #[test]
    fn a_falling_line_goes_from_corner_to_corner() {
        let text = text_plot(&rates("linear", 1000));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("1 ┤⠑") || lines[0].starts_with("1 ┤⠉"), "{text}");
        let inner: Vec<Vec<char>> = lines[..HEIGHT].iter().map(|l| l.chars().skip(3).collect()).collect();
        // Row by row the line is where it should be: an eighth of the width further right each.
        for (i, row) in inner.iter().enumerate() {
            let first = row.iter().position(|&c| c != '\u{2800}').unwrap();
            assert!(first.abs_diff(i * WIDTH / HEIGHT) <= 1, "row {i}: {first}\n{text}");
            assert!(row.len().abs_diff((i + 1) * WIDTH / HEIGHT) <= 1, "row {i}: {}\n{text}", row.len());
        }
        assert!(lines[HEIGHT + 1].ends_with("1,000"));
    }

    #[test]
    fn all_lengths_and_values_have_a_picture() {
        for (text, steps) in [("0", 1), ("0.1", 1), ("cosine", 2), ("step:size=3", 7), ("linear", 10_000_000_000)] {
            let r = rates(text, steps);
            assert_eq!(text_plot(&r).lines().count(), HEIGHT + 2, "{text}");
            assert_eq!(sparkline(&r).chars().count(), SPARKS);
            assert!(r.points().len() as u64 <= MOST_POINTS + 2);
            assert_eq!(r.points().last().unwrap().0, steps as f64);
        }
    }

    #[test]
    fn a_constant_is_a_full_line() {
        assert_eq!(sparkline(&rates("0.1", 100)), "█".repeat(SPARKS));
        let first = text_plot(&rates("0.1", 100)).lines().next().unwrap().to_string();
        assert_eq!(first, format!("0.1 ┤{}", "⠉".repeat(WIDTH)));
    }
}
