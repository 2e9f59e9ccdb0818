//! What the user chose of columns, target and encoding, as the data crate takes it.

use steepest_data::{Column, EncodeOptions, Notice, Table, TargetChoices, Task, hash_bits};

use crate::failure::Failure;
use crate::options::FitOptions;

/// The roles and types of columns that the user chose.
pub(super) fn choices(options: &FitOptions) -> Result<steepest_data::Choices, Failure> {
    let data = &options.data;
    let kind = |text: &String| {
        let Some((column, kind)) = text.rsplit_once('=') else {
            return Err(Failure::usage(format!("--types: `{text}` does not read COLUMN=TYPE"))
                .with_help("types are number, category and time"));
        };
        Ok((column.to_string(), kind.parse().map_err(Failure::input)?))
    };
    Ok(steepest_data::Choices {
        target: data.target.clone(),
        weights: data.weights.clone(),
        offset: data.offset.clone(),
        group: data.group.clone(),
        time: data.time.clone(),
        id: data.id.clone(),
        drop: data.drop.clone(),
        keep: data.keep.clone(),
        kinds: data.types.iter().map(kind).collect::<Result<_, _>>()?,
    })
}

/// The column of a notice that its numbers are read as categories.
pub(super) fn column_of_levels(notice: &Notice) -> Option<String> {
    if let Notice::ReadAsLevels { column, .. } = notice { Some(column.clone()) } else { None }
}

/// Columns whose type the user chose.
pub(super) fn typed(options: &FitOptions) -> Vec<String> {
    options.data.types.iter().filter_map(|text| text.rsplit_once('=')).map(|(column, _)| column.to_string()).collect()
}

/// What the user said of the target, the loss included.
pub(super) fn target_choices(options: &FitOptions) -> Result<TargetChoices, Failure> {
    let task = options.model.task.as_deref().map(str::parse::<Task>).transpose().map_err(Failure::input)?;
    // A loss says what the target is where the target alone could be read in several ways.
    let of_loss = options.model.loss.as_deref().and_then(|loss| match loss.split(':').next() {
        Some("squared" | "huber" | "quantile" | "poisson") => Some(Task::Regression),
        Some("logistic" | "hinge" | "squared_hinge") => Some(Task::Binary),
        Some("softmax") => Some(Task::Multiclass),
        _ => None,
    });
    Ok(TargetChoices { task: task.or(of_loss), positive: options.data.positive.clone() })
}

/// No target is named: what there is to choose from.
pub(super) fn no_target(table: &Table) -> Failure {
    let names: Vec<&str> = table.names.iter().map(String::as_str).collect();
    let shown = if names.len() > 12 { format!("{}, …", names[..12].join(", ")) } else { names.join(", ") };
    Failure::usage("no target is given: which column is to be predicted?").with_help(format!(
        "add `--target COLUMN`, or `--target last` for `{}`; the columns are {shown}",
        names.last().unwrap_or(&"")
    ))
}

/// How columns become numbers.
pub(super) fn encode_options(options: &FitOptions, reference: bool) -> Result<EncodeOptions, Failure> {
    let encode = &options.encode;
    if let Some(rows) = encode.min_level
        && !(rows >= 0.0 && rows.is_finite())
    {
        return Err(Failure::usage(format!("--min-level: {rows} is no number of rows; give one from 0")));
    }
    Ok(EncodeOptions {
        standardize: encode.standardize,
        impute: encode.impute.unwrap_or_default(),
        min_level: encode.min_level,
        hash_bits: encode.hash.as_deref().map(hash_bits).transpose().map_err(Failure::input)?,
        reference,
        ..EncodeOptions::default()
    })
}

/// Without any penalty the levels of a category and the intercept are not told apart, so that one level is left out.
pub(super) fn no_penalty(options: &FitOptions) -> bool {
    use crate::options::Penalty;
    let zero = |penalty: Option<Penalty>| penalty == Some(Penalty::Value(0.0));
    zero(options.model.l2) && (options.model.l1.is_none() || zero(options.model.l1))
}

/// The numbers of an optional column, checked on the rows that count.
pub(super) fn numbers<E>(
    table: &Table,
    at: Option<usize>,
    rows: &[u32],
    check: impl Fn(&str, &Column, &[u32]) -> Result<(), E>,
) -> Result<Option<Vec<f64>>, E> {
    let Some(at) = at else { return Ok(None) };
    check(&table.names[at], &table.columns[at], rows)?;
    match &table.columns[at] {
        Column::Number(values) => Ok(Some(values.clone())),
        // The check refuses every other kind of column.
        Column::Category { .. } | Column::Time(_) => Ok(None),
    }
}
