//! Newton's method with the Hessian of a sample of the rows, for many more rows than features: `sampled-newton`.
//!
//! For losses of one output the first step solves the problem of m rows drawn without replacement. Its minimum is already
//! within about d/m of the whole one, relatively, and its Hessian there differs from the whole Hessian by about √(d/m): as the
//! initial matrix of L-BFGS it makes every further pass over all rows gain one to two digits. (F. Roosta-Khorasani and
//! M. W. Mahoney, “Sub-sampled Newton methods”, Math. Program. 174, 2019, doi:10.1007/s10107-018-1346-5.)
//!
//! For softmax the matrix is that of each class alone, Σ qₖ(1 − qₖ)xxᵀ over the sample, taken anew a few times on the way. At zero
//! parameters all classes have the same.
//!
//! The rows are those that seed 0 names.

use rayon::prelude::*;
use steepest_core::random::{Purpose, Stream};
use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination};
use steepest_solvers::{Cholesky, DeterministicSolver, Lbfgs, Newton};

use super::{LinearObjective, LinearProblem};

/// Rows of the sample for each parameter of a loss of one output, for each feature of softmax, and at least.
const ROWS_PER_PARAMETER: usize = 100;
const ROWS_PER_FEATURE: usize = 8;
const LEAST_ROWS: usize = 8192;
/// Newton steps on the sample: its own minimum need not be exact.
const SAMPLE_STEPS: usize = 12;
/// Steps of softmax after which the matrices are those of the current point.
const ANEW: [u64; 3] = [6, 20, 60];
/// Pairs of the L-BFGS history.
const MEMORY: usize = 20;

/// The sampled Newton method.
#[derive(Debug)]
pub struct SampledNewton<'p> {
    problem: &'p LinearProblem,
    sample: Option<LinearProblem>,
    /// Where the Hessian of the sample was taken; empty before the first step.
    anchor: Vec<f64>,
    step: u64,
    inner: Lbfgs,
}

/// The number of rows in the sample of a problem of this shape.
pub(crate) fn sample_rows(problem: &LinearProblem) -> usize {
    let wanted = match problem.outputs() {
        1 => (ROWS_PER_PARAMETER * problem.parameters()).max(LEAST_ROWS),
        _ => (ROWS_PER_FEATURE * problem.features()).max(LEAST_ROWS / 4),
    };
    wanted.min(problem.rows())
}

impl<'p> SampledNewton<'p> {
    /// Starts at `x`.
    pub fn new(problem: &'p LinearProblem, x: Vec<f64>) -> Self {
        SampledNewton { problem, sample: None, anchor: Vec::new(), step: 0, inner: Lbfgs::new(x, MEMORY) }
    }

    /// The rows of the sample, drawn on the first call.
    fn draw(&mut self) {
        if self.sample.is_some() {
            return;
        }
        let (whole, k) = (self.problem, self.problem.outputs());
        let (n, m) = (whole.rows() as u64, sample_rows(whole));
        let mut rows: Vec<u32> =
            Stream::new(0, Purpose::SAMPLE, 0).sample(m, n).into_iter().map(|i| i as u32).collect();
        rows.sort_unstable();
        let pick = |values: &Vec<f64>| rows.iter().map(|&i| values[i as usize]).collect();
        let mut part = LinearProblem::new(whole.matrix.select(&rows), pick(&whole.target), whole.loss);
        part.weights = whole.weights.as_ref().map(pick);
        part.offset =
            whole.offset.as_ref().map(|o| rows.iter().flat_map(|&i| &o[i as usize * k..][..k]).copied().collect());
        (part.l2, part.intercept) = (whole.l2, whole.intercept);
        self.sample = Some(part);
    }

    /// The minimum of the sample's problem, or as near as a few steps come.
    fn solve_sample(&mut self) -> Vec<f64> {
        self.draw();
        let sample = self.sample.as_ref().expect("the sample was drawn");
        let mut newton = Newton::new(self.inner.point().to_vec());
        let mut f = LinearObjective::new(sample);
        let mut before = f64::INFINITY;
        for _ in 0..SAMPLE_STEPS {
            let Ok(info) = newton.step(&mut f) else { break };
            let value = info.value.unwrap_or(f64::NAN);
            // What is left of the sample's own gap is far below its distance from the whole problem.
            if before - value <= 1e-4 * value.abs() {
                break;
            }
            before = value;
        }
        newton.point().to_vec()
    }

    /// Takes the sample's Hessian at the anchor for the initial matrix; false where it is not finite.
    fn rebase(&mut self) -> bool {
        self.draw();
        let sample = self.sample.as_ref().expect("the sample was drawn");
        let mut f = LinearObjective::new(sample);
        if f.at(&self.anchor).is_err() {
            return false;
        }
        let k = sample.outputs();
        let alike = k == 1 || sample.offset.is_none() && self.anchor.iter().all(|v| *v == 0.0);
        let d = self.anchor.len() / k;
        let matrices: Vec<Vec<f64>> = (0..if alike { 1 } else { k }).map(|class| f.output_hessian(class)).collect();
        let factor = |h: Vec<f64>| {
            let mean = (0..d).map(|j| h[j * d + j]).sum::<f64>() / d.max(1) as f64;
            [0.0, 1e-10, 1e-7, 1e-4].into_iter().find_map(|shift| Cholesky::new(&h, d, shift * mean))
        };
        let factors: Option<Vec<Cholesky>> = matrices.into_par_iter().map(factor).collect();
        let found = factors.is_some();
        if let Some(factors) = factors {
            self.inner.set_base(factors, k);
        }
        found
    }

    /// Where the first matrix is taken: the sample's minimum, or a start that someone chose. Softmax starts at weights that sum
    /// to 0 over the classes: the loss is the same and a penalty smaller.
    fn first_anchor(&mut self) -> Vec<f64> {
        let (k, mut start) = (self.problem.outputs(), self.inner.point().to_vec());
        if k == 1 && start.iter().all(|v| *v == 0.0) {
            return self.solve_sample();
        }
        if k > 1 {
            for level in start.chunks_exact_mut(k) {
                let mean = level.iter().sum::<f64>() / k as f64;
                level.iter_mut().for_each(|v| *v -= mean);
            }
        }
        start
    }
}

impl DeterministicSolver for SampledNewton<'_> {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        let softmax = self.problem.outputs() > 1;
        if self.anchor.is_empty() {
            self.anchor = self.first_anchor();
            if self.inner.point() != self.anchor {
                self.inner = Lbfgs::new(self.anchor.clone(), MEMORY);
            }
            if !self.rebase() {
                let detail = "the Hessian of the sampled rows is not finite; try lbfgs";
                return Err(Stop::Terminated(Termination::new(Reason::Diverged, detail)));
            }
        } else if softmax && ANEW.contains(&self.step) && self.inner.point() != self.anchor {
            self.anchor = self.inner.point().to_vec();
            // Where this fails the matrices of before serve on.
            self.rebase();
        }
        let mut info = self.inner.step(f)?;
        self.step += 1;
        info.step = self.step;
        Ok(info)
    }

    fn point(&self) -> &[f64] {
        self.inner.point()
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.history("anchor", &mut self.anchor);
        state.int("sampled_step", &mut self.step);
        self.inner.visit(state);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        if !self.anchor.is_empty() {
            self.rebase();
        }
        self.inner.restore(f)
    }
}
