//! From a table to a matrix: impute, standardize, one-hot, parts of dates. Fitted on the training rows only, saved with the model.
//!
//! Each feature column of the table becomes one or more columns of the matrix:
//!
//! - **numbers**: one column, (x − mean) / sd by default; where training has missing values (or infinite ones, which count as
//!   missing), the mean stands in and an indicator column `NAME missing` follows;
//! - **categories**: one 0/1 column for each level, in the order of characters, so that the order of the rows does not matter;
//!   rare levels share `NAME=other`, missing ones have `NAME missing`; a level that training did not have counts as `other`, or
//!   as none of the columns where there is no `other`;
//! - **times**: year (as a number), month, day of the week and, where times of day occur, two harmonics of the day; each only
//!   where it varies.
//!
//! Columns that are constant over the training rows are left out with a [`Notice`].

mod calendar;
mod cells;
mod features;
mod fit;
mod moments;
mod options;
mod sparse;
mod write;

pub use features::{Feature, FeatureKind};
pub use options::{EncodeOptions, Impute, Standardize, Storage, hash_bits};
pub use sparse::SparseEncoder;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::matrix::Matrix;
use crate::notice::Notice;
use crate::schema::{Schema, SchemaError};
use crate::table::Table;

/// Number of the format in which encoders are saved.
const VERSION: u32 = 1;

/// What is wrong with encoding a table.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The columns do not fit.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// No rows to fit on.
    #[error("there are no training rows to fit the encoding on")]
    NoRows,
    /// Nothing varies.
    #[error("no feature is left: every column is constant, missing or without frequent levels in the training rows")]
    NoFeatures,
    /// More columns than an index can count.
    #[error("{features} features are more than a matrix can have (4,294,967,294)")]
    TooManyFeatures {
        /// Number of features.
        features: u64,
    },
    /// A size of hashing that is no power of two, or too large.
    #[error("--hash: `{written}` is no power of two from 2^1 to 2^30, such as 2^18")]
    HashSize {
        /// What was written.
        written: String,
    },
    /// A word that an option does not know.
    #[error("{option}: `{written}` is unknown; there are {known}")]
    UnknownWord {
        /// The option.
        option: &'static str,
        /// What was written.
        written: String,
        /// The words it knows.
        known: &'static str,
    },
    /// A value that leaves the range of numbers when it is scaled.
    #[error("row {row}: `{feature}` is too large to be scaled (training values are far smaller)")]
    Overflow {
        /// Number of the row, counted from 1 behind the header.
        row: usize,
        /// Name of the feature.
        feature: String,
    },
    /// A column whose type differs from training in a way that cannot be mended.
    #[error("column `{column}` holds {found}, {expected} expected as in training")]
    OtherKind {
        /// Name of the column.
        column: String,
        /// Type in this file.
        found: &'static str,
        /// Type in training.
        expected: &'static str,
    },
    /// A saved encoder of a later version.
    #[error("the model's encoder has format {found}; this program reads format {VERSION}")]
    Version {
        /// Number of the format found.
        found: u32,
    },
}

/// How one column becomes features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Encoding {
    /// (x − shift) / scale, `fill` standing in for missing values; then an indicator of them if `missing`.
    Number { shift: f64, scale: f64, fill: f64, missing: bool },
    /// A column for each of `levels`, then `other` and `missing` if so; `reference` is known but has no column.
    Category {
        levels: Vec<String>,
        other: bool,
        missing: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
    },
    /// Year as a number, months, weekdays, four harmonics of the day if `hours`, an indicator of missing times if `missing`.
    Time { year: Option<YearScale>, months: Vec<u8>, weekdays: Vec<u8>, hours: bool, missing: bool },
    /// All levels in the hashed features behind all others.
    Hashed {},
}

/// (year − shift) / scale, `fill` for missing times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct YearScale {
    pub shift: f64,
    pub scale: f64,
    pub fill: f64,
}

/// The encoding of one column of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ColumnEncoding {
    /// Its position in [`Schema::fields`].
    pub field: usize,
    pub encoding: Encoding,
}

