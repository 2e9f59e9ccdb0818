//! Primal coordinate descent, `cd`: smooth losses with an L1 penalty, alone or with an L2 penalty.
//!
//! A step models the loss by its second-order expansion at the current margins,
//!
//! minimize rᵀXΔ + ½(XΔ)ᵀD(XΔ) + (λ₂/2)‖w + Δ‖² + λ₁‖w + Δ‖₁,   rᵢ = pᵢφ′(zᵢ),  Dᵢ = pᵢφ″(zᵢ),
//!
//! over a working set of features, solves it by coordinate descent on the covariances XᵀDX, and goes towards the solution as
//! far as the objective falls enough (G.-X. Yuan, C.-H. Ho and C.-J. Lin, “An improved GLMNET for L1-regularized logistic
//! regression”, JMLR 13, 2012). The model of the squared loss is exact, so that its first step on a working set is the last,
//! but for rounding. The intercept is eliminated from the model, so that it costs no coordinate. Working sets hold the
//! features in use and those that violate their optimality condition most, and grow with the number in use (M. Massias,
//! A. Gramfort and J. Salmon, “Celer: a fast solver for the Lasso with dual extrapolation”, 2018, arXiv:1802.07481; Q. Bertrand and
//! others, “Beyond L1: faster and better sparse models with skglm”, 2022, arXiv:2204.07826).
//!
//! Where a loss has no curvature (Huber far away, squared hinge beyond the margin) Dᵢ is at least a share of the curvature of
//! a quadratic that lies above the loss. The share grows when a full step fails, and falls when it succeeds.
//!
//! For softmax a step takes the classes in turn.

use rayon::prelude::*;
use steepest_core::{
    Certificate, Evaluations, Iterate, Layout, NonFinite, Reason, StateVisitor, StepInfo, Stop, Termination,
};

use super::model::Model;
use super::quadratic::violation;
use super::working::WorkingSet;
use crate::linear::certificate::{certify, penalty, profile_intercept, value_at_zero};
use crate::linear::kernels::{column_sums, margins, multiply_transposed_single, row_losses, softmax};
use crate::linear::loss::{Loss, ScalarLoss, with_loss};
use crate::linear::problem::LinearProblem;

/// All features together are the working set up to this many.
const ALL: usize = 512;
/// Features of the first working set otherwise, and of the largest.
const FIRST: usize = 128;
const MOST: usize = 4096;
/// Passes over a working set in a step.
const PASSES: usize = 400;
/// Rows of a task.
const BLOCK: usize = 1024;
/// The share of the curvature of a majorizing quadratic at the start, and the least.
const SHARE: f64 = 1e-3;
const LEAST_SHARE: f64 = 1e-9;

/// Primal coordinate descent bound to a problem.
#[derive(Debug)]
pub struct PrimalDescent<'p> {
    problem: &'p LinearProblem,
    layout: Layout,
    zero: f64,
    /// w and b, laid out as the problem says.
    x: Vec<f64>,
    share: f64,
    steps: u64,
    counts: Evaluations,
    /// Margins, pᵢφ′ and objective at x, when `settled`.
    z: Vec<f64>,
    r: Vec<f64>,
    value: f64,
    settled: bool,
    certificate: Option<Certificate>,
    /// The last working set, with the matrix of its model where that does not depend on the point.
    cache: Option<(WorkingSet<'p>, Option<Model>)>,
    /// The gradient at x for the next step, where the end of the last one looked at it.
    ahead: Option<(Vec<f64>, f64)>,
}

impl<'p> PrimalDescent<'p> {
    /// Why this method cannot solve the problem; `None` when it can.
    pub fn refuses(problem: &LinearProblem) -> Option<String> {
        matches!(problem.loss, Loss::Hinge | Loss::Quantile(_)).then(|| {
            format!("cd needs a loss with a derivative, and {} has kinks; try interior or dual-cd", problem.loss.name())
        })
    }

