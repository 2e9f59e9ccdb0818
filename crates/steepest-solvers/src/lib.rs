//! Deterministic solvers: they see an [`Objective`] as a whole and move its argument down.

mod cholesky;
mod fista;
mod lbfgs;
mod newton;
mod newton_cg;
mod search;

pub use cholesky::Cholesky;
pub use fista::Fista;
pub use lbfgs::Lbfgs;
pub use newton::Newton;
pub use newton_cg::NewtonCg;
pub use search::{Accepted, Wolfe};

use steepest_core::{Objective, StateVisitor, StepInfo, Stop};

/// A solver of deterministic problems. It keeps its point and whatever history it needs, and evaluates the objective it is
/// given; the objective is the same function in every step.
pub trait DeterministicSolver {
    /// One update.
    ///
    /// # Errors
    /// [`Stop`] with the reason; the point is then the last good one.
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop>;

    /// The current point.
    fn point(&self) -> &[f64];

    /// Shows every piece of state that a resumed run needs.
    fn visit(&mut self, state: &mut dyn StateVisitor);

    /// Evaluates anew what the solver had kept about the function at its point, after its state was loaded. The next
    /// [`step`](DeterministicSolver::step) is then the one that would have followed.
    ///
    /// # Errors
    /// [`Stop`] when the function is not finite there.
    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop>;
}

/// Σ aₖbₖ in eight interleaved sums.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut acc = [0.0; LANES];
    let whole = a.len() - a.len() % LANES;
    for (a, b) in a[..whole].chunks_exact(LANES).zip(b[..whole].chunks_exact(LANES)) {
        for l in 0..LANES {
            acc[l] += a[l] * b[l];
        }
    }
    for (l, (a, b)) in a[whole..].iter().zip(&b[whole..]).enumerate() {
        acc[l] += a * b;
    }
    ((acc[0] + acc[4]) + (acc[2] + acc[6])) + ((acc[1] + acc[5]) + (acc[3] + acc[7]))
}

pub(crate) fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

pub(crate) fn non_finite(step: u64) -> impl Fn(steepest_core::NonFinite) -> Stop {
    move |cause| Stop::NonFinite { step, cause }
}
