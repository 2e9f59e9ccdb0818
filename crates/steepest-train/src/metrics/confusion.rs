//! The confusion matrix and what follows from it.

use super::{Measured, NO_ROWS, weight};

/// Σ of weights by true and predicted class.
#[derive(Debug, Clone, PartialEq)]
pub struct Confusion {
    classes: usize,
    /// Row-major: `cells[t · classes + p]` for the true class t and the predicted class p.
    cells: Vec<f64>,
}

impl Confusion {
    /// Counts the rows; classes are numbered from 0.
    pub fn new(
        classes: usize,
        target: &[u32],
        predicted: impl Iterator<Item = u32>,
        weights: Option<&[f64]>,
    ) -> Confusion {
        let mut cells = vec![0.0; classes * classes];
        for (i, (&t, p)) in target.iter().zip(predicted).enumerate() {
            cells[t as usize * classes + p as usize] += weight(weights, i);
        }
        Confusion { classes, cells }
    }

    /// The rows of the matrix, one a true class.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.cells.chunks(self.classes.max(1))
    }

    /// The weight of the rows of true class `t`.
    fn true_weight(&self, t: usize) -> f64 {
        self.cells[t * self.classes..(t + 1) * self.classes].iter().sum()
    }

    fn predicted_weight(&self, p: usize) -> f64 {
        self.cells.iter().skip(p).step_by(self.classes).sum()
    }

    fn hit(&self, k: usize) -> f64 {
        self.cells[k * self.classes + k]
    }

    /// The share of rows predicted right.
    pub fn accuracy(&self) -> Measured {
        let total: f64 = self.cells.iter().sum();
        let hits: f64 = (0..self.classes).map(|k| self.hit(k)).sum();
        if total > 0.0 { Ok(hits / total) } else { Err(NO_ROWS) }
    }

    /// The mean over the classes that occur of the share of their rows predicted right.
    pub fn balanced_accuracy(&self) -> Measured {
        let occurring = (0..self.classes).map(|k| (self.hit(k), self.true_weight(k))).filter(|&(_, w)| w > 0.0);
        let recalls: Vec<f64> = occurring.map(|(hit, w)| hit / w).collect();
        match recalls.len() {
            0 => Err(NO_ROWS),
            1 => Err("only one class occurs on these rows"),
            n => Ok(recalls.iter().sum::<f64>() / n as f64),
        }
    }

    /// 2·hits / (true + predicted) of class `k`: the harmonic mean of precision and recall.
    pub fn f1(&self, k: usize) -> Measured {
        let (hit, both) = (self.hit(k), self.true_weight(k) + self.predicted_weight(k));
        if both > 0.0 { Ok(2.0 * hit / both) } else { Err("the class neither occurs nor is predicted on these rows") }
    }

    /// The mean of [`f1`](Confusion::f1) over the classes that occur or are predicted.
    pub fn macro_f1(&self) -> Measured {
        let all: Vec<f64> = (0..self.classes).filter_map(|k| self.f1(k).ok()).collect();
        if all.is_empty() { Err(NO_ROWS) } else { Ok(all.iter().sum::<f64>() / all.len() as f64) }
    }
}
