//! Rows as they arrive: text cut at the ends of rows as soon as it is there, read block by block as the first one was.

use std::fs::File;
use std::io::{self, Read};

use steepest_data::read::{Format, Input, Kind, ReadOptions, ReadReport, Sources, read};
use steepest_data::{Column, Table};

use crate::failure::Failure;

/// Bytes asked for at once; a pipe gives what it has.
const PIECE: usize = 1 << 18;

/// The blocks of one or several files, in their order.
pub struct Blocks {
    names: Vec<String>,
    /// How the first block was read, for all others.
    options: ReadOptions,
    learned: bool,
    current: Option<Stream>,
    /// Rows given so far.
    rows: u64,
}

/// A file that is being read.
struct Stream {
    name: String,
    text: Text,
    /// The line of names, which stands before every block.
    header: Vec<u8>,
    fresh: bool,
}

impl Blocks {
    /// The files behind names and patterns; `-` is standard input.
    pub fn open(files: &[String], options: ReadOptions) -> Result<Blocks, Failure> {
        if files.is_empty() {
            return Err(Failure::usage("no data is given").with_help("name a file, a glob, or `-` for standard input"));
        }
        let mut names = Sources::from_args(files).map_err(Failure::input)?.names();
        names.reverse();
        Ok(Blocks { names, options, learned: false, current: None, rows: 0 })
    }

    /// The next rows: the first time `first` of them, or all where there are fewer, then as many as have arrived. `None` at the end.
    pub fn next(&mut self, first: usize) -> Result<Option<(Input, ReadReport)>, Failure> {
        loop {
            if self.current.is_none() {
                let Some(name) = self.names.pop() else { return Ok(None) };
                self.current = Some(Stream::open(name)?);
            }
            let Some(stream) = &mut self.current else { return Ok(None) };
            let wanted = if self.learned { 1 } else { first };
            let has_header = self.options.header != Some(false) && self.options.format != Some(Format::Svmlight);
            if let Some(text) = stream.block(wanted, has_header && self.learned)? {
                let name = stream.name.clone();
                return self.read(name, text).map(Some);
            }
            self.current = None;
        }
    }

    fn read(&mut self, name: String, text: Vec<u8>) -> Result<(Input, ReadReport), Failure> {
        let header = text.split_inclusive(|&b| b == b'\n').find(|l| !l.trim_ascii().is_empty()).map(<[u8]>::to_vec);
        let before = self.rows;
        let failed = |e| {
            let failure = Failure::input(e);
            if before == 0 {
                return failure;
            }
            failure.at(&format!("the rows that follow row {before}")).or_help(
                "columns are what the first rows say: `--types COLUMN=TYPE` or more `--warm-rows` say it better",
            )
        };
        let (input, report) = read(&Sources::bytes(name, text), &self.options).map_err(failed)?;
        if !self.learned {
            self.learned = true;
            self.remember(&input, &report, header.unwrap_or_default());
        }
        self.rows += report.rows() as u64;
        Ok((input, report))
    }

    /// What the first block has shown holds for all others.
    fn remember(&mut self, input: &Input, report: &ReadReport, first_line: Vec<u8>) {
        let options = &mut self.options;
        options.format = Some(report.format);
        options.separator = report.separator;
        options.header = report.header;
        match input {
            Input::Table(table) => options.kinds = kinds(table),
            Input::Rows(rows) => options.base = Some(rows.base),
        }
        if let Some(stream) = &mut self.current {
            if report.header == Some(true) {
                stream.header = first_line;
            }
            stream.text.quotes = report.format == Format::Delimited;
        }
    }
}

/// The types of the columns.
fn kinds(table: &Table) -> Vec<(String, Kind)> {
    let kind = |column: &Column| match column {
        Column::Number(_) => Kind::Number,
        Column::Category { .. } => Kind::Category,
        Column::Time(_) => Kind::Time,
    };
    table.names.iter().cloned().zip(table.columns.iter().map(kind)).collect()
}

