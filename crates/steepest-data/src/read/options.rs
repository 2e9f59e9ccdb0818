//! What a reader is told: format, separator, header, missing markers and types. Everything left alone is found in the data.

/// The kind of file, told by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Delimited text: CSV, TSV and their relatives.
    Delimited,
    /// `label index:value …`, as SVMlight and LIBSVM write it.
    Svmlight,
    /// Apache Parquet.
    Parquet,
    /// Apache Arrow IPC, as a file or as a stream.
    Arrow,
}

/// What stands between two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Separator {
    /// One byte: `,`, `;`, tab, `|` or another.
    Byte(u8),
    /// Any run of spaces and tabs.
    Whitespace,
}

impl std::fmt::Display for Separator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Separator::Byte(b'\t') => f.write_str("tab"),
            Separator::Byte(b) => write!(f, "'{}'", *b as char),
            Separator::Whitespace => f.write_str("whitespace"),
        }
    }
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Numbers. A field that is neither a finite number nor missing is an error.
    Number,
    /// Words: each distinct field is a level. Numbers too are kept as they are written.
    Category,
    /// Dates and times. A field that is neither a time nor missing is an error.
    Time,
    /// Free text. It is read like [`Kind::Category`]; what is done with it is decided by the encoder.
    Text,
}

/// The words that stand for a missing field. An empty field is always missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Missing {
    words: Vec<String>,
    numbers: Vec<f64>,
    first: [bool; 256],
}

/// The markers used by default: those of pandas, R, SAS and UCI that cannot be taken for a number.
pub const MISSING_MARKERS: [&str; 20] = [
    "?", "NA", "N/A", "n/a", "na", "NaN", "nan", "NAN", "-nan", "null", "NULL", "Null", "None", "-", "--", ".", "#N/A",
    "#NA", "<NA>", "\\N",
];

impl Default for Missing {
    fn default() -> Missing {
        Missing::new(MISSING_MARKERS)
    }
}

impl Missing {
    /// Takes these words, and only these, for missing. A word that is a number, such as `-999`, matches by value.
    ///
    /// ```
    /// use steepest_data::read::Missing;
    /// let missing = Missing::new(["-999", "unknown"]);
    /// assert!(missing.is(b"-999.0") && missing.is(b"unknown") && missing.is(b"") && !missing.is(b"NA"));
    /// ```
    pub fn new<S: Into<String>>(words: impl IntoIterator<Item = S>) -> Missing {
        let words: Vec<String> = words.into_iter().map(Into::into).collect();
        let numbers =
            words.iter().filter_map(|w| fast_float2::parse(w.trim()).ok()).filter(|v: &f64| v.is_finite()).collect();
        let mut first = [false; 256];
        words.iter().filter_map(|w| w.as_bytes().first()).for_each(|&b| first[b as usize] = true);
        Missing { words, numbers, first }
    }

    /// These words besides those already taken for missing.
    pub fn and<S: Into<String>>(self, words: impl IntoIterator<Item = S>) -> Missing {
        Missing::new(self.words.into_iter().chain(words.into_iter().map(Into::into)))
    }

    /// Whether this trimmed field stands for a missing one.
    pub fn is(&self, field: &[u8]) -> bool {
        let Some(&b) = field.first() else { return true };
        if self.first[b as usize] && self.words.iter().any(|w| w.as_bytes() == field) {
            return true;
        }
        !self.numbers.is_empty()
            && (b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.'))
            && fast_float2::parse(field).is_ok_and(|v| self.is_number(v))
    }

    /// Whether this number stands for a missing field.
    #[inline]
    pub fn is_number(&self, value: f64) -> bool {
        self.numbers.contains(&value)
    }

    /// Whether some number stands for a missing field.
    pub fn has_numbers(&self) -> bool {
        !self.numbers.is_empty()
    }

    /// The words, in the order given.
    pub fn words(&self) -> &[String] {
        &self.words
    }
}

/// How to read. The default finds everything out.
///
/// ```
/// use steepest_data::read::{Kind, Missing, ReadOptions};
/// let options = ReadOptions {
///     missing: Missing::default().and(["-999"]),
///     kinds: vec![("zip".into(), Kind::Category)],
///     ..ReadOptions::default()
/// };
/// ```
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// The format; `None`: told by content.
    pub format: Option<Format>,
    /// The separator of delimited text; `None`: the one that cuts the first lines into equally many fields.
    pub separator: Option<Separator>,
    /// Whether the first line holds names; `None`: decided from the first lines, and reported.
    pub header: Option<bool>,
    /// Whether `"` quotes fields. Without it a quote is a character like any other, as some TSV files want.
    pub quotes: bool,
    /// Whether numbers are written with a decimal comma; `None`: only where the separator is `;`, as spreadsheets
    /// write it in countries with a decimal comma. A point is always accepted.
    pub decimal_comma: Option<bool>,
    /// The words that stand for a missing field.
    pub missing: Missing,
    /// Types by column name, instead of the inferred ones.
    pub kinds: Vec<(String, Kind)>,
    /// Columns that are not read at all. They do not appear in the table.
    pub drop: Vec<String>,
    /// svmlight: the number of the first feature, 0 or 1; `None`: 0 if an index 0 occurs, else 1.
    pub base: Option<u32>,
    /// svmlight: the dimension is at least this (a test file may lack the last features).
    pub dimension: usize,
    /// Bytes of text read at once. It bounds the memory beside the table and never changes the result.
    pub window: usize,
}

impl Default for ReadOptions {
    fn default() -> ReadOptions {
        ReadOptions {
            format: None,
            separator: None,
            header: None,
            quotes: true,
            decimal_comma: None,
            missing: Missing::default(),
            kinds: Vec::new(),
            drop: Vec::new(),
            base: None,
            dimension: 0,
            window: 4 << 20,
        }
    }
}
