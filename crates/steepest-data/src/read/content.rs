//! What a source holds, told by its first bytes: compression, format and encoding. The endings of names decide nothing.

use std::io::{self, BufReader, Read};

use super::error::{Place, ReadError, Warning};
use super::source::Source;

/// How the raw bytes are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, also of several members.
    Gzip,
    /// Zstandard, also of several frames.
    Zstd,
}

/// The family of formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Text,
    Parquet,
    ArrowFile,
    ArrowStream,
}

/// A source opened: decompressed, and as UTF-8 (or at least ASCII) without byte order mark if it is text.
pub(super) struct Content {
    pub compression: Compression,
    pub family: Family,
    pub reader: Box<dyn Read + Send>,
    pub warnings: Vec<Warning>,
}

/// Enough to tell all formats and to see that a text is one.
const PREFIX: usize = 4096;

pub(super) fn open(source: &Source) -> Result<Content, ReadError> {
    let mut raw = source.open()?;
    let magic = prefix(&mut raw, 8).map_err(|e| source.io(e))?;
    let compression = match magic[..] {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd, // a skippable frame
        _ => Compression::None,
    };
    let raw = BufReader::with_capacity(1 << 17, io::Cursor::new(magic).chain(raw));
    let mut reader: Box<dyn Read + Send> = match compression {
        Compression::None => Box::new(raw),
        Compression::Gzip => {
            let inner = Box::new(flate2::bufread::MultiGzDecoder::new(raw));
            Box::new(Decoder { inner, file: source.name.clone(), compression: "gzip" })
        }
        Compression::Zstd => {
            let inner = Box::new(zstd::stream::read::Decoder::with_buffer(raw).map_err(|e| source.io(e))?);
            Box::new(Decoder { inner, file: source.name.clone(), compression: "zstd" })
        }
    };
    let head = prefix(&mut reader, PREFIX).map_err(|e| source.io(e))?;
    let mut warnings = Vec::new();
    if compression == Compression::None {
        let promised = [".gz", ".zst"].into_iter().find(|e| source.name.to_ascii_lowercase().ends_with(e));
        warnings.extend(promised.map(|ending| Warning::NotCompressed { file: source.name.clone(), ending }));
    }
    let family = match head[..] {
        [b'P', b'A', b'R', b'1', ..] => Family::Parquet,
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => Family::ArrowFile,
        [0xff, 0xff, 0xff, 0xff, ..] => Family::ArrowStream,
        _ => Family::Text,
    };
    if family != Family::Text {
        let reader = Box::new(io::Cursor::new(head).chain(reader));
        return Ok(Content { compression, family, reader, warnings });
    }
    refuse(source, &head)?;
    let (skip, utf16) = match head[..] {
        [0xef, 0xbb, 0xbf, ..] => (3, None),
        [0xff, 0xfe, ..] => (2, Some(u16::from_le_bytes as fn([u8; 2]) -> u16)),
        [0xfe, 0xff, ..] => (2, Some(u16::from_be_bytes as fn([u8; 2]) -> u16)),
        _ => (0, None),
    };
    let cr_only = utf16.is_none() && head.contains(&b'\r') && !head.contains(&b'\n') && head.len() > 1;
    let cr_only = cr_only && !(head.iter().filter(|&&b| b == b'\r').count() == 1 && head.ends_with(b"\r"));
    if utf16.is_none() {
        no_nul(source, &head)?;
    }
    let text = io::Cursor::new(head[skip..].to_vec()).chain(reader);
    let reader: Box<dyn Read + Send> = match utf16 {
        Some(unit) => {
            warnings.push(Warning::Utf16 { file: source.name.clone() });
            Box::new(Utf16 { inner: BufReader::new(text), unit, high: None, out: Vec::new(), given: 0 })
        }
        None if cr_only => Box::new(CarriageReturns(text)),
        None => Box::new(text),
    };
    Ok(Content { compression, family, reader, warnings })
}

