//! Convex penalties with their proximal operators, prox_{ηh}(x) = argmin_z h(z) + ‖z − x‖²/(2η).
//!
//! N. Parikh and S. Boyd, “Proximal algorithms”, Found. Trends Optim. 1(3), 2014, doi:10.1561/2400000003, chapter 6.

use std::ops::Range;

use steepest_core::Prox;

use super::sets::SetError;
use crate::norm;

/// The soft threshold: sign(x)·max(|x| − t, 0).
fn soft(x: f64, t: f64) -> f64 {
    (x - t).max(0.0) - (-x - t).max(0.0)
}

fn weight(what: &'static str, value: f64) -> Result<f64, SetError> {
    if value == 0.0 { Ok(value) } else { super::sets::positive(what, value) }
}

/// h(x) = Σ λᵢ|xᵢ|; the operator is the soft threshold at ηλᵢ.
#[derive(Debug, Clone, PartialEq)]
pub struct L1 {
    lambda: f64,
    weights: Option<Vec<f64>>,
}

impl L1 {
    /// The same λ ≥ 0 for every variable.
    ///
    /// # Errors
    /// [`SetError::Positive`] for a negative or non-finite λ.
    pub fn new(lambda: f64) -> Result<L1, SetError> {
        Ok(L1 { lambda: weight("the L1 penalty", lambda)?, weights: None })
    }

    /// A λᵢ ≥ 0 for each variable; 0 leaves it free.
    ///
    /// # Errors
    /// [`SetError::Positive`] for a negative or non-finite λᵢ.
    pub fn weighted(weights: Vec<f64>) -> Result<L1, SetError> {
        for &w in &weights {
            weight("the L1 penalty", w)?;
        }
        Ok(L1 { lambda: 0.0, weights: Some(weights) })
    }

    /// λ of variable i.
    pub fn lambda(&self, i: usize) -> f64 {
        self.weights.as_ref().map_or(self.lambda, |w| w[i])
    }
}

impl Prox<f64> for L1 {
    fn value(&self, x: &[f64]) -> f64 {
        x.iter().enumerate().map(|(i, x)| self.lambda(i) * x.abs()).sum()
    }

    fn prox(&self, step: f64, x: &mut [f64]) {
        x.iter_mut().enumerate().for_each(|(i, x)| *x = soft(*x, step * self.lambda(i)));
    }
}

/// h(x) = λ₁‖x‖₁ + (λ₂/2)‖x‖²; the operator is the soft threshold at ηλ₁ divided by 1 + ηλ₂.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ElasticNet {
    l1: f64,
    l2: f64,
}

impl ElasticNet {
    /// With λ₁ ≥ 0 and λ₂ ≥ 0.
    ///
    /// # Errors
    /// [`SetError::Positive`] for a negative or non-finite one.
    pub fn new(l1: f64, l2: f64) -> Result<ElasticNet, SetError> {
        Ok(ElasticNet { l1: weight("the L1 penalty", l1)?, l2: weight("the L2 penalty", l2)? })
    }
}

impl Prox<f64> for ElasticNet {
    fn value(&self, x: &[f64]) -> f64 {
        x.iter().map(|x| self.l1 * x.abs() + 0.5 * self.l2 * x * x).sum()
    }

    fn prox(&self, step: f64, x: &mut [f64]) {
        let shrink = 1.0 / (1.0 + step * self.l2);
        x.iter_mut().for_each(|x| *x = shrink * soft(*x, step * self.l1));
    }
}

/// h(x) = Σ λ wⱼ‖x_j‖ over disjoint groups; the operator shortens each group by ηλwⱼ, to zero at most. Variables in no group are free.
///
/// M. Yuan and Y. Lin, J. R. Stat. Soc. B 68, 2006, doi:10.1111/j.1467-9868.2005.00532.x, with weights wⱼ = √(size of the group).
#[derive(Debug, Clone, PartialEq)]
pub struct GroupLasso {
    lambda: f64,
    groups: Vec<Range<usize>>,
}

