//! Matrices over the parameters of one output: blocks of the Hessian, and the products of the rows' gradients.

use super::LinearObjective;
use crate::linear::kernels::{column_sums, multiply_transposed_single, weighted_gram};

impl LinearObjective<'_> {
    /// The block of the Hessian that belongs to one output: over its weights and its intercept.
    pub(in crate::linear) fn output_hessian(&mut self, output: usize) -> Vec<f64> {
        self.need_curvature();
        let (problem, k) = (self.problem, self.problem.outputs());
        let d = problem.parameters() / k;
        let p = self.row_weights();
        let q = &self.curvature;
        let weights: Vec<f64> = match k {
            1 => q.clone(),
            _ => (0..problem.rows()).map(|i| p(i) * q[i * k + output] * (1.0 - q[i * k + output])).collect(),
        };
        let mut h = vec![0.0; d * d];
        self.hessian_block(&weights, &mut h, 1, 0, 0);
        for j in 0..problem.features() {
            h[j * d + j] += problem.l2;
        }
        h
    }

    /// Σ pᵢφ′(zᵢ)²x̃ᵢx̃ᵢᵀ over x̃ = (x, 1) at the current point, for a loss of one output: the variance of a row's gradient.
    pub(in crate::linear) fn score_gram(&self) -> Vec<f64> {
        let p = self.row_weights();
        let weights: Vec<f64> =
            self.r.iter().enumerate().map(|(i, r)| if p(i) > 0.0 { r * r / p(i) } else { 0.0 }).collect();
        let mut gram = vec![0.0; self.problem.parameters() * self.problem.parameters()];
        self.hessian_block(&weights, &mut gram, 1, 0, 0);
        gram
    }

    /// Writes the block of outputs (a, b) of the Hessian, and its mirror images, from the weights of the rows.
    pub(super) fn hessian_block(&self, weights: &[f64], h: &mut [f64], k: usize, a: usize, b: usize) {
        let features = self.problem.features();
        let d = (features + usize::from(self.problem.intercept)) * k;
        let mut gram = vec![0.0; features * features];
        weighted_gram(&self.problem.matrix, weights, &mut gram);
        let mut put = |i: usize, j: usize, value: f64| {
            // i and j are features, `features` itself stands for the intercept.
            for (p, q) in [(i * k + a, j * k + b), (j * k + a, i * k + b)] {
                h[p * d + q] = value;
                h[q * d + p] = value;
            }
        };
        for i in 0..features {
            for j in 0..=i {
                put(i, j, gram[i * features + j]);
            }
        }
        if self.problem.intercept {
            let mut column = vec![0.0; features];
            multiply_transposed_single(self.problem, weights, &mut column);
            column.iter().enumerate().for_each(|(j, &v)| put(features, j, v));
            let mut total = [0.0];
            column_sums(weights, 1, &mut total);
            put(features, features, total[0]);
        }
    }
}
