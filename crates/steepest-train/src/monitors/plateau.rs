//! Lowers the learning rate when the watched metric stops improving.

use steepest_core::StateVisitor;

use crate::monitor::{Action, Flow, Monitor, Observation, Watch};

/// Multiplies the learning rate by `factor` when the watched metric (without one, the objective) has not improved by more than a
/// part `threshold` of itself for `patience` evaluations; then waits `cooldown` evaluations before it counts again.
#[derive(Debug, Clone)]
pub struct Plateau {
    /// What is watched; `None` for the objective of the scores.
    pub watch: Option<Watch>,
    /// In (0, 1).
    pub factor: f64,
    /// Evaluations without improvement that are borne.
    pub patience: u64,
    /// Relative improvement below which nothing has improved.
    pub threshold: f64,
    /// Evaluations after a cut that do not count.
    pub cooldown: u64,
    best: f64,
    waited: u64,
    cooling: u64,
}

impl Plateau {
    /// Watches with threshold 10⁻⁴ and no cooldown.
    pub fn new(watch: Option<Watch>, factor: f64, patience: u64) -> Plateau {
        let (best, threshold) = (f64::INFINITY, 1e-4);
        Plateau { watch, factor, patience, threshold, cooldown: 0, best, waited: 0, cooling: 0 }
    }
}

impl Monitor for Plateau {
    fn name(&self) -> &'static str {
        "plateau"
    }

    fn describe(&self) -> String {
        let watched = self.watch.as_ref().map_or_else(|| "objective".into(), Watch::describe);
        format!("plateau {watched} factor {} patience {}", self.factor, self.patience)
    }

    fn observe(&mut self, seen: &mut Observation<'_>) -> Flow {
        let cost = seen.scores.and_then(|s| self.watch.as_ref().map_or(s.objective, |w| w.cost(s)));
        let Some(cost) = cost else { return Flow::Continue };
        let needed = if self.best.is_finite() { self.best - self.threshold * self.best.abs() } else { self.best };
        if cost < needed {
            (self.best, self.waited) = (cost, 0);
        } else {
            self.waited += 1;
        }
        if self.cooling > 0 {
            self.cooling -= 1;
            self.waited = 0;
        }
        if self.waited <= self.patience {
            return Flow::Continue;
        }
        let waited = std::mem::take(&mut self.waited);
        self.cooling = self.cooldown;
        let watched = self.watch.as_ref().map_or_else(|| "the objective".into(), Watch::describe);
        let why = format!("{watched} has not improved for {waited} evaluations");
        Flow::Do(Action::ScaleLr { factor: self.factor, why })
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.number("best", &mut self.best);
        state.int("waited", &mut self.waited);
        state.int("cooling", &mut self.cooling);
    }
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
    fn cuts_come_after_patience_and_not_during_cooldown() {
        let mut m = Plateau { cooldown: 2, ..Plateau::new(None, 0.5, 1) };
        let mut cuts = Vec::new();
        for step in 0..12u64 {
            let objective = Some(if step < 3 { 1.0 / (step + 1) as f64 } else { 0.33333 });
            let scores = Scores { objective, ..Scores::default() };
            let info = StepInfo { step, ..StepInfo::default() };
            if let Flow::Do(Action::ScaleLr { factor, .. }) = observe(&mut m, info, Some(&scores), &mut Scripted::new())
            {
                assert_eq!(factor, 0.5);
                cuts.push(step);
            }
        }
        assert_eq!(cuts, [4, 8]);
    }
}
