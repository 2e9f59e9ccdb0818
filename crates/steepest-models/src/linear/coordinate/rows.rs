//! Single rows of a matrix, for methods that move by one row at a time.

use steepest_data::{Dense, Matrix, Sparse};

use crate::linear::kernels::{SparseView, Stored};

/// A matrix whose rows are read one at a time.
pub(super) trait RowAccess: Copy + Send + Sync {
    /// Σⱼ xᵢⱼ·map(wⱼ).
    fn dot(self, i: usize, w: &[f64], map: impl Fn(f64) -> f64) -> f64;
    /// w += a·xᵢ.
    fn add(self, i: usize, a: f64, w: &mut [f64]);
    /// Σⱼ xᵢⱼ².
    fn squares(self, i: usize) -> f64;
    /// Calls `f(j, xᵢⱼ)` for what is stored.
    fn each(self, i: usize, f: impl FnMut(usize, f64));
}

impl<V: Stored> RowAccess for SparseView<'_, V> {
    #[inline(always)]
    fn dot(self, i: usize, w: &[f64], map: impl Fn(f64) -> f64) -> f64 {
        let (indices, values) = self.row(i);
        let mut acc = [0.0; 4];
        let whole = indices.len() - indices.len() % 4;
        for k in (0..whole).step_by(4) {
            for l in 0..4 {
                acc[l] += values.get(k + l) * map(w[indices[k + l] as usize]);
            }
        }
        for k in whole..indices.len() {
            acc[k - whole] += values.get(k) * map(w[indices[k] as usize]);
        }
        (acc[0] + acc[1]) + (acc[2] + acc[3])
    }
    #[inline(always)]
    fn add(self, i: usize, a: f64, w: &mut [f64]) {
        SparseView::add(&self, i, a, w);
    }
    #[inline(always)]
    fn squares(self, i: usize) -> f64 {
        let (indices, values) = self.row(i);
        (0..indices.len()).map(|k| values.get(k) * values.get(k)).sum()
    }
    #[inline(always)]
    fn each(self, i: usize, mut f: impl FnMut(usize, f64)) {
        let (indices, values) = self.row(i);
        indices.iter().enumerate().for_each(|(k, &j)| f(j as usize, values.get(k)));
    }
}

/// A dense matrix with the type of its values known.
#[derive(Debug, Clone, Copy)]
pub(super) struct DenseView<V> {
    pub(super) values: V,
    pub(super) cols: usize,
}

impl<V: Stored> RowAccess for DenseView<V> {
    #[inline(always)]
    fn dot(self, i: usize, w: &[f64], map: impl Fn(f64) -> f64) -> f64 {
        let x = self.values.part(i * self.cols, self.cols);
        let mut acc = [0.0; 8];
        let whole = self.cols - self.cols % 8;
        for j in (0..whole).step_by(8) {
            let (x, w) = (x.lanes(j), &w[j..j + 8]);
            for l in 0..8 {
                acc[l] += x[l] * map(w[l]);
            }
        }
        for j in whole..self.cols {
            acc[j - whole] += x.get(j) * map(w[j]);
        }
        ((acc[0] + acc[4]) + (acc[2] + acc[6])) + ((acc[1] + acc[5]) + (acc[3] + acc[7]))
    }
    #[inline(always)]
    fn add(self, i: usize, a: f64, w: &mut [f64]) {
        let x = self.values.part(i * self.cols, self.cols);
        w[..self.cols].iter_mut().enumerate().for_each(|(j, w)| *w += a * x.get(j));
    }
    #[inline(always)]
    fn squares(self, i: usize) -> f64 {
        let x = self.values.part(i * self.cols, self.cols);
        (0..self.cols).map(|j| x.get(j) * x.get(j)).sum()
    }
    #[inline(always)]
    fn each(self, i: usize, mut f: impl FnMut(usize, f64)) {
        let x = self.values.part(i * self.cols, self.cols);
        (0..self.cols).for_each(|j| f(j, x.get(j)));
    }
}

/// The view of a dense matrix whose values are `values`.
pub(super) fn dense_view<V: Stored>(m: &Dense, values: V) -> DenseView<V> {
    DenseView { values, cols: m.cols }
}

/// The view of a sparse matrix whose values are `values`.
pub(super) fn sparse_view<'a, V: Stored>(m: &'a Sparse, values: V) -> SparseView<'a, V> {
    SparseView::new(m, values)
}

/// Matches on the storage once and evaluates the expression with `rows` a [`RowAccess`].
macro_rules! with_rows {
    ($matrix:expr, $rows:ident => $body:expr) => {
        match $matrix {
            steepest_data::Matrix::Dense(m) => $crate::linear::kernels::stored!(&m.values, v => {
                let $rows = $crate::linear::coordinate::rows::dense_view(m, v);
                $body
            }),
            steepest_data::Matrix::Sparse(m) => $crate::linear::kernels::stored!(&m.values, v => {
                let $rows = $crate::linear::coordinate::rows::sparse_view(m, v);
                $body
            }),
        }
    };
}
pub(super) use with_rows;

/// ‖xᵢ‖² of every row.
pub(in crate::linear) fn row_squares(matrix: &Matrix) -> Vec<f64> {
    with_rows!(matrix, rows => (0..matrix.rows()).map(|i| rows.squares(i)).collect())
}
