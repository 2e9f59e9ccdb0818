//! The limited-memory BFGS matrix in its compact form, B = θI − W M Wᵀ.
//!
//! W = [Y, θS] (d × 2m) and M⁻¹ = [[−D, Lᵀ], [L, θSᵀS]] with D the diagonal and L the strict lower triangle of SᵀY: R. Byrd,
//! J. Nocedal and R. Schnabel, Math. Program. 63, 1994, doi:10.1007/BF01582063.

use crate::{dot, norm};

/// The pairs, oldest first, and the small matrices made of them.
#[derive(Debug, Clone)]
pub(crate) struct Compact {
    dim: usize,
    memory: usize,
    pub theta: f64,
    /// Steps s and gradient changes y, one behind the other.
    pub s: Vec<f64>,
    pub y: Vec<f64>,
    /// sᵢ·yⱼ and sᵢ·sⱼ, row-major `pairs × pairs`.
    sy: Vec<f64>,
    ss: Vec<f64>,
    /// M⁻¹, factorized.
    inverse: Lu,
}

impl Compact {
    pub fn new(dim: usize, memory: usize) -> Compact {
        let (s, y, sy, ss) = Default::default();
        Compact { dim, memory: memory.max(1), theta: 1.0, s, y, sy, ss, inverse: Lu::default() }
    }

    pub fn pairs(&self) -> usize {
        self.s.len() / self.dim.max(1)
    }

    fn s(&self, k: usize) -> &[f64] {
        &self.s[k * self.dim..(k + 1) * self.dim]
    }

    fn y(&self, k: usize) -> &[f64] {
        &self.y[k * self.dim..(k + 1) * self.dim]
    }

    pub fn clear(&mut self) {
        *self = Compact::new(self.dim, self.memory);
    }

    /// Takes in a pair whose curvature is positive beyond rounding; false where it is not, or where the matrix becomes singular.
    pub fn push(&mut self, s: &[f64], y: &[f64]) -> bool {
        let (sy, yy) = (dot(s, y), dot(y, y));
        if sy.is_nan() || sy <= f64::EPSILON * yy || sy <= 1e-14 * norm(s) * yy.sqrt() {
            return false;
        }
        let d = self.dim;
        if self.pairs() == self.memory {
            self.s.drain(..d);
            self.y.drain(..d);
        }
        self.s.extend_from_slice(s);
        self.y.extend_from_slice(y);
        self.theta = yy / sy;
        self.rebuild(true);
        if self.inverse.singular {
            self.clear();
        }
        !self.inverse.singular
    }

    /// Computes the small matrices from the pairs; `keep` says that all but the newest pair stood there before.
    pub fn rebuild(&mut self, keep: bool) {
        let m = self.pairs();
        let before = (self.sy.len() as f64).sqrt() as usize;
        let dropped = (before + 1).saturating_sub(m);
        let (old_sy, old_ss) = (std::mem::take(&mut self.sy), std::mem::take(&mut self.ss));
        let known = |i: usize, j: usize| keep && before > 0 && i + dropped < before && j + dropped < before;
        let (mut sy, mut ss) = (vec![0.0; m * m], vec![0.0; m * m]);
        for i in 0..m {
            for j in 0..m {
                let old = (i + dropped) * before + j + dropped;
                sy[i * m + j] = if known(i, j) { old_sy[old] } else { dot(self.s(i), self.y(j)) };
                ss[i * m + j] = if known(i, j) { old_ss[old] } else { dot(self.s(i), self.s(j)) };
            }
        }
        if !keep && m > 0 {
            self.theta = dot(self.y(m - 1), self.y(m - 1)) / sy[m * m - 1];
        }
        (self.sy, self.ss) = (sy, ss);
        self.inverse = Lu::new(self.matrix(), 2 * m);
    }

    /// M⁻¹, row-major 2m × 2m.
    fn matrix(&self) -> Vec<f64> {
        let m = self.pairs();
        let mut k = vec![0.0; 4 * m * m];
        for i in 0..m {
            k[i * 2 * m + i] = -self.sy[i * m + i];
            for j in 0..m {
                if i > j {
                    // L below the diagonal of SᵀY, and its transpose.
                    k[(m + i) * 2 * m + j] = self.sy[i * m + j];
                    k[j * 2 * m + m + i] = self.sy[i * m + j];
                }
                k[(m + i) * 2 * m + m + j] = self.theta * self.ss[i * m + j];
            }
        }
        k
    }

    /// Wᵀv.
    pub fn wt(&self, v: &[f64]) -> Vec<f64> {
        let m = self.pairs();
        let mut out: Vec<f64> = (0..m).map(|k| dot(self.y(k), v)).collect();
        out.extend((0..m).map(|k| self.theta * dot(self.s(k), v)));
        out
    }

