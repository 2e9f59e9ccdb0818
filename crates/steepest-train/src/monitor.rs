//! Monitors: what watches a run and may stop it or act on it.
//!
//! A monitor decides by what was observed alone, never by a clock, so that a resumed run takes the same decisions; its own
//! memory is part of the checkpoint.

use steepest_core::{Certificate, Iterate, StateVisitor, StepInfo, Termination};

use crate::metrics_log::Measures;

/// What the evaluation of a point on whole splits gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scores {
    /// Mean loss + penalty on the training rows.
    pub objective: Option<f64>,
    /// Mean loss on the training rows.
    pub loss: Option<f64>,
    /// Metrics on the training rows.
    pub train: Measures,
    /// Metrics on the validation rows.
    pub valid: Measures,
}

/// A part of the data on which metrics are computed during a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// The rows trained on.
    Train,
    /// Rows kept apart to choose by.
    Valid,
}

/// A metric that is watched: to keep the best parameters, to stop early, to lower the learning rate on a plateau.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    /// Where it is measured.
    pub split: Split,
    /// Its name in the scores.
    pub metric: String,
    /// Whether larger values are better, as for accuracy.
    pub higher_is_better: bool,
}

impl Watch {
    /// The watched value, turned so that smaller is better.
    pub fn cost(&self, scores: &Scores) -> Option<f64> {
        let measures = if self.split == Split::Train { &scores.train } else { &scores.valid };
        let value = measures.iter().find(|m| m.0 == self.metric)?.1;
        value.is_finite().then_some(if self.higher_is_better { -value } else { value })
    }

    /// The metric's own value from its cost.
    pub fn value(&self, cost: f64) -> f64 {
        if self.higher_is_better { -cost } else { cost }
    }

    /// The name for messages: `valid log_loss`.
    pub fn describe(&self) -> String {
        format!("{} {}", if self.split == Split::Train { "train" } else { "valid" }, self.metric)
    }
}

/// What a monitor sees after a step.
pub struct Observation<'a> {
    /// What the step reported.
    pub info: &'a StepInfo,
    /// The objective: that of the step, or for stochastic steps its mean since the last record, at records only.
    pub value: Option<f64>,
    /// The scores, where they were measured at this step.
    pub scores: Option<&'a Scores>,
    iterate: &'a mut dyn Iterate,
    certificate: Option<Certificate>,
}

impl<'a> Observation<'a> {
    /// What was observed of `iterate` after the step `info`.
    pub fn new(
        info: &'a StepInfo,
        value: Option<f64>,
        scores: Option<&'a Scores>,
        iterate: &'a mut dyn Iterate,
    ) -> Observation<'a> {
        Observation { info, value, scores, iterate, certificate: None }
    }

    /// What can be proved about the point. Costs about a pass over the data, once a step however many monitors ask.
    pub fn certificate(&mut self) -> &Certificate {
        let iterate = &mut *self.iterate;
        self.certificate.get_or_insert_with(|| iterate.certificate())
    }

    /// The certificate, where a monitor asked for it.
    pub(crate) fn into_certificate(self) -> Option<Certificate> {
        self.certificate
    }
}

/// What a monitor does to the run, between steps.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Multiplies the learning rate of all later steps.
    ScaleLr {
        /// The factor.
        factor: f64,
        /// Why, for the record.
        why: String,
    },
}

/// How the run goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Flow {
    /// With the next step.
    Continue,
    /// Not at all.
    Stop(Termination),
    /// With the next step, after this.
    Do(Action),
}

/// Something that watches a run.
pub trait Monitor {
    /// A short name, under which its memory is saved. Unique in a run.
    fn name(&self) -> &'static str;

    /// Its settings in one line; a resumed run that had stopped by itself goes on only if one of these lines has changed.
    fn describe(&self) -> String;

    /// Looks at a step.
    fn observe(&mut self, seen: &mut Observation<'_>) -> Flow;

    /// Shows its memory to the visitor.
    fn visit(&mut self, _state: &mut dyn StateVisitor) {}
}
