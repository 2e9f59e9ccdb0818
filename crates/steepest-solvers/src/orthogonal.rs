//! QR with column pivoting, and the damped least-squares steps that are read off it.
//!
//! JP = QR by Householder reflections, the column of the largest remaining norm first: G. Golub, “Numerical methods for solving
//! linear least squares problems”, Numer. Math. 7, 1965, doi:10.1007/BF01436075. The damped system min ‖Jz − b‖² + ‖Dz‖² is solved
//! from R by Givens rotations that eliminate D: J. J. Moré, “The Levenberg–Marquardt algorithm: implementation and theory”, 1978,
//! doi:10.1007/BFb0067700. No product JᵀJ is formed, whose condition is the square of J's.

// Loops index several arrays by one k, like the formulas they transcribe.
#![allow(clippy::needless_range_loop)]

/// The factors of a matrix of at least as many rows as columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Orthogonal {
    rows: usize,
    cols: usize,
    /// Column-major: R strictly above the diagonal, the Householder vectors on and below it.
    a: Vec<f64>,
    /// The diagonal of R.
    diagonal: Vec<f64>,
    /// Column k of R is column `order[k]` of J.
    order: Vec<usize>,
    /// Norms of the columns that remain, and what they were when last computed.
    remaining: Vec<[f64; 2]>,
    /// Norms of J's columns.
    norms: Vec<f64>,
    /// The triangle of the damped system, column-major, and the row that is being eliminated.
    damped: Vec<f64>,
    row: Vec<f64>,
    /// Room for a vector in the order of R.
    z: Vec<f64>,
}

/// ‖v‖ without overflow.
fn length(v: &[f64]) -> f64 {
    let big = crate::max_abs(v);
    if big == 0.0 || !big.is_finite() {
        return big;
    }
    if !(1e-100..=1e100).contains(&big) {
        return big * v.iter().map(|v| (v / big) * (v / big)).sum::<f64>().sqrt();
    }
    crate::norm(v)
}

impl Orthogonal {
    /// Factors the row-major `rows × cols` matrix. Rows of zeros are added where there are fewer rows than columns. O(rows·cols²).
    pub fn factor(&mut self, j: &[f64], rows: usize, cols: usize) {
        let height = rows.max(cols);
        (self.rows, self.cols) = (height, cols);
        self.a.clear();
        self.a.resize(height * cols, 0.0);
        for (i, row) in j.chunks_exact(cols.max(1)).enumerate() {
            for (k, v) in row.iter().enumerate() {
                self.a[k * height + i] = *v;
            }
        }
        self.order.clear();
        self.order.extend(0..cols);
        self.norms.clear();
        self.norms.extend((0..cols).map(|k| length(&self.a[k * height..(k + 1) * height])));
        self.remaining.clear();
        self.remaining.extend(self.norms.iter().map(|n| [*n, *n]));
        self.diagonal.resize(cols, 0.0);
        self.z.resize(cols, 0.0);
        for k in 0..cols {
            self.pivot(k);
            self.reflect(k);
        }
    }

    fn pivot(&mut self, k: usize) {
        let height = self.rows;
        let best = (k..self.cols).fold(k, |b, c| if self.remaining[c][0] > self.remaining[b][0] { c } else { b });
        if best != k {
            let (left, right) = self.a.split_at_mut(best * height);
            left[k * height..(k + 1) * height].swap_with_slice(&mut right[..height]);
            self.remaining.swap(k, best);
            self.order.swap(k, best);
        }
    }

    /// Makes column k zero below the diagonal, and applies the reflection to the columns behind it.
    fn reflect(&mut self, k: usize) {
        let height = self.rows;
        let (before, behind) = self.a.split_at_mut((k + 1) * height);
        let v = &mut before[k * height + k..];
        let size = length(v);
        if size == 0.0 {
            self.diagonal[k] = 0.0;
            return;
        }
        let size = if v[0] < 0.0 { -size } else { size };
        v.iter_mut().for_each(|v| *v /= size);
        v[0] += 1.0;
        self.diagonal[k] = -size;
        for (c, column) in behind.chunks_exact_mut(height).enumerate() {
            let column = &mut column[k..];
            let share = crate::dot(v, column) / v[0];
            column.iter_mut().zip(v.iter()).for_each(|(c, v)| *c -= share * v);
            // The norm of what remains is downdated, and computed anew once little of it is left.
            let [now, when] = &mut self.remaining[k + 1 + c];
            if *now != 0.0 {
                let part = column[0] / *now;
                *now *= (1.0 - part * part).max(0.0).sqrt();
                if (*now / *when) * (*now / *when) <= 0.05 * f64::EPSILON.sqrt() {
                    *now = length(&column[1..]);
                    *when = *now;
                }
            }
        }
    }

