//! Elementary functions for hot loops: the same bits on every processor, and code that vectorizes.
//!
//! Each is plain arithmetic without branches, calls or contracted products, inlined where it is used: a loop over a slice becomes
//! vector code, and every instruction set gives the same bits (which the system's library does not promise). The slice
//! forms run by [`Isa::detect`](crate::isa::Isa::detect); in a loop of your own, call the functions inside a
//! [`Kernel`](crate::isa::Kernel), directly and not through a closure.
//!
//! The largest errors found by `reference/ulp.py` against 40 digits, on 2·10⁵ arguments a function, in units in the last
//! place of the result (0.5 is the best possible; the tests hold them to these bounds within a few tenths):
//!
//! | | `exp` | `exp_m1` | `ln` | `ln_1p` | `log1p_exp` | `sigmoid` | `tanh` | `erf` | `sin_cos_turns` |
//! |---|---|---|---|---|---|---|---|---|---|
//! | `f64` | 0.9 | 1.3 | 0.8 | 0.8 | 1.5 | 2.3 | 2.4 | 1.1 | 1.9 |
//! | `f32` | 0.9 | 1.2 | 0.8 | 0.9 | 1.5 | 2.2 | 2.3 | 1.4 | – |
//!
//! All take ±∞, NaN, both zeros and subnormal numbers as the exact functions do. [`sigmoid_prompt`] alone is made for single numbers
//! and is less exact.
//!
//! Generic code must call them as `math::exp(x)`: on a concrete `f64`, `x.exp()` is the standard library's.

mod elementary;
mod erf;
mod exp;
mod log;
mod logistic;
mod prompt;
mod slices;
mod trig;

pub use elementary::{Elementary, erf, exp, exp_m1, ln, ln_1p, log1p_exp, log1p_exp_and_sigmoid, sigmoid, tanh};
pub use prompt::sigmoid_prompt;
pub use slices::{
    erf_slice, exp_m1_slice, exp_slice, ln_1p_slice, ln_slice, log1p_exp_slice, logsumexp, sigmoid_slice, softmax,
    tanh_slice,
};
pub use trig::sin_cos_turns;
