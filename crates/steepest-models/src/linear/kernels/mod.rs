//! The loops over data that all solvers of the linear family share: margins, transposed products, weighted Gram matrices.
//!
//! Storage is 32 or 64 bits, or nothing at all for indicators; arithmetic is `f64`. Every sum has one order that is a function
//! of the shape of the data alone, so that the bits do not depend on the number of threads: a margin is summed along its row in
//! fixed lanes, a transposed product in shards of rows combined in a tree.
//!
//! Lane loops are written by index: that is the form in which the compiler vectorizes them.
//!
//! Vectors over features are `d × K` by feature, vectors over rows `n × K` by row, with K the outputs of the loss.

#![allow(clippy::needless_range_loop)]

mod dense;
mod gram;
mod losses;
mod panel;
mod row_gram;
mod sparse;
mod stored;

pub use gram::{gram_shards, weighted_gram};
pub use losses::{
    column_sums, fenchel_sums, first_bad_row, lane_sum, loss_block, mean_loss, row_curvatures, row_derivatives,
    row_losses, softmax,
};
pub use stored::{LANES, SparseView, Squares, Stored, Unit};

pub(crate) use dense::{dense_pass, multiply_dense, product, transpose_dense};
pub(crate) use row_gram::row_gram;
pub(crate) use sparse::{multiply_sparse, scatter_sparse, sparse_pass};
pub(crate) use stored::{prefetch, stored};

use steepest_data::Matrix;

use super::LinearProblem;

/// z ← Xw + b + o for all rows, with w and b in `x` laid out as the problem's layout says. O(stored · K).
pub fn margins(problem: &LinearProblem, x: &[f64], z: &mut [f64]) {
    let k = problem.outputs();
    let (w, b) = x.split_at(problem.features() * k);
    multiply(&problem.matrix, w, k, z);
    shift(b, problem.offset.as_deref(), k, z);
}

/// z += b + o.
#[inline(always)]
pub(crate) fn shift(b: &[f64], offset: Option<&[f64]>, k: usize, z: &mut [f64]) {
    match (offset, b) {
        (None, []) => {}
        (None, [b]) if *b == 0.0 => {}
        (None, b) => z.chunks_exact_mut(k).for_each(|z| z.iter_mut().zip(b).for_each(|(z, b)| *z += b)),
        (Some(o), []) => z.iter_mut().zip(o).for_each(|(z, o)| *z += o),
        (Some(o), b) => {
            for (z, o) in z.chunks_exact_mut(k).zip(o.chunks_exact(k)) {
                for ((z, o), b) in z.iter_mut().zip(o).zip(b) {
                    *z += b + o;
                }
            }
        }
    }
}

/// z ← Xw, n × K. O(stored · K).
pub fn multiply(matrix: &Matrix, w: &[f64], outputs: usize, z: &mut [f64]) {
    match matrix {
        Matrix::Dense(m) => stored!(&m.values, v => multiply_dense(v, m.cols, w, outputs, z)),
        Matrix::Sparse(m) => stored!(&m.values, v => multiply_sparse(SparseView::new(m, v), w, outputs, z)),
    }
}

/// g ← Xᵀr, d × K. O(stored · K).
pub fn multiply_transposed(problem: &LinearProblem, r: &[f64], g: &mut [f64]) {
    transposed(&problem.matrix, r, problem.outputs(), g);
}

/// g ← Xᵀr for one number a row, whatever the loss.
pub fn multiply_transposed_single(problem: &LinearProblem, r: &[f64], g: &mut [f64]) {
    transposed(&problem.matrix, r, 1, g);
}

/// g[j, k] ← Σᵢ xᵢⱼ² h[i, k]. O(stored · K).
pub fn weighted_squares(problem: &LinearProblem, h: &[f64], g: &mut [f64]) {
    let k = problem.outputs();
    match &problem.matrix {
        Matrix::Dense(m) => stored!(&m.values, v => transpose_dense(Squares(v), m.rows, m.cols, h, k, g)),
        Matrix::Sparse(m) => stored!(&m.values, v => scatter_sparse(SparseView::new(m, Squares(v)), m.cols, h, k, g)),
    }
}

/// g ← Xᵀr for K numbers a row, d × K. O(stored · K).
pub(crate) fn transposed(matrix: &Matrix, r: &[f64], k: usize, g: &mut [f64]) {
    match matrix {
        Matrix::Dense(m) => stored!(&m.values, v => transpose_dense(v, m.rows, m.cols, r, k, g)),
        Matrix::Sparse(m) => stored!(&m.values, v => scatter_sparse(SparseView::new(m, v), m.cols, r, k, g)),
    }
}
