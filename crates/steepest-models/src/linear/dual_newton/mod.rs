//! Newton's method in the coefficients of the rows, `dual-newton`: smooth losses with an L2 penalty over many more sparse features than
//! rows.
//!
//! The minimum lies in the span of the rows, w = Xᵀu/λ₂, so that one number a row holds it. A step solves Newton's equations in u by
//! conjugate gradients whose preconditioner knows the heavy features exactly and all others' diagonal: [`system`]. That takes fewer
//! products than conjugate gradients in the weights (on 2,000 reviews 40 instead of 214, to a gap of 1e-8), and vectors are as short
//! as the rows are few. Once u is the loss's derivative, u = −pφ′, the primal and the dual problem are both solved (O. Chapelle,
//! “Training a support vector machine in the primal”, Neural Comput. 19(5), 2007, doi:10.1162/neco.2007.19.5.1155, has the
//! equations). Along a step the objective is searched until its slope is a tenth of what it was.

mod products;
mod system;

use steepest_core::{
    Certificate, Evaluations, Iterate, Layout, NonFinite, Reason, StateVisitor, StepInfo, Stop, Termination,
};
use steepest_data::Matrix;
use steepest_solvers::dot;

use self::products::{Room, RowProducts};
use self::system::{Step, System};
use super::certificate::{certify, value_at_zero};
use super::kernels::{margins, multiply_transposed_single, row_curvatures, row_losses};
use super::loss::Loss;
use super::problem::LinearProblem;

/// What is left of the residual in a step: Newton's own error leaves no more use for a smaller one, except for a quadratic.
const TOLERANCE: f64 = 0.1;
const QUADRATIC_TOLERANCE: f64 = 1e-5;
/// A feature is heavy where its sum of squares, times the mean curvature of the rows at the start over λ, is above this.
const HEAVY: f64 = 4.0;
/// Heavy features at most, so that their matrices cost about as much as eight products: in units of the values of a row, since a dense
/// product adds about sixteen numbers in the time of a gathered one.
const HEAVY_PER_VALUE: f64 = 256.0;
const MOST_HEAVY: usize = 512;
/// A step is long enough where the slope along it is this share of that at its start.
const SLOPE: f64 = 0.1;
/// A rise of the objective by less than this share of it is rounding.
const ROUNDING: f64 = 16.0 * f64::EPSILON;
/// Trials along a step at most.
const TRIALS: usize = 40;
/// A gap is computed once the objective falls by less than this share of itself in a step.
const CLOSE: f64 = 1e-3;

/// Newton's method in the coefficients of the rows, bound to a problem.
#[derive(Debug)]
pub struct DualNewton<'p> {
    problem: &'p LinearProblem,
    layout: Layout,
    zero: f64,
    products: RowProducts,
    /// u, b, and XXᵀu/λ₂.
    u: Vec<f64>,
    bias: f64,
    pull: Vec<f64>,
    /// Margins, and pφ′ there.
    z: Vec<f64>,
    r: Vec<f64>,
    value: f64,
    steps: u64,
    counts: Evaluations,
    certificate: Option<Certificate>,
}

/// A point along a step.
#[derive(Debug)]
struct Trial {
    z: Vec<f64>,
    r: Vec<f64>,
    loss: f64,
}

impl<'p> DualNewton<'p> {
    /// Why this method cannot solve the problem; `None` when it can.
    pub fn refuses(problem: &LinearProblem) -> Option<String> {
        let loss = problem.loss.name();
        if matches!(problem.loss, Loss::Hinge | Loss::Quantile(_)) {
            return Some(format!(
                "dual-newton needs a loss without kinks, and {loss} has one; try semismooth or dual-cd"
            ));
        }
        if problem.outputs() > 1 {
            return Some(format!("dual-newton is for losses of one output, not {loss}; try newton-cg"));
        }
        if problem.l1 > 0.0 {
            return Some("dual-newton takes an L2 penalty alone, and there is an L1 penalty; try cd or fista".into());
        }
        if problem.l2 <= 0.0 {
            return Some("dual-newton needs an L2 penalty; without one try newton-cg or lbfgs".into());
        }
        if matches!(problem.matrix, Matrix::Dense(_)) {
            return Some("dual-newton is for sparse features, and these are dense; try newton-cg".into());
        }
        None
    }

