//! Projected gradient descent over a set: x ← P(x − ηg), with spectral steps or a fixed one.
//!
//! The spectral method takes d = P(x − αg) − x with Barzilai and Borwein's α = sᵀs/sᵀy and shortens along d until f is
//! sufficiently below the largest of the last ten values: E. Birgin, J. Martínez and M. Raydan, “Nonmonotone spectral projected
//! gradient methods on convex sets”, SIAM J. Optim. 10(4), 2000, doi:10.1137/S1052623497330963, algorithm SPG2.

use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination};

use super::sets::Set;
use crate::{DeterministicSolver, dot, non_finite};

/// Values the new one is compared with.
const MEMORY: usize = 10;
/// Sufficient decrease.
const DECREASE: f64 = 1e-4;
/// Limits of α.
const SHORTEST: f64 = 1e-30;
const LONGEST: f64 = 1e30;

/// Projected gradient descent. A step costs one evaluation most of the time, one gradient and two projections.
///
/// The reported norm is ‖P(x − g) − x‖∞, which is zero exactly at the stationary points.
pub struct ProjectedGradient {
    x: Vec<f64>,
    g: Vec<f64>,
    /// The last values, the newest at the end.
    values: Vec<f64>,
    alpha: f64,
    /// ‖P(x − g) − x‖∞.
    stationary: f64,
    fixed: Option<f64>,
    set: Box<dyn Set>,
    step: u64,
    fresh: bool,
    trial: Vec<f64>,
    next: Vec<f64>,
    direction: Vec<f64>,
}

impl ProjectedGradient {
    /// Starts at the point of the set nearest to `x`, with spectral steps.
    pub fn new(mut x: Vec<f64>, set: Box<dyn Set>) -> ProjectedGradient {
        set.project(&mut x);
        let zeros = vec![0.0; x.len()];
        ProjectedGradient {
            g: zeros.clone(),
            values: Vec::new(),
            alpha: 0.0,
            stationary: f64::INFINITY,
            fixed: None,
            set,
            step: 0,
            fresh: false,
            trial: zeros.clone(),
            next: zeros.clone(),
            direction: zeros,
            x,
        }
    }

    /// With the fixed step size η: plain projected gradient descent, which converges for η < 2/L.
    #[must_use]
    pub fn with_step(mut self, eta: f64) -> ProjectedGradient {
        self.fixed = Some(eta);
        self
    }

    fn value_now(&self) -> f64 {
        self.values.last().copied().unwrap_or(f64::INFINITY)
    }

    /// direction ← P(x − αg) − x; its largest element.
    fn project(&mut self, alpha: f64) -> f64 {
        for ((d, x), g) in self.direction.iter_mut().zip(&self.x).zip(&self.g) {
            *d = x - alpha * g;
        }
        self.set.project(&mut self.direction);
        self.direction.iter_mut().zip(&self.x).for_each(|(d, x)| *d -= x);
        self.direction.iter().fold(0.0, |m, d| f64::max(m, d.abs()))
    }

    /// trial ← x + t·d, next ← the gradient there; returns t and f.
    fn search(&mut self, f: &mut dyn Objective<f64>, number: u64) -> Result<(f64, f64), Stop> {
        let (slope, value) = (dot(&self.g, &self.direction), self.value_now());
        let reference = self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut t = 1.0;
        for _ in 0..100 {
            for ((to, x), d) in self.trial.iter_mut().zip(&self.x).zip(&self.direction) {
                *to = x + t * d;
            }
            let tried = f.at(&self.trial);
            if let Ok(new) = tried {
                let rounding = 4.0 * f64::EPSILON * reference.abs();
                if self.fixed.is_some() || new <= reference + DECREASE * t * slope + rounding {
                    f.gradient(&mut self.next).map_err(non_finite(number))?;
                    return Ok((t, new));
                }
                let parabola = -0.5 * t * t * slope / (new - value - t * slope);
                t = if parabola > 0.1 * t && parabola < 0.9 * t { parabola } else { 0.5 * t };
            } else if let (Err(cause), Some(eta)) = (tried, self.fixed) {
                let detail = format!("{cause} after a step of the fixed size {eta:e}; try a smaller one");
                return Err(Stop::Terminated(Termination::new(Reason::Diverged, detail)));
            } else {
                t *= 0.1;
            }
        }
        let detail = format!("no step towards the projection lowers the objective {value:e}; its slope is {slope:e}");
        Err(Stop::Terminated(Termination::new(Reason::LineSearchFailed, detail)))
    }
}

