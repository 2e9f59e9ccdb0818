//! Products with XXᵀ for few sparse rows, without making it.
//!
//! The features fall into three kinds. *Alone* are those that one row has: they add to the diagonal of XXᵀ and nothing else, exactly.
//! *Heavy* are the few with the largest sums of squares, kept as a dense block, since the system's large eigenvalues are theirs.
//! *Light* are the others, by rows and by features: a product gathers over each feature from a vector of one number a row, which
//! stays in the nearest cache, and then over each row, the features that most rows have side by side.

use std::ops::Range;

use rayon::prelude::*;
use steepest_core::{Shards, flat_zeros};
use steepest_data::{Dense, Matrix, Sparse, Values};

use crate::linear::kernels::{Stored, Unit, multiply, stored, transposed};

/// A sparse matrix, cut by kinds of features.
#[derive(Debug)]
pub(super) struct RowProducts {
    /// Rows × heavy features.
    heavy: Matrix,
    /// The light features by rows, in each in the order of the features' columns, not of their numbers; and by features.
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
        let (kinds, light, width) = stored!(&matrix.values, v => kinds(matrix, v, most, least));
        let mut cut = RowCut::new(matrix, &kinds, width);
        let values = match &matrix.values {
            Values::Ones(_) => {
                let stored = cut.light();
                cut.fill(matrix, Unit, &kinds, &mut vec![(); stored], |_| ());
                Values::Ones(stored)
            }
            Values::F32(v) => {
                let mut values = flat_zeros(cut.light());
                cut.fill(matrix, &v[..], &kinds, &mut values, |k| v[k]);
                Values::F32(values)
            }
            Values::F64(v) => {
                let mut values = flat_zeros(cut.light());
                cut.fill(matrix, &v[..], &kinds, &mut values, |k| v[k]);
                Values::F64(values)
            }
        };
        let rows = Sparse { rows: n, cols: light, starts: cut.starts, indices: cut.indices, values };
        let (features, block) = rayon::join(|| rows.transpose(), || Values::narrow(cut.block));
        let column = |of: fn(&RowSquares) -> f64| cut.squares.iter().map(of).collect();
        RowProducts {
            heavy: Matrix::Dense(Dense { rows: n, cols: width, values: block }),
            rows: Matrix::Sparse(rows),
            features: Matrix::Sparse(features),
            alone: column(|s| s.alone),
            squares: column(|s| s.alone + s.light + s.heavy),
            light_squares: column(|s| s.alone + s.light),
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

/// The kinds of the features, how many are light and how many heavy.
fn kinds<V: Stored>(matrix: &Sparse, values: V, most: usize, least: f64) -> (Vec<Kind>, usize, usize) {
    let cols = matrix.cols;
    // In how many rows each feature is, and its sum of squares.
    let mut tallies = vec![(0u32, 0.0f64); matrix.cols];
    let shards = Shards::new(matrix.rows, 1, (matrix.indices.len() / (3 * cols.max(1))).clamp(1, 16));
    let count = |range: Range<usize>, tallies: &mut [(u32, f64)]| {
        for k in matrix.starts[range.start]..matrix.starts[range.end] {
            let (v, tally) = (values.get(k), &mut tallies[matrix.indices[k] as usize]);
            (tally.0, tally.1) = (tally.0 + 1, tally.1 + v * v);
        }
    };
    if shards.count() == 1 || cols == 0 {
        count(0..matrix.rows, &mut tallies);
    } else {
        let mut parts = vec![(0u32, 0.0f64); shards.count() * cols];
        parts.par_chunks_mut(cols).enumerate().for_each(|(s, tallies)| {
            // Memory that is new and read first is mapped twice, and the second time interrupts the other threads.
            tallies.fill((0, 0.0));
            count(shards.range(s), tallies);
        });
        for part in parts.chunks_exact(cols) {
            tallies.iter_mut().zip(part).for_each(|(t, p)| (t.0, t.1) = (t.0 + p.0, t.1 + p.1));
        }
    }
    let energy = |j: u32| tallies[j as usize].1;
    let mut heavy: Vec<u32> = (0..cols as u32).filter(|&j| tallies[j as usize].0 > 1 && energy(j) > least).collect();
    heavy.sort_unstable_by(|&a, &b| energy(b).total_cmp(&energy(a)).then(a.cmp(&b)));
    heavy.truncate(most);
    let mut kinds: Vec<Kind> = tallies.iter().map(|t| if t.0 > 1 { Kind::Light(0) } else { Kind::Alone }).collect();
    heavy.iter().enumerate().for_each(|(at, &j)| kinds[j as usize] = Kind::Heavy(at as u32));
    // Light features are numbered by falling counts, so that those read most lie side by side and loops over features are as long
    // as the ones before: a counting sort, within a count by feature.
    let mut place = vec![0u32; matrix.rows + 2];
    let counted = || tallies.iter().map(|t| matrix.rows - t.0 as usize);
    let light = |kind: &Kind| matches!(kind, Kind::Light(_));
    counted().zip(&kinds).filter(|(_, kind)| light(kind)).for_each(|(c, _)| place[c + 1] += 1);
    (1..place.len()).for_each(|c| place[c] += place[c - 1]);
    let lights = place[matrix.rows + 1] as usize;
    for (c, kind) in counted().zip(&mut kinds).filter(|(_, kind)| light(kind)) {
        *kind = Kind::Light(place[c]);
        place[c] += 1;
    }
    (kinds, lights, heavy.len())
}

/// Sums of the squares of a row over features of each kind.
#[derive(Debug, Clone, Copy, Default)]
struct RowSquares {
    alone: f64,
    light: f64,
    heavy: f64,
}

/// The rows, cut by kinds of features.
struct RowCut {
    /// Light features, in the order that the row had them.
    starts: Vec<usize>,
    indices: Vec<u32>,
    /// n × heavy features.
    block: Vec<f64>,
    width: usize,
    squares: Vec<RowSquares>,
}

/// Rows that a thread cuts at a time.
const ROWS: usize = 128;

impl RowCut {
    /// Room for everything.
    fn new(matrix: &Sparse, kinds: &[Kind], width: usize) -> RowCut {
        let n = matrix.rows;
        let mut starts = vec![0; n + 1];
        starts[1..].par_iter_mut().with_min_len(ROWS).enumerate().for_each(|(i, count)| {
            let row = &matrix.indices[matrix.starts[i]..matrix.starts[i + 1]];
            *count = row.iter().filter(|&&j| matches!(kinds[j as usize], Kind::Light(_))).count();
        });
        (0..n).for_each(|i| starts[i + 1] += starts[i]);
        let indices = vec![0; starts[n]];
        RowCut { starts, indices, block: vec![0.0; n * width], width, squares: vec![RowSquares::default(); n] }
    }

    /// The number of light entries.
    fn light(&self) -> usize {
        self.indices.len()
    }

    /// Fills the room, and `light` with the values of the light entries.
    fn fill<V: Stored, T: Send>(
        &mut self,
        matrix: &Sparse,
        values: V,
        kinds: &[Kind],
        light: &mut [T],
        value: impl Fn(usize) -> T + Sync,
    ) {
        let width = self.width;
        let (mut indices, mut block, mut light) = (&mut self.indices[..], &mut self.block[..], light);
        let mut parts = Vec::with_capacity(matrix.rows.div_ceil(ROWS));
        for (c, squares) in self.squares.chunks_mut(ROWS).enumerate() {
            let rows = c * ROWS..c * ROWS + squares.len();
            let len = self.starts[rows.end] - self.starts[rows.start];
            let part;
            (part, indices) = indices.split_at_mut(len);
            let values;
            (values, light) = light.split_at_mut(len);
            let heavy;
            (heavy, block) = block.split_at_mut(rows.len() * width);
            parts.push((rows, squares, part, values, heavy));
        }
        parts.into_par_iter().for_each(|(rows, squares, indices, light, block)| {
            let mut at = 0;
            for (r, (i, squares)) in rows.zip(squares).enumerate() {
                for k in matrix.starts[i]..matrix.starts[i + 1] {
                    let v = values.get(k);
                    match kinds[matrix.indices[k] as usize] {
                        Kind::Heavy(j) => {
                            block[r * width + j as usize] = v;
                            squares.heavy += v * v;
                        }
                        Kind::Light(j) => {
                            (indices[at], light[at]) = (j, value(k));
                            at += 1;
                            squares.light += v * v;
                        }
                        Kind::Alone => squares.alone += v * v,
                    }
                }
            }
        });
    }
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
