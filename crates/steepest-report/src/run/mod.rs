//! A run directory, read for looking at: each file as far as it is there.

pub mod coefficients;
pub mod metrics;

use crate::error::ReportError;
use coefficients::Coefficient;
use metrics::Metrics;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What a run left behind. Absent files are `None`; files that do not parse are errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The directory.
    pub path: PathBuf,
    /// `summary.json`.
    pub summary: Option<Value>,
    /// `evaluation.json`.
    pub evaluation: Option<Value>,
    /// `metrics.jsonl`, thinned to what can be drawn.
    pub metrics: Option<Metrics>,
    /// `coefficients.csv`.
    pub coefficients: Option<Vec<Coefficient>>,
    /// `config.toml` as it is written.
    pub config: Option<String>,
}

impl Run {
    /// Whether rows were learned as they arrived, each predicted before: there is then no objective, only losses of rows.
    pub fn is_online(&self) -> bool {
        self.config.as_deref().is_some_and(|c| c.lines().any(|line| line.trim() == "[online]"))
    }

    /// Reads the directory.
    pub fn read(path: &Path) -> Result<Run, ReportError> {
        let run = Run {
            path: path.to_path_buf(),
            summary: json(&path.join("summary.json"))?,
            evaluation: json(&path.join("evaluation.json"))?,
            metrics: Metrics::read(&path.join("metrics.jsonl"))?,
            coefficients: coefficients::read(&path.join("coefficients.csv"))?,
            config: bytes(&path.join("config.toml"))?.map(|b| String::from_utf8_lossy(&b).into_owned()),
        };
        if run.summary.is_none() && run.metrics.is_none() {
            return Err(ReportError::NotARun { path: path.to_path_buf() });
        }
        Ok(run)
    }

    /// The run's name: as its summary tells it, else its directory's.
    pub fn name(&self) -> String {
        let told = self.summary.as_ref().and_then(|s| s.get("run")).and_then(Value::as_str);
        let told = told.map(|name| name.trim_end_matches('/').rsplit('/').next().unwrap_or(name));
        let of_directory = || {
            let whole = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
            whole.file_name().map(|n| n.to_string_lossy().into_owned())
        };
        told.filter(|n| !n.is_empty()).map(String::from).or_else(of_directory).unwrap_or_else(|| "run".into())
    }

    /// A value of the summary by the keys that lead to it.
    pub fn told(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().try_fold(self.summary.as_ref()?, |value, key| value.get(key)).filter(|v| !v.is_null())
    }

    /// A text of the summary.
    pub fn text(&self, keys: &[&str]) -> Option<&str> {
        self.told(keys)?.as_str().filter(|t| !t.is_empty())
    }

    /// A number of the summary.
    pub fn number(&self, keys: &[&str]) -> Option<f64> {
        number(self.told(keys)?)
    }
}

/// A number as JSON can carry it: also the words for what JSON has no number for.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(word) => match word.as_str() {
            "NaN" | "nan" => Some(f64::NAN),
            "inf" | "Infinity" | "+inf" => Some(f64::INFINITY),
            "-inf" | "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

/// The content of a file; `None` where there is no such file.
fn bytes(path: &Path) -> Result<Option<Vec<u8>>, ReportError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ReportError::Read { path: path.to_path_buf(), source }),
    }
}

fn json(path: &Path) -> Result<Option<Value>, ReportError> {
    let Some(bytes) = bytes(path)? else { return Ok(None) };
    let value: Value = serde_json::from_slice(&bytes).map_err(|e| malformed(path, e.line(), &e))?;
    if value.is_object() {
        return Ok(Some(value));
    }
    let message = "expected a JSON object".to_string();
    Err(ReportError::Malformed { path: path.to_path_buf(), line: 1, column: 1, message })
}

/// The error of a JSON text, with the line it has in its file.
fn malformed(path: &Path, line: usize, error: &serde_json::Error) -> ReportError {
    // serde_json appends its own position, which for one line of many is not the file's.
    let text = error.to_string();
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message).to_string();
    ReportError::Malformed { path: path.to_path_buf(), line: line.max(1), column: error.column().max(1), message }
}
