//! Classes that a hyperplane tells apart without error: without a penalty logistic and softmax loss then have no minimum.
//!
//! If w separates the rows, P(tw) → 0 for t → ∞ and P > 0 everywhere, so that every descent goes on for ever, the weights growing
//! (A. Albert and J. A. Anderson, “On the existence of maximum likelihood estimates in logistic regression models”, Biometrika
//! 71(1), 1984, doi:10.1093/biomet/71.1.1). A point that separates is proof.

use steepest_core::{
    Certificate, Evaluations, Iterate, Layout, Reason, StateVisitor, StepInfo, Stop, Termination, tree_sum,
};

use super::certificate::value_at_zero;
use super::kernels::multiply;
use super::{LinearProblem, Loss};

/// The share of the objective at zero below which separation is looked for. Weights that stop earlier, by a budget or by a
/// validation metric, are left to themselves: where they stop is then a choice.
const SMALL: f64 = 1e-3;

/// A solver that ends as [`Reason::Unbounded`] once its point proves that there is no minimum.
pub(crate) struct Separation<'p> {
    inner: Box<dyn Iterate + Send + 'p>,
    problem: &'p LinearProblem,
    /// The objective below which is looked next: a look costs a pass over the features.
    below: f64,
    /// 1 once the point separates the classes.
    separated: u64,
}

impl<'p> Separation<'p> {
    /// The solver itself where a minimum exists whatever the data are, else the solver watched.
    pub(crate) fn watch(
        problem: &'p LinearProblem,
        inner: Box<dyn Iterate + Send + 'p>,
    ) -> Box<dyn Iterate + Send + 'p> {
        let free = problem.l1 == 0.0 && problem.l2 == 0.0;
        if free && matches!(problem.loss, Loss::Logistic | Loss::Softmax(_)) {
            let below = SMALL * value_at_zero(problem);
            return Box::new(Separation { inner, problem, below, separated: 0 });
        }
        inner
    }

    fn end(&self) -> Termination {
        let mut x = vec![0.0; self.problem.parameters()];
        self.inner.point(&mut x);
        let w = &x[..self.problem.features() * self.problem.outputs()];
        let size = tree_sum(&w.iter().map(|w| w * w).collect::<Vec<_>>()).sqrt();
        let one = 1.0 / self.problem.rows().max(1) as f64;
        let detail = format!(
            "the classes are separable: the weights, now of norm {size:.3e}, tell all rows apart without error, and growing for \
             ever they bring the loss as near to 0 as you like, so that there is no minimum; use an L2 penalty, such as --l2 {one:.0e}"
        );
        Termination::new(Reason::Unbounded, detail)
    }
}

/// Whether this very point shows that the unpenalized likelihood has no maximum: all rows are on the right side of x·w + b
/// (the offset apart), so that larger weights are better for ever.
pub(crate) fn separated(problem: &LinearProblem, point: &[f64]) -> bool {
    if problem.l2 > 0.0 || !matches!(problem.loss, Loss::Logistic | Loss::Softmax(_)) {
        return false;
    }
    let k = problem.outputs();
    let (w, b) = point.split_at(problem.features() * k);
    let mut z = vec![0.0; problem.rows() * k];
    multiply(&problem.matrix, w, k, &mut z);
    let at = |c: usize| b.get(c).copied().unwrap_or(0.0);
    z.chunks_exact(k).zip(&problem.target).enumerate().all(|(i, (z, &y))| {
        let counts = problem.weights.as_ref().is_none_or(|s| s[i] > 0.0);
        let right = match problem.loss {
            Loss::Logistic => y * (z[0] + at(0)) > 0.0,
            _ => (0..k).all(|c| c == y as usize || z[c] + at(c) < z[y as usize] + at(y as usize)),
        };
        !counts || right
    })
}

impl Iterate for Separation<'_> {
    fn step(&mut self) -> Result<StepInfo, Stop> {
        if self.separated == 1 {
            return Err(Stop::Terminated(self.end()));
        }
        let info = self.inner.step()?;
        if let Some(value) = info.value
            && value <= self.below
        {
            self.below = 0.5 * value;
            let mut x = vec![0.0; self.problem.parameters()];
            self.inner.point(&mut x);
            self.separated = u64::from(separated(self.problem, &x));
        }
        Ok(info)
    }

    fn point(&self, out: &mut [f64]) {
        self.inner.point(out);
    }

    fn layout(&self) -> &Layout {
        self.inner.layout()
    }

    fn certificate(&mut self) -> Certificate {
        self.inner.certificate()
    }

    fn counts(&self) -> Evaluations {
        self.inner.counts()
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        self.inner.visit(state);
        state.number("separation_below", &mut self.below);
        state.int("separated", &mut self.separated);
    }

    fn scale_lr(&mut self, factor: f64) -> bool {
        self.inner.scale_lr(factor)
    }

    fn limit(&mut self, step: u64) {
        self.inner.limit(step);
    }
}

#[cfg(test)]
mod tests {
    use steepest_data::{Dense, Matrix, Values};

    use super::*;
    use crate::linear::SolverChoice;

    /// Rows at 0 … 9 on a line; the classes change at `cut`, and row 0 is of the other class where they overlap.
    fn rows(loss: Loss, overlap: bool) -> LinearProblem {
        let x: Vec<f64> = (0..10).map(|i| f64::from(i) / 4.5 - 1.0).collect();
        let class = |i: usize| if overlap && i == 0 { 1 } else { i * loss.outputs().max(2) / 10 };
        let target = (0..10).map(|i| match loss {
            Loss::Softmax(_) => class(i) as f64,
            _ => 2.0 * class(i) as f64 - 1.0,
        });
        LinearProblem::new(
            Matrix::Dense(Dense { rows: 10, cols: 1, values: Values::F64(steepest_core::flat_from(&x)) }),
            target.collect(),
            loss,
        )
    }

    fn end(problem: &LinearProblem, solver: SolverChoice) -> (u64, Option<Termination>) {
        let mut run = solver.bind(problem, None);
        for step in 0..3000 {
            match run.step() {
                Ok(_) => {}
                Err(Stop::Terminated(end)) => return (step, Some(end)),
                Err(stop) => panic!("{stop}"),
            }
        }
        (3000, None)
    }

    #[test]
    fn separable_classes_have_no_minimum_and_others_have() {
        for loss in [Loss::Logistic, Loss::Softmax(3)] {
            for solver in [SolverChoice::Newton, SolverChoice::NewtonCg, SolverChoice::Lbfgs, SolverChoice::Cd] {
                let (steps, found) = end(&rows(loss, false), solver);
                let found = found.unwrap_or_else(|| panic!("{} does not see it", solver.name()));
                assert_eq!(found.reason, Reason::Unbounded, "{} {found}", solver.name());
                assert!(steps < 200 && found.detail.contains("--l2 1e-1"), "{} {steps} {found}", solver.name());
                let (_, found) = end(&rows(loss, true), solver);
                assert!(found.is_none_or(|end| end.reason != Reason::Unbounded), "{}", solver.name());
            }
        }
    }
}
