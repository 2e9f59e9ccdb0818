//! Sine and cosine of an angle given in turns: what Box–Muller and rotations need.
//!
//! In turns the reduction to an eighth of a turn is exact for every argument, which radians never give. On [−π/4, π/4] sine
//! and cosine are polynomials; the coefficients are from `reference/minimax.py`.

/// (sin(x)/x − 1)/z in z = x², weighted error 2⁻⁵⁸.
const SIN: [f64; 6] = [
    -0.16666666666666632,
    0.008333333333322413,
    -0.00019841269829807837,
    2.755731369192769e-06,
    -2.5050758116643418e-08,
    1.5896795725295123e-10,
];
/// (cos(x) − 1 + z/2)/z², weighted error 2⁻⁶⁴.
const COS: [f64; 6] = [
    0.0416666666666666,
    -0.0013888888888874125,
    2.4801587289482147e-05,
    -2.7557314352321965e-07,
    2.0875723271765653e-09,
    -1.1359647727892745e-11,
];
/// 1.5 · 2⁵²: adding it rounds to an integer, which then stands in the low bits.
const ROUND: f64 = 6755399441055744.0;

/// (sin 2πu, cos 2πu) for |u| ≤ 2⁴⁸, NaN beyond; largest error found 1.9 ulp.
///
/// ```
/// use steepest_core::math::sin_cos_turns;
/// assert_eq!(sin_cos_turns(0.25), (1.0, 0.0));
/// let (s, c) = sin_cos_turns(1.0 / 8.0);
/// assert!((s - 0.5f64.sqrt()).abs() < 2e-16 && (c - 0.5f64.sqrt()).abs() < 2e-16);
/// ```
#[inline(always)]
pub fn sin_cos_turns(u: f64) -> (f64, f64) {
    let u = if u.abs() <= 281474976710656.0 { u } else { f64::NAN };
    let t = 4.0 * u;
    let shifted = t + ROUND;
    let quadrant = shifted.to_bits();
    let x = (t - (shifted - ROUND)) * std::f64::consts::FRAC_PI_2;
    let z = x * x;
    let s = x + x * z * (SIN[0] + z * (SIN[1] + z * (SIN[2] + z * (SIN[3] + z * (SIN[4] + z * SIN[5])))));
    // 1 − z/2 with what its rounding loses.
    let h = 0.5 * z;
    let w = 1.0 - h;
    let c = w
        + (((1.0 - w) - h) + z * z * (COS[0] + z * (COS[1] + z * (COS[2] + z * (COS[3] + z * (COS[4] + z * COS[5]))))));
    let odd = quadrant & 1 != 0;
    let (sin, cos) = if odd { (c, s) } else { (s, c) };
    let sin_sign = (quadrant & 2) << 62;
    let cos_sign = (quadrant.wrapping_add(1) & 2) << 62;
    // Adding 0 turns −0 into 0, so that quarter turns give plain zeros.
    (f64::from_bits(sin.to_bits() ^ sin_sign) + 0.0, f64::from_bits(cos.to_bits() ^ cos_sign) + 0.0)
}
