//! The program `steepest`: from data, a formula or a function to its minimum, with a proof of how close it got.
//!
//! Exit codes: 0 done (a chosen budget reached included), 1 what was asked was not reached (diverged, certificate missed),
//! 2 bad input or usage, 130 interrupted with a checkpoint written.

mod cli;
mod coefficients;
mod command;
mod commands;
mod config;
mod descend;
mod failure;
mod interrupt;
mod model;
mod model_choice;
mod options;
mod penalty;
mod picture;
mod prepare;
mod results;
mod say;
mod solve;
mod source;
mod tell;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use failure::Failure;

fn main() -> ExitCode {
    restore_broken_pipe();
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(failure) => {
            failure.print();
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let say = say::Say::new(cli.common.quiet, cli.common.verbose);
    steepest_core::isa::Isa::from_env().map_err(Failure::input)?;
    // The pool is entered once here; everything below finds its threads by being inside it.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(cli.common.threads.unwrap_or(0))
        .build()
        .map_err(|e| Failure::usage(format!("the threads could not be started: {e}")))?;
    pool.install(|| match cli.command {
        Command::Fit(args) => commands::fit::run(*args, &say),
        Command::Minimize(args) => commands::minimize::run(*args, &say),
        Command::FitCurve(args) => commands::fit_curve::run(*args, &say),
        Command::Landscape(args) => commands::landscape::run(*args, &say),
        Command::Sample(args) => commands::sample::run(*args, &say),
        Command::Online(args) => commands::online::run(*args, &say),
        Command::Predict(args) => commands::predict::run(args, &say),
        Command::Evaluate(args) => commands::evaluate::run(args, &say),
        Command::Report(args) => commands::report::run(args, &say),
        Command::Runs(args) => commands::runs::run(args),
        Command::Optimizers(args) => commands::optimizers::run(args),
        Command::Schedules(args) => commands::schedules::run(args, &say),
        Command::Completions(args) => commands::completions::run(args),
        Command::Man(args) => commands::man::run(args),
    })
}

/// Rust ignores SIGPIPE, so that `steepest runs list | head -1` would end in an error; a closed pipe ends the program quietly.
#[cfg(unix)]
fn restore_broken_pipe() {
    // SAFETY: called once before any thread exists; SIG_DFL is a valid disposition for SIGPIPE.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    }
}

#[cfg(not(unix))]
fn restore_broken_pipe() {}
