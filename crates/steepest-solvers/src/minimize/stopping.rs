//! When a run of the driver ends: tolerances, and the signs of a function that is flat, unbounded or left for infinity.

use steepest_core::{Reason, Termination};
use steepest_optim::Tolerance;

use super::Minimize;
use crate::vector::norm;

/// What a step left behind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    pub value: f64,
    pub grad_norm: f64,
    /// ‖Δx‖₂.
    pub moved: f64,
    /// t or η.
    pub length: f64,
}

/// The tolerances with what they remember of the run.
#[derive(Debug)]
pub(super) struct Stopping {
    gtol: Tolerance,
    ftol: Tolerance,
    xtol: Tolerance,
    monotone: bool,
    first_value: f64,
    first_gradient: f64,
    last_value: f64,
    /// How many steps in a row changed f, and x, by less than the tolerance.
    value_row: u32,
    change_row: u32,
    lowest: f64,
    smallest_gradient: f64,
    /// Steps since value or gradient improved.
    idle: u32,
}

/// Values this far below, or above, the start are on their way to infinity.
const FAR: f64 = 1e20;
/// Steps of a monotone method without any progress before the run has stalled.
const PATIENCE: u32 = 40;

fn bound(tolerance: Tolerance, reference: f64) -> Option<f64> {
    (tolerance != Tolerance::default()).then_some(tolerance.absolute + tolerance.relative * reference)
}

impl Stopping {
    pub fn new(settings: &Minimize, monotone: bool, value: f64, grad_norm: f64) -> Stopping {
        Stopping {
            gtol: settings.gtol,
            ftol: settings.ftol,
            xtol: settings.xtol,
            monotone,
            first_value: value,
            first_gradient: grad_norm,
            last_value: value,
            value_row: 0,
            change_row: 0,
            lowest: value,
            smallest_gradient: grad_norm,
            idle: 0,
        }
    }

    /// Whether the start is an end already.
    pub fn at_start(&self, now: &Measured) -> Option<Termination> {
        if now.grad_norm == 0.0 {
            return Some(Termination::new(Reason::GradientNorm, "the gradient is zero at the start"));
        }
        self.gradient(now)
    }

    /// The solver goes on from another point.
    pub fn jumped(&mut self, value: f64) {
        self.last_value = value;
        (self.value_row, self.change_row, self.idle) = (0, 0, 0);
        (self.lowest, self.smallest_gradient) = (value, f64::INFINITY);
    }

    pub fn judge(&mut self, now: &Measured, x: &[f64]) -> Option<Termination> {
        let infinite = self.infinite(now);
        if infinite.is_some() {
            return infinite;
        }
        let gradient = self.gradient(now);
        let value = self.value(now);
        let change = self.change(now, x);
        let stalled = self.stalled(now);
        gradient.or(value).or(change).or(stalled)
    }

    fn infinite(&self, now: &Measured) -> Option<Termination> {
        let scale = self.first_value.abs().max(1.0);
        if now.value < -FAR * scale {
            let detail =
                format!("the objective fell from {:e} to {:e} and goes on falling", self.first_value, now.value);
            return Some(Termination::new(Reason::Unbounded, detail));
        }
        if !now.value.is_finite() || now.value > FAR * scale {
            let detail = format!(
                "the objective grew from {:e} to {:e}; the step size {:e} is too long for the curvature: lower lr, or let a search \
                 choose it",
                self.first_value, now.value, now.length
            );
            return Some(Termination::new(Reason::Diverged, detail));
        }
        None
    }

    fn gradient(&self, now: &Measured) -> Option<Termination> {
        let bound = bound(self.gtol, self.first_gradient)?;
        let detail =
            || format!("gradient norm {:.3e} ≤ {bound:.3e} (at the start {:.3e})", now.grad_norm, self.first_gradient);
        (now.grad_norm <= bound).then(|| Termination::new(Reason::GradientNorm, detail()))
    }

    /// Where steps are not chosen by a search, a short one says nothing: changes are then divided by it.
    fn rate(&self, now: &Measured) -> f64 {
        if self.monotone || !now.length.is_finite() || now.length <= 0.0 { 1.0 } else { now.length.min(1.0) }
    }

    fn rows(&self) -> u32 {
        if self.monotone { 1 } else { 5 }
    }

    fn value(&mut self, now: &Measured) -> Option<Termination> {
        let past = std::mem::replace(&mut self.last_value, now.value);
        let bound = bound(self.ftol, now.value.abs().max(past.abs()))?;
        let change = (now.value - past).abs() / self.rate(now);
        self.value_row = if change <= bound { self.value_row + 1 } else { 0 };
        let detail = || format!("the objective changed by {change:.3e} ≤ {bound:.3e}");
        (self.value_row >= self.rows()).then(|| Termination::new(Reason::ValueChange, detail()))
    }

    fn change(&mut self, now: &Measured, x: &[f64]) -> Option<Termination> {
        let bound = bound(self.xtol, norm(x))?;
        let change = now.moved / self.rate(now);
        self.change_row = if change <= bound { self.change_row + 1 } else { 0 };
        let detail = || format!("the point moved by {change:.3e} ≤ {bound:.3e}");
        (self.change_row >= self.rows()).then(|| Termination::new(Reason::ParameterChange, detail()))
    }

    /// A monotone method that lowers neither f beyond its rounding nor the gradient has come as far as f64 lets it.
    fn stalled(&mut self, now: &Measured) -> Option<Termination> {
        let better = now.value < self.lowest - 2.0 * f64::EPSILON * self.lowest.abs()
            || now.grad_norm < 0.9 * self.smallest_gradient;
        self.idle = if better { 0 } else { self.idle + 1 };
        self.lowest = self.lowest.min(now.value);
        self.smallest_gradient = self.smallest_gradient.min(now.grad_norm);
        let detail = || {
            format!(
                "{PATIENCE} steps lowered neither the objective {:e} nor its gradient {:.3e}: changes drown in rounding",
                now.value, now.grad_norm
            )
        };
        (self.monotone && self.idle >= PATIENCE).then(|| Termination::new(Reason::Stalled, detail()))
    }
}
