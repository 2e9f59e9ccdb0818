//! L-BFGS-B: limited-memory BFGS under bounds.
//!
//! From the generalized Cauchy point, which says which bounds are active, the quadratic model is minimized over the free
//! variables, and a line search goes from x towards that point. R. Byrd, P. Lu, J. Nocedal and C. Zhu, “A limited memory
//! algorithm for bound constrained optimization”, SIAM J. Sci. Comput. 16(5), 1995, doi:10.1137/0916069, with the projection of
//! J. Morales and J. Nocedal, 2011, doi:10.1145/2049662.2049669.

use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination};

use super::cauchy::cauchy_point;
use super::compact::Compact;
use super::line::{Next, Sample, Search};
use super::subspace::subspace_minimum;
use crate::prox::{BoxSet, Set, SetError};
use crate::{DeterministicSolver, dot, non_finite, norm};

/// Trials of one line search.
const MAX_TRIALS: usize = 30;

/// L-BFGS-B. A step costs one evaluation most of the time and O(m·d + d log d).
///
/// Every point it evaluates lies within the bounds. The reported norm is ‖P(x − g) − x‖∞.
#[derive(Debug)]
pub struct LbfgsB {
    x: Vec<f64>,
    g: Vec<f64>,
    value: f64,
    bounds: BoxSet,
    model: Compact,
    step: u64,
    fresh: bool,
    trial: Vec<f64>,
    next: Vec<f64>,
}

impl LbfgsB {
    /// Starts at the point of the box nearest to `x` and remembers `memory` pairs (10 is usual).
    ///
    /// # Errors
    /// [`SetError::Length`] when the box has another dimension.
    pub fn new(mut x: Vec<f64>, bounds: BoxSet, memory: usize) -> Result<LbfgsB, SetError> {
        let expected = bounds.lower().len();
        if x.len() != expected {
            return Err(SetError::Length { what: "the starting point", found: x.len(), expected });
        }
        bounds.project(&mut x);
        let zeros = vec![0.0; x.len()];
        let model = Compact::new(x.len(), memory);
        let (trial, next) = (zeros.clone(), zeros.clone());
        Ok(LbfgsB { g: zeros, value: 0.0, bounds, model, step: 0, fresh: false, trial, next, x })
    }

    /// The bounds.
    pub fn bounds(&self) -> &BoxSet {
        &self.bounds
    }

    /// The longest step along d that stays inside.
    fn longest(&self, d: &[f64]) -> f64 {
        let mut longest = 1e10;
        for ((x, d), (l, u)) in self.x.iter().zip(d).zip(self.bounds.lower().iter().zip(self.bounds.upper())) {
            let room = if *d > 0.0 { (u - x) / d } else { (l - x) / d };
            if *d != 0.0 && room < longest {
                longest = room;
            }
        }
        longest
    }

    /// trial and next ← the end of a search along d; its length and value, or `None`.
    fn search(&mut self, f: &mut dyn Objective<f64>, d: &[f64], slope: f64) -> Option<(f64, f64)> {
        // The model's own step ends inside the box, also where rounding says a hair less.
        let longest = self.longest(d).max(1.0);
        let unscaled = self.model.pairs() == 0;
        let first = if unscaled { (1.0 / norm(d)).min(longest) } else { 1.0 };
        let longest = if unscaled && self.step == 0 { longest.max(first) } else { longest };
        let mut search = Search::new(self.value, slope, first, longest);
        let (mut t, mut last) = (first, false);
        for _ in 0..MAX_TRIALS {
            for ((to, x), d) in self.trial.iter_mut().zip(&self.x).zip(d) {
                *to = x + t * d;
            }
            self.bounds.project(&mut self.trial);
            let found = f.at(&self.trial).and_then(|value| f.gradient(&mut self.next).map(|()| value));
            let Ok(value) = found else {
                t = search.beyond(t);
                continue;
            };
            if last {
                return (value < self.value).then_some((t, value));
            }
            match search.judge(Sample { t, value, slope: dot(&self.next, d) }) {
                Next::Accept => return Some((t, value)),
                Next::Try(next) => t = next,
                Next::Best(best) if best == t => return (value < self.value).then_some((t, value)),
                Next::Best(best) => (t, last) = (best, true),
            }
            if t <= 0.0 {
                return None;
            }
        }
        None
    }

    fn stuck(&self, slope: f64) -> Stop {
        let size = self.bounds.projected_gradient_norm(&self.x, &self.g);
        let (value, rounding) = (self.value, 1e-13 * self.value.abs().max(f64::MIN_POSITIVE));
        if slope.abs() <= rounding {
            let detail = format!(
                "the predicted decrease {:e} is below the rounding of the objective {value:e}; the projected gradient is {size:e}",
                slope.abs()
            );
            return Stop::Terminated(Termination::new(Reason::Stalled, detail));
        }
        let detail =
            format!("no step within the bounds lowers the objective {value:e}; the projected gradient is {size:e}");
        Stop::Terminated(Termination::new(Reason::LineSearchFailed, detail))
    }
}

