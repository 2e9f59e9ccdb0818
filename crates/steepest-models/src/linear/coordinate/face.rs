//! The dual problem restricted to the rows strictly inside their bounds: what coordinate ascent is slow at and a factor is not.
//!
//! Over the changes tᵢ = pᵢΔaᵢ of these rows, the dual of a loss whose conjugate is quadratic inside its domain is
//!
//! minimize gᵀt + ½tᵀMt,   M = XXᵀ/λ + 1/μ + diag(c/p),   lowᵢ ≤ tᵢ ≤ highᵢ,
//!
//! with g the slopes, c the curvature of the conjugate and μ the intercept's proximal penalty. It is minimized by Newton steps
//! projected to the bounds (D. P. Bertsekas, “Projected Newton methods for optimization problems with simple constraints”, SIAM J.
//! Control Optim. 20(2), 1982, doi:10.1137/0320018): once no row meets a bound, the minimum is exact.

use steepest_core::Flat;
use steepest_data::{Dense, Matrix, Values};
use steepest_solvers::{Cholesky, dot};

use crate::linear::kernels::weighted_gram;

/// Projected Newton steps at most.
const STEPS: usize = 12;
/// Halvings of a step at most.
const HALVINGS: i32 = 6;

/// The restricted problem.
#[derive(Debug)]
pub(super) struct Face {
    /// M, both triangles.
    matrix: Vec<f64>,
    slopes: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
}

/// The additions of a face of `rows` of `matrix`: its Gram matrix and a few factors, a dense factor's at an eighth.
pub(super) fn work(matrix: &Matrix, rows: &[u32]) -> f64 {
    let m = rows.len() as f64;
    let gram = match matrix {
        Matrix::Dense(x) => 0.125 * 0.5 * x.cols as f64 * m * m,
        Matrix::Sparse(x) => {
            let mut counts = vec![0u32; x.cols];
            for &i in rows {
                x.indices[x.starts[i as usize]..x.starts[i as usize + 1]].iter().for_each(|&j| counts[j as usize] += 1);
            }
            counts.iter().map(|&c| 0.5 * f64::from(c) * f64::from(c)).sum()
        }
    };
    gram + 0.125 * m * m * m
}

impl Face {
    /// The face of `rows` of `features`: `inverse` is 1/λ, `all` is 1/μ or 0, `diagonal` is c/p, `bounds` the lower and the upper
    /// ones of t.
    pub(super) fn new(
        features: &Matrix,
        rows: &[u32],
        inverse: f64,
        all: f64,
        diagonal: &[f64],
        slopes: Vec<f64>,
        bounds: (Vec<f64>, Vec<f64>),
    ) -> Face {
        let (low, high) = bounds;
        let m = rows.len();
        let columns = match features.select(rows) {
            Matrix::Sparse(x) => Matrix::Sparse(x.transpose()),
            Matrix::Dense(x) => {
                let turned = (0..x.cols).flat_map(|j| (0..m).map(move |i| i * x.cols + j)).map(|at| x.values.get(at));
                let values = Values::F64(Flat::from_iter(64, turned));
                Matrix::Dense(Dense { rows: x.cols, cols: m, values })
            }
        };
        let mut matrix = vec![0.0; m * m];
        weighted_gram(&columns, &vec![inverse; columns.rows()], &mut matrix);
        for i in 0..m {
            for j in 0..i {
                matrix[i * m + j] += all;
                matrix[j * m + i] = matrix[i * m + j];
            }
            matrix[i * m + i] += all + diagonal[i];
        }
        Face { matrix, slopes, low, high }
    }

    /// The changes t that minimize, or come as near as a few steps do.
    pub(super) fn minimize(&self) -> Vec<f64> {
        let m = self.slopes.len();
        let mut t = vec![0.0; m];
        let mut gradient = self.slopes.clone();
        let scale = self.slopes.iter().fold(0.0f64, |s, g| s.max(g.abs()));
        for _ in 0..STEPS {
            // What sits on a bound and is pressed against it stays.
            let moving: Vec<usize> = (0..m)
                .filter(|&i| !(t[i] <= self.low[i] && gradient[i] >= 0.0 || t[i] >= self.high[i] && gradient[i] <= 0.0))
                .collect();
            let lack = moving.iter().fold(0.0f64, |s, &i| s.max(gradient[i].abs()));
            if moving.is_empty() || lack <= 1e-14 * scale {
                break;
            }
            let Some(step) = self.newton(&moving, &gradient) else { break };
            let Some((next, there)) = self.search(&t, &gradient, &moving, &step) else { break };
            (t, gradient) = (next, there);
        }
        t
    }

