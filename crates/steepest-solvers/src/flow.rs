//! Gradient flow: the curve x(t) with dx/dt = −∇J(x), of which gradient descent is Euler's discretization.
//!
//! J falls along the curve at the rate dJ/dt = −‖∇J‖². [`Flow`] follows it by Dormand and Prince's embedded pair of orders 5 and 4
//! (J. Comput. Appl. Math. 6, 1980, doi:10.1016/0771-050X(80)90013-3) with its continuous extension of order 4 and a
//! proportional-integral control of the step (E. Hairer, S. Nørsett and G. Wanner, “Solving Ordinary Differential Equations I”, 1993,
//! sections II.4 to II.6, doi:10.1007/978-3-540-78862-1). [`euler`] takes the steps of gradient descent.
//!
//! An explicit method is stable for steps below about 3.3/λmax only, so that following the flow for a time 1/λmin takes some κ/3
//! steps on a quadratic of condition number κ, whatever accuracy is asked for; [`Path::stiff`] says when this was the limit.

mod descent;

pub use descent::GradientFlow;

use steepest_core::{NonFinite, Objective};
use thiserror::Error;

use crate::{max_abs, norm};

/// Nodes of the stages, their rows, the weights of order 5, the error weights, and those of the continuous extension.
const A: [&[f64]; 7] = [
    &[],
    &[1.0 / 5.0],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
    &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
    &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];
const ERROR: [f64; 7] =
    [71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339200.0, 22.0 / 525.0, -1.0 / 40.0];
const DENSE: [f64; 7] = [
    -12715105075.0 / 11282082432.0,
    0.0,
    87487479700.0 / 32700410799.0,
    -10690763975.0 / 1880347072.0,
    701980252875.0 / 199316789632.0,
    -1453857185.0 / 822651844.0,
    69997945.0 / 29380423.0,
];
/// The control: h ← h·0.9·err^(−0.17)·err_before^(0.04), within [0.2, 10].
const SAFETY: f64 = 0.9;
const INTEGRAL: f64 = 0.04;
const PROPORTIONAL: f64 = 0.2 - 0.75 * INTEGRAL;
const SHRINK: f64 = 0.2;
const GROW: f64 = 10.0;
/// hλ at which the pair is about to be unstable, and how often in a row it must be seen.
const STABLE: f64 = 3.25;
const OFTEN: u32 = 15;

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

