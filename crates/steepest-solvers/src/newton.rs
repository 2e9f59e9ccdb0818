//! Newton's method with the exact Hessian: d = −(H + τI)⁻¹g, a step along d.
//!
//! τ is 0 where H is positive definite. Where it is not, τ grows from 10⁻¹⁰ of the mean diagonal by tens until the Cholesky
//! factorization succeeds (Nocedal and Wright, “Numerical Optimization”, 2nd ed. 2006, algorithm 3.3), so that d is always a
//! direction of descent. On a convex quadratic the first step lands on the minimum.

use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination};

use crate::{Cholesky, DeterministicSolver, Wolfe, dot, non_finite, norm};

/// Newton's method. A step costs one Hessian, O(d³/3) for its factor, and usually one evaluation.
#[derive(Debug)]
pub struct Newton {
    x: Vec<f64>,
    g: Vec<f64>,
    value: f64,
    fresh: bool,
    step: u64,
    trial: Vec<f64>,
    next: Vec<f64>,
    direction: Vec<f64>,
    hessian: Vec<f64>,
    search: Wolfe,
}

impl Newton {
    /// Starts at `x`.
    pub fn new(x: Vec<f64>) -> Newton {
        let d = x.len();
        Newton {
            g: vec![0.0; d],
            value: 0.0,
            fresh: false,
            step: 0,
            trial: vec![0.0; d],
            next: vec![0.0; d],
            direction: vec![0.0; d],
            hessian: vec![0.0; d * d],
            search: Wolfe::default(),
            x,
        }
    }

    /// d ← −(H + τI)⁻¹g; false when no τ helps.
    fn direction(&mut self) -> bool {
        let d = self.x.len();
        let mean = (0..d).map(|i| self.hessian[i * d + i].abs()).sum::<f64>() / d.max(1) as f64;
        let mut shift = 0.0;
        for _ in 0..40 {
            if let Some(factor) = Cholesky::new(&self.hessian, d, shift) {
                self.direction.iter_mut().zip(&self.g).for_each(|(d, g)| *d = -g);
                factor.solve(&mut self.direction);
                return self.direction.iter().all(|d| d.is_finite());
            }
            shift = if shift == 0.0 { 1e-10 * mean.max(f64::MIN_POSITIVE) } else { shift * 10.0 };
        }
        false
    }
}

impl DeterministicSolver for Newton {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        let number = self.step + 1;
        if !self.fresh {
            self.restore(f)?;
        }
        if !f.hessian(&mut self.hessian) {
            let detail = "this objective has no Hessian matrix; try newton-cg or lbfgs";
            return Err(Stop::Terminated(Termination::new(Reason::Stalled, detail)));
        }
        if !self.direction() {
            let detail =
                "the Hessian is not finite; the point is far outside the region where the loss can be computed";
            return Err(Stop::Terminated(Termination::new(Reason::Diverged, detail)));
        }
        let slope = dot(&self.g, &self.direction);
        if slope >= 0.0 {
            let detail = format!("the gradient is {:e} and nothing is left to gain", norm(&self.g));
            return Err(Stop::Terminated(Termination::new(Reason::GradientNorm, detail)));
        }
        let found =
            self.search.search(f, &self.x, &self.direction, self.value, slope, 1.0, &mut self.trial, &mut self.next);
        let accepted = match found {
            Ok(accepted) => accepted,
            Err(stop) => {
                self.fresh = false;
                // A predicted gain below rounding is the minimum, not a failure.
                if -slope <= 1e-13 * self.value.abs() {
                    let detail = format!(
                        "the predicted decrease {:e} is below the rounding of the objective {:e}",
                        -0.5 * slope,
                        self.value
                    );
                    return Err(Stop::Terminated(Termination::new(Reason::Stalled, detail)));
                }
                return Err(stop);
            }
        };
        std::mem::swap(&mut self.x, &mut self.trial);
        std::mem::swap(&mut self.g, &mut self.next);
        self.value = accepted.value;
        self.step = number;
        Ok(StepInfo {
            step: number,
            value: Some(accepted.value),
            grad_norm: Some(norm(&self.g)),
            lr: Some(accepted.length),
            step_norm: Some(accepted.length * norm(&self.direction)),
            gap: None,
        })
    }

    fn point(&self) -> &[f64] {
        &self.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.int("step", &mut self.step);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        self.value = f.at(&self.x).map_err(non_finite(self.step + 1))?;
        f.gradient(&mut self.g).map_err(non_finite(self.step + 1))?;
        self.fresh = true;
        Ok(())
    }
}
