//! Flags of the encoding: how columns become numbers.

use serde::{Deserialize, Serialize};

use steepest_data::{Impute, Standardize};

/// How columns become numbers.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Serialize, Deserialize)]
#[command(next_help_heading = "Encoding")]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct EncodeOptions {
    /// How numbers are brought to one scale: standard (mean 0, deviation 1), scale (deviation 1), max-abs, none [default: standard for tables, max-abs for sparse rows that are not scaled yet]
    #[arg(long, value_name = "HOW")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standardize: Option<Standardize>,
    /// What stands in for a missing number, mean or median; an indicator column is added [default: mean]
    #[arg(long, value_name = "HOW")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impute: Option<Impute>,
    /// Levels of a category on fewer training rows than this are pooled [default: 5 from 500 rows, else 2]
    #[arg(long, value_name = "ROWS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_level: Option<f64>,
    /// Hash categories into this many columns (`2^18`) instead of one column a level
    #[arg(long, value_name = "SIZE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

impl EncodeOptions {
    pub(super) fn overridden_by(self, flags: EncodeOptions) -> EncodeOptions {
        EncodeOptions {
            standardize: flags.standardize.or(self.standardize),
            impute: flags.impute.or(self.impute),
            min_level: flags.min_level.or(self.min_level),
            hash: flags.hash.or(self.hash),
        }
    }
}
