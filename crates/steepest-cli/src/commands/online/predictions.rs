//! What was predicted for each row before it was learned, written as the rows come.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};

use steepest_data::{Column, append_csv};

use crate::failure::Failure;
use crate::model::{LinearModel, Predictions};
use crate::prepare::Part;

/// A CSV file that grows.
pub(super) struct PredictionFile {
    path: String,
    file: File,
    /// Its length, which checkpoints store.
    pub(super) bytes: u64,
}

impl PredictionFile {
    /// A new file, or the first `keep` bytes of one that an earlier session has written.
    pub(super) fn open(path: &str, keep: u64) -> Result<PredictionFile, Failure> {
        let failed = |e: io::Error| Failure::usage(format!("--predictions {path}: {e}"));
        let file = if keep == 0 {
            File::create(path).map_err(failed)?
        } else {
            let mut file = OpenOptions::new().write(true).open(path).map_err(failed)?;
            let length = file.metadata().map_err(failed)?.len();
            if length < keep {
                return Err(Failure::usage(format!(
                    "--predictions {path}: it holds {length} bytes, and the run had written {keep}"
                ))
                .with_help("bring the file back, or start a new run"));
            }
            file.set_len(keep).and_then(|()| file.seek(SeekFrom::End(0))).map_err(failed)?;
            file
        };
        Ok(PredictionFile { path: path.into(), file, bytes: keep })
    }

    /// Adds the rows of a block from the `passed`-th on, which had `before` rows before it.
    pub(super) fn append(
        &mut self,
        shape: &LinearModel,
        part: &Part,
        before: u64,
        scores: Vec<f64>,
        passed: usize,
    ) -> Result<(), Failure> {
        let (means, _) = shape.interpret(&scores, None);
        let mut table = shape.table(part, &Predictions { scores, means }, None);
        let rows = part.rows.iter().map(|&row| (before + u64::from(row) + 1) as f64).collect();
        table.names.splice(0..0, ["row".to_string(), shape.header.target.name.clone()]);
        table.columns.splice(0..0, [Column::Number(rows), shape.target_column(part)]);
        let mut text = Vec::new();
        append_csv(&table, passed, self.bytes == 0, &mut text).map_err(Failure::input)?;
        self.file.write_all(&text).map_err(|e| self.failed(&e))?;
        self.bytes += text.len() as u64;
        Ok(())
    }

    /// Makes sure that what was written outlives a crash of the system.
    pub(super) fn sync(&self) -> Result<(), Failure> {
        match self.file.sync_data() {
            // A pipe or a terminal keeps nothing.
            Err(e) if e.kind() == io::ErrorKind::InvalidInput => Ok(()),
            other => other.map_err(|e| self.failed(&e)),
        }
    }

    fn failed(&self, e: &io::Error) -> Failure {
        Failure::usage(format!("--predictions {}: {e}", self.path))
    }
}
