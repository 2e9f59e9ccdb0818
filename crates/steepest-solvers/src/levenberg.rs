//! Levenberg–Marquardt: least squares in a trust region of the parameters' own scales.
//!
//! p = argmin ‖Jp + r‖² over ‖Dp‖ ≤ Δ, that is (JᵀJ + λD²)p = −Jᵀr with the λ that puts p on the border. D holds the largest norms
//! that the columns of J have had, so that the units of the parameters do not matter.
//!
//! K. Levenberg, 1944; D. Marquardt, 1963, doi:10.1137/0111030; the scaling, the search for λ and the update of Δ are those of
//! J. J. Moré, “The Levenberg–Marquardt algorithm: implementation and theory”, 1978, doi:10.1007/BFb0067700. The second-order
//! correction along the geodesic is that of M. K. Transtrum and J. P. Sethna, arXiv:1201.5885.

use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination};

use crate::{
    DeterministicSolver,
    orthogonal::Orthogonal,
    place::{Accepted, Place},
    vector::{dot, norm},
};

/// Levenberg–Marquardt. A step costs a Jacobian and usually one value; with the geodesic correction one more.
#[derive(Debug)]
pub struct LevenbergMarquardt {
    /// x, f and ∇f.
    at: Place,
    /// Δ at the start, in units of ‖Dx‖.
    first: f64,
    geodesic: bool,
    /// r and J at x, and whether they are known.
    residuals: Vec<f64>,
    jacobian: Vec<f64>,
    known: bool,
    qr: Orthogonal,
    /// Qᵀr.
    qtr: Vec<f64>,
    /// D, Δ (0 before the first step) and λ.
    scale: Vec<f64>,
    radius: f64,
    lambda: f64,
    p: Vec<f64>,
    dp: Vec<f64>,
    roots: Vec<f64>,
    /// The geodesic correction, and the residuals ahead for it.
    bend: Vec<f64>,
    ahead: Vec<f64>,
}

/// How close to the border p has to come.
const BORDER: f64 = 0.1;
/// Steps that gain less than this share, in fact and by the model, drown in the rounding of the sum.
const DROWNED: f64 = 1e-12;
/// How far a residual may be off by rounding, in units of the terms Jᵢⱼxⱼ that it is made of.
const ROUNDING: f64 = 8.0 * f64::EPSILON;
/// A radius that binds no step.
const FREE: f64 = 1e150;
/// How long the geodesic correction may be against p.
const BEND: f64 = 0.75;

impl LevenbergMarquardt {
    /// Starts at `x`, with the second-order correction or without; `first` is the radius at the start in units of ‖Dx‖, where 100
    /// is usual and 1 careful.
    pub fn new(x: Vec<f64>, geodesic: bool, first: f64) -> LevenbergMarquardt {
        let zeros = || vec![0.0; x.len()];
        LevenbergMarquardt {
            first,
            geodesic,
            residuals: Vec::new(),
            jacobian: Vec::new(),
            known: false,
            qr: Orthogonal::default(),
            qtr: Vec::new(),
            scale: zeros(),
            radius: 0.0,
            lambda: 0.0,
            p: zeros(),
            dp: zeros(),
            roots: zeros(),
            bend: zeros(),
            ahead: Vec::new(),
            at: Place::new(x),
        }
    }

    /// r and J where the objective stands.
    fn read(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        let end = |reason, detail: &str| Err(Stop::Terminated(Termination::new(reason, detail)));
        let Some(squares) = f.residuals() else {
            return end(Reason::Stalled, "this objective has no residuals; try trust-region or lbfgs");
        };
        let rows = squares.len();
        self.residuals.resize(rows, 0.0);
        self.jacobian.resize(rows * self.at.x.len(), 0.0);
        squares.residuals(&mut self.residuals);
        squares.jacobian(&mut self.jacobian);
        if steepest_core::first_non_finite(&self.jacobian).is_some() {
            let detail = "the Jacobian is not finite; the point is outside the region where it can be computed";
            return end(Reason::Diverged, detail);
        }
        self.known = true;
        Ok(())
    }

    /// QR and D of what was read.
    fn factor(&mut self) {
        self.qr.factor(&self.jacobian, self.residuals.len(), self.at.x.len());
        self.qtr.clear();
        self.qtr.extend_from_slice(&self.residuals);
        self.qtr.resize(self.qr.rows(), 0.0);
        self.qr.transpose_apply(&mut self.qtr);
        for (scale, norm) in self.scale.iter_mut().zip(self.qr.norms()) {
            *scale = scale.max(if *scale == 0.0 && *norm == 0.0 { 1.0 } else { *norm });
        }
    }

    /// ‖D⁻¹∇f‖, whatever the units of the parameters.
    fn scaled_gradient(&self) -> f64 {
        self.at.g.iter().zip(&self.scale).map(|(g, d)| (g / d) * (g / d)).sum::<f64>().sqrt()
    }

