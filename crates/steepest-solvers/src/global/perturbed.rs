//! Perturbed gradient descent: where the gradient is small the point is shaken, so that saddles are left.
//!
//! x ← x − ηg, and x ← x + ξ with ξ uniform in a ball of radius r whenever ‖g‖∞ is below a threshold. A shake that does not lower f
//! within a number of steps shows that the point was a minimum, as far as gradients can tell. C. Jin, R. Ge, P. Netrapalli,
//! S. Kakade and M. Jordan, “How to escape saddle points efficiently”, ICML 2017, arXiv:1703.00887, algorithm 1: the number of
//! steps grows with log⁴ d only. η = 1/L is found by f(x − ηg) ≤ f(x) − ½η‖g‖².

use steepest_core::random::{Purpose, Stream};
use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination, math};

use crate::{
    Accepted, DeterministicSolver, Place, non_finite,
    vector::{along, dot, max_abs, norm},
};

/// What η is multiplied with after a step.
const GROW: f64 = 1.5;

/// Perturbed gradient descent. A step costs one gradient and one value most of the time.
#[derive(Debug)]
pub struct PerturbedDescent {
    at: Place,
    eta: f64,
    threshold: f64,
    radius: f64,
    wait: u64,
    /// The point and value before the last shake; empty where there is none to judge.
    before: Vec<f64>,
    before_value: f64,
    shaken_at: u64,
    shakes: u64,
    seed: u64,
}

impl PerturbedDescent {
    /// Starts at `x`: ‖g‖∞ ≤ 10⁻⁶ is small, shakes have the radius 10⁻³·max(1, ‖x‖), and 100 steps judge them. The perturbations
    /// are a function of the seed.
    pub fn new(x: Vec<f64>, seed: u64) -> PerturbedDescent {
        PerturbedDescent {
            eta: 0.0,
            threshold: 1e-6,
            radius: 1e-3 * norm(&x).max(1.0),
            wait: 100,
            before: Vec::new(),
            before_value: 0.0,
            shaken_at: 0,
            shakes: 0,
            seed,
            at: Place::new(x),
        }
    }

    /// With another threshold on ‖g‖∞, radius of the shakes, and number of steps that judge them.
    #[must_use]
    pub fn with_shakes(mut self, threshold: f64, radius: f64, wait: u64) -> PerturbedDescent {
        (self.threshold, self.radius, self.wait) = (threshold, radius, wait);
        self
    }

    /// How often the point was shaken.
    pub fn shakes(&self) -> u64 {
        self.shakes
    }

    /// x ← x + ξ.
    fn shake(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        self.before.clone_from(&self.at.x);
        self.before_value = self.at.value;
        let stream = Stream::new(self.seed, Purpose::PERTURB, self.shakes);
        stream.fill_normal(0, &mut self.at.trial);
        // A normal direction with a radius of density ∝ r^{d−1} is uniform in the ball.
        let d = self.at.x.len();
        let share = math::exp(math::ln(stream.open(2 * d as u64 + 2)) / d as f64);
        let scale = self.radius * share / norm(&self.at.trial).max(f64::MIN_POSITIVE);
        self.at.x.iter_mut().zip(&self.at.trial).for_each(|(x, z)| *x += scale * z);
        self.shakes += 1;
        self.shaken_at = self.at.step;
        // The curvature there may be another.
        self.eta = 0.0;
        self.at.restore(f)
    }

