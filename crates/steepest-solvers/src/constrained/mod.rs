//! Minimization under equalities and inequalities: [`AugmentedLagrangian`].

mod lagrangian;
mod method;

pub use lagrangian::{Constraint, Sense};
pub use method::{AugmentedLagrangian, Price};
