//! The method of multipliers: the augmented Lagrangian is minimized, then the multipliers move by what is violated.
//!
//! λ ← λ + ρc(x),   μ ← max(0, μ + ρh(x)),   and ρ grows tenfold where the violation did not halve. E. Birgin and J. Martínez,
//! “Practical Augmented Lagrangian Methods for Constrained Optimization”, 2014, doi:10.1137/1.9781611973365, algorithm 4.1. The
//! inner problems are solved by L-BFGS-B, so that bounds are always kept.

use steepest_core::{NonFinite, Objective, Reason, StateVisitor, StepInfo, Stop, Termination};

use super::lagrangian::{Constraint, Lagrangian, Multipliers, Sense};
use super::tangent::{Tangent, complement};
use crate::bounded::LbfgsB;
use crate::curvature::{CriticalPoint, Curvature, WHOLE, look};
use crate::prox::{BoxSet, SetError};
use crate::{DeterministicSolver, max_abs};

/// Steps of one inner minimization at most.
const INNER_STEPS: usize = 2_000;
/// ρ is not raised beyond this.
const LARGEST: f64 = 1e12;
/// The first-order conditions count as met up to this, relative to 1 + |f|.
const CRITICAL: f64 = 1e-5;
/// A multiplier holds the point from this share of the largest on.
const HOLDS: f64 = 1e-6;
/// Below this the inner problem is taken for unbounded.
const FAR: f64 = -1e20;

/// What a constraint costs at the solution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// What was asked.
    pub sense: Sense,
    /// c(x) − level.
    pub excess: f64,
    /// The multiplier λ of L = f + Σ λ·(c − level), with λ ≥ 0 for `AtMost`; of `AtLeast` that of level − c, ≥ 0 as well.
    pub multiplier: f64,
    /// The shadow price ∂f*/∂level: by how much the minimum rises per unit by which the level rises. It is −λ for `Equal`, −λ ≤ 0
    /// for `AtMost` (more room lowers the minimum), +λ ≥ 0 for `AtLeast` (more asked for raises it), and 0 where the constraint is
    /// not active. Of a maximum the price has the other sign.
    pub shadow_price: f64,
}

/// The augmented Lagrangian method. One step is one inner minimization and one update of the multipliers.
///
/// The reported norm is the largest of ‖P(x − ∇L) − x‖∞ over the bounds, the violation |c|, and |max(h, −μ/ρ)|, which vanish
/// together at points that satisfy the first-order conditions (Karush, Kuhn, Tucker).
///
/// ```
/// use steepest_solvers::{DeterministicSolver, Function, constrained::{AugmentedLagrangian, Constraint}, prox::BoxSet};
/// // x² + y² under x + y ≥ 2: the minimum 2 at (1, 1); asking for one unit more costs 2.
/// let mut bowl = Function::new(2, |x| x[0] * x[0] + x[1] * x[1])
///     .with_gradient(|x, g| { g[0] = 2.0 * x[0]; g[1] = 2.0 * x[1] });
/// let sum = Function::new(2, |x| x[0] + x[1]).with_gradient(|_, g| g.fill(1.0));
/// let constraints = vec![Constraint::at_least(sum, 2.0)];
/// let mut solver = AugmentedLagrangian::new(vec![0.0, 0.0], constraints, BoxSet::unbounded(2))?;
/// while solver.stationarity().is_none_or(|size| size > 1e-9) {
///     solver.step(&mut bowl)?;
/// }
/// assert!((solver.point()[0] - 1.0).abs() < 1e-8 && (solver.prices()[0].shadow_price - 2.0).abs() < 1e-7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AugmentedLagrangian<'a> {
    x: Vec<f64>,
    value: f64,
    g: Vec<f64>,
    terms: Multipliers<'a>,
    bounds: BoxSet,
    /// ‖P(x − ∇L) − x‖∞ with the updated multipliers.
    stationary: f64,
    violation: f64,
    tolerance: f64,
    inner: f64,
    step: u64,
    fresh: bool,
}

