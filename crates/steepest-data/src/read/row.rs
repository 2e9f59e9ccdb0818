//! The grammar of delimited text: how a row is cut into fields.
//!
//! A field is what stands between separators, without the spaces around it. If its first character is a quote it extends to
//! the closing quote and may hold separators and line ends; a doubled quote stands for one. A quote elsewhere is a character
//! like any other. Lines end in LF or CRLF.

use memchr::{memchr, memchr2};

use super::options::Separator;

/// Separator and quoting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grammar {
    separator: u8,
    whitespace: bool,
    pub quotes: bool,
}

/// A field without its quotes and the spaces around it.
pub(super) struct Field<'a> {
    pub bytes: &'a [u8],
    pub quoted: bool,
    /// Where the separator or line end behind it is, or the length of the text.
    pub end: usize,
}

/// The fields of a row, and of each whether it was quoted.
pub(super) type Fields = Vec<(Vec<u8>, bool)>;

/// What can be wrong with a field, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Unterminated(usize),
    AfterQuote(usize),
}

impl Grammar {
    pub fn new(separator: Separator, quotes: bool) -> Grammar {
        match separator {
            Separator::Byte(separator) => Grammar { separator, whitespace: false, quotes },
            Separator::Whitespace => Grammar { separator: b' ', whitespace: true, quotes },
        }
    }

    /// Whether `b` may stand around a field without belonging to it.
    #[inline]
    fn blank(&self, b: u8) -> bool {
        (b == b' ' || b == b'\t' || b == b'\r') && (b != self.separator || self.whitespace)
    }

    #[inline]
    fn skip(&self, text: &[u8], mut at: usize) -> usize {
        while at < text.len() && self.blank(text[at]) {
            at += 1;
        }
        at
    }

    /// The first byte of the next row that is not blank, or the length of the text.
    #[inline]
    pub fn row(&self, text: &[u8], mut at: usize) -> usize {
        loop {
            let start = self.skip(text, at);
            if start == text.len() {
                return start;
            }
            if text[start] != b'\n' {
                return if self.whitespace { start } else { at };
            }
            at = start + 1;
        }
    }

    /// If an unquoted field ends at byte `at` or after blanks, where its separator or line end is.
    #[inline]
    pub fn closes(&self, text: &[u8], at: usize) -> Option<usize> {
        let end = self.skip(text, at);
        if end == text.len() || text[end] == b'\n' {
            return Some(end);
        }
        if self.whitespace {
            return (end > at).then(|| end - 1);
        }
        (text[end] == self.separator).then_some(end)
    }

    /// The first byte of the field that begins at `at`, behind blanks.
    #[inline]
    pub fn start(&self, text: &[u8], at: usize) -> usize {
        self.skip(text, at)
    }

    /// The field that begins at `at`; `scratch` holds it if quotes are doubled in it.
    #[inline]
    pub fn field<'a>(&self, text: &'a [u8], at: usize, scratch: &'a mut Vec<u8>) -> Result<Field<'a>, Fault> {
        let start = self.skip(text, at);
        if self.quotes && text.get(start) == Some(&b'"') {
            return self.quoted(text, start, scratch);
        }
        let stop = self.stop(text, start);
        let mut last = stop;
        while last > start && self.blank(text[last - 1]) {
            last -= 1;
        }
        let end = if self.whitespace { self.closes(text, stop).unwrap_or(stop) } else { stop };
        Ok(Field { bytes: &text[start..last], quoted: false, end })
    }

    /// Where an unquoted field stops: at a separator, a line end, or the end of the text.
    #[inline]
    fn stop(&self, text: &[u8], start: usize) -> usize {
        let rest = &text[start..];
        if self.whitespace {
            let ends = |b: &u8| matches!(b, b' ' | b'\t' | b'\n') || *b == b'\r';
            return start + rest.iter().position(ends).unwrap_or(rest.len());
        }
        // Most fields are short, where a plain loop beats a call.
        let near = rest.len().min(16);
        if let Some(k) = rest[..near].iter().position(|&b| b == self.separator || b == b'\n') {
            return start + k;
        }
        start + near + memchr2(self.separator, b'\n', &rest[near..]).unwrap_or(rest.len() - near)
    }

