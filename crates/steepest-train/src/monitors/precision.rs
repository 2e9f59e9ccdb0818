//! Notices a deterministic run that working precision lets no further.

use steepest_core::{Reason, StateVisitor, StepInfo, Termination};

/// Steps in a row without gain, shorter than the rounding of x, before the run ends.
const STILL: u64 = 5;
/// Steps in a row that changed neither the objective beyond its rounding nor lowered the gradient, however long they are: where
/// the curvature is uneven, the rounding of the gradient alone moves x by more than its own rounding.
const FLAT: u64 = 100;
/// How long a step of rounding is, in units of ‖x‖, and how far rounding moves the objective, in units of its size.
const ROUNDING: f64 = 16.0 * f64::EPSILON;
/// A gradient of this share of the largest one seen is rounding, or one whose promise ‖g‖‖x‖ is that of the objective.
const GRADIENT: f64 = 1e-10;
const PROMISE: f64 = 1e-12;

/// Ends a deterministic run at the limit of working precision, as [`Reason::GradientNorm`] where the gradient is at the level of
/// its rounding and as [`Reason::Stalled`] elsewhere. Always on: no tolerance is met by steps that change nothing.
#[derive(Debug, Clone)]
pub(crate) struct Precision {
    lowest: f64,
    /// Largest, smallest and last norm of the gradient.
    largest: f64,
    smallest: f64,
    last: f64,
    /// 1 where the last step told how far it went, as those do whose gradient is that of the objective.
    primal: u64,
    still: u64,
    flat: u64,
}

impl Precision {
    pub(crate) fn new() -> Precision {
        let (lowest, smallest) = (f64::INFINITY, f64::INFINITY);
        Precision { lowest, largest: 0.0, smallest, last: f64::NAN, primal: 0, still: 0, flat: 0 }
    }

    /// Looks at a step. `size` computes ‖x‖, and is asked only where the objective did not fall.
    pub(crate) fn observe(&mut self, info: &StepInfo, size: impl FnOnce() -> f64) -> Option<Termination> {
        self.last = info.grad_norm.unwrap_or(f64::NAN);
        self.largest = self.largest.max(self.last);
        self.primal = u64::from(info.step_norm.is_some());
        let (Some(value), Some(moved)) = (info.value, info.step_norm) else { return None };
        let rounding = ROUNDING * self.lowest.abs();
        let lower = value < self.lowest - 2.0 * f64::EPSILON * self.lowest.abs();
        let level = (value - self.lowest).abs() <= rounding;
        let flatter = self.last < 0.9 * self.smallest;
        self.lowest = self.lowest.min(value);
        self.smallest = self.smallest.min(self.last);
        if lower {
            (self.still, self.flat) = (0, 0);
            return None;
        }
        let size = size();
        self.still = if moved <= ROUNDING * size { self.still + 1 } else { 0 };
        self.flat = if level && !flatter { self.flat + 1 } else { 0 };
        if self.still < STILL && self.flat < FLAT {
            return None;
        }
        let idle = self.still.max(self.flat);
        let what = format!(
            "{idle} steps changed the objective {value:.6e} by no more than rounding, the last moved x by {moved:.1e}"
        );
        Some(self.end(&what, size, value))
    }

    /// What an end means that the solver itself came to for want of a better point.
    pub(crate) fn judge(&self, end: Termination) -> Termination {
        let gave_up = matches!(end.reason, Reason::LineSearchFailed | Reason::Stalled);
        if gave_up && self.primal == 1 && self.is_rounding(0.0, self.lowest) {
            return self.end(&end.detail, 0.0, self.lowest);
        }
        end
    }

    fn is_rounding(&self, size: f64, value: f64) -> bool {
        self.last <= GRADIENT * self.largest || size > 0.0 && self.last * size <= PROMISE * value.abs()
    }

    fn end(&self, what: &str, size: f64, value: f64) -> Termination {
        let (last, largest) = (self.last, self.largest);
        if self.is_rounding(size, value) {
            let detail = format!(
                "the norm of the gradient is {last:.1e}, at its largest it was {largest:.1e}: this is the minimum in working \
                 precision; {what}"
            );
            return Termination::new(Reason::GradientNorm, detail);
        }
        let detail = format!("{what}: working precision allows no further, with a gradient of norm {last:.1e}");
        Termination::new(Reason::Stalled, detail)
    }

    pub(crate) fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.number("precision.lowest", &mut self.lowest);
        state.number("precision.largest", &mut self.largest);
        state.number("precision.smallest", &mut self.smallest);
        state.number("precision.last", &mut self.last);
        state.int("precision.primal", &mut self.primal);
        state.int("precision.still", &mut self.still);
        state.int("precision.flat", &mut self.flat);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(step: u64, value: f64, gradient: f64, moved: f64) -> StepInfo {
        StepInfo {
            step,
            value: Some(value),
            grad_norm: Some(gradient),
            step_norm: Some(moved),
            lr: Some(1.0),
            gap: None,
        }
    }

    fn ends(step_info: impl Fn(u64) -> StepInfo) -> Option<(u64, Termination)> {
        let mut precision = Precision::new();
        (1..10_000).find_map(|k| precision.observe(&step_info(k), || 10.0).map(|end| (k, end)))
    }

    #[test]
    fn steps_of_rounding_at_the_minimum_end_as_the_gradient_says() {
        for scale in [1e-200, 1.0, 1e200] {
            let newton = |k: u64| {
                let left = 10f64.powi(-(1 << k.min(6))).max(1e-16);
                info(k, scale * (1.0 + left), scale * left, left)
            };
            let (step, end) = ends(newton).unwrap();
            assert!(step <= 12 && end.reason == Reason::GradientNorm, "{step} {end}");
            // The rounding of the gradient moves x by far more than the rounding of x.
            let uneven = |k: u64| info(k, scale, scale * if k == 1 { 1.0 } else { 1e-13 }, 1e-6);
            let (step, end) = ends(uneven).unwrap();
            assert!(step <= 2 + FLAT && end.reason == Reason::GradientNorm, "{step} {end}");
        }
        let (_, end) = ends(|k| info(k, 1.0, 0.5, 0.0)).unwrap();
        assert_eq!(end.reason, Reason::Stalled);
    }

    #[test]
    fn slow_gains_and_ripples_go_on() {
        assert_eq!(ends(|k| info(k, 1.0 + 1.0 / k as f64, 1.0 / k as f64, 1e-17)), None);
        assert_eq!(ends(|k| info(k, 1.0 / (k as f64).powi(20), 1.0, 1e-3)), None);
        let ripple = |k: u64| info(k, 2.0 + (k as f64 / 300.0).sin(), 1.0, 1e-3);
        assert_eq!(ends(ripple), None);
    }

    #[test]
    fn a_search_that_finds_nothing_at_the_minimum_did_not_fail() {
        let mut precision = Precision::new();
        let failed = || Termination::new(Reason::LineSearchFailed, "no step");
        precision.observe(&info(1, 1.0, 1.0, 1.0), || 1.0);
        assert_eq!(precision.judge(failed()).reason, Reason::LineSearchFailed);
        precision.observe(&info(2, 1e-31, 1e-15, 1.0), || 1.0);
        assert_eq!(precision.judge(failed()).reason, Reason::GradientNorm);
        // Slopes of dual values say nothing about the objective.
        precision.observe(&StepInfo { step: 3, grad_norm: Some(0.0), ..StepInfo::default() }, || 1.0);
        assert_eq!(precision.judge(failed()).reason, Reason::LineSearchFailed);
    }
}
