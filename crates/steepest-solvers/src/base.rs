//! A first estimate of the inverse Hessian for L-BFGS, from an approximate Hessian that the caller has factored.

use crate::{Cholesky, vector::dot};

/// An approximate Hessian, block-diagonal: parameter j·K + k lies in block k of K. Directions keep Σₖ of j·K + k at 0.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    /// One factor a block, or one for all of them.
    factors: Vec<Cholesky>,
    blocks: usize,
}

impl Base {
    /// `factors` are those of the blocks, or one that serves all of them.
    pub fn new(factors: Vec<Cholesky>, blocks: usize) -> Base {
        debug_assert!(factors.len() == blocks || factors.len() == 1);
        Base { factors, blocks }
    }

    /// q ← H₀q, scaled by the newest pair where there is one.
    pub fn apply(&self, q: &mut [f64], newest: Option<(&[f64], &[f64], f64)>) {
        self.solve(q);
        if let Some((_, y, sy)) = newest
            && self.blocks > 1
        {
            // What the blocks leave out of the matrix, on average, shows in the newest pair.
            let mut solved = y.to_vec();
            self.solve(&mut solved);
            let gamma = sy / dot(y, &solved);
            // At the last digits y may lie in what the blocks do not see.
            if gamma > 0.0 && gamma.is_finite() {
                q.iter_mut().for_each(|q| *q *= gamma);
            }
        }
    }

    fn solve(&self, q: &mut [f64]) {
        if self.blocks == 1 {
            return self.factors[0].solve(q);
        }
        let len = q.len() / self.blocks;
        let mut columns: Vec<f64> =
            (0..self.blocks).flat_map(|k| (0..len).map(move |j| j * self.blocks + k)).map(|at| q[at]).collect();
        match &self.factors[..] {
            [one] => one.solve_columns(&mut columns, self.blocks),
            each => each.iter().zip(columns.chunks_exact_mut(len)).for_each(|(f, c)| f.solve(c)),
        }
        for (j, q) in q.chunks_exact_mut(self.blocks).enumerate() {
            q.iter_mut().enumerate().for_each(|(k, q)| *q = columns[k * len + j]);
            let mean = q.iter().sum::<f64>() / self.blocks as f64;
            q.iter_mut().for_each(|q| *q -= mean);
        }
    }
}
