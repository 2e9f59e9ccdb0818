//! How fast a table becomes a matrix: `cargo run --release -p steepest-data --example encode_speed [ROWS]`.
//!
//! Two tables: 100 columns of numbers, and one shaped like the adult census (6 numbers, 8 categories, 32,561 rows). Prints
//! seconds for fitting and transforming, the median of five runs, and bytes read and written a second.

use std::time::Instant;

use steepest_core::random::{Purpose, Stream};
use steepest_data::{Choices, Column, EncodeOptions, Schema, Standardize, Table, TableEncoder};

fn main() {
    let rows = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(1_000_000);
    let numbers = Table {
        names: (0..100).map(|j| format!("x{j}")).collect(),
        columns: (0..100).map(|j| Column::Number(normals(j, rows))).collect(),
        rows,
    };
    measure("numbers, standardized", &numbers, &EncodeOptions::default());
    let none = EncodeOptions { standardize: Some(Standardize::None), ..EncodeOptions::default() };
    measure("numbers, as they are", &numbers, &none);
    drop(numbers);
    measure("adult's shape", &adult(), &EncodeOptions::default());
}

fn normals(stream: u64, rows: usize) -> Vec<f64> {
    let mut values = vec![0.0; rows];
    Stream::new(0, Purpose::PROBLEM, stream).fill_normal(0, &mut values);
    values
}

fn adult() -> Table {
    let rows = 32_561;
    let sizes = [9u32, 16, 7, 15, 6, 5, 2, 42];
    let mut table = Table { rows, ..Table::default() };
    for j in 0..6 {
        table.names.push(format!("x{j}"));
        table.columns.push(Column::Number(normals(j, rows)));
    }
    for (j, size) in sizes.into_iter().enumerate() {
        let stream = Stream::new(0, Purpose::PROBLEM, 100 + j as u64);
        let codes = (0..rows as u64).map(|i| stream.below(i, u64::from(size)) as u32).collect();
        table.names.push(format!("c{j}"));
        table.columns.push(Column::Category { codes, levels: (0..size).map(|l| format!("level {l}")).collect() });
    }
    table
}

fn measure(name: &str, table: &Table, options: &EncodeOptions) {
    let rows: Vec<u32> = (0..table.rows as u32).collect();
    let (schema, _) = Schema::resolve(&mut table.clone(), &Choices::default()).expect("columns");
    let (mut fits, mut transforms) = (vec![], vec![]);
    let mut bytes = 0;
    for _ in 0..5 {
        let start = Instant::now();
        let (encoder, _) = TableEncoder::fit(table, schema.clone(), &rows, None, options).expect("fit");
        fits.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let (matrix, _) = encoder.transform(table, None).expect("transform");
        transforms.push(start.elapsed().as_secs_f64());
        bytes = matrix.bytes();
    }
    let raw: usize =
        table.columns.iter().map(|c| if matches!(c, Column::Category { .. }) { 4 } else { 8 } * c.len()).sum();
    let median = |list: &mut Vec<f64>| {
        list.sort_by(f64::total_cmp);
        list[list.len() / 2]
    };
    let (fit, transform) = (median(&mut fits), median(&mut transforms));
    println!(
        "{name}: fit {:.1} ms ({:.1} GB/s), transform {:.1} ms ({:.1} GB/s read and written), {:.1} MB from {:.1} MB",
        fit * 1e3,
        raw as f64 / fit / 1e9,
        transform * 1e3,
        (raw + bytes) as f64 / transform / 1e9,
        bytes as f64 / 1e6,
        raw as f64 / 1e6,
    );
}
