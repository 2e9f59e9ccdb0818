//! One piece of delimited text to columns: the loop in which reading time is spent.
//!
//! The type of a column is settled per piece by its first field that is not missing: a number, a time, else a word. A later
//! field that does not fit marks the column as failed; the caller then parses that column of the piece once more, as words.

use super::levels::Levels;
use super::options::Missing;
use super::row::{Fault, Grammar};
use super::time;
use super::windows::lines;

/// What a column holds so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// Not read.
    #[default]
    Skip,
    /// Only missing fields.
    Unknown,
    Number,
    Time,
    Words,
    /// Something else than it began with.
    Failed,
}

/// A field worth a message, by its byte in the piece.
#[derive(Debug, Clone)]
pub(super) struct Odd {
    pub at: usize,
    pub text: String,
}

impl Odd {
    fn new(at: usize, field: &[u8]) -> Odd {
        let shown: String = String::from_utf8_lossy(field).chars().take(40).collect();
        Odd { at, text: shown }
    }
}

/// One column of one piece. Buffers are kept from piece to piece.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub state: State,
    pub numbers: Vec<f64>,
    pub codes: Vec<u32>,
    pub levels: Levels,
    /// The first field that did not fit.
    pub misfit: Option<Odd>,
    /// The first number too large for an f64.
    pub infinite: Option<Odd>,
    /// Missing fields before the type was settled.
    blanks: usize,
}

/// One piece, parsed.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub parts: Vec<Part>,
    pub rows: usize,
    pub lines: u64,
    pub problem: Option<Problem>,
    scratch: Vec<u8>,
}

/// What ends the reading, by its byte in the piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    Quote(Fault),
    Ragged { at: usize, found: usize },
    Nul { at: usize },
}

impl Problem {
    pub fn at(&self) -> usize {
        match *self {
            Problem::Quote(Fault::Unterminated(at) | Fault::AfterQuote(at)) => at,
            Problem::Ragged { at, .. } | Problem::Nul { at } => at,
        }
    }
}

/// A field as a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Numeric {
    Finite(f64),
    Infinite,
    No,
}

/// What all pieces of a file have in common.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub grammar: Grammar,
    pub missing: Missing,
    pub decimal_comma: bool,
}

/// The code of a missing word in a part.
pub(super) const NO_WORD: u32 = u32::MAX;

impl Rules {
    /// Numbers have a digit; `inf` and `1e400` are numbers that are not finite; hexadecimal, `1_000` and `1,000` are words.
    pub fn numeric(&self, field: &[u8]) -> Numeric {
        let unsigned = field.strip_prefix(b"-").or_else(|| field.strip_prefix(b"+")).unwrap_or(field);
        let Some(first) = unsigned.first() else { return Numeric::No };
        if !first.is_ascii_digit() && *first != b'.' && !(*first == b',' && self.decimal_comma) {
            let infinite = unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity");
            return if infinite { Numeric::Infinite } else { Numeric::No };
        }
        let mut parsed = fast_float2::parse::<f64, _>(field);
        if parsed.is_err()
            && self.decimal_comma
            && field.len() < 64
            && field.iter().filter(|&&b| b == b',').count() == 1
        {
            let mut point = [0u8; 64];
            let point = &mut point[..field.len()];
            point.copy_from_slice(field);
            point.iter_mut().filter(|b| **b == b',').for_each(|b| *b = b'.');
            if !field.contains(&b'.') {
                parsed = fast_float2::parse(point);
            }
        }
        match parsed {
            Ok(v) if v.is_finite() => Numeric::Finite(v),
            Ok(_) => Numeric::Infinite,
            Err(_) => Numeric::No,
        }
    }

    /// Parses `text`, whole rows of as many fields as there are parts. The states of the parts say what to read.
    pub fn parse(&self, text: &[u8], chunk: &mut Chunk) {
        chunk.rows = 0;
        chunk.lines = lines(text);
        chunk.problem = self.rows(text, chunk).err();
        if let Some(at) = memchr::memchr(0, text)
            && chunk.problem.is_none_or(|p| p.at() > at)
        {
            chunk.problem = Some(Problem::Nul { at });
        }
    }

    fn rows(&self, text: &[u8], chunk: &mut Chunk) -> Result<(), Problem> {
        let (parts, scratch) = (&mut chunk.parts[..], &mut chunk.scratch);
        let simple = !self.missing.has_numbers();
        let mut at = self.grammar.row(text, 0);
        while at < text.len() {
            let row = at;
            let last = parts.len() - 1;
            for (j, part) in parts.iter_mut().enumerate() {
                at = self.one(text, at, part, scratch, simple).map_err(Problem::Quote)?;
                let row_ends = at == text.len() || text[at] == b'\n';
                if row_ends != (j == last) {
                    return Err(self.ragged(text, row));
                }
                at += 1;
            }
            chunk.rows += 1;
            at = if at >= text.len() { text.len() } else { self.grammar.row(text, at) };
        }
        Ok(())
    }

