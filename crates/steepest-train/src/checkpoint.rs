//! Checkpoints: the complete state of a run, by name, so that a resumed run goes on with the same bits.

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
};

use serde_json::Value;
use steepest_core::StateVisitor;
use thiserror::Error;

use crate::tensor_file::{Element, TensorFile, TensorFileError, TensorImage};

/// Why a checkpoint could not be used.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] TensorFileError),
    /// The run had another configuration.
    #[error(
        "{path} was written with another configuration (hash {found}, now {expected}); resume with the run's own config.toml, \
         changing nothing but budgets, or start a new run"
    )]
    Config {
        /// The file.
        path: String,
        /// The hash in the file.
        found: String,
        /// The hash of the configuration now.
        expected: String,
    },
    /// The run had other data.
    #[error(
        "{path} was written with other data (hash {found}, now {expected}); the data file has changed since: restore it, or \
         start a new run, with `--init` if it shall start from these parameters"
    )]
    Data {
        /// The file.
        path: String,
        /// The hash in the file.
        found: String,
        /// The hash of the data now.
        expected: String,
    },
}

/// What a checkpoint says about its run besides the state.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CheckpointHeader {
    /// Hash of the configuration without budgets.
    pub config: String,
    /// Hash of the training data.
    pub data: String,
    /// Number of completed updates.
    pub step: u64,
    /// Length of `metrics.jsonl` in bytes when this was written; a resumed run cuts the file to it.
    pub metrics_bytes: u64,
    /// Where the run had ended: the name of the reason, and the detail.
    pub termination: Option<(String, String)>,
    /// The stopping rules under which it had ended.
    pub stopping: String,
}

impl CheckpointHeader {
    fn metadata(&self) -> BTreeMap<String, Value> {
        let mut map = BTreeMap::from([
            ("config".to_string(), Value::from(self.config.as_str())),
            ("data".to_string(), Value::from(self.data.as_str())),
            ("kind".to_string(), Value::from("checkpoint")),
            ("metrics_bytes".to_string(), Value::from(self.metrics_bytes)),
            ("step".to_string(), Value::from(self.step)),
            ("stopping".to_string(), Value::from(self.stopping.as_str())),
        ]);
        if let Some((reason, detail)) = &self.termination {
            map.insert("termination".into(), Value::from(vec![reason.as_str(), detail.as_str()]));
        }
        map
    }

    fn of(metadata: &serde_json::Map<String, Value>) -> CheckpointHeader {
        let text = |key: &str| metadata.get(key).and_then(Value::as_str).unwrap_or_default().to_string();
        let int = |key: &str| metadata.get(key).and_then(Value::as_u64).unwrap_or_default();
        let termination = metadata.get("termination").and_then(Value::as_array).and_then(|a| match a.as_slice() {
            [Value::String(reason), Value::String(detail)] => Some((reason.clone(), detail.clone())),
            _ => None,
        });
        CheckpointHeader {
            config: text("config"),
            data: text("data"),
            step: int("step"),
            metrics_bytes: int("metrics_bytes"),
            termination,
            stopping: text("stopping"),
        }
    }
}

/// Collects state into memory and writes it as one file. Use one for all checkpoints of a run: its memory is kept.
#[derive(Debug, Default)]
pub struct Saver {
    image: TensorImage,
}

impl Saver {
    /// A saver that has seen nothing.
    pub fn new() -> Saver {
        Saver::default()
    }

    /// Forgets the state and keeps the memory.
    pub fn clear(&mut self) {
        self.image.clear();
    }

    /// Writes what was visited, whole or not at all.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write(&self, path: &Path, header: &CheckpointHeader) -> Result<(), TensorFileError> {
        self.image.write(path, &header.metadata()).map(drop)
    }
}

impl StateVisitor for Saver {
    fn f32s(&mut self, name: &str, values: &mut [f32]) {
        self.image.f32s(name, &[values.len()], values);
    }
    fn f64s(&mut self, name: &str, values: &mut [f64]) {
        self.image.f64s(name, &[values.len()], values);
    }
    fn bytes(&mut self, name: &str, values: &mut [u8]) {
        self.image.u8s(name, values);
    }
    fn int(&mut self, name: &str, value: &mut u64) {
        self.image.u64(name, *value);
    }
    fn number(&mut self, name: &str, value: &mut f64) {
        self.image.f64s(name, &[], &[*value]);
    }
    fn history(&mut self, name: &str, values: &mut Vec<f64>) {
        self.image.f64s(name, &[values.len()], values);
    }
}

