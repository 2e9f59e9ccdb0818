//! Simulated annealing: a random walk that is cooled.
//!
//! One variable moves at a time by a uniform step in ±vᵢ, accepted with probability min(1, exp(−(f′ − f)/T)); T falls by a constant
//! factor from level to level. S. Kirkpatrick, C. Gelatt and M. Vecchi, Science 220, 1983, doi:10.1126/science.220.4598.671. The
//! steps vᵢ follow the acceptance, so that it stays between 0.4 and 0.6: A. Corana, M. Marchesi, C. Martini and S. Ridella, ACM
//! TOMS 13(3), 1987, doi:10.1145/29380.29864. The first T accepts four of five ascents of the first moves; the last point is
//! minimized locally.

use steepest_core::random::{Purpose, Stream};
use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination, math};

use super::quench::Quench;
use crate::prox::BoxSet;
use crate::{DeterministicSolver, non_finite};

/// Moves of every variable between two changes of its step, and such rounds on one level.
const CYCLES: u32 = 20;
const ROUNDS: u32 = 5;
/// Corana's c.
const CHANGE: f64 = 2.0;

/// Simulated annealing. One step is a temperature level: 100·d values; the last step is a local minimization.
///
/// The best point seen is the point. The walk is a function of the seed.
pub struct Annealing {
    x: Vec<f64>,
    value: f64,
    best: Vec<f64>,
    best_value: f64,
    /// vᵢ.
    reach: Vec<f64>,
    bounds: Option<BoxSet>,
    temperature: f64,
    cooling: f64,
    levels: u64,
    local: Quench,
    /// What vanishes at a solution, at the best point.
    settled: Option<f64>,
    step: u64,
    fresh: bool,
    seed: u64,
}

impl Annealing {
    /// Starts at `x` with steps of about `reach`, 100 levels, cooling by 0.85, seed 0.
    pub fn new(x: Vec<f64>, reach: f64) -> Annealing {
        Annealing {
            value: 0.0,
            best: x.clone(),
            best_value: f64::INFINITY,
            reach: vec![reach; x.len()],
            bounds: None,
            temperature: 0.0,
            cooling: 0.85,
            levels: 100,
            local: Quench::new(&x),
            settled: None,
            step: 0,
            fresh: false,
            seed: 0,
            x,
        }
    }

    /// Within bounds; the last point is then minimized by L-BFGS-B.
    ///
    /// # Errors
    /// [`SetError`](crate::prox::SetError) when the box has another dimension.
    pub fn within(mut self, bounds: BoxSet) -> Result<Annealing, crate::prox::SetError> {
        let local = crate::LbfgsB::new(self.x.clone(), bounds.clone(), 10)?;
        self.x = local.point().to_vec();
        self.local = Quench::with(Box::new(local), 1e-6);
        self.bounds = Some(bounds);
        Ok(self)
    }

    /// With the first temperature T > 0 instead of one found from the first moves.
    #[must_use]
    pub fn with_temperature(mut self, temperature: f64) -> Annealing {
        self.temperature = temperature;
        self
    }

    /// With this factor of cooling in (0, 1) and this number of levels.
    #[must_use]
    pub fn with_cooling(mut self, factor: f64, levels: u64) -> Annealing {
        (self.cooling, self.levels) = (factor.clamp(1e-6, 1.0), levels.max(1));
        self
    }

    /// With the random numbers of this seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Annealing {
        self.seed = seed;
        self
    }

    /// xᵢ moved by vᵢu, u in ±1; inside the bounds.
    fn moved(&self, i: usize, u: f64) -> f64 {
        let to = self.x[i] + self.reach[i] * u;
        match &self.bounds {
            Some(b) if to < b.lower()[i] || to > b.upper()[i] => {
                // A move across a bound lands anywhere between the point and the bound.
                let bound = if to < b.lower()[i] { b.lower()[i] } else { b.upper()[i] };
                self.x[i] + u.abs() * (bound - self.x[i])
            }
            _ => to,
        }
    }

    /// T that accepts four of five of the ascents of the first moves.
    fn first_temperature(&mut self, f: &mut dyn Objective<f64>) -> f64 {
        let mut draws = Stream::new(self.seed, Purpose::PROPOSAL, u64::MAX).draws(0);
        let (mut rise, mut count) = (0.0, 0.0);
        for k in 0..20 * self.x.len() {
            let i = k % self.x.len();
            let keep = self.x[i];
            self.x[i] = self.moved(i, 2.0 * draws.uniform() - 1.0);
            if let Ok(value) = f.at(&self.x)
                && value > self.value
            {
                rise += value - self.value;
                count += 1.0;
            }
            self.x[i] = keep;
        }
        if count > 0.0 { rise / count / -math::ln(0.8) } else { 1.0 }
    }

    /// One level.
    fn level(&mut self, f: &mut dyn Objective<f64>) {
        let mut draws = Stream::new(self.seed, Purpose::PROPOSAL, self.step).draws(0);
        let d = self.x.len();
        for _ in 0..ROUNDS {
            let mut accepted = vec![0u32; d];
            for k in 0..CYCLES as usize * d {
                let i = k % d;
                let (keep, u, luck) = (self.x[i], 2.0 * draws.uniform() - 1.0, draws.uniform());
                self.x[i] = self.moved(i, u);
                match f.at(&self.x) {
                    Ok(value) if value <= self.value || luck < math::exp((self.value - value) / self.temperature) => {
                        self.value = value;
                        accepted[i] += 1;
                        if value < self.best_value {
                            self.best_value = value;
                            self.best.copy_from_slice(&self.x);
                        }
                    }
                    _ => self.x[i] = keep,
                }
            }
            for (reach, accepted) in self.reach.iter_mut().zip(accepted) {
                let share = f64::from(accepted) / f64::from(CYCLES);
                if share > 0.6 {
                    *reach *= 1.0 + CHANGE * (share - 0.6) / 0.4;
                } else if share < 0.4 {
                    *reach /= 1.0 + CHANGE * (0.4 - share) / 0.4;
                }
            }
        }
    }
}

