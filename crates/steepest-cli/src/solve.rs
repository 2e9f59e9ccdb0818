//! From the solver's name to something the training loop can step, with its budget and its stopping rules.

mod course;
mod looped;
mod start;

pub use course::Course;
use course::with_peak;
pub use start::start;

use steepest_core::Iterate;
use steepest_data::Order;
use steepest_models::linear::rows::{
    RowDescent, RowOptions, RowRule, automatic_batch_rate, automatic_rate, automatic_travel_rate,
};
use steepest_models::linear::{LinearProblem, LinearSum, SolverChoice, auto, certificate, kernels};
use steepest_optim::{Needs, OptimizerSpec, RateUnit, Schedule};
use steepest_train::{BatchOptions, L1Rule, Stochastic};

use crate::config::Choice;
use crate::failure::Failure;
use crate::options::{Batch, FitOptions};

/// The relative certified gap at which a fit ends unless told otherwise.
const GAP: f64 = 1e-6;
/// Rows of a mini-batch unless told otherwise.
const BATCH: usize = 128;
/// Passes over the rows of a stochastic solver unless told otherwise, and the fewest steps they should make.
const EPOCHS: u64 = 20;
const FEWEST_STEPS: u64 = 2_000;

/// The solver of a run.
#[derive(Debug)]
pub struct Plan {
    /// Its name with its options, as text that `--solver` reads.
    pub name: String,
    /// Why it was chosen; empty when the user did.
    pub why: String,
    /// How far an update rule goes; `None` for a solver that sees all rows in a step.
    pub course: Option<Course>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Sees the whole objective in a step.
    Whole(SolverChoice),
    /// Descends row by row.
    Rows { rule: RowRule, lr: Schedule, epochs: u64 },
    /// Descends by batches with an update rule.
    Batches { spec: Box<OptimizerSpec>, batch: usize, epochs: u64 },
}

/// Whether something of the run looks at validation rows.
pub fn uses_validation(options: &FitOptions) -> bool {
    options.stop.patience.is_some_and(|p| p > 0) || options.model.has_auto()
}

/// Chooses the solver, or checks the one asked for.
pub fn plan(problem: &LinearProblem, options: &FitOptions, choices: &mut Vec<Choice>) -> Result<Plan, Failure> {
    let asked = options.solver.solver.as_deref().map_or("auto", str::trim);
    if asked == "auto" {
        refuse_stochastic_flags(options)?;
        let (solver, why) = auto(problem);
        solver.prepare(problem);
        choices.push(Choice { what: "solver.solver", value: solver.name().into(), why: why.clone() });
        return Ok(Plan { name: solver.name().into(), why, course: None, kind: Kind::Whole(solver) });
    }
    if let Some(solver) = SolverChoice::from_name(asked) {
        refuse_stochastic_flags(options)?;
        if let Some(reason) = solver.refuses(problem) {
            return Err(Failure::usage(format!("--solver: {reason}")));
        }
        solver.prepare(problem);
        return Ok(Plan { name: solver.name().into(), why: String::new(), course: None, kind: Kind::Whole(solver) });
    }
    stochastic(asked, problem, options, choices)
}

/// Batches and schedules mean nothing to solvers that see everything and choose their own steps.
fn refuse_stochastic_flags(options: &FitOptions) -> Result<(), Failure> {
    let rows = matches!(options.solver.batch, Some(Batch::Rows(_)));
    let (schedule, horizon) = (options.solver.schedule.is_some(), options.solver.horizon.is_some());
    for (flag, given) in [("--batch", rows), ("--schedule", schedule), ("--horizon", horizon)] {
        if given {
            return Err(Failure::usage(format!(
                "{flag} is for solvers that take many small steps, and this one sees all rows in a step"
            ))
            .with_help(format!("leave {flag} out, or choose such a solver: `--solver adam`")));
        }
    }
    Ok(())
}

