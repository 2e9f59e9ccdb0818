//! svmlight (LIBSVM) text: `label [qid:n] index:value … [# comment]`, one row a line, to labels and a sparse matrix.
//!
//! Indices count from 1, or from 0 where an index 0 occurs. They ascend within a row; a row where they do not is sorted, with
//! a warning; one index twice is an error. Labels and values are finite numbers.

use rayon::prelude::*;
use steepest_core::Flat;

use super::error::{Place, ReadError, Warning};
use super::options::ReadOptions;
use super::source::Source;
use super::windows::{self, ROW_LIMIT, Stop, Window};
use super::{Read, TextFile, open_text};
use crate::matrix::{Sparse, Values};

/// Labelled sparse rows, as svmlight files hold them.
#[derive(Debug, Clone)]
pub struct SvmlightRows {
    /// The label of each row.
    pub labels: Vec<f64>,
    /// The features; column 0 is the first feature, whichever number it has in the file.
    pub matrix: Sparse,
    /// The query of each row, if the file names any; 0 where a row names none.
    pub queries: Option<Vec<u64>>,
    /// The number of the first feature in the file: 0 or 1.
    pub base: u32,
}

/// The largest index. More would need more memory for one coefficient each than machines have.
const LARGEST: u64 = (1 << 31) - 1;

/// Whether the first lines are svmlight: the first row that is not empty begins with a number and goes on with `index:value`.
pub(super) fn looks_like(sample: &[u8]) -> bool {
    let mut pairs = false;
    for line in sample.split(|&b| b == b'\n').take(100) {
        let line = line.split(|&b| b == b'#').next().unwrap_or_default();
        let mut words = line.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
        let Some(label) = words.next() else { continue };
        if label.split(|&b| b == b',').any(|l| fast_float2::parse::<f64, _>(l).is_err()) {
            return pairs;
        }
        let Some(word) = words.next() else { continue };
        let Some(colon) = word.iter().position(|&b| b == b':') else { return pairs };
        let key = &word[..colon];
        if key != b"qid" && key.strip_prefix(b"-").unwrap_or(key).iter().any(|b| !b.is_ascii_digit()) || key.is_empty()
        {
            return pairs;
        }
        pairs = true;
    }
    pairs
}

/// Values as narrow as those seen so far allow.
#[derive(Debug)]
enum Narrow {
    Ones(usize),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Default for Narrow {
    fn default() -> Narrow {
        Narrow::Ones(0)
    }
}

impl Narrow {
    fn append(&mut self, part: &Part) {
        let ones = part.values.is_empty();
        if let Narrow::Ones(n) = self {
            if ones {
                *n += part.indices.len();
                return;
            }
            *self = Narrow::F32(vec![1.0; *n]);
        }
        if let Narrow::F32(v) = self
            && !ones
            && part.values.iter().any(|&v| f64::from(v as f32) != v)
        {
            *self = Narrow::F64(v.iter().map(|&v| f64::from(v)).collect());
        }
        match self {
            Narrow::F32(v) if ones => v.resize(v.len() + part.indices.len(), 1.0),
            Narrow::F64(v) if ones => v.resize(v.len() + part.indices.len(), 1.0),
            Narrow::F32(v) => v.extend(part.values.iter().map(|&x| x as f32)),
            Narrow::F64(v) => v.extend_from_slice(&part.values),
            Narrow::Ones(_) => {}
        }
    }