impl<'a> AugmentedLagrangian<'a> {
    /// Starts at the point of the box nearest to `x`, which may violate the constraints. Inner problems are solved to 10⁻⁹ at last.
    ///
    /// # Errors
    /// [`SetError::Length`] when the box or a constraint has another dimension.
    pub fn new(
        x: Vec<f64>,
        constraints: Vec<Constraint<'a>>,
        bounds: BoxSet,
    ) -> Result<AugmentedLagrangian<'a>, SetError> {
        let expected = x.len();
        if let Some(other) = constraints.iter().map(|c| c.function.layout().len()).find(|&d| d != expected) {
            return Err(SetError::Length { what: "the argument of a constraint", found: other, expected });
        }
        let x = LbfgsB::new(x, bounds.clone(), 1)?.point().to_vec();
        let terms = Multipliers::new(expected, constraints);
        Ok(AugmentedLagrangian {
            value: f64::NAN,
            g: vec![0.0; expected],
            terms,
            bounds,
            stationary: f64::INFINITY,
            violation: f64::INFINITY,
            tolerance: 1e-9,
            inner: 1e-2,
            step: 0,
            fresh: false,
            x,
        })
    }

    /// With another tolerance of the last inner problems.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: f64) -> AugmentedLagrangian<'a> {
        self.tolerance = tolerance;
        self
    }

    /// The constraints' values, multipliers and shadow prices at the point, in the order they were given.
    pub fn prices(&self) -> Vec<Price> {
        let each = self.terms.constraints.iter().zip(self.terms.multiplier.iter().zip(&self.terms.excess));
        each.map(|(constraint, (&multiplier, &excess))| {
            let turned = constraint.sense == Sense::AtLeast;
            let shadow_price = if turned { multiplier } else { 0.0 - multiplier };
            Price {
                sense: constraint.sense,
                excess: if turned { 0.0 - excess } else { excess },
                multiplier,
                shadow_price,
            }
        })
        .collect()
    }

    /// What the curvature of the Lagrangian says about the point, along the directions that constraints and bounds leave free: a
    /// [minimum](CriticalPoint::Minimum) is one of the constrained problem. `None` for the curvature itself where no direction is
    /// free. Looks at up to [`WHOLE`] variables; beyond them, and where the first-order conditions are not met, the answer is
    /// [`Unknown`](CriticalPoint::Unknown).
    ///
    /// A constraint that only touches the point, its multiplier zero, is taken for free: what it forbids may then be counted against
    /// a minimum, never for one.
    pub fn curvature(&mut self, f: &mut dyn Objective<f64>) -> (CriticalPoint, Option<Curvature>) {
        let dim = self.x.len();
        let unknown = (CriticalPoint::Unknown, None);
        let met = self.stationarity().is_some_and(|size| size <= CRITICAL * (1.0 + self.value.abs()));
        if dim > WHOLE || !met || self.look(f).is_err() {
            return unknown;
        }
        let holds = HOLDS * max_abs(&self.terms.multiplier).max(max_abs(&self.g)).max(1.0);
        let active = |k: usize| self.terms.constraints[k].sense == Sense::Equal || self.terms.multiplier[k] > holds;
        let slopes = self.terms.slopes.chunks_exact(dim.max(1)).enumerate();
        let mut normals: Vec<Vec<f64>> = slopes.filter(|(k, _)| active(*k)).map(|(_, s)| s.to_vec()).collect();
        for i in 0..dim {
            // A bound holds the point where the Lagrangian falls beyond it.
            let (low, high) = (self.bounds.lower()[i], self.bounds.upper()[i]);
            let held = (self.x[i] <= low && self.g[i] > holds) || (self.x[i] >= high && self.g[i] < -holds);
            if held {
                normals.push((0..dim).map(|j| f64::from(u8::from(i == j))).collect());
            }
        }
        let basis = complement(dim, normals);
        if basis.is_empty() {
            return (CriticalPoint::Minimum, None);
        }
        let lambda = (0..self.terms.constraints.len())
            .map(|k| if active(k) { self.terms.multiplier[k] * self.terms.constraints[k].sign() } else { 0.0 })
            .collect();
        let free = basis.len();
        let mut tangent = Tangent::new(f, &mut self.terms.constraints, lambda, &self.x, basis);
        let (zero, mut g) = (vec![0.0; free], vec![0.0; free]);
        if tangent.at(&zero).is_err() || tangent.gradient(&mut g).is_err() {
            return unknown;
        }
        match look(&mut tangent, &zero, &g) {
            Some(found) => (found.kind, Some(found)),
            None => unknown,
        }
    }

    /// By how much the worst constraint is violated, complementarity included.
    pub fn violation(&self) -> f64 {
        self.violation
    }

    /// f, ∇L and the violation at x with the multipliers as they are.
    fn look(&mut self, f: &mut dyn Objective<f64>) -> Result<(), NonFinite> {
        let mut lagrangian = Lagrangian { f, terms: &mut self.terms, plain: 0.0 };
        lagrangian.at(&self.x)?;
        self.value = lagrangian.plain;
        lagrangian.gradient(&mut self.g)?;
        // ∇f + Σ λ∇c, without the term of ρ.
        for (k, slope) in self.terms.slopes.chunks_exact(self.g.len()).enumerate() {
            let extra = self.terms.pull(k) - self.terms.multiplier[k];
            self.g.iter_mut().zip(slope).for_each(|(g, s)| *g -= extra * s);
        }
        self.violation = self.terms.violation();
        self.stationary = self.bounds.projected_gradient_norm(&self.x, &self.g);
        Ok(())
    }

    /// Minimizes the augmented Lagrangian from x; false where it is unbounded and ρ has to grow.
    fn minimize(&mut self, f: &mut dyn Objective<f64>) -> Result<bool, Stop> {
        let mut lagrangian = Lagrangian { f, terms: &mut self.terms, plain: 0.0 };
        let Ok(mut solver) = LbfgsB::new(self.x.clone(), self.bounds.clone(), 20) else { return Ok(true) };
        solver.restore(&mut lagrangian)?;
        for _ in 0..INNER_STEPS {
            if solver.stationarity().is_some_and(|size| size <= self.inner) {
                break;
            }
            // The end by rounding is an end; whether it is good enough is judged outside.
            let Ok(info) = solver.step(&mut lagrangian) else { break };
            if info.value.is_some_and(|value| value < FAR) || max_abs(solver.point()) > -FAR {
                return Ok(false);
            }
        }
        self.x.copy_from_slice(solver.point());
        Ok(true)
    }

    fn failed(&self) -> Stop {
        let (rho, violation) = (self.terms.rho, self.violation);
        let detail = format!(
            "the penalty reached {rho:e} and a constraint is still violated by {violation:e}: the constraints may contradict one \
             another near this point, or the objective falls without limit; start somewhere else"
        );
        Stop::Terminated(Termination::new(Reason::Stalled, detail))
    }
}

