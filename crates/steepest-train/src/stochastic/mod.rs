//! Mini-batch descent on any finite sum with any update rule.
//!
//! The objective is f(x) = Σ wᵢfᵢ(x)/Σ wᵢ + (λ₂/2)‖x_p‖² + λ₁‖x_p‖₁ with x_p the penalized tensors, those that are neither bias nor
//! norm. A batch B of b of the n rows gives the gradient (n / bW) Σ_{i∈B} wᵢ∇fᵢ(x) + λ₂x_p with W = Σ wᵢ, whose mean over all batches is
//! the gradient of f whatever the weights; a batch of all rows gives exactly that gradient, in one go or accumulated.
//!
//! A batch is cut into shards by its size alone; threads only decide who computes which shard. The order of an epoch is a function of the
//! seed and the epoch, so that a resumed run goes on in the middle of one with the right row.

mod closing;

use std::ops::Range;

use rayon::prelude::*;
use steepest_core::{
    Certificate, Evaluations, FiniteSum, Flat, GradSink, Iterate, Layout, NonFinite, Partial, Real, Reason, Role, Rows,
    Shards, StateVisitor, StepInfo, Stop, Termination, check_gradient, flat_from, flat_zeros, tree_sum,
    tree_sum_vectors,
};
use steepest_data::Order;
use steepest_optim::{CurvatureProbe, OnNonFinite, Optimizer, StepError};

use closing::Closing;

/// How λ₁‖x‖₁ enters a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum L1Rule {
    /// λ₁·sign(x) is added to the gradient: right for every update rule, but no weight becomes exactly zero.
    #[default]
    Subgradient,
    /// Soft thresholding by η·λ₁ after the step: exact zeros. Only right where the step is −η times the gradient, that is for plain
    /// gradient descent.
    Prox,
}

/// What mini-batch descent needs to know besides the sum and the rule.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchOptions {
    /// Rows of a batch; 0 for all of them.
    pub batch: usize,
    /// The most rows that are computed at a time by one worker, for models whose scratch grows with them: a larger batch is
    /// accumulated.
    pub micro_batch: usize,
    /// How the rows of an epoch are drawn.
    pub order: Order,
    /// The seed of the order.
    pub seed: u64,
    /// λ₁ ≥ 0.
    pub l1: f64,
    /// λ₂ ≥ 0.
    pub l2: f64,
    /// How λ₁ enters.
    pub l1_rule: L1Rule,
    /// Σ wᵢ over the training rows; the number of rows where all weights are 1.
    pub total_weight: f64,
}

/// Computes a certificate at a point.
pub type Certify<'s> = Box<dyn FnMut(&[f64]) -> Certificate + 's>;

/// The most gradients that are held beside each other.
const MAX_SHARDS: usize = 16;
/// Rows of a shard.
const SHARD_ROWS: usize = 64;
/// Numbers in all shards' gradients together.
const SHARD_MEMORY: usize = 1 << 24;
/// Below this many rows × parameters one thread is faster than waking others.
const PARALLEL: usize = 1 << 17;

/// What computes a shard: its index, where its gradient goes, where its sums go, its scratch.
type Shard<'a, T, W> = (((usize, &'a mut [T]), &'a mut Result<Partial, NonFinite>), &'a mut W);

/// A finite sum with an update rule.
pub struct Stochastic<'s, T: Real, S: FiniteSum<T>> {
    sum: &'s S,
    options: BatchOptions,
    optimizer: Optimizer<T>,
    certify: Option<Certify<'s>>,
    /// For rules that are fed curvature.
    probe: Option<CurvatureProbe<T>>,
    rows: usize,
    penalized: Vec<Range<usize>>,
    x: Flat<T>,
    /// The point to evaluate at, where the rule keeps another than x.
    average: Option<Flat<T>>,
    /// The shards' gradients, one behind the other; the first becomes the gradient.
    gradients: Flat<T>,
    partials: Vec<Result<Partial, NonFinite>>,
    /// The shards' losses, for their sum.
    losses: Vec<f64>,
    work: Vec<S::Work>,
    /// The rows in the order of an epoch, and which epoch that is.
    order: Vec<u32>,
    epoch: Option<u64>,
    step: u64,
    counts: Evaluations,
}

