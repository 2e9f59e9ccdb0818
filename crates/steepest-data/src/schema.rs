//! Which column plays which part: target, weights, offset, group, time, ids, features.
//!
//! A [`Schema`] is made once from the training table and what the person asked for ([`Choices`]), is saved with the model,
//! and finds the same columns again in another file ([`Schema::align`]).

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::cast::cast;
use crate::nearest::suggestion;
use crate::notice::Notice;
use crate::screen::{Reason, screen};
use crate::table::{Column, Table};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Numbers.
    Number,
    /// Categories: words without an order.
    Category,
    /// Points in time.
    Time,
}

impl Kind {
    /// The type of this column.
    pub fn of(column: &Column) -> Kind {
        match column {
            Column::Number(_) => Kind::Number,
            Column::Category { .. } => Kind::Category,
            Column::Time(_) => Kind::Time,
        }
    }

    /// The word for it in options and messages.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Number => "number",
            Kind::Category => "category",
            Kind::Time => "time",
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = SchemaError;

    fn from_str(text: &str) -> Result<Kind, SchemaError> {
        match text.trim().to_lowercase().as_str() {
            "number" | "numeric" | "float" | "int" => Ok(Kind::Number),
            "category" | "categorical" | "string" => Ok(Kind::Category),
            "time" | "date" | "datetime" => Ok(Kind::Time),
            _ => Err(SchemaError::UnknownKind { written: text.to_string() }),
        }
    }
}

/// What the person said about the columns. Each column is given by its name, by `last` or `first`, or by its number
/// counted from 1 (`-1` is the last); a column that is called `last` or `3` wins over that reading.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// What is to be predicted.
    pub target: Option<String>,
    /// The weight of each row.
    pub weights: Option<String>,
    /// A known addend of the linear predictor, such as the log of the exposure.
    pub offset: Option<String>,
    /// Rows with the same value stay on the same side of a split. Not a feature unless kept.
    pub group: Option<String>,
    /// The time by which rows are split, the latest being held out. Not a feature unless kept.
    pub time: Option<String>,
    /// Columns that name the rows: passed through to predictions, never features.
    pub id: Vec<String>,
    /// Columns to leave out.
    pub drop: Vec<String>,
    /// Columns to use as features although they look like ids or text, or serve as group or time.
    pub keep: Vec<String>,
    /// Types that differ from those found in the file.
    pub kinds: Vec<(String, Kind)>,
}

/// A column as the training file had it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
}

/// The part each column of the training file plays, as positions in that file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// All columns of the training file, in its order.
    pub fields: Vec<Field>,
    /// What is predicted.
    pub target: Option<usize>,
    /// The weight of each row.
    pub weights: Option<usize>,
    /// The known addend of the linear predictor.
    pub offset: Option<usize>,
    /// The group that a split keeps together.
    pub group: Option<usize>,
    /// The time by which rows are split.
    pub time: Option<usize>,
    /// Columns that name the rows.
    pub ids: Vec<usize>,
    /// Columns that the model sees.
    pub features: Vec<usize>,
}

/// What is wrong with a choice of columns.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// No column of this name.
    #[error("{option}: there is no column `{written}`{suggestion}")]
    UnknownColumn {
        /// The option that named it.
        option: &'static str,
        /// What was written.
        written: String,
        /// Names that may have been meant.
        suggestion: String,
    },
    /// A number beyond the columns.
    #[error("{option}: there is no column {written}; the file has {columns} columns, counted from 1")]
    NumberOutOfRange {
        /// The option that named it.
        option: &'static str,
        /// What was written.
        written: String,
        /// Number of columns.
        columns: usize,
    },
    /// Several columns have this name.
    #[error("{option}: several columns are called `{written}` (numbers {}); give the number", numbers(.positions))]
    Ambiguous {
        /// The option that named it.
        option: &'static str,
        /// What was written.
        written: String,
        /// Their numbers, counted from 1.
        positions: Vec<usize>,
    },
    /// One column for two parts that exclude each other.
    #[error("column `{column}` is given as {first} and as {second}; it can be one of them only")]
    TwoParts {
        /// Name of the column.
        column: String,
        /// One option.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// The column does not have the type that its part needs.
    #[error("{option}: column `{column}` holds {found}, {expected} expected")]
    WrongKind {
        /// The option that named it.
        option: &'static str,
        /// Name of the column.
        column: String,
        /// Its type.
        found: &'static str,
        /// The types that would do.
        expected: &'static str,
    },
    /// A value that cannot be read as the type asked for.
    #[error("column `{column}`, row {row}: `{value}` cannot be read as a {kind}")]
    Cast {
        /// Name of the column.
        column: String,
        /// Number of the row, counted from 1 behind the header.
        row: usize,
        /// What stands there.
        value: String,
        /// The type asked for.
        kind: &'static str,
    },
    /// A word that names no type.
    #[error("`{written}` is no type of column; there are number, category and time")]
    UnknownKind {
        /// What was written.
        written: String,
    },
    /// Nothing is left to learn from.
    #[error("no column is left as a feature{}", what_was_left(.left_out))]
    NoFeatures {
        /// Columns that were left out without being asked to.
        left_out: Vec<String>,
    },
    /// A new file lacks columns that the model needs.
    #[error("the file lacks columns that the model was trained on: {}{suggestion}", names.join(", "))]
    MissingColumns {
        /// Their names.
        names: Vec<String>,
        /// Names in the file that may have been meant for the first.
        suggestion: String,
    },
    /// A file without header has too few or too many columns to match by position.
    #[error("the file has {found} columns, {expected} expected as in training (or {} without the target); without a header they can only be matched by position", expected - 1)]
    ColumnCount {
        /// Columns of the file.
        found: usize,
        /// Columns of the training file.
        expected: usize,
    },
}

