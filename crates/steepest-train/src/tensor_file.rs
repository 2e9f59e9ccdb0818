//! Files of named tensors: canonical safetensors with a checksum inside.
//!
//! The format is safetensors, so that every tool reads the tensors. On top of it the bytes are a function of the content
//! alone: the metadata are one JSON string with sorted keys, the header is padded with spaces to a multiple of 64 bytes,
//! and tensors lie in the order they were added, those with wide elements first, so that each is aligned. The checksum is
//! the XXH3 hash of the whole file with sixteen zeros in the checksum's place.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::{Path, PathBuf},
};

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use thiserror::Error;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::atomic_file::write_atomic;

/// The version of the file formats that this program writes and reads.
pub const FORMAT: u64 = 1;

/// What every file begins with, behind the 8 bytes of the header's length.
const PREFIX: &[u8] = br#"{"__metadata__":{"steepest":"{\"checksum\":\""#;
const CHECKSUM_LEN: usize = 16;
const CHECKSUM_AT: usize = 8 + PREFIX.len();

/// Why a tensor file could not be written, read or used.
#[derive(Debug, Error)]
pub enum TensorFileError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The bytes are not such a file.
    #[error("{} is not a file written by steepest, or was cut off: {what}; restore it from a copy, or delete it to start anew", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The bytes have changed since they were written.
    #[error("{} is damaged: its checksum is {found} and should be {expected}; restore it from a copy, or delete it to start anew", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The checksum of the bytes.
        found: String,
        /// The checksum in the metadata.
        expected: String,
    },
    /// The format is another one.
    #[error("{} has format {found}, this program reads format {FORMAT}; read it with the version of steepest that wrote it ({writer})", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: String,
        /// The version of the program that wrote it.
        writer: String,
    },
    /// A tensor is missing, superfluous or has another type or length.
    #[error("{}: {what}; it belongs to another model or solver: resume with the configuration of that run, or start a new run", path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// Which tensor, and how it differs.
        what: String,
    },
}

/// The XXH3 hash of some bytes, as 16 hexadecimal digits: what configurations and data are recognized by.
///
/// ```
/// assert_eq!(steepest_train::content_hash(b""), "2d06800538d394c2");
/// ```
pub fn content_hash(bytes: &[u8]) -> String {
    format!("{:016x}", xxh3_64(bytes))
}

/// The types of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    F64,
    U64,
    F32,
    U8,
}

impl Element {
    fn name(self) -> &'static str {
        match self {
            Element::F64 => "F64",
            Element::U64 => "U64",
            Element::F32 => "F32",
            Element::U8 => "U8",
        }
    }

    fn size(self) -> usize {
        match self {
            Element::F64 | Element::U64 => 8,
            Element::F32 => 4,
            Element::U8 => 1,
        }
    }

    fn of(dtype: Dtype) -> Option<Element> {
        match dtype {
            Dtype::F64 => Some(Element::F64),
            Dtype::U64 => Some(Element::U64),
            Dtype::F32 => Some(Element::F32),
            Dtype::U8 => Some(Element::U8),
            _ => None,
        }
    }
}

/// Tensors in memory, as they will lie in the file.
#[derive(Debug, Default, Clone)]
pub struct TensorImage {
    entries: Vec<(String, Element, Vec<usize>)>,
    wide: Vec<u8>,
    half: Vec<u8>,
    bytes: Vec<u8>,
}

impl TensorImage {
    /// An image without tensors.
    pub fn new() -> TensorImage {
        TensorImage::default()
    }

