//! `metrics.jsonl`: one line an observation, appended, cut on resume to what the checkpoint had seen.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write},
    path::Path,
    time::{Duration, Instant},
};

use serde::Serialize;
use serde_json::Value;

/// Named measures in the order in which they are shown.
pub type Measures = Vec<(String, f64)>;

/// What was observed after a step. Everything that was not measured is `None` or empty, and absent from the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record {
    /// Number of completed updates.
    pub step: u64,
    /// Number of completed passes over the training rows, where steps are smaller than a pass.
    pub epoch: Option<u64>,
    /// Mean loss + penalty on the training rows; for stochastic steps its mean over the batches since the last record.
    pub objective: Option<f64>,
    /// Mean loss on the training rows, without the penalty.
    pub loss: Option<f64>,
    /// Norm of the gradient.
    pub grad_norm: Option<f64>,
    /// Learning rate or step size.
    pub lr: Option<f64>,
    /// ‖Δx‖.
    pub step_norm: Option<f64>,
    /// Relative certified gap.
    pub gap: Option<f64>,
    /// Metrics on the training rows.
    pub train: Measures,
    /// Metrics on the validation rows.
    pub valid: Measures,
    /// What a monitor did.
    pub action: Option<String>,
    /// Seconds since the run began, earlier sessions of a resumed run included.
    pub seconds: f64,
}

impl Record {
    /// The line without its end. Numbers that are not finite are left out; the seconds are padded to a fixed width, so that
    /// the length of the file, which checkpoints store, does not depend on the speed of the machine.
    pub fn to_line(&self) -> String {
        let mut line = String::with_capacity(192);
        line.push_str("{\"step\":");
        line.push_str(&self.step.to_string());
        if let Some(epoch) = self.epoch {
            put(&mut line, "epoch", &epoch);
        }
        // Key by key: a map would cost several times what the numbers do, and the first hundred steps have a line each.
        let numbers = [
            ("objective", self.objective),
            ("loss", self.loss),
            ("grad_norm", self.grad_norm),
            ("lr", self.lr),
            ("step_norm", self.step_norm),
            ("gap", self.gap),
        ];
        for (key, value) in numbers {
            if let Some(value) = value.filter(|v| v.is_finite()) {
                put(&mut line, key, &value);
            }
        }
        for (key, measures) in [("train", &self.train), ("valid", &self.valid)] {
            if !measures.is_empty() {
                put(&mut line, key, &measures_to_json(measures));
            }
        }
        if let Some(action) = &self.action {
            put(&mut line, "action", action);
        }
        // By integers: what formats a small number to six digits exactly takes longer than all other numbers together.
        let micros = (self.seconds * 1e6).round() as u64;
        line.push_str(&format!(",\"seconds\":{:>7}.{:06}}}", micros / 1_000_000, micros % 1_000_000));
        line
    }

    /// The record of a line; what is absent, or of another type, is as if not measured.
    pub fn from_json(line: &Value) -> Record {
        let number = |key: &str| line.get(key).and_then(Value::as_f64);
        let measures = |key: &str| -> Measures {
            let object = line.get(key).and_then(Value::as_object);
            object.into_iter().flatten().filter_map(|(name, v)| Some((name.clone(), v.as_f64()?))).collect()
        };
        Record {
            step: line.get("step").and_then(Value::as_u64).unwrap_or_default(),
            epoch: line.get("epoch").and_then(Value::as_u64),
            objective: number("objective"),
            loss: number("loss"),
            grad_norm: number("grad_norm"),
            lr: number("lr"),
            step_norm: number("step_norm"),
            gap: number("gap"),
            train: measures("train"),
            valid: measures("valid"),
            action: line.get("action").and_then(Value::as_str).map(str::to_string),
            seconds: number("seconds").unwrap_or_default(),
        }
    }
}

/// Appends `,"key":value`.
fn put(line: &mut String, key: &str, value: &impl Serialize) {
    let value = serde_json::to_string(value).unwrap_or_else(|_| "null".into());
    line.extend([",\"", key, "\":", &value]);
}

/// Measures as a JSON object in their order; values that are not finite are left out.
pub fn measures_to_json(measures: &[(String, f64)]) -> Value {
    let number = |v: f64| serde_json::Number::from_f64(v).map(Value::Number);
    Value::Object(measures.iter().filter_map(|(name, v)| Some((name.clone(), number(*v)?))).collect())
}

