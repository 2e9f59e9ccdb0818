//! OWL-QN: limited-memory BFGS for f + Σ λᵢ|xᵢ|, orthant by orthant.
//!
//! The direction is that of L-BFGS for the pseudo-gradient ◇, the steepest one-sided derivative; elements that point against −◇
//! are dropped, and trial points are cut off at the borders of the orthant. G. Andrew and J. Gao, “Scalable training of
//! L1-regularized log-linear models”, ICML 2007, doi:10.1145/1273496.1273501. The pairs are those of the smooth f.

use steepest_core::{Objective, Prox, Reason, StateVisitor, StepInfo, Stop, Termination};

use super::penalties::L1;
use crate::descent::Direction;
use crate::{Accepted, DeterministicSolver, LimitedMemory, Place, dot, max_abs, norm};

/// Sufficient decrease along the projected step.
const DECREASE: f64 = 1e-4;

/// OWL-QN. A step costs one evaluation most of the time and O(m·d). Zeros are exact.
///
/// The reported norm is ‖◇‖, which vanishes exactly at the minima of convex f + h.
#[derive(Debug)]
pub struct Owlqn {
    at: Place,
    penalty: L1,
    /// h at x.
    cost: f64,
    memory: LimitedMemory,
    pseudo: Vec<f64>,
    d: Vec<f64>,
}

impl Owlqn {
    /// Starts at `x` with a penalty on the smooth objective that the steps are given, remembering `memory` pairs.
    pub fn new(x: Vec<f64>, penalty: L1, memory: usize) -> Owlqn {
        let zeros = vec![0.0; x.len()];
        let memory = LimitedMemory::new(x.len(), memory);
        Owlqn { at: Place::new(x), penalty, cost: 0.0, memory, pseudo: zeros.clone(), d: zeros }
    }

    /// pseudo ← ◇ at x.
    fn look(&mut self) {
        self.cost = self.penalty.value(&self.at.x);
        for (i, (to, (x, g))) in self.pseudo.iter_mut().zip(self.at.x.iter().zip(&self.at.g)).enumerate() {
            let lambda = self.penalty.lambda(i);
            *to = if *x != 0.0 {
                g + lambda * x.signum()
            } else if *g < -lambda {
                g + lambda
            } else if *g > lambda {
                g - lambda
            } else {
                0.0
            };
        }
    }

    /// trial ← x + td, cut off at the orthant of x or, where x is zero, of −◇; the value of f + h there.
    fn try_step(&mut self, f: &mut dyn Objective<f64>, t: f64) -> Option<f64> {
        for ((to, x), (d, p)) in self.at.trial.iter_mut().zip(&self.at.x).zip(self.d.iter().zip(&self.pseudo)) {
            let orthant = if *x != 0.0 { *x } else { -p };
            let moved = x + t * d;
            *to = if moved * orthant > 0.0 { moved } else { 0.0 };
        }
        let smooth = f.at(&self.at.trial).ok()?;
        f.gradient(&mut self.at.next).ok()?;
        Some(smooth + self.penalty.value(&self.at.trial))
    }

    /// The length and value of an acceptable step.
    fn search(&mut self, f: &mut dyn Objective<f64>, first: f64) -> Option<(f64, f64)> {
        let here = self.at.value + self.cost;
        let mut t = first;
        for _ in 0..60 {
            if let Some(value) = self.try_step(f, t) {
                let each = self.pseudo.iter().zip(self.at.trial.iter().zip(&self.at.x));
                let promised: f64 = each.map(|(p, (to, x))| p * (to - x)).sum();
                if value <= here + DECREASE * promised + 1e-15 * here.abs() && promised < 0.0 {
                    return Some((t, value));
                }
            }
            t *= 0.5;
        }
        None
    }
}

