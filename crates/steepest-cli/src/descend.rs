//! One descent on a function: the solver from its text, the run, and what `minimize` and `landscape` want to know of it.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value, json};
use steepest_core::Reason;
use steepest_functions::{FormulaError, Function, Holds};
use steepest_solvers::constrained::{AugmentedLagrangian, Constraint, Price};
use steepest_solvers::prox::BoxSet;
use steepest_solvers::{
    BoxedSolver, CriticalPoint, DeterministicSolver, Minimize, Minimum, Progress, SolverError, SolverSpec,
};

use crate::failure::Failure;
use crate::options::{SetOption, Target};

/// What a descent is made from.
pub struct Descent<'a> {
    /// The function, with its constraints.
    pub target: &'a Target,
    /// Where it starts.
    pub start: &'a [f64],
    /// The solver as text; `None` is `auto`.
    pub solver: Option<&'a str>,
    /// Bounds on the variables.
    pub bounds: Option<&'a [(f64, f64)]>,
    /// The set that the variables are kept in.
    pub set: Option<&'a SetOption>,
    /// When it ends.
    pub settings: Minimize,
    /// Seed of everything random.
    pub seed: u64,
}

/// A solver that is ready, its name, and why it was chosen.
pub struct Chosen {
    engine: Engine,
    /// As text.
    pub name: String,
    /// Where nobody named it.
    pub why: Option<String>,
}

enum Engine {
    Named(BoxedSolver),
    /// Apart from the others, since its multipliers are told.
    Constrained(Box<AugmentedLagrangian<'static>>),
}

impl Chosen {
    fn solver(&mut self) -> &mut dyn DeterministicSolver {
        match &mut self.engine {
            Engine::Named(solver) => &mut **solver,
            Engine::Constrained(solver) => &mut **solver,
        }
    }

    /// Whether constraints may hold the point.
    pub fn is_constrained(&self) -> bool {
        match &self.engine {
            Engine::Named(solver) => solver.constrained(),
            Engine::Constrained(solver) => solver.constrained(),
        }
    }

    /// What the constraints cost at the point, in their order.
    pub fn prices(&self) -> Vec<Price> {
        match &self.engine {
            Engine::Named(_) => Vec::new(),
            Engine::Constrained(solver) => solver.prices(),
        }
    }

    /// Whether it is the gradient flow, whose steps are times.
    pub fn is_flow(&self) -> bool {
        self.name.split(':').next() == Some("flow")
    }

    /// Whether its end is one that was chosen with the solver.
    pub fn has_end(&self) -> bool {
        self.is_flow() && self.name.len() > "flow:".len()
    }
}

/// The name of the solver that goes with constraints.
const UNDER_CONSTRAINTS: &str = "augmented-lagrangian";

impl Descent<'_> {
    /// Reads the solver's text and builds it.
    pub fn choose(&self) -> Result<Chosen, Failure> {
        if !self.target.limits.is_empty() {
            return self.under_constraints();
        }
        let over_set = self.set.map(|set| set.solver(self.solver, self.bounds.is_some())).transpose()?;
        let text = over_set.as_deref().or(self.solver).unwrap_or("auto");
        let refuse = |e: SolverError| refused(text, &e);
        let mut spec = SolverSpec::parse(text).map_err(refuse)?.with_seed(self.seed);
        if let Some(steps) = self.settings.max_steps {
            spec = spec.with_horizon(steps);
        }
        if let Some(bounds) = self.box_set()? {
            spec = spec.with_bounds(bounds);
        }
        let mut f = self.target.objective()?;
        let (spec, mut why) = spec.resolve(&mut *f, self.start).map_err(refuse)?;
        let solver = spec.build(&mut *f, self.start).map_err(refuse)?;
        if let (Some(set), None | Some("auto")) = (self.set, self.solver.map(str::trim)) {
            why = Some(format!("x is kept in the {}", set.described()));
        }
        Ok(Chosen { engine: Engine::Named(solver), name: spec.to_string(), why })
    }

    fn box_set(&self) -> Result<Option<BoxSet>, Failure> {
        let Some(bounds) = self.bounds else { return Ok(None) };
        let (lower, upper) = bounds.iter().copied().unzip();
        BoxSet::new(lower, upper).map(Some).map_err(Failure::input)
    }

