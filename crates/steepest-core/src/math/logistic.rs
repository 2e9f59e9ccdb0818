//! Functions made of exponentials: the logistic sigmoid, ln(1 + exp x) and the hyperbolic tangent.
//!
//! Where two forms are computed, `select_unpredictable` keeps the compiler from making a branch of the choice, which would
//! end the vector code. All go through exp(−|x|) or exp(±2|x|), which cannot overflow there, and keep the relative accuracy of small results.

use std::hint::select_unpredictable;

use super::exp::{exp_pair32, exp_pair64, exp32, exp64};
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
    let a = x.abs();
    // For small a, (e − 1)/(e + 1) with e = exp(2a), where e − 1 is computed as such; beyond, 1 − 2e/(1 + e) with e = exp(−2a).
    let near = a < 0.55;
    let (e, e_m1) = exp_pair64(select_unpredictable(near, 2.0 * a, -2.0 * a));
    let quotient = select_unpredictable(near, e_m1, 2.0 * e) / select_unpredictable(near, e_m1 + 2.0, e + 1.0);
    let value = select_unpredictable(near, quotient, 1.0 - quotient);
    // Where x³/3 is below the rounding, x itself: subnormal numbers have too few digits for the quotient.
    (if a < 5.55e-17 { a } else { value }).copysign(x)
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
    let a = x.abs();
    let near = a < 0.55;
    let (e, e_m1) = exp_pair32(select_unpredictable(near, 2.0 * a, -2.0 * a));
    let quotient = select_unpredictable(near, e_m1, 2.0 * e) / select_unpredictable(near, e_m1 + 2.0, e + 1.0);
    let value = select_unpredictable(near, quotient, 1.0 - quotient);
    // Where x³/3 is below the rounding, x itself: subnormal numbers have too few digits for the quotient.
    (if a < 2.9e-8 { a } else { value }).copysign(x)
}
