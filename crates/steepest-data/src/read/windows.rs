//! A text file as windows of whole rows, each cut at row ends into pieces that threads parse side by side.
//!
//! Only a window or two are in memory at a time. Where the cuts fall depends on the sizes of window and piece alone, and no
//! result depends on the cuts.

use std::io::{self, Read};

use memchr::memchr;

use super::row::{Grammar, closing};

/// Rows from one stretch of the file.
#[derive(Debug, Default)]
pub(super) struct Window {
    pub bytes: Vec<u8>,
    /// End of each piece; the last is the end of the bytes.
    pub cuts: Vec<usize>,
}

impl Window {
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.cuts.iter().copied());
        starts.zip(&self.cuts).map(|(start, &end)| &self.bytes[start..end])
    }
}

/// Why there is no further window. Lines are counted from the end of the windows before.
#[derive(Debug)]
pub(super) enum Stop {
    Io(io::Error),
    Unterminated { lines: u64, column: u64 },
    LongRow,
}

/// The longest row.
pub(super) const ROW_LIMIT: usize = 64 << 20;

/// Cuts a stream into windows.
pub(super) struct Windows {
    reader: Box<dyn Read + Send>,
    grammar: Option<Grammar>,
    rest: Vec<u8>,
    spare: Vec<Vec<u8>>,
    ended: bool,
    /// The size of the next window, and of the largest.
    size: usize,
    most: usize,
}

/// The first window: small, so that it is soon parsed beside the reading and unpacking of the second, which is twice as large, and so
/// on.
const FIRST: usize = 256 << 10;

impl Windows {
    pub fn new(reader: Box<dyn Read + Send>, most: usize) -> Windows {
        let most = most.max(1);
        let (rest, spare) = (Vec::new(), Vec::new());
        Windows { reader, grammar: None, rest, spare, ended: false, size: FIRST.min(most), most }
    }

    /// Reads `bytes` ahead, and as many more as three lines take.
    pub fn look_ahead(&mut self, bytes: usize) -> io::Result<()> {
        let mut size = bytes;
        loop {
            fill(&mut self.reader, &mut self.rest, size, &mut self.ended)?;
            if self.ended || self.rest.len() >= ROW_LIMIT || memchr::memchr_iter(b'\n', &self.rest).nth(2).is_some() {
                return Ok(());
            }
            size = 4 * self.rest.len();
        }
    }

    /// What was read ahead, and whether it is all.
    pub fn sample(&self) -> (&[u8], bool) {
        (&self.rest, self.ended)
    }

    /// Drops the first bytes of what was not yet given out.
    pub fn drop_front(&mut self, bytes: usize) {
        self.rest.drain(..bytes);
    }

    /// From now on quotes are honoured as this grammar does.
    pub fn set_grammar(&mut self, grammar: Grammar) {
        self.grammar = Some(grammar);
    }

    /// Takes the memory of a window back.
    pub fn recycle(&mut self, window: Window) {
        self.spare.push(window.bytes);
    }

    /// The next whole rows.
    pub fn next(&mut self) -> Result<Option<Window>, Stop> {
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        let mut size = self.size;
        loop {
            let early = self.rest.len().min(size - bytes.len().min(size));
            bytes.extend_from_slice(&self.rest[..early]);
            self.rest.drain(..early);
            if self.rest.is_empty() {
                fill(&mut self.reader, &mut bytes, size, &mut self.ended).map_err(Stop::Io)?;
            }
            if bytes.is_empty() {
                return Ok(None);
            }
            let mut cuts = Vec::new();
            let last = self.ended && self.rest.is_empty();
            let open = self.cut(&bytes, &mut cuts, last);
            if last {
                // The rows before an open quote come first, so that an error in one of them is found first.
                let end = open.map_or(bytes.len(), |(_, row)| row);
                if cuts.last().copied().unwrap_or(0) < end {
                    cuts.push(end);
                }
            }
            let Some(&end) = cuts.last() else {
                if let Some((quote, _)) = open.filter(|_| last || bytes.len() >= ROW_LIMIT) {
                    let (lines, column) = position(&bytes, quote);
                    return Err(Stop::Unterminated { lines, column });
                }
                if bytes.len() >= ROW_LIMIT {
                    return Err(Stop::LongRow);
                }
                size = (2 * bytes.len()).max(size);
                continue;
            };
            self.rest.splice(..0, bytes[end..].iter().copied());
            bytes.truncate(end);
            self.size = (2 * self.size).min(self.most);
            return Ok(Some(Window { bytes, cuts }));
        }
    }

