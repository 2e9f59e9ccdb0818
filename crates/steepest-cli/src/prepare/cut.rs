//! The split: which rows train, which choose, which score.

use steepest_data::{
    By, Column, Notice, Portion, Schema, Split, Table, Target, TargetValues, Task, group_codes, split,
};

use crate::failure::Failure;
use crate::options::{Amount, FitOptions, SplitKind};

/// What a split is by, with its own lists.
pub(super) enum OwnedBy {
    Random,
    Classes(Vec<u32>),
    Groups(Vec<u32>),
    Time(Vec<f64>),
}

impl OwnedBy {
    /// As the split takes it.
    pub(super) fn borrowed(&self) -> By<'_> {
        match self {
            OwnedBy::Random => By::Random,
            OwnedBy::Classes(list) => By::Classes(list),
            OwnedBy::Groups(list) => By::Groups(list),
            OwnedBy::Time(list) => By::Time(list),
        }
    }

    /// How people are told.
    pub(super) fn name(&self) -> &'static str {
        match self {
            OwnedBy::Random => "random",
            OwnedBy::Classes(_) => "stratified",
            OwnedBy::Groups(_) => "by group",
            OwnedBy::Time(_) => "by time",
        }
    }
}

/// By the classes of the target, where it has some.
pub(super) fn stratified(target: &Target, values: &TargetValues, options: &FitOptions) -> Result<OwnedBy, Failure> {
    match (target.task, options.split.split) {
        (Task::Regression, Some(SplitKind::Stratified)) => {
            Err(Failure::usage("--split stratified needs classes, and the target is a number")
                .with_help("choose random, or say `--task multiclass` if the numbers are classes"))
        }
        (Task::Regression, _) => Ok(OwnedBy::Random),
        _ => Ok(OwnedBy::Classes(values.classes())),
    }
}

/// What the rows of a table are split by: what the user named, else groups, else time, else classes.
pub(super) fn cut_by(
    table: &Table,
    schema: &Schema,
    target: &Target,
    values: &TargetValues,
    options: &FitOptions,
) -> Result<(OwnedBy, &'static str), Failure> {
    let group = schema.group.map(|at| group_codes(&table.columns[at], &values.rows));
    let time = schema.time.and_then(|at| match &table.columns[at] {
        Column::Time(v) | Column::Number(v) => Some(values.rows.iter().map(|&i| v[i as usize]).collect::<Vec<f64>>()),
        Column::Category { .. } => None,
    });
    let needs = |flag: &str| Failure::usage(format!("--split {flag} needs the column: add `--{flag} COLUMN`"));
    let by = match (options.split.split, group, time) {
        (Some(SplitKind::Group), Some(group), _) | (None, Some(group), _) => OwnedBy::Groups(group),
        (Some(SplitKind::Group), None, _) => return Err(needs("group")),
        (Some(SplitKind::Time), _, Some(time)) | (None, None, Some(time)) => OwnedBy::Time(time),
        (Some(SplitKind::Time), _, None) => return Err(needs("time")),
        (Some(SplitKind::Random), ..) => OwnedBy::Random,
        (Some(SplitKind::Stratified), ..) | (None, None, None) => stratified(target, values, options)?,
    };
    let how = by.name();
    Ok((by, how))
}

/// The share held back for the final score where the user named none.
const TEST: Amount = Amount::Share(0.2);

/// The rows of each part.
pub(super) fn cut(
    rows: &[u32],
    by: By<'_>,
    target: &Target,
    options: &FitOptions,
    valid: Amount,
    notices: &mut Vec<Notice>,
) -> Result<Split, Failure> {
    let portion = |amount: Amount| match amount {
        Amount::Share(share) => Portion::Fraction(share),
        Amount::Rows(rows) => Portion::Rows(rows),
    };
    let given = |file: &Option<String>, amount: Amount| if file.is_some() { Amount::Rows(0) } else { amount };
    let test = given(&options.split.test_file, options.split.test.unwrap_or(TEST));
    let valid = given(&options.split.valid_file, valid);
    let seed = options.run.seed.unwrap_or(0);
    let (parts, found) = split(rows, by, portion(valid), portion(test), seed).map_err(|e| {
        Failure::input(e).with_help("hold back fewer rows with `--test` and `--valid`; `--test 0` holds back none")
    })?;
    notices.extend(found.into_iter().map(|n| n.with_classes(&target.classes)));
    Ok(parts)
}
