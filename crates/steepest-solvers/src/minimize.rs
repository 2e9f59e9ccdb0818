//! The driver: from a start to a point that is called a minimum only after its curvature was looked at, with the reason of the
//! end, what it cost, and the way out of every saddle that was met.

mod escape;
mod stopping;

pub use escape::Escape;

use std::ops::ControlFlow;

use steepest_core::{Evaluations, NonFinite, Objective, Reason, StepInfo, Stop, Termination};
use steepest_optim::Tolerance;
use thiserror::Error;

use crate::{
    DeterministicSolver,
    counted::{Budget, Counted},
    curvature::{self, CriticalPoint, Curvature},
    vector::max_abs,
};
use stopping::{Measured, Stopping};

/// When a run ends, and what is done at its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Minimize {
    /// On ‖∇f‖∞ (under constraints the projected gradient, of composite objectives the gradient mapping); relative to the start's.
    /// Zero switches it off.
    pub gtol: Tolerance,
    /// On |Δf| of a step; relative to |f|. Zero switches it off.
    pub ftol: Tolerance,
    /// On ‖Δx‖₂ of a step; relative to ‖x‖₂. Zero switches it off.
    pub xtol: Tolerance,
    /// Steps.
    pub max_steps: Option<u64>,
    /// Values and gradients together; never exceeded before the final report.
    pub max_evals: Option<u64>,
    /// Seconds.
    pub max_seconds: Option<f64>,
    /// Whether the curvature of a candidate is looked at, and saddles are left.
    pub classify: bool,
    /// How many saddles are left before the run ends at one.
    pub max_escapes: usize,
}

impl Default for Minimize {
    /// ‖∇f‖∞ ≤ 10⁻⁸ + 10⁻¹² of the start's, at most 100,000 steps, curvature looked at, up to 20 saddles left.
    fn default() -> Self {
        Minimize {
            gtol: Tolerance { absolute: 1e-8, relative: 1e-12 },
            ftol: Tolerance::default(),
            xtol: Tolerance::default(),
            max_steps: Some(100_000),
            max_evals: None,
            max_seconds: None,
            classify: true,
            max_escapes: 20,
        }
    }
}

/// What an observer sees: the start as step 0, every step, every escape.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// Completed updates.
    pub step: u64,
    /// The objective at the point.
    pub value: f64,
    /// As in [`Minimize::gtol`].
    pub grad_norm: f64,
    /// The accepted step size, where the solver has one; NaN at the start.
    pub step_size: f64,
    /// x.
    pub point: &'a [f64],
    /// What happened besides a step: a saddle was left.
    pub note: Option<&'a str>,
}

/// What a run found.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum {
    /// The best point.
    pub x: Vec<f64>,
    /// The objective there.
    pub value: f64,
    /// As in [`Minimize::gtol`], there.
    pub grad_norm: f64,
    /// Why the run ended.
    pub termination: Termination,
    /// What it cost, the look at the curvature included.
    pub evaluations: Evaluations,
    /// Completed updates, ways out of saddles included.
    pub steps: u64,
    /// Time.
    pub seconds: f64,
    /// What the curvature says about x.
    pub critical_point: CriticalPoint,
    /// The curvature behind that, where it was looked at.
    pub curvature: Option<Curvature>,
    /// The saddles and maxima that were left on the way.
    pub escapes: Vec<Escape>,
}

/// Why a run could not begin.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum MinimizeError {
    /// The objective cannot be computed at the start.
    #[error("at the starting point {cause}; start somewhere else")]
    Start {
        /// What was not finite.
        cause: NonFinite,
    },
    /// The solver ends before its first step.
    #[error("{termination}")]
    Refused {
        /// Why.
        termination: Termination,
    },
    /// The solver and the objective have different dimensions.
    #[error("the objective has {expected} variables, the starting point {found}")]
    Length {
        /// The objective's.
        expected: usize,
        /// The solver's.
        found: usize,
    },
}

/// Called with every [`Progress`]; a break ends the run as interrupted.
pub type Observer<'a> = &'a mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>;

impl Minimize {
    /// Minimizes f from the solver's point.
    ///
    /// # Errors
    /// [`MinimizeError`] when the run cannot begin. Everything that happens later is told by [`Minimum::termination`].
    pub fn run(
        &self,
        f: &mut dyn Objective<f64>,
        solver: &mut dyn DeterministicSolver,
    ) -> Result<Minimum, MinimizeError> {
        self.observe(f, solver, &mut |_| ControlFlow::Continue(()))
    }

    /// The same with an observer.
    ///
    /// # Errors
    /// As [`run`](Minimize::run).
    pub fn observe(
        &self,
        f: &mut dyn Objective<f64>,
        solver: &mut dyn DeterministicSolver,
        observer: Observer<'_>,
    ) -> Result<Minimum, MinimizeError> {
        let (expected, found) = (f.layout().len(), solver.point().len());
        if expected != found {
            return Err(MinimizeError::Length { expected, found });
        }
        let budget = Budget { max_evals: self.max_evals, max_seconds: self.max_seconds };
        let mut f = Counted::new(f, budget);
        let mut run = Run::new(*self, &mut f, solver, observer)?;
        let (termination, curvature) = run.drive();
        Ok(run.report(termination, curvature))
    }
}

