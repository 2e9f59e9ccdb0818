//! Products with a sparse matrix. One kernel serves both directions: a margin gathers along a row, an element of the gradient
//! along a column.

use rayon::prelude::*;

use super::stored::{SparseView, Stored};

/// Stored values a task works on at least.
const TASK: usize = 1 << 14;

/// out ← Av, row by row, with v and out holding `outputs` numbers a column and a row.
pub(crate) fn multiply_sparse<V: Stored>(a: SparseView<'_, V>, v: &[f64], outputs: usize, out: &mut [f64]) {
    debug_assert_eq!(out.len(), a.rows() * outputs);
    let one = |first: usize, out: &mut [f64]| {
        if outputs == 1 {
            out.iter_mut().enumerate().for_each(|(i, o)| *o = a.dot(first + i, v));
        } else {
            out.chunks_exact_mut(outputs).enumerate().for_each(|(i, o)| gather_many(a, first + i, v, o));
        }
    };
    for_row_ranges(a.starts, outputs, out, one);
}

/// Calls `f(first row, its part of out)` on consecutive ranges of rows with about equal numbers of stored values, in parallel.
/// Rows are independent, so that the cut does not matter to the result.
pub(crate) fn for_row_ranges(
    starts: &[usize],
    outputs: usize,
    out: &mut [f64],
    f: impl Fn(usize, &mut [f64]) + Send + Sync,
) {
    let rows = starts.len() - 1;
    let stored = starts[rows] - starts[0];
    let tasks = (stored * outputs / TASK).clamp(1, 64);
    if tasks == 1 {
        return f(0, out);
    }
    let mut pieces: Vec<(usize, &mut [f64])> = Vec::with_capacity(tasks);
    let (mut rest, mut row) = (out, 0);
    for t in 1..=tasks {
        let end = if t == tasks { rows } else { starts.partition_point(|&s| s < stored * t / tasks).clamp(row, rows) };
        let (part, tail) = rest.split_at_mut((end - row) * outputs);
        pieces.push((row, part));
        (rest, row) = (tail, end);
    }
    pieces.into_par_iter().for_each(|(first, part)| f(first, part));
}

/// out ← Σₖ a[i, k]·v[k, ·].
#[inline(always)]
fn gather_many<V: Stored>(a: SparseView<'_, V>, i: usize, v: &[f64], out: &mut [f64]) {
    out.fill(0.0);
    let (indices, values) = a.row(i);
    for (k, &j) in indices.iter().enumerate() {
        let x = values.get(k);
        let from = &v[j as usize * out.len()..][..out.len()];
        out.iter_mut().zip(from).for_each(|(o, v)| *o += x * v);
    }
}
