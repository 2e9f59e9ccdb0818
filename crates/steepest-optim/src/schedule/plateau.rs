//! Lowering the learning rate when a metric stops improving: a monitor with state, not a function of k.

use steepest_core::StateVisitor;

/// What counts as better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlateauMode {
    /// Smaller.
    Min,
    /// Larger.
    Max,
}

/// Multiplies the rate by `factor` after more than `patience` observations without improvement; the convention of PyTorch's
/// `ReduceLROnPlateau`.
#[derive(Debug, Clone, PartialEq)]
pub struct Plateau {
    /// By what the rate is multiplied, in (0, 1).
    pub factor: f64,
    /// Observations without improvement that are forgiven.
    pub patience: u64,
    /// The least improvement that counts.
    pub threshold: f64,
    /// Whether the threshold is relative to the best value.
    pub relative: bool,
    /// Observations after a reduction that are not counted.
    pub cooldown: u64,
    /// The scale never falls below this.
    pub min_scale: f64,
    /// What counts as better.
    pub mode: PlateauMode,
    best: f64,
    bad: u64,
    cooling: u64,
    scale: f64,
}

impl Plateau {
    /// PyTorch's defaults: factor 0.1, patience 10, relative threshold 1e-4, no cooldown.
    pub fn new(mode: PlateauMode) -> Plateau {
        let best = if mode == PlateauMode::Min { f64::INFINITY } else { f64::NEG_INFINITY };
        Plateau {
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            relative: true,
            cooldown: 0,
            min_scale: 0.0,
            mode,
            best,
            bad: 0,
            cooling: 0,
            scale: 1.0,
        }
    }

    fn better(&self, value: f64) -> bool {
        if self.best.is_infinite() {
            return value.is_finite();
        }
        let margin = if self.relative { self.threshold * self.best.abs() } else { self.threshold };
        match self.mode {
            PlateauMode::Min => value < self.best - margin,
            PlateauMode::Max => value > self.best + margin,
        }
    }

    /// Takes an observation; returns the new scale of the learning rate when it falls.
    pub fn observe(&mut self, value: f64) -> Option<f64> {
        if self.better(value) {
            self.best = value;
            self.bad = 0;
        } else {
            self.bad += 1;
        }
        if self.cooling > 0 {
            self.cooling -= 1;
            self.bad = 0;
        }
        if self.bad <= self.patience {
            return None;
        }
        self.cooling = self.cooldown;
        self.bad = 0;
        let lower = (self.scale * self.factor).max(self.min_scale);
        let fell = lower < self.scale;
        self.scale = lower;
        fell.then_some(lower)
    }

    /// What multiplies the learning rate now.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Shows the state.
    pub fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.number("plateau.best", &mut self.best);
        state.number("plateau.scale", &mut self.scale);
        state.int("plateau.bad", &mut self.bad);
        state.int("plateau.cooling", &mut self.cooling);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_falls_when_patience_is_over_and_rests_while_cooling() {
        let mut p = Plateau { patience: 1, cooldown: 1, factor: 0.5, ..Plateau::new(PlateauMode::Min) };
        let seen: Vec<_> = [1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9].map(|v| p.observe(v)).to_vec();
        assert_eq!(seen, [None, None, None, Some(0.5), None, None, Some(0.25)]);
    }
}