impl Stream {
    fn open(name: String) -> Result<Stream, Failure> {
        let failed = |e: io::Error| Failure::usage(format!("{name}: {e}"));
        let raw: Box<dyn Read> =
            if name == "-" { Box::new(io::stdin()) } else { Box::new(File::open(&name).map_err(failed)?) };
        let text = Text::new(raw).map_err(failed)?;
        Ok(Stream { name, text, header: Vec::new(), fresh: true })
    }

    /// Text of the first `rows` rows of a file, then of those that have arrived. `take_header`: a later file has a line of names of its
    /// own.
    fn block(&mut self, rows: usize, take_header: bool) -> Result<Option<Vec<u8>>, Failure> {
        let name = self.name.clone();
        let failed = |e: io::Error| Failure::usage(format!("{name}: {e}"));
        if self.fresh && take_header {
            self.header = self.text.line().map_err(failed)?;
        }
        // The first block holds its line of names itself.
        let extra = usize::from(self.fresh && !take_header);
        let text = if self.fresh { self.text.rows(rows + extra) } else { self.text.arrived() }.map_err(failed)?;
        self.fresh = false;
        Ok(text.map(|text| [&self.header[..], &text].concat()))
    }
}

/// Text that arrives, cut at the ends of rows.
struct Text {
    input: Box<dyn Read>,
    pending: Vec<u8>,
    /// Where the search for ends of rows stands, how many were found, and where the last one is.
    searched: usize,
    found: usize,
    end: usize,
    /// Whether the search stands inside quotes, which may hold line ends.
    inside: bool,
    quotes: bool,
    /// Formats that are no lines are given as one block.
    whole: bool,
    at_end: bool,
}

impl Text {
    fn new(mut raw: Box<dyn Read>) -> io::Result<Text> {
        let mut start = Vec::new();
        raw.by_ref().take(6).read_to_end(&mut start)?;
        let gzip = start.starts_with(&[0x1f, 0x8b]);
        let zstd = start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
        let again = io::Cursor::new(start.clone()).chain(raw);
        let mut input: Box<dyn Read> = if gzip {
            Box::new(flate2::read::MultiGzDecoder::new(again))
        } else if zstd {
            Box::new(zstd::stream::read::Decoder::new(again)?)
        } else {
            Box::new(again)
        };
        let mut first = Vec::new();
        input.by_ref().take(6).read_to_end(&mut first)?;
        // Parquet, Arrow, and UTF-16 by its byte order mark.
        let whole =
            [&b"PAR1"[..], b"ARROW1", &[0xff, 0xfe], &[0xfe, 0xff]].iter().any(|magic| first.starts_with(magic));
        let (searched, found, end) = (0, 0, 0);
        Ok(Text { input, pending: first, searched, found, end, inside: false, quotes: true, whole, at_end: false })
    }

    /// The next rows: this many, or the rest where there are fewer, so that what they tell does not depend on how they arrive. Blank
    /// lines count.
    fn rows(&mut self, wanted: usize) -> io::Result<Option<Vec<u8>>> {
        self.until(wanted.max(1), wanted.max(1))
    }

    /// All complete rows that have arrived, at least one; or the rest.
    fn arrived(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.until(1, usize::MAX)
    }

    fn until(&mut self, least: usize, most: usize) -> io::Result<Option<Vec<u8>>> {
        loop {
            self.search(most);
            if self.found >= least && !self.whole {
                // Blank lines alone are no rows; more may come.
                match self.cut(self.end) {
                    None => continue,
                    text => return Ok(text),
                }
            }
            if self.at_end {
                return Ok(self.cut(self.pending.len()));
            }
            self.fill()?;
        }
    }

