//! Which solver for which problem, and solvers bound to a problem as the training loop steps them.

use steepest_core::{Certificate, Evaluations, Iterate, Layout, Objective, StateVisitor, StepInfo, Stop};
use steepest_data::Matrix;
use steepest_optim::solvers::{DeterministicSolver, Fista, Lbfgs, Newton, NewtonCg};

use super::{HESSIAN_LIMIT, LinearObjective, LinearProblem, Loss};

/// The deterministic solvers of the linear family that work on the whole objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SolverChoice {
    /// Newton's method with the exact Hessian.
    Newton,
    /// Newton's method in a trust region, by conjugate gradients.
    NewtonCg,
    /// L-BFGS with ten pairs.
    Lbfgs,
    /// Accelerated proximal gradient with restart.
    Fista,
}

impl SolverChoice {
    /// All of them.
    pub const ALL: [SolverChoice; 4] =
        [SolverChoice::Newton, SolverChoice::NewtonCg, SolverChoice::Lbfgs, SolverChoice::Fista];

    /// The name in options and messages.
    pub fn name(self) -> &'static str {
        match self {
            SolverChoice::Newton => "newton",
            SolverChoice::NewtonCg => "newton-cg",
            SolverChoice::Lbfgs => "lbfgs",
            SolverChoice::Fista => "fista",
        }
    }

    /// The solver with this name.
    pub fn from_name(name: &str) -> Option<SolverChoice> {
        SolverChoice::ALL.into_iter().find(|s| s.name() == name)
    }

    /// Why this solver cannot solve the problem; `None` when it can.
    pub fn refuses(self, problem: &LinearProblem) -> Option<String> {
        let (name, loss, d) = (self.name(), problem.loss.name(), problem.parameters());
        if matches!(problem.loss, Loss::Hinge | Loss::Quantile(_)) {
            return Some(format!("{name} needs a loss without kinks, and {loss} has one; try cd or interior"));
        }
        if problem.l1 > 0.0 && self != SolverChoice::Fista {
            return Some(format!("{name} needs a smooth objective, and the L1 penalty has kinks; try cd or fista"));
        }
        if self == SolverChoice::Newton && d > HESSIAN_LIMIT {
            return Some(format!(
                "newton keeps a Hessian of {d} × {d} numbers; above {HESSIAN_LIMIT} parameters try newton-cg or lbfgs"
            ));
        }
        None
    }

    /// The solver bound to `problem`, starting at `start`, or at zero.
    pub fn bind(self, problem: &LinearProblem, start: Option<Vec<f64>>) -> DeterministicRun<'_> {
        let start = start.unwrap_or_else(|| vec![0.0; problem.parameters()]);
        let solver: Box<dyn DeterministicSolver + Send> = match self {
            SolverChoice::Newton => Box::new(Newton::new(start)),
            SolverChoice::NewtonCg => Box::new(NewtonCg::new(start)),
            SolverChoice::Lbfgs => Box::new(Lbfgs::new(start, 10)),
            SolverChoice::Fista => Box::new(Fista::new(start)),
        };
        DeterministicRun::new(LinearObjective::new(problem), solver)
    }
}

/// The fastest certified solver for a problem of this shape among these, and why; by counts alone, so that the choice is the
/// same everywhere. `None` for hinge and quantile loss, which coordinate and interior-point methods solve.
pub fn auto(problem: &LinearProblem) -> Option<(SolverChoice, String)> {
    if SolverChoice::Fista.refuses(problem).is_some() {
        return None;
    }
    if problem.l1 > 0.0 {
        return Some((SolverChoice::Fista, "the L1 penalty has kinks".into()));
    }
    let d = problem.parameters();
    let hessian = hessian_work(problem);
    let products = PRODUCTS * 2.0 * problem.matrix.stored() as f64 * problem.outputs() as f64;
    if d <= HESSIAN_LIMIT && hessian <= products {
        return Some((SolverChoice::Newton, format!("{d} parameters make the exact Hessian cheapest")));
    }
    Some((SolverChoice::NewtonCg, format!("the Hessian of {d} parameters costs more than products with it")))
}

/// Hessian-vector products that a Newton step by conjugate gradients needs, about.
const PRODUCTS: f64 = 30.0;

/// The additions of an exact Newton step: the Gram matrix and its factor, in units of the additions of a sparse product; a
/// dense matrix product makes about eight in the time of one.
fn hessian_work(problem: &LinearProblem) -> f64 {
    const DENSE: f64 = 0.125;
    let k = problem.outputs() as f64;
    let (features, d) = (problem.features() as f64, problem.parameters() as f64);
    let gram = match &problem.matrix {
        Matrix::Dense(m) => 0.5 * DENSE * m.rows as f64 * features * features,
        Matrix::Sparse(m) => m.starts.windows(2).map(|s| 0.5 * ((s[1] - s[0]) as f64).powi(2)).sum(),
    };
    gram * 0.5 * k * (k + 1.0) + DENSE * d * d * d / 3.0
}

/// A deterministic solver bound to a linear problem.
pub struct DeterministicRun<'p> {
    objective: LinearObjective<'p>,
    solver: Box<dyn DeterministicSolver + Send>,
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

impl<'p> DeterministicRun<'p> {
    /// Binds `solver` to `objective`.
    pub fn new(objective: LinearObjective<'p>, solver: Box<dyn DeterministicSolver + Send>) -> Self {
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
        let close = (self.value - value).abs() <= CLOSE * value.abs();
        self.value = value;
        if close && info.step >= self.next_check {
            // Slow methods take many small steps: looking at every one would double their cost.
            self.next_check = info.step + 1 + info.step / 8;
            info.gap = self.certificate().relative();
        }
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
