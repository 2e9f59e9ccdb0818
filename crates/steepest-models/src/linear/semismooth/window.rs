//! Steps in the weights: on a sample of the rows first, and then on the window of rows near their kinks.

use steepest_core::tree_sum;

use super::descent::descend;
use super::features::FeatureSpace;
use super::{CHANGING, INNER, SemismoothNewton};
use crate::linear::kernels::multiply_transposed_single;

/// The window holds the rows that would meet a kink if margins moved by this share of what they last did.
const AHEAD: f64 = 0.3;
/// And those whose margins are this many times q from it.
const BESIDE: f64 = 0.5;
/// One row in so many serves the first Newton steps, where that leaves at least [`SAMPLE_ROWS`] for each feature.
const SAMPLE: usize = 8;
const SAMPLE_ROWS: usize = 8;

impl SemismoothNewton<'_> {
    /// Newton steps on one row in [`SAMPLE`], from the start.
    fn descend_sample(&mut self) {
        let problem = self.problem;
        let rows: Vec<u32> = (0..problem.rows() as u32).step_by(SAMPLE).collect();
        let weight: f64 = rows.iter().map(|&i| self.p[i as usize]).sum();
        if rows.len() < SAMPLE_ROWS * problem.parameters() || weight <= 0.0 {
            return;
        }
        let matrix = problem.matrix.select(&rows);
        let mut smooth = self.smooth(rows.iter().map(|&i| i as usize), 1.0 / weight);
        let base = vec![0.0; self.x.len()];
        let mut space = FeatureSpace::new(&matrix, problem.l2, base, std::mem::take(&mut self.x));
        let done = descend(&mut space, &mut smooth, CHANGING[0], INNER);
        self.x = space.x;
        self.count(done, rows.len());
        self.margins();
        self.dual = self.dual_values();
        self.pull.clear();
    }

    /// The rows that may meet a kink in this step.
    fn window(&self) -> Vec<u32> {
        let steepness = self.steepness();
        let distance = steepness * (AHEAD * self.moved).max(BESIDE / self.sharpness);
        let near = |&i: &u32| {
            let i = i as usize;
            let (free, (low, high)) = (self.free(i, steepness), self.bounds[i]);
            free > low - distance && free < high + distance && self.p[i] > 0.0
        };
        (0..self.z.len() as u32).filter(near).collect()
    }

    /// Newton steps in the weights; whether the smoothed problem over all rows is solved by them, and whether nothing moved.
    pub(super) fn descend_by_features(&mut self) -> (bool, bool) {
        let problem = self.problem;
        if self.steps == 0 && problem.rows() >= SAMPLE * SAMPLE * SAMPLE && self.x.iter().all(|x| *x == 0.0) {
            self.descend_sample();
        }
        let window = self.window();
        let all = 2 * window.len() > problem.rows();
        let before = std::mem::take(&mut self.dual);
        // With ā moved and q smaller since the last step.
        let fixed = self.dual_values();
        let (picked, base) = if all {
            (None, vec![0.0; self.x.len()])
        } else {
            (Some(problem.matrix.select(&window)), self.pull_of_the_rest(&before, &fixed, &window))
        };
        let mut rows = if all {
            self.smooth(0..problem.rows(), 1.0)
        } else {
            self.smooth(window.iter().map(|&i| i as usize), 1.0)
        };
        let matrix = picked.as_ref().unwrap_or(&problem.matrix);
        let mut space = FeatureSpace::new(matrix, problem.l2, base, self.x.clone());
        let done = descend(&mut space, &mut rows, CHANGING[0], INNER);
        let start = std::mem::replace(&mut self.x, space.x);
        self.count(done, rows.len());
        self.look();
        let strayed = !all && {
            let mut outside = vec![true; problem.rows()];
            window.iter().for_each(|&i| outside[i as usize] = false);
            (0..problem.rows()).any(|i| outside[i] && self.p[i] > 0.0 && self.dual[i] != fixed[i])
        };
        if strayed || done.still && !all {
            // Rows outside the window met their kinks, and these steps were made without them; or those inside cannot move by
            // themselves. Once more, with all.
            self.x = start;
            self.margins();
            self.dual = self.dual_values();
            self.moved = f64::INFINITY;
            return (false, false);
        }
        (done.settled, done.still)
    }

    /// What the rows outside the window pull with at the dual values `fixed`, from what all did at those `before`.
    fn pull_of_the_rest(&mut self, before: &[f64], fixed: &[f64], window: &[u32]) -> Vec<f64> {
        let problem = self.problem;
        if self.pull.is_empty() {
            self.pull = self.pull_at(before);
        }
        let mut rest: Vec<f64> = fixed.iter().zip(&self.p).map(|(a, p)| p * a).collect();
        window.iter().for_each(|&i| rest[i as usize] = 0.0);
        let sum = tree_sum(&rest);
        rest.iter_mut().zip(before).zip(&self.p).for_each(|((r, a), p)| *r -= p * a);
        let mut base = vec![0.0; problem.features()];
        multiply_transposed_single(problem, &rest, &mut base);
        base.iter_mut().zip(&self.pull).for_each(|(b, pull)| *b += pull);
        if problem.intercept {
            base.push(sum);
        }
        base
    }
}
