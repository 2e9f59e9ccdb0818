//! FISTA: accelerated proximal gradient for f + h, with backtracking and adaptive restart.
//!
//! x⁺ = prox_{h/L}(y − ∇f(y)/L),   t⁺ = (1 + √(1 + 4t²))/2,   y = x⁺ + ((t − 1)/t⁺)(x⁺ − x)
//!
//! A. Beck and M. Teboulle, “A fast iterative shrinkage-thresholding algorithm for linear inverse problems”, SIAM J. Imaging
//! Sci. 2(1), 2009, doi:10.1137/080716542. The momentum restarts when (y − x⁺)·(x⁺ − x) > 0: B. O'Donoghue and E. Candès,
//! “Adaptive restart for accelerated gradient schemes”, Found. Comput. Math. 15, 2015, doi:10.1007/s10208-013-9150-3. L
//! doubles until the quadratic model bounds f, and shrinks a little every step, so that it follows the local curvature.

use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination};

use crate::{DeterministicSolver, dot, non_finite, norm};

/// FISTA. A step costs two evaluations and one gradient; without a non-smooth part it is Nesterov's accelerated descent.
#[derive(Debug)]
pub struct Fista {
    x: Vec<f64>,
    y: Vec<f64>,
    t: f64,
    /// 1/η, the local bound of the curvature.
    lipschitz: f64,
    step: u64,
    g: Vec<f64>,
    trial: Vec<f64>,
    /// f(y); ∇f(y) is in `g`.
    value: f64,
}

/// What L is multiplied with after a step.
const RELAX: f64 = 0.95;

impl Fista {
    /// Starts at `x`.
    pub fn new(x: Vec<f64>) -> Fista {
        let d = x.len();
        Fista { y: x.clone(), t: 1.0, lipschitz: 1.0, step: 0, g: vec![0.0; d], trial: vec![0.0; d], value: 0.0, x }
    }

    /// f(y) and ∇f(y).
    fn prepare(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        self.value = f.at(&self.y).map_err(non_finite(self.step + 1))?;
        f.gradient(&mut self.g).map_err(non_finite(self.step + 1))?;
        if self.step == 0 && self.lipschitz == 1.0 {
            // The curvature along the gradient, one product, saves the doublings of the first step.
            let size = norm(&self.g);
            if size > 0.0 {
                let mut out = vec![0.0; self.g.len()];
                f.hvp(&self.g, &mut out);
                let along = dot(&out, &self.g) / (size * size);
                self.lipschitz = if along.is_finite() && along > 0.0 { along } else { 1.0 };
            }
        }
        Ok(())
    }

    /// trial ← prox(y − g/L); the objective moves there. Returns f there once the model bounds it.
    fn backtrack(&mut self, f: &mut dyn Objective<f64>) -> Result<f64, Stop> {
        for _ in 0..200 {
            let eta = 1.0 / self.lipschitz;
            for ((to, y), g) in self.trial.iter_mut().zip(&self.y).zip(&self.g) {
                *to = y - eta * g;
            }
            if let Some(h) = f.prox() {
                h.prox(eta, &mut self.trial);
            }
            let (mut linear, mut square) = (0.0, 0.0);
            for ((to, y), g) in self.trial.iter().zip(&self.y).zip(&self.g) {
                linear += g * (to - y);
                square += (to - y) * (to - y);
            }
            if let Ok(value) = f.at(&self.trial) {
                let model = self.value + linear + 0.5 * self.lipschitz * square;
                if value <= model + 4.0 * f64::EPSILON * self.value.abs() {
                    return Ok(value);
                }
            }
            self.lipschitz *= 2.0;
        }
        let detail = format!("no step size is short enough: 1/η reached {:e}", self.lipschitz);
        Err(Stop::Terminated(Termination::new(Reason::LineSearchFailed, detail)))
    }
}

impl DeterministicSolver for Fista {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        let number = self.step + 1;
        self.prepare(f)?;
        let value = self.backtrack(f)?;
        let penalty = f.prox().map_or(0.0, |h| h.value(&self.trial));
        let (mut turn, mut moved, mut mapped) = (0.0, 0.0, 0.0);
        for ((to, y), x) in self.trial.iter().zip(&self.y).zip(&self.x) {
            turn += (y - to) * (to - x);
            moved += (to - x) * (to - x);
            mapped += (y - to) * (y - to);
        }
        let eta = 1.0 / self.lipschitz;
        let next = if turn > 0.0 { 1.0 } else { 0.5 * (1.0 + (1.0 + 4.0 * self.t * self.t).sqrt()) };
        let beta = if turn > 0.0 { 0.0 } else { (self.t - 1.0) / next };
        for ((y, to), x) in self.y.iter_mut().zip(&self.trial).zip(&self.x) {
            *y = to + beta * (to - x);
        }
        std::mem::swap(&mut self.x, &mut self.trial);
        self.t = next;
        self.lipschitz *= RELAX;
        self.step = number;
        Ok(StepInfo {
            step: number,
            value: Some(value + penalty),
            // The gradient mapping L(y − x⁺), which is the gradient where h is zero.
            grad_norm: Some(mapped.sqrt() / eta),
            lr: Some(eta),
            step_norm: Some(moved.sqrt()),
            gap: None,
        })
    }

    fn point(&self) -> &[f64] {
        &self.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.f64s("y", &mut self.y);
        state.number("t", &mut self.t);
        state.number("lipschitz", &mut self.lipschitz);
        state.int("step", &mut self.step);
    }

    fn restore(&mut self, _f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        // Every step starts by evaluating at y.
        Ok(())
    }
}