impl<'s, T: Real, S: FiniteSum<T>> Stochastic<'s, T, S> {
    /// Binds the rule to the sum, from `start` on. `certify` proves what it can at a point, where anything is known.
    ///
    /// # Errors
    /// A sum without a known number of rows, with none, or with more than 2³² of them.
    pub fn new(
        sum: &'s S,
        optimizer: Optimizer<T>,
        start: &[f64],
        options: BatchOptions,
        certify: Option<Certify<'s>>,
    ) -> Result<Self, String> {
        let rows = sum.rows().ok_or("mini-batches need data whose number of rows is known")?;
        if rows == 0 {
            return Err("there are no training rows".into());
        }
        let rows = u32::try_from(rows).map_err(|_| format!("{rows} rows are more than 2³² − 1"))? as usize;
        let layout = sum.layout();
        let batch = if options.batch == 0 { rows } else { options.batch.min(rows) };
        let shards = shards(batch, layout.len());
        let longest = (0..shards.count()).map(|i| shards.range(i).len()).max().unwrap_or(0);
        let micro = if options.micro_batch == 0 { longest } else { options.micro_batch.min(longest) };
        let unpenalized = |role: Role| matches!(role, Role::Bias | Role::Norm);
        let penalized = layout.segments().iter().filter(|s| !unpenalized(s.role)).map(|s| s.range()).collect();
        let x: Vec<T> = start.iter().map(|&v| T::from_f64(v)).collect();
        let average = optimizer.averages().then(|| flat_from(&x));
        let probe = optimizer.wants_curvature().then(|| CurvatureProbe::new(layout.len(), options.seed));
        Ok(Stochastic {
            work: (0..shards.count()).map(|_| sum.work(micro)).collect(),
            gradients: flat_zeros(shards.count() * layout.len()),
            partials: vec![Ok(Partial::default()); shards.count()],
            losses: Vec::with_capacity(shards.count()),
            options: BatchOptions { batch, micro_batch: micro, ..options },
            sum,
            // A step looks at the sum of the gradient's squares, which is finite only where all elements are.
            optimizer: optimizer.on_non_finite(OnNonFinite::Trust),
            certify,
            probe,
            rows,
            penalized,
            x: flat_from(&x),
            average,
            order: Vec::new(),
            epoch: None,
            step: 0,
            counts: Evaluations::default(),
        })
    }

    /// The number of updates in a pass over the rows.
    pub fn steps_per_epoch(&self) -> u64 {
        self.rows.div_ceil(self.options.batch) as u64
    }

    /// The positions of the current batch in the order of its epoch, which is made if it is another than that of the last step.
    fn batch(&mut self) -> Range<usize> {
        let per_epoch = self.steps_per_epoch();
        let epoch = self.step / per_epoch;
        if self.options.batch < self.rows && self.epoch != Some(epoch) {
            self.order.resize(self.rows, 0);
            self.options.order.fill(self.options.seed, epoch, &mut self.order);
            self.epoch = Some(epoch);
        }
        let start = (self.step % per_epoch) as usize * self.options.batch;
        start..(start + self.options.batch).min(self.rows)
    }

    /// Writes the gradient of loss and penalty over the batch to the front of `gradients`; returns their value and the gradient's norm.
    fn gradient(&mut self, batch: Range<usize>) -> Result<(f64, f64), NonFinite> {
        let len = self.x.len();
        let shards = shards(batch.len(), len);
        let rows = if self.options.batch < self.rows {
            Rows::Index(&self.order[batch.clone()])
        } else {
            Rows::Range { start: 0, end: self.rows as u64 }
        };
        let (sum, x, micro) = (self.sum, &self.x[..], self.options.micro_batch.max(1));
        let one = |(((i, gradient), partial), work): Shard<'_, T, S::Work>| {
            gradient.fill(T::ZERO);
            *partial = shards.range(i).step_by(micro).try_fold(Partial::default(), |so_far, from| {
                let to = (from + micro).min(shards.range(i).end);
                let p = sum.shard(x, rows.slice(from, to), work, GradSink::Dense(gradient))?;
                Ok(Partial { loss: so_far.loss + p.loss, weight: so_far.weight + p.weight })
            });
        };
        let count = shards.count();
        let gradients = &mut self.gradients[..count * len];
        let (partials, work) = (&mut self.partials[..count], &mut self.work[..count]);
        if batch.len() * len < PARALLEL || count == 1 {
            gradients.chunks_mut(len.max(1)).enumerate().zip(partials).zip(work).for_each(one);
        } else {
            gradients.par_chunks_mut(len).enumerate().zip(partials).zip(work).for_each(one);
        }
        let partials = &self.partials[..count];
        if let Some(Err(cause)) = partials.iter().find(|p| p.is_err()) {
            return Err(cause.clone());
        }
        tree_sum_vectors(&mut self.gradients[..count * len], len);
        self.losses.clear();
        self.losses.extend(partials.iter().flatten().map(|p| p.loss));
        let BatchOptions { l1, l2, l1_rule, total_weight, .. } = self.options;
        let scale = if batch.len() == self.rows {
            1.0 / total_weight
        } else {
            self.rows as f64 / (batch.len() as f64 * total_weight)
        };
        let subgradient = if l1_rule == L1Rule::Subgradient { l1 } else { 0.0 };
        let closing = Closing { scale, l2, subgradient, penalized: l1 > 0.0 || l2 > 0.0 };
        let sums = closing.over(&self.penalized, &mut self.gradients[..len], &self.x);
        let value = tree_sum(&self.losses) * scale + (0.5 * l2 * sums.squares + l1 * sums.sizes);
        Ok((value, sums.gradient.sqrt()))
    }

    /// Feeds the rule an estimate of the Hessian's diagonal on this batch, where it wants one: a second gradient near by.
    fn feed_curvature(&mut self, batch: Range<usize>) -> Result<(), Stop> {
        let next = self.step + 1;
        let Some(mut probe) = self.probe.take_if(|_| self.optimizer.wants_curvature()) else { return Ok(()) };
        let (len, rows) = (self.x.len(), batch.len() as u64);
        let (here, at) = (flat_from(&self.gradients[..len]), self.x.clone());
        self.x.copy_from_slice(probe.point(next, &at));
        let there = self.gradient(batch);
        self.x.copy_from_slice(&at);
        let given = self.optimizer.curvature(probe.estimate(&here, &self.gradients[..len]));
        self.gradients[..len].copy_from_slice(&here);
        self.probe = Some(probe);
        self.counts.gradient += 1;
        self.counts.rows += rows;
        there.map_err(|cause| Stop::NonFinite { step: next, cause })?;
        given.map_err(stop_of)
    }

    /// Soft thresholding of the penalized tensors by η·λ₁.
    fn shrink(&mut self, lr: f64) {
        let t = T::from_f64(lr * self.options.l1);
        for range in &self.penalized {
            for x in &mut self.x[range.clone()] {
                *x = if *x > t {
                    *x - t
                } else if *x < -t {
                    *x + t
                } else {
                    T::ZERO
                };
            }
        }
    }
}