impl DeterministicSolver for ProjectedGradient {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        let number = self.step + 1;
        if !self.fresh {
            self.restore(f)?;
        }
        let here = self.stationary;
        if here == 0.0 {
            let detail = "the projected gradient is zero: no feasible direction descends";
            return Err(Stop::Terminated(Termination::new(Reason::GradientNorm, detail)));
        }
        if self.alpha == 0.0 {
            self.alpha = 1.0 / here;
        }
        let alpha = self.fixed.unwrap_or(self.alpha);
        self.project(alpha);
        let (t, value) = self.search(f, number)?;
        let (mut ss, mut sy) = (0.0, 0.0);
        for (i, d) in self.direction.iter().enumerate() {
            let s = t * d;
            ss += s * s;
            sy += s * (self.next[i] - self.g[i]);
        }
        self.alpha = if sy > 0.0 { (ss / sy).clamp(SHORTEST, LONGEST) } else { LONGEST.min(10.0 * alpha) };
        std::mem::swap(&mut self.x, &mut self.trial);
        std::mem::swap(&mut self.g, &mut self.next);
        if self.values.len() == MEMORY {
            self.values.remove(0);
        }
        self.values.push(value);
        self.stationary = self.project(1.0);
        self.step = number;
        Ok(StepInfo {
            step: number,
            value: Some(value),
            grad_norm: Some(self.stationary),
            lr: Some(alpha * t),
            step_norm: Some(ss.sqrt()),
            gap: None,
        })
    }

    fn point(&self) -> &[f64] {
        &self.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.number("alpha", &mut self.alpha);
        state.history("values", &mut self.values);
        state.int("step", &mut self.step);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        let value = f.at(&self.x).map_err(non_finite(self.step + 1))?;
        f.gradient(&mut self.g).map_err(non_finite(self.step + 1))?;
        if self.values.is_empty() {
            self.values.push(value);
        }
        self.stationary = self.project(1.0);
        self.fresh = true;
        Ok(())
    }

    fn stationarity(&self) -> Option<f64> {
        self.fresh.then_some(self.stationary)
    }

    fn value(&self) -> Option<f64> {
        self.fresh.then(|| self.value_now())
    }

    fn constrained(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joint::Joint;
    use crate::prox::tests::least_squares;
    use crate::prox::{BoxSet, L1Ball, L2Ball, Simplex};

    fn solve(set: Box<dyn Set>, fixed: Option<f64>) -> (f64, Vec<f64>) {
        let mut f = least_squares();
        let mut solver = ProjectedGradient::new(vec![0.0; 20], set);
        solver.fixed = fixed;
        let mut last = 0.0;
        for _ in 0..20_000 {
            match solver.step(&mut f) {
                Ok(info) => last = info.grad_norm.unwrap(),
                Err(_) => break,
            }
            if last < 1e-10 {
                break;
            }
        }
        assert!(last < 1e-6, "{last}");
        (solver.value_now(), solver.x.clone())
    }

    /// Optimality over a convex set: g·(s − x) ≥ 0 for the vertex s of g.
    fn gap(set: &dyn Set, x: &[f64]) -> f64 {
        let (mut f, mut g, mut s) = (least_squares(), vec![0.0; 20], vec![0.0; 20]);
        f.at(x).unwrap();
        f.gradient(&mut g).unwrap();
        set.vertex(&g, &mut s);
        g.iter().zip(x.iter().zip(&s)).map(|(g, (x, s))| g * (x - s)).sum()
    }

    #[test]
    fn least_squares_over_sets_meets_its_conditions() {
        let boxed = BoxSet::uniform(20, -0.2, 0.3).unwrap();
        let ball = L2Ball::new(vec![0.0; 20], 0.7).unwrap();
        let (l1, simplex) = (L1Ball::new(0.8).unwrap(), Simplex::new(1.0).unwrap());
        let sets: [(Box<dyn Set>, Box<dyn Set>); 4] = [
            (Box::new(boxed.clone()), Box::new(boxed)),
            (Box::new(ball.clone()), Box::new(ball)),
            (Box::new(l1), Box::new(l1)),
            (Box::new(simplex), Box::new(simplex)),
        ];
        for (k, (set, same)) in sets.into_iter().enumerate() {
            let (value, x) = solve(set, None);
            let gap = gap(&*same, &x);
            assert!(gap.abs() < 1e-7 * value, "set {k}: gap {gap}");
        }
    }

    #[test]
    fn fixed_steps_go_to_the_same_place_and_too_long_ones_say_so() {
        let set = || Box::new(Simplex::new(1.0).unwrap());
        let (spectral, _) = solve(set(), None);
        let (fixed, _) = solve(set(), Some(0.01));
        assert!((spectral - fixed).abs() < 1e-9, "{spectral} {fixed}");
        let mut quartic = Joint::new(1, |x: &[f64], g: &mut [f64]| {
            g[0] = 4.0 * x[0].powi(3);
            x[0].powi(4)
        });
        let mut solver = ProjectedGradient::new(vec![2.0], Box::new(BoxSet::unbounded(1))).with_step(1.0);
        let stop = (0..20).find_map(|_| solver.step(&mut quartic).err()).unwrap();
        assert!(stop.to_string().contains("try a smaller one"), "{stop}");
    }
}