/// Turns tables with the columns of a [`Schema`] into matrices, always in the way the training rows had it.
///
/// ```
/// use steepest_data::{Choices, Column, EncodeOptions, Schema, Table, TableEncoder};
///
/// let mut table = Table {
///     names: vec!["age".into(), "city".into(), "y".into()],
///     columns: vec![
///         Column::Number(vec![20.0, 40.0, f64::NAN, 60.0]),
///         Column::Category { codes: vec![0, 1, 0, 1], levels: vec!["Rome".into(), "Oslo".into()] },
///         Column::Number(vec![0.0, 1.0, 0.0, 1.0]),
///     ],
///     rows: 4,
/// };
/// let choices = Choices { target: Some("y".into()), ..Choices::default() };
/// let (schema, _) = Schema::resolve(&mut table, &choices)?;
/// let (encoder, _) = TableEncoder::fit(&table, schema, &[0, 1, 2, 3], None, &EncodeOptions::default())?;
/// let names: Vec<String> = encoder.features().into_iter().map(|f| f.name).collect();
/// assert_eq!(names, ["age", "age missing", "city=Oslo", "city=Rome"]);
///
/// let (matrix, _) = encoder.transform(&table, Some(&[2, 3]))?;
/// let mut first = vec![];
/// matrix.for_row(0, |j, v| first.push((j, v)));
/// assert_eq!(first, [(0, 0.0), (1, 1.0), (2, 0.0), (3, 1.0)]);
/// # Ok::<(), steepest_data::EncodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableEncoder {
    version: u32,
    schema: Schema,
    storage: Storage,
    hash_bits: Option<u32>,
    columns: Vec<ColumnEncoding>,
}

impl TableEncoder {
    /// The columns it was made for.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// How its matrices are stored.
    pub fn storage(&self) -> Storage {
        self.storage
    }

    /// Number of columns of the table that have features.
    pub fn raw_columns(&self) -> usize {
        self.columns.len()
    }

    /// Encodes the given rows of a table (all without a list), in the order given.
    ///
    /// The columns are found by [`Schema::align`]; for the table it was fitted on, or another with the same columns, in any
    /// order. Rows are encoded in parallel, each by itself: the result is the same for any number of threads. One or two
    /// passes over the columns.
    pub fn transform(&self, table: &Table, rows: Option<&[u32]>) -> Result<(Matrix, Vec<Notice>), EncodeError> {
        let (mut matrices, notices) = match rows {
            Some(rows) => self.transform_parts(table, &[rows])?,
            None => self.transform_parts(table, &[&(0..table.rows as u32).collect::<Vec<u32>>()])?,
        };
        Ok((matrices.swap_remove(0), notices))
    }

    /// Encodes several lists of rows, as the parts of a split; the notices are about all of them.
    pub fn transform_parts(&self, table: &Table, parts: &[&[u32]]) -> Result<(Vec<Matrix>, Vec<Notice>), EncodeError> {
        if self.version != VERSION {
            return Err(EncodeError::Version { found: self.version });
        }
        let (alignment, mut notices) = self.schema.align(table)?;
        let columns = cells::matching(self, table, &alignment)?;
        let cells = cells::plan(self, &columns, parts, &mut notices);
        let width = self.cols();
        let encode = |rows: &&[u32]| {
            let encoded = match self.storage {
                Storage::Dense => write::dense(&cells, rows, width),
                Storage::Sparse => write::sparse(&cells, rows, width),
            };
            encoded.map_err(|bad| EncodeError::Overflow {
                row: rows[bad.row] as usize + 1,
                feature: self.features()[bad.feature as usize].name.clone(),
            })
        };
        let matrices = parts.iter().map(encode).collect::<Result<Vec<Matrix>, EncodeError>>()?;
        Ok((matrices, notices))
    }
}

/// The encoder of a model, whatever the form of its data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "lowercase")]
pub enum Encoder {
    /// Of tables.
    Table(TableEncoder),
    /// Of numbered features.
    Features(SparseEncoder),
}

impl Encoder {
    /// Number of columns of its matrices.
    pub fn cols(&self) -> usize {
        match self {
            Encoder::Table(e) => e.cols(),
            Encoder::Features(e) => e.cols(),
        }
    }

    /// What each column of its matrices is.
    pub fn features(&self) -> Vec<Feature> {
        match self {
            Encoder::Table(e) => e.features(),
            Encoder::Features(e) => e.features(),
        }
    }

    /// The coefficients and intercept of a linear model in the units of the file; see [`Feature::shift`].
    ///
    /// A model w·z + b of encoded features z = (x − shift) / scale is the model (w / scale)·x + b − Σ w·shift / scale.
    ///
    /// # Panics
    /// If there are not as many weights as features.
    pub fn original_units(&self, weights: &[f64], intercept: f64) -> (Vec<f64>, f64) {
        features::original_units(&self.features(), weights, intercept)
    }
}

#[cfg(test)]
mod tests;
