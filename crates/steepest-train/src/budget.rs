//! How long a run may go on, and when it pauses to be looked at. All but the seconds are functions of the step count.

use steepest_core::{Evaluations, Reason, Termination};

/// The limits of a run. All may be changed when it is resumed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Budget {
    /// Updates.
    pub steps: Option<u64>,
    /// Passes over the training rows; needs [`Cadence::steps_per_epoch`].
    pub epochs: Option<u64>,
    /// Evaluations: values or gradients, whichever are more, plus Hessian-vector products, plus Hessians.
    pub evaluations: Option<u64>,
    /// Seconds of training, earlier sessions of a resumed run included. The only limit that makes the result depend on the machine.
    pub seconds: Option<f64>,
}

/// When a run is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cadence {
    /// Updates that make a pass over the training rows; `None` where every update is a full pass.
    pub steps_per_epoch: Option<u64>,
    /// Updates between evaluations of the scores; `None` evaluates at the end of each epoch, or on the thinned schedule of records
    /// where there are no epochs; `Some(u64::MAX)` evaluates the first point alone.
    pub evaluate: Option<u64>,
    /// Updates between checkpoints.
    pub checkpoint_steps: Option<u64>,
    /// Seconds between checkpoints.
    pub checkpoint_seconds: Option<f64>,
}

impl Budget {
    /// The last step that is allowed.
    pub(crate) fn last_step(&self, cadence: &Cadence) -> u64 {
        let by_epochs = self.epochs.map(|e| e.saturating_mul(cadence.steps_per_epoch.unwrap_or(1)));
        self.steps.unwrap_or(u64::MAX).min(by_epochs.unwrap_or(u64::MAX))
    }

    /// The limit that is reached, if one is.
    pub(crate) fn reached(
        &self,
        cadence: &Cadence,
        step: u64,
        counts: Evaluations,
        seconds: f64,
    ) -> Option<Termination> {
        let evaluations = counts.value.max(counts.gradient) + counts.hvp + counts.hessian;
        if step >= self.last_step(cadence) {
            let per_epoch = cadence.steps_per_epoch.unwrap_or(1);
            let detail = match self.epochs {
                Some(epochs) if epochs.saturating_mul(per_epoch) <= step => format!("all {epochs} epochs are done"),
                _ => format!("all {step} steps are done"),
            };
            return Some(Termination::new(Reason::Completed, detail));
        }
        if self.evaluations.is_some_and(|limit| evaluations >= limit) {
            let detail = format!("{evaluations} evaluations are done, the limit is {}", self.evaluations?);
            return Some(Termination::new(Reason::MaxEvals, detail));
        }
        if self.seconds.is_some_and(|limit| seconds >= limit) {
            let detail = format!("{seconds:.2} s have passed, the limit is {} s", self.seconds?);
            return Some(Termination::new(Reason::MaxSeconds, detail));
        }
        None
    }
}

impl Cadence {
    /// Completed epochs after `step` updates.
    pub(crate) fn epoch(&self, step: u64) -> Option<u64> {
        self.steps_per_epoch.map(|s| step / s.max(1))
    }

    /// Whether the scores are due after going from one step to another.
    pub(crate) fn evaluates(&self, from: u64, to: u64) -> bool {
        self.evaluate
            .or(self.steps_per_epoch)
            .map_or_else(|| crosses_thinned(from, to), |every| crosses(every, from, to))
    }

    /// Whether a record is due after going from one step to another: with scores, at the end of an epoch, and ever more rarely.
    pub(crate) fn records(&self, from: u64, to: u64) -> bool {
        let epoch = self.steps_per_epoch.is_some_and(|every| crosses(every, from, to));
        epoch || crosses_thinned(from, to) || self.evaluates(from, to)
    }

    /// The next step at which a call that makes many updates must end.
    pub(crate) fn boundary(&self, step: u64) -> u64 {
        let next = |every: Option<u64>| every.map_or(u64::MAX, |e| (step / e.max(1) + 1).saturating_mul(e.max(1)));
        next(self.steps_per_epoch).min(next(self.evaluate)).min(next(self.checkpoint_steps))
    }
}

/// Whether a multiple of `every` lies in `from + 1 ..= to`.
fn crosses(every: u64, from: u64, to: u64) -> bool {
    from / every.max(1) < to / every.max(1)
}

/// Whether one of the steps 1, 2, …, 100, 110, 120, …, 1000, 1100, … lies in `from + 1 ..= to`: about 90 a decade, whatever
/// the budget, so that resuming with a larger one changes no record.
fn crosses_thinned(from: u64, to: u64) -> bool {
    let unit = 10u64.pow(to.max(1).ilog10().saturating_sub(1));
    to > from && (to / unit) * unit > from
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_thin_out_and_jumps_miss_none() {
        let recorded = (1..=100_000u64).filter(|&k| crosses_thinned(k - 1, k)).count();
        assert_eq!(recorded, 100 + 3 * 90);
        assert!(crosses_thinned(109, 115) && !crosses_thinned(110, 119) && crosses_thinned(5, 1_000_000));
        assert!(!crosses_thinned(0, 0));
    }

    #[test]
    fn epochs_and_evaluations_are_boundaries() {
        let c = Cadence { steps_per_epoch: Some(50), evaluate: Some(20), ..Cadence::default() };
        assert_eq!((c.boundary(0), c.boundary(20), c.boundary(40), c.boundary(50)), (20, 40, 50, 60));
        assert!(c.evaluates(19, 20) && !c.evaluates(40, 50));
        assert_eq!(c.epoch(149), Some(2));
        assert_eq!(Budget { epochs: Some(3), steps: Some(1000), ..Budget::default() }.last_step(&c), 150);
    }
}
