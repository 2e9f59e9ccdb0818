//! Smooth functions under bounds l ≤ x ≤ u: [`LbfgsB`].

mod cauchy;
mod compact;
mod lbfgsb;
mod line;
mod subspace;

pub use lbfgsb::LbfgsB;