impl DeterministicSolver for LbfgsB {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        let number = self.step + 1;
        if !self.fresh {
            self.restore(f)?;
        }
        if self.bounds.projected_gradient_norm(&self.x, &self.g) == 0.0 {
            let detail = "the projected gradient is zero: no feasible direction descends";
            return Err(Stop::Terminated(Termination::new(Reason::GradientNorm, detail)));
        }
        let (mut d, length, value) = loop {
            let cauchy = cauchy_point(&self.model, &self.bounds, &self.x, &self.g);
            let mut d = subspace_minimum(&self.model, &self.bounds, &self.x, &self.g, cauchy);
            d.iter_mut().zip(&self.x).for_each(|(d, x)| *d -= x);
            let slope = dot(&self.g, &d);
            if slope < 0.0
                && let Some((length, value)) = self.search(f, &d, slope)
            {
                break (d, length, value);
            }
            if self.model.pairs() == 0 {
                self.fresh = false;
                return Err(self.stuck(slope));
            }
            // A history that misleads is forgotten once before giving up.
            self.model.clear();
        };
        // d becomes s, and the old gradient is turned into y.
        d.iter_mut().zip(self.trial.iter().zip(&self.x)).for_each(|(s, (new, old))| *s = new - old);
        self.g.iter_mut().zip(&self.next).for_each(|(g, new)| *g = new - *g);
        self.model.push(&d, &self.g);
        std::mem::swap(&mut self.x, &mut self.trial);
        std::mem::swap(&mut self.g, &mut self.next);
        self.value = value;
        self.step = number;
        Ok(StepInfo {
            step: number,
            value: Some(value),
            grad_norm: Some(self.bounds.projected_gradient_norm(&self.x, &self.g)),
            lr: Some(length),
            step_norm: Some(norm(&d)),
            gap: None,
        })
    }

    fn point(&self) -> &[f64] {
        &self.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.int("step", &mut self.step);
        state.history("s", &mut self.model.s);
        state.history("y", &mut self.model.y);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        self.value = f.at(&self.x).map_err(non_finite(self.step + 1))?;
        f.gradient(&mut self.g).map_err(non_finite(self.step + 1))?;
        self.model.rebuild(false);
        self.fresh = true;
        Ok(())
    }

    fn stationarity(&self) -> Option<f64> {
        self.fresh.then(|| self.bounds.projected_gradient_norm(&self.x, &self.g))
    }

    fn value(&self) -> Option<f64> {
        self.fresh.then_some(self.value)
    }

    fn monotone(&self) -> bool {
        true
    }

    fn constrained(&self) -> bool {
        true
    }

    fn move_to(&mut self, x: &[f64]) -> bool {
        self.x.copy_from_slice(x);
        self.bounds.project(&mut self.x);
        self.model.clear();
        self.fresh = false;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joint::Joint;

    include!("../../reference/bounded.rs");

    type Problem = (Box<dyn FnMut(&[f64], &mut [f64]) -> f64>, Vec<f64>, BoxSet);

    /// The problems of `reference/composite.py`.
    fn problem(name: &str) -> Problem {
        match name {
            "chain" => {
                let lower = (0..25).map(|i| if i % 2 == 0 { 1.0 } else { -100.0 }).collect();
                (Box::new(chain), vec![3.0; 25], BoxSet::new(lower, vec![100.0; 25]).unwrap())
            }
            "rosenbrock" => {
                let upper = [0.8, 2.0].repeat(5);
                (Box::new(rosenbrock), [-1.2, 1.0].repeat(5), BoxSet::new(vec![-2.0; 10], upper).unwrap())
            }
            "bowl" => (Box::new(bowl), vec![0.0; 50], BoxSet::uniform(50, -0.3, 0.5).unwrap()),
            _ => {
                let upper = vec![10.0, 0.9, 10.0, 10.0];
                (Box::new(wood), vec![0.0, -1.0, 0.0, -1.0], BoxSet::new(vec![-10.0; 4], upper).unwrap())
            }
        }
    }

    fn chain(x: &[f64], g: &mut [f64]) -> f64 {
        g.fill(0.0);
        g[0] = 2.0 * (x[0] - 1.0);
        let mut value = (x[0] - 1.0).powi(2);
        for i in 1..x.len() {
            let r = x[i] - x[i - 1] * x[i - 1];
            value += 4.0 * r * r;
            g[i] += 8.0 * r;
            g[i - 1] -= 16.0 * x[i - 1] * r;
        }
        value
    }

    fn rosenbrock(x: &[f64], g: &mut [f64]) -> f64 {
        g.fill(0.0);
        let mut value = 0.0;
        for i in 1..x.len() {
            let (r, off) = (x[i] - x[i - 1] * x[i - 1], 1.0 - x[i - 1]);
            value += 100.0 * r * r + off * off;
            g[i] += 200.0 * r;
            g[i - 1] -= 400.0 * x[i - 1] * r + 2.0 * off;
        }
        value
    }

    fn bowl(x: &[f64], g: &mut [f64]) -> f64 {
        let sum: f64 = x.iter().sum();
        let mut value = 0.0;
        for (i, (x, g)) in x.iter().zip(g).enumerate() {
            let w = (i + 1) as f64;
            let (hx, b) = (w * x + sum, w.cos() * w);
            value += 0.5 * x * hx - b * x;
            *g = hx - b;
        }
        value
    }

    fn wood(x: &[f64], g: &mut [f64]) -> f64 {
        let [a, b, c, d] = [x[0], x[1], x[2], x[3]];
        g[0] = -400.0 * a * (b - a * a) - 2.0 * (1.0 - a);
        g[1] = 200.0 * (b - a * a) + 20.2 * (b - 1.0) + 19.8 * (d - 1.0);
        g[2] = -360.0 * c * (d - c * c) - 2.0 * (1.0 - c);
        g[3] = 180.0 * (d - c * c) + 20.2 * (d - 1.0) + 19.8 * (b - 1.0);
        100.0 * (b - a * a).powi(2)
            + (1.0 - a).powi(2)
            + 90.0 * (d - c * c).powi(2)
            + (1.0 - c).powi(2)
            + 10.1 * ((b - 1.0).powi(2) + (d - 1.0).powi(2))
            + 19.8 * (b - 1.0) * (d - 1.0)
    }

    #[test]
    fn as_low_as_scipy_in_as_many_evaluations() {
        let (mut ours, mut theirs) = (0, 0);
        for (name, minimum, evaluations, active) in SCIPY {
            let (f, start, bounds) = problem(name);
            let mut f = f;
            let mut count = 0;
            let mut counted = Joint::new(start.len(), |x: &[f64], g: &mut [f64]| {
                count += 1;
                f(x, g)
            });
            let mut solver = LbfgsB::new(start, bounds, 10).unwrap();
            while let Ok(info) = solver.step(&mut counted) {
                if info.grad_norm.unwrap() <= 1e-8 {
                    break;
                }
            }
            drop(counted);
            let close = minimum + 1e-12 * minimum.abs().max(1.0);
            assert!(solver.value <= close, "{name}: {} against {minimum}", solver.value);
            let (l, u) = (solver.bounds.lower(), solver.bounds.upper());
            let held = solver.x.iter().zip(l.iter().zip(u)).filter(|(x, (l, u))| *x <= *l || *x >= *u).count();
            assert_eq!(held, active, "{name}: active bounds");
            assert!(count <= evaluations + evaluations / 4 + 3, "{name}: {count} evaluations, SciPy {evaluations}");
            ours += count;
            theirs += evaluations;
        }
        // SciPy ends one of the problems in rounding before the tolerance that is reached here.
        assert!(ours <= theirs + theirs / 20, "{ours} evaluations in all, SciPy {theirs}");
    }

    #[test]
    fn every_point_is_inside_and_functions_undefined_outside_are_no_problem() {
        // Σ xᵢ ln xᵢ − xᵢ on [0.1, ∞) with a weight: minimum at 1 or at the bound.
        let mut f = Joint::new(4, |x: &[f64], g: &mut [f64]| {
            assert!(x.iter().all(|x| *x >= 0.1), "outside: {x:?}");
            g.iter_mut().zip(x).for_each(|(g, x)| *g = x.ln());
            g[3] += 5.0;
            x.iter().map(|x| x * x.ln() - x).sum::<f64>() + 5.0 * x[3]
        });
        let bounds = BoxSet::uniform(4, 0.1, f64::INFINITY).unwrap();
        let mut solver = LbfgsB::new(vec![5.0, 0.1, 2.0, 3.0], bounds, 5).unwrap();
        while solver.step(&mut f).is_ok_and(|info| info.grad_norm.unwrap() > 1e-10) {}
        for (x, expected) in solver.point().iter().zip([1.0, 1.0, 1.0, 0.1]) {
            assert!((x - expected).abs() < 1e-8, "{:?}", solver.point());
        }
    }

    #[test]
    fn without_bounds_it_is_a_quasi_newton_method() {
        let mut f = Joint::new(10, rosenbrock);
        let mut solver = LbfgsB::new([-1.2, 1.0].repeat(5), BoxSet::unbounded(10), 10).unwrap();
        while solver.step(&mut f).is_ok_and(|info| info.grad_norm.unwrap() > 1e-9) {}
        assert!(solver.value < 1e-15, "{}", solver.value);
    }
}