/// A run under way.
struct Run<'a, 'f> {
    settings: Minimize,
    f: &'a mut Counted<'f>,
    solver: &'a mut dyn DeterministicSolver,
    observer: Observer<'a>,
    stopping: Stopping,
    steps: u64,
    /// What is known of the current point.
    now: Measured,
    /// The best point, where the solver's need not be it.
    best: Option<(Vec<f64>, f64)>,
    escapes: Vec<Escape>,
    /// Whether the solver came to an end of its own whose gradient was measured only then.
    settled: bool,
}

/// f + h, and the ∞-norm of what vanishes at a solution, from f alone.
fn measure(f: &mut Counted<'_>, x: &[f64]) -> Result<(f64, f64), NonFinite> {
    let mut g = vec![0.0; x.len()];
    let value = f.at(x)?;
    f.gradient(&mut g)?;
    let Some(h) = f.prox() else { return Ok((value, max_abs(&g))) };
    let penalty = h.value(x);
    // The gradient mapping of a unit step.
    let mut to: Vec<f64> = x.iter().zip(&g).map(|(x, g)| x - g).collect();
    h.prox(1.0, &mut to);
    to.iter_mut().zip(x).for_each(|(to, x)| *to -= x);
    Ok((value + penalty, max_abs(&to)))
}

impl<'a, 'f> Run<'a, 'f> {
    fn new(
        settings: Minimize,
        f: &'a mut Counted<'f>,
        solver: &'a mut dyn DeterministicSolver,
        observer: Observer<'a>,
    ) -> Result<Run<'a, 'f>, MinimizeError> {
        let unusable = |stop| match stop {
            Stop::NonFinite { cause, .. } => MinimizeError::Start { cause },
            Stop::Terminated(termination) => MinimizeError::Refused { termination },
        };
        solver.restore(f).map_err(unusable)?;
        let (value, grad_norm) = match (solver.value(), solver.stationarity()) {
            (Some(value), Some(size)) => (value, size),
            _ => measure(f, solver.point()).map_err(|cause| MinimizeError::Start { cause })?,
        };
        let now = Measured { value, grad_norm, moved: f64::INFINITY, length: f64::NAN };
        let best = (!solver.monotone()).then(|| (solver.point().to_vec(), value));
        let stopping = Stopping::new(&settings, solver.monotone(), value, grad_norm);
        Ok(Run { settings, f, solver, observer, stopping, steps: 0, now, best, escapes: Vec::new(), settled: false })
    }

    /// Steps until something ends the run; leaves saddles on the way.
    fn drive(&mut self) -> (Termination, Option<Curvature>) {
        if let Some(end) = self.tell(None) {
            return (end, None);
        }
        let mut end = self.stopping.at_start(&self.now);
        loop {
            let termination = match end.take() {
                Some(found) => found,
                None => match self.advance() {
                    Some(found) => found,
                    None => continue,
                },
            };
            if !self.candidate(&termination) {
                return (termination, None);
            }
            let Some(curvature) = self.look() else { return (termination, None) };
            if !matches!(curvature.kind, CriticalPoint::Saddle | CriticalPoint::Maximum) {
                return (termination, Some(curvature));
            }
            let left = self.escapes.len() < self.settings.max_escapes && self.leave(&curvature);
            if !left {
                let kind = curvature.kind;
                let detail = format!(
                    "the gradient vanishes ({:.3e}) at a {kind}: curvature {:.3e}, and no way down was found",
                    self.now.grad_norm, curvature.smallest
                );
                return (Termination::new(Reason::Saddle, detail), Some(curvature));
            }
            if let Some(found) = self.f.spent() {
                return (found.clone(), None);
            }
            let note = self.escapes.last().map(Escape::to_string);
            if let Some(found) = self.tell(note.as_deref()) {
                return (found, None);
            }
            end = None;
        }
    }

    /// One step; the reason to end, if there is one.
    fn advance(&mut self) -> Option<Termination> {
        if self.settings.max_steps.is_some_and(|limit| self.steps >= limit) {
            return Some(Termination::new(Reason::Completed, format!("all {} steps are done", self.steps)));
        }
        let info = match self.solver.step(self.f) {
            Ok(info) => info,
            Err(stop) => {
                let end = self.stopped(stop);
                self.settle();
                return Some(end);
            }
        };
        self.steps += 1;
        self.now = self.measured(&info);
        if let Some((x, value)) = &mut self.best
            && self.now.value < *value
        {
            *value = self.now.value;
            x.copy_from_slice(self.solver.point());
        }
        if let Some(found) = self.tell(None) {
            return Some(found);
        }
        let found = self.stopping.judge(&self.now, self.solver.point());
        found.or_else(|| self.f.spent().cloned())
    }