    fn under_constraints(&self) -> Result<Chosen, Failure> {
        if let Some(named) = self.solver.map(str::trim).filter(|s| !["auto", UNDER_CONSTRAINTS].contains(s)) {
            return Err(Failure::usage(format!(
                "--solver: `{named}` knows nothing of constraints, which {UNDER_CONSTRAINTS} meets"
            ))
            .with_help("leave --solver out; bounds on single variables go with other solvers, as --bounds"));
        }
        if let Some(set) = self.set {
            return Err(Failure::usage(format!(
                "--set {set} and --subject-to do not go together; write the set as constraints"
            ))
            .with_help(
                "a simplex is `--subject-to 'sum(x) = 1' --bounds 0..`, a ball `--subject-to 'norm(x)^2 <= 1'`",
            ));
        }
        let limits = &self.target.limits;
        let mut constraints = Vec::with_capacity(limits.len());
        for limit in limits {
            let mut c = Function::shared(limit.function.clone());
            let value = c.value(self.start);
            if !value.is_finite() {
                return Err(Failure::usage(format!(
                    "--subject-to: at the starting point `{}` compares {value}",
                    limit.text
                ))
                .with_help("start where the constraint has a value, with --from; it need not be met there"));
            }
            constraints.push(match limit.holds {
                Holds::Equal => Constraint::equal(c, limit.level),
                Holds::AtMost => Constraint::at_most(c, limit.level),
                Holds::AtLeast => Constraint::at_least(c, limit.level),
            });
        }
        let bounds = self.box_set()?.unwrap_or_else(|| BoxSet::unbounded(self.start.len()));
        let solver = AugmentedLagrangian::new(self.start.to_vec(), constraints, bounds);
        let solver = solver.map_err(Failure::input)?;
        let why = self.solver.is_none().then(|| match limits.len() {
            1 => "there is a constraint".to_string(),
            n => format!("there are {n} constraints"),
        });
        Ok(Chosen { engine: Engine::Constrained(Box::new(solver)), name: UNDER_CONSTRAINTS.into(), why })
    }

    /// Runs to the end. `see` is called for the start and after every step, with values of the function; it may end the run.
    pub fn run(
        &self,
        chosen: &mut Chosen,
        interrupt: &AtomicBool,
        mut see: impl FnMut(&Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Minimum, Failure> {
        let mut f = self.target.objective()?;
        let mut observer = |progress: &Progress<'_>| {
            if interrupt.load(Ordering::Relaxed) {
                return ControlFlow::Break(());
            }
            see(&Progress { value: self.target.value(progress.value), ..*progress })
        };
        let mut found = self.settings.observe(&mut *f, chosen.solver(), &mut observer).map_err(Failure::input)?;
        if let Engine::Constrained(solver) = &mut chosen.engine
            && self.settings.classify
        {
            (found.critical_point, found.curvature) = solver.curvature(&mut *f);
        }
        Ok(self.of_the_function(found))
    }

    /// The result in terms of the function, where its negative was minimized.
    fn of_the_function(&self, mut found: Minimum) -> Minimum {
        if !self.target.maximize {
            return found;
        }
        found.value = -found.value;
        found.critical_point = match found.critical_point {
            CriticalPoint::Minimum => CriticalPoint::Maximum,
            CriticalPoint::Maximum => CriticalPoint::Minimum,
            other => other,
        };
        if let Some(curvature) = &mut found.curvature {
            (curvature.smallest, curvature.largest) = (-curvature.largest, -curvature.smallest);
            curvature.kind = found.critical_point;
        }
        found
    }
}

/// A solver's text that makes no solver, with its place.
fn refused(text: &str, error: &SolverError) -> Failure {
    let message = error.to_string();
    let place = message.strip_prefix("column ").and_then(|rest| rest.split_once(": "));
    let column = place.and_then(|(column, _)| column.parse::<usize>().ok());
    let (Some(column), Some((_, rest))) = (column, place) else { return Failure::input(error.clone()) };
    let byte = |k: usize| text.char_indices().nth(k).map_or(text.len(), |(i, _)| i);
    let start = byte(column.saturating_sub(1));
    let end = text[start..].find([':', ',', '|', '=']).map_or(text.len(), |i| start + i);
    Failure::pointed("--solver", &FormulaError::at(text, start..end, rest))
}

/// How a run ended and what it cost, as scripts read it.
pub fn ending(found: &Minimum) -> Map<String, Value> {
    let mut keys = Map::new();
    let reason = json!({"reason": found.termination.reason.name(), "detail": found.termination.detail});
    keys.insert("termination".into(), reason);
    let e = &found.evaluations;
    let counts = json!({"value": e.value, "gradient": e.gradient, "hvp": e.hvp, "hessian": e.hessian});
    keys.insert("evaluations".into(), counts);
    keys.insert("steps".into(), found.steps.into());
    keys.insert("seconds".into(), found.seconds.into());
    keys
}

/// 0 when done (a chosen budget reached included), 1 when what was asked was not reached, 130 when interrupted.
pub fn exit_code(found: &Minimum, has_budget: bool) -> u8 {
    match found.termination.reason {
        Reason::Interrupted => 130,
        Reason::Diverged | Reason::Unbounded | Reason::Saddle => 1,
        // Under constraints there is no way out of a saddle yet.
        _ if found.critical_point == CriticalPoint::Saddle => 1,
        Reason::LineSearchFailed | Reason::Stalled => match found.critical_point {
            CriticalPoint::Minimum | CriticalPoint::Maximum | CriticalPoint::Degenerate => 0,
            CriticalPoint::Saddle | CriticalPoint::Unknown => 1,
        },
        Reason::Completed | Reason::MaxEvals | Reason::MaxSeconds if !has_budget => 1,
        _ => 0,
    }
}
