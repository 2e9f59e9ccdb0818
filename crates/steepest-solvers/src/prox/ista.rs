//! ISTA: proximal gradient descent for f + h.
//!
//! x ← prox_{ηh}(x − η∇f(x)), with η = 1/L found by backtracking or given. f + h never rises for η ≤ 1/L, and for convex f
//! F(x_k) − F* ≤ L‖x₀ − x*‖²/(2k): A. Beck and M. Teboulle, 2009, doi:10.1137/080716542, theorem 3.1.

use steepest_core::{Objective, StateVisitor, StepInfo, Stop};

use super::backtracking::Backtracking;
use crate::DeterministicSolver;

/// ISTA. A step costs two evaluations and one gradient; without a non-smooth part it is gradient descent.
#[derive(Debug)]
pub struct Ista {
    x: Vec<f64>,
    step: u64,
    /// f + h and the ∞-norm of the gradient mapping of the last step.
    last: Option<(f64, f64)>,
    inner: Backtracking,
}

impl Ista {
    /// Starts at `x` and finds L itself.
    pub fn new(x: Vec<f64>) -> Ista {
        Ista { inner: Backtracking::new(x.len(), None), step: 0, last: None, x }
    }

    /// With the steps 1/L of a known L.
    #[must_use]
    pub fn with_lipschitz(mut self, lipschitz: f64) -> Ista {
        self.inner = Backtracking::new(self.x.len(), Some(lipschitz));
        self
    }
}

impl DeterministicSolver for Ista {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        let number = self.step + 1;
        let found = self.inner.step(f, &self.x, number)?;
        std::mem::swap(&mut self.x, &mut self.inner.trial);
        self.last = Some((found.value, found.largest));
        self.step = number;
        Ok(StepInfo {
            step: number,
            value: Some(found.value),
            grad_norm: Some(found.mapping),
            lr: Some(found.eta),
            step_norm: Some(found.mapping * found.eta),
            gap: None,
        })
    }

    fn point(&self) -> &[f64] {
        &self.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.number("lipschitz", &mut self.inner.lipschitz);
        state.int("step", &mut self.step);
    }

    fn restore(&mut self, _f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        // Every step starts by evaluating at x.
        Ok(())
    }

    fn stationarity(&self) -> Option<f64> {
        self.last.map(|last| last.1)
    }

    fn value(&self) -> Option<f64> {
        self.last.map(|last| last.0)
    }

    fn monotone(&self) -> bool {
        !self.inner.fixed
    }

    fn move_to(&mut self, x: &[f64]) -> bool {
        self.x.copy_from_slice(x);
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
    fn the_lasso_is_solved_and_never_rises() {
        let (mut f, lambda) = lasso();
        let h = L1::new(lambda).unwrap();
        let mut solver = Ista::new(vec![0.0; 20]);
        let mut last = f64::INFINITY;
        for _ in 0..5000 {
            let value = solver.step(&mut Composite::new(&mut f, &h)).unwrap().value.unwrap();
            assert!(value <= last + 1e-14 * last.abs());
            last = value;
        }
        let (best, _) = lasso_minimum();
        assert!((last - best).abs() < 1e-10 * best, "{last} {best}");
    }
}
