//! Natural logarithm and ln(1 + x).
//!
//! x = 2ᵏ m with m in [√½, √2), f = m − 1, s = f / (2 + f). Then ln m = 2 atanh s = f − (h − s (h + R(s²))) with h = f²/2:
//! the largest term, f, enters exactly. ln x = k ln 2 + ln m, with ln 2 in two parts of which k times the first is exact.
//! The scheme is that of FDLIBM's `log` (Sun Microsystems, 1993, netlib.org/fdlibm); the coefficients of R are our own, from
//! `reference/minimax.py`.

/// ln 2 cut to 32 bits, so that k times it is exact, and the rest.
pub(super) const LN2_HI64: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
pub(super) const LN2_LO64: f64 = 1.908_214_929_270_587_7e-10;
/// The same for single precision: 355/512.
pub(super) const LN2_HI32: f32 = 355.0 / 512.0;
pub(super) const LN2_LO32: f32 = -2.121_944_4e-4;

/// (2 atanh(s)/s − 2)/z in z = s², weighted error 2⁻⁵⁹·⁵.
const R64: [f64; 7] = [
    0.6666666666666734,
    0.39999999999413965,
    0.28571428742562055,
    0.22222198553793224,
    0.18183565406884677,
    0.15314021127324737,
    0.1479626108799503,
];
/// The same for single precision, weighted error 2⁻³⁰.
const R32: [f32; 3] = [0.66666776, 0.39977533, 0.29871997];

const ONE64: u64 = 0x3ff0_0000_0000_0000;
const SQRT_HALF64: u64 = 0x3fe6_a09e_667f_3bcd;
const ONE32: u32 = 0x3f80_0000;
const SQRT_HALF32: u32 = 0x3f35_04f3;

/// ln x in double precision.
#[inline(always)]
pub(super) fn ln64(x: f64) -> f64 {
    // Subnormal numbers are brought into the normal range first.
    let tiny = x < f64::MIN_POSITIVE;
    let y = if tiny { x * 18014398509481984.0 } else { x };
    let shift = if tiny { 54.0 } else { 0.0 };
    let (m, k) = split64(y);
    let value = ln_of_parts64(m, k - shift, 0.0);
    finish64(x, x, value)
}

/// ln(1 + x) in double precision.
#[inline(always)]
pub(super) fn ln_1p64(x: f64) -> f64 {
    let u = 1.0 + x;
    // What the rounding of 1 + x lost, exactly (Knuth's two-sum).
    let back = u - 1.0;
    let lost = (1.0 - (u - back)) + (x - back);
    let value = ln_of_sum64(u, lost);
    // Below 2⁻⁵⁴ the result is x itself, with its sign of zero.
    let value = if x.abs() < 5.55e-17 { x } else { value };
    finish64(u, x, value)
}

/// ln(1 + e) for e in [0, 1], NaN for NaN: what is needed behind exp(−|x|).
#[inline(always)]
pub(super) fn ln_1p_unit64(e: f64) -> f64 {
    let u = 1.0 + e;
    ln_of_sum64(u, e - (u - 1.0))
}

/// ln(u + lost) for normal u and |lost| at most half an ulp of it.
#[inline(always)]
fn ln_of_sum64(u: f64, lost: f64) -> f64 {
    let (m, k) = split64(u);
    // In units of m the loss is 2⁻ᵏ lost, and changes the logarithm by c = 2⁻ᵏ lost / m.
    let scale = f64::from_bits(ONE64.wrapping_add(m.to_bits()).wrapping_sub(u.to_bits()));
    // Beyond 2⁶⁰ the loss is nothing, and 2⁻ᵏ may not be a normal number.
    let lost = lost * if u < 1152921504606846976.0 { scale } else { 0.0 };
    let f = m - 1.0;
    // 1/m to one percent is enough for a term this small.
    let c = lost * (1.0 - f * (1.0 - f * (1.0 - 0.75 * f)));
    ln_of_parts64(m, k, c)
}

