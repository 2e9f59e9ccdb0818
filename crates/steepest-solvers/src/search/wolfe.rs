//! The full step first, then a weak Wolfe search that also accepts what only rounding hides.
//!
//! φ(t) ≤ φ(0) + δtφ′(0)   and   φ′(t) ≥ σφ′(0)
//!
//! W. W. Hager and H. Zhang, “A new conjugate gradient method with guaranteed descent and an efficient line search”, SIAM J.
//! Optim. 16(1), 2005, doi:10.1137/030601880: close to a minimum the decrease of f drowns in rounding, so that a trial is also
//! accepted when f does not rise beyond rounding and its slope φ′(t) says that a parabola would have fallen enough.

use steepest_core::Stop;

use super::{Search, failed};
use crate::place::{Accepted, Ray, Trial};

/// The weak conditions and their approximate form. Quasi-Newton steps mostly cost one evaluation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wolfe {
    /// δ in (0, ½).
    pub decrease: f64,
    /// σ in [δ, 1).
    pub slope: f64,
    /// How far f may rise in the approximate form, in units of |f(x)|.
    pub rounding: f64,
    /// Trials before the search gives up.
    pub max_trials: usize,
}

impl Default for Wolfe {
    fn default() -> Self {
        Wolfe { decrease: 1e-4, slope: 0.9, rounding: 1e-14, max_trials: 50 }
    }
}

/// What a trial says.
enum Verdict {
    Accept,
    Shorter,
    Longer,
}

impl Wolfe {
    fn judge(&self, origin: Trial, trial: Trial) -> Verdict {
        let flat = trial.slope >= self.slope * origin.slope;
        let armijo = trial.value <= origin.value + self.decrease * trial.t * origin.slope;
        let level = trial.value <= origin.value + self.rounding * origin.value.abs();
        let approximate = level && trial.slope <= (2.0 * self.decrease - 1.0) * origin.slope;
        match (trial.is_finite() && (armijo || approximate), flat) {
            (true, false) if trial.slope < 0.0 => Verdict::Longer,
            (true, _) => Verdict::Accept,
            (false, _) => Verdict::Shorter,
        }
    }

    /// The same search on the objective's own line, where trials cost no pass over data; the accepted length.
    fn along(&self, ray: &mut Ray<'_>, mut low: Trial, mut high: Option<Trial>, mut t: f64) -> Option<f64> {
        let origin = ray.origin();
        let line = ray.f.line(ray.d)?;
        let mut before = origin;
        for _ in 0..self.max_trials {
            let (value, slope) = line.at(t).unwrap_or((f64::INFINITY, f64::INFINITY));
            let trial = Trial { t, value, slope };
            match self.judge(origin, trial) {
                Verdict::Accept => return Some(t),
                Verdict::Longer => (before, low) = (low, trial),
                Verdict::Shorter => high = Some(trial),
            }
            t = high.map_or_else(|| beyond(before, low), |high| between(low, high));
        }
        None
    }
}

impl Search for Wolfe {
    fn search(&mut self, ray: &mut Ray<'_>, first: f64, _done: u64) -> Result<Accepted, Stop> {
        let origin = ray.origin();
        let (mut t, mut before, mut low, mut high) = (first, origin, origin, None::<Trial>);
        for count in 0..self.max_trials {
            let trial = ray.at(t);
            match self.judge(origin, trial) {
                Verdict::Accept => return Ok(Accepted { length: t, value: trial.value }),
                Verdict::Longer => (before, low) = (low, trial),
                Verdict::Shorter => high = Some(trial),
            }
            t = high.map_or_else(|| beyond(before, low), |high| between(low, high));
            if t <= 0.0 || !t.is_finite() || high.is_some_and(|h| h.t - low.t <= 1e-16 * h.t) {
                break;
            }
            // A second trial mostly ends it; if not, the rest can be found along the line without a pass over data for each,
            // where the objective knows its values there.
            if count == 1
                && ray.cause.is_none()
                && ray.f.has_line()
                && ray.f.at(ray.x).is_ok()
                && let Some(found) = self.along(ray, low, high, t)
            {
                t = found;
            }
        }
        lowest(ray, low)
    }

    fn curvature(&self) -> bool {
        true
    }
}

/// The end of a search that ran out of trials: the lowest point it met, where f fell, is still a step down. On a function that
/// falls for ever it is where that shows.
pub(super) fn lowest(ray: &mut Ray<'_>, low: Trial) -> Result<Accepted, Stop> {
    if low.t > 0.0 && low.value < ray.start {
        let again = ray.at(low.t);
        if again.is_finite() {
            return Ok(Accepted { length: low.t, value: again.value });
        }
    }
    Err(failed(ray))
}

/// A longer trial: where the secant through the slopes of the last two is zero, from 2 to 10 times as far.
pub(super) fn beyond(before: Trial, now: Trial) -> f64 {
    let zero = now.t + now.slope * (now.t - before.t) / (before.slope - now.slope);
    let near = if zero.is_nan() || zero <= now.t { f64::INFINITY } else { zero };
    if now.t > 0.0 { near.clamp(2.0 * now.t, 10.0 * now.t) } else { f64::NAN }
}

/// A trial inside the bracket: the minimum of the cubic through both ends where it is well inside, else a tenth or the middle.
pub(super) fn between(low: Trial, high: Trial) -> f64 {
    let (a, b) = (low.t, high.t);
    let width = b - a;
    if !high.is_finite() {
        return a + 0.1 * width;
    }
    let cubic = cubic_minimum(low, high);
    if cubic > a + 0.05 * width && cubic < b - 0.05 * width { cubic } else { a + 0.5 * width }
}

/// The minimum of the cubic through two trials and their slopes; NaN where it has none.
pub(super) fn cubic_minimum(low: Trial, high: Trial) -> f64 {
    let width = high.t - low.t;
    let theta = 3.0 * (low.value - high.value) / width + low.slope + high.slope;
    let root = theta * theta - low.slope * high.slope;
    let gamma = width.signum() * root.sqrt();
    high.t - width * (high.slope + gamma - theta) / (high.slope - low.slope + 2.0 * gamma)
}
