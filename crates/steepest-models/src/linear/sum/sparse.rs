//! Sparse rows: a margin gathers along its row, a gradient is scattered along it.

use steepest_core::Real;

use super::super::kernels::{LANES, SparseView, Stored, lane_sum, prefetch};
use super::{blocks::BlockAccess, several::Cells};
use steepest_core::GradSink;

/// Rows that are asked for before they are multiplied.
const AHEAD: usize = 8;
/// Indices in a cache line, and how many lines of a row are asked for: the processor sees where a long one goes on.
const LINE: usize = 16;
const LINES: usize = 3;

/// Asks the processor for a row.
#[inline(always)]
fn fetch<V: Stored>(x: SparseView<'_, V>, row: usize) {
    let start = x.starts[row];
    for line in 0..LINES {
        prefetch(x.indices.as_ptr(), start + line * LINE);
        x.values.prefetch(start + line * LINE);
    }
}

/// xᵢ·w in eight interleaved sums.
#[inline(always)]
fn dot<V: Stored, T: Real>(x: SparseView<'_, V>, row: usize, w: &[T]) -> f64 {
    let (indices, values) = x.row(row);
    let (chunks, rest) = indices.as_chunks::<LANES>();
    let mut acc = [0.0; LANES];
    for (n, indices) in chunks.iter().enumerate() {
        let x = values.lanes(n * LANES);
        for l in 0..LANES {
            acc[l] += x[l] * w[indices[l] as usize].to_f64();
        }
    }
    let tail = chunks.len() * LANES;
    for (l, &j) in rest.iter().enumerate() {
        acc[l] += values.get(tail + l) * w[j as usize].to_f64();
    }
    lane_sum(acc)
}

impl<V: Stored> BlockAccess for SparseView<'_, V> {
    #[inline(always)]
    fn margins<T: Real>(self, rows: &[usize], w: &[T], z: &mut [f64]) {
        rows.iter().take(AHEAD).for_each(|&row| fetch(self, row));
        for (k, (&row, z)) in rows.iter().zip(z).enumerate() {
            if let Some(&next) = rows.get(k + AHEAD) {
                fetch(self, next);
            }
            *z = dot(self, row, w);
        }
    }

    #[inline(always)]
    fn add<T: Real>(self, rows: &[usize], r: &[f64], g: &mut [T]) {
        for (&row, &r) in rows.iter().zip(r) {
            let (indices, values) = self.row(row);
            let (chunks, rest) = indices.as_chunks::<LANES>();
            for (n, indices) in chunks.iter().enumerate() {
                let x = values.lanes(n * LANES);
                for l in 0..LANES {
                    g[indices[l] as usize] += T::from_f64(x[l] * r);
                }
            }
            let tail = chunks.len() * LANES;
            for (l, &j) in rest.iter().enumerate() {
                g[j as usize] += T::from_f64(values.get(tail + l) * r);
            }
        }
    }

    #[inline(always)]
    fn pairs(self, row: usize, r: f64, mut push: impl FnMut(u32, f64)) {
        let (indices, values) = self.row(row);
        for (k, &j) in indices.iter().enumerate() {
            push(j, values.get(k) * r);
        }
    }
}

impl<V: Stored> Cells for SparseView<'_, V> {
    #[inline(always)]
    fn dot<T: Real>(self, i: usize, w: &[T], z: &mut [f64]) {
        let (indices, values) = self.row(i);
        z.fill(0.0);
        for (k, &j) in indices.iter().enumerate() {
            let w = &w[j as usize * z.len()..][..z.len()];
            z.iter_mut().zip(w).for_each(|(z, w)| *z += values.get(k) * w.to_f64());
        }
    }

    #[inline(always)]
    fn add<T: Real>(self, i: usize, r: &[f64], grad: &mut GradSink<'_, T>) {
        let (indices, values) = self.row(i);
        match grad {
            GradSink::None => {}
            GradSink::Dense(g) => {
                for (k, &j) in indices.iter().enumerate() {
                    let g = &mut g[j as usize * r.len()..][..r.len()];
                    g.iter_mut().zip(r).for_each(|(g, r)| *g += T::from_f64(values.get(k) * r));
                }
            }
            GradSink::Sparse(g) => {
                for (k, &j) in indices.iter().enumerate() {
                    for (c, v) in r.iter().enumerate() {
                        g.push(j * r.len() as u32 + c as u32, T::from_f64(values.get(k) * v));
                    }
                }
            }
        }
    }
}
