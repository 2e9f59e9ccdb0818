//! What a random stream is for: the part of its address that keeps uses apart.

/// The use a stream is put to. Two uses with the same seed and index share no counter, so their values are independent.
///
/// The numbers are part of the format: a run repeated with a later version draws the same values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purpose(u16);

impl Purpose {
    /// The order of the rows in an epoch; the index is the epoch.
    pub const ORDER: Purpose = Purpose(1);
    /// Initial parameters; the index is the segment.
    pub const INIT: Purpose = Purpose(2);
    /// The cut into training, validation and test rows, and cross-validation folds; the index is the repetition.
    pub const SPLIT: Purpose = Purpose(3);
    /// Dropout masks; the index is the step.
    pub const DROPOUT: Purpose = Purpose(4);
    /// Augmentation of rows, images or text; the index is the epoch.
    pub const AUGMENT: Purpose = Purpose(5);
    /// Noise added to a gradient or update (Langevin, differential privacy); the index is the step.
    pub const NOISE: Purpose = Purpose(6);
    /// Perturbations that leave saddles and basins; the index counts them.
    pub const PERTURB: Purpose = Purpose(7);
    /// Which coordinate or block moves; the index is the pass.
    pub const COORDINATES: Purpose = Purpose(8);
    /// Starting points of restarts; the index is the restart.
    pub const RESTART: Purpose = Purpose(9);
    /// Rows or negatives drawn with replacement or by weight; the index is the step.
    pub const SAMPLE: Purpose = Purpose(10);
    /// Proposals and acceptance in sampling and annealing; the index is the chain.
    pub const PROPOSAL: Purpose = Purpose(11);
    /// Probe vectors of Lanczos, Hutchinson and gradient checks; the index counts them.
    pub const PROBE: Purpose = Purpose(12);
    /// Stochastic rounding of low-precision state; the index is the step.
    pub const ROUNDING: Purpose = Purpose(13);
    /// Bootstrap and permutation tests; the index is the replicate.
    pub const RESAMPLE: Purpose = Purpose(14);
    /// Trials of a study; the index is the trial.
    pub const TRIAL: Purpose = Purpose(15);
    /// Generated problems and data sets; the index is the instance.
    pub const PROBLEM: Purpose = Purpose(16);

    /// A use of your own, apart from all of the above.
    pub const fn custom(number: u8) -> Purpose {
        Purpose(0xff00 | number as u16)
    }

    /// The number that stands in the counter.
    pub const fn tag(self) -> u16 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_frozen_and_apart() {
        let named = [
            Purpose::ORDER,
            Purpose::INIT,
            Purpose::SPLIT,
            Purpose::DROPOUT,
            Purpose::AUGMENT,
            Purpose::NOISE,
            Purpose::PERTURB,
            Purpose::COORDINATES,
            Purpose::RESTART,
            Purpose::SAMPLE,
            Purpose::PROPOSAL,
            Purpose::PROBE,
            Purpose::ROUNDING,
            Purpose::RESAMPLE,
            Purpose::TRIAL,
            Purpose::PROBLEM,
        ];
        assert!(named.iter().enumerate().all(|(k, p)| usize::from(p.tag()) == k + 1));
        assert_eq!(Purpose::custom(7).tag(), 0xff07);
    }
}
