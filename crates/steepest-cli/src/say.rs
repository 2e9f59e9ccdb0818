//! What people read on stderr: one line a subject, `label     text`, nothing on stdout.

use std::io::{IsTerminal, Write};

use crate::failure::Failure;

/// Writes lines for people, unless they asked for quiet.
#[derive(Debug, Clone, Copy)]
pub struct Say {
    quiet: bool,
    verbose: u8,
    colour: bool,
    terminal: bool,
}

impl Say {
    /// For stderr as it is: colours only on a terminal and without `NO_COLOR`.
    pub fn new(quiet: bool, verbose: u8) -> Say {
        let terminal = std::io::stderr().is_terminal();
        let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        Say { quiet, verbose, colour, terminal }
    }

    /// One labelled line.
    pub fn line(&self, label: &str, text: &str) {
        if !self.quiet {
            self.write(label, text, "\x1b[1;34m");
        }
    }

    /// One labelled line that only `-v` shows.
    pub fn detail(&self, label: &str, text: &str) {
        if !self.quiet && self.verbose > 0 {
            self.write(label, text, "\x1b[2m");
        }
    }

    /// A warning; shown with `-q` too, since it says that something was changed or left out.
    pub fn warning(&self, text: &str) {
        self.write("warning", text, "\x1b[1;33m");
    }

    /// Whether a progress bar may be drawn: on a terminal that was not asked to be quiet.
    pub fn bars(&self) -> bool {
        self.terminal && !self.quiet
    }

    fn write(&self, label: &str, text: &str, code: &str) {
        let mut err = std::io::stderr().lock();
        let padding = " ".repeat(10usize.saturating_sub(label.len()).max(1));
        // Nothing is left to do when stderr itself is gone.
        let _ = if self.colour {
            writeln!(err, "{code}{label}\x1b[0m{padding}{text}")
        } else {
            writeln!(err, "{label}{padding}{text}")
        };
    }
}

/// Writes a result to standard output, which may be full or closed.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|e| Failure::usage(format!("standard output: cannot write: {e}")))
}

/// A number for people: three or so significant digits, an exponent where it helps.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".into()
    } else if !value.is_finite() {
        value.to_string()
    } else if (1e-3..1e6).contains(&size) {
        let decimals = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
        let text = format!("{value:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
    } else {
        let text = format!("{value:.2e}");
        text.replace(".00e", "e")
    }
}

/// A number to ten significant digits.
pub fn precise(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".into() } else { value.to_string() };
    }
    let trimmed = |digits: &str| digits.trim_end_matches('0').trim_end_matches('.').to_string();
    if (1e-4..1e10).contains(&size) {
        let decimals = (9 - size.log10().floor() as i32).clamp(0, 13) as usize;
        let text = format!("{value:.decimals$}");
        return if text.contains('.') { trimmed(&text) } else { text };
    }
    let text = format!("{value:.9e}");
    match text.split_once('e') {
        Some((digits, exponent)) => format!("{}e{exponent}", trimmed(digits)),
        None => text,
    }
}

/// A count in groups of three: `20,190`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A number of things: `1 step`, `2 steps`, `20,190 rows`.
pub fn counted(value: u64, thing: &str) -> String {
    format!("{} {thing}{}", count(value), if value == 1 { "" } else { "s" })
}

/// Rows as lines of aligned columns.
pub fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |c: usize| rows.iter().map(|r| r[c].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &w)| format!("{cell:<w$}")).collect();
        cells.join("  ").trim_end().to_string() + "\n"
    };
    rows.iter().map(line).collect()
}

/// A duration for people.
pub fn seconds(value: f64) -> String {
    if value < 0.01 {
        format!("{:.1} ms", value * 1e3)
    } else if value < 100.0 {
        format!("{value:.2} s")
    } else {
        format!("{:.0} min {:.0} s", (value / 60.0).floor(), value % 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(0.06641234), "0.06641");
        assert_eq!(number(3e-10), "3e-10");
        assert_eq!(number(951.0), "951");
        assert_eq!(number(0.5), "0.5");
        assert_eq!(number(f64::NAN), "NaN");
        assert_eq!(precise(1.0), "1");
        assert_eq!(precise(-0.1), "-0.1");
        assert_eq!(precise(std::f64::consts::PI * 1e-7), "3.141592654e-7");
        assert_eq!(precise(1.5e300), "1.5e300");
        assert_eq!(count(20190), "20,190");
        assert_eq!(count(7), "7");
        assert_eq!(count(1234567), "1,234,567");
        assert_eq!(seconds(0.0012), "1.2 ms");
    }
}
