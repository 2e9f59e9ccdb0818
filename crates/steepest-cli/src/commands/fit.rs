//! `steepest fit DATA --target COL`: from a file to a fitted, certified model in a run directory.

mod ending;
mod place;
mod problem;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Map, Value, json};
use steepest_core::Reason;
use steepest_data::read::ReadReport;
use steepest_data::{Notice, shell_word};
use steepest_models::linear::{LinearProblem, LinearSum};
use steepest_train::{Outcome, PathOutcome, RunDir, Store, Trainer};

use crate::config::{Choice, config_hash, config_text, read_config};
use crate::failure::Failure;
use crate::interrupt::interrupt_flag;
use crate::model::{LinearModel, ModelHeader, loss_text};
use crate::options::{Amount, FitOptions, Intercept, Penalty, Refit};
use crate::prepare::{Part, Prepared, apply, prepare};
use crate::say::{Say, count, print};
use crate::source::read_files;
use crate::{model_choice, penalty, results, solve, tell};
pub(super) use place::{discard, stem};
use place::{open_run, refuse_another_course};
use problem::build_problem;
pub use problem::spread_offset;

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
    let given = options.clone();
    let repeats = args.resume || args.config.is_some();
    penalty::check_refit(&options, repeats)?;
    let mut clock = Clock::default();

    let (input, read) = read_files(&options.data.files, &options.data.reading(), &options.data.reading(), 0, say)?;
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
    tell::split(say, &prepared, &options);

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
    let missed = ending::missed(&outcome, &given, &options);
    let done = Done {
        given: &given,
        missed: missed.as_deref(),
        options: &options,
        prepared: &prepared,
        problem: &problem,
        plan: &plan,
        run: &run,
        read: &read,
    };
    let summary = done.finish(&outcome, &choices, &clock, begun, say)?;
    if args.json {
        print(&(serde_json::to_string(&summary).map_err(Failure::input)? + "\n"))?;
    }
    Ok(ExitCode::from(ending::exit_code(&outcome, missed.is_some())))
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
            if !args.resume && (flags.stop.epochs.is_some() || flags.stop.steps.is_some()) {
                // A new run of another length has a schedule of that length.
                base.solver.horizon = None;
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
        let reading = options.data.reading();
        let (input, _) = read_files(std::slice::from_ref(file), &reading, &reading, dimension, say)?;
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
    let model = LinearModel::new(header(problem, prepared, options, read), problem, &vec![0.0; problem.parameters()]);
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
    say.line("next", &format!("steepest fit --out {} --resume", shell_word(&run.path().display().to_string())));
    Ok(ExitCode::from(130))
}

/// What is saved of the model besides its tensors.
fn header(problem: &LinearProblem, prepared: &Prepared, options: &FitOptions, read: &ReadReport) -> ModelHeader {
    ModelHeader {
        model: "linear".into(),
        loss: loss_text(problem.loss),
        l2: problem.l2,
        l1: problem.l1,
        intercept: problem.intercept,
        data: read.hash(),
        target: prepared.target.clone(),
        reading: options.data.reading(),
        encoder: prepared.encoder.clone(),
    }
}

/// A finished fit and what it was made from.
struct Done<'a> {
    /// What the user set.
    given: &'a FitOptions,
    /// What was asked and not reached.
    missed: Option<&'a str>,
    /// With what was chosen.
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
        let model = LinearModel::new(
            header(self.problem, self.prepared, self.options, self.read),
            self.problem,
            &outcome.point,
        );
        model.saved(&self.problem.layout())?.save(self.run).map_err(Failure::input)?;
        let evaluation = results::evaluate_parts(&model, self.problem, self.prepared, &outcome.point);
        self.run.write_json("evaluation.json", &evaluation.detail).map_err(Failure::input)?;
        let inference = results::write_coefficients(self.run, &model, self.problem, &outcome.point)?;
        if self.options.run.predictions {
            results::write_predictions(self.run, &model, self.prepared)?;
        }
        let tested = self.prepared.test.is_some();
        let next = ending::next(self.run.path(), outcome, self.given, self.missed.is_some(), tested);
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
        tell::outcome(say, outcome, &summary, self.run.path(), report.as_deref(), &next, self.missed, clock.solve);
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
