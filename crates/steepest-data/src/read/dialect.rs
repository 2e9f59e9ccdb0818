//! Separator and header of delimited text, decided from its first rows, with the reason.

use super::chunk::{Numeric, Rules};
use super::error::Warning;
use super::options::{ReadOptions, Separator};
use super::row::{Fields, Grammar};
use super::time;

/// Why the first row was or was not taken for a header.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderReason {
    /// The caller said so.
    Given,
    /// The first row has a word where the rows below have numbers or times.
    WordAboveValues {
        /// The first such word.
        word: String,
    },
    /// The first row has a number where the rows below have numbers.
    ValueInFirstRow {
        /// The first such value.
        value: String,
    },
    /// All columns hold words; those of the first row are distinct and none occurs again below.
    DistinctWords,
    /// All columns hold words, and one of the first row occurs again below or twice in it.
    RepeatedWord {
        /// That word.
        word: String,
    },
    /// There is one row only.
    OnlyRow,
}

impl std::fmt::Display for HeaderReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HeaderReason::Given => f.write_str("as told"),
            HeaderReason::WordAboveValues { word } => write!(f, "`{word}` stands above numbers or times"),
            HeaderReason::ValueInFirstRow { value } => write!(f, "the first row holds the value `{value}`"),
            HeaderReason::DistinctWords => {
                f.write_str("the words of the first row are distinct and do not occur again")
            }
            HeaderReason::RepeatedWord { word } => write!(f, "the word `{word}` of the first row occurs again"),
            HeaderReason::OnlyRow => f.write_str("it is the only row"),
        }
    }
}

/// How a file of delimited text is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dialect {
    pub separator: Separator,
    pub header: bool,
    pub reason: HeaderReason,
}

/// Rows looked at.
const ROWS: usize = 1000;

type Rows = Vec<Fields>;

/// The first rows under a grammar, and whether they ended with a fault.
fn rows(grammar: Grammar, sample: &[u8], whole: bool) -> (Rows, bool) {
    let (mut all, mut at) = (Rows::new(), 0);
    while all.len() < ROWS {
        at = grammar.row(sample, at);
        if at >= sample.len() {
            break;
        }
        match grammar.fields(sample, at) {
            // A row that touches the end of the sample may be cut, unless the file ends there too.
            Ok((_, next)) if next == sample.len() && !whole && !all.is_empty() => break,
            Ok((fields, next)) => {
                all.push(fields);
                at = next;
            }
            Err(_) => return (all, whole),
        }
    }
    (all, false)
}

/// Decides how the file is written.
pub(super) fn detect(sample: &[u8], whole: bool, options: &ReadOptions) -> Dialect {
    let separator = options.separator.unwrap_or_else(|| separator(sample, whole, options.quotes));
    let grammar = Grammar::new(separator, options.quotes);
    let rules = rules(separator, options);
    let (rows, _) = rows(grammar, sample, whole);
    let (header, reason) = match options.header {
        Some(header) => (header, HeaderReason::Given),
        None => header(&rows, &rules),
    };
    Dialect { separator, header, reason }
}

pub(super) fn rules(separator: Separator, options: &ReadOptions) -> Rules {
    let decimal_comma = options.decimal_comma.unwrap_or(separator == Separator::Byte(b';'));
    let decimal_comma = decimal_comma && separator != Separator::Byte(b',');
    Rules { grammar: Grammar::new(separator, options.quotes), missing: options.missing.clone(), decimal_comma }
}

