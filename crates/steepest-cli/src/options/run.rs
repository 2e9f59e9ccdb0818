//! Flags of the run: where it is kept, how it starts, how often it is saved.

use serde::{Deserialize, Serialize};

/// Where the run is kept and how it is run.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Serialize, Deserialize)]
#[command(next_help_heading = "Run")]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct RunOptions {
    /// The directory of the run [default: runs/NAME-k, with the name of the data and the next free number]
    #[arg(long, short, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out: Option<String>,
    /// The seed of everything random [default: 0]
    #[arg(long, value_name = "SEED")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Start from the parameters of another run
    #[arg(long, value_name = "RUN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<String>,
    /// Seconds between checkpoints; 0 writes one after every step [default: 30]
    #[arg(long, value_name = "S")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<f64>,
    /// Write `predictions.csv` for the held-back rows
    #[arg(long)]
    #[serde(skip_serializing_if = "is_false")]
    pub predictions: bool,
    /// Leave `report.html` out
    #[arg(long)]
    #[serde(skip_serializing_if = "is_false")]
    pub no_report: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl RunOptions {
    pub(super) fn overridden_by(self, flags: RunOptions) -> RunOptions {
        RunOptions {
            out: flags.out.or(self.out),
            seed: flags.seed.or(self.seed),
            init: flags.init.or(self.init),
            checkpoint_every: flags.checkpoint_every.or(self.checkpoint_every),
            predictions: flags.predictions || self.predictions,
            no_report: flags.no_report || self.no_report,
        }
    }
}
