//! Run directories: where everything that belongs to one run lies.
//!
//! | file | written | content |
//! |---|---|---|
//! | `config.toml` | first | the resolved configuration, which repeats the run |
//! | `metrics.jsonl` | during the run | one [`Record`](crate::Record) a line |
//! | `checkpoint.safetensors` | during the run | the complete state |
//! | `model.safetensors`, `model.json` | at the end | the parameters, and what `predict` needs besides |
//! | `evaluation.json`, `coefficients.csv`, `summary.json`, `report.html` | at the end | results |
//!
//! One process at a time works in a run directory: it holds a lock that the system drops when the process ends, however it
//! ends. So temporary files found at the start belong to nobody and are cleared.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde_json::Value;
use thiserror::Error;

use crate::{
    atomic_file::{is_temporary, remove_temporaries, sync_directory, write_atomic},
    checkpoint::{Checkpoint, CheckpointError},
    tensor_file::TensorFileError,
};

pub(crate) const CONFIG: &str = "config.toml";
pub(crate) const METRICS: &str = "metrics.jsonl";
pub(crate) const CHECKPOINT: &str = "checkpoint.safetensors";
pub(crate) const SUMMARY: &str = "summary.json";
pub(crate) const LOCK: &str = ".lock";

/// Why a run directory could not be made or used.
#[derive(Debug, Error)]
pub enum RunDirError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is a run already.
    #[error("{} exists and is not empty; continue that run with `--resume`, or choose another name with `--out`", path.display())]
    Exists {
        /// The directory.
        path: PathBuf,
    },
    /// There is no run.
    #[error("{} is not a run directory: it has no {CONFIG}; `steepest runs` lists the runs there are", path.display())]
    NotARun {
        /// The directory.
        path: PathBuf,
    },
    /// Another process works there.
    #[error("another process is working in {}; wait for it to end, or choose another directory with `--out`", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// A file in it is not JSON.
    #[error("{}, line {line}, column {column}: {what}; the file was changed by another program: restore it", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the parser said.
        what: String,
    },
    /// Its tensors.
    #[error(transparent)]
    Tensors(#[from] TensorFileError),
    /// Its checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl RunDirError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> RunDirError + '_ {
        |source| RunDirError::Io { path: path.into(), source }
    }
}

/// A run directory that this process has to itself.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    _lock: File,
}

impl RunDir {
    /// Makes `base/stem-k` with the number behind the highest there is. Two processes that do so at the same time get two
    /// directories. Characters of `stem` that do not belong in a name become `-`.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn create_numbered(base: &Path, stem: &str) -> Result<RunDir, RunDirError> {
        fs::create_dir_all(base).map_err(RunDirError::io(base))?;
        let stem = file_name(stem);
        let mut highest = 0u64;
        for entry in fs::read_dir(base).map_err(RunDirError::io(base))? {
            let name = entry.map_err(RunDirError::io(base))?.file_name();
            let number = name.to_string_lossy().strip_prefix(&format!("{stem}-")).and_then(|k| k.parse::<u64>().ok());
            highest = highest.max(number.unwrap_or(0));
        }
        loop {
            highest += 1;
            let path = base.join(format!("{stem}-{highest}"));
            match fs::create_dir(&path) {
                Ok(()) => {
                    sync_directory(base).map_err(RunDirError::io(base))?;
                    return RunDir::take(path);
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(RunDirError::Io { path, source }),
            }
        }
    }

    /// Makes the directory `path`; one may be there already that is empty, or that a process left which was killed before it
    /// wrote its first file.
    ///
    /// # Errors
    /// [`RunDirError::Exists`] when something is in it, or when the system refuses.
    pub fn create(path: &Path) -> Result<RunDir, RunDirError> {
        fs::create_dir_all(path).map_err(RunDirError::io(path))?;
        let mut entries = fs::read_dir(path).map_err(RunDirError::io(path))?;
        let taken = |name: std::ffi::OsString| name != LOCK && !is_temporary(&name.to_string_lossy());
        if entries.any(|e| e.is_ok_and(|e| taken(e.file_name()))) {
            return Err(RunDirError::Exists { path: path.into() });
        }
        let run = RunDir::take(path.into())?;
        remove_temporaries(path).map_err(RunDirError::io(path))?;
        Ok(run)
    }

    /// Opens an existing run to resume it, and clears what a killed process left.
    ///
    /// # Errors
    /// [`RunDirError::NotARun`], [`RunDirError::Locked`], or when the system refuses.
    pub fn open(path: &Path) -> Result<RunDir, RunDirError> {
        if !path.join(CONFIG).is_file() {
            return Err(RunDirError::NotARun { path: path.into() });
        }
        let run = RunDir::take(path.into())?;
        remove_temporaries(path).map_err(RunDirError::io(path))?;
        Ok(run)
    }

