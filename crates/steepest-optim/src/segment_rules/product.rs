//! Matrix products of row-major matrices, over `gemm`.

use gemm::Parallelism;
use steepest_core::Real;

/// Above this many multiplications a product is shared among threads.
const PARALLEL: usize = 1 << 21;

/// A row-major matrix, or its transpose.
#[derive(Clone, Copy)]
pub(super) struct Mat<'a, T> {
    values: &'a [T],
    rows: usize,
    cols: usize,
    /// Distances between neighbours in a column and in a row.
    strides: (usize, usize),
}

impl<'a, T: Real> Mat<'a, T> {
    pub(super) fn new(values: &'a [T], rows: usize, cols: usize) -> Mat<'a, T> {
        assert_eq!(values.len(), rows * cols, "a matrix has rows × columns elements");
        Mat { values, rows, cols, strides: (cols, 1) }
    }

    pub(super) fn values(self) -> &'a [T] {
        self.values
    }

    pub(super) fn t(self) -> Mat<'a, T> {
        Mat { values: self.values, rows: self.cols, cols: self.rows, strides: (self.strides.1, self.strides.0) }
    }
}

/// out ← α·out + β·a·b, `out` row-major.
pub(super) fn multiply<T: Real>(out: &mut [T], alpha: f64, beta: f64, a: Mat<'_, T>, b: Mat<'_, T>) {
    let (m, k, n) = (a.rows, a.cols, b.cols);
    assert_eq!((k, m * n), (b.rows, out.len()), "the inner sizes agree");
    if m == 0 || n == 0 {
        return;
    }
    let threads = if m * n * k >= PARALLEL { Parallelism::Rayon(0) } else { Parallelism::None };
    let stride = |s: usize| s as isize;
    // SAFETY: sizes and strides describe the three slices, as asserted here and in `Mat::new`; `out` is borrowed mutably and so
    // overlaps neither factor.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            stride(n),
            alpha != 0.0,
            a.values.as_ptr(),
            stride(a.strides.1),
            stride(a.strides.0),
            b.values.as_ptr(),
            stride(b.strides.1),
            stride(b.strides.0),
            T::from_f64(alpha),
            T::from_f64(beta),
            false,
            false,
            false,
            threads,
        );
    }
}

/// ‖values‖² in 64 bits, in one order.
pub(super) fn sum_of_squares<T: Real>(values: &[T]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    for chunk in values.chunks(LANES) {
        for (s, v) in sums.iter_mut().zip(chunk) {
            *s += v.to_f64() * v.to_f64();
        }
    }
    sums.iter().sum()
}

/// The matrix a tensor is seen as: the first dimension by all others.
pub(super) fn matrix_shape(shape: &[usize]) -> (usize, usize) {
    match shape {
        [] => (1, 1),
        [rows, rest @ ..] => (*rows, rest.iter().product()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_and_transposes_are_right() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let mut out = [1.0; 4];
        multiply(&mut out, 1.0, 2.0, Mat::new(&a, 2, 3), Mat::new(&a, 2, 3).t());
        assert_eq!(out, [29.0, 65.0, 65.0, 155.0]);
        let mut out = [0.0; 9];
        multiply(&mut out, 0.0, 1.0, Mat::new(&a, 2, 3).t(), Mat::new(&a, 2, 3));
        assert_eq!(out, [17.0, 22.0, 27.0, 22.0, 29.0, 36.0, 27.0, 36.0, 45.0]);
    }
}
