//! Sparse rows: only the weights of the row are touched, and first catch up on the penalty they have missed.
//!
//! A row is walked eight stored values at a time. Plain descent reads and writes its weights one by one, as fast as the processor can;
//! where roots and divisions are needed, eight cells are brought side by side, so that one vector instruction makes eight of them.

#![allow(clippy::needless_range_loop)]

use steepest_core::isa::Kernel;

use super::{
    super::kernels::{LANES, SparseView, Stored, lane_sum, prefetch},
    kernel::{Done, RowAccess, Run, run_rows},
    state::{RowRule, RowState, caught_up, quotient, soft},
};

/// Sparse rows, all of whose indices are below the number of columns.
pub(super) struct Sparse<'a, V> {
    pub(super) run: Run<'a>,
    x: SparseView<'a, V>,
}

impl<'a, V> Sparse<'a, V> {
    /// # Safety
    /// Every index of `x` times the outputs of `run` lies inside its table.
    pub(super) unsafe fn new(run: Run<'a>, x: SparseView<'a, V>) -> Self {
        Sparse { run, x }
    }
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

/// Rows that are asked for before they are visited.
const AHEAD: usize = 8;
/// Indices in a cache line, and how many lines of a row are asked for: the processor sees where a long one goes on.
const LINE: usize = 16;
const LINES: usize = 3;

/// The cell of a column.
#[inline(always)]
fn cell<const STRIDE: usize>(cells: &mut [[f64; STRIDE]], j: u32) -> &mut [f64; STRIDE] {
    debug_assert!((j as usize) < cells.len());
    // SAFETY: whoever made the `Sparse` that these rows are of has promised that every index lies inside.
    unsafe { cells.get_unchecked_mut(j as usize) }
}

impl<V: Stored, const ADAPTIVE: bool, const STRIDE: usize> SparseRows<'_, V, ADAPTIVE, STRIDE> {
    /// The weight of a cell of plain descent; with the threshold it has missed, which is written back, so that the update finds it so.
    #[inline(always)]
    fn weight(cell: &mut [f64; STRIDE], mark: f64) -> f64 {
        if !ADAPTIVE && STRIDE == 2 {
            cell[0] = soft(cell[0], mark - cell[1 % STRIDE]);
            cell[1 % STRIDE] = mark;
        }
        cell[0]
    }

    /// Weights as they stand in their cells.
    #[inline(always)]
    fn written<const N: usize>(cells: &mut [[f64; STRIDE]], indices: &[u32; N]) -> [f64; N] {
        let mut w = [0.0; N];
        for l in 0..N {
            w[l] = cell(cells, indices[l])[0];
        }
        w
    }

    /// Weights of AdaGrad with the penalty they have missed.
    #[inline(always)]
    fn current<const N: usize>(
        cells: &mut [[f64; STRIDE]],
        indices: &[u32; N],
        mark: f64,
        l1: f64,
        l2: f64,
    ) -> [f64; N] {
        let (mut w, mut missed, mut root) = ([0.0; N], [0.0; N], [1.0; N]);
        for l in 0..N {
            let cell = cell(cells, indices[l]);
            (w[l], missed[l], root[l]) = (cell[0], mark - cell[2 % STRIDE], cell[3 % STRIDE]);
        }
        for l in 0..N {
            w[l] = caught_up(w[l], root[l], missed[l], l1, l2);
        }
        w
    }

    /// The margin of AdaGrad with a penalty; the weights, which have caught up on it, are kept for the update.
    #[inline(always)]
    fn margin_caught_up(self, row: usize, state: &mut RowState) -> f64 {
        let (indices, values) = self.0.row(row);
        let (l1, l2, mark) = (state.l1, state.l2, state.mark);
        let (cells, _) = state.table.as_chunks_mut::<STRIDE>();
        let (eights, fours, twos, ones) = pieces(indices);
        let (mut acc, seen, mut k, mut rest) = ([0.0; LANES], &mut state.row[..], 0, 0.0);
        for indices in eights {
            let (w, x) = (Self::current(cells, indices, mark, l1, l2), values_of::<V, LANES>(values, k));
            for l in 0..LANES {
                acc[l] += x[l] * w[l];
            }
            seen[k..k + LANES].copy_from_slice(&w);
            k += LANES;
        }
        for indices in fours {
            let (w, x) = (Self::current(cells, indices, mark, l1, l2), values_of::<V, 4>(values, k));
            rest += (x[0] * w[0] + x[2] * w[2]) + (x[1] * w[1] + x[3] * w[3]);
            seen[k..k + 4].copy_from_slice(&w);
            k += 4;
        }
        for indices in twos {
            let (w, x) = (Self::current(cells, indices, mark, l1, l2), values_of::<V, 2>(values, k));
            rest += x[0] * w[0] + x[1] * w[1];
            seen[k..k + 2].copy_from_slice(&w);
            k += 2;
        }
        for indices in ones {
            let w = Self::current(cells, indices, mark, l1, l2);
            rest += values.get(k) * w[0];
            seen[k] = w[0];
        }
        lane_sum(acc) + rest
    }

