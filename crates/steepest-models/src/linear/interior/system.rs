//! The reduced system of a step: over the weights and the intercept.

use steepest_core::tree_sum;
use steepest_solvers::{Cholesky, dot};

use super::InteriorPoint;
use crate::linear::kernels::{multiply, multiply_transposed_single, weighted_gram};

/// Steps of conjugate gradients on a system at most.
const REFINEMENTS: usize = 20;

impl InteriorPoint<'_> {
    /// Factors the system for the current point.
    pub(super) fn factor(&mut self) -> Option<Cholesky> {
        let (d, n) = (self.problem.features(), self.problem.rows());
        let bordered = self.problem.intercept;
        let w = &mut self.work;
        w.d.resize(self.u.len(), 0.0);
        for i in 0..w.d.len() {
            let theta = self.s[i] / (self.u[i] - self.low[i]) + self.t[i] / (self.high[i] - self.u[i]);
            w.d[i] = if self.high[i] > self.low[i] && theta.is_finite() { 1.0 / theta } else { 0.0 };
        }
        w.gram.resize(d * d, 0.0);
        weighted_gram(&self.problem.matrix, &w.d[..n], &mut w.gram);
        let m = d + usize::from(bordered);
        w.system.resize(m * m, 0.0);
        for j in 0..d {
            w.system[j * m..j * m + j + 1].copy_from_slice(&w.gram[j * d..j * d + j + 1]);
            w.system[j * m + j] += self.problem.l2 + w.d.get(n + j).copied().unwrap_or(0.0);
        }
        if bordered {
            w.border.resize(d, 0.0);
            multiply_transposed_single(self.problem, &w.d[..n], &mut w.border);
            w.system[d * m..d * m + d].copy_from_slice(&w.border);
            w.system[d * m + d] = tree_sum(&w.d[..n]);
        }
        // Rounding may cost the last pivot its sign when nearly all rows sit on a bound; a hair on the diagonal restores it.
        let trace: f64 = (0..m).map(|j| w.system[j * m + j]).sum();
        Cholesky::new(&w.system, m, 0.0).or_else(|| Cholesky::new(&w.system, m, 1e-14 * trace / m as f64))
    }

    /// Solves for the changes of (w, b), u, s and t, with the complementarity products aimed at `target` and, when
    /// correcting, the second-order terms of the predicted changes taken off.
    pub(super) fn direction(&mut self, factor: &Cholesky, lack: &[f64], target: f64, correct: bool) -> Vec<f64> {
        let (d, n) = (self.problem.features(), self.problem.rows());
        let all = self.u.len();
        let w = &mut self.work;
        for list in [&mut w.rho, &mut w.du, &mut w.ds, &mut w.dt] {
            list.resize(all, 0.0);
        }
        for i in 0..all {
            if w.d[i] == 0.0 {
                w.rho[i] = 0.0;
                continue;
            }
            let (g, h) = (self.u[i] - self.low[i], self.high[i] - self.u[i]);
            let second = if correct { w.du[i] * w.ds[i] / g + w.du[i] * w.dt[i] / h } else { 0.0 };
            // −(z − c − s + t) + (τ − gs)/g − (τ − ht)/h, in which s and t cancel.
            w.rho[i] = self.c[i] - w.z[i] + target / g - target / h - second;
        }
        let scaled: Vec<f64> = w.rho.iter().zip(&w.d).map(|(r, d)| r * d).collect();
        w.rhs.resize(factor.dim(), 0.0);
        multiply_transposed_single(self.problem, &scaled[..n], &mut w.rhs[..d]);
        for list in [lack, &scaled[n..]] {
            w.rhs.iter_mut().zip(list).for_each(|(r, v)| *r += v);
        }
        if self.problem.intercept {
            w.rhs[d] = tree_sum(&scaled[..n]) + tree_sum(&self.u[..n]);
        }
        let dx = refined(factor, &w.system, &w.rhs);
        // Δu = Θ⁻¹(ρ − XΔw − Δb).
        let mut dz = vec![0.0; all];
        let (rows, weights) = dz.split_at_mut(n);
        multiply(&self.problem.matrix, &dx[..d], 1, rows);
        let db = dx.get(d).copied().unwrap_or(0.0);
        rows.iter_mut().for_each(|z| *z += db);
        weights.iter_mut().zip(&dx).for_each(|(z, w)| *z = *w);
        for (i, dz) in dz.into_iter().enumerate() {
            if w.d[i] == 0.0 {
                (w.du[i], w.ds[i], w.dt[i]) = (0.0, 0.0, 0.0);
                continue;
            }
            let (g, h) = (self.u[i] - self.low[i], self.high[i] - self.u[i]);
            let (old_u, old_s, old_t) = if correct { (w.du[i], w.ds[i], w.dt[i]) } else { (0.0, 0.0, 0.0) };
            let du = w.d[i] * (w.rho[i] - dz);
            w.ds[i] = (target - old_u * old_s - self.s[i] * du) / g - self.s[i];
            w.dt[i] = (target + old_u * old_t + self.t[i] * du) / h - self.t[i];
            w.du[i] = du;
        }
        dx
    }
}

/// The solution of the system whose lower triangle is in `matrix`, by conjugate gradients from the factor's answer on: the last
/// systems are so badly conditioned that the factor alone, perhaps shifted, loses half of the digits.
fn refined(factor: &Cholesky, matrix: &[f64], rhs: &[f64]) -> Vec<f64> {
    let m = rhs.len();
    let product = |v: &[f64]| -> Vec<f64> {
        let mut out = vec![0.0; m];
        for i in 0..m {
            let row = &matrix[i * m..i * m + i];
            out[i] += dot(row, &v[..i]) + matrix[i * m + i] * v[i];
            out[..i].iter_mut().zip(row).for_each(|(o, a)| *o += a * v[i]);
        }
        out
    };
    let mut x = vec![0.0; m];
    let mut r = rhs.to_vec();
    let mut z = r.clone();
    factor.solve(&mut z);
    let mut p = z.clone();
    let mut rz = dot(&r, &z);
    let goal = 1e-28 * dot(rhs, rhs);
    for _ in 0..REFINEMENTS {
        let ap = product(&p);
        let curvature = dot(&p, &ap);
        if curvature.is_nan() || rz.is_nan() || curvature <= 0.0 || rz <= 0.0 {
            break;
        }
        let step = rz / curvature;
        x.iter_mut().zip(&p).for_each(|(x, p)| *x += step * p);
        r.iter_mut().zip(&ap).for_each(|(r, ap)| *r -= step * ap);
        if dot(&r, &r) <= goal {
            break;
        }
        z.copy_from_slice(&r);
        factor.solve(&mut z);
        let next = dot(&r, &z);
        p.iter_mut().zip(&z).for_each(|(p, z)| *p = z + next / rz * *p);
        rz = next;
    }
    x
}
