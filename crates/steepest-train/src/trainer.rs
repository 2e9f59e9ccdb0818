//! The loop: steps anything that can be stepped until a budget, a monitor or the user ends it, keeping records and
//! checkpoints on the way. It does not know what it trains.
//!
//! What is decided depends on the steps alone, never on a clock: only the limit in seconds, and the moments of checkpoints and
//! progress messages, which change nothing else. So n steps in one session and in several give the same bits.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use steepest_core::{
    Certificate, Evaluations, Iterate, NonFinite, Reason, StateVisitor, StepInfo, Stop, Termination, first_non_finite,
};
use thiserror::Error;

use crate::{
    best::Best,
    budget::{Budget, Cadence},
    checkpoint::{CheckpointError, CheckpointHeader, Saver, Scope},
    metrics_log::{MetricsLog, Record},
    monitor::{Action, Flow, Monitor, Observation, Scores, Watch},
    monitors::{Precision, one_digit},
    run_dir::{CHECKPOINT, METRICS, RunDir, RunDirError},
    tensor_file::TensorFileError,
};

/// Why a run could not be carried on: its files failed. The numbers never do; see [`Reason::Diverged`].
#[derive(Debug, Error)]
pub enum TrainError {
    /// A file of the run directory.
    #[error(transparent)]
    Run(#[from] RunDirError),
    /// The checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint's file.
    #[error(transparent)]
    Tensors(#[from] TensorFileError),
}

/// Computes the scores at a point.
pub type Evaluate<'a> = Box<dyn FnMut(&[f64]) -> Scores + 'a>;

/// Shows how far the run is.
pub type ShowProgress<'a> = Box<dyn FnMut(&Progress<'_>) + 'a>;

/// Where a run keeps its records and checkpoints.
#[derive(Debug, Clone, Copy)]
pub struct Store<'a> {
    /// The directory. If it holds a checkpoint, the run goes on from there.
    pub run: &'a RunDir,
    /// Hash of the configuration without budgets and stopping rules.
    pub config: &'a str,
    /// Hash of the training data.
    pub data: &'a str,
}

/// How far a run is.
#[derive(Debug)]
pub struct Progress<'a> {
    /// The last step.
    pub info: &'a StepInfo,
    /// Completed epochs.
    pub epoch: Option<u64>,
    /// Seconds since the run began.
    pub seconds: f64,
    /// The step at which the budget ends, where it says so.
    pub last_step: Option<u64>,
    /// The record, where one was made at this step.
    pub record: Option<&'a Record>,
}

/// How to train. Fill in what is wanted and call [`run`](Trainer::run).
#[derive(Default)]
pub struct Trainer<'a> {
    /// When to end.
    pub budget: Budget,
    /// When to look.
    pub cadence: Cadence,
    /// Whether the steps report the loss of a batch, not the objective.
    pub stochastic: bool,
    /// What watches the run, asked in this order.
    pub monitors: Vec<Box<dyn Monitor + 'a>>,
    /// Where each training row stands in the data that was read, from 0: messages name rows so.
    pub rows: Option<&'a [u32]>,
    /// Computes the scores.
    pub evaluate: Option<Evaluate<'a>>,
    /// Which metric decides what the best parameters are; without one the objective does.
    pub watch: Option<Watch>,
    /// Whether the best parameters are given back instead of the last ones. They always are when the run diverged.
    pub restore_best: bool,
    /// Where to keep records and checkpoints.
    pub store: Option<Store<'a>>,
    /// Set by a signal handler to ask for an end after the current step.
    pub interrupt: Option<&'a AtomicBool>,
    /// Shows progress, about 20 times a second and at each record.
    pub progress: Option<ShowProgress<'a>>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Why, with the measured cause.
    pub termination: Termination,
    /// What can be proved about the parameters given back.
    pub certificate: Certificate,
    /// The parameters.
    pub point: Vec<f64>,
    /// The number of updates after which the parameters were these.
    pub point_step: u64,
    /// The number of completed updates.
    pub step: u64,
    /// Completed epochs.
    pub epoch: Option<u64>,
    /// The last record.
    pub last: Record,
    /// Everything evaluated.
    pub evaluations: Evaluations,
    /// Seconds of training, earlier sessions included.
    pub seconds: f64,
    /// Seconds of this process that were no training: checkpoints, and after the last step the records and the certificate.
    pub aside: f64,
    /// The step of the checkpoint that the run was resumed from, where it was.
    pub resumed_at: Option<u64>,
}

