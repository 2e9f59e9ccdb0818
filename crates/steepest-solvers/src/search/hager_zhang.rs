//! Hager and Zhang's search: a bracket narrowed by double secant steps, in slopes rather than values.
//!
//! Accepted are the Wolfe conditions, or their approximate form (2δ − 1)φ′(0) ≥ φ′(t) ≥ σφ′(0) at φ(t) ≤ φ(0) + ε|φ(0)|,
//! which rounding of f does not disturb.
//!
//! W. W. Hager and H. Zhang, “A new conjugate gradient method with guaranteed descent and an efficient line search”, SIAM J.
//! Optim. 16(1), 2005, doi:10.1137/030601880; the names B, U and S² are those of their procedures in “Algorithm 851”, ACM TOMS
//! 32(1), 2006, doi:10.1145/1132973.1132979.

use steepest_core::Stop;

use super::{Search, wolfe::lowest};
use crate::place::{Accepted, Ray, Trial};

/// Hager–Zhang's search with the constants of their paper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HagerZhang {
    /// δ in (0, ½).
    pub decrease: f64,
    /// σ in [δ, 1).
    pub slope: f64,
    /// ε, how far f may rise in the approximate form, in units of |f(x)|.
    pub rounding: f64,
    /// Trials before the search gives up.
    pub max_trials: usize,
}

impl Default for HagerZhang {
    fn default() -> Self {
        HagerZhang { decrease: 0.1, slope: 0.9, rounding: 1e-10, max_trials: 60 }
    }
}

/// θ: where a bracket with a high end is cut.
const CUT: f64 = 0.5;
/// γ: by how much two secant steps must shrink the bracket.
const SHRINK: f64 = 0.66;
/// ρ: how fast the bracket grows.
const GROW: f64 = 5.0;

/// The search on one ray.
struct Run<'a, 'r> {
    ray: &'a mut Ray<'r>,
    params: HagerZhang,
    origin: Trial,
    /// φ(0) + ε|φ(0)|.
    ceiling: f64,
    left: usize,
    /// The lowest trial.
    low: Trial,
}

/// Found, or the bracket to go on with.
type Found<T> = Result<T, Option<Trial>>;

impl Run<'_, '_> {
    /// Evaluates φ(t); Err(Some) when it is acceptable, Err(None) when trials are used up.
    fn trial(&mut self, t: f64) -> Found<Trial> {
        if self.left == 0 {
            return Err(None);
        }
        self.left -= 1;
        let trial = self.ray.at(t);
        if trial.is_finite() && trial.value < self.low.value {
            self.low = trial;
        }
        let (p, o) = (self.params, self.origin);
        let curved = trial.slope >= p.slope * o.slope;
        let wolfe = trial.value - o.value <= p.decrease * t * o.slope;
        let approximate = (2.0 * p.decrease - 1.0) * o.slope >= trial.slope && trial.value <= self.ceiling;
        if trial.is_finite() && t > 0.0 && curved && (wolfe || approximate) { Err(Some(trial)) } else { Ok(trial) }
    }

    /// U3: narrows [a, b], where φ(b) is too high, until its right end slopes up.
    fn cut(&mut self, mut a: Trial, mut b: f64) -> Found<(Trial, Trial)> {
        loop {
            let d = self.trial((1.0 - CUT) * a.t + CUT * b)?;
            if d.is_finite() && d.slope >= 0.0 {
                return Ok((a, d));
            }
            if d.is_finite() && d.value <= self.ceiling {
                a = d;
            } else {
                b = d.t;
            }
            if b - a.t <= 1e-16 * b {
                return Err(None);
            }
        }
    }

    /// U: the bracket that a trial at c leaves of [a, b].
    fn update(&mut self, a: Trial, b: Trial, c: f64) -> Found<(Trial, Trial)> {
        if !(c > a.t && c < b.t) {
            return Ok((a, b));
        }
        let c = self.trial(c)?;
        match () {
            () if c.is_finite() && c.slope >= 0.0 => Ok((a, c)),
            () if c.is_finite() && c.value <= self.ceiling => Ok((c, b)),
            () => self.cut(a, c.t),
        }
    }

    /// B: a first bracket from the trial c.
    fn bracket(&mut self, first: f64) -> Found<(Trial, Trial)> {
        let (mut low, mut t) = (self.origin, first);
        loop {
            let c = self.trial(t)?;
            if !c.is_finite() || (c.slope < 0.0 && c.value > self.ceiling) {
                return self.cut(low, c.t);
            }
            if c.slope >= 0.0 {
                return Ok((low, c));
            }
            low = c;
            t *= GROW;
        }
    }

    /// S²: two secant steps.
    fn secant2(&mut self, a: Trial, b: Trial) -> Found<(Trial, Trial)> {
        let secant = |a: Trial, b: Trial| (a.t * b.slope - b.t * a.slope) / (b.slope - a.slope);
        let c = secant(a, b);
        let (a1, b1) = self.update(a, b, c)?;
        let second = match () {
            () if c == b1.t => secant(b, b1),
            () if c == a1.t => secant(a, a1),
            () => return Ok((a1, b1)),
        };
        self.update(a1, b1, second)
    }

    fn run(&mut self, first: f64) -> Found<()> {
        let (mut a, mut b) = self.bracket(first)?;
        loop {
            let (width, before) = (b.t - a.t, (a.t, b.t));
            (a, b) = self.secant2(a, b)?;
            if b.t - a.t > SHRINK * width {
                (a, b) = self.update(a, b, 0.5 * (a.t + b.t))?;
            }
            if (a.t, b.t) == before || b.t - a.t <= 1e-16 * b.t {
                return Err(None);
            }
        }
    }
}

impl Search for HagerZhang {
    fn search(&mut self, ray: &mut Ray<'_>, first: f64, _done: u64) -> Result<Accepted, Stop> {
        let origin = ray.origin();
        let ceiling = origin.value + self.rounding * origin.value.abs();
        let mut run = Run { ray, params: *self, origin, ceiling, left: self.max_trials, low: origin };
        match run.run(first) {
            Err(Some(trial)) => Ok(Accepted { length: trial.t, value: trial.value }),
            _ => {
                let low = run.low;
                lowest(ray, low)
            }
        }
    }

    /// A hundredth of ‖x‖: I0 of their paper, in the 2-norm.
    fn start(&self, x: f64, d: f64) -> f64 {
        (0.01 * x.max(1.0) / d).min(1.0)
    }

    fn curvature(&self) -> bool {
        true
    }
}
