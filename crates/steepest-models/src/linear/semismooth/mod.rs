//! Semismooth Newton on the augmented Lagrangian, `semismooth`: losses made of at most quadratic pieces, with an L2 penalty.
//!
//! The dual of hinge, quantile, Huber and squared hinge loss is a quadratic program over a box, φ*(−a) = (c/2)a² − ay. Where c = 0
//! a proximal term (q/2)‖a − ā‖² makes the rows' losses smooth, ψ, and the problem
//!
//! minimize over w, b: (λ₂/2)‖w‖² + Σ pᵢψᵢ(xᵢ·w + b + oᵢ)
//!
//! one for Newton's method: its curvature comes from the rows strictly inside their boxes alone, which near the end are hardly more
//! than there are weights. At its minimum ā moves to a and q shrinks. That is the proximal point algorithm on the dual (R. T.
//! Rockafellar, “Augmented Lagrangians and applications of the proximal point algorithm in convex programming”, Math. Oper. Res.
//! 1(2), 1976, doi:10.1287/moor.1.2.97), with inner steps as in X. Li, D. Sun and K.-C. Toh, “A highly efficient semismooth Newton
//! augmented Lagrangian method for solving Lasso problems”, SIAM J. Optim. 28(1), 2018, arXiv:1607.05428. The minimum is that of
//! the problem as posed, reached for any sequence of q. Where c > 0 there is nothing to smooth, q = 0.
//!
//! Two spaces hold the unknowns, whichever is smaller. The weights: a matrix over the features, and as q shrinks only the *window* of
//! rows near their kinks is looked at between passes over all rows. Or the coefficients of the rows in w = Xᵀu/λ₂: XXᵀ is made
//! once, and a step factors the part of it that belongs to the rows inside their boxes.

mod descent;
mod features;
mod kernel;
mod rows;
mod window;

use steepest_core::{
    Certificate, Evaluations, Iterate, Layout, NonFinite, Reason, StateVisitor, StepInfo, Stop, Termination, tree_sum,
};

use self::descent::{Descent, descend};
use self::kernel::RowSpace;
use self::rows::SmoothRows;
use super::certificate::{certify_product, objective, value_at_zero};
use super::coordinate::{DualAscent, row_squares};
use super::kernels::{margins, multiply_transposed_single, row_gram};
use super::loss::{Loss, ScalarLoss, with_loss};
use super::objective::HESSIAN_LIMIT;
use super::problem::LinearProblem;

/// Rows whose Gram matrix is kept, at most.
const ROW_LIMIT: usize = 4096;
/// Newton steps in a step.
const INNER: u64 = 12;
/// 1/q grows by this much, in the weights and in the coefficients of the rows; the latter's steps are dear.
const GROWTH: [f64; 2] = [4.0, 10.0];
/// Rows that may come or go when the smoothed problem counts as solved, as a share of those inside their boxes.
const CHANGING: [f64; 2] = [0.1, 0.01];
/// The largest mean of pᵢ‖xᵢ‖²/(λ₂q), and of |yᵢ|/q: beyond that rounding is larger than the smoothing.
const SHARPEST: f64 = 1e6;
/// The largest at the start: steps from afar want wide smoothing.
const FIRST_SHARPNESS: f64 = 1e3;
/// Passes of dual coordinate ascent that the coefficients of the rows begin with.
const ASCENT: u64 = 10;

/// Semismooth Newton bound to a problem.
#[derive(Debug)]
pub struct SemismoothNewton<'p> {
    problem: &'p LinearProblem,
    layout: Layout,
    zero: f64,
    p: Vec<f64>,
    bounds: Vec<(f64, f64)>,
    /// c, and the mean of pᵢ‖xᵢ‖²/λ₂.
    curvature: f64,
    reach: f64,
    /// w and b, laid out as the problem says; u where the rows' coefficients are the unknowns.
    x: Vec<f64>,
    u: Vec<f64>,
    /// ā, a, and 1/q.
    centre: Vec<f64>,
    dual: Vec<f64>,
    sharpness: f64,
    sharpest: f64,
    /// How far margins moved in the last step at most.
    moved: f64,
    steps: u64,
    counts: Evaluations,
    certificate: Option<Certificate>,
    /// The margins at x, and Xᵀpa once known; XXᵀ once made.
    z: Vec<f64>,
    pull: Vec<f64>,
    gram: Vec<f64>,
}

