//! Update rules as solvers of a whole objective: sgd, adamw, lion, …, with their schedules, wrappers and averages.
//!
//! The rules themselves live in [`steepest_optim`]; here they get the full gradient in every step.

use steepest_core::{Batch, Evaluations, Layout, NonFinite, Objective, Oracle, Solver, StateVisitor, StepInfo, Stop};
use steepest_optim::{FirstOrder, OptimizerSpec, SpecError};

use crate::{
    DeterministicSolver,
    vector::{max_abs, norm},
};

/// An update rule bound to a point. A step costs one value and one gradient; one more of each with sharpness-aware minimization,
/// and where the point to report is an average and not the one the rule steps from.
pub struct Rule {
    first: FirstOrder<f64>,
    /// The reported point, the value and gradient there, and whether they are known.
    x: Vec<f64>,
    value: f64,
    g: Vec<f64>,
    fresh: bool,
    step: u64,
    /// The reported point before the step.
    before: Vec<f64>,
    /// What it is made from, to begin anew elsewhere.
    spec: OptimizerSpec,
    layout: Layout,
}

impl Rule {
    /// The rule from the point `start`.
    ///
    /// # Errors
    /// [`SpecError`] where the rule does not fit the layout.
    pub fn new(spec: &OptimizerSpec, layout: &Layout, start: Vec<f64>) -> Result<Rule, SpecError> {
        let first = FirstOrder::new(spec, layout, &start)?;
        let zeros = || vec![0.0; start.len()];
        Ok(Rule {
            first,
            g: zeros(),
            before: zeros(),
            x: start,
            value: 0.0,
            fresh: false,
            step: 0,
            spec: spec.clone(),
            layout: layout.clone(),
        })
    }
}

/// The objective as the oracle of a rule. What is known at one point is not evaluated again.
struct Whole<'a> {
    f: &'a mut dyn Objective<f64>,
    known: Option<(&'a [f64], f64, &'a [f64])>,
}

impl Oracle<f64> for Whole<'_> {
    fn layout(&self) -> &Layout {
        self.f.layout()
    }

    fn value(&mut self, x: &[f64], _batch: Batch<'_>) -> Result<f64, NonFinite> {
        self.f.at(x)
    }

    fn gradient(&mut self, x: &[f64], _batch: Batch<'_>, out: &mut [f64]) -> Result<f64, NonFinite> {
        if let Some((_, value, g)) = self.known.filter(|k| k.0 == x) {
            out.copy_from_slice(g);
            return Ok(value);
        }
        let value = self.f.at(x)?;
        self.f.gradient(out)?;
        Ok(value)
    }

    fn counts(&self) -> Evaluations {
        Evaluations::default()
    }
}

impl DeterministicSolver for Rule {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        if !self.fresh {
            self.restore(f)?;
        }
        let known = Some((&self.x[..], self.value, &self.g[..]));
        let info = self.first.step(&mut Whole { f: &mut *f, known })?;
        let mut moved = 0.0;
        for ((old, x), new) in self.before.iter_mut().zip(&mut self.x).zip(self.first.eval_point()) {
            moved += (new - *x) * (new - *x);
            *old = *x;
            *x = *new;
        }
        self.step += 1;
        if let Err(stop) = self.restore(f) {
            // The last point where everything could be computed stays the answer.
            self.x.copy_from_slice(&self.before);
            self.fresh = false;
            return Err(stop);
        }
        Ok(StepInfo {
            step: self.step,
            value: Some(self.value),
            grad_norm: Some(norm(&self.g)),
            lr: info.lr,
            step_norm: Some(moved.sqrt()),
            gap: None,
        })
    }

    fn point(&self) -> &[f64] {
        &self.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        self.first.visit(state);
        state.f64s("reported", &mut self.x);
        state.int("step", &mut self.step);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        let step = self.step + 1;
        let found = f.at(&self.x).and_then(|value| f.gradient(&mut self.g).map(|()| value));
        self.value = found.map_err(|cause| Stop::NonFinite { step, cause })?;
        self.fresh = true;
        Ok(())
    }

    fn stationarity(&self) -> Option<f64> {
        self.fresh.then(|| max_abs(&self.g))
    }

    fn value(&self) -> Option<f64> {
        self.fresh.then_some(self.value)
    }

    fn move_to(&mut self, x: &[f64]) -> bool {
        let Ok(first) = FirstOrder::new(&self.spec, &self.layout, x) else { return false };
        self.first = first;
        self.x.copy_from_slice(x);
        self.fresh = false;
        true
    }
}
