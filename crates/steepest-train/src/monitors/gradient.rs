//! Stops when the gradient is small.

use steepest_core::{Reason, StateVisitor, Termination};

use super::Tolerance;
use crate::monitor::{Flow, Monitor, Observation};

/// Stops when ‖g‖ is at most the tolerance; a relative one is times the norm at the first step, ‖g(x₀)‖, so that the unit of the
/// objective does not matter.
#[derive(Debug, Clone)]
pub struct GradientNorm {
    tolerance: Tolerance,
    first: f64,
}

impl GradientNorm {
    /// Stops at this tolerance.
    pub fn new(tolerance: Tolerance) -> GradientNorm {
        GradientNorm { tolerance, first: f64::NAN }
    }
}

impl Monitor for GradientNorm {
    fn name(&self) -> &'static str {
        "gradient_norm"
    }

    fn describe(&self) -> String {
        format!("gradient_norm {}", self.tolerance.describe())
    }

    fn observe(&mut self, seen: &mut Observation<'_>) -> Flow {
        let Some(norm) = seen.info.grad_norm else { return Flow::Continue };
        if self.first.is_nan() {
            self.first = norm;
        }
        let bound = self.tolerance.bound(self.first);
        if norm > bound || norm.is_nan() {
            return Flow::Continue;
        }
        let at_first = match self.tolerance {
            Tolerance::Absolute(_) => String::new(),
            Tolerance::Relative(_) => format!("; it was {:.3e} at the first step", self.first),
        };
        let detail = format!("the norm of the gradient is {norm:.3e}, at most {bound:.3e} was asked{at_first}");
        Flow::Stop(Termination::new(Reason::GradientNorm, detail))
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.number("first", &mut self.first);
    }
}

#[cfg(test)]
mod tests {
    use steepest_core::StepInfo;

    use super::*;
    use crate::monitors::tests::{Scripted, observe};

    #[test]
    fn relative_is_relative_to_the_first_step() {
        let stops = |tolerance, scale: f64| {
            let mut m = GradientNorm::new(tolerance);
            let mut step = 0;
            loop {
                step += 1;
                let grad_norm = Some(scale * 0.5f64.powi(step));
                let info = StepInfo { step: step as u64, grad_norm, ..StepInfo::default() };
                if observe(&mut m, info, None, &mut Scripted::new()) != Flow::Continue {
                    return step;
                }
            }
        };
        assert_eq!(stops(Tolerance::Relative(0.1), 1.0), 5);
        assert_eq!(stops(Tolerance::Relative(0.1), 1e12), 5);
        assert_eq!(stops(Tolerance::Absolute(0.1), 1.0), 4);
    }
}
