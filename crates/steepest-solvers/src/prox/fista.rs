//! FISTA: accelerated proximal gradient for f + h, with backtracking and adaptive restart.
//!
//! x⁺ = prox_{h/L}(y − ∇f(y)/L),   t⁺ = (1 + √(1 + 4t²))/2,   y = x⁺ + ((t − 1)/t⁺)(x⁺ − x)
//!
//! A. Beck and M. Teboulle, “A fast iterative shrinkage-thresholding algorithm for linear inverse problems”, SIAM J. Imaging
//! Sci. 2(1), 2009, doi:10.1137/080716542. The momentum restarts when (y − x⁺)·(x⁺ − x) > 0 (gradient scheme) or when f + h
//! rises (value scheme): B. O'Donoghue and E. Candès, “Adaptive restart for accelerated gradient schemes”, Found. Comput.
//! Math. 15, 2015, doi:10.1007/s10208-013-9150-3. With [`Restart::Always`] there is no momentum: x ← prox_{h/L}(x − ∇f(x)/L), proximal
//! gradient descent or ISTA, where f + h never rises for L at least the Lipschitz constant and F(x_k) − F* ≤ L‖x₀ − x*‖²/(2k) for convex
//! f (Beck and Teboulle, theorem 3.1). L doubles until the quadratic model bounds f, and shrinks a little every
//! step, so that it follows the local curvature; [`with_lipschitz`](Fista::with_lipschitz) keeps it, and with
//! [`Restart::Never`] the bound F(x_k) − F* ≤ 2L‖x₀ − x*‖²/(k + 1)² of the paper's theorem 4.4 holds.

use steepest_core::{Objective, StateVisitor, StepInfo, Stop};

use super::backtracking::Backtracking;
use crate::DeterministicSolver;

/// When the momentum is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// When the step turns against the momentum.
    Gradient,
    /// When f + h rises.
    Value,
    /// Never: the method of the paper.
    Never,
    /// In every step: proximal gradient descent.
    Always,
}

/// FISTA. A step costs two evaluations and one gradient; without a non-smooth part it is Nesterov's accelerated descent.
#[derive(Debug)]
pub struct Fista {
    x: Vec<f64>,
    y: Vec<f64>,
    t: f64,
    step: u64,
    restart: Restart,
    /// f + h and the ∞-norm of the gradient mapping of the last step.
    last: Option<(f64, f64)>,
    inner: Backtracking,
}

impl Fista {
    /// Starts at `x`, finds L itself and restarts by the gradient scheme.
    pub fn new(x: Vec<f64>) -> Fista {
        let inner = Backtracking::new(x.len(), None);
        Fista { y: x.clone(), t: 1.0, step: 0, last: None, restart: Restart::Gradient, inner, x }
    }

    /// With the steps 1/L of a known L, the Lipschitz constant of ∇f.
    #[must_use]
    pub fn with_lipschitz(mut self, lipschitz: f64) -> Fista {
        self.inner = Backtracking::new(self.x.len(), Some(lipschitz));
        self
    }

    /// With another restart scheme.
    #[must_use]
    pub fn with_restart(mut self, restart: Restart) -> Fista {
        self.restart = restart;
        self
    }
}

