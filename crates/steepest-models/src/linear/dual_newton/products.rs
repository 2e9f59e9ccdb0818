//! Products with XXᵀ for few sparse rows, without making it.
//!
//! The features fall into three kinds. *Alone* are those that one row has: they add to the diagonal of XXᵀ and nothing else, exactly.
//! *Heavy* are the few with the largest sums of squares, kept as a dense block, since the system's large eigenvalues are theirs.
//! *Light* are the others, by rows and by features: a product gathers over each feature from a vector of one number a row, which
//! stays in the nearest cache, and then over each row, the features that most rows have side by side.

use steepest_data::{Dense, Matrix, Sparse, Values};

use crate::linear::kernels::{Stored, multiply, stored, transposed};

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
    /// Cuts `matrix`. Heavy are at most `most` features, whose sums of squares are above `least`. O(stored + features).
    pub(super) fn new(matrix: &Sparse, most: usize, least: f64) -> RowProducts {
        let n = matrix.rows;
        let (mut kinds, counts, width) = stored!(&matrix.values, v => heavy_features(matrix, v, most, least));
        let starts = number_light(&counts, &mut kinds, n);
        let mut block = vec![0.0; n * width];
        let mut next = starts.clone();
        let stored = starts[starts.len() - 1];
        let (mut indices, mut from) = (vec![0u32; stored], vec![0usize; stored]);
        let (mut alone, mut light_squares, mut squares) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        stored!(&matrix.values, values => for i in 0..n {
            for k in matrix.starts[i]..matrix.starts[i + 1] {
                let v = Stored::get(values, k);
                squares[i] += v * v;
                match kinds[matrix.indices[k] as usize] {
                    Kind::Heavy(at) => block[i * width + at as usize] = v,
                    Kind::Alone => alone[i] += v * v,
                    Kind::Light(at) => {
                        let slot = &mut next[at as usize];
                        (indices[*slot], from[*slot]) = (i as u32, k);
                        *slot += 1;
                        light_squares[i] += v * v;
                    }
                }
            }
            light_squares[i] += alone[i];
        });
        let values = matrix.values.gather(from.into_iter());
        let features = Sparse { rows: starts.len() - 1, cols: n, starts, indices, values };
        let (rows, block) = rayon::join(|| features.transpose(), || Values::narrow(block));
        RowProducts {
            heavy: Matrix::Dense(Dense { rows: n, cols: width, values: block }),
            rows: Matrix::Sparse(rows),
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

/// What a feature is, with its number among those of its kind.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Heavy(u32),
    Light(u32),
    Alone,
}

/// The kinds of the features, the light ones without numbers yet, in how many rows each is, and how many are heavy.
fn heavy_features<V: Stored>(matrix: &Sparse, values: V, most: usize, least: f64) -> (Vec<Kind>, Vec<u32>, usize) {
    let (mut counts, mut energies) = (vec![0u32; matrix.cols], vec![0.0; matrix.cols]);
    for (k, &j) in matrix.indices.iter().enumerate() {
        let v = values.get(k);
        counts[j as usize] += 1;
        energies[j as usize] += v * v;
    }
    let energy = |j: u32| energies[j as usize];
    let mut heavy: Vec<u32> =
        (0..matrix.cols as u32).filter(|&j| counts[j as usize] > 1 && energy(j) > least).collect();
    heavy.sort_unstable_by(|&a, &b| energy(b).total_cmp(&energy(a)).then(a.cmp(&b)));
    heavy.truncate(most);
    let mut kinds: Vec<Kind> = counts.iter().map(|&c| if c > 1 { Kind::Light(0) } else { Kind::Alone }).collect();
    heavy.iter().enumerate().for_each(|(at, &j)| kinds[j as usize] = Kind::Heavy(at as u32));
    (kinds, counts, heavy.len())
}

/// Numbers the light features by falling counts, so that those read most lie side by side and loops over features are as long as the
/// ones before; returns where the values of each start when they are stored by features.
fn number_light(counts: &[u32], kinds: &mut [Kind], rows: usize) -> Vec<usize> {
    // Counting sort: within a count by feature.
    let mut place = vec![0usize; rows + 2];
    let light = |kind: &Kind| matches!(kind, Kind::Light(_));
    let counted = || counts.iter().map(|&c| rows - c as usize);
    counted().zip(kinds.iter()).filter(|(_, kind)| light(kind)).for_each(|(c, _)| place[c + 1] += 1);
    (1..place.len()).for_each(|c| place[c] += place[c - 1]);
    let mut starts = vec![0; place[rows + 1] + 1];
    for (c, kind) in counted().zip(kinds).filter(|(_, kind)| light(kind)) {
        *kind = Kind::Light(place[c] as u32);
        starts[place[c] + 1] = rows - c;
        place[c] += 1;
    }
    (1..starts.len()).for_each(|at| starts[at] += starts[at - 1]);
    starts
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
                1 => f64::from(u8::from(!(i + j).is_multiple_of(4))) * (((i * 37 + j * 101) % 19) as f64 / 4.0),
                _ => ((i * 31 + j * 17) % 11 < 3) as u8 as f64 * (((i * 7 + j * 3) % 13) as f64 / 13.0 - 0.4),
            };
            let all: Vec<f64> = (0..n * d).map(|at| number(at / d, at % d)).collect();
            let matrix = Dense { rows: n, cols: d, values: Values::narrow(all) }.to_sparse();
            let v: Vec<f64> = (0..n).map(|i| (i as f64 * 0.7).sin() + 0.2).collect();
            let product = |i: usize, k: usize| (0..d).map(|j| number(i, j) * number(k, j)).sum::<f64>();
            for (most, least) in [(0, 0.0), (3, 0.0), (1000, 0.0), (1000, 20.0)] {
                let products = RowProducts::new(&matrix, most, least);
                let (mut room, mut out) = (Room::default(), vec![9.0; n]);
                products.multiply(&v, &mut room, &mut out);
                for (i, found) in out.iter().enumerate() {
                    let plain: f64 = (0..n).map(|k| product(i, k) * v[k]).sum();
                    assert!((found - plain).abs() <= 1e-11 * (1.0 + plain.abs()), "{n} {d} {most}: {found} {plain}");
                    assert!((products.squares()[i] - product(i, i)).abs() <= 1e-12 * (1.0 + product(i, i)));
                }
            }
        }
    }
}