impl DeterministicSolver for Annealing {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        if self.step > self.levels {
            let (value, temperature) = (self.best_value, self.temperature);
            let detail =
                format!("cooled to T = {temperature:e} and minimized locally; the lowest value met is {value:e}");
            return Err(Stop::Terminated(Termination::new(Reason::Completed, detail)));
        }
        if !self.fresh {
            self.restore(f)?;
        }
        if self.temperature <= 0.0 {
            self.temperature = self.first_temperature(f);
        }
        if self.step == self.levels {
            if let Ok(value) = self.local.run(f, &self.best)
                && value <= self.best_value
            {
                self.best_value = value;
                self.best.copy_from_slice(self.local.point());
                self.settled = self.local.stationarity();
            }
        } else {
            self.level(f);
            self.temperature *= self.cooling;
            // The walk goes on from the best point when it was left for good.
            if self.value > self.best_value + 20.0 * self.temperature {
                self.value = self.best_value;
                self.x.copy_from_slice(&self.best);
            }
        }
        self.step += 1;
        let lr = Some(self.temperature);
        Ok(StepInfo { step: self.step, value: Some(self.best_value), lr, ..StepInfo::default() })
    }

    /// The best point seen.
    fn point(&self) -> &[f64] {
        &self.best
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.f64s("best", &mut self.best);
        state.number("best_value", &mut self.best_value);
        state.f64s("reach", &mut self.reach);
        state.number("temperature", &mut self.temperature);
        state.int("step", &mut self.step);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        self.value = f.at(&self.x).map_err(non_finite(self.step + 1))?;
        if self.value < self.best_value {
            self.best_value = self.value;
            self.best.copy_from_slice(&self.x);
        }
        self.fresh = true;
        Ok(())
    }

    fn value(&self) -> Option<f64> {
        self.fresh.then_some(self.best_value)
    }

    /// Known at the end only: on the way every minimum would look like one.
    fn stationarity(&self) -> Option<f64> {
        if self.step > self.levels { self.settled } else { None }
    }

    fn constrained(&self) -> bool {
        self.local.constrained()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joint::Joint;

    /// Ackley's function: one global minimum 0 at 0 under many local ones.
    fn ackley(d: usize) -> impl Objective<f64> {
        Joint::new(d, move |x: &[f64], g: &mut [f64]| {
            let n = d as f64;
            let tau = 2.0 * std::f64::consts::PI;
            let root = (x.iter().map(|x| x * x).sum::<f64>() / n).sqrt();
            let waves = x.iter().map(|x| (tau * x).cos()).sum::<f64>() / n;
            let (a, b) = (-20.0 * (-0.2 * root).exp(), -waves.exp());
            for (g, x) in g.iter_mut().zip(x) {
                *g = -0.2 * a * x / (n * root.max(1e-300)) - b * tau * (tau * x).sin() / n;
            }
            a + b + 20.0 + std::f64::consts::E
        })
    }

    #[test]
    fn the_deepest_minimum_is_found_and_the_walk_repeats() {
        let run = |seed| {
            let (mut f, mut solver) = (ackley(3), Annealing::new(vec![7.0, -8.0, 5.5], 2.0).with_seed(seed));
            while solver.step(&mut f).is_ok() {}
            (solver.best_value, solver.best)
        };
        let (value, x) = run(0);
        assert!(value < 1e-3 && x.iter().all(|x| x.abs() < 1e-3), "{value} {x:?}");
        assert_eq!(run(0).1, x);
        assert_ne!(run(1).1, x);
    }

    #[test]
    fn bounds_are_never_left() {
        let mut f = Joint::new(2, |x: &[f64], g: &mut [f64]| {
            assert!(x.iter().all(|x| (0.5..=4.0).contains(x)), "{x:?}");
            g[0] = (5.0 * x[0]).cos() * 5.0 + 0.2;
            g[1] = 2.0 * (x[1] - 1.0);
            (5.0 * x[0]).sin() + 0.2 * x[0] + (x[1] - 1.0).powi(2)
        });
        let solver = Annealing::new(vec![4.0, 4.0], 1.0).within(BoxSet::uniform(2, 0.5, 4.0).unwrap());
        let mut solver = solver.unwrap().with_cooling(0.8, 40);
        while solver.step(&mut f).is_ok() {}
        // 5 cos 5x = −0.2 with the lowest sine: 5x = 3π/2 − 0.04.
        assert!((solver.best[0] - (1.5 * std::f64::consts::PI - 0.04001067) / 5.0).abs() < 1e-5, "{:?}", solver.best);
        assert!((solver.best[1] - 1.0).abs() < 1e-6);
    }
}
