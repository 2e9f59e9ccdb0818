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

use crate::{DeterministicSolver, non_finite, norm};

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
    x: Vec<f64>,
    g: Vec<f64>,
    curvature: Vec<f64>,
    value: f64,
    order: CoordinateOrder,
    step: u64,
    fresh: bool,
}

impl CoordinateDescent {
    /// Starts at `x`.
    pub fn new(x: Vec<f64>, order: CoordinateOrder) -> CoordinateDescent {
        let zeros = vec![0.0; x.len()];
        CoordinateDescent { g: zeros.clone(), curvature: zeros, value: 0.0, order, step: 0, fresh: false, x }
    }

    /// One update of coordinate i; how far it moved. Where rounding hides the descent nothing moves.
    fn update(&mut self, f: &mut dyn Objective<f64>, i: usize, number: u64) -> Result<f64, Stop> {
        let (slope, old) = (self.g[i], self.x[i]);
        if slope == 0.0 {
            return Ok(0.0);
        }
        if self.curvature[i] == 0.0 {
            let mut unit = vec![0.0; self.x.len()];
            let mut out = unit.clone();
            unit[i] = 1.0;
            f.hvp(&unit, &mut out);
            self.curvature[i] = if out[i].is_finite() && out[i].abs() > 1e-300 { out[i].abs() } else { slope.abs() };
        }
        for _ in 0..100 {
            let length = slope / self.curvature[i];
            self.x[i] = old - length;
            if self.x[i] == old {
                break;
            }
            if let Ok(value) = f.at(&self.x)
                && value <= self.value - SHARE * slope * length + 4.0 * f64::EPSILON * self.value.abs()
            {
                f.gradient(&mut self.g).map_err(non_finite(number))?;
                self.value = value;
                // A slope that changed sign shows a curvature that is large enough; keep it then.
                if self.g[i] * slope > 0.0 {
                    self.curvature[i] *= RELAX;
                }
                return Ok(length);
            }
            self.curvature[i] *= 2.0;
        }
        self.x[i] = old;
        Ok(0.0)
    }
}

impl DeterministicSolver for CoordinateDescent {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        let number = self.step + 1;
        if !self.fresh {
            self.restore(f)?;
        }
        let d = self.x.len();
        let order: Vec<usize> = match self.order {
            CoordinateOrder::Random(seed) => {
                let shuffled = Stream::new(seed, Purpose::COORDINATES, self.step).permutation(d as u32);
                shuffled.into_iter().map(|i| i as usize).collect()
            }
            _ => (0..d).collect(),
        };
        let (mut moved, before) = (0.0, self.value);
        for planned in order {
            let i = match self.order {
                CoordinateOrder::Greedy => {
                    let steepest = self.g.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
                    steepest.map_or(planned, |(i, _)| i)
                }
                _ => planned,
            };
            moved += self.update(f, i, number)?.powi(2);
        }
        if moved == 0.0 {
            let detail = format!("no coordinate lowers the objective {before:e}; the gradient is {:e}", norm(&self.g));
            let reason = if norm(&self.g) == 0.0 { Reason::GradientNorm } else { Reason::Stalled };
            return Err(Stop::Terminated(Termination::new(reason, detail)));
        }
        self.step = number;
        Ok(StepInfo {
            step: number,
            value: Some(self.value),
            grad_norm: Some(norm(&self.g)),
            lr: None,
            step_norm: Some(moved.sqrt()),
            gap: None,
        })
    }

    fn point(&self) -> &[f64] {
        &self.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.f64s("curvature", &mut self.curvature);
        state.int("step", &mut self.step);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        self.value = f.at(&self.x).map_err(non_finite(self.step + 1))?;
        f.gradient(&mut self.g).map_err(non_finite(self.step + 1))?;
        self.fresh = true;
        Ok(())
    }

    fn stationarity(&self) -> Option<f64> {
        self.fresh.then(|| crate::max_abs(&self.g))
    }

    fn value(&self) -> Option<f64> {
        self.fresh.then_some(self.value)
    }

    fn monotone(&self) -> bool {
        true
    }

    fn move_to(&mut self, x: &[f64]) -> bool {
        self.x.copy_from_slice(x);
        self.fresh = false;
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
            assert!(solver.x.iter().all(|x| (x - 1.0).abs() < 1e-7), "{order:?}: {:?}", solver.x);
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
        assert!(solver.x.iter().all(|x| (x - 1.0).abs() < 1e-8), "{:?}", solver.x);
    }
}
