//! Noticing columns that are no features: ids, free text, nothing but missing values.
//!
//! The rules look at the values first and at the name only to confirm:
//!
//! - **id**, with 20 rows or more: whole numbers without repetition or gap of value that either run over 0…n−1 or 1…n in any
//!   order, or have a name such as `id`, `patient_no`, `rowIndex`; words of which no two are equal. A name alone is never enough.
//! - **text**: more than 50 distinct words, more than a tenth as many as rows, on average 20 characters and three spaces long.
//! - **missing**: no value at all.

use std::collections::HashSet;

use crate::notice::Notice;
use crate::table::{Column, MISSING};

/// Rows below which nothing is taken for an id: a small table may well count its rows on purpose.
const ID_ROWS: usize = 20;

/// Why a column is left out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reason {
    Id(&'static str),
    Text(usize),
    AllMissing,
}

impl Reason {
    pub(crate) fn notice(&self, column: &str) -> Notice {
        let column = column.to_string();
        match *self {
            Reason::Id(why) => Notice::Id { column, why },
            Reason::Text(levels) => Notice::Text { column, levels },
            Reason::AllMissing => Notice::AllMissing { column },
        }
    }
}

/// Why this column is no feature; `None` if it is one. A kept column is refused only when it has no value at all.
pub(crate) fn screen(name: &str, column: &Column, keep: bool) -> Option<Reason> {
    if !column.is_empty() && column.missing() == column.len() {
        return Some(Reason::AllMissing);
    }
    if keep {
        return None;
    }
    match column {
        Column::Number(values) => number_id(name, values).map(Reason::Id),
        Column::Category { codes, levels } => words(codes, levels),
        Column::Time(_) => None,
    }
}

fn number_id(name: &str, values: &[f64]) -> Option<&'static str> {
    let n = values.len();
    if n < ID_ROWS || values.iter().any(|v| v.fract() != 0.0 || v.abs() > 9e15) {
        return None;
    }
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let counts_rows = (least == 0.0 || least == 1.0) && most - least == (n - 1) as f64;
    if counts_rows {
        let mut seen = vec![false; n];
        let distinct = values.iter().all(|v| !std::mem::replace(&mut seen[(v - least) as usize], true));
        return distinct.then_some("it numbers the rows");
    }
    if !names_rows(name) {
        return None;
    }
    let mut seen = HashSet::with_capacity(n);
    values.iter().all(|v| seen.insert(v.to_bits())).then_some("whole numbers, no two equal, and its name")
}

/// Whether a name speaks of rows: one of its words is `id`, `index`, `key` … .
fn names_rows(name: &str) -> bool {
    const WORDS: [&str; 18] = [
        "id", "ids", "uuid", "guid", "key", "index", "idx", "row", "rowid", "no", "nr", "number", "serial", "instant",
        "record", "unnamed", "obs", "sku",
    ];
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && lower_before) {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.last_mut().expect("never empty").extend(c.to_lowercase());
        }
        lower_before = c.is_lowercase();
    }
    words.iter().any(|w| WORDS.contains(&w.as_str()))
}

fn words(codes: &[u32], levels: &[String]) -> Option<Reason> {
    let present = codes.iter().filter(|&&c| c != MISSING).count();
    let distinct = levels.len();
    let sample = &levels[..distinct.min(1000)];
    let mean = |f: fn(&String) -> usize| sample.iter().map(f).sum::<usize>() as f64 / sample.len().max(1) as f64;
    let long = mean(String::len) >= 20.0 && mean(|l| l.trim().matches(' ').count()) >= 3.0;
    if long && distinct > 50 && distinct > present / 10 {
        return Some(Reason::Text(distinct));
    }
    if present < ID_ROWS || distinct < present {
        return None;
    }
    // Levels may be listed that no row has: look at the rows.
    let mut seen = vec![false; distinct];
    let alone = codes.iter().filter(|&&c| c != MISSING).all(|&c| !std::mem::replace(&mut seen[c as usize], true));
    alone.then_some(Reason::Id("words, no two equal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(values: impl IntoIterator<Item = i64>) -> Column {
        Column::Number(values.into_iter().map(|v| v as f64).collect())
    }

    fn category(words: impl IntoIterator<Item = String>) -> Column {
        let levels: Vec<String> = words.into_iter().collect();
        Column::Category { codes: (0..levels.len() as u32).collect(), levels }
    }

    #[test]
    fn row_numbers_are_ids_in_any_order() {
        assert_eq!(screen("a", &number(1..=30), false), Some(Reason::Id("it numbers the rows")));
        assert_eq!(screen("a", &number((0..30).map(|i| i * 7 % 30)), false), Some(Reason::Id("it numbers the rows")));
        assert_eq!(screen("a", &number(1..=19), false), None, "too few rows to tell");
        assert_eq!(screen("year", &number(1990..2030), false), None, "no row numbers");
        assert_eq!(screen("a", &number(1..=30), true), None, "kept");
    }

    #[test]
    fn a_name_alone_makes_no_id() {
        let scattered = || number((0..40).map(|i| 1000 + 37 * i));
        assert!(screen("patientId", &scattered(), false).is_some());
        assert!(screen("Customer No", &scattered(), false).is_some());
        assert_eq!(screen("price", &scattered(), false), None);
        assert_eq!(screen("id", &number((0..40).map(|i| i % 7)), false), None, "repeats");
        assert_eq!(screen("id", &Column::Number(vec![0.5; 40]), false), None);
        assert!(!names_rows("width") && !names_rows("idea") && names_rows("rowIndex"));
    }

    #[test]
    fn words_are_ids_text_or_levels() {
        assert_eq!(
            screen("k", &category((0..40).map(|i| format!("u{i}"))), false),
            Some(Reason::Id("words, no two equal"))
        );
        let text = category((0..80).map(|i| format!("the quick brown fox number {i} jumps")));
        assert_eq!(screen("k", &text, false), Some(Reason::Text(80)));
        let repeated = Column::Category { codes: (0..40).map(|i| i % 3).collect(), levels: vec!["a".into(); 40] };
        assert_eq!(screen("k", &repeated, false), None, "unused levels do not make an id");
        assert_eq!(screen("k", &Column::Number(vec![f64::NAN; 3]), true), Some(Reason::AllMissing));
    }
}