/// The separator under which most rows have the same number of fields, at least two. Equal candidates are taken in this order:
/// commas may be decimal commas between semicolons, and spaces often follow a comma.
fn separator(sample: &[u8], whole: bool, quotes: bool) -> Separator {
    let candidates = [b'\t', b';', b'|', b','].map(Separator::Byte).into_iter().chain([Separator::Whitespace]);
    let mut best = (0.0, Separator::Byte(b','));
    for candidate in candidates {
        let (rows, fault) = rows(Grammar::new(candidate, quotes), sample, whole);
        let mut counts: Vec<usize> = rows.iter().map(Vec::len).collect();
        counts.sort_unstable();
        let runs = counts.chunk_by(|a, b| a == b).filter(|run| run[0] >= 2);
        let agreeing = runs.map(<[usize]>::len).max().unwrap_or(0) as f64 / rows.len().max(1) as f64;
        // One line of prose has many words too.
        let least = if candidate == Separator::Whitespace { 0.9 } else { 0.5 };
        // The right separator does not leave quotes inside of fields.
        let stray = rows.iter().flatten().any(|(field, quoted)| !quoted && quotes && field.contains(&b'"'));
        let score = if fault || stray { agreeing / 2.0 } else { agreeing };
        if agreeing >= least && score > best.0 {
            best = (score, candidate);
        }
    }
    best.1
}

/// What the rows below the first hold in one column.
#[derive(PartialEq)]
enum Below {
    Nothing,
    Values,
    Words,
}

fn header(rows: &Rows, rules: &Rules) -> (bool, HeaderReason) {
    let Some((first, below)) = rows.split_first() else { return (false, HeaderReason::OnlyRow) };
    let is_value = |f: &[u8]| rules.numeric(f) != Numeric::No || time::parse(f).is_some();
    let text = |f: &[u8]| String::from_utf8_lossy(f).into_owned();
    let kind = |j: usize| {
        let mut present = below.iter().filter_map(|r| r.get(j)).filter(|f| !rules.missing.is(&f.0)).peekable();
        if present.peek().is_none() {
            Below::Nothing
        } else if present.all(|f| is_value(&f.0)) {
            Below::Values
        } else {
            Below::Words
        }
    };
    let mut above_values = None;
    let mut value = None;
    let mut values_are_names = true;
    for (j, (field, _)) in first.iter().enumerate() {
        let below = kind(j);
        if is_value(field) {
            value = value.or(Some(field));
            values_are_names &= field.iter().all(u8::is_ascii_digit);
        } else if !rules.missing.is(field) && below == Below::Values {
            above_values = above_values.or(Some(field));
        }
    }
    let mut names: Vec<&[u8]> = first.iter().map(|f| &f.0[..]).filter(|f| !f.is_empty()).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|w| w[0] == w[1]).map(|w| w[0]);
    match (above_values, value) {
        // Names such as 2019, 2020 beside words.
        (Some(word), Some(_)) if values_are_names && twice.is_none() => {
            return (true, HeaderReason::WordAboveValues { word: text(word) });
        }
        (Some(word), None) => return (true, HeaderReason::WordAboveValues { word: text(word) }),
        (_, Some(value)) => return (false, HeaderReason::ValueInFirstRow { value: text(value) }),
        (None, None) => {}
    }
    if below.is_empty() {
        return (names.len() == first.len() && twice.is_none(), HeaderReason::OnlyRow);
    }
    let again = first
        .iter()
        .enumerate()
        .find(|(j, f)| !f.0.is_empty() && below.iter().any(|r| r.get(*j).is_some_and(|g| g.0 == f.0)));
    match twice.or(again.map(|(_, f)| &f.0[..])) {
        Some(word) => (false, HeaderReason::RepeatedWord { word: text(word) }),
        None => (true, HeaderReason::DistinctWords),
    }
}

/// Names of the columns, unique: `c1`, `c2`, … where there is none, and `name.2` for the second `name`.
pub(super) fn names(fields: &[(Vec<u8>, bool)], file: &str, warnings: &mut Vec<Warning>) -> Vec<String> {
    let mut latin = None;
    let wanted: Vec<String> = fields
        .iter()
        .enumerate()
        .map(|(j, (field, _))| {
            let name = decode(field, &mut latin);
            let name = name.trim();
            if name.is_empty() { format!("c{}", j + 1) } else { name.to_string() }
        })
        .collect();
    warnings.extend(latin.map(|text| Warning::NotUtf8 { file: file.into(), name: "header".into(), text }));
    unique(wanted, file, warnings)
}

