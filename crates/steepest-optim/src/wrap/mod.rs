//! What wraps an optimizer instead of standing in its chain.

mod sam;

pub use sam::{SAM, Sam};
