//! One proximal gradient step with the local curvature found by doubling.
//!
//! x⁺ = prox_{h/L}(y − ∇f(y)/L) with the least tried L for which f(x⁺) ≤ f(y) + ∇f(y)·(x⁺ − y) + (L/2)‖x⁺ − y‖².

use steepest_core::{Objective, Reason, Stop, Termination};

use crate::{dot, non_finite, norm};

/// What L is multiplied with after a step, so that it follows the curvature down as well.
const RELAX: f64 = 0.95;

/// The curvature bound and the step from y.
#[derive(Debug, Clone)]
pub(crate) struct Backtracking {
    /// L = 1/η.
    pub lipschitz: f64,
    /// L is known and kept.
    pub fixed: bool,
    g: Vec<f64>,
    /// f(y).
    value: f64,
    /// x⁺.
    pub trial: Vec<f64>,
}

/// What a step found.
pub(crate) struct Proximal {
    /// f(x⁺) + h(x⁺).
    pub value: f64,
    /// η.
    pub eta: f64,
    /// ‖L(y − x⁺)‖₂: the gradient mapping, which is ‖∇f(y)‖ where h is zero.
    pub mapping: f64,
    /// Its ∞-norm.
    pub largest: f64,
}

impl Backtracking {
    /// For `dim` variables; `lipschitz` fixes L, else it is found.
    pub fn new(dim: usize, lipschitz: Option<f64>) -> Backtracking {
        Backtracking {
            lipschitz: lipschitz.unwrap_or(1.0),
            fixed: lipschitz.is_some(),
            g: vec![0.0; dim],
            value: 0.0,
            trial: vec![0.0; dim],
        }
    }

    /// trial ← the proximal step from y; the objective stands there.
    pub fn step(&mut self, f: &mut dyn Objective<f64>, y: &[f64], number: u64) -> Result<Proximal, Stop> {
        self.value = f.at(y).map_err(non_finite(number))?;
        f.gradient(&mut self.g).map_err(non_finite(number))?;
        if number == 1 && !self.fixed {
            self.first_curvature(f);
        }
        let value = self.shorten(f, y)?;
        let penalty = f.prox().map_or(0.0, |h| h.value(&self.trial));
        let eta = 1.0 / self.lipschitz;
        let moved = || y.iter().zip(&self.trial).map(|(y, to)| y - to);
        let mapping = moved().map(|m| m * m).sum::<f64>().sqrt() / eta;
        let largest = moved().fold(0.0, |m, v| f64::max(m, v.abs())) / eta;
        if !self.fixed {
            self.lipschitz *= RELAX;
        }
        Ok(Proximal { value: value + penalty, eta, mapping, largest })
    }

    /// The curvature along the gradient, one product, saves the doublings of the first step.
    fn first_curvature(&mut self, f: &mut dyn Objective<f64>) {
        let size = norm(&self.g);
        if size > 0.0 {
            let mut out = vec![0.0; self.g.len()];
            f.hvp(&self.g, &mut out);
            let along = dot(&out, &self.g) / (size * size);
            self.lipschitz = if along.is_finite() && along > 0.0 { along } else { 1.0 };
        }
    }

    fn shorten(&mut self, f: &mut dyn Objective<f64>, y: &[f64]) -> Result<f64, Stop> {
        for _ in 0..200 {
            let eta = 1.0 / self.lipschitz;
            for ((to, y), g) in self.trial.iter_mut().zip(y).zip(&self.g) {
                *to = y - eta * g;
            }
            if let Some(h) = f.prox() {
                h.prox(eta, &mut self.trial);
            }
            let (mut linear, mut square) = (0.0, 0.0);
            for ((to, y), g) in self.trial.iter().zip(y).zip(&self.g) {
                linear += g * (to - y);
                square += (to - y) * (to - y);
            }
            match f.at(&self.trial) {
                Ok(value) if self.fixed => return Ok(value),
                Ok(value) => {
                    let model = self.value + linear + 0.5 * self.lipschitz * square;
                    if value <= model + 4.0 * f64::EPSILON * self.value.abs() {
                        return Ok(value);
                    }
                }
                Err(cause) if self.fixed => {
                    let detail = format!(
                        "{cause} after a step of the fixed size {eta:e}; a smaller one, or none given, is needed"
                    );
                    return Err(Stop::Terminated(Termination::new(Reason::Diverged, detail)));
                }
                Err(_) => {}
            }
            self.lipschitz *= 2.0;
        }
        let detail = format!("no step size is short enough: 1/η reached {:e}", self.lipschitz);
        Err(Stop::Terminated(Termination::new(Reason::LineSearchFailed, detail)))
    }
}
