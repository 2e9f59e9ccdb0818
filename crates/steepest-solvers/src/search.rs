//! A step along a direction: the full step first, then an approximate Wolfe search.
//!
//! W. W. Hager and H. Zhang, “A new conjugate gradient method with guaranteed descent and an efficient line search”, SIAM J.
//! Optim. 16(1), 2005, doi:10.1137/030601880: close to a minimum the decrease of f drowns in rounding, so that a trial is also
//! accepted when f does not rise beyond rounding and its slope φ′(t) says that a parabola would have fallen enough.

use steepest_core::{NonFinite, Objective, Reason, Stop, Termination};

use crate::dot;

/// The conditions φ(t) ≤ φ(0) + δtφ′(0) and φ′(t) ≥ σφ′(0), and their approximate form.
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

/// An accepted step. The objective stands at the new point and its gradient is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accepted {
    /// t.
    pub length: f64,
    /// f(x + t·d).
    pub value: f64,
}

/// What a trial says.
enum Verdict {
    Accept,
    Shorter,
    Longer,
}

impl Wolfe {
    fn judge(&self, start: f64, slope: f64, t: f64, value: f64, here: f64) -> Verdict {
        let flat = here >= self.slope * slope;
        let armijo = value <= start + self.decrease * t * slope;
        let approximate = value <= start + self.rounding * start.abs() && here <= (2.0 * self.decrease - 1.0) * slope;
        match (armijo || approximate, flat) {
            (true, true) => Verdict::Accept,
            (true, false) if here < 0.0 => Verdict::Longer,
            (true, false) => Verdict::Accept,
            (false, _) => Verdict::Shorter,
        }
    }

    /// Searches along `d` from `x`, where f is `start` and `slope` = ∇f·d < 0, trying t = `first` at once by a full evaluation.
    /// On success `trial` holds x + t·d and `g` the gradient there.
    ///
    /// # Errors
    /// [`Stop::Terminated`] when no step is acceptable; the objective then stands at some other point.
    #[allow(clippy::too_many_arguments)]
    pub fn search(
        &self,
        f: &mut dyn Objective<f64>,
        x: &[f64],
        d: &[f64],
        start: f64,
        slope: f64,
        first: f64,
        trial: &mut [f64],
        g: &mut [f64],
    ) -> Result<Accepted, Stop> {
        let mut t = first;
        let (mut low, mut high) = ((0.0, start, slope), None::<(f64, f64, f64)>);
        let mut last = None;
        for count in 0..self.max_trials {
            for ((to, x), d) in trial.iter_mut().zip(x).zip(d) {
                *to = x + t * d;
            }
            let (value, here) = match evaluate(f, trial, d, g) {
                Ok(v) => v,
                Err(cause) => {
                    last = Some(cause);
                    (f64::INFINITY, f64::INFINITY)
                }
            };
            match self.judge(start, slope, t, value, here) {
                Verdict::Accept => return Ok(Accepted { length: t, value }),
                Verdict::Longer => low = (t, value, here),
                Verdict::Shorter => high = Some((t, value, here)),
            }
            t = match high {
                None => t * 4.0,
                Some(high) => between(low, high),
            };
            if t <= 0.0 || high.is_some_and(|h| h.0 - low.0 <= 1e-16 * h.0) {
                break;
            }
            // The first trial costs a pass whatever happens; the rest can be found along the line without one.
            if count == 0 && last.is_none() && f.at(x).is_ok() {
                // The objective may know its values along the line.
                if let Some(found) = self.along(f, d, start, slope, low, high, t) {
                    t = found;
                }
            }
        }
        let detail = match last {
            Some(cause) => format!("no step along the direction was acceptable; beyond it {cause}"),
            None => format!("no step along the direction lowers the objective {start:e}; its slope is {slope:e}"),
        };
        Err(Stop::Terminated(Termination::new(Reason::LineSearchFailed, detail)))
    }

    /// The same search on the objective's own line, where trials cost no pass over data; the accepted length.
    #[allow(clippy::too_many_arguments)]
    fn along(
        &self,
        f: &mut dyn Objective<f64>,
        d: &[f64],
        start: f64,
        slope: f64,
        mut low: (f64, f64, f64),
        mut high: Option<(f64, f64, f64)>,
        mut t: f64,
    ) -> Option<f64> {
        let line = f.line(d)?;
        for _ in 0..self.max_trials {
            let (value, here) = line.at(t).unwrap_or((f64::INFINITY, f64::INFINITY));
            match self.judge(start, slope, t, value, here) {
                Verdict::Accept => return Some(t),
                Verdict::Longer => low = (t, value, here),
                Verdict::Shorter => high = Some((t, value, here)),
            }
            t = match high {
                None => t * 4.0,
                Some(high) => between(low, high),
            };
        }
        None
    }
}

fn evaluate(f: &mut dyn Objective<f64>, x: &[f64], d: &[f64], g: &mut [f64]) -> Result<(f64, f64), NonFinite> {
    let value = f.at(x)?;
    f.gradient(g)?;
    Ok((value, dot(g, d)))
}

/// A trial inside the bracket: the minimum of the cubic through both ends where it is well inside, else a tenth or the middle.
fn between(low: (f64, f64, f64), high: (f64, f64, f64)) -> f64 {
    let ((a, fa, ga), (b, fb, gb)) = (low, high);
    let width = b - a;
    if !fb.is_finite() || !gb.is_finite() {
        return a + 0.1 * width;
    }
    let theta = 3.0 * (fa - fb) / width + ga + gb;
    let root = theta * theta - ga * gb;
    let cubic = if root >= 0.0 {
        let gamma = root.sqrt();
        b - width * (gb + gamma - theta) / (gb - ga + 2.0 * gamma)
    } else {
        f64::NAN
    };
    if cubic > a + 0.05 * width && cubic < b - 0.05 * width { cubic } else { a + 0.5 * width }
}
