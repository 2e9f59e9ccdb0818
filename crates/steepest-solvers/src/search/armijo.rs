//! Backtracking until f falls by a share of what the slope promises.
//!
//! φ(t) ≤ φ(0) + δtφ′(0), t shortened to the minimum of the parabola through φ(0), φ′(0), φ(t), within [0.1, 0.5] of t.
//!
//! L. Armijo, “Minimization of functions having Lipschitz continuous first partial derivatives”, Pacific J. Math. 16(1), 1966,
//! doi:10.2140/pjm.1966.16.1; the safeguards are those of J. E. Dennis and R. B. Schnabel, “Numerical Methods for Unconstrained
//! Optimization and Nonlinear Equations”, 1983, algorithm A6.3.1. In the noise floor of f, where values say nothing any more,
//! the slope decides (Hager and Zhang, 2005, doi:10.1137/030601880).

use steepest_core::Stop;

use super::{Search, failed};
use crate::place::{Accepted, Ray};

/// Backtracking. Trials cost a value each, the accepted one a gradient as well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Armijo {
    /// δ in (0, 1).
    pub decrease: f64,
    /// How far f may rise where rounding hides its fall, in units of |f(x)|.
    pub rounding: f64,
    /// Trials before the search gives up.
    pub max_trials: usize,
}

impl Default for Armijo {
    fn default() -> Self {
        Armijo { decrease: 1e-4, rounding: 1e-14, max_trials: 60 }
    }
}

/// A trial whose decrease is at least this share of what the slope promises was too short: f hardly curves there.
const STRAIGHT: f64 = 0.75;
/// Doublings of a trial that was too short.
const MAX_DOUBLINGS: usize = 40;

impl Armijo {
    /// The first trial, doubled while f falls almost as its slope says.
    fn reach(&self, ray: &mut Ray<'_>, first: f64) -> f64 {
        let straight = |ray: &mut Ray<'_>, t: f64| ray.value(t) <= ray.start + STRAIGHT * t * ray.slope;
        let mut t = first;
        for _ in 0..MAX_DOUBLINGS {
            if !straight(ray, 2.0 * t) {
                break;
            }
            t *= 2.0;
        }
        t
    }
}

impl Search for Armijo {
    fn search(&mut self, ray: &mut Ray<'_>, first: f64, _done: u64) -> Result<Accepted, Stop> {
        let (start, slope) = (ray.start, ray.slope);
        let noise = self.rounding * start.abs();
        let mut t = first;
        for count in 0..self.max_trials {
            let mut value = ray.value(t);
            if count == 0 && value <= start + STRAIGHT * t * slope {
                t = self.reach(ray, t);
                value = ray.value(t);
            }
            let fell = value <= start + self.decrease * t * slope;
            if fell || value <= start + noise {
                let here = ray.slope();
                let level = here.abs() <= (1.0 - 2.0 * self.decrease) * slope.abs();
                if here.is_finite() && (fell || level) {
                    return Ok(Accepted { length: t, value });
                }
            }
            let parabola = -slope * t * t / (2.0 * (value - start - slope * t));
            t = if parabola.is_finite() { parabola.clamp(0.1 * t, 0.5 * t) } else { 0.1 * t };
            if t <= f64::MIN_POSITIVE {
                break;
            }
        }
        Err(failed(ray))
    }
}
