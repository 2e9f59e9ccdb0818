//! Frank–Wolfe (conditional gradient): minimizes f over a bounded set by asking for its vertices only.
//!
//! s = argmin_{s ∈ C} ∇f(x)·s,   x ← x + γ(s − x),   gap = ∇f(x)·(x − s) ≥ f(x) − f* for convex f
//!
//! M. Frank and P. Wolfe, Nav. Res. Logist. Q. 3, 1956, doi:10.1002/nav.3800030109; M. Jaggi, “Revisiting Frank–Wolfe”, ICML 2013:
//! the gap is a duality gap, and with γ = 2/(k + 2) f − f* ≤ 2C/(k + 2). By default γ = min(1, gap/(L‖s − x‖²)) with L found by
//! backtracking: F. Pedregosa, G. Negiar, A. Askari and M. Jaggi, AISTATS 2020, arXiv:1806.05123, so that f never rises.

use steepest_core::{Certificate, CertificateKind, Objective, Reason, StateVisitor, StepInfo, Stop, Termination};

use super::sets::{Set, SetError};
use crate::{DeterministicSolver, non_finite};

/// What L is multiplied with after a step.
const RELAX: f64 = 0.9;

/// Frank–Wolfe. A step costs one gradient, one vertex and one evaluation most of the time; no projection.
///
/// The reported norm is the gap.
pub struct FrankWolfe {
    x: Vec<f64>,
    g: Vec<f64>,
    vertex: Vec<f64>,
    trial: Vec<f64>,
    value: f64,
    first_value: f64,
    gap: f64,
    lipschitz: f64,
    open_loop: bool,
    set: Box<dyn Set>,
    step: u64,
    fresh: bool,
}

impl FrankWolfe {
    /// Starts at the point of the set nearest to `x`.
    ///
    /// # Errors
    /// [`SetError::Length`] when the set has another dimension; [`SetError::Bounds`] when it is not bounded.
    pub fn new(mut x: Vec<f64>, set: Box<dyn Set>) -> Result<FrankWolfe, SetError> {
        if let Some(dim) = set.dim().filter(|&dim| dim != x.len()) {
            return Err(SetError::Length { what: "the starting point", found: x.len(), expected: dim });
        }
        let zeros = vec![0.0; x.len()];
        let mut vertex = zeros.clone();
        for sign in [1.0, -1.0] {
            set.vertex(&vec![sign; x.len()], &mut vertex);
            if let Some(index) = vertex.iter().position(|v| !v.is_finite()) {
                let (lower, upper) = (vertex[index].min(0.0), vertex[index].max(0.0));
                return Err(SetError::Bounds { index, lower, upper });
            }
        }
        set.project(&mut x);
        Ok(FrankWolfe {
            g: zeros.clone(),
            trial: zeros,
            vertex,
            value: 0.0,
            first_value: f64::NAN,
            gap: f64::INFINITY,
            lipschitz: 0.0,
            open_loop: false,
            set,
            step: 0,
            fresh: false,
            x,
        })
    }

    /// With the steps γ = 2/(k + 2), k from 0, which ask for no value of f.
    #[must_use]
    pub fn with_open_loop(mut self) -> FrankWolfe {
        self.open_loop = true;
        self
    }

    /// What is proved at the point, for a convex f: the gap. Its relative form measures the objective against the start.
    pub fn certificate(&self) -> Certificate {
        if self.gap.is_finite() {
            Certificate::gap(CertificateKind::DualityGap, self.gap, self.value, self.first_value)
        } else {
            Certificate::none("no step was made yet")
        }
    }

    /// vertex and gap at x, whose gradient is in g.
    fn look(&mut self) {
        self.set.vertex(&self.g, &mut self.vertex);
        let each = self.g.iter().zip(self.x.iter().zip(&self.vertex));
        self.gap = each.map(|(g, (x, s))| g * (x - s)).sum::<f64>().max(0.0);
    }

    /// trial ← x + γ(s − x).
    fn propose(&mut self, gamma: f64) {
        for ((to, x), s) in self.trial.iter_mut().zip(&self.x).zip(&self.vertex) {
            *to = x + gamma * (s - x);
        }
    }

    /// γ and f after a step that falls as its model says; the objective stands there.
    fn search(&mut self, f: &mut dyn Objective<f64>, length2: f64, number: u64) -> Result<(f64, f64), Stop> {
        if self.open_loop {
            let gamma = 2.0 / (number + 1) as f64;
            self.propose(gamma);
            return Ok((gamma, f.at(&self.trial).map_err(non_finite(number))?));
        }
        if self.lipschitz == 0.0 {
            // The curvature along the first direction; where it is none, the full step is tried.
            let direction: Vec<f64> = self.vertex.iter().zip(&self.x).map(|(s, x)| s - x).collect();
            let mut out = vec![0.0; direction.len()];
            f.hvp(&direction, &mut out);
            let along = crate::dot(&direction, &out) / length2;
            let full = self.gap / length2;
            self.lipschitz = if along.is_finite() && along > 0.0 { along } else { full };
        }
        for _ in 0..200 {
            let gamma = (self.gap / (self.lipschitz * length2)).min(1.0);
            self.propose(gamma);
            if let Ok(value) = f.at(&self.trial) {
                let model = self.value - gamma * self.gap + 0.5 * gamma * gamma * self.lipschitz * length2;
                if value <= model + 4.0 * f64::EPSILON * self.value.abs() {
                    self.lipschitz *= RELAX;
                    return Ok((gamma, value));
                }
            }
            self.lipschitz *= 2.0;
        }
        let detail = format!("no step towards the vertex lowers the objective {:e}", self.value);
        Err(Stop::Terminated(Termination::new(Reason::LineSearchFailed, detail)))
    }
}

