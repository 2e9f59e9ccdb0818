//! The gradient flow as a solver: every accepted step of the integrator is one of its own, so that the curve can be laid beside the
//! steps of a discrete method.

use steepest_core::{NonFinite, Objective, Reason, StateVisitor, StepInfo, Stop, Termination};

use super::curve::Run;
use super::{Flow, FlowError};
use crate::{DeterministicSolver, max_abs, non_finite};

/// hλ that damps what rounding and the error of a step leave along the steepest direction: the pair multiplies it by 0.4.
const DAMPED: f64 = 2.8;

/// Follows dx/dt = −∇J(x). A step is one of the integrator's, its size the time that passed.
///
/// The error of a step is bounded by [`Flow`]; near rest the steps are also kept where the integrator is stable with room to spare,
/// so that the gradient becomes as small as is asked for.
///
/// ```
/// use steepest_solvers::{DeterministicSolver, Function, flow::{Flow, GradientFlow}};
/// // J = x²/2: x(t) = exp(−t).
/// let mut bowl = Function::new(1, |x| 0.5 * x[0] * x[0]).with_gradient(|x, g| g[0] = x[0]);
/// let mut flow = GradientFlow::new(vec![1.0], Flow::default()).until(3.0);
/// while flow.step(&mut bowl).is_ok() {}
/// assert_eq!(flow.time(), 3.0);
/// assert!((flow.point()[0] - (-3f64).exp()).abs() < 1e-6);
/// ```
pub struct GradientFlow {
    flow: Flow,
    end: f64,
    x: Vec<f64>,
    /// Made with the first gradient.
    run: Option<Run>,
    value: f64,
    time: f64,
    /// The next step, as it is kept in a checkpoint; 0 where it is still to be chosen.
    next: f64,
    error_before: f64,
    step: u64,
}

impl GradientFlow {
    /// Starts at `x`, at time 0, and goes on for ever.
    pub fn new(x: Vec<f64>, flow: Flow) -> GradientFlow {
        GradientFlow {
            flow,
            end: f64::INFINITY,
            x,
            run: None,
            value: f64::NAN,
            time: 0.0,
            next: 0.0,
            error_before: 1e-4,
            step: 0,
        }
    }

    /// Ends at the time T > 0.
    #[must_use]
    pub fn until(mut self, time: f64) -> GradientFlow {
        self.end = time;
        self
    }

    /// The time that has passed.
    pub fn time(&self) -> f64 {
        self.time
    }
}

/// The end of a run that cannot go on.
fn stopped(error: FlowError, step: u64) -> Stop {
    match error {
        FlowError::NonFinite { cause, .. } => Stop::NonFinite { step, cause },
        other => Stop::Terminated(Termination::new(Reason::Stalled, other.to_string())),
    }
}

