//! `steepest online DATA`: one pass over rows as they arrive, each predicted before it is learned.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde_json::{Value, json};
use steepest_core::NonFinite;
use steepest_data::read::Input;
use steepest_data::{Encoder, Matrix, Sparse, SparseEncoder, Standardize, Target, Task, Values};
use steepest_models::linear::{LinearProblem, Loss};
use steepest_models::online::{Comparator, Mark, OnlineLearner, OnlineRule, OnlineSpec, Progress, Row, best_fixed};
use steepest_train::RunDir;

use super::fit::{interrupt_flag, spread_offset, stem};
use super::online_stream::Blocks;
use crate::failure::Failure;
use crate::model::{LinearModel, ModelHeader, choose_loss, loss_text};
use crate::options::{Amount, DataOptions, EncodeOptions, FitOptions, Intercept};
use crate::prepare::{Part, apply, prepare, refuse_dimension};
use crate::say::{Say, count, number, print, seconds};
use crate::source::read_options;
use crate::{results, tell};

/// Arguments of `online`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct OnlineArgs {
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    encode: EncodeOptions,
    /// The rule: sgd, adagrad, normalized or ftrl, with options: `ftrl:lr=0.1,l1=1` [default: normalized]
    #[arg(long, value_name = "RULE", visible_alias = "optimizer", help_heading = "Learning")]
    solver: Option<String>,
    /// The task instead of the one told from the first rows: binary, multiclass or regression
    #[arg(long, value_name = "TASK", help_heading = "Learning")]
    task: Option<String>,
    /// The loss: squared, huber:DELTA, quantile:TAU, poisson, logistic, softmax, hinge, squared_hinge
    #[arg(long, value_name = "LOSS", help_heading = "Learning")]
    loss: Option<String>,
    /// The intercept [default: free]
    #[arg(long, value_name = "KIND", help_heading = "Learning")]
    intercept: Option<Intercept>,
    /// Rows read before the first is learned: they tell the columns, the classes, the scales
    #[arg(long, value_name = "ROWS", default_value_t = 1000, help_heading = "Learning",
        value_parser = clap::value_parser!(u64).range(1..))]
    warm_rows: u64,
    /// Do not keep the rows to find the best fixed weights afterwards
    #[arg(long, help_heading = "Learning")]
    no_regret: bool,
    /// The directory of the run [default: runs/NAME-k, with the name of the data and the next free number]
    #[arg(long, short, value_name = "DIR", help_heading = "Run")]
    out: Option<String>,
    /// Print the result as one JSON object on standard output
    #[arg(long, help_heading = "Run")]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  steepest online clicks.csv --target clicked
  tail -f -n +1 clicks.csv | steepest online - --target clicked --solver ftrl:lr=0.1,l1=1
  steepest online a9a.gz --solver adagrad

Each row is predicted with what was learned before it, and the mean of these losses, the progressive loss, is an honest
score: no row was seen before. The regret is how much more was lost than by the best fixed weights, found afterwards.
Columns of a table are encoded as the first rows say (--warm-rows); levels that appear later count as rare ones, new
numbers are scaled as the first ones were. svmlight rows are taken as they are, and may bring new features at any time.";

/// The most values kept to find the best fixed weights: about a gigabyte.
const MOST_KEPT: usize = 80_000_000;
/// The gap to which these are certified.
const GAP: f64 = 1e-6;
/// The first mark that is told.
const FIRST_TOLD: u64 = 128;

/// Learns.
pub fn run(args: OnlineArgs, say: &Say) -> Result<ExitCode, Failure> {
    let begun = Instant::now();
    let spec = OnlineRule::parse(args.solver.as_deref().unwrap_or("normalized"))
        .map_err(|e| Failure::input(e).with_help("`steepest online --help` shows how a rule is written"))?;
    for (flag, given) in [("--group", args.data.group.is_some()), ("--time", args.data.time.is_some())] {
        if given {
            return Err(Failure::usage(format!(
                "{flag}: rows are learned in the order in which they come, none is held back"
            ))
            .with_help(format!("leave {flag} out; `--drop COLUMN` leaves the column out")));
        }
    }
    let interrupt = interrupt_flag()?;
    let mut blocks = Blocks::open(&args.data.files, read_options(&args.data, 0)?)?;
    let Some((input, report)) = blocks.next(args.warm_rows as usize)? else {
        return Err(Failure::usage(format!("{}: there are no rows", args.data.files.join(", "))));
    };
    report.warnings.iter().for_each(|w| say.warning(&w.to_string()));
    let mut learning = Learning::begin(&input, &args, spec, say)?;
    learning.block(input, say)?;
    let mut interrupted = false;
    while let Some((input, _)) = blocks.next(1)? {
        learning.block(input, say)?;
        interrupted = interrupt.load(Ordering::Relaxed);
        if interrupted {
            break;
        }
    }
    let summary = learning.finish(&args, begun, interrupted, say)?;
    if args.json {
        print(&(serde_json::to_string(&summary).map_err(Failure::input)? + "\n"))?;
    }
    Ok(if interrupted { ExitCode::from(130) } else { ExitCode::SUCCESS })
}

