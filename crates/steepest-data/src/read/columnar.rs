//! Parquet and Arrow IPC to a table, column by column in parallel.
//!
//! Numbers of all kinds, decimals and durations (in seconds) become numbers; dates and timestamps times; strings, booleans and
//! dictionaries of them categories. Nulls are missing, and so are NaN and the strings that are missing markers. Columns of other
//! types (lists, structures, binary) are left out with a warning. Places are rows here, counted from 1.

mod values;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use rayon::prelude::*;

use super::Read;
use super::chunk::{Numeric, Rules};
use super::content::{self, Compression, Content, Family};
use super::dialect;
use super::error::{Place, ReadError, Warning};
use super::levels::Levels;
use super::options::{Format, Kind, ReadOptions, Separator};
use super::source::Source;
use super::time;
use crate::table::{Column, MISSING, Table};

const BATCH: usize = 1 << 16;

/// A column over all files.
#[derive(Debug)]
struct Whole {
    store: Store,
    rows: usize,
    nan: usize,
    infinite: Option<(usize, f64)>,
}

#[derive(Debug)]
enum Store {
    Number(Vec<f64>),
    Time(Vec<f64>),
    Words(Vec<u32>, Levels),
    LeftOut,
}

/// How the values of a type are taken.
fn store(kind: &DataType) -> Store {
    match kind {
        DataType::Boolean | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            Store::Words(Vec::new(), Levels::default())
        }
        DataType::Dictionary(_, value) => store(value),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Store::Time(Vec::new()),
        DataType::Null | DataType::Duration(_) | DataType::Time32(_) | DataType::Time64(_) => Store::Number(Vec::new()),
        kind if kind.is_numeric() => Store::Number(Vec::new()),
        _ => Store::LeftOut,
    }
}

/// The decoders panic on some damaged files; that too is an error like any other.
pub(super) fn read(
    sources: &[Source],
    first: Content,
    options: &ReadOptions,
    warnings: &mut Vec<Warning>,
) -> Result<(Table, Vec<Read>), ReadError> {
    let format = if first.family == Family::Parquet { Format::Parquet } else { Format::Arrow };
    let decoded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| decode(sources, first, options, warnings)));
    decoded.unwrap_or_else(|_| {
        let file = sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
        Err(ReadError::Columnar { file, format, problem: "it contradicts itself; the file is damaged".into() })
    })
}

