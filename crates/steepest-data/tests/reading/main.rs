//! Readers against files as people have them: well-formed, malformed, random and real.

#[cfg(feature = "columnar")]
mod columnar;
mod malformed;
mod properties;
mod real;
mod svmlight;
mod text;

use steepest_data::read::{Input, ReadError, ReadOptions, ReadReport, Sources, SvmlightRows, read};
use steepest_data::{Column, MISSING, Table};

/// Reads bytes as a table.
fn table_with(bytes: impl AsRef<[u8]>, options: &ReadOptions) -> Result<(Table, ReadReport), ReadError> {
    match read(&Sources::bytes("f", bytes.as_ref()), options)? {
        (Input::Table(table), report) => Ok((table, report)),
        (Input::Rows(_), _) => panic!("read as svmlight"),
    }
}

fn table(bytes: impl AsRef<[u8]>) -> Table {
    table_with(bytes, &ReadOptions::default()).unwrap().0
}

fn rows(bytes: impl AsRef<[u8]>) -> Result<(SvmlightRows, ReadReport), ReadError> {
    match read(&Sources::bytes("f", bytes.as_ref()), &ReadOptions::default())? {
        (Input::Rows(rows), report) => Ok((rows, report)),
        (Input::Table(_), _) => panic!("read as a table"),
    }
}

fn error(bytes: impl AsRef<[u8]>) -> String {
    match read(&Sources::bytes("f", bytes.as_ref()), &ReadOptions::default()) {
        Err(e) => e.to_string(),
        Ok((input, _)) => panic!("read {input:?}"),
    }
}

fn numbers(column: &Column) -> &[f64] {
    match column {
        Column::Number(v) | Column::Time(v) => v,
        Column::Category { .. } => panic!("a category: {column:?}"),
    }
}

/// The fields as words; `None` where missing.
fn words(column: &Column) -> Vec<Option<&str>> {
    match column {
        Column::Category { codes, levels } => {
            codes.iter().map(|&c| (c != MISSING).then(|| levels[c as usize].as_str())).collect()
        }
        _ => panic!("no category: {column:?}"),
    }
}

/// Equal to the bit, NaN included.
fn same(a: &Table, b: &Table) -> bool {
    let bits = |v: &[f64]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    let column = |a: &Column, b: &Column| match (a, b) {
        (Column::Number(a), Column::Number(b)) | (Column::Time(a), Column::Time(b)) => bits(a) == bits(b),
        (Column::Category { codes: a, levels: l }, Column::Category { codes: b, levels: m }) => a == b && l == m,
        _ => false,
    };
    a.rows == b.rows && a.names == b.names && a.columns.iter().zip(&b.columns).all(|(a, b)| column(a, b))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut out, bytes).unwrap();
    out.finish().unwrap()
}
