//! Elementary functions for hot loops: the same bits on every processor, and code that vectorizes.

mod elementary;
mod log;
mod trig;

pub use elementary::{Elementary, ln, ln_1p};
pub use trig::sin_cos_turns;
