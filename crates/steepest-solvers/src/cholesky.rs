//! The Cholesky factor of a symmetric positive definite matrix, on one thread so that its bits are always the same.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::{factor, solve};
use faer::{MatMut, MatRef, Par};

/// Rows that are transposed at a time.
const ROWS: usize = 16;

/// L with A + σI = LLᵀ.
#[derive(Debug, Clone)]
pub struct Cholesky {
    dim: usize,
    lower: Vec<f64>,
}

/// Room for factoring one matrix after another: after the first nothing is allocated.
pub(crate) struct CholeskyRoom {
    factor: Cholesky,
    diagonal: Vec<f64>,
    memory: MemBuffer,
}

impl std::fmt::Debug for CholeskyRoom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CholeskyRoom").field("factor", &self.factor).finish_non_exhaustive()
    }
}

impl CholeskyRoom {
    /// For matrices of order `dim`.
    pub fn new(dim: usize) -> CholeskyRoom {
        let scratch = factor::cholesky_in_place_scratch::<f64>(dim, Par::Seq, Default::default())
            .or(solve::solve_in_place_scratch::<f64>(dim, 1, Par::Seq));
        let factor = Cholesky { dim, lower: vec![0.0; dim * dim] };
        CholeskyRoom { factor, diagonal: vec![0.0; dim], memory: MemBuffer::new(scratch) }
    }

    /// As [`Cholesky::new`]; false where that is `None`.
    pub fn factor(&mut self, matrix: &[f64], shift: f64) -> bool {
        let Cholesky { dim, ref mut lower } = self.factor;
        // Row-major lower is column-major upper: faer gets the transposed view, so that its lower triangle is ours.
        // A few rows at a time: single elements of a column are a page apart.
        for top in (0..dim).step_by(ROWS) {
            let end = dim.min(top + ROWS);
            for j in 0..end {
                for i in top.max(j)..end {
                    lower[j * dim + i] = matrix[i * dim + j];
                }
            }
        }
        for i in 0..dim {
            lower[i * dim + i] += shift;
            self.diagonal[i] = lower[i * dim + i];
        }
        if self.diagonal.iter().any(|d| *d <= 0.0 || !d.is_finite()) {
            return false;
        }
        let done = factor::cholesky_in_place(
            MatMut::from_column_major_slice_mut(lower, dim, dim),
            Default::default(),
            Par::Seq,
            MemStack::new(&mut self.memory),
            Default::default(),
        );
        let rounding = 4.0 * f64::EPSILON * dim as f64;
        let sound = |i: usize| {
            let pivot = lower[i * dim + i];
            pivot.is_finite() && pivot * pivot > rounding * self.diagonal[i]
        };
        done.is_ok() && (0..dim).all(sound)
    }

    /// b ← A⁻¹b for the matrix that was factored last. O(dim²).
    pub fn solve(&mut self, b: &mut [f64]) {
        solve_in(&self.factor, b, 1, MemStack::new(&mut self.memory));
    }
}

fn solve_in(factor: &Cholesky, b: &mut [f64], columns: usize, memory: &mut MemStack) {
    let dim = factor.dim;
    solve::solve_in_place(
        MatRef::from_column_major_slice(&factor.lower, dim, dim),
        MatMut::from_column_major_slice_mut(b, dim, columns),
        Par::Seq,
        memory,
    );
}

impl Cholesky {
    /// Factors the symmetric `dim × dim` matrix whose lower triangle is in `matrix`, row-major, plus `shift` times the
    /// identity. `None` when a pivot is not positive, or so small against its diagonal element that it is rounding alone.
    /// O(dim³/3).
    pub fn new(matrix: &[f64], dim: usize, shift: f64) -> Option<Cholesky> {
        let mut room = CholeskyRoom::new(dim);
        room.factor(matrix, shift).then_some(room.factor)
    }

    /// The order of the matrix.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// b ← A⁻¹b. O(dim²).
    pub fn solve(&self, b: &mut [f64]) {
        self.solve_columns(b, 1);
    }

