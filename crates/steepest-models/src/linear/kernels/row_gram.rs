//! Gram matrices of rows, XXᵀ: what a problem of few rows and many features is solved with.
//!
//! Rows are independent, so that threads share them out: element (i, k) is the sum over the features of row i in their order, the
//! frequent ones first.

use rayon::prelude::*;
use steepest_data::{Dense, Matrix, Sparse};

use super::dense::{product, widen};
use super::stored::{SparseView, Stored, stored};

/// Rows of a panel of a dense product: only what is on and below the diagonal is computed, up to the panel's width.
const PANEL: usize = 96;
/// Features of dense rows that are widened at a time.
const FEATURES: usize = 512;
/// A feature in one of this many rows is frequent: a dense product adds about eight numbers in the time of a scattered one.
const FREQUENT: usize = 8;

/// XXᵀ, n × n, both triangles. `columns` is the transpose of
/// sparse features. O(n²d/2) dense, O(Σ stored(column)²/2) sparse.
pub(crate) fn row_gram(matrix: &Matrix, columns: Option<&Sparse>) -> Vec<f64> {
    let n = matrix.rows();
    let mut gram = vec![0.0; n * n];
    match (matrix, columns) {
        (Matrix::Dense(m), _) => stored!(&m.values, v => dense_gram(m, v, &mut gram)),
        (Matrix::Sparse(m), Some(c)) => {
            stored!(&m.values, v => stored!(&c.values, t => sparse_gram(SparseView::new(m, v), SparseView::new(c, t), &mut gram)));
        }
        (Matrix::Sparse(m), None) => {
            let c = m.transpose();
            stored!(&m.values, v => stored!(&c.values, t => sparse_gram(SparseView::new(m, v), SparseView::new(&c, t), &mut gram)));
        }
    }
    mirror(&mut gram, n);
    gram
}

/// Copies what is below the diagonal above it, in tiles that stay in the cache.
fn mirror(gram: &mut [f64], n: usize) {
    const TILE: usize = 32;
    for top in (0..n).step_by(TILE) {
        for left in (0..=top).step_by(TILE) {
            for i in top..n.min(top + TILE) {
                for j in left..i.min(left + TILE) {
                    gram[j * n + i] = gram[i * n + j];
                }
            }
        }
    }
}

fn dense_gram<V: Stored>(m: &Dense, x: V, gram: &mut [f64]) {
    let mut wide = Vec::new();
    let mut block = Vec::new();
    for first in (0..m.cols).step_by(FEATURES) {
        let width = FEATURES.min(m.cols - first);
        block.clear();
        for i in 0..m.rows {
            widen(x.part(i * m.cols + first, width), width, &mut wide);
            block.extend_from_slice(&wide[..width]);
        }
        add_product(&block, width, m.rows, gram, first > 0);
    }
}

/// gram ← BBᵀ, or gram += BBᵀ, for n rows of `width` numbers. New memory is better written than added to: read first, it is mapped
/// twice, and the second time interrupts the other threads.
fn add_product(block: &[f64], width: usize, n: usize, gram: &mut [f64], add: bool) {
    gram.par_chunks_mut((PANEL * n).max(1)).enumerate().for_each(|(panel, gram)| {
        let top = panel * PANEL;
        let height = gram.len() / n;
        product(height, top + height, width, gram, (1, n), &block[top * width..], (1, width), block, (width, 1), add);
    });
}

fn sparse_gram<V: Stored, T: Stored>(x: SparseView<'_, V>, columns: SparseView<'_, T>, gram: &mut [f64]) {
    const RARE: u32 = u32::MAX;
    let n = x.rows();
    let mut place = vec![RARE; columns.rows()];
    let mut frequent = 0;
    for (j, place) in place.iter_mut().enumerate() {
        if FREQUENT * (columns.starts[j + 1] - columns.starts[j]) >= n {
            *place = frequent;
            frequent += 1;
        }
    }
    let width = frequent as usize;
    for first in (0..width).step_by(FEATURES) {
        let here = first..width.min(first + FEATURES);
        let mut block = vec![0.0; n * here.len()];
        for (i, row) in block.chunks_exact_mut(here.len()).enumerate() {
            let (indices, values) = x.row(i);
            for (k, &j) in indices.iter().enumerate() {
                let at = place[j as usize];
                if at != RARE && here.contains(&(at as usize)) {
                    row[at as usize - first] = values.get(k);
                }
            }
        }
        add_product(&block, here.len(), n, gram, first > 0);
    }
    gram.par_chunks_mut(n.max(1)).enumerate().with_min_len(16).for_each(|(i, gram)| {
        let (indices, values) = x.row(i);
        let gram = &mut gram[..=i];
        if width == 0 {
            gram.fill(0.0);
        }
        for (k, &j) in indices.iter().enumerate() {
            if place[j as usize] != RARE {
                continue;
            }
            let v = values.get(k);
            let (rows, others) = columns.row(j as usize);
            for (l, &row) in rows.iter().enumerate() {
                // The rows of a column increase.
                let Some(g) = gram.get_mut(row as usize) else { break };
                *g += v * others.get(l);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use steepest_core::Flat;
    use steepest_data::Values;

    #[test]
    fn elements_are_the_products_of_rows() {
        for (n, d) in [(1, 3), (5, 0), (130, 40), (37, 700)] {
            // Every third feature is frequent.
            let number = |i: usize, j: usize| {
                let keep = if j % 3 == 1 { (i + j) % 4 != 1 } else { (i * 31 + j * 17) % 23 == 1 };
                if keep { ((i * 37 + j * 101) % 19) as f64 / 19.0 - 0.4 } else { 0.0 }
            };
            let all: Vec<f64> = (0..n * d).map(|at| number(at / d.max(1), at % d.max(1))).collect();
            let dense = Dense { rows: n, cols: d, values: Values::F64(Flat::from_slice(64, &all)) };
            let sparse = Matrix::Sparse(dense.to_sparse());
            for matrix in [Matrix::Dense(dense), sparse] {
                let gram = row_gram(&matrix, None);
                for i in 0..n {
                    for k in 0..n {
                        let plain: f64 = (0..d).map(|j| number(i, j) * number(k, j)).sum();
                        assert!((gram[i * n + k] - plain).abs() < 1e-12, "{n} {d}: {i} {k}");
                    }
                }
            }
        }
    }
}