fn decode(
    sources: &[Source],
    first: Content,
    options: &ReadOptions,
    warnings: &mut Vec<Warning>,
) -> Result<(Table, Vec<Read>), ReadError> {
    let mut first = Some(first);
    let mut names: Vec<String> = Vec::new();
    let mut schema: Vec<DataType> = Vec::new();
    let mut columns: Vec<Whole> = Vec::new();
    let mut files = Vec::new();
    for source in sources {
        let content = match first.take() {
            Some(content) => content,
            None => content::open(source)?,
        };
        let mismatch = |problem: String| ReadError::Mismatch {
            file: source.name.clone(),
            first: sources[0].name.clone(),
            problem,
        };
        let format = match content.family {
            Family::Parquet => Format::Parquet,
            Family::ArrowFile | Family::ArrowStream => Format::Arrow,
            Family::Text => return Err(mismatch("this is a text file".into())),
        };
        let compression = content.compression;
        let broken = |problem: String| ReadError::Columnar { file: source.name.clone(), format, problem };
        warnings.extend(content.warnings.iter().cloned());
        let mut begin = |found: &Schema| -> Result<Vec<usize>, ReadError> {
            let found_names: Vec<String> = found.fields().iter().map(|f| f.name().clone()).collect();
            let found_kinds: Vec<DataType> = found.fields().iter().map(|f| f.data_type().clone()).collect();
            if schema.is_empty() {
                names = dialect::unique(found_names, &source.name, warnings);
                columns =
                    found_kinds.iter().map(|k| Whole { store: store(k), rows: 0, nan: 0, infinite: None }).collect();
                for name in &options.drop {
                    columns[position(&names, name)?].store = Store::LeftOut;
                }
                for ((name, kind), column) in names.iter().zip(&found_kinds).zip(&columns) {
                    if matches!(column.store, Store::LeftOut) && !options.drop.contains(name) {
                        let kind = kind.to_string();
                        warnings.push(Warning::LeftOut { file: source.name.clone(), name: name.clone(), kind });
                    }
                }
                schema = found_kinds;
            } else if let Some(problem) =
                differs(&names, &schema, &dialect::unique(found_names, "", &mut Vec::new()), &found_kinds)
            {
                return Err(mismatch(problem));
            }
            Ok((0..columns.len()).filter(|&j| !matches!(columns[j].store, Store::LeftOut)).collect())
        };
        let rules = rules(options);
        let rows = if content.family == Family::ArrowStream {
            let reader = StreamReader::try_new(content.reader, None).map_err(|e| unwrap(e, &broken))?;
            let wanted = begin(&reader.schema())?;
            batches(reader, &mut columns, &wanted, &rules).map_err(|e| unwrap(e, &broken))?
        } else {
            let (path, _kept) = on_disk(source, content)?;
            let open = || File::open(&path).map_err(|e| source.io(e));
            if format == Format::Arrow {
                let reader = FileReader::try_new(open()?, None).map_err(|e| unwrap(e, &broken))?;
                let wanted = begin(&reader.schema())?;
                batches(reader, &mut columns, &wanted, &rules).map_err(|e| unwrap(e, &broken))?
            } else {
                let metadata =
                    ArrowReaderMetadata::load(&open()?, Default::default()).map_err(|e| broken(e.to_string()))?;
                begin(metadata.schema())?;
                parquet(&path, &metadata, &mut columns, &rules).map_err(|e| unwrap(e, &broken))?
            }
        };
        files.push(Read { rows, compression });
    }
    let rows: usize = files.iter().map(|f| f.rows).sum();
    if rows == 0 {
        return Err(ReadError::HeaderOnly { file: sources[0].name.clone(), columns: names.len() });
    }
    let place = |row: usize| {
        let (mut row, mut k) = (row, 0);
        while k + 1 < files.len() && row >= files[k].rows {
            row -= files[k].rows;
            k += 1;
        }
        Place { file: sources[k].name.clone(), line: row as u64 + 1, column: 0 }
    };
    let table = finish(names, columns, rows, options, &place, warnings)?;
    Ok((table, files))
}

/// What text fields are judged by, for strings and for the missing markers.
fn rules(options: &ReadOptions) -> Rules {
    dialect::rules(Separator::Byte(b','), options)
}

fn position(names: &[String], name: &str) -> Result<usize, ReadError> {
    let unknown = || ReadError::UnknownColumn { name: name.into(), columns: names.to_vec() };
    names.iter().position(|n| n == name).ok_or_else(unknown)
}

fn differs(names: &[String], kinds: &[DataType], other: &[String], other_kinds: &[DataType]) -> Option<String> {
    if names.len() != other.len() {
        return Some(format!("expected {} columns, found {}", names.len(), other.len()));
    }
    if let Some((a, b)) = names.iter().zip(other).find(|(a, b)| a != b) {
        return Some(format!("expected the column name `{a}`, found `{b}`"));
    }
    let alike = |a: &DataType, b: &DataType| std::mem::discriminant(&store(a)) == std::mem::discriminant(&store(b));
    let j = (0..kinds.len()).find(|&j| !alike(&kinds[j], &other_kinds[j]))?;
    Some(format!("column `{}` has the type {} in place of {}", names[j], other_kinds[j], kinds[j]))
}

/// What a decoder complains of; an error of the decompressor beneath it comes through unchanged.
fn unwrap(error: ArrowError, broken: &dyn Fn(String) -> ReadError) -> ReadError {
    match error {
        ArrowError::IoError(message, source) => match source.downcast::<ReadError>() {
            Ok(inner) => inner,
            Err(_) => broken(message),
        },
        other => broken(other.to_string()),
    }
}

/// A path under which the bytes can be read at any position, counted and hashed on the way.
fn on_disk(source: &Source, mut content: Content) -> Result<(PathBuf, Option<tempfile::NamedTempFile>), ReadError> {
    if let (Compression::None, Some(path)) = (content.compression, source.regular()) {
        let path = path.to_owned();
        let mut buffer = vec![0; 1 << 20];
        while content.reader.read(&mut buffer).map_err(|e| source.io(e))? > 0 {}
        return Ok((path, None));
    }
    let mut kept = tempfile::NamedTempFile::new().map_err(|e| source.io(e))?;
    io::copy(&mut content.reader, &mut kept).map_err(|e| source.io(e))?;
    Ok((kept.path().to_owned(), Some(kept)))
}