    /// The share of the sum of squares that may be rounding: residuals that are small differences of large numbers, as those of a
    /// good fit, carry the rounding of these.
    fn noise(&self) -> f64 {
        let terms = self.at.x.iter().zip(&self.scale).map(|(x, d)| (d * x) * (d * x)).sum::<f64>().sqrt();
        DROWNED.max(ROUNDING * terms / (2.0 * self.at.value).sqrt())
    }

    /// The objective stands elsewhere now.
    fn leave(&mut self) {
        self.at.left();
        self.known = false;
    }

    /// next ← Jᵀr.
    fn gradient(&mut self) {
        let next = &mut self.at.next;
        next.fill(0.0);
        for (r, row) in self.residuals.iter().zip(self.jacobian.chunks_exact(next.len().max(1))) {
            next.iter_mut().zip(row).for_each(|(g, j)| *g += r * j);
        }
    }

    /// dp ← D·p; ‖Dp‖.
    fn scaled_length(&mut self) -> f64 {
        self.dp.iter_mut().zip(&self.p).zip(&self.scale).for_each(|((dp, p), d)| *dp = d * p);
        norm(&self.dp)
    }

    /// dp ← D²p/‖Dp‖, the gradient of ‖Dp‖.
    fn border_normal(&mut self, length: f64) {
        self.dp.iter_mut().zip(&self.scale).for_each(|(dp, d)| *dp *= d / length);
    }

    /// p of length Δ within [`BORDER`], or Gauss–Newton's where that is shorter. p here solves Jp = r; the step is −p.
    fn solve(&mut self) {
        self.qr.solve(&self.qtr, &mut self.p);
        let mut length = self.scaled_length();
        let mut excess = length - self.radius;
        if excess <= BORDER * self.radius {
            self.lambda = 0.0;
            return;
        }
        let full = self.qr.rank() == self.p.len();
        let mut low = 0.0;
        if full {
            self.border_normal(length);
            let slope = self.qr.inverse_transpose_norm(&self.dp);
            low = excess / self.radius / (slope * slope);
        }
        self.qr.gradient(&self.qtr, &mut self.roots);
        self.roots.iter_mut().zip(&self.scale).for_each(|(g, d)| *g /= d);
        let pull = norm(&self.roots);
        let mut high = if pull > 0.0 { pull / self.radius } else { f64::MIN_POSITIVE / self.radius.min(0.1) };
        self.lambda = self.lambda.max(low).min(high);
        if self.lambda == 0.0 {
            self.lambda = pull / length;
        }
        for round in 0..10 {
            if self.lambda == 0.0 {
                self.lambda = f64::MIN_POSITIVE.max(1e-3 * high);
            }
            let root = self.lambda.sqrt();
            self.roots.iter_mut().zip(&self.scale).for_each(|(r, d)| *r = root * d);
            self.qr.solve_damped(&self.qtr, &self.roots, &mut self.p);
            length = self.scaled_length();
            let before = std::mem::replace(&mut excess, length - self.radius);
            let degenerate = low == 0.0 && excess <= before && before < 0.0;
            if excess.abs() <= BORDER * self.radius || degenerate || round == 9 {
                return;
            }
            self.border_normal(length);
            let slope = self.qr.damped_inverse_transpose_norm(&self.dp);
            if excess > 0.0 {
                low = low.max(self.lambda);
            } else {
                high = high.min(self.lambda);
            }
            self.lambda = low.max(self.lambda + excess / self.radius / (slope * slope));
        }
    }

    /// The correction a with (JᵀJ + λD²)a = −Jᵀr″, r″ the second derivative of the residuals along p; false where it is too long
    /// to be trusted or cannot be computed. The objective is left ahead.
    fn geodesic(&mut self, f: &mut dyn Objective<f64>) -> bool {
        const AHEAD: f64 = 0.1;
        let d = self.p.len();
        for ((to, x), p) in self.at.trial.iter_mut().zip(&self.at.x).zip(&self.p) {
            *to = x + AHEAD * p;
        }
        if f.at(&self.at.trial).is_err() {
            return false;
        }
        let rows = self.residuals.len();
        self.ahead.clear();
        self.ahead.resize(rows, 0.0);
        let Some(squares) = f.residuals() else { return false };
        squares.residuals(&mut self.ahead);
        for ((ahead, r), row) in self.ahead.iter_mut().zip(&self.residuals).zip(self.jacobian.chunks_exact(d)) {
            *ahead = 2.0 / AHEAD * ((*ahead - r) / AHEAD - dot(row, &self.p));
        }
        self.ahead.resize(self.qr.rows(), 0.0);
        self.qr.transpose_apply(&mut self.ahead);
        let root = self.lambda.sqrt();
        self.roots.iter_mut().zip(&self.scale).for_each(|(r, d)| *r = root * d);
        self.qr.solve_damped(&self.ahead, &self.roots, &mut self.bend);
        let (mut bent, mut straight) = (0.0, 0.0);
        for ((a, p), d) in self.bend.iter().zip(&self.p).zip(&self.scale) {
            bent += (d * a) * (d * a);
            straight += (d * p) * (d * p);
        }
        bent.is_finite() && 2.0 * bent.sqrt() <= BEND * straight.sqrt()
    }
}

