//! A local minimization inside a global method: the same solver again and again.

use steepest_core::{Objective, Stop};

use crate::{DeterministicSolver, Lbfgs};

/// Steps of one local minimization at most.
const MAX_STEPS: usize = 10_000;

/// The local solver and when it has arrived.
pub(crate) struct Quench {
    solver: Box<dyn DeterministicSolver + Send>,
    /// On the ∞-norm of what vanishes at a solution.
    pub gtol: f64,
}

impl Quench {
    /// L-BFGS with eight pairs, to ‖∇f‖∞ ≤ 10⁻⁶.
    pub fn new(x: &[f64]) -> Quench {
        Quench::with(Box::new(Lbfgs::new(x.to_vec(), 8)), 1e-6)
    }

    /// Another solver, one that can move to a point, with its tolerance.
    pub fn with(solver: Box<dyn DeterministicSolver + Send>, gtol: f64) -> Quench {
        Quench { solver, gtol }
    }

    /// Minimizes from x; the value reached at [`point`](Quench::point). Where the solver ends before its tolerance, by rounding or
    /// because f is flat, the point counts as well.
    ///
    /// # Errors
    /// [`Stop`] when f is not finite at x.
    pub fn run(&mut self, f: &mut dyn Objective<f64>, x: &[f64]) -> Result<f64, Stop> {
        self.solver.move_to(x);
        self.solver.restore(f)?;
        let mut value = self.solver.value();
        for _ in 0..MAX_STEPS {
            if self.solver.stationarity().is_some_and(|size| size <= self.gtol) {
                break;
            }
            match self.solver.step(f) {
                Ok(info) => value = info.value.or(self.solver.value()),
                Err(_) => break,
            }
        }
        match value {
            Some(value) => Ok(value),
            None => f.at(self.solver.point()).map_err(crate::non_finite(1)),
        }
    }

    /// What vanishes at a solution, where the last run ended.
    pub fn stationarity(&self) -> Option<f64> {
        self.solver.stationarity()
    }

    /// Whether bounds may hold the points.
    pub fn constrained(&self) -> bool {
        self.solver.constrained()
    }

    /// Where the last run ended.
    pub fn point(&self) -> &[f64] {
        self.solver.point()
    }
}