    fn finish(self) -> Values {
        match self {
            Narrow::Ones(n) => Values::Ones(n),
            Narrow::F32(v) => Values::F32(Flat::from_slice(64, &v)),
            Narrow::F64(v) => Values::F64(Flat::from_slice(64, &v)),
        }
    }
}

/// The rows of one piece.
#[derive(Debug, Default)]
struct Part {
    labels: Vec<f64>,
    /// End of each row.
    ends: Vec<usize>,
    indices: Vec<u32>,
    /// Empty as long as all are 1.
    values: Vec<f64>,
    /// Empty as long as no row names one.
    queries: Vec<u64>,
    lines: u64,
    zero: Option<usize>,
    unsorted: Option<usize>,
    unsorted_rows: u64,
    fault: Option<(usize, String)>,
}

#[derive(Default)]
struct Whole {
    labels: Vec<f64>,
    starts: Vec<usize>,
    indices: Vec<u32>,
    values: Narrow,
    queries: Vec<u64>,
    zero: Option<Place>,
    unsorted: Option<(Place, u64)>,
}

pub(super) fn read(
    sources: &[Source],
    first: TextFile,
    options: &ReadOptions,
    warnings: &mut Vec<Warning>,
) -> Result<(SvmlightRows, Vec<Read>), ReadError> {
    let mut whole = Whole { starts: vec![0], ..Whole::default() };
    let mut parts = Vec::new();
    let mut files = Vec::new();
    let mut first = Some(first);
    for source in sources {
        let mut file = match first.take() {
            Some(file) => file,
            None => open_text(source, &sources[0].name, options)?,
        };
        let before = whole.labels.len();
        whole.file(source, &mut file, &mut parts)?;
        files.push(Read { rows: whole.labels.len() - before, compression: file.compression });
        warnings.append(&mut file.warnings);
    }
    if whole.labels.is_empty() {
        return Err(ReadError::Empty { file: sources[0].name.clone() });
    }
    warnings.extend(whole.unsorted.take().map(|(place, rows)| Warning::Unsorted { place, rows }));
    Ok((whole.finish(options)?, files))
}

impl Whole {
    fn file(&mut self, source: &Source, file: &mut TextFile, parts: &mut Vec<Part>) -> Result<(), ReadError> {
        let windows = &mut file.windows;
        let mut line = 0;
        let mut next = windows.next();
        loop {
            let window = match next {
                Ok(Some(window)) => window,
                Ok(None) => return Ok(()),
                Err(stop) => {
                    let place = Place { file: source.name.clone(), line: line + 1, column: 0 };
                    return Err(match stop {
                        Stop::Io(e) => source.io(e),
                        Stop::Unterminated { .. } | Stop::LongRow => ReadError::LongRow { place, limit: ROW_LIMIT },
                    });
                }
            };
            let (following, absorbed) = rayon::join(|| windows.next(), || self.absorb(source, &window, line, parts));
            line += absorbed?;
            windows.recycle(window);
            next = following;
        }
    }

    fn absorb(&mut self, source: &Source, window: &Window, line: u64, parts: &mut Vec<Part>) -> Result<u64, ReadError> {
        let pieces: Vec<&[u8]> = window.pieces().collect();
        parts.resize_with(pieces.len().max(parts.len()), Part::default);
        let parts = &mut parts[..pieces.len()];
        parts.par_iter_mut().zip(&pieces).for_each(|(part, piece)| part.parse(piece));
        let mut lines = 0;
        for (part, piece) in parts.iter().zip(&pieces) {
            let place = |at: usize| {
                let (before, column) = windows::position(piece, at);
                Place { file: source.name.clone(), line: line + lines + before + 1, column }
            };
            if let Some((at, problem)) = &part.fault {
                return Err(ReadError::Svmlight { place: place(*at), problem: problem.clone() });
            }
            self.zero = self.zero.take().or_else(|| part.zero.map(&place));
            if let Some(at) = part.unsorted {
                self.unsorted.get_or_insert_with(|| (place(at), 0)).1 += part.unsorted_rows;
            }
            let rows = self.labels.len();
            let stored = self.indices.len();
            self.labels.extend_from_slice(&part.labels);
            self.starts.extend(part.ends.iter().map(|e| stored + e));
            self.indices.extend_from_slice(&part.indices);
            self.values.append(part);
            if !part.queries.is_empty() || !self.queries.is_empty() {
                self.queries.resize(rows, 0);
                self.queries.extend_from_slice(&part.queries);
                self.queries.resize(self.labels.len(), 0);
            }
            lines += part.lines;
        }
        Ok(lines)
    }

