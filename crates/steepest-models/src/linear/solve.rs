//! Solvers of the whole objective bound to a linear problem, as the training loop steps them.

use steepest_core::{Certificate, Evaluations, Iterate, Layout, Objective, StateVisitor, StepInfo, Stop};
use steepest_solvers::DeterministicSolver;

use super::LinearObjective;

/// A deterministic solver bound to a linear problem.
pub struct DeterministicRun<'p> {
    objective: LinearObjective<'p>,
    solver: Box<dyn DeterministicSolver + Send + 'p>,
    /// Whether the objective stands at the solver's point.
    settled: bool,
    certificate: Option<Certificate>,
    value: f64,
    /// The next step after which the gap is computed.
    next_check: u64,
    /// Steps made, and whether the state was loaded since the last one.
    steps: u64,
    loaded: bool,
}

/// A gap is computed along the way once the objective falls by less than this share of itself in a step.
const CLOSE: f64 = 1e-3;
/// Or once it is below this share of itself at zero parameters, on the way to a minimum of 0.
const TINY: f64 = 1e-6;

impl<'p> DeterministicRun<'p> {
    /// Binds `solver` to `objective`.
    pub fn new(objective: LinearObjective<'p>, solver: Box<dyn DeterministicSolver + Send + 'p>) -> Self {
        DeterministicRun {
            objective,
            solver,
            settled: false,
            certificate: None,
            value: f64::INFINITY,
            next_check: 1,
            steps: 0,
            loaded: false,
        }
    }

    /// The objective, at the solver's point after a step.
    pub fn objective(&mut self) -> &mut LinearObjective<'p> {
        &mut self.objective
    }
}

impl Iterate for DeterministicRun<'_> {
    fn step(&mut self) -> Result<StepInfo, Stop> {
        self.certificate = None;
        self.settled = false;
        if std::mem::take(&mut self.loaded) && self.steps > 0 {
            // The interrupted run knew the function at this point: finding out again does not count.
            let counts = self.objective.counts();
            self.solver.restore(&mut self.objective)?;
            self.objective.set_counts(counts);
        }
        let mut info = self.solver.step(&mut self.objective)?;
        self.settled = true;
        self.steps = info.step;
        let value = info.value.unwrap_or(f64::NAN);
        let close = (self.value - value).abs() <= CLOSE * value.abs() || value <= TINY * self.objective.value_at_zero();
        self.value = value;
        info.gap = if close && info.step >= self.next_check {
            // Slow methods take many small steps: looking at every one would double their cost.
            self.next_check = info.step + 1 + info.step / 16;
            self.certificate().relative()
        } else {
            // A solver that tells no value gives no sign of being close: whoever watches it asks by itself.
            info.value.map(|_| f64::INFINITY)
        };
        Ok(info)
    }

    fn point(&self, out: &mut [f64]) {
        out.copy_from_slice(self.solver.point());
    }

    fn layout(&self) -> &Layout {
        self.objective.layout()
    }

    fn certificate(&mut self) -> Certificate {
        if let Some(known) = &self.certificate {
            return known.clone();
        }
        if !self.settled {
            let counts = self.objective.counts();
            let found = self.objective.at(self.solver.point());
            self.objective.set_counts(counts);
            if let Err(cause) = found {
                return Certificate::none(cause.to_string());
            }
            self.settled = true;
        }
        let found = self.objective.certificate().expect("the linear family always answers");
        self.certificate = Some(found.clone());
        found
    }

    fn counts(&self) -> Evaluations {
        self.objective.counts()
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        let before = self.solver.point().to_vec();
        self.solver.visit(state);
        state.int("steps", &mut self.steps);
        state.number("last_value", &mut self.value);
        state.int("next_gap_step", &mut self.next_check);
        let mut counts = self.objective.counts();
        state.int("evaluations.value", &mut counts.value);
        state.int("evaluations.gradient", &mut counts.gradient);
        state.int("evaluations.hvp", &mut counts.hvp);
        state.int("evaluations.hessian", &mut counts.hessian);
        state.int("evaluations.rows", &mut counts.rows);
        self.objective.set_counts(counts);
        let same = before.iter().zip(self.solver.point()).all(|(a, b)| a.to_bits() == b.to_bits());
        if !same {
            self.loaded = true;
            self.settled = false;
            self.certificate = None;
        }
    }
}
