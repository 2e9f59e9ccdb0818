//! Learning block by block: the first rows decide how all are encoded, then each row is predicted and learned.

use std::time::Instant;

use steepest_core::{NonFinite, StateVisitor};
use steepest_data::read::Input;
use steepest_data::{Encoder, Matrix, Sparse, SparseEncoder, Standardize, Target, Values};
use steepest_models::linear::{LinearProblem, Loss};
use steepest_models::online::{Mark, OnlineLearner, OnlineRule, OnlineSpec, Progress, Row};
use steepest_train::Scope;

use super::OnlineArgs;
use super::kept::{Kept, MOST_KEPT};
use super::predictions::PredictionFile;
use crate::failure::Failure;
use crate::model::{LinearModel, ModelHeader, choose_loss, loss_text};
use crate::options::{Amount, FitOptions, Intercept, ReadingOptions};
use crate::prepare::{Part, apply, prepare, refuse_dimension};
use crate::say::{Say, count, number};
use crate::tell;

/// The first mark that is told.
const FIRST_TOLD: u64 = 128;

/// How blocks become rows.
pub(super) enum Encoding {
    /// By what the first rows said.
    Table(Encoder),
    /// Not at all: features are numbered, and their number grows.
    Numbered { base: u32 },
}

/// A pass over the data.
pub(super) struct Learning {
    pub(super) encoding: Encoding,
    pub(super) target: Target,
    /// How its files are read.
    pub(super) reading: ReadingOptions,
    pub(super) learner: OnlineLearner,
    pub(super) rule: OnlineRule,
    pub(super) why: Option<String>,
    pub(super) loss: Loss,
    pub(super) intercept: bool,
    pub(super) progress: Progress,
    pub(super) right: u64,
    pub(super) stored: u64,
    pub(super) kept: Result<Kept, String>,
    /// Rows that were read, and those left out since they have no target.
    pub(super) read: u64,
    pub(super) unlabelled: u64,
    pub(super) seconds: f64,
    /// λ₁ and λ₂.
    pub(super) penalty: (f64, f64),
    /// Rows up to this one were learned by an earlier session: they are read again, and kept, but not learned.
    pub(super) learned_before: u64,
}

impl Learning {
    /// Decides everything on the first rows.
    pub(super) fn begin(input: &Input, args: &OnlineArgs, spec: OnlineSpec, say: &Say) -> Result<Learning, Failure> {
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
        let penalty = (args.l1.unwrap_or(0.0), args.l2.unwrap_or(0.0));
        let learner = |rule| {
            OnlineLearner::new(loss, rule, intercept)
                .with_penalty(penalty.0, penalty.1)
                .map_err(|e| Failure::input(e).at("--l1, --l2"))
        };
        let mut learning = Learning {
            encoding,
            target: prepared.target,
            reading: args.data.reading(),
            learner: learner(spec.rule)?,
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
            penalty,
            learned_before: 0,
        };
        if !spec.rate_given {
            let part = learning.encode(input.clone())?;
            let problem = LinearProblem::new(part.matrix, tell::signed(loss, &part.target), loss);
            (learning.rule, learning.why) = spec.rule.suited_to(&problem);
            learning.learner = learner(learning.rule)?;
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
    pub(super) fn block(
        &mut self,
        input: Input,
        predictions: Option<&mut PredictionFile>,
        say: &Say,
    ) -> Result<(), Failure> {
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
        let k = self.loss.outputs();
        let mut scores = vec![0.0; if predictions.is_some() { target.len() * k } else { 0 }];
        let mut passed = 0;
        for (i, &y) in target.iter().enumerate() {
            let (indices, values) = row_of(&part.matrix, i, &mut buffers);
            let weight = part.weights.as_ref().map_or(1.0, |w| w[i]);
            let offset = part.offset.as_ref().map_or(0.0, |o| o[i]);
            let row = Row { indices, values, target: y, weight, offset };
            let at = before + u64::from(part.rows[i]) + 1;
            if at <= self.learned_before {
                passed += 1;
                if let Ok(kept) = &mut self.kept {
                    kept.push(&row);
                }
                continue;
            }
            if self.loss == Loss::Poisson && y < 0.0 {
                return Err(Failure::usage(format!(
                    "--loss poisson needs counts from 0 on, and the target of row {at} is {y}"
                ))
                .with_help("choose squared, huber or quantile"));
            }
            let lost = self.learner.learn(&row).map_err(|e| self.too_large(at, e))?;
            if let Some(scores) = scores.get_mut(i * k..(i + 1) * k) {
                scores.copy_from_slice(self.learner.scores());
            }
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
        if let Some(file) = predictions.filter(|_| passed < target.len()) {
            let shape =
                LinearModel { header: self.header(None)?, loss: self.loss, weight: Vec::new(), bias: Vec::new() };
            file.append(&shape, &part, before, scores, passed)?;
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

    /// Everything that a later session needs to go on with, to the bit.
    pub(super) fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.int("read", &mut self.learned_before);
        state.int("right", &mut self.right);
        state.int("stored", &mut self.stored);
        state.number("seconds", &mut self.seconds);
        self.progress.visit(&mut Scope::new("progress", state));
        self.learner.visit(&mut Scope::new("learner", state));
    }

    pub(super) fn model(&self) -> Result<LinearModel, Failure> {
        let k = self.loss.outputs();
        let header = self.header(Some(self.learner.features()))?;
        let columns = header.encoder.cols();
        let weight =
            (0..columns).flat_map(|j| (0..k).map(move |c| (j, c))).map(|(j, c)| self.learner.weight(j, c)).collect();
        Ok(LinearModel {
            header,
            loss: self.loss,
            weight,
            bias: (0..k).map(|c| self.learner.intercept_of(c)).collect(),
        })
    }

    /// What is said of the model besides its weights. Features that are numbered are as many as were seen, or none.
    pub(super) fn header(&self, features: Option<usize>) -> Result<ModelHeader, Failure> {
        let encoder = match &self.encoding {
            Encoding::Table(encoder) => encoder.clone(),
            Encoding::Numbered { base } => Encoder::Features(unscaled(features.unwrap_or(0).max(1), *base)?),
        };
        let (l1, l2) = if let OnlineRule::Ftrl { l1, l2, .. } = self.rule { (l1, l2) } else { self.penalty };
        Ok(ModelHeader {
            model: "linear".into(),
            loss: loss_text(self.loss),
            l2,
            l1,
            intercept: self.intercept,
            data: "stream".into(),
            target: self.target.clone(),
            reading: self.reading.clone(),
            encoder,
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
