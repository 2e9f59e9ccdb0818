//! The scalar losses φ(z; y) of the linear family, with what solvers and certificates need of them.
//!
//! z is the linear predictor x·w + b + offset. For classification y is −1 or +1.
//!
//! | loss | φ(z; y) | domain of −∂φ/∂z |
//! |---|---|---|
//! | squared | ½(z − y)² | ℝ |
//! | Huber | ½r² for \|r\| ≤ δ, else δ(\|r\| − δ/2), r = y − z | [−δ, δ] |
//! | quantile | τ·r for r ≥ 0, else (τ − 1)·r, r = y − z | [τ − 1, τ] |
//! | Poisson | eᶻ − y·z | (−∞, y] |
//! | logistic | log(1 + e^(−yz)) | y·[0, 1] |
//! | hinge | max(0, 1 − yz) | y·[0, 1] |
//! | squared hinge | max(0, 1 − yz)² | y·[0, ∞) |

use steepest_core::math;

/// A convex loss of one number. Implementations are zero-sized or hold one constant, so that kernels are compiled for each.
pub trait ScalarLoss: Copy + Send + Sync + 'static {
    /// φ(z; y).
    fn value(&self, z: f64, y: f64) -> f64;

    /// ∂φ/∂z; at a kink the subgradient of the smaller size.
    fn derivative(&self, z: f64, y: f64) -> f64;

    /// Both at once, for losses whose two formulas share their expensive part.
    #[inline(always)]
    fn value_and_derivative(&self, z: f64, y: f64) -> (f64, f64) {
        (self.value(z, y), self.derivative(z, y))
    }

    /// ∂²φ/∂z² where it exists; at a kink the limit from the inner side.
    fn curvature(&self, z: f64, y: f64) -> f64;

    /// An upper bound of the curvature over all z; infinite where there is none.
    fn smoothness(&self) -> f64;

    /// The closed interval of the dual values a = −∂φ/∂z, which always contains 0.
    fn dual_domain(&self, y: f64) -> (f64, f64);

    /// The convex conjugate φ*(−a; y) = sup_z (−a·z − φ(z; y)): the negative of what a row adds to the dual objective at the
    /// dual value a = −∂φ/∂z. Infinite outside the domain; finite at a = 0 for every loss here.
    fn conjugate(&self, a: f64, y: f64) -> f64;
}

/// ½(z − y)².
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Squared;

impl ScalarLoss for Squared {
    #[inline(always)]
    fn value(&self, z: f64, y: f64) -> f64 {
        0.5 * (z - y) * (z - y)
    }
    #[inline(always)]
    fn derivative(&self, z: f64, y: f64) -> f64 {
        z - y
    }
    #[inline(always)]
    fn curvature(&self, _z: f64, _y: f64) -> f64 {
        1.0
    }
    fn smoothness(&self) -> f64 {
        1.0
    }
    #[inline(always)]
    fn dual_domain(&self, _y: f64) -> (f64, f64) {
        (f64::NEG_INFINITY, f64::INFINITY)
    }
    #[inline(always)]
    fn conjugate(&self, a: f64, y: f64) -> f64 {
        0.5 * a * a - a * y
    }
}

/// Huber's loss: quadratic within `delta` of the target, linear outside.
///
/// P. J. Huber, “Robust estimation of a location parameter”, Ann. Math. Statist. 35(1), 1964, doi:10.1214/aoms/1177703732.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Huber {
    /// δ > 0, in units of the target.
    pub delta: f64,
}

impl ScalarLoss for Huber {
    #[inline(always)]
    fn value(&self, z: f64, y: f64) -> f64 {
        let r = (y - z).abs();
        if r <= self.delta { 0.5 * r * r } else { self.delta * (r - 0.5 * self.delta) }
    }
    #[inline(always)]
    fn derivative(&self, z: f64, y: f64) -> f64 {
        (z - y).clamp(-self.delta, self.delta)
    }
    #[inline(always)]
    fn curvature(&self, z: f64, y: f64) -> f64 {
        if (z - y).abs() <= self.delta { 1.0 } else { 0.0 }
    }
    fn smoothness(&self) -> f64 {
        1.0
    }
    #[inline(always)]
    fn dual_domain(&self, _y: f64) -> (f64, f64) {
        (-self.delta, self.delta)
    }
    #[inline(always)]
    fn conjugate(&self, a: f64, y: f64) -> f64 {
        if a.abs() <= self.delta { 0.5 * a * a - a * y } else { f64::INFINITY }
    }
}

