//! Functions made of exponentials: the logistic sigmoid, ln(1 + exp x) and the hyperbolic tangent.
//!
//! All go through exp(−|x|) or exp(−2|x|) − 1, which never overflow and keep the relative accuracy of small results.

use super::exp::{exp_m1_32, exp_m1_64, exp32, exp64};
use super::log::{ln_1p_unit32, ln_1p_unit64};

/// (ln(1 + eˣ), 1/(1 + e⁻ˣ)) in double precision.
#[inline(always)]
pub(super) fn logistic64(x: f64) -> (f64, f64) {
    let e = exp64(-x.abs());
    let positive = if x > 0.0 { x } else { 0.0 };
    let numerator = if x >= 0.0 { 1.0 } else { e };
    (positive + ln_1p_unit64(e), numerator / (1.0 + e))
}

/// tanh x in double precision.
#[inline(always)]
pub(super) fn tanh64(x: f64) -> f64 {
    let e = exp_m1_64(-2.0 * x.abs());
    (-e / (e + 2.0)).copysign(x)
}

/// (ln(1 + eˣ), 1/(1 + e⁻ˣ)) in single precision.
#[inline(always)]
pub(super) fn logistic32(x: f32) -> (f32, f32) {
    let e = exp32(-x.abs());
    let positive = if x > 0.0 { x } else { 0.0 };
    let numerator = if x >= 0.0 { 1.0 } else { e };
    (positive + ln_1p_unit32(e), numerator / (1.0 + e))
}

/// tanh x in single precision.
#[inline(always)]
pub(super) fn tanh32(x: f32) -> f32 {
    let e = exp_m1_32(-2.0 * x.abs());
    (-e / (e + 2.0)).copysign(x)
}
