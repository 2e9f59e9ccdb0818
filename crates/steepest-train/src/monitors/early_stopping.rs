//! Stops when the validation metric has not improved for a while.

use steepest_core::{Reason, StateVisitor, Termination};

use crate::monitor::{Flow, Monitor, Observation, Watch};

/// Stops when the watched metric has not improved by more than `min_delta` for `patience` evaluations in a row. The trainer
/// gives back the parameters of the best evaluation.
#[derive(Debug, Clone)]
pub struct EarlyStopping {
    watch: Watch,
    patience: u64,
    min_delta: f64,
    best: f64,
    best_step: u64,
    waited: u64,
}

impl EarlyStopping {
    /// Watches a metric with this patience, at least 1.
    pub fn new(watch: Watch, patience: u64, min_delta: f64) -> EarlyStopping {
        EarlyStopping { watch, patience: patience.max(1), min_delta, best: f64::INFINITY, best_step: 0, waited: 0 }
    }
}

impl Monitor for EarlyStopping {
    fn name(&self) -> &'static str {
        "early_stopping"
    }

    fn describe(&self) -> String {
        format!("early_stopping {} patience {} min_delta {}", self.watch.describe(), self.patience, self.min_delta)
    }

    fn observe(&mut self, seen: &mut Observation<'_>) -> Flow {
        let Some(cost) = seen.scores.and_then(|s| self.watch.cost(s)) else { return Flow::Continue };
        if cost < self.best - self.min_delta {
            (self.best, self.best_step, self.waited) = (cost, seen.info.step, 0);
            return Flow::Continue;
        }
        self.waited += 1;
        if self.waited < self.patience {
            return Flow::Continue;
        }
        let (name, best) = (self.watch.describe(), self.watch.value(self.best));
        let detail = format!(
            "{name} has not improved on {best:.6} of step {} for {} evaluations; the parameters of that step are kept",
            self.best_step, self.waited
        );
        Flow::Stop(Termination::new(Reason::EarlyStopping, detail))
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.number("best", &mut self.best);
        state.int("best_step", &mut self.best_step);
        state.int("waited", &mut self.waited);
    }
}

#[cfg(test)]
mod tests {
    use steepest_core::StepInfo;

    use super::*;
    use crate::{
        monitor::{Scores, Split},
        monitors::tests::{Scripted, observe},
    };

    #[test]
    fn patience_counts_evaluations_without_improvement() {
        let watch = Watch { split: Split::Valid, metric: "accuracy".into(), higher_is_better: true };
        let mut m = EarlyStopping::new(watch, 3, 0.0);
        let values = [0.5, 0.7, 0.7, 0.6, 0.71, 0.70, 0.71, 0.69, 0.9];
        let mut stopped = None;
        for (k, &value) in values.iter().enumerate() {
            let info = StepInfo { step: k as u64, ..StepInfo::default() };
            // Steps between evaluations do not count.
            assert_eq!(observe(&mut m, info, None, &mut Scripted::new()), Flow::Continue);
            let scores = Scores { valid: vec![("accuracy".into(), value)], ..Scores::default() };
            if let Flow::Stop(t) = observe(&mut m, info, Some(&scores), &mut Scripted::new()) {
                stopped = Some((k, t.detail));
                break;
            }
        }
        let (k, detail) = stopped.unwrap();
        assert_eq!(k, 7);
        assert!(detail.contains("has not improved on 0.710000 of step 4 for 3 evaluations"), "{detail}");
    }
}
