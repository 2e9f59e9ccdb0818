//! What every deterministic solver is.

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

    /// The ∞-norm of what vanishes at a solution, at the [`point`](DeterministicSolver::point), where the solver knows it: the
    /// gradient; under constraints the projected gradient; of a composite objective the gradient mapping.
    fn stationarity(&self) -> Option<f64> {
        None
    }

    /// The objective at the [`point`](DeterministicSolver::point), where the solver knows it.
    fn value(&self) -> Option<f64> {
        None
    }

    /// Whether the objective falls in every step, up to rounding: the point is then always the best one seen.
    fn monotone(&self) -> bool {
        false
    }

    /// Whether the point may be held by constraints, so that the gradient and the Hessian of f alone say nothing about it.
    fn constrained(&self) -> bool {
        false
    }

    /// Goes on from `x` with an empty memory; false where the method cannot.
    fn move_to(&mut self, _x: &[f64]) -> bool {
        false
    }
}

impl<S: DeterministicSolver + ?Sized> DeterministicSolver for Box<S> {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        (**self).step(f)
    }
    fn point(&self) -> &[f64] {
        (**self).point()
    }
    fn visit(&mut self, state: &mut dyn StateVisitor) {
        (**self).visit(state);
    }
    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        (**self).restore(f)
    }
    fn stationarity(&self) -> Option<f64> {
        (**self).stationarity()
    }
    fn value(&self) -> Option<f64> {
        (**self).value()
    }
    fn monotone(&self) -> bool {
        (**self).monotone()
    }
    fn constrained(&self) -> bool {
        (**self).constrained()
    }
    fn move_to(&mut self, x: &[f64]) -> bool {
        (**self).move_to(x)
    }
}
