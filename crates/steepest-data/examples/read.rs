//! Reads files and prints what was found out, with the time it took and the peak memory of the process.
//!
//! `cargo run --release -p steepest-data --example read -- data.csv [more.csv …]`

use std::time::Instant;

use steepest_data::Column;
use steepest_data::read::{Input, ReadError, ReadOptions, Sources, read};

fn main() {
    if let Err(error) = run() {
        eprintln!("error: {error}");
        std::process::exit(2);
    }
}

fn run() -> Result<(), ReadError> {
    let sources = Sources::from_args(std::env::args().skip(1))?;
    let start = Instant::now();
    let (input, report) = read(&sources, &ReadOptions::default())?;
    let seconds = start.elapsed().as_secs_f64();
    match &input {
        Input::Table(table) => {
            for (name, column) in table.names.iter().zip(&table.columns) {
                let kind = match column {
                    Column::Number(_) => "number".to_string(),
                    Column::Time(_) => "time".to_string(),
                    Column::Category { levels, .. } => format!("category of {} levels", levels.len()),
                };
                println!("{name}: {kind}, {} missing", column.missing());
            }
        }
        Input::Rows(rows) => {
            let matrix = &rows.matrix;
            println!("{} rows, {} features, {} values", matrix.rows, matrix.cols, matrix.values.len());
        }
    }
    for warning in &report.warnings {
        println!("warning: {warning}");
    }
    if let Some(reason) = &report.header_reason {
        println!("header: {} since {reason}", if report.header == Some(true) { "yes" } else { "no" });
    }
    let megabytes = report.bytes() as f64 / 1e6;
    println!("{} rows, {megabytes:.1} MB in {:.1} ms, hash {}", report.rows(), seconds * 1e3, report.hash());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(peak) = status.lines().find(|l| l.starts_with("VmHWM")) {
        println!("peak memory {}", peak.trim_start_matches("VmHWM:").trim());
    }
    Ok(())
}