/// u = 2ᵏ m with m in [√½, √2), for positive normal u.
#[inline(always)]
fn split64(u: f64) -> (f64, f64) {
    let bits = u.to_bits().wrapping_add(ONE64 - SQRT_HALF64);
    let m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) + SQRT_HALF64);
    // The biased exponent as a number: in the low bits of 2⁵², which is then taken away.
    let k = f64::from_bits((bits >> 52) | 0x4330_0000_0000_0000) - (4503599627370496.0 + 1023.0);
    (m, k)
}

/// k ln 2 + ln m + c.
#[inline(always)]
fn ln_of_parts64(m: f64, k: f64, c: f64) -> f64 {
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let odd = R64[1] + w * (R64[3] + w * R64[5]);
    let even = R64[0] + w * (R64[2] + w * (R64[4] + w * R64[6]));
    let r = z * (even + z * odd);
    let h = 0.5 * f * f;
    k * LN2_HI64 - ((h - (s * (h + r) + (k * LN2_LO64 + c))) - f)
}

/// Puts the special values in: `u` is the argument of the logarithm, `x` what the caller was given.
#[inline(always)]
fn finish64(u: f64, x: f64, value: f64) -> f64 {
    let value = if u < f64::INFINITY { value } else { x };
    let value = if u == 0.0 { f64::NEG_INFINITY } else { value };
    if u < 0.0 { f64::NAN } else { value }
}

/// ln x in single precision.
#[inline(always)]
pub(super) fn ln32(x: f32) -> f32 {
    let tiny = x < f32::MIN_POSITIVE;
    let y = if tiny { x * 33554432.0 } else { x };
    let shift = if tiny { 25.0 } else { 0.0 };
    let (m, k) = split32(y);
    let value = ln_of_parts32(m, k - shift, 0.0);
    finish32(x, x, value)
}

/// ln(1 + x) in single precision; the steps are those of [`ln_1p64`].
#[inline(always)]
pub(super) fn ln_1p32(x: f32) -> f32 {
    let u = 1.0 + x;
    let back = u - 1.0;
    let lost = (1.0 - (u - back)) + (x - back);
    let value = ln_of_sum32(u, lost);
    let value = if x.abs() < 2.9e-8 { x } else { value };
    finish32(u, x, value)
}

/// ln(1 + e) for e in [0, 1], NaN for NaN: what is needed behind exp(−|x|).
#[inline(always)]
pub(super) fn ln_1p_unit32(e: f32) -> f32 {
    let u = 1.0 + e;
    ln_of_sum32(u, e - (u - 1.0))
}

/// ln(u + lost) for normal u and |lost| at most half an ulp of it.
#[inline(always)]
fn ln_of_sum32(u: f32, lost: f32) -> f32 {
    let (m, k) = split32(u);
    let scale = f32::from_bits(ONE32.wrapping_add(m.to_bits()).wrapping_sub(u.to_bits()));
    let lost = lost * if u < 1073741824.0 { scale } else { 0.0 };
    let f = m - 1.0;
    let c = lost * (1.0 - f * (1.0 - f * (1.0 - 0.75 * f)));
    ln_of_parts32(m, k, c)
}

#[inline(always)]
fn split32(u: f32) -> (f32, f32) {
    let bits = u.to_bits().wrapping_add(ONE32 - SQRT_HALF32);
    let m = f32::from_bits((bits & 0x007f_ffff) + SQRT_HALF32);
    let k = f32::from_bits((bits >> 23) | 0x4b00_0000) - (8388608.0 + 127.0);
    (m, k)
}

#[inline(always)]
fn ln_of_parts32(m: f32, k: f32, c: f32) -> f32 {
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let r = z * (R32[0] + z * (R32[1] + z * R32[2]));
    let h = 0.5 * f * f;
    k * LN2_HI32 - ((h - (s * (h + r) + (k * LN2_LO32 + c))) - f)
}

#[inline(always)]
fn finish32(u: f32, x: f32, value: f32) -> f32 {
    let value = if u < f32::INFINITY { value } else { x };
    let value = if u == 0.0 { f32::NEG_INFINITY } else { value };
    if u < 0.0 { f32::NAN } else { value }
}