fn batches(
    reader: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    columns: &mut [Whole],
    wanted: &[usize],
    rules: &Rules,
) -> Result<usize, ArrowError> {
    let mut rows = 0;
    for batch in reader {
        let batch = batch?;
        rows += batch.num_rows();
        columns
            .par_iter_mut()
            .enumerate()
            .filter(|(j, _)| wanted.binary_search(j).is_ok())
            .map(|(j, column)| column.append(batch.column(j), rules))
            .collect::<Result<Vec<()>, ArrowError>>()?;
    }
    Ok(rows)
}

/// Every column is decoded by itself, through all row groups.
fn parquet(
    path: &Path,
    metadata: &ArrowReaderMetadata,
    columns: &mut [Whole],
    rules: &Rules,
) -> Result<usize, ArrowError> {
    let rows = usize::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or(0);
    let decode = |j: usize, column: &mut Whole| -> Result<(), ArrowError> {
        let before = column.rows;
        match &mut column.store {
            Store::LeftOut => return Ok(()),
            Store::Number(v) | Store::Time(v) => v.reserve_exact(rows),
            Store::Words(codes, _) => codes.reserve_exact(rows),
        }
        let mask = ProjectionMask::roots(metadata.metadata().file_metadata().schema_descr(), [j]);
        let file = File::open(path)?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone());
        for batch in builder.with_projection(mask).with_batch_size(BATCH).build()? {
            column.append(batch?.column(0), rules)?;
        }
        if column.rows - before != rows {
            let found = column.rows - before;
            return Err(ArrowError::ParquetError(format!("column {} has {found} of {rows} rows", j + 1)));
        }
        Ok(())
    };
    columns.par_iter_mut().enumerate().map(|(j, c)| decode(j, c)).collect::<Result<Vec<()>, ArrowError>>()?;
    Ok(rows)
}

impl Whole {
    fn append(&mut self, array: &ArrayRef, rules: &Rules) -> Result<(), ArrowError> {
        let before = self.rows;
        self.rows += array.len();
        let (nan, infinite) = (&mut self.nan, &mut self.infinite);
        let mut row = before;
        let mut number = |v: Option<f64>| -> f64 {
            row += 1;
            let Some(v) = v.filter(|&v| !rules.missing.is_number(v)) else { return f64::NAN };
            *nan += usize::from(v.is_nan());
            if v.is_infinite() {
                infinite.get_or_insert((row - 1, v));
            }
            v
        };
        match &mut self.store {
            Store::LeftOut => Ok(()),
            Store::Words(codes, levels) => words(array, codes, levels, rules),
            Store::Time(out) => values::seconds(array, &mut |t| out.push(t)),
            Store::Number(out) => match array.data_type() {
                DataType::Null => {
                    out.resize(out.len() + array.len(), f64::NAN);
                    Ok(())
                }
                DataType::Duration(_) | DataType::Time32(_) | DataType::Time64(_) => {
                    values::seconds(array, &mut |t| out.push(t))
                }
                _ => values::numbers(array, &mut |v| out.push(number(v))),
            },
        }
    }
}

fn words(array: &ArrayRef, codes: &mut Vec<u32>, levels: &mut Levels, rules: &Rules) -> Result<(), ArrowError> {
    let mut code =
        |word: &str| if rules.missing.is(word.trim().as_bytes()) { MISSING } else { levels.code(word.as_bytes()) };
    if !matches!(array.data_type(), DataType::Dictionary(..)) {
        return values::words(array, &mut |word| codes.push(word.map_or(MISSING, &mut code)));
    }
    let mut words: Vec<Option<String>> = Vec::new();
    values::words(array, &mut |word| words.push(word.map(String::from)))?;
    // Words get their codes when a row first uses them, so that the order is that of the rows.
    let mut known: Vec<Option<u32>> = vec![None; words.len()];
    for key in values::keys(array) {
        codes.push(match key.and_then(|k| Some((k, words[k].as_ref()?))) {
            Some((k, word)) => *known[k].get_or_insert_with(|| code(word)),
            None => MISSING,
        });
    }
    Ok(())
}

