//! Metrics of predicted numbers.

use super::{Weights, add};
use crate::metrics_log::Measures;

/// The deviance that belongs to a loss: twice the loss above that of a perfect prediction, averaged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Deviance {
    /// The mean squared error.
    Squared,
    /// Poisson: 2·(y log(y/μ) − y + μ).
    Poisson,
    /// Twice the pinball loss of this quantile.
    Quantile(f64),
    /// Twice Huber's loss with this δ.
    Huber(f64),
}

impl Deviance {
    fn of(self, y: f64, mu: f64) -> f64 {
        let r = y - mu;
        match self {
            Deviance::Squared => r * r,
            Deviance::Poisson if y == 0.0 => 2.0 * mu,
            Deviance::Poisson => 2.0 * (y * (y / mu).ln() - r),
            Deviance::Quantile(tau) => 2.0 * if r >= 0.0 { tau * r } else { (tau - 1.0) * r },
            Deviance::Huber(delta) if r.abs() <= delta => r * r,
            Deviance::Huber(delta) => 2.0 * delta * (r.abs() - 0.5 * delta),
        }
    }
}

/// `rmse`, `mae`, `r2` and `deviance`; for counts and quantiles also `d2`, the share of the deviance of the best constant that is
/// explained (for quantiles `coverage` too: the share of rows at or below the prediction).
///
/// R² = 1 − Σw(y − μ)²/Σw(y − ȳ)², left out where all targets are equal.
pub fn regression(target: &[f64], predicted: &[f64], weights: Option<&[f64]>, deviance: Deviance) -> Measures {
    let n = target.len();
    let w = Weights::new(weights);
    let mut out = Measures::new();
    if n == 0 || w.total(n) <= 0.0 {
        return out;
    }
    let mse = w.mean(n, |i| (target[i] - predicted[i]).powi(2));
    let mean = w.mean(n, |i| target[i]);
    let variance = w.mean(n, |i| (target[i] - mean).powi(2));
    add(&mut out, "rmse", mse.sqrt());
    add(&mut out, "mae", w.mean(n, |i| (target[i] - predicted[i]).abs()));
    if variance > 0.0 {
        add(&mut out, "r2", 1.0 - mse / variance);
    }
    let own = w.mean(n, |i| deviance.of(target[i], predicted[i]));
    add(&mut out, "deviance", own);
    let constant = match deviance {
        Deviance::Poisson => Some(mean),
        Deviance::Quantile(tau) => Some(weighted_quantile(target, w, tau)),
        Deviance::Squared | Deviance::Huber(_) => None,
    };
    if let Some(constant) = constant {
        let null = w.mean(n, |i| deviance.of(target[i], constant));
        if null > 0.0 {
            add(&mut out, "d2", 1.0 - own / null);
        }
    }
    if let Deviance::Quantile(_) = deviance {
        add(&mut out, "coverage", w.mean(n, |i| f64::from(target[i] <= predicted[i])));
    }
    out
}

/// The smallest value with at least the share `tau` of the weight at or below it.
fn weighted_quantile(values: &[f64], w: Weights<'_>, tau: f64) -> f64 {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let limit = tau * w.total(values.len());
    let mut sum = 0.0;
    for &i in &order {
        sum += w.get(i);
        if sum >= limit {
            return values[i];
        }
    }
    order.last().map_or(f64::NAN, |&i| values[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(list: &Measures, name: &str) -> f64 {
        list.iter().find(|m| m.0 == name).unwrap_or_else(|| panic!("no {name}")).1
    }

    #[test]
    fn by_hand() {
        let m = regression(&[1.0, 2.0, 4.0], &[1.0, 3.0, 2.0], None, Deviance::Squared);
        assert!((get(&m, "rmse") - (5.0f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!((get(&m, "mae") - 1.0).abs() < 1e-15);
        // ȳ = 7/3, Σ(y − ȳ)² = 14/3.
        assert!((get(&m, "r2") - (1.0 - 5.0 / (14.0 / 3.0))).abs() < 1e-15);
    }

    #[test]
    fn weights_are_repetitions_and_a_constant_target_has_no_r2() {
        for d in [Deviance::Squared, Deviance::Poisson, Deviance::Quantile(0.3), Deviance::Huber(0.5)] {
            let weighted = regression(&[1.0, 2.0], &[1.5, 1.0], Some(&[2.0, 3.0]), d);
            let repeated = regression(&[1.0, 1.0, 2.0, 2.0, 2.0], &[1.5, 1.5, 1.0, 1.0, 1.0], None, d);
            assert_eq!(weighted.len(), repeated.len());
            for (a, b) in weighted.iter().zip(&repeated) {
                assert!((a.1 - b.1).abs() < 1e-14, "{a:?} {b:?}");
            }
        }
        let constant = regression(&[3.0, 3.0], &[3.0, 2.0], None, Deviance::Squared);
        assert!(constant.iter().all(|m| m.0 != "r2" && m.1.is_finite()));
        assert!(regression(&[], &[], None, Deviance::Squared).is_empty());
    }

    #[test]
    fn a_perfect_count_has_no_deviance() {
        let m = regression(&[0.0, 2.0, 5.0], &[1e-300, 2.0, 5.0], None, Deviance::Poisson);
        assert!(get(&m, "deviance").abs() < 1e-15);
        assert!((get(&m, "d2") - 1.0).abs() < 1e-15);
    }
}