impl DeterministicSolver for LevenbergMarquardt {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        self.at.ready(f)?;
        if !self.known {
            self.read(f)?;
        }
        self.factor();
        let start = self.at.value;
        if start == 0.0 {
            return Err(Stop::Terminated(Termination::new(Reason::ValueChange, "every residual is zero")));
        }
        if self.radius == 0.0 {
            self.p.copy_from_slice(&self.at.x);
            let size = self.scaled_length();
            self.radius = if size > 0.0 { self.first * size } else { self.first };
        }
        let mut first = self.at.step == 0;
        let noise = self.noise();
        for _ in 0..100 {
            self.solve();
            self.p.iter_mut().for_each(|p| *p = -*p);
            let length = self.scaled_length();
            if first {
                // The first step shows how far the model reaches.
                self.radius = self.radius.min(length);
                first = false;
            }
            // In units of f: ‖Jp‖²/‖r‖² and λ‖Dp‖²/‖r‖².
            let linear = self.qr.image_norm(&self.p).powi(2) / (2.0 * start);
            let damping = self.lambda * length * length / (2.0 * start);
            let predicted = linear + 2.0 * damping;
            if self.geodesic && self.known && self.geodesic(f) {
                self.p.iter_mut().zip(&self.bend).for_each(|(p, a)| *p -= 0.5 * a);
            }
            let moved = norm(&self.p);
            let value = self.at.ray(f, &self.p, 0.0).value(1.0);
            let actual = if value < 100.0 * start { 1.0 - value / start } else { -1.0 };
            // Where rounding hides the decrease, the gradient at the end of the step decides.
            let drowned = predicted <= noise && actual.abs() <= noise;
            if drowned {
                let before = self.scaled_gradient();
                self.read(f)?;
                self.gradient();
                std::mem::swap(&mut self.at.g, &mut self.at.next);
                let after = self.scaled_gradient();
                std::mem::swap(&mut self.at.g, &mut self.at.next);
                if after <= 0.7 * before {
                    return Ok(self.at.advance(Accepted { length: 1.0, value }, moved));
                }
                if self.lambda > 0.0 {
                    // Damping is for models that cannot be trusted; here it only shortens the step.
                    self.known = false;
                    self.radius = FREE;
                    continue;
                }
                self.leave();
                let detail = format!(
                    "the sum of squares is {start:e} to the last digits: neither it nor its gradient can be lowered any more"
                );
                return Err(Stop::Terminated(Termination::new(Reason::ValueChange, detail)));
            }
            let ratio = if predicted > 0.0 { actual / predicted } else { 0.0 };
            if ratio <= 0.25 {
                let downhill = -(linear + damping);
                let cut = if actual >= 0.0 { 0.5 } else { 0.5 * downhill / (downhill + 0.5 * actual) };
                let cut = if value >= 100.0 * start { 0.1 } else { cut.clamp(0.1, 0.5) };
                self.radius = cut * self.radius.min(10.0 * length);
                self.lambda /= cut;
            } else if self.lambda == 0.0 || ratio >= 0.75 {
                self.radius = 2.0 * length;
                self.lambda *= 0.5;
            }
            if ratio >= 1e-4 {
                self.read(f)?;
                self.gradient();
                return Ok(self.at.advance(Accepted { length: 1.0, value }, moved));
            }
            if length <= f64::EPSILON * self.radius.max(f64::MIN_POSITIVE) || moved <= 1e-16 * norm(&self.at.x) {
                self.leave();
                let detail = format!(
                    "the sum of squares {start:e} does not fall within the last digits of the parameters; the model promised {predicted:.1e}"
                );
                return Err(Stop::Terminated(Termination::new(Reason::ValueChange, detail)));
            }
        }
        self.leave();
        let detail = format!("no step inside a trust region of radius {:e} lowers the sum of squares", self.radius);
        Err(Stop::Terminated(Termination::new(Reason::LineSearchFailed, detail)))
    }

    fn point(&self) -> &[f64] {
        &self.at.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        self.at.visit(state);
        state.f64s("scale", &mut self.scale);
        state.number("radius", &mut self.radius);
        state.number("lambda", &mut self.lambda);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        self.known = false;
        self.at.restore(f)
    }

    fn stationarity(&self) -> Option<f64> {
        self.at.stationarity()
    }

    fn value(&self) -> Option<f64> {
        self.at.known_value()
    }

    fn monotone(&self) -> bool {
        true
    }

    fn move_to(&mut self, x: &[f64]) -> bool {
        self.at.move_to(x);
        self.known = false;
        self.scale.fill(0.0);
        (self.radius, self.lambda) = (0.0, 0.0);
        true
    }
}
