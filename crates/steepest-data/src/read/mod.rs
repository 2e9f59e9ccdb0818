//! Reading files: delimited text and Parquet or Arrow into a [`Table`], svmlight into labels and a sparse matrix.
//!
//! The format is told by the content, whatever the name: gzip and Zstandard are unpacked, a byte order mark is understood,
//! UTF-16 converted. Of delimited text the separator, the header and the types are found out, the latter over the whole file.
//! Text is read in windows of a few MiB, so that the memory needed is that of the result. The result depends neither on the
//! number of threads (those of the current rayon pool) nor on the size of the windows.
//!
//! ```
//! use steepest_data::Column;
//! use steepest_data::read::{Input, ReadOptions, Sources, read};
//!
//! let sources = Sources::bytes("people.csv", *b"name, height\nAda, 1.65\nAlan, ?\n");
//! let (input, report) = read(&sources, &ReadOptions::default())?;
//! let Input::Table(table) = input else { panic!("a table") };
//! assert_eq!(table.names, ["name", "height"]);
//! assert_eq!(table.columns[1].missing(), 1);
//! assert!(matches!(table.columns[0], Column::Category { .. }));
//! assert_eq!(report.header, Some(true));
//! # Ok::<(), steepest_data::read::ReadError>(())
//! ```

mod chunk;
#[cfg(feature = "columnar")]
mod columnar;
mod content;
mod delimited;
mod dialect;
mod error;
mod levels;
mod options;
mod row;
mod source;
mod svmlight;
mod time;
mod windows;

pub use content::Compression;
pub use dialect::HeaderReason;
pub use error::{Place, ReadError, Warning};
pub use options::{Format, Kind, MISSING_MARKERS, Missing, ReadOptions, Separator};
pub use source::Sources;
pub use svmlight::SvmlightRows;

pub(crate) use time::write as iso_time;

use content::Family;
use source::Source;
use windows::Windows;

use crate::table::Table;

/// What was read.
#[derive(Debug, Clone)]
pub enum Input {
    /// Named columns.
    Table(Table),
    /// Labelled sparse rows.
    Rows(SvmlightRows),
}

/// What was found out about the files.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ReadReport {
    /// The format.
    pub format: Format,
    /// The separator of delimited text.
    pub separator: Option<Separator>,
    /// Whether delimited text has a header.
    pub header: Option<bool>,
    /// Why a header was seen or not.
    pub header_reason: Option<HeaderReason>,
    /// The files in the order read.
    pub files: Vec<FileReport>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

/// One file as it was read.
#[derive(Debug, Clone, serde::Serialize)]
pub struct FileReport {
    /// The name given, `-` for standard input.
    pub name: String,
    /// Its compression.
    pub compression: Compression,
    /// Its size, compressed.
    pub bytes: u64,
    /// XXH3 (128 bits, hexadecimal) of its bytes as they are stored.
    pub hash: String,
    /// Its rows.
    pub rows: usize,
}

impl ReadReport {
    /// Rows of all files.
    pub fn rows(&self) -> usize {
        self.files.iter().map(|f| f.rows).sum()
    }

    /// Bytes of all files, compressed.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|f| f.bytes).sum()
    }

    /// XXH3 (128 bits, hexadecimal) of the hashes of all files: equal data in equal order have an equal hash.
    pub fn hash(&self) -> String {
        if let [file] = &self.files[..] {
            return file.hash.clone();
        }
        let all: String = self.files.iter().map(|f| f.hash.as_str()).collect();
        format!("{:032x}", xxhash_rust::xxh3::xxh3_128(all.as_bytes()))
    }
}

/// Reads files.
///
/// # Errors
/// Any [`ReadError`]: it names the file, where it can the line and the column, and says what was expected.
pub fn read(sources: &Sources, options: &ReadOptions) -> Result<(Input, ReadReport), ReadError> {
    let sources: Vec<Source> = sources.origins().iter().map(Source::new).collect();
    let Some(first) = sources.first() else {
        return Err(ReadError::Sources { problem: "no file was named".into() });
    };
    let content = content::open(first)?;
    if content.family != Family::Text {
        return columnar(&sources, content, options);
    }
    if let Some(format @ (Format::Parquet | Format::Arrow)) = options.format {
        let problem = "it does not begin as such a file does".to_string();
        return Err(ReadError::Columnar { file: first.name.clone(), format, problem });
    }
    let file = text_file(first, content, options)?;
    let told = if svmlight::looks_like(file.windows.sample().0) { Format::Svmlight } else { Format::Delimited };
    let format = options.format.unwrap_or(told);
    let mut report = ReadReport {
        format,
        separator: None,
        header: None,
        header_reason: None,
        files: Vec::new(),
        warnings: Vec::new(),
    };
    let (input, files) = match format {
        Format::Svmlight => {
            let (found, files) = svmlight::read(&sources, file, options, &mut report.warnings)?;
            (Input::Rows(found), files)
        }
        _ => {
            let outcome = delimited::read(&sources, file, options, &mut report.warnings)?;
            report.separator = Some(outcome.dialect.separator);
            report.header = Some(outcome.dialect.header);
            report.header_reason = Some(outcome.dialect.reason);
            (Input::Table(outcome.table), outcome.files)
        }
    };
    report.files = reports(&sources, files);
    report.warnings.extend(ignored(options, format));
    Ok((input, report))
}