    /// Reads one field into its column; returns where the separator or line end behind it is.
    #[inline(always)]
    fn one(
        &self,
        text: &[u8],
        at: usize,
        part: &mut Part,
        scratch: &mut Vec<u8>,
        simple: bool,
    ) -> Result<usize, Fault> {
        if part.state == State::Number && simple {
            let start = self.grammar.start(text, at);
            // `inf` and `nan` are left to the slow way.
            if text.get(start).is_some_and(|b| b.is_ascii_digit() || *b == b'-' || *b == b'.')
                && let Ok((value, n)) = fast_float2::parse_partial::<f64, _>(&text[start..])
                && value.is_finite()
                && let Some(end) = self.grammar.closes(text, start + n)
            {
                part.numbers.push(value);
                return Ok(end);
            }
        }
        let field = self.grammar.field(text, at, scratch)?;
        self.put(part, field.bytes, at);
        Ok(field.end)
    }

    #[inline]
    fn put(&self, part: &mut Part, field: &[u8], at: usize) {
        match part.state {
            State::Skip | State::Failed => {}
            State::Words => part.codes.push(part.levels.code(field)),
            State::Number if self.missing.is(field) => part.numbers.push(f64::NAN),
            State::Number => match self.numeric(field) {
                Numeric::Finite(v) => part.numbers.push(v),
                Numeric::Infinite => {
                    part.infinite.get_or_insert_with(|| Odd::new(at, field));
                    part.numbers.push(f64::NAN);
                }
                Numeric::No => part.fail(at, field),
            },
            State::Time if self.missing.is(field) => part.numbers.push(f64::NAN),
            State::Time => match time::parse(field) {
                Some(t) => part.numbers.push(t),
                None => part.fail(at, field),
            },
            State::Unknown if self.missing.is(field) => part.blanks += 1,
            State::Unknown => {
                if self.numeric(field) != Numeric::No {
                    part.settle(State::Number);
                } else if time::parse(field).is_some() {
                    part.settle(State::Time);
                } else {
                    part.settle(State::Words);
                    part.misfit = Some(Odd::new(at, field));
                }
                self.put(part, field, at);
            }
        }
    }

    #[cold]
    fn ragged(&self, text: &[u8], row: usize) -> Problem {
        match self.grammar.fields(text, row) {
            Ok((fields, _)) => Problem::Ragged { at: row, found: fields.len() },
            Err(fault) => Problem::Quote(fault),
        }
    }
}

impl Part {
    /// Makes ready for a piece.
    pub fn begin(&mut self, state: State) {
        self.state = state;
        self.numbers.clear();
        self.codes.clear();
        self.levels.clear();
        self.misfit = None;
        self.infinite = None;
        self.blanks = 0;
    }

    fn settle(&mut self, state: State) {
        self.state = state;
        match state {
            State::Words => self.codes.resize(self.blanks, NO_WORD),
            _ => self.numbers.resize(self.blanks, f64::NAN),
        }
    }

    #[cold]
    fn fail(&mut self, at: usize, field: &[u8]) {
        self.state = State::Failed;
        self.misfit = Some(Odd::new(at, field));
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::Separator;
    use super::*;

    fn rules(separator: Separator) -> Rules {
        let grammar = Grammar::new(separator, true);
        Rules { grammar, missing: Missing::default(), decimal_comma: separator == Separator::Byte(b';') }
    }

    #[test]
    fn what_is_a_number() {
        let rules = rules(Separator::Byte(b';'));
        for (text, value) in [
            ("1", 1.0),
            ("-1.5e3", -1500.0),
            ("+2", 2.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("007", 7.0),
            ("1,5", 1.5),
            ("1e-400", 0.0),
            ("0.1", 0.1),
            ("-0", 0.0),
            ("12345678901234567890", 12345678901234567890.0),
            (",5", 0.5),
        ] {
            assert_eq!(rules.numeric(text.as_bytes()), Numeric::Finite(value), "{text}");
        }
        for text in ["1e400", "-1e400", "inf", "-Inf", "+infinity", "INF"] {
            assert_eq!(rules.numeric(text.as_bytes()), Numeric::Infinite, "{text}");
        }
        for text in
            ["", "-", ".", "e5", "1e", "0x10", "1_000", "1,000,000", "1.000,5", "12 3", "nan", "1-2", "1/2", "5%", "١"]
        {
            assert_eq!(rules.numeric(text.as_bytes()), Numeric::No, "{text}");
        }
        assert_eq!(super::Rules { decimal_comma: false, ..rules }.numeric(b"1,5"), Numeric::No);
    }

    #[test]
    fn a_column_settles_with_its_first_value() {
        let mut chunk = Chunk::default();
        for _ in 0..5 {
            let mut part = Part::default();
            part.begin(State::Unknown);
            chunk.parts.push(part);
        }
        rules(Separator::Byte(b',')).parse(b"?,?,,NA,1\n1,2020-01-01,\"a,b\",,2\n\n,,c,-,x\n", &mut chunk);
        assert_eq!((chunk.rows, chunk.lines, chunk.problem), (3, 4, None));
        let states: Vec<State> = chunk.parts.iter().map(|p| p.state).collect();
        assert_eq!(states, [State::Number, State::Time, State::Words, State::Unknown, State::Failed]);
        assert!(
            chunk.parts[0].numbers[0].is_nan()
                && chunk.parts[0].numbers[1] == 1.0
                && chunk.parts[0].numbers[2].is_nan()
        );
        assert_eq!(chunk.parts[2].codes, [NO_WORD, 0, 1]);
        assert_eq!(chunk.parts[2].levels.get(0), b"a,b");
        assert_eq!(chunk.parts[4].misfit.as_ref().unwrap().text, "x");
    }
}
