//! Metrics of two classes.

use super::{Confusion, Measured, MetricSet, Ranking, SMALLEST_PROBABILITY, mean, weight};

/// Predictions of two classes beside the truth.
#[derive(Debug, Clone, Copy)]
pub struct Binary<'a> {
    /// The true class of each row, 0 or 1; 1 is the positive one.
    pub target: &'a [u32],
    /// A number that is larger the more a row looks positive: a linear predictor or a probability.
    pub score: &'a [f64],
    /// A row is predicted positive when its score is above this.
    pub threshold: f64,
    /// The probability of class 1, where the loss gives one (a hinge does not).
    pub probability: Option<&'a [f64]>,
    /// The weight of each row.
    pub weights: Option<&'a [f64]>,
}

/// Rows with similar predicted probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationBin {
    /// Mean predicted probability.
    pub predicted: f64,
    /// Share of positive rows.
    pub observed: f64,
    /// Σ of weights.
    pub rows: f64,
}

const NO_PROBABILITIES: &str = "this loss gives scores, not probabilities";

/// The bins of the calibration table, of equal width.
const BINS: usize = 10;

/// Probabilities and hits in bins of equal width; empty bins are left out.
pub(super) fn calibrate(rows: impl Iterator<Item = (f64, bool, f64)>) -> Vec<CalibrationBin> {
    let mut bins = [(0.0, 0.0, 0.0); BINS];
    for (p, positive, w) in rows {
        let bin = &mut bins[((p * BINS as f64) as usize).min(BINS - 1)];
        bin.0 += w * p;
        bin.1 += if positive { w } else { 0.0 };
        bin.2 += w;
    }
    let full = bins.into_iter().filter(|b| b.2 > 0.0);
    full.map(|(p, o, rows)| CalibrationBin { predicted: p / rows, observed: o / rows, rows }).collect()
}

/// Σ share of rows · |observed − predicted| over the bins: the expected calibration error.
pub(super) fn expected_calibration_error(bins: &[CalibrationBin]) -> Measured {
    let total: f64 = bins.iter().map(|b| b.rows).sum();
    let sum: f64 = bins.iter().map(|b| b.rows * (b.observed - b.predicted).abs()).sum();
    if total > 0.0 { Ok(sum / total) } else { Err(super::NO_ROWS) }
}

impl Binary<'_> {
    /// Σ of weights by true and predicted class.
    pub fn confusion(&self) -> Confusion {
        let predicted = self.score.iter().map(|&s| u32::from(s > self.threshold));
        Confusion::new(2, self.target, predicted, self.weights)
    }

    /// The rows by score.
    pub fn ranking(&self) -> Ranking {
        let rows = self.target.iter().zip(self.score).enumerate();
        Ranking::new(rows.map(|(i, (&t, &s))| (t == 1, s, weight(self.weights, i))))
    }

    /// The calibration table; empty without probabilities.
    pub fn calibration(&self) -> Vec<CalibrationBin> {
        let rows = self.target.iter().zip(self.probability.unwrap_or_default()).enumerate();
        calibrate(rows.map(|(i, (&t, &p))| (p, t == 1, weight(self.weights, i))))
    }

    fn mean_of(&self, f: impl Fn(u32, f64) -> f64) -> Measured {
        let probability = self.probability.ok_or(NO_PROBABILITIES)?;
        mean(self.weights, self.target.iter().zip(probability).map(|(&t, &p)| f(t, p)))
    }

    /// Mean −log of the probability of the true class.
    pub fn log_loss(&self) -> Measured {
        self.mean_of(|t, p| {
            let p = p.clamp(SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY);
            if t == 1 { -p.ln() } else { -(-p).ln_1p() }
        })
    }

    /// Mean squared error of the probability.
    pub fn brier(&self) -> Measured {
        self.mean_of(|t, p| (p - f64::from(t)) * (p - f64::from(t)))
    }

    /// All metrics.
    pub fn metrics(&self) -> MetricSet {
        let mut set = MetricSet::default();
        let (confusion, ranking) = (self.confusion(), self.ranking());
        set.put("log_loss", self.log_loss());
        set.put("accuracy", confusion.accuracy());
        set.put("balanced_accuracy", confusion.balanced_accuracy());
        set.put("auc", ranking.auc());
        set.put("average_precision", ranking.average_precision());
        set.put("f1", confusion.f1(1));
        set.put("brier", self.brier());
        let ece = self.probability.ok_or(NO_PROBABILITIES);
        set.put("ece", ece.and_then(|_| expected_calibration_error(&self.calibration())));
        set
    }
}
