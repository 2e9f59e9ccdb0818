//! The subgradient method: x ← P(x − ηₖ gₖ) with gₖ any subgradient of a convex f that may have kinks.
//!
//! The step is no descent step, so the best point seen is kept and is what [`point`](crate::DeterministicSolver::point) shows.
//! N. Z. Shor, “Minimization methods for non-differentiable functions”, 1985, doi:10.1007/978-3-642-82118-9; B. T. Polyak,
//! “Minimization of unsmooth functionals”, 1969, doi:10.1016/0041-5553(69)90061-5. With ‖g‖ ≤ G and R = ‖x₀ − x*‖ the best value
//! after k steps is above f* by at most (R² + Σ η²‖g‖²)/(2Σ η): O(1/√k) for ηₖ ∝ 1/√k and for Polyak's rule.

use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination};

use super::sets::Set;
use crate::{DeterministicSolver, non_finite, norm};

/// How long a subgradient step is; k counts steps from 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SubgradientRule {
    /// η: ends within ηG²/2 of the minimum.
    Constant(f64),
    /// η = length/‖g‖: every step moves by this length.
    Length(f64),
    /// η₀/√k.
    Root(f64),
    /// η₀/k: for strongly convex f, with η₀ ≥ 1/μ.
    Harmonic(f64),
    /// (f(x) − f*)/‖g‖² with the known minimum f*.
    Polyak(f64),
}

/// The subgradient method. A step costs one evaluation and one gradient.
pub struct Subgradient {
    x: Vec<f64>,
    best: Vec<f64>,
    best_value: f64,
    /// The ∞-norm of the subgradient at the best point.
    best_norm: f64,
    g: Vec<f64>,
    rule: SubgradientRule,
    set: Option<Box<dyn Set>>,
    step: u64,
}

impl Subgradient {
    /// Starts at `x`.
    pub fn new(x: Vec<f64>, rule: SubgradientRule) -> Subgradient {
        let g = vec![0.0; x.len()];
        Subgradient { best: x.clone(), best_value: f64::INFINITY, best_norm: 0.0, g, rule, set: None, step: 0, x }
    }

    /// Projects every point onto a set.
    #[must_use]
    pub fn over(mut self, set: Box<dyn Set>) -> Subgradient {
        set.project(&mut self.x);
        self.best.copy_from_slice(&self.x);
        self.set = Some(set);
        self
    }

    fn length(&self, value: f64, size: f64) -> f64 {
        let k = (self.step + 1) as f64;
        match self.rule {
            SubgradientRule::Constant(eta) => eta,
            SubgradientRule::Length(length) => length / size,
            SubgradientRule::Root(eta) => eta / k.sqrt(),
            SubgradientRule::Harmonic(eta) => eta / k,
            SubgradientRule::Polyak(minimum) => (value - minimum) / (size * size),
        }
    }
}

