//! Minimization under equalities and inequalities: [`AugmentedLagrangian`].

mod lagrangian;
mod method;
mod tangent;

pub use lagrangian::{Constraint, Sense};
pub use method::{AugmentedLagrangian, Price};
