//! Flags of the data: which files, which columns, what they mean.

use serde::{Deserialize, Serialize};

use super::list;

/// Whether the first line holds names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Header {
    /// The first line holds names.
    Yes,
    /// The first line holds data.
    No,
    /// Found from the content.
    Auto,
}

/// What is read and what its columns are.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Serialize, Deserialize)]
#[command(next_help_heading = "Data")]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct DataOptions {
    /// Files or globs (CSV, TSV, Parquet, Arrow or svmlight; plain, gzip or zstd; told by their content), or `-` for standard input
    #[arg(value_name = "DATA")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// The column to predict: a name, `last`, or a number from 1. svmlight files need none
    #[arg(long, short, value_name = "COL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The class that counts as positive, for two classes
    #[arg(long, value_name = "LABEL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// Column of sample weights; a weight of 2 is a row given twice
    #[arg(long, value_name = "COL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Column added to the linear predictor: log exposure for counts
    #[arg(long, value_name = "COL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<String>,
    /// Column that names groups: rows of one group are never on both sides of a split
    #[arg(long, value_name = "COL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Column of time: the latest rows are held back
    #[arg(long, value_name = "COL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Columns to pass through to predictions and not to learn from
    #[arg(long, value_name = "COL,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub id: Vec<String>,
    /// Columns to leave out
    #[arg(long, value_name = "COL,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<String>,
    /// Columns to keep that would be left out with a warning (ids, text)
    #[arg(long, value_name = "COL,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<String>,
    /// Types instead of the inferred ones: `zip=category`, `code=number`, `day=time`
    #[arg(long, value_name = "COL=TYPE,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Words that mean a missing value, instead of the usual ones (empty, `?`, `NA`, `null`, …)
    #[arg(long, value_name = "WORD,…", value_delimiter = ',', allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The separator of fields, instead of the one found: a character, `tab` or `whitespace`
    #[arg(long, value_name = "CHAR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// Whether the first line holds names [default: auto]
    #[arg(long, value_name = "WHEN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
}

/// What of the reading changes the meaning of a file: kept with the model, so that other files are read as the training file was.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Serialize, Deserialize)]
#[command(next_help_heading = "Reading")]
#[serde(default, rename_all = "kebab-case")]
pub struct ReadingOptions {
    /// Words that mean a missing value [default: those of the training]
    #[arg(long, value_name = "WORD,…", value_delimiter = ',', allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The separator of fields: a character, `tab` or `whitespace` [default: the one named for the training, else found]
    #[arg(long, value_name = "CHAR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// Whether the first line holds names [default: as named for the training, else auto]
    #[arg(long, value_name = "WHEN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
}

impl ReadingOptions {
    /// These options with what `flags` sets laid over them.
    #[must_use]
    pub fn overridden_by(self, flags: ReadingOptions) -> ReadingOptions {
        ReadingOptions {
            missing: list(self.missing, flags.missing),
            separator: flags.separator.or(self.separator),
            header: flags.header.or(self.header),
        }
    }

    /// Whether nothing is named and everything is found from the content.
    pub fn is_default(&self) -> bool {
        *self == ReadingOptions::default()
    }
}

impl DataOptions {
    /// How files are read.
    pub fn reading(&self) -> ReadingOptions {
        ReadingOptions { missing: self.missing.clone(), separator: self.separator.clone(), header: self.header }
    }

    pub(super) fn overridden_by(self, flags: DataOptions) -> DataOptions {
        DataOptions {
            files: list(self.files, flags.files),
            target: flags.target.or(self.target),
            positive: flags.positive.or(self.positive),
            weights: flags.weights.or(self.weights),
            offset: flags.offset.or(self.offset),
            group: flags.group.or(self.group),
            time: flags.time.or(self.time),
            id: list(self.id, flags.id),
            drop: list(self.drop, flags.drop),
            keep: list(self.keep, flags.keep),
            types: list(self.types, flags.types),
            missing: list(self.missing, flags.missing),
            separator: flags.separator.or(self.separator),
            header: flags.header.or(self.header),
        }
    }
}
