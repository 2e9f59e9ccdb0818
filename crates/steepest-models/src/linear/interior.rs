//! Interior-point method for losses without curvature: hinge and quantile, with any penalty or none.
//!
//! An L1 penalty is a loss of the same kind on the weights themselves, λ₁|wⱼ| = max over |vⱼ| ≤ λ₁ of −vⱼwⱼ up to sign, so that the
//! dual values are those of the rows, uᵢ = pᵢaᵢ, followed by those of the weights, all in boxes. The conditions of optimality are
//!
//! λ₂w = Xᵀu + v,   Σuᵢ = 0 with an intercept,   Xw + b − c = s − t for rows and w = s − t for weights,   cᵢ = yᵢ − oᵢ,
//!
//! (u − low)s = 0,   (high − u)t = 0,   s, t ≥ 0. Each step solves them, perturbed, once to predict and once to correct
//! (S. Mehrotra, “On the implementation of a primal-dual interior point method”, SIAM J. Optim. 2(4), 1992,
//! doi:10.1137/0802028). The system is reduced to one of d + 1 unknowns (M. C. Ferris and T. S. Munson, “Interior-point methods
//! for massive support vector machines”, SIAM J. Optim. 13(3), 2002, doi:10.1137/S1052623400374379): the change of (w, b) solves
//! (λ₂I + XᵀΘ⁻¹X + Θᵥ⁻¹) Δw = …, the matrix a Newton step would have. About 20 steps whatever the data, each O(n·d²/2) dense or
//! O(Σ stored(row)²/2) sparse, and O(d³/3).
//!
//! With an L1 penalty a weight counts as zero where λ₁|w| is small against the distance of its dual value from the bounds, in
//! units of λ₁, times the geometric mean of the complementarity left and the objective at zero: at the minimum either w is
//! zero or the distance, and of the products of w and distance that the method keeps alike this separates the two kinds.

mod system;

use steepest_core::{
    Certificate, Evaluations, Iterate, Layout, NonFinite, Reason, StateVisitor, StepInfo, Stop, Termination, tree_sum,
};

use super::certificate::{certify_product, objective, value_at_zero};
use super::kernels::{LANES, lane_sum, margins, multiply, multiply_transposed_single};
use super::loss::{Loss, ScalarLoss, with_loss};
use super::objective::HESSIAN_LIMIT;
use super::problem::LinearProblem;

/// A step goes this far towards the nearest bound.
const TO_BOUND: f64 = 0.995;

/// The interior-point method bound to a problem.
#[derive(Debug)]
pub struct InteriorPoint<'p> {
    problem: &'p LinearProblem,
    layout: Layout,
    zero: f64,
    low: Vec<f64>,
    high: Vec<f64>,
    c: Vec<f64>,
    /// Dual values of the rows and, with an L1 penalty, of the weights; the multipliers of their lower and upper bounds.
    u: Vec<f64>,
    s: Vec<f64>,
    t: Vec<f64>,
    /// w and b, laid out as the problem says.
    x: Vec<f64>,
    steps: u64,
    counts: Evaluations,
    certificate: Option<Certificate>,
    /// Whether the products in `work` are those of the current point.
    fresh: bool,
    work: Work,
}

/// Scratch of a step.
#[derive(Debug, Default)]
struct Work {
    /// Xw + b, then w where the weights have dual values; and Xᵀu over the rows.
    z: Vec<f64>,
    pull: Vec<f64>,
    /// 1/θᵢ, θ = s/(u − l) + t/(h − u).
    d: Vec<f64>,
    rho: Vec<f64>,
    du: Vec<f64>,
    ds: Vec<f64>,
    dt: Vec<f64>,
    gram: Vec<f64>,
    system: Vec<f64>,
    rhs: Vec<f64>,
    /// XᵀΘ⁻¹1.
    border: Vec<f64>,
}

