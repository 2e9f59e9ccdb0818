//! What moves the parameters: solvers, the oracles they ask, and what a step reports.

use thiserror::Error;

use crate::{Certificate, Layout, NonFinite, Real, Rows, SparseGradient, StateVisitor, Termination};

/// What was evaluated so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evaluations {
    /// Objective values, on a batch or on everything.
    pub value: u64,
    /// Gradients, on a batch or on everything.
    pub gradient: u64,
    /// Hessian-vector products.
    pub hvp: u64,
    /// Hessians.
    pub hessian: u64,
    /// Rows of data visited by all of these together.
    pub rows: u64,
}

/// What one step did. Quantities that the solver did not compute are `None`; nothing is computed for the report alone.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StepInfo {
    /// Number of completed updates, this one included.
    pub step: u64,
    /// Objective at the new point, or the loss of the batch at the old point for stochastic steps.
    pub value: Option<f64>,
    /// Norm of the gradient that was used.
    pub grad_norm: Option<f64>,
    /// Learning rate or accepted step size.
    pub lr: Option<f64>,
    /// ‖Δx‖.
    pub step_norm: Option<f64>,
    /// Relative certified gap, where the solver has it at no extra cost; infinite where it is too far from the minimum for a
    /// certificate to be worth its pass over the data.
    pub gap: Option<f64>,
}

/// Why a step could not be made.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Stop {
    /// The solver itself found a reason to end.
    #[error("{0}")]
    Terminated(Termination),
    /// A value was not finite. The parameters are those before the step.
    #[error("step {step}: {cause}")]
    NonFinite {
        /// The step that was to be made, from 1.
        step: u64,
        /// What was not finite.
        cause: NonFinite,
    },
}

/// Which rows a gradient is taken over.
#[derive(Debug, Clone, Copy)]
pub enum Batch<'a> {
    /// All of them.
    Full,
    /// The batch of the current step, chosen by the data loader.
    Step,
    /// These.
    Rows(Rows<'a>),
}

/// What a solver may ask about the function it minimizes. Every answer is counted.
pub trait Oracle<T: Real> {
    /// The tensors of the parameters.
    fn layout(&self) -> &Layout;

    /// The objective over the batch.
    ///
    /// # Errors
    /// [`NonFinite`] with the place.
    fn value(&mut self, x: &[T], batch: Batch<'_>) -> Result<f64, NonFinite>;

    /// The objective over the batch, with its gradient written to `out`.
    ///
    /// # Errors
    /// [`NonFinite`] with the place.
    fn gradient(&mut self, x: &[T], batch: Batch<'_>, out: &mut [T]) -> Result<f64, NonFinite>;

    /// The gradient as pairs of index and value, where the objective has it so; `None` otherwise.
    ///
    /// # Errors
    /// [`NonFinite`] with the place.
    fn sparse_gradient(
        &mut self,
        _x: &[T],
        _batch: Batch<'_>,
        _out: &mut SparseGradient<T>,
    ) -> Option<Result<f64, NonFinite>> {
        None
    }

    /// The evaluations so far.
    fn counts(&self) -> Evaluations;
}

/// Anything that moves x by asking an oracle. It pulls what it needs, so that sharpness-aware, look-ahead,
/// variance-reduced and line-search methods are all solvers.
pub trait Solver<T: Real> {
    /// One update.
    ///
    /// # Errors
    /// [`Stop`] with the reason; the parameters are then the last good ones.
    fn step(&mut self, oracle: &mut dyn Oracle<T>) -> Result<StepInfo, Stop>;

    /// The point to evaluate, save and predict with: the averaged, slow or plain parameters.
    fn eval_point(&self) -> &[T];

    /// Shows every piece of state to the visitor.
    fn visit(&mut self, state: &mut dyn StateVisitor);
}

/// A solver bound to what it minimizes: what the training loop steps, without knowing what it trains.
pub trait Iterate {
    /// One update; or many, where single ones cost less than the call: [`StepInfo::step`] then says how far it went.
    ///
    /// # Errors
    /// [`Stop`] with the reason; the parameters are then the last good ones.
    fn step(&mut self) -> Result<StepInfo, Stop>;

    /// The parameters to evaluate and save, widened to 64 bits, written to `out`.
    fn point(&self, out: &mut [f64]);

    /// The tensors of the parameters.
    fn layout(&self) -> &Layout;

    /// What can be proved about the current point. May cost a pass over the data.
    fn certificate(&mut self) -> Certificate;

    /// The evaluations so far.
    fn counts(&self) -> Evaluations;

    /// Shows every piece of state to the visitor. After a load the next [`step`](Iterate::step) is the one that would have followed.
    fn visit(&mut self, state: &mut dyn StateVisitor);

    /// Multiplies the learning rate of all later steps; false where the method has none to scale. The factor is part of the state.
    fn scale_lr(&mut self, _factor: f64) -> bool {
        false
    }

    /// Whether no step ever raises the objective, so that the last point is the best one and copies of it need not be kept.
    fn descends(&self) -> bool {
        false
    }

    /// Announces that no later call of [`step`](Iterate::step) may go beyond this number of completed updates. Only for methods
    /// that make many updates in one call; where such a call is cut changes nothing but what it reports.
    fn limit(&mut self, _step: u64) {}
}