impl<'p> SemismoothNewton<'p> {
    /// Why this method cannot solve the problem; `None` when it can.
    pub fn refuses(problem: &LinearProblem) -> Option<String> {
        let loss = problem.loss.name();
        if !matches!(problem.loss, Loss::Hinge | Loss::Quantile(_) | Loss::SquaredHinge | Loss::Huber(_)) {
            let other = if problem.l1 > 0.0 { "cd" } else { "newton" };
            return Some(format!(
                "semismooth is for hinge, squared hinge, quantile and Huber loss, not {loss}; try {other}"
            ));
        }
        if problem.l1 > 0.0 {
            return Some(
                "semismooth takes an L2 penalty alone, and there is an L1 penalty; try dual-cd or interior".into(),
            );
        }
        if problem.l2 <= 0.0 {
            return Some("semismooth needs an L2 penalty; without one try interior or dual-cd".into());
        }
        if problem.parameters() > HESSIAN_LIMIT && problem.rows() > ROW_LIMIT {
            return Some(format!(
                "semismooth keeps a matrix over the features or over the rows; above {HESSIAN_LIMIT} of both try dual-cd"
            ));
        }
        None
    }

    /// Whether the coefficients of the rows are the unknowns.
    pub(super) fn by_rows(problem: &LinearProblem) -> bool {
        problem.rows() <= ROW_LIMIT && problem.rows() < problem.parameters()
    }

    /// Starts at zero, with a few passes of dual coordinate ascent where the rows' coefficients are the unknowns (their order
    /// from `seed`); or at `start` with the dual values that belong to the margins there.
    pub fn new(problem: &'p LinearProblem, start: Option<Vec<f64>>, seed: u64) -> Self {
        let n = problem.rows();
        let total = problem.total_weight();
        let p: Vec<f64> = (0..n).map(|i| problem.weights.as_ref().map_or(1.0, |s| s[i]) / total).collect();
        let bounds: Vec<(f64, f64)> =
            with_loss!(problem.loss, l => problem.target.iter().map(|&y| l.dual_domain(y)).collect());
        let squares = row_squares(&problem.matrix);
        let reach: Vec<f64> = p.iter().zip(&squares).map(|(p, s)| p * s / problem.l2 / n as f64).collect();
        let mut run = SemismoothNewton {
            layout: problem.layout(),
            zero: value_at_zero(problem),
            p,
            bounds,
            curvature: problem.loss.conjugate_curvature().unwrap_or(0.0),
            reach: tree_sum(&reach).max(f64::MIN_POSITIVE),
            x: vec![0.0; problem.parameters()],
            u: Vec::new(),
            centre: vec![0.0; n],
            dual: vec![0.0; n],
            sharpness: f64::INFINITY,
            sharpest: f64::INFINITY,
            moved: f64::INFINITY,
            steps: 0,
            counts: Evaluations::default(),
            certificate: None,
            z: Vec::new(),
            pull: Vec::new(),
            gram: Vec::new(),
            problem,
        };
        let started = start.is_some();
        if let Some(x) = start {
            run.x = x;
        }
        if Self::by_rows(problem) {
            run.begin_by_rows(started, seed);
        }
        run.margins();
        if run.curvature == 0.0 {
            let mean = |f: &dyn Fn(usize) -> f64| tree_sum(&(0..n).map(|i| run.p[i] * f(i)).collect::<Vec<_>>());
            let residual = mean(&|i| (problem.target[i] - run.z[i]).abs()).max(1e-3 * run.reach);
            let size = mean(&|i| problem.target[i].abs() + run.z[i].abs());
            run.sharpness = (0.5 / residual.max(f64::MIN_POSITIVE)).min(FIRST_SHARPNESS / run.reach);
            run.sharpest = (SHARPEST / size.max(run.reach)).max(run.sharpness);
        }
        run.dual = run.dual_values();
        run
    }

    /// Coefficients, and the centre, from some passes of ascent, or from the margins at x.
    fn begin_by_rows(&mut self, started: bool, seed: u64) {
        let problem = self.problem;
        if started {
            self.margins();
            with_loss!(problem.loss, l => for (i, a) in self.centre.iter_mut().enumerate() {
                *a = -l.derivative(self.z[i], problem.target[i]);
            });
        } else {
            let (dual, bias) = DualAscent::warm(problem, seed, ASCENT);
            self.centre = dual;
            if problem.intercept {
                self.x[problem.features()] = bias;
            }
            self.counts.gradient += ASCENT;
            self.counts.rows += ASCENT * problem.rows() as u64;
        }
        self.u = self.centre.iter().zip(&self.p).map(|(a, p)| a * p).collect();
        self.weights_from_coefficients();
    }

    /// w ← Xᵀu/λ₂.
    fn weights_from_coefficients(&mut self) {
        let w = &mut self.x[..self.problem.features()];
        multiply_transposed_single(self.problem, &self.u, w);
        w.iter_mut().for_each(|w| *w /= self.problem.l2);
    }

    /// The margins at x.
    fn margins(&mut self) {
        self.z.resize(self.problem.rows(), 0.0);
        margins(self.problem, &self.x, &mut self.z);
    }

    /// κ = 1/(c + q).
    fn steepness(&self) -> f64 {
        1.0 / (self.curvature + 1.0 / self.sharpness)
    }

    /// κ(yᵢ + qāᵢ − zᵢ): the dual value before it is cut to its box.
    #[inline(always)]
    fn free(&self, i: usize, steepness: f64) -> f64 {
        steepness * (self.problem.target[i] + self.centre[i] / self.sharpness - self.z[i])
    }

