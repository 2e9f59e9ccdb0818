//! `steepest fit DATA --target COL`: from a file to a fitted, certified model in a run directory.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Map, Value, json};
use steepest_core::{Certificate, Reason};
use steepest_data::Notice;
use steepest_data::read::ReadReport;
use steepest_models::linear::{LinearProblem, LinearSum};
use steepest_train::{Outcome, PathOutcome, RunDir, Store, Trainer};

use crate::config::{Choice, config_hash, config_text, read_config};
use crate::failure::Failure;
pub(super) use crate::interrupt::interrupt_flag;
use crate::model::{LinearModel, ModelHeader, choose_loss, loss_text};
use crate::options::{Amount, FitOptions, Intercept, Penalty, Refit};
use crate::prepare::{Part, Prepared, apply, class_weighted, prepare};
use crate::say::{Say, count, number, print};
use crate::source::read_files;
use crate::{model_choice, penalty, results, solve, tell};

/// Arguments of `fit`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct FitArgs {
    #[command(flatten)]
    options: FitOptions,
    /// A configuration to start from; flags given besides go before it
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    config: Option<PathBuf>,
    /// Go on with the run in --out from its checkpoint; budgets and stopping rules may be changed
    #[arg(long, help_heading = "Run")]
    resume: bool,
    /// Show what would be done, and stop
    #[arg(long, help_heading = "Run")]
    dry_run: bool,
    /// Print the result as one JSON object on standard output
    #[arg(long, help_heading = "Run")]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  steepest fit patients.csv --target diagnosis
  steepest fit a9a.gz --test-file a9a.t.gz
  steepest fit sales-*.parquet --target amount --loss huber --l2 auto
  steepest fit claims.csv --target count --loss poisson --offset log_exposure
  steepest fit patients.csv --target diagnosis --solver adam:lr=0.01 --batch 64 --epochs 20
  steepest fit --out runs/patients-1 --resume";

/// The times of the stages, in seconds.
#[derive(Debug, Default)]
struct Clock {
    read: f64,
    setup: f64,
    solve: f64,
    /// Checkpoints, the last record, the certificate that is told.
    finish: f64,
}

/// Fits.
pub fn run(args: FitArgs, say: &Say) -> Result<ExitCode, Failure> {
    let begun = Instant::now();
    let mut options = starting_options(&args)?;
    let repeats = args.resume || args.config.is_some();
    penalty::check_refit(&options, repeats)?;
    let mut clock = Clock::default();

    let (input, read) = read_files(&options.data.files, &options.data, 0, say)?;
    clock.read = begun.elapsed().as_secs_f64();
    tell::data(say, &options.data.files, &input, &read);

    let stage = Instant::now();
    let uses_valid = solve::uses_validation(&options);
    let valid = options.split.valid.unwrap_or(if uses_valid { Amount::Share(0.1) } else { Amount::Rows(0) });
    let mut prepared = prepare(input, &options, valid)?;
    held_back_files(&mut prepared, &options, say)?;
    let compared = model_choice::compares_losses(&prepared, &options);
    for notice in prepared.notices.iter().filter(|n| !(compared && matches!(n, Notice::CountTarget { .. }))) {
        say.warning(&notice.to_string());
    }
    tell::split(say, &prepared, options.run.seed.unwrap_or(0));

    let mut choices = Vec::new();
    let mut problem = build_problem(&mut prepared, &options, &mut choices)?;
    model_choice::choose(&mut problem, &prepared, &options, &mut choices)?;
    let path = if options.model.has_auto() {
        Some(penalty::choose(&mut problem, &mut prepared, &mut options, &mut choices, say)?)
    } else {
        None
    };
    if options.model.refit == Some(Refit::All) {
        penalty::join_validation(&mut prepared, problem, say)?;
        // What was chosen has been told of the problem before.
        problem = build_problem(&mut prepared, &options, &mut Vec::new())?;
    }
    let plan = solve::plan(&problem, &options, &mut choices)?;
    clock.setup = stage.elapsed().as_secs_f64();
    tell::model(say, &problem, &choices, &plan);
    resolve(&mut options, &problem, &plan, valid, &prepared);
    if args.dry_run {
        say.line("dry run", "nothing was fitted or written");
        return Ok(ExitCode::SUCCESS);
    }

    let run = open_run(&options, args.resume)?;
    if args.resume {
        refuse_another_course(&run, &options)?;
    }
    let numbered = options.run.out.is_none();
    options.run.out = Some(run.path().display().to_string());
    let written = write_choices(&run, &options, &choices, path.as_ref());
    let stage = Instant::now();
    let outcome = match written.and_then(|()| train(&problem, &prepared, &options, &plan, &run, &read, say)) {
        Ok(outcome) => outcome,
        Err(failure) => {
            if !args.resume {
                discard(run, numbered);
            }
            return Err(failure);
        }
    };
    clock.finish = outcome.aside;
    clock.solve = stage.elapsed().as_secs_f64() - outcome.aside;
    if outcome.termination.reason == Reason::Interrupted {
        return interrupted(&run, &outcome, say);
    }
    let done = Done { options: &options, prepared: &prepared, problem: &problem, plan: &plan, run: &run, read: &read };
    let summary = done.finish(&outcome, &choices, &clock, begun, say)?;
    if args.json {
        print(&(serde_json::to_string(&summary).map_err(Failure::input)? + "\n"))?;
    }
    Ok(ExitCode::from(exit_code(&outcome, &options)))
}

