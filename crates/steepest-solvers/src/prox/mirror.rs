//! Mirror descent with the entropy on the simplex: exponentiated gradient descent.
//!
//! xᵢ ← xᵢ exp(−ηgᵢ) · total/Σⱼ xⱼ exp(−ηgⱼ), the minimizer of g·z + KL(z‖x)/η over the simplex. A. Nemirovski and D. Yudin,
//! 1983; A. Beck and M. Teboulle, “Mirror descent and nonlinear projected subgradient methods for convex optimization”, Oper.
//! Res. Lett. 31, 2003, doi:10.1016/S0167-6377(02)00231-6; J. Kivinen and M. Warmuth, Inf. Comput. 132, 1997,
//! doi:10.1006/inco.1996.2612. For ηₖ = √(2 ln d)/(G√k) and ‖g‖∞ ≤ G the error grows with ln d only.
//!
//! Without a given step size, η is shortened until f(x⁺) ≤ f(x) + g·(x⁺ − x) + KL(x⁺‖x)/η (descent relative to the entropy:
//! H. Bauschke, J. Bolte and M. Teboulle, Math. Oper. Res. 42, 2017, doi:10.1287/moor.2016.0817), so that f never rises.

use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination, math};

use super::sets::{Set, Simplex};
use crate::{DeterministicSolver, dot, non_finite};

/// What η is multiplied with after an accepted step.
const GROW: f64 = 1.5;

/// Mirror descent over a simplex. A step costs one evaluation most of the time and one gradient.
///
/// The reported norm is the Frank–Wolfe gap g·x − total·min g, which for convex f bounds f(x) − f*.
#[derive(Debug)]
pub struct MirrorDescent {
    x: Vec<f64>,
    g: Vec<f64>,
    value: f64,
    eta: f64,
    /// η₀ of the steps η₀/√k, where that rule was asked for.
    root: Option<f64>,
    set: Simplex,
    step: u64,
    fresh: bool,
    best: Vec<f64>,
    best_value: f64,
    trial: Vec<f64>,
}

impl MirrorDescent {
    /// Starts at the point of the simplex nearest to `x`, moved a millionth of the way to its center: a zero stays a zero for ever.
    pub fn new(mut x: Vec<f64>, set: Simplex) -> MirrorDescent {
        set.project(&mut x);
        let center = set.total() / x.len().max(1) as f64;
        x.iter_mut().for_each(|x| *x += 1e-6 * (center - *x));
        let zeros = vec![0.0; x.len()];
        let (g, trial, best) = (zeros.clone(), zeros, x.clone());
        let best_value = f64::INFINITY;
        MirrorDescent { x, g, value: 0.0, eta: 0.0, root: None, set, step: 0, fresh: false, best, best_value, trial }
    }

    /// With the steps η₀/√k, k from 1, whatever f does: for functions with kinks. The best point is kept.
    #[must_use]
    pub fn with_root_steps(mut self, eta: f64) -> MirrorDescent {
        self.root = Some(eta);
        self
    }

    /// trial ← the step with η.
    fn propose(&mut self, eta: f64) {
        let least = self.g.iter().copied().fold(f64::INFINITY, f64::min);
        for ((to, x), g) in self.trial.iter_mut().zip(&self.x).zip(&self.g) {
            *to = x * math::exp(-eta * (g - least));
        }
        let scale = self.set.total() / self.trial.iter().sum::<f64>();
        self.trial.iter_mut().for_each(|x| *x *= scale);
    }

    /// trial ← an acceptable step; returns f and η.
    fn search(&mut self, f: &mut dyn Objective<f64>, number: u64) -> Result<(f64, f64), Stop> {
        if let Some(eta) = self.root {
            let eta = eta / (number as f64).sqrt();
            self.propose(eta);
            return Ok((f.at(&self.trial).map_err(non_finite(number))?, eta));
        }
        for _ in 0..200 {
            let eta = self.eta;
            self.propose(eta);
            if let Ok(value) = f.at(&self.trial) {
                let (mut linear, mut divergence) = (0.0, 0.0);
                for ((to, x), g) in self.trial.iter().zip(&self.x).zip(&self.g) {
                    linear += g * (to - x);
                    divergence += if *to > 0.0 { to * math::ln(to / x) - to + x } else { *x };
                }
                if value <= self.value + linear + divergence / eta + 4.0 * f64::EPSILON * self.value.abs() {
                    self.eta = GROW * eta;
                    return Ok((value, eta));
                }
            }
            self.eta *= 0.5;
        }
        let detail = format!("no step size is short enough: η reached {:e}", self.eta);
        Err(Stop::Terminated(Termination::new(Reason::LineSearchFailed, detail)))
    }

