//! Metrics of two classes.

use super::{Weights, add, auc, average_precision, calibration};
use crate::metrics_log::Measures;

/// Probabilities are kept this far from 0 and 1 in the log loss, as scikit-learn does.
const CLIP: f64 = f64::EPSILON;

/// Metrics of two classes, the positive one having index 1.
///
/// From the predicted classes: `accuracy`, `balanced_accuracy`, `precision`, `recall`, `f1` (of the positive class), `f1_macro`,
/// `mcc`. From the scores: `auc`, `average_precision`. From probabilities, where there are any: `log_loss`, `brier`, `ece`
/// (expected calibration error over ten bins of equal weight).
pub fn two_class(
    target: &[f64],
    predicted: &[u32],
    scores: &[f64],
    probabilities: Option<&[f64]>,
    weights: Option<&[f64]>,
) -> Measures {
    let n = target.len();
    let w = Weights::new(weights);
    let mut out = Measures::new();
    if n == 0 || w.total(n) <= 0.0 {
        return out;
    }
    // [actual][predicted]
    let mut table = [[0.0f64; 2]; 2];
    for i in 0..n {
        table[usize::from(target[i] > 0.5)][usize::from(predicted[i] > 0)] += w.get(i);
    }
    let [[tn, fp], [fn_, tp]] = table;
    add(&mut out, "accuracy", (tp + tn) / w.total(n));
    add(&mut out, "balanced_accuracy", 0.5 * (tp / (tp + fn_) + tn / (tn + fp)));
    add(&mut out, "precision", tp / (tp + fp));
    add(&mut out, "recall", tp / (tp + fn_));
    let (f1, f1_negative) = (2.0 * tp / (2.0 * tp + fp + fn_), 2.0 * tn / (2.0 * tn + fp + fn_));
    add(&mut out, "f1", f1);
    add(&mut out, "f1_macro", 0.5 * (f1 + f1_negative));
    add(&mut out, "mcc", (tp * tn - fp * fn_) / ((tp + fp) * (tp + fn_) * (tn + fp) * (tn + fn_)).sqrt());
    let positive: Vec<bool> = target.iter().map(|&t| t > 0.5).collect();
    if let Some(auc) = auc(&positive, scores, weights) {
        add(&mut out, "auc", auc);
    }
    if let Some(precision) = average_precision(&positive, scores, weights) {
        add(&mut out, "average_precision", precision);
    }
    if let Some(p) = probabilities {
        let loss = |i: usize| {
            let p = p[i].clamp(CLIP, 1.0 - CLIP);
            -if positive[i] { p.ln() } else { (-p).ln_1p() }
        };
        add(&mut out, "log_loss", w.mean(n, loss));
        add(&mut out, "brier", w.mean(n, |i| (p[i] - target[i]).powi(2)));
        let bins = calibration(&positive, p, weights, 10);
        let total: f64 = bins.iter().map(|b| b.rows).sum();
        add(&mut out, "ece", bins.iter().map(|b| b.rows / total * (b.predicted - b.observed).abs()).sum());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(list: &Measures, name: &str) -> Option<f64> {
        list.iter().find(|m| m.0 == name).map(|m| m.1)
    }

    #[test]
    fn by_hand() {
        let target = [1.0, 1.0, 0.0, 0.0, 0.0];
        let p = [0.9, 0.4, 0.6, 0.2, 0.1];
        let m = two_class(&target, &[1, 0, 1, 0, 0], &p, Some(&p), None);
        assert_eq!(get(&m, "accuracy"), Some(0.6));
        assert_eq!(get(&m, "f1"), Some(0.5));
        assert!((get(&m, "balanced_accuracy").unwrap() - 0.5 * (0.5 + 2.0 / 3.0)).abs() < 1e-15);
        assert!((get(&m, "auc").unwrap() - 5.0 / 6.0).abs() < 1e-15);
        let by_hand = -(0.9f64.ln() + 0.4f64.ln() + 0.4f64.ln() + 0.8f64.ln() + 0.9f64.ln()) / 5.0;
        assert!((get(&m, "log_loss").unwrap() - by_hand).abs() < 1e-15);
    }

    #[test]
    fn one_class_leaves_out_what_is_not_defined() {
        let m = two_class(&[1.0, 1.0], &[1, 1], &[0.6, 0.7], Some(&[0.6, 0.7]), None);
        assert_eq!(get(&m, "auc"), None);
        assert_eq!(get(&m, "mcc"), None);
        assert_eq!(get(&m, "accuracy"), Some(1.0));
        assert!(m.iter().all(|m| m.1.is_finite()));
        let certain = two_class(&[1.0, 0.0], &[0, 1], &[0.0, 1.0], Some(&[0.0, 1.0]), None);
        assert!(get(&certain, "log_loss").unwrap() > 30.0);
    }
}
