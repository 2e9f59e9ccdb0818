//! Delimited text to a table: windows of rows are parsed piece by piece in parallel and appended in order.
//!
//! The type of a column is that of the whole file: number if every field that is not missing is one, else time if every one is,
//! else category. A column that turns out to be a category after earlier windows were read as numbers is read again from the
//! beginning, it alone, since the numbers no longer know how they were written.

use rayon::prelude::*;

use super::chunk::{Chunk, NO_WORD, Numeric, Odd, Problem, Rules, State};
use super::dialect::{self, Dialect};
use super::error::{Place, ReadError, Warning};
use super::levels::Levels;
use super::options::{Kind, ReadOptions};
use super::row::{Fault, Fields};
use super::source::Source;
use super::windows::{self, ROW_LIMIT, Stop, Window, Windows};
use super::{Read, TextFile, open_text};
use crate::table::{Column, MISSING, Table};

/// A column over all files.
#[derive(Debug, Default)]
struct Whole {
    forced: Option<Kind>,
    state: State,
    numbers: Vec<f64>,
    codes: Vec<u32>,
    levels: Levels,
    /// It became a category when earlier rows had been read as numbers or times.
    again: bool,
    misfit: Option<(Place, String)>,
    infinite: Option<(Place, String)>,
}

/// The reading of a list of files.
struct Reading<'a> {
    rules: Rules,
    header: bool,
    names: Vec<String>,
    columns: Vec<Whole>,
    rows: usize,
    options: &'a ReadOptions,
    chunks: Vec<Chunk>,
    warnings: Vec<Warning>,
}

/// What reading brought besides the table.
pub(super) struct Outcome {
    pub table: Table,
    pub dialect: Dialect,
    pub files: Vec<Read>,
}

pub(super) fn read(
    sources: &[Source],
    first: TextFile,
    options: &ReadOptions,
    warnings: &mut Vec<Warning>,
) -> Result<Outcome, ReadError> {
    let file = &sources[0].name;
    let (sample, whole) = first.windows.sample();
    let dialect = dialect::detect(sample, whole, options);
    let rules = dialect::rules(dialect.separator, options);
    let fields = first_row(&rules, sample, file)?;
    let blank: Fields = vec![Default::default(); fields.len()];
    let names = dialect::names(if dialect.header { &fields } else { &blank }, file, warnings);
    let columns = plan(&names, options)?;
    let mut reading = Reading {
        rules,
        header: dialect.header,
        names,
        columns,
        rows: 0,
        options,
        chunks: Vec::new(),
        warnings: Vec::new(),
    };
    let files = reading.pass(sources, Some(first))?;
    if reading.rows == 0 {
        return Err(ReadError::HeaderOnly { file: file.clone(), columns: reading.names.len() });
    }
    reading.again(sources)?;
    warnings.append(&mut reading.warnings);
    let table = reading.finish(sources, warnings)?;
    Ok(Outcome { table, dialect, files })
}

/// The fields of the first row that is not blank.
fn first_row(rules: &Rules, sample: &[u8], file: &str) -> Result<Fields, ReadError> {
    let start = rules.grammar.row(sample, 0);
    rules.grammar.fields(sample, start).map(|(fields, _)| fields).map_err(|fault| {
        let (Fault::Unterminated(at) | Fault::AfterQuote(at)) = fault;
        let (line, column) = windows::position(sample, at);
        quote(fault, Place { file: file.into(), line: line + 1, column })
    })
}

fn quote(fault: Fault, place: Place) -> ReadError {
    match fault {
        Fault::Unterminated(_) => ReadError::Unterminated { place },
        Fault::AfterQuote(_) => ReadError::AfterQuote { place },
    }
}

fn plan(names: &[String], options: &ReadOptions) -> Result<Vec<Whole>, ReadError> {
    let known = |name: &String| {
        let error = || ReadError::UnknownColumn { name: name.clone(), columns: names.to_vec() };
        names.iter().position(|n| n == name).ok_or_else(error)
    };
    let mut columns: Vec<Whole> = Vec::new();
    columns.resize_with(names.len(), || Whole { state: State::Unknown, ..Whole::default() });
    for (name, kind) in &options.kinds {
        let column = &mut columns[known(name)?];
        column.forced = Some(*kind);
        column.state = match kind {
            Kind::Number => State::Number,
            Kind::Time => State::Time,
            Kind::Category | Kind::Text => State::Words,
        };
    }
    for name in &options.drop {
        columns[known(name)?].state = State::Skip;
    }
    Ok(columns)
}

impl Whole {
    /// What a piece begins with.
    fn start(&self) -> State {
        match self.state {
            _ if self.again => State::Skip,
            State::Number | State::Time if self.forced.is_none() => State::Unknown,
            state => state,
        }
    }