/// The pinball loss, whose minimizer is the conditional `tau`-quantile.
///
/// R. Koenker and G. Bassett, “Regression quantiles”, Econometrica 46(1), 1978, doi:10.2307/1913643.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// τ in (0, 1); ½ gives half the absolute error.
    pub tau: f64,
}

impl ScalarLoss for Quantile {
    #[inline(always)]
    fn value(&self, z: f64, y: f64) -> f64 {
        let r = y - z;
        if r >= 0.0 { self.tau * r } else { (self.tau - 1.0) * r }
    }
    #[inline(always)]
    fn derivative(&self, z: f64, y: f64) -> f64 {
        if y > z {
            -self.tau
        } else if y < z {
            1.0 - self.tau
        } else {
            0.0
        }
    }
    #[inline(always)]
    fn curvature(&self, _z: f64, _y: f64) -> f64 {
        0.0
    }
    fn smoothness(&self) -> f64 {
        f64::INFINITY
    }
    #[inline(always)]
    fn dual_domain(&self, _y: f64) -> (f64, f64) {
        (self.tau - 1.0, self.tau)
    }
    #[inline(always)]
    fn conjugate(&self, a: f64, y: f64) -> f64 {
        if a >= self.tau - 1.0 && a <= self.tau { -a * y } else { f64::INFINITY }
    }
}

/// The negative log-likelihood of a count with mean eᶻ, without the term log y! that does not depend on z.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Poisson;

impl ScalarLoss for Poisson {
    #[inline(always)]
    fn value(&self, z: f64, y: f64) -> f64 {
        math::exp(z) - y * z
    }
    #[inline(always)]
    fn derivative(&self, z: f64, y: f64) -> f64 {
        math::exp(z) - y
    }
    #[inline(always)]
    fn value_and_derivative(&self, z: f64, y: f64) -> (f64, f64) {
        let e = math::exp(z);
        (e - y * z, e - y)
    }
    #[inline(always)]
    fn curvature(&self, z: f64, _y: f64) -> f64 {
        math::exp(z)
    }
    fn smoothness(&self) -> f64 {
        f64::INFINITY
    }
    #[inline(always)]
    fn dual_domain(&self, y: f64) -> (f64, f64) {
        (f64::NEG_INFINITY, y)
    }
    #[inline(always)]
    fn conjugate(&self, a: f64, y: f64) -> f64 {
        let u = y - a;
        if u > 0.0 {
            u * math::ln(u) - u
        } else if u == 0.0 {
            0.0
        } else {
            f64::INFINITY
        }
    }
}

/// log(1 + e^(−yz)), the negative log-likelihood of a label with probability 1/(1 + e^(−yz)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logistic;

impl ScalarLoss for Logistic {
    #[inline(always)]
    fn value(&self, z: f64, y: f64) -> f64 {
        math::log1p_exp(-y * z)
    }
    #[inline(always)]
    fn derivative(&self, z: f64, y: f64) -> f64 {
        -y * math::sigmoid(-y * z)
    }
    #[inline(always)]
    fn value_and_derivative(&self, z: f64, y: f64) -> (f64, f64) {
        let (value, sigmoid) = math::log1p_exp_and_sigmoid(-y * z);
        (value, -y * sigmoid)
    }
    #[inline(always)]
    fn curvature(&self, z: f64, _y: f64) -> f64 {
        let e = math::exp(-z.abs());
        e / ((1.0 + e) * (1.0 + e))
    }
    fn smoothness(&self) -> f64 {
        0.25
    }
    #[inline(always)]
    fn dual_domain(&self, y: f64) -> (f64, f64) {
        (y.min(0.0), y.max(0.0))
    }
    #[inline(always)]
    fn conjugate(&self, a: f64, y: f64) -> f64 {
        // Computed for every a and selected after, so that loops stay vector code.
        let p = a * y;
        let low = if p > 0.0 { p * math::ln(p) } else { 0.0 };
        let high = if p < 1.0 { (1.0 - p) * math::ln_1p(-p) } else { 0.0 };
        if (0.0..=1.0).contains(&p) { low + high } else { f64::INFINITY }
    }
}

