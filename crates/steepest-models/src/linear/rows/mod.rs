//! Descent one row at a time: the cost of an update is the stored values of its row.
//!
//! The update after row i, with s̃ᵢ = n·sᵢ/Σs so that the mean over the rows is the objective, is a gradient step on the row's loss followed
//! by the proximal operator of the penalty,
//!
//! w ← prox(w − η s̃ᵢφ′(zᵢ)xᵢ / H),   b ← b − η s̃ᵢφ′(zᵢ) / H_b,   prox(u)ⱼ = soft(uⱼ, ηλ₁/Hⱼ) / (1 + ηλ₂/Hⱼ),
//!
//! with H = 1 for [`RowRule::Sgd`] and Hⱼ = √Gⱼ + ε, Gⱼ = G₀ + Σ gⱼ² for [`RowRule::AdaGrad`]. It is stable for any λ, its only fixed point
//! in the mean is the minimum, and L1 gives exact zeros. (J. Duchi and Y. Singer, JMLR 10, 2009, “Efficient online and batch learning
//! using forward backward splitting”; J. Duchi, E. Hazan, Y. Singer, JMLR 12, 2011, “Adaptive subgradient methods”.)
//!
//! The penalty touches every weight at every update. Here only the row's weights are touched: for `Sgd` the common factor Π 1/(1 + ηλ₂)
//! is one number and the threshold that a weight has missed a difference of two numbers, which is exact; for `AdaGrad` a weight catches
//! up on all the η it has missed in one proximal step. Weight, accumulator and the mark of the last visit lie side by side.
//!
//! It is sequential, so that the number of threads changes nothing, and can be resumed after any row.

mod dense;
mod kernel;
mod rate;
mod rows_epoch;
mod sparse;
mod state;
#[cfg(test)]
mod tests;

pub use rate::{automatic_batch_rate, automatic_rate, automatic_travel_rate, scale_of_rows};
pub use state::RowRule;
pub(crate) use state::{caught_up, soft};

use steepest_core::{
    Certificate, Evaluations, Iterate, Layout, NonFinite, StateVisitor, StepInfo, Stop,
    isa::{Isa, Kernel},
};
use steepest_data::{Matrix, Order};
use steepest_optim::Schedule;

use super::{LinearProblem, certificate, kernels};
use dense::Dense;
use kernel::Run;
use rows_epoch::EpochOrder;
use sparse::Sparse;
use state::RowState;

/// How to descend one row at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct RowOptions {
    /// The update rule.
    pub rule: RowRule,
    /// η as a function of the number of completed updates.
    pub lr: Schedule,
    /// The order of the rows of an epoch.
    pub order: Order,
    /// The seed of the order.
    pub seed: u64,
}

/// A [`LinearProblem`] descended one row at a time; a call of [`step`](Iterate::step) makes thousands of updates.
#[derive(Debug)]
pub struct RowDescent<'p> {
    problem: &'p LinearProblem,
    layout: Layout,
    options: RowOptions,
    lr_scale: f64,
    order: EpochOrder,
    state: RowState,
    step: u64,
    limit: u64,
    /// Σ s̃φ since the last report.
    loss_sum: f64,
    isa: Isa,
}