    /// x ← x − ηg.
    fn descend(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        let at = &mut self.at;
        let size2 = dot(&at.g, &at.g);
        if size2 == 0.0 {
            at.step += 1;
            return Ok(StepInfo {
                step: at.step,
                value: Some(at.value),
                lr: Some(0.0),
                step_norm: Some(0.0),
                ..StepInfo::default()
            });
        }
        if self.eta == 0.0 {
            f.hvp(&at.g, &mut at.next);
            let along = (dot(&at.next, &at.g) / size2).abs();
            self.eta = if along.is_finite() && along > 1e-12 { 1.0 / along } else { 1.0 };
        }
        for _ in 0..200 {
            let eta = self.eta;
            along(&mut at.trial, &at.x, -eta, &at.g);
            if let Ok(value) = f.at(&at.trial)
                && value <= at.value - 0.4999 * eta * size2 + 4.0 * f64::EPSILON * at.value.abs()
            {
                f.gradient(&mut at.next).map_err(non_finite(at.step + 1))?;
                let moved = if value == at.value { 0.0 } else { eta * size2.sqrt() };
                self.eta *= GROW;
                // The driver is not told how small the gradient is: it would end at the saddle that is to be left.
                return Ok(StepInfo { grad_norm: None, ..at.advance(Accepted { length: eta, value }, moved) });
            }
            self.eta *= 0.5;
        }
        let detail = format!("no step along the gradient lowers the objective {:e}", at.value);
        Err(Stop::Terminated(Termination::new(Reason::LineSearchFailed, detail)))
    }

    /// The end at the point before the last shake.
    fn arrived(&mut self) -> Stop {
        if self.before_value <= self.at.value {
            self.at.move_to(&self.before);
        }
        self.at.left();
        let detail = format!(
            "‖∇f‖∞ is below {:e}, and a shake by {:e} led nowhere lower in {} steps; {} shake{} in all",
            self.threshold,
            self.radius,
            self.wait,
            self.shakes,
            if self.shakes == 1 { "" } else { "s" }
        );
        Stop::Terminated(Termination::new(Reason::GradientNorm, detail))
    }
}

impl DeterministicSolver for PerturbedDescent {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        self.at.ready(f)?;
        let judged = self.at.step >= self.shaken_at + self.wait;
        if !self.before.is_empty() && judged {
            let lower = self.before_value - self.at.value > 1e-2 * self.radius * self.threshold;
            if !lower {
                return Err(self.arrived());
            }
            self.before.clear();
        }
        if self.before.is_empty() && max_abs(&self.at.g) <= self.threshold {
            self.shake(f)?;
        }
        match self.descend(f) {
            // After a shake, rounding at a minimum is no failure.
            Err(Stop::Terminated(_)) if !self.before.is_empty() => Err(self.arrived()),
            end => end,
        }
    }

    fn point(&self) -> &[f64] {
        &self.at.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        self.at.visit(state);
        state.number("eta", &mut self.eta);
        state.history("before", &mut self.before);
        state.number("before_value", &mut self.before_value);
        state.int("shaken_at", &mut self.shaken_at);
        state.int("shakes", &mut self.shakes);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        self.at.restore(f)
    }

    fn value(&self) -> Option<f64> {
        self.at.known_value()
    }

    fn move_to(&mut self, x: &[f64]) -> bool {
        self.at.move_to(x);
        self.before.clear();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joint::Joint;

    #[test]
    fn exact_saddles_are_left_for_minima() {
        // Σ (x² − 1)²: 3^d critical points, 2^d minima; the start is a maximum in some variables and on a ridge in others.
        for seed in 0..5 {
            let mut f = Joint::new(6, |x: &[f64], g: &mut [f64]| {
                x.iter()
                    .zip(g)
                    .map(|(x, g)| {
                        let a = x * x - 1.0;
                        *g = 4.0 * a * x;
                        a * a
                    })
                    .sum()
            });
            let mut solver = PerturbedDescent::new(vec![0.0, 0.0, 0.0, 1.0, -1.0, 0.5], seed);
            let end = (0..5000).find_map(|_| solver.step(&mut f).err()).unwrap();
            assert!(end.to_string().starts_with("gradient_norm"), "{end}");
            assert!(solver.at.value < 1e-10, "{}: {:?}", solver.at.value, solver.at.x);
            assert!(solver.shakes >= 2);
        }
    }

    #[test]
    fn a_minimum_is_not_left() {
        let mut f = Joint::new(3, |x: &[f64], g: &mut [f64]| {
            g.iter_mut().zip(x).for_each(|(g, x)| *g = 2.0 * x);
            dot(x, x)
        });
        let mut solver = PerturbedDescent::new(vec![0.0; 3], 0);
        assert!((0..1000).any(|_| solver.step(&mut f).is_err()));
        assert_eq!(solver.point(), [0.0; 3]);
        assert_eq!(solver.shakes(), 1);
    }
}