impl GroupLasso {
    /// Groups are ranges of variables; they must not overlap.
    ///
    /// # Errors
    /// [`SetError::Positive`] for a negative or non-finite λ; [`SetError::Bounds`] for overlapping groups.
    pub fn new(lambda: f64, mut groups: Vec<Range<usize>>) -> Result<GroupLasso, SetError> {
        groups.sort_by_key(|g| g.start);
        if let Some(pair) = groups.windows(2).find(|p| p[0].end > p[1].start) {
            let (lower, upper) = (pair[0].end as f64, pair[1].start as f64);
            return Err(SetError::Bounds { index: pair[1].start, lower, upper });
        }
        Ok(GroupLasso { lambda: weight("the group penalty", lambda)?, groups })
    }
}

impl Prox<f64> for GroupLasso {
    fn value(&self, x: &[f64]) -> f64 {
        self.groups.iter().map(|g| self.lambda * (g.len() as f64).sqrt() * norm(&x[g.clone()])).sum()
    }

    fn prox(&self, step: f64, x: &mut [f64]) {
        for g in &self.groups {
            let part = &mut x[g.clone()];
            let (length, cut) = (norm(part), step * self.lambda * (g.len() as f64).sqrt());
            let scale = if length > cut { 1.0 - cut / length } else { 0.0 };
            part.iter_mut().for_each(|x| *x *= scale);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use steepest_core::random::{Purpose, Stream};

    /// No point near or far has a smaller h(z) + ‖z − x‖²/2η than the operator's.
    fn check(h: &dyn Prox<f64>, dim: usize) {
        for trial in 0..50 {
            let stream = Stream::new(5, Purpose::PROBLEM, trial);
            let (mut x, mut z) = (vec![0.0f64; dim], vec![0.0f64; dim]);
            stream.fill_normal(0, &mut x);
            let step = 0.1 + 2.0 * stream.uniform(1000);
            let mut p = x.clone();
            h.prox(step, &mut p);
            let model =
                |z: &[f64]| h.value(z) + z.iter().zip(&x).map(|(z, x)| (z - x) * (z - x)).sum::<f64>() / (2.0 * step);
            let best = model(&p);
            for probe in 0..200 {
                Stream::new(6, Purpose::PROBE, probe).fill_normal(0, &mut z);
                let size = 10f64.powi(-(probe as i32 % 8));
                let near: Vec<f64> = p.iter().zip(&z).map(|(p, z)| p + size * z).collect();
                assert!(model(&near) >= best - 1e-14 * best.abs().max(1.0), "trial {trial}, distance {size}");
            }
        }
    }

    #[test]
    fn the_operator_minimizes_its_model() {
        check(&L1::new(0.4).unwrap(), 6);
        check(&L1::weighted(vec![0.0, 0.1, 0.5, 1.0, 2.0, 0.3]).unwrap(), 6);
        check(&ElasticNet::new(0.3, 0.7).unwrap(), 6);
        check(&GroupLasso::new(0.3, vec![0..2, 3..6]).unwrap(), 6);
    }

    #[test]
    fn closed_forms() {
        let mut x = [3.0, -0.5, -2.0];
        L1::new(1.0).unwrap().prox(1.0, &mut x);
        assert_eq!(x, [2.0, 0.0, -1.0]);
        let mut x = [3.0, -0.5, -2.0];
        ElasticNet::new(1.0, 1.0).unwrap().prox(1.0, &mut x);
        assert_eq!(x, [1.0, 0.0, -0.5]);
        let mut x = [3.0, 4.0, 9.0];
        GroupLasso::new(1.0 / 2f64.sqrt(), Vec::from([0..2, 3..3])).unwrap().prox(2.5, &mut x);
        assert!((x[0] - 1.5).abs() < 1e-14 && (x[1] - 2.0).abs() < 1e-14 && x[2] == 9.0);
    }

    #[test]
    fn overlapping_groups_and_negative_weights_are_refused() {
        assert!(GroupLasso::new(1.0, vec![0..3, 2..4]).is_err());
        assert!(L1::new(-1.0).is_err() && ElasticNet::new(0.0, f64::NAN).is_err());
    }
}
