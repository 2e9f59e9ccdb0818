//! The loop over rows: margin, loss, step.
//!
//! What a row costs is decided by its longest chain of dependent operations, from its margin over an exponential to the weights that the
//! next row reads. So nothing else stands in that chain: rates are computed a block ahead, logistic losses a block behind, and the
//! rows to come are asked for early.

use steepest_core::math::{log1p_exp, sigmoid_prompt};
use steepest_optim::Schedule;

use super::{
    super::{
        Loss,
        kernels::{prefetch, softmax},
        loss::{Hinge, Huber, Poisson, Quantile, ScalarLoss, Squared, SquaredHinge},
    },
    state::{RowRule, RowState, quotient},
};

/// Rates and logistic losses are computed for this many rows at a time.
const BLOCK: usize = 64;

/// Rows to visit, and everything that is the same for all of them.
pub(super) struct Run<'a> {
    pub(super) order: &'a [u32],
    /// Completed updates before the first of them.
    pub(super) step: u64,
    pub(super) lr: &'a Schedule,
    pub(super) lr_scale: f64,
    pub(super) loss: Loss,
    pub(super) target: &'a [f64],
    pub(super) weights: Option<&'a [f64]>,
    /// n/Σs.
    pub(super) weight_scale: f64,
    pub(super) offset: Option<&'a [f64]>,
    pub(super) state: &'a mut RowState,
    /// Σ s̃φ so far, so that where a call is cut does not change the order of the sum.
    pub(super) loss_sum: f64,
}

/// What came of it.
pub(super) struct Done {
    /// Σ s̃φ so far and over the rows visited, each at the parameters before its update.
    pub(super) loss: f64,
    /// The number of updates made.
    pub(super) rows: usize,
    /// The loss of the row that stopped it, where one was not finite.
    pub(super) bad: Option<f64>,
}

/// A storage of rows, and what the methods do with one row: each once for one output and once for several.
pub(super) trait RowAccess: Copy {
    /// How many rows ahead to ask for.
    fn ahead(self) -> usize;
    /// Asks the processor for what says where a row lies.
    fn foresee(self, row: usize);
    /// Asks the processor for a row that is visited soon.
    fn prefetch(self, row: usize);
    /// Σⱼ xⱼwⱼ, after the weights of the row have caught up on the penalty.
    fn margin(self, row: usize, state: &mut RowState) -> f64;
    /// The step −η·r·xⱼ on the weights of the row whose margin was the last one computed, and the penalty.
    fn update(self, row: usize, state: &mut RowState, lr: f64, r: f64);
    /// z[k] += Σⱼ xⱼ w[j, k].
    fn margins(self, row: usize, state: &mut RowState, z: &mut [f64]);
    /// The step −η·r[k]·xⱼ.
    fn updates(self, row: usize, state: &mut RowState, lr: f64, r: &[f64]);
}

/// φ and φ′ of one margin. The logistic loss, ln(1 + eᵗ), is known by its argument t = −yz until the block is through.
#[inline(always)]
fn value_and_derivative(loss: Loss, z: f64, y: f64) -> (f64, f64) {
    match loss {
        Loss::Logistic => (-y * z, -y * sigmoid_prompt(-y * z)),
        Loss::Squared => Squared.value_and_derivative(z, y),
        Loss::Huber(delta) => Huber { delta }.value_and_derivative(z, y),
        Loss::Quantile(tau) => Quantile { tau }.value_and_derivative(z, y),
        Loss::Poisson => Poisson.value_and_derivative(z, y),
        Loss::Hinge => Hinge.value_and_derivative(z, y),
        Loss::SquaredHinge => SquaredHinge.value_and_derivative(z, y),
        Loss::Softmax(_) => (f64::NAN, f64::NAN),
    }
}

/// The loss of a row with several outputs; `z` becomes the derivatives.
#[inline(always)]
fn softmax_loss(z: &mut [f64], scratch: &mut [f64], class: usize) -> f64 {
    let log_total = softmax(z, scratch);
    let value = log_total - z[class];
    z.copy_from_slice(scratch);
    z[class] -= 1.0;
    value
}

/// Visits the rows.
#[inline(always)]
pub(super) fn run_rows<A: RowAccess>(run: Run<'_>, access: A) -> Done {
    if run.state.outputs == 1 { run_single(run, access) } else { run_many(run, access) }
}

