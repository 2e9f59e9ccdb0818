//! The linear family: losses of a linear predictor with L1 and L2 penalties.

pub mod certificate;
mod choice;
mod coordinate;
mod dual_newton;
mod inference;
mod interior;
pub mod kernels;
mod loss;
mod objective;
mod problem;
pub mod rows;
mod sampled;
mod semismooth;
mod separation;
mod solve;
mod sum;

pub use choice::{SolverChoice, auto};
pub use coordinate::{DualAscent, PrimalDescent, Reference, VarianceReduced};
pub use dual_newton::DualNewton;
pub use inference::{Estimate, Inference, NoInference};
pub use interior::InteriorPoint;
pub(crate) use loss::with_loss;
pub use loss::{Hinge, Huber, Logistic, Loss, Poisson, Quantile, ScalarLoss, Squared, SquaredHinge};
pub use objective::{HESSIAN_LIMIT, LinearObjective};
pub use problem::LinearProblem;
pub use sampled::SampledNewton;
pub use semismooth::SemismoothNewton;
pub use solve::DeterministicRun;
pub use sum::LinearSum;