    /// Starts at `start`, or at zero weights with the best intercept.
    pub fn new(problem: &'p LinearProblem, start: Option<Vec<f64>>) -> Self {
        let n = problem.rows() * problem.outputs();
        let mut x = start.unwrap_or_default();
        if x.is_empty() {
            x = vec![0.0; problem.parameters()];
            if problem.intercept && problem.outputs() == 1 {
                let mut z = vec![0.0; n];
                margins(problem, &x, &mut z);
                x[problem.features()] = profile_intercept(problem, &z);
            }
        }
        PrimalDescent {
            layout: problem.layout(),
            zero: value_at_zero(problem),
            share: SHARE,
            steps: 0,
            counts: Evaluations::default(),
            z: vec![0.0; n],
            r: vec![0.0; n],
            value: f64::NAN,
            settled: false,
            certificate: None,
            cache: None,
            ahead: None,
            problem,
            x,
        }
    }

    fn weight_len(&self) -> usize {
        self.problem.features() * self.problem.outputs()
    }

    /// Margins, derivatives and objective at x.
    fn settle(&mut self) -> Result<(), NonFinite> {
        if !self.settled {
            margins(self.problem, &self.x, &mut self.z);
            self.value = row_losses(self.problem, &self.z, &mut self.r)? + penalty(self.problem, &self.x);
            self.settled = true;
        }
        Ok(())
    }

    /// ∂P/∂w without the L1 part, and ∂P/∂b, of output `k`, counted when it is used.
    fn gradient(&mut self, k: usize) -> (Vec<f64>, f64) {
        self.counts.gradient += 1;
        self.counts.rows += self.problem.rows() as u64;
        self.ahead.take().unwrap_or_else(|| self.slopes(k))
    }

    /// How far x is from satisfying the conditions of a minimum, of the only output.
    fn lack(&mut self) -> f64 {
        let (g, slope) = self.slopes(0);
        let weights = &self.x[..self.problem.features()];
        let lack = weights.iter().zip(&g).fold(slope.abs(), |s, (w, g)| s.max(violation(*w, *g, self.problem.l1)));
        self.ahead = Some((g, slope));
        lack
    }

    fn slopes(&self, k: usize) -> (Vec<f64>, f64) {
        let outputs = self.problem.outputs();
        let mut g = vec![0.0; self.problem.features()];
        let own: Vec<f64>;
        let r = if outputs == 1 {
            &self.r
        } else {
            own = self.r.iter().skip(k).step_by(outputs).copied().collect();
            &own
        };
        multiply_transposed_single(self.problem, r, &mut g);
        let weights = self.x.iter().skip(k).step_by(outputs);
        g.iter_mut().zip(weights).for_each(|(g, w)| *g += self.problem.l2 * w);
        let mut slope = [0.0];
        if self.problem.intercept {
            column_sums(r, 1, &mut slope);
        }
        (g, slope[0])
    }

