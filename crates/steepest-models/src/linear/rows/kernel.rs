//! The loops over rows.
//!
//! A row is read twice: for the margin and for the update, the second time from the cache. Lane loops are written by index: that is the
//! form in which the compiler vectorizes them.

#![allow(clippy::needless_range_loop)]

use steepest_core::{isa::Kernel, math::log1p_exp_and_sigmoid};
use steepest_optim::Schedule;

use super::{
    super::{
        Loss,
        kernels::{SparseView, Stored, softmax},
        loss::{Hinge, Huber, Poisson, Quantile, ScalarLoss, Squared, SquaredHinge},
    },
    state::{RowRule, RowState, catch_up, soft},
};

const LANES: usize = 8;

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

/// φ and φ′ of one margin.
#[inline(always)]
fn value_and_derivative(loss: Loss, z: f64, y: f64) -> (f64, f64) {
    match loss {
        Loss::Logistic => {
            let (value, sigmoid) = log1p_exp_and_sigmoid(-y * z);
            (value, -y * sigmoid)
        }
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

/// A storage of rows, and the four loops over one row that the methods are made of.
trait RowAccess: Copy {
    /// z[k] += Σⱼ xⱼ w[j, k], after the weights of the row have caught up on the penalty.
    fn margin(self, row: usize, state: &mut RowState, z: &mut [f64]);
    /// The step −η·r[k]·xⱼ on the weights of the row, and for dense rows the penalty.
    fn update(self, row: usize, state: &mut RowState, lr: f64, r: &[f64]);
}

#[inline(always)]
fn run_rows<A: RowAccess>(run: Run<'_>, access: A) -> Done {
    let Run { order, step, lr, lr_scale, loss, target, weights, weight_scale, offset, state, loss_sum } = run;
    let outputs = state.outputs;
    let constant = lr.is_constant().then(|| lr.at(0) * lr_scale);
    let (mut z, mut scratch) = (vec![0.0; outputs], vec![0.0; outputs]);
    let mut done = Done { loss: loss_sum, rows: 0, bad: None };
    for (k, &row) in order.iter().enumerate() {
        let row = row as usize;
        let eta = constant.unwrap_or_else(|| lr.at(step + k as u64) * lr_scale);
        for c in 0..outputs {
            z[c] = offset.map_or(0.0, |o| o[row * outputs + c]) + if state.intercept { state.bias[c] } else { 0.0 };
        }
        access.margin(row, state, &mut z);
        let value = if outputs == 1 {
            let (value, derivative) = value_and_derivative(loss, z[0], target[row]);
            z[0] = derivative;
            value
        } else {
            softmax_loss(&mut z, &mut scratch, target[row] as usize)
        };
        let weight = weights.map_or(1.0, |s| s[row] * weight_scale);
        let finite = value.is_finite() && z.iter().all(|r| r.is_finite());
        if !finite {
            done.bad = Some(if value.is_finite() { f64::NAN } else { value });
            return done;
        }
        done.loss += weight * value;
        z.iter_mut().for_each(|r| *r *= weight);
        step_bias(state, eta, &z);
        access.update(row, state, eta, &z);
        done.rows += 1;
    }
    done
}

#[inline(always)]
fn step_bias(state: &mut RowState, eta: f64, r: &[f64]) {
    for c in 0..state.bias.len() {
        match state.rule {
            RowRule::Sgd => state.bias[c] -= eta * r[c],
            RowRule::AdaGrad { eps, .. } => {
                state.bias_acc[c] += r[c] * r[c];
                state.bias[c] -= eta * r[c] / (state.bias_acc[c].sqrt() + eps);
            }
        }
    }
}

/// `Sgd` counts the penalty of a step: a ← a/(1 + ηλ₂), c ← c + ηλ₁/a.
#[inline(always)]
fn count_penalty(state: &mut RowState, eta: f64) {
    if state.l1 > 0.0 {
        state.mark += eta * state.l1 / state.factor;
    }
    if state.l2 > 0.0 {
        state.factor /= 1.0 + eta * state.l2;
        state.rescale_if_small();
    }
}

// -- dense

/// Dense rows.
pub(super) struct Dense<'a, V> {
    pub(super) run: Run<'a>,
    pub(super) x: V,
    pub(super) cols: usize,
}

impl<V: Stored> Kernel for Dense<'_, V> {
    type Output = Done;

    #[inline(always)]
    fn run(self) -> Done {
        run_rows(self.run, DenseRows { x: self.x, cols: self.cols })
    }
}