    /// −M⁻¹·gradient over the rows `moving`.
    fn newton(&self, moving: &[usize], gradient: &[f64]) -> Option<Vec<f64>> {
        let (m, k) = (self.slopes.len(), moving.len());
        let mut system = vec![0.0; k * k];
        for (a, &i) in moving.iter().enumerate() {
            for (b, &j) in moving[..=a].iter().enumerate() {
                system[a * k + b] = self.matrix[i * m + j];
            }
        }
        let mean = (0..k).map(|a| system[a * k + a]).sum::<f64>() / k as f64;
        // Rows that depend on one another leave M singular.
        let factor = [0.0, 1e-13, 1e-10, 1e-7].into_iter().find_map(|shift| Cholesky::new(&system, k, shift * mean))?;
        let mut step: Vec<f64> = moving.iter().map(|&i| -gradient[i]).collect();
        factor.solve(&mut step);
        Some(step)
    }

    /// The first of the steps t + αs, α = 1, ½, ¼ … and that to the nearest bound, cut at the bounds, that lowers the objective, and
    /// the gradient there.
    fn search(&self, t: &[f64], gradient: &[f64], moving: &[usize], step: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
        let m = t.len();
        let border = moving.iter().zip(step).fold(1.0f64, |least, (&i, &s)| {
            let room = if s > 0.0 { (self.high[i] - t[i]) / s } else { (self.low[i] - t[i]) / s };
            if s != 0.0 { least.min(room) } else { least }
        });
        // Up to the first bound the objective falls for certain.
        let lengths = (0..HALVINGS).map(|k| 0.5f64.powi(k)).chain([border]);
        for alpha in lengths {
            let mut next = t.to_vec();
            for (&i, s) in moving.iter().zip(step) {
                next[i] = (t[i] + alpha * s).max(self.low[i]).min(self.high[i]);
            }
            let change: Vec<f64> = next.iter().zip(t).map(|(n, t)| n - t).collect();
            let product: Vec<f64> = (0..m).map(|i| dot(&self.matrix[i * m..(i + 1) * m], &change)).collect();
            let gain = dot(gradient, &change) + 0.5 * dot(&change, &product);
            if gain < 0.0 {
                let there = gradient.iter().zip(&product).map(|(g, p)| g + p).collect();
                return Some((next, there));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use steepest_data::Sparse;

    #[test]
    fn the_conditions_of_optimality_hold_at_the_bounds_and_inside() {
        let (n, d) = (40, 25);
        let number = |a: usize| ((a * 7919 + a * a % 31) % 101) as f64 / 101.0 - 0.5;
        let kept: Vec<Vec<usize>> = (0..n).map(|i| (0..d).filter(|j| (i * 5 + j * 3) % 4 == 0).collect()).collect();
        let mut starts = vec![0];
        kept.iter().for_each(|k| starts.push(starts[starts.len() - 1] + k.len()));
        let indices: Vec<u32> = kept.iter().flatten().map(|&j| j as u32).collect();
        let values: Vec<f64> = (0..indices.len()).map(number).collect();
        let x = Matrix::Sparse(Sparse { rows: n, cols: d, starts, indices, values: Values::narrow(values) });
        let rows: Vec<u32> = (0..n as u32).filter(|i| i % 3 != 1).collect();
        let m = rows.len();
        for c in [0.0, 0.5] {
            let slopes: Vec<f64> = (0..m).map(|i| number(i + 3)).collect();
            let bounds = (vec![-0.3; m], vec![0.4; m]);
            let face = Face::new(&x, &rows, 2.0, 0.1, &vec![c; m], slopes.clone(), bounds);
            let t = face.minimize();
            let dense = |i: u32| {
                let mut row = vec![0.0; d];
                x.for_row(i as usize, |j, v| row[j] = v);
                row
            };
            for (a, &i) in rows.iter().enumerate() {
                let mut g = slopes[a] + c * t[a];
                for (b, &j) in rows.iter().enumerate() {
                    g += (2.0 * dot(&dense(i), &dense(j)) + 0.1) * t[b];
                }
                assert!((-0.3..=0.4).contains(&t[a]));
                let fine = if t[a] == -0.3 {
                    g > -1e-9
                } else if t[a] == 0.4 {
                    g < 1e-9
                } else {
                    g.abs() < 1e-9
                };
                assert!(fine, "{c} row {a}: t {} slope {g}", t[a]);
            }
        }
    }
}
