//! Flags of the solver: which one, and how stochastic ones walk over the rows.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use steepest_models::linear::SolverChoice;

use super::amount::Text;

/// The rows of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "String")]
pub enum Batch {
    /// All training rows.
    Full,
    /// This many.
    Rows(usize),
}

impl FromStr for Batch {
    type Err = String;

    fn from_str(text: &str) -> Result<Batch, String> {
        match (text.trim(), text.trim().parse::<usize>()) {
            ("full", _) => Ok(Batch::Full),
            (_, Ok(rows)) if rows > 0 => Ok(Batch::Rows(rows)),
            _ => Err(format!("`{text}` is no batch: give a number of rows from 1, or `full`")),
        }
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Batch::Full => f.write_str("full"),
            Batch::Rows(rows) => write!(f, "{rows}"),
        }
    }
}

impl From<Batch> for String {
    fn from(batch: Batch) -> String {
        batch.to_string()
    }
}

impl TryFrom<Text> for Batch {
    type Error = String;

    fn try_from(text: Text) -> Result<Batch, String> {
        text.to_string().parse()
    }
}

/// What `--solver` may name, with every solver that sees all rows.
fn solver_help() -> String {
    let whole = SolverChoice::ALL.map(SolverChoice::name).join(", ");
    format!(
        "What minimizes the objective [default: auto]:\n\
         - `auto`: the fastest certified solver for the shape of the problem;\n\
         - a solver that sees all rows in a step: {whole};\n\
         - an update rule over batches or rows, `NAME:key=value,…` or a chain `NAME | NAME | …`: see `steepest optimizers`"
    )
}

/// How the objective is minimized.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Serialize, Deserialize)]
#[command(next_help_heading = "Solver")]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SolverOptions {
    /// `auto`, a solver that sees all rows in a step, or an update rule `NAME:key=value,…` or a chain of them [default: auto]
    #[arg(long, value_name = "SOLVER", visible_alias = "optimizer", long_help = solver_help())]
    #[serde(skip_serializing_if = "Option::is_none", alias = "optimizer")]
    pub solver: Option<String>,
    /// Learning rate over the steps: `cosine:warmup=5%`, `step:size=30`, …
    #[arg(long, value_name = "SCHEDULE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// Steps over which the schedule spans; a resumed run keeps it [default: the steps of the budget]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub horizon: Option<u64>,
    /// Rows a step of a stochastic solver: a number, or `full`
    #[arg(long, value_name = "ROWS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
}

impl SolverOptions {
    pub(super) fn overridden_by(self, flags: SolverOptions) -> SolverOptions {
        SolverOptions {
            solver: flags.solver.or(self.solver),
            schedule: flags.schedule.or(self.schedule),
            horizon: flags.horizon.or(self.horizon),
            batch: flags.batch.or(self.batch),
        }
    }
}
