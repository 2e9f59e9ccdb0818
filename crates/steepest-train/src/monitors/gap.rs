//! Stops when the certificate proves the point to be close enough to the minimum.

use steepest_core::{Certificate, Reason, StateVisitor, Termination};

use crate::monitor::{Flow, Monitor, Observation};

/// Stops at a relative certified gap.
///
/// A certificate costs about a pass over the data. So it is asked for only when it is plausible that it will do: after a step
/// that reports a small enough gap by itself, or else on a schedule that follows the decay of the gaps seen and never lets
/// more than a quarter of the steps so far go by unlooked.
#[derive(Debug, Clone)]
pub struct GapTarget {
    target: f64,
    pass: u64,
    next: u64,
    last_step: u64,
    last_gap: f64,
}

impl GapTarget {
    /// Stops when gap / max(|P|, 10⁻³·|P(0)|) ≤ `target`, where `pass` steps make a pass over the data (1 for
    /// deterministic solvers).
    pub fn new(target: f64, pass: u64) -> GapTarget {
        GapTarget { target, pass: pass.max(1), next: 0, last_step: 0, last_gap: f64::INFINITY }
    }

    /// When to look again, having seen `gap` at `step`.
    fn plan(&mut self, step: u64, gap: f64) {
        let steps = (step - self.last_step) as f64;
        let rate = (self.last_gap / gap).ln() / steps;
        let left = (gap / self.target).ln() / rate;
        let longest = 0.25 * step as f64;
        let wait = if left.is_finite() && left > 0.0 { (0.7 * left).min(longest) } else { longest };
        self.next = step + (wait as u64).max(self.pass);
        (self.last_step, self.last_gap) = (step, gap);
    }
}

impl Monitor for GapTarget {
    fn name(&self) -> &'static str {
        "certified_gap"
    }

    fn describe(&self) -> String {
        format!("certified_gap {:e}", self.target)
    }

    fn observe(&mut self, seen: &mut Observation<'_>) -> Flow {
        let step = seen.info.step;
        let due = match seen.info.gap {
            Some(gap) => gap <= self.target,
            None => step >= self.next,
        };
        if !due {
            return Flow::Continue;
        }
        match seen.certificate().clone() {
            Certificate::Gap { kind, relative, .. } if relative <= self.target => {
                let (kind, target) = (kind.name().replace('_', " "), self.target);
                let detail = format!("the relative {kind} is {relative:.2e}, asked was {target:.0e}");
                Flow::Stop(Termination::new(Reason::CertifiedGap, detail))
            }
            Certificate::Gap { relative, .. } => {
                self.plan(step, relative);
                Flow::Continue
            }
            Certificate::None { .. } => {
                self.next = step + (step / 2).max(self.pass);
                Flow::Continue
            }
        }
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.int("next", &mut self.next);
        state.int("last_step", &mut self.last_step);
        state.number("last_gap", &mut self.last_gap);
    }
}

#[cfg(test)]
mod tests {
    use steepest_core::StepInfo;

    use super::*;
    use crate::monitors::tests::{Scripted, observe};

    fn run(gap_at: impl Fn(u64) -> f64, target: f64) -> (u64, u64) {
        let mut on = Scripted::new();
        let mut monitor = GapTarget::new(target, 1);
        for step in 1.. {
            on.gap = Some(gap_at(step));
            match observe(&mut monitor, StepInfo { step, ..StepInfo::default() }, None, &mut on) {
                Flow::Stop(t) => {
                    assert_eq!(t.reason, Reason::CertifiedGap);
                    return (step, on.asked);
                }
                _ => assert!(step < 100_000),
            }
        }
        unreachable!()
    }

    #[test]
    fn few_questions_and_little_delay() {
        // Newton: every step is looked at, as each is worth many certificates.
        assert_eq!(run(|k| 10f64.powi(-(1 << k)), 1e-9), (4, 4));
        // Linear and sublinear decay: the first step that would do, and the number of certificates.
        for (gap, first) in [
            (Box::new(|k: u64| 0.99f64.powi(k as i32)) as Box<dyn Fn(u64) -> f64>, 1375),
            (Box::new(|k: u64| 1.0 / (k as f64)), 10_000),
        ] {
            let target = if first == 1375 { 1e-6 } else { 1e-4 };
            let (stopped, asked) = run(gap, target);
            assert!(stopped >= first && stopped as f64 <= 1.26 * first as f64, "{stopped} {first}");
            assert!(asked < 60, "{asked}");
        }
    }

    #[test]
    fn a_gap_that_comes_for_free_decides_when_to_ask_and_is_then_proved() {
        let mut on = Scripted::new();
        on.gap = Some(1.0);
        let mut monitor = GapTarget::new(1e-3, 1);
        let info = |gap| StepInfo { step: 5, gap: Some(gap), ..StepInfo::default() };
        assert_eq!(observe(&mut monitor, info(0.1), None, &mut on), Flow::Continue);
        assert_eq!(on.asked, 0);
        assert_eq!(observe(&mut monitor, info(1e-4), None, &mut on), Flow::Continue);
        on.gap = Some(1e-4);
        assert!(matches!(observe(&mut monitor, info(1e-4), None, &mut on), Flow::Stop(_)));
    }
}
