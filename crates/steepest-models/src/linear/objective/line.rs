//! The objective along a line, O(n) a trial once Xd is known.

use rayon::prelude::*;
use steepest_core::{Line, NonFinite, tree_sum};

use super::{BLOCK, LinearObjective};
use crate::linear::kernels::loss_block;

/// What a line needs besides Xd: the coefficients of the L2 penalty in t, and scratch.
#[derive(Debug, Default)]
pub(super) struct LineState {
    pub(super) penalty: [f64; 3],
    pub(super) scratch: Vec<f64>,
}

impl Line for LinearObjective<'_> {
    fn at(&mut self, t: f64) -> Result<(f64, f64), NonFinite> {
        let (problem, k) = (self.problem, self.problem.outputs());
        let scale = 1.0 / problem.total_weight();
        let blocks: Vec<(f64, f64)> = self
            .z
            .par_chunks(BLOCK * k)
            .zip(self.along.par_chunks(BLOCK * k))
            .enumerate()
            .map_init(
                || (vec![0.0; BLOCK * k], vec![0.0; BLOCK * k]),
                |(moved, r), (n, (z, d))| {
                    let (moved, r) = (&mut moved[..z.len()], &mut r[..z.len()]);
                    moved.iter_mut().zip(z).zip(d).for_each(|((m, z), d)| *m = z + t * d);
                    let rows = n * BLOCK..n * BLOCK + z.len() / k;
                    let weights = problem.weights.as_ref().map(|s| &s[rows.clone()]);
                    let value = loss_block(problem.loss, moved, &problem.target[rows], weights, scale, r);
                    (value, steepest_solvers::dot(r, d))
                },
            )
            .collect();
        let [c0, c1, c2] = self.line.penalty;
        let value = tree_sum(&blocks.iter().map(|b| b.0).collect::<Vec<_>>()) + c0 + t * (c1 + t * c2);
        let slope = tree_sum(&blocks.iter().map(|b| b.1).collect::<Vec<_>>()) + c1 + 2.0 * t * c2;
        if value.is_finite() && slope.is_finite() { Ok((value, slope)) } else { Err(NonFinite::Objective { value }) }
    }
}