    /// The step of AdaGrad on the cells of the stored values behind `k`, whose weights have caught up to those in `seen`.
    #[inline(always)]
    fn step<const N: usize>(
        values: V,
        k: usize,
        cells: &mut [[f64; STRIDE]],
        indices: &[u32; N],
        seen: &[f64],
        to: &Step,
    ) {
        let x = values_of::<V, N>(values, k);
        let w = if STRIDE == 4 {
            *seen[k..].first_chunk().expect("room for the row")
        } else {
            Self::written(cells, indices)
        };
        let mut acc = [0.0; N];
        for l in 0..N {
            acc[l] = cell(cells, indices[l])[1 % STRIDE];
        }
        let (mut moved, mut root) = ([0.0; N], [0.0; N]);
        for l in 0..N {
            let g = to.r * x[l];
            acc[l] += g * g;
            root[l] = acc[l].sqrt() + to.eps;
            moved[l] = w[l] - quotient(to.eta * g, root[l]);
        }
        for l in 0..N {
            let cell = cell(cells, indices[l]);
            (cell[0], cell[1 % STRIDE]) = (moved[l], acc[l]);
            if STRIDE == 4 {
                (cell[2 % STRIDE], cell[3 % STRIDE]) = (to.mark, root[l]);
            }
        }
    }
}

/// What a step of AdaGrad is made with.
struct Step {
    eta: f64,
    r: f64,
    eps: f64,
    mark: f64,
}

/// The stored values behind value `k`.
#[inline(always)]
fn values_of<V: Stored, const N: usize>(values: V, k: usize) -> [f64; N] {
    let mut x = [0.0; N];
    for l in 0..N {
        x[l] = values.get(k + l);
    }
    x
}

/// A row in pieces of known length, eight stored values each and then four, two and one: what is read at a place that the compiler
/// does not know goes through memory.
#[inline(always)]
#[allow(clippy::type_complexity)]
fn pieces(indices: &[u32]) -> (&[[u32; LANES]], &[[u32; 4]], &[[u32; 2]], &[[u32; 1]]) {
    let (eights, rest) = indices.as_chunks();
    let (fours, rest) = rest.as_chunks();
    let (twos, rest) = rest.as_chunks();
    (eights, fours, twos, rest.as_chunks().0)
}

