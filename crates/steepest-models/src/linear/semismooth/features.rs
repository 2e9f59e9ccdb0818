//! Newton steps in the weights: a matrix over the features, from the rows inside their boxes alone.

use steepest_core::tree_sum;
use steepest_data::Matrix;
use steepest_solvers::{Cholesky, dot};

use super::descent::Space;
use super::rows::SmoothRows;
use crate::linear::kernels::{multiply, transposed, weighted_gram};

/// The least curvature in the intercept, as a share of that with all rows inside: it has none where no row is.
pub(super) const LEAST_CURVATURE: f64 = 1e-8;

/// (λ/2)‖w‖² − base·(w, b) + Σ pᵢψᵢ(xᵢ·w + b) over the weights and the intercept.
#[derive(Debug)]
pub(super) struct FeatureSpace<'a> {
    /// The features of the rows.
    matrix: &'a Matrix,
    lambda: f64,
    /// What rows that are not here pull with: over the features and, with an intercept, one more.
    base: Vec<f64>,
    /// w and, with an intercept, b.
    pub(super) x: Vec<f64>,
    dx: Vec<f64>,
    scratch: Scratch,
}

/// What a Newton step computes on its way.
#[derive(Debug, Default)]
struct Scratch {
    scaled: Vec<f64>,
    curvatures: Vec<f64>,
    gram: Vec<f64>,
    system: Vec<f64>,
}

impl<'a> FeatureSpace<'a> {
    /// At `x`; `base` has its length.
    pub(super) fn new(matrix: &'a Matrix, lambda: f64, base: Vec<f64>, x: Vec<f64>) -> Self {
        FeatureSpace { matrix, lambda, base, x, dx: Vec::new(), scratch: Scratch::default() }
    }

    /// λI + XᵀDX, bordered where there is an intercept, factored.
    fn factor(&mut self, rows: &SmoothRows, inside: &[f64]) -> Option<Cholesky> {
        let (d, m) = (self.matrix.cols(), self.x.len());
        let Scratch { curvatures, gram, system, .. } = &mut self.scratch;
        curvatures.clear();
        curvatures.extend(inside.iter().map(|p| p * rows.steep));
        gram.resize(d * d, 0.0);
        weighted_gram(self.matrix, curvatures, gram);
        system.resize(m * m, 0.0);
        for j in 0..d {
            system[j * m..j * m + j + 1].copy_from_slice(&gram[j * d..j * d + j + 1]);
            system[j * m + j] += self.lambda;
        }
        if m > d {
            transposed(self.matrix, curvatures, 1, &mut system[d * m..d * m + d]);
            system[d * m + d] = tree_sum(curvatures) + LEAST_CURVATURE * rows.steep * tree_sum(&rows.p);
        }
        let trace: f64 = (0..m).map(|j| system[j * m + j]).sum();
        let shifts = [0.0, 1e-14, 1e-11];
        shifts.into_iter().find_map(|shift| Cholesky::new(system, m, shift * trace / m.max(1) as f64))
    }
}

impl Space for FeatureSpace<'_> {
    fn direction(&mut self, rows: &SmoothRows, dual: &[f64], inside: &[f64], dz: &mut Vec<f64>) -> Option<[f64; 2]> {
        let d = self.matrix.cols();
        let factor = self.factor(rows, inside)?;
        let scaled = &mut self.scratch.scaled;
        scaled.clear();
        scaled.extend(rows.p.iter().zip(dual).map(|(p, a)| p * a));
        self.dx.resize(self.x.len(), 0.0);
        transposed(self.matrix, scaled, 1, &mut self.dx[..d]);
        if self.x.len() > d {
            self.dx[d] = tree_sum(scaled);
        }
        self.dx.iter_mut().zip(&self.base).for_each(|(dx, b)| *dx += b);
        self.dx[..d].iter_mut().zip(&self.x).for_each(|(dx, w)| *dx -= self.lambda * w);
        factor.solve(&mut self.dx);
        dz.resize(rows.len(), 0.0);
        let (step, bias) = self.dx.split_at(d);
        multiply(self.matrix, step, 1, dz);
        if let [bias] = bias {
            dz.iter_mut().for_each(|z| *z += bias);
        }
        let first = self.lambda * dot(&self.x[..d], step) - dot(&self.base, &self.dx);
        Some([first, self.lambda * dot(step, step)])
    }

    fn advance(&mut self, t: f64) {
        self.x.iter_mut().zip(&self.dx).for_each(|(x, dx)| *x += t * dx);
    }
}