    /// g·x − total·min g.
    fn gap(&self) -> f64 {
        let least = self.g.iter().copied().fold(f64::INFINITY, f64::min);
        (dot(&self.g, &self.x) - self.set.total() * least).max(0.0)
    }
}

impl DeterministicSolver for MirrorDescent {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        let number = self.step + 1;
        if !self.fresh {
            self.restore(f)?;
        }
        if self.eta == 0.0 {
            let steepest = self.g.iter().fold(0.0, |m, g| f64::max(m, g.abs()));
            self.eta = if steepest > 0.0 { 1.0 / steepest } else { 1.0 };
        }
        let (value, eta) = self.search(f, number)?;
        let moved = self.trial.iter().zip(&self.x).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        std::mem::swap(&mut self.x, &mut self.trial);
        f.gradient(&mut self.g).map_err(non_finite(number))?;
        self.value = value;
        if value < self.best_value {
            self.best_value = value;
            self.best.copy_from_slice(&self.x);
        }
        self.step = number;
        Ok(StepInfo {
            step: number,
            value: Some(self.best_value),
            grad_norm: Some(self.gap()),
            lr: Some(eta),
            step_norm: Some(moved),
            gap: None,
        })
    }

    /// The best point seen.
    fn point(&self) -> &[f64] {
        &self.best
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.number("eta", &mut self.eta);
        state.f64s("best", &mut self.best);
        state.number("best_value", &mut self.best_value);
        state.int("step", &mut self.step);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        self.value = f.at(&self.x).map_err(non_finite(self.step + 1))?;
        f.gradient(&mut self.g).map_err(non_finite(self.step + 1))?;
        if self.value < self.best_value {
            self.best_value = self.value;
            self.best.copy_from_slice(&self.x);
        }
        self.fresh = true;
        Ok(())
    }

    fn stationarity(&self) -> Option<f64> {
        self.fresh.then(|| self.gap())
    }

    fn value(&self) -> Option<f64> {
        self.fresh.then_some(self.best_value)
    }

    fn constrained(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joint::Joint;

    #[test]
    fn an_entropic_problem_has_its_closed_form() {
        // Σ cᵢxᵢ + Σ xᵢ ln xᵢ over the simplex: x ∝ exp(−c), value −ln Σ exp(−c).
        let cost = [0.3, -1.0, 2.0, 0.0];
        let mut f = Joint::new(4, move |x: &[f64], g: &mut [f64]| {
            (0..4)
                .map(|i| {
                    g[i] = cost[i] + x[i].ln() + 1.0;
                    x[i] * (cost[i] + x[i].ln())
                })
                .sum()
        });
        let mut solver = MirrorDescent::new(vec![0.25; 4], Simplex::new(1.0).unwrap());
        for _ in 0..200 {
            let (before, now) = (solver.best_value, solver.step(&mut f).unwrap().value.unwrap());
            assert!(now <= before + 1e-15);
        }
        let total: f64 = cost.iter().map(|c| (-c).exp()).sum();
        assert!((solver.best_value + total.ln()).abs() < 1e-12, "{}", solver.best_value);
        for (x, c) in solver.x.iter().zip(cost) {
            assert!((x - (-c).exp() / total).abs() < 1e-7);
        }
    }

    #[test]
    fn the_gap_bounds_the_error_at_a_vertex() {
        // A linear function is least at a vertex; with mass 2.
        let cost = [0.3, -1.0, 2.0];
        let mut f = Joint::new(3, move |x: &[f64], g: &mut [f64]| {
            g.copy_from_slice(&cost);
            dot(&cost, x)
        });
        let mut solver = MirrorDescent::new(vec![1.0; 3], Simplex::new(2.0).unwrap());
        for _ in 0..60 {
            let info = solver.step(&mut f).unwrap();
            assert!(info.value.unwrap() + 2.0 <= info.grad_norm.unwrap() + 1e-12);
        }
        assert!((solver.best_value + 2.0).abs() < 1e-9, "{}", solver.best_value);
    }

    #[test]
    fn root_steps_follow_a_function_with_kinks() {
        let mut f = Joint::new(3, |x: &[f64], g: &mut [f64]| {
            let (i, &value) = x.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
            g.fill(0.0);
            g[i] = 1.0;
            value
        });
        let mut solver = MirrorDescent::new(vec![1.0, 0.0, 0.0], Simplex::new(1.0).unwrap()).with_root_steps(1.0);
        (0..3000).for_each(|_| drop(solver.step(&mut f)));
        assert!(solver.best_value < 1.0 / 3.0 + 0.02, "{}", solver.best_value);
    }
}
