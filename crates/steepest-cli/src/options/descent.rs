//! How a function is minimized, and when it is done.

use steepest_optim::Tolerance as Bound;
use steepest_solvers::Minimize;

use super::stop::Tolerance;
use crate::failure::Failure;

/// Flags of runs on a function.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Descent")]
pub struct DescentOptions {
    /// Stop when the largest element of the gradient is this small, or with `r` this small against the start's; 0 switches the
    /// test off [default: 1e-8 + 1e-12r]
    #[arg(long, value_name = "TOL")]
    pub gtol: Option<Tolerance>,
    /// Stop when a step changes the value by less, or with `r` by less of the value itself [default: 0, off]
    #[arg(long, value_name = "TOL")]
    pub ftol: Option<Tolerance>,
    /// Stop when a step moves the point by less, or with `r` by less of its length [default: 0, off]
    #[arg(long, value_name = "TOL")]
    pub xtol: Option<Tolerance>,
    /// Steps at most [default: 100000]
    #[arg(long, value_name = "N", visible_alias = "steps")]
    pub max_steps: Option<u64>,
    /// Evaluations of value and gradient at most
    #[arg(long, value_name = "N")]
    pub max_evals: Option<u64>,
    /// Seconds at most
    #[arg(long, value_name = "S")]
    pub max_seconds: Option<f64>,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
}

impl DescentOptions {
    /// The settings of the driver.
    pub fn settings(&self) -> Result<Minimize, Failure> {
        if let Some(seconds) = self.max_seconds.filter(|s| !(*s >= 0.0 && s.is_finite())) {
            return Err(Failure::usage(format!("--max-seconds: {seconds} is not a number of seconds ≥ 0")));
        }
        let defaults = Minimize::default();
        let bound = |given: Option<Tolerance>, default: Bound| match given {
            None => default,
            Some(t) if t.relative => Bound::relative(t.value),
            Some(t) => Bound::absolute(t.value),
        };
        Ok(Minimize {
            gtol: bound(self.gtol, defaults.gtol),
            ftol: bound(self.ftol, defaults.ftol),
            xtol: bound(self.xtol, defaults.xtol),
            max_steps: self.max_steps.or(defaults.max_steps),
            max_evals: self.max_evals,
            max_seconds: self.max_seconds,
            ..defaults
        })
    }

    /// Whether the end of a budget is what was asked for.
    pub fn has_budget(&self) -> bool {
        self.max_steps.is_some() || self.max_evals.is_some() || self.max_seconds.is_some()
    }
}
