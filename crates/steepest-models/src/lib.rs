//! Losses over data, scientific objectives and formulas of steepest.

pub mod linear;
pub mod online;
