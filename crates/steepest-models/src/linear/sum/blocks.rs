//! Rows of one output, a block at a time: margins, then losses, then the gradient.
//!
//! Row by row, a row would wait for the chain from its margin over an exponential to its derivative. Over a block each of the three is
//! a loop of its own: the losses become vector code, and rows to come are asked for while others are multiplied.

use steepest_core::isa::{Isa, Kernel};
use steepest_core::{GradSink, NonFinite, Partial, Real, Rows};

use super::super::kernels::{lane_sum, loss_block};
use super::super::loss::{ScalarLoss, with_loss};
use super::super::{LinearProblem, Loss, kernels::LANES};

/// Rows of a block: their losses fill vector registers many times over, and the rows themselves stay in the first cache between the two
/// visits where they are not long.
pub(super) const ROWS: usize = 64;

/// What a storage does with a block of rows.
pub(super) trait BlockAccess: Copy {
    /// z[k] ← xᵢ·w with i = rows[k].
    fn margins<T: Real>(self, rows: &[usize], w: &[T], z: &mut [f64]);
    /// g += Σ r[k]·xᵢ.
    fn add<T: Real>(self, rows: &[usize], r: &[f64], g: &mut [T]);
    /// Calls `push(column, r[k]·x)` for every stored value, row after row.
    fn pairs(self, row: usize, r: f64, push: impl FnMut(u32, f64));
}

/// The rows of a block and what is computed of them, kept so that a step allocates nothing.
#[derive(Debug)]
pub(super) struct Block {
    rows: [usize; ROWS],
    target: [f64; ROWS],
    weights: [f64; ROWS],
    z: [f64; ROWS],
    r: [f64; ROWS],
}

impl Default for Block {
    fn default() -> Block {
        Block { rows: [0; ROWS], target: [0.0; ROWS], weights: [1.0; ROWS], z: [0.0; ROWS], r: [0.0; ROWS] }
    }
}

impl Block {
    /// Takes the rows `from..to`, of which those without weight are left out; returns how many and their Σ sᵢ.
    fn take(&mut self, problem: &LinearProblem, rows: Rows<'_>, from: usize, to: usize) -> (usize, f64) {
        let Some(weights) = &problem.weights else {
            match rows {
                Rows::Index(list) => {
                    self.rows.iter_mut().zip(&list[from..to]).for_each(|(row, &i)| *row = i as usize);
                }
                Rows::Range { start, .. } => {
                    self.rows.iter_mut().enumerate().for_each(|(k, row)| *row = start as usize + from + k);
                }
            }
            for k in 0..to - from {
                self.target[k] = problem.target[self.rows[k]];
            }
            return (to - from, (to - from) as f64);
        };
        let (mut m, mut sum) = (0, 0.0);
        for k in from..to {
            let i = rows.get(k) as usize;
            if weights[i] != 0.0 {
                (self.rows[m], self.target[m], self.weights[m]) = (i, problem.target[i], weights[i]);
                sum += weights[i];
                m += 1;
            }
        }
        (m, sum)
    }

    /// Moves the rows whose derivative is not 0 to the front and returns how many there are: rows that are fitted exactly, as most
    /// are under a hinge, cost no second visit.
    fn keep_unfitted(&mut self, m: usize) -> usize {
        if self.r[..m].iter().all(|r| *r != 0.0) {
            return m;
        }
        let mut kept = 0;
        for k in 0..m {
            (self.rows[kept], self.r[kept]) = (self.rows[k], self.r[k]);
            kept += usize::from(self.r[k] != 0.0);
        }
        kept
    }
}

/// The row to blame for a sum of losses that is not finite, with the loss it has.
fn first_bad(loss: Loss, block: &Block, m: usize) -> Option<NonFinite> {
    with_loss!(loss, l => (0..m).find_map(|k| {
        let value = l.value(block.z[k], block.target[k]);
        (!value.is_finite()).then_some(NonFinite::Row { row: block.rows[k] as u64, value })
    }))
}

/// z ← Xw for the rows of a block. A kernel of its own, as is [`Add`]: compiled into one function with the losses, the loops over a
/// row ran out of registers.
struct Margins<'a, T, A> {
    access: A,
    rows: &'a [usize],
    w: &'a [T],
    z: &'a mut [f64],
}

impl<T: Real, A: BlockAccess> Kernel for Margins<'_, T, A> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.access.margins(self.rows, self.w, self.z);
    }
}

/// g += Xᵀr for the rows of a block.
struct Add<'a, T, A> {
    access: A,
    rows: &'a [usize],
    r: &'a [f64],
    g: &'a mut [T],
}

impl<T: Real, A: BlockAccess> Kernel for Add<'_, T, A> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.access.add(self.rows, self.r, self.g);
    }
}

/// Some rows of a problem of one output.
pub(super) struct Blocks<'a, T, A> {
    pub(super) problem: &'a LinearProblem,
    pub(super) x: &'a [T],
    pub(super) rows: Rows<'a>,
    pub(super) grad: GradSink<'a, T>,
    pub(super) block: &'a mut Block,
    pub(super) access: A,
}

impl<T: Real, A: BlockAccess> Blocks<'_, T, A> {
    /// Block by block, with the kernels compiled for `isa`.
    pub(super) fn over(self, isa: Isa) -> Result<Partial, NonFinite> {
        let Blocks { problem, x, rows, mut grad, block, access } = self;
        let (w, bias) = x.split_at(problem.features());
        let (bias_at, n) = (w.len(), rows.len() as usize);
        let mut total = Partial::default();
        for from in (0..n).step_by(ROWS) {
            let (m, weight) = block.take(problem, rows, from, n.min(from + ROWS));
            total.weight += weight;
            isa.run(Margins { access, rows: &block.rows[..m], w, z: &mut block.z[..m] });
            if let Some(b) = bias.first() {
                let b = b.to_f64();
                block.z[..m].iter_mut().for_each(|z| *z += b);
            }
            if let Some(o) = &problem.offset {
                block.z[..m].iter_mut().zip(&block.rows).for_each(|(z, &i)| *z += o[i]);
            }
            let weights = problem.weights.is_some().then_some(&block.weights[..m]);
            let loss = loss_block(problem.loss, &block.z[..m], &block.target[..m], weights, 1.0, &mut block.r[..m]);
            if !loss.is_finite()
                && let Some(bad) = first_bad(problem.loss, block, m)
            {
                return Err(bad);
            }
            total.loss += loss;
            let m = block.keep_unfitted(m);
            let (rows, r) = (&block.rows[..m], &block.r[..m]);
            match &mut grad {
                GradSink::None => {}
                GradSink::Dense(g) => {
                    let (g, bias) = g.split_at_mut(bias_at);
                    isa.run(Add { access, rows, r, g });
                    if let Some(b) = bias.first_mut() {
                        *b += T::from_f64(sum(r));
                    }
                }
                GradSink::Sparse(g) => {
                    for (&i, &r) in rows.iter().zip(r) {
                        access.pairs(i, r, |j, v| g.push(j, T::from_f64(v)));
                        if !bias.is_empty() {
                            g.push(bias_at as u32, T::from_f64(r));
                        }
                    }
                }
            }
        }
        Ok(total)
    }
}

/// Σ r in eight interleaved sums.
fn sum(r: &[f64]) -> f64 {
    let (whole, rest) = r.as_chunks::<LANES>();
    let mut acc = [0.0; LANES];
    whole.iter().for_each(|r| acc.iter_mut().zip(r).for_each(|(a, r)| *a += r));
    acc.iter_mut().zip(rest).for_each(|(a, r)| *a += r);
    lane_sum(acc)
}