impl<'p> InteriorPoint<'p> {
    /// Why this method cannot solve the problem; `None` when it can.
    pub fn refuses(problem: &LinearProblem) -> Option<String> {
        if !matches!(problem.loss, Loss::Hinge | Loss::Quantile(_)) {
            return Some(format!(
                "interior is for hinge and quantile loss, and {} has curvature; try newton",
                problem.loss.name()
            ));
        }
        if problem.parameters() > HESSIAN_LIMIT {
            return Some(format!(
                "interior solves systems of {} unknowns in each step; above {HESSIAN_LIMIT} try dual-cd",
                problem.parameters()
            ));
        }
        None
    }

    /// Starts at zero and in the middle of the box; or at `start`, with dual values that are complementary to it up to a
    /// hundredth of the objective there.
    pub fn new(problem: &'p LinearProblem, start: Option<Vec<f64>>) -> InteriorPoint<'p> {
        let n = problem.rows();
        let total = problem.total_weight();
        let p = |i: usize| problem.weights.as_ref().map_or(1.0, |w| w[i]) / total;
        let (mut low, mut high) = (vec![0.0; n], vec![0.0; n]);
        with_loss!(problem.loss, l => for i in 0..n {
            let (a, b) = l.dual_domain(problem.target[i]);
            (low[i], high[i]) = (p(i) * a, p(i) * b);
        });
        let mut c: Vec<f64> =
            (0..n).map(|i| problem.target[i] - problem.offset.as_ref().map_or(0.0, |o| o[i])).collect();
        let all = n + if problem.l1 > 0.0 { problem.features() } else { 0 };
        low.resize(all, -problem.l1);
        high.resize(all, problem.l1);
        c.resize(all, 0.0);
        let u: Vec<f64> = low.iter().zip(&high).map(|(l, h)| 0.5 * (l + h)).collect();
        let mut run = InteriorPoint {
            layout: problem.layout(),
            zero: value_at_zero(problem),
            s: vec![0.0; all],
            t: vec![0.0; all],
            x: start.clone().unwrap_or_else(|| vec![0.0; problem.parameters()]),
            steps: 0,
            counts: Evaluations::default(),
            certificate: None,
            fresh: false,
            work: Work::default(),
            problem,
            low,
            high,
            c,
            u,
        };
        run.margins_without_offset();
        let mu = run.zero.abs().max(f64::MIN_POSITIVE) / (200.0 * all.max(1) as f64);
        for i in 0..all {
            let r = run.work.z[i] - run.c[i];
            (run.s[i], run.t[i]) = (r.max(0.0) + 1.0, (-r).max(0.0) + 1.0);
            if start.is_some() && run.is_free(i) {
                let width = run.high[i] - run.low[i];
                let (above, below) = complementary(r, width, mu);
                run.u[i] = run.low[i] + above;
                (run.s[i], run.t[i]) = (mu / above, mu / below);
            }
        }
        run
    }

    /// The products that a step needs, at the current point.
    fn refresh(&mut self) {
        if !self.fresh {
            self.margins_without_offset();
            let n = self.problem.rows();
            self.work.pull.resize(self.problem.features(), 0.0);
            multiply_transposed_single(self.problem, &self.u[..n], &mut self.work.pull);
            self.fresh = true;
        }
    }

    /// Xᵀu + v − λ₂w.
    fn lack(&self) -> Vec<f64> {
        let n = self.problem.rows();
        let mut lack = self.work.pull.clone();
        lack.iter_mut().zip(&self.u[n..]).for_each(|(p, v)| *p += v);
        lack.iter_mut().zip(&self.x).for_each(|(p, w)| *p -= self.problem.l2 * w);
        lack
    }

    /// Xw + b, followed by w where the weights have dual values.
    fn margins_without_offset(&mut self) {
        let (d, n) = (self.problem.features(), self.problem.rows());
        self.work.z.resize(self.u.len(), 0.0);
        let (rows, weights) = self.work.z.split_at_mut(n);
        multiply(&self.problem.matrix, &self.x[..d], 1, rows);
        if let Some(&b) = self.x.get(d) {
            rows.iter_mut().for_each(|z| *z += b);
        }
        weights.iter_mut().zip(&self.x).for_each(|(z, w)| *z = *w);
    }

    /// The parameters with weights at zero that tend there.
    fn rounded(&self) -> Vec<f64> {
        let (d, n) = (self.problem.features(), self.problem.rows());
        let mut x = self.x.clone();
        if self.problem.l1 > 0.0 {
            let scale = (self.mu(None).max(0.0) * self.zero.abs()).sqrt();
            for (j, w) in x[..d].iter_mut().enumerate() {
                let distance =
                    (self.u[n + j] - self.low[n + j]).min(self.high[n + j] - self.u[n + j]) / self.problem.l1;
                if w.abs() * self.problem.l1 <= distance * scale {
                    *w = 0.0;
                }
            }
        }
        x
    }

    /// The parameters to give back and their margins.
    fn answer(&self) -> (Vec<f64>, Vec<f64>) {
        let x = self.rounded();
        let mut z = vec![0.0; self.problem.rows()];
        if self.problem.l1 > 0.0 {
            margins(self.problem, &x, &mut z);
        } else {
            z.copy_from_slice(&self.work.z[..self.problem.rows()]);
            if let Some(offset) = &self.problem.offset {
                z.iter_mut().zip(offset).for_each(|(z, o)| *z += o);
            }
        }
        (x, z)
    }

    /// Whether row i can move at all: a row of weight 0 cannot.
    fn is_free(&self, i: usize) -> bool {
        self.high[i] > self.low[i]
    }

    /// The mean of the complementarity products, and how many there are.
    fn mu(&self, du: Option<(f64, f64)>) -> f64 {
        let w = &self.work;
        let (au, am) = du.unwrap_or((0.0, 0.0));
        let (mut sums, mut free) = ([0.0; LANES], 0);
        for i in 0..self.u.len() {
            let (du, ds, dt) = if du.is_some() { (au * w.du[i], am * w.ds[i], am * w.dt[i]) } else { (0.0, 0.0, 0.0) };
            let product =
                (self.u[i] + du - self.low[i]) * (self.s[i] + ds) + (self.high[i] - self.u[i] - du) * (self.t[i] + dt);
            if self.is_free(i) {
                sums[i % LANES] += product;
                free += 1;
            }
        }
        lane_sum(sums) / (2 * free).max(1) as f64
    }

    /// The longest steps in u and in its multipliers that keep everything inside.
    fn longest(&self) -> (f64, f64) {
        let w = &self.work;
        // The largest change relative to the room, in lanes; rows that cannot move give NaN, which no comparison takes.
        let (mut primal, mut dual) = ([TO_BOUND; LANES], [TO_BOUND; LANES]);
        let whole = self.u.len() - self.u.len() % LANES;
        let larger = |most: &mut f64, v: f64| *most = if v > *most { v } else { *most };
        let mut look = |i: usize, l: usize| {
            larger(&mut primal[l], w.du[i] / (self.low[i] - self.u[i]));
            larger(&mut primal[l], w.du[i] / (self.high[i] - self.u[i]));
            larger(&mut dual[l], -w.ds[i] / self.s[i]);
            larger(&mut dual[l], -w.dt[i] / self.t[i]);
        };
        for start in (0..whole).step_by(LANES) {
            for l in 0..LANES {
                look(start + l, l);
            }
        }
        (whole..self.u.len()).for_each(|i| look(i, 0));
        let length = |most: [f64; LANES]| TO_BOUND / most.into_iter().fold(TO_BOUND, f64::max);
        (length(primal), length(dual))
    }

    fn stop(&self, reason: Reason, detail: &str) -> Stop {
        Stop::Terminated(Termination::new(reason, format!("step {}: {detail}", self.steps + 1)))
    }
}

/// Where in a box of this width a dual value is complementary to the residual r up to μ: the distances g and h from the lower and
/// the upper bound with g + h = width and μ/g − μ/h = r.
fn complementary(r: f64, width: f64, mu: f64) -> (f64, f64) {
    let root = ((r * width) * (r * width) + 4.0 * mu * mu).sqrt();
    let near = |r: f64| 2.0 * mu * width / (r * width + 2.0 * mu + root);
    // The smaller distance without cancellation, the other one from it.
    if r > 0.0 {
        let above = near(r);
        (above, width - above)
    } else {
        let below = near(-r);
        (width - below, below)
    }
}

impl Iterate for InteriorPoint<'_> {
    fn step(&mut self) -> Result<StepInfo, Stop> {
        self.refresh();
        let Some(factor) = self.factor() else {
            return Err(self.stop(Reason::Stalled, "the system of the step is singular to working precision"));
        };
        let mu = self.mu(None);
        if mu * (2 * self.u.len()) as f64 <= 4.0 * f64::EPSILON * self.zero.abs() {
            return Err(self.stop(Reason::GradientNorm, &format!("the optimality conditions hold up to {mu:.1e}")));
        }
        let lack = self.lack();
        self.direction(&factor, &lack, 0.0, false);
        let (primal, dual) = self.longest();
        let length = primal.min(dual);
        let predicted = self.mu(Some((length, length)));
        let centring = (predicted / mu).powi(3).min(1.0);
        let dx = self.direction(&factor, &lack, centring * mu, true);
        let (primal, dual) = self.longest();
        // One length for both, since the quadratic couples them.
        let length = primal.min(dual);
        if length.is_nan() || length <= 1e-10 || dx.iter().any(|v| !v.is_finite()) {
            return Err(self.stop(Reason::Stalled, "no step inside the bounds improves the point in working precision"));
        }
        let w = &self.work;
        for i in 0..self.u.len() {
            self.u[i] += length * w.du[i];
            self.s[i] += length * w.ds[i];
            self.t[i] += length * w.dt[i];
        }
        self.x.iter_mut().zip(&dx).for_each(|(x, dx)| *x += length * dx);
        self.steps += 1;
        self.counts.hessian += 1;
        self.counts.gradient += 2;
        self.counts.value += 1;
        self.counts.rows += 4 * self.problem.rows() as u64;
        self.certificate = None;
        self.fresh = false;
        self.refresh();
        let (x, z) = self.answer();
        let value = objective(self.problem, &x, &z);
        if !value.is_finite() {
            return Err(Stop::NonFinite { step: self.steps, cause: NonFinite::Objective { value } });
        }
        let gap = self.certificate().relative();
        let step_norm = tree_sum(&dx.iter().map(|v| (length * v) * (length * v)).collect::<Vec<_>>()).sqrt();
        Ok(StepInfo {
            step: self.steps,
            value: Some(value),
            lr: Some(length),
            step_norm: Some(step_norm),
            gap,
            ..StepInfo::default()
        })
    }