    /// Forgets the tensors and keeps the memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.wide.clear();
        self.half.clear();
        self.bytes.clear();
    }

    fn entry(&mut self, name: &str, element: Element, shape: &[usize]) {
        debug_assert!(self.entries.iter().all(|e| e.0 != name), "two tensors are named {name}");
        self.entries.push((name.into(), element, shape.to_vec()));
    }

    /// Adds a tensor of 64-bit numbers, row-major.
    pub fn f64s(&mut self, name: &str, shape: &[usize], values: &[f64]) {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len());
        self.entry(name, Element::F64, shape);
        self.wide.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    }

    /// Adds a scalar that is a 64-bit integer.
    pub fn u64(&mut self, name: &str, value: u64) {
        self.entry(name, Element::U64, &[]);
        self.wide.extend(value.to_le_bytes());
    }

    /// Adds a tensor of 32-bit numbers, row-major.
    pub fn f32s(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len());
        self.entry(name, Element::F32, shape);
        self.half.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    }

    /// Adds a vector of bytes.
    pub fn u8s(&mut self, name: &str, values: &[u8]) {
        self.entry(name, Element::U8, &[values.len()]);
        self.bytes.extend(values);
    }

    /// The bytes in front of the tensors, with the checksum. The keys of the metadata must come after `checksum` in order.
    fn header(&self, metadata: &BTreeMap<String, Value>) -> Vec<u8> {
        let mut inner = metadata.clone();
        inner.insert("checksum".into(), Value::from("0".repeat(CHECKSUM_LEN)));
        inner.insert("format".into(), Value::from(FORMAT));
        inner.insert("version".into(), Value::from(env!("CARGO_PKG_VERSION")));
        debug_assert_eq!(inner.keys().next().map(String::as_str), Some("checksum"));
        let mut header = serde_json::Map::new();
        let inner: serde_json::Map<String, Value> = inner.into_iter().collect();
        header.insert("__metadata__".into(), serde_json::json!({"steepest": Value::Object(inner).to_string()}));
        let mut at = 0;
        for size in [8, 4, 1] {
            for (name, element, shape) in self.entries.iter().filter(|e| e.1.size() == size) {
                let end = at + shape.iter().product::<usize>() * size;
                let entry = serde_json::json!({"dtype": element.name(), "shape": shape, "data_offsets": [at, end]});
                header.insert(name.clone(), entry);
                at = end;
            }
        }
        let mut text = Value::Object(header).to_string().into_bytes();
        while !(8 + text.len()).is_multiple_of(64) {
            text.push(b' ');
        }
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text);
        debug_assert_eq!(&bytes[8..CHECKSUM_AT], PREFIX);
        let mut hash = Xxh3::new();
        [&bytes, &self.wide, &self.half, &self.bytes].into_iter().for_each(|part| hash.update(part));
        let checksum = format!("{:016x}", hash.digest());
        bytes[CHECKSUM_AT..CHECKSUM_AT + CHECKSUM_LEN].copy_from_slice(checksum.as_bytes());
        bytes
    }

    /// Writes the file, whole or not at all. `metadata` keys must come after `checksum` in alphabetical order; `format` and
    /// `version` are added. Returns the checksum.
    ///
    /// # Errors
    /// [`TensorFileError::Io`].
    pub fn write(&self, path: &Path, metadata: &BTreeMap<String, Value>) -> Result<String, TensorFileError> {
        let header = self.header(metadata);
        let written = write_atomic(path, |out| {
            [&header, &self.wide, &self.half, &self.bytes].into_iter().try_for_each(|part| out.write_all(part))
        });
        written.map_err(|source| TensorFileError::Io { path: path.into(), source })?;
        Ok(String::from_utf8_lossy(&header[CHECKSUM_AT..CHECKSUM_AT + CHECKSUM_LEN]).into_owned())
    }
}

/// Where a tensor lies in a file.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) element: Element,
    pub(crate) shape: Vec<usize>,
    range: std::ops::Range<usize>,
}

/// A tensor file that was read and found whole.
#[derive(Debug)]
pub struct TensorFile {
    path: PathBuf,
    bytes: Vec<u8>,
    metadata: serde_json::Map<String, Value>,
    tensors: HashMap<String, Place>,
    names: Vec<String>,
}

impl TensorFile {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Each variant of [`TensorFileError`] but [`TensorFileError::Mismatch`].
    pub fn read(path: &Path) -> Result<TensorFile, TensorFileError> {
        let bytes = fs::read(path).map_err(|source| TensorFileError::Io { path: path.into(), source })?;
        TensorFile::parse(path, bytes)
    }

    fn parse(path: &Path, bytes: Vec<u8>) -> Result<TensorFile, TensorFileError> {
        let malformed = |what: String| TensorFileError::Malformed { path: path.into(), what };
        if bytes.len() < CHECKSUM_AT + CHECKSUM_LEN {
            return Err(malformed(format!("it has only {} bytes", bytes.len())));
        }
        if &bytes[8..CHECKSUM_AT] != PREFIX {
            return Err(malformed("its header does not begin as ours do".into()));
        }
        let expected = String::from_utf8_lossy(&bytes[CHECKSUM_AT..CHECKSUM_AT + CHECKSUM_LEN]).into_owned();
        let mut hash = Xxh3::new();
        hash.update(&bytes[..CHECKSUM_AT]);
        hash.update(&[b'0'; CHECKSUM_LEN]);
        hash.update(&bytes[CHECKSUM_AT + CHECKSUM_LEN..]);
        let found = format!("{:016x}", hash.digest());
        if found != expected {
            return Err(TensorFileError::Checksum { path: path.into(), found, expected });
        }
        let (header_len, header) = SafeTensors::read_metadata(&bytes).map_err(|e| malformed(e.to_string()))?;
        let text = header.metadata().as_ref().and_then(|m| m.get("steepest")).map_or("", |s| s);
        let metadata: serde_json::Map<String, Value> =
            serde_json::from_str(text).map_err(|e| malformed(format!("its metadata cannot be read: {e}")))?;
        let format = metadata.get("format").cloned().unwrap_or_default();
        if format.as_u64() != Some(FORMAT) {
            let writer = metadata.get("version").and_then(Value::as_str).unwrap_or("unknown").into();
            return Err(TensorFileError::Version { path: path.into(), found: format.to_string(), writer });
        }
        let mut tensors = HashMap::new();
        let mut names = header.offset_keys();
        names.retain(|n| n != "__metadata__");
        for name in &names {
            let Some(info) = header.info(name) else { continue };
            let element = Element::of(info.dtype)
                .ok_or_else(|| malformed(format!("tensor `{name}` has the unknown type {:?}", info.dtype)))?;
            let start = 8 + header_len;
            let range = start + info.data_offsets.0..start + info.data_offsets.1;
            tensors.insert(name.clone(), Place { element, shape: info.shape.clone(), range });
        }
        Ok(TensorFile { path: path.into(), bytes, metadata, tensors, names })
    }

