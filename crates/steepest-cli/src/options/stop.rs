//! Flags of stopping: tolerances and budgets.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::amount::Text;

/// A tolerance: a number is absolute, with `r` behind it relative; `0` switches the test off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "String")]
pub struct Tolerance {
    /// The bound.
    pub value: f64,
    /// Whether it is relative.
    pub relative: bool,
}

impl FromStr for Tolerance {
    type Err = String;

    fn from_str(text: &str) -> Result<Tolerance, String> {
        let (digits, relative) = match text.trim().strip_suffix('r') {
            Some(digits) => (digits, true),
            None => (text.trim(), false),
        };
        match digits.parse::<f64>() {
            Ok(value) if value >= 0.0 && value.is_finite() => Ok(Tolerance { value, relative }),
            _ => Err(format!(
                "`{text}` is no tolerance: give a number ≥ 0, with `r` behind it for a relative one (`1e-8r`)"
            )),
        }
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:e}{}", self.value, if self.relative { "r" } else { "" })
    }
}

impl From<Tolerance> for String {
    fn from(tolerance: Tolerance) -> String {
        tolerance.to_string()
    }
}

impl TryFrom<Text> for Tolerance {
    type Error = String;

    fn try_from(text: Text) -> Result<Tolerance, String> {
        text.to_string().parse()
    }
}

/// When the result is good enough, or the budget is spent.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Serialize, Deserialize)]
#[command(next_help_heading = "Stopping")]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct StopOptions {
    /// Stop when the objective is proved to be within this relative distance of its minimum; 0 switches the test off [default: 1e-6, and 0 for
    /// solvers of many small steps]
    #[arg(long, value_name = "GAP")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<f64>,
    /// Stop when the Euclidean norm of the gradient is this small
    #[arg(long, value_name = "TOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gtol: Option<Tolerance>,
    /// Stop when the objective changes by less in a step (an epoch, for stochastic solvers)
    #[arg(long, value_name = "TOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ftol: Option<Tolerance>,
    /// Stop when the parameters change by less, per unit of learning rate
    #[arg(long, value_name = "TOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xtol: Option<Tolerance>,
    /// Passes over the training rows, for stochastic solvers; a solver that sees all rows in a step makes one a step, so that it
    /// counts steps there
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<u64>,
    /// Steps at most
    #[arg(long, value_name = "N", visible_alias = "max-steps")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Evaluations of objective and gradient at most
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_evals: Option<u64>,
    /// Seconds at most
    #[arg(long, value_name = "S")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_seconds: Option<f64>,
    /// Stop when the validation metric has not improved for this many epochs, and keep the best [default: 0, off]
    #[arg(long, value_name = "EPOCHS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
}

impl StopOptions {
    /// Whether the user set a budget, whose end is no failure.
    pub fn has_budget(&self) -> bool {
        self.epochs.is_some() || self.steps.is_some() || self.max_evals.is_some() || self.max_seconds.is_some()
    }

    pub(super) fn overridden_by(self, flags: StopOptions) -> StopOptions {
        StopOptions {
            gap: flags.gap.or(self.gap),
            gtol: flags.gtol.or(self.gtol),
            ftol: flags.ftol.or(self.ftol),
            xtol: flags.xtol.or(self.xtol),
            epochs: flags.epochs.or(self.epochs),
            steps: flags.steps.or(self.steps),
            max_evals: flags.max_evals.or(self.max_evals),
            max_seconds: flags.max_seconds.or(self.max_seconds),
            patience: flags.patience.or(self.patience),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances_are_absolute_or_relative() {
        assert_eq!("1e-8".parse(), Ok(Tolerance { value: 1e-8, relative: false }));
        assert_eq!("1e-8r".parse(), Ok(Tolerance { value: 1e-8, relative: true }));
        for bad in ["", "r", "-1", "inf", "NaN", "1e-8x"] {
            assert!(bad.parse::<Tolerance>().is_err(), "{bad}");
        }
        let t = Tolerance { value: 2.5e-9, relative: true };
        assert_eq!(t.to_string().parse(), Ok(t));
    }
}