    /// The features to move for output `k`, in increasing order.
    fn select(&self, g: &[f64], k: usize) -> Vec<u32> {
        let (d, outputs) = (self.problem.features(), self.problem.outputs());
        if d <= ALL {
            return (0..d as u32).collect();
        }
        let weight = |j: usize| self.x[j * outputs + k];
        let used = (0..d).filter(|&j| weight(j) != 0.0).count();
        let room = FIRST.max(2 * used).min(MOST).min(d);
        let keep_used = used < room;
        let mut scored: Vec<(f64, u32)> = (0..d)
            .map(|j| {
                let w = weight(j);
                let lack = violation(w, g[j], self.problem.l1);
                (if keep_used && w != 0.0 { f64::INFINITY } else { lack }, j as u32)
            })
            .filter(|(s, _)| *s > 0.0)
            .collect();
        let order = |a: &(f64, u32), b: &(f64, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if scored.len() > room {
            scored.select_nth_unstable_by(room, order);
            scored.truncate(room);
        }
        let mut features: Vec<u32> = scored.into_iter().map(|(_, j)| j).collect();
        features.sort_unstable();
        features
    }

    /// pᵢφ″(zᵢ) for output `k`, not below the share of the majorizing curvature.
    fn curvatures(&self, k: usize) -> Vec<f64> {
        let (problem, share) = (self.problem, self.share);
        let (scale, outputs) = (1.0 / problem.total_weight(), problem.outputs());
        let mut d = vec![0.0; problem.rows()];
        let p = |i: usize| problem.weights.as_ref().map_or(scale, |s| s[i] * scale);
        if let Loss::Softmax(_) = problem.loss {
            d.par_iter_mut().enumerate().with_min_len(BLOCK).for_each_init(
                || vec![0.0; outputs],
                |q, (i, d)| {
                    softmax(&self.z[i * outputs..(i + 1) * outputs], q);
                    *d = p(i) * (q[k] * (1.0 - q[k])).max(0.25 * share);
                },
            );
            return d;
        }
        with_loss!(problem.loss, l => {
            d.par_iter_mut().enumerate().with_min_len(BLOCK).for_each(|(i, d)| {
                let (z, y) = (self.z[i], problem.target[i]);
                let above = match problem.loss {
                    Loss::Huber(delta) => delta / (y - z).abs().max(delta),
                    Loss::Poisson => z.exp() + y,
                    _ => l.smoothness(),
                };
                *d = p(i) * l.curvature(z, y).max(share * above);
            });
        });
        d
    }

    /// One step over the features of one output; returns what it lacked before.
    fn block(&mut self, k: usize) -> Result<(f64, f64), Stop> {
        let problem = self.problem;
        let (outputs, l1) = (problem.outputs(), problem.l1);
        let (g, slope) = self.gradient(k);
        let features = self.select(&g, k);
        let cached = self.cache.take().filter(|(set, _)| set.is(&features));
        let (set, known) = cached.unwrap_or_else(|| (WorkingSet::new(problem, features), None));
        let model = known.unwrap_or_else(|| Model::new(&set, self.curvatures(k), problem.l2, problem.intercept));

        // A matrix that is still known counts too: after a resume it is made again.
        self.counts.hessian += 1;
        self.counts.rows += problem.rows() as u64;
        let m = set.len();
        let at = |j: usize| set.feature(j) * outputs + k;
        let old: Vec<f64> = (0..m).map(|j| self.x[at(j)]).collect();
        let mut q: Vec<f64> = (0..m).map(|j| g[set.feature(j)]).collect();
        let lack = |w: &[f64], q: &[f64]| w.iter().zip(q).fold(0.0f64, |s, (w, q)| s.max(violation(*w, *q, l1)));
        let before = lack(&old, &q).max(slope.abs());
        let plain: Vec<f64> = q.clone();
        if problem.intercept {
            q.iter_mut().zip(&model.border).for_each(|(q, b)| *q -= b * (slope / model.corner));
        }
        let mut w = old.clone();
        // Solving a model finely is in vain while features outside of it lack more; near the minimum it pays at once.
        let tolerance = match problem.loss {
            Loss::Squared if m == problem.features() => 1e-15 * (1.0 + l1),
            Loss::Squared => 0.1 * before,
            _ => 1e-2 * before.min(before * before),
        };
        model.minimize(l1, &mut w, &mut q, tolerance.max(1e-16 * l1), PASSES);
        let step: Vec<f64> = w.iter().zip(&old).map(|(w, o)| w - o).collect();
        let mut bias_step = 0.0;
        if problem.intercept {
            let shift: f64 = step.iter().zip(&model.border).map(|(s, b)| s * b).sum();
            bias_step = -(slope + shift) / model.corner;
        }
        let promised = plain.iter().zip(&step).map(|(q, s)| q * s).sum::<f64>()
            + slope * bias_step
            + l1 * (w.iter().map(|w| w.abs()).sum::<f64>() - old.iter().map(|w| w.abs()).sum::<f64>());
        let length = self.search(&set, k, &old, &w, &step, bias_step, promised)?;
        let keep = if problem.loss == Loss::Squared { Some(model) } else { None };
        self.cache = Some((set, keep));
        let moved: f64 = step.iter().map(|s| s * s).sum::<f64>() + bias_step * bias_step;
        Ok((before, length * moved.sqrt()))
    }

    /// Goes from `old` towards `new` until the objective falls by enough of what the slope `promised`; 0 when it never does.
    #[allow(clippy::too_many_arguments)]
    fn search(
        &mut self,
        set: &WorkingSet<'p>,
        k: usize,
        old: &[f64],
        new: &[f64],
        step: &[f64],
        bias_step: f64,
        promised: f64,
    ) -> Result<f64, Stop> {
        let problem = self.problem;
        let (n, outputs) = (problem.rows(), problem.outputs());
        let mut along = vec![0.0; n];
        set.multiply(step, &mut along);
        let start = self.value;
        let slack = 4.0 * f64::EPSILON * start.abs();
        let bias = self.weight_len() + k;
        let old_bias = if problem.intercept { self.x[bias] } else { 0.0 };
        let (mut z, mut r) = (vec![0.0; self.z.len()], std::mem::take(&mut self.r));
        let mut length = 1.0;
        let mut accepted = 0.0;
        for _ in 0..40 {
            z.copy_from_slice(&self.z);
            z.chunks_exact_mut(outputs).zip(&along).for_each(|(z, a)| z[k] += length * (a + bias_step));
            for (j, (o, n)) in old.iter().zip(new).enumerate() {
                // A full step keeps the exact zeros.
                self.x[set.feature(j) * outputs + k] = if length == 1.0 { *n } else { o + length * (n - o) };
            }
            if problem.intercept {
                self.x[bias] = old_bias + length * bias_step;
            }
            self.counts.value += 1;
            let value = row_losses(problem, &z, &mut r).map_or(f64::INFINITY, |v| v + penalty(problem, &self.x));
            if value <= start + 1e-4 * length * promised.min(0.0) + slack {
                accepted = length;
                break;
            }
            length *= 0.5;
        }
        if accepted == 0.0 {
            old.iter().enumerate().for_each(|(j, o)| self.x[set.feature(j) * outputs + k] = *o);
            if problem.intercept {
                self.x[bias] = old_bias;
            }
        }
        self.share = if accepted == 1.0 { (self.share * 0.1).max(LEAST_SHARE) } else { (self.share * 10.0).min(1.0) };
        self.r = r;
        self.settled = false;
        self.settle().map_err(|cause| Stop::NonFinite { step: self.steps + 1, cause })?;
        Ok(accepted)
    }
}

impl Iterate for PrimalDescent<'_> {
    fn step(&mut self) -> Result<StepInfo, Stop> {
        let number = self.steps + 1;
        self.settle().map_err(|cause| Stop::NonFinite { step: number, cause })?;
        let before: Vec<u64> = self.x.iter().map(|v| v.to_bits()).collect();
        let (mut lack, mut moved, start, share) = (0.0f64, 0.0f64, self.value, self.share);
        for k in 0..self.problem.outputs() {
            let (l, m) = self.block(k)?;
            (lack, moved) = (lack.max(l), moved.hypot(m));
        }
        self.certificate = None;
        let still = self.x.iter().zip(&before).all(|(a, b)| a.to_bits() == *b);
        if still && self.share <= share {
            return Err(Stop::Terminated(Termination::new(
                Reason::Stalled,
                format!(
                    "step {number}: no coordinate moves any more in working precision; the optimality conditions hold up to {lack:.1e}"
                ),
            )));
        }
        if still && self.share >= 1.0 && share >= 1.0 {
            return Err(Stop::Terminated(Termination::new(
                Reason::Stalled,
                format!(
                    "step {number}: no step along the model lowers the objective; the optimality conditions hold up to {lack:.1e}"
                ),
            )));
        }
        self.steps = number;
        let mut info = StepInfo {
            step: number,
            value: Some(self.value),
            grad_norm: Some(lack),
            step_norm: Some(moved),
            ..StepInfo::default()
        };
        if start - self.value <= 1e-3 * self.value.abs() {
            info.gap = self.certificate().relative();
        }
        // What is told belongs to the point that is given back, not to the one before it; the next step begins with it.
        if self.problem.outputs() == 1 {
            info.grad_norm = Some(self.lack());
        }
        Ok(info)
    }

    fn point(&self, out: &mut [f64]) {
        out.copy_from_slice(&self.x);
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn certificate(&mut self) -> Certificate {
        if let Some(known) = &self.certificate {
            return known.clone();
        }
        if let Err(cause) = self.settle() {
            return Certificate::none(cause.to_string());
        }
        let found = certify(self.problem, &self.x, &self.z, self.zero);
        self.certificate = Some(found.clone());
        found
    }

    fn counts(&self) -> Evaluations {
        self.counts
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.number("curvature_share", &mut self.share);
        state.int("steps", &mut self.steps);
        state.int("evaluations.value", &mut self.counts.value);
        state.int("evaluations.gradient", &mut self.counts.gradient);
        state.int("evaluations.hessian", &mut self.counts.hessian);
        state.int("evaluations.rows", &mut self.counts.rows);
        self.settled = false;
        self.certificate = None;
        self.ahead = None;
    }
}