impl DeterministicSolver for Owlqn {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        self.at.ready(f)?;
        self.look();
        let size = max_abs(&self.pseudo);
        if size == 0.0 {
            let detail = "the pseudo-gradient is zero: no direction descends";
            return Err(Stop::Terminated(Termination::new(Reason::GradientNorm, detail)));
        }
        let (length, value) = loop {
            self.memory.recursion(&self.pseudo, &mut self.d);
            self.d.iter_mut().zip(&self.pseudo).for_each(|(d, p)| {
                if *d * p >= 0.0 {
                    *d = 0.0;
                }
            });
            let scaled = self.memory.has_pairs();
            let first = if scaled { 1.0 } else { (1.0 / norm(&self.d)).min(1.0) };
            if let Some(found) = self.search(f, first) {
                break found;
            }
            if !self.memory.forget() {
                self.at.left();
                let value = self.at.value + self.cost;
                let detail = format!("no step lowers the objective {value:e}; the pseudo-gradient is {size:e}");
                let rounding = dot(&self.pseudo, &self.d).abs() * first <= 1e-12 * value.abs();
                let reason = if rounding { Reason::Stalled } else { Reason::LineSearchFailed };
                return Err(Stop::Terminated(Termination::new(reason, detail)));
            }
        };
        let smooth = value - self.penalty.value(&self.at.trial);
        self.memory.learn(&self.at, Accepted { length, value: smooth });
        let moved = self.at.trial.iter().zip(&self.at.x).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        let info = self.at.advance(Accepted { length, value: smooth }, moved);
        self.look();
        Ok(StepInfo { value: Some(value), grad_norm: Some(norm(&self.pseudo)), ..info })
    }

    fn point(&self) -> &[f64] {
        &self.at.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        self.at.visit(state);
        self.memory.visit(state);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        self.at.restore(f)?;
        self.look();
        Ok(())
    }

    fn stationarity(&self) -> Option<f64> {
        self.at.stationarity().map(|_| max_abs(&self.pseudo))
    }

    fn value(&self) -> Option<f64> {
        self.at.stationarity().map(|_| self.at.value + self.cost)
    }

    fn monotone(&self) -> bool {
        true
    }

    /// The kinks of the penalty hold the point.
    fn constrained(&self) -> bool {
        true
    }

    fn move_to(&mut self, x: &[f64]) -> bool {
        self.at.move_to(x);
        self.memory.forget();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prox::tests::{lasso, lasso_minimum};

    #[test]
    fn the_lasso_is_solved_with_exact_zeros() {
        let (mut f, lambda) = lasso();
        let mut solver = Owlqn::new(vec![0.3; 20], L1::new(lambda).unwrap(), 10);
        let (mut steps, mut last) = (0, f64::INFINITY);
        while solver.stationarity().is_none_or(|size| size > 1e-9) && steps < 300 {
            let Ok(info) = solver.step(&mut f) else { break };
            assert!(info.value.unwrap() <= last * (1.0 + 1e-14));
            last = info.value.unwrap();
            steps += 1;
        }
        let (best, x) = lasso_minimum();
        assert!((last - best).abs() < 1e-11 * best, "{last} {best}");
        for (ours, theirs) in solver.point().iter().zip(x) {
            assert!((ours - theirs).abs() < 1e-6 && (*ours == 0.0) == (theirs == 0.0), "{ours} {theirs}");
        }
        assert!(steps < 200, "{steps}");
    }

    #[test]
    fn without_a_penalty_it_is_quasi_newton_descent() {
        let (mut f, _) = lasso();
        let mut solver = Owlqn::new(vec![0.0; 20], L1::new(0.0).unwrap(), 10);
        while solver.stationarity().is_none_or(|size| size > 1e-8) && solver.step(&mut f).is_ok() {}
        let mut g = vec![0.0; 20];
        f.at(solver.point()).unwrap();
        f.gradient(&mut g).unwrap();
        assert!(max_abs(&g) < 1e-7, "{}", max_abs(&g));
    }
}