/// Writes what was chosen before anything is fitted: the configuration, and the path of the penalty.
fn write_choices(
    run: &RunDir,
    options: &FitOptions,
    choices: &[Choice],
    path: Option<&PathOutcome>,
) -> Result<(), Failure> {
    if let Some(path) = path {
        run.write("path.csv", |out| path.write_csv(out)).map_err(Failure::input)?;
    }
    run.write_config(&config_text(options, choices)?).map_err(Failure::input)
}

/// Flags over the configuration, which is that of the run for `--resume`.
fn starting_options(args: &FitArgs) -> Result<FitOptions, Failure> {
    let flags = args.options.clone();
    let file = match (&args.config, args.resume, &flags.run.out) {
        (Some(path), _, _) => Some(path.clone()),
        (None, true, Some(out)) => Some(Path::new(out).join("config.toml")),
        (None, true, None) => {
            return Err(Failure::usage("--resume needs the run").with_help("add `--out RUN`, the directory of the run"));
        }
        (None, false, _) => None,
    };
    let options = match file {
        None => flags,
        Some(path) => {
            if args.resume && !path.is_file() {
                return Err(Failure::usage(format!("there is no run to resume: {} does not exist", path.display()))
                    .with_help("`steepest runs list` shows the runs"));
            }
            let mut base = read_config(&path)?;
            if !args.resume && flags.run.out.is_none() {
                // A configuration taken from a run repeats it elsewhere.
                base.run.out = None;
            }
            base.overridden_by(flags)
        }
    };
    options.check()?;
    Ok(options)
}

/// Validation and test rows that come from files of their own.
fn held_back_files(prepared: &mut Prepared, options: &FitOptions, say: &Say) -> Result<(), Failure> {
    let read = |file: &String| -> Result<Part, Failure> {
        let dimension = crate::commands::predict::dimension(&prepared.encoder);
        let (input, _) = read_files(std::slice::from_ref(file), &options.data, dimension, say)?;
        let applied = apply(input, &prepared.encoder, &prepared.target, true)?;
        for notice in &applied.notices {
            say.warning(&format!("{file}: {notice}"));
        }
        Ok(applied.part)
    };
    let valid = options.split.valid_file.as_ref().map(read).transpose()?;
    let test = options.split.test_file.as_ref().map(read).transpose()?;
    prepared.valid = valid.or(prepared.valid.take());
    prepared.test = test.or(prepared.test.take());
    Ok(())
}

