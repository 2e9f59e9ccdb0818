//! Gauss–Newton: the direction that minimizes the linearized residuals, d = argmin ‖Jd + r‖² + μ‖d‖².
//!
//! C. F. Gauss, “Theoria motus”, 1809. Solved by QR with column pivoting; columns beyond the rank of J take no part.
//!
//! With μ it is also the natural gradient of a likelihood whose residuals are Gaussian: JᵀJ is then the Fisher matrix F, exactly and
//! not estimated, and d = −(F + μI)⁻¹∇f. S. Amari, “Natural gradient works efficiently in learning”, Neural Comput. 10(2), 1998,
//! doi:10.1162/089976698300017746.

use steepest_core::{Objective, Reason, Stop, Termination};

use crate::{
    descent::{Aim, Direction},
    orthogonal::Orthogonal,
    place::Place,
    vector::dot,
};

/// The direction of Gauss–Newton. A step costs a Jacobian and O(m·d²).
#[derive(Debug, Clone, Default)]
pub struct GaussNewton {
    damping: f64,
    jacobian: Vec<f64>,
    residuals: Vec<f64>,
    roots: Vec<f64>,
    qr: Orthogonal,
}

impl GaussNewton {
    /// With damping μ ≥ 0.
    pub fn new(damping: f64) -> GaussNewton {
        GaussNewton { damping, ..GaussNewton::default() }
    }
}

impl Direction for GaussNewton {
    fn propose(&mut self, f: &mut dyn Objective<f64>, at: &Place, d: &mut [f64]) -> Result<Aim, Stop> {
        let Some(squares) = f.residuals() else {
            let detail = "this objective has no residuals; try newton or lbfgs";
            return Err(Stop::Terminated(Termination::new(Reason::Stalled, detail)));
        };
        let rows = squares.len();
        self.residuals.resize(rows, 0.0);
        self.jacobian.resize(rows * d.len(), 0.0);
        squares.residuals(&mut self.residuals);
        squares.jacobian(&mut self.jacobian);
        if steepest_core::first_non_finite(&self.jacobian).is_some() {
            let detail =
                "the Jacobian is not finite; the point is far outside the region where the residuals can be computed";
            return Err(Stop::Terminated(Termination::new(Reason::Diverged, detail)));
        }
        self.qr.factor(&self.jacobian, rows, d.len());
        self.residuals.resize(self.qr.rows(), 0.0);
        self.qr.transpose_apply(&mut self.residuals);
        if self.damping > 0.0 {
            self.roots.resize(d.len(), 0.0);
            self.roots.fill(self.damping.sqrt());
            self.qr.solve_damped(&self.residuals, &self.roots, d);
        } else {
            self.qr.solve(&self.residuals, d);
        }
        d.iter_mut().for_each(|d| *d = -*d);
        Ok(Aim { slope: dot(&at.g, d), scaled: true })
    }
}
