//! The linear family: losses of a linear predictor with L1 and L2 penalties.

pub mod certificate;
pub mod kernels;
mod loss;
mod objective;
mod problem;
mod solve;
mod sum;

pub use loss::{Hinge, Huber, Logistic, Loss, Poisson, Quantile, ScalarLoss, Squared, SquaredHinge};
pub use objective::{HESSIAN_LIMIT, LinearObjective};
pub use problem::LinearProblem;
pub use solve::{DeterministicRun, SolverChoice, auto};
pub use sum::LinearSum;
