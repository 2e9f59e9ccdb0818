//! What can be wrong with a file, each with its place and with what was expected; and what is only worth a warning.

use std::fmt;
use std::io;

use super::options::{Format, Kind};
use crate::nearest::suggestion;

/// A place in a text file. Lines and columns are counted from 1, columns in bytes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Place {
    /// The file as it was named, `-` for standard input.
    pub file: String,
    /// The line.
    pub line: u64,
    /// The byte in the line; 0 where the line as a whole is meant.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if self.column > 0 { write!(f, ":{}", self.column) } else { Ok(()) }
    }
}

/// Why reading failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Nothing has this name.
    #[error("{file}: no such file{}", did_you_mean(.similar))]
    NotFound {
        /// The name given.
        file: String,
        /// Names nearby in the same directory.
        similar: Vec<String>,
    },
    /// A pattern matches nothing.
    #[error("{pattern}: no file matches this pattern")]
    NoMatch {
        /// The pattern given.
        pattern: String,
    },
    /// No source was given, or a pattern is malformed.
    #[error("{problem}")]
    Sources {
        /// What is wrong.
        problem: String,
    },
    /// A directory was given in place of a file.
    #[error("{file}: is a directory; name its files, or a pattern such as {file}/*{ending}")]
    Directory {
        /// The name given, without a slash at its end.
        file: String,
        /// The most frequent file name ending in it, with its dot.
        ending: String,
    },
    /// The file may not be read.
    #[error("{file}: permission denied; the file must be readable by this user")]
    Permission {
        /// The name given.
        file: String,
    },
    /// The system failed.
    #[error("{file}: {source}")]
    Io {
        /// The name given.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing but blanks.
    #[error("{file}: the file is empty")]
    Empty {
        /// The file.
        file: String,
    },
    /// Names and no rows.
    #[error("{file}: there is a header and no row below it; expected at least one row of {columns} fields")]
    HeaderOnly {
        /// The file.
        file: String,
        /// Number of names.
        columns: usize,
    },
    /// The compressed stream is broken.
    #[error("{file}: broken {compression} stream: {problem}")]
    Compressed {
        /// The file.
        file: String,
        /// `gzip` or `zstd`.
        compression: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A known format which is not read.
    #[error("{file}: this is {what}, which is not read; {remedy}")]
    Unsupported {
        /// The file.
        file: String,
        /// What the content looks like.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Bytes that no text has.
    #[error(
        "{place}: a NUL byte: this is binary, no text; expected delimited text, svmlight, Parquet or Arrow, plain or as .gz or .zst{hint}"
    )]
    Binary {
        /// Where the first such byte is.
        place: Place,
        /// More to say.
        hint: &'static str,
    },
    /// A row with too few or too many fields.
    #[error("{place}: expected {expected} fields, found {found}")]
    Ragged {
        /// The row.
        place: Place,
        /// Fields of the first row.
        expected: usize,
        /// Fields of this row.
        found: usize,
    },
    /// A quote that is never closed.
    #[error(
        "{place}: the quote that begins here is never closed; double a quote that belongs to the text (\"\"), or read without quotes"
    )]
    Unterminated {
        /// The opening quote.
        place: Place,
    },
    /// Text after a closing quote.
    #[error(
        "{place}: text after a closing quote; expected the separator or the end of the line (a quote inside quotes is doubled)"
    )]
    AfterQuote {
        /// The first byte too many.
        place: Place,
    },
    /// A row that does not end.
    #[error("{place}: a row of more than {limit} bytes begins here; is this the right file and format?")]
    LongRow {
        /// The row.
        place: Place,
        /// The largest length of a row.
        limit: usize,
    },
    /// An infinite number.
    #[error(
        "{place}: `{text}` in column `{name}` is no finite number; correct it, or declare `{text}` a missing marker"
    )]
    NotFinite {
        /// The field.
        place: Place,
        /// Name of the column.
        name: String,
        /// The field as written.
        text: String,
    },
    /// A field that is not of the type asked for.
    #[error("{place}: `{text}` in column `{name}` is no {}; correct it, declare `{text}` a missing marker, or read the column as a category", kind_word(.kind))]
    NotOfKind {
        /// The field.
        place: Place,
        /// Name of the column.
        name: String,
        /// The field as written.
        text: String,
        /// The type asked for.
        kind: Kind,
    },
    /// An option names a column that does not exist.
    #[error("no column is named `{name}`{}", suggestion(name, .columns.iter().map(String::as_str)))]
    UnknownColumn {
        /// The name in the option.
        name: String,
        /// The names in the file.
        columns: Vec<String>,
    },
    /// Several files that do not fit together.
    #[error("{file}: {problem}; all files must have the columns of {first}")]
    Mismatch {
        /// The file that differs.
        file: String,
        /// The file that sets the columns.
        first: String,
        /// What differs.
        problem: String,
    },
    /// A malformed svmlight line.
    #[error("{place}: {problem}")]
    Svmlight {
        /// The place.
        place: Place,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// A Parquet or Arrow file that cannot be decoded.
    #[error("{file}: broken or unreadable {} file: {problem}", format_word(.format))]
    Columnar {
        /// The file.
        file: String,
        /// Parquet or Arrow.
        format: Format,
        /// What is wrong.
        problem: String,
    },
    /// The file differs between two looks at it.
    #[error("{file}: the file changed while it was read")]
    Changed {
        /// The file.
        file: String,
    },
}

