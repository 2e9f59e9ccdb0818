//! Basin hopping: a Metropolis walk over local minima.
//!
//! A move, a local minimization, and acceptance with probability min(1, exp(−(f′ − f)/T)). D. J. Wales and J. P. K. Doye, “Global
//! optimization by basin-hopping and the lowest energy structures of Lennard-Jones clusters containing up to 110 atoms”, J. Phys.
//! Chem. A 101, 1997, doi:10.1021/jp970984n. With T = 0 only descents are accepted, the monotonic sequence of R. Leary, J. Global
//! Optim. 18, 2000, doi:10.1023/A:1026525208872. After as many moves in vain as the patience allows, the walk starts afresh.

use steepest_core::random::{Purpose, Stream};
use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination, math};

use super::displacement::{Displacement, Moves};
use super::quench::Quench;
use crate::DeterministicSolver;

/// Basin hopping. One step is a hop: a move and a local minimization. The first step minimizes from the start.
///
/// The walk is a function of the seed and the chain number. The best minimum is the point.
///
/// ```
/// use steepest_solvers::{DeterministicSolver, Function, global::BasinHopping};
/// // Many minima on a wide bowl; the lowest lies at −0.5178.
/// let mut f = Function::new(1, |x| 0.05 * x[0] * x[0] + (3.0 * x[0]).sin())
///     .with_gradient(|x, g| g[0] = 0.1 * x[0] + 3.0 * (3.0 * x[0]).cos());
/// let mut solver = BasinHopping::new(vec![8.0], 2.0).with_hops(100);
/// while solver.step(&mut f).is_ok() {}
/// assert!((solver.point()[0] + 0.5178446).abs() < 1e-6);
/// ```
pub struct BasinHopping {
    x: Vec<f64>,
    value: f64,
    best: Vec<f64>,
    best_value: f64,
    trial: Vec<f64>,
    local: Quench,
    /// What vanishes at a solution, at the best minimum.
    settled: Option<f64>,
    moves: Box<dyn Moves>,
    temperature: f64,
    hops: u64,
    patience: u64,
    /// Hops since the walk last went down.
    idle: u64,
    /// How often the best value was met.
    hits: u64,
    /// Starts that are tried before random ones.
    seeds: Vec<Vec<f64>>,
    /// How many of them are used up.
    used: u64,
    step: u64,
    stream: Stream,
    position: u64,
}

impl BasinHopping {
    /// Starts at `x` with displacements of `step`, T = 1, 1,000 hops, L-BFGS, seed 0, and no fresh starts.
    pub fn new(x: Vec<f64>, step: f64) -> BasinHopping {
        BasinHopping {
            value: f64::INFINITY,
            best: x.clone(),
            best_value: f64::INFINITY,
            trial: x.clone(),
            local: Quench::new(&x),
            settled: None,
            moves: Box::new(Displacement::new(step)),
            temperature: 1.0,
            hops: 1_000,
            patience: u64::MAX,
            idle: 0,
            hits: 0,
            seeds: Vec::new(),
            used: 0,
            step: 0,
            stream: Stream::new(0, Purpose::PERTURB, 0),
            position: 0,
            x,
        }
    }

    /// With other moves.
    #[must_use]
    pub fn with_moves(mut self, moves: Box<dyn Moves>) -> BasinHopping {
        self.moves = moves;
        self
    }

    /// With the temperature T ≥ 0, in units of f.
    #[must_use]
    pub fn with_temperature(mut self, temperature: f64) -> BasinHopping {
        self.temperature = temperature.max(0.0);
        self
    }

    /// With this number of hops.
    #[must_use]
    pub fn with_hops(mut self, hops: u64) -> BasinHopping {
        self.hops = hops;
        self
    }

    /// Starts afresh after this many hops that did not go down.
    #[must_use]
    pub fn with_patience(mut self, patience: u64) -> BasinHopping {
        self.patience = patience.max(1);
        self
    }

    /// With the random numbers of this seed and chain.
    #[must_use]
    pub fn with_seed(mut self, seed: u64, chain: u64) -> BasinHopping {
        self.stream = Stream::new(seed, Purpose::PERTURB, chain);
        self
    }

    /// With starts of one's own, which are tried before random ones, in order.
    #[must_use]
    pub fn with_starts(mut self, starts: Vec<Vec<f64>>) -> BasinHopping {
        self.seeds = starts;
        self
    }

    /// With another local solver, one that can [move](DeterministicSolver::move_to) to a point, and its tolerance on what vanishes
    /// at a solution.
    #[must_use]
    pub fn with_local(mut self, solver: Box<dyn DeterministicSolver + Send>, gtol: f64) -> BasinHopping {
        self.local = Quench::with(solver, gtol);
        self
    }

    /// With the tolerance of the local minimizations on ‖∇f‖∞.
    #[must_use]
    pub fn with_gtol(mut self, gtol: f64) -> BasinHopping {
        self.local.gtol = gtol;
        self
    }

    /// How often the lowest value was met, to eight digits.
    pub fn hits(&self) -> u64 {
        self.hits
    }

    /// Takes note of the minimum at the end of the last quench.
    fn note(&mut self, value: f64) {
        let same = 1e-8 * value.abs().max(1e-300);
        if value < self.best_value - same {
            self.hits = 1;
        } else if value <= self.best_value + same {
            self.hits += 1;
        }
        if value < self.best_value {
            self.best_value = value;
            self.best.copy_from_slice(self.local.point());
            self.settled = self.local.stationarity();
        }
    }

    /// Whether the walk goes to a minimum of this value.
    fn accepts(&mut self, value: f64) -> bool {
        let mut draws = self.stream.draws(self.position);
        let u = draws.uniform();
        self.position = draws.position();
        value <= self.value || (self.temperature > 0.0 && u < math::exp((self.value - value) / self.temperature))
    }

