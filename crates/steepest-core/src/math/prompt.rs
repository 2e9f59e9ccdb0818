//! The logistic function for a loop that waits for it.
//!
//! The other functions are made for vectors, where what counts is the number of operations. Where the next argument depends on the last
//! result, the longest chain of operations counts instead: with a table of 64 powers of two the polynomial, and with it
//! the chain, is shorter than that of [`sigmoid`](super::sigmoid). A loop over a slice does not become vector code.

use std::f64::consts::LN_2;

/// 1.5 · 2⁵²: adding it rounds to an integer, which then stands in the low bits.
const ROUND: f64 = 6755399441055744.0;
const STEPS: usize = 64;
const PER_STEP: f64 = LN_2 / STEPS as f64;
const STEPS_PER_UNIT: f64 = STEPS as f64 / LN_2;

/// The bits of 2^(−j/64), rounded to nearest (from 60 decimal digits).
#[rustfmt::skip]
const POWERS: [u64; STEPS] = [
    0x3ff0_0000_0000_0000, 0x3fef_a7c1_819e_90d8, 0x3fef_5076_5b6e_4540, 0x3fee_fa1b_ee61_5a27,
    0x3fee_a4af_a2a4_90da, 0x3fee_502e_e78b_3ff6, 0x3fed_fc97_337b_9b5f, 0x3fed_a9e6_03db_3285,
    0x3fed_5818_dcfb_a487, 0x3fed_072d_4a07_897c, 0x3fec_b720_dcef_9069, 0x3fec_67f1_2e57_d14b,
    0x3fec_199b_dd85_529c, 0x3feb_cc1e_904b_c1d2, 0x3feb_7f76_f2fb_5e47, 0x3feb_33a2_b84f_15fb,
    0x3fea_e89f_995a_d3ad, 0x3fea_9e6b_5579_fdbf, 0x3fea_5503_b23e_255d, 0x3fea_0c66_7b5d_e565,
    0x3fe9_c491_82a3_f090, 0x3fe9_7d82_9fde_4e50, 0x3fe9_3737_b0cd_c5e5, 0x3fe8_f1ae_9915_7736,
    0x3fe8_ace5_422a_a0db, 0x3fe8_68d9_9b44_92ed, 0x3fe8_2589_994c_ce13, 0x3fe7_e2f3_36cf_4e62,
    0x3fe7_a114_73eb_0187, 0x3fe7_5feb_5642_67c9, 0x3fe7_1f75_e8ec_5f74, 0x3fe6_dfb2_3c65_1a2f,
    0x3fe6_a09e_667f_3bcd, 0x3fe6_6238_8255_2225, 0x3fe6_247e_b03a_5585, 0x3fe5_e76f_15ad_2148,
    0x3fe5_ab07_dd48_5429, 0x3fe5_6f47_36b5_27da, 0x3fe5_342b_569d_4f82, 0x3fe4_f9b2_769d_2ca7,
    0x3fe4_bfda_d536_2a27, 0x3fe4_86a2_b5c1_3cd0, 0x3fe4_4e08_6061_892d, 0x3fe4_160a_21f7_2e2a,
    0x3fe3_dea6_4c12_3422, 0x3fe3_a7db_34e5_9ff7, 0x3fe3_71a7_373a_a9cb, 0x3fe3_3c08_b264_16ff,
    0x3fe3_06fe_0a31_b715, 0x3fe2_d285_a6e4_030b, 0x3fe2_9e9d_f51f_dee1, 0x3fe2_6b45_65e2_7cdd,
    0x3fe2_387a_6e75_6238, 0x3fe2_063b_8862_8cd6, 0x3fe1_d487_3168_b9aa, 0x3fe1_a35b_eb6f_cb75,
    0x3fe1_72b8_3c7d_517b, 0x3fe1_429a_aea9_2de0, 0x3fe1_1301_d012_5b51, 0x3fe0_e3ec_32d3_d1a2,
    0x3fe0_b558_6cf9_890f, 0x3fe0_8745_1875_9bc8, 0x3fe0_59b0_d315_8574, 0x3fe0_2c9a_3e77_8061,
];

/// The logistic function 1/(1 + e⁻ˣ) of one number, by a short chain of operations. Relative error at most (2|x| + 3)·2⁻⁵³; below
/// x = −708 the result is that at −708, 3·10⁻³⁰⁸; NaN passes through.
///
/// ```
/// use steepest_core::math::{sigmoid, sigmoid_prompt};
/// assert!((sigmoid_prompt(1.5) - sigmoid(1.5)).abs() < 1e-15);
/// ```
#[inline(always)]
pub fn sigmoid_prompt(x: f64) -> f64 {
    let size = x.abs();
    let size = if size > 708.0 { 708.0 } else { size };
    // e^−|x| = 2^(−n/64) e^−r, with |r| ≤ ln 2/128.
    let shifted = size * STEPS_PER_UNIT + ROUND;
    let n = shifted.to_bits().wrapping_sub(ROUND.to_bits());
    let r = (shifted - ROUND) * PER_STEP - size;
    let bits = POWERS[n as usize % STEPS];
    // Its exponent falls by n/64 whole steps; a NaN has made n anything, and then r is NaN.
    let power = f64::from_bits(bits.wrapping_sub((n / STEPS as u64) << 52));
    let z = r * r;
    let rest = r + z * ((0.5 + r * (1.0 / 6.0)) + z * (1.0 / 24.0 + r * (1.0 / 120.0)));
    let e = power + power * rest;
    let numerator = if x >= 0.0 { 1.0 } else { e };
    numerator / (1.0 + e)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::sigmoid;

    #[test]
    fn it_is_the_logistic_function() {
        let mut worst: f64 = 0.0;
        for k in -2_000_000..=2_000_000 {
            let x = k as f64 * 3.53e-4;
            let (found, exact) = (sigmoid_prompt(x), sigmoid(x));
            // `sigmoid` itself is right to 2.3 units.
            let allowed = (2.0 * x.abs() + 6.0) * 1.11e-16;
            let error = ((found - exact) / exact).abs();
            worst = worst.max(error / allowed);
            assert!(error <= allowed, "{x}: {found} {exact}");
        }
        assert!(worst > 0.2, "the bound says little: {worst}");
    }

    #[test]
    fn ends_and_nan() {
        assert_eq!(sigmoid_prompt(0.0), 0.5);
        assert_eq!(sigmoid_prompt(-0.0), 0.5);
        assert_eq!(sigmoid_prompt(40.0), 1.0);
        assert_eq!(sigmoid_prompt(f64::INFINITY), 1.0);
        assert!(sigmoid_prompt(f64::NEG_INFINITY) < 4e-308);
        assert!(sigmoid_prompt(f64::NAN).is_nan());
        assert!(sigmoid_prompt(1e-300) == 0.5 && sigmoid_prompt(-5e-324) == 0.5);
    }
}
