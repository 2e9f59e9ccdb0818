//! Flags of the split: which rows are held back, and how they are drawn.

use serde::{Deserialize, Serialize};

use super::Amount;

/// How held-back rows are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitKind {
    /// Uniformly.
    Random,
    /// With the same share of every class.
    Stratified,
    /// Whole groups (`--group`).
    Group,
    /// The latest rows (`--time`).
    Time,
}

/// Which rows are held back.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Serialize, Deserialize)]
#[command(next_help_heading = "Split")]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SplitOptions {
    /// Rows for the final score: a share or a count, `0` for none [default: 20%]
    #[arg(long, value_name = "ROWS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<Amount>,
    /// Rows for choosing (early stopping, `--l2 auto`) [default: 10% where something uses them, else 0]
    #[arg(long, value_name = "ROWS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<Amount>,
    /// A file of test rows instead of a share
    #[arg(long, value_name = "FILE", conflicts_with = "test")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_file: Option<String>,
    /// A file of validation rows instead of a share
    #[arg(long, value_name = "FILE", conflicts_with = "valid")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_file: Option<String>,
    /// How held-back rows are drawn [default: group with --group, time with --time, stratified for classes, else random]
    #[arg(long, value_name = "HOW")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitKind>,
}

impl SplitOptions {
    pub(super) fn overridden_by(self, flags: SplitOptions) -> SplitOptions {
        SplitOptions {
            test: flags.test.or(self.test),
            valid: flags.valid.or(self.valid),
            test_file: flags.test_file.or(self.test_file),
            valid_file: flags.valid_file.or(self.valid_file),
            split: flags.split.or(self.split),
        }
    }
}