    /// B ← A⁻¹B for `columns` columns one after the other: blocked, so that L is not read once a column. O(dim²·columns).
    pub fn solve_columns(&self, b: &mut [f64], columns: usize) {
        let mut memory = MemBuffer::new(solve::solve_in_place_scratch::<f64>(self.dim, columns, Par::Seq));
        solve_in(self, b, columns, MemStack::new(&mut memory));
    }

    /// bᵀA⁻¹b, computed as ‖L⁻¹b‖² and so never negative. O(dim²).
    pub fn inverse_norm_squared(&self, b: &[f64]) -> f64 {
        let mut y = b.to_vec();
        for j in 0..self.dim {
            let column = &self.lower[j * self.dim..(j + 1) * self.dim];
            y[j] /= column[j];
            let v = y[j];
            for i in j + 1..self.dim {
                y[i] -= column[i] * v;
            }
        }
        y.iter().map(|v| v * v).sum()
    }

    /// A⁻¹, both triangles. O(dim³).
    pub fn inverse(&self) -> Vec<f64> {
        let mut inverse = vec![0.0; self.dim * self.dim];
        (0..self.dim).for_each(|j| inverse[j * self.dim + j] = 1.0);
        self.solve_columns(&mut inverse, self.dim);
        inverse
    }

    /// A cheap lower estimate of the condition number: the squared ratio of the largest to the smallest pivot.
    pub fn condition(&self) -> f64 {
        let pivots = (0..self.dim).map(|i| self.lower[i * self.dim + i]);
        let (low, high) = pivots.fold((f64::INFINITY, 0.0f64), |(l, h), p| (l.min(p), h.max(p)));
        if self.dim == 0 { 1.0 } else { (high / low) * (high / low) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MMᵀ + I for a matrix M of fixed pseudo-random numbers.
    fn spd(n: usize) -> Vec<f64> {
        let m = |i: usize, j: usize| ((i * 37 + j * 101 + i * j * 7) % 17) as f64 / 17.0 - 0.5;
        let product = |i: usize, j: usize| (0..n).map(|k| m(i, k) * m(j, k)).sum::<f64>();
        (0..n * n).map(|at| product(at / n, at % n) + f64::from(u8::from(at / n == at % n))).collect()
    }

    #[test]
    fn solves_and_inverts() {
        for n in [1, 2, 7, 65, 150] {
            let a = spd(n);
            let factor = Cholesky::new(&a, n, 0.0).unwrap();
            let b: Vec<f64> = (0..n).map(|i| (i as f64).sin() + 0.1).collect();
            let mut x = b.clone();
            factor.solve(&mut x);
            for i in 0..n {
                let back: f64 = (0..n).map(|j| a[i * n + j] * x[j]).sum();
                assert!((back - b[i]).abs() < 1e-10, "{n} {i}");
            }
            let direct: f64 = x.iter().zip(&b).map(|(x, b)| x * b).sum();
            assert!((factor.inverse_norm_squared(&b) - direct).abs() < 1e-10 * direct);
            let inverse = factor.inverse();
            for i in 0..n {
                let row: f64 = (0..n).map(|j| inverse[i * n + j] * b[j]).sum();
                assert!((row - x[i]).abs() < 1e-9, "{n} {i}");
            }
        }
    }

    #[test]
    fn singular_and_indefinite_matrices_are_refused() {
        assert!(Cholesky::new(&[1.0, 1.0, 1.0, 1.0], 2, 0.0).is_none());
        assert!(Cholesky::new(&[1.0, 1.0, 1.0, 1.0], 2, 1e-3).is_some());
        assert!(Cholesky::new(&[1.0, 2.0, 2.0, 1.0], 2, 0.0).is_none());
        assert!(Cholesky::new(&[f64::NAN], 1, 0.0).is_none());
        assert!(Cholesky::new(&[], 0, 0.0).is_some());
    }
}
