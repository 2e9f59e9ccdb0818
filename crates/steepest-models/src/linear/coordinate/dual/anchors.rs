//! The anchors of what has no strongly convex penalty, and how strongly they hold.

use super::{DualAscent, SETTLE};
use crate::linear::loss::Loss;

/// Passes between moves of the anchors below which the proximal penalty may be weaker, and above which it is too weak.
const EASY: u64 = 20;
const HARD: u64 = 400;

impl DualAscent<'_> {
    /// b̄ ← b and w̄ ← w. Settling more finely than the margins that this moves would be in vain.
    pub(super) fn move_anchors(&mut self) {
        let mut moved = (self.bias - self.bias_anchor).abs();
        self.bias_anchor = self.bias;
        if self.proximal > 0.0 {
            let x = self.parameters();
            let largest = self.squares.iter().fold(0.0f64, |m, s| m.max(*s));
            let change = x.iter().zip(&self.anchor).map(|(x, a)| (x - a) * (x - a)).sum::<f64>();
            moved += (change * largest).sqrt();
            let d = self.anchor.len();
            self.anchor.copy_from_slice(&x[..d]);
        }
        self.target = self.target.max(SETTLE * moved);
        if self.proximal > 0.0 {
            // A weak proximal penalty takes long strides that are hard to make, a strong one short ones that are easy. Losses
            // with kinks alone settle the slower the weaker it is, and are not tried.
            let kinks = matches!(self.problem.loss, Loss::Hinge | Loss::Quantile(_));
            let spent = self.passes - self.moved_at;
            let factor = match spent {
                0..=EASY if !kinks && moved > 0.5 * self.moved => 0.5,
                HARD.. => 2.0,
                _ => 1.0,
            };
            self.proximal *= factor;
            self.bias_proximal *= factor;
            self.lambda = self.problem.l2 + self.proximal;
        }
        (self.moved, self.moved_at) = (moved, self.passes);
        self.refresh();
    }
}
