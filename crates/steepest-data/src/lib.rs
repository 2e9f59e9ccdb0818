//! Readers, encoders, splits and matrices of steepest.
//!
//! The way of the data: a file is read into a [`Table`]; [`Schema::resolve`] says which column plays which part;
//! [`Target::detect`] chooses the task; [`split`](split()) cuts the rows; [`TableEncoder::fit`] learns the encoding from the
//! training rows and turns each part into a [`Matrix`]. Everything that was decided on the way comes back as a [`Notice`].
//!
//! ```
//! use steepest_data::*;
//!
//! # let levels = ["B", "M"].map(String::from).to_vec();
//! # let codes = (0..50).map(|i| u32::from(i % 3 == 0)).collect();
//! # let radius = (0..50).map(|i| f64::from(i * 7 % 11)).collect();
//! # let names = ["radius", "diagnosis"].map(String::from).to_vec();
//! # let columns = vec![Column::Number(radius), Column::Category { codes, levels }];
//! # let mut table = Table { names, columns, rows: 50 };
//! let choices = Choices { target: Some("diagnosis".into()), ..Choices::default() };
//! let (schema, _) = Schema::resolve(&mut table, &choices)?;
//! let column = &table.columns[1];
//! let (target, values, _) = Target::detect("diagnosis", column, &TargetChoices::default())?;
//! assert_eq!((target.task, &target.classes[1][..]), (Task::Binary, "M"));
//!
//! let classes = values.classes();
//! let (parts, _) = split(&values.rows, By::Classes(&classes), Portion::NONE, "20%".parse()?, 0)?;
//! let (encoder, _) = TableEncoder::fit(&table, schema, &parts.train, None, &EncodeOptions::default())?;
//! let (matrices, _) = encoder.transform_parts(&table, &[&parts.train, &parts.test])?;
//! assert_eq!((matrices[0].rows(), matrices[1].rows(), matrices[0].cols()), (40, 10, 1));
//! let y = values.gather(&parts.train);
//! # assert_eq!(y.len(), 40);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cast;
mod encoder;
mod folds;
mod lack_of_fit;
mod leak;
mod matrix;
mod nearest;
mod notice;
mod order;
pub mod read;
mod schema;
mod screen;
mod shell;
mod split;
mod table;
mod target;
mod weights;
mod write;

pub use encoder::{
    EncodeError, EncodeOptions, Encoder, Feature, FeatureKind, Impute, SparseEncoder, Standardize, Storage,
    TableEncoder, hash_bits,
};
pub use folds::{Fold, folds};
pub use lack_of_fit::{LackOfFit, lack_of_fit, read_as_levels};
pub use leak::leaks;
pub use matrix::{Dense, Matrix, Sparse, Values};
pub use notice::Notice;
pub use order::{Order, batches};
pub use schema::{Alignment, Choices, Field, Kind, Schema, SchemaError};
pub use shell::shell_word;
pub use split::{By, Portion, Split, SplitError, group_codes, split};
pub use table::{Column, MISSING, Table};
pub use target::{Target, TargetChoices, TargetError, TargetValues, Task};
pub use weights::{ClassWeights, WeightError, check_offsets, check_weights, row_weights};
#[cfg(feature = "columnar")]
pub use write::write_parquet;
pub use write::{Destination, WriteError, append_csv, atomically, write_csv};
