//! Exponential and exp(x) − 1.
//!
//! x = n ln 2 + r with n the nearest integer and |r| ≤ ½ ln 2; exp r = 1 + r + r² Q(r) with Q a polynomial from
//! `reference/minimax.py`; then times 2ⁿ. n ln 2 is taken away in two parts, of which the product with the first is exact
//! (Cody and Waite, "Software manual for the elementary functions", 1980).

use super::log::{LN2_HI32, LN2_HI64, LN2_LO32, LN2_LO64};
use std::f32::consts::LOG2_E as LOG2_E32;
use std::f64::consts::LOG2_E as LOG2_E64;

/// (exp(r) − 1 − r)/r², weighted error 2⁻⁶¹·⁷.
const Q64: [f64; 11] = [
    0.5,
    0.16666666666666677,
    0.0416666666666667,
    0.008333333333321615,
    0.001388888888886685,
    0.00019841269886159305,
    2.480158736053516e-05,
    2.755724418118152e-06,
    2.7557242774927866e-07,
    2.5109045137912615e-08,
    2.092443930638661e-09,
];
/// The same for single precision, weighted error 2⁻³².
const Q32: [f32; 6] = [0.5, 0.16666667, 0.041666355, 0.008333273, 0.0013941008, 0.00019914171];

/// 1.5 · 2⁵²: adding it rounds to an integer, which then stands in the low bits.
const ROUND64: f64 = 6755399441055744.0;
/// 1.5 · 2²³.
const ROUND32: f32 = 12582912.0;

/// exp x in double precision.
#[inline(always)]
pub(super) fn exp64(x: f64) -> f64 {
    // Beyond these the result is ∞ or 0 anyway; NaN passes through both comparisons.
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let (n, r, c) = reduce64(x);
    scale64(1.0 + (r + (r * r * q64(r) + c)), n)
}

/// exp(x) − 1 in double precision.
#[inline(always)]
pub(super) fn exp_m1_64(x: f64) -> f64 {
    // Below 2⁻⁵⁴ the result is x itself, with its sign of zero.
    let (_, value) = exp_pair64(x);
    if x.abs() < 5.55e-17 { x } else { value }
}

/// (exp x, exp(x) − 1) in double precision; the first is e⁻⁴⁰ for smaller x, and the second has lost the sign of zero.
#[inline(always)]
pub(super) fn exp_pair64(x: f64) -> (f64, f64) {
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -40.0 { -40.0 } else { x };
    let (n, r, c) = reduce64(x);
    let rest = r * r * q64(r) + c;
    // 2ⁿ (exp r − 2⁻ⁿ), the large parts first. Beyond n = 60, 2⁻ⁿ is nothing, and below −1022 it is no normal number.
    let inverse = if x > 42.0 { 0.0 } else { f64::from_bits(1023u64.wrapping_sub(n) << 52) };
    (scale64(1.0 + (r + rest), n), scale64(((1.0 - inverse) + r) + rest, n))
}

/// n as the bits of an integer, r rounded, and what its rounding lost.
#[inline(always)]
fn reduce64(x: f64) -> (u64, f64, f64) {
    let shifted = x * LOG2_E64 + ROUND64;
    let n = shifted - ROUND64;
    let high = x - n * LN2_HI64;
    let low = n * LN2_LO64;
    let r = high - low;
    (shifted.to_bits().wrapping_sub(ROUND64.to_bits()), r, (high - r) - low)
}

#[inline(always)]
fn q64(r: f64) -> f64 {
    let z = r * r;
    let even = Q64[0] + z * (Q64[2] + z * (Q64[4] + z * (Q64[6] + z * (Q64[8] + z * Q64[10]))));
    let odd = Q64[1] + z * (Q64[3] + z * (Q64[5] + z * (Q64[7] + z * Q64[9])));
    even + r * odd
}

/// 2ⁿ y by two factors, of which each is a normal number; the only rounding is at the end, where the result is subnormal.
#[inline(always)]
fn scale64(y: f64, n: u64) -> f64 {
    // Half of n rounded down, plus 1024: a shift without sign, which every instruction set has.
    let half = n.wrapping_add(2048) >> 1;
    let first = f64::from_bits(half.wrapping_sub(1) << 52);
    let second = f64::from_bits(n.wrapping_sub(half).wrapping_add(2047) << 52);
    y * first * second
}

/// exp x in single precision.
#[inline(always)]
pub(super) fn exp32(x: f32) -> f32 {
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -104.0 { -104.0 } else { x };
    let (n, r, c) = reduce32(x);
    scale32(1.0 + (r + (r * r * q32(r) + c)), n)
}

/// exp(x) − 1 in single precision; the steps are those of [`exp_m1_64`].
#[inline(always)]
pub(super) fn exp_m1_32(x: f32) -> f32 {
    let (_, value) = exp_pair32(x);
    if x.abs() < 2.9e-8 { x } else { value }
}

/// (exp x, exp(x) − 1) in single precision; the first is e⁻²⁰ for smaller x, and the second has lost the sign of zero.
#[inline(always)]
pub(super) fn exp_pair32(x: f32) -> (f32, f32) {
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -20.0 { -20.0 } else { x };
    let (n, r, c) = reduce32(x);
    let rest = r * r * q32(r) + c;
    let inverse = if x > 21.0 { 0.0 } else { f32::from_bits(127u32.wrapping_sub(n) << 23) };
    (scale32(1.0 + (r + rest), n), scale32(((1.0 - inverse) + r) + rest, n))
}

#[inline(always)]
fn reduce32(x: f32) -> (u32, f32, f32) {
    let shifted = x * LOG2_E32 + ROUND32;
    let n = shifted - ROUND32;
    let high = x - n * LN2_HI32;
    let low = n * LN2_LO32;
    let r = high - low;
    (shifted.to_bits().wrapping_sub(ROUND32.to_bits()), r, (high - r) - low)
}

#[inline(always)]
fn q32(r: f32) -> f32 {
    Q32[0] + r * (Q32[1] + r * (Q32[2] + r * (Q32[3] + r * (Q32[4] + r * Q32[5]))))
}

#[inline(always)]
fn scale32(y: f32, n: u32) -> f32 {
    let half = n.wrapping_add(512) >> 1;
    let first = f32::from_bits(half.wrapping_sub(129) << 23);
    let second = f32::from_bits(n.wrapping_sub(half).wrapping_add(383) << 23);
    y * first * second
}