    /// The type that holds both what was read and what a piece found.
    fn join(&self, found: State) -> State {
        match (self.state, found) {
            (State::Skip, _) | (_, State::Skip) => State::Skip,
            (state, State::Unknown) => state,
            (State::Unknown, State::Failed) => State::Words,
            (State::Unknown, found) => found,
            (state, found) if state == found => state,
            _ => State::Words,
        }
    }

    fn append(&mut self, j: usize, chunks: &[Chunk], state: State, rules: &Rules, before: usize, expected: usize) {
        if self.again || state == State::Skip {
            return;
        }
        if state == State::Words && matches!(self.state, State::Number | State::Time) && before > 0 {
            *self = Whole { again: true, state, misfit: self.misfit.take(), ..Whole::default() };
            return;
        }
        if state != self.state {
            // All rows before were missing.
            match state {
                State::Words => self.codes.resize(before, MISSING),
                _ => self.numbers.resize(before, f64::NAN),
            }
            self.state = state;
        }
        match state {
            State::Words => self.codes.reserve_exact(expected.saturating_sub(self.codes.len())),
            State::Number | State::Time => self.numbers.reserve_exact(expected.saturating_sub(self.numbers.len())),
            _ => return,
        }
        for chunk in chunks {
            let part = &chunk.parts[j];
            match (state, part.state) {
                (State::Words, State::Unknown) => self.codes.resize(self.codes.len() + chunk.rows, MISSING),
                (State::Words, _) => {
                    let code = |word: &[u8]| if rules.missing.is(word) { MISSING } else { self.levels.code(word) };
                    let codes: Vec<u32> = part.levels.iter().map(code).collect();
                    self.codes
                        .extend(part.codes.iter().map(|&c| if c == NO_WORD { MISSING } else { codes[c as usize] }));
                }
                (_, State::Unknown) => self.numbers.resize(self.numbers.len() + chunk.rows, f64::NAN),
                _ => self.numbers.extend_from_slice(&part.numbers),
            }
        }
    }
}

