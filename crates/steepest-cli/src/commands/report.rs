//! `steepest report RUN`: writes `report.html` of a run again, and says where it is.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::failure::Failure;
use crate::say::Say;

/// Arguments of `report`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  steepest report runs/patients-1")]
pub struct ReportArgs {
    /// The directory of the run
    run: PathBuf,
}

/// Writes the report.
pub fn run(args: ReportArgs, say: &Say) -> Result<ExitCode, Failure> {
    if !args.run.is_dir() {
        return Err(Failure::usage(format!("there is no run {}", args.run.display()))
            .with_help("`steepest runs list` shows the runs"));
    }
    let path = steepest_report::write_report(&args.run).map_err(Failure::input)?;
    say.line("report", &path.display().to_string());
    Ok(ExitCode::SUCCESS)
}
