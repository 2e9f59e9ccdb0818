//! Flat vectors, layouts, objectives, ordered reduction and random streams of steepest.

mod flat;
mod layout;
mod real;

pub use flat::{Flat, flat_from, flat_zeros};
pub use layout::{Layout, LayoutError, Role, Segment};
pub use real::Real;