    /// Finds row ends about a sixteenth of a window apart. Returns the opening quote of a field that is not closed and the
    /// beginning of its row.
    fn cut(&self, bytes: &[u8], cuts: &mut Vec<usize>, last: bool) -> Option<(usize, usize)> {
        let piece = (self.size / 16).max(1);
        let quotes = self.grammar.filter(|g| g.quotes);
        // `from` is outside of quotes, in the row that begins at `row`; `quote` is the next quote at or after it.
        let (mut from, mut row) = (0, 0);
        let next_quote = |from: usize| quotes.and_then(|_| memchr(b'"', &bytes[from..])).map(|k| from + k);
        let mut quote = next_quote(0);
        loop {
            let aim = (cuts.last().copied().unwrap_or(0) + piece - 1).max(from);
            let end = bytes.get(aim..).and_then(|b| memchr(b'\n', b)).map(|k| aim + k);
            match (quote, end) {
                (Some(q), end) if end.is_none_or(|e| q < e) => {
                    row = memchr::memrchr(b'\n', &bytes[from..q]).map_or(row, |k| from + k + 1);
                    from = q + 1;
                    if quotes.is_some_and(|g| g.opens(bytes, q)) {
                        // At the end of the bytes the second half of a doubled quote may be still to come.
                        match closing(bytes, q).filter(|&c| c + 1 < bytes.len() || last) {
                            Some(close) => from = close + 1,
                            None => return Some((q, row)),
                        }
                    }
                    quote = next_quote(from);
                }
                (_, Some(end)) => {
                    cuts.push(end + 1);
                    (from, row) = (end + 1, end + 1);
                }
                (_, None) => return None,
            }
        }
    }
}

fn fill(reader: &mut dyn Read, bytes: &mut Vec<u8>, size: usize, ended: &mut bool) -> io::Result<()> {
    if *ended || bytes.len() >= size {
        return Ok(());
    }
    let want = size - bytes.len();
    bytes.reserve_exact(want + 32);
    let got = reader.take(want as u64).read_to_end(bytes)?;
    *ended = got < want;
    Ok(())
}

/// Number of lines before byte `at` and its column, from 1.
pub(super) fn position(bytes: &[u8], at: usize) -> (u64, u64) {
    let before = &bytes[..at.min(bytes.len())];
    let start = memchr::memrchr(b'\n', before).map_or(0, |p| p + 1);
    (lines(before), (before.len() - start + 1) as u64)
}

/// Number of line ends.
pub(super) fn lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
mod tests {
    use super::super::options::Separator;
    use super::*;

    fn pieces(text: &str, window: usize) -> Result<Vec<String>, Stop> {
        let mut windows = Windows::new(Box::new(io::Cursor::new(text.as_bytes().to_vec())), window);
        windows.set_grammar(Grammar::new(Separator::Byte(b','), true));
        let mut all = Vec::new();
        while let Some(window) = windows.next()? {
            all.extend(window.pieces().map(|p| String::from_utf8(p.to_vec()).unwrap()));
            windows.recycle(window);
        }
        Ok(all)
    }

    #[test]
    fn pieces_are_whole_rows_and_lose_nothing() {
        let text = "a,b\n\"x\n\ny\",1\n5\" pipe,2\n\"he said \"\"\n\"\"\",3\n, \"\n\"\nlast,row";
        for window in 1..80 {
            let pieces = pieces(text, window).unwrap();
            assert_eq!(pieces.concat(), text, "window {window}");
            for piece in &pieces {
                let rows =
                    ["a,b\n", "\"x\n\ny\",1\n", "5\" pipe,2\n", "\"he said \"\"\n\"\"\",3\n", ", \"\n\"\n", "last,row"];
                let mut rest = piece.as_str();
                while !rest.is_empty() {
                    let row = rows.iter().find(|r| rest.starts_with(**r)).expect("a piece begins with a whole row");
                    rest = &rest[row.len()..];
                }
            }
        }
    }

    #[test]
    fn an_open_quote_is_found_with_its_place() {
        for window in [1, 7, 1000] {
            let mut lines_before = 0;
            let mut windows = Windows::new(Box::new(io::Cursor::new(b"a\n\"b\n\"\nc,\"d\n\n\n".to_vec())), window);
            windows.set_grammar(Grammar::new(Separator::Byte(b','), true));
            let stop = loop {
                match windows.next() {
                    Ok(w) => lines_before += lines(&w.unwrap().bytes),
                    Err(stop) => break stop,
                }
            };
            let Stop::Unterminated { lines, column } = stop else { panic!("{stop:?}") };
            assert_eq!((lines_before + lines, column), (3, 3), "window {window}");
        }
    }
}
