//! Products with XXᵀ for few sparse rows, without making it.
//!
//! The features fall into three kinds. *Alone* are those that one row has: they add to the diagonal of XXᵀ and nothing else, exactly.
//! *Heavy* are the few with the largest sums of squares, kept as a dense block, since the system's large eigenvalues are theirs.
//! *Light* are the others, by rows and by features: a product gathers over each feature from a vector of one number a row, which
//! stays in the nearest cache, and then over each row, the features that most rows have side by side.

use steepest_data::{Dense, Matrix, Sparse, Values};

use crate::linear::kernels::{multiply, transposed};

/// A sparse matrix, cut by kinds of features.
#[derive(Debug)]
pub(super) struct RowProducts {
    /// Rows × heavy features.
    heavy: Matrix,
    /// The light features by rows and by features.
    rows: Matrix,
    features: Matrix,
    /// For each row, Σ x² over the features it is alone with.
    alone: Vec<f64>,
    /// ‖xᵢ‖², and without the heavy features.
    squares: Vec<f64>,
    light_squares: Vec<f64>,
}

/// Room of a product.
#[derive(Debug, Default)]
pub(super) struct Room {
    features: Vec<f64>,
    heavy: Vec<f64>,
    rows: Vec<f64>,
}

impl RowProducts {
    /// Cuts the matrix of these columns. Heavy are at most `most` features, whose sums of squares are above `least`.
    pub(super) fn new(columns: &Sparse, most: usize, least: f64) -> RowProducts {
        let n = columns.cols;
        let count = |j: usize| columns.starts[j + 1] - columns.starts[j];
        let of = |j: usize| (columns.starts[j]..columns.starts[j + 1]).map(|k| columns.values.get(k));
        let mut shared: Vec<(f64, u32)> = (0..columns.rows)
            .filter(|&j| count(j) > 1)
            .map(|j| (of(j).map(|v| v * v).sum(), j as u32))
            .filter(|(energy, _)| *energy > least)
            .collect();
        shared.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        shared.truncate(most);
        let mut kind = vec![Kind::Light; columns.rows];
        shared.iter().for_each(|&(_, j)| kind[j as usize] = Kind::Heavy);
        let (mut alone, mut light_squares) = (vec![0.0; n], vec![0.0; n]);
        for (j, kind) in kind.iter_mut().enumerate() {
            if *kind == Kind::Heavy {
                continue;
            }
            let single = count(j) < 2;
            for k in columns.starts[j]..columns.starts[j + 1] {
                let (i, v) = (columns.indices[k] as usize, columns.values.get(k));
                light_squares[i] += v * v;
                if single {
                    alone[i] += v * v;
                }
            }
            if single {
                *kind = Kind::Alone;
            }
        }
        let chosen: Vec<usize> = shared.iter().map(|&(_, j)| j as usize).collect();
        let heavy = dense_block(columns, &chosen);
        let mut squares = light_squares.clone();
        let width = heavy.cols.max(1);
        (0..n * heavy.cols).for_each(|at| squares[at / width] += heavy.values.get(at) * heavy.values.get(at));
        let features = light_features(columns, &kind);
        let rows = Matrix::Sparse(features.transpose());
        RowProducts {
            heavy: Matrix::Dense(heavy),
            rows,
            features: Matrix::Sparse(features),
            alone,
            squares,
            light_squares,
        }
    }

    /// ‖xᵢ‖².
    pub(super) fn squares(&self) -> &[f64] {
        &self.squares
    }

    /// ‖xᵢ‖² over the features that are not heavy.
    pub(super) fn light_squares(&self) -> &[f64] {
        &self.light_squares
    }

    /// The heavy features, H: n × k.
    pub(super) fn heavy(&self) -> &Matrix {
        &self.heavy
    }

    /// out ← Hc.
    pub(super) fn multiply_heavy(&self, c: &[f64], out: &mut [f64]) {
        if c.is_empty() { out.fill(0.0) } else { multiply(&self.heavy, c, 1, out) }
    }

    /// out ← Hᵀv.
    pub(super) fn transposed_heavy(&self, v: &[f64], out: &mut [f64]) {
        if !out.is_empty() {
            transposed(&self.heavy, v, 1, out);
        }
    }

    /// out ← (XXᵀ − HHᵀ)v.
    pub(super) fn multiply_light(&self, v: &[f64], room: &mut Room, out: &mut [f64]) {
        room.features.resize(self.features.rows(), 0.0);
        multiply(&self.features, v, 1, &mut room.features);
        multiply(&self.rows, &room.features, 1, out);
        out.iter_mut().zip(&self.alone).zip(v).for_each(|((o, a), v)| *o += a * v);
    }