/// How blocks become rows.
enum Encoding {
    /// By what the first rows said.
    Table(Encoder),
    /// Not at all: features are numbered, and their number grows.
    Numbered { base: u32 },
}

/// A pass over the data.
struct Learning {
    encoding: Encoding,
    target: Target,
    learner: OnlineLearner,
    rule: OnlineRule,
    why: Option<String>,
    loss: Loss,
    intercept: bool,
    progress: Progress,
    right: u64,
    stored: u64,
    kept: Result<Kept, String>,
    /// Rows that were read, and those left out since they have no target.
    read: u64,
    unlabelled: u64,
    seconds: f64,
}

impl Learning {
    /// Decides everything on the first rows.
    fn begin(input: &Input, args: &OnlineArgs, spec: OnlineSpec, say: &Say) -> Result<Learning, Failure> {
        let mut options = FitOptions { data: args.data.clone(), encode: args.encode.clone(), ..FitOptions::default() };
        options.split.test = Some(Amount::Rows(0));
        options.model.loss.clone_from(&args.loss);
        options.model.task.clone_from(&args.task);
        let warm = |failure: Failure| failure.or_help("more rows may tell: `--warm-rows` is how many are read first");
        let prepared = prepare(input.clone(), &options, Amount::Rows(0)).map_err(warm)?;
        prepared.notices.iter().for_each(|n| say.warning(&n.to_string()));
        let loss = choose_loss(args.loss.as_deref(), &prepared.target)?;
        let intercept = args.intercept != Some(Intercept::None);
        let (encoding, features) = match input {
            Input::Rows(rows) => {
                if args.encode.standardize.is_some_and(|s| s != Standardize::None) {
                    return Err(Failure::usage("--standardize: svmlight rows are taken as they come")
                        .with_help("leave it out; `--solver normalized` does not depend on the scales"));
                }
                (Encoding::Numbered { base: rows.base }, format!("features numbered from {}", rows.base))
            }
            Input::Table(_) => {
                let features = format!("{} features", count(prepared.encoder.cols() as u64));
                (Encoding::Table(prepared.encoder), features)
            }
        };
        let task = prepared.target.task.name();
        say.line(
            "target",
            &format!(
                "{} → {task}, told from the first {} rows",
                prepared.target.name,
                count(prepared.train.target.len() as u64)
            ),
        );
        let mut learning = Learning {
            encoding,
            target: prepared.target,
            learner: OnlineLearner::new(loss, spec.rule, intercept),
            rule: spec.rule,
            why: None,
            loss,
            intercept,
            progress: Progress::default(),
            right: 0,
            stored: 0,
            kept: if args.no_regret { Err("--no-regret was given".into()) } else { Ok(Kept::default()) },
            read: 0,
            unlabelled: 0,
            seconds: 0.0,
        };
        if !spec.rate_given {
            let part = learning.encode(input.clone())?;
            let problem = LinearProblem::new(part.matrix, tell::signed(loss, &part.target), loss);
            (learning.rule, learning.why) = spec.rule.suited_to(&problem);
            learning.learner = OnlineLearner::new(loss, learning.rule, intercept);
        }
        let why = learning.why.as_ref().map_or(String::new(), |why| format!(", its rate from the first rows: {why}"));
        say.line("model", &format!("linear, {} loss · {features} · {}{why}", loss_text(loss), learning.rule));
        Ok(learning)
    }

    /// The rows of a block that have a target.
    fn encode(&self, input: Input) -> Result<Part, Failure> {
        match (&self.encoding, input) {
            (Encoding::Table(encoder), input) => Ok(apply(input, encoder, &self.target, true)?.part),
            (Encoding::Numbered { .. }, Input::Rows(mut rows)) => {
                refuse_dimension(rows.matrix.cols)?;
                // The values as they are: an encoder of this block's width that scales nothing.
                rows.matrix.cols = rows.matrix.cols.max(1);
                let encoder = Encoder::Features(unscaled(rows.matrix.cols, rows.base)?);
                Ok(apply(Input::Rows(rows), &encoder, &self.target, true)?.part)
            }
            (Encoding::Numbered { .. }, Input::Table(_)) => {
                Err(Failure::usage("the first rows are svmlight rows, and these are a table")
                    .with_help("give files of one kind"))
            }
        }
    }

