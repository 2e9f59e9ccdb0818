//! The course of an update rule: how long it is, over how many steps its rate falls, and how people are told.

use steepest_optim::Schedule;

use crate::options::FitOptions;
use crate::say::{count, counted};

/// How far an update rule goes.
#[derive(Debug, Clone)]
pub struct Course {
    /// Steps over which the schedule spans. A run that is resumed with a larger budget keeps it: the rates of the
    /// steps already made would be others else.
    pub horizon: u64,
    /// Steps that the budget allows.
    pub steps: u64,
    /// Rows of a step.
    pub batch: usize,
    /// The schedule with its peak, as text that `--schedule` reads; `None` where the rule has its own rate.
    pub schedule: Option<String>,
    /// Steps of a pass.
    per_epoch: u64,
    epochs: u64,
}

impl Course {
    /// A course of `epochs` passes of `per_epoch` steps, or of fewer steps where the user said so.
    pub fn new(options: &FitOptions, batch: usize, per_epoch: u64, epochs: u64) -> Course {
        let steps = options.stop.steps.unwrap_or(u64::MAX).min(epochs.saturating_mul(per_epoch));
        let horizon = options.solver.horizon.unwrap_or(steps);
        Course { horizon, steps, batch, schedule: None, per_epoch, epochs }
    }

    /// ` · batch 128 · 20 epochs of 3 steps · rate cosine(0.03)`.
    pub fn told(&self) -> String {
        let mut text = format!(" · batch {}", count(self.batch as u64));
        text += &if self.steps < self.epochs.saturating_mul(self.per_epoch) {
            format!(" · {}", counted(self.steps, "step"))
        } else {
            format!(" · {} of {}", counted(self.epochs, "epoch"), counted(self.per_epoch, "step"))
        };
        if let Some(schedule) = &self.schedule {
            text += &format!(" · rate {schedule}");
            if self.horizon != self.steps {
                text += &format!(" over {}", counted(self.horizon, "step"));
            }
        }
        text
    }

    /// What a person should know of a schedule that ends before the budget does.
    pub fn outlasted(&self) -> Option<String> {
        let schedule = Schedule::parse(self.schedule.as_deref()?).ok()?;
        if self.steps <= self.horizon || schedule.is_constant() {
            return None;
        }
        let end = schedule.with_horizon(Some(self.horizon)).ok()?.at(self.horizon);
        Some(format!(
            "the schedule ends at step {} and the rate stays {} for the other {}; `--init RUN` starts a new schedule from the \
             parameters of a run",
            count(self.horizon),
            crate::say::number(end),
            counted(self.steps - self.horizon, "step")
        ))
    }
}

/// The text of a schedule without a peak, with this one; the text itself where it cannot be written so.
pub fn with_peak(text: &str, lr: f64) -> String {
    let text = text.trim();
    let at = text.find(['(', ':', '>']).unwrap_or(text.len());
    let (name, rest) = (text[..at].trim_end(), &text[at..]);
    let written = match rest.chars().next() {
        Some('(') if rest[1..].trim_start().starts_with(')') => format!("{name}({lr}{}", rest[1..].trim_start()),
        Some('(') => format!("{name}({lr},{}", &rest[1..]),
        Some(':') => format!("{name}:{lr},{}", &rest[1..]),
        Some(_) => format!("{name}({lr}) {rest}"),
        None => format!("{name}({lr})"),
    };
    let meant = Schedule::parse(text).map(|s| s.or_peak(lr));
    if meant.is_ok() && Schedule::parse(&written) == meant { written } else { text.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_written_into_every_form_of_a_schedule() {
        assert_eq!(with_peak("cosine", 0.03), "cosine(0.03)");
        assert_eq!(with_peak("cosine()", 0.03), "cosine(0.03)");
        assert_eq!(with_peak("cosine:warmup=5%", 2.0), "cosine:2,warmup=5%");
        assert_eq!(with_peak("cosine(warmup=5%)", 1e-7), "cosine(0.0000001,warmup=5%)");
        assert_eq!(with_peak("constant(steps=9) > linear", 0.5), "constant(0.5,steps=9) > linear");
    }
}