/// Up to `n` bytes.
fn prefix(reader: &mut impl Read, n: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(n);
    reader.take(n as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Formats that people have and that are not read are called by their name.
fn refuse(source: &Source, head: &[u8]) -> Result<(), ReadError> {
    const PACK: &str = "unpack it first";
    const SAVE: &str = "save it as CSV or Parquet";
    let known: [(&[u8], &str, &'static str); 14] = [
        (b"BZh", "bzip2", PACK),
        (b"\xfd7zXZ\0", "xz", PACK),
        (b"\x04\x22\x4d\x18", "lz4", PACK),
        (b"7z\xbc\xaf", "a 7z archive", PACK),
        (b"PK\x03\x04", "a zip archive (or a spreadsheet such as .xlsx)", "unpack it, or save the sheet as CSV"),
        (b"\xd0\xcf\x11\xe0", "an old office file (such as .xls)", "save the sheet as CSV"),
        (b"\x89HDF", "HDF5", SAVE),
        (b"\x93NUMPY", "a NumPy array", SAVE),
        (b"\x80\x02", "a pickle", SAVE),
        (b"ORC", "ORC", SAVE),
        (b"Obj\x01", "Avro", SAVE),
        (b"%PDF", "a PDF", SAVE),
        (b"\x89PNG", "a PNG image", SAVE),
        (b"SQLite format 3\0", "an SQLite database", SAVE),
    ];
    // Those of letters alone could begin a CSV.
    let binary = |m: &[u8]| !m.iter().all(u8::is_ascii_alphanumeric) || head.iter().take(512).any(|b| *b < 9);
    match known.iter().find(|(magic, ..)| head.starts_with(magic) && binary(magic)) {
        Some(&(_, what, remedy)) => {
            Err(ReadError::Unsupported { file: source.name.clone(), what: what.into(), remedy })
        }
        None => Ok(()),
    }
}

fn no_nul(source: &Source, head: &[u8]) -> Result<(), ReadError> {
    let Some(at) = head.iter().position(|&b| b == 0) else { return Ok(()) };
    let every_other = |k: usize| head.len() > 3 && head.iter().skip(k).step_by(2).take(32).all(|&b| b == 0);
    let name = source.name.to_ascii_lowercase();
    let hint = if every_other(0) || every_other(1) {
        "; it may be UTF-16 without a byte order mark: convert it to UTF-8"
    } else if [".gz", ".zst", ".parquet", ".arrow", ".feather"].iter().any(|e| name.ends_with(e)) {
        "; the content does not begin as the ending of its name promises: the file may be damaged"
    } else {
        ""
    };
    Err(ReadError::Binary { place: place(source, head, at), hint })
}

/// The place of byte `at` in the first bytes of a source.
fn place(source: &Source, head: &[u8], at: usize) -> Place {
    let before = &head[..at];
    let line = 1 + before.iter().filter(|&&b| b == b'\n').count() as u64;
    let start = before.iter().rposition(|&b| b == b'\n').map_or(0, |p| p + 1);
    Place { file: source.name.clone(), line, column: (at - start + 1) as u64 }
}

/// Says what a decoder complains of in words, and lets errors of the system pass.
struct Decoder {
    inner: Box<dyn Read + Send>,
    file: String,
    compression: &'static str,
}

impl Read for Decoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|e| {
            if e.raw_os_error().is_some() || e.kind() == io::ErrorKind::Interrupted {
                return e;
            }
            let problem = match e.kind() {
                io::ErrorKind::UnexpectedEof => {
                    "it ends too early: the file is cut short, or something else follows its end".to_string()
                }
                _ => format!("{e}; the file is damaged"),
            };
            io::Error::other(ReadError::Compressed { file: self.file.clone(), compression: self.compression, problem })
        })
    }
}

/// UTF-16 to UTF-8; a surrogate without its other half becomes U+FFFD.
struct Utf16<R> {
    inner: R,
    unit: fn([u8; 2]) -> u16,
    high: Option<u16>,
    out: Vec<u8>,
    given: usize,
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.out.len() {
            self.out.clear();
            self.given = 0;
            let bytes = prefix(&mut self.inner, 1 << 16)?;
            // Half a unit can only be left at the very end.
            let units = bytes.chunks(2).map(|b| if let [a, b] = *b { (self.unit)([a, b]) } else { 0xfffd });
            let mut held: Vec<u16> = self.high.take().into_iter().chain(units).collect();
            if bytes.len() == 1 << 16 {
                self.high = held.pop_if(|u| (0xd800..0xdc00).contains(u));
            }
            for c in char::decode_utf16(held) {
                let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
                self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        let n = buffer.len().min(self.out.len() - self.given);
        buffer[..n].copy_from_slice(&self.out[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}

/// Text whose lines end in a bare carriage return.
struct CarriageReturns<R>(R);

impl<R: Read> Read for CarriageReturns<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read(buffer)?;
        buffer[..n].iter_mut().filter(|b| **b == b'\r').for_each(|b| *b = b'\n');
        Ok(n)
    }
}