    /// Learns the rows of a block, each after it was predicted.
    fn block(&mut self, input: Input, say: &Say) -> Result<(), Failure> {
        let begun = Instant::now();
        let before = self.read;
        let rows = match &input {
            Input::Table(table) => table.rows,
            Input::Rows(rows) => rows.matrix.rows,
        };
        let part = self.encode(input).map_err(|f| {
            let help = "all classes and columns must occur in the first rows; `--warm-rows` is how many are read first";
            if before == 0 { f } else { f.at(&format!("the rows that follow row {before}")).or_help(help) }
        })?;
        self.read += rows as u64;
        self.unlabelled += (rows - part.target.len()) as u64;
        let target = tell::signed(self.loss, &part.target);
        let mut buffers = (Vec::new(), Vec::new());
        for (i, &y) in target.iter().enumerate() {
            let (indices, values) = row_of(&part.matrix, i, &mut buffers);
            let weight = part.weights.as_ref().map_or(1.0, |w| w[i]);
            let offset = part.offset.as_ref().map_or(0.0, |o| o[i]);
            let row = Row { indices, values, target: y, weight, offset };
            let at = before + u64::from(part.rows[i]) + 1;
            if self.loss == Loss::Poisson && y < 0.0 {
                return Err(Failure::usage(format!(
                    "--loss poisson needs counts from 0 on, and the target of row {at} is {y}"
                ))
                .with_help("choose squared, huber or quantile"));
            }
            let lost = self.learner.learn(&row).map_err(|e| self.too_large(at, e))?;
            self.stored += indices.len() as u64;
            self.right += u64::from(is_right(self.loss, self.learner.scores(), y));
            if let Some(mark) = self.progress.add(lost, weight).filter(|m| m.rows >= FIRST_TOLD) {
                tell_mark(mark, say);
            }
            if let Ok(kept) = &mut self.kept {
                kept.push(&row);
            }
        }
        if self.kept.as_ref().is_ok_and(|k| k.values.len() > MOST_KEPT) {
            self.kept = Err(format!("the rows hold more than {} values, which are not kept", count(MOST_KEPT as u64)));
        }
        self.seconds += begun.elapsed().as_secs_f64();
        Ok(())
    }

    fn too_large(&self, row: u64, e: NonFinite) -> Failure {
        let help = match self.rule {
            OnlineRule::Sgd { .. } => {
                "the rate is too high for these values: a smaller `--solver sgd:lr=…`, or `--solver normalized`"
            }
            _ => "a smaller learning rate may help, or `--loss huber` against outliers",
        };
        Failure::usage(format!("row {row}: its loss or gradient is too large a number ({e})")).with_help(help)
    }