/// Options that were given and have no meaning for this format.
fn ignored(options: &ReadOptions, format: Format) -> Vec<Warning> {
    let (text, rows) = (format == Format::Delimited, format == Format::Svmlight);
    let given = [
        (options.separator.is_some() && !text, "separator"),
        (options.header.is_some() && !text, "header"),
        (options.decimal_comma.is_some() && !text, "decimal comma"),
        (!options.kinds.is_empty() && rows, "column types"),
        (!options.drop.is_empty() && rows, "columns to drop"),
        (options.base.is_some() && !rows, "index base"),
        (options.dimension > 0 && !rows, "dimension"),
    ];
    let meaningless = given.into_iter().filter(|(given, _)| *given);
    meaningless.map(|(_, option)| Warning::Ignored { option, format }).collect()
}

#[cfg(feature = "columnar")]
fn columnar(
    sources: &[Source],
    content: content::Content,
    options: &ReadOptions,
) -> Result<(Input, ReadReport), ReadError> {
    let format = if content.family == Family::Parquet { Format::Parquet } else { Format::Arrow };
    let mut warnings = Vec::new();
    let (table, files) = columnar::read(sources, content, options, &mut warnings)?;
    let files = reports(sources, files);
    warnings.extend(ignored(options, format));
    Ok((
        Input::Table(table),
        ReadReport { format, separator: None, header: None, header_reason: None, files, warnings },
    ))
}

#[cfg(not(feature = "columnar"))]
fn columnar(sources: &[Source], _: content::Content, _: &ReadOptions) -> Result<(Input, ReadReport), ReadError> {
    Err(ReadError::Unsupported {
        file: sources[0].name.clone(),
        what: "a Parquet or Arrow file".into(),
        remedy: "this build lacks the feature `columnar`",
    })
}

fn reports(sources: &[Source], files: Vec<Read>) -> Vec<FileReport> {
    let report = |(source, read): (&Source, Read)| {
        let print = source.fingerprint();
        let (name, hash) = (source.name.clone(), format!("{:032x}", print.hash));
        FileReport { name, compression: read.compression, bytes: print.bytes, hash, rows: read.rows }
    };
    sources.iter().zip(files).map(report).collect()
}

/// What reading one file told.
struct Read {
    rows: usize,
    compression: Compression,
}

/// Bytes from which format, separator and header are decided.
const SAMPLE: usize = 1 << 18;

/// A text file, opened.
struct TextFile {
    windows: Windows,
    compression: Compression,
    /// Whether the bytes in the file are those of the text.
    plain: bool,
    warnings: Vec<Warning>,
}

fn text_file(source: &Source, content: content::Content, options: &ReadOptions) -> Result<TextFile, ReadError> {
    let plain = content.compression == Compression::None
        && !content.warnings.iter().any(|w| matches!(w, Warning::Utf16 { .. }));
    let mut windows = Windows::new(content.reader, options.window);
    windows.look_ahead(SAMPLE).map_err(|e| source.io(e))?;
    if windows.sample().0.iter().all(u8::is_ascii_whitespace) {
        return Err(ReadError::Empty { file: source.name.clone() });
    }
    Ok(TextFile { windows, compression: content.compression, plain, warnings: content.warnings })
}

/// Opens a later file, which must be text as the first one is.
fn open_text(source: &Source, first: &str, options: &ReadOptions) -> Result<TextFile, ReadError> {
    let content = content::open(source)?;
    if content.family != Family::Text {
        let problem = "this is no text file".to_string();
        return Err(ReadError::Mismatch { file: source.name.clone(), first: first.into(), problem });
    }
    text_file(source, content, options)
}
