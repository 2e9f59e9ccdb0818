//! What ends the program with a code other than 0, and how it is told.

use std::io::{IsTerminal, Write};

/// Bad input or usage, exit code 2: what happened, and what to do.
#[derive(Debug)]
pub struct Failure {
    message: String,
    help: Option<String>,
}

impl Failure {
    /// Told in our own words.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), help: None }
    }

    /// Told by an error of a library, with its causes.
    pub fn input(error: impl std::error::Error) -> Failure {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // Errors that forward to their source would say the same twice.
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            source = cause.source();
        }
        Failure { message, help: None }
    }

    /// A mistake in a formula, a start or another text of the command line, with the text and carets under the place. `what`
    /// names the text.
    pub fn pointed(what: &str, error: &steepest_functions::FormulaError) -> Failure {
        let [line, carets] = error.picture();
        let indent = " ".repeat(10);
        let place = format!("{what}, character {}: {}", error.position(), error.message());
        Failure { message: format!("{place}\n{indent}{line}\n{indent}{carets}"), help: None }
    }

    /// The same failure with a line that says what to do.
    pub fn with_help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }

    /// The same failure with a line that says what to do, where it has none yet.
    pub fn or_help(self, help: impl Into<String>) -> Failure {
        if self.help.is_some() { self } else { self.with_help(help) }
    }

    /// The same failure with the place it happened at before its message.
    pub fn at(mut self, place: &str) -> Failure {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        2
    }

    /// Writes the failure to stderr.
    pub fn print(&self) {
        let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let (red, cyan, off) = if colour { ("\x1b[1;31m", "\x1b[36m", "\x1b[0m") } else { ("", "", "") };
        let mut err = std::io::stderr().lock();
        // Nothing is left to do when stderr itself is gone.
        let _ = writeln!(err, "{red}error{off}     {}", self.message);
        if let Some(help) = &self.help {
            let _ = writeln!(err, "{cyan}help{off}      {help}");
        }
    }
}
