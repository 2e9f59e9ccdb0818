//! `steepest predict RUN DATA`: the predictions of a fitted model, as CSV or Parquet.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use steepest_data::{Destination, Encoder, Task, write_csv};

use crate::failure::Failure;
use crate::model::LinearModel;
use crate::options::ReadingOptions;
use crate::prepare::apply;
use crate::say::{Say, counted};
use crate::source::read_files;

/// Arguments of `predict`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  steepest predict runs/patients-1 new-patients.csv > predictions.csv\n  \
    steepest predict runs/patients-1 new-patients.csv --out predictions.parquet\n  \
    steepest predict runs/patients-1 new-patients.csv --threshold 0.2\n\n\
    The columns are those given as --id when the model was trained, `prediction`, and the probability of each class\n\
    (`p(CLASS)`). No target is needed.")]
pub struct PredictArgs {
    /// The directory of the run
    run: PathBuf,
    /// Files or globs with the columns of the training data, or `-` for standard input
    #[arg(required = true, value_name = "DATA")]
    files: Vec<String>,
    /// Where to write: `.parquet` for Parquet, anything else for CSV [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The probability from which on a row is positive, for two classes [default: 0.5]
    #[arg(long, value_name = "P")]
    threshold: Option<f64>,
    #[command(flatten)]
    reading: ReadingOptions,
}

/// Predicts.
pub fn run(args: PredictArgs, say: &Say) -> Result<ExitCode, Failure> {
    let model = LinearModel::load(&args.run)?;
    if let Some(threshold) = args.threshold {
        if model.header.target.task != Task::Binary {
            return Err(Failure::usage(format!(
                "--threshold is for two classes, and the target of this model is {}",
                model.header.target.task.name()
            )));
        }
        if threshold.is_nan() {
            return Err(Failure::usage("--threshold: NaN is no probability"));
        }
    }
    let reading = model.header.reading.clone().overridden_by(args.reading.clone());
    let (input, _) = read_files(&args.files, &reading, &args.reading, dimension(&model.header.encoder), say)?;
    let applied = apply(input, &model.header.encoder, &model.header.target, false)?;
    for notice in &applied.notices {
        say.warning(&notice.to_string());
    }
    let predictions = model.predict(&applied.part);
    let table = model.table(&applied.part, &predictions, args.threshold);
    write_table(&table, args.out.as_deref())?;
    let place = args.out.as_ref().map_or("standard output".into(), |path| path.display().to_string());
    say.line("predicted", &format!("{} · {place}", counted(table.rows as u64, "row")));
    Ok(ExitCode::SUCCESS)
}

/// The least number of features that sparse rows have.
pub fn dimension(encoder: &Encoder) -> usize {
    if let Encoder::Features(features) = encoder { features.cols() } else { 0 }
}

/// Writes a table where the user wants it: Parquet for names that end so, else CSV.
pub fn write_table(table: &steepest_data::Table, out: Option<&Path>) -> Result<(), Failure> {
    match out {
        None => write_csv(table, Destination::Stdout).map_err(Failure::input),
        Some(path) if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet")) => {
            steepest_data::write_parquet(table, path).map_err(Failure::input)
        }
        Some(path) => write_csv(table, Destination::Path(path)).map_err(Failure::input),
    }
}