impl DeterministicSolver for Subgradient {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        let number = self.step + 1;
        let value = f.at(&self.x).map_err(non_finite(number))?;
        f.gradient(&mut self.g).map_err(non_finite(number))?;
        let size = norm(&self.g);
        if value < self.best_value {
            (self.best_value, self.best_norm) = (value, crate::max_abs(&self.g));
            self.best.copy_from_slice(&self.x);
        }
        if size == 0.0 {
            let detail =
                format!("zero is a subgradient at the point, so that no point of a convex function is below {value:e}");
            return Err(Stop::Terminated(Termination::new(Reason::GradientNorm, detail)));
        }
        let eta = self.length(value, size);
        if eta <= 0.0 {
            let detail = format!("the value {value:e} is not above the minimum given to Polyak's rule");
            return Err(Stop::Terminated(Termination::new(Reason::ValueChange, detail)));
        }
        let mut moved = 0.0;
        for (x, g) in self.x.iter_mut().zip(&self.g) {
            *x -= eta * g;
            moved += eta * g * eta * g;
        }
        if let Some(set) = &self.set {
            set.project(&mut self.x);
        }
        self.step = number;
        Ok(StepInfo {
            step: number,
            value: Some(self.best_value),
            grad_norm: Some(self.best_norm),
            lr: Some(eta),
            step_norm: Some(moved.sqrt()),
            gap: None,
        })
    }

    /// The best point seen.
    fn point(&self) -> &[f64] {
        &self.best
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.f64s("best", &mut self.best);
        state.number("best_value", &mut self.best_value);
        state.number("best_norm", &mut self.best_norm);
        state.int("step", &mut self.step);
    }

    fn restore(&mut self, _f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        // Every step starts by evaluating at x.
        Ok(())
    }

    fn stationarity(&self) -> Option<f64> {
        (self.step > 0).then_some(self.best_norm)
    }

    fn value(&self) -> Option<f64> {
        (self.step > 0).then_some(self.best_value)
    }

    fn constrained(&self) -> bool {
        self.set.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joint::Joint;
    use crate::prox::{L2Ball, Simplex};

    /// Σ i|xᵢ − cᵢ|, i from 1: minimum 0 at c, Lipschitz with G = √Σi².
    fn kinks() -> impl Objective<f64> {
        Joint::new(5, |x: &[f64], g: &mut [f64]| {
            let mut value = 0.0;
            for i in 0..5 {
                let (weight, off) = ((i + 1) as f64, x[i] - 0.3 * i as f64);
                value += weight * off.abs();
                g[i] = weight
                    * if off > 0.0 {
                        1.0
                    } else if off < 0.0 {
                        -1.0
                    } else {
                        0.0
                    };
            }
            value
        })
    }

    #[test]
    fn every_rule_keeps_its_bound() {
        let g2: f64 = (1..=5).map(|i| (i * i) as f64).sum();
        let r2: f64 = (0..5).map(|i| (1.0 - 0.3 * i as f64).powi(2)).sum();
        let k = 2000;
        for rule in [
            SubgradientRule::Constant(0.003),
            SubgradientRule::Length(0.02),
            SubgradientRule::Root(0.1),
            SubgradientRule::Harmonic(0.5),
            SubgradientRule::Polyak(0.0),
        ] {
            let (mut f, mut solver) = (kinks(), Subgradient::new(vec![1.0; 5], rule));
            let (mut sum, mut squares, mut best) = (0.0, 0.0, f64::INFINITY);
            for _ in 0..k {
                match solver.step(&mut f) {
                    Ok(info) => {
                        let eta = info.lr.unwrap();
                        sum += eta;
                        squares += info.step_norm.unwrap().powi(2);
                        assert!(info.value.unwrap() <= best, "the best value never rises");
                        best = info.value.unwrap();
                    }
                    Err(_) => break,
                }
            }
            let bound = (r2 + squares) / (2.0 * sum);
            assert!(solver.best_value <= bound + 1e-12, "{rule:?}: {} above {bound}", solver.best_value);
            if let SubgradientRule::Polyak(_) = rule {
                assert!(solver.best_value <= (r2 * g2 / k as f64).sqrt(), "{}", solver.best_value);
            }
        }
    }

    #[test]
    fn projected_onto_a_set() {
        // The largest element over the simplex is least at the center.
        let mut largest = Joint::new(4, |x: &[f64], g: &mut [f64]| {
            let (i, &value) = x.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
            g.fill(0.0);
            g[i] = 1.0;
            value
        });
        let start = vec![1.0, 0.0, 0.0, 0.0];
        let mut solver =
            Subgradient::new(start, SubgradientRule::Polyak(0.25)).over(Box::new(Simplex::new(1.0).unwrap()));
        (0..500).for_each(|_| drop(solver.step(&mut largest)));
        assert!(solver.best_value < 0.2505, "{}", solver.best_value);
        let ball = Box::new(L2Ball::new(vec![0.0; 5], 0.5).unwrap());
        let mut solver = Subgradient::new(vec![1.0; 5], SubgradientRule::Root(0.1)).over(ball);
        (0..100).for_each(|_| drop(solver.step(&mut kinks())));
        assert!(norm(solver.point()) <= 0.5 + 1e-12);
    }
}