/// −∇J at x.
fn downhill(f: &mut dyn Objective<f64>, x: &[f64], k: &mut [f64]) -> Result<f64, NonFinite> {
    let value = f.at(x)?;
    f.gradient(k)?;
    k.iter_mut().for_each(|k| *k = -*k);
    Ok(value)
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

/// A curve being followed.
struct Run {
    flow: Flow,
    t: f64,
    h: f64,
    /// x at the start of the step, and at its end.
    x: Vec<f64>,
    next: Vec<f64>,
    /// The slopes of the stages; the last one belongs to the end.
    k: [Vec<f64>; 7],
    /// Where the sixth slope was taken.
    sixth: Vec<f64>,
    /// J at the end.
    value: f64,
    /// The curvature along the last step, as far as it can be told.
    curvature: f64,
    error_before: f64,
    /// The step that led to `t`.
    last: f64,
    after_refusal: bool,
    close: u32,
    stiff: bool,
    taken: u64,
    tried: u64,
    gradients: u64,
}

impl Run {
    fn new(flow: Flow, f: &mut dyn Objective<f64>, start: &[f64]) -> Result<Run, FlowError> {
        let zeros = vec![0.0; start.len()];
        let mut run = Run {
            flow,
            t: 0.0,
            h: 0.0,
            x: start.to_vec(),
            next: zeros.clone(),
            k: std::array::from_fn(|_| zeros.clone()),
            sixth: zeros,
            value: f64::NAN,
            curvature: 0.0,
            error_before: 1e-4,
            last: 0.0,
            after_refusal: false,
            close: 0,
            stiff: false,
            taken: 0,
            tried: 0,
            gradients: 1,
        };
        run.value = downhill(f, &run.x, &mut run.k[0]).map_err(|cause| FlowError::NonFinite { t: 0.0, cause })?;
        // A step that moves x by a hundredth of its scale, or of the slope's.
        let (size, slope) = (run.scaled(&run.x), run.scaled(&run.k[0]));
        run.h = if slope > 1e-10 && size > 1e-10 { 0.01 * size / slope } else { 1e-6 };
        Ok(run)
    }

    /// The root mean square of v in units of the allowed error.
    fn scaled(&self, v: &[f64]) -> f64 {
        let each = v.iter().zip(self.x.iter().zip(&self.next));
        let sum: f64 = each
            .map(|(v, (x, next))| {
                let scale = self.flow.absolute + self.flow.relative * x.abs().max(next.abs());
                (v / scale) * (v / scale)
            })
            .sum();
        (sum / v.len().max(1) as f64).sqrt()
    }

    /// Tries a step that does not pass `end`; false where it is refused.
    fn step(&mut self, f: &mut dyn Objective<f64>, end: f64) -> Result<bool, FlowError> {
        self.tried += 1;
        let h = if self.t + 1.01 * self.h >= end { end - self.t } else { self.h };
        for (stage, row) in A.iter().enumerate().skip(1) {
            let (known, open) = self.k.split_at_mut(stage);
            self.next.copy_from_slice(&self.x);
            for (a, k) in row.iter().zip(known.iter()) {
                self.next.iter_mut().zip(k).for_each(|(x, k)| *x += h * a * k);
            }
            if stage == 5 {
                self.sixth.copy_from_slice(&self.next);
            }
            self.gradients += 1;
            match downhill(f, &self.next, &mut open[0]) {
                Ok(value) => self.value = value,
                Err(cause) => {
                    // Too far: the curve itself never leaves the domain, for J falls along it.
                    self.h = SHRINK * h;
                    self.after_refusal = true;
                    let lost = self.t + self.h <= self.t;
                    return if lost { Err(FlowError::NonFinite { t: self.t, cause }) } else { Ok(false) };
                }
            }
        }
        let mut error = vec![0.0; self.x.len()];
        for (w, k) in ERROR.iter().zip(&self.k) {
            error.iter_mut().zip(k).for_each(|(e, k)| *e += h * w * k);
        }
        let error = self.scaled(&error);
        let raw = error.max(1e-30).powf(PROPORTIONAL) / SAFETY;
        if error > 1.0 {
            self.h = h * (1.0 / raw).max(SHRINK);
            self.after_refusal = true;
            return Ok(false);
        }
        let factor = (self.error_before.powf(INTEGRAL) / raw).clamp(SHRINK, GROW);
        // Right after a refusal the step does not grow.
        let factor = if self.after_refusal { factor.min(1.0) } else { factor };
        self.after_refusal = false;
        self.error_before = error.max(1e-4);
        self.look_for_stiffness(h);
        self.last = h;
        self.h = h * factor;
        self.t = if self.t + h >= end { end } else { self.t + h };
        self.taken += 1;
        Ok(true)
    }

    /// hλ from the last two slopes, which belong to points of the same time.
    fn look_for_stiffness(&mut self, h: f64) {
        let apart = |a: &[f64], b: &[f64]| norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>());
        let distance = apart(&self.next, &self.sixth);
        let curvature = apart(&self.k[6], &self.k[5]) / distance;
        if distance > 1e-13 * norm(&self.next) {
            self.curvature = curvature;
        }
        if distance > 0.0 && h * curvature > STABLE {
            self.close += 1;
            self.stiff |= self.close >= OFTEN;
        } else {
            self.close = 0;
        }
    }

    /// x at a time within the last step, by the continuous extension.
    fn between(&self, time: f64) -> Vec<f64> {
        let h = self.last;
        let s = 1.0 - (self.t - time) / h;
        let r = 1.0 - s;
        (0..self.x.len())
            .map(|i| {
                let rise = self.next[i] - self.x[i];
                let bend = h * self.k[0][i] - rise;
                let curl = rise - h * self.k[6][i] - bend;
                let fourth: f64 = h * DENSE.iter().zip(&self.k).map(|(d, k)| d * k[i]).sum::<f64>();
                self.x[i] + s * (rise + r * (bend + s * (curl + r * fourth)))
            })
            .collect()
    }

    /// The end of the step becomes the start of the next.
    fn settle(&mut self) {
        self.x.copy_from_slice(&self.next);
        self.k.swap(0, 6);
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
