//! The best parameters of a run so far.
//!
//! A deterministic step reports the objective at its new point. A stochastic one reports the loss of its batch at the point it
//! left, so that the losses up to a record speak of the point of the record before: that one waits, and is judged by them. A
//! loss of batches is no objective, though; what a diverged run gives back is compared by the whole objective once, at its end.

use steepest_core::{StateVisitor, first_non_finite};

/// The point of the lowest cost, and where it was.
#[derive(Debug, Clone, Default)]
pub(crate) struct Best {
    cost: f64,
    pub(crate) step: u64,
    kept: u64,
    pub(crate) point: Vec<f64>,
    /// The point of the last record, whose value the next record tells; empty where steps tell that of their own point.
    waiting: Vec<f64>,
    waiting_step: u64,
}

impl Best {
    /// No point yet, of this length; `late` where values are told after the point was left.
    pub(crate) fn new(len: usize, late: bool) -> Best {
        Best {
            cost: f64::INFINITY,
            point: vec![0.0; len],
            waiting: vec![0.0; if late { len } else { 0 }],
            ..Best::default()
        }
    }

    /// Takes the initial point, which any other with a known cost beats.
    pub(crate) fn begin(&mut self, point: &mut Vec<f64>) {
        self.wait(0, point);
        self.keep(f64::INFINITY, 0, point);
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.kept == 1
    }

    pub(crate) fn is_beaten_by(&self, cost: f64) -> bool {
        cost < self.cost
    }

    /// Keeps the point; the caller has the one kept before in its place, for copies of many parameters cost as much as steps.
    pub(crate) fn keep(&mut self, cost: f64, step: u64, point: &mut Vec<f64>) {
        (self.cost, self.step, self.kept) = (cost, step, 1);
        std::mem::swap(&mut self.point, point);
    }

    /// Lets the point wait for its value.
    pub(crate) fn wait(&mut self, step: u64, point: &[f64]) {
        if !self.waiting.is_empty() {
            self.waiting.copy_from_slice(point);
            self.waiting_step = step;
        }
    }

    /// Judges the waiting point by the value it has got; its room is then another's.
    pub(crate) fn judge_waiting(&mut self, cost: f64) {
        if self.is_beaten_by(cost) {
            (self.cost, self.step, self.kept) = (cost, self.waiting_step, 1);
            std::mem::swap(&mut self.point, &mut self.waiting);
        }
    }

    /// Makes the best of the points known, the start among them, the one of the lowest objective: three evaluations.
    pub(crate) fn settle(&mut self, start: &[f64], mut objective: impl FnMut(&[f64]) -> Option<f64>) {
        let mut at = |point: &[f64]| {
            let known = if first_non_finite(point).is_none() { objective(point) } else { None };
            known.filter(|v| !v.is_nan()).unwrap_or(f64::INFINITY)
        };
        let (kept, waiting, first) = (at(&self.point), at(&self.waiting), at(start));
        if waiting < kept && waiting < first {
            (self.cost, self.step) = (waiting, self.waiting_step);
            self.point.copy_from_slice(&self.waiting);
        } else if first < kept {
            (self.cost, self.step) = (first, 0);
            self.point.copy_from_slice(start);
        }
    }

    pub(crate) fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.number("best.cost", &mut self.cost);
        state.int("best.step", &mut self.step);
        state.int("best.kept", &mut self.kept);
        state.f64s("best.point", &mut self.point);
        if !self.waiting.is_empty() {
            state.f64s("best.waiting", &mut self.waiting);
            state.int("best.waiting_step", &mut self.waiting_step);
        }
    }
}
