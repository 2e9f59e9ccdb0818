//! BFGS: an estimate H of the inverse Hessian, kept whole.
//!
//! H⁺ = (I − ρsyᵀ)H(I − ρysᵀ) + (ρ/τ)ssᵀ,   ρ = 1/sᵀy,   s = Δx,   y = Δg
//!
//! C. G. Broyden, R. Fletcher, D. Goldfarb and D. F. Shanno, 1970; Nocedal and Wright, “Numerical Optimization”, 2nd ed. 2006,
//! algorithm 6.1, with the first H = (sᵀy/yᵀy)I of (6.20). An update happens only where sᵀy is positive beyond rounding. τ is what the
//! values at both ends say of the curvature at the new one (M. C. Biggs, 1971, doi:10.1093/imamat/8.3.315); 1 on quadratics.

use steepest_core::{Objective, StateVisitor, Stop};

use crate::{
    descent::{Aim, Direction},
    place::{Accepted, Place},
    secant::stretch,
    vector::{PairProducts, dot, negate, pair},
};

/// The direction of BFGS: d² numbers, O(d²) a step.
#[derive(Debug, Clone)]
pub struct Bfgs {
    /// H, row-major; empty where nothing is known yet.
    inverse: Vec<f64>,
    s: Vec<f64>,
    y: Vec<f64>,
    hy: Vec<f64>,
}

impl Bfgs {
    /// For `dim` parameters.
    pub fn new(dim: usize) -> Bfgs {
        let zeros = || vec![0.0; dim];
        Bfgs { inverse: Vec::new(), s: zeros(), y: zeros(), hy: zeros() }
    }
}

impl Direction for Bfgs {
    fn propose(&mut self, _f: &mut dyn Objective<f64>, at: &Place, d: &mut [f64]) -> Result<Aim, Stop> {
        if self.inverse.is_empty() {
            negate(d, &at.g);
        } else {
            for (d, row) in d.iter_mut().zip(self.inverse.chunks_exact(at.g.len())) {
                *d = -dot(row, &at.g);
            }
        }
        Ok(Aim { slope: dot(&at.g, d), scaled: !self.inverse.is_empty() })
    }

    fn learn(&mut self, at: &Place, to: Accepted) {
        let n = at.x.len();
        let found = pair([&mut self.s, &mut self.y], [&at.trial, &at.x], [&at.next, &at.g]);
        let PairProducts { ss, sy, yy, ahead } = found;
        if sy.is_nan() || sy <= 1e-12 * (ss * yy).sqrt() {
            return;
        }
        if self.inverse.is_empty() {
            self.inverse.resize(n * n, 0.0);
            (0..n).for_each(|i| self.inverse[i * n + i] = sy / yy);
        }
        for (hy, row) in self.hy.iter_mut().zip(self.inverse.chunks_exact(n)) {
            *hy = dot(row, &self.y);
        }
        let tau = stretch(at.value, to.value, sy, ahead);
        let scale = (1.0 / tau + dot(&self.y, &self.hy) / sy) / sy;
        for (i, row) in self.inverse.chunks_exact_mut(n).enumerate() {
            let (along, across) = (scale * self.s[i] - self.hy[i] / sy, self.s[i] / sy);
            for ((h, s), hy) in row.iter_mut().zip(&self.s).zip(&self.hy) {
                *h += along * s - across * hy;
            }
        }
    }

    fn forget(&mut self) -> bool {
        let had = !self.inverse.is_empty();
        self.inverse.clear();
        had
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.history("inverse", &mut self.inverse);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::norm;

    /// The update keeps H symmetric and makes Hy = s/τ.
    #[test]
    fn the_secant_equation_holds() {
        let mut at = Place::new(vec![1.0, -2.0, 0.5]);
        let mut bfgs = Bfgs::new(3);
        for k in 0..5 {
            let curve = |x: &[f64], i: usize| (i as f64 + 1.0) * x[i] + x[i].powi(3) + 0.3 * x[(i + 1) % 3];
            at.g = (0..3).map(|i| curve(&at.x, i)).collect();
            at.trial = at.x.iter().enumerate().map(|(i, x)| x - 0.1 * (1.0 + i as f64 + k as f64) * x).collect();
            at.next = (0..3).map(|i| curve(&at.trial, i)).collect();
            at.value = curve(&at.x, 0);
            let value = curve(&at.trial, 0);
            bfgs.learn(&at, Accepted { length: 1.0, value });
            let tau = stretch(at.value, value, dot(&bfgs.s, &bfgs.y), dot(&bfgs.s, &at.next));
            for i in 0..3 {
                let hy = dot(&bfgs.inverse[3 * i..3 * i + 3], &bfgs.y);
                assert!((tau * hy - bfgs.s[i]).abs() < 1e-12 * norm(&bfgs.s));
                (0..3).for_each(|j| assert!((bfgs.inverse[3 * i + j] - bfgs.inverse[3 * j + i]).abs() < 1e-14));
            }
            at.x = at.trial.clone();
        }
    }
}
