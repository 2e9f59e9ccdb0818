//! Columns of numbers for a curve: from any table the program reads, or from a file of NIST's reference datasets.

use std::io::Read;

use steepest_data::read::Input;
use steepest_data::{Column, Table};

use crate::failure::Failure;
use crate::options::ReadingOptions;
use crate::say::Say;
use crate::source::read_files;

/// A table of which numbers are wanted.
pub struct Columns {
    table: Table,
}

/// How files of the Statistical Reference Datasets begin.
const NIST: &[u8] = b"NIST/ITL StRD";

/// Reads a file.
pub fn read(file: &str, say: &Say) -> Result<Columns, Failure> {
    let mut beginning = [0u8; NIST.len()];
    let is_nist =
        std::fs::File::open(file).and_then(|mut f| f.read_exact(&mut beginning)).is_ok() && beginning == *NIST;
    if is_nist {
        let text = std::fs::read_to_string(file).map_err(|e| Failure::usage(format!("{file}: cannot read: {e}")))?;
        return Ok(Columns { table: nist(file, &text)? });
    }
    let found = ReadingOptions::default();
    match read_files(&[file.to_string()], &found, &found, 0, say)?.0 {
        Input::Table(table) => Ok(Columns { table }),
        Input::Rows(_) => {
            Err(Failure::usage(format!("{file}: sparse rows have no named columns; a curve needs a table")))
        }
    }
}

/// The table behind the last line that begins with `Data:`, which names the columns.
fn nist(file: &str, text: &str) -> Result<Table, Failure> {
    let lines: Vec<&str> = text.lines().collect();
    let Some(head) = lines.iter().rposition(|l| l.starts_with("Data:")) else {
        return Err(Failure::usage(format!("{file}: there is no line that begins with `Data:`")));
    };
    let names: Vec<String> = lines[head]["Data:".len()..].split_whitespace().map(String::from).collect();
    let mut columns = vec![Vec::new(); names.len()];
    for (i, line) in lines.iter().enumerate().skip(head + 1).filter(|(_, l)| !l.trim().is_empty()) {
        let values: Vec<f64> = line.split_whitespace().map_while(|w| w.parse().ok()).collect();
        if values.len() != names.len() {
            let message = format!("{file}, line {}: expected {} numbers, found `{}`", i + 1, names.len(), line.trim());
            return Err(Failure::usage(message));
        }
        columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
    }
    let rows = columns.first().map_or(0, Vec::len);
    Ok(Table { names, columns: columns.into_iter().map(Column::Number).collect(), rows })
}

impl Columns {
    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.table.names
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.table.rows
    }

    /// Where a column stands.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.table.position(name)
    }

    /// A column of finite numbers.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>, Failure> {
        let Some(at) = self.position(name) else {
            return Err(Failure::usage(format!(
                "there is no column `{name}`; the columns are {}",
                self.names().join(", ")
            )));
        };
        let Column::Number(values) = &self.table.columns[at] else {
            return Err(Failure::usage(format!("column `{name}` does not hold numbers")));
        };
        match values.iter().position(|v| !v.is_finite()) {
            None => Ok(values.clone()),
            Some(row) => Err(Failure::usage(format!("column `{name}` has no number in row {}", row + 1))
                .with_help("remove rows with missing values before fitting a curve")),
        }
    }

    /// The column that is meant when none is named: `y`, or the only one that is not used.
    pub fn left_over(&self, used: &[&str]) -> Result<String, Failure> {
        let free: Vec<&String> = self.names().iter().filter(|n| !used.contains(&n.as_str())).collect();
        match free.as_slice() {
            [one] => Ok((*one).clone()),
            list if list.iter().any(|n| *n == "y") => Ok("y".into()),
            list => {
                let names: Vec<&str> = list.iter().map(|n| n.as_str()).collect();
                let message = format!("which column should the curve meet? Left are {}", names.join(", "));
                Err(Failure::usage(message).with_help("write it before the curve, `y = …`, or name it with --target"))
            }
        }
    }
}