    /// Starts at zero, or at the coefficients that belong to the margins at `start`, where their objective is finite.
    pub fn new(problem: &'p LinearProblem, start: Option<Vec<f64>>) -> Self {
        let n = problem.rows();
        let mut z = vec![0.0; n];
        let mut r = vec![0.0; n];
        let x = start.unwrap_or_else(|| vec![0.0; problem.parameters()]);
        margins(problem, &x, &mut z);
        row_curvatures(problem, &z, &mut r);
        let mean = r.iter().sum::<f64>() / n.max(1) as f64;
        let values = problem.matrix.stored() as f64 / n.max(1) as f64;
        let most = ((HEAVY_PER_VALUE * values).sqrt() as usize).min(MOST_HEAVY).min(n / 4);
        let Matrix::Sparse(matrix) = &problem.matrix else { unreachable!("dense features are refused") };
        let products = RowProducts::new(matrix, most, HEAVY * problem.l2 / mean.max(f64::MIN_POSITIVE));
        let mut run = DualNewton {
            layout: problem.layout(),
            zero: value_at_zero(problem),
            products,
            u: vec![0.0; n],
            bias: if problem.intercept { x[problem.features()] } else { 0.0 },
            pull: vec![0.0; n],
            z,
            r,
            value: f64::INFINITY,
            steps: 0,
            counts: Evaluations::default(),
            certificate: None,
            problem,
        };
        if x[..problem.features()].iter().any(|w| *w != 0.0) && row_losses(problem, &run.z, &mut run.r).is_ok() {
            run.u.iter_mut().zip(&run.r).for_each(|(u, r)| *u = -r);
            run.products.multiply(&run.u, &mut Room::default(), &mut run.pull);
            run.pull.iter_mut().for_each(|p| *p /= problem.l2);
            run.counts.hvp += 1;
            run.counts.rows += n as u64;
            if run.look().is_err() {
                // The weights that these coefficients make are others, and may be far away where λ₂ is small.
                (run.bias, run.value) = (0.0, f64::INFINITY);
                run.u.fill(0.0);
                run.pull.fill(0.0);
            }
        }
        run
    }

    /// The margins from the coefficients.
    fn margins(&mut self) {
        let offset = self.problem.offset.as_deref();
        for (i, (z, pull)) in self.z.iter_mut().zip(&self.pull).enumerate() {
            *z = pull + self.bias + offset.map_or(0.0, |o| o[i]);
        }
    }

    /// The loss, its derivatives and the objective at these coefficients.
    fn look(&mut self) -> Result<(), NonFinite> {
        self.margins();
        let loss = row_losses(self.problem, &self.z, &mut self.r)?;
        self.value = loss + 0.5 * dot(&self.u, &self.pull);
        if self.value.is_finite() { Ok(()) } else { Err(NonFinite::Objective { value: self.value }) }
    }

    /// The Newton step from here.
    fn newton(&mut self) -> Option<Step> {
        let n = self.z.len();
        let mut curvatures = vec![0.0; n];
        row_curvatures(self.problem, &self.z, &mut curvatures);
        let system = System::new(&self.products, self.problem.l2, &curvatures)?;
        let lack: Vec<f64> = self.u.iter().zip(&self.r).map(|(u, r)| -(u + r)).collect();
        let imbalance = self.problem.intercept.then(|| self.u.iter().sum());
        let tolerance = if self.problem.loss == Loss::Squared { QUADRATIC_TOLERANCE } else { TOLERANCE };
        let step = system.solve(&lack, imbalance, tolerance);
        self.counts.hvp += step.products;
        self.counts.rows += step.products * n as u64;
        Some(step)
    }

    /// The slope along `step` at length `t`, with what is there; `None` where the loss is not finite.
    fn slope(&mut self, step: &Step, along: [f64; 2], t: f64) -> Option<(f64, Trial)> {
        let dz = |i: usize| step.pull[i] + step.bias;
        let z: Vec<f64> = self.z.iter().enumerate().map(|(i, z)| z + t * dz(i)).collect();
        let mut r = vec![0.0; z.len()];
        self.counts.value += 1;
        let loss = row_losses(self.problem, &z, &mut r).ok()?;
        let slope = r.iter().enumerate().map(|(i, r)| r * dz(i)).sum::<f64>() + along[0] + t * along[1];
        slope.is_finite().then_some((slope, Trial { z, r, loss }))
    }

