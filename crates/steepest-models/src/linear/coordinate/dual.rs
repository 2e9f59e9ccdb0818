//! Dual coordinate ascent, `dual-cd`: one row's dual value at a time, every loss of one output, any penalty or none.
//!
//! With uᵢ = pᵢaᵢ (see [`certificate`](crate::linear::certificate)) the dual point keeps w = S(Xᵀu, λ₁)/λ₂ beside it, S the soft threshold, so that
//! a step on one row costs what is stored in the row (C.-J. Hsieh and others, “A dual coordinate descent method for large-scale
//! linear SVM”, ICML 2008, doi:10.1145/1390156.1390208; S. Shalev-Shwartz and T. Zhang, “Accelerated proximal stochastic dual coordinate
//! ascent for regularized loss minimization”, arXiv:1309.2375, for L1). Rows come in a new random order in each pass, and rows whose dual value sits on a
//! bound that it is pressed against are left out until the others have settled. Where the conjugate is quadratic, the rows
//! strictly inside their bounds are also solved for together, as often as that costs no more than the passes between.
//!
//! What has no strongly convex penalty gets a proximal one: the intercept (μ/2)(b − b̄)² and, where λ₂ = 0, the weights
//! (μ/2)‖w − w̄‖². Once the rows have settled b̄ and w̄ move to the current point (R. T. Rockafellar, “Monotone operators and the
//! proximal point algorithm”, SIAM J. Control Optim. 14(5), 1976, doi:10.1137/0314056). The minimum is that of the problem as posed.
//!
//! With `replace` rows are drawn with replacement and none is left out: stochastic dual coordinate ascent, `sdca`
//! (S. Shalev-Shwartz and T. Zhang, “Stochastic dual coordinate ascent methods for regularized loss minimization”, JMLR 14,
//! 2013, arXiv:1209.1873).

mod anchors;
mod together;

use steepest_core::random::{Purpose, Stream};
use steepest_core::{
    Certificate, Evaluations, Iterate, Layout, NonFinite, Reason, StateVisitor, StepInfo, Stop, Termination,
};

use super::ascent::DualStep;
use super::quadratic::soft;
use super::rows::{RowAccess, row_squares, with_rows};
use crate::linear::certificate::{certify_dual, objective, value_at_zero};
use crate::linear::kernels::{margins, multiply_transposed_single};
use crate::linear::loss::{Loss, ScalarLoss, with_loss};
use crate::linear::problem::LinearProblem;

/// Passes of a step at most.
const PASSES: u64 = 8;
/// The rows have settled once no slope exceeds this share of the largest one when they last did.
const SETTLE: f64 = 0.2;
/// After so many passes the rows that were left out come back, settled or not.
const PATIENCE: u64 = 100;
/// Dual coordinate ascent bound to a problem.
#[derive(Debug)]
pub struct DualAscent<'p> {
    problem: &'p LinearProblem,
    layout: Layout,
    zero: f64,
    seed: u64,
    replace: bool,
    /// pᵢ and ‖xᵢ‖².
    p: Vec<f64>,
    squares: Vec<f64>,
    /// λ₂ and the weights' and the intercept's proximal penalties.
    lambda: f64,
    proximal: f64,
    bias_proximal: f64,
    /// aᵢ, and 1 for rows that take part.
    dual: Vec<f64>,
    active: Vec<u8>,
    /// Xᵀu + μw̄, from which w is soft-thresholded, and b.
    pull: Vec<f64>,
    bias: f64,
    /// w̄ and b̄, how far the margins moved with them last, and the pass after which that was.
    anchor: Vec<f64>,
    bias_anchor: f64,
    moved: f64,
    moved_at: u64,
    /// Rows at a bound with a slope beyond these are left out.
    up: f64,
    down: f64,
    /// The slope at which rows have settled; passes since all took part; passes and steps.
    target: f64,
    since: u64,
    passes: u64,
    /// The pass after which rows may be solved for together.
    face_at: u64,
    /// 1 for rows that were inside their bounds after the last step.
    inside: Vec<u8>,
    /// 1 when the anchors are to move before the next pass.
    settled: u64,
    steps: u64,
    counts: Evaluations,
    certificate: Option<Certificate>,
    order: Vec<u32>,
}