/// The linear problem of the training rows, which are moved into it.
fn build_problem(
    prepared: &mut Prepared,
    options: &FitOptions,
    choices: &mut Vec<Choice>,
) -> Result<LinearProblem, Failure> {
    let model = &options.model;
    if let Some(name) = model.model.as_deref()
        && name != "linear"
    {
        return Err(Failure::usage(format!("--model: there is no model `{name}`")).with_help("there is linear"));
    }
    let target = &prepared.target;
    let loss = choose_loss(model.loss.as_deref(), target)?;
    if model.loss.is_none() {
        let why = format!("the target `{}` is {}", target.name, target.task.name());
        choices.push(Choice { what: "model.loss", value: loss_text(loss), why });
    }
    if let Some(bad) = negative_count(&prepared.train, loss) {
        return Err(bad);
    }
    let weights = class_weighted(&prepared.train, &prepared.train, target, model.class_weights.as_deref())?;
    let part = &mut prepared.train;
    let matrix = part.take_matrix();
    let y = tell::signed(loss, &part.target);
    let mut problem = LinearProblem::new(matrix, y, loss);
    problem.weights = weights;
    problem.offset = spread_offset(part.offset.take(), loss.outputs());
    problem.intercept = model.intercept != Some(Intercept::None);
    let total = problem.total_weight();
    problem.l1 = match model.l1 {
        Some(Penalty::Value(v)) => v,
        Some(Penalty::Auto) | None => 0.0,
    };
    problem.l2 = match model.l2 {
        Some(Penalty::Value(v)) => v,
        // With L1 alone asked for, a second penalty would be a surprise.
        None if model.l1.is_some_and(|l1| l1 != Penalty::Value(0.0)) => 0.0,
        Some(Penalty::Auto) => 0.0,
        None => {
            let why = "1/n: the weight of one row; `--l2 auto` chooses on validation rows".to_string();
            choices.push(Choice { what: "model.l2", value: number(1.0 / total), why });
            1.0 / total
        }
    };
    Ok(problem)
}

/// An offset of a row counts for each of its linear predictors.
pub fn spread_offset(offset: Option<Vec<f64>>, outputs: usize) -> Option<Vec<f64>> {
    let offset = offset?;
    if outputs == 1 {
        return Some(offset);
    }
    Some(offset.into_iter().flat_map(|o| std::iter::repeat_n(o, outputs)).collect())
}

/// Poisson needs counts, and says which row has none.
fn negative_count(part: &Part, loss: steepest_models::linear::Loss) -> Option<Failure> {
    if loss != steepest_models::linear::Loss::Poisson {
        return None;
    }
    let at = part.target.iter().position(|&y| y < 0.0)?;
    let (row, value) = (part.rows[at] + 1, part.target[at]);
    Some(
        Failure::usage(format!("--loss poisson needs counts from 0 on, and the target of row {row} is {value}"))
            .with_help("choose squared, huber or quantile"),
    )
}

/// Fills in what was chosen, so that the written configuration repeats the run.
fn resolve(options: &mut FitOptions, problem: &LinearProblem, plan: &solve::Plan, valid: Amount, prepared: &Prepared) {
    options.split.valid = options.split.valid_file.is_none().then_some(valid);
    if options.split.test_file.is_none() {
        options.split.test = Some(options.split.test.unwrap_or(Amount::Share(0.2)));
    }
    options.data.types.extend(prepared.as_levels.iter().map(|column| format!("{column}=category")));
    options.model.model = Some("linear".into());
    options.model.task = Some(prepared.target.task.name().into());
    options.model.loss = Some(loss_text(problem.loss));
    options.model.l2 = Some(Penalty::Value(problem.l2));
    options.model.l1 = Some(Penalty::Value(problem.l1));
    options.model.intercept = Some(if problem.intercept { Intercept::Free } else { Intercept::None });
    options.solver.solver = Some(plan.name.clone());
    plan.resolve(options);
    options.run.seed = Some(options.run.seed.unwrap_or(0));
}

/// The directory of the run: the one asked for, or the next number behind the name of the data.
fn open_run(options: &FitOptions, resume: bool) -> Result<RunDir, Failure> {
    let opened = match (&options.run.out, resume) {
        (Some(out), true) => RunDir::open(Path::new(out)),
        (Some(out), false) => RunDir::create(Path::new(out)),
        (None, _) => RunDir::create_numbered(Path::new("runs"), &stem(&options.data.files)),
    };
    opened.map_err(Failure::input)
}