impl DeterministicSolver for Fista {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        let number = self.step + 1;
        let found = self.inner.step(f, &self.y, number)?;
        let (mut turn, mut moved) = (0.0, 0.0);
        for ((to, y), x) in self.inner.trial.iter().zip(&self.y).zip(&self.x) {
            turn += (y - to) * (to - x);
            moved += (to - x) * (to - x);
        }
        let again = match self.restart {
            Restart::Gradient => turn > 0.0,
            Restart::Value => self.last.is_some_and(|last| found.value > last.0),
            Restart::Never => false,
            Restart::Always => true,
        };
        let next = if again { 1.0 } else { 0.5 * (1.0 + (1.0 + 4.0 * self.t * self.t).sqrt()) };
        let beta = if again { 0.0 } else { (self.t - 1.0) / next };
        for ((y, to), x) in self.y.iter_mut().zip(&self.inner.trial).zip(&self.x) {
            *y = to + beta * (to - x);
        }
        std::mem::swap(&mut self.x, &mut self.inner.trial);
        self.t = next;
        self.last = Some((found.value, found.largest));
        self.step = number;
        Ok(StepInfo {
            step: number,
            value: Some(found.value),
            grad_norm: Some(found.mapping),
            lr: Some(found.eta),
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
        state.number("lipschitz", &mut self.inner.lipschitz);
        state.int("step", &mut self.step);
        let (mut value, mut largest) = self.last.unwrap_or((f64::INFINITY, f64::INFINITY));
        state.number("value", &mut value);
        state.number("mapping", &mut largest);
        self.last = value.is_finite().then_some((value, largest));
    }

    fn restore(&mut self, _f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        // Every step starts by evaluating at y.
        Ok(())
    }

    fn stationarity(&self) -> Option<f64> {
        self.last.map(|last| last.1)
    }

    fn value(&self) -> Option<f64> {
        self.last.map(|last| last.0)
    }

    fn monotone(&self) -> bool {
        self.restart == Restart::Always && !self.inner.fixed
    }

    fn move_to(&mut self, x: &[f64]) -> bool {
        self.x.copy_from_slice(x);
        self.y.copy_from_slice(x);
        self.t = 1.0;
        self.last = None;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prox::tests::{lasso, lasso_minimum};
    use crate::prox::{Composite, L1};

    #[test]
    fn the_lasso_is_solved_to_its_conditions() {
        let (mut f, lambda) = lasso();
        let h = L1::new(lambda).unwrap();
        for restart in [Restart::Gradient, Restart::Value] {
            let mut solver = Fista::new(vec![0.0; 20]).with_restart(restart);
            for _ in 0..2000 {
                solver.step(&mut Composite::new(&mut f, &h)).unwrap();
            }
            let (best, x) = lasso_minimum();
            let last = solver.value().unwrap();
            assert!((last - best).abs() < 1e-12 * best, "{restart:?}: {last} {best}");
            assert!(solver.x.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-7), "{restart:?}");
        }
    }

    #[test]
    fn without_momentum_the_lasso_is_solved_and_never_rises() {
        let (mut f, lambda) = lasso();
        let h = L1::new(lambda).unwrap();
        let mut solver = Fista::new(vec![0.0; 20]).with_restart(Restart::Always);
        let mut last = f64::INFINITY;
        for _ in 0..5000 {
            let value = solver.step(&mut Composite::new(&mut f, &h)).unwrap().value.unwrap();
            assert!(value <= last + 1e-14 * last.abs());
            last = value;
        }
        let (best, _) = lasso_minimum();
        assert!(solver.monotone() && (last - best).abs() < 1e-10 * best, "{last} {best}");
    }

    #[test]
    fn the_bound_of_theorem_4_4_is_never_violated() {
        // A chain of differences, the hard case of the theory: L = 4.
        let d = 60;
        let mut chain = crate::joint::Joint::new(d, move |x: &[f64], g: &mut [f64]| {
            let mut value = 0.5 * (x[0] * x[0] + x[d - 1] * x[d - 1]) - x[0];
            g.fill(0.0);
            g[0] += x[0] - 1.0;
            g[d - 1] += x[d - 1];
            for i in 1..d {
                let step = x[i] - x[i - 1];
                value += 0.5 * step * step;
                g[i] += step;
                g[i - 1] -= step;
            }
            value
        });
        // The minimizer is 1 − i/(d+1), i from 1, and f* = −½·d/(d+1).
        let best = -0.5 * d as f64 / (d + 1) as f64;
        let distance: f64 = (1..=d).map(|i| (1.0 - i as f64 / (d + 1) as f64).powi(2)).sum();
        let mut solver = Fista::new(vec![0.0; d]).with_lipschitz(4.0).with_restart(Restart::Never);
        for k in 1..=400 {
            let value = solver.step(&mut chain).unwrap().value.unwrap();
            let bound = 2.0 * 4.0 * distance / ((k + 1) * (k + 1)) as f64;
            assert!(value - best <= bound * (1.0 + 1e-12), "step {k}: {} above {bound}", value - best);
        }
    }
}
