//! Weighted Gram matrices XᵀDX, the data's part of a Hessian.

use rayon::prelude::*;
use steepest_core::{Shards, tree_sum_vectors};
use steepest_data::Matrix;

use super::dense::{product, widen};
use super::stored::{SparseView, Stored, stored};

/// Bytes that the partial matrices of all shards may take together.
const PARTIALS: usize = 64 << 20;
/// Columns of a panel of a dense product: only panels on and below the diagonal are computed.
const PANEL: usize = 96;

/// The shards of rows over which the Gram matrix of `cols` columns is summed: a function of the shape alone.
pub fn gram_shards(rows: usize, cols: usize) -> Shards {
    Shards::new(rows, 1024, (PARTIALS / (8 * cols * cols).max(1)).clamp(1, 16))
}

/// h ← Σᵢ dᵢ xᵢxᵢᵀ, the lower triangle of a `cols × cols` row-major matrix; what is above the diagonal is not defined.
/// Rows with dᵢ = 0 cost nothing. O(n·cols²/2) dense, O(Σ stored(row)²/2) sparse.
pub fn weighted_gram(matrix: &Matrix, d: &[f64], h: &mut [f64]) {
    let cols = matrix.cols();
    let mut shards = gram_shards(matrix.rows(), cols);
    if let Matrix::Sparse(m) = matrix {
        // Adding up the matrices of shards costs more than it saves where the rows hold little.
        let work: f64 = m.starts.windows(2).map(|s| 0.5 * ((s[1] - s[0]) as f64).powi(2)).sum();
        let few = (work / (4.0 * (cols * cols).max(1) as f64)) as usize;
        shards = Shards::new(matrix.rows(), 1024, shards.count().min(few.max(1)));
    }
    let one = |range: std::ops::Range<usize>, h: &mut [f64]| match matrix {
        Matrix::Dense(m) => stored!(&m.values, v => dense_shard(v, cols, range, d, h)),
        Matrix::Sparse(m) => stored!(&m.values, v => sparse_shard(SparseView::new(m, v), cols, range, d, h)),
    };
    if shards.count() == 1 {
        h.fill(0.0);
        return one(0..matrix.rows(), h);
    }
    let mut parts = vec![0.0; shards.count() * cols * cols];
    parts.par_chunks_mut((cols * cols).max(1)).enumerate().for_each(|(s, h)| {
        // Memory that is new and read first is mapped twice, and the second time interrupts the other threads.
        h.fill(0.0);
        one(shards.range(s), h);
    });
    tree_sum_vectors(&mut parts, cols * cols);
    h.copy_from_slice(&parts[..cols * cols]);
}

fn sparse_shard<V: Stored>(x: SparseView<'_, V>, cols: usize, rows: std::ops::Range<usize>, d: &[f64], h: &mut [f64]) {
    for i in rows {
        if d[i] == 0.0 {
            continue;
        }
        let (indices, values) = x.row(i);
        for (a, &ja) in indices.iter().enumerate() {
            let scaled = d[i] * values.get(a);
            let row = &mut h[ja as usize * cols..][..cols];
            for (b, &jb) in indices[..=a].iter().enumerate() {
                row[jb as usize] += scaled * values.get(b);
            }
        }
    }
}

fn dense_shard<V: Stored>(x: V, cols: usize, rows: std::ops::Range<usize>, d: &[f64], h: &mut [f64]) {
    // Long enough that reading and writing h for each block costs little beside the products.
    let block = ((2 << 20) / (8 * cols.max(1))).clamp(64, 512);
    let (mut wide, mut scaled) = (Vec::new(), Vec::new());
    for start in rows.clone().step_by(block) {
        let m = block.min(rows.end - start);
        widen(x.part(start * cols, m * cols), m * cols, &mut wide);
        scaled.clear();
        for (i, row) in wide.chunks_exact(cols.max(1)).enumerate() {
            scaled.extend(row.iter().map(|v| d[start + i] * v));
        }
        for top in (0..cols).step_by(PANEL) {
            let height = PANEL.min(cols - top);
            let (h, a) = (&mut h[top * cols..], &wide[top..]);
            product(height, top + height, m, h, (1, cols), a, (cols, 1), &scaled, (1, cols), true);
        }
    }
}