/// An update rule over batches or single rows.
fn stochastic(
    asked: &str,
    problem: &LinearProblem,
    options: &FitOptions,
    choices: &mut Vec<Choice>,
) -> Result<Plan, Failure> {
    let whole = SolverChoice::ALL.iter().map(|s| s.name()).collect::<Vec<_>>().join(", ");
    let mut spec = OptimizerSpec::parse(asked).map_err(|e| {
        Failure::input(e).with_help(format!(
            "solvers that see all rows in a step are auto, {whole}; `steepest optimizers` lists the update rules"
        ))
    })?;
    spec.seed = options.run.seed.unwrap_or(0);
    let n = problem.rows();
    let needs = Needs::of(&spec.rule);
    let batch = match options.solver.batch {
        Some(Batch::Full) => n,
        Some(Batch::Rows(rows)) => rows.min(n),
        None if needs.full_batch => {
            choices.push(Choice {
                what: "solver.batch",
                value: n.to_string(),
                why: "all rows, since this rule compares gradients or looks at their signs, which a batch falsifies"
                    .into(),
            });
            n
        }
        None => {
            choices.push(Choice {
                what: "solver.batch",
                value: BATCH.min(n).to_string(),
                why: "a batch that keeps the processor busy and still makes many steps a pass".into(),
            });
            BATCH.min(n)
        }
    };
    let per_epoch = n.div_ceil(batch).max(1) as u64;
    let epochs = options.stop.epochs.unwrap_or_else(|| {
        let epochs = EPOCHS.max(FEWEST_STEPS.div_ceil(per_epoch));
        if options.stop.steps.is_none() {
            choices.push(Choice {
                what: "stop.epochs",
                value: epochs.to_string(),
                why: format!("{EPOCHS} passes, or as many as make {FEWEST_STEPS} steps"),
            });
        }
        epochs
    });
    let mut course = Course::new(options, batch, per_epoch, epochs);
    course.schedule.clone_from(&options.solver.schedule);
    let horizon = course.horizon;
    let row_rule = (batch == 1).then(|| row_rule(&spec)).flatten();
    let given = spec.rule.calls.iter().find_map(|c| c.get("lr")).is_some();
    let mut schedule = options.solver.schedule.as_deref().map(Schedule::parse).transpose().map_err(Failure::input)?;
    if !given && schedule.as_ref().is_none_or(|s| s.peak().is_none()) {
        let chosen = match (row_rule, needs.rate) {
            (Some(rule), _) => Some(automatic_rate(problem, rule)),
            (None, RateUnit::Curvature { gain }) => {
                let (lr, why) = automatic_batch_rate(problem, batch);
                Some((lr / gain, if gain > 1.0 { format!("{why}, over {gain} for the momentum") } else { why }))
            }
            (None, RateUnit::Length) => Some(automatic_travel_rate(problem, horizon)),
            (None, RateUnit::Distance) => Some(automatic_rate(problem, RowRule::AdaGrad { eps: 1e-10, initial: 0.0 })),
            (None, RateUnit::Own) => None,
        };
        if let Some((lr, why)) = chosen {
            let lr = one_digit(lr);
            let base = schedule.take().map_or_else(|| Schedule::parse("cosine"), Ok).map_err(Failure::input)?;
            schedule = Some(base.or_peak(lr));
            let value = with_peak(course.schedule.as_deref().unwrap_or("cosine"), lr);
            course.schedule = Some(value.clone());
            choices.push(Choice { what: "solver.schedule", value, why });
        } else if schedule.is_none() && !needs.constant {
            schedule = Some(Schedule::parse("cosine").map_err(Failure::input)?);
            course.schedule = Some("cosine".into());
            let why = "the rate of the rule itself, falling to 0".into();
            choices.push(Choice { what: "solver.schedule", value: "cosine".into(), why });
        }
    }
    if let Some(rule) = row_rule {
        let lr = match (schedule, spec.rule.calls[0].get("lr")) {
            (Some(_), Some(_)) => return Err(twice()),
            (Some(s), None) => s,
            (None, Some(arg)) => Schedule::parse(&arg.value).map_err(Failure::input)?,
            (None, None) => Schedule::constant(automatic_rate(problem, rule).0),
        };
        let lr = lr.with_horizon(Some(horizon)).map_err(Failure::input)?;
        let kind = Kind::Rows { rule, lr, epochs };
        return Ok(Plan { name: asked.into(), why: String::new(), course: Some(course), kind });
    }
    spec.horizon = Some(horizon);
    if let Some(schedule) = schedule {
        let schedule = schedule.with_horizon(Some(horizon)).map_err(Failure::input)?;
        spec = spec.with_lr(schedule, "--schedule").map_err(Failure::input)?;
    }
    // What is wrong with the options of the rule is told now, not after reading the data.
    spec.build::<f64>(&problem.layout()).map_err(Failure::input)?;
    let kind = Kind::Batches { spec: Box::new(spec), batch, epochs };
    Ok(Plan { name: asked.into(), why: String::new(), course: Some(course), kind })
}