fn did_you_mean(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("; did you mean {}?", names.join(" or ")) }
}

fn kind_word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Number => "number",
        Kind::Category => "category",
        Kind::Time => "time (such as 2013-01-31 or 2013-01-31T23:59:59Z)",
        Kind::Text => "text",
    }
}

fn format_word(format: &Format) -> &'static str {
    match format {
        Format::Delimited => "delimited text",
        Format::Svmlight => "svmlight",
        Format::Parquet => "Parquet",
        Format::Arrow => "Arrow",
    }
}

/// Something a person should know although the result is right.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub enum Warning {
    /// Two columns had the same name; the later one was renamed.
    Duplicate {
        /// The file.
        file: String,
        /// The name in the file.
        name: String,
        /// The name in the table.
        renamed: String,
    },
    /// Text that is not UTF-8 was taken for Windows-1252 (a superset of Latin-1).
    NotUtf8 {
        /// The file, or the list of files.
        file: String,
        /// Where: a column name, or `header`.
        name: String,
        /// The first such text, decoded.
        text: String,
    },
    /// UTF-16 was converted.
    Utf16 {
        /// The file.
        file: String,
    },
    /// A column that is nearly all numbers was read as a category.
    NearlyNumbers {
        /// Name of the column.
        name: String,
        /// Rows that hold a number.
        numbers: usize,
        /// The most frequent words that are none (at most three).
        words: Vec<String>,
        /// How many rows hold a word.
        rows: usize,
        /// Where the first word is.
        place: Option<Place>,
    },
    /// A column without any value.
    AllMissing {
        /// Name of the column.
        name: String,
    },
    /// A column whose type cannot be used was left out.
    LeftOut {
        /// The file.
        file: String,
        /// Name of the column.
        name: String,
        /// Its type in the file.
        kind: String,
    },
    /// svmlight rows with unsorted indices were sorted.
    Unsorted {
        /// The first one.
        place: Place,
        /// How many.
        rows: u64,
    },
    /// The file name promises a compression that the content does not have.
    NotCompressed {
        /// The file.
        file: String,
        /// What its name promises.
        ending: &'static str,
    },
    /// Non-finite values in a Parquet or Arrow column were taken for missing (NaN only).
    NanIsMissing {
        /// Name of the column.
        name: String,
        /// How many.
        rows: usize,
    },
    /// An option has no meaning for this format.
    Ignored {
        /// The option.
        option: &'static str,
        /// The format.
        format: Format,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::Duplicate { file, name, renamed } => {
                write!(f, "{file}: the name `{name}` occurs more than once; a later column is called `{renamed}`")
            }
            Warning::NotUtf8 { file, name, text } => {
                write!(f, "{file}: {name}: not UTF-8, read as Windows-1252: `{text}`")
            }
            Warning::Utf16 { file } => write!(f, "{file}: converted from UTF-16"),
            Warning::NearlyNumbers { name, numbers, words, rows, place } => {
                let words = words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ");
                if let Some(place) = place {
                    write!(f, "{place}: ")?;
                }
                write!(
                    f,
                    "column `{name}` is a category since {rows} rows hold words ({words}) beside {numbers} numbers; "
                )?;
                write!(f, "if they stand for missing fields, declare them missing markers")
            }
            Warning::AllMissing { name } => write!(f, "column `{name}` has no value at all"),
            Warning::LeftOut { file, name, kind } => {
                write!(f, "{file}: column `{name}` is left out: its type {kind} is no number, word or time")
            }
            Warning::Unsorted { place, rows } => {
                write!(f, "{place}: indices are not ascending; sorted them in {rows} rows")
            }
            Warning::NotCompressed { file, ending } => {
                write!(f, "{file}: the name ends in {ending}, but the content is not compressed; read as it is")
            }
            Warning::NanIsMissing { name, rows } => {
                write!(f, "column `{name}`: NaN in {rows} rows is taken for a missing value")
            }
            Warning::Ignored { option, format } => {
                write!(f, "the option {option} has no meaning for {} and was not used", format_word(format))
            }
        }
    }
}
