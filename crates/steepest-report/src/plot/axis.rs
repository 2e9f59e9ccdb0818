//! What an axis shows: its label, linear or logarithmic, and the range it takes from the data.

use super::scale::{Scale, Tick};

/// What one axis shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    pub(super) label: String,
    pub(super) log: bool,
    whole: bool,
    range: Option<(f64, f64)>,
    including: Vec<f64>,
}

impl Axis {
    /// A linear axis over the range of the data.
    pub fn linear(label: impl Into<String>) -> Axis {
        Axis { label: label.into(), log: false, whole: false, range: None, including: Vec::new() }
    }

    /// A logarithmic axis; values that are not positive are left out.
    pub fn log(label: impl Into<String>) -> Axis {
        Axis { log: true, ..Axis::linear(label) }
    }

    /// A linear axis that counts: ticks at whole numbers only.
    pub fn whole(label: impl Into<String>) -> Axis {
        Axis { whole: true, ..Axis::linear(label) }
    }

    /// The logarithmic axis where the values are positive and their largest is over fifty times the smallest, else the linear one.
    pub fn fitting(label: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Axis {
        let (lo, hi) = extent(values.into_iter());
        if lo > 0.0 && hi / lo > 50.0 { Axis::log(label) } else { Axis::linear(label) }
    }

    /// The range shown, whatever the data.
    pub fn range(self, lo: f64, hi: f64) -> Axis {
        Axis { range: Some((lo, hi)), ..self }
    }

    /// A value that the range must include.
    pub fn including(mut self, value: f64) -> Axis {
        self.including.push(value);
        self
    }

    pub(super) fn scale(&self, values: impl Iterator<Item = f64>, margin: f64) -> Scale {
        let (lo, hi) = match self.range {
            Some(range) => range,
            None => extent(values.chain(self.including.iter().copied()).filter(|v| !self.log || *v > 0.0)),
        };
        if self.log {
            return match (self.range, Scale::log(lo, hi)) {
                (None, Scale::Log { lo, hi }) => {
                    let factor = (margin * (hi.ln() - lo.ln())).exp();
                    Scale::log((lo / factor).max(1e-307), (hi * factor).min(4e307))
                }
                (_, scale) => scale,
            };
        }
        match (self.range, Scale::linear(lo, hi)) {
            (None, Scale::Linear { lo, hi }) => {
                // A range that begins or ends at a value asked for keeps that end.
                let pad = margin * (hi / 2.0 - lo / 2.0) * 2.0;
                let fixed = |end: f64| self.including.contains(&end);
                let (low, high) = ((lo - pad).max(-8e307), (hi + pad).min(8e307));
                Scale::linear(if fixed(lo) { lo } else { low }, if fixed(hi) { hi } else { high })
            }
            (_, scale) => scale,
        }
    }

    pub(super) fn ticks(&self, scale: &Scale, want: usize) -> Vec<Tick> {
        if self.whole { scale.whole_ticks(want) } else { scale.ticks(want) }
    }
}

/// The smallest and the largest finite value; infinities where there is none.
fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.filter(|v| v.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)))
}
