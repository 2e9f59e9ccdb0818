//! Potential energies of particles: clusters under a pair potential, charges on springs.
//!
//! The coordinates are those of one particle after another, x₁ y₁ z₁ x₂ y₂ z₂ …; energies and lengths are in units of the pair
//! potential's well and of its natural length. Value and gradient are direct sums over all pairs, O(N²), Hessian and
//! Hessian-vector products are exact.
//!
//! ```
//! use steepest_core::Objective;
//! use steepest_functions::energies::Cluster;
//!
//! let mut pair = Cluster::lennard_jones(2);
//! let apart = 2f64.powf(1.0 / 6.0);
//! let energy = pair.at(&[0.0, 0.0, 0.0, apart, 0.0, 0.0]).unwrap();
//! assert!((energy + 1.0).abs() < 1e-15);
//! ```

mod bonded;
mod cluster;
mod minima;
mod pair;
mod spread;
#[cfg(test)]
mod tests;

pub use bonded::{Bond, Bonded, chain_of_ions};
pub use cluster::Cluster;
pub use minima::LENNARD_JONES_MINIMA;
pub use pair::PairPotential;
pub use spread::spread;
