//! `steepest man DIR`: the manual pages, one a command.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::Cli;
use crate::failure::Failure;

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  steepest man ~/.local/share/man/man1")]
pub struct ManArgs {
    /// The directory to write to; it is made if need be
    dir: PathBuf,
}

/// Writes the pages.
pub fn run(args: ManArgs) -> Result<ExitCode, Failure> {
    let failed = |e: std::io::Error| {
        Failure::usage(format!("the manual pages cannot be written to {}: {e}", args.dir.display()))
    };
    std::fs::create_dir_all(&args.dir).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), &args.dir).map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}