/// The open file.
#[derive(Debug)]
pub(crate) struct MetricsLog {
    out: BufWriter<File>,
    len: u64,
    shown: Instant,
    /// The last line that was kept.
    pub(crate) last: Record,
}

/// How long lines may wait before other processes can read them.
const SHOW_EVERY: Duration = Duration::from_millis(200);

impl MetricsLog {
    /// Opens the file and cuts it to `keep` bytes.
    ///
    /// # Errors
    /// When the system refuses, or the file is shorter than that.
    pub(crate) fn open(path: &Path, keep: u64) -> io::Result<MetricsLog> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let found = file.metadata()?.len();
        if found < keep {
            let message = format!("it has {found} bytes where the checkpoint has seen {keep}; restore it from a copy");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        file.set_len(keep)?;
        let mut last = None;
        for line in BufReader::new(&file).lines() {
            last = Some(line?);
        }
        let last = match last {
            Some(line) => Record::from_json(&serde_json::from_str(&line)?),
            None => Record::default(),
        };
        file.seek(SeekFrom::End(0))?;
        Ok(MetricsLog { out: BufWriter::new(file), len: keep, shown: Instant::now(), last })
    }

    /// Appends a line.
    pub(crate) fn append(&mut self, record: &Record) -> io::Result<()> {
        let mut line = record.to_line();
        line.push('\n');
        self.out.write_all(line.as_bytes())?;
        self.len += line.len() as u64;
        if self.shown.elapsed() >= SHOW_EVERY {
            self.out.flush()?;
            self.shown = Instant::now();
        }
        Ok(())
    }

    /// Brings the lines to the disk and returns the length of the file.
    pub(crate) fn sync(&mut self) -> io::Result<u64> {
        self.out.flush()?;
        self.out.get_ref().sync_data()?;
        Ok(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_keys_in_order_and_nothing_that_was_not_measured() {
        let record = Record {
            step: 120,
            epoch: Some(3),
            objective: Some(0.41),
            gap: Some(f64::NAN),
            valid: vec![("log_loss".into(), 0.5), ("auc".into(), f64::NAN)],
            seconds: 0.53,
            ..Record::default()
        };
        let line = record.to_line();
        assert_eq!(
            line,
            "{\"step\":120,\"epoch\":3,\"objective\":0.41,\"valid\":{\"log_loss\":0.5},\"seconds\":      0.530000}"
        );
        let read = Record::from_json(&serde_json::from_str(&line).unwrap());
        assert_eq!(read, Record { gap: None, valid: vec![("log_loss".into(), 0.5)], ..record.clone() });
        let slow = Record { seconds: 86_400.25, ..record };
        assert_eq!(slow.to_line().len(), line.len());
        assert_eq!(Record::default().to_line(), "{\"step\":0,\"seconds\":      0.000000}");
    }

    #[test]
    fn every_number_and_text_is_read_back_as_it_was() {
        for k in 0..2000u64 {
            let any = f64::from_bits(k.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let number = Some(any).filter(|v| v.is_finite());
            let record = Record {
                step: k * k,
                objective: number,
                lr: number.map(|v| -v),
                train: number.map(|v| ("r²".into(), v)).into_iter().collect(),
                action: Some(format!("\"{k}\"\n\\: {any}")),
                seconds: k as f64 / 1e6,
                ..Record::default()
            };
            assert_eq!(Record::from_json(&serde_json::from_str(&record.to_line()).unwrap()), record);
        }
    }

    #[test]
    fn the_file_is_cut_to_what_the_checkpoint_had_seen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.jsonl");
        let line = |step: u64| Record { step, seconds: step as f64, ..Record::default() };
        let mut log = MetricsLog::open(&path, 0).unwrap();
        (1..=2).for_each(|k| log.append(&line(k)).unwrap());
        let keep = log.sync().unwrap();
        log.append(&line(3)).unwrap();
        drop(log);
        let mut log = MetricsLog::open(&path, keep).unwrap();
        assert_eq!(log.last, line(2));
        log.append(&line(30)).unwrap();
        drop(log);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert!(text.lines().last().unwrap().starts_with("{\"step\":30,"));
        assert!(MetricsLog::open(&path, 10_000).unwrap_err().to_string().contains("the checkpoint has seen 10000"));
    }
}
