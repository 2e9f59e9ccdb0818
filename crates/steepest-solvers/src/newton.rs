//! Newton's direction with the exact Hessian: d = −(H + τI)⁻¹g.
//!
//! τ is 0 where H is positive definite. Where it is not, τ grows from 10⁻¹⁰ of the mean diagonal by tens until the Cholesky
//! factorization succeeds (Nocedal and Wright, “Numerical Optimization”, 2nd ed. 2006, algorithm 3.3), so that d is always a
//! direction of descent. Or every eigenvalue of H counts by its size, d = −|H|⁻¹g, which turns away from saddles instead of towards
//! them: Y. Dauphin and others, “Identifying and attacking the saddle point problem”, 2014, arXiv:1406.2572. On a convex quadratic the
//! first step lands on the minimum either way. Where H is zero, or no shift makes it positive definite, the step goes along −g, as far
//! as the search finds it to fall.

use steepest_core::{Objective, Reason, Stop, Termination, first_non_finite};

use crate::{
    Descent,
    cholesky::CholeskyRoom,
    curvature::{Spectrum, hessian},
    descent::{Aim, Direction},
    place::Place,
    search::Wolfe,
    vector::{dot, negate},
};

/// Newton's method. A step costs one Hessian, O(d³/3) for its factor, and usually one evaluation.
pub type Newton = Descent<ExactHessian>;

/// What is done where the Hessian is not positive definite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modify {
    /// τI is added.
    Shift,
    /// Eigenvalues are replaced by their absolute values.
    Absolute,
}

/// The direction of Newton's method.
#[derive(Debug)]
pub struct ExactHessian {
    modify: Modify,
    hessian: Vec<f64>,
    factor: CholeskyRoom,
    /// Made where it is needed.
    spectrum: Option<Spectrum>,
}

impl Newton {
    /// Starts at `x`.
    pub fn new(x: Vec<f64>) -> Newton {
        let direction = ExactHessian::new(x.len(), Modify::Shift);
        Descent::with(x, direction, Box::new(Wolfe::default()))
    }
}

impl ExactHessian {
    /// For `dim` parameters.
    pub fn new(dim: usize, modify: Modify) -> ExactHessian {
        ExactHessian { modify, hessian: vec![0.0; dim * dim], factor: CholeskyRoom::new(dim), spectrum: None }
    }
}

/// d ← −(H + τI)⁻¹g with the smallest τ of the row 0, 10⁻¹⁰, 10⁻⁹, … of the mean diagonal that makes it a descent; false when
/// no τ helps, or H is zero, of which no τ can be a share.
pub(crate) fn shifted(factor: &mut CholeskyRoom, hessian: &[f64], g: &[f64], d: &mut [f64]) -> bool {
    let n = g.len();
    let mean = (0..n).map(|i| hessian[i * n + i].abs()).sum::<f64>() / n.max(1) as f64;
    let mut shift = 0.0;
    for _ in 0..40 {
        if factor.factor(hessian, shift) {
            negate(d, g);
            factor.solve(d);
            return d.iter().all(|d| d.is_finite());
        }
        if mean == 0.0 {
            return false;
        }
        shift = if shift == 0.0 { 1e-10 * mean } else { shift * 10.0 };
    }
    false
}

/// Eigenvalues below this share of the largest count as that share.
const FLOOR: f64 = 1e-10;

impl ExactHessian {
    /// d ← −|H|⁻¹g; false when H cannot be decomposed.
    fn absolute(&mut self, g: &[f64], d: &mut [f64]) -> bool {
        let n = g.len();
        if self.factor.factor(&self.hessian, 0.0) {
            negate(d, g);
            self.factor.solve(d);
            return d.iter().all(|d| d.is_finite());
        }
        let spectrum = self.spectrum.get_or_insert_with(|| Spectrum::new(n));
        if !spectrum.decompose(&self.hessian) {
            return false;
        }
        let largest = spectrum.values.iter().fold(f64::MIN_POSITIVE, |m, v| m.max(v.abs()));
        d.fill(0.0);
        for (value, v) in spectrum.values.iter().zip(spectrum.vectors.chunks_exact(n.max(1))) {
            let c = -dot(v, g) / value.abs().max(FLOOR * largest);
            d.iter_mut().zip(v).for_each(|(d, v)| *d += c * v);
        }
        d.iter().all(|d| d.is_finite())
    }
}

impl Direction for ExactHessian {
    fn propose(&mut self, f: &mut dyn Objective<f64>, at: &Place, d: &mut [f64]) -> Result<Aim, Stop> {
        if !hessian(f, &mut self.hessian, d) {
            let detail = "this objective has no Hessian matrix; try newton-cg or lbfgs";
            return Err(Stop::Terminated(Termination::new(Reason::Stalled, detail)));
        }
        let found = match self.modify {
            Modify::Shift => shifted(&mut self.factor, &self.hessian, &at.g, d),
            Modify::Absolute => self.absolute(&at.g, d),
        };
        if !found {
            if let Some(i) = first_non_finite(&self.hessian) {
                let value = self.hessian[i];
                let detail = format!(
                    "an element of the Hessian is {value}; the point is far outside the region where the loss can be computed"
                );
                return Err(Stop::Terminated(Termination::new(Reason::Diverged, detail)));
            }
            // Where f has no curvature, as Huber's loss far from its data, only the gradient says where to go.
            negate(d, &at.g);
            return Ok(Aim { slope: dot(&at.g, d), scaled: false });
        }
        Ok(Aim { slope: dot(&at.g, d), scaled: true })
    }
}