    /// Measures the point where a solver came to its end that did not tell the gradient on the way, as global methods do not.
    fn settle(&mut self) {
        if self.now.grad_norm.is_nan() {
            let known = self.solver.stationarity();
            let found = known.or_else(|| measure(self.f, self.solver.point()).ok().map(|m| m.1));
            self.now.grad_norm = found.unwrap_or(f64::NAN);
            self.settled = found.is_some();
        }
    }

    fn measured(&mut self, info: &StepInfo) -> Measured {
        let grad_norm = self.solver.stationarity().or(info.grad_norm).unwrap_or(f64::NAN);
        let value = info.value.or_else(|| self.solver.value()).unwrap_or(f64::NAN);
        let (moved, length) = (info.step_norm.unwrap_or(f64::INFINITY), info.lr.unwrap_or(f64::NAN));
        Measured { value, grad_norm, moved, length }
    }

    /// Why a step could not be made.
    fn stopped(&mut self, stop: Stop) -> Termination {
        if let Some(spent) = self.f.spent() {
            return spent.clone();
        }
        match stop {
            Stop::Terminated(t) => t,
            Stop::NonFinite { step, cause } => {
                Termination::new(Reason::Diverged, format!("in step {step} {cause}; the best point was kept"))
            }
        }
    }

    fn tell(&mut self, note: Option<&str>) -> Option<Termination> {
        let Measured { value, grad_norm, length: step_size, .. } = self.now;
        let point = self.solver.point();
        let progress = Progress { step: self.steps, value, grad_norm, step_size, point, note };
        match (self.observer)(&progress) {
            ControlFlow::Continue(()) => None,
            ControlFlow::Break(()) => Some(Termination::new(Reason::Interrupted, "asked to stop")),
        }
    }

    /// Whether the end may be a critical point whose curvature says what it is.
    fn candidate(&self, end: &Termination) -> bool {
        use Reason::{GradientNorm, LineSearchFailed, ParameterChange, Stalled, ValueChange};
        let quiet = self.settled
            || matches!(end.reason, GradientNorm | ValueChange | ParameterChange | Stalled | LineSearchFailed);
        let free = !self.solver.constrained() && self.f.prox().is_none();
        let small = end.reason == GradientNorm || self.now.grad_norm <= 1e-5 * self.now.value.abs().max(1.0);
        self.settings.classify && quiet && free && small
    }

    /// The curvature at the solver's point.
    fn look(&mut self) -> Option<Curvature> {
        let x = self.solver.point().to_vec();
        let mut g = vec![0.0; x.len()];
        self.f.at(&x).ok()?;
        self.f.gradient(&mut g).ok()?;
        curvature::look(self.f, &x, &g)
    }

    /// Goes down along the direction of negative curvature and gives the solver its new point.
    fn leave(&mut self, curvature: &Curvature) -> bool {
        let x = self.solver.point().to_vec();
        let Some((to, value)) = escape::way_down(self.f, &x, self.now.value, &curvature.direction) else {
            return false;
        };
        if !self.solver.move_to(&to) || self.solver.restore(self.f).is_err() {
            return false;
        }
        let before = self.now.value;
        self.escapes.push(Escape {
            step: self.steps,
            from: curvature.kind,
            value: before,
            curvature: curvature.smallest,
            to: value,
        });
        self.steps += 1;
        let grad_norm = self.solver.stationarity().unwrap_or(f64::NAN);
        self.now = Measured { value, grad_norm, moved: f64::INFINITY, length: f64::NAN };
        if let Some((x, best)) = &mut self.best
            && value < *best
        {
            *best = value;
            x.copy_from_slice(&to);
        }
        self.stopping.jumped(value);
        true
    }

    fn report(self, termination: Termination, curvature: Option<Curvature>) -> Minimum {
        let Run { f, solver, now, best, steps, escapes, .. } = self;
        f.lift();
        // Two points of one value up to rounding: the last one is where the gradient was looked at.
        let lower = |value: f64| value < now.value - 1e-13 * now.value.abs() || !now.value.is_finite();
        let (x, value, grad_norm) = match best {
            Some((x, value)) if lower(value) => {
                let grad_norm = measure(f, &x).map_or(f64::NAN, |m| m.1);
                (x, value, grad_norm)
            }
            _ => {
                let x = solver.point().to_vec();
                // Some solvers only bound the gradient along the way.
                let grad_norm = match solver.stationarity() {
                    None => measure(f, &x).map_or(f64::NAN, |m| m.1),
                    Some(_) => now.grad_norm,
                };
                (x, now.value, grad_norm)
            }
        };
        let moved = x != solver.point();
        let curvature = curvature.filter(|_| !moved);
        let critical_point = curvature.as_ref().map_or(CriticalPoint::Unknown, |c| c.kind);
        let (evaluations, seconds) = (f.counts(), f.seconds());
        Minimum { x, value, grad_norm, termination, evaluations, steps, seconds, critical_point, curvature, escapes }
    }
}
