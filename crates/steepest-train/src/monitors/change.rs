//! Stops when steps no longer change anything, without being fooled by steps that are small by choice.
//!
//! A tiny learning rate makes every change tiny, at any distance from the minimum. So changes are divided by the learning rate
//! where it is below 1: ‖Δx‖/η is about the norm of the gradient, |Δf|/η about its square.

use steepest_core::{Reason, StateVisitor, StepInfo, Termination};

use super::Tolerance;
use crate::monitor::{Flow, Monitor, Observation};

/// How many steps in a row must be small.
const IN_A_ROW: u64 = 2;

/// The learning rate by which changes are divided.
fn rate(info: &StepInfo) -> f64 {
    match info.lr {
        Some(lr) if lr > 0.0 => lr.min(1.0),
        _ => 1.0,
    }
}

/// Stops when |fₖ − fₖ₋₁| / min(1, η) is at most the tolerance, twice in a row; a relative one is times |fₖ|.
#[derive(Debug, Clone)]
pub struct ValueChange {
    tolerance: Tolerance,
    previous: f64,
    small: u64,
}

impl ValueChange {
    /// Stops at this tolerance.
    pub fn new(tolerance: Tolerance) -> ValueChange {
        ValueChange { tolerance, previous: f64::NAN, small: 0 }
    }
}

impl Monitor for ValueChange {
    fn name(&self) -> &'static str {
        "value_change"
    }

    fn describe(&self) -> String {
        format!("value_change {}", self.tolerance.describe())
    }

    fn observe(&mut self, seen: &mut Observation<'_>) -> Flow {
        let Some(value) = seen.value else { return Flow::Continue };
        let change = (value - self.previous).abs() / rate(seen.info);
        self.previous = value;
        let bound = self.tolerance.bound(value.abs());
        self.small = if change <= bound { self.small + 1 } else { 0 };
        if self.small < IN_A_ROW {
            return Flow::Continue;
        }
        let detail = format!("the objective changed by {change:.3e} (over min(1, η)), at most {bound:.3e} was asked");
        Flow::Stop(Termination::new(Reason::ValueChange, detail))
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.number("previous", &mut self.previous);
        state.int("small", &mut self.small);
    }
}

/// Stops when ‖Δx‖ / min(1, η) is at most the tolerance, twice in a row; a relative one is times the largest such value seen.
#[derive(Debug, Clone)]
pub struct ParameterChange {
    tolerance: Tolerance,
    largest: f64,
    small: u64,
}

impl ParameterChange {
    /// Stops at this tolerance.
    pub fn new(tolerance: Tolerance) -> ParameterChange {
        ParameterChange { tolerance, largest: 0.0, small: 0 }
    }
}

impl Monitor for ParameterChange {
    fn name(&self) -> &'static str {
        "parameter_change"
    }

    fn describe(&self) -> String {
        format!("parameter_change {}", self.tolerance.describe())
    }

    fn observe(&mut self, seen: &mut Observation<'_>) -> Flow {
        let Some(norm) = seen.info.step_norm else { return Flow::Continue };
        let change = norm / rate(seen.info);
        self.largest = self.largest.max(change);
        let bound = self.tolerance.bound(self.largest);
        self.small = if change <= bound { self.small + 1 } else { 0 };
        if self.small < IN_A_ROW {
            return Flow::Continue;
        }
        let detail = format!("the parameters moved by {change:.3e} (over min(1, η)), at most {bound:.3e} was asked");
        Flow::Stop(Termination::new(Reason::ParameterChange, detail))
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.number("largest", &mut self.largest);
        state.int("small", &mut self.small);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitors::tests::{Scripted, observe};

    /// Descent on θ²/2 from 1 with η, watched by a monitor; the objective where it stops.
    fn descend(mut monitor: impl Monitor, lr: f64) -> f64 {
        let mut x: f64 = 1.0;
        for step in 1..10_000_000 {
            let before = x;
            x -= lr * x;
            let value = Some(0.5 * x * x);
            let info = StepInfo { step, value, lr: Some(lr), step_norm: Some(before - x), ..StepInfo::default() };
            if observe(&mut monitor, info, None, &mut Scripted::new()) != Flow::Continue {
                return 0.5 * x * x;
            }
        }
        f64::INFINITY
    }

    #[test]
    fn a_tiny_learning_rate_does_not_look_like_convergence() {
        for lr in [0.5, 1e-2, 1e-5] {
            assert!(descend(ValueChange::new(Tolerance::Absolute(1e-6)), lr) < 1e-6);
            assert!(descend(ParameterChange::new(Tolerance::Absolute(1e-3)), lr) < 1e-6);
            assert!(descend(ParameterChange::new(Tolerance::Relative(1e-3)), lr) < 1e-6);
        }
    }
}
