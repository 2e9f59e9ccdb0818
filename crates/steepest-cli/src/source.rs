//! Reading what the user named: from the data flags to a table or sparse rows.

use steepest_data::read::{Input, Missing, ReadOptions, ReadReport, Separator, Sources, Warning, read};

use crate::failure::Failure;
use crate::options::{Header, ReadingOptions};
use crate::say::Say;

/// Reads `files` as `options` say, of which `given` stands on the command line; `dimension` is the least number of features of
/// sparse rows. That an option means nothing for a file is told only of one that the user gave now.
pub fn read_files(
    files: &[String],
    options: &ReadingOptions,
    given: &ReadingOptions,
    dimension: usize,
    say: &Say,
) -> Result<(Input, ReadReport), Failure> {
    if files.is_empty() {
        return Err(Failure::usage("no data is given").with_help("name a file, a glob, or `-` for standard input"));
    }
    let sources = Sources::from_args(files).map_err(Failure::input)?;
    let (input, report) = read(&sources, &read_options(options, dimension)?).map_err(Failure::input)?;
    let meant = |warning: &&Warning| match warning {
        Warning::Ignored { option: "separator", .. } => given.separator.is_some(),
        Warning::Ignored { option: "header", .. } => given.header.is_some(),
        Warning::Ignored { .. } => false,
        _ => true,
    };
    for warning in report.warnings.iter().filter(meant) {
        say.warning(&warning.to_string());
    }
    Ok((input, report))
}

/// How files are read by these flags.
pub fn read_options(options: &ReadingOptions, dimension: usize) -> Result<ReadOptions, Failure> {
    let mut read = ReadOptions { dimension, ..ReadOptions::default() };
    if !options.missing.is_empty() {
        read.missing = Missing::new(options.missing.iter().cloned());
    }
    read.header = match options.header {
        Some(Header::Yes) => Some(true),
        Some(Header::No) => Some(false),
        Some(Header::Auto) | None => None,
    };
    read.separator = options.separator.as_deref().map(separator).transpose()?;
    Ok(read)
}

fn separator(text: &str) -> Result<Separator, Failure> {
    match text {
        "tab" | "\\t" => Ok(Separator::Byte(b'\t')),
        "space" | "whitespace" => Ok(Separator::Whitespace),
        one if one.len() == 1 && one.is_ascii() => Ok(Separator::Byte(one.as_bytes()[0])),
        other => Err(Failure::usage(format!("--separator: `{other}` is no separator"))
            .with_help("give one character, `tab` or `whitespace`")),
    }
}