/// What one pass saw: the most the objective could still rise along a coordinate, upwards and downwards.
#[derive(Debug, Clone, Copy)]
struct Slopes {
    most: f64,
    least: f64,
}

impl<'p> DualAscent<'p> {
    /// Why this method cannot solve the problem; `None` when it can.
    pub fn refuses(problem: &LinearProblem) -> Option<String> {
        matches!(problem.loss, Loss::Softmax(_)).then(|| {
            "dual-cd moves one dual value a row, and softmax has one a class; try lbfgs, or cd with an L1 penalty"
                .into()
        })
    }

    /// Starts at dual values 0, or inside the domain where the conjugate is steep at 0; or at those that belong to the margins
    /// of the parameters `start`. `seed` names the orders of the rows.
    pub fn new(problem: &'p LinearProblem, start: Option<&[f64]>, seed: u64, replace: bool) -> Self {
        let (n, d) = (problem.rows(), problem.features());
        let total = problem.total_weight();
        let p: Vec<f64> = (0..n).map(|i| problem.weights.as_ref().map_or(1.0, |s| s[i]) / total).collect();
        let squares = row_squares(&problem.matrix);
        let typical = p.iter().zip(&squares).map(|(p, s)| p * s).sum::<f64>().max(1e-300);
        let proximal = if problem.l2 > 0.0 { 0.0 } else { (10.0 / n.max(1) as f64) * typical };
        let lambda = problem.l2 + proximal;
        let mut dual = vec![0.0; n];
        with_loss!(problem.loss, l => {
            dual.iter_mut().zip(&problem.target).zip(&p).filter(|(_, p)| **p > 0.0).for_each(|((a, &y), _)| *a = l.start(y));
        });
        let mut run = DualAscent {
            layout: problem.layout(),
            zero: value_at_zero(problem),
            seed,
            replace,
            p,
            squares,
            lambda,
            proximal,
            // The intercept as a feature of typical size would have.
            bias_proximal: if problem.intercept { lambda / typical } else { 0.0 },
            dual,
            active: vec![1; n],
            pull: vec![0.0; d],
            bias: 0.0,
            anchor: vec![0.0; if proximal > 0.0 { d } else { 0 }],
            bias_anchor: 0.0,
            moved: f64::INFINITY,
            moved_at: 0,
            up: f64::INFINITY,
            down: f64::NEG_INFINITY,
            target: f64::INFINITY,
            since: 0,
            passes: 0,
            face_at: together::FACE_PASSES,
            inside: vec![0; n],
            settled: 0,
            steps: 0,
            counts: Evaluations::default(),
            certificate: None,
            order: Vec::new(),
            problem,
        };
        if let Some(x) = start {
            run.begin(x);
        }
        run.refresh();
        run
    }

    /// Dual values and the intercept after this many passes from zero.
    pub(in crate::linear) fn warm(problem: &'p LinearProblem, seed: u64, passes: u64) -> (Vec<f64>, f64) {
        let mut run = DualAscent::new(problem, None, seed, false);
        for _ in 0..passes {
            let seen = run.pass();
            run.settle(seen);
        }
        (run.dual, run.bias)
    }

    /// The anchors at x, and aᵢ = −φ′(zᵢ), which lies in the domain; where the conjugate is steep at its border, inside.
    fn begin(&mut self, x: &[f64]) {
        let problem = self.problem;
        let mut z = vec![0.0; problem.rows()];
        margins(problem, x, &mut z);
        let steep = matches!(problem.loss, Loss::Logistic | Loss::Poisson);
        with_loss!(problem.loss, l => {
            for (i, a) in self.dual.iter_mut().enumerate().filter(|(i, _)| self.p[*i] > 0.0) {
                let y = problem.target[i];
                let found = -l.derivative(z[i], y);
                *a = if steep { found + 1e-9 * (l.start(y) - found) } else { found };
            }
        });
        let weights = self.anchor.len();
        self.anchor.copy_from_slice(&x[..weights]);
        if problem.intercept {
            self.bias_anchor = x[problem.features()];
        }
    }

