//! Coordinate descent for smooth functions: one variable at a time.
//!
//! xᵢ ← xᵢ − gᵢ/Lᵢ with Lᵢ the curvature along coordinate i, found by backtracking on f(x⁺) ≤ f(x) − gᵢ²/(2Lᵢ). S. J. Wright,
//! “Coordinate descent algorithms”, Math. Program. 151, 2015, doi:10.1007/s10107-015-0892-3; random order: Y. Nesterov, SIAM
//! J. Optim. 22, 2012, doi:10.1137/100802001; greedy (Gauss–Southwell): J. Nutini et al., ICML 2015, arXiv:1506.00552.
//!
//! For a general objective a partial derivative costs a whole gradient. Linear models have coordinate methods of their own that
//! pay one column a step.

use steepest_core::random::{Purpose, Stream};
use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination};

use crate::{DeterministicSolver, Place, non_finite, norm};

/// Which coordinate moves next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoordinateOrder {
    /// 0, 1, 2, … in every pass.
    Cyclic,
    /// A new random order in every pass, from this seed.
    Random(u64),
    /// The one with the largest |gᵢ|.
    Greedy,
}

/// A little less than the half that a quadratic falls by, so that rounding does not refuse its exact step.
const SHARE: f64 = 0.499;
/// What a curvature is multiplied with after a step.
const RELAX: f64 = 0.8;

/// Coordinate descent. One step is a pass: d updates, each of about one evaluation and one gradient.
#[derive(Debug)]
pub struct CoordinateDescent {
    at: Place,
    curvature: Vec<f64>,
    order: CoordinateOrder,
}

impl CoordinateDescent {
    /// Starts at `x`.
    pub fn new(x: Vec<f64>, order: CoordinateOrder) -> CoordinateDescent {
        CoordinateDescent { curvature: vec![0.0; x.len()], order, at: Place::new(x) }
    }

    /// One update of coordinate i; how far it moved. Where rounding hides the descent nothing moves.
    fn update(&mut self, f: &mut dyn Objective<f64>, i: usize) -> Result<f64, Stop> {
        let at = &mut self.at;
        let (slope, old) = (at.g[i], at.x[i]);
        if slope == 0.0 {
            return Ok(0.0);
        }
        if self.curvature[i] == 0.0 {
            at.trial.fill(0.0);
            at.trial[i] = 1.0;
            f.hvp(&at.trial, &mut at.next);
            let along = at.next[i].abs();
            self.curvature[i] = if along.is_finite() && along > 1e-300 { along } else { slope.abs() };
        }
        for _ in 0..100 {
            let length = slope / self.curvature[i];
            at.x[i] = old - length;
            if at.x[i] == old {
                break;
            }
            if let Ok(value) = f.at(&at.x)
                && value <= at.value - SHARE * slope * length + 4.0 * f64::EPSILON * at.value.abs()
            {
                f.gradient(&mut at.g).map_err(non_finite(at.step + 1))?;
                at.value = value;
                // A slope that changed sign shows a curvature that is large enough; keep it then.
                if at.g[i] * slope > 0.0 {
                    self.curvature[i] *= RELAX;
                }
                return Ok(length);
            }
            self.curvature[i] *= 2.0;
        }
        at.x[i] = old;
        Ok(0.0)
    }
}

impl DeterministicSolver for CoordinateDescent {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        self.at.ready(f)?;
        let d = self.at.x.len();
        let order: Vec<usize> = match self.order {
            CoordinateOrder::Random(seed) => {
                let shuffled = Stream::new(seed, Purpose::COORDINATES, self.at.step).permutation(d as u32);
                shuffled.into_iter().map(|i| i as usize).collect()
            }
            _ => (0..d).collect(),
        };
        let (mut moved, before) = (0.0, self.at.value);
        for planned in order {
            let i = match self.order {
                CoordinateOrder::Greedy => {
                    let steepest = self.at.g.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
                    steepest.map_or(planned, |(i, _)| i)
                }
                _ => planned,
            };
            moved += self.update(f, i)?.powi(2);
        }
        let size = norm(&self.at.g);
        if moved == 0.0 {
            let detail = format!("no coordinate lowers the objective {before:e}; the gradient is {size:e}");
            let reason = if size == 0.0 { Reason::GradientNorm } else { Reason::Stalled };
            return Err(Stop::Terminated(Termination::new(reason, detail)));
        }
        self.at.step += 1;
        Ok(StepInfo {
            step: self.at.step,
            value: Some(self.at.value),
            grad_norm: Some(size),
            lr: None,
            step_norm: Some(moved.sqrt()),
            gap: None,
        })
    }

    fn point(&self) -> &[f64] {
        &self.at.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        self.at.visit(state);
        state.f64s("curvature", &mut self.curvature);
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
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joint::Joint;

    #[test]
    fn every_order_reaches_the_minimum() {
        // Strongly convex and coupled: Σ i(xᵢ − 1)²/2 + (Σx − 5)²/2 + Σ(xᵢ − 1)⁴, whose minimum is 0 at ones.
        for order in [CoordinateOrder::Cyclic, CoordinateOrder::Random(7), CoordinateOrder::Greedy] {
            let mut f = Joint::new(5, |x: &[f64], g: &mut [f64]| {
                let rest = x.iter().sum::<f64>() - 5.0;
                let mut value = 0.5 * rest * rest;
                for i in 0..5 {
                    let (weight, off) = ((i + 1) as f64, x[i] - 1.0);
                    value += 0.5 * weight * off * off + off.powi(4);
                    g[i] = weight * off + 4.0 * off.powi(3) + rest;
                }
                value
            });
            let mut solver = CoordinateDescent::new(vec![-2.0, 3.0, 0.0, 5.0, 1.5], order);
            let mut last = f64::INFINITY;
            for _ in 0..200 {
                let Ok(info) = solver.step(&mut f) else { break };
                assert!(info.value.unwrap() <= last);
                last = info.value.unwrap();
            }
            assert!(solver.point().iter().all(|x| (x - 1.0).abs() < 1e-7), "{order:?}: {:?}", solver.point());
        }
    }

    #[test]
    fn separable_quadratics_take_one_pass() {
        let mut f = Joint::new(3, |x: &[f64], g: &mut [f64]| {
            (0..3)
                .map(|i| {
                    let w = 10f64.powi(i as i32);
                    g[i] = w * (x[i] - 1.0);
                    0.5 * g[i] * (x[i] - 1.0)
                })
                .sum()
        });
        let mut solver = CoordinateDescent::new(vec![0.0; 3], CoordinateOrder::Cyclic);
        solver.step(&mut f).unwrap();
        assert!(solver.point().iter().all(|x| (x - 1.0).abs() < 1e-8), "{:?}", solver.point());
    }
}
