//! Gradient flow: the curve x(t) with dx/dt = −∇J(x), of which gradient descent is Euler's discretization.
//!
//! J falls along the curve at the rate dJ/dt = −‖∇J‖². [`Flow`] follows it by Dormand and Prince's embedded pair of orders 5 and 4
//! (J. Comput. Appl. Math. 6, 1980, doi:10.1016/0771-050X(80)90013-3) with its continuous extension of order 4 and a
//! proportional-integral control of the step (E. Hairer, S. Nørsett and G. Wanner, “Solving Ordinary Differential Equations I”, 1993,
//! sections II.4 to II.6, doi:10.1007/978-3-540-78862-1). [`euler`] takes the steps of gradient descent.
//!
//! An explicit method is stable for steps below about 3.3/λmax only, so that following the flow for a time 1/λmin takes some κ/3
//! steps on a quadratic of condition number κ, whatever accuracy is asked for; [`Path::stiff`] says when this was the limit.

mod curve;
mod descent;

pub use descent::GradientFlow;

use steepest_core::{NonFinite, Objective};
use thiserror::Error;

use crate::max_abs;
use curve::{Run, downhill};

/// How the flow is followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flow {
    /// The error of a step in each coordinate stays below `absolute + relative·|x|`, in the root mean square.
    pub relative: f64,
    /// See `relative`.
    pub absolute: f64,
    /// Steps at most, refused ones included.
    pub max_steps: u64,
    /// The flow ends where ‖∇J‖∞ is not above this; 0 follows it to the end of the time.
    pub gtol: f64,
}

impl Default for Flow {
    fn default() -> Self {
        Flow { relative: 1e-6, absolute: 1e-9, max_steps: 100_000, gtol: 0.0 }
    }
}

/// Points on a curve.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Path {
    /// The times.
    pub t: Vec<f64>,
    /// The points.
    pub x: Vec<Vec<f64>>,
    /// J at each.
    pub value: Vec<f64>,
    /// Steps taken.
    pub steps: u64,
    /// Steps refused because their error was too large.
    pub refused: u64,
    /// Gradients evaluated.
    pub gradients: u64,
    /// Whether stability and not accuracy limited the steps for a while.
    pub stiff: bool,
    /// The time that was reached.
    pub end: f64,
}

/// Why a curve could not be followed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FlowError {
    /// An option or time that makes no sense.
    #[error("{option} is {value}; it must be {expected}")]
    Option {
        /// Which.
        option: &'static str,
        /// What was given.
        value: f64,
        /// What is expected.
        expected: &'static str,
    },
    /// The gradient is not finite.
    #[error("at t = {t}: {cause}")]
    NonFinite {
        /// When.
        t: f64,
        /// What.
        cause: NonFinite,
    },
    /// Too many steps.
    #[error(
        "only t = {t} of {end} was reached in {steps} steps{}",
        if *stiff { "; the problem is stiff, so follow a shorter time or precondition it" } else { "; allow more steps or a larger error" }
    )]
    Steps {
        /// The time reached.
        t: f64,
        /// The time asked for.
        end: f64,
        /// The steps made.
        steps: u64,
        /// Whether stability limited them.
        stiff: bool,
    },
}

impl Flow {
    fn check(&self, times: &[f64]) -> Result<f64, FlowError> {
        let positive = |option, value: f64| {
            let expected = "a positive finite number";
            if value > 0.0 && value.is_finite() { Ok(()) } else { Err(FlowError::Option { option, value, expected }) }
        };
        positive("the absolute error", self.absolute)?;
        if !(self.relative >= 0.0 && self.relative.is_finite()) {
            let expected = "zero or a positive finite number";
            return Err(FlowError::Option { option: "the relative error", value: self.relative, expected });
        }
        let mut last = 0.0;
        for &t in times {
            if !(t >= last && t.is_finite()) {
                let expected = "finite, not negative, and not before the one in front of it";
                return Err(FlowError::Option { option: "a time", value: t, expected });
            }
            last = t;
        }
        Ok(last)
    }

    /// Follows the flow from `start` at t = 0 and reports it at the given times, which rise; the last one is the end. Times after
    /// the flow came to rest (see [`gtol`](Flow::gtol)) are left out.
    ///
    /// Cost: 6 gradients a step, whatever the number of times.
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn follow(&self, f: &mut dyn Objective<f64>, start: &[f64], times: &[f64]) -> Result<Path, FlowError> {
        let end = self.check(times)?;
        let mut run = Run::new(*self, f, start)?;
        let mut waiting = times;
        let mut path = Path::default();
        while let [now, rest @ ..] = waiting
            && *now <= 0.0
        {
            note(f, &mut path, *now, start)?;
            waiting = rest;
        }
        while run.t < end && max_abs(&run.k[0]) > self.gtol {
            if run.tried >= self.max_steps {
                let (t, steps, stiff) = (run.t, run.tried, run.stiff);
                return Err(FlowError::Steps { t, end, steps, stiff });
            }
            if !run.step(f, end)? {
                continue;
            }
            while let [now, rest @ ..] = waiting
                && *now <= run.t
            {
                let x = run.between(*now);
                note(f, &mut path, *now, &x)?;
                waiting = rest;
            }
            run.settle();
        }
        (path.steps, path.refused) = (run.taken, run.tried - run.taken);
        (path.gradients, path.stiff, path.end) = (run.gradients, run.stiff, run.t);
        Ok(path)
    }
}

fn note(f: &mut dyn Objective<f64>, path: &mut Path, t: f64, x: &[f64]) -> Result<(), FlowError> {
    let value = f.at(x).map_err(|cause| FlowError::NonFinite { t, cause })?;
    path.t.push(t);
    path.x.push(x.to_vec());
    path.value.push(value);
    Ok(())
}

/// Gradient descent with the step η as a path in the time t = kη: x ← x − η∇J(x), `steps` times, the start included.
///
/// Its distance from the flow at a fixed time halves with η.
///
/// # Errors
/// [`FlowError`] for an η that makes no sense, or where the gradient is not finite.
pub fn euler(f: &mut dyn Objective<f64>, start: &[f64], eta: f64, steps: u64) -> Result<Path, FlowError> {
    if !(eta > 0.0 && eta.is_finite()) {
        return Err(FlowError::Option { option: "the step size", value: eta, expected: "a positive finite number" });
    }
    let mut path = Path::default();
    let (mut x, mut k) = (start.to_vec(), vec![0.0; start.len()]);
    for step in 0..=steps {
        let t = step as f64 * eta;
        let value = downhill(f, &x, &mut k).map_err(|cause| FlowError::NonFinite { t, cause })?;
        path.t.push(t);
        path.x.push(x.clone());
        path.value.push(value);
        path.end = t;
        x.iter_mut().zip(&k).for_each(|(x, k)| *x += eta * k);
    }
    (path.steps, path.gradients) = (steps, steps + 1);
    Ok(path)
}

#[cfg(test)]
mod tests;
