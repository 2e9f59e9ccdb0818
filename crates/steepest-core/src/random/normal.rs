//! Standard normal numbers by Box and Muller's transform.
//!
//! √(−2 ln u) (cos 2πv, sin 2πv) with u in (0, 1] and v in [0, 1), both of 53 bits. G. Box and M. Muller, Annals of Mathematical
//! Statistics 29, 1958, doi:10.1214/aoms/1177706645. Logarithm, sine and cosine are our own and the square root is correctly
//! rounded, so that the bits are the same everywhere. The error of a value is at most 3 ulp; the largest is 8.57.

use super::stream::{half_open_at_zero, unit};
use crate::math::{ln, sin_cos_turns};

/// Two independent normal numbers from 128 random bits.
#[inline(always)]
pub(super) fn normal_pair(a: u64, b: u64) -> (f64, f64) {
    let radius = (-2.0 * ln(half_open_at_zero(a))).abs().sqrt();
    let (sin, cos) = sin_cos_turns(unit::<f64>(b));
    (radius * cos, radius * sin)
}