    fn finish(mut self, options: &ReadOptions) -> Result<SvmlightRows, ReadError> {
        let base = match (options.base, self.zero) {
            (Some(0), _) | (None, Some(_)) => 0,
            (_, None) => 1,
            (Some(_), Some(place)) => {
                let problem =
                    "index 0, but the first feature was said to be 1; expected an index of at least 1".to_string();
                return Err(ReadError::Svmlight { place, problem });
            }
        };
        if base == 1 {
            self.indices.iter_mut().for_each(|i| *i -= 1);
        }
        let cols = self.indices.iter().max().map_or(0, |&i| i as usize + 1).max(options.dimension);
        self.indices.shrink_to_fit();
        let rows = self.labels.len();
        let matrix = Sparse { rows, cols, starts: self.starts, indices: self.indices, values: self.values.finish() };
        let queries = (!self.queries.is_empty()).then_some(self.queries);
        Ok(SvmlightRows { labels: self.labels, matrix, queries, base })
    }
}

fn space(b: u8) -> bool {
    b == b' ' || b == b'\t' || b == b'\r'
}

fn skip(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && space(text[at]) {
        at += 1;
    }
    at
}

/// The word at `at`, for messages.
fn word(text: &[u8], at: usize) -> String {
    let end = text[at..].iter().position(|&b| space(b) || b == b'\n').map_or(text.len(), |k| at + k);
    String::from_utf8_lossy(&text[at..end]).chars().take(40).collect()
}

/// Whether a word may end before `at`.
fn ends(text: &[u8], at: usize) -> bool {
    at == text.len() || space(text[at]) || text[at] == b'\n' || text[at] == b'#'
}

impl Part {
    fn parse(&mut self, text: &[u8]) {
        self.labels.clear();
        self.ends.clear();
        self.indices.clear();
        self.values.clear();
        self.queries.clear();
        (self.zero, self.unsorted, self.unsorted_rows) = (None, None, 0);
        self.lines = windows::lines(text);
        self.fault = self.rows(text).err();
    }

    fn rows(&mut self, text: &[u8]) -> Result<(), (usize, String)> {
        let mut at = 0;
        while at < text.len() {
            at = skip(text, at);
            if at < text.len() && text[at] != b'\n' && text[at] != b'#' {
                at = self.row(text, at)?;
            }
            if at < text.len() && text[at] == b'#' {
                at = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |k| at + k);
            }
            at += 1;
        }
        Ok(())
    }

    /// One row; returns where its line end or comment is.
    fn row(&mut self, text: &[u8], start: usize) -> Result<usize, (usize, String)> {
        let (label, n) = match fast_float2::parse_partial::<f64, _>(&text[start..]) {
            Ok((label, n)) if ends(text, start + n) => (label, n),
            Ok((_, n)) if text[start + n] == b',' => {
                return Err((
                    start,
                    format!("`{}`: several labels in one row are not supported; expected one", word(text, start)),
                ));
            }
            _ => {
                return Err((
                    start,
                    format!("`{}` is no label; expected a number, then index:value pairs", word(text, start)),
                ));
            }
        };
        if !label.is_finite() {
            return Err((start, format!("the label `{}` is not finite; expected a finite number", word(text, start))));
        }
        self.labels.push(label);
        let first = self.indices.len();
        let mut previous: Option<u32> = None;
        let mut sorted = true;
        let mut at = start + n;
        loop {
            at = skip(text, at);
            if at == text.len() || text[at] == b'\n' || text[at] == b'#' {
                break;
            }
            let here = at;
            let (index, value_at) = match self.index(text, at)? {
                Some(found) => found,
                None => {
                    at = self.query(text, at)?;
                    continue;
                }
            };
            if index == 0 {
                self.zero.get_or_insert(here);
            }
            if previous.is_some_and(|p| p >= index) {
                if previous == Some(index) {
                    return Err((here, format!("index {index} occurs twice in this row; expected each at most once")));
                }
                sorted = false;
            }
            previous = Some(index);
            let (value, end) = value(text, value_at)?;
            at = end;
            if value != 1.0 && self.values.is_empty() {
                self.values.resize(self.indices.len(), 1.0);
                self.values.push(value);
            } else if !self.values.is_empty() {
                self.values.push(value);
            }
            self.indices.push(index);
        }
        if !sorted {
            self.sort(first, start)?;
        }
        self.ends.push(self.indices.len());
        Ok(at)
    }

