//! The model of a step over many sparse columns without its matrix: coordinate descent on XΔ.
//!
//! The gradient of a variable is qⱼ = gⱼ + xⱼ·t − bⱼs/c + λ₂Δⱼ with t = DXΔ and s = b·Δ: each coordinate reads its column, and where it
//! moves adds to t along it. (This is what glmnet calls the naive update: J. Friedman, T. Hastie and R. Tibshirani, “Regularization
//! paths for generalized linear models via coordinate descent”, J. Stat. Softw. 33(1), 2010, doi:10.18637/jss.v033.i01.) Once a pass
//! leaves the signs as they were, the matrix of the variables in use is made and their system solved, as [`Quadratic`] does.

use steepest_data::{Matrix, Sparse};

use super::model::{diagonal, eliminate};
use super::quadratic::{DIRECT, Quadratic, soft, violation};
use crate::linear::kernels::{SparseView, Stored, stored, weighted_gram};

/// H by its columns.
#[derive(Debug)]
pub(super) struct ColumnQuadratic {
    /// Row j holds column j of X.
    columns: Sparse,
    d: Vec<f64>,
    border: Vec<f64>,
    corner: f64,
    l2: f64,
    diagonal: Vec<f64>,
}

/// How far the variables have moved, as the rows see it.
struct Moved<'a> {
    /// The gradient and the variables at the start.
    g: &'a [f64],
    start: &'a [f64],
    t: Vec<f64>,
    s: f64,
}

impl ColumnQuadratic {
    /// Of these columns, with the curvatures `d`, and `border` and `corner` as in the model.
    pub(super) fn new(columns: Sparse, d: Vec<f64>, border: Vec<f64>, corner: f64, l2: f64) -> ColumnQuadratic {
        let own = |j: usize| {
            let stored = columns.starts[j]..columns.starts[j + 1];
            let square: f64 =
                stored.map(|k| d[columns.indices[k] as usize] * columns.values.get(k) * columns.values.get(k)).sum();
            let eliminated = border.get(j).map_or(0.0, |b| b * b / corner);
            diagonal(square - eliminated, border.get(j), corner, l2)
        };
        let diagonal = (0..columns.rows).map(own).collect();
        ColumnQuadratic { columns, d, border, corner, l2, diagonal }
    }

    /// As [`Quadratic::minimize`].
    pub(super) fn minimize(&self, l1: f64, w: &mut [f64], q: &mut [f64], tolerance: f64, passes: usize) {
        stored!(&self.columns.values, v => self.descend(SparseView::new(&self.columns, v), l1, w, q, tolerance, passes));
    }

    fn descend<V: Stored>(
        &self,
        x: SparseView<'_, V>,
        l1: f64,
        w: &mut [f64],
        q: &mut [f64],
        tolerance: f64,
        passes: usize,
    ) {
        let (g, start) = (q.to_vec(), w.to_vec());
        let mut moved = Moved { g: &g, start: &start, t: vec![0.0; self.d.len()], s: 0.0 };
        let (mut wait, mut settled, mut since) = (1, 0, 0);
        for _ in 0..passes {
            let (worst, same) = self.pass(x, l1, w, &mut moved);
            since += 1;
            if worst <= tolerance {
                break;
            }
            settled = if same { settled + 1 } else { 0 };
            if settled >= wait && since >= self.direct_passes(w) {
                since = 0;
                // A direct step that meets a change of sign has cost more than a pass: the next one waits longer.
                let whole = self.direct(x, l1, w, &mut moved);
                wait = if whole { 1 } else { (wait + 1).min(8) };
                settled = 0;
            }
        }
        q.iter_mut().enumerate().for_each(|(j, q)| *q = self.slope(x, j, w[j], &moved));
    }

    /// The passes after which a direct step, a third of the cube of its size, is tried; fewer than cost as much as it does, which was
    /// best on the lasso of rcv1_small.
    fn direct_passes(&self, w: &[f64]) -> usize {
        let used = w.iter().filter(|w| **w != 0.0).count();
        used * used * used / (150 * self.columns.indices.len().max(1))
    }

    /// qⱼ at the weight `w`.
    #[inline(always)]
    fn slope<V: Stored>(&self, x: SparseView<'_, V>, j: usize, w: f64, moved: &Moved<'_>) -> f64 {
        let bias = self.border.get(j).map_or(0.0, |b| b * moved.s / self.corner);
        moved.g[j] + x.dot(j, &moved.t) - bias + self.l2 * (w - moved.start[j])
    }

    /// Moves variable j by `change`, as the rows see it.
    #[inline(always)]
    fn shift<V: Stored>(&self, x: SparseView<'_, V>, j: usize, change: f64, moved: &mut Moved<'_>) {
        let (rows, values) = x.row(j);
        for (k, &i) in rows.iter().enumerate() {
            moved.t[i as usize] += change * values.get(k) * self.d[i as usize];
        }
        moved.s += self.border.get(j).map_or(0.0, |b| b * change);
    }