/// A checkpoint that was read and found whole.
#[derive(Debug)]
pub struct Checkpoint {
    file: TensorFile,
    /// What it says about its run.
    pub header: CheckpointHeader,
}

impl Checkpoint {
    /// Reads a checkpoint.
    ///
    /// # Errors
    /// When the file is missing, damaged, of another format or no checkpoint.
    pub fn read(path: &Path) -> Result<Checkpoint, CheckpointError> {
        let file = TensorFile::read(path)?;
        if file.metadata().get("kind").and_then(Value::as_str) != Some("checkpoint") {
            let what = "it is not a checkpoint".into();
            return Err(TensorFileError::Malformed { path: path.into(), what }.into());
        }
        let header = CheckpointHeader::of(file.metadata());
        Ok(Checkpoint { file, header })
    }

    /// Checks that the run is the same one.
    ///
    /// # Errors
    /// [`CheckpointError::Config`] or [`CheckpointError::Data`].
    pub fn belongs_to(&self, config: &str, data: &str) -> Result<(), CheckpointError> {
        let path = self.file.path().display().to_string();
        if self.header.config != config {
            let found = self.header.config.clone();
            return Err(CheckpointError::Config { path, found, expected: config.into() });
        }
        if self.header.data != data {
            let found = self.header.data.clone();
            return Err(CheckpointError::Data { path, found, expected: data.into() });
        }
        Ok(())
    }

    /// Loads everything that `visit` shows. It is called twice, first to check every name, type and length, then to write;
    /// an error leaves the state as it was.
    ///
    /// # Errors
    /// [`TensorFileError::Mismatch`] names the first tensor that is missing, superfluous or different.
    pub fn load(&self, mut visit: impl FnMut(&mut dyn StateVisitor)) -> Result<(), CheckpointError> {
        for write in [false, true] {
            let mut loader = Loader { file: &self.file, write, seen: HashSet::new(), error: None };
            visit(&mut loader);
            loader.finish()?;
        }
        Ok(())
    }
}

/// Fills state from a file; see [`Checkpoint::load`].
struct Loader<'a> {
    file: &'a TensorFile,
    write: bool,
    seen: HashSet<String>,
    error: Option<TensorFileError>,
}

impl<'a> Loader<'a> {
    /// The bytes of a tensor when they are to be written into the state.
    fn take(&mut self, name: &str, element: Element, len: Option<usize>) -> Option<&'a [u8]> {
        self.seen.insert(name.into());
        match self.file.data(name, element, len) {
            Ok(data) => self.write.then_some(data),
            Err(e) => {
                self.error.get_or_insert(e);
                None
            }
        }
    }

    fn finish(self) -> Result<(), TensorFileError> {
        if let Some(e) = self.error {
            return Err(e);
        }
        match self.file.names().iter().find(|n| !self.seen.contains(*n)) {
            Some(name) => Err(self.file.mismatch(format!("nothing here has a place for tensor `{name}`"))),
            None => Ok(()),
        }
    }
}

/// The elements of little-endian bytes.
fn elements<const N: usize>(data: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    data.as_chunks::<N>().0.iter().copied()
}

impl StateVisitor for Loader<'_> {
    fn f32s(&mut self, name: &str, values: &mut [f32]) {
        if let Some(data) = self.take(name, Element::F32, Some(values.len())) {
            values.iter_mut().zip(elements(data)).for_each(|(v, b)| *v = f32::from_le_bytes(b));
        }
    }
    fn f64s(&mut self, name: &str, values: &mut [f64]) {
        if let Some(data) = self.take(name, Element::F64, Some(values.len())) {
            values.iter_mut().zip(elements(data)).for_each(|(v, b)| *v = f64::from_le_bytes(b));
        }
    }
    fn bytes(&mut self, name: &str, values: &mut [u8]) {
        if let Some(data) = self.take(name, Element::U8, Some(values.len())) {
            values.copy_from_slice(data);
        }
    }
    fn int(&mut self, name: &str, value: &mut u64) {
        if let Some(data) = self.take(name, Element::U64, Some(1)) {
            elements(data).for_each(|b| *value = u64::from_le_bytes(b));
        }
    }
    fn number(&mut self, name: &str, value: &mut f64) {
        if let Some(data) = self.take(name, Element::F64, Some(1)) {
            elements(data).for_each(|b| *value = f64::from_le_bytes(b));
        }
    }
    fn history(&mut self, name: &str, values: &mut Vec<f64>) {
        if let Some(data) = self.take(name, Element::F64, None) {
            values.clear();
            values.extend(elements(data).map(f64::from_le_bytes));
        }
    }
}