impl<V: Stored, const ADAPTIVE: bool, const STRIDE: usize> RowAccess for SparseRows<'_, V, ADAPTIVE, STRIDE> {
    #[inline(always)]
    fn ahead(self) -> usize {
        AHEAD
    }

    #[inline(always)]
    fn foresee(self, row: usize) {
        prefetch(self.0.starts.as_ptr(), row);
    }

    #[inline(always)]
    fn prefetch(self, row: usize) {
        let start = self.0.starts[row];
        for line in 0..LINES {
            prefetch(self.0.indices.as_ptr(), start + line * LINE);
            self.0.values.prefetch(start + line * LINE);
        }
    }

    #[inline(always)]
    fn margin(self, row: usize, state: &mut RowState) -> f64 {
        if ADAPTIVE && STRIDE == 4 {
            return self.margin_caught_up(row, state);
        }
        let (indices, values) = self.0.row(row);
        let mark = state.mark;
        let (cells, _) = state.table.as_chunks_mut::<STRIDE>();
        let mut acc = [0.0; LANES];
        let (chunks, rest) = indices.as_chunks::<LANES>();
        let tail = chunks.len() * LANES;
        for (k, indices) in chunks.iter().enumerate() {
            let x = values.lanes(k * LANES);
            for l in 0..LANES {
                acc[l] += x[l] * Self::weight(cell(cells, indices[l]), mark);
            }
        }
        // By halves, not into the lanes at a place that the compiler does not know: those would go through memory.
        let mut at = 0;
        let mut term = || {
            let product = values.get(tail + at) * Self::weight(cell(cells, rest[at]), mark);
            at += 1;
            product
        };
        let four = if rest.len() & 4 > 0 { (term() + term()) + (term() + term()) } else { 0.0 };
        let two = if rest.len() & 2 > 0 { term() + term() } else { 0.0 };
        let one = if rest.len() & 1 > 0 { term() } else { 0.0 };
        state.factor * (lane_sum(acc) + (four + (two + one)))
    }

    #[inline(always)]
    fn update(self, row: usize, state: &mut RowState, eta: f64, r: f64) {
        let (indices, values) = self.0.row(row);
        let (cells, _) = state.table.as_chunks_mut::<STRIDE>();
        if let (true, RowRule::AdaGrad { eps, .. }) = (ADAPTIVE, state.rule) {
            let to = Step { eta, r, eps, mark: state.mark };
            let (eights, fours, twos, ones) = pieces(indices);
            let (seen, mut k) = (&state.row[..], 0);
            for indices in eights {
                Self::step(values, k, cells, indices, seen, &to);
                k += LANES;
            }
            for indices in fours {
                Self::step(values, k, cells, indices, seen, &to);
                k += 4;
            }
            for indices in twos {
                Self::step(values, k, cells, indices, seen, &to);
                k += 2;
            }
            for indices in ones {
                Self::step(values, k, cells, indices, seen, &to);
            }
            state.mark += eta;
        } else {
            let (chunks, rest) = indices.as_chunks::<LANES>();
            let tail = chunks.len() * LANES;
            let a = -(eta / state.factor) * r;
            for (k, indices) in chunks.iter().enumerate() {
                let x = values.lanes(k * LANES);
                for l in 0..LANES {
                    cell(cells, indices[l])[0] += a * x[l];
                }
            }
            for (l, &j) in rest.iter().enumerate() {
                cell(cells, j)[0] += a * values.get(tail + l);
            }
            count_penalty(state, eta);
        }
    }

    #[inline(always)]
    fn margins(self, row: usize, state: &mut RowState, z: &mut [f64]) {
        let (indices, values) = self.0.row(row);
        let (l1, l2, mark, factor, outputs) = (state.l1, state.l2, state.mark, state.factor, state.outputs);
        let (cells, _) = state.table.as_chunks_mut::<STRIDE>();
        for (k, &j) in indices.iter().enumerate() {
            let a = factor * values.get(k);
            let cells = &mut cells[j as usize * outputs..][..outputs];
            for (z, cell) in z.iter_mut().zip(cells) {
                if ADAPTIVE && STRIDE == 4 {
                    cell[0] = caught_up(cell[0], cell[3 % STRIDE], mark - cell[2 % STRIDE], l1, l2);
                    cell[2 % STRIDE] = mark;
                }
                *z += a * Self::weight(cell, mark);
            }
        }
    }

    #[inline(always)]
    fn updates(self, row: usize, state: &mut RowState, eta: f64, r: &[f64]) {
        let (indices, values) = self.0.row(row);
        let eps = if let RowRule::AdaGrad { eps, .. } = state.rule { eps } else { 0.0 };
        let scale = eta / state.factor;
        let (cells, _) = state.table.as_chunks_mut::<STRIDE>();
        for (k, &j) in indices.iter().enumerate() {
            let x = values.get(k);
            let cells = &mut cells[j as usize * r.len()..][..r.len()];
            for (cell, r) in cells.iter_mut().zip(r) {
                let g = x * r;
                if ADAPTIVE {
                    cell[1 % STRIDE] += g * g;
                    let root = cell[1 % STRIDE].sqrt() + eps;
                    cell[0] -= quotient(eta * g, root);
                    if STRIDE == 4 {
                        cell[3 % STRIDE] = root;
                    }
                } else {
                    cell[0] -= scale * g;
                }
            }
        }
        if ADAPTIVE {
            state.mark += eta;
        } else {
            count_penalty(state, eta);
        }
    }
}

/// `Sgd` counts the penalty of a step: c ← c + ηλ₁/a, a ← a/(1 + ηλ₂).
#[inline(always)]
fn count_penalty(state: &mut RowState, eta: f64) {
    if state.l1 > 0.0 {
        state.mark += eta * state.l1 / state.factor;
    }
    state.shrink_factor(eta);
}
