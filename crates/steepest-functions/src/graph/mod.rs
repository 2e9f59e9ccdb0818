//! Expressions recorded once, evaluated and differentiated many times.
//!
//! A [`Builder`] hands out [`Expr`]s; arithmetic on them records operations. [`Builder::finish`] compacts what the result needs
//! into a [`Graph`], and a [`Function`] is a graph with the memory to evaluate it: value, gradient (one reverse sweep),
//! Hessian-vector products (forward over reverse), Hessian and Jacobian, all exact up to rounding.
//!
//! # Kinks
//!
//! Where an operation has no derivative the following stands in for it; every one is an element of the (Clarke)
//! subdifferential, and second derivatives there are 0:
//!
//! | operation | at | slope |
//! |---|---|---|
//! | `abs`, `hypot`, root of a sum of squares | 0 | 0 |
//! | `max`, `min` | a tie | that of the first operand |
//! | `sign`, `floor`, `ceil`, `round`, comparisons | everywhere | 0 |
//! | `atan2` | (0, 0) | 0 |
//!
//! A plain `sqrt` or `cbrt` at 0 has an infinite slope, and says so.
//!
//! # Cost
//!
//! A value is one pass over the operations, a gradient one more, a Hessian-vector product two more. No evaluation allocates
//! after the first of its kind. Operations lie in blocks that fit the first-level cache, sorted inside a block so that equal
//! operations stand together.

mod arithmetic;
mod builder;
mod expr;
mod function;
mod gamma;
mod op;
mod sweep;
mod tape;

#[cfg(test)]
mod tests;

pub use builder::Builder;
pub use expr::{Expr, Operand};
pub use function::Function;
pub use tape::Graph;