/// What the loop itself remembers; part of the checkpoint.
#[derive(Debug, Default)]
struct Memory {
    step: u64,
    recorded: u64,
    evaluated: u64,
    /// Step of the last reported value, and Σ value·steps since the last record.
    valued: u64,
    value_sum: f64,
    value_steps: u64,
    lr: f64,
    best: Best,
}

impl Memory {
    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.int("step", &mut self.step);
        state.int("recorded", &mut self.recorded);
        state.int("evaluated", &mut self.evaluated);
        state.int("valued", &mut self.valued);
        state.number("value_sum", &mut self.value_sum);
        state.int("value_steps", &mut self.value_steps);
        state.number("lr", &mut self.lr);
        self.best.visit(state);
    }

    /// The mean value since the last record, of which this is the next one.
    fn take_mean(&mut self) -> Option<f64> {
        let steps = std::mem::take(&mut self.value_steps);
        let sum = std::mem::take(&mut self.value_sum);
        (steps > 0).then(|| sum / steps as f64)
    }
}

/// A session of a run.
struct Session<'t, 'a> {
    trainer: &'t mut Trainer<'a>,
    iterate: &'t mut dyn Iterate,
    memory: Memory,
    /// For steps that see the whole objective.
    precision: Option<Precision>,
    log: Option<MetricsLog>,
    saver: Saver,
    begun: Instant,
    /// Seconds of earlier sessions.
    before: f64,
    /// See [`Outcome::aside`].
    aside: Duration,
    saved_at: Instant,
    saved_step: u64,
    shown_at: Option<Instant>,
    last: Record,
    /// The last point that was looked at, or where it became the best, the best one before.
    point: Vec<f64>,
    /// The initial point, where a diverged run has to be compared with it.
    start: Vec<f64>,
}

impl<'a> Trainer<'a> {
    /// Trains until an end is reached. If the store holds a checkpoint, goes on from there.
    ///
    /// # Errors
    /// When a file of the store fails, or its checkpoint belongs to another run. Everything that can happen to the numbers is
    /// an [`Outcome`].
    pub fn run(&mut self, iterate: &mut dyn Iterate) -> Result<Outcome, TrainError> {
        let len = iterate.layout().len();
        let (now, late) = (Instant::now(), self.stochastic);
        let mut session = Session {
            trainer: self,
            iterate,
            memory: Memory { best: Best::new(len, late), ..Memory::default() },
            precision: (!late).then(Precision::new),
            log: None,
            saver: Saver::new(),
            begun: now,
            before: 0.0,
            aside: Duration::ZERO,
            saved_at: now,
            saved_step: 0,
            shown_at: None,
            last: Record::default(),
            point: vec![0.0; len],
            start: Vec::new(),
        };
        let (resumed_at, ended) = session.open()?;
        let termination = match ended {
            Some(termination) => termination,
            None => session.steps(resumed_at.is_none())?,
        };
        session.finish(termination, resumed_at)
    }

    /// The stopping rules in one line.
    fn stopping(&self) -> String {
        self.monitors.iter().map(|m| m.describe()).collect::<Vec<_>>().join("; ")
    }
}

impl Session<'_, '_> {
    fn seconds(&self) -> f64 {
        self.before + self.begun.elapsed().as_secs_f64()
    }

    fn visit_all(&mut self, v: &mut dyn StateVisitor) {
        self.memory.visit(&mut Scope::new("trainer", v));
        if let Some(precision) = &mut self.precision {
            precision.visit(&mut Scope::new("trainer", v));
        }
        for monitor in &mut self.trainer.monitors {
            let name = format!("monitor/{}", monitor.name());
            monitor.visit(&mut Scope::new(&name, v));
        }
        self.iterate.visit(&mut Scope::new("solver", v));
    }

