//! Solving for all rows strictly inside their bounds at once, as often as that costs no more than the passes between.

use super::DualAscent;
use crate::linear::coordinate::ascent::DualStep;
use crate::linear::coordinate::face::{self, Face};
use crate::linear::coordinate::rows::{RowAccess, with_rows};
use crate::linear::loss::{ScalarLoss, with_loss};

/// Passes before rows are solved for together, and between, at least.
pub(super) const FACE_PASSES: u64 = 8;
/// Solving for rows together waits until the passes made cost at least this share of it, and after that this much less again.
const FACE_SHARE: f64 = 1.0;
const FACE_AGAIN: f64 = 1.0;
/// Rows are solved for together once not more than one in so many of them has come or gone in the passes of a step.
const FACE_STILL: usize = 10;
/// Rows that are solved for together at most.
const FACE_ROWS: usize = 2048;

impl DualAscent<'_> {
    /// Solves for the rows inside their bounds together, if that is due and worth its cost.
    pub(super) fn solve_face(&mut self) {
        let problem = self.problem;
        let Some(curvature) = problem.loss.conjugate_curvature() else { return };
        if self.replace || problem.l1 > 0.0 {
            return;
        }
        let bounds: Vec<(f64, f64)> =
            with_loss!(problem.loss, l => problem.target.iter().map(|&y| l.dual_domain(y)).collect());
        let inside = |&i: &u32| {
            let (i, (low, high)) = (i as usize, bounds[i as usize]);
            self.p[i] > 0.0 && self.dual[i] > low && self.dual[i] < high
        };
        let rows: Vec<u32> = (0..self.dual.len() as u32).filter(inside).collect();
        let mut flags = vec![0; self.dual.len()];
        rows.iter().for_each(|&i| flags[i as usize] = 1);
        let changed = flags.iter().zip(&self.inside).filter(|(now, before)| now != before).count();
        self.inside = flags;
        if self.passes < self.face_at || rows.is_empty() || rows.len() > FACE_ROWS || FACE_STILL * changed > rows.len()
        {
            return;
        }
        let work = face::work(&problem.matrix, &rows) / (3.0 * problem.matrix.stored().max(1) as f64);
        if FACE_SHARE * work > self.passes as f64 {
            self.face_at = self.passes + FACE_PASSES;
            return;
        }
        self.face_at = self.passes + FACE_PASSES + (FACE_AGAIN * work) as u64;
        let inverse = 1.0 / self.lambda;
        let all = if problem.intercept { 1.0 / self.bias_proximal } else { 0.0 };
        let of = |values: &mut dyn FnMut(usize) -> f64| rows.iter().map(|&i| values(i as usize)).collect::<Vec<f64>>();
        let diagonal = of(&mut |i| curvature / self.p[i]);
        let low = of(&mut |i| self.p[i] * (bounds[i].0 - self.dual[i]));
        let high = of(&mut |i| self.p[i] * (bounds[i].1 - self.dual[i]));
        let offset = problem.offset.as_deref();
        let slopes = with_rows!(&problem.matrix, x => with_loss!(problem.loss, l => of(&mut |i| {
            let z = inverse * x.dot(i, &self.pull, |v| v) + self.bias + offset.map_or(0.0, |o| o[i]);
            l.slope(self.dual[i], problem.target[i], z)
        })));
        let limits = (low.clone(), high.clone());
        let t = Face::new(&problem.matrix, &rows, inverse, all, &diagonal, slopes, limits).minimize();
        if t.iter().any(|t| !t.is_finite()) {
            return;
        }
        for (k, &row) in rows.iter().enumerate() {
            let i = row as usize;
            self.dual[i] = if t[k] <= low[k] {
                bounds[i].0
            } else if t[k] >= high[k] {
                bounds[i].1
            } else {
                self.dual[i] + t[k] / self.p[i]
            };
        }
        self.counts.hessian += 1;
        self.counts.rows += rows.len() as u64;
        self.active.fill(1);
        (self.up, self.down) = (f64::INFINITY, f64::NEG_INFINITY);
        self.since = 0;
        self.refresh();
    }
}
