//! Newton's method in a trust region, with the whole Hessian.
//!
//! p = argmin gᵀp + ½pᵀHp over ‖p‖ ≤ Δ, where Δ follows the ratio of actual to predicted decrease.
//!
//! - exact: p = −(H + λI)⁻¹g with the λ ≥ −λmin(H) that puts p on the border, from the eigenvalues of H, so that the hard case,
//!   where g has no part along the lowest eigenvector, is a sum like any other. J. J. Moré and D. C. Sorensen, “Computing a trust
//!   region step”, SIAM J. Sci. Stat. Comput. 4(3), 1983, doi:10.1137/0904038. At a saddle it leaves along negative curvature.
//! - dogleg: from the steepest point to Newton's, where the border cuts that path. M. J. D. Powell, “A hybrid method for nonlinear
//!   equations”, 1970. Where H is not positive definite it is shifted until it is.

use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination};

use crate::{
    DeterministicSolver,
    cholesky::CholeskyRoom,
    curvature::{Spectrum, hessian},
    newton::shifted,
    place::{Accepted, Place},
    vector::{dot, max_abs, negate, norm},
};

/// How the model is minimized inside the region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subproblem {
    /// To its minimum.
    Exact,
    /// Along the dogleg.
    Dogleg,
}

/// A trust region with the whole Hessian. A step costs one Hessian, O(d³), and usually one evaluation.
#[derive(Debug)]
pub struct TrustRegion {
    at: Place,
    subproblem: Subproblem,
    radius: f64,
    h: Vec<f64>,
    p: Vec<f64>,
    hp: Vec<f64>,
    newton: Vec<f64>,
    factor: CholeskyRoom,
    model: Model,
}

/// How far the first step may go at most, in units of ‖x‖, at least of 1.
const FAR: f64 = 1e3;

/// The model in the coordinates of the Hessian's eigenvectors.
#[derive(Debug)]
struct Model {
    spectrum: Spectrum,
    /// g in them.
    g: Vec<f64>,
    /// Whether both belong to the current point.
    known: bool,
}

impl Model {
    fn new(dim: usize) -> Model {
        Model { spectrum: Spectrum::new(dim), g: vec![0.0; dim], known: false }
    }

    /// Decomposes H, unless that is done; false where it cannot be.
    fn know(&mut self, h: &[f64], g: &[f64]) -> bool {
        if !self.known {
            self.known = self.spectrum.decompose(h);
            let vectors = self.spectrum.vectors.chunks_exact(g.len().max(1));
            self.g.iter_mut().zip(vectors).for_each(|(to, v)| *to = dot(v, g));
        }
        self.known
    }

    /// ‖(H + λI)⁻¹g‖² and half its derivative's size, Σ gᵢ²/(λᵢ + λ)³.
    fn length(&self, lambda: f64) -> (f64, f64) {
        self.spectrum.values.iter().zip(&self.g).fold((0.0, 0.0), |(square, slope), (v, g)| {
            let shifted = v + lambda;
            // The eigenvector's own direction is filled up later, where g has no part in it.
            if shifted == 0.0 {
                return if *g == 0.0 { (square, slope) } else { (f64::INFINITY, f64::INFINITY) };
            }
            let part = g / shifted;
            (square + part * part, slope + part * part / shifted)
        })
    }

