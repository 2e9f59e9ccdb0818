//! The loop of a run: its budget, its stopping rules, what it looks at on the way.

use steepest_data::Task;
use steepest_models::linear::{LinearProblem, certificate, kernels};
use steepest_train::{
    Budget, Cadence, Divergence, EarlyStopping, Evaluate, GapTarget, GradientNorm, Monitor, ParameterChange, Scores,
    Split, Tolerance, Trainer, ValueChange, Watch,
};

use super::{Kind, Plan};
use crate::failure::Failure;
use crate::model::LinearModel;
use crate::options::{self, FitOptions};
use crate::prepare::Prepared;
use crate::results;

/// Steps after which a deterministic solver that reached no tolerance gives up.
const STEPS: u64 = 10_000;
/// Seconds between checkpoints.
const CHECKPOINT_SECONDS: f64 = 30.0;

impl Plan {
    /// The loop with the budget and the stopping rules of the run.
    pub fn trainer<'a>(
        &self,
        model: &'a LinearModel,
        problem: &'a LinearProblem,
        prepared: &'a Prepared,
        options: &FitOptions,
    ) -> Result<Trainer<'a>, Failure> {
        let stop = &options.stop;
        let n = problem.rows();
        let (per_epoch, epochs) = match &self.kind {
            Kind::Whole(_) => (None, stop.epochs),
            Kind::Rows { epochs, .. } => (Some(n as u64), Some(*epochs)),
            Kind::Batches { batch, epochs, .. } => (Some(n.div_ceil(*batch).max(1) as u64), Some(*epochs)),
        };
        let mut monitors: Vec<Box<dyn Monitor + 'a>> = vec![Box::new(Divergence::default())];
        let gap = self.gap(options);
        if !(gap >= 0.0 && gap.is_finite()) {
            return Err(Failure::usage(format!("--gap: {gap} is no gap; give a number ≥ 0, such as 1e-6")));
        }
        if gap > 0.0 {
            monitors.push(Box::new(GapTarget::new(gap, per_epoch.unwrap_or(1))));
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
        let watch = watch(model);
        let patience = stop.patience.unwrap_or(0);
        if patience > 0 {
            if prepared.valid.is_none() {
                return Err(
                    Failure::usage("--patience needs validation rows").with_help("hold some back with `--valid 10%`")
                );
            }
            monitors.push(Box::new(EarlyStopping::new(watch.clone(), patience, 0.0)));
        }
        let default_steps = (!self.is_stochastic()).then_some(STEPS);
        let budget = Budget {
            steps: stop.steps.or(default_steps),
            epochs,
            evaluations: stop.max_evals,
            seconds: stop.max_seconds,
        };
        let checkpoint = options.run.checkpoint_every.unwrap_or(CHECKPOINT_SECONDS);
        if checkpoint.is_nan() || checkpoint < 0.0 {
            return Err(Failure::usage("--checkpoint-every: give a number of seconds ≥ 0"));
        }
        // The losses that the steps see anyway tell how the objective falls; scores of all training rows would cost as much again.
        let scored = prepared.valid.is_some() || tolerance(stop.ftol).is_some();
        let evaluate = (self.is_stochastic() && !scored).then_some(u64::MAX);
        let cadence = Cadence {
            steps_per_epoch: per_epoch,
            evaluate,
            checkpoint_seconds: Some(checkpoint),
            ..Cadence::default()
        };
        let looks = self.is_stochastic() || prepared.valid.is_some();
        let evaluate: Option<Evaluate<'a>> = if looks { Some(evaluator(model, problem, prepared)) } else { None };
        Ok(Trainer {
            budget,
            cadence,
            stochastic: self.is_stochastic(),
            monitors,
            rows: Some(&prepared.train.rows),
            evaluate,
            watch: (patience > 0).then_some(watch),
            restore_best: patience > 0,
            ..Trainer::default()
        })
    }
}

/// The metric that early stopping watches.
fn watch(model: &LinearModel) -> Watch {
    let hinge = matches!(model.header.loss.as_str(), "hinge" | "squared_hinge");
    let (metric, higher_is_better) = match model.header.target.task {
        Task::Regression => ("deviance", false),
        _ if hinge => ("accuracy", true),
        _ => ("log_loss", false),
    };
    Watch { split: Split::Valid, metric: metric.into(), higher_is_better }
}

/// Objective and loss on the training rows, metrics on the validation rows.
fn evaluator<'a>(model: &'a LinearModel, problem: &'a LinearProblem, prepared: &'a Prepared) -> Evaluate<'a> {
    let mut z = vec![0.0; problem.rows() * problem.outputs()];
    Box::new(move |x: &[f64]| {
        let objective = if x.iter().all(|&v| v == 0.0) {
            certificate::value_at_zero(problem)
        } else {
            kernels::margins(problem, x, &mut z);
            certificate::objective(problem, x, &z)
        };
        let valid = match &prepared.valid {
            None => Vec::new(),
            Some(part) => {
                let here = LinearModel::new(model.header.clone(), problem, x);
                results::measure(&here, part).values
            }
        };
        let loss = objective - certificate::penalty(problem, x);
        Scores { objective: Some(objective), loss: Some(loss), train: Vec::new(), valid }
    })
}

/// A tolerance as the loop wants it; 0 switches the test off.
fn tolerance(asked: Option<options::Tolerance>) -> Option<Tolerance> {
    let asked = asked.filter(|t| t.value > 0.0)?;
    Some(if asked.relative { Tolerance::Relative(asked.value) } else { Tolerance::Absolute(asked.value) })
}