fn stop_of(e: StepError) -> Stop {
    match e {
        StepError::NonFinite { step, cause } => Stop::NonFinite { step, cause },
        StepError::Length { .. } | StepError::Refused { .. } => {
            Stop::Terminated(Termination::new(Reason::Stalled, e.to_string()))
        }
    }
}

/// How a batch is cut: a function of its size and the number of parameters.
fn shards(batch: usize, len: usize) -> Shards {
    Shards::new(batch, SHARD_ROWS, (SHARD_MEMORY / len.max(1)).clamp(1, MAX_SHARDS))
}

impl<T: Real, S: FiniteSum<T>> Iterate for Stochastic<'_, T, S> {
    fn step(&mut self) -> Result<StepInfo, Stop> {
        let next = self.step + 1;
        let batch = self.batch();
        self.counts.value += 1;
        self.counts.gradient += 1;
        self.counts.rows += batch.len() as u64;
        let stop = |cause| Stop::NonFinite { step: next, cause };
        let (value, grad_norm) = self.gradient(batch.clone()).map_err(stop)?;
        if !value.is_finite() {
            return Err(stop(NonFinite::Objective { value }));
        }
        let len = self.x.len();
        if !grad_norm.is_finite() {
            check_gradient(&self.gradients[..len], self.sum.layout()).map_err(stop)?;
        }
        self.feed_curvature(batch)?;
        let info = self.optimizer.step(&mut self.x, &mut self.gradients[..len]).map_err(stop_of)?;
        if self.options.l1 > 0.0 && self.options.l1_rule == L1Rule::Prox {
            self.shrink(info.lr.unwrap_or_default());
        }
        if let Some(average) = &mut self.average {
            self.optimizer.eval_point(&self.x, average);
        }
        self.step = next;
        Ok(StepInfo { step: next, value: Some(value), grad_norm: Some(grad_norm), ..info })
    }

    fn point(&self, out: &mut [f64]) {
        let point = self.average.as_ref().unwrap_or(&self.x);
        out.iter_mut().zip(&point[..]).for_each(|(o, x)| *o = x.to_f64());
    }

    fn layout(&self) -> &Layout {
        self.sum.layout()
    }

    fn certificate(&mut self) -> Certificate {
        let mut point = vec![0.0; self.x.len()];
        self.point(&mut point);
        match &mut self.certify {
            Some(certify) => certify(&point),
            None => Certificate::none("nothing is known about the curvature of this model"),
        }
    }

    fn counts(&self) -> Evaluations {
        self.counts
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.int("step", &mut self.step);
        state.int("rows", &mut self.counts.rows);
        for segment in self.sum.layout().segments() {
            T::visit(&mut self.x[segment.range()], &format!("x/{}", segment.name), state);
            if let Some(average) = &mut self.average {
                T::visit(&mut average[segment.range()], &format!("average/{}", segment.name), state);
            }
        }
        self.optimizer.visit(&mut crate::Scope::new("rule", state));
        // Each step evaluates one value and one gradient, and another one where the rule is fed curvature.
        let probes = self.optimizer.curvature_every().map_or(0, |every| self.step.div_ceil(every));
        (self.counts.value, self.counts.gradient) = (self.step, self.step + probes);
    }

    fn scale_lr(&mut self, factor: f64) -> bool {
        let scale = self.optimizer.lr_scale() * factor;
        self.optimizer.set_lr_scale(scale);
        true
    }
}