fn twice() -> Failure {
    Failure::usage("the learning rate is given twice: in --solver and by --schedule").with_help("leave one of them out")
}

/// The rules that have a loop of their own for single rows: plain `sgd` and `adagrad`.
fn row_rule(spec: &OptimizerSpec) -> Option<RowRule> {
    let [call] = &spec.rule.calls[..] else { return None };
    if !spec.groups.is_empty() {
        return None;
    }
    let number = |key: &str, default: f64| call.get(key).map_or(Some(default), |arg| arg.value.parse::<f64>().ok());
    let only = |keys: &[&str]| call.args.iter().all(|a| a.key.as_deref().is_none_or(|k| keys.contains(&k)));
    match call.name.as_str() {
        "sgd" if only(&["lr"]) => Some(RowRule::Sgd),
        "adagrad" if only(&["lr", "eps", "initial_accumulator_value"]) => {
            Some(RowRule::AdaGrad { eps: number("eps", 1e-10)?, initial: number("initial_accumulator_value", 0.0)? })
        }
        _ => None,
    }
}

/// A number rounded to one significant digit.
fn one_digit(value: f64) -> f64 {
    format!("{value:.0e}").parse().unwrap_or(value)
}

impl Plan {
    /// Whether its steps see a part of the rows only.
    pub fn is_stochastic(&self) -> bool {
        !matches!(self.kind, Kind::Whole(_))
    }

    /// The solver bound to the problem, at `start` or at zero. `sum` is that of the problem.
    pub fn bind<'p>(
        &self,
        problem: &'p LinearProblem,
        sum: &'p LinearSum<'p>,
        options: &FitOptions,
        start: Option<Vec<f64>>,
    ) -> Result<Box<dyn Iterate + 'p>, Failure> {
        let seed = options.run.seed.unwrap_or(0);
        Ok(match &self.kind {
            Kind::Whole(solver) => solver.bind_seeded(problem, start, seed),
            Kind::Rows { rule, lr, .. } => {
                let options = RowOptions { rule: *rule, lr: lr.clone(), order: Order::Shuffled, seed };
                Box::new(RowDescent::new(problem, options, start.as_deref()))
            }
            Kind::Batches { spec, batch, .. } => {
                let optimizer = spec.build::<f64>(&problem.layout()).map_err(Failure::input)?;
                let start = start.unwrap_or_else(|| vec![0.0; problem.parameters()]);
                let plain = spec.rule.calls.len() == 1
                    && spec.rule.calls[0].name == "sgd"
                    && spec.rule.calls[0].get("momentum").is_none();
                let options = BatchOptions {
                    batch: *batch,
                    micro_batch: 0,
                    order: Order::Shuffled,
                    seed,
                    l1: problem.l1,
                    l2: problem.l2,
                    l1_rule: if plain { L1Rule::Prox } else { L1Rule::Subgradient },
                    total_weight: problem.total_weight(),
                };
                let zero = certificate::value_at_zero(problem);
                let certify = move |x: &[f64]| {
                    let mut z = vec![0.0; problem.rows() * problem.outputs()];
                    kernels::margins(problem, x, &mut z);
                    certificate::certify(problem, x, &z, zero)
                };
                let run = Stochastic::new(sum, optimizer, &start, options, Some(Box::new(certify)));
                Box::new(run.map_err(Failure::usage)?)
            }
        })
    }

    /// The relative certified gap to stop at. A proof costs about a pass over the rows, and many small steps come near enough to the
    /// minimum for this one only by chance: for them it is tried where it is asked for.
    fn gap(&self, options: &FitOptions) -> f64 {
        options.stop.gap.unwrap_or(if self.is_stochastic() { 0.0 } else { GAP })
    }

    /// Fills in what was chosen with the solver.
    pub fn resolve(&self, options: &mut FitOptions) {
        options.stop.gap = Some(self.gap(options));
        if let Some(course) = &self.course {
            options.solver.schedule.clone_from(&course.schedule);
            options.solver.horizon = Some(course.horizon);
        }
        match &self.kind {
            Kind::Whole(_) => {}
            Kind::Rows { epochs, .. } => {
                options.solver.batch = Some(Batch::Rows(1));
                options.stop.epochs = Some(*epochs);
            }
            Kind::Batches { batch, epochs, .. } => {
                options.solver.batch = Some(Batch::Rows(*batch));
                options.stop.epochs = Some(*epochs);
            }
        }
    }
}
