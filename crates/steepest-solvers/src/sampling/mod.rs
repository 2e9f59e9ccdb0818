//! Sampling from the Gibbs distribution p(x) ∝ exp(−J(x)/T) by Langevin dynamics: [`Sampler`].
//!
//! Chains are independent functions of (seed, chain number): they run on any number of threads with the same bits.
//! [`Chains::summary`] tells means, variances, effective sample sizes and R̂.

mod chains;
mod diagnostics;
mod dual_averaging;
mod langevin;
mod walk;

pub use chains::{Chain, Chains, Marginal};
pub use diagnostics::{effective_sample_size, rank_rhat, split_rhat};
pub use langevin::{Method, Sampler, SamplingError};