    /// out ← XXᵀv.
    pub(super) fn multiply(&self, v: &[f64], room: &mut Room, out: &mut [f64]) {
        let (mut heavy, mut rows) = (std::mem::take(&mut room.heavy), std::mem::take(&mut room.rows));
        heavy.resize(self.heavy.cols(), 0.0);
        rows.resize(v.len(), 0.0);
        self.transposed_heavy(v, &mut heavy);
        self.multiply_heavy(&heavy, &mut rows);
        self.multiply_light(v, room, out);
        out.iter_mut().zip(&rows).for_each(|(o, h)| *o += h);
        (room.heavy, room.rows) = (heavy, rows);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Heavy,
    Light,
    Alone,
}

/// The given columns as a dense block, stored as narrowly as loses nothing.
fn dense_block(columns: &Sparse, chosen: &[usize]) -> Dense {
    let (n, width) = (columns.cols, chosen.len());
    let mut block = vec![0.0; n * width];
    for (at, &j) in chosen.iter().enumerate() {
        for k in columns.starts[j]..columns.starts[j + 1] {
            block[columns.indices[k] as usize * width + at] = columns.values.get(k);
        }
    }
    Dense { rows: n, cols: width, values: Values::narrow(block) }
}

/// The light features, those with the most rows first.
fn light_features(columns: &Sparse, kind: &[Kind]) -> Sparse {
    let n = columns.cols;
    let count = |j: usize| columns.starts[j + 1] - columns.starts[j];
    // Counting sort: by falling counts, within a count by feature.
    let mut place = vec![0usize; n + 2];
    let light = || (0..columns.rows).filter(|&j| kind[j] == Kind::Light);
    light().for_each(|j| place[n - count(j) + 1] += 1);
    (1..place.len()).for_each(|c| place[c] += place[c - 1]);
    let mut order = vec![0usize; place[n + 1]];
    for j in light() {
        let slot = &mut place[n - count(j)];
        order[*slot] = j;
        *slot += 1;
    }
    let mut starts = Vec::with_capacity(order.len() + 1);
    starts.push(0);
    let stored = order.iter().map(|&j| count(j)).sum();
    let (mut indices, mut from) = (Vec::with_capacity(stored), Vec::with_capacity(stored));
    for &j in &order {
        indices.extend_from_slice(&columns.indices[columns.starts[j]..columns.starts[j + 1]]);
        from.extend(columns.starts[j]..columns.starts[j + 1]);
        starts.push(indices.len());
    }
    let values = columns.values.gather(from.into_iter());
    Sparse { rows: order.len(), cols: n, starts, indices, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_that_of_plain_loops_however_features_are_cut() {
        for (n, d) in [(1, 1), (5, 0), (7, 40), (30, 300)] {
            // Feature j is in one row, in some, or in most of them.
            let number = |i: usize, j: usize| match j % 5 {
                0 => (i == (j * 7) % n) as u8 as f64 * 1.5,
                1 => ((i + j) % 4 != 0) as u8 as f64 * (((i * 37 + j * 101) % 19) as f64 / 4.0),
                _ => ((i * 31 + j * 17) % 11 < 3) as u8 as f64 * (((i * 7 + j * 3) % 13) as f64 / 13.0 - 0.4),
            };
            let all: Vec<f64> = (0..n * d).map(|at| number(at / d, at % d)).collect();
            let columns = Dense { rows: n, cols: d, values: Values::narrow(all) }.to_sparse().transpose();
            let v: Vec<f64> = (0..n).map(|i| (i as f64 * 0.7).sin() + 0.2).collect();
            let product = |i: usize, k: usize| (0..d).map(|j| number(i, j) * number(k, j)).sum::<f64>();
            for (most, least) in [(0, 0.0), (3, 0.0), (1000, 0.0), (1000, 20.0)] {
                let products = RowProducts::new(&columns, most, least);
                let (mut room, mut out) = (Room::default(), vec![9.0; n]);
                products.multiply(&v, &mut room, &mut out);
                for i in 0..n {
                    let plain: f64 = (0..n).map(|k| product(i, k) * v[k]).sum();
                    assert!(
                        (out[i] - plain).abs() <= 1e-11 * (1.0 + plain.abs()),
                        "{n} {d} {most}: {} {plain}",
                        out[i]
                    );
                    assert!((products.squares()[i] - product(i, i)).abs() <= 1e-12 * (1.0 + product(i, i)));
                }
            }
        }
    }
}
