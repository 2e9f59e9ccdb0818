//! The error function.
//!
//! For |x| < 1, erf x = x + x P(x²); beyond, 1 − exp(L(|x|)) with L a polynomial for ln erfc, fitted with the weight erfc so that
//! its error counts as it does in the result. Both are computed and one is chosen, without a branch, so that lanes never part. The
//! coefficients are from `reference/minimax.py`.

use std::hint::select_unpredictable;

use super::exp::{exp32, exp64};

/// erf(x)/x − 1 in x², weighted error 2⁻⁶²·⁷.
const SMALL64: [f64; 13] = [
    0.1283791670955126,
    -0.3761263890318375,
    0.11283791670954857,
    -0.026866170645072896,
    0.005223977624780864,
    -0.0008548326978742073,
    0.00012055331036895284,
    -1.492559350679061e-05,
    1.646097281545626e-06,
    -1.6350025206215847e-07,
    1.4657879733255431e-08,
    -1.1365665549352247e-09,
    5.945261070420991e-11,
];
/// ln erfc on [1, 6], error in erf 2⁻⁵⁷.
const LARGE64: [f64; 18] = [
    -5.132369390637237e-07,
    -1.1283739917504727,
    -0.6366440549402285,
    -0.10270229019592705,
    0.018988042720202134,
    0.0004135357051101226,
    -0.0019189448010197424,
    0.0007730424738691921,
    -0.00013655383825459226,
    -1.952397218809836e-05,
    2.2533318396996647e-05,
    -8.578917515109204e-06,
    2.114831726755434e-06,
    -3.695710324555391e-07,
    4.593392749032493e-08,
    -3.890076219541629e-09,
    2.0203770957782872e-10,
    -4.865188296302495e-12,
];
/// The same for single precision, weighted error 2⁻²⁹·⁶.
const SMALL32: [f32; 7] =
    [0.12837917, -0.37612626, 0.112835854, -0.026853811, 0.0051883277, -0.00080101937, 7.853861e-05];
/// ln erfc on [1, 4], error in erf 2⁻³⁵.
const LARGE32: [f32; 8] =
    [0.00018803611, -1.1295784, -0.6332199, -0.10841854, 0.025208237, -0.0042045545, 0.000441335, -2.1686737e-05];

/// erf x in double precision.
#[inline(always)]
pub(super) fn erf64(x: f64) -> f64 {
    // From 6 on the result is 1; NaN passes through.
    let a = if x.abs() > 6.0 { 6.0 } else { x.abs() };
    let z = a * a;
    let w = z * z;
    let p = &SMALL64;
    let even = p[0] + w * (p[2] + w * (p[4] + w * (p[6] + w * (p[8] + w * (p[10] + w * p[12])))));
    let odd = p[1] + w * (p[3] + w * (p[5] + w * (p[7] + w * (p[9] + w * p[11]))));
    let small = a + a * (even + z * odd);

    let q = &LARGE64;
    let even =
        q[0] + z * (q[2] + z * (q[4] + z * (q[6] + z * (q[8] + z * (q[10] + z * (q[12] + z * (q[14] + z * q[16])))))));
    let odd =
        q[1] + z * (q[3] + z * (q[5] + z * (q[7] + z * (q[9] + z * (q[11] + z * (q[13] + z * (q[15] + z * q[17])))))));
    let l = even + a * odd;
    let large = 1.0 - exp64(l);
    select_unpredictable(a < 1.0, small, large).copysign(x)
}

/// erf x in single precision.
#[inline(always)]
pub(super) fn erf32(x: f32) -> f32 {
    let a = if x.abs() > 4.0 { 4.0 } else { x.abs() };
    let z = a * a;
    let p = &SMALL32;
    let p = p[0] + z * (p[1] + z * (p[2] + z * (p[3] + z * (p[4] + z * (p[5] + z * p[6])))));
    let small = a + a * p;
    let q = &LARGE32;
    let l = q[0] + a * (q[1] + a * (q[2] + a * (q[3] + a * (q[4] + a * (q[5] + a * (q[6] + a * q[7]))))));
    let large = 1.0 - exp32(l);
    select_unpredictable(a < 1.0, small, large).copysign(x)
}
