//! Readers, encoders, splits and matrices of steepest.

mod cast;
mod encoder;
mod folds;
mod leak;
mod matrix;
mod nearest;
mod notice;
mod order;
mod schema;
mod screen;
mod split;
mod table;
mod target;
mod weights;

pub use encoder::{
    EncodeError, EncodeOptions, Encoder, Feature, FeatureKind, Impute, SparseEncoder, Standardize, Storage,
    TableEncoder, hash_bits,
};
pub use folds::{Fold, folds};
pub use leak::leaks;
pub use matrix::{Dense, Matrix, Sparse, Values};
pub use notice::Notice;
pub use order::{Order, batches};
pub use schema::{Alignment, Choices, Field, Kind, Schema, SchemaError};
pub use split::{By, Portion, Split, SplitError, group_codes, split};
pub use table::{Column, MISSING, Table};
pub use target::{Target, TargetChoices, TargetError, TargetValues, Task};
pub use weights::{ClassWeights, WeightError, check_offsets, check_weights, row_weights};
