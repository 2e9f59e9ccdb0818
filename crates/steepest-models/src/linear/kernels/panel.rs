//! Products of a block of dense rows with a few columns, for losses of several outputs.
//!
//! A general matrix product packs its factors first, which costs as much as the product where one of them has ten columns.
//! Here the outputs are taken eight at a time, as the lanes of a vector, and eight rows (or features) share what is loaded.

use super::stored::LANES;

/// Rows, or features, that are accumulated side by side.
pub(crate) const TILE: usize = 8;

/// Weights d × K as groups of eight outputs, each d × 8, filled up with zeros.
pub(crate) struct Panels {
    outputs: usize,
    /// One group behind the other.
    lanes: Vec<[f64; LANES]>,
}

impl Panels {
    /// The weights of several outputs; nothing for one, which has kernels of its own.
    pub(crate) fn new(w: &[f64], outputs: usize) -> Panels {
        let mut lanes = Vec::new();
        if outputs > 1 {
            for first in (0..outputs).step_by(LANES) {
                lanes.extend(w.chunks_exact(outputs).map(|w| eight(w, first)));
            }
        }
        Panels { outputs, lanes }
    }

    /// z ← xw for consecutive rows x of `cols` numbers.
    #[inline(always)]
    pub(crate) fn multiply(&self, x: &[f64], cols: usize, z: &mut [f64]) {
        let k = self.outputs;
        for (group, w) in self.lanes.chunks_exact(cols.max(1)).enumerate() {
            let first = group * LANES;
            let width = LANES.min(k - first);
            let mut i = 0;
            while (i + TILE) * k <= z.len() {
                let sums = row_tile::<TILE>(std::array::from_fn(|t| &x[(i + t) * cols..(i + t + 1) * cols]), w);
                for (t, sum) in sums.iter().enumerate() {
                    z[(i + t) * k + first..][..width].copy_from_slice(&sum[..width]);
                }
                i += TILE;
            }
            while (i + 1) * k <= z.len() {
                let [sum] = row_tile([&x[i * cols..(i + 1) * cols]], w);
                z[i * k + first..][..width].copy_from_slice(&sum[..width]);
                i += 1;
            }
        }
    }
}

/// Eight numbers of `row` from `first` on, zeros behind its end.
#[inline(always)]
fn eight(row: &[f64], first: usize) -> [f64; LANES] {
    let mut out = [0.0; LANES];
    let width = LANES.min(row.len() - first);
    out[..width].copy_from_slice(&row[first..first + width]);
    out
}

/// Σⱼ x[t][j]·w[j] for N rows.
#[inline(always)]
fn row_tile<const N: usize>(x: [&[f64]; N], w: &[[f64; LANES]]) -> [[f64; LANES]; N] {
    let mut acc = [[0.0; LANES]; N];
    for (j, w) in w.iter().enumerate() {
        for t in 0..N {
            let v = x[t][j];
            for l in 0..LANES {
                acc[t][l] += v * w[l];
            }
        }
    }
    acc
}

/// g += xᵀr for consecutive rows x of `cols` numbers, with r and g holding `outputs` numbers a row and a feature.
#[inline(always)]
pub(crate) fn add_transposed(x: &[f64], cols: usize, r: &[f64], outputs: usize, g: &mut [f64]) {
    /// Rows whose r is laid out in lanes at a time.
    const ROWS: usize = 256;
    for (part, r) in r.chunks(ROWS * outputs).enumerate() {
        let x = &x[part * ROWS * cols..];
        let rows = r.len() / outputs;
        for first in (0..outputs).step_by(LANES) {
            let mut lanes = [[0.0; LANES]; ROWS];
            for (to, r) in lanes.iter_mut().zip(r.chunks_exact(outputs)) {
                *to = eight(r, first);
            }
            let mut j = 0;
            while j + TILE <= cols {
                column_tile::<TILE>(x, cols, j, &lanes[..rows], outputs, first, g);
                j += TILE;
            }
            while j < cols {
                column_tile::<1>(x, cols, j, &lanes[..rows], outputs, first, g);
                j += 1;
            }
        }
    }
}

/// g[j + t] += Σᵢ x[i][j + t]·r[i] for N features.
#[inline(always)]
fn column_tile<const N: usize>(
    x: &[f64],
    cols: usize,
    j: usize,
    r: &[[f64; LANES]],
    outputs: usize,
    first: usize,
    g: &mut [f64],
) {
    let mut acc: [[f64; LANES]; N] = std::array::from_fn(|t| eight(&g[(j + t) * outputs..][..outputs], first));
    for (i, r) in r.iter().enumerate() {
        let x: &[f64; N] = x[i * cols + j..][..N].try_into().expect("N features");
        for t in 0..N {
            for l in 0..LANES {
                acc[t][l] += x[t] * r[l];
            }
        }
    }
    let width = LANES.min(outputs - first);
    for (t, acc) in acc.iter().enumerate() {
        g[(j + t) * outputs + first..][..width].copy_from_slice(&acc[..width]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_products_are_those_of_plain_loops() {
        for (rows, cols, k) in [(1, 1, 2), (8, 3, 3), (21, 17, 10), (300, 9, 8), (5, 8, 19)] {
            let number = |a: usize| ((a * 37 + a * a % 11) % 23) as f64 / 23.0 - 0.4;
            let x: Vec<f64> = (0..rows * cols).map(number).collect();
            let w: Vec<f64> = (0..cols * k).map(|a| number(a + 5)).collect();
            let r: Vec<f64> = (0..rows * k).map(|a| number(a + 9)).collect();
            let mut z = vec![7.0; rows * k];
            Panels::new(&w, k).multiply(&x, cols, &mut z);
            let mut g = vec![0.5; cols * k];
            add_transposed(&x, cols, &r, k, &mut g);
            for c in 0..k {
                for i in 0..rows {
                    let plain: f64 = (0..cols).map(|j| x[i * cols + j] * w[j * k + c]).sum();
                    assert!((z[i * k + c] - plain).abs() < 1e-13, "{rows} {cols} {k}");
                }
                for j in 0..cols {
                    let plain: f64 = (0..rows).map(|i| x[i * cols + j] * r[i * k + c]).sum();
                    assert!((g[j * k + c] - 0.5 - plain).abs() < 1e-12, "{rows} {cols} {k}");
                }
            }
        }
    }
}
