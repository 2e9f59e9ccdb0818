//! `steepest evaluate RUN DATA`: the scores of a fitted model on rows with known targets.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::commands::predict::dimension;
use crate::failure::Failure;
use crate::model::LinearModel;
use crate::options::ReadingOptions;
use crate::prepare::apply;
use crate::results::evaluate_part;
use crate::say::{Say, counted, number, print};
use crate::source::read_files;

/// Arguments of `evaluate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  steepest evaluate runs/adult-1 adult.test.gz\n  \
    steepest evaluate runs/adult-1 adult.test.gz --json | jq .metrics.auc")]
pub struct EvaluateArgs {
    /// The directory of the run
    run: PathBuf,
    /// Files or globs with the columns of the training data and the target, or `-` for standard input
    #[arg(required = true, value_name = "DATA")]
    files: Vec<String>,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: ReadingOptions,
}

/// Scores.
pub fn run(args: EvaluateArgs, say: &Say) -> Result<ExitCode, Failure> {
    let model = LinearModel::load(&args.run)?;
    let reading = model.header.reading.clone().overridden_by(args.reading.clone());
    let (input, read) = read_files(&args.files, &reading, &args.reading, dimension(&model.header.encoder), say)?;
    let applied = apply(input, &model.header.encoder, &model.header.target, true)?;
    for notice in &applied.notices {
        say.warning(&notice.to_string());
    }
    let evaluation = evaluate_part(&model, &applied.part);
    let rows = applied.part.target.len();
    say.line("scored", &format!("{} · target {}", counted(rows as u64, "row"), model.header.target.name));
    if args.json {
        let object = json!({
            "run": args.run.display().to_string(),
            "rows": rows,
            "metrics": evaluation["metrics"],
            "confusion": evaluation.get("confusion"),
            "data": {"files": read.files.iter().map(|f| f.name.clone()).collect::<Vec<_>>(), "hash": read.hash()},
        });
        print(&format!("{object}\n"))?;
    } else if let Some(metrics) = evaluation["metrics"].as_object() {
        let width = metrics.keys().map(String::len).max().unwrap_or(0);
        let line = |(name, value): (&String, &Value)| {
            format!("{name:<width$}  {}\n", value.as_f64().map_or("–".into(), number))
        };
        print(&metrics.iter().map(line).collect::<String>())?;
    }
    Ok(ExitCode::SUCCESS)
}
