//! Where a solver with one current point stands, and how it moves on: what all descents share.

use steepest_core::{NonFinite, Objective, StateVisitor, StepInfo, Stop};

use crate::vector::{along, dot, max_abs, norm};

/// A point with the value and gradient there, and room for the next one.
#[derive(Debug)]
pub struct Place {
    /// x.
    pub x: Vec<f64>,
    /// ∇f(x).
    pub g: Vec<f64>,
    /// f(x).
    pub value: f64,
    /// Number of completed updates.
    pub step: u64,
    /// The last trial point: after an accepted search the next x.
    pub trial: Vec<f64>,
    /// The gradient there.
    pub next: Vec<f64>,
    /// Whether value and gradient belong to x.
    fresh: bool,
}

/// An accepted step. The objective stands at the new point and its gradient is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accepted {
    /// t.
    pub length: f64,
    /// f(x + t·d).
    pub value: f64,
}

impl Place {
    /// At `x`, where nothing is known yet.
    pub fn new(x: Vec<f64>) -> Place {
        let zeros = || vec![0.0; x.len()];
        Place { g: zeros(), value: 0.0, step: 0, trial: zeros(), next: zeros(), fresh: false, x }
    }

    /// Evaluates f and ∇f at x, unless they are known.
    ///
    /// # Errors
    /// [`Stop::NonFinite`].
    pub fn ready(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        if self.fresh { Ok(()) } else { self.restore(f) }
    }

    /// Evaluates f and ∇f at x.
    ///
    /// # Errors
    /// [`Stop::NonFinite`].
    pub fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        let step = self.step + 1;
        let found = f.at(&self.x).and_then(|value| f.gradient(&mut self.g).map(|()| value));
        self.value = found.map_err(|cause| Stop::NonFinite { step, cause })?;
        self.fresh = true;
        Ok(())
    }

    /// The objective was moved elsewhere and has to come back before the next step.
    pub fn left(&mut self) {
        self.fresh = false;
    }

    /// Goes to another point, of which nothing is known.
    pub fn move_to(&mut self, x: &[f64]) {
        self.x.copy_from_slice(x);
        self.fresh = false;
    }

    /// The half line x + t·d with its slope at t = 0.
    pub fn ray<'a>(&'a mut self, f: &'a mut dyn Objective<f64>, d: &'a [f64], slope: f64) -> Ray<'a> {
        Ray {
            f,
            x: &self.x,
            d,
            g: &self.g,
            start: self.value,
            slope,
            trial: &mut self.trial,
            next: &mut self.next,
            cause: None,
        }
    }

    /// Makes the trial the current point. `moved` is ‖Δx‖.
    pub fn advance(&mut self, accepted: Accepted, moved: f64) -> StepInfo {
        std::mem::swap(&mut self.x, &mut self.trial);
        std::mem::swap(&mut self.g, &mut self.next);
        self.value = accepted.value;
        self.step += 1;
        StepInfo {
            step: self.step,
            value: Some(accepted.value),
            grad_norm: Some(norm(&self.g)),
            lr: Some(accepted.length),
            step_norm: Some(moved),
            gap: None,
        }
    }

    /// ‖∇f(x)‖∞, once it is known.
    pub fn stationarity(&self) -> Option<f64> {
        self.fresh.then(|| max_abs(&self.g))
    }

    /// f(x), once it is known.
    pub fn known_value(&self) -> Option<f64> {
        self.fresh.then_some(self.value)
    }

    /// Shows x and the number of steps.
    pub fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.int("step", &mut self.step);
    }
}

/// The function φ(t) = f(x + t·d), which searches evaluate.
pub struct Ray<'a> {
    /// f.
    pub f: &'a mut dyn Objective<f64>,
    /// x.
    pub x: &'a [f64],
    /// d.
    pub d: &'a [f64],
    /// ∇f(x).
    pub g: &'a [f64],
    /// φ(0).
    pub start: f64,
    /// φ′(0).
    pub slope: f64,
    /// x + t·d of the last evaluation.
    pub trial: &'a mut [f64],
    /// The gradient there.
    pub next: &'a mut [f64],
    /// The last value that was not finite.
    pub cause: Option<NonFinite>,
}

/// φ at one t. Where it cannot be computed, value and slope are +∞.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// t.
    pub t: f64,
    /// φ(t).
    pub value: f64,
    /// φ′(t).
    pub slope: f64,
}

impl Trial {
    /// Whether φ could be computed there.
    pub fn is_finite(&self) -> bool {
        self.value.is_finite() && self.slope.is_finite()
    }
}

impl Ray<'_> {
    /// φ(0) and φ′(0).
    pub fn origin(&self) -> Trial {
        Trial { t: 0.0, value: self.start, slope: self.slope }
    }

    /// φ(t); +∞ where it cannot be computed.
    pub fn value(&mut self, t: f64) -> f64 {
        along(self.trial, self.x, t, self.d);
        match self.f.at(self.trial) {
            Ok(value) if value.is_finite() => value,
            Ok(value) => {
                self.cause = Some(NonFinite::Objective { value });
                f64::INFINITY
            }
            Err(cause) => {
                self.cause = Some(cause);
                f64::INFINITY
            }
        }
    }

    /// φ′ where [`value`](Ray::value) was asked last; +∞ where it cannot be computed.
    pub fn slope(&mut self) -> f64 {
        match self.f.gradient(self.next) {
            Ok(()) => {
                let slope = dot(self.next, self.d);
                if slope.is_finite() { slope } else { f64::INFINITY }
            }
            Err(cause) => {
                self.cause = Some(cause);
                f64::INFINITY
            }
        }
    }

    /// φ(t) and φ′(t).
    pub fn at(&mut self, t: f64) -> Trial {
        let value = self.value(t);
        let slope = if value.is_finite() { self.slope() } else { f64::INFINITY };
        Trial { t, value, slope }
    }
}
