//! Metrics of several classes.

use super::{Weights, add, auc};
use crate::metrics_log::Measures;

/// The weight of rows by actual class (row) and predicted class (column).
pub fn confusion(target: &[f64], predicted: &[u32], classes: usize, weights: Option<&[f64]>) -> Vec<Vec<f64>> {
    let w = Weights::new(weights);
    let mut table = vec![vec![0.0; classes]; classes];
    for i in 0..target.len() {
        table[target[i] as usize][predicted[i] as usize] += w.get(i);
    }
    table
}

/// `accuracy`, `balanced_accuracy`, `f1_macro` (over the classes that occur as target or prediction), `log_loss`, `top3_accuracy`
/// (from four classes on), and `auc`, the mean over classes of each against the rest. `probabilities` is n × K by row.
pub fn multiclass(
    target: &[f64],
    predicted: &[u32],
    probabilities: &[f64],
    classes: usize,
    weights: Option<&[f64]>,
) -> Measures {
    let n = target.len();
    let w = Weights::new(weights);
    let mut out = Measures::new();
    if n == 0 || w.total(n) <= 0.0 {
        return out;
    }
    let table = confusion(target, predicted, classes, weights);
    let actual = |c: usize| table[c].iter().sum::<f64>();
    let called = |c: usize| table.iter().map(|row| row[c]).sum::<f64>();
    add(&mut out, "accuracy", (0..classes).map(|c| table[c][c]).sum::<f64>() / w.total(n));
    let recalls: Vec<f64> = (0..classes).filter(|&c| actual(c) > 0.0).map(|c| table[c][c] / actual(c)).collect();
    add(&mut out, "balanced_accuracy", recalls.iter().sum::<f64>() / recalls.len() as f64);
    let seen = (0..classes).filter(|&c| actual(c) + called(c) > 0.0);
    let f1: Vec<f64> = seen.map(|c| 2.0 * table[c][c] / (actual(c) + called(c))).collect();
    add(&mut out, "f1_macro", f1.iter().sum::<f64>() / f1.len() as f64);
    let p = |i: usize, c: usize| probabilities[i * classes + c];
    add(&mut out, "log_loss", w.mean(n, |i| -p(i, target[i] as usize).clamp(f64::EPSILON, 1.0).ln()));
    if classes >= 4 {
        let higher = |i: usize| (0..classes).filter(|&c| p(i, c) > p(i, target[i] as usize)).count();
        add(&mut out, "top3_accuracy", w.mean(n, |i| f64::from(higher(i) < 3)));
    }
    let areas: Vec<f64> = (0..classes)
        .filter_map(|c| {
            let positive: Vec<bool> = target.iter().map(|&t| t as usize == c).collect();
            let scores: Vec<f64> = (0..n).map(|i| p(i, c)).collect();
            auc(&positive, &scores, weights)
        })
        .collect();
    if !areas.is_empty() {
        add(&mut out, "auc", areas.iter().sum::<f64>() / areas.len() as f64);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let p = [0.7, 0.2, 0.1, 0.2, 0.5, 0.3, 0.1, 0.6, 0.3];
        let m = multiclass(&[0.0, 1.0, 2.0], &[0, 1, 1], &p, 3, None);
        let get = |name: &str| m.iter().find(|m| m.0 == name).unwrap().1;
        assert!((get("accuracy") - 2.0 / 3.0).abs() < 1e-15);
        assert!((get("balanced_accuracy") - 2.0 / 3.0).abs() < 1e-15);
        assert!((get("f1_macro") - (1.0 + 2.0 / 3.0 + 0.0) / 3.0).abs() < 1e-15);
        assert!((get("log_loss") + (0.7f64.ln() + 0.5f64.ln() + 0.3f64.ln()) / 3.0).abs() < 1e-15);
        // Class 0: perfect. Class 1: .5 against .2 and .6. Class 2: .3 against .1 and a tie at .3.
        assert!((get("auc") - (1.0 + 0.5 + 0.75) / 3.0).abs() < 1e-15);
    }
}
