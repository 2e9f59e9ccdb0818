//! What function values add to the secant equation.
//!
//! A step s with the change y of the gradient tells a quasi-Newton method the curvature sᵀy, the mean along the step. With the
//! values at both ends a cubic fits, whose second derivative at the new end is
//!
//! sᵀ∇²f(x⁺)s ≈ 6(f − f⁺) + 2gᵀs + 4g⁺ᵀs = τ·sᵀy.
//!
//! τ is 1 on quadratics and for steps that vanish. BFGS then takes H⁺ = (I − ρsyᵀ)H(I − ρysᵀ) + (ρ/τ)ssᵀ with ρ = 1/sᵀy: M. C. Biggs,
//! “Minimization algorithms making use of non-quadratic properties of the objective function”, J. Inst. Math. Appl. 8, 1971,
//! doi:10.1093/imamat/8.3.315. H stays positive definite as long as sᵀy and τ are positive.

/// How far the cubic is believed: τ and 1/τ at most.
const BELIEF: f64 = 2.0;
/// A difference of values below this share of them is rounding.
const ROUNDING: f64 = 1e-13;

/// τ from f, f⁺, sᵀy > 0 and g⁺ᵀs.
pub(crate) fn stretch(before: f64, after: f64, sy: f64, ahead: f64) -> f64 {
    let cubic = 6.0 * (before - after) + 6.0 * ahead - 2.0 * sy;
    let noise = 6.0 * ROUNDING * (before.abs() + after.abs());
    let stretch = cubic / sy;
    if (cubic - sy).abs() <= noise || !stretch.is_finite() { 1.0 } else { stretch.clamp(1.0 / BELIEF, BELIEF) }
}

#[cfg(test)]
mod tests {
    use super::stretch;

    /// f(x) = x³/6 + x²/2 has the second derivative x + 1; a step from a to b sees the mean (a + b)/2 + 1.
    #[test]
    fn cubics_show_the_curvature_at_the_end() {
        let f = |x: f64| x * x * x / 6.0 + 0.5 * x * x;
        let slope = |x: f64| 0.5 * x * x + x;
        for (a, b) in [(1.0, 0.5), (0.2, 0.9), (3.0, 2.0)] {
            let s = b - a;
            let sy = s * (slope(b) - slope(a));
            let tau = stretch(f(a), f(b), sy, slope(b) * s);
            assert!((tau * sy - s * s * (b + 1.0)).abs() < 1e-12, "{a} {b}: {tau}");
        }
    }

    #[test]
    fn quadratics_and_rounding_leave_the_secant_alone() {
        let (a, b) = (3.0, -0.7);
        assert_eq!(stretch(0.5 * a * a, 0.5 * b * b, (b - a) * (b - a), b * (b - a)), 1.0);
        // A tiny step on a large value: the difference of values says nothing.
        assert_eq!(stretch(1e6, 1e6 + 1e-9, 1e-12, 1e-13), 1.0);
        assert_eq!(stretch(1.0, -100.0, 1.0, 0.0), 2.0);
        assert_eq!(stretch(1.0, f64::INFINITY, 1.0, 0.0), 1.0);
    }
}
