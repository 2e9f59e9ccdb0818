//! Leaving local minima and saddles.
//!
//! - [`BasinHopping`] jumps from minimum to minimum, with [`Moves`] of single variables ([`Displacement`]) or made for clusters of
//!   atoms ([`ClusterMoves`]); [`hop_in_parallel`] runs several chains whose result does not depend on the number of threads.
//! - [`RandomRestarts`] minimizes from many starts and counts the minima it meets.
//! - [`Annealing`] cools a random walk.
//! - [`PerturbedDescent`] is gradient descent that shakes itself free of saddles.

mod annealing;
mod basin_hopping;
mod cluster_moves;
mod displacement;
mod parallel;
mod perturbed;
mod quench;
mod restarts;
mod sites;

pub use annealing::Annealing;
pub use basin_hopping::BasinHopping;
pub use cluster_moves::ClusterMoves;
pub use displacement::{Displacement, Moves};
pub use parallel::{Found, hop_in_parallel};
pub use perturbed::PerturbedDescent;
pub use restarts::{Known, RandomRestarts};
