//! `steepest runs list|show`: what is in the directory of runs.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::Value;
use steepest_train::{RunInfo, list_runs};

use crate::failure::Failure;
use crate::say::{columns, number, print};

/// Arguments of `runs`.
#[derive(Debug, clap::Args)]
pub struct RunsArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the runs of a directory, the oldest first
    List {
        /// The directory of runs
        #[arg(default_value = "runs")]
        dir: PathBuf,
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Show the summary of a run as JSON
    Show {
        /// The directory of the run
        run: PathBuf,
    },
}

/// Lists or shows.
pub fn run(args: RunsArgs) -> Result<ExitCode, Failure> {
    let text = match args.what {
        What::List { dir, json } => {
            let runs = if dir.is_dir() { list_runs(&dir).map_err(Failure::input)? } else { vec![] };
            if json { as_json(&runs)? } else { as_lines(&runs) }
        }
        What::Show { run } => {
            let info = RunInfo::of(&run).map_err(Failure::input)?;
            let state = info.state.name();
            let summary = info.summary.ok_or_else(|| {
                Failure::usage(format!("the run {} has no summary: it is {state}", run.display()))
                    .with_help(format!("`steepest fit --out {} --resume` goes on with it", run.display()))
            })?;
            pretty(&summary)?
        }
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn pretty(value: &Value) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(value).map_err(Failure::input)? + "\n")
}

fn as_json(runs: &[RunInfo]) -> Result<String, Failure> {
    let one = |info: &RunInfo| {
        serde_json::json!({
            "run": info.path.display().to_string(),
            "state": info.state.name(),
            "summary": info.summary,
        })
    };
    pretty(&Value::Array(runs.iter().map(one).collect()))
}

/// One line a run: name, state, solver, objective, the test metric, the reason it ended.
fn as_lines(runs: &[RunInfo]) -> String {
    if runs.is_empty() {
        return "no runs\n".into();
    }
    let mut rows = vec![["run", "state", "task", "solver", "objective", "test", "ended by"].map(String::from)];
    for info in runs {
        let text = |key: &str| {
            info.summary.as_ref().and_then(|s| s.get(key)).and_then(Value::as_str).unwrap_or("–").to_string()
        };
        let objective = info.summary.as_ref().and_then(|s| s.get("objective")).and_then(Value::as_f64);
        let reason = info.summary.as_ref().and_then(|s| s.pointer("/termination/reason")).and_then(Value::as_str);
        rows.push([
            info.name.clone(),
            info.state.name().to_string(),
            text("task"),
            text("solver"),
            objective.map_or("–".into(), number),
            test_metric(info).unwrap_or("–".into()),
            reason.unwrap_or("–").to_string(),
        ]);
    }
    columns(&rows)
}

/// The first metric people look for.
fn test_metric(info: &RunInfo) -> Option<String> {
    let metrics = info.summary.as_ref()?.pointer("/metrics/test")?;
    let found = ["auc", "accuracy", "r2", "rmse"].iter().find_map(|&m| Some((m, metrics.get(m)?.as_f64()?)))?;
    Some(format!("{} {}", found.0, number(found.1)))
}