impl DeterministicSolver for GradientFlow {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        let number = self.step + 1;
        if self.run.is_none() {
            self.restore(f)?;
        }
        if self.time >= self.end {
            let detail = format!("the flow was followed for the time {}", self.end);
            return Err(Stop::Terminated(Termination::new(Reason::Completed, detail)));
        }
        let Some(run) = &mut self.run else {
            return Err(Stop::NonFinite { step: number, cause: NonFinite::Objective { value: f64::NAN } });
        };
        while !run.step(f, self.end).map_err(|e| stopped(e, number))? {
            if run.t + run.h <= run.t {
                let detail = format!("no step from t = {:e} has an error as small as asked for", run.t);
                return Err(Stop::Terminated(Termination::new(Reason::Stalled, detail)));
            }
        }
        let moved = run.next.iter().zip(&run.x).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        if run.curvature > 0.0 {
            run.h = run.h.min(DAMPED / run.curvature);
        }
        run.settle();
        self.x.copy_from_slice(&run.x);
        (self.value, self.time, self.next, self.error_before) = (run.value, run.t, run.h, run.error_before);
        self.step = number;
        Ok(StepInfo {
            step: number,
            value: Some(self.value),
            grad_norm: Some(max_abs(&run.k[0])),
            lr: Some(run.last),
            step_norm: Some(moved),
            gap: None,
        })
    }

    fn point(&self) -> &[f64] {
        &self.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.number("time", &mut self.time);
        state.number("next", &mut self.next);
        state.number("error_before", &mut self.error_before);
        state.int("step", &mut self.step);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        let mut run = Run::new(self.flow, f, &self.x).map_err(|e| match e {
            FlowError::NonFinite { cause, .. } => non_finite(self.step + 1)(cause),
            other => stopped(other, self.step + 1),
        })?;
        (run.t, run.error_before) = (self.time, self.error_before);
        if self.next > 0.0 {
            run.h = self.next;
        }
        (self.value, self.next) = (run.value, run.h);
        self.run = Some(run);
        Ok(())
    }

    fn stationarity(&self) -> Option<f64> {
        self.run.as_ref().map(|run| max_abs(&run.k[0]))
    }

    fn value(&self) -> Option<f64> {
        self.run.as_ref().map(|_| self.value)
    }

    fn move_to(&mut self, x: &[f64]) -> bool {
        self.x.copy_from_slice(x);
        (self.run, self.next, self.error_before) = (None, 0.0, 1e-4);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Minimize;
    use crate::joint::Joint;

    fn bowl() -> impl Objective<f64> {
        Joint::new(2, |x: &[f64], g: &mut [f64]| {
            (g[0], g[1]) = (x[0], 100.0 * x[1]);
            0.5 * (x[0] * x[0] + 100.0 * x[1] * x[1])
        })
    }

    #[test]
    fn times_and_points_are_those_of_the_curve() {
        let mut flow = GradientFlow::new(vec![2.0, 1.0], Flow::default()).until(2.0);
        let mut f = bowl();
        let (mut time, mut last) = (0.0, f64::INFINITY);
        while let Ok(info) = flow.step(&mut f) {
            time += info.lr.unwrap();
            assert!((time - flow.time()).abs() < 1e-12);
            assert!((flow.point()[0] - 2.0 * (-time).exp()).abs() < 1e-5, "{time}: {:?}", flow.point());
            assert!(info.value.unwrap() < last, "J falls along the flow");
            last = info.value.unwrap();
        }
        assert_eq!(flow.time(), 2.0);
    }

    #[test]
    fn a_stiff_flow_comes_to_rest_as_closely_as_is_asked() {
        let mut f = Joint::new(2, |x: &[f64], g: &mut [f64]| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            (g[0], g[1]) = (-2.0 * a - 400.0 * x[0] * b, 200.0 * b);
            a * a + 100.0 * b * b
        });
        let mut flow = GradientFlow::new(vec![-1.2, 1.0], Flow::default());
        let found = Minimize::default().run(&mut f, &mut flow).unwrap();
        assert_eq!(found.termination.reason, Reason::GradientNorm, "{}", found.termination);
        assert!(found.steps < 30_000, "{}", found.steps);
        assert!((found.x[0] - 1.0).abs() < 1e-6, "{:?}", found.x);
    }

    #[test]
    fn a_resumed_flow_takes_the_step_that_would_have_followed() {
        let (mut f, mut flow) = (bowl(), GradientFlow::new(vec![2.0, 1.0], Flow::default()));
        for _ in 0..7 {
            flow.step(&mut f).unwrap();
        }
        let mut other = GradientFlow::new(flow.x.clone(), Flow::default());
        (other.time, other.next, other.error_before, other.step) = (flow.time, flow.next, flow.error_before, flow.step);
        other.restore(&mut f).unwrap();
        flow.step(&mut f).unwrap();
        other.step(&mut f).unwrap();
        assert_eq!((flow.time(), flow.point()), (other.time(), other.point()));
    }
}
