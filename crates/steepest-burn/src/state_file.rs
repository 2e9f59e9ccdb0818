//! The state of an optimizer as a file of named tensors in the safetensors format, which every tool reads.
//!
//! Vectors are tensors in the shape of the parameter they belong to where they have its length, numbers are tensors without
//! dimensions, packed moments are vectors of bytes.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use safetensors::{Dtype, SafeTensors, View};
use steepest_core::{Layout, StateVisitor};
use steepest_optim::Optimizer;
use thiserror::Error;

/// Why state could not be saved or loaded.
#[derive(Debug, Error)]
pub enum StateFileError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no safetensors file.
    #[error("{} is not a safetensors file, or was cut off: {what}; restore it from a copy", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A tensor is missing, superfluous, or has another type or size.
    #[error("{}: {what}; it belongs to another rule or module: bind the optimizer as in the run that wrote it", path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// Which tensor, and how it differs.
        what: String,
    },
}

/// A tensor on its way to a file.
struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    data: Vec<u8>,
}

impl View for Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> std::borrow::Cow<'_, [u8]> {
        (&self.data).into()
    }
    fn data_len(&self) -> usize {
        self.data.len()
    }
}

pub(crate) fn save(optimizer: &mut Optimizer<f32>, path: &Path) -> Result<(), StateFileError> {
    let mut writer = Writer { layout: optimizer.layout().clone(), tensors: Vec::new() };
    optimizer.visit(&mut writer);
    let bytes = safetensors::serialize(writer.tensors, None)
        .map_err(|e| StateFileError::Malformed { path: path.into(), what: e.to_string() })?;
    write_whole(path, &bytes).map_err(|source| StateFileError::Io { path: path.into(), source })
}

/// Writes beside the place, brings it to the disk, then renames.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a file name is missing"))?;
    let temporary = path.with_file_name(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    });
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    written
}

struct Writer {
    layout: Layout,
    tensors: Vec<(String, Tensor)>,
}

impl Writer {
    fn push(&mut self, name: &str, dtype: Dtype, len: usize, data: Vec<u8>) {
        let segment = name.split_once('/').and_then(|(_, tensor)| self.layout.get(tensor));
        let shape = segment.filter(|s| s.len == len).map_or(vec![len], |s| s.shape.clone());
        self.tensors.push((name.into(), Tensor { dtype, shape, data }));
    }

    fn scalar(&mut self, name: &str, dtype: Dtype, data: [u8; 8]) {
        self.tensors.push((name.into(), Tensor { dtype, shape: Vec::new(), data: data.into() }));
    }
}

impl StateVisitor for Writer {
    fn f32s(&mut self, name: &str, values: &mut [f32]) {
        self.push(name, Dtype::F32, values.len(), values.iter().flat_map(|v| v.to_le_bytes()).collect());
    }
    fn f64s(&mut self, name: &str, values: &mut [f64]) {
        self.push(name, Dtype::F64, values.len(), values.iter().flat_map(|v| v.to_le_bytes()).collect());
    }
    fn bytes(&mut self, name: &str, values: &mut [u8]) {
        self.tensors.push((name.into(), Tensor { dtype: Dtype::U8, shape: vec![values.len()], data: values.to_vec() }));
    }
    fn int(&mut self, name: &str, value: &mut u64) {
        self.scalar(name, Dtype::U64, value.to_le_bytes());
    }
    fn number(&mut self, name: &str, value: &mut f64) {
        self.scalar(name, Dtype::F64, value.to_le_bytes());
    }
    fn history(&mut self, name: &str, values: &mut Vec<f64>) {
        let data = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.tensors.push((name.into(), Tensor { dtype: Dtype::F64, shape: vec![values.len()], data }));
    }
}

pub(crate) fn load(optimizer: &mut Optimizer<f32>, path: &Path) -> Result<(), StateFileError> {
    let bytes = fs::read(path).map_err(|source| StateFileError::Io { path: path.into(), source })?;
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|e| StateFileError::Malformed { path: path.into(), what: e.to_string() })?;
    // First everything is checked, then everything is written.
    for write in [false, true] {
        let mut reader = Reader { file: &file, write, seen: HashSet::new(), error: None };
        optimizer.visit(&mut reader);
        let superfluous = file.names().into_iter().filter(|name| !reader.seen.contains(*name)).min();
        let superfluous = superfluous.map(|name| format!("tensor `{name}` is no state of this optimizer"));
        if let Some(what) = reader.error.or(superfluous) {
            return Err(StateFileError::Mismatch { path: path.into(), what });
        }
    }
    Ok(())
}

struct Reader<'a> {
    file: &'a SafeTensors<'a>,
    write: bool,
    seen: HashSet<String>,
    error: Option<String>,
}

impl<'a> Reader<'a> {
    /// The bytes of a tensor of this type and, if given, this number of elements. `None` as well where nothing is to be written.
    fn data(&mut self, name: &str, dtype: Dtype, len: Option<usize>) -> Option<&'a [u8]> {
        self.seen.insert(name.into());
        let fault = match self.file.tensor(name) {
            Err(_) => format!("there is no tensor `{name}`"),
            Ok(tensor) if tensor.dtype() != dtype => {
                format!("tensor `{name}` has elements {:?}, {dtype:?} were expected", tensor.dtype())
            }
            Ok(tensor) => {
                let found = tensor.shape().iter().product::<usize>();
                match len {
                    Some(len) if len != found => format!("tensor `{name}` has {found} elements, {len} were expected"),
                    _ => return self.write.then(|| tensor.data()),
                }
            }
        };
        self.error.get_or_insert(fault);
        None
    }

    fn eight(&mut self, name: &str, dtype: Dtype) -> Option<[u8; 8]> {
        self.data(name, dtype, Some(1)).map(|data| data.try_into().expect("one element of eight bytes"))
    }
}

fn doubles(data: &[u8]) -> impl Iterator<Item = f64> {
    data.chunks_exact(8).map(|c| f64::from_le_bytes(c.try_into().expect("chunks of 8")))
}

impl StateVisitor for Reader<'_> {
    fn f32s(&mut self, name: &str, values: &mut [f32]) {
        if let Some(data) = self.data(name, Dtype::F32, Some(values.len())) {
            let from = data.chunks_exact(4).map(|c| f32::from_le_bytes(c.try_into().expect("chunks of 4")));
            values.iter_mut().zip(from).for_each(|(to, from)| *to = from);
        }
    }
    fn f64s(&mut self, name: &str, values: &mut [f64]) {
        if let Some(data) = self.data(name, Dtype::F64, Some(values.len())) {
            values.iter_mut().zip(doubles(data)).for_each(|(to, from)| *to = from);
        }
    }
    fn bytes(&mut self, name: &str, values: &mut [u8]) {
        if let Some(data) = self.data(name, Dtype::U8, Some(values.len())) {
            values.copy_from_slice(data);
        }
    }
    fn int(&mut self, name: &str, value: &mut u64) {
        if let Some(data) = self.eight(name, Dtype::U64) {
            *value = u64::from_le_bytes(data);
        }
    }
    fn number(&mut self, name: &str, value: &mut f64) {
        if let Some(data) = self.eight(name, Dtype::F64) {
            *value = f64::from_le_bytes(data);
        }
    }
    fn history(&mut self, name: &str, values: &mut Vec<f64>) {
        if let Some(data) = self.data(name, Dtype::F64, None) {
            *values = doubles(data).collect();
        }
    }
}
