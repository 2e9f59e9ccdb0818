//! Another file, encoded for a fitted model.

use steepest_data::read::Input;
use steepest_data::{
    ClassWeights, Column, Encoder, Notice, Table, TableEncoder, Target, TargetValues, check_offsets, check_weights,
};

use super::{Part, Rows};
use crate::failure::Failure;

/// Another file, encoded as the training file was.
#[derive(Debug)]
pub struct Applied {
    /// The rows: all of them, or those with a target.
    pub part: Part,
    /// What a person should know.
    pub notices: Vec<Notice>,
}

/// Encodes another file for a fitted model. With `scored` rows without a target are left out, and a file without the target
/// column is refused.
pub fn apply(input: Input, encoder: &Encoder, target: &Target, scored: bool) -> Result<Applied, Failure> {
    match (input, encoder) {
        (Input::Table(table), Encoder::Table(encoder)) => apply_table(&table, encoder, target, scored),
        (Input::Rows(rows), Encoder::Features(encoder)) => {
            let labels = Column::Number(rows.labels);
            // Lines to predict may carry any label; only scoring reads it.
            let read = if scored { Some(target.read(&labels).map_err(Failure::input)?) } else { None };
            let n = rows.matrix.rows;
            let (mut values, mut notices) = read
                .unwrap_or_else(|| (TargetValues { values: vec![f64::NAN; n], rows: (0..n as u32).collect() }, vec![]));
            let list = std::mem::take(&mut values.rows);
            let everything = list.len() == n;
            let matrix = if everything { rows.matrix } else { rows.matrix.select(&list) };
            let (matrix, found) = encoder.transform(matrix).map_err(Failure::input)?;
            notices.extend(found);
            let rows = Rows { values, weights: None, offset: None };
            Ok(Applied { part: rows.part(list, matrix, &[]), notices })
        }
        (Input::Table(_), Encoder::Features(_)) => {
            Err(Failure::usage("the model was trained on svmlight rows, and this is a table")
                .with_help("convert the file to svmlight, or train on a table"))
        }
        (Input::Rows(_), Encoder::Table(_)) => {
            Err(Failure::usage("the model was trained on a table, and these are svmlight rows")
                .with_help("give a file with the columns of the training file"))
        }
    }
}

fn apply_table(table: &Table, encoder: &TableEncoder, target: &Target, scored: bool) -> Result<Applied, Failure> {
    let schema = encoder.schema();
    let (alignment, _) = schema.align(table).map_err(Failure::input)?;
    let column = |field: Option<usize>| alignment.column(table, field);
    let mut notices = Vec::new();
    let found = column(schema.target);
    let values = match (found, scored) {
        (Some(column), true) => {
            let (values, found) = target.read(column).map_err(Failure::input)?;
            notices.extend(found);
            values
        }
        (None, true) => {
            return Err(Failure::usage(format!(
                "the file has no column `{}`, so there is nothing to score against",
                target.name
            ))
            .with_help("`steepest predict` needs no target"));
        }
        (_, false) => TargetValues { values: vec![f64::NAN; table.rows], rows: (0..table.rows as u32).collect() },
    };
    let named = |field: Option<usize>, what: &str| match (field, column(field)) {
        (Some(at), None) => Err(Failure::usage(format!(
            "the file lacks the column `{}` that was the {what} in training",
            schema.fields[at].name
        ))),
        (Some(at), Some(found)) => Ok(Some((schema.fields[at].name.as_str(), found))),
        (None, _) => Ok(None),
    };
    // Weights matter for scores alone, offsets for every prediction.
    let weights = if scored { named(schema.weights, "weight")? } else { None };
    let offset = named(schema.offset, "offset")?;
    if let Some((name, column)) = weights {
        check_weights(name, column, &values.rows).map_err(Failure::input)?;
    }
    if let Some((name, column)) = offset {
        check_offsets(name, column, &values.rows).map_err(Failure::input)?;
    }
    let owned = |found: Option<(&str, &Column)>| match found {
        Some((_, Column::Number(values))) => Some(values.clone()),
        _ => None,
    };
    let (weights, offset) = (owned(weights), owned(offset));
    let list = values.rows.clone();
    let (matrix, found) = encoder.transform(table, Some(&list)).map_err(Failure::input)?;
    notices.extend(found);
    let ids: Vec<(String, &Column)> = schema
        .ids
        .iter()
        .filter_map(|&at| alignment.column(table, Some(at)).map(|column| (schema.fields[at].name.clone(), column)))
        .collect();
    let rows = Rows { values, weights, offset };
    Ok(Applied { part: rows.part(list, matrix, &ids), notices })
}

/// The weights of the rows of `part` with those of their classes, which are those of the rows of `train`.
pub fn class_weighted(
    part: &Part,
    train: &Part,
    target: &Target,
    text: Option<&str>,
) -> Result<Option<Vec<f64>>, Failure> {
    let Some(text) = text else { return Ok(part.weights.clone()) };
    let weights: ClassWeights = text.parse().map_err(Failure::input)?;
    let of_class = weights.resolve(target, &train.target, train.weights.as_deref()).map_err(Failure::input)?;
    Ok(steepest_data::row_weights(part.weights.as_deref(), &of_class, &part.target))
}
