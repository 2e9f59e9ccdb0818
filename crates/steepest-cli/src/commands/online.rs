//! `steepest online DATA`: one pass over rows as they arrive, each predicted before it is learned.

mod kept;
mod learning;
mod predictions;
mod result;
mod saving;
mod stream;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use steepest_models::online::OnlineRule;

use super::fit::discard;
use crate::failure::Failure;
use crate::interrupt::interrupt_flag;
use crate::options::{DataOptions, EncodeOptions, Intercept};
use crate::say::{Say, print};
use crate::source::read_options;
use learning::Learning;
use saving::Saving;
use stream::Blocks;

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
    /// λ₂ of (λ₂/2)‖w‖² beside the loss of every row [default: 0]
    #[arg(long, value_name = "λ", help_heading = "Learning")]
    l2: Option<f64>,
    /// λ₁ of λ₁‖w‖₁ beside the loss of every row; gives exact zeros [default: 0]
    #[arg(long, value_name = "λ", help_heading = "Learning")]
    l1: Option<f64>,
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
    /// Go on with a run of the same data and options that was killed, interrupted, or whose data have grown since: its rows are read
    /// again and not learned again
    #[arg(long, value_name = "RUN", conflicts_with = "out", help_heading = "Run")]
    resume: Option<String>,
    /// Rows between checkpoints, which are written at the end of the block of text that is being read
    #[arg(long, value_name = "ROWS", default_value_t = 100_000, help_heading = "Run",
        value_parser = clap::value_parser!(u64).range(1..))]
    checkpoint_rows: u64,
    /// Write what was predicted for each row before it was learned to this CSV file, as the rows come
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    predictions: Option<String>,
    /// Do not write report.html
    #[arg(long, help_heading = "Run")]
    no_report: bool,
    /// Print the result as one JSON object on standard output
    #[arg(long, help_heading = "Run")]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  steepest online clicks.csv --target clicked
  tail -f -n +1 clicks.csv | steepest online - --target clicked --solver ftrl:lr=0.1,l1=1
  steepest online a9a.gz --solver adagrad --l1 1e-5
  steepest online clicks.csv --target clicked --resume runs/clicks-1

Each row is predicted with what was learned before it, and the mean of these losses, the progressive loss, is an honest
score: no row was seen before. The regret is how much more was lost than by the best fixed weights, found afterwards.
Columns of a table are encoded as the first rows say (--warm-rows); levels that appear later count as rare ones, new
numbers are scaled as the first ones were. svmlight rows are taken as they are, and may bring new features at any time.";

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
    let mut blocks = Blocks::open(&args.data.files, read_options(&args.data.reading(), 0)?)?;
    let Some((input, report)) = blocks.next(args.warm_rows as usize)? else {
        return Err(Failure::usage(format!("{}: there are no rows", args.data.files.join(", "))));
    };
    report.warnings.iter().for_each(|w| say.warning(&w.to_string()));
    let mut learning = Learning::begin(&input, &args, spec, say)?;
    let mut saving = Saving::open(&args, &mut learning, &report.hash(), say)?;
    let learned = learning
        .block(input, saving.predictions.as_mut(), say)
        .and_then(|()| rest(&mut blocks, &mut learning, &mut saving, &interrupt, say))
        .and_then(|interrupted| {
            saving.save(&mut learning)?;
            Ok((learning.finish(&args, &saving, begun, interrupted, say)?, interrupted))
        });
    let (summary, interrupted) = match learned {
        Ok(done) => done,
        Err(failure) => {
            if saving.resumed_at.is_none() {
                discard(saving.run, saving.numbered);
            }
            return Err(failure);
        }
    };
    if args.json {
        print(&(serde_json::to_string(&summary).map_err(Failure::input)? + "\n"))?;
    }
    Ok(if interrupted { ExitCode::from(130) } else { ExitCode::SUCCESS })
}

/// Learns the rows that follow the first ones; whether a signal ended it.
fn rest(
    blocks: &mut Blocks,
    learning: &mut Learning,
    saving: &mut Saving,
    interrupt: &AtomicBool,
    say: &Say,
) -> Result<bool, Failure> {
    while let Some((input, _)) = blocks.next(1)? {
        learning.block(input, saving.predictions.as_mut(), say)?;
        if interrupt.load(Ordering::Relaxed) {
            return Ok(true);
        }
        saving.after_block(learning)?;
    }
    Ok(false)
}