    /// The pull and the intercept from the dual values, so that rounding does not pile up.
    fn refresh(&mut self) {
        let u: Vec<f64> = self.dual.iter().zip(&self.p).map(|(a, p)| a * p).collect();
        multiply_transposed_single(self.problem, &u, &mut self.pull);
        self.pull.iter_mut().zip(&self.anchor).for_each(|(t, w)| *t += self.proximal * w);
        if self.problem.intercept {
            self.bias = self.bias_anchor + steepest_core::tree_sum(&u) / self.bias_proximal;
        }
    }

    /// w and b.
    fn parameters(&self) -> Vec<f64> {
        let mut x: Vec<f64> = self.pull.iter().map(|t| soft(*t, self.problem.l1) / self.lambda).collect();
        if self.problem.intercept {
            x.push(self.bias);
        }
        x
    }

    /// The rows of the next pass.
    fn draw(&mut self) {
        let n = self.dual.len();
        self.order.clear();
        if self.replace {
            let stream = Stream::new(self.seed, Purpose::COORDINATES, self.passes);
            self.order.extend((0..n as u64).map(|k| stream.below(k, n as u64) as u32));
            return;
        }
        self.order.extend((0..n as u32).filter(|&i| self.active[i as usize] != 0 && self.p[i as usize] > 0.0));
        Stream::new(self.seed, Purpose::COORDINATES, self.passes).shuffle(&mut self.order);
    }

    /// One pass over the rows that take part.
    fn pass(&mut self) -> Slopes {
        self.draw();
        let order = std::mem::take(&mut self.order);
        let problem = self.problem;
        let slopes = with_rows!(&problem.matrix, rows => with_loss!(problem.loss, l => if problem.l1 > 0.0 {
            let t = problem.l1;
            self.sweep(rows, l, &order, move |v| soft(v, t))
        } else {
            self.sweep(rows, l, &order, |v| v)
        }));
        self.passes += 1;
        self.since += 1;
        self.counts.gradient += 1;
        self.counts.rows += order.len() as u64;
        self.order = order;
        slopes
    }

    fn sweep<R: RowAccess, L: DualStep>(
        &mut self,
        rows: R,
        loss: L,
        order: &[u32],
        map: impl Fn(f64) -> f64 + Copy,
    ) -> Slopes {
        let inverse = 1.0 / self.lambda;
        let bias_inverse = if self.problem.intercept { 1.0 / self.bias_proximal } else { 0.0 };
        let offset = self.problem.offset.as_deref();
        let mut seen = Slopes { most: f64::NEG_INFINITY, least: f64::INFINITY };
        for &row in order {
            let i = row as usize;
            let (y, p, a) = (self.problem.target[i], self.p[i], self.dual[i]);
            if p == 0.0 {
                continue;
            }
            let z = inverse * rows.dot(i, &self.pull, map) + self.bias + offset.map_or(0.0, |o| o[i]);
            let slope = loss.slope(a, y, z);
            let (low, high) = loss.dual_domain(y);
            let mut pressed = slope;
            if a <= low {
                if slope > self.up && !self.replace {
                    self.active[i] = 0;
                    continue;
                }
                pressed = slope.min(0.0);
            } else if a >= high {
                if slope < self.down && !self.replace {
                    self.active[i] = 0;
                    continue;
                }
                pressed = slope.max(0.0);
            }
            seen.most = seen.most.max(pressed);
            seen.least = seen.least.min(pressed);
            let q = p * (self.squares[i] * inverse + bias_inverse);
            if pressed == 0.0 || q == 0.0 {
                // A row without features, offset by nothing: its best dual value stands alone.
                if pressed != 0.0 {
                    self.dual[i] = loss.best(a, y, z, 1e-300).clamp(low.max(-1e300), high.min(1e300));
                }
                continue;
            }
            let new = loss.best(a, y, z, q);
            let change = new - a;
            if change != 0.0 {
                self.dual[i] = new;
                rows.add(i, p * change, &mut self.pull);
                self.bias += p * change * bias_inverse;
            }
        }
        seen
    }