    /// Where the file was read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the writer said about the file.
    pub fn metadata(&self) -> &serde_json::Map<String, Value> {
        &self.metadata
    }

    /// The names of the tensors, in the order of the file.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The shape of a tensor.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|p| p.shape.as_slice())
    }

    /// A tensor of 64-bit numbers.
    ///
    /// # Errors
    /// [`TensorFileError::Mismatch`] when there is none of this name and type.
    pub fn f64s(&self, name: &str) -> Result<Vec<f64>, TensorFileError> {
        let data = self.data(name, Element::F64, None)?;
        Ok(data.chunks_exact(8).map(|c| f64::from_le_bytes(c.try_into().expect("chunks of 8"))).collect())
    }

    /// The bytes of a tensor of this type and, if given, this number of elements.
    pub(crate) fn data(&self, name: &str, element: Element, len: Option<usize>) -> Result<&[u8], TensorFileError> {
        let place = self.tensors.get(name).ok_or_else(|| self.mismatch(format!("there is no tensor `{name}`")))?;
        if place.element != element {
            let what =
                format!("tensor `{name}` has elements {}, {} were expected", place.element.name(), element.name());
            return Err(self.mismatch(what));
        }
        let data = &self.bytes[place.range.clone()];
        match len {
            Some(len) if len * element.size() != data.len() => {
                let found = data.len() / element.size();
                Err(self.mismatch(format!("tensor `{name}` has {found} elements, {len} were expected")))
            }
            _ => Ok(data),
        }
    }

    pub(crate) fn mismatch(&self, what: String) -> TensorFileError {
        TensorFileError::Mismatch { path: self.path.clone(), what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> TensorImage {
        let mut image = TensorImage::new();
        image.f32s("a", &[3], &[1.0, -0.0, f32::NAN]);
        image.u8s("packed \"name\"", &[1, 2, 3]);
        image.f64s("b", &[2, 1], &[f64::MIN_POSITIVE, -1.5]);
        image.u64("step", u64::MAX);
        image
    }

    fn metadata() -> BTreeMap<String, Value> {
        BTreeMap::from([("config".to_string(), Value::from("x")), ("kind".to_string(), Value::from("test"))])
    }

    #[test]
    fn what_is_written_is_read_again_by_us_and_by_the_library() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.safetensors");
        image().write(&path, &metadata()).unwrap();
        let file = TensorFile::read(&path).unwrap();
        assert_eq!(file.metadata()["kind"], "test");
        assert_eq!(file.names(), ["b", "step", "a", "packed \"name\""]);
        assert_eq!(file.f64s("b").unwrap(), [f64::MIN_POSITIVE, -1.5]);
        assert_eq!(file.shape("b"), Some(&[2, 1][..]));
        let bytes = fs::read(&path).unwrap();
        let theirs = SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(theirs.tensor("a").unwrap().data()[..4], 1.0f32.to_le_bytes());
        let header_len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        assert_eq!((8 + header_len) % 64, 0);
    }

    #[test]
    fn a_hundred_writes_have_the_same_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.safetensors");
        image().write(&path, &metadata()).unwrap();
        let first = fs::read(&path).unwrap();
        for _ in 0..100 {
            image().write(&path, &metadata()).unwrap();
            assert_eq!(fs::read(&path).unwrap(), first);
        }
    }

    #[test]
    fn any_cut_and_any_changed_byte_is_noticed() {
        let path = Path::new("t.safetensors");
        let image = image();
        let mut bytes = image.header(&metadata());
        [&image.wide, &image.half, &image.bytes].iter().for_each(|p| bytes.extend(p.iter()));
        assert!(TensorFile::parse(path, bytes.clone()).is_ok());
        for len in 0..bytes.len() {
            assert!(TensorFile::parse(path, bytes[..len].to_vec()).is_err(), "cut at {len}");
        }
        for i in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[i] ^= 0x11;
            assert!(TensorFile::parse(path, changed).is_err(), "byte {i}");
        }
    }

    #[test]
    fn another_format_says_who_wrote_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.safetensors");
        let image = image();
        let mut bytes = image.header(&metadata());
        [&image.wide, &image.half, &image.bytes].iter().for_each(|p| bytes.extend(p.iter()));
        let at = bytes.windows(10).position(|w| w == br#"format\":1"#).unwrap() + 9;
        bytes[at] = b'7';
        bytes[CHECKSUM_AT..CHECKSUM_AT + CHECKSUM_LEN].fill(b'0');
        let sum = content_hash(&bytes);
        bytes[CHECKSUM_AT..CHECKSUM_AT + CHECKSUM_LEN].copy_from_slice(sum.as_bytes());
        fs::write(&path, bytes).unwrap();
        let e = TensorFile::read(&path).unwrap_err().to_string();
        assert!(e.contains("has format 7, this program reads format 1"), "{e}");
    }
}
