//! From what was read to what is trained on: roles of columns, the target, the split, the encoder, the parts.

mod applied;
mod chosen;
mod cut;
mod rows;

use steepest_data::read::Input;
use steepest_data::{
    Column, Dense, Encoder, Matrix, Notice, Schema, Table, TableEncoder, Target, TargetValues, Task, Values,
    check_offsets, check_weights, leaks, read_as_levels,
};

use crate::failure::Failure;
use crate::options::{Amount, FitOptions};
pub use applied::{apply, class_weighted};
use chosen::{choices, column_of_levels, encode_options, no_penalty, no_target, numbers, target_choices, typed};
use cut::{cut, cut_by};
pub use rows::refuse_dimension;

/// Rows of the data, encoded.
#[derive(Debug)]
pub struct Part {
    /// Position of each row in what was read, from 0.
    pub rows: Vec<u32>,
    /// The features.
    pub matrix: Matrix,
    /// The target: numbers, or indices of classes.
    pub target: Vec<f64>,
    /// The weight of each row; `None` when all are 1.
    pub weights: Option<Vec<f64>>,
    /// What is added to the linear predictor; `None` when nothing is.
    pub offset: Option<Vec<f64>>,
    /// The columns that are passed through to predictions.
    pub ids: Vec<(String, Column)>,
}

impl Part {
    /// Moves the features out; none stand in their place.
    pub fn take_matrix(&mut self) -> Matrix {
        let none = Matrix::Dense(Dense { rows: 0, cols: 0, values: Values::Ones(0) });
        std::mem::replace(&mut self.matrix, none)
    }
}

/// Everything a fit needs of the data.
#[derive(Debug)]
pub struct Prepared {
    /// How columns become numbers.
    pub encoder: Encoder,
    /// What is predicted.
    pub target: Target,
    /// The rows trained on.
    pub train: Part,
    /// The rows that choose.
    pub valid: Option<Part>,
    /// The rows of the final score.
    pub test: Option<Part>,
    /// What a person should know.
    pub notices: Vec<Notice>,
    /// How the held-back rows were drawn: `stratified`, `random`, `by group`, `by time`, `given`.
    pub how: &'static str,
    /// Columns of the file that are features.
    pub raw_features: usize,
    /// Columns of whole numbers that are read as categories, since a line misses what they tell.
    pub as_levels: Vec<String>,
}

/// The row columns of a table or of sparse rows, before encoding.
struct Rows {
    values: TargetValues,
    weights: Option<Vec<f64>>,
    offset: Option<Vec<f64>>,
}

impl Rows {
    /// The encoded rows with what goes with them.
    fn part(&self, rows: Vec<u32>, matrix: Matrix, ids: &[(String, &Column)]) -> Part {
        let gather = |list: &Vec<f64>| rows.iter().map(|&i| list[i as usize]).collect::<Vec<f64>>();
        Part {
            matrix,
            target: self.values.gather(&rows),
            weights: self.weights.as_ref().map(gather),
            offset: self.offset.as_ref().map(gather),
            ids: ids.iter().map(|(name, column)| (name.clone(), select(column, &rows))).collect(),
            rows,
        }
    }
}

/// The given rows of a column.
pub fn select(column: &Column, rows: &[u32]) -> Column {
    match column {
        Column::Number(v) => Column::Number(rows.iter().map(|&i| v[i as usize]).collect()),
        Column::Time(v) => Column::Time(rows.iter().map(|&i| v[i as usize]).collect()),
        Column::Category { codes, levels } => {
            Column::Category { codes: rows.iter().map(|&i| codes[i as usize]).collect(), levels: levels.clone() }
        }
    }
}

/// Prepares a fit. `valid` is the share that choosing needs where the user named none.
pub fn prepare(input: Input, options: &FitOptions, valid: Amount) -> Result<Prepared, Failure> {
    match input {
        Input::Table(table) => prepare_table(table, options, valid),
        Input::Rows(rows) => rows::prepare_rows(rows, options, valid),
    }
}

fn prepare_table(mut table: Table, options: &FitOptions, valid: Amount) -> Result<Prepared, Failure> {
    let (mut schema, mut notices) = Schema::resolve(&mut table, &choices(options)?).map_err(Failure::input)?;
    let Some(at) = schema.target else { return Err(no_target(&table)) };
    let found = Target::detect(&table.names[at], &table.columns[at], &target_choices(options)?);
    let (target, values, found) = found.map_err(Failure::input)?;
    notices.extend(found);
    notices.extend(leaks(&table, &schema, &target, &values));
    let weights = numbers(&table, schema.weights, &values.rows, check_weights).map_err(Failure::input)?;
    let offset = numbers(&table, schema.offset, &values.rows, check_offsets).map_err(Failure::input)?;
    let rows = Rows { values, weights, offset };
    let (by, how) = cut_by(&table, &schema, &target, &rows.values, options)?;
    let parts = cut(&rows.values.rows, by.borrowed(), &target, options, valid, &mut notices)?;

    // Several classes have no one number that a line could follow.
    let levels = if target.task == Task::Multiclass {
        vec![]
    } else {
        let y = rows.values.gather(&parts.train);
        read_as_levels(&mut table, &mut schema, &y, &parts.train, &typed(options))
    };
    let as_levels = levels.iter().filter_map(column_of_levels).collect();
    notices.extend(levels);

    let encode = encode_options(options, schema.target.is_some() && no_penalty(options))?;
    let fitted = TableEncoder::fit(&table, schema, &parts.train, rows.weights.as_deref(), &encode);
    let (encoder, found) = fitted.map_err(Failure::input)?;
    notices.extend(found);
    let lists: Vec<&[u32]> = vec![&parts.train, &parts.valid, &parts.test];
    let (mut matrices, found) = encoder.transform_parts(&table, &lists).map_err(Failure::input)?;
    notices.extend(found);
    let schema = encoder.schema();
    let ids: Vec<(String, &Column)> =
        schema.ids.iter().map(|&at| (table.names[at].clone(), &table.columns[at])).collect();
    let [train, valid, test] = [matrices.remove(0), matrices.remove(0), matrices.remove(0)];
    let raw_features = encoder.raw_columns();
    let train = rows.part(parts.train, train, &ids);
    let valid = (!parts.valid.is_empty()).then(|| rows.part(parts.valid, valid, &ids));
    let test = (!parts.test.is_empty()).then(|| rows.part(parts.test, test, &ids));
    let encoder = Encoder::Table(encoder);
    Ok(Prepared { encoder, target, train, valid, test, notices, how, raw_features, as_levels })
}