/// max(0, 1 − yz), the loss of the support vector machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hinge;

impl ScalarLoss for Hinge {
    #[inline(always)]
    fn value(&self, z: f64, y: f64) -> f64 {
        (1.0 - y * z).max(0.0)
    }
    #[inline(always)]
    fn derivative(&self, z: f64, y: f64) -> f64 {
        if y * z < 1.0 { -y } else { 0.0 }
    }
    #[inline(always)]
    fn curvature(&self, _z: f64, _y: f64) -> f64 {
        0.0
    }
    fn smoothness(&self) -> f64 {
        f64::INFINITY
    }
    #[inline(always)]
    fn dual_domain(&self, y: f64) -> (f64, f64) {
        (y.min(0.0), y.max(0.0))
    }
    #[inline(always)]
    fn conjugate(&self, a: f64, y: f64) -> f64 {
        let p = a * y;
        if (0.0..=1.0).contains(&p) { -p } else { f64::INFINITY }
    }
}

/// max(0, 1 − yz)².
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SquaredHinge;

impl ScalarLoss for SquaredHinge {
    #[inline(always)]
    fn value(&self, z: f64, y: f64) -> f64 {
        let m = (1.0 - y * z).max(0.0);
        m * m
    }
    #[inline(always)]
    fn derivative(&self, z: f64, y: f64) -> f64 {
        -2.0 * y * (1.0 - y * z).max(0.0)
    }
    #[inline(always)]
    fn curvature(&self, z: f64, y: f64) -> f64 {
        if y * z < 1.0 { 2.0 } else { 0.0 }
    }
    fn smoothness(&self) -> f64 {
        2.0
    }
    #[inline(always)]
    fn dual_domain(&self, y: f64) -> (f64, f64) {
        if y > 0.0 { (0.0, f64::INFINITY) } else { (f64::NEG_INFINITY, 0.0) }
    }
    #[inline(always)]
    fn conjugate(&self, a: f64, y: f64) -> f64 {
        let p = a * y;
        if p >= 0.0 { 0.25 * p * p - p } else { f64::INFINITY }
    }
}

/// The loss of a linear model, as chosen by the user.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loss {
    /// [`Squared`].
    Squared,
    /// [`Huber`] with its δ.
    Huber(f64),
    /// [`Quantile`] with its τ.
    Quantile(f64),
    /// [`Poisson`].
    Poisson,
    /// [`Logistic`].
    Logistic,
    /// [`Hinge`].
    Hinge,
    /// [`SquaredHinge`].
    SquaredHinge,
    /// −log softmax(z)_y over this many classes; z is a vector and y a class index.
    Softmax(usize),
}

impl Loss {
    /// The name in options, files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Loss::Squared => "squared",
            Loss::Huber(_) => "huber",
            Loss::Quantile(_) => "quantile",
            Loss::Poisson => "poisson",
            Loss::Logistic => "logistic",
            Loss::Hinge => "hinge",
            Loss::SquaredHinge => "squared_hinge",
            Loss::Softmax(_) => "softmax",
        }
    }

    /// The number of linear predictors of a row: the classes of softmax, else 1.
    pub fn outputs(self) -> usize {
        if let Loss::Softmax(classes) = self { classes } else { 1 }
    }

    /// c where the conjugate is φ*(−a; y) = (c/2)a² − ay inside its domain: the loss is made of at most quadratic pieces.
    pub(crate) fn conjugate_curvature(self) -> Option<f64> {
        match self {
            Loss::Squared | Loss::Huber(_) => Some(1.0),
            Loss::SquaredHinge => Some(0.5),
            Loss::Hinge | Loss::Quantile(_) => Some(0.0),
            Loss::Logistic | Loss::Poisson | Loss::Softmax(_) => None,
        }
    }
}