    fn quoted<'a>(&self, text: &'a [u8], open: usize, scratch: &'a mut Vec<u8>) -> Result<Field<'a>, Fault> {
        let close = closing(text, open).ok_or(Fault::Unterminated(open))?;
        let end = self.closes(text, close + 1).ok_or(Fault::AfterQuote(close + 1))?;
        let inside = &text[open + 1..close];
        if memchr(b'"', inside).is_none() {
            return Ok(Field { bytes: inside, quoted: true, end });
        }
        scratch.clear();
        let mut rest = inside;
        while let Some(k) = memchr(b'"', rest) {
            scratch.extend_from_slice(&rest[..=k]);
            rest = &rest[k + 2..];
        }
        scratch.extend_from_slice(rest);
        Ok(Field { bytes: scratch, quoted: true, end })
    }

    /// Whether the quote at byte `at`, outside of quotes, opens a quoted field.
    pub fn opens(&self, text: &[u8], at: usize) -> bool {
        let before = text[..at].iter().rposition(|&b| !self.blank(b));
        match before {
            None => true,
            Some(p) if self.whitespace => p + 1 < at || text[p] == b'\n',
            Some(p) => text[p] == self.separator || text[p] == b'\n',
        }
    }

    /// All fields of the row at `at`, and where the next row begins.
    pub fn fields(&self, text: &[u8], at: usize) -> Result<(Fields, usize), Fault> {
        let mut fields = Vec::new();
        let mut scratch = Vec::new();
        let mut at = at;
        loop {
            let field = self.field(text, at, &mut scratch)?;
            let end = field.end;
            fields.push((field.bytes.to_vec(), field.quoted));
            if end == text.len() || text[end] == b'\n' {
                return Ok((fields, (end + 1).min(text.len())));
            }
            at = end + 1;
        }
    }
}

/// The closing quote of the field whose opening quote is at `open`.
pub(super) fn closing(text: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    loop {
        let close = at + memchr(b'"', text.get(at..)?)?;
        if text.get(close + 1) != Some(&b'"') {
            return Some(close);
        }
        at = close + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(separator: Separator, text: &str) -> Vec<Vec<String>> {
        let grammar = Grammar::new(separator, true);
        let (mut rows, mut at, text) = (Vec::new(), 0, text.as_bytes());
        loop {
            at = grammar.row(text, at);
            if at == text.len() {
                return rows;
            }
            let (fields, next) = grammar.fields(text, at).unwrap();
            rows.push(fields.into_iter().map(|f| String::from_utf8(f.0).unwrap()).collect());
            at = next;
        }
    }

    #[test]
    fn rows_are_cut_as_people_expect() {
        let comma = Separator::Byte(b',');
        assert_eq!(
            cut(comma, "a,b\n1, 2 \r\n\n  \n\"x, \"\"y\"\"\n\",5\" pipe\n"),
            [vec!["a", "b"], vec!["1", "2"], vec!["x, \"y\"\n", "5\" pipe"]]
        );
        assert_eq!(cut(comma, ",\n\"\",\"\""), [["", ""], ["", ""]]);
        assert_eq!(cut(Separator::Byte(b'\t'), "a\t b c\t\n\t\t"), [["a", "b c", ""], ["", "", ""]]);
        assert_eq!(cut(Separator::Whitespace, "  a  b\tc \r\n1 2 \"x y\" \n"), [["a", "b", "c"], ["1", "2", "x y"]]);
    }

    #[test]
    fn faults_name_their_byte() {
        let grammar = Grammar::new(Separator::Byte(b','), true);
        assert_eq!(grammar.fields(b"a, \"b", 0).unwrap_err(), Fault::Unterminated(3));
        assert_eq!(grammar.fields(b"\"a\"b,c", 0).unwrap_err(), Fault::AfterQuote(3));
    }
}