    /// One row: the line of names.
    fn line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let end = self.pending.iter().position(|&b| b == b'\n');
            if let Some(end) = end {
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                (self.searched, self.found, self.end, self.inside) = (0, 0, 0, false);
                return Ok(line);
            }
            if self.at_end {
                return Ok(std::mem::take(&mut self.pending));
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let before = self.pending.len();
        self.pending.resize(before + PIECE, 0);
        let got = loop {
            match self.input.read(&mut self.pending[before..]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.pending.truncate(before + *got.as_ref().unwrap_or(&0));
        self.at_end = got? == 0;
        Ok(())
    }

    /// Goes on looking for ends of rows until `most` are found.
    fn search(&mut self, most: usize) {
        while self.searched < self.pending.len() && self.found < most {
            match self.pending[self.searched] {
                b'"' if self.quotes => self.inside = !self.inside,
                b'\n' if !self.inside => {
                    self.found += 1;
                    self.end = self.searched + 1;
                }
                _ => {}
            }
            self.searched += 1;
        }
    }

    /// The text up to `end`; the search goes on where it was.
    fn cut(&mut self, end: usize) -> Option<Vec<u8>> {
        let rest = self.pending.split_off(end);
        let text = std::mem::replace(&mut self.pending, rest);
        self.searched -= end.min(self.searched);
        (self.found, self.end) = (0, 0);
        (!text.trim_ascii().is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its pieces one read at a time, as a slow pipe does.
    struct Slow(Vec<Vec<u8>>);

    impl Read for Slow {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let Some(piece) = self.0.first_mut() else { return Ok(0) };
            let n = piece.len().min(out.len());
            out[..n].copy_from_slice(&piece[..n]);
            piece.drain(..n);
            if piece.is_empty() {
                self.0.remove(0);
            }
            Ok(n)
        }
    }

    fn text(pieces: &[&str]) -> Text {
        Text::new(Box::new(Slow(pieces.iter().map(|p| p.as_bytes().to_vec()).collect()))).unwrap()
    }

    fn all(mut text: Text, first: usize) -> Vec<String> {
        let mut blocks = Vec::new();
        let mut next = text.rows(first).unwrap();
        while let Some(block) = next {
            blocks.push(String::from_utf8(block).unwrap());
            next = text.arrived().unwrap();
        }
        blocks
    }

    #[test]
    fn rows_are_given_when_they_are_complete() {
        let pieces = ["a,b,c,d\n1", ",2,3,4\n5,6,", "7,8\n", "9,9,9,9"];
        assert_eq!(all(text(&pieces), 2), ["a,b,c,d\n1,2,3,4\n", "5,6,7,8\n", "9,9,9,9"]);
        // What is read first does not depend on what has arrived.
        assert_eq!(all(text(&["a\n1\n", "\n", "2\n"]), 2), ["a\n1\n", "2\n"]);
        let (early, at_once) = (text(&["a\n1\n2", "\n3\n4\n"]), text(&["a\n1\n2\n3\n4\n"]));
        assert_eq!(all(early, 3), ["a\n1\n2\n", "3\n4\n"]);
        assert_eq!(all(at_once, 3), ["a\n1\n2\n", "3\n4\n"]);
        assert_eq!(all(text(&pieces), 100), ["a,b,c,d\n1,2,3,4\n5,6,7,8\n9,9,9,9"]);
    }

    #[test]
    fn line_ends_inside_quotes_do_not_end_a_row() {
        let pieces = ["x,y\n\"one", "\ntwo\",1\n\"a \"\"", "b\"\" \n c\",2\n3,4\n"];
        assert_eq!(all(text(&pieces), 1), ["x,y\n", "\"one\ntwo\",1\n", "\"a \"\"b\"\" \n c\",2\n3,4\n"]);
    }

    #[test]
    fn what_is_no_text_comes_whole() {
        assert_eq!(all(text(&["PAR1\n", "\n", "x\ny"]), 1), ["PAR1\n\nx\ny"]);
        assert!(all(text(&["", "\n \n"]), 1).is_empty());
    }
}
