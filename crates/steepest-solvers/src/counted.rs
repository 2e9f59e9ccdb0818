//! An objective that counts what it is asked, and stops answering when its budget is spent.

use std::time::Instant;

use steepest_core::{
    Certificate, Evaluations, Exactness, Layout, LeastSquares, Line, NonFinite, Objective, Prox, Reason, Termination,
};

/// How much may be evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Budget {
    /// Values and gradients together.
    pub max_evals: Option<u64>,
    /// Seconds since the counting began.
    pub max_seconds: Option<f64>,
}

/// An objective with its counts. Once the budget is spent, [`at`](Objective::at) answers that nothing is finite, so that every
/// search ends at once: no run evaluates more than it was allowed, however a step is made.
pub struct Counted<'a> {
    inner: &'a mut dyn Objective<f64>,
    counts: Evaluations,
    budget: Budget,
    since: Instant,
    spent: Option<Termination>,
    /// Number of residuals, where there are any.
    rows: usize,
}

impl<'a> Counted<'a> {
    /// Counts from zero.
    pub fn new(inner: &'a mut dyn Objective<f64>, budget: Budget) -> Counted<'a> {
        let rows = inner.residuals().map_or(0, |r| r.len());
        Counted { inner, counts: Evaluations::default(), budget, since: Instant::now(), spent: None, rows }
    }

    /// The evaluations so far.
    pub fn counts(&self) -> Evaluations {
        self.counts
    }

    /// Time since the counting began.
    pub fn seconds(&self) -> f64 {
        self.since.elapsed().as_secs_f64()
    }

    /// Why the budget is spent; `None` while it is not.
    pub fn spent(&self) -> Option<&Termination> {
        self.spent.as_ref()
    }

    /// Evaluates from here on without limits, for the report on the final point.
    pub(crate) fn lift(&mut self) {
        self.budget = Budget::default();
        self.spent = None;
    }

    /// Whether one more evaluation is allowed.
    fn charge(&mut self) -> bool {
        if let Some(limit) = self.budget.max_evals {
            let used = self.counts.value + self.counts.gradient;
            if used >= limit {
                let detail = format!("{used} evaluations, of {limit} allowed");
                self.spent.get_or_insert_with(|| Termination::new(Reason::MaxEvals, detail));
            }
        }
        if let Some(limit) = self.budget.max_seconds {
            let seconds = self.seconds();
            if seconds >= limit {
                let detail = format!("{seconds:.3} s, of {limit} s allowed");
                self.spent.get_or_insert_with(|| Termination::new(Reason::MaxSeconds, detail));
            }
        }
        self.spent.is_none()
    }
}

impl Objective<f64> for Counted<'_> {
    fn layout(&self) -> &Layout {
        self.inner.layout()
    }

    fn at(&mut self, x: &[f64]) -> Result<f64, NonFinite> {
        if !self.charge() {
            return Err(NonFinite::Objective { value: f64::NAN });
        }
        self.counts.value += 1;
        let value = self.inner.at(x)?;
        if value.is_finite() { Ok(value) } else { Err(NonFinite::Objective { value }) }
    }

    fn gradient(&mut self, g: &mut [f64]) -> Result<(), NonFinite> {
        self.counts.gradient += 1;
        self.inner.gradient(g)
    }

    fn hvp(&mut self, v: &[f64], out: &mut [f64]) -> Exactness {
        self.counts.hvp += 1;
        self.inner.hvp(v, out)
    }

    fn hessian(&mut self, h: &mut [f64]) -> bool {
        let found = self.inner.hessian(h);
        self.counts.hessian += u64::from(found);
        found
    }

    fn hessian_diagonal(&mut self, diagonal: &mut [f64]) -> bool {
        self.inner.hessian_diagonal(diagonal)
    }

    fn has_line(&self) -> bool {
        self.inner.has_line()
    }

    fn line(&mut self, d: &[f64]) -> Option<&mut dyn Line> {
        self.inner.line(d)
    }

    fn residuals(&mut self) -> Option<&mut dyn LeastSquares<f64>> {
        if self.inner.residuals().is_some() { Some(self) } else { None }
    }

    fn prox(&self) -> Option<&dyn Prox<f64>> {
        self.inner.prox()
    }

    fn certificate(&mut self) -> Option<Certificate> {
        self.inner.certificate()
    }
}

/// The residuals of an objective that has them. A Jacobian counts as a gradient.
impl LeastSquares<f64> for Counted<'_> {
    fn len(&self) -> usize {
        self.rows
    }

    fn residuals(&mut self, r: &mut [f64]) {
        if let Some(squares) = self.inner.residuals() {
            squares.residuals(r);
        }
    }

    fn jacobian(&mut self, j: &mut [f64]) {
        self.counts.gradient += 1;
        if let Some(squares) = self.inner.residuals() {
            squares.jacobian(j);
        }
    }
}