    /// The length along `step` at which the convex objective is about least: secants kept inside a shrinking bracket. `None` where
    /// no length lowers it.
    fn search(&mut self, step: &Step) -> Option<(f64, Trial)> {
        // The penalty is ½(u + tδ)ᵀK(u + tδ).
        let along = [dot(&step.u, &self.pull), dot(&step.u, &step.pull)];
        let first = self.r.iter().zip(&step.pull).map(|(r, p)| r * (p + step.bias)).sum::<f64>() + along[0];
        if first >= 0.0 || !first.is_finite() {
            return None;
        }
        // Where the slope is positive the least point is behind, and the objective may have come back up.
        let loss = self.value - 0.5 * dot(&self.u, &self.pull);
        let rounding = ROUNDING * self.value.abs();
        let no_higher = |slope: f64, t: f64, trial: &Trial| {
            slope <= 0.0 || trial.loss - loss + t * along[0] + 0.5 * t * t * along[1] <= rounding
        };
        let (mut low, mut low_slope) = (0.0, first);
        let mut high: Option<(f64, f64)> = None;
        let mut t = 1.0;
        for _ in 0..TRIALS {
            let found = self.slope(step, along, t);
            match found {
                Some((slope, trial)) if slope.abs() <= SLOPE * -first && no_higher(slope, t, &trial) => {
                    return Some((t, trial));
                }
                Some((slope, _)) if slope < 0.0 => (low, low_slope) = (t, slope),
                Some((slope, _)) => high = Some((t, slope)),
                None => high = Some((t, f64::INFINITY)),
            }
            t = match high {
                None => 2.0 * t,
                Some((end, slope)) => {
                    let secant = low + (end - low) * low_slope / (low_slope - slope);
                    let middle = 0.5 * (low + end);
                    // A secant that hugs an end of the bracket would shrink it too slowly.
                    let (near, far) = (low + 0.1 * (end - low), low + 0.9 * (end - low));
                    if secant.is_finite() && secant >= near && secant <= far { secant } else { middle }
                }
            };
        }
        let (_, trial) = self.slope(step, along, low)?;
        (low > 0.0).then_some((low, trial))
    }

    /// w and b.
    fn parameters(&self, x: &mut [f64]) {
        let d = self.problem.features();
        multiply_transposed_single(self.problem, &self.u, &mut x[..d]);
        x[..d].iter_mut().for_each(|w| *w /= self.problem.l2);
        if let Some(b) = x.get_mut(d) {
            *b = self.bias;
        }
    }
}

fn ended(reason: Reason, detail: impl Into<String>) -> Stop {
    Stop::Terminated(Termination::new(reason, detail))
}

impl Iterate for DualNewton<'_> {
    fn step(&mut self) -> Result<StepInfo, Stop> {
        let number = self.steps + 1;
        if self.value.is_infinite() {
            self.look().map_err(|cause| Stop::NonFinite { step: number, cause })?;
        }
        let Some(step) = self.newton() else {
            return Err(ended(Reason::Diverged, format!("step {number}: the curvatures of the rows are not finite")));
        };
        let Some((t, trial)) = self.search(&step) else {
            let detail = format!("step {number}: no Newton step lowers the objective in working precision");
            return Err(ended(Reason::Stalled, detail));
        };
        self.certificate = None;
        self.u.iter_mut().zip(&step.u).for_each(|(u, d)| *u += t * d);
        self.pull.iter_mut().zip(&step.pull).for_each(|(p, d)| *p += t * d);
        self.bias += t * step.bias;
        (self.z, self.r) = (trial.z, trial.r);
        let value = trial.loss + 0.5 * dot(&self.u, &self.pull);
        let close = self.problem.loss == Loss::Squared || (self.value - value).abs() <= CLOSE * value.abs();
        self.value = value;
        self.steps = number;
        self.counts.gradient += 1;
        self.counts.rows += self.z.len() as u64;
        let gap = if close { self.certificate().relative() } else { Some(f64::INFINITY) };
        Ok(StepInfo { step: number, value: Some(value), gap, ..StepInfo::default() })
    }

    fn point(&self, out: &mut [f64]) {
        self.parameters(out);
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn certificate(&mut self) -> Certificate {
        if let Some(known) = &self.certificate {
            return known.clone();
        }
        // From the weights as they are saved: what the coefficients lost in rounding is then in the gap.
        let mut x = vec![0.0; self.problem.parameters()];
        self.parameters(&mut x);
        let mut z = vec![0.0; self.z.len()];
        margins(self.problem, &x, &mut z);
        let found = certify(self.problem, &x, &z, self.zero);
        self.certificate = Some(found.clone());
        found
    }

    fn counts(&self) -> Evaluations {
        self.counts
    }

    fn descends(&self) -> bool {
        true
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("coefficients", &mut self.u);
        state.f64s("pull", &mut self.pull);
        state.f64s("margins", &mut self.z);
        state.f64s("derivatives", &mut self.r);
        state.number("bias", &mut self.bias);
        state.number("value", &mut self.value);
        state.int("steps", &mut self.steps);
        state.int("evaluations.value", &mut self.counts.value);
        state.int("evaluations.gradient", &mut self.counts.gradient);
        state.int("evaluations.hvp", &mut self.counts.hvp);
        state.int("evaluations.rows", &mut self.counts.rows);
        self.certificate = None;
    }
}