impl Reading<'_> {
    fn pass(&mut self, sources: &[Source], mut first: Option<TextFile>) -> Result<Vec<Read>, ReadError> {
        let mut files = Vec::new();
        for source in sources {
            let mut file = match first.take() {
                Some(file) => file,
                None => open_text(source, &sources[0].name, self.options)?,
            };
            let before = self.rows;
            let line = self.head(source, &mut file.windows, &sources[0].name)?;
            self.file(source, &mut file, line)?;
            files.push(Read { rows: self.rows - before, compression: file.compression });
            self.warnings.append(&mut file.warnings);
        }
        Ok(files)
    }

    /// Passes the header by and checks that it is the one of the first file; returns the number of lines before the rows.
    fn head(&self, source: &Source, windows: &mut Windows, first: &str) -> Result<u64, ReadError> {
        windows.set_grammar(self.rules.grammar);
        let (sample, _) = windows.sample();
        let start = self.rules.grammar.row(sample, 0);
        let fields = first_row(&self.rules, sample, &source.name)?;
        let mismatch = |problem| ReadError::Mismatch { file: source.name.clone(), first: first.into(), problem };
        if fields.len() != self.names.len() {
            return Err(mismatch(format!("expected {} columns, found {}", self.names.len(), fields.len())));
        }
        if !self.header {
            return Ok(0);
        }
        let names = dialect::names(&fields, &source.name, &mut Vec::new());
        if let Some((wanted, found)) = self.names.iter().zip(&names).find(|(a, b)| a != b) {
            return Err(mismatch(format!("expected the column name `{wanted}`, found `{found}` in the first row")));
        }
        let (_, next) = self.rules.grammar.fields(sample, start).unwrap_or_default();
        let lines = windows::lines(&sample[..next]);
        windows.drop_front(next);
        Ok(lines)
    }

    /// Reads one file whose rows begin after `line` lines. The next window is read while this one is parsed.
    fn file(&mut self, source: &Source, file: &mut TextFile, mut line: u64) -> Result<(), ReadError> {
        let windows = &mut file.windows;
        let size = source.size().filter(|_| file.plain);
        let mut next = windows.next();
        loop {
            let window = match next {
                Ok(Some(window)) => window,
                Ok(None) => return Ok(()),
                Err(stop) => return Err(stopped(stop, source, line)),
            };
            let (following, absorbed) = rayon::join(|| windows.next(), || self.absorb(source, &window, line, size));
            line += absorbed?;
            windows.recycle(window);
            next = following;
        }
    }

    /// Parses a window and appends its rows; returns its number of lines.
    fn absorb(&mut self, source: &Source, window: &Window, line: u64, size: Option<u64>) -> Result<u64, ReadError> {
        let pieces: Vec<&[u8]> = window.pieces().collect();
        let mut chunks = std::mem::take(&mut self.chunks);
        chunks.resize_with(pieces.len().max(chunks.len()), Chunk::default);
        let columns = &self.columns;
        chunks[..pieces.len()].par_iter_mut().zip(&pieces).for_each(|(chunk, piece)| {
            chunk.parts.resize_with(columns.len(), Default::default);
            chunk.parts.iter_mut().zip(columns).for_each(|(part, column)| part.begin(column.start()));
            self.rules.parse(piece, chunk);
        });
        let used = &mut chunks[..pieces.len()];
        let states = self.judge(source, used, &pieces, line)?;
        self.words(used, &pieces, &states);
        let rows: usize = used.iter().map(|c| c.rows).sum();
        // Room for the rest of the file at the present bytes a row; what is never touched costs no memory.
        let expected = match size {
            Some(size) if rows > 0 => self.rows + rows * (size as usize / window.bytes.len()).max(1) * 17 / 16,
            _ => 0,
        };
        let expected = if self.rows == 0 { expected } else { 0 };
        let (rules, before) = (&self.rules, self.rows);
        self.columns.par_iter_mut().zip(&states).enumerate().for_each(|(j, (column, &state))| {
            column.append(j, used, state, rules, before, expected);
        });
        self.rows += rows;
        let lines = used.iter().map(|c| c.lines).sum();
        self.chunks = chunks;
        Ok(lines)
    }

    /// The type of each column after these pieces; or the first error in them.
    fn judge(
        &mut self,
        source: &Source,
        chunks: &[Chunk],
        pieces: &[&[u8]],
        line: u64,
    ) -> Result<Vec<State>, ReadError> {
        let mut states: Vec<State> = self.columns.iter().map(|c| c.state).collect();
        let mut line = line;
        for (chunk, piece) in chunks.iter().zip(pieces) {
            let place = |at: usize| {
                let (lines, column) = windows::position(piece, self.rules.grammar.start(piece, at));
                Place { file: source.name.clone(), line: line + lines + 1, column }
            };
            let noted = |odd: &Odd| (place(odd.at), odd.text.clone());
            let mut error: Option<(usize, ReadError)> = chunk.problem.map(|problem| {
                let place = place(problem.at());
                let error = match problem {
                    Problem::Quote(fault) => quote(fault, place),
                    Problem::Nul { .. } => ReadError::Binary { place, hint: "" },
                    Problem::Ragged { found, .. } => {
                        ReadError::Ragged { place: Place { column: 0, ..place }, expected: self.names.len(), found }
                    }
                };
                (problem.at(), error)
            });
            for (j, part) in chunk.parts.iter().enumerate() {
                let column = &mut self.columns[j];
                if let Some(odd) = &part.infinite {
                    column.infinite.get_or_insert_with(|| noted(odd));
                }
                if let Some(odd) = &part.misfit {
                    column.misfit.get_or_insert_with(|| noted(odd));
                    if let Some(kind @ (Kind::Number | Kind::Time)) = column.forced
                        && error.as_ref().is_none_or(|(at, _)| odd.at < *at)
                    {
                        let (place, text) = noted(odd);
                        error = Some((odd.at, ReadError::NotOfKind { place, name: self.names[j].clone(), text, kind }));
                    }
                }
                let joined = Whole { state: states[j], ..Whole::default() }.join(part.state);
                states[j] = joined;
            }
            if let Some((_, error)) = error {
                return Err(error);
            }
            line += chunk.lines;
        }
        Ok(states)
    }

    /// Parses once more, as words, the columns that have become categories.
    fn words(&self, chunks: &mut [Chunk], pieces: &[&[u8]], states: &[State]) {
        let wrong = |chunk: &Chunk, j: usize| {
            let other = matches!(chunk.parts[j].state, State::Number | State::Time | State::Failed);
            states[j] == State::Words && other && !self.columns[j].again
        };
        chunks.par_iter_mut().zip(pieces).for_each(|(chunk, piece)| {
            let columns: Vec<usize> = (0..states.len()).filter(|&j| wrong(chunk, j)).collect();
            if columns.is_empty() {
                return;
            }
            let mut anew = Chunk::default();
            anew.parts.resize_with(states.len(), Default::default);
            columns.iter().for_each(|&j| anew.parts[j].begin(State::Words));
            self.rules.parse(piece, &mut anew);
            columns.iter().for_each(|&j| std::mem::swap(&mut chunk.parts[j], &mut anew.parts[j]));
        });
    }

    /// Reads the columns once more that became categories too late.
    fn again(&mut self, sources: &[Source]) -> Result<(), ReadError> {
        if !self.columns.iter().any(|c| c.again) {
            return Ok(());
        }
        let once_more = |c: &Whole| if c.again { State::Words } else { State::Skip };
        let columns = self.columns.iter().map(|c| Whole { state: once_more(c), ..Whole::default() }).collect();
        let mut second = Reading {
            rules: self.rules.clone(),
            header: self.header,
            names: self.names.clone(),
            columns,
            rows: 0,
            options: self.options,
            chunks: std::mem::take(&mut self.chunks),
            warnings: Vec::new(),
        };
        second.pass(sources, None)?;
        if second.rows != self.rows {
            return Err(ReadError::Changed { file: sources[0].name.clone() });
        }
        for (column, anew) in self.columns.iter_mut().zip(second.columns) {
            if column.again {
                *column = Whole { misfit: column.misfit.take(), ..anew };
            }
        }
        Ok(())
    }

    fn finish(self, sources: &[Source], warnings: &mut Vec<Warning>) -> Result<Table, ReadError> {
        let mut table = Table { rows: self.rows, ..Table::default() };
        for (name, mut column) in self.names.into_iter().zip(self.columns) {
            let finished = match column.state {
                State::Skip => continue,
                State::Unknown => {
                    warnings.push(Warning::AllMissing { name: name.clone() });
                    Column::Number(vec![f64::NAN; self.rows])
                }
                State::Number => {
                    if let Some((place, text)) = column.infinite {
                        return Err(ReadError::NotFinite { place, name, text });
                    }
                    column.numbers.shrink_to_fit();
                    Column::Number(column.numbers)
                }
                State::Time => {
                    column.numbers.shrink_to_fit();
                    Column::Time(column.numbers)
                }
                State::Words | State::Failed => {
                    if column.forced.is_none() {
                        warnings.extend(nearly_numbers(&self.rules, &name, &column));
                    }
                    let file = sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
                    category(column, &file, &name, warnings)
                }
            };
            table.names.push(name);
            table.columns.push(finished);
        }
        Ok(table)
    }
}

