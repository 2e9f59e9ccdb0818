//! The columns of a table, made ready to be written as features row by row.

use std::borrow::Cow;
use std::collections::HashMap;
use std::f64::consts::TAU;

use xxhash_rust::xxh3::xxh3_64;

use super::calendar::Parts;
use super::{EncodeError, Encoding, TableEncoder, YearScale};
use crate::cast::cast;
use crate::notice::Notice;
use crate::schema::{Alignment, Kind, SchemaError};
use crate::table::{Column, MISSING, Table};

/// No feature: the reference level, or an unseen one where there is no `other`.
const NONE: u32 = u32::MAX;

/// A column with the features its values become; `first` is the index of the first of them.
pub(crate) enum Cells<'a> {
    Number {
        values: &'a [f64],
        shift: f64,
        scale: f64,
        fill: f64,
        missing: bool,
        first: u32,
    },
    /// `to[code]` is the feature of a level.
    Category {
        codes: &'a [u32],
        to: Vec<u32>,
        missing: u32,
    },
    Time {
        values: &'a [f64],
        year: Option<YearScale>,
        month: [u32; 13],
        weekday: [u32; 8],
        hours: u32,
        missing: u32,
        first: u32,
    },
    /// All hashed columns together, since they share features.
    Hashed {
        columns: Vec<HashedColumn<'a>>,
    },
}

/// A column with the bucket and sign of each level.
pub(crate) struct HashedColumn<'a> {
    codes: &'a [u32],
    to: Vec<(u32, f64)>,
    missing: (u32, f64),
}

/// The columns of `table` that the encoder needs, each in the type it had in training.
pub(crate) fn matching<'t>(
    encoder: &TableEncoder,
    table: &'t Table,
    alignment: &Alignment,
) -> Result<Vec<Cow<'t, Column>>, EncodeError> {
    let column = |field: usize| {
        let expected = encoder.schema.fields[field].kind;
        let name = &encoder.schema.fields[field].name;
        let column = alignment.column(table, Some(field)).ok_or_else(|| {
            EncodeError::Schema(SchemaError::MissingColumns { names: vec![name.clone()], suggestion: String::new() })
        })?;
        let found = Kind::of(column);
        let mendable = matches!((found, expected), (Kind::Number, Kind::Category) | (Kind::Category, Kind::Number));
        if found == expected {
            Ok(Cow::Borrowed(column))
        } else if mendable {
            Ok(Cow::Owned(cast(name, column, expected)?))
        } else if column.missing() == column.len() {
            let nothing = Column::Number(vec![f64::NAN; column.len()]);
            Ok(Cow::Owned(cast(name, &nothing, expected)?))
        } else {
            Err(EncodeError::OtherKind { column: name.clone(), found: plural(found), expected: plural(expected) })
        }
    };
    encoder.columns.iter().map(|c| column(c.field)).collect()
}

fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "numbers",
        Kind::Category => "words",
        Kind::Time => "times",
    }
}

/// Resolves levels to features once, so that rows only look up codes; notices what the rows of `parts` have and training did
/// not.
pub(crate) fn plan<'a>(
    encoder: &TableEncoder,
    columns: &'a [Cow<'_, Column>],
    parts: &[&[u32]],
    notices: &mut Vec<Notice>,
) -> Vec<Cells<'a>> {
    let mut first = 0;
    let mut cells = Vec::with_capacity(columns.len());
    let mut hashed = Vec::new();
    let plain: u32 = encoder.columns.iter().map(|c| c.encoding.width() as u32).sum();
    for (c, column) in encoder.columns.iter().zip(columns) {
        let name = &encoder.schema.fields[c.field].name;
        match (&c.encoding, &**column) {
            (&Encoding::Number { shift, scale, fill, missing }, Column::Number(values)) => {
                cells.push(Cells::Number { values, shift, scale, fill: (fill - shift) / scale, missing, first });
                unseen_missing(name, missing, values, parts, notices);
            }
            (Encoding::Category { levels, other, missing, reference }, Column::Category { codes, levels: written }) => {
                let other = if *other { first + levels.len() as u32 } else { NONE };
                let gone = first + c.encoding.width() as u32 - 1;
                let gone = if *missing { gone } else { other };
                let (to, unseen) = level_features(written, levels, reference.as_deref(), first, other);
                // Rare levels of the training rows are expected; only without `other` is an unknown level news.
                if other == NONE {
                    unseen_levels(name, codes, written, &unseen, parts, notices);
                }
                cells.push(Cells::Category { codes, to, missing: gone });
            }
            (Encoding::Time { year, months, weekdays, hours, missing }, Column::Time(values)) => {
                let mut at = first + u32::from(year.is_some());
                let (mut month, mut weekday) = ([NONE; 13], [NONE; 8]);
                for &m in months {
                    month[m as usize] = at;
                    at += 1;
                }
                for &d in weekdays {
                    weekday[d as usize] = at;
                    at += 1;
                }
                let hours_at = if *hours { at } else { NONE };
                at += 4 * u32::from(*hours);
                let gone = if *missing { at } else { NONE };
                let year = *year;
                cells.push(Cells::Time { values, year, month, weekday, hours: hours_at, missing: gone, first });
                unseen_missing(name, *missing, values, parts, notices);
            }
            (Encoding::Hashed {}, Column::Category { codes, levels }) => {
                let bits = encoder.hash_bits.unwrap_or(0);
                let to = levels.iter().map(|l| bucket(&format!("{name}={l}"), plain, bits)).collect();
                let missing = bucket(&format!("{name}\0"), plain, bits);
                hashed.push(HashedColumn { codes, to, missing });
            }
            // `matching` gives every column the type that its encoding needs.
            _ => {}
        }
        first += c.encoding.width() as u32;
    }
    if !hashed.is_empty() {
        cells.push(Cells::Hashed { columns: hashed });
    }
    cells
}

