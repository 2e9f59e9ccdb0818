//! Metrics of more than two classes.

use super::{
    CalibrationBin, Confusion, Measured, MetricSet, NO_ROWS, Ranking, SMALLEST_PROBABILITY,
    binary::{calibrate, expected_calibration_error},
    mean, weight,
};

/// Predicted probabilities of several classes beside the truth.
#[derive(Debug, Clone, Copy)]
pub struct Multiclass<'a> {
    /// The number of classes.
    pub classes: usize,
    /// The true class of each row, from 0.
    pub target: &'a [u32],
    /// The probability of each class, row-major rows × classes.
    pub probability: &'a [f64],
    /// The weight of each row.
    pub weights: Option<&'a [f64]>,
}

impl Multiclass<'_> {
    fn rows(&self) -> impl Iterator<Item = (u32, &[f64])> {
        self.target.iter().copied().zip(self.probability.chunks(self.classes.max(1)))
    }

    /// The most probable class of each row; of equal ones the first.
    pub fn predicted(&self) -> impl Iterator<Item = u32> {
        self.rows().map(|(_, p)| most_probable(p))
    }

    /// Σ of weights by true and predicted class.
    pub fn confusion(&self) -> Confusion {
        Confusion::new(self.classes, self.target, self.predicted(), self.weights)
    }

    /// The rows by probability of class `k`, against all others.
    pub fn ranking(&self, k: usize) -> Ranking {
        Ranking::new(self.rows().enumerate().map(|(i, (t, p))| (t as usize == k, p[k], weight(self.weights, i))))
    }

    /// The calibration table of the probability of the predicted class.
    pub fn calibration(&self) -> Vec<CalibrationBin> {
        let rows = self.rows().enumerate();
        calibrate(rows.map(|(i, (t, p))| {
            let k = most_probable(p);
            (p[k as usize], k == t, weight(self.weights, i))
        }))
    }

    /// Mean −log of the probability of the true class.
    pub fn log_loss(&self) -> Measured {
        let of = |(t, p): (u32, &[f64])| {
            let p = p[t as usize] / p.iter().sum::<f64>();
            -p.clamp(SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY).ln()
        };
        mean(self.weights, self.rows().map(of))
    }

    /// The mean over the classes of the area under the ROC curve of each against the rest; classes that do not occur are left
    /// out.
    pub fn auc(&self) -> Measured {
        if self.target.is_empty() {
            return Err(NO_ROWS);
        }
        let areas: Vec<f64> = (0..self.classes).filter_map(|k| self.ranking(k).auc().ok()).collect();
        if areas.is_empty() {
            return Err("only one class occurs on these rows");
        }
        Ok(areas.iter().sum::<f64>() / areas.len() as f64)
    }

    /// The share of rows whose true class is among the `k` most probable; of equal probabilities the first classes count.
    pub fn top(&self, k: usize) -> Measured {
        let hit = |(t, p): (u32, &[f64])| {
            let own = p[t as usize];
            let before = p.iter().enumerate().filter(|&(j, &q)| q > own || q == own && j < t as usize).count();
            if before < k { 1.0 } else { 0.0 }
        };
        mean(self.weights, self.rows().map(hit))
    }

    /// All metrics.
    pub fn metrics(&self) -> MetricSet {
        let mut set = MetricSet::default();
        let confusion = self.confusion();
        set.put("log_loss", self.log_loss());
        set.put("accuracy", confusion.accuracy());
        set.put("balanced_accuracy", confusion.balanced_accuracy());
        set.put("auc", self.auc());
        set.put("macro_f1", confusion.macro_f1());
        for k in [3, 5] {
            if self.classes > k {
                set.put(&format!("top_{k}_accuracy"), self.top(k));
            }
        }
        set.put("ece", expected_calibration_error(&self.calibration()));
        set
    }
}

fn most_probable(p: &[f64]) -> u32 {
    let mut best = 0;
    for (k, &q) in p.iter().enumerate() {
        if q > p[best] {
            best = k;
        }
    }
    best as u32
}
