//! The batch size in the place of the learning rate: growth instead of decay, and how η follows the batch.

/// Grows the batch by a factor where a step schedule would shrink the rate. Smith et al., 2018, arXiv:1711.00489.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchGrowth {
    /// Rows at the start.
    pub start: u64,
    /// By what it grows.
    pub factor: f64,
    /// Steps between two growths.
    pub every: u64,
    /// Never more than this.
    pub max: u64,
}

impl BatchGrowth {
    /// The batch of the update that follows k completed ones.
    ///
    /// ```
    /// let growth = steepest_optim::BatchGrowth { start: 32, factor: 2.0, every: 100, max: 100 };
    /// assert_eq!([0, 99, 100, 250].map(|k| growth.at(k)), [32, 32, 64, 100]);
    /// ```
    pub fn at(&self, k: u64) -> u64 {
        let grown = self.start as f64 * self.factor.powf((k / self.every.max(1)) as f64);
        (grown.round() as u64).clamp(1, self.max.max(1))
    }
}

/// How the learning rate follows the batch size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scaling {
    /// η ∝ b: keeps the drift of plain descent. Goyal et al., 2017, arXiv:1706.02677.
    Linear,
    /// η ∝ √b: keeps the noise of adaptive methods. Malladi et al., 2022, arXiv:2205.10287.
    Sqrt,
}

impl Scaling {
    /// The rate for a batch of `batch` rows, given the one that was good for `base` rows.
    ///
    /// ```
    /// use steepest_optim::Scaling;
    /// assert_eq!(Scaling::Linear.lr(0.1, 256, 1024), 0.4);
    /// assert_eq!(Scaling::Sqrt.lr(0.1, 256, 1024), 0.2);
    /// ```
    pub fn lr(self, lr: f64, base: u64, batch: u64) -> f64 {
        let ratio = batch as f64 / base.max(1) as f64;
        lr * match self {
            Scaling::Linear => ratio,
            Scaling::Sqrt => ratio.sqrt(),
        }
    }
}
