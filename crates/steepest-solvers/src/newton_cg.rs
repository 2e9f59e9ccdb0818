//! Newton's method in a trust region, its linear systems by preconditioned conjugate gradients.
//!
//! d ≈ argmin gᵀd + ½dᵀHd over ‖d‖_M ≤ Δ, by conjugate gradients that stop at the border or at negative curvature: T. Steihaug,
//! “The conjugate gradient method and trust regions in large scale optimization”, SIAM J. Numer. Anal. 20(3), 1983,
//! doi:10.1137/0720042. Δ follows the ratio of actual to predicted decrease: C.-J. Lin, R. C. Weng and S. S. Keerthi, “Trust
//! region Newton method for large-scale logistic regression”, JMLR 9, 2008. The preconditioner M = (1 − α)I·mean + α·diag(H)
//! follows C.-Y. Hsia, W.-L. Chiang and C.-J. Lin, “Preconditioned conjugate gradient methods in truncated Newton frameworks
//! for large-scale linear classification”, ACML 2018, with the identity scaled so that the mixture has H's units.

use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination};

use crate::{
    Accepted, DeterministicSolver, Place,
    vector::{along, dot, norm},
};

/// Trust-region Newton-CG. A step costs one evaluation and a Hessian-vector product per inner iteration.
#[derive(Debug)]
pub struct NewtonCg {
    at: Place,
    radius: f64,
    inner: Inner,
}

/// The vectors of the inner iteration.
#[derive(Debug)]
struct Inner {
    d: Vec<f64>,
    r: Vec<f64>,
    z: Vec<f64>,
    p: Vec<f64>,
    hp: Vec<f64>,
    /// M, the diagonal of the preconditioner.
    m: Vec<f64>,
}

/// How the inner iteration ended.
struct Solved {
    /// gᵀd + ½dᵀHd.
    model: f64,
    border: bool,
}

/// The share of diag(H) in the preconditioner.
const DIAGONAL: f64 = 0.1;
/// Inner iterations at most.
const MAX_INNER: usize = 1000;

impl Inner {
    fn new(len: usize) -> Inner {
        let zeros = || vec![0.0; len];
        Inner { d: zeros(), r: zeros(), z: zeros(), p: zeros(), hp: zeros(), m: zeros() }
    }

    fn precondition(&mut self, f: &mut dyn Objective<f64>) {
        if !f.hessian_diagonal(&mut self.m) {
            return self.m.fill(1.0);
        }
        let mean = self.m.iter().map(|m| m.abs()).sum::<f64>() / self.m.len().max(1) as f64;
        let mean = if mean > 0.0 && mean.is_finite() { mean } else { 1.0 };
        self.m.iter_mut().for_each(|m| *m = (1.0 - DIAGONAL) * mean + DIAGONAL * m.abs());
    }

    fn m_norm(&self, v: &[f64]) -> f64 {
        v.iter().zip(&self.m).map(|(v, m)| m * v * v).sum::<f64>().sqrt()
    }

    /// Minimizes the model inside the region, to a residual of `tolerance` in the norm of M⁻¹, relative to g's. The products
    /// ‖d‖²_M, dᵀMp and ‖p‖²_M follow from those before (A. R. Conn, N. I. M. Gould and P. L. Toint, “Trust-Region Methods”,
    /// 2000, section 7.5.1).
    fn solve(&mut self, f: &mut dyn Objective<f64>, g: &[f64], radius: f64, tolerance: f64) -> Solved {
        self.d.fill(0.0);
        for (((r, z), p), (g, m)) in self.r.iter_mut().zip(&mut self.z).zip(&mut self.p).zip(g.iter().zip(&self.m)) {
            *r = -g;
            *z = *r / m;
            *p = *z;
        }
        let mut rz = dot(&self.r, &self.z);
        let goal = tolerance * rz.sqrt();
        let (mut dd, mut dp, mut pp) = (0.0f64, 0.0, rz);
        for _ in 0..MAX_INNER {
            if rz.sqrt() <= goal {
                break;
            }
            f.hvp(&self.p, &mut self.hp);
            let curvature = dot(&self.p, &self.hp);
            let alpha = rz / curvature;
            let reach = dd + 2.0 * alpha * dp + alpha * alpha * pp;
            if curvature <= 0.0 || reach >= radius * radius {
                // To the border: ‖d + τp‖_M = Δ.
                let room = (radius * radius - dd).max(0.0);
                let tau = room / (dp + (dp * dp + pp * room).sqrt());
                self.advance(tau);
                return Solved { model: self.model(g), border: true };
            }
            let next = self.advance(alpha);
            let beta = next / rz;
            self.p.iter_mut().zip(&self.z).for_each(|(p, z)| *p = z + beta * *p);
            (dd, dp, pp) = (reach, beta * (dp + alpha * pp), next + beta * beta * pp);
            rz = next;
        }
        Solved { model: self.model(g), border: false }
    }