    /// b ← Qᵀb; `b` has as many elements as there are rows, those added included.
    pub fn transpose_apply(&self, b: &mut [f64]) {
        for k in 0..self.cols {
            let v = &self.a[k * self.rows + k..(k + 1) * self.rows];
            if v[0] != 0.0 && self.diagonal[k] != 0.0 {
                let share = crate::dot(v, &b[k..]) / v[0];
                b[k..].iter_mut().zip(v).for_each(|(b, v)| *b -= share * v);
            }
        }
    }

    /// The rows of R and Q, those added included.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Norms of the columns of J.
    pub fn norms(&self) -> &[f64] {
        &self.norms
    }

    fn r(&self, i: usize, k: usize) -> f64 {
        if i == k { self.diagonal[k] } else { self.a[k * self.rows + i] }
    }

    /// How many leading diagonal elements of R are not zero beyond rounding.
    pub fn rank(&self) -> usize {
        let first = self.diagonal.first().map_or(0.0, |d| d.abs());
        let small = first * f64::EPSILON * self.rows.max(1) as f64;
        self.diagonal.iter().take_while(|d| d.abs() > small).count()
    }

    /// x ← the solution of min ‖Jx − b‖ with the columns beyond the rank left at zero; `qtb` = Qᵀb.
    pub fn solve(&mut self, qtb: &[f64], x: &mut [f64]) {
        let rank = self.rank();
        self.z[..rank].copy_from_slice(&qtb[..rank]);
        self.z[rank..].fill(0.0);
        for k in (0..rank).rev() {
            self.z[k] /= self.diagonal[k];
            for i in 0..k {
                self.z[i] -= self.z[k] * self.r(i, k);
            }
        }
        self.order.iter().zip(&self.z).for_each(|(&o, z)| x[o] = *z);
    }

    /// ‖R⁻ᵀPᵀw‖, where R has full rank; `w` in J's order.
    pub fn inverse_transpose_norm(&mut self, w: &[f64]) -> f64 {
        for k in 0..self.cols {
            let sum: f64 = (0..k).map(|i| self.r(i, k) * self.z[i]).sum();
            self.z[k] = (w[self.order[k]] - sum) / self.diagonal[k];
        }
        length(&self.z)
    }

    /// Writes (Jᵀb)ₖ = (RᵀQᵀb)ₖ in J's order.
    pub fn gradient(&self, qtb: &[f64], g: &mut [f64]) {
        for (k, &o) in self.order.iter().enumerate() {
            g[o] = (0..=k).map(|i| self.r(i, k) * qtb[i]).sum();
        }
    }

    /// ‖Jx‖.
    pub fn image_norm(&mut self, x: &[f64]) -> f64 {
        for i in 0..self.cols {
            self.z[i] = (i..self.cols).map(|k| self.r(i, k) * x[self.order[k]]).sum();
        }
        length(&self.z)
    }

