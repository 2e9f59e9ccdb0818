//! The linear family: losses of a linear predictor with L1 and L2 penalties.

pub mod kernels;
mod loss;
mod problem;

pub use loss::{Hinge, Huber, Logistic, Loss, Poisson, Quantile, ScalarLoss, Squared, SquaredHinge};
pub use problem::LinearProblem;
