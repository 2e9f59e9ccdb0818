//! Deterministic solvers: they see an [`Objective`](steepest_core::Objective) as a whole and move its argument down.
//!
//! A descent is a [`Direction`] (where to go) with a [`Search`] (how far). [`Minimize`] drives any [`DeterministicSolver`] to an
//! end that it can explain.

mod base;
mod bfgs;
mod cholesky;
mod conjugate;
mod counted;
mod curvature;
mod descent;
mod fista;
mod function;
mod gauss_newton;
mod lbfgs;
mod levenberg;
mod minimize;
mod nesterov;
mod newton;
mod newton_cg;
mod orthogonal;
mod place;
mod registry;
mod rule;
mod search;
mod solver;
mod steepest;
mod trust_region;
mod vector;

pub use bfgs::Bfgs;
pub use cholesky::Cholesky;
pub use conjugate::{Beta, Conjugate};
pub use counted::{Budget, Counted};
pub use curvature::{CriticalPoint, Curvature, WHOLE, eigen, look};
pub use descent::{Aim, Descent, Direction};
pub use fista::Fista;
pub use function::Function;
pub use gauss_newton::GaussNewton;
pub use lbfgs::{Lbfgs, LimitedMemory};
pub use levenberg::LevenbergMarquardt;
pub use minimize::{Escape, Minimize, MinimizeError, Minimum, Observer, Progress};
pub use nesterov::Nesterov;
pub use newton::{ExactHessian, Modify, Newton};
pub use newton_cg::NewtonCg;
pub use place::{Accepted, Place, Ray, Trial};
pub use registry::{
    BoxedSolver, Choices, Needs, SOLVERS, STEP_WORDS, Setup, SolverEntry, SolverError, SolverSpec, TextOption,
    solver_entry,
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
