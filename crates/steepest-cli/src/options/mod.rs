//! What a user can set for `fit`, by group. Each group is a struct that serves as flags (clap) and as a section of
//! `config.toml` (serde), so that a name means the same in both. A value that is absent is chosen from the data.

mod amount;
mod data;
mod descent;
mod encode;
mod function;
mod model;
pub mod point;
mod run;
mod set;
mod solver;
mod split;
mod stop;

use serde::{Deserialize, Serialize};

pub use amount::Amount;
pub use data::{DataOptions, Header, ReadingOptions};
pub use descent::DescentOptions;
pub use encode::EncodeOptions;
pub use function::{FunctionOptions, Limit, Target};
pub use model::{Intercept, ModelOptions, Penalty, Refit};
pub use run::RunOptions;
pub use set::SetOption;
pub use solver::{Batch, SolverOptions};
pub use split::{SplitKind, SplitOptions};
pub use stop::{StopOptions, Tolerance};

use crate::failure::Failure;

/// All groups of `fit`: the shape of `config.toml`.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FitOptions {
    /// What is read.
    #[command(flatten)]
    pub data: DataOptions,
    /// How columns become numbers.
    #[command(flatten)]
    pub encode: EncodeOptions,
    /// Which rows are held back.
    #[command(flatten)]
    pub split: SplitOptions,
    /// What is fitted.
    #[command(flatten)]
    pub model: ModelOptions,
    /// How it is minimized.
    #[command(flatten)]
    pub solver: SolverOptions,
    /// When it is good enough.
    #[command(flatten)]
    pub stop: StopOptions,
    /// Where the run is kept and how it is run.
    #[command(flatten)]
    pub run: RunOptions,
}

impl FitOptions {
    /// Refuses what no run can mean, before anything is read or written.
    pub fn check(&self) -> Result<(), Failure> {
        let from_zero = [
            ("--gap", self.stop.gap, "a relative distance ≥ 0, such as 1e-6; 0 switches the test off"),
            ("--max-seconds", self.stop.max_seconds, "a number of seconds ≥ 0"),
            ("--checkpoint-every", self.run.checkpoint_every, "a number of seconds ≥ 0"),
        ];
        for (flag, value, expected) in from_zero {
            if let Some(value) = value.filter(|v| !(*v >= 0.0 && v.is_finite())) {
                return Err(Failure::usage(format!("{flag}: {value} is not {expected}")));
            }
        }
        Ok(())
    }

    /// These options with what `flags` sets laid over them.
    pub fn overridden_by(self, flags: FitOptions) -> FitOptions {
        FitOptions {
            data: self.data.overridden_by(flags.data),
            encode: self.encode.overridden_by(flags.encode),
            split: self.split.overridden_by(flags.split),
            model: self.model.overridden_by(flags.model),
            solver: self.solver.overridden_by(flags.solver),
            stop: self.stop.overridden_by(flags.stop),
            run: self.run.overridden_by(flags.run),
        }
    }
}

/// A list given on the command line replaces that of the file; an empty one leaves it.
fn list<T>(file: Vec<T>, flag: Vec<T>) -> Vec<T> {
    if flag.is_empty() { file } else { flag }
}
