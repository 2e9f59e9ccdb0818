//! Products with a sparse matrix, all by rows: a margin gathers along its row, a gradient is scattered along the rows of a
//! shard, and one pass does both while the block of rows is in the cache.

use rayon::prelude::*;
use steepest_core::{Shards, tree_sum, tree_sum_vectors};

use super::dense::split_rows;
use super::stored::{SparseView, Stored};

/// Stored values a task works on at least.
const TASK: usize = 1 << 14;

/// out ← Av, row by row, with v and out holding `outputs` numbers a column and a row.
pub(crate) fn multiply_sparse<V: Stored>(a: SparseView<'_, V>, v: &[f64], outputs: usize, out: &mut [f64]) {
    debug_assert_eq!(out.len(), a.rows() * outputs);
    for_row_ranges(a.starts, outputs, out, |first, out| gather_rows(a, first, v, outputs, out));
}

/// Stored values of a block of rows that is read from memory once and used from the cache after that.
const BLOCK_VALUES: usize = 2048;
/// Stored values that a shard has for each element of the vector it scatters into, at least.
const VALUES_PER_COLUMN: usize = 3;

/// Shards of rows for sums over all rows: a function of the shape alone. Each adds up a whole vector over the features, so that
/// there are few where features are many.
fn row_shards<V: Stored>(a: &SparseView<'_, V>, cols: usize) -> Shards {
    let stored = a.indices.len().max(1);
    Shards::new(a.rows(), (a.rows() * TASK).div_ceil(stored), (stored / (VALUES_PER_COLUMN * cols.max(1))).clamp(1, 64))
}

/// g ← Aᵀr, with r and g holding `outputs` numbers a row and a column of A.
pub(crate) fn scatter_sparse<V: Stored>(a: SparseView<'_, V>, cols: usize, r: &[f64], outputs: usize, g: &mut [f64]) {
    let (shards, len) = (row_shards(&a, cols), cols * outputs);
    let one = |s: usize, g: &mut [f64]| {
        g.fill(0.0);
        let range = shards.range(s);
        scatter_rows(a, range.start, &r[range.start * outputs..range.end * outputs], outputs, g);
    };
    if shards.count() == 1 || len == 0 {
        return one(0, g);
    }
    let mut parts = vec![0.0; shards.count() * len];
    parts.par_chunks_mut(len).enumerate().for_each(|(s, g)| one(s, g));
    tree_sum_vectors(&mut parts, len);
    g.copy_from_slice(&parts[..len]);
}

/// One pass over the rows: z ← Aw, then `rows(first row, z, r)` on each block, which may change z, writes r and returns a
/// number, then g ← Aᵀr. Returns the sum of the numbers. `parts` is scratch.
#[allow(clippy::too_many_arguments)]
pub(crate) fn sparse_pass<V: Stored>(
    a: SparseView<'_, V>,
    cols: usize,
    outputs: usize,
    w: &[f64],
    z: &mut [f64],
    r: &mut [f64],
    g: &mut [f64],
    parts: &mut Vec<f64>,
    rows: impl Fn(usize, &mut [f64], &mut [f64]) -> f64 + Sync,
) -> f64 {
    let (k, len) = (outputs, cols * outputs);
    let shards = row_shards(&a, cols);
    let block = (BLOCK_VALUES * a.rows() / a.indices.len().max(1)).clamp(16, 256);
    parts.resize(shards.count() * len, 0.0);
    let tasks = split_rows(z, r, parts, &shards, k, len);
    let sums: Vec<f64> = tasks
        .into_par_iter()
        .map(|(first, z, r, g)| {
            g.fill(0.0);
            let mut sum = 0.0;
            for (n, (z, r)) in z.chunks_mut(block * k).zip(r.chunks_mut(block * k)).enumerate() {
                let start = first + n * block;
                gather_rows(a, start, w, k, z);
                sum += rows(start, z, r);
                scatter_rows(a, start, r, k, g);
            }
            sum
        })
        .collect();
    tree_sum_vectors(parts, len);
    g.copy_from_slice(&parts[..len]);
    tree_sum(&sums)
}

/// z ← Aw for consecutive rows.
fn gather_rows<V: Stored>(a: SparseView<'_, V>, first: usize, w: &[f64], outputs: usize, z: &mut [f64]) {
    if outputs == 1 {
        z.iter_mut().enumerate().for_each(|(i, z)| *z = a.dot(first + i, w));
    } else {
        z.chunks_exact_mut(outputs).enumerate().for_each(|(i, z)| gather_many(a, first + i, w, z));
    }
}

/// g += Aᵀr for consecutive rows.
fn scatter_rows<V: Stored>(a: SparseView<'_, V>, first: usize, r: &[f64], outputs: usize, g: &mut [f64]) {
    for (i, r) in r.chunks_exact(outputs).enumerate() {
        if let [r] = r {
            if *r != 0.0 {
                a.add(first + i, *r, g);
            }
            continue;
        }
        let (indices, values) = a.row(first + i);
        for (k, &j) in indices.iter().enumerate() {
            let x = values.get(k);
            g[j as usize * outputs..][..outputs].iter_mut().zip(r).for_each(|(g, r)| *g += x * r);
        }
    }
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