    /// p on the border ‖p‖ = Δ, or inside where H is positive definite and Newton's step is.
    fn step(&self, radius: f64, p: &mut [f64]) -> bool {
        let lowest = self.spectrum.values[0];
        let scale = self.spectrum.values.iter().fold(0.0f64, |m, v| m.max(v.abs())).max(f64::MIN_POSITIVE);
        if lowest > 1e-14 * scale && self.length(0.0).0 <= radius * radius {
            self.assemble(0.0, p);
            return false;
        }
        // λ in (−λmin, …): ‖p(λ)‖ falls from ∞ (or, in the hard case, from a finite length) to 0.
        let size = norm(&self.g);
        let mut low = (-lowest).max(0.0);
        let mut high = low + size / radius + scale * 1e-15;
        let mut lambda = if lowest > 0.0 { 0.0 } else { low + 1e-15 * scale };
        if self.length(lambda).0 < radius * radius {
            // The hard case: to the border along the lowest eigenvector.
            self.assemble(lambda, p);
            let v = &self.spectrum.vectors[..p.len()];
            let (pp, pv) = (dot(p, p), dot(p, v));
            let root = (pv * pv + (radius * radius - pp).max(0.0)).sqrt();
            let tau = if pv >= 0.0 { root - pv } else { -root - pv };
            p.iter_mut().zip(v).for_each(|(p, v)| *p += tau * v);
            return true;
        }
        for _ in 0..100 {
            let (square, slope) = self.length(lambda);
            let length = square.sqrt();
            if (length - radius).abs() <= 1e-6 * radius {
                break;
            }
            if length > radius {
                low = lambda
            } else {
                high = lambda
            }
            // Newton's method on 1/Δ − 1/‖p(λ)‖, which is nearly linear in λ.
            let next = lambda + square / slope * (length - radius) / radius;
            lambda = if next > low && next < high { next } else { 0.5 * (low + high) };
        }
        self.assemble(lambda, p);
        true
    }

    /// p ← −(H + λI)⁻¹g.
    fn assemble(&self, lambda: f64, p: &mut [f64]) {
        p.fill(0.0);
        let Spectrum { values, vectors, .. } = &self.spectrum;
        for ((value, g), v) in values.iter().zip(&self.g).zip(vectors.chunks_exact(p.len())) {
            if *g != 0.0 {
                let c = -g / (value + lambda);
                p.iter_mut().zip(v).for_each(|(p, v)| *p += c * v);
            }
        }
    }
}

impl TrustRegion {
    /// Starts at `x`.
    pub fn new(x: Vec<f64>, subproblem: Subproblem) -> TrustRegion {
        let d = x.len();
        let zeros = || vec![0.0; d];
        TrustRegion {
            subproblem,
            radius: 0.0,
            h: vec![0.0; d * d],
            p: zeros(),
            hp: zeros(),
            newton: zeros(),
            factor: CholeskyRoom::new(d),
            model: Model::new(d),
            at: Place::new(x),
        }
    }

    /// newton ← Newton's step, for the dogleg that of a shifted Hessian where it is needed; whether there is one.
    fn prepare(&mut self) -> bool {
        self.model.known = false;
        match self.subproblem {
            Subproblem::Exact => {
                let convex = self.factor.factor(&self.h, 0.0);
                if convex {
                    negate(&mut self.newton, &self.at.g);
                    self.factor.solve(&mut self.newton);
                }
                convex
            }
            Subproblem::Dogleg => shifted(&mut self.factor, &self.h, &self.at.g, &mut self.newton),
        }
    }

    /// Where the model is convex Newton's step is tried at once; elsewhere a tenth of ‖x‖, at least of 1.
    fn first_radius(&self, newton: bool) -> f64 {
        let size = norm(&self.at.x).max(1.0);
        if newton { norm(&self.newton).min(FAR * size).max(f64::MIN_POSITIVE) } else { 0.1 * size }
    }

    /// p for the current radius; whether it ends at the border. `None` where H cannot be decomposed.
    fn propose(&mut self, newton: bool) -> Option<bool> {
        if newton && norm(&self.newton) <= self.radius {
            self.p.copy_from_slice(&self.newton);
            return Some(false);
        }
        match self.subproblem {
            Subproblem::Dogleg => newton.then(|| self.dogleg()),
            Subproblem::Exact => {
                self.model.know(&self.h, &self.at.g).then(|| self.model.step(self.radius, &mut self.p))
            }
        }
    }

    fn dogleg(&mut self) -> bool {
        let (g, radius) = (&self.at.g, self.radius);
        multiply(&self.h, g, &mut self.hp);
        let (size, curvature) = (norm(g), dot(g, &self.hp));
        let steepest = if curvature > 0.0 { size * size / curvature } else { f64::INFINITY };
        if steepest * size >= radius {
            self.p.iter_mut().zip(g).for_each(|(p, g)| *p = -radius / size * g);
            return true;
        }
        // ‖c + τ(n − c)‖ = Δ from the steepest point c to Newton's n.
        let (mut cc, mut cw, mut ww) = (0.0, 0.0, 0.0);
        for (g, n) in g.iter().zip(&self.newton) {
            let (c, w) = (-steepest * g, n + steepest * g);
            cc += c * c;
            cw += c * w;
            ww += w * w;
        }
        let tau = (radius * radius - cc) / (cw + (cw * cw + ww * (radius * radius - cc)).sqrt());
        for ((p, g), n) in self.p.iter_mut().zip(g).zip(&self.newton) {
            *p = -steepest * g + tau * (n + steepest * g);
        }
        true
    }
}