    /// Compares, writes and tells.
    fn finish(self, args: &OnlineArgs, begun: Instant, interrupted: bool, say: &Say) -> Result<Value, Failure> {
        let rows = self.progress.rows();
        if rows == 0 {
            return Err(Failure::usage("no row has a target, so nothing was learned"));
        }
        let (total, mean) = (self.progress.total(), self.progress.mean());
        let accuracy = (self.target.task != Task::Regression).then(|| self.right as f64 / rows as f64);
        let marks = self.progress.clone().finish();
        let shown = accuracy.map_or(String::new(), |a| format!(" · accuracy {}", number(a)));
        let what = if interrupted { "stopped" } else { "learned" };
        say.line(
            what,
            &format!(
                "{} rows · {} · mean loss {}{shown}, each before it was learned",
                count(rows),
                seconds(self.seconds),
                number(mean)
            ),
        );
        let regret = self.regret(total, say);
        let model = self.model()?;
        let run = match &args.out {
            Some(out) => RunDir::create(Path::new(out)),
            None => RunDir::create_numbered(Path::new("runs"), &stem(&args.data.files)),
        };
        let run = run.map_err(Failure::input)?;
        let layout = layout(model.weight.len() / self.loss.outputs(), self.loss, self.intercept);
        model.saved(&layout)?.save(&run).map_err(Failure::input)?;
        let nonzero = self.learner.nonzeros();
        say.line(
            "weights",
            &format!(
                "{} features · {} weights are not 0",
                count(self.learner.features() as u64),
                count(nonzero as u64)
            ),
        );
        let next = format!("steepest predict {} NEW-DATA", run.path().display());
        let mark = |m: &Mark| json!({"rows": m.rows, "mean_loss": m.mean, "recent_loss": m.recent});
        let summary = json!({
            "run": run.path().display().to_string(),
            "task": self.target.task.name(),
            "solver": format!("online {}", self.rule),
            "loss": loss_text(self.loss),
            "rows": {"learned": rows, "without_target": self.unlabelled},
            "stored_values": self.stored,
            "features": {"encoded": self.learner.features(), "nonzero_weights": nonzero},
            "progressive": {"mean_loss": mean, "total_loss": total, "accuracy": accuracy, "marks": marks.iter().map(mark).collect::<Vec<_>>()},
            "regret": regret,
            "termination": {
                "reason": if interrupted { "interrupted" } else { "completed" },
                "detail": format!("one pass over {} rows", count(rows)),
            },
            "seconds": {"learn": self.seconds, "total": begun.elapsed().as_secs_f64()},
            "data": {"files": args.data.files, "warm_rows": args.warm_rows},
            "versions": {"steepest": env!("CARGO_PKG_VERSION")},
            "machine": results::machine(),
            "next": [next],
        });
        run.write_config(&self.config(args)?).map_err(Failure::input)?;
        run.write_summary(&summary).map_err(Failure::input)?;
        say.line("run", &run.path().display().to_string());
        say.line("next", &next);
        Ok(summary)
    }

    /// What the run was made with, as text.
    fn config(&self, args: &OnlineArgs) -> Result<String, Failure> {
        let settings = json!({"online": {
            "files": args.data.files,
            "solver": self.rule.to_string(),
            "task": self.target.task.name(),
            "loss": loss_text(self.loss),
            "intercept": if self.intercept { "free" } else { "none" },
            "warm-rows": args.warm_rows,
        }});
        let plain = toml::to_string(&settings).map_err(Failure::input)?;
        Ok(format!("# One pass of `steepest online`.\n# steepest {}\n{plain}", env!("CARGO_PKG_VERSION")))
    }

    /// How much more was lost than the best fixed weights lose.
    fn regret(&self, total: f64, say: &Say) -> Value {
        let none = |why: &str| {
            say.line("regret", &format!("not computed: {why}"));
            json!({"total": null, "why_not": why})
        };
        let kept = match &self.kept {
            Ok(kept) => kept,
            Err(why) => return none(why),
        };
        let problem = kept.problem(self.learner.features(), self.loss, self.intercept);
        let Comparator { total_loss, certificate, solver, .. } = match best_fixed(&problem, GAP) {
            Ok(found) => found,
            Err(stop) => return none(&format!("the best fixed weights were not found: {stop}")),
        };
        let (regret, rows) = (total - total_loss, problem.rows() as f64);
        let per_root = regret / rows.sqrt();
        let proof = match certificate.relative() {
            Some(gap) => format!("certified within {}", number(gap)),
            None => "without a certificate".into(),
        };
        let fixed = total_loss / problem.total_weight();
        say.line(
            "best",
            &format!(
                "fixed weights, found afterwards, lose {} · l2 {} (1/n), {}, {proof}",
                number(fixed),
                number(problem.l2),
                solver.name()
            ),
        );
        say.line(
            "regret",
            &format!("{} in all · {} a row · {} √rows", number(regret), number(regret / rows), number(per_root)),
        );
        json!({
            "total": regret,
            "per_row": regret / rows,
            "per_root_rows": per_root,
            "comparator": {
                "mean_loss": fixed,
                "total_loss": total_loss,
                "l2": problem.l2,
                "solver": solver.name(),
                "certificate": results::certificate(&certificate),
            },
        })
    }

    fn model(&self) -> Result<LinearModel, Failure> {
        let k = self.loss.outputs();
        let encoder = match &self.encoding {
            Encoding::Table(encoder) => encoder.clone(),
            Encoding::Numbered { base } => Encoder::Features(unscaled(self.learner.features().max(1), *base)?),
        };
        let columns = encoder.cols();
        let weight =
            (0..columns).flat_map(|j| (0..k).map(move |c| (j, c))).map(|(j, c)| self.learner.weight(j, c)).collect();
        let (l1, l2) = if let OnlineRule::Ftrl { l1, l2, .. } = self.rule { (l1, l2) } else { (0.0, 0.0) };
        let header = ModelHeader {
            model: "linear".into(),
            loss: loss_text(self.loss),
            l2,
            l1,
            intercept: self.intercept,
            data: "stream".into(),
            target: self.target.clone(),
            encoder,
        };
        Ok(LinearModel {
            header,
            loss: self.loss,
            weight,
            bias: (0..k).map(|c| self.learner.intercept_of(c)).collect(),
        })
    }
}

