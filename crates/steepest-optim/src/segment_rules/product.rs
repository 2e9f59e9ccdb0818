//! Matrix products of row-major matrices, over `gemm`.

use std::ops::Range;

use gemm::Parallelism;
use rayon::prelude::*;
use steepest_core::Real;

/// Above this many multiplications a product is shared among threads.
const PARALLEL: usize = 1 << 21;

/// Rows of a symmetric product that are computed together.
const BAND: usize = 128;

/// A row-major matrix, its transpose, or some rows or columns of it.
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
        Mat { rows: self.cols, cols: self.rows, strides: (self.strides.1, self.strides.0), ..self }
    }

    /// Some of the rows.
    fn rows(self, range: Range<usize>) -> Mat<'a, T> {
        assert!(range.start <= range.end && range.end <= self.rows);
        Mat { values: &self.values[range.start * self.strides.0..], rows: range.len(), ..self }
    }

    /// Some of the columns.
    fn cols(self, range: Range<usize>) -> Mat<'a, T> {
        self.t().rows(range).t()
    }
}

/// out ← α·out + β·a·b, `out` row-major.
pub(super) fn multiply<T: Real>(out: &mut [T], alpha: f64, beta: f64, a: Mat<'_, T>, b: Mat<'_, T>) {
    assert_eq!(a.rows * b.cols, out.len(), "the outer sizes agree");
    let shared = a.rows * b.cols * a.cols >= PARALLEL;
    accumulate(out, b.cols, alpha, beta, (a, b), if shared { Parallelism::Rayon(0) } else { Parallelism::None });
}

/// out ← α·out + β·a·b where the result is symmetric, as `out` is before: computed below the diagonal, band by band of rows, and
/// copied above it. Five eighths of the work from four bands on.
pub(super) fn multiply_symmetric<T: Real>(out: &mut [T], alpha: f64, beta: f64, a: Mat<'_, T>, b: Mat<'_, T>) {
    let n = a.rows;
    assert_eq!((n, n * n), (b.cols, out.len()), "the result is square");
    let band = |(i, rows): (usize, &mut [T])| {
        let (start, count) = (i * BAND, rows.len() / n);
        let factors = (a.rows(start..start + count), b.cols(0..start + count));
        accumulate(rows, n, alpha, beta, factors, Parallelism::None);
    };
    // The longest bands first, so that threads end together.
    if n * n * a.cols >= PARALLEL {
        out.par_chunks_mut(BAND * n).enumerate().rev().for_each(band);
    } else {
        out.chunks_mut(BAND * n).enumerate().for_each(band);
    }
    mirror(out, n);
}

/// Copies what is below the diagonal above it, square by square, so that both sides stay in the cache.
fn mirror<T: Real>(out: &mut [T], n: usize) {
    const SQUARE: usize = 32;
    for top in (0..n).step_by(SQUARE) {
        for left in (0..=top).step_by(SQUARE) {
            for i in top..n.min(top + SQUARE) {
                for j in left..i.min(left + SQUARE) {
                    out[j * n + i] = out[i * n + j];
                }
            }
        }
    }
}

/// The first `b.cols` elements of each row of `out`, which are `stride` apart.
fn accumulate<T: Real>(
    out: &mut [T],
    stride: usize,
    alpha: f64,
    beta: f64,
    (a, b): (Mat<'_, T>, Mat<'_, T>),
    threads: Parallelism,
) {
    let (m, k, n) = (a.rows, a.cols, b.cols);
    assert!(k == b.rows && n <= stride && m * stride <= out.len(), "the inner sizes agree");
    if m == 0 || n == 0 {
        return;
    }
    let distance = |s: usize| s as isize;
    // SAFETY: sizes and strides stay inside the three slices, as asserted here, in `Mat::new` and `Mat::rows`; `out` is borrowed
    // mutably and so overlaps neither factor.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            distance(stride),
            alpha != 0.0,
            a.values.as_ptr(),
            distance(a.strides.1),
            distance(a.strides.0),
            b.values.as_ptr(),
            distance(b.strides.1),
            distance(b.strides.0),
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

    /// The same as the whole product, for one band, several, and a last one that is cut short; bands on threads or not.
    #[test]
    fn symmetric_products_are_products() {
        for (n, k) in [(1, 3), (31, 5), (BAND, 2), (BAND + 1, 7), (3 * BAND - 5, 40)] {
            let a: Vec<f64> = (0..n * k).map(|i| ((i * i) as f64 * 0.37).sin()).collect();
            let (tall, wide) = (Mat::new(&a, n, k), Mat::new(&a, k, n));
            for (a, b) in [(tall, tall.t()), (wide.t(), wide)] {
                let mut before: Vec<f64> = (0..n * n).map(|i| (i / n + i % n) as f64).collect();
                let mut out = before.clone();
                multiply(&mut before, 0.5, 2.0, a, b);
                multiply_symmetric(&mut out, 0.5, 2.0, a, b);
                for (i, (o, b)) in out.iter().zip(&before).enumerate() {
                    assert!((o - b).abs() < 1e-12 * b.abs().max(n as f64), "{n}: {o} {b}");
                    assert_eq!(*o, out[i % n * n + i / n], "{n}: to the bit");
                }
            }
        }
    }
}
