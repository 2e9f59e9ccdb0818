//! From what was read to what is trained on: roles of columns, the target, the split, the encoder, the parts.

use steepest_data::read::{Input, SvmlightRows};
use steepest_data::{
    By, ClassWeights, Column, Dense, EncodeOptions, Encoder, Matrix, Notice, Portion, Schema, SparseEncoder, Split,
    Table, TableEncoder, Target, TargetChoices, TargetValues, Task, Values, check_offsets, check_weights, group_codes,
    hash_bits, leaks, read_as_levels, split,
};

use crate::failure::Failure;
use crate::options::{Amount, FitOptions, SplitKind};
use crate::say::count;

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
        Input::Rows(rows) => prepare_rows(rows, options, valid),
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
    let parts = cut(&rows.values.rows, by.borrowed(), options, valid, &mut notices)?;

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

fn prepare_rows(input: SvmlightRows, options: &FitOptions, valid: Amount) -> Result<Prepared, Failure> {
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
    let parts = cut(&rows.values.rows, by.borrowed(), options, valid, &mut notices)?;
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

fn choices(options: &FitOptions) -> Result<steepest_data::Choices, Failure> {
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

fn column_of_levels(notice: &Notice) -> Option<String> {
    if let Notice::ReadAsLevels { column, .. } = notice { Some(column.clone()) } else { None }
}

/// Columns whose type the user chose.
fn typed(options: &FitOptions) -> Vec<String> {
    options.data.types.iter().filter_map(|text| text.rsplit_once('=')).map(|(column, _)| column.to_string()).collect()
}

fn target_choices(options: &FitOptions) -> Result<TargetChoices, Failure> {
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

fn no_target(table: &Table) -> Failure {
    let names: Vec<&str> = table.names.iter().map(String::as_str).collect();
    let shown = if names.len() > 12 { format!("{}, …", names[..12].join(", ")) } else { names.join(", ") };
    Failure::usage("no target is given: which column is to be predicted?").with_help(format!(
        "add `--target COLUMN`, or `--target last` for `{}`; the columns are {shown}",
        names.last().unwrap_or(&"")
    ))
}

fn encode_options(options: &FitOptions, reference: bool) -> Result<EncodeOptions, Failure> {
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
fn no_penalty(options: &FitOptions) -> bool {
    use crate::options::Penalty;
    let zero = |penalty: Option<Penalty>| penalty == Some(Penalty::Value(0.0));
    zero(options.model.l2) && (options.model.l1.is_none() || zero(options.model.l1))
}

/// The numbers of an optional column, checked on the rows that count.
fn numbers<E>(
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

/// What a split is by, with its own lists.
enum OwnedBy {
    Random,
    Classes(Vec<u32>),
    Groups(Vec<u32>),
    Time(Vec<f64>),
}

impl OwnedBy {
    fn borrowed(&self) -> By<'_> {
        match self {
            OwnedBy::Random => By::Random,
            OwnedBy::Classes(list) => By::Classes(list),
            OwnedBy::Groups(list) => By::Groups(list),
            OwnedBy::Time(list) => By::Time(list),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            OwnedBy::Random => "random",
            OwnedBy::Classes(_) => "stratified",
            OwnedBy::Groups(_) => "by group",
            OwnedBy::Time(_) => "by time",
        }
    }
}

fn stratified(target: &Target, values: &TargetValues, options: &FitOptions) -> Result<OwnedBy, Failure> {
    match (target.task, options.split.split) {
        (Task::Regression, Some(SplitKind::Stratified)) => {
            Err(Failure::usage("--split stratified needs classes, and the target is a number")
                .with_help("choose random, or say `--task multiclass` if the numbers are classes"))
        }
        (Task::Regression, _) => Ok(OwnedBy::Random),
        _ => Ok(OwnedBy::Classes(values.classes())),
    }
}

fn cut_by(
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

fn cut(
    rows: &[u32],
    by: By<'_>,
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
    notices.extend(found);
    Ok(parts)
}

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
