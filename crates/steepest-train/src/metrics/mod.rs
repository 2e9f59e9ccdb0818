//! Metrics: how good predictions are, weighted rows included, with a reason wherever a metric has no value.
//!
//! Names in files, in the order in which they are listed:
//!
//! | task | metrics |
//! |---|---|
//! | regression | `rmse`, `mae`, `r2`, and by loss `deviance` (squared: the mean squared error; Poisson), `huber`, `pinball` and `coverage` |
//! | binary | `log_loss`, `accuracy`, `balanced_accuracy`, `auc`, `average_precision`, `f1`, `brier`, `ece` |
//! | multiclass | `log_loss`, `accuracy`, `balanced_accuracy`, `auc`, `macro_f1`, `top_3_accuracy`, `top_5_accuracy`, `ece` |

mod binary;
mod confusion;
mod multiclass;
mod ranking;
mod regression;

pub use binary::{Binary, CalibrationBin};
pub use confusion::Confusion;
pub use multiclass::Multiclass;
pub use ranking::Ranking;
pub use regression::{Regression, RegressionLoss};

use crate::metrics_log::Measures;

/// A value, or the clause that completes “there is no such value because …”.
pub type Measured = Result<f64, &'static str>;

/// The metrics of a split.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetricSet {
    /// Those with a value, all finite.
    pub values: Measures,
    /// Those without, and why.
    pub absent: Vec<(String, String)>,
}

impl MetricSet {
    fn put(&mut self, name: &str, measured: Measured) {
        match measured {
            Ok(v) if v.is_finite() => self.values.push((name.into(), v)),
            Ok(_) => self.absent.push((name.into(), "it is too large for a number".into())),
            Err(why) => self.absent.push((name.into(), why.into())),
        }
    }

    /// The value of a metric.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.iter().find(|m| m.0 == name).map(|m| m.1)
    }
}

/// Whether larger values of the metric are better.
pub fn higher_is_better(name: &str) -> bool {
    let base = ["accuracy", "balanced_accuracy", "auc", "average_precision", "f1", "macro_f1", "r2"];
    base.contains(&name) || name.starts_with("top_")
}

const NO_ROWS: &str = "there are no rows with a positive weight";

/// Σ wᵢvᵢ / Σ wᵢ in row order.
fn mean(weights: Option<&[f64]>, values: impl Iterator<Item = f64>) -> Measured {
    let (mut sum, mut total) = (0.0, 0.0);
    match weights {
        Some(w) => values.zip(w).filter(|&(_, &w)| w > 0.0).for_each(|(v, &w)| {
            sum += w * v;
            total += w;
        }),
        None => values.for_each(|v| {
            sum += v;
            total += 1.0;
        }),
    }
    if total > 0.0 { Ok(sum / total) } else { Err(NO_ROWS) }
}

/// The weight of row `i`.
fn weight(weights: Option<&[f64]>, i: usize) -> f64 {
    weights.map_or(1.0, |w| w[i])
}

/// The smallest probability in a logarithm, as in scikit-learn: a certain and wrong prediction costs 36, not ∞.
const SMALLEST_PROBABILITY: f64 = f64::EPSILON;