fn finish(
    names: Vec<String>,
    columns: Vec<Whole>,
    rows: usize,
    options: &ReadOptions,
    place: &dyn Fn(usize) -> Place,
    warnings: &mut Vec<Warning>,
) -> Result<Table, ReadError> {
    for (name, _) in &options.kinds {
        position(&names, name)?;
    }
    let rules = rules(options);
    let mut table = Table { rows, ..Table::default() };
    for (name, whole) in names.into_iter().zip(columns) {
        if let Some((row, value)) = whole.infinite {
            return Err(ReadError::NotFinite { place: place(row), name, text: value.to_string() });
        }
        if whole.nan > 0 {
            warnings.push(Warning::NanIsMissing { name: name.clone(), rows: whole.nan });
        }
        let column = match whole.store {
            Store::LeftOut => continue,
            Store::Number(v) => Column::Number(v),
            Store::Time(v) => Column::Time(v),
            Store::Words(codes, levels) => {
                let levels = levels.iter().map(|w| String::from_utf8_lossy(w).into_owned()).collect();
                Column::Category { codes, levels }
            }
        };
        let column = match options.kinds.iter().rev().find(|(n, _)| *n == name) {
            Some((_, kind)) => convert(column, *kind, &rules).map_err(|(row, text)| {
                let (place, name, kind) = (place(row), name.clone(), *kind);
                ReadError::NotOfKind { place, name, text, kind }
            })?,
            None => column,
        };
        if column.missing() == rows {
            warnings.push(Warning::AllMissing { name: name.clone() });
        }
        table.names.push(name);
        table.columns.push(column);
    }
    Ok(table)
}

/// A column as the type asked for; or the first row that is not, and what it holds.
fn convert(column: Column, kind: Kind, rules: &Rules) -> Result<Column, (usize, String)> {
    match (column, kind) {
        (Column::Number(v), Kind::Category | Kind::Text) => {
            let mut levels = Levels::default();
            let codes =
                v.iter().map(|v| if v.is_nan() { MISSING } else { levels.code(v.to_string().as_bytes()) }).collect();
            let levels = levels.iter().map(|w| String::from_utf8_lossy(w).into_owned()).collect();
            Ok(Column::Category { codes, levels })
        }
        (Column::Category { codes, levels }, Kind::Number | Kind::Time) => {
            let value = |word: &String| match (kind, rules.numeric(word.trim().as_bytes())) {
                (Kind::Number, Numeric::Finite(v)) => Some(v),
                (Kind::Time, _) => time::parse(word.trim().as_bytes()),
                _ => None,
            };
            let values: Vec<Option<f64>> = levels.iter().map(value).collect();
            let mut out = Vec::with_capacity(codes.len());
            for (row, &code) in codes.iter().enumerate() {
                out.push(match code {
                    MISSING => f64::NAN,
                    code => values[code as usize].ok_or_else(|| (row, levels[code as usize].clone()))?,
                });
            }
            Ok(if kind == Kind::Number { Column::Number(out) } else { Column::Time(out) })
        }
        (Column::Time(v), Kind::Category | Kind::Text) => {
            let mut levels = Levels::default();
            let codes =
                v.iter().map(|&v| if v.is_nan() { MISSING } else { levels.code(time::write(v).as_bytes()) }).collect();
            let levels = levels.iter().map(|w| String::from_utf8_lossy(w).into_owned()).collect();
            Ok(Column::Category { codes, levels })
        }
        // Whether a number counts seconds, milliseconds or days cannot be known, nor which of them is wanted.
        (Column::Number(v), Kind::Time) => match v.iter().position(|v| !v.is_nan()) {
            Some(row) => Err((row, v[row].to_string())),
            None => Ok(Column::Time(v)),
        },
        (Column::Time(v), Kind::Number) => match v.iter().position(|v| !v.is_nan()) {
            Some(row) => Err((row, time::write(v[row]))),
            None => Ok(Column::Number(v)),
        },
        (column, _) => Ok(column),
    }
}