/// Puts a prefix and a slash before every name, so that parts with the same names do not collide.
pub struct Scope<'a> {
    prefix: &'a str,
    inner: &'a mut dyn StateVisitor,
}

impl<'a> Scope<'a> {
    /// Visits through `inner` under names `prefix/…`.
    pub fn new(prefix: &'a str, inner: &'a mut dyn StateVisitor) -> Scope<'a> {
        Scope { prefix, inner }
    }

    fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }
}

impl StateVisitor for Scope<'_> {
    fn f32s(&mut self, name: &str, values: &mut [f32]) {
        self.inner.f32s(&self.name(name), values);
    }
    fn f64s(&mut self, name: &str, values: &mut [f64]) {
        self.inner.f64s(&self.name(name), values);
    }
    fn bytes(&mut self, name: &str, values: &mut [u8]) {
        self.inner.bytes(&self.name(name), values);
    }
    fn int(&mut self, name: &str, value: &mut u64) {
        self.inner.int(&self.name(name), value);
    }
    fn number(&mut self, name: &str, value: &mut f64) {
        self.inner.number(&self.name(name), value);
    }
    fn history(&mut self, name: &str, values: &mut Vec<f64>) {
        self.inner.history(&self.name(name), values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct State {
        x: Vec<f64>,
        m: Vec<f32>,
        packed: Vec<u8>,
        step: u64,
        best: f64,
        history: Vec<f64>,
    }

    impl State {
        fn visit(&mut self, v: &mut dyn StateVisitor) {
            let mut v = Scope::new("solver", v);
            v.f64s("x", &mut self.x);
            v.f32s("m", &mut self.m);
            v.bytes("packed", &mut self.packed);
            v.int("step", &mut self.step);
            v.number("best", &mut self.best);
            v.history("history", &mut self.history);
        }
    }

    fn state() -> State {
        State {
            x: vec![1.5, -0.0, 1e-310],
            m: vec![0.1; 5],
            packed: vec![7; 3],
            step: 42,
            best: f64::INFINITY,
            history: vec![1.0, 2.0],
        }
    }

    fn empty() -> State {
        State { x: vec![0.0; 3], m: vec![0.0; 5], packed: vec![0; 3], step: 0, best: 0.0, history: Vec::new() }
    }

    fn saved(dir: &Path) -> std::path::PathBuf {
        let path = dir.join("c.safetensors");
        let mut saver = Saver::new();
        state().visit(&mut saver);
        let header = CheckpointHeader {
            config: "c".into(),
            data: "d".into(),
            step: 42,
            metrics_bytes: 99,
            termination: Some(("completed".into(), "done".into())),
            stopping: String::new(),
        };
        saver.write(&path, &header).unwrap();
        assert_eq!(Checkpoint::read(&path).unwrap().header, header);
        path
    }

    #[test]
    fn state_comes_back_to_the_bit() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::read(&saved(dir.path())).unwrap();
        let mut loaded = empty();
        checkpoint.load(|v| loaded.visit(v)).unwrap();
        assert_eq!(loaded, state());
        assert_eq!(loaded.x[1].to_bits(), (-0.0f64).to_bits());
    }

    #[test]
    fn other_shapes_names_and_runs_are_refused_and_nothing_is_loaded() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::read(&saved(dir.path())).unwrap();
        let refused = |mut s: State, extra: Option<&str>, words: &str| {
            let before = s.clone();
            let e = checkpoint.load(|v| {
                s.visit(v);
                if let Some(name) = extra {
                    v.int(name, &mut 0);
                }
            });
            assert!(e.unwrap_err().to_string().contains(words));
            assert_eq!(s, before);
        };
        refused(State { x: vec![0.0; 4], ..empty() }, None, "tensor `solver/x` has 3 elements, 4 were expected");
        refused(empty(), Some("v"), "there is no tensor `v`");
        let mut s = empty();
        let e = checkpoint.load(|v| v.f64s("solver/x", &mut s.x)).unwrap_err().to_string();
        assert!(e.contains("nothing here has a place for tensor"), "{e}");
        let e = checkpoint.load(|v| v.f64s("solver/m", &mut [0.0; 5])).unwrap_err().to_string();
        assert!(e.contains("has elements F32, F64 were expected"), "{e}");
        assert!(checkpoint.belongs_to("c", "d").is_ok());
        assert!(checkpoint.belongs_to("other", "d").unwrap_err().to_string().contains("another configuration"));
        assert!(checkpoint.belongs_to("c", "other").unwrap_err().to_string().contains("other data"));
    }
}