/// The configuration that lies in a run is what its checkpoint was made with, and is only overwritten by one of the same course.
fn refuse_another_course(run: &RunDir, options: &FitOptions) -> Result<(), Failure> {
    let path = run.path().join("config.toml");
    if config_hash(&read_config(&path)?)? == config_hash(options)? {
        return Ok(());
    }
    Err(Failure::usage(format!("{} was made with other options than these", run.path().display()))
        .with_help("with --resume only budgets and stopping rules may be changed; `--init RUN` starts a new run from its parameters"))
}

/// Leaves nothing of a run that failed before its first checkpoint.
fn discard(run: RunDir, numbered: bool) {
    let around = run.path().parent().map(Path::to_path_buf);
    run.discard();
    if let Some(around) = around.filter(|_| numbered) {
        // Only an empty directory can be removed so.
        let _ = std::fs::remove_dir(around);
    }
}

/// `patients` for `data/patients.csv.gz`.
pub(super) fn stem(files: &[String]) -> String {
    let first = files.first().map_or("run", String::as_str);
    if first == "-" {
        return "stdin".into();
    }
    let name = Path::new(first).file_name().map_or_else(|| first.to_string(), |n| n.to_string_lossy().into_owned());
    let known =
        ["gz", "zst", "csv", "tsv", "txt", "parquet", "arrow", "feather", "ipc", "svm", "svmlight", "libsvm", "data"];
    let mut name = name.as_str();
    while let Some((rest, end)) = name.rsplit_once('.') {
        if rest.is_empty() || !known.contains(&end.to_ascii_lowercase().as_str()) {
            break;
        }
        name = rest;
    }
    name.to_string()
}

/// Minimizes.
fn train(
    problem: &LinearProblem,
    prepared: &Prepared,
    options: &FitOptions,
    plan: &solve::Plan,
    run: &RunDir,
    read: &ReadReport,
    say: &Say,
) -> Result<Outcome, Failure> {
    let interrupt = interrupt_flag()?;
    let config = config_hash(options)?;
    let data = read.hash();
    let start = options.run.init.as_deref().map(|from| solve::start(from, problem, prepared)).transpose()?;
    let sum = LinearSum::new(problem);
    let mut iterate = plan.bind(problem, &sum, options, start)?;
    let model = LinearModel::new(header(problem, prepared, read), problem, &vec![0.0; problem.parameters()]);
    let mut trainer = Trainer {
        store: Some(Store { run, config: &config, data: &data }),
        interrupt: Some(&*interrupt),
        progress: tell::progress(say),
        ..plan.trainer(&model, problem, prepared, options)?
    };
    trainer.run(&mut *iterate).map_err(Failure::input)
}

fn interrupted(run: &RunDir, outcome: &Outcome, say: &Say) -> Result<ExitCode, Failure> {
    say.line("stopped", &format!("after step {}; the checkpoint is written", count(outcome.step)));
    say.line("next", &format!("steepest fit --out {} --resume", run.path().display()));
    Ok(ExitCode::from(130))
}

/// 0 when done, 1 when what was asked was not reached.
fn exit_code(outcome: &Outcome, options: &FitOptions) -> u8 {
    match outcome.termination.reason {
        Reason::Diverged | Reason::LineSearchFailed | Reason::Unbounded | Reason::Saddle => 1,
        Reason::Completed if options.stop.has_budget() => 0,
        // A gap that was asked for and not reached is missed, unless a budget that was also asked for ended the run.
        Reason::Stalled | Reason::Completed => match (&outcome.certificate, options.stop.gap) {
            (Certificate::Gap { relative, .. }, Some(asked)) if asked > 0.0 && *relative > asked => 1,
            _ => 0,
        },
        _ => 0,
    }
}

/// What is saved of the model besides its tensors.
fn header(problem: &LinearProblem, prepared: &Prepared, read: &ReadReport) -> ModelHeader {
    ModelHeader {
        model: "linear".into(),
        loss: loss_text(problem.loss),
        l2: problem.l2,
        l1: problem.l1,
        intercept: problem.intercept,
        data: read.hash(),
        target: prepared.target.clone(),
        encoder: prepared.encoder.clone(),
    }
}

/// A finished fit and what it was made from.
struct Done<'a> {
    options: &'a FitOptions,
    prepared: &'a Prepared,
    problem: &'a LinearProblem,
    plan: &'a solve::Plan,
    run: &'a RunDir,
    read: &'a ReadReport,
}