/// The rates of the block of rows that begins at `step`.
#[inline(always)]
fn fill_rates(rates: &mut [f64], lr: &Schedule, scale: f64, step: u64) {
    lr.fill(step, rates);
    for rate in rates {
        *rate *= scale;
    }
}

#[inline(always)]
fn run_single<A: RowAccess>(run: Run<'_>, access: A) -> Done {
    let Run { order, step, lr, lr_scale, loss, target, weights, weight_scale, offset, state, loss_sum } = run;
    let mut rates = [lr.at(step) * lr_scale; BLOCK];
    let mut values = [0.0; BLOCK];
    let weight = |row: u32| weights.map_or(1.0, |s| s[row as usize] * weight_scale);
    let ahead = access.ahead();
    let mut done = Done { loss: loss_sum, rows: 0, bad: None };
    for (block, rows) in order.chunks(BLOCK).enumerate() {
        if !lr.is_constant() {
            fill_rates(&mut rates[..rows.len()], lr, lr_scale, step + (block * BLOCK) as u64);
        }
        let mut seen = 0;
        for ((&row, &eta), seen_value) in rows.iter().zip(&rates).zip(&mut values) {
            if let Some(&next) = order.get(done.rows + ahead) {
                access.prefetch(next as usize);
            }
            if let Some(&later) = order.get(done.rows + 2 * ahead) {
                prefetch(target.as_ptr(), later as usize);
                access.foresee(later as usize);
            }
            let s = weight(row);
            let row = row as usize;
            let constant = offset.map_or(0.0, |o| o[row]) + state.bias.first().map_or(0.0, |b| *b);
            let z = access.margin(row, state) + constant;
            let (value, derivative) = value_and_derivative(loss, z, target[row]);
            if !(value.is_finite() && derivative.is_finite()) {
                done.bad = Some(if value.is_finite() { f64::NAN } else { value.abs() });
                break;
            }
            *seen_value = value;
            seen += 1;
            let r = s * derivative;
            step_bias(state, eta, &[r]);
            access.update(row, state, eta, r);
            done.rows += 1;
        }
        if loss == Loss::Logistic {
            // All of them, since a length that is known becomes vector code.
            for t in &mut values {
                *t = log1p_exp(*t);
            }
        }
        rows.iter().zip(&values[..seen]).for_each(|(&row, value)| done.loss += weight(row) * value);
        if done.bad.is_some() {
            break;
        }
    }
    done
}

#[inline(always)]
fn run_many<A: RowAccess>(run: Run<'_>, access: A) -> Done {
    let Run { order, step, lr, lr_scale, target, weights, weight_scale, offset, state, loss_sum, .. } = run;
    let outputs = state.outputs;
    let (mut z, mut scratch) = (vec![0.0; outputs], vec![0.0; outputs]);
    let mut done = Done { loss: loss_sum, rows: 0, bad: None };
    for (&row, step) in order.iter().zip(step..) {
        if let Some(&next) = order.get(done.rows + access.ahead()) {
            access.prefetch(next as usize);
        }
        let row = row as usize;
        let eta = lr.at(step) * lr_scale;
        for (c, z) in z.iter_mut().enumerate() {
            *z = offset.map_or(0.0, |o| o[row * outputs + c]) + state.bias.get(c).map_or(0.0, |b| *b);
        }
        access.margins(row, state, &mut z);
        let value = softmax_loss(&mut z, &mut scratch, target[row] as usize);
        if !(value.is_finite() && z.iter().all(|r| r.is_finite())) {
            done.bad = Some(if value.is_finite() { f64::NAN } else { value });
            return done;
        }
        let weight = weights.map_or(1.0, |s| s[row] * weight_scale);
        done.loss += weight * value;
        z.iter_mut().for_each(|r| *r *= weight);
        step_bias(state, eta, &z);
        access.updates(row, state, eta, &z);
        done.rows += 1;
    }
    done
}

#[inline(always)]
fn step_bias(state: &mut RowState, eta: f64, r: &[f64]) {
    for (c, (b, r)) in state.bias.iter_mut().zip(r).enumerate() {
        match state.rule {
            RowRule::Sgd => *b -= eta * r,
            RowRule::AdaGrad { eps, .. } => {
                state.bias_acc[c] += r * r;
                *b -= quotient(eta * r, state.bias_acc[c].sqrt() + eps);
            }
        }
    }
}