impl<'p> RowDescent<'p> {
    /// From `start`, laid out as the problem's layout says, or from zero. O(stored + parameters).
    ///
    /// # Panics
    /// When the matrix of the problem breaks its own rules: an index that is no column.
    pub fn new(problem: &'p LinearProblem, options: RowOptions, start: Option<&[f64]>) -> RowDescent<'p> {
        if let Matrix::Sparse(m) = &problem.matrix {
            let largest = Isa::detect().run(Largest(&m.indices));
            assert!(m.indices.is_empty() || (largest as usize) < m.cols, "index {largest} of {} columns", m.cols);
        }
        let mut state = RowState::new(problem, options.rule);
        if let Some(start) = start {
            state.set(start);
        }
        RowDescent {
            layout: problem.layout(),
            order: EpochOrder::new(options.order, options.seed, problem.rows()),
            lr_scale: 1.0,
            step: 0,
            limit: u64::MAX,
            loss_sum: 0.0,
            isa: Isa::detect(),
            problem,
            options,
            state,
        }
    }

    /// Updates a pass: the number of rows.
    pub fn steps_per_epoch(&self) -> u64 {
        self.problem.rows() as u64
    }

    /// The updates of a call that is not cut: enough that looking at all parameters after it costs little in comparison.
    fn call_length(&self) -> u64 {
        (self.layout.len() as u64 / 4).max(8192)
    }

    /// The step at which the call that `step` lies in ends.
    fn call_end(&self, step: u64) -> u64 {
        let rows = self.steps_per_epoch().max(1);
        let (epoch, at, length) = (step / rows, step % rows, self.call_length());
        epoch * rows + ((at / length + 1) * length).min(rows)
    }

    /// Makes the updates of `self.step..end`, which lie in one epoch. Stops before the first row whose loss is not finite.
    fn updates(&mut self, end: u64) -> Result<(), Stop> {
        let rows = self.steps_per_epoch();
        let from = (self.step % rows) as usize;
        let order = &self.order.of(self.step / rows)[from..from + (end - self.step) as usize];
        let run = Run {
            order,
            step: self.step,
            lr: &self.options.lr,
            lr_scale: self.lr_scale,
            loss: self.problem.loss,
            target: &self.problem.target,
            weights: self.problem.weights.as_deref(),
            weight_scale: self.problem.rows() as f64 / self.problem.total_weight(),
            offset: self.problem.offset.as_deref(),
            state: &mut self.state,
            loss_sum: self.loss_sum,
        };
        let isa = self.isa;
        let done = match &self.problem.matrix {
            Matrix::Dense(m) => kernels::stored!(&m.values, v => isa.run(Dense { run, x: v, cols: m.cols })),
            Matrix::Sparse(m) => {
                // SAFETY: `new` has looked at every index, and the problem is borrowed since.
                kernels::stored!(&m.values, v => isa.run(unsafe { Sparse::new(run, kernels::SparseView::new(m, v)) }))
            }
        };
        self.loss_sum = done.loss;
        match done.bad {
            None => self.step = end,
            Some(value) => {
                let row = u64::from(order[done.rows]);
                self.step += done.rows as u64;
                return Err(Stop::NonFinite { step: self.step + 1, cause: NonFinite::Row { row, value } });
            }
        }
        Ok(())
    }
}

/// The largest index, 0 where there is none.
struct Largest<'a>(&'a [u32]);

impl Kernel for Largest<'_> {
    type Output = u32;

    #[inline(always)]
    fn run(self) -> u32 {
        let (chunks, rest) = self.0.as_chunks::<32>();
        let mut largest = [0; 32];
        for chunk in chunks {
            for (a, b) in largest.iter_mut().zip(chunk) {
                *a = (*a).max(*b);
            }
        }
        let mut all = 0;
        for &index in largest.iter().chain(rest) {
            all = all.max(index);
        }
        all
    }
}

impl Iterate for RowDescent<'_> {
    fn step(&mut self) -> Result<StepInfo, Stop> {
        let rows = self.steps_per_epoch();
        if rows == 0 {
            let why = "there are no training rows";
            let end = steepest_core::Termination::new(steepest_core::Reason::Stalled, why);
            return Err(Stop::Terminated(end));
        }
        let end = self.call_end(self.step);
        let cut = end.min(self.limit.max(self.step + 1));
        self.updates(cut)?;
        let lr = Some(self.options.lr.at(self.step - 1) * self.lr_scale);
        let mut info = StepInfo { step: self.step, lr, ..StepInfo::default() };
        if cut == end {
            let length =
                if end.is_multiple_of(rows) { (rows - 1) % self.call_length() + 1 } else { self.call_length() };
            let penalty = self.state.penalty(self.problem.l1, self.problem.l2);
            info.value = Some(std::mem::take(&mut self.loss_sum) / length as f64 + penalty);
        }
        Ok(info)
    }

    fn point(&self, out: &mut [f64]) {
        self.state.point(out);
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn certificate(&mut self) -> Certificate {
        let mut x = vec![0.0; self.layout.len()];
        self.point(&mut x);
        let mut z = vec![0.0; self.problem.rows() * self.problem.outputs()];
        kernels::margins(self.problem, &x, &mut z);
        certificate::certify(self.problem, &x, &z, certificate::value_at_zero(self.problem))
    }

    fn counts(&self) -> Evaluations {
        Evaluations { value: self.step, gradient: self.step, rows: self.step, ..Evaluations::default() }
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.int("step", &mut self.step);
        state.number("loss_sum", &mut self.loss_sum);
        state.number("lr_scale", &mut self.lr_scale);
        self.state.visit(state);
    }

    fn scale_lr(&mut self, factor: f64) -> bool {
        self.lr_scale *= factor;
        true
    }

    fn limit(&mut self, step: u64) {
        self.limit = step;
    }
}
