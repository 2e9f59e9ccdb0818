//! Dense rows: every weight is visited at every update, so the penalty needs no marks.
//!
//! Lane loops are written by index: that is the form in which the compiler vectorizes them.

#![allow(clippy::needless_range_loop)]

use steepest_core::isa::Kernel;

use super::{
    super::kernels::{LANES, Stored, lane_sum},
    kernel::{Done, RowAccess, Run, run_rows},
    state::{RowRule, RowState, quotient, shrunk, soft},
};

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

/// Bytes of rows that are asked for before they are visited, and bytes of a cache line.
const AHEAD: usize = 4096;
const LINE: usize = 64;

impl<V: Stored> RowAccess for DenseRows<V> {
    #[inline(always)]
    fn ahead(self) -> usize {
        (AHEAD / (self.cols * V::BYTES).max(1)).clamp(1, 16)
    }

    #[inline(always)]
    fn foresee(self, _row: usize) {}

    #[inline(always)]
    fn prefetch(self, row: usize) {
        let first = row * self.cols;
        for j in (0..self.cols.min(AHEAD / V::BYTES)).step_by(LINE / V::BYTES) {
            self.x.prefetch(first + j);
        }
    }

    #[inline(always)]
    fn margin(self, row: usize, state: &mut RowState) -> f64 {
        state.factor * dot(self.x.part(row * self.cols, self.cols), &state.table[..self.cols])
    }

    #[inline(always)]
    fn update(self, row: usize, state: &mut RowState, eta: f64, r: f64) {
        let x = self.x.part(row * self.cols, self.cols);
        let (l1, l2) = (state.l1, state.l2);
        match state.rule {
            RowRule::Sgd => {
                let scale = eta / state.factor;
                let w = &mut state.table[..self.cols];
                if l1 == 0.0 {
                    add(x, -scale * r, w);
                } else {
                    add_and_shrink(x, -scale * r, scale * l1, w);
                }
                state.shrink_factor(eta);
            }
            RowRule::AdaGrad { eps, .. } => {
                let (w, acc) = state.table.split_at_mut(self.cols);
                let rate = Rate { eta, eps, l1: eta * l1, l2: eta * l2 };
                if l1 > 0.0 || l2 > 0.0 {
                    adagrad::<V, true>(x, r, rate, w, acc);
                } else {
                    adagrad::<V, false>(x, r, rate, w, acc);
                }
            }
        }
    }

    #[inline(always)]
    fn margins(self, row: usize, state: &mut RowState, z: &mut [f64]) {
        let x = self.x.part(row * self.cols, self.cols);
        let outputs = z.len();
        for j in 0..self.cols {
            let a = state.factor * x.get(j);
            let w = &state.table[j * outputs..(j + 1) * outputs];
            z.iter_mut().zip(w).for_each(|(z, w)| *z += a * w);
        }
    }

    #[inline(always)]
    fn updates(self, row: usize, state: &mut RowState, eta: f64, r: &[f64]) {
        let x = self.x.part(row * self.cols, self.cols);
        let (l1, l2, outputs) = (state.l1, state.l2, r.len());
        match state.rule {
            RowRule::Sgd => {
                let scale = eta / state.factor;
                let threshold = scale * l1;
                for j in 0..self.cols {
                    let a = scale * x.get(j);
                    let w = &mut state.table[j * outputs..(j + 1) * outputs];
                    w.iter_mut().zip(r).for_each(|(w, r)| *w = soft(*w - a * r, threshold));
                }
                state.shrink_factor(eta);
            }
            RowRule::AdaGrad { eps, .. } => {
                let (w, acc) = state.table.split_at_mut(self.cols * outputs);
                let rate = Rate { eta, eps, l1: eta * l1, l2: eta * l2 };
                for j in 0..self.cols {
                    let x = x.get(j);
                    let (w, acc) = (&mut w[j * outputs..][..outputs], &mut acc[j * outputs..][..outputs]);
                    for c in 0..outputs {
                        (w[c], acc[c]) = rate.step::<true>(w[c], acc[c], r[c] * x);
                    }
                }
            }
        }
    }
}

/// x·w in four times eight partial sums: one vector would wait for itself.
#[inline(always)]
fn dot<V: Stored>(x: V, w: &[f64]) -> f64 {
    let mut acc = [[0.0; LANES]; 4];
    let whole = w.len() - w.len() % LANES;
    let mut start = 0;
    while start + 4 * LANES <= whole {
        for (part, acc) in acc.iter_mut().enumerate() {
            let from = start + part * LANES;
            let x = x.lanes(from);
            for l in 0..LANES {
                acc[l] += x[l] * w[from + l];
            }
        }
        start += 4 * LANES;
    }
    let mut part = 0;
    while start < whole {
        let x = x.lanes(start);
        for l in 0..LANES {
            acc[part][l] += x[l] * w[start + l];
        }
        (start, part) = (start + LANES, part + 1);
    }
    let [mut a, b, mut c, d] = acc;
    for l in 0..LANES {
        a[l] += b[l];
        c[l] += d[l];
    }
    for l in 0..LANES {
        a[l] += c[l];
    }
    let mut rest = 0.0;
    for j in whole..w.len() {
        rest += x.get(j) * w[j];
    }
    lane_sum(a) + rest
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

/// w ← soft(w + a·x, threshold).
#[inline(always)]
fn add_and_shrink<V: Stored>(x: V, a: f64, threshold: f64, w: &mut [f64]) {
    let whole = w.len() - w.len() % LANES;
    for start in (0..whole).step_by(LANES) {
        let x = x.lanes(start);
        for l in 0..LANES {
            w[start + l] = soft(w[start + l] + a * x[l], threshold);
        }
    }
    for j in whole..w.len() {
        w[j] = soft(w[j] + a * x.get(j), threshold);
    }
}

/// What a step of AdaGrad needs to know: η, ε, ηλ₁ and ηλ₂.
#[derive(Clone, Copy)]
struct Rate {
    eta: f64,
    eps: f64,
    l1: f64,
    l2: f64,
}

impl Rate {
    /// Weight and accumulator after a gradient: with s = √G + ε, prox(w − ηg/s) = soft(ws − ηg, ηλ₁)/(s + ηλ₂), which takes one division.
    #[inline(always)]
    fn step<const PENALIZED: bool>(self, w: f64, acc: f64, g: f64) -> (f64, f64) {
        let acc = acc + g * g;
        let root = acc.sqrt() + self.eps;
        let moved = if PENALIZED {
            shrunk(w * root - self.eta * g, root, self.l1, self.l2, w)
        } else {
            w - quotient(self.eta * g, root)
        };
        (moved, acc)
    }
}

/// A step of AdaGrad on all weights.
#[inline(always)]
fn adagrad<V: Stored, const PENALIZED: bool>(x: V, r: f64, rate: Rate, w: &mut [f64], acc: &mut [f64]) {
    let acc = &mut acc[..w.len()];
    let whole = w.len() - w.len() % LANES;
    for start in (0..whole).step_by(LANES) {
        let x = x.lanes(start);
        for l in 0..LANES {
            let at = start + l;
            (w[at], acc[at]) = rate.step::<PENALIZED>(w[at], acc[at], r * x[l]);
        }
    }
    for j in whole..w.len() {
        (w[j], acc[j]) = rate.step::<PENALIZED>(w[j], acc[j], r * x.get(j));
    }
}
