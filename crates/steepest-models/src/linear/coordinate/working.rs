//! A working set: the few features that a step of primal coordinate descent moves, as a matrix of their own.

use steepest_data::{Dense, Matrix, Sparse, Values};

use crate::linear::LinearProblem;
use crate::linear::kernels::{
    SparseView, multiply, multiply_sparse, multiply_transposed_single, stored, transpose_dense, weighted_gram,
};

/// Some of the features of a problem, or all of them.
#[derive(Debug)]
pub(super) enum WorkingSet<'p> {
    /// Every feature, in place.
    All(&'p LinearProblem),
    /// Copies of the columns of these features, in increasing order.
    Some {
        /// The features.
        features: Vec<u32>,
        /// Their columns, by rows.
        matrix: Box<Matrix>,
        /// Their columns, by columns, for sparse features.
        columns: Option<Box<Sparse>>,
    },
}

impl<'p> WorkingSet<'p> {
    /// The columns of `features`, which increase. O(what is stored in them).
    pub(super) fn new(problem: &'p LinearProblem, features: Vec<u32>) -> WorkingSet<'p> {
        if features.len() == problem.features() {
            return WorkingSet::All(problem);
        }
        let (matrix, columns) = match &problem.matrix {
            Matrix::Dense(m) => (Matrix::Dense(gather_dense(m, &features)), None),
            Matrix::Sparse(_) => {
                let columns = problem.columns().expect("sparse features have columns").select(&features);
                (Matrix::Sparse(columns.transpose()), Some(Box::new(columns)))
            }
        };
        WorkingSet::Some { features, matrix: Box::new(matrix), columns }
    }

    /// Whether these are its features.
    pub(super) fn is(&self, other: &[u32]) -> bool {
        match self {
            WorkingSet::All(p) => p.features() == other.len(),
            WorkingSet::Some { features, .. } => features == other,
        }
    }

    /// The number of features.
    pub(super) fn len(&self) -> usize {
        match self {
            WorkingSet::All(p) => p.features(),
            WorkingSet::Some { features, .. } => features.len(),
        }
    }

    /// The feature at position `k`.
    pub(super) fn feature(&self, k: usize) -> usize {
        match self {
            WorkingSet::All(_) => k,
            WorkingSet::Some { features, .. } => features[k] as usize,
        }
    }

    /// The columns, by columns, of sparse features.
    pub(super) fn sparse_columns(&self) -> Option<&Sparse> {
        match self {
            WorkingSet::All(p) => p.columns(),
            WorkingSet::Some { columns, .. } => columns.as_deref(),
        }
    }

    fn matrix(&self) -> &Matrix {
        match self {
            WorkingSet::All(p) => &p.matrix,
            WorkingSet::Some { matrix, .. } => matrix,
        }
    }

    /// XᵀDX, both triangles.
    pub(super) fn gram(&self, d: &[f64]) -> Vec<f64> {
        let m = self.len();
        let mut h = vec![0.0; m * m];
        weighted_gram(self.matrix(), d, &mut h);
        for i in 0..m {
            for j in 0..i {
                h[j * m + i] = h[i * m + j];
            }
        }
        h
    }

    /// Xw.
    pub(super) fn multiply(&self, w: &[f64], out: &mut [f64]) {
        multiply(self.matrix(), w, 1, out);
    }

    /// Xᵀr.
    pub(super) fn transposed(&self, r: &[f64]) -> Vec<f64> {
        let mut g = vec![0.0; self.len()];
        match self {
            WorkingSet::All(p) => multiply_transposed_single(p, r, &mut g),
            WorkingSet::Some { columns: Some(c), .. } => {
                stored!(&c.values, v => multiply_sparse(SparseView::new(c, v), r, 1, &mut g))
            }
            WorkingSet::Some { matrix, .. } => match &**matrix {
                Matrix::Dense(m) => stored!(&m.values, v => transpose_dense(v, m.rows, m.cols, r, 1, &mut g)),
                Matrix::Sparse(_) => unreachable!("sparse working sets keep their columns"),
            },
        }
        g
    }
}

/// The columns `features` of `m`.
fn gather_dense(m: &Dense, features: &[u32]) -> Dense {
    let cols = m.cols;
    let at = (0..m.rows).flat_map(|i| features.iter().map(move |&j| i * cols + j as usize));
    let positions: Vec<usize> = at.collect();
    let values: Values = m.values.gather(positions.into_iter());
    Dense { rows: m.rows, cols: features.len(), values }
}