    /// The dual values that belong to the margins.
    fn dual_values(&self) -> Vec<f64> {
        let steepness = self.steepness();
        (0..self.z.len()).map(|i| self.free(i, steepness).max(self.bounds[i].0).min(self.bounds[i].1)).collect()
    }

    /// These rows under the smoothed loss, their weights times `share`.
    fn smooth(&self, rows: impl Iterator<Item = usize>, share: f64) -> SmoothRows {
        let mut smooth = SmoothRows::with_steepness(self.steepness());
        smooth.reserve(rows.size_hint().0);
        for i in rows {
            let top = self.problem.target[i] + self.centre[i] / self.sharpness;
            smooth.push(share * self.p[i], top, self.bounds[i], self.z[i]);
        }
        smooth
    }

    /// Xᵀpa.
    fn pull_at(&self, dual: &[f64]) -> Vec<f64> {
        let scaled: Vec<f64> = dual.iter().zip(&self.p).map(|(a, p)| a * p).collect();
        let mut pull = vec![0.0; self.problem.features()];
        multiply_transposed_single(self.problem, &scaled, &mut pull);
        pull
    }

    /// Newton steps in the coefficients of the rows.
    fn descend_by_rows(&mut self) -> (bool, bool) {
        let problem = self.problem;
        if self.gram.is_empty() {
            self.gram = row_gram(&problem.matrix, problem.columns());
        }
        let mut rows = self.smooth(0..problem.rows(), 1.0);
        let bias = self.x.get(problem.features()).copied();
        let mut space = RowSpace::new(&self.gram, problem.l2, std::mem::take(&mut self.u), bias);
        let done = descend(&mut space, &mut rows, CHANGING[1], INNER / 3);
        self.u = space.u;
        if let Some(b) = space.bias {
            self.x[problem.features()] = b;
        }
        self.count(done, rows.len());
        self.weights_from_coefficients();
        self.look();
        (done.settled, done.still)
    }

    /// Margins and dual values at a new x, and how far the margins moved.
    fn look(&mut self) {
        let before = self.z.clone();
        self.margins();
        self.moved = self.z.iter().zip(&before).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
        self.dual = self.dual_values();
        self.counts.value += 1;
        self.counts.rows += self.z.len() as u64;
    }

    fn count(&mut self, done: Descent, rows: usize) {
        self.counts.hessian += done.steps;
        self.counts.gradient += done.steps;
        self.counts.rows += 2 * done.steps * rows as u64;
    }

    /// ā ← a, and a smaller q. Whether anything changed.
    fn sharpen(&mut self) -> bool {
        if self.curvature > 0.0 {
            return false;
        }
        let next = (self.sharpness * GROWTH[usize::from(Self::by_rows(self.problem))]).min(self.sharpest);
        let sharper = next > self.sharpness;
        let moved = self.centre.iter().zip(&self.dual).any(|(a, b)| a != b);
        self.centre.copy_from_slice(&self.dual);
        self.sharpness = next;
        sharper || moved
    }
}

impl Iterate for SemismoothNewton<'_> {
    fn step(&mut self) -> Result<StepInfo, Stop> {
        let number = self.steps + 1;
        let (solved, still) =
            if Self::by_rows(self.problem) { self.descend_by_rows() } else { self.descend_by_features() };
        self.certificate = None;
        let value = objective(self.problem, &self.x, &self.z);
        if !value.is_finite() {
            return Err(Stop::NonFinite { step: number, cause: NonFinite::Objective { value } });
        }
        let gap = self.certificate().relative();
        let changed = solved && self.sharpen();
        if still && !changed {
            return Err(Stop::Terminated(Termination::new(
                Reason::Stalled,
                format!("step {number}: no Newton step lowers the objective in working precision"),
            )));
        }
        self.steps = number;
        Ok(StepInfo { step: number, value: Some(value), gap, ..StepInfo::default() })
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
        self.pull = self.pull_at(&self.dual);
        let found =
            certify_product(self.problem, &self.x, &self.z, &mut self.dual.clone(), Some(&self.pull), self.zero);
        self.certificate = Some(found.clone());
        found
    }

    fn counts(&self) -> Evaluations {
        self.counts
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.f64s("coefficients", &mut self.u);
        state.f64s("centre", &mut self.centre);
        state.f64s("dual", &mut self.dual);
        state.number("sharpness", &mut self.sharpness);
        state.number("sharpest", &mut self.sharpest);
        state.number("moved", &mut self.moved);
        state.int("steps", &mut self.steps);
        state.int("evaluations.value", &mut self.counts.value);
        state.int("evaluations.gradient", &mut self.counts.gradient);
        state.int("evaluations.hessian", &mut self.counts.hessian);
        state.int("evaluations.rows", &mut self.counts.rows);
        self.certificate = None;
        self.pull.clear();
        self.margins();
    }
}
