//! One coordinate of the dual: the step of dual coordinate ascent for each loss.
//!
//! With every other dual value fixed, the best aᵢ minimizes
//!
//! φ*(−a; y) + a·z + (q/2)(a − aᵢ)²,
//!
//! where z is the margin, offset included, at the current point and q = pᵢ(‖xᵢ‖²/λ + 1/μ). For piecewise quadratic losses the
//! minimizer is a clipped number; for logistic and Poisson loss it is the root of a monotone function, found by Newton's method
//! from where the step starts (H.-F. Yu, F.-L. Huang and C.-J. Lin, “Dual coordinate descent methods for logistic regression and
//! maximum entropy models”, Mach. Learn. 85, 2011, doi:10.1007/s10994-010-5221-8).

use crate::linear::loss::{Hinge, Huber, Logistic, Poisson, Quantile, ScalarLoss, Squared, SquaredHinge};

/// A loss whose dual coordinates can be moved.
pub(super) trait DualStep: ScalarLoss {
    /// The best dual value.
    fn best(&self, a: f64, y: f64, z: f64, q: f64) -> f64;

    /// ∂/∂a of φ*(−a; y) + a·z: zero or pointing out of the domain at the optimum.
    fn slope(&self, a: f64, y: f64, z: f64) -> f64;

    /// Where a start inside the domain of the conjugate may be; 0 where its slope is finite there.
    fn start(&self, _y: f64) -> f64 {
        0.0
    }
}

impl DualStep for Squared {
    #[inline(always)]
    fn best(&self, a: f64, y: f64, z: f64, q: f64) -> f64 {
        a + (y - z - a) / (1.0 + q)
    }
    #[inline(always)]
    fn slope(&self, a: f64, y: f64, z: f64) -> f64 {
        a - y + z
    }
}

impl DualStep for Huber {
    #[inline(always)]
    fn best(&self, a: f64, y: f64, z: f64, q: f64) -> f64 {
        (a + (y - z - a) / (1.0 + q)).clamp(-self.delta, self.delta)
    }
    #[inline(always)]
    fn slope(&self, a: f64, y: f64, z: f64) -> f64 {
        a - y + z
    }
}

impl DualStep for Quantile {
    #[inline(always)]
    fn best(&self, a: f64, y: f64, z: f64, q: f64) -> f64 {
        (a + (y - z) / q).clamp(self.tau - 1.0, self.tau)
    }
    #[inline(always)]
    fn slope(&self, _a: f64, y: f64, z: f64) -> f64 {
        z - y
    }
}

impl DualStep for Hinge {
    #[inline(always)]
    fn best(&self, a: f64, y: f64, z: f64, q: f64) -> f64 {
        let free = a + (y - z) / q;
        if y > 0.0 { free.clamp(0.0, 1.0) } else { free.clamp(-1.0, 0.0) }
    }
    #[inline(always)]
    fn slope(&self, _a: f64, y: f64, z: f64) -> f64 {
        z - y
    }
}

impl DualStep for SquaredHinge {
    #[inline(always)]
    fn best(&self, a: f64, y: f64, z: f64, q: f64) -> f64 {
        let free = a + (y - z - 0.5 * a) / (0.5 + q);
        if y > 0.0 { free.max(0.0) } else { free.min(0.0) }
    }
    #[inline(always)]
    fn slope(&self, a: f64, y: f64, z: f64) -> f64 {
        0.5 * a - y + z
    }
}

impl DualStep for Logistic {
    fn best(&self, a: f64, y: f64, z: f64, q: f64) -> f64 {
        // In t = log(p/(1 − p)), p = ya: t + yz + q(p(t) − p₀) = 0, which rises with slope between 1 and 1 + q/4.
        let old = (a * y).clamp(0.0, 1.0);
        let yz = y * z;
        // p lies between where it was and the logistic function of −yz.
        let (mut low, mut high) = (-yz - q * (1.0 - old), -yz + q * old);
        let mut t = if old > 0.0 && old < 1.0 { (old / (1.0 - old)).ln() } else { 0.5 * (low + high) };
        t = t.clamp(low, high);
        let mut p = 1.0 / (1.0 + (-t).exp());
        for _ in 0..50 {
            let f = t + yz + q * (p - old);
            if f > 0.0 {
                high = t
            } else {
                low = t
            }
            if f.abs() <= 1e-15 * (1.0 + t.abs() + yz.abs()) {
                break;
            }
            let newton = t - f / (1.0 + q * p * (1.0 - p));
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if next == t {
                break;
            }
            t = next;
            p = 1.0 / (1.0 + (-t).exp());
        }
        y * p
    }
    #[inline(always)]
    fn slope(&self, a: f64, y: f64, z: f64) -> f64 {
        let p = (a * y).clamp(1e-300, 1.0 - f64::EPSILON / 2.0);
        y * (p / (1.0 - p)).ln() + z
    }
    fn start(&self, y: f64) -> f64 {
        0.5 * y
    }
}

impl DualStep for Poisson {
    fn best(&self, a: f64, y: f64, z: f64, q: f64) -> f64 {
        // In t = log(y − a): limit − t − qeᵗ = 0, which falls and is concave, so that Newton's method comes down on the root from
        // any point above it. For t ≥ 0 also eᵗ ≤ limit/q.
        let limit = z + q * (y - a);
        let mut t = if limit > 0.0 { limit.min((limit / q).ln().max(0.0)) } else { limit };
        for _ in 0..60 {
            let e = t.exp();
            let f = -t + limit - q * e;
            let next = t + f / (1.0 + q * e);
            let done = (next - t).abs() <= 1e-15 * (1.0 + t.abs());
            t = next;
            if done {
                break;
            }
        }
        y - t.exp()
    }
    #[inline(always)]
    fn slope(&self, a: f64, y: f64, z: f64) -> f64 {
        z - (y - a).max(1e-300).ln()
    }
    fn start(&self, y: f64) -> f64 {
        y - (0.5 * y + 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The step is where φ*(−a) + a·z + (q/2)(a − a₀)² is least, by comparison with its neighbours and a grid.
    fn check(loss: impl DualStep, targets: &[f64]) {
        for &y in targets {
            let (low, high) = loss.dual_domain(y);
            let old = loss.start(y);
            for z in [-40.0, -3.0, -0.2, 0.0, 0.7, 5.0, 30.0] {
                for q in [1e-3, 0.3, 4.0, 500.0] {
                    let f = |a: f64| loss.conjugate(a, y) + a * z + 0.5 * q * (a - old) * (a - old);
                    let best = loss.best(old, y, z, q);
                    assert!(best >= low && best <= high, "{y} {z} {q}: {best} outside");
                    let least = f(best);
                    let scale = 1.0 + least.abs();
                    for k in -200..=200 {
                        for width in [1e-6, 1e-3, 0.05] {
                            let other = (best + f64::from(k) * width).clamp(low, high);
                            assert!(f(other) >= least - 1e-12 * scale, "{y} {z} {q}: {other} beats {best}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_step_minimizes_along_its_coordinate() {
        check(Squared, &[-1.5, 2.0]);
        check(Huber { delta: 0.7 }, &[-1.5, 2.0]);
        check(Quantile { tau: 0.3 }, &[-1.5, 2.0]);
        check(Hinge, &[-1.0, 1.0]);
        check(SquaredHinge, &[-1.0, 1.0]);
        check(Logistic, &[-1.0, 1.0]);
        check(Poisson, &[0.0, 1.0, 7.0]);
    }
}