fn stopped(stop: Stop, source: &Source, line: u64) -> ReadError {
    let place = |lines: u64, column: u64| Place { file: source.name.clone(), line: line + lines + 1, column };
    match stop {
        Stop::Io(e) => source.io(e),
        Stop::Unterminated { lines, column } => ReadError::Unterminated { place: place(lines, column) },
        Stop::LongRow => ReadError::LongRow { place: place(0, 0), limit: ROW_LIMIT },
    }
}

/// A warning if at least nine rows in ten hold numbers.
fn nearly_numbers(rules: &Rules, name: &str, column: &Whole) -> Option<Warning> {
    let mut counts = vec![0usize; column.levels.len()];
    column.codes.iter().filter(|&&c| c != MISSING).for_each(|&c| counts[c as usize] += 1);
    let mut words: Vec<(usize, u32)> = Vec::new();
    let (mut numbers, mut others) = (0, 0);
    for (code, (word, &count)) in column.levels.iter().zip(&counts).enumerate() {
        if rules.numeric(word) == Numeric::No {
            others += count;
            words.push((count, code as u32));
        } else {
            numbers += count;
        }
    }
    if others == 0 || numbers < 9 * others {
        return None;
    }
    words.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let shown = |code: u32| String::from_utf8_lossy(column.levels.get(code)).chars().take(40).collect();
    Some(Warning::NearlyNumbers {
        name: name.into(),
        numbers,
        words: words.iter().take(3).map(|&(_, code)| shown(code)).collect(),
        rows: others,
        place: column.misfit.as_ref().map(|(place, _)| place.clone()),
    })
}

/// Levels as strings. Two spellings of one text in different encodings become one level.
fn category(column: Whole, file: &str, name: &str, warnings: &mut Vec<Warning>) -> Column {
    let Whole { mut codes, levels, .. } = column;
    codes.shrink_to_fit();
    let mut latin = None;
    let mut texts: Vec<String> = levels.iter().map(|word| dialect::decode(word, &mut latin)).collect();
    if let Some(text) = latin {
        warnings.push(Warning::NotUtf8 { file: file.into(), name: name.into(), text });
        let mut merged = Levels::default();
        let map: Vec<u32> = texts.iter().map(|t| merged.code(t.as_bytes())).collect();
        codes.iter_mut().filter(|c| **c != MISSING).for_each(|c| *c = map[*c as usize]);
        texts = merged.iter().map(|t| String::from_utf8_lossy(t).into_owned()).collect();
    }
    Column::Category { codes, levels: texts }
}
