//! Reading a column as another type than the one found in the file.

use std::collections::HashMap;

use crate::schema::{Kind, SchemaError};
use crate::table::{Column, MISSING};

/// The column as `kind`. Numbers become categories by their shortest decimal form, words become numbers where every one
/// can be read so, times become seconds since 1970 and back.
pub(crate) fn cast(name: &str, column: &Column, kind: Kind) -> Result<Column, SchemaError> {
    match (column, kind) {
        (Column::Number(_), Kind::Number)
        | (Column::Category { .. }, Kind::Category)
        | (Column::Time(_), Kind::Time) => Ok(column.clone()),
        (Column::Number(v) | Column::Time(v), Kind::Category) => Ok(categories(v)),
        (Column::Number(v), Kind::Time) => Ok(Column::Time(v.clone())),
        (Column::Time(v), Kind::Number) => Ok(Column::Number(v.clone())),
        (Column::Category { codes, levels }, Kind::Number) => {
            let values: Vec<Option<f64>> = levels.iter().map(|l| l.trim().parse().ok()).collect();
            let read = |(row, &code): (usize, &u32)| match code {
                MISSING => Ok(f64::NAN),
                _ => values[code as usize].ok_or_else(|| cannot(name, row, &levels[code as usize], kind)),
            };
            Ok(Column::Number(codes.iter().enumerate().map(read).collect::<Result<_, _>>()?))
        }
        (Column::Category { codes, levels }, Kind::Time) => match codes.iter().position(|&c| c != MISSING) {
            None => Ok(Column::Time(vec![f64::NAN; codes.len()])),
            Some(row) => Err(cannot(name, row, &levels[codes[row] as usize], kind)),
        },
    }
}

fn cannot(name: &str, row: usize, value: &str, kind: Kind) -> SchemaError {
    SchemaError::Cast { column: name.to_string(), row: row + 1, value: value.to_string(), kind: kind.name() }
}

/// A number as the level of a category: the shortest decimal form that reads back as it, without a sign for −0.
pub(crate) fn level_of(value: f64) -> String {
    format!("{}", value + 0.0)
}

fn categories(values: &[f64]) -> Column {
    let mut seen = HashMap::new();
    let mut levels = Vec::new();
    let mut code = |v: f64| {
        if v.is_nan() {
            return MISSING;
        }
        *seen.entry((v + 0.0).to_bits()).or_insert_with(|| {
            levels.push(level_of(v));
            (levels.len() - 1) as u32
        })
    };
    let codes = values.iter().map(|&v| code(v)).collect();
    Column::Category { codes, levels }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_levels_and_return() {
        let column = Column::Number(vec![1.0, 0.5, f64::NAN, -0.0, 1.0, 0.0]);
        let Column::Category { codes, levels } = cast("x", &column, Kind::Category).unwrap() else { panic!() };
        assert_eq!(levels, ["1", "0.5", "0"]);
        assert_eq!(codes, [0, 1, MISSING, 2, 0, 2]);
        let Column::Number(back) = cast("x", &Column::Category { codes, levels }, Kind::Number).unwrap() else {
            panic!()
        };
        assert_eq!(back[..2], [1.0, 0.5]);
        assert!(back[2].is_nan());
    }

    #[test]
    fn a_word_is_no_number_and_the_row_is_named() {
        let column = Column::Category { codes: vec![0, 1], levels: vec!["1".into(), "two".into()] };
        let error = cast("x", &column, Kind::Number).unwrap_err();
        assert_eq!(error.to_string(), "column `x`, row 2: `two` cannot be read as a number");
    }
}