impl DeterministicSolver for FrankWolfe {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        let number = self.step + 1;
        if !self.fresh {
            self.restore(f)?;
        }
        let length2: f64 = self.vertex.iter().zip(&self.x).map(|(s, x)| (s - x) * (s - x)).sum();
        if self.gap == 0.0 || length2 == 0.0 {
            let detail = "the Frank–Wolfe gap is zero: no point of the set is lower to first order";
            return Err(Stop::Terminated(Termination::new(Reason::CertifiedGap, detail)));
        }
        let (gamma, value) = self.search(f, length2, number)?;
        f.gradient(&mut self.g).map_err(non_finite(number))?;
        std::mem::swap(&mut self.x, &mut self.trial);
        self.value = value;
        self.look();
        self.step = number;
        Ok(StepInfo {
            step: number,
            value: Some(value),
            grad_norm: Some(self.gap),
            lr: Some(gamma),
            step_norm: Some(gamma * length2.sqrt()),
            gap: self.certificate().relative(),
        })
    }

    fn point(&self) -> &[f64] {
        &self.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.number("lipschitz", &mut self.lipschitz);
        state.number("first_value", &mut self.first_value);
        state.int("step", &mut self.step);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        self.value = f.at(&self.x).map_err(non_finite(self.step + 1))?;
        f.gradient(&mut self.g).map_err(non_finite(self.step + 1))?;
        if self.first_value.is_nan() {
            self.first_value = self.value;
        }
        self.look();
        self.fresh = true;
        Ok(())
    }

    fn stationarity(&self) -> Option<f64> {
        self.fresh.then_some(self.gap)
    }

    fn value(&self) -> Option<f64> {
        self.fresh.then_some(self.value)
    }

    fn monotone(&self) -> bool {
        !self.open_loop
    }

    fn constrained(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prox::tests::least_squares;
    use crate::prox::{BoxSet, L1Ball, L2Ball, ProjectedGradient, Simplex};

    /// The minimum by another method.
    fn minimum(set: Box<dyn Set>) -> f64 {
        let mut f = least_squares();
        let mut solver = ProjectedGradient::new(vec![0.0; 20], set);
        (0..20_000).find(|_| solver.step(&mut f).map_or(true, |info| info.grad_norm.unwrap() < 1e-11));
        f.at(solver.point()).unwrap()
    }

    fn sets() -> Vec<Box<dyn Fn() -> Box<dyn Set>>> {
        vec![
            Box::new(|| Box::new(BoxSet::uniform(20, -0.2, 0.3).unwrap())),
            Box::new(|| Box::new(L1Ball::new(0.8).unwrap())),
            Box::new(|| Box::new(Simplex::new(1.0).unwrap())),
            Box::new(|| Box::new(L2Ball::new(vec![0.0; 20], 0.7).unwrap())),
        ]
    }

    #[test]
    fn the_gap_is_never_below_the_true_one_and_becomes_small() {
        for (k, set) in sets().iter().enumerate() {
            let best = minimum(set());
            for open in [false, true] {
                let mut f = least_squares();
                let mut solver = FrankWolfe::new(vec![0.0; 20], set()).unwrap();
                solver.open_loop = open;
                let (mut last, mut least) = (f64::INFINITY, f64::INFINITY);
                for _ in 0..3000 {
                    let Ok(info) = solver.step(&mut f) else { break };
                    let value = info.value.unwrap();
                    assert!(solver.gap >= value - best - 1e-9 * best, "set {k}: {} {}", solver.gap, value - best);
                    assert!(open || value <= last * (1.0 + 1e-12), "set {k}: f rises");
                    last = value;
                    least = least.min(solver.gap);
                }
                assert!(least < 2e-2 * best, "set {k}: gap {least} of {best}");
            }
        }
    }

    #[test]
    fn open_sets_are_refused() {
        let open = BoxSet::new(vec![0.0; 2], vec![1.0, f64::INFINITY]).unwrap();
        assert!(matches!(FrankWolfe::new(vec![0.5; 2], Box::new(open)), Err(SetError::Bounds { index: 1, .. })));
        let other = BoxSet::uniform(3, 0.0, 1.0).unwrap();
        assert!(matches!(FrankWolfe::new(vec![0.5; 2], Box::new(other)), Err(SetError::Length { .. })));
    }
}
