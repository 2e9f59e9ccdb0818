//! The augmented Lagrangian as an objective.
//!
//! L(x) = f(x) + Σ λᵢcᵢ + (ρ/2)cᵢ²   over equalities c = 0
//!             + Σ (max(0, μⱼ + ρhⱼ)² − μⱼ²)/(2ρ)   over inequalities h ≤ 0
//!
//! M. Hestenes, J. Optim. Theory Appl. 4, 1969, doi:10.1007/BF00927673; M. Powell, 1969; inequalities: R. T. Rockafellar, J. Optim.
//! Theory Appl. 12, 1973, doi:10.1007/BF00934777.

use steepest_core::{Exactness, Layout, NonFinite, Objective, check_gradient};

use crate::dot;

/// What is asked of a constraint's function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    /// c(x) = level.
    Equal,
    /// c(x) ≤ level.
    AtMost,
    /// c(x) ≥ level.
    AtLeast,
}

/// One constraint: a function, a sense and a level.
pub struct Constraint<'a> {
    pub(super) function: Box<dyn Objective<f64> + Send + 'a>,
    /// What is asked.
    pub sense: Sense,
    /// Of what.
    pub level: f64,
}

impl<'a> Constraint<'a> {
    /// c(x) = level.
    pub fn equal(function: impl Objective<f64> + Send + 'a, level: f64) -> Constraint<'a> {
        Constraint { function: Box::new(function), sense: Sense::Equal, level }
    }

    /// c(x) ≤ level.
    pub fn at_most(function: impl Objective<f64> + Send + 'a, level: f64) -> Constraint<'a> {
        Constraint { function: Box::new(function), sense: Sense::AtMost, level }
    }

    /// c(x) ≥ level.
    pub fn at_least(function: impl Objective<f64> + Send + 'a, level: f64) -> Constraint<'a> {
        Constraint { function: Box::new(function), sense: Sense::AtLeast, level }
    }

    /// −1 where the function is turned to fit h ≤ 0, else 1.
    pub(super) fn sign(&self) -> f64 {
        if self.sense == Sense::AtLeast { -1.0 } else { 1.0 }
    }
}

/// The constraints with their multipliers, and what is known of them at the current point.
pub(super) struct Multipliers<'a> {
    pub constraints: Vec<Constraint<'a>>,
    /// λ or μ.
    pub multiplier: Vec<f64>,
    /// c − level or, of inequalities, the h that must not be positive.
    pub excess: Vec<f64>,
    /// ∇ of that, one behind the other.
    pub slopes: Vec<f64>,
    pub rho: f64,
}

impl<'a> Multipliers<'a> {
    pub fn new(dim: usize, constraints: Vec<Constraint<'a>>) -> Multipliers<'a> {
        let count = constraints.len();
        let (multiplier, excess) = (vec![0.0; count], vec![0.0; count]);
        Multipliers { constraints, multiplier, excess, slopes: vec![0.0; count * dim], rho: 1.0 }
    }

    /// The derivative of the augmented term by its excess: λ + ρc, and max(0, μ + ρh).
    pub fn pull(&self, k: usize) -> f64 {
        let pull = self.multiplier[k] + self.rho * self.excess[k];
        if self.constraints[k].sense == Sense::Equal { pull } else { pull.max(0.0) }
    }

    /// The term's value.
    fn term(&self, k: usize) -> f64 {
        let (m, c) = (self.multiplier[k], self.excess[k]);
        if self.constraints[k].sense == Sense::Equal {
            m * c + 0.5 * self.rho * c * c
        } else {
            (self.pull(k) * self.pull(k) - m * m) / (2.0 * self.rho)
        }
    }

    /// How far constraint k is from being met, with its complementarity: |c|, or |max(h, −μ/ρ)|.
    pub fn residual(&self, k: usize) -> f64 {
        if self.constraints[k].sense == Sense::Equal {
            self.excess[k].abs()
        } else {
            self.excess[k].max(-self.multiplier[k] / self.rho).abs()
        }
    }

    /// The largest of them.
    pub fn violation(&self) -> f64 {
        (0..self.constraints.len()).map(|k| self.residual(k)).fold(0.0, f64::max)
    }

    fn evaluate(&mut self, x: &[f64]) -> Result<(), NonFinite> {
        for (constraint, excess) in self.constraints.iter_mut().zip(&mut self.excess) {
            *excess = constraint.sign() * (constraint.function.at(x)? - constraint.level);
        }
        Ok(())
    }

    fn differentiate(&mut self, dim: usize) -> Result<(), NonFinite> {
        for (constraint, slope) in self.constraints.iter_mut().zip(self.slopes.chunks_exact_mut(dim)) {
            let sign = constraint.sign();
            constraint.function.gradient(slope)?;
            slope.iter_mut().for_each(|s| *s *= sign);
        }
        Ok(())
    }
}

/// f with the augmented terms.
pub(super) struct Lagrangian<'f, 'm, 'a> {
    pub f: &'f mut dyn Objective<f64>,
    pub terms: &'m mut Multipliers<'a>,
    /// f alone, where the objective stands.
    pub plain: f64,
}

impl Objective<f64> for Lagrangian<'_, '_, '_> {
    fn layout(&self) -> &Layout {
        self.f.layout()
    }

    fn at(&mut self, x: &[f64]) -> Result<f64, NonFinite> {
        self.plain = self.f.at(x)?;
        self.terms.evaluate(x)?;
        let value = self.plain + (0..self.terms.constraints.len()).map(|k| self.terms.term(k)).sum::<f64>();
        if value.is_finite() { Ok(value) } else { Err(NonFinite::Objective { value }) }
    }

    fn gradient(&mut self, g: &mut [f64]) -> Result<(), NonFinite> {
        self.f.gradient(g)?;
        self.terms.differentiate(g.len())?;
        for (k, slope) in self.terms.slopes.chunks_exact(g.len()).enumerate() {
            let pull = self.terms.pull(k);
            g.iter_mut().zip(slope).for_each(|(g, s)| *g += pull * s);
        }
        check_gradient(g, self.f.layout())
    }

    fn hvp(&mut self, v: &[f64], out: &mut [f64]) -> Exactness {
        let mut exactness = self.f.hvp(v, out);
        let mut product = vec![0.0; v.len()];
        for k in 0..self.terms.constraints.len() {
            let pull = self.terms.pull(k);
            let equal = self.terms.constraints[k].sense == Sense::Equal;
            if pull == 0.0 && !equal {
                continue;
            }
            let sign = self.terms.constraints[k].sign();
            if self.terms.constraints[k].function.hvp(v, &mut product) == Exactness::Differences {
                exactness = Exactness::Differences;
            }
            let slope = &self.terms.slopes[k * v.len()..(k + 1) * v.len()];
            let along = self.terms.rho * dot(slope, v);
            for ((out, p), s) in out.iter_mut().zip(&product).zip(slope) {
                *out += pull * sign * p + along * s;
            }
        }
        exactness
    }
}
