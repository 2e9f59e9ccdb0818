//! Notices a run whose objective grows instead of falling, before it overflows.

use steepest_core::{Reason, StateVisitor, Termination};

use crate::monitor::{Flow, Monitor, Observation};

/// How many values make up the start where no objective at the initial point is known.
const FIRST_VALUES: u64 = 10;

/// Stops when the objective exceeds its start by more than `multiple` times the start's size.
///
/// The start is the objective at the initial parameters where the scores tell it, else the largest of the first ten values:
/// the run is compared with its own history, and rescaling the objective changes nothing.
#[derive(Debug, Clone)]
pub struct Divergence {
    multiple: f64,
    start: f64,
    seen: u64,
}

impl Divergence {
    /// Stops beyond start + `multiple`·|start|.
    pub fn new(multiple: f64) -> Divergence {
        Divergence { multiple, start: f64::NEG_INFINITY, seen: 0 }
    }
}

impl Default for Divergence {
    fn default() -> Divergence {
        Divergence::new(100.0)
    }
}

impl Monitor for Divergence {
    fn name(&self) -> &'static str {
        "divergence"
    }

    fn describe(&self) -> String {
        format!("divergence {}", self.multiple)
    }

    fn observe(&mut self, seen: &mut Observation<'_>) -> Flow {
        let step = seen.info.step;
        let Some(value) = seen.scores.and_then(|s| s.objective).or(seen.value) else { return Flow::Continue };
        if step == 0 {
            (self.start, self.seen) = (value, FIRST_VALUES);
        } else if self.seen < FIRST_VALUES {
            self.start = self.start.max(value);
            self.seen += 1;
        }
        let bound = self.start + self.multiple * self.start.abs();
        if self.seen < FIRST_VALUES || self.start == 0.0 || value <= bound {
            return Flow::Continue;
        }
        let remedy = match seen.info.lr {
            Some(lr) => format!("the learning rate {lr} is too high for this problem: try {}", one_digit(lr / 10.0)),
            None => "the steps are too long for this problem: scale the features or lower the learning rate".into(),
        };
        let detail =
            format!("at step {step} the objective is {value:.4e}, at the start it was {:.4e}; {remedy}", self.start);
        Flow::Stop(Termination::new(Reason::Diverged, detail))
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.number("start", &mut self.start);
        state.int("seen", &mut self.seen);
    }
}

/// A number to one significant digit, for suggestions.
pub(crate) fn one_digit(value: f64) -> f64 {
    format!("{value:.0e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use steepest_core::StepInfo;

    use super::*;
    use crate::{
        monitor::Scores,
        monitors::tests::{Scripted, observe},
    };

    #[test]
    fn growth_is_noticed_at_any_scale_and_noise_is_not() {
        for scale in [1e-9, 1.0, 1e9] {
            let mut m = Divergence::default();
            let scores = Scores { objective: Some(0.69 * scale), ..Scores::default() };
            let mut see = |step: u64, value: f64, scores: Option<&Scores>| {
                let info = StepInfo { step, value: Some(value * scale), lr: Some(3.0), ..StepInfo::default() };
                observe(&mut m, info, scores, &mut Scripted::new())
            };
            assert_eq!(see(0, 0.0, Some(&scores)), Flow::Continue);
            assert_eq!(see(1, 30.0, None), Flow::Continue);
            let Flow::Stop(t) = see(2, 80.0, None) else { panic!("unnoticed") };
            assert!(t.detail.contains("at step 2") && t.detail.contains("try 0.3"), "{}", t.detail);
        }
    }

    #[test]
    fn a_start_of_zero_is_no_measure() {
        let mut m = Divergence::default();
        for step in 0..100 {
            let info = StepInfo { step, value: Some(0.0), ..StepInfo::default() };
            assert_eq!(observe(&mut m, info, None, &mut Scripted::new()), Flow::Continue);
        }
    }
}
