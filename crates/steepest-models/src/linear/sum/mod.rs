//! The linear problem as a sum over rows: what stochastic solvers see.
//!
//! A shard adds Σ sᵢφ′(zᵢ)xᵢ; with sparse features and a sparse sink a step on few rows costs their stored values and nothing
//! else. Parameters may be `f32` or `f64`; margins are summed in `f64` either way.

mod blocks;
mod dense;
mod several;
mod sparse;
#[cfg(test)]
mod tests;

use steepest_core::isa::Isa;
use steepest_core::{FiniteSum, GradSink, Layout, NonFinite, Partial, Real, Rows};
use steepest_data::Matrix;

use super::kernels::{SparseView, stored};
use super::{LinearProblem, Loss};
use blocks::{Block, Blocks};
use dense::DenseRows;
use several::Several;

/// A [`LinearProblem`] as a [`FiniteSum`], without its penalty.
#[derive(Debug)]
pub struct LinearSum<'p> {
    problem: &'p LinearProblem,
    layout: Layout,
}

impl<'p> LinearSum<'p> {
    /// The sum of `problem`.
    pub fn new(problem: &'p LinearProblem) -> Self {
        LinearSum { problem, layout: problem.layout() }
    }

    /// The problem.
    pub fn problem(&self) -> &'p LinearProblem {
        self.problem
    }
}

/// Margins and their derivatives: of a block of rows, or of one row with several outputs.
#[derive(Debug, Default)]
pub struct RowScratch {
    block: Block,
    z: Vec<f64>,
    r: Vec<f64>,
}

impl<T: Real> FiniteSum<T> for LinearSum<'_> {
    type Work = RowScratch;

    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn rows(&self) -> Option<u64> {
        Some(self.problem.rows() as u64)
    }

    fn work(&self, _max_rows: usize) -> RowScratch {
        let k = self.problem.outputs();
        RowScratch { block: Block::default(), z: vec![0.0; k], r: vec![0.0; k] }
    }

    fn shard(
        &self,
        x: &[T],
        rows: Rows<'_>,
        work: &mut RowScratch,
        grad: GradSink<'_, T>,
    ) -> Result<Partial, NonFinite> {
        let (problem, isa) = (self.problem, Isa::detect());
        if let Loss::Softmax(_) = problem.loss {
            let (z, r) = (&mut work.z[..], &mut work.r[..]);
            return match &problem.matrix {
                Matrix::Dense(m) => stored!(&m.values, v => {
                    isa.run(Several { problem, x, rows, grad, z, r, cells: DenseRows { values: v, cols: m.cols } })
                }),
                Matrix::Sparse(m) => stored!(&m.values, v => {
                    isa.run(Several { problem, x, rows, grad, z, r, cells: SparseView::new(m, v) })
                }),
            };
        }
        let block = &mut work.block;
        match &problem.matrix {
            Matrix::Dense(m) => stored!(&m.values, v => {
                Blocks { problem, x, rows, grad, block, access: DenseRows { values: v, cols: m.cols } }.over(isa)
            }),
            Matrix::Sparse(m) => stored!(&m.values, v => {
                Blocks { problem, x, rows, grad, block, access: SparseView::new(m, v) }.over(isa)
            }),
        }
    }
}
