//! Svmlight rows: what is trained on, and what their numbers rule out.

use steepest_data::read::SvmlightRows;
use steepest_data::{Column, Encoder, SparseEncoder, Target};

use super::chosen::{encode_options, target_choices};
use super::cut::{OwnedBy, cut, stratified};
use super::{Prepared, Rows};
use crate::failure::Failure;
use crate::options::{Amount, FitOptions, SplitKind};
use crate::say::count;

/// The most features of sparse rows: more than any set in use has, and half a gigabyte for each vector of so many numbers.
const MOST_FEATURES: usize = 1 << 26;

/// One index that is wrong would take all memory: the parameters are a vector as long as the largest index.
pub fn refuse_dimension(features: usize) -> Result<(), Failure> {
    if features <= MOST_FEATURES {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "the largest index makes {} features; the parameters of so many take too much memory, at most {} are read",
        count(features as u64),
        count(MOST_FEATURES as u64)
    ))
    .with_help("is that index meant? If so, number the features that occur from 1 on"))
}

/// Prepares a fit on sparse rows.
pub(super) fn prepare_rows(input: SvmlightRows, options: &FitOptions, valid: Amount) -> Result<Prepared, Failure> {
    refuse_columns(options)?;
    refuse_dimension(input.matrix.cols)?;
    let labels = Column::Number(input.labels);
    let found = Target::detect("label", &labels, &target_choices(options)?);
    let (target, values, mut notices) = found.map_err(Failure::input)?;
    let rows = Rows { values, weights: None, offset: None };
    let by = match options.split.split {
        Some(SplitKind::Random) => OwnedBy::Random,
        Some(SplitKind::Group | SplitKind::Time) => {
            return Err(Failure::usage("--split: svmlight rows have no group and no time")
                .with_help("choose random or stratified"));
        }
        Some(SplitKind::Stratified) | None => stratified(&target, &rows.values, options)?,
    };
    let how = by.name();
    let parts = cut(&rows.values.rows, by.borrowed(), &target, options, valid, &mut notices)?;
    let encode = encode_options(options, false)?;
    let encoder = SparseEncoder::fit(&input.matrix, input.base, &parts.train, None, &encode).map_err(Failure::input)?;
    let everything = parts.valid.is_empty() && parts.test.is_empty() && parts.train.len() == input.matrix.rows;
    let raw_features = input.matrix.cols;
    let (train, valid, test) = if everything {
        let (matrix, found) = encoder.transform(input.matrix).map_err(Failure::input)?;
        notices.extend(found);
        (rows.part(parts.train, matrix, &[]), None, None)
    } else {
        let lists: Vec<&[u32]> = vec![&parts.train, &parts.valid, &parts.test];
        let (mut matrices, found) = encoder.transform_parts(&input.matrix, &lists).map_err(Failure::input)?;
        notices.extend(found);
        let [train, valid, test] = [matrices.remove(0), matrices.remove(0), matrices.remove(0)];
        (
            rows.part(parts.train, train, &[]),
            (!parts.valid.is_empty()).then(|| rows.part(parts.valid, valid, &[])),
            (!parts.test.is_empty()).then(|| rows.part(parts.test, test, &[])),
        )
    };
    let encoder = Encoder::Features(encoder);
    Ok(Prepared { encoder, target, train, valid, test, notices, how, raw_features, as_levels: vec![] })
}

/// Options that name columns mean nothing for svmlight rows, and nothing is ignored silently.
fn refuse_columns(options: &FitOptions) -> Result<(), Failure> {
    let data = &options.data;
    let encode = &options.encode;
    let given = [
        ("--target", data.target.is_some()),
        ("--weights", data.weights.is_some()),
        ("--offset", data.offset.is_some()),
        ("--group", data.group.is_some()),
        ("--time", data.time.is_some()),
        ("--id", !data.id.is_empty()),
        ("--drop", !data.drop.is_empty()),
        ("--keep", !data.keep.is_empty()),
        ("--types", !data.types.is_empty()),
        ("--impute", encode.impute.is_some()),
        ("--min-level", encode.min_level.is_some()),
        ("--hash", encode.hash.is_some()),
    ];
    match given.iter().find(|g| g.1) {
        None => Ok(()),
        Some((flag, _)) => Err(Failure::usage(format!("{flag}: svmlight rows have no named columns"))
            .with_help("leave it out: the label of each line is the target, its numbered values are the features")),
    }
}