    /// Opens the log and loads the checkpoint, where there is one. Returns the step resumed at, and the termination of a run
    /// that had already ended by itself under the same stopping rules.
    fn open(&mut self) -> Result<(Option<u64>, Option<Termination>), TrainError> {
        if self.trainer.stochastic && self.trainer.evaluate.is_some() {
            // Before a checkpoint is loaded, this is where the run began.
            self.start = vec![0.0; self.point.len()];
            self.iterate.point(&mut self.start);
        }
        let Some(store) = self.trainer.store else { return Ok((None, None)) };
        let checkpoint = store.run.checkpoint()?;
        let path = store.run.file(METRICS);
        let keep = checkpoint.as_ref().map_or(0, |c| c.header.metrics_bytes);
        let Some(checkpoint) = checkpoint else {
            self.log = Some(MetricsLog::open(&path, 0).map_err(RunDirError::io(&path))?);
            return Ok((None, None));
        };
        checkpoint.belongs_to(store.config, store.data)?;
        checkpoint.load(|v| self.visit_all(v))?;
        let log = MetricsLog::open(&path, keep).map_err(RunDirError::io(&path))?;
        self.before = log.last.seconds;
        self.last = log.last.clone();
        self.log = Some(log);
        self.saved_step = self.memory.step;
        let same_rules = checkpoint.header.stopping == self.trainer.stopping();
        let ended = checkpoint.header.termination.filter(|_| same_rules);
        let ended =
            ended.and_then(|(reason, detail)| Some(Termination { reason: Reason::from_name(&reason)?, detail }));
        Ok((Some(self.memory.step), ended))
    }