    fn take(path: PathBuf) -> Result<RunDir, RunDirError> {
        let lock_path = path.join(LOCK);
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(&lock_path);
        let lock = lock.map_err(RunDirError::io(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(RunDir { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(RunDirError::Locked { path }),
            Err(TryLockError::Error(source)) => Err(RunDirError::Io { path: lock_path, source }),
        }
    }

    /// Removes the run unless it has a checkpoint: what failed before its first one holds nothing worth keeping.
    pub fn discard(self) {
        if !self.path.join(CHECKPOINT).exists() {
            // The failure that led here is the one to tell; what cannot be removed stays.
            let _ = fs::remove_dir_all(&self.path);
        }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The place of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file, whole or not at all.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write(&self, name: &str, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), RunDirError> {
        let path = self.file(name);
        write_atomic(&path, fill).map_err(RunDirError::io(&path))
    }

    /// Writes `config.toml`: do this first, a directory without it is not a run.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write_config(&self, text: &str) -> Result<(), RunDirError> {
        self.write(CONFIG, |out| out.write_all(text.as_bytes()))
    }

    /// Writes a JSON file, indented, with a newline at the end.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write_json(&self, name: &str, value: &Value) -> Result<(), RunDirError> {
        self.write(name, |out| {
            serde_json::to_writer_pretty(&mut *out, value)?;
            out.write_all(b"\n")
        })
    }

    /// Writes `summary.json`.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write_summary(&self, summary: &Value) -> Result<(), RunDirError> {
        self.write_json(SUMMARY, summary)
    }

    /// The checkpoint, where one was written.
    ///
    /// # Errors
    /// When there is one but it cannot be used.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, RunDirError> {
        let path = self.file(CHECKPOINT);
        match path.try_exists() {
            Ok(false) => Ok(None),
            Ok(true) => Ok(Some(Checkpoint::read(&path)?)),
            Err(source) => Err(RunDirError::Io { path, source }),
        }
    }
}

/// Reads a JSON file of a run.
///
/// # Errors
/// When it cannot be read, or with line and column when it is not JSON.
pub fn read_json(path: &Path) -> Result<Value, RunDirError> {
    let text = fs::read_to_string(path).map_err(RunDirError::io(path))?;
    serde_json::from_str(&text).map_err(|e| RunDirError::Json {
        path: path.into(),
        line: e.line(),
        column: e.column(),
        what: e.to_string(),
    })
}

/// A name without characters that shells or file systems take for something else.
fn file_name(stem: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = stem.chars().map(plain).collect();
    let name = name.trim_matches(['.', '-']);
    if name.is_empty() { "run".into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_and_nothing_is_overwritten() {
        let base = tempfile::tempdir().unwrap();
        let a = RunDir::create_numbered(base.path(), "my data").unwrap();
        assert!(a.path().ends_with("my-data-1"));
        fs::create_dir(base.path().join("my-data-7")).unwrap();
        assert!(RunDir::create_numbered(base.path(), "my data").unwrap().path().ends_with("my-data-8"));
        assert_eq!(file_name("../..//"), "run");

        let path = base.path().join("named");
        let run = RunDir::create(&path).unwrap();
        assert!(matches!(RunDir::open(&path), Err(RunDirError::NotARun { .. })));
        run.write_config("seed = 0\n").unwrap();
        assert!(matches!(RunDir::create(&path), Err(RunDirError::Exists { .. })));
    }

    #[test]
    fn racing_processes_get_different_directories() {
        let base = tempfile::tempdir().unwrap();
        let make = || (0..20).map(|_| RunDir::create_numbered(base.path(), "r").unwrap().path().to_owned()).collect();
        let all: Vec<Vec<PathBuf>> = std::thread::scope(|s| {
            let threads: Vec<_> = (0..4).map(|_| s.spawn(make)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let mut all = all.concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 80);
    }

    #[test]
    fn one_process_at_a_time_and_leftovers_cleared() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("r");
        let run = RunDir::create(&path).unwrap();
        run.write_config("").unwrap();
        assert!(matches!(RunDir::open(&path), Err(RunDirError::Locked { .. })));
        drop(run);
        let left = path.join(".checkpoint.safetensors.1-1.steepest-tmp");
        fs::write(&left, b"half of it").unwrap();
        let run = RunDir::open(&path).unwrap();
        assert!(!left.exists());
        assert!(run.checkpoint().unwrap().is_none());
    }

    #[test]
    fn broken_json_is_placed() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("summary.json");
        fs::write(&path, "{\n \"a\": }").unwrap();
        let e = read_json(&path).unwrap_err().to_string();
        assert!(e.contains("summary.json, line 2, column"), "{e}");
    }
}