    /// Row i of W.
    pub fn row(&self, i: usize, out: &mut [f64]) {
        let m = self.pairs();
        for k in 0..m {
            out[k] = self.y[k * self.dim + i];
            out[m + k] = self.theta * self.s[k * self.dim + i];
        }
    }

    /// v ← Mv.
    pub fn m(&self, v: &mut [f64]) {
        self.inverse.solve(v);
    }

    /// M⁻¹ − WᵀZZᵀW/θ over the free variables, factorized; `None` where it is singular.
    pub fn reduced(&self, free: &[usize]) -> Option<Lu> {
        let m = self.pairs();
        let mut k = self.matrix();
        let mut rows = vec![0.0; free.len() * 2 * m];
        for (&i, row) in free.iter().zip(rows.chunks_exact_mut((2 * m).max(1))) {
            self.row(i, row);
        }
        let shrink = 1.0 / self.theta;
        for row in rows.chunks_exact((2 * m).max(1)) {
            for (a, line) in row.iter().zip(k.chunks_exact_mut(2 * m)) {
                line.iter_mut().zip(row).for_each(|(k, b)| *k -= shrink * a * b);
            }
        }
        let lu = Lu::new(k, 2 * m);
        (!lu.singular).then_some(lu)
    }
}

/// A small factorized matrix, PA = LU.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lu {
    a: Vec<f64>,
    n: usize,
    pivots: Vec<usize>,
    singular: bool,
}

impl Lu {
    /// Gaussian elimination with partial pivoting.
    fn new(mut a: Vec<f64>, n: usize) -> Lu {
        let mut pivots = Vec::with_capacity(n);
        let mut singular = false;
        for k in 0..n {
            let p = (k..n).max_by(|&i, &j| a[i * n + k].abs().total_cmp(&a[j * n + k].abs())).unwrap_or(k);
            pivots.push(p);
            if p != k {
                (0..n).for_each(|j| a.swap(k * n + j, p * n + j));
            }
            let pivot = a[k * n + k];
            if pivot == 0.0 || !pivot.is_finite() {
                singular = true;
                break;
            }
            for i in k + 1..n {
                let factor = a[i * n + k] / pivot;
                a[i * n + k] = factor;
                for j in k + 1..n {
                    a[i * n + j] -= factor * a[k * n + j];
                }
            }
        }
        Lu { a, n, pivots, singular }
    }

    /// v ← A⁻¹v.
    pub fn solve(&self, v: &mut [f64]) {
        let n = self.n;
        for (k, &p) in self.pivots.iter().enumerate() {
            v.swap(k, p);
        }
        for i in 0..n {
            for j in 0..i {
                v[i] -= self.a[i * n + j] * v[j];
            }
        }
        for i in (0..n).rev() {
            for j in i + 1..n {
                v[i] -= self.a[i * n + j] * v[j];
            }
            v[i] /= self.a[i * n + i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use steepest_core::random::{Purpose, Stream};

    /// The compact form is the same matrix as the BFGS recursion B ← B − BssᵀB/sᵀBs + yyᵀ/sᵀy from θI.
    #[test]
    fn the_compact_form_is_the_recursion() {
        let (d, memory) = (6, 3);
        let mut compact = Compact::new(d, memory);
        let normals = |k: u64| {
            let mut v = vec![0.0f64; d];
            Stream::new(2, Purpose::PROBLEM, k).fill_normal(0, &mut v);
            v
        };
        let mut pairs = Vec::new();
        for k in 0..5 {
            let s = normals(k);
            // A positive definite map keeps the curvature positive.
            let y: Vec<f64> = s.iter().enumerate().map(|(i, s)| (1.0 + i as f64) * s).collect();
            assert!(compact.push(&s, &y));
            pairs.push((s, y));
        }
        let mut b: Vec<Vec<f64>> =
            (0..d).map(|i| (0..d).map(|j| if i == j { compact.theta } else { 0.0 }).collect()).collect();
        for (s, y) in &pairs[2..] {
            let bs: Vec<f64> = b.iter().map(|row| dot(row, s)).collect();
            let (sbs, sy) = (dot(s, &bs), dot(s, y));
            for i in 0..d {
                for j in 0..d {
                    b[i][j] += y[i] * y[j] / sy - bs[i] * bs[j] / sbs;
                }
            }
        }
        let v = normals(100);
        let mut p = compact.wt(&v);
        compact.m(&mut p);
        let mut row = vec![0.0; 2 * memory];
        for i in 0..d {
            compact.row(i, &mut row);
            let product = compact.theta * v[i] - dot(&row, &p);
            assert!((product - dot(&b[i], &v)).abs() < 1e-10, "{product} {}", dot(&b[i], &v));
        }
        let mut again = compact.clone();
        again.rebuild(false);
        assert_eq!((again.sy, again.ss, again.theta), (compact.sy, compact.ss, compact.theta));
    }
}
