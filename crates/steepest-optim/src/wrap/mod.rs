//! What wraps an optimizer instead of standing in its chain.

mod probe;
mod sam;

pub use probe::CurvatureProbe;
pub use sam::{SAM, Sam};
