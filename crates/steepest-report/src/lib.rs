//! HTML reports and plots of steepest runs.
//!
//! [`write_report`] reads a run directory and writes one page, `report.html`, that needs nothing else: no network, no scripts to be
//! read, less than a megabyte whatever the length of the run. [`curves`] lays the objectives of several runs over each
//! other. [`plot`] is the plotting kit that both are made with, for everybody else's figures as well.

mod compare;
mod error;
mod page;
pub mod plot;
pub mod run;
mod write;

pub use compare::{Along, curves};
pub use error::ReportError;
pub use page::render;

use std::path::{Path, PathBuf};

/// Reads the run in `run_dir` and writes its report there. Returns the report's path.
///
/// Files and keys that are absent leave their section out. The report is whole or absent: it is written beside its place and moved there.
///
/// # Errors
/// Where nothing of a run is there, a file cannot be read or written, or a file is malformed (with its line and column).
pub fn write_report(run_dir: &Path) -> Result<PathBuf, ReportError> {
    let html = page::render(&run::Run::read(run_dir)?);
    let path = run_dir.join("report.html");
    write::atomically(&path, html.as_bytes()).map_err(|source| ReportError::Write { path: path.clone(), source })?;
    Ok(path)
}
