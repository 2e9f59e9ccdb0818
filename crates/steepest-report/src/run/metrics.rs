//! `metrics.jsonl`: one line a measurement, read as a stream into series of bounded length.

use super::{malformed, number};
use crate::error::ReportError;
use crate::plot::Thinned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;

/// Actions kept for the report; the number of all is known as well.
const ACTIONS: usize = 200;
/// Different metrics kept of each split.
const METRICS: usize = 40;

/// The measurements of a run against its steps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    /// Lines read.
    pub lines: u64,
    /// Objective: loss plus penalty.
    pub objective: Thinned,
    /// Loss without penalty.
    pub loss: Thinned,
    /// Norm of the gradient.
    pub grad_norm: Thinned,
    /// Norm of the step.
    pub step_norm: Thinned,
    /// Learning rate.
    pub lr: Thinned,
    /// Certified gap.
    pub gap: Thinned,
    /// Objective against epochs.
    pub by_epoch: Thinned,
    /// Objective against seconds.
    pub by_seconds: Thinned,
    /// Metrics of the training rows, by name, in the order they appeared.
    pub train: Vec<(String, Thinned)>,
    /// Metrics of the validation rows.
    pub valid: Vec<(String, Thinned)>,
    /// The first actions taken: step and words.
    pub actions: Vec<(f64, String)>,
    /// Number of all actions.
    pub action_count: u64,
    /// Whether the last line was cut off in the middle (the run was killed while writing) and is left out.
    pub cut: bool,
}

/// One line. Values are looked at one by one, so that what cannot be a number is told with its key.
#[derive(Deserialize)]
struct Line {
    #[serde(default, deserialize_with = "present")]
    step: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    epoch: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    objective: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    loss: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    grad_norm: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    lr: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    step_norm: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    gap: Option<Value>,
    train: Option<Map<String, Value>>,
    valid: Option<Map<String, Value>>,
    action: Option<String>,
    #[serde(default, deserialize_with = "present")]
    seconds: Option<Value>,
}

/// A key that is there, be it with `null`, which measured values are where they are not finite.
fn present<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(source).map(Some)
}

impl Metrics {
    /// Reads the file; `None` where there is none.
    pub fn read(path: &Path) -> Result<Option<Metrics>, ReportError> {
        let failed = |source| ReportError::Read { path: path.to_path_buf(), source };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed(e)),
        };
        let mut reader = BufReader::with_capacity(1 << 18, file);
        let mut metrics = Metrics::default();
        let (mut text, mut at) = (Vec::new(), 0usize);
        loop {
            text.clear();
            if reader.read_until(b'\n', &mut text).map_err(failed)? == 0 {
                return Ok(Some(metrics));
            }
            at += 1;
            if text.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            match serde_json::from_slice::<Line>(&text) {
                Ok(line) => metrics.push(line).map_err(|key| ReportError::Malformed {
                    path: path.to_path_buf(),
                    line: at,
                    column: 1,
                    message: format!("expected a number for `{key}`"),
                })?,
                Err(_) if text.last() != Some(&b'\n') => metrics.cut = true,
                Err(e) => return Err(malformed(path, at, &e)),
            }
        }
    }

    fn push(&mut self, line: Line) -> Result<(), String> {
        let step = value(line.step.as_ref(), "step")?.unwrap_or(self.lines as f64);
        self.lines += 1;
        for (series, v, key) in [
            (&mut self.objective, &line.objective, "objective"),
            (&mut self.loss, &line.loss, "loss"),
            (&mut self.grad_norm, &line.grad_norm, "grad_norm"),
            (&mut self.step_norm, &line.step_norm, "step_norm"),
            (&mut self.lr, &line.lr, "lr"),
            (&mut self.gap, &line.gap, "gap"),
        ] {
            if let Some(v) = value(v.as_ref(), key)? {
                series.push(step, v);
            }
        }
        if let Some(objective) = value(line.objective.as_ref(), "objective")? {
            for (series, place, key) in
                [(&mut self.by_epoch, &line.epoch, "epoch"), (&mut self.by_seconds, &line.seconds, "seconds")]
            {
                if let Some(x) = value(place.as_ref(), key)? {
                    series.push(x, objective);
                }
            }
        }
        for (split, all, key) in [(line.train, &mut self.train, "train"), (line.valid, &mut self.valid, "valid")] {
            for (name, v) in split.unwrap_or_default() {
                let v = value(Some(&v), &name).map_err(|name| format!("{key}.{name}"))?.unwrap_or(f64::NAN);
                match all.iter().position(|(n, _)| *n == name) {
                    Some(k) => all[k].1.push(step, v),
                    None if all.len() < METRICS => all.push((name, [(step, v)].into_iter().collect())),
                    None => {}
                }
            }
        }
        if let Some(action) = line.action {
            self.action_count += 1;
            if self.actions.len() < ACTIONS {
                self.actions.push((step, action));
            }
        }
        Ok(())
    }
}

/// A measured value: `null` is one that is not finite, an absent key none at all.
fn value(v: Option<&Value>, key: &str) -> Result<Option<f64>, String> {
    match v {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(f64::NAN)),
        Some(v) => number(v).map(Some).ok_or_else(|| key.to_string()),
    }
}
