//! The best parameters of a run so far.

use steepest_core::StateVisitor;

/// The point of the lowest cost, and where it was.
#[derive(Debug, Clone, Default)]
pub(crate) struct Best {
    cost: f64,
    pub(crate) step: u64,
    kept: u64,
    pub(crate) point: Vec<f64>,
}

impl Best {
    /// No point yet, of this length.
    pub(crate) fn new(len: usize) -> Best {
        Best { cost: f64::INFINITY, step: 0, kept: 0, point: vec![0.0; len] }
    }

    /// Takes the initial point, which any other with a known cost beats.
    pub(crate) fn begin(&mut self, point: &mut Vec<f64>) {
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

    pub(crate) fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.number("best.cost", &mut self.cost);
        state.int("best.step", &mut self.step);
        state.int("best.kept", &mut self.kept);
        state.f64s("best.point", &mut self.point);
    }
}
