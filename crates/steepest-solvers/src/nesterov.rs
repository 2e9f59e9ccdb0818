//! Nesterov's accelerated descent: f(x_k) − f* ≤ 2L‖x₀ − x*‖²/(k + 1)² for convex f.
//!
//! x⁺ = y − ∇f(y)/L,   t⁺ = (1 + √(1 + 4t²))/2,   y⁺ = x⁺ + ((t − 1)/t⁺)(x⁺ − x)
//!
//! Y. Nesterov, “A method for solving the convex programming problem with convergence rate O(1/k²)”, Dokl. Akad. Nauk SSSR 269,
//! 1983; the t of A. Beck and M. Teboulle, 2009, doi:10.1137/080716542. L doubles until f falls as its definition promises. With a
//! known μ the momentum is (√κ − 1)/(√κ + 1) instead. The restart is that of B. O'Donoghue and E. Candès, “Adaptive restart for
//! accelerated gradient schemes”, Found. Comput. Math. 15, 2015, doi:10.1007/s10208-013-9150-3.

use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination};

use crate::{
    DeterministicSolver, non_finite,
    vector::{along, dot, norm},
};

/// Nesterov's method. A step costs two values and a gradient.
#[derive(Debug, Clone)]
pub struct Nesterov {
    x: Vec<f64>,
    y: Vec<f64>,
    g: Vec<f64>,
    trial: Vec<f64>,
    t: f64,
    /// L; 0 until the first gradient is known.
    lipschitz: f64,
    /// Whether L was given, and is not to be changed.
    fixed: bool,
    /// μ, where it is known; else 0.
    mu: f64,
    restart: bool,
    step: u64,
}

impl Nesterov {
    /// Starts at `x`, finds L on the way and restarts when the momentum points up.
    pub fn new(x: Vec<f64>) -> Nesterov {
        let zeros = || vec![0.0; x.len()];
        Nesterov {
            y: x.clone(),
            g: zeros(),
            trial: zeros(),
            t: 1.0,
            lipschitz: 0.0,
            fixed: false,
            mu: 0.0,
            restart: true,
            step: 0,
            x,
        }
    }

    /// With steps of `lr` = 1/L.
    #[must_use]
    pub fn rate(mut self, lr: f64) -> Nesterov {
        (self.lipschitz, self.fixed) = (1.0 / lr, true);
        self
    }

    /// With a known constant of strong convexity.
    #[must_use]
    pub fn strongly_convex(mut self, mu: f64) -> Nesterov {
        self.mu = mu;
        self
    }

    /// With or without restarts; the bound above is proved without.
    #[must_use]
    pub fn restarting(mut self, restart: bool) -> Nesterov {
        self.restart = restart;
        self
    }

    /// L from the change of the gradient along itself over a short way.
    fn estimate(&mut self, f: &mut dyn Objective<f64>) -> f64 {
        let size = norm(&self.g);
        f.hvp(&self.g, &mut self.trial);
        let curvature = dot(&self.trial, &self.g).abs() / (size * size);
        if curvature.is_finite() && curvature > 0.0 { curvature } else { size.max(1.0) }
    }

    /// trial ← y − g/L with an L that f confirms; returns f there.
    fn descend(&mut self, f: &mut dyn Objective<f64>, value: f64) -> Result<f64, Stop> {
        let square = dot(&self.g, &self.g);
        for _ in 0..200 {
            along(&mut self.trial, &self.y, -1.0 / self.lipschitz, &self.g);
            if let Ok(there) = f.at(&self.trial) {
                let enough = value - 0.5 * square / self.lipschitz + 4.0 * f64::EPSILON * value.abs();
                if self.fixed || there <= enough {
                    return Ok(there);
                }
            }
            if self.fixed {
                let detail = format!(
                    "the objective cannot be computed after a step of size {:e}; lower lr",
                    1.0 / self.lipschitz
                );
                return Err(Stop::Terminated(Termination::new(Reason::Diverged, detail)));
            }
            self.lipschitz *= 2.0;
        }
        let detail = format!("no step size is short enough: 1/η reached {:e}", self.lipschitz);
        Err(Stop::Terminated(Termination::new(Reason::LineSearchFailed, detail)))
    }
}

impl DeterministicSolver for Nesterov {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        let value = f.at(&self.y).map_err(non_finite(self.step + 1))?;
        f.gradient(&mut self.g).map_err(non_finite(self.step + 1))?;
        if norm(&self.g) == 0.0 {
            return Err(Stop::Terminated(Termination::new(Reason::GradientNorm, "the gradient is zero")));
        }
        if self.lipschitz == 0.0 {
            self.lipschitz = self.estimate(f);
        }
        let there = self.descend(f, value)?;
        let (mut turn, mut moved) = (0.0, 0.0);
        for ((to, g), x) in self.trial.iter().zip(&self.g).zip(&self.x) {
            turn += g * (to - x);
            moved += (to - x) * (to - x);
        }
        let again = self.restart && turn > 0.0;
        let next = if again { 1.0 } else { 0.5 * (1.0 + (1.0 + 4.0 * self.t * self.t).sqrt()) };
        let beta = match () {
            () if again => 0.0,
            () if self.mu > 0.0 => {
                let root = (self.lipschitz / self.mu).sqrt();
                (root - 1.0) / (root + 1.0)
            }
            () => (self.t - 1.0) / next,
        };
        if again && !self.fixed {
            // A restart begins a new proof, in which a smaller L may do.
            self.lipschitz *= 0.5;
        }
        for ((y, to), x) in self.y.iter_mut().zip(&self.trial).zip(&self.x) {
            *y = to + beta * (to - x);
        }
        std::mem::swap(&mut self.x, &mut self.trial);
        self.t = next;
        self.step += 1;
        Ok(StepInfo {
            step: self.step,
            value: Some(there),
            // ‖∇f(x⁺)‖ ≤ ‖∇f(y)‖ + L‖x⁺ − y‖.
            grad_norm: Some(2.0 * norm(&self.g)),
            lr: Some(1.0 / self.lipschitz),
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

    fn move_to(&mut self, x: &[f64]) -> bool {
        self.x.copy_from_slice(x);
        self.y.copy_from_slice(x);
        self.t = 1.0;
        true
    }
}