/// The feature of each written level, and which of them training did not know.
fn level_features(
    written: &[String],
    known: &[String],
    reference: Option<&str>,
    first: u32,
    other: u32,
) -> (Vec<u32>, Vec<bool>) {
    let at: HashMap<&str, u32> = known.iter().enumerate().map(|(k, l)| (l.as_str(), first + k as u32)).collect();
    let feature = |level: &str| match at.get(level) {
        Some(&feature) => (feature, false),
        None if reference == Some(level) => (NONE, false),
        None => (other, true),
    };
    written.iter().map(|l| feature(l)).unzip()
}

fn unseen_levels(
    name: &str,
    codes: &[u32],
    written: &[String],
    unseen: &[bool],
    parts: &[&[u32]],
    notices: &mut Vec<Notice>,
) {
    if !unseen.contains(&true) {
        return;
    }
    let strange = |&&i: &&u32| codes[i as usize] != MISSING && unseen[codes[i as usize] as usize];
    let all = || parts.iter().copied().flatten();
    if let Some(&i) = all().find(strange) {
        let rows = all().filter(strange).count();
        let example = written[codes[i as usize] as usize].clone();
        notices.push(Notice::UnseenLevels { column: name.to_string(), rows, example });
    }
}

fn unseen_missing(name: &str, known: bool, values: &[f64], parts: &[&[u32]], notices: &mut Vec<Notice>) {
    if known {
        return;
    }
    let rows = parts.iter().copied().flatten().filter(|&&i| !values[i as usize].is_finite()).count();
    if rows > 0 {
        notices.push(Notice::UnseenMissing { column: name.to_string(), rows });
    }
}

/// Bucket and sign of a text: the low bits and the highest bit of its XXH3 hash.
fn bucket(text: &str, first: u32, bits: u32) -> (u32, f64) {
    let hash = xxh3_64(text.as_bytes());
    let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
    (first + (hash & ((1 << bits) - 1)) as u32, sign)
}

impl Cells<'_> {
    /// Calls `put(k, feature, value)` for the features of row `rows[k]`, by ascending feature within a row.
    #[inline(always)]
    pub(crate) fn visit(&self, rows: &[u32], mut put: impl FnMut(usize, u32, f64)) {
        match self {
            &Cells::Number { values, shift, scale, fill, missing, first } => {
                for (k, &i) in rows.iter().enumerate() {
                    let x = values[i as usize];
                    if x.is_finite() {
                        put(k, first, (x - shift) / scale);
                    } else {
                        put(k, first, fill);
                        if missing {
                            put(k, first + 1, 1.0);
                        }
                    }
                }
            }
            Cells::Category { codes, to, missing } => {
                for (k, &i) in rows.iter().enumerate() {
                    let code = codes[i as usize];
                    let feature = if code == MISSING { *missing } else { to[code as usize] };
                    if feature != NONE {
                        put(k, feature, 1.0);
                    }
                }
            }
            &Cells::Time { values, year, month, weekday, hours, missing, first } => {
                for (k, &i) in rows.iter().enumerate() {
                    let parts = Parts::of(values[i as usize]);
                    if let Some(y) = year {
                        put(k, first, (parts.map_or(y.fill, |p| p.year as f64) - y.shift) / y.scale);
                    }
                    let Some(parts) = parts else {
                        if missing != NONE {
                            put(k, missing, 1.0);
                        }
                        continue;
                    };
                    for feature in [month[parts.month as usize], weekday[parts.weekday as usize]] {
                        if feature != NONE {
                            put(k, feature, 1.0);
                        }
                    }
                    if hours != NONE {
                        let (sin, cos) = (TAU * parts.day_share).sin_cos();
                        put(k, hours, sin);
                        put(k, hours + 1, cos);
                        put(k, hours + 2, 2.0 * sin * cos);
                        put(k, hours + 3, cos * cos - sin * sin);
                    }
                }
            }
            Cells::Hashed { columns } => {
                let mut found: Vec<(u32, f64)> = Vec::with_capacity(columns.len());
                for (k, &i) in rows.iter().enumerate() {
                    found.clear();
                    found.extend(columns.iter().map(|c| match c.codes[i as usize] {
                        MISSING => c.missing,
                        code => c.to[code as usize],
                    }));
                    found.sort_unstable_by_key(|f| f.0);
                    for same in found.chunk_by(|a, b| a.0 == b.0) {
                        put(k, same[0].0, same.iter().map(|f| f.1).sum());
                    }
                }
            }
        }
    }
}
