//! One curve being followed: steps of Dormand and Prince's pair, their errors, and points between them.

use steepest_core::{NonFinite, Objective};

use super::{Flow, FlowError};
use crate::norm;

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

/// −∇J at x.
pub(super) fn downhill(f: &mut dyn Objective<f64>, x: &[f64], k: &mut [f64]) -> Result<f64, NonFinite> {
    let value = f.at(x)?;
    f.gradient(k)?;
    k.iter_mut().for_each(|k| *k = -*k);
    Ok(value)
}

/// A curve being followed.
pub(super) struct Run {
    pub flow: Flow,
    pub t: f64,
    pub h: f64,
    /// x at the start of the step, and at its end.
    pub x: Vec<f64>,
    pub next: Vec<f64>,
    /// The slopes of the stages; the last one belongs to the end.
    pub k: [Vec<f64>; 7],
    /// Where the sixth slope was taken.
    pub sixth: Vec<f64>,
    /// J at the end.
    pub value: f64,
    /// The curvature along the last step, as far as it can be told.
    pub curvature: f64,
    pub error_before: f64,
    /// The step that led to `t`.
    pub last: f64,
    pub after_refusal: bool,
    pub close: u32,
    pub stiff: bool,
    pub taken: u64,
    pub tried: u64,
    pub gradients: u64,
}

impl Run {
    pub fn new(flow: Flow, f: &mut dyn Objective<f64>, start: &[f64]) -> Result<Run, FlowError> {
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
    pub fn step(&mut self, f: &mut dyn Objective<f64>, end: f64) -> Result<bool, FlowError> {
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
    pub fn between(&self, time: f64) -> Vec<f64> {
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
    pub fn settle(&mut self) {
        self.x.copy_from_slice(&self.next);
        self.k.swap(0, 6);
    }
}
