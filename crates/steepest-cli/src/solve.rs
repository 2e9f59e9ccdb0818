//! From the solver's name to something the training loop can step, with its budget and its stopping rules.

use std::path::Path;

use steepest_core::Iterate;
use steepest_models::linear::{LinearProblem, SolverChoice, auto};
use steepest_train::{
    Budget, Cadence, Divergence, GapTarget, GradientNorm, Monitor, ParameterChange, Tolerance, Trainer, ValueChange,
};

use crate::config::Choice;
use crate::failure::Failure;
use crate::model::LinearModel;
use crate::options::{self, FitOptions, Penalty};
use crate::prepare::Prepared;
use crate::say::Say;

/// The relative certified gap at which a fit ends unless told otherwise.
const GAP: f64 = 1e-6;
/// Steps after which a deterministic solver that reached no tolerance gives up.
const STEPS: u64 = 10_000;
/// Seconds between checkpoints.
const CHECKPOINT_SECONDS: f64 = 30.0;

/// The solver of a run.
#[derive(Debug)]
pub struct Plan {
    /// Its name with its options, as text that `--solver` reads.
    pub name: String,
    /// Why it was chosen; empty when the user did.
    pub why: String,
    solver: SolverChoice,
}

/// Whether something of the run looks at validation rows.
pub fn uses_validation(options: &FitOptions) -> bool {
    options.stop.patience.is_some_and(|p| p > 0)
        || options.model.l2 == Some(Penalty::Auto)
        || options.model.l1 == Some(Penalty::Auto)
}

/// Chooses the solver, or checks the one asked for.
pub fn plan(problem: &LinearProblem, _prepared: &Prepared, options: &FitOptions) -> Result<Plan, Failure> {
    let asked = options.solver.solver.as_deref().map_or("auto", str::trim);
    if asked == "auto" {
        let (solver, why) = auto(problem);
        return Ok(Plan { name: solver.name().into(), why, solver });
    }
    let Some(solver) = SolverChoice::from_name(asked) else {
        return Err(unknown(asked));
    };
    if let Some(reason) = solver.refuses(problem) {
        return Err(Failure::usage(format!("--solver: {reason}")));
    }
    Ok(Plan { name: solver.name().into(), why: String::new(), solver })
}

fn unknown(asked: &str) -> Failure {
    let names: Vec<&str> = SolverChoice::ALL.iter().map(|s| s.name()).collect();
    Failure::usage(format!("--solver: there is no solver `{asked}`"))
        .with_help(format!("there are auto, {}", names.join(", ")))
}

impl Plan {
    /// The solver bound to the problem, at `start` or at zero.
    pub fn bind<'p>(
        &self,
        problem: &'p LinearProblem,
        options: &FitOptions,
        start: Option<Vec<f64>>,
    ) -> Result<Box<dyn Iterate + 'p>, Failure> {
        Ok(self.solver.bind_seeded(problem, start, options.run.seed.unwrap_or(0)))
    }

    /// Fills in what was chosen with the solver.
    pub fn resolve(&self, options: &mut FitOptions) {
        options.stop.gap = Some(options.stop.gap.unwrap_or(GAP));
    }

    /// The loop with the budget and the stopping rules of the run.
    pub fn trainer<'a>(
        &self,
        _problem: &'a LinearProblem,
        _prepared: &'a Prepared,
        options: &FitOptions,
    ) -> Result<Trainer<'a>, Failure> {
        let stop = &options.stop;
        let mut monitors: Vec<Box<dyn Monitor + 'a>> = vec![Box::new(Divergence::default())];
        let gap = stop.gap.unwrap_or(GAP);
        if !(gap >= 0.0 && gap.is_finite()) {
            return Err(Failure::usage(format!("--gap: {gap} is no gap; give a number ≥ 0, such as 1e-6")));
        }
        if gap > 0.0 {
            monitors.push(Box::new(GapTarget::new(gap, 1)));
        }
        if let Some(t) = tolerance(stop.gtol) {
            monitors.push(Box::new(GradientNorm::new(t)));
        }
        if let Some(t) = tolerance(stop.ftol) {
            monitors.push(Box::new(ValueChange::new(t)));
        }
        if let Some(t) = tolerance(stop.xtol) {
            monitors.push(Box::new(ParameterChange::new(t)));
        }
        let budget = Budget {
            steps: Some(stop.steps.unwrap_or(STEPS)),
            epochs: stop.epochs,
            evaluations: stop.max_evals,
            seconds: stop.max_seconds,
        };
        let checkpoint = options.run.checkpoint_every.unwrap_or(CHECKPOINT_SECONDS);
        if !(checkpoint >= 0.0) {
            return Err(Failure::usage("--checkpoint-every: give a number of seconds ≥ 0"));
        }
        let cadence = Cadence { checkpoint_seconds: Some(checkpoint), ..Cadence::default() };
        Ok(Trainer { budget, cadence, monitors, ..Trainer::default() })
    }
}

/// A tolerance as the loop wants it; 0 switches the test off.
fn tolerance(asked: Option<options::Tolerance>) -> Option<Tolerance> {
    let asked = asked.filter(|t| t.value > 0.0)?;
    Some(if asked.relative { Tolerance::Relative(asked.value) } else { Tolerance::Absolute(asked.value) })
}

/// The parameters of another run, matched by feature name; features that the other run did not have start at zero.
pub fn start(run: &str, problem: &LinearProblem, prepared: &Prepared) -> Result<Vec<f64>, Failure> {
    let model = LinearModel::load(Path::new(run))?;
    let k = problem.outputs();
    if model.loss.outputs() != k || (k > 1 && model.header.target.classes != prepared.target.classes) {
        return Err(Failure::usage(format!("--init: the run {run} predicts other classes than this fit"))
            .with_help("start from a run with the same target"));
    }
    let theirs = model.header.encoder.features();
    let position: std::collections::HashMap<&str, usize> =
        theirs.iter().enumerate().map(|(j, f)| (f.name.as_str(), j)).collect();
    let mut x = vec![0.0; problem.parameters()];
    // Weights are carried over in the units of the file, so that another split or another scale changes nothing.
    let mut bias = model.bias.clone();
    for (j, f) in theirs.iter().enumerate() {
        for c in 0..k {
            bias[c] -= model.weight[j * k + c] * f.shift / f.scale;
        }
    }
    let mut found = 0;
    for (j, feature) in prepared.encoder.features().iter().enumerate() {
        let Some(&at) = position.get(feature.name.as_str()) else { continue };
        found += 1;
        for c in 0..k {
            let original = model.weight[at * k + c] / theirs[at].scale;
            x[j * k + c] = original * feature.scale;
            bias[c] += original * feature.shift;
        }
    }
    if found == 0 {
        return Err(Failure::usage(format!("--init: the run {run} has no feature in common with this fit")));
    }
    if problem.intercept {
        x[problem.features() * k..].copy_from_slice(&bias);
    }
    Ok(x)
}

/// Chooses λ on the validation rows along a path.
pub fn choose_penalty(
    _problem: &mut LinearProblem,
    _prepared: &mut Prepared,
    _options: &FitOptions,
    _choices: &mut Vec<Choice>,
    _say: &Say,
) -> Result<(), Failure> {
    Err(Failure::usage("--l2 auto is being written"))
}