    fn ended(&self) -> Stop {
        let (hops, hits, value) = (self.step, self.hits, self.best_value);
        let detail = format!("all {hops} hops are done; the lowest minimum {value:e} was met {hits} times");
        Stop::Terminated(Termination::new(Reason::Completed, detail))
    }
}

impl DeterministicSolver for BasinHopping {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        if self.step >= self.hops {
            return Err(self.ended());
        }
        let first = self.step == 0;
        let afresh = self.idle >= self.patience;
        let mut draws = self.stream.draws(self.position);
        if first {
            self.trial.copy_from_slice(&self.x);
        } else if afresh {
            match self.seeds.get(self.used as usize) {
                Some(seed) => {
                    self.trial.copy_from_slice(seed);
                    self.used += 1;
                }
                None => self.moves.fresh(&self.x, &mut draws, &mut self.trial),
            }
        } else {
            self.moves.propose(&self.x, &mut draws, &mut self.trial);
        }
        self.position = draws.position();
        let value = match self.local.run(f, &self.trial) {
            Ok(value) => value,
            Err(stop) if first => return Err(stop),
            // A move to where f has no value is refused.
            Err(_) => f64::INFINITY,
        };
        self.note(value);
        let accepted = first || (value.is_finite() && (afresh || self.accepts(value)));
        let lower = value < self.value - 1e-9 * self.value.abs().min(1.0);
        self.idle = if lower || (afresh && accepted) { 0 } else { self.idle + 1 };
        if !first && !afresh {
            self.moves.learn(accepted);
        }
        if accepted {
            self.value = value;
            self.x.copy_from_slice(self.local.point());
        }
        self.step += 1;
        let lr = Some(self.moves.size());
        Ok(StepInfo { step: self.step, value: Some(self.best_value), lr, ..StepInfo::default() })
    }

    /// The best minimum.
    fn point(&self) -> &[f64] {
        &self.best
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.number("value", &mut self.value);
        state.f64s("best", &mut self.best);
        state.number("best_value", &mut self.best_value);
        let mut size = self.moves.size();
        state.number("move", &mut size);
        self.moves.resize(size);
        state.int("used", &mut self.used);
        state.int("idle", &mut self.idle);
        state.int("hits", &mut self.hits);
        state.int("step", &mut self.step);
        state.int("position", &mut self.position);
    }

    fn restore(&mut self, _f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        // Every hop starts from values that are part of the state.
        Ok(())
    }

    fn value(&self) -> Option<f64> {
        (self.step > 0).then_some(self.best_value)
    }

    /// Known at the end only: on the way every minimum would look like one.
    fn stationarity(&self) -> Option<f64> {
        if self.step >= self.hops { self.settled } else { None }
    }

    fn constrained(&self) -> bool {
        self.local.constrained()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joint::Joint;

    /// Rastrigin's function in five dimensions, 10d + Σ x² − 10 cos 2πx: 11⁵ minima in [−5.12, 5.12]⁵, the lowest 0 at 0.
    fn rastrigin() -> impl Objective<f64> + Send {
        Joint::new(5, |x: &[f64], g: &mut [f64]| {
            let tau = 2.0 * std::f64::consts::PI;
            x.iter()
                .zip(g)
                .map(|(x, g)| {
                    *g = 2.0 * x + 10.0 * tau * (tau * x).sin();
                    10.0 + x * x - 10.0 * (tau * x).cos()
                })
                .sum()
        })
    }

    #[test]
    fn the_lowest_of_many_minima_is_found_and_the_end_is_told() {
        let mut f = rastrigin();
        let mut solver = BasinHopping::new(vec![4.3, -3.2, 2.1, -4.4, 3.3], 1.0).with_hops(800).with_temperature(1.0);
        let end = loop {
            if let Err(stop) = solver.step(&mut f) {
                break stop;
            }
        };
        assert!(solver.best_value < 1e-10, "{}", solver.best_value);
        assert!(end.to_string().starts_with("completed: all 800 hops are done"), "{end}");
        assert_eq!(solver.value(), Some(f.at(solver.point()).unwrap()));
    }

    #[test]
    fn the_walk_is_a_function_of_its_seed_and_goes_on_after_a_restart() {
        let run = |seed, hops| {
            let (mut f, mut solver) = (rastrigin(), BasinHopping::new(vec![3.0; 5], 1.0).with_seed(seed, 2));
            (0..hops).for_each(|_| drop(solver.step(&mut f)));
            solver
        };
        assert_eq!(run(1, 40).x, run(1, 40).x);
        assert_ne!(run(1, 40).x, run(2, 40).x);
        // Without luck the walk starts afresh.
        let (mut f, mut solver) = (rastrigin(), BasinHopping::new(vec![3.0; 5], 0.01).with_patience(3));
        (0..10).for_each(|_| drop(solver.step(&mut f)));
        assert!(solver.idle < 3);
    }

    #[test]
    fn minima_within_bounds() {
        use crate::bounded::LbfgsB;
        use crate::prox::BoxSet;
        let bounds = BoxSet::uniform(5, 0.6, 5.0).unwrap();
        let local = Box::new(LbfgsB::new(vec![3.0; 5], bounds.clone(), 8).unwrap());
        let moves = Box::new(Displacement::new(1.0).within(bounds));
        let (mut f, mut solver) = (rastrigin(), BasinHopping::new(vec![3.0; 5], 1.0));
        solver = solver.with_local(local, 1e-7).with_moves(moves).with_hops(400);
        while solver.step(&mut f).is_ok() {}
        // The lowest in each variable is the minimum next to 1.
        assert!(solver.point().iter().all(|x| (x - 0.99496).abs() < 1e-4), "{:?}", solver.point());
    }
}
