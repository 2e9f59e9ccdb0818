//! The strong Wolfe conditions by a bracket and its narrowing.
//!
//! φ(t) ≤ φ(0) + δtφ′(0)   and   |φ′(t)| ≤ σ|φ′(0)|
//!
//! J. Nocedal and S. J. Wright, “Numerical Optimization”, 2nd ed. 2006, algorithms 3.5 and 3.6, with the cubic trials and the
//! forced shrinking of J. J. Moré and D. J. Thuente, “Line search algorithms with guaranteed sufficient decrease”, ACM TOMS 20(3),
//! 1994, doi:10.1145/192115.192132. In the noise floor of f the approximate conditions of Hager and Zhang, 2005,
//! doi:10.1137/030601880, decide by slopes.

use steepest_core::Stop;

use super::{
    Search,
    wolfe::{beyond, cubic_minimum, lowest},
};
use crate::place::{Accepted, Ray, Trial};

/// The strong conditions. σ = 0.9 suits quasi-Newton directions, 0.1 conjugate gradients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StrongWolfe {
    /// δ in (0, ½).
    pub decrease: f64,
    /// σ in (δ, 1).
    pub slope: f64,
    /// How far f may rise where rounding hides its fall, in units of |f(x)|.
    pub rounding: f64,
    /// Trials before the search gives up.
    pub max_trials: usize,
}

impl Default for StrongWolfe {
    fn default() -> Self {
        StrongWolfe { decrease: 1e-4, slope: 0.9, rounding: 1e-14, max_trials: 60 }
    }
}

impl StrongWolfe {
    /// Whether f fell enough, or did not rise beyond rounding where a parabola would have fallen enough.
    fn low_enough(&self, origin: Trial, trial: Trial) -> bool {
        let armijo = trial.value <= origin.value + self.decrease * trial.t * origin.slope;
        let level = trial.value <= origin.value + self.rounding * origin.value.abs();
        armijo || (level && trial.slope <= (2.0 * self.decrease - 1.0) * origin.slope)
    }

    fn flat_enough(&self, origin: Trial, trial: Trial) -> bool {
        trial.slope.abs() <= -self.slope * origin.slope
    }
}

impl Search for StrongWolfe {
    fn search(&mut self, ray: &mut Ray<'_>, first: f64, _done: u64) -> Result<Accepted, Stop> {
        let origin = ray.origin();
        // `low` has the lowest value that fell enough; the other end is known once the minimum is bracketed.
        let (mut before, mut low, mut other, mut t) = (origin, origin, None::<Trial>, first);
        let mut width = f64::INFINITY;
        for _ in 0..self.max_trials {
            let trial = ray.at(t);
            if !trial.is_finite() || !self.low_enough(origin, trial) || (low.t > 0.0 && trial.value > low.value) {
                other = Some(trial);
            } else if self.flat_enough(origin, trial) {
                return Ok(Accepted { length: t, value: trial.value });
            } else {
                // The minimum lies on the side to which the slope points down.
                let ahead = other.map_or(1.0, |o| (o.t - trial.t).signum());
                if trial.slope * ahead >= 0.0 {
                    other = Some(low);
                }
                (before, low) = (low, trial);
            }
            t = match other {
                None => beyond(before, low),
                Some(end) => {
                    let now = (end.t - low.t).abs();
                    // A bracket that does not shrink by a third is halved.
                    let slow = now > 0.66 * width;
                    width = now;
                    inside(low, end, slow)
                }
            };
            if !t.is_finite() || width <= 1e-16 * t {
                break;
            }
        }
        lowest(ray, low)
    }

    fn curvature(&self) -> bool {
        true
    }
}

/// A trial between the ends of a bracket.
fn inside(low: Trial, end: Trial, slow: bool) -> f64 {
    let width = end.t - low.t;
    if !end.is_finite() {
        return low.t + 0.1 * width;
    }
    let cubic = cubic_minimum(low, end);
    let share = (cubic - low.t) / width;
    if slow || !share.is_finite() { low.t + 0.5 * width } else { low.t + share.clamp(0.05, 0.95) * width }
}