fn numbers(positions: &[usize]) -> String {
    positions.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

fn what_was_left(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!("; left out were {} (`--keep NAME` uses one)", names.join(", "))
}

impl Schema {
    /// Gives every column its part, after changing types where asked (the table's columns are then replaced).
    ///
    /// Columns that look like ids, free text or are all missing are left out with a notice unless they are kept by name; see
    /// the module `screen` for the rules. If nothing else is left, number columns that look like ids are used after all.
    /// Cost: one pass over the columns.
    pub fn resolve(table: &mut Table, choices: &Choices) -> Result<(Schema, Vec<Notice>), SchemaError> {
        for (written, kind) in &choices.kinds {
            let at = find(table, written, "--types")?;
            table.columns[at] = cast(&table.names[at], &table.columns[at], *kind)?;
        }
        let table = &*table;
        let one = |option, choice: &Option<String>| choice.as_ref().map(|w| find(table, w, option)).transpose();
        let many =
            |option, list: &[String]| list.iter().map(|w| find(table, w, option)).collect::<Result<Vec<usize>, _>>();
        let target = one("--target", &choices.target)?;
        let weights = one("--weights", &choices.weights)?;
        let offset = one("--offset", &choices.offset)?;
        let group = one("--group", &choices.group)?;
        let time = one("--time", &choices.time)?;
        let ids = many("--id", &choices.id)?;
        let drop = many("--drop", &choices.drop)?;
        let keep = many("--keep", &choices.keep)?;

        for (option, at) in [("--weights", weights), ("--offset", offset)] {
            expect(table, option, at, &[Kind::Number], "numbers")?;
        }
        expect(table, "--time", time, &[Kind::Number, Kind::Time], "numbers or times")?;
        let single = [("--target", target), ("--weights", weights), ("--offset", offset), ("--group", group)];
        let mut parts: Vec<(&'static str, usize)> = single.iter().filter_map(|&(o, at)| Some((o, at?))).collect();
        parts.extend(time.map(|at| ("--time", at)));
        for list in [("--id", &ids), ("--drop", &drop), ("--keep", &keep)] {
            parts.extend(list.1.iter().map(|&at| (list.0, at)));
        }
        exclusive(table, &parts)?;

        let taken = |at: usize| {
            [target, weights, offset].contains(&Some(at))
                || ids.contains(&at)
                || drop.contains(&at)
                || ([group, time].contains(&Some(at)) && !keep.contains(&at))
        };
        let mut features = Vec::new();
        let mut rescued = Vec::new();
        let mut notices = Vec::new();
        let mut names = Vec::new();
        for at in (0..table.columns.len()).filter(|&at| !taken(at)) {
            let found = screen(&table.names[at], &table.columns[at], keep.contains(&at));
            let Some(reason) = found else {
                features.push(at);
                continue;
            };
            names.push(table.names[at].clone());
            if matches!((&reason, &table.columns[at]), (Reason::Id(_), Column::Number(_))) {
                rescued.push(at);
            }
            notices.push(reason.notice(&table.names[at]));
        }
        if features.is_empty() && !rescued.is_empty() {
            let used: Vec<&String> = rescued.iter().map(|&at| &table.names[at]).collect();
            notices.retain(|n| !matches!(n, Notice::Id { column, .. } if used.contains(&column)));
            features = rescued;
        }
        if features.is_empty() {
            return Err(SchemaError::NoFeatures { left_out: names });
        }
        let fields = table.names.iter().zip(&table.columns);
        let fields = fields.map(|(name, column)| Field { name: name.clone(), kind: Kind::of(column) }).collect();
        Ok((Schema { fields, target, weights, offset, group, time, ids, features }, notices))
    }

    /// Finds the columns of training in another table: by name, the k-th of a name being the k-th there, in any order;
    /// by position where either file has no header (all its names are `c1`, `c2`, …). Columns that training did not have are
    /// ignored. Target, weights, offset, group, time and ids may be absent, features may not.
    pub fn align(&self, table: &Table) -> Result<(Alignment, Vec<Notice>), SchemaError> {
        let mine = self.fields.iter().map(|f| f.name.as_str());
        let theirs = table.names.iter().map(String::as_str);
        if generic(mine.clone()) || generic(theirs.clone()) {
            return self.align_by_position(table);
        }
        let mut taken = vec![false; table.names.len()];
        let at: Vec<Option<usize>> = mine
            .map(|name| {
                let found = (0..taken.len()).find(|&k| !taken[k] && table.names[k] == name)?;
                taken[found] = true;
                Some(found)
            })
            .collect();
        let lacking: Vec<String> =
            self.features.iter().filter(|&&f| at[f].is_none()).map(|&f| self.fields[f].name.clone()).collect();
        if let Some(first) = lacking.first() {
            let free = table.names.iter().zip(&taken).filter(|(_, taken)| !**taken).map(|(name, _)| name.as_str());
            let suggestion = if free.clone().next().is_some() { suggestion(first, free) } else { String::new() };
            return Err(SchemaError::MissingColumns { names: lacking, suggestion });
        }
        let columns: Vec<String> =
            table.names.iter().zip(&taken).filter(|(_, taken)| !**taken).map(|(name, _)| name.clone()).collect();
        let notices = if columns.is_empty() { vec![] } else { vec![Notice::ExtraColumns { columns }] };
        Ok((Alignment { at }, notices))
    }

    fn align_by_position(&self, table: &Table) -> Result<(Alignment, Vec<Notice>), SchemaError> {
        let expected = self.fields.len();
        let found = table.names.len();
        let same_names = self.fields.iter().map(|f| &f.name).eq(table.names.iter());
        if found == expected {
            let notices = if same_names { vec![] } else { vec![Notice::MatchedByPosition { without_target: false }] };
            return Ok((Alignment { at: (0..expected).map(Some).collect() }, notices));
        }
        match self.target {
            Some(target) if found + 1 == expected => {
                let at = (0..expected).map(|k| if k == target { None } else { Some(k - usize::from(k > target)) });
                Ok((Alignment { at: at.collect() }, vec![Notice::MatchedByPosition { without_target: true }]))
            }
            _ => Err(SchemaError::ColumnCount { found, expected }),
        }
    }
}

/// Where each column of training stands in another table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alignment {
    /// Position there of each column of [`Schema::fields`]; `None` where it is absent.
    pub at: Vec<Option<usize>>,
}

impl Alignment {
    /// The column of `table` that plays the part of training column `field`.
    pub fn column<'t>(&self, table: &'t Table, field: Option<usize>) -> Option<&'t Column> {
        table.columns.get(self.at[field?]?)
    }
}

