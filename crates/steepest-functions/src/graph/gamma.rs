//! The derivatives of ln Γ: ψ, ψ′ and ψ″, the digamma, trigamma and tetragamma functions.
//!
//! Below ½ they are reflected, ψ(x) = ψ(1 − x) − π cot πx; from there the recurrence ψ(x) = ψ(x + 1) − 1/x leads to where the
//! asymptotic series in Bernoulli's numbers is exact to rounding. M. Abramowitz and I. Stegun, Handbook of Mathematical
//! Functions, 1964, sections 6.3 and 6.4. At the poles 0, −1, −2, … all three are NaN.

use std::f64::consts::PI;

/// From here on seven terms of the series suffice: the eighth is below 10⁻¹⁷ of ψ″.
const FAR: f64 = 14.0;

/// B₂, B₄, …, B₁₄.
const BERNOULLI: [f64; 7] = [1.0 / 6.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 5.0 / 66.0, -691.0 / 2730.0, 7.0 / 6.0];

/// Whether Γ has a pole here.
fn is_pole(x: f64) -> bool {
    x <= 0.0 && x.fract() == 0.0
}

/// πx up to a multiple of π, without the rounding of a large product.
fn turned(x: f64) -> f64 {
    PI * (x - x.round())
}

/// ψ(x) = d/dx ln Γ(x).
pub(super) fn digamma(x: f64) -> f64 {
    if is_pole(x) {
        return f64::NAN;
    }
    if x < 0.5 {
        return digamma(1.0 - x) - PI / turned(x).tan();
    }
    let (mut x, mut below) = (x, 0.0);
    while x < FAR {
        below -= 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    // Σ B₂ₖ/(2k x²ᵏ), from the smallest term.
    let series = BERNOULLI.iter().enumerate().rev().fold(0.0, |s, (k, b)| square * (s + b / (2 * k + 2) as f64));
    below + (x.ln() - 0.5 / x - series)
}

/// ψ′(x).
pub(super) fn trigamma(x: f64) -> f64 {
    if is_pole(x) {
        return f64::NAN;
    }
    if x < 0.5 {
        let sine = turned(x).sin() / PI;
        return 1.0 / (sine * sine) - trigamma(1.0 - x);
    }
    let (mut x, mut below) = (x, 0.0);
    while x < FAR {
        below += 1.0 / (x * x);
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    // Σ B₂ₖ/x²ᵏ⁺¹.
    let series = BERNOULLI.iter().rev().fold(0.0, |s, b| square * (s + b));
    below + (1.0 / x + 0.5 * square + series / x)
}

/// ψ″(x).
pub(super) fn tetragamma(x: f64) -> f64 {
    if is_pole(x) {
        return f64::NAN;
    }
    if x < 0.5 {
        let (sine, cosine) = turned(x).sin_cos();
        let sine = sine / PI;
        return tetragamma(1.0 - x) - 2.0 * cosine / (sine * sine * sine);
    }
    let (mut x, mut below) = (x, 0.0);
    while x < FAR {
        below -= 2.0 / (x * x * x);
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    // Σ (2k + 1) B₂ₖ/x²ᵏ⁺².
    let series = BERNOULLI.iter().enumerate().rev().fold(0.0, |s, (k, b)| square * (s + b * (2 * k + 3) as f64));
    below - (square + square / x + series * square)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms() {
        const EULER: f64 = 0.577_215_664_901_532_9;
        const ZETA_3: f64 = 1.202_056_903_159_594_2;
        let close = |found: f64, expected: f64| {
            assert!((found - expected).abs() <= 4e-15 * expected.abs().max(1.0), "{found}, not {expected}");
        };
        close(digamma(1.0), -EULER);
        close(digamma(0.5), -EULER - 2.0 * 2f64.ln());
        close(digamma(5.0), -EULER + 25.0 / 12.0);
        close(digamma(0.25), -EULER - PI / 2.0 - 3.0 * 2f64.ln());
        close(trigamma(1.0), PI * PI / 6.0);
        close(trigamma(0.5), PI * PI / 2.0);
        close(trigamma(-0.5), PI * PI / 2.0 + 4.0);
        close(tetragamma(1.0), -2.0 * ZETA_3);
        close(tetragamma(0.5), -14.0 * ZETA_3);
        // ψ′(x) and ψ″(x) at large arguments are near 1/x and −1/x².
        close(trigamma(1e8) * 1e8, 1.0 + 0.5e-8);
        close(tetragamma(1e8) * 1e16, -1.0 - 1e-8);
        for pole in [0.0, -1.0, -7.0] {
            assert!(digamma(pole).is_nan() && trigamma(pole).is_nan() && tetragamma(pole).is_nan());
        }
        assert!(digamma(f64::NAN).is_nan());
        assert_eq!(digamma(f64::INFINITY), f64::INFINITY);
    }

    #[test]
    fn recurrences_hold_on_both_sides_of_zero() {
        for k in -57..200 {
            let x = 0.1 * f64::from(k) + 0.037;
            // What is added may be large near a pole, and so is its rounding.
            let steps = |above: f64, here: f64, added: f64| {
                let scale = here.abs().max(added.abs()).max(1.0);
                assert!((above - (here + added)).abs() <= 1e-13 * scale, "{x}: {above} {}", here + added);
            };
            steps(digamma(x + 1.0), digamma(x), 1.0 / x);
            steps(trigamma(x + 1.0), trigamma(x), -1.0 / (x * x));
            steps(tetragamma(x + 1.0), tetragamma(x), 2.0 / (x * x * x));
        }
    }
}
