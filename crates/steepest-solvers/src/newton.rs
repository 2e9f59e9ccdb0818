//! Newton's direction with the exact Hessian: d = −(H + τI)⁻¹g.
//!
//! τ is 0 where H is positive definite. Where it is not, τ grows from 10⁻¹⁰ of the mean diagonal by tens until the Cholesky
//! factorization succeeds (Nocedal and Wright, “Numerical Optimization”, 2nd ed. 2006, algorithm 3.3), so that d is always a
//! direction of descent. On a convex quadratic the first step lands on the minimum.

use steepest_core::{Objective, Reason, Stop, Termination};

use crate::{
    Cholesky, Descent,
    descent::{Aim, Direction},
    place::Place,
    search::Wolfe,
    vector::{dot, negate},
};

/// Newton's method. A step costs one Hessian, O(d³/3) for its factor, and usually one evaluation.
pub type Newton = Descent<ExactHessian>;

/// The direction of Newton's method.
#[derive(Debug)]
pub struct ExactHessian {
    hessian: Vec<f64>,
}

impl Newton {
    /// Starts at `x`.
    pub fn new(x: Vec<f64>) -> Newton {
        let direction = ExactHessian::new(x.len());
        Descent::with(x, direction, Box::new(Wolfe::default()))
    }
}

impl ExactHessian {
    /// For `dim` parameters.
    pub fn new(dim: usize) -> ExactHessian {
        ExactHessian { hessian: vec![0.0; dim * dim] }
    }
}

/// d ← −(H + τI)⁻¹g with the smallest τ of the row 0, 10⁻¹⁰, 10⁻⁹, … of the mean diagonal that makes it a descent; false when
/// no τ helps.
pub(crate) fn shifted(hessian: &[f64], g: &[f64], d: &mut [f64]) -> bool {
    let n = g.len();
    let mean = (0..n).map(|i| hessian[i * n + i].abs()).sum::<f64>() / n.max(1) as f64;
    let mut shift = 0.0;
    for _ in 0..40 {
        if let Some(factor) = Cholesky::new(hessian, n, shift) {
            negate(d, g);
            factor.solve(d);
            return d.iter().all(|d| d.is_finite());
        }
        shift = if shift == 0.0 { 1e-10 * mean.max(f64::MIN_POSITIVE) } else { shift * 10.0 };
    }
    false
}

impl Direction for ExactHessian {
    fn propose(&mut self, f: &mut dyn Objective<f64>, at: &Place, d: &mut [f64]) -> Result<Aim, Stop> {
        if !crate::curvature::hessian(f, &mut self.hessian, &mut d[..]) {
            let detail = "this objective has no Hessian matrix; try newton-cg or lbfgs";
            return Err(Stop::Terminated(Termination::new(Reason::Stalled, detail)));
        }
        if !shifted(&self.hessian, &at.g, d) {
            let detail =
                "the Hessian is not finite; the point is far outside the region where the loss can be computed";
            return Err(Stop::Terminated(Termination::new(Reason::Diverged, detail)));
        }
        Ok(Aim { slope: dot(&at.g, d), scaled: true })
    }
}
