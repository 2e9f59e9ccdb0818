//! Coordinate methods: one coordinate of the weights, or of the dual values, at a time; and methods that move by one row.

mod ascent;
mod columns;
mod dual;
mod face;
mod model;
mod primal;
mod quadratic;
mod rows;
mod variance;
mod working;

pub use dual::DualAscent;
pub use primal::PrimalDescent;
pub(super) use rows::row_squares;
pub use variance::{Reference, VarianceReduced};