impl DeterministicSolver for AugmentedLagrangian<'_> {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        let number = self.step + 1;
        if !self.fresh {
            self.restore(f)?;
        }
        if self.step == 0 {
            let squares = crate::dot(&self.terms.excess, &self.terms.excess);
            let rho = 10.0 * self.value.abs().max(1.0) / (0.5 * squares).max(1e-12);
            self.terms.rho = rho.clamp(1e-6, 10.0);
        }
        let (before, old) = (self.violation, self.x.clone());
        while !self.minimize(f)? {
            self.terms.rho *= 10.0;
            if self.terms.rho > LARGEST {
                self.fresh = false;
                return Err(self.failed());
            }
        }
        self.look(f).map_err(crate::non_finite(number))?;
        for k in 0..self.terms.multiplier.len() {
            self.terms.multiplier[k] = self.terms.pull(k);
        }
        let violation = self.violation;
        self.look(f).map_err(crate::non_finite(number))?;
        if number > 1 && violation > 0.5 * before && violation > 0.1 * self.tolerance {
            if self.terms.rho >= LARGEST {
                return Err(self.failed());
            }
            self.terms.rho *= 10.0;
        }
        self.violation = violation;
        self.inner = (0.1 * self.inner).max(self.tolerance);
        self.step = number;
        let moved = self.x.iter().zip(&old).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        Ok(StepInfo {
            step: number,
            value: Some(self.value),
            grad_norm: self.stationarity(),
            lr: Some(self.terms.rho),
            step_norm: Some(moved),
            gap: None,
        })
    }

    fn point(&self) -> &[f64] {
        &self.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.f64s("multiplier", &mut self.terms.multiplier);
        state.number("rho", &mut self.terms.rho);
        state.number("violation", &mut self.violation);
        state.number("inner", &mut self.inner);
        state.int("step", &mut self.step);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        let violation = self.violation;
        self.look(f).map_err(crate::non_finite(self.step + 1))?;
        if self.step > 0 {
            self.violation = violation;
        }
        self.fresh = true;
        Ok(())
    }

    fn stationarity(&self) -> Option<f64> {
        self.fresh.then(|| self.stationary.max(self.violation))
    }

    fn value(&self) -> Option<f64> {
        self.fresh.then_some(self.value)
    }

    /// Points are compared by their violation first, so that the newest one is the best.
    fn monotone(&self) -> bool {
        true
    }

    fn constrained(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
