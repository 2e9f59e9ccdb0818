//! `steepest completions SHELL`: the completions of a shell, on stdout.

use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::say::print;

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  steepest completions bash > ~/.local/share/bash-completion/completions/steepest\n  steepest completions zsh > ~/.zfunc/_steepest"
)]
pub struct CompletionsArgs {
    /// The shell
    shell: clap_complete::Shell,
}

/// Prints the completions.
pub fn run(args: CompletionsArgs) -> Result<ExitCode, Failure> {
    // Made in memory, since the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "steepest", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
