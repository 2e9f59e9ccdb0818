//! Dense rows: four are multiplied side by side, and the gradient's columns are summed in registers over the rows of a block.
//!
//! Lane loops are written by index: that is the form in which the compiler vectorizes them.

#![allow(clippy::needless_range_loop)]

use steepest_core::{GradSink, Real};

use super::super::kernels::{LANES, Stored, lane_sum};
use super::{blocks::BlockAccess, several::Cells};

/// Rows whose products are accumulated side by side.
const SIDE: usize = 4;
/// Bytes of rows that are asked for before they are multiplied, and bytes of a cache line.
const AHEAD: usize = 4096;
const LINE: usize = 64;

/// Rows of a dense matrix.
#[derive(Clone, Copy)]
pub(super) struct DenseRows<V> {
    pub(super) values: V,
    pub(super) cols: usize,
}

impl<V: Stored> DenseRows<V> {
    #[inline(always)]
    fn row(self, i: usize) -> V {
        self.values.part(i * self.cols, self.cols)
    }

    /// How many rows ahead to ask for: as many whole groups as fill the bytes.
    #[inline(always)]
    fn ahead(self) -> usize {
        (AHEAD / (self.cols * V::BYTES).max(1)).next_multiple_of(SIDE).clamp(SIDE, 4 * SIDE)
    }

    /// Asks the processor for a row; where a long one goes on it sees itself.
    #[inline(always)]
    fn fetch(self, i: usize) {
        for j in (0..self.cols.min(AHEAD / V::BYTES)).step_by(LINE / V::BYTES) {
            self.values.prefetch(i * self.cols + j);
        }
    }

    /// The dot products of N rows with w, each in eight interleaved sums.
    #[inline(always)]
    fn dots<T: Real, const N: usize>(self, rows: [usize; N], w: &[T]) -> [f64; N] {
        let (rows, w) = (rows.map(|i| self.row(i)), &w[..self.cols]);
        let mut acc = [[0.0; LANES]; N];
        let whole = self.cols - self.cols % LANES;
        for j in (0..whole).step_by(LANES) {
            let mut here = [0.0; LANES];
            for l in 0..LANES {
                here[l] = w[j + l].to_f64();
            }
            for (acc, row) in acc.iter_mut().zip(&rows) {
                let x = row.lanes(j);
                for l in 0..LANES {
                    acc[l] += x[l] * here[l];
                }
            }
        }
        // The compiler would otherwise vectorize across the rows, from the sums upwards, and shuffle every product.
        let mut acc = std::hint::black_box(acc);
        for (acc, row) in acc.iter_mut().zip(&rows) {
            for j in whole..self.cols {
                acc[j - whole] += row.get(j) * w[j].to_f64();
            }
        }
        acc.map(lane_sum)
    }

    /// g += Σ r[k]·xᵢ for the `W` groups of eight columns from `j` on, each column in the order of the rows.
    #[inline(always)]
    fn columns<T: Real, const W: usize>(self, rows: &[usize], r: &[f64], j: usize, g: &mut [T]) {
        let mut acc = [[0.0; LANES]; W];
        for (&i, &r) in rows.iter().zip(r) {
            let row = self.values.part(i * self.cols + j, W * LANES);
            for (n, acc) in acc.iter_mut().enumerate() {
                let x = row.lanes(n * LANES);
                for l in 0..LANES {
                    acc[l] += r * x[l];
                }
            }
        }
        for (g, acc) in g.chunks_exact_mut(LANES).zip(&acc) {
            for l in 0..LANES {
                g[l] += T::from_f64(acc[l]);
            }
        }
    }
}

impl<V: Stored> BlockAccess for DenseRows<V> {
    #[inline(always)]
    fn margins<T: Real>(self, rows: &[usize], w: &[T], z: &mut [f64]) {
        let ahead = self.ahead();
        rows.iter().take(ahead).for_each(|&i| self.fetch(i));
        let (groups, rest) = rows.as_chunks::<SIDE>();
        let (sums, last) = z.as_chunks_mut::<SIDE>();
        for (n, (&group, z)) in groups.iter().zip(sums).enumerate() {
            rows.iter().skip(n * SIDE + ahead).take(SIDE).for_each(|&i| self.fetch(i));
            *z = self.dots(group, w);
        }
        for (&i, z) in rest.iter().zip(last) {
            [*z] = self.dots([i], w);
        }
    }

    #[inline(always)]
    fn add<T: Real>(self, rows: &[usize], r: &[f64], g: &mut [T]) {
        const WIDTH: usize = 4;
        let (mut j, cols) = (0, self.cols);
        while j + WIDTH * LANES <= cols {
            self.columns::<T, WIDTH>(rows, r, j, &mut g[j..j + WIDTH * LANES]);
            j += WIDTH * LANES;
        }
        while j + LANES <= cols {
            self.columns::<T, 1>(rows, r, j, &mut g[j..j + LANES]);
            j += LANES;
        }
        if j < cols && cols >= LANES {
            // The last eight columns once more, of which only the new ones are kept.
            let from = cols - LANES;
            let mut last = [T::ZERO; LANES];
            self.columns::<T, 1>(rows, r, from, &mut last);
            g[j..cols].iter_mut().zip(&last[j - from..]).for_each(|(g, &v)| *g += v);
            return;
        }
        for j in j..cols {
            let mut sum = 0.0;
            for (&i, &r) in rows.iter().zip(r) {
                sum += r * self.values.get(i * cols + j);
            }
            g[j] += T::from_f64(sum);
        }
    }

    #[inline(always)]
    fn pairs(self, row: usize, r: f64, mut push: impl FnMut(u32, f64)) {
        let row = self.row(row);
        (0..self.cols).for_each(|j| push(j as u32, row.get(j) * r));
    }
}

impl<V: Stored> Cells for DenseRows<V> {
    #[inline(always)]
    fn dot<T: Real>(self, i: usize, w: &[T], z: &mut [f64]) {
        let row = self.row(i);
        z.fill(0.0);
        for j in 0..self.cols {
            let w = &w[j * z.len()..][..z.len()];
            z.iter_mut().zip(w).for_each(|(z, w)| *z += row.get(j) * w.to_f64());
        }
    }

    #[inline(always)]
    fn add<T: Real>(self, i: usize, r: &[f64], grad: &mut GradSink<'_, T>) {
        let row = self.row(i);
        match grad {
            GradSink::None => {}
            GradSink::Dense(g) => {
                for (j, g) in g[..self.cols * r.len()].chunks_exact_mut(r.len()).enumerate() {
                    g.iter_mut().zip(r).for_each(|(g, r)| *g += T::from_f64(row.get(j) * r));
                }
            }
            GradSink::Sparse(g) => {
                for j in 0..self.cols {
                    for (c, v) in r.iter().enumerate() {
                        g.push((j * r.len() + c) as u32, T::from_f64(row.get(j) * v));
                    }
                }
            }
        }
    }
}