fn tell_mark(mark: Mark, say: &Say) {
    let text = format!("mean loss {} · {} since the line before", number(mark.mean), number(mark.recent));
    say.line(&format!("row {}", count(mark.rows)), &text);
}

/// The encoder of numbered features that leaves them as they are.
fn unscaled(cols: usize, base: u32) -> Result<SparseEncoder, Failure> {
    let empty = Sparse { rows: 1, cols, starts: vec![0, 0], indices: vec![], values: Values::Ones(0) };
    let as_they_are = steepest_data::EncodeOptions { standardize: Some(Standardize::None), ..Default::default() };
    SparseEncoder::fit(&empty, base, &[0], None, &as_they_are).map_err(Failure::input)
}

/// The layout of the model that is saved.
fn layout(features: usize, loss: Loss, intercept: bool) -> steepest_core::Layout {
    let none = Sparse { rows: 0, cols: features, starts: vec![0], indices: vec![], values: Values::Ones(0) };
    let mut problem = LinearProblem::new(Matrix::Sparse(none), vec![], loss);
    problem.intercept = intercept;
    problem.layout()
}

/// Whether the class predicted is that of the target.
fn is_right(loss: Loss, scores: &[f64], y: f64) -> bool {
    match loss {
        Loss::Softmax(_) => {
            let first_largest = (0..scores.len()).fold(0, |best, c| if scores[c] > scores[best] { c } else { best });
            first_largest == y as usize
        }
        _ => (scores[0] >= 0.0) == (y > 0.0),
    }
}

/// The features of a row that are not 0. Values stored in 64 bits are not copied.
fn row_of<'a>(matrix: &'a Matrix, i: usize, buffers: &'a mut (Vec<u32>, Vec<f64>)) -> (&'a [u32], &'a [f64]) {
    let (indices, values) = buffers;
    indices.clear();
    values.clear();
    match matrix {
        Matrix::Sparse(m) => {
            let range = m.starts[i]..m.starts[i + 1];
            match &m.values {
                Values::F64(v) => return (&m.indices[range.clone()], &v[range]),
                Values::F32(v) => values.extend(v[range.clone()].iter().map(|&v| f64::from(v))),
                Values::Ones(_) => values.resize(range.len(), 1.0),
            }
            (&m.indices[range], values)
        }
        Matrix::Dense(m) => {
            for j in 0..m.cols {
                let v = m.values.get(i * m.cols + j);
                if v != 0.0 {
                    indices.push(j as u32);
                    values.push(v);
                }
            }
            (indices, values)
        }
    }
}

/// The rows that were learned, for the best fixed weights.
#[derive(Default)]
struct Kept {
    ends: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f64>,
    target: Vec<f64>,
    weights: Vec<f64>,
    offset: Vec<f64>,
}

impl Kept {
    fn push(&mut self, row: &Row<'_>) {
        self.indices.extend_from_slice(row.indices);
        self.values.extend_from_slice(row.values);
        self.ends.push(self.values.len());
        self.target.push(row.target);
        self.weights.push(row.weight);
        self.offset.push(row.offset);
    }

    /// Σ sφ/Σ s + (λ₂/2)‖w‖² with λ₂ = 1/Σs: the fit's usual penalty, which gives it one best point and a certificate.
    fn problem(&self, features: usize, loss: Loss, intercept: bool) -> LinearProblem {
        let starts = std::iter::once(0).chain(self.ends.iter().copied()).collect();
        let values = Values::narrow(self.values.clone());
        let matrix = Sparse { rows: self.ends.len(), cols: features, starts, indices: self.indices.clone(), values };
        let mut problem = LinearProblem::new(Matrix::Sparse(matrix), self.target.clone(), loss);
        problem.weights = self.weights.iter().any(|&w| w != 1.0).then(|| self.weights.clone());
        let offset = self.offset.iter().any(|&o| o != 0.0).then(|| self.offset.clone());
        problem.offset = spread_offset(offset, loss.outputs());
        problem.intercept = intercept;
        problem.l2 = 1.0 / problem.total_weight();
        problem
    }
}