/// By how much a region shrinks after a bad step: to where the parabola through f, its slope and the end of the step is lowest,
/// between a tenth and a half of the way (Conn, Gould and Toint, “Trust-Region Methods”, 2000, section 17.1).
fn shrink(change: f64, slope: f64) -> f64 {
    let bend = change - slope;
    if bend > 0.0 && bend.is_finite() { (-0.5 * slope / bend).clamp(0.1, 0.5) } else { 0.25 }
}

/// out ← Hv.
fn multiply(h: &[f64], v: &[f64], out: &mut [f64]) {
    out.iter_mut().zip(h.chunks_exact(v.len().max(1))).for_each(|(out, row)| *out = dot(row, v));
}

impl DeterministicSolver for TrustRegion {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        self.at.ready(f)?;
        if !hessian(f, &mut self.h, &mut self.hp) {
            let detail =
                "the Hessian is not finite; the point is far outside the region where the loss can be computed";
            return Err(Stop::Terminated(Termination::new(Reason::Diverged, detail)));
        }
        let (start, size) = (self.at.value, max_abs(&self.at.g));
        let undecided = || Stop::Terminated(Termination::new(Reason::Stalled, "the Hessian could not be decomposed"));
        let newton = self.prepare();
        if self.radius == 0.0 {
            self.radius = self.first_radius(newton);
        }
        for _ in 0..80 {
            let border = self.propose(newton).ok_or_else(undecided)?;
            multiply(&self.h, &self.p, &mut self.hp);
            let slope = dot(&self.at.g, &self.p);
            let predicted = slope + 0.5 * dot(&self.p, &self.hp);
            let length = norm(&self.p);
            if size == 0.0 {
                return Err(Stop::Terminated(Termination::new(Reason::GradientNorm, "the gradient is zero")));
            }
            if predicted >= 0.0 || !predicted.is_finite() {
                // A step through a nearly singular Hessian, made of rounding alone: a shorter one is not.
                self.radius = 0.1 * length.min(self.radius);
                continue;
            }
            let trial = self.at.ray(f, &self.p, slope).at(1.0);
            let change = trial.value - start;
            let noise = 4.0 * f64::EPSILON * start.abs();
            // Where rounding hides the decrease, the gradient at the end of the step decides.
            let drowned = -predicted <= 10.0 * noise && change.abs() <= 10.0 * noise;
            let ratio = match drowned {
                true if max_abs(&self.at.next) <= size => 1.0,
                true => 0.0,
                false => change / predicted,
            };
            if !trial.is_finite() || !ratio.is_finite() || ratio < 0.25 {
                self.radius = shrink(change, slope) * length.min(self.radius);
            } else if ratio > 0.75 && border {
                self.radius *= 2.0;
            }
            if trial.is_finite() && ratio > 1e-4 {
                return Ok(self.at.advance(Accepted { length: 1.0, value: trial.value }, length));
            }
            if drowned || length <= 1e-17 * norm(&self.at.x) {
                self.at.left();
                let detail =
                    format!("the predicted decrease {:e} is below the rounding of the objective {start:e}", -predicted);
                return Err(Stop::Terminated(Termination::new(Reason::Stalled, detail)));
            }
        }
        self.at.left();
        let detail = format!("no step inside a trust region of radius {:e} lowers the objective", self.radius);
        Err(Stop::Terminated(Termination::new(Reason::LineSearchFailed, detail)))
    }

    fn point(&self) -> &[f64] {
        &self.at.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        self.at.visit(state);
        state.number("radius", &mut self.radius);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
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
        self.radius = 0.0;
        true
    }
}