impl Done<'_> {
    /// Scores, writes every file, and tells.
    fn finish(
        &self,
        outcome: &Outcome,
        choices: &[Choice],
        clock: &Clock,
        begun: Instant,
        say: &Say,
    ) -> Result<Value, Failure> {
        let model = LinearModel::new(header(self.problem, self.prepared, self.read), self.problem, &outcome.point);
        model.saved(&self.problem.layout())?.save(self.run).map_err(Failure::input)?;
        let evaluation = results::evaluate_parts(&model, self.problem, self.prepared, &outcome.point);
        self.run.write_json("evaluation.json", &evaluation.detail).map_err(Failure::input)?;
        let inference = results::write_coefficients(self.run, &model, self.problem, &outcome.point)?;
        if self.options.run.predictions {
            results::write_predictions(self.run, &model, self.prepared)?;
        }
        let next = tell::next(self.run.path(), outcome, self.options, self.prepared.test.is_some());
        let mut summary = self.summary(outcome, choices, clock, begun, &evaluation.metrics, &next);
        if let Some(reason) = inference {
            summary.insert("inference".into(), Value::from(reason));
        }
        let summary = Value::Object(summary);
        self.run.write_summary(&summary).map_err(Failure::input)?;
        let report = if self.options.run.no_report {
            None
        } else {
            Some(steepest_report::write_report(self.run.path()).map_err(Failure::input)?)
        };
        tell::outcome(say, outcome, &summary, self.run.path(), report.as_deref(), &next, clock.solve);
        Ok(summary)
    }

    /// The object that `--json` prints. Keys only grow.
    fn summary(
        &self,
        outcome: &Outcome,
        choices: &[Choice],
        clock: &Clock,
        begun: Instant,
        metrics: &Map<String, Value>,
        next: &[String],
    ) -> Map<String, Value> {
        let rows = |part: &Option<Part>| part.as_ref().map_or(0, |p| p.target.len());
        let e = outcome.evaluations;
        let warnings: Vec<String> = self.prepared.notices.iter().map(ToString::to_string).collect();
        let object = json!({
            "run": self.run.path().display().to_string(),
            "task": self.prepared.target.task.name(),
            "rows": {"train": self.problem.rows(), "valid": rows(&self.prepared.valid), "test": rows(&self.prepared.test)},
            "features": {
                "raw": self.prepared.raw_features,
                "encoded": self.problem.features(),
                "bytes": self.problem.matrix.bytes(),
            },
            "objective": results::objective(self.problem, &outcome.point),
            "metrics": metrics,
            "termination": {"reason": outcome.termination.reason.name(), "detail": outcome.termination.detail},
            "certificate": results::certificate(&outcome.certificate),
            "solver": self.plan.name,
            "loss": loss_text(self.problem.loss),
            "penalty": {"l2": self.problem.l2, "l1": self.problem.l1},
            "steps": outcome.step,
            "evaluations": {"value": e.value, "gradient": e.gradient, "hvp": e.hvp, "hessian": e.hessian, "rows": e.rows},
            "seconds": {
                "read": clock.read, "setup": clock.setup, "solve": clock.solve, "finish": clock.finish,
                "total": begun.elapsed().as_secs_f64(),
            },
            "seed": self.options.run.seed.unwrap_or(0),
            "choices": choices,
            "warnings": warnings,
            "data": {
                "files": self.read.files.iter().map(|f| f.name.clone()).collect::<Vec<_>>(),
                "hash": self.read.hash(),
                "format": self.read.format,
            },
            "versions": {"steepest": env!("CARGO_PKG_VERSION")},
            "machine": results::machine(),
            "next": next,
        });
        match object {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_named_after_the_data() {
        let of = |file: &str| stem(&[file.to_string()]);
        assert_eq!(of("data/patients.csv.gz"), "patients");
        assert_eq!(of("a9a.gz"), "a9a");
        assert_eq!(of("adult.data.gz"), "adult");
        assert_eq!(of("rcv1.small"), "rcv1.small");
        assert_eq!(of("-"), "stdin");
    }
}