    /// The loop.
    fn steps(&mut self, fresh: bool) -> Result<Termination, TrainError> {
        if fresh {
            if !self.last_is_best() {
                self.iterate.point(&mut self.point);
                self.memory.best.begin(&mut self.point);
            }
            if self.trainer.evaluate.is_some() {
                let info = StepInfo::default();
                if let Some(end) = self.look(&info, true)? {
                    return Ok(end);
                }
            }
        }
        loop {
            let step = self.memory.step;
            let (budget, cadence) = (self.trainer.budget, self.trainer.cadence);
            if let Some(end) = budget.reached(&cadence, step, self.iterate.counts(), self.seconds()) {
                return Ok(end);
            }
            if self.trainer.interrupt.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
                let detail = format!("asked to stop after step {step}");
                return Ok(Termination::new(Reason::Interrupted, detail));
            }
            self.iterate.limit(budget.last_step(&cadence).min(cadence.boundary(step)));
            let info = match self.iterate.step() {
                Ok(info) => info,
                Err(Stop::Terminated(end)) => {
                    return Ok(match &self.precision {
                        Some(precision) => precision.judge(end),
                        None => end,
                    });
                }
                Err(Stop::NonFinite { step, cause }) => return Ok(self.diverged(step, &cause)),
            };
            if let Some(value) = info.value.filter(|v| !v.is_finite()) {
                return Ok(self.diverged(info.step, &NonFinite::Objective { value }));
            }
            if let Some(end) = self.look(&info, false)? {
                return Ok(end);
            }
            self.checkpoint_if_due()?;
        }
    }

    /// Looks at the point after a step: scores, monitors, the best, the record.
    fn look(&mut self, info: &StepInfo, first: bool) -> Result<Option<Termination>, TrainError> {
        let cadence = self.trainer.cadence;
        let memory = &mut self.memory;
        memory.step = info.step;
        if let Some(lr) = info.lr {
            memory.lr = lr;
        }
        if let Some(value) = info.value {
            memory.value_sum += value * (info.step - memory.valued) as f64;
            memory.value_steps += info.step - memory.valued;
            memory.valued = info.step;
        }
        // A call of many updates that was cut by a budget reports no value; looking waits for the whole call.
        if !first && self.trainer.stochastic && info.value.is_none() {
            self.show(info, false);
            return Ok(None);
        }
        let recording = first || cadence.records(memory.recorded, info.step);
        let evaluating = first || cadence.evaluates(memory.evaluated, info.step);
        let value = match self.trainer.stochastic {
            true if recording => memory.take_mean(),
            true => None,
            false => info.value,
        };
        let scores = if evaluating { self.score(info.step) } else { Ok(None) };
        let scores = match scores {
            Ok(scores) => scores,
            Err(end) => return Ok(Some(end)),
        };
        let mut seen = Observation::new(info, value, scores.as_ref(), &mut *self.iterate);
        let mut end = None;
        let mut actions = Vec::new();
        for monitor in &mut self.trainer.monitors {
            match monitor.observe(&mut seen) {
                Flow::Continue => {}
                Flow::Do(action) => actions.push(action),
                Flow::Stop(termination) => {
                    end = Some(termination);
                    break;
                }
            }
        }
        let gap = seen.into_certificate().and_then(|c| c.relative()).or(info.gap.filter(|gap| gap.is_finite()));
        let diverged = end.as_ref().is_some_and(|e| e.reason == Reason::Diverged);
        if !diverged && let Some(end) = self.keep_best(info, value, scores.as_ref()) {
            return Ok(Some(end));
        }
        if end.is_none()
            && !first
            && let Some(precision) = &mut self.precision
        {
            let (iterate, point) = (&*self.iterate, &mut self.point);
            end = precision.observe(info, || {
                iterate.point(point);
                point.iter().map(|v| v * v).sum::<f64>().sqrt()
            });
        }
        let action = self.act(actions);
        if recording || action.is_some() || gap.is_some() && info.gap.is_none() {
            self.record(info, value, scores, gap, action)?;
        } else {
            self.show(info, false);
        }
        Ok(end)
    }

    /// Whether points after the first one are scored, so that the losses of batches need not stand for the objective.
    fn scores_regularly(&self) -> bool {
        self.trainer.evaluate.is_some() && self.trainer.cadence.evaluate != Some(u64::MAX)
    }

    /// The scores at the current point, after making sure that it is finite.
    fn score(&mut self, step: u64) -> Result<Option<Scores>, Termination> {
        let Some(evaluate) = self.trainer.evaluate.as_mut() else { return Ok(None) };
        self.memory.evaluated = step;
        self.iterate.point(&mut self.point);
        if let Some(i) = first_non_finite(&self.point) {
            let (element, value) = (self.iterate.layout().describe(i), self.point[i]);
            return Err(self.diverged(step, &NonFinite::Parameter { element, value }));
        }
        Ok(Some(evaluate(&self.point)))
    }

    /// Whether the last point is always the best one, so that none is kept: asking for it can cost as much as a step's product.
    fn last_is_best(&self) -> bool {
        self.trainer.watch.is_none() && !self.trainer.stochastic && self.iterate.descends()
    }

    /// Keeps the point if it is the best so far; or, where values are told late, the point that has got its value now.
    fn keep_best(&mut self, info: &StepInfo, value: Option<f64>, scores: Option<&Scores>) -> Option<Termination> {
        let watched = self.trainer.watch.as_ref();
        let cost = match (watched, scores) {
            (Some(watch), Some(scores)) => watch.cost(scores),
            (Some(_), None) => None,
            (None, Some(scores)) if self.trainer.stochastic => scores.objective,
            (None, None) if self.trainer.stochastic => {
                return value
                    .filter(|_| !self.scores_regularly())
                    .and_then(|value| self.keep_waiting(info.step, value));
            }
            (None, _) => value.or(scores.and_then(|s| s.objective)),
        };
        let cost = cost.filter(|&c| self.memory.best.is_beaten_by(c) && !self.last_is_best())?;
        self.iterate.point(&mut self.point);
        if let Some(i) = first_non_finite(&self.point) {
            let (element, value) = (self.iterate.layout().describe(i), self.point[i]);
            return Some(self.diverged(info.step, &NonFinite::Parameter { element, value }));
        }
        self.memory.best.keep(cost, info.step, &mut self.point);
        None
    }

    /// Judges the point of the last record by `value`, the mean loss of the batches since then, and lets the current one wait.
    fn keep_waiting(&mut self, step: u64, value: f64) -> Option<Termination> {
        self.memory.best.judge_waiting(value);
        self.iterate.point(&mut self.point);
        if let Some(i) = first_non_finite(&self.point) {
            let (element, value) = (self.iterate.layout().describe(i), self.point[i]);
            return Some(self.diverged(step, &NonFinite::Parameter { element, value }));
        }
        self.memory.best.wait(step, &self.point);
        None
    }

    /// Carries out actions and describes them for the record.
    fn act(&mut self, actions: Vec<Action>) -> Option<String> {
        let mut done = Vec::new();
        for Action::ScaleLr { factor, why } in actions {
            let what = if self.iterate.scale_lr(factor) {
                format!("learning rate times {factor}: {why}")
            } else {
                format!("learning rate left alone, since this solver chooses its own step size: {why}")
            };
            done.push(what);
        }
        (!done.is_empty()).then(|| done.join("; "))
    }

    fn record(
        &mut self,
        info: &StepInfo,
        value: Option<f64>,
        scores: Option<Scores>,
        gap: Option<f64>,
        action: Option<String>,
    ) -> Result<(), TrainError> {
        let scores = scores.unwrap_or_default();
        self.memory.recorded = info.step;
        self.last = Record {
            step: info.step,
            epoch: self.trainer.cadence.epoch(info.step),
            objective: scores.objective.or(value),
            loss: scores.loss,
            grad_norm: info.grad_norm,
            lr: info.lr,
            step_norm: info.step_norm,
            gap,
            train: scores.train,
            valid: scores.valid,
            action,
            seconds: self.seconds(),
        };
        self.write_log(|log, record| log.append(record))?;
        self.show(info, true);
        Ok(())
    }

    fn write_log<R: Default>(
        &mut self,
        what: impl FnOnce(&mut MetricsLog, &Record) -> std::io::Result<R>,
    ) -> Result<R, TrainError> {
        let (Some(log), Some(store)) = (self.log.as_mut(), self.trainer.store) else { return Ok(R::default()) };
        let path = store.run.file(METRICS);
        Ok(what(log, &self.last).map_err(RunDirError::io(&path))?)
    }

    fn show(&mut self, info: &StepInfo, recorded: bool) {
        const EVERY: Duration = Duration::from_millis(50);
        let Some(show) = self.trainer.progress.as_mut() else { return };
        let now = Instant::now();
        if !recorded && self.shown_at.is_some_and(|t| now.duration_since(t) < EVERY) {
            return;
        }
        self.shown_at = Some(now);
        let last_step = self.trainer.budget.last_step(&self.trainer.cadence);
        show(&Progress {
            info,
            epoch: self.trainer.cadence.epoch(info.step),
            seconds: self.before + now.duration_since(self.begun).as_secs_f64(),
            last_step: (last_step < u64::MAX).then_some(last_step),
            record: recorded.then_some(&self.last),
        });
    }

    fn diverged(&self, step: u64, cause: &NonFinite) -> Termination {
        let cause = cause.clone().in_rows(self.trainer.rows.unwrap_or(&[]));
        let remedy = match self.memory.lr {
            lr if lr > 0.0 => {
                format!("; if the data are right, the learning rate {lr} is too high: try {}", one_digit(lr / 10.0))
            }
            _ => "; look for extreme values in the data, and standardize the features".into(),
        };
        Termination::new(Reason::Diverged, format!("at step {step} {cause}{remedy}"))
    }

    fn checkpoint_if_due(&mut self) -> Result<(), TrainError> {
        if self.trainer.store.is_none() {
            return Ok(());
        }
        let (cadence, step) = (self.trainer.cadence, self.memory.step);
        let by_steps = cadence.checkpoint_steps.is_some_and(|n| self.saved_step / n.max(1) < step / n.max(1));
        let by_time = cadence.checkpoint_seconds.is_some_and(|s| self.saved_at.elapsed().as_secs_f64() >= s);
        if by_steps || by_time { self.checkpoint(None) } else { Ok(()) }
    }

    fn checkpoint(&mut self, termination: Option<&Termination>) -> Result<(), TrainError> {
        let Some(store) = self.trainer.store else { return Ok(()) };
        let begun = Instant::now();
        let metrics_bytes = self.write_log(|log, _| log.sync())?;
        let mut saver = std::mem::replace(&mut self.saver, Saver::new());
        saver.clear();
        self.visit_all(&mut saver);
        self.saver = saver;
        let header = CheckpointHeader {
            config: store.config.into(),
            data: store.data.into(),
            step: self.memory.step,
            metrics_bytes,
            termination: termination.map(|t| (t.reason.name().into(), t.detail.clone())),
            stopping: if termination.is_some() { self.trainer.stopping() } else { String::new() },
        };
        self.saver.write(&store.run.file(CHECKPOINT), &header)?;
        (self.saved_at, self.saved_step) = (Instant::now(), self.memory.step);
        self.aside += begun.elapsed();
        Ok(())
    }

    /// The checkpoint of the end, the last record behind it, and what is given back.
    ///
    /// The last record is not in the checkpoint's account, so that a run resumed with a larger budget has the records it would
    /// have had without the pause.
    fn finish(mut self, mut termination: Termination, resumed_at: Option<u64>) -> Result<Outcome, TrainError> {
        let (aside, begun) = (self.aside, Instant::now());
        let by_budget = [Reason::Completed, Reason::MaxEvals, Reason::MaxSeconds, Reason::Interrupted];
        let by_budget = by_budget.contains(&termination.reason);
        self.iterate.point(&mut self.point);
        if let Some(i) = first_non_finite(&self.point) {
            let (element, value) = (self.iterate.layout().describe(i), self.point[i]);
            termination = self.diverged(self.memory.step, &NonFinite::Parameter { element, value });
        }
        self.checkpoint((!by_budget).then_some(&termination))?;
        let diverged = termination.reason == Reason::Diverged;
        let interrupted = termination.reason == Reason::Interrupted;
        let step = self.memory.step;
        let unscored = self.scores_regularly() && self.memory.evaluated != step;
        if !interrupted && !diverged && (self.memory.recorded != step || unscored) {
            self.last_look()?;
        }
        let restore =
            self.memory.best.is_kept() && (diverged || self.trainer.restore_best && self.memory.best.step != step);
        let mut point_step = step;
        if diverged
            && self.trainer.watch.is_none()
            && !self.start.is_empty()
            && let Some(evaluate) = self.trainer.evaluate.as_mut()
        {
            self.memory.best.settle(&self.start, |point| evaluate(point).objective);
        }
        if restore {
            self.point.copy_from_slice(&self.memory.best.point);
            point_step = self.memory.best.step;
        }
        let certificate = if restore {
            Certificate::none(format!("the parameters given back are those of step {point_step}, not of the last step"))
        } else if interrupted {
            Certificate::none("the run was interrupted")
        } else {
            self.iterate.certificate()
        };
        self.write_log(|log, _| log.sync())?;
        Ok(Outcome {
            termination,
            certificate,
            point_step,
            step,
            epoch: self.trainer.cadence.epoch(step),
            evaluations: self.iterate.counts(),
            seconds: self.seconds(),
            aside: (aside + begun.elapsed()).as_secs_f64(),
            resumed_at,
            last: self.last,
            point: self.point,
        })
    }

    /// Scores and record of the last step, where it had none.
    fn last_look(&mut self) -> Result<(), TrainError> {
        let step = self.memory.step;
        let lr = (self.memory.lr > 0.0).then_some(self.memory.lr);
        let info = StepInfo { step, lr, ..StepInfo::default() };
        let Ok(scores) = self.score(step) else { return Ok(()) };
        let mean = self.memory.take_mean();
        if let Some(scores) = &scores {
            self.keep_best(&info, mean, Some(scores));
            self.iterate.point(&mut self.point);
        }
        self.record(&info, mean, scores, None, None)
    }
}