/// Renames later columns of the same name.
pub(super) fn unique(wanted: Vec<String>, file: &str, warnings: &mut Vec<Warning>) -> Vec<String> {
    let mut taken: std::collections::HashSet<String> = wanted.iter().cloned().collect();
    let mut seen = std::collections::HashSet::new();
    let rename = |name: String| {
        if seen.insert(name.clone()) {
            return name;
        }
        let renamed = (2..).map(|k| format!("{name}.{k}")).find(|n| !taken.contains(n)).unwrap_or_else(|| name.clone());
        taken.insert(renamed.clone());
        warnings.push(Warning::Duplicate { file: file.into(), name, renamed: renamed.clone() });
        renamed
    };
    wanted.into_iter().map(rename).collect()
}

/// UTF-8, or else Windows-1252; the first text of the second kind is noted.
pub(super) fn decode(bytes: &[u8], latin: &mut Option<String>) -> String {
    // The characters of 0x80 to 0x9f; those without one keep their code, as browsers do (WHATWG encoding standard).
    const HIGH: [u16; 32] = [
        0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d,
        0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d,
        0x17e, 0x178,
    ];
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_string();
    }
    let high = |b: u8| char::from_u32(u32::from(HIGH[usize::from(b) - 0x80])).unwrap_or(char::REPLACEMENT_CHARACTER);
    let text: String = bytes.iter().map(|&b| if (0x80..0xa0).contains(&b) { high(b) } else { char::from(b) }).collect();
    latin.get_or_insert_with(|| text.clone());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (String, bool) {
        let dialect = detect(text.as_bytes(), true, &ReadOptions::default());
        (dialect.separator.to_string(), dialect.header)
    }

    #[test]
    fn separators_are_found() {
        for (text, separator) in [
            ("a,b\n1,2\n", "','"),
            ("a;b\n1,5;2,5\n2,5;3\n", "';'"),
            ("x\ty z\n1\t2 3\n", "tab"),
            ("a|b\n\"1|2\"|3\n", "'|'"),
            ("1 2  3\n 4 5 6\n", "whitespace"),
            ("39, State-gov, 7\n50, Private, 8\n", "','"),
            ("a,\"x;y\"\nb,\"z;w\"\n", "','"),
            ("only\nwords here\nand there are some\n", "','"),
            ("\"a\";\"b\"\n1;2\n", "';'"),
            ("a,b\n1,2\n3\n4,5\n", "','"),
        ] {
            assert_eq!(of(text).0, separator, "{text}");
        }
    }

    #[test]
    fn headers_are_found() {
        for (text, header) in [
            ("a,b\n1,2\n", true),
            ("5.1,3.5,Iris-setosa\n4.9,3,Iris-setosa\n", false),
            ("M,0.455\nF,0.35\n", false),
            ("id,2019,2020\n1,5,6\n2,7,8\n", true),
            ("1,2\n3,4\n", false),
            ("class,cap\np,x\ne,x\np,b\n", true),
            ("p,x\ne,x\np,b\n", false),
            (",a\n0,1\n", true),
            ("a,b\n", true),
            ("1,b\n", false),
            ("?,1\n2,3\n", false),
            ("date,v\n2020-01-01,x\n", true),
            ("2020-01-01,x\n2020-01-02,y\n", false),
            ("name,word\nNA,NA\n", true),
        ] {
            assert_eq!(of(text).1, header, "{text}");
        }
    }

    #[test]
    fn names_become_unique() {
        let fields: Fields =
            ["a", "", "a", "a.2", "a", "caf\u{e9}"].iter().map(|n| (n.as_bytes().to_vec(), false)).collect();
        let mut warnings = Vec::new();
        assert_eq!(names(&fields, "f", &mut warnings), ["a", "c2", "a.3", "a.2", "a.4", "café"]);
        assert_eq!(warnings.len(), 2);
        let mut latin = None;
        assert_eq!(decode(b"caf\xe9 \x80", &mut latin), "café €");
        assert!(latin.is_some());
    }
}