    /// One pass; returns the largest violation met, and whether all signs stayed.
    fn pass<V: Stored>(&self, x: SparseView<'_, V>, l1: f64, w: &mut [f64], moved: &mut Moved<'_>) -> (f64, bool) {
        let (mut worst, mut same) = (0.0f64, true);
        for (j, weight) in w.iter_mut().enumerate() {
            let (old, h) = (*weight, self.diagonal[j]);
            let q = self.slope(x, j, old, moved);
            let lack = violation(old, q, l1);
            if lack == 0.0 || h <= 0.0 {
                continue;
            }
            worst = worst.max(lack);
            let new = soft(old - q / h, l1 / h);
            if new != old {
                same &= (new > 0.0) == (old > 0.0) && (new < 0.0) == (old < 0.0);
                *weight = new;
                self.shift(x, j, new - old, moved);
            }
        }
        (worst, same)
    }

    /// Minimizes over the variables that are not zero, their signs kept. Returns whether that went nearly all the way.
    fn direct<V: Stored>(&self, x: SparseView<'_, V>, l1: f64, w: &mut [f64], moved: &mut Moved<'_>) -> bool {
        let moving: Vec<u32> =
            (0..w.len()).filter(|&j| w[j] != 0.0 && self.diagonal[j] > 0.0).map(|j| j as u32).collect();
        let m = moving.len();
        if m == 0 || m > DIRECT {
            return false;
        }
        let mut h = vec![0.0; m * m];
        weighted_gram(&Matrix::Sparse(self.columns.select(&moving).transpose()), &self.d, &mut h);
        for i in 0..m {
            for j in 0..i {
                h[j * m + i] = h[i * m + j];
            }
        }
        let border: Vec<f64> = moving.iter().filter_map(|&j| self.border.get(j as usize).copied()).collect();
        eliminate(&mut h, &border, self.corner, self.l2);
        let old: Vec<f64> = moving.iter().map(|&j| w[j as usize]).collect();
        let mut q: Vec<f64> = moving.iter().map(|&j| self.slope(x, j as usize, w[j as usize], moved)).collect();
        let mut new = old.clone();
        let whole = Quadratic { h, dim: m }.direct(l1, &mut new, &mut q);
        for (k, &j) in moving.iter().enumerate() {
            if new[k] != old[k] {
                w[j as usize] = new[k];
                self.shift(x, j as usize, new[k] - old[k], moved);
            }
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use steepest_data::{Dense, Values};

    use super::*;

    #[test]
    fn it_moves_where_the_matrix_moves() {
        let (n, m) = (40, 25);
        for (intercept, l2, l1) in [(false, 0.0, 0.02), (true, 0.01, 0.02), (true, 0.0, 0.0), (false, 0.1, 9.0)] {
            let number = |i: usize, j: usize| {
                if (i * 31 + j * 17) % 7 < 3 { ((i * 37 + j * 101 + i * j) % 19) as f64 / 19.0 - 0.4 } else { 0.0 }
            };
            let all: Vec<f64> = (0..n * m).map(|at| number(at / m, at % m)).collect();
            let columns = Dense { rows: n, cols: m, values: Values::narrow(all) }.to_sparse().transpose();
            let d: Vec<f64> = (0..n).map(|i| 0.5 + (i % 3) as f64 / 4.0).collect();
            let border: Vec<f64> = if intercept {
                (0..m).map(|j| (0..n).map(|i| d[i] * number(i, j)).sum()).collect()
            } else {
                Vec::new()
            };
            let corner: f64 = if intercept { d.iter().sum() } else { 0.0 };
            let mut h: Vec<f64> =
                (0..m * m).map(|at| (0..n).map(|i| d[i] * number(i, at / m) * number(i, at % m)).sum()).collect();
            eliminate(&mut h, &border, corner, l2);
            let whole = Quadratic { h, dim: m };
            let parts = ColumnQuadratic::new(columns, d, border, corner, l2);
            let start: Vec<f64> = (0..m).map(|j| if j % 3 == 0 { (j as f64).sin() } else { 0.0 }).collect();
            let g: Vec<f64> = (0..m).map(|j| (j as f64 * 1.7).sin()).collect();
            let (mut w, mut q) = (start.clone(), g.clone());
            let (mut v, mut r) = (start.clone(), g.clone());
            whole.minimize(l1, &mut w, &mut q, 1e-12, 3000);
            parts.minimize(l1, &mut v, &mut r, 1e-12, 3000);
            for j in 0..m {
                assert!(
                    (w[j] - v[j]).abs() <= 1e-8 * (1.0 + w[j].abs()),
                    "{intercept} {l2} {l1} {j}: {} {}",
                    w[j],
                    v[j]
                );
                assert!((q[j] - r[j]).abs() <= 1e-10, "{intercept} {l2} {l1} {j}: {} {}", q[j], r[j]);
            }
        }
    }
}
