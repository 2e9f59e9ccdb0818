//! What runs there are, for `steepest runs`.

use std::{
    fs::{self, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde_json::Value;

use crate::run_dir::{CHECKPOINT, CONFIG, LOCK, METRICS, RunDirError, SUMMARY, read_json};

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// A process works on it.
    Running,
    /// Its summary is written.
    Done,
    /// It stopped before its end and has a checkpoint to go on from.
    Resumable,
    /// It stopped before its first checkpoint; resuming starts it anew.
    Begun,
}

impl RunState {
    /// The word in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            RunState::Running => "running",
            RunState::Done => "done",
            RunState::Resumable => "resumable",
            RunState::Begun => "begun",
        }
    }
}

/// A run as seen from outside.
#[derive(Debug, Clone)]
pub struct RunInfo {
    /// The name of the directory.
    pub name: String,
    /// The directory.
    pub path: PathBuf,
    /// How far it has come.
    pub state: RunState,
    /// `summary.json`, where it is written.
    pub summary: Option<Value>,
    /// The last line of `metrics.jsonl`, where there is one.
    pub last: Option<Value>,
    /// When its files last changed.
    pub modified: Option<SystemTime>,
}

impl RunInfo {
    /// Looks at one run directory.
    ///
    /// # Errors
    /// [`RunDirError::NotARun`], or when a file cannot be read.
    pub fn of(path: &Path) -> Result<RunInfo, RunDirError> {
        if !path.join(CONFIG).is_file() {
            return Err(RunDirError::NotARun { path: path.into() });
        }
        let summary_path = path.join(SUMMARY);
        let summary = if summary_path.is_file() { Some(read_json(&summary_path)?) } else { None };
        let state = if is_locked(path) {
            RunState::Running
        } else if summary.is_some() {
            RunState::Done
        } else if path.join(CHECKPOINT).is_file() {
            RunState::Resumable
        } else {
            RunState::Begun
        };
        let changed = |name: &str| fs::metadata(path.join(name)).and_then(|m| m.modified()).ok();
        let modified = [CONFIG, METRICS, CHECKPOINT, SUMMARY].into_iter().filter_map(changed).max();
        let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        Ok(RunInfo { name, path: path.into(), state, summary, last: last_line(&path.join(METRICS)), modified })
    }
}

/// The runs in `base`, the latest last. A directory that is no run, or whose files cannot be read, is not in the list; a
/// `base` that does not exist has none.
///
/// # Errors
/// When `base` exists but cannot be read.
pub fn list_runs(base: &Path) -> Result<Vec<RunInfo>, RunDirError> {
    if !base.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(base).map_err(RunDirError::io(base))?;
    let mut runs: Vec<RunInfo> = entries.filter_map(|e| RunInfo::of(&e.ok()?.path()).ok()).collect();
    runs.sort_by(|a, b| (a.modified, &a.name).cmp(&(b.modified, &b.name)));
    Ok(runs)
}

fn is_locked(path: &Path) -> bool {
    let Ok(file) = OpenOptions::new().write(true).open(path.join(LOCK)) else { return false };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// The last complete line of a file of JSON lines.
fn last_line(path: &Path) -> Option<Value> {
    let text = fs::read(path).ok()?;
    let end = text.iter().rposition(|&b| b == b'\n')?;
    let start = text[..end].iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
    serde_json::from_slice(&text[start..end]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RunDir;

    #[test]
    fn states_are_told_apart() {
        let base = tempfile::tempdir().unwrap();
        assert!(list_runs(&base.path().join("none")).unwrap().is_empty());
        fs::create_dir(base.path().join("no-run")).unwrap();
        let run = RunDir::create_numbered(base.path(), "a").unwrap();
        run.write_config("").unwrap();
        let state = || list_runs(base.path()).unwrap().iter().map(|r| r.state).collect::<Vec<_>>();
        assert_eq!(state(), [RunState::Running]);
        let path = run.path().to_owned();
        drop(run);
        assert_eq!(state(), [RunState::Begun]);
        fs::write(path.join(CHECKPOINT), b"").unwrap();
        fs::write(path.join(METRICS), b"{\"step\":1}\n{\"step\":2}\n{\"st").unwrap();
        assert_eq!(state(), [RunState::Resumable]);
        assert_eq!(RunInfo::of(&path).unwrap().last.unwrap()["step"], 2);
        fs::write(path.join(SUMMARY), b"{}").unwrap();
        assert_eq!(state(), [RunState::Done]);
    }
}
