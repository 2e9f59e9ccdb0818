//! Reads the reference trajectories.

use std::{collections::BTreeMap, fmt::Write, path::Path};

use safetensors::SafeTensors;
use serde::Deserialize;
use serde_json::Value;
use steepest_core::{Layout, Role};

use crate::translate::Rule;

#[derive(Debug, Deserialize)]
pub struct Case {
    pub name: String,
    pub optimizer: String,
    pub options: BTreeMap<String, Value>,
    pub problem: String,
    pub lr: Option<f64>,
    pub steps: Vec<u64>,
}

pub struct Trajectories {
    /// Width of a row and all values, by name.
    tensors: BTreeMap<String, (usize, Vec<f64>)>,
    pub about: String,
    pub cases: Vec<Case>,
    segments: BTreeMap<String, Vec<(String, Vec<usize>)>>,
}

pub fn directory() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/optimizers/parity")
}

fn metadata(bytes: &[u8]) -> std::collections::HashMap<String, String> {
    SafeTensors::read_metadata(bytes).unwrap().1.metadata().clone().unwrap()
}

impl Trajectories {
    pub fn read(library: &str) -> Trajectories {
        #[derive(Deserialize)]
        struct Segment {
            name: String,
            shape: Vec<usize>,
        }
        let bytes = std::fs::read(directory().join(format!("{library}.safetensors"))).unwrap();
        let problems = std::fs::read(directory().join("problems.safetensors")).unwrap();
        let segments: BTreeMap<String, Vec<Segment>> = serde_json::from_str(&metadata(&problems)["segments"]).unwrap();
        let segments =
            segments.into_iter().map(|(k, v)| (k, v.into_iter().map(|s| (s.name, s.shape)).collect())).collect();
        let about = metadata(&bytes);
        let cases = serde_json::from_str(&about["cases"]).unwrap();
        let whole = SafeTensors::deserialize(&bytes).unwrap();
        let numbers = |data: &[u8]| data.chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
        let tensors = whole.iter().map(|(name, t)| (name.into(), (t.shape()[1..].iter().product(), numbers(t.data()))));
        Trajectories { cases, about: about["about"].clone(), segments, tensors: tensors.collect() }
    }

    /// The problem's tensors, all as weights, since the references decay everything.
    pub fn layout(&self, problem: &str) -> Layout {
        let mut layout = Layout::new();
        for (name, shape) in &self.segments[problem] {
            layout.push(name, shape, Role::Weight).unwrap();
        }
        layout
    }

    /// Row `k` of a tensor; `None` if there is no such tensor.
    fn try_row(&self, name: &str, k: usize) -> Option<Vec<f64>> {
        let (width, values) = self.tensors.get(name)?;
        Some(values[width * k..width * (k + 1)].to_vec())
    }

    pub fn row(&self, name: &str, k: usize) -> Vec<f64> {
        self.try_row(name, k).unwrap_or_else(|| panic!("no {name}"))
    }

    /// The reference's state at row `k` under our names.
    pub fn state_at(&self, case: &Case, rule: &Rule, k: usize, layout: &Layout) -> Vec<(String, Vec<f64>)> {
        let mut out = Vec::new();
        for (theirs, ours, factor) in &rule.state {
            if let Some(whole) = self.try_row(&format!("{}/state/{theirs}", case.name), k) {
                for s in layout.segments() {
                    let part = whole[s.range()].iter().map(|v| v * factor).collect();
                    out.push((format!("{ours}/{}", s.name), part));
                }
            }
        }
        for (theirs, ours) in &rule.scalars {
            out.push((ours.clone(), self.row(&format!("{}/scalar/{theirs}", case.name), k)));
        }
        out
    }
}

/// The largest difference, relative to the largest element of the reference.
pub fn difference(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let size = theirs.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let off = ours
        .iter()
        .zip(theirs)
        .fold(0.0f64, |m, (a, b)| if (a - b).is_nan() { f64::NAN } else { m.max((a - b).abs()) });
    if off == 0.0 { 0.0 } else { off / size.max(f64::MIN_POSITIVE) }
}

/// Cells by rule with its options, and by problem.
pub type Table = BTreeMap<String, BTreeMap<String, String>>;

/// Writes the table that belongs to a library.
pub fn write_table(path: &Path, file: &Trajectories, what: &str, table: &Table) {
    let about: Value = serde_json::from_str(&file.about).unwrap();
    let library = about["library"].as_str().unwrap();
    let version = about["versions"][library].as_str().unwrap();
    let mut problems: Vec<&String> = table.values().flat_map(|row| row.keys()).collect();
    problems.sort();
    problems.dedup();
    let mut text = format!("# {library} {version}: {what}\n\n| rule / options |");
    problems.iter().for_each(|p| write!(text, " {p} |").unwrap());
    text.push_str("\n|---|");
    problems.iter().for_each(|_| text.push_str("---|"));
    text.push('\n');
    for (rule, row) in table {
        write!(text, "| {} |", rule.replace('|', "\\|")).unwrap();
        for p in &problems {
            match row.get(*p) {
                Some(cell) => write!(text, " {cell} |").unwrap(),
                None => text.push_str(" |"),
            }
        }
        text.push('\n');
    }
    std::fs::write(path, text).unwrap();
}