    fn point(&self, out: &mut [f64]) {
        out.copy_from_slice(&self.rounded());
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn certificate(&mut self) -> Certificate {
        if let Some(known) = &self.certificate {
            return known.clone();
        }
        let total = self.problem.total_weight();
        let weight = |i: usize| self.problem.weights.as_ref().map_or(1.0, |w| w[i]) / total;
        let dual = |i: usize| if self.is_free(i) { self.u[i] / weight(i) } else { 0.0 };
        let mut dual: Vec<f64> = (0..self.problem.rows()).map(dual).collect();
        self.refresh();
        let (x, z) = self.answer();
        let found = certify_product(self.problem, &x, &z, &mut dual, Some(&self.work.pull), self.zero);
        self.certificate = Some(found.clone());
        found
    }

    fn counts(&self) -> Evaluations {
        self.counts
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("dual", &mut self.u);
        state.f64s("lower_multiplier", &mut self.s);
        state.f64s("upper_multiplier", &mut self.t);
        state.f64s("x", &mut self.x);
        state.int("steps", &mut self.steps);
        state.int("evaluations.value", &mut self.counts.value);
        state.int("evaluations.gradient", &mut self.counts.gradient);
        state.int("evaluations.hessian", &mut self.counts.hessian);
        state.int("evaluations.rows", &mut self.counts.rows);
        self.certificate = None;
        self.fresh = false;
    }
}