    /// The index before a colon and where its value begins; `None` for another key.
    #[inline]
    fn index(&self, text: &[u8], start: usize) -> Result<Option<(u32, usize)>, (usize, String)> {
        let mut at = start;
        let mut index = 0u64;
        while at < text.len() && text[at].is_ascii_digit() {
            index = (10 * index + u64::from(text[at] - b'0')).min(1 << 40);
            at += 1;
        }
        if at > start && at < text.len() && text[at] == b':' {
            if index > LARGEST {
                let written = String::from_utf8_lossy(&text[start..at.min(start + 40)]);
                return Err((start, format!("index {written} is too large; expected at most {LARGEST}")));
            }
            return Ok(Some((index as u32, at + 1)));
        }
        if text[start..].starts_with(b"qid:") {
            return Ok(None);
        }
        let what = word(text, start);
        let negative = what.starts_with('-') && what.contains(':');
        let problem = if negative { "has a negative index" } else { "is no index:value pair" };
        Err((start, format!("`{what}` {problem}; expected index:value with an index from 0 to {LARGEST}")))
    }

    fn query(&mut self, text: &[u8], start: usize) -> Result<usize, (usize, String)> {
        let digits = text[start + 4..].iter().take_while(|b| b.is_ascii_digit()).count();
        let end = start + 4 + digits;
        let number = std::str::from_utf8(&text[start + 4..end]).ok().and_then(|t| t.parse::<u64>().ok());
        let Some(query) = number.filter(|_| ends(text, end)) else {
            return Err((start, format!("`{}` is no query; expected qid: and a whole number", word(text, start))));
        };
        // Rows before without a query count as query 0.
        self.queries.resize(self.labels.len(), 0);
        self.queries[self.labels.len() - 1] = query;
        Ok(end)
    }

    #[cold]
    fn sort(&mut self, first: usize, row: usize) -> Result<(), (usize, String)> {
        let value = |k: usize| if self.values.is_empty() { 1.0 } else { self.values[k] };
        let mut pairs: Vec<(u32, f64)> = (first..self.indices.len()).map(|k| (self.indices[k], value(k))).collect();
        pairs.sort_by_key(|p| p.0);
        if let Some(twice) = pairs.windows(2).find(|w| w[0].0 == w[1].0) {
            return Err((row, format!("index {} occurs twice in this row; expected each at most once", twice[0].0)));
        }
        for (k, (index, value)) in pairs.into_iter().enumerate() {
            self.indices[first + k] = index;
            if let Some(v) = self.values.get_mut(first + k) {
                *v = value;
            }
        }
        self.unsorted.get_or_insert(row);
        self.unsorted_rows += 1;
        Ok(())
    }
}

/// The value at `start` and where it ends.
#[inline]
fn value(text: &[u8], start: usize) -> Result<(f64, usize), (usize, String)> {
    // Indicators and small counts are the most frequent values.
    if let Some(digit) = text.get(start).filter(|b| b.is_ascii_digit())
        && ends(text, start + 1)
    {
        return Ok((f64::from(digit - b'0'), start + 1));
    }
    match fast_float2::parse_partial::<f64, _>(text.get(start..).unwrap_or_default()) {
        Ok((value, n)) if ends(text, start + n) && value.is_finite() => Ok((value, start + n)),
        Ok((_, n)) if ends(text, start + n) => {
            Err((start, format!("the value `{}` is not finite; expected a finite number", word(text, start))))
        }
        _ => Err((start, format!("`{}` is no value; expected a number after the colon", word(text, start)))),
    }
}