#[derive(Clone, Copy)]
struct DenseRows<V> {
    x: V,
    cols: usize,
}

impl<V: Stored> RowAccess for DenseRows<V> {
    #[inline(always)]
    fn margin(self, row: usize, state: &mut RowState, z: &mut [f64]) {
        let x = self.x.part(row * self.cols, self.cols);
        let w = &state.table[..state.len];
        if let [z] = z {
            *z += state.factor * dot(x, w);
        } else {
            for j in 0..self.cols {
                let a = state.factor * x.get(j);
                let w = &w[j * z.len()..(j + 1) * z.len()];
                z.iter_mut().zip(w).for_each(|(z, w)| *z += a * w);
            }
        }
    }

    #[inline(always)]
    fn update(self, row: usize, state: &mut RowState, eta: f64, r: &[f64]) {
        let x = self.x.part(row * self.cols, self.cols);
        let (l1, l2, outputs) = (state.l1, state.l2, state.outputs);
        match state.rule {
            RowRule::Sgd => {
                let scale = eta / state.factor;
                let threshold = scale * l1;
                let w = &mut state.table[..state.len];
                if let ([r], 0.0) = (r, l1) {
                    add(x, -scale * r, w);
                } else {
                    for j in 0..self.cols {
                        let a = scale * x.get(j);
                        let w = &mut w[j * outputs..(j + 1) * outputs];
                        w.iter_mut().zip(r).for_each(|(w, r)| *w = soft(*w - a * r, threshold));
                    }
                }
                if l2 > 0.0 {
                    state.factor /= 1.0 + eta * l2;
                    state.rescale_if_small();
                }
            }
            RowRule::AdaGrad { eps, .. } => {
                let (w, acc) = state.table.split_at_mut(state.len);
                let penalized = l1 > 0.0 || l2 > 0.0;
                match r {
                    [r] if penalized => adagrad::<V, true>(x, eta, *r, eps, l1, l2, w, acc),
                    [r] => adagrad::<V, false>(x, eta, *r, eps, l1, l2, w, acc),
                    _ => {
                        for j in 0..self.cols {
                            let x = x.get(j);
                            for (c, r) in r.iter().enumerate() {
                                let at = j * outputs + c;
                                let g = r * x;
                                acc[at] += g * g;
                                let rate = eta / (acc[at].sqrt() + eps);
                                w[at] = catch_up(w[at] - rate * g, rate, l1, l2);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// x·w in eight partial sums.
#[inline(always)]
fn dot<V: Stored>(x: V, w: &[f64]) -> f64 {
    let mut acc = [0.0; LANES];
    let whole = w.len() - w.len() % LANES;
    for start in (0..whole).step_by(LANES) {
        let x = x.lanes(start);
        for l in 0..LANES {
            acc[l] += x[l] * w[start + l];
        }
    }
    for j in whole..w.len() {
        acc[j - whole] += x.get(j) * w[j];
    }
    ((acc[0] + acc[4]) + (acc[2] + acc[6])) + ((acc[1] + acc[5]) + (acc[3] + acc[7]))
}

/// w += a·x.
#[inline(always)]
fn add<V: Stored>(x: V, a: f64, w: &mut [f64]) {
    let whole = w.len() - w.len() % LANES;
    for start in (0..whole).step_by(LANES) {
        let x = x.lanes(start);
        for l in 0..LANES {
            w[start + l] += a * x[l];
        }
    }
    for j in whole..w.len() {
        w[j] += a * x.get(j);
    }
}

/// A step of AdaGrad on all weights.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn adagrad<V: Stored, const PENALIZED: bool>(
    x: V,
    eta: f64,
    r: f64,
    eps: f64,
    l1: f64,
    l2: f64,
    w: &mut [f64],
    acc: &mut [f64],
) {
    let one = |x: f64, w: &mut f64, acc: &mut f64| {
        let g = r * x;
        *acc += g * g;
        let rate = eta / (acc.sqrt() + eps);
        let moved = *w - rate * g;
        *w = if PENALIZED { catch_up(moved, rate, l1, l2) } else { moved };
    };
    let acc = &mut acc[..w.len()];
    let whole = w.len() - w.len() % LANES;
    for start in (0..whole).step_by(LANES) {
        let x = x.lanes(start);
        for l in 0..LANES {
            one(x[l], &mut w[start + l], &mut acc[start + l]);
        }
    }
    for j in whole..w.len() {
        one(x.get(j), &mut w[j], &mut acc[j]);
    }
}

// -- sparse

/// Sparse rows.
pub(super) struct Sparse<'a, V> {
    pub(super) run: Run<'a>,
    pub(super) x: SparseView<'a, V>,
}

impl<V: Stored> Kernel for Sparse<'_, V> {
    type Output = Done;

    #[inline(always)]
    fn run(self) -> Done {
        match (self.run.state.rule, self.run.state.mark_at()) {
            (RowRule::Sgd, None) => run_rows(self.run, SparseRows::<V, false, 1>(self.x)),
            (RowRule::Sgd, Some(_)) => run_rows(self.run, SparseRows::<V, false, 2>(self.x)),
            (RowRule::AdaGrad { .. }, None) => run_rows(self.run, SparseRows::<V, true, 2>(self.x)),
            (RowRule::AdaGrad { .. }, Some(_)) => run_rows(self.run, SparseRows::<V, true, 4>(self.x)),
        }
    }
}

/// Sparse rows with the rule and the size of a cell known to the compiler.
#[derive(Clone, Copy)]
struct SparseRows<'a, V, const ADAPTIVE: bool, const STRIDE: usize>(SparseView<'a, V>);

impl<V: Stored, const ADAPTIVE: bool, const STRIDE: usize> RowAccess for SparseRows<'_, V, ADAPTIVE, STRIDE> {
    #[inline(always)]
    fn margin(self, row: usize, state: &mut RowState, z: &mut [f64]) {
        let (indices, values) = self.0.row(row);
        let (l1, l2, mark, factor, outputs) = (state.l1, state.l2, state.mark, state.factor, state.outputs);
        let eps = if let RowRule::AdaGrad { eps, .. } = state.rule { eps } else { 0.0 };
        let (cells, _) = state.table.as_chunks_mut::<STRIDE>();
        // The weight with the penalty it has missed; written back, so that the update finds it so.
        let current = |cell: &mut [f64; STRIDE]| {
            if ADAPTIVE && STRIDE == 4 {
                cell[0] = catch_up(cell[0], (mark - cell[STRIDE - 2]) / (cell[1].sqrt() + eps), l1, l2);
                cell[STRIDE - 2] = mark;
            } else if !ADAPTIVE && STRIDE == 2 {
                cell[0] = soft(cell[0], mark - cell[1]);
                cell[1] = mark;
            }
            cell[0]
        };
        if let [z] = z {
            let mut acc = [0.0; 4];
            for (k, &j) in indices.iter().enumerate() {
                acc[k % 4] += values.get(k) * current(&mut cells[j as usize]);
            }
            *z += factor * ((acc[0] + acc[1]) + (acc[2] + acc[3]));
        } else {
            for (k, &j) in indices.iter().enumerate() {
                let a = factor * values.get(k);
                let cells = &mut cells[j as usize * outputs..(j as usize + 1) * outputs];
                z.iter_mut().zip(cells).for_each(|(z, cell)| *z += a * current(cell));
            }
        }
    }

    #[inline(always)]
    fn update(self, row: usize, state: &mut RowState, eta: f64, r: &[f64]) {
        let (indices, values) = self.0.row(row);
        let outputs = r.len();
        let eps = if let RowRule::AdaGrad { eps, .. } = state.rule { eps } else { 0.0 };
        let scale = eta / state.factor;
        let (cells, _) = state.table.as_chunks_mut::<STRIDE>();
        let one = |cell: &mut [f64; STRIDE], g: f64| {
            if ADAPTIVE {
                cell[1 % STRIDE] += g * g;
                cell[0] -= eta * g / (cell[1 % STRIDE].sqrt() + eps);
            } else {
                cell[0] -= scale * g;
            }
        };
        if let [r] = r {
            for (k, &j) in indices.iter().enumerate() {
                one(&mut cells[j as usize], values.get(k) * r);
            }
        } else {
            for (k, &j) in indices.iter().enumerate() {
                let x = values.get(k);
                let cells = &mut cells[j as usize * outputs..(j as usize + 1) * outputs];
                cells.iter_mut().zip(r).for_each(|(cell, r)| one(cell, x * r));
            }
        }
        if ADAPTIVE {
            state.mark += eta;
        } else {
            count_penalty(state, eta);
        }
    }
}