    /// Looks at what a pass saw: leaves rows out, takes them back. Returns whether all rows have settled.
    fn settle(&mut self, seen: Slopes) -> bool {
        let range = seen.most.max(0.0) - seen.least.min(0.0);
        if self.target.is_infinite() {
            self.target = SETTLE * range;
        }
        let all = self.replace || self.active.iter().all(|a| *a != 0);
        if range > self.target && self.since < PATIENCE {
            self.up = if seen.most > 0.0 { seen.most } else { f64::INFINITY };
            self.down = if seen.least < 0.0 { seen.least } else { f64::NEG_INFINITY };
            return false;
        }
        let settled = all && range <= self.target;
        self.active.fill(1);
        (self.up, self.down) = (f64::INFINITY, f64::NEG_INFINITY);
        self.since = 0;
        if settled {
            self.target = SETTLE * range.min(self.target);
        }
        settled
    }

    /// The gap of parameters `x`.
    fn certify(&self, x: &[f64]) -> (Certificate, f64) {
        let mut z = vec![0.0; self.problem.rows()];
        margins(self.problem, x, &mut z);
        let mut dual = self.dual.clone();
        (certify_dual(self.problem, x, &z, &mut dual, self.zero), objective(self.problem, x, &z))
    }
}

impl Iterate for DualAscent<'_> {
    fn step(&mut self) -> Result<StepInfo, Stop> {
        let number = self.steps + 1;
        // With dual values that stay at their bounds the weights go on, as long as their anchors move.
        let bits = |run: &Self| -> Vec<u64> {
            run.dual.iter().chain(&run.pull).chain([&run.bias]).map(|a| a.to_bits()).collect()
        };
        let before = bits(self);
        self.certificate = None;
        let mut lack = 0.0;
        if std::mem::take(&mut self.settled) == 1 {
            self.move_anchors();
        }
        for _ in 0..PASSES {
            let seen = self.pass();
            lack = seen.most.max(0.0) - seen.least.min(0.0);
            if self.settle(seen) {
                self.settled = 1;
                break;
            }
        }
        if self.settled == 0 {
            self.solve_face();
        }
        self.steps = number;
        if self.pull.iter().any(|t| !t.is_finite()) || !self.bias.is_finite() {
            return Err(Stop::NonFinite { step: number, cause: NonFinite::Objective { value: f64::NAN } });
        }
        let mut info = StepInfo { step: number, grad_norm: Some(lack), ..StepInfo::default() };
        if self.settled == 1 {
            let x = self.parameters();
            let (certificate, value) = self.certify(&x);
            self.counts.value += 1;
            self.counts.rows += 2 * self.problem.rows() as u64;
            info.value = Some(value);
            info.gap = certificate.relative();
            self.certificate = Some(certificate);
            if bits(self) == before {
                return Err(Stop::Terminated(Termination::new(
                    Reason::Stalled,
                    format!("step {number}: no dual value moves any more in working precision"),
                )));
            }
        }
        Ok(info)
    }

    fn point(&self, out: &mut [f64]) {
        out.copy_from_slice(&self.parameters());
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn certificate(&mut self) -> Certificate {
        if self.certificate.is_none() {
            self.certificate = Some(self.certify(&self.parameters()).0);
        }
        self.certificate.clone().expect("it was just computed")
    }

    fn counts(&self) -> Evaluations {
        self.counts
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("dual", &mut self.dual);
        state.bytes("active", &mut self.active);
        state.f64s("pull", &mut self.pull);
        state.number("bias", &mut self.bias);
        state.f64s("anchor", &mut self.anchor);
        state.number("bias_anchor", &mut self.bias_anchor);
        state.number("anchors_moved", &mut self.moved);
        state.int("anchors_moved_at", &mut self.moved_at);
        state.number("proximal", &mut self.proximal);
        state.number("bias_proximal", &mut self.bias_proximal);
        state.number("leave_out.up", &mut self.up);
        state.number("leave_out.down", &mut self.down);
        state.number("settle_target", &mut self.target);
        state.int("passes_since_all", &mut self.since);
        state.int("passes", &mut self.passes);
        state.int("face_at", &mut self.face_at);
        state.bytes("inside", &mut self.inside);
        state.int("settled", &mut self.settled);
        state.int("steps", &mut self.steps);
        state.int("seed", &mut self.seed);
        state.int("evaluations.value", &mut self.counts.value);
        state.int("evaluations.gradient", &mut self.counts.gradient);
        state.int("evaluations.hessian", &mut self.counts.hessian);
        state.int("evaluations.rows", &mut self.counts.rows);
        self.lambda = self.problem.l2 + self.proximal;
        self.certificate = None;
    }
}