    /// x ← the solution of min ‖Jx − b‖² + ‖diag(d)x‖²; `qtb` = Qᵀb, `d` in J's order. Its triangle is kept for
    /// [`damped_inverse_transpose_norm`](Orthogonal::damped_inverse_transpose_norm). O(cols³).
    pub fn solve_damped(&mut self, qtb: &[f64], d: &[f64], x: &mut [f64]) {
        let n = self.cols;
        self.damped.resize(n * n, 0.0);
        for k in 0..n {
            (0..=k).for_each(|i| self.damped[k * n + i] = self.r(i, k));
        }
        let mut b = std::mem::take(&mut self.z);
        b.copy_from_slice(&qtb[..n]);
        self.row.resize(n, 0.0);
        for j in 0..n {
            let damping = d[self.order[j]];
            if damping == 0.0 {
                continue;
            }
            self.row[j..].fill(0.0);
            self.row[j] = damping;
            let mut rest = 0.0;
            for k in j..n {
                if self.row[k] == 0.0 {
                    continue;
                }
                let (c, s) = rotation(self.damped[k * n + k], self.row[k]);
                self.damped[k * n + k] = c * self.damped[k * n + k] + s * self.row[k];
                (b[k], rest) = (c * b[k] + s * rest, c * rest - s * b[k]);
                for m in k + 1..n {
                    let (upper, lower) = (self.damped[m * n + k], self.row[m]);
                    self.damped[m * n + k] = c * upper + s * lower;
                    self.row[m] = c * lower - s * upper;
                }
            }
        }
        let rank = (0..n).take_while(|k| self.damped[k * n + k] != 0.0).count();
        b[rank..].fill(0.0);
        for k in (0..rank).rev() {
            b[k] /= self.damped[k * n + k];
            for i in 0..k {
                b[i] -= b[k] * self.damped[k * n + i];
            }
        }
        self.order.iter().zip(&b).for_each(|(&o, z)| x[o] = *z);
        self.z = b;
    }

    /// ‖S⁻ᵀPᵀw‖ with the triangle S of the last damped system.
    pub fn damped_inverse_transpose_norm(&mut self, w: &[f64]) -> f64 {
        let n = self.cols;
        for k in 0..n {
            let sum: f64 = (0..k).map(|i| self.damped[k * n + i] * self.z[i]).sum();
            let pivot = self.damped[k * n + k];
            self.z[k] = if pivot == 0.0 { 0.0 } else { (w[self.order[k]] - sum) / pivot };
        }
        length(&self.z)
    }
}

/// The rotation (c, s) that turns (a, b) into (r, 0).
fn rotation(a: f64, b: f64) -> (f64, f64) {
    let r = a.hypot(b);
    if r == 0.0 { (1.0, 0.0) } else { (a / r, b / r) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, cols: usize) -> Vec<f64> {
        (0..rows * cols).map(|i| ((i * 7919 + 13) % 101) as f64 / 50.0 - 1.0).collect()
    }

    /// Solutions fulfil the normal equations (JᵀJ + D²)x = Jᵀb.
    #[test]
    fn solutions_fulfil_the_normal_equations() {
        for (rows, cols) in [(5, 3), (3, 3), (20, 7), (2, 4)] {
            let j = matrix(rows, cols);
            let b: Vec<f64> = (0..rows).map(|i| (i as f64).cos()).collect();
            let mut qr = Orthogonal::default();
            qr.factor(&j, rows, cols);
            let mut qtb = b.clone();
            qtb.resize(qr.rows(), 0.0);
            qr.transpose_apply(&mut qtb);
            for damping in [0.0, 0.3, 10.0] {
                let d: Vec<f64> = (0..cols).map(|k| damping * (1.0 + k as f64)).collect();
                if damping == 0.0 && rows < cols {
                    continue;
                }
                let mut x = vec![0.0; cols];
                qr.solve_damped(&qtb, &d, &mut x);
                let residual: Vec<f64> = j.chunks_exact(cols).zip(&b).map(|(row, b)| crate::dot(row, &x) - b).collect();
                for k in 0..cols {
                    let gradient: f64 = (0..rows).map(|i| j[i * cols + k] * residual[i]).sum();
                    assert!((gradient + d[k] * d[k] * x[k]).abs() < 1e-12, "{rows}×{cols} {damping}");
                }
                if damping == 0.0 {
                    let mut plain = vec![0.0; cols];
                    qr.solve(&qtb, &mut plain);
                    (0..cols).for_each(|k| assert!((plain[k] - x[k]).abs() < 1e-12 * (1.0 + x[k].abs())));
                }
            }
            let mut g = vec![0.0; cols];
            qr.gradient(&qtb, &mut g);
            for k in 0..cols {
                let plain: f64 = (0..rows).map(|i| j[i * cols + k] * b[i]).sum();
                assert!((g[k] - plain).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn dependent_columns_are_counted_out() {
        let j: Vec<f64> = (0..6).flat_map(|i| [f64::from(i), 2.0 * f64::from(i), 1.0]).collect();
        let mut qr = Orthogonal::default();
        qr.factor(&j, 6, 3);
        assert_eq!(qr.rank(), 2);
    }
}
