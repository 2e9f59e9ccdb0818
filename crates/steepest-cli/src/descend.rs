//! One descent on a function: the solver from its text, the run, and what `minimize` and `landscape` want to know of it.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use steepest_core::Reason;
use steepest_functions::FormulaError;
use steepest_solvers::prox::BoxSet;
use steepest_solvers::{BoxedSolver, CriticalPoint, Minimize, Minimum, Progress, SolverError, SolverSpec};

use crate::failure::Failure;
use crate::options::Target;

/// What a descent is made from.
pub struct Descent<'a> {
    /// The function.
    pub target: &'a Target,
    /// Where it starts.
    pub start: &'a [f64],
    /// The solver as text; `None` is `auto`.
    pub solver: Option<&'a str>,
    /// Bounds on the variables.
    pub bounds: Option<&'a [(f64, f64)]>,
    /// When it ends.
    pub settings: Minimize,
    /// Seed of everything random.
    pub seed: u64,
}

/// A solver that is ready, its name, and why it was chosen.
pub struct Chosen {
    solver: BoxedSolver,
    /// As text.
    pub name: String,
    /// Where nobody named it.
    pub why: Option<String>,
}

impl Descent<'_> {
    /// Reads the solver's text and builds it.
    pub fn choose(&self) -> Result<Chosen, Failure> {
        let text = self.solver.unwrap_or("auto");
        let refuse = |e: SolverError| refused(text, &e);
        let mut spec = SolverSpec::parse(text).map_err(refuse)?.with_seed(self.seed);
        if let Some(steps) = self.settings.max_steps {
            spec = spec.with_horizon(steps);
        }
        if let Some(bounds) = self.bounds {
            let (lower, upper) = bounds.iter().copied().unzip();
            spec = spec.with_bounds(BoxSet::new(lower, upper).map_err(Failure::input)?);
        }
        let mut f = self.target.objective()?;
        let (spec, why) = spec.resolve(&mut *f, self.start).map_err(refuse)?;
        let solver = spec.build(&mut *f, self.start).map_err(refuse)?;
        Ok(Chosen { solver, name: spec.to_string(), why })
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
        let found = self.settings.observe(&mut *f, &mut *chosen.solver, &mut observer).map_err(Failure::input)?;
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

/// Set by Ctrl-C and SIGTERM; a second one ends the program at once.
pub fn interrupt_flag() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // The order matters: on the first signal the flag is not set yet and nothing happens but setting it.
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&flag)).map_err(Failure::input)?;
        signal_hook::flag::register(signal, Arc::clone(&flag)).map_err(Failure::input)?;
    }
    Ok(flag)
}

/// 0 when done (a chosen budget reached included), 1 when what was asked was not reached, 130 when interrupted.
pub fn exit_code(found: &Minimum, has_budget: bool) -> u8 {
    match found.termination.reason {
        Reason::Interrupted => 130,
        Reason::Diverged | Reason::Unbounded | Reason::Saddle => 1,
        Reason::LineSearchFailed | Reason::Stalled => match found.critical_point {
            CriticalPoint::Minimum | CriticalPoint::Maximum | CriticalPoint::Degenerate => 0,
            CriticalPoint::Saddle | CriticalPoint::Unknown => 1,
        },
        Reason::Completed | Reason::MaxEvals | Reason::MaxSeconds if !has_budget => 1,
        _ => 0,
    }
}
