//! Schedules: the learning rate as a pure function of the number of completed updates.

/// A learning rate for every step.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    lr: f64,
}

impl Schedule {
    /// The same learning rate at every step.
    pub fn constant(lr: f64) -> Schedule {
        Schedule { lr }
    }

    /// The learning rate of the update that follows `step` completed ones.
    pub fn at(&self, _step: u64) -> f64 {
        self.lr
    }

    /// Reads a number or a schedule.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> Result<Schedule, String> {
        match text.parse::<f64>() {
            Ok(lr) if lr >= 0.0 && lr.is_finite() => Ok(Schedule { lr }),
            _ => Err(format!("`{text}` is not a learning rate: expected a number ≥ 0 or a schedule")),
        }
    }
}
