//! Metrics of predictions: what a score is made of. Rows carry weights; a weight of 2 is a row given twice.
//!
//! A metric that is not defined on the rows at hand (the AUC of one class, R² of a constant target) is left out, never NaN.

mod curves;
mod multiclass;
mod ranking;
mod regression;
mod two_class;

pub use curves::{CalibrationBin, calibration, precision_recall, roc};
pub use multiclass::{confusion, multiclass};
pub use ranking::{auc, average_precision};
pub use regression::{Deviance, regression};
pub use two_class::two_class;

use crate::metrics_log::Measures;

/// The weights of rows, 1 where none are given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weights<'a>(Option<&'a [f64]>);

impl<'a> Weights<'a> {
    pub(crate) fn new(weights: Option<&'a [f64]>) -> Weights<'a> {
        Weights(weights)
    }

    #[inline]
    pub(crate) fn get(self, i: usize) -> f64 {
        self.0.map_or(1.0, |w| w[i])
    }

    pub(crate) fn total(self, n: usize) -> f64 {
        self.0.map_or(n as f64, |w| w.iter().sum())
    }

    /// Σ wᵢf(i) / Σ wᵢ.
    pub(crate) fn mean(self, n: usize, f: impl Fn(usize) -> f64) -> f64 {
        (0..n).map(|i| self.get(i) * f(i)).sum::<f64>() / self.total(n)
    }
}

/// Adds a metric where it is defined.
pub(crate) fn add(list: &mut Measures, name: &str, value: f64) {
    if value.is_finite() {
        list.push((name.to_string(), value));
    }
}