    /// d += tp, r −= tHp, z = M⁻¹r; returns rᵀz.
    fn advance(&mut self, t: f64) -> f64 {
        let moved = self.d.iter_mut().zip(&mut self.r).zip(&mut self.z);
        let by = self.p.iter().zip(&self.hp).zip(&self.m);
        for (((d, r), z), ((p, h), m)) in moved.zip(by) {
            *d += t * p;
            *r -= t * h;
            *z = *r / m;
        }
        dot(&self.r, &self.z)
    }

    /// gᵀd + ½dᵀHd = ½(g − r)ᵀd, since r = −g − Hd.
    fn model(&self, g: &[f64]) -> f64 {
        0.5 * (dot(g, &self.d) - dot(&self.r, &self.d))
    }
}

impl NewtonCg {
    /// Starts at `x`.
    pub fn new(x: Vec<f64>) -> NewtonCg {
        NewtonCg { radius: 0.0, inner: Inner::new(x.len()), at: Place::new(x) }
    }
}

impl DeterministicSolver for NewtonCg {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        self.at.ready(f)?;
        let (start, size) = (self.at.value, norm(&self.at.g));
        if size == 0.0 {
            return Err(Stop::Terminated(Termination::new(Reason::GradientNorm, "the gradient is zero")));
        }
        self.inner.precondition(f);
        if self.radius == 0.0 {
            // ‖M⁻¹g‖_M, the length of the preconditioned gradient.
            self.radius = self.at.g.iter().zip(&self.inner.m).map(|(g, m)| g * g / m).sum::<f64>().sqrt();
        }
        // Each step gains one to two digits of the gradient: more would be thrown away by the curvature of f itself.
        let tolerance = size.sqrt().clamp(0.01, 0.1);
        for _ in 0..60 {
            let solved = self.inner.solve(f, &self.at.g, self.radius, tolerance);
            along(&mut self.at.trial, &self.at.x, 1.0, &self.inner.d);
            let length = self.inner.m_norm(&self.inner.d);
            let found = f.at(&self.at.trial).and_then(|value| f.gradient(&mut self.at.next).map(|()| value));
            let value = found.unwrap_or(f64::INFINITY);
            let change = value - start;
            let noise = 4.0 * f64::EPSILON * start.abs();
            // Where rounding hides the decrease, the slope at the end of the step decides.
            let drowned = solved.model.abs() <= 10.0 * noise && change <= noise;
            let ratio =
                if drowned { if norm(&self.at.next) <= size { 1.0 } else { 0.0 } } else { change / solved.model };
            if ratio < 0.25 || !ratio.is_finite() {
                self.radius = 0.25 * length.min(self.radius);
            } else if ratio > 0.75 && solved.border {
                self.radius *= 4.0;
            }
            if ratio > 1e-4 && value.is_finite() {
                let moved = norm(&self.inner.d);
                return Ok(StepInfo { lr: None, ..self.at.advance(Accepted { length: 1.0, value }, moved) });
            }
            if drowned {
                self.at.left();
                let detail =
                    format!("the predicted decrease {:e} is below the rounding of the objective", -solved.model);
                return Err(Stop::Terminated(Termination::new(Reason::Stalled, detail)));
            }
            // The products belong to the point, which the trial has left.
            self.at.restore(f)?;
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
