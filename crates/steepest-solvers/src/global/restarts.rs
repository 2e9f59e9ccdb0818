//! Random restarts: local minimizations from many starts, and the minima they met.

use steepest_core::random::{Purpose, Stream};
use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination};

use super::displacement::Moves;
use super::quench::Quench;
use crate::DeterministicSolver;

/// A minimum that restarts ended in.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Where it is: the first point found.
    pub x: Vec<f64>,
    /// f there.
    pub value: f64,
    /// How many starts ended there.
    pub starts: u64,
}

/// Random restarts. One step is one start with its local minimization; the first is the given point.
///
/// The point is the lowest minimum. By the share of minima met only once (I. Good, Biometrika 40, 1953,
/// doi:10.1093/biomet/40.3-4.237) the report tells how likely the next start is to end in a new one.
pub struct RandomRestarts {
    start: Vec<f64>,
    trial: Vec<f64>,
    known: Vec<Known>,
    best: usize,
    local: Quench,
    /// What vanishes at a solution, at the best minimum.
    settled: Option<f64>,
    moves: Box<dyn Moves>,
    restarts: u64,
    step: u64,
    seed: u64,
    /// Minima closer than this are the same.
    close: f64,
}

impl RandomRestarts {
    /// Starts at `x` and then `restarts` − 1 times where the [fresh](Moves::fresh) starts of the moves say.
    pub fn new(x: Vec<f64>, moves: Box<dyn Moves>, restarts: u64, seed: u64) -> RandomRestarts {
        let (local, trial, known) = (Quench::new(&x), x.clone(), Vec::new());
        RandomRestarts {
            start: x,
            trial,
            known,
            best: 0,
            local,
            settled: None,
            moves,
            restarts,
            step: 0,
            seed,
            close: 1e-4,
        }
    }

    /// With another local solver and its tolerance.
    #[must_use]
    pub fn with_local(mut self, solver: Box<dyn DeterministicSolver + Send>, gtol: f64) -> RandomRestarts {
        self.local = Quench::with(solver, gtol);
        self
    }

    /// With the tolerance of the local minimizations on ‖∇f‖∞.
    #[must_use]
    pub fn with_gtol(mut self, gtol: f64) -> RandomRestarts {
        self.local.gtol = gtol;
        self
    }

    /// The minima met so far, in the order they were met.
    pub fn minima(&self) -> &[Known] {
        &self.known
    }

    fn note(&mut self, value: f64) {
        let x = self.local.point();
        let near = |known: &&mut Known| {
            let gap = known.x.iter().zip(x).map(|(a, b)| (a - b).abs() / a.abs().max(1.0)).fold(0.0, f64::max);
            gap <= self.close && (known.value - value).abs() <= 1e-6 * value.abs().max(1.0)
        };
        match self.known.iter_mut().find(near) {
            Some(known) => known.starts += 1,
            None => {
                self.known.push(Known { x: x.to_vec(), value, starts: 1 });
                if self.known.len() == 1 || value < self.known[self.best].value {
                    self.best = self.known.len() - 1;
                    self.settled = self.local.stationarity();
                }
            }
        }
    }

    fn ended(&self) -> Stop {
        let (starts, minima) = (self.step, self.known.len());
        let once = self.known.iter().filter(|k| k.starts == 1).count();
        let share = 100.0 * once as f64 / starts.max(1) as f64;
        let detail = format!(
            "all {starts} starts are done; they ended in {minima} different minima, {once} of them met once: the next start would \
             end in a new one with probability {share:.0} %"
        );
        Stop::Terminated(Termination::new(Reason::Completed, detail))
    }
}

impl DeterministicSolver for RandomRestarts {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        if self.step >= self.restarts {
            return Err(self.ended());
        }
        self.trial.copy_from_slice(&self.start);
        if self.step > 0 {
            let mut draws = Stream::new(self.seed, Purpose::RESTART, self.step).draws(0);
            self.moves.fresh(&self.start, &mut draws, &mut self.trial);
        }
        match self.local.run(f, &self.trial) {
            Ok(value) => self.note(value),
            Err(stop) if self.step == 0 => return Err(stop),
            // A start where f has no value is no start.
            Err(_) => {}
        }
        self.step += 1;
        Ok(StepInfo { step: self.step, value: self.value(), ..StepInfo::default() })
    }

    /// The lowest minimum.
    fn point(&self) -> &[f64] {
        self.known.get(self.best).map_or(&self.start, |known| &known.x)
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        // The minima, one behind the other: value, number of starts, point.
        let width = self.start.len() + 2;
        let mut all: Vec<f64> = Vec::new();
        for known in &self.known {
            all.extend([known.value, known.starts as f64]);
            all.extend_from_slice(&known.x);
        }
        state.history("minima", &mut all);
        state.int("step", &mut self.step);
        let read = |c: &[f64]| Known { value: c[0], starts: c[1] as u64, x: c[2..].to_vec() };
        self.known = all.chunks_exact(width).map(read).collect();
        let lowest = self.known.iter().enumerate().min_by(|a, b| a.1.value.total_cmp(&b.1.value));
        self.best = lowest.map_or(0, |(i, _)| i);
    }

    fn restore(&mut self, _f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        Ok(())
    }

    fn value(&self) -> Option<f64> {
        self.known.get(self.best).map(|known| known.value)
    }

    /// Known at the end only: on the way every minimum would look like one.
    fn stationarity(&self) -> Option<f64> {
        if self.step >= self.restarts { self.settled } else { None }
    }

    fn constrained(&self) -> bool {
        self.local.constrained()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::global::Displacement;
    use crate::joint::Joint;
    use crate::prox::BoxSet;

    #[test]
    fn all_minima_of_a_small_function_are_counted() {
        // Himmelblau's function has four minima, all of value 0.
        let mut f = Joint::new(2, |x: &[f64], g: &mut [f64]| {
            let (a, b) = (x[0] * x[0] + x[1] - 11.0, x[0] + x[1] * x[1] - 7.0);
            g[0] = 4.0 * a * x[0] + 2.0 * b;
            g[1] = 2.0 * a + 4.0 * b * x[1];
            a * a + b * b
        });
        let moves = Displacement::new(1.0).within(BoxSet::uniform(2, -5.0, 5.0).unwrap());
        let mut solver = RandomRestarts::new(vec![0.0, 0.0], Box::new(moves), 60, 4);
        let end = loop {
            if let Err(stop) = solver.step(&mut f) {
                break stop;
            }
        };
        assert_eq!(solver.minima().len(), 4, "{:?}", solver.minima());
        assert_eq!(solver.minima().iter().map(|k| k.starts).sum::<u64>(), 60);
        for place in [[3.0, 2.0], [-2.805118, 3.131312], [-3.77931, -3.283186], [3.584428, -1.848126]] {
            let met = |k: &Known| (k.x[0] - place[0]).abs() < 1e-5 && (k.x[1] - place[1]).abs() < 1e-5;
            assert!(solver.minima().iter().any(met), "{place:?}");
        }
        assert!(end.to_string().contains("4 different minima"), "{end}");
    }
}
