//! Readers, encoders, splits and matrices of steepest.

mod matrix;
mod table;

pub use matrix::{Dense, Matrix, Sparse, Values};
pub use table::{Column, MISSING, Table};
