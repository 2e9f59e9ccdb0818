//! The command line: commands and the flags that all of them share.

use clap::{Args, Parser, Subcommand};

use crate::commands;

/// Gradient descent in all its forms: fit a model to data, get a proof of how close it is to the optimum.
#[derive(Debug, Parser)]
#[command(name = "steepest", version, propagate_version = true, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Start with:  steepest fit patients.csv --target diagnosis")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Flags of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Common {
    /// Threads; the result is the same for any number [default: all cores]
    #[arg(long, global = true, value_name = "N", env = "STEEPEST_THREADS", value_parser = threads)]
    pub threads: Option<usize>,
    /// Say nothing but warnings and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Say more; repeat for still more
    #[arg(long, short, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
}

/// Threads beyond this are certainly a mistake, and starting them could exhaust the machine.
const MOST_THREADS: usize = 1024;

fn threads(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(n) if (1..=MOST_THREADS).contains(&n) => Ok(n),
        _ => Err(format!("give a number of threads from 1 to {MOST_THREADS}")),
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fit a model to data
    Fit(Box<commands::fit::FitArgs>),
    /// Minimize a formula or a test problem
    Minimize(Box<commands::minimize::MinimizeArgs>),
    /// Fit the parameters of a curve to data, with standard errors
    FitCurve(Box<commands::fit_curve::FitCurveArgs>),
    /// Draw a function: contours, a surface, slices, and the ways of solvers
    Landscape(Box<commands::landscape::LandscapeArgs>),
    /// Draw from the distribution exp(−J/T) of a function J
    Sample(Box<commands::sample::SampleArgs>),
    /// Learn from rows as they arrive, each predicted before it is learned
    Online(Box<commands::online::OnlineArgs>),
    /// Predict with a fitted model
    Predict(commands::predict::PredictArgs),
    /// Score a fitted model on data with known targets
    Evaluate(commands::evaluate::EvaluateArgs),
    /// Write the report of a run again
    Report(commands::report::ReportArgs),
    /// List runs or show one
    Runs(commands::runs::RunsArgs),
    /// List the update rules, or explain one or a chain of them
    Optimizers(commands::optimizers::OptimizersArgs),
    /// List the learning-rate schedules, explain one, print or plot any
    Schedules(commands::schedules::SchedulesArgs),
    /// Print the completions of a shell
    Completions(commands::completions::CompletionsArgs),
    /// Write the manual pages
    Man(commands::man::ManArgs),
}