/// Whether names are those given to a file without header: `c1`, `c2`, ….
fn generic<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    names.enumerate().all(|(k, name)| name.strip_prefix('c').and_then(|d| d.parse().ok()) == Some(k + 1))
}

/// The position of the column that `written` means; `option` is named in the error.
pub(crate) fn find(table: &Table, written: &str, option: &'static str) -> Result<usize, SchemaError> {
    let positions: Vec<usize> = (0..table.names.len()).filter(|&k| table.names[k] == written).collect();
    match positions[..] {
        [at] => return Ok(at),
        [] => {}
        _ => {
            let positions = positions.iter().map(|k| k + 1).collect();
            return Err(SchemaError::Ambiguous { option, written: written.to_string(), positions });
        }
    }
    let trimmed = written.trim();
    let columns = table.names.len();
    if let Some(at) = table.names.iter().position(|n| n.trim() == trimmed) {
        return Ok(at);
    }
    if columns > 0 && trimmed == "last" {
        return Ok(columns - 1);
    }
    if columns > 0 && trimmed == "first" {
        return Ok(0);
    }
    if let Ok(number) = trimmed.parse::<i64>() {
        let at = if number < 0 { columns as i64 + number } else { number - 1 };
        if number != 0 && (0..columns as i64).contains(&at) {
            return Ok(at as usize);
        }
        return Err(SchemaError::NumberOutOfRange { option, written: trimmed.to_string(), columns });
    }
    let suggestion = suggestion(trimmed, table.names.iter().map(String::as_str));
    Err(SchemaError::UnknownColumn { option, written: trimmed.to_string(), suggestion })
}

fn expect(
    table: &Table,
    option: &'static str,
    at: Option<usize>,
    kinds: &[Kind],
    expected: &'static str,
) -> Result<(), SchemaError> {
    let Some(at) = at else { return Ok(()) };
    let kind = Kind::of(&table.columns[at]);
    if kinds.contains(&kind) {
        return Ok(());
    }
    let found = match kind {
        Kind::Number => "numbers",
        Kind::Category => "words",
        Kind::Time => "times",
    };
    Err(SchemaError::WrongKind { option, column: table.names[at].clone(), found, expected })
}

/// Refuses a column with two parts. Group, time and id may be one column, and group and time may also be kept as features.
fn exclusive(table: &Table, parts: &[(&'static str, usize)]) -> Result<(), SchemaError> {
    let together = |a, b| {
        let shared = |o: &str| ["--group", "--time", "--id"].contains(&o);
        a == b || (shared(a) && shared(b)) || (["--group", "--time"].contains(&a) && ["--keep", "--drop"].contains(&b))
    };
    for (k, &(first, at)) in parts.iter().enumerate() {
        if let Some(&(second, _)) = parts[k + 1..].iter().find(|&&(o, other)| other == at && !together(first, o)) {
            return Err(SchemaError::TwoParts { column: table.names[at].clone(), first, second });
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