/// Matches on the loss once and evaluates the expression with `l` the [`ScalarLoss`] of its type.
macro_rules! with_loss {
    ($loss:expr, $l:ident => $body:expr) => {{
        use $crate::linear::{Hinge, Huber, Logistic, Loss, Poisson, Quantile, Squared, SquaredHinge};
        match $loss {
            Loss::Squared => {
                let $l = Squared;
                $body
            }
            Loss::Huber(delta) => {
                let $l = Huber { delta };
                $body
            }
            Loss::Quantile(tau) => {
                let $l = Quantile { tau };
                $body
            }
            Loss::Poisson => {
                let $l = Poisson;
                $body
            }
            Loss::Logistic => {
                let $l = Logistic;
                $body
            }
            Loss::Hinge => {
                let $l = Hinge;
                $body
            }
            Loss::SquaredHinge => {
                let $l = SquaredHinge;
                $body
            }
            Loss::Softmax(_) => unreachable!("softmax has several outputs and kernels of its own"),
        }
    }};
}
pub(crate) use with_loss;

#[cfg(test)]
mod tests {
    use super::*;

    /// φ* is the supremum it claims to be, φ′ and φ″ are the derivatives.
    fn check(loss: impl ScalarLoss, targets: &[f64], smooth: bool) {
        let grid: Vec<f64> = (-400..=400).map(|k| k as f64 * 0.02 + 0.003).collect();
        for &y in targets {
            for &z in &grid {
                let h = 1e-5;
                let d = (loss.value(z + h, y) - loss.value(z - h, y)) / (2.0 * h);
                let kinks = [y, 1.0, -1.0];
                let near_kink = !smooth && kinks.iter().any(|k| (z - k).abs() < 1e-4);
                if !near_kink {
                    assert!((d - loss.derivative(z, y)).abs() <= 1e-6 * (1.0 + d.abs()), "{z} {y} {d}");
                }
                let (value, derivative) = loss.value_and_derivative(z, y);
                assert!((value - loss.value(z, y)).abs() <= 4e-15 * (1.0 + value.abs()), "{z} {y}");
                assert!((derivative - loss.derivative(z, y)).abs() <= 4e-15 * (1.0 + derivative.abs()), "{z} {y}");
                let a = -loss.derivative(z, y);
                let (low, high) = loss.dual_domain(y);
                assert!(low <= 0.0 && high >= 0.0 && low <= a && a <= high, "{z} {y}: {a} outside [{low}, {high}]");
                assert!(
                    low.is_infinite()
                        || loss.conjugate(low, y).is_finite() && loss.conjugate(low - 1e-3, y).is_infinite()
                );
                assert!(
                    high.is_infinite()
                        || loss.conjugate(high, y).is_finite() && loss.conjugate(high + 1e-3, y).is_infinite()
                );
                let fenchel = loss.value(z, y) + loss.conjugate(a, y) + a * z;
                assert!(fenchel.abs() <= 1e-9 * (1.0 + loss.value(z, y).abs()), "equality at {z} {y}: {fenchel}");
                for &other in grid.iter().step_by(37) {
                    let young = loss.value(other, y) + loss.conjugate(a, y) + a * other;
                    assert!(
                        young >= -1e-9 * (1.0 + loss.value(other, y).abs()),
                        "inequality at {z} {other} {y}: {young}"
                    );
                }
                if smooth {
                    let c = (loss.derivative(z + h, y) - loss.derivative(z - h, y)) / (2.0 * h);
                    assert!((c - loss.curvature(z, y)).abs() <= 1e-5 * (1.0 + c.abs()), "{z} {y} {c}");
                }
                assert!(loss.curvature(z, y) <= loss.smoothness());
            }
        }
    }

    #[test]
    fn derivatives_and_conjugates_agree_with_the_values() {
        check(Squared, &[-1.5, 0.0, 2.0], true);
        check(Huber { delta: 0.7 }, &[-1.5, 2.0], false);
        check(Quantile { tau: 0.8 }, &[-1.5, 2.0], false);
        check(Poisson, &[0.0, 1.0, 7.0], true);
        check(Logistic, &[-1.0, 1.0], true);
        check(Hinge, &[-1.0, 1.0], false);
        check(SquaredHinge, &[-1.0, 1.0], false);
    }

    #[test]
    fn extreme_predictors_stay_finite() {
        assert_eq!(Logistic.value(-1e4, 1.0), 1e4);
        assert_eq!(Logistic.value(1e4, 1.0), 0.0);
        assert_eq!(Logistic.derivative(-1e4, 1.0), -1.0);
        assert_eq!(Logistic.curvature(1e4, 1.0), 0.0);
    }
}
