//! Deterministic solvers: they see an [`Objective`](steepest_core::Objective) as a whole and move its argument down.
//!
//! A descent is a [`Direction`] (where to go) with a [`Search`] (how far). [`Minimize`] drives any [`DeterministicSolver`] to an
//! end that it can explain.

mod base;
mod bfgs;
pub mod bounded;
mod cholesky;
mod conjugate;
pub mod constrained;
mod counted;
mod curvature;
mod descent;
pub mod flow;
mod function;
mod gauss_newton;
pub mod global;
#[cfg(test)]
mod joint;
mod lbfgs;
mod levenberg;
mod minimize;
mod nesterov;
mod newton;
mod newton_cg;
mod orthogonal;
mod place;
pub mod prox;
mod registry;
mod rule;
pub mod sampling;
mod search;
mod secant;
mod solver;
mod steepest;
mod trust_region;
mod vector;

pub use bfgs::Bfgs;
pub use bounded::LbfgsB;
pub use cholesky::Cholesky;
pub use conjugate::{Beta, Conjugate};
pub use counted::{Budget, Counted};
pub use curvature::{CriticalPoint, Curvature, WHOLE, eigen, look};
pub use descent::{Aim, Descent, Direction};
pub use function::Function;
pub use gauss_newton::GaussNewton;
pub use lbfgs::{Lbfgs, LimitedMemory};
pub use levenberg::LevenbergMarquardt;
pub use minimize::{Escape, Minimize, MinimizeError, Minimum, Observer, Progress};
pub use nesterov::Nesterov;
pub use newton::{ExactHessian, Modify, Newton};
pub use newton_cg::NewtonCg;
pub use place::{Accepted, Place, Ray, Trial};
pub use prox::Fista;
pub use registry::{
    BoxedSolver, Choices, Needs, SOLVERS, STEP_WORDS, Setup, SolverEntry, SolverError, SolverSpec, TextOption,
    keeps_bounds, solver_entry,
};
pub use rule::Rule;
pub use search::{Armijo, BarzilaiBorwein, Exact, Fixed, HagerZhang, Polyak, Search, StrongWolfe, Wolfe};
pub use solver::DeterministicSolver;
pub use steepest::{HeavyBall, Steepest};
pub use trust_region::{Subproblem, TrustRegion};
pub use vector::{dot, max_abs, norm};

use steepest_core::Stop;

pub(crate) fn non_finite(step: u64) -> impl Fn(steepest_core::NonFinite) -> Stop {
    move |cause| Stop::NonFinite { step, cause }
}
