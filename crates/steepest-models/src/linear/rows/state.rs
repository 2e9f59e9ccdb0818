//! What descent by rows carries along: weights with what belongs to each beside it, and the marks of the lazy penalty.

use steepest_core::StateVisitor;
use steepest_data::Matrix;

use super::super::{LinearProblem, kernels::LANES};

/// The update rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RowRule {
    /// Plain descent.
    Sgd,
    /// AdaGrad: each weight has its own rate.
    AdaGrad {
        /// Added to the root, > 0.
        eps: f64,
        /// G₀ ≥ 0.
        initial: f64,
    },
}

/// The parameters and their state.
///
/// Sparse: `table` holds a cell of `stride` numbers a weight: the weight, then for AdaGrad the accumulator G, then with a penalty the mark
/// and, for AdaGrad, √G + ε, which is needed at the next visit and costs a root. Dense: all weights, then all accumulators; there are no
/// marks, since every weight is visited.
#[derive(Debug)]
pub(super) struct RowState {
    pub(super) table: Vec<f64>,
    pub(super) stride: usize,
    /// The number of weights, d·K.
    pub(super) len: usize,
    pub(super) bias: Vec<f64>,
    pub(super) bias_acc: Vec<f64>,
    pub(super) rule: RowRule,
    pub(super) l1: f64,
    pub(super) l2: f64,
    pub(super) outputs: usize,
    /// `Sgd`: the factor a of w = a·soft(v, c − mark). `AdaGrad`: 1.
    pub(super) factor: f64,
    /// `Sgd`: c, the sum of thresholds in units of v. `AdaGrad`: Σ η.
    pub(super) mark: f64,
    /// Scratch for the weights of a row between its margin and its update.
    pub(super) row: Vec<f64>,
}

/// The factor below which it is multiplied into the weights, so that neither underflows.
const SMALL_FACTOR: f64 = 1e-6;

impl RowState {
    pub(super) fn new(problem: &LinearProblem, rule: RowRule) -> RowState {
        let outputs = problem.outputs();
        let len = problem.features() * outputs;
        let adaptive = matches!(rule, RowRule::AdaGrad { .. });
        let sparse = matches!(problem.matrix, Matrix::Sparse(_));
        let marked = match rule {
            RowRule::Sgd => problem.l1 > 0.0,
            RowRule::AdaGrad { .. } => problem.l1 > 0.0 || problem.l2 > 0.0,
        };
        let stride = match (adaptive, sparse && marked) {
            (false, false) => 1,
            (true, true) => 4,
            _ => 2,
        };
        let longest = match &problem.matrix {
            Matrix::Sparse(m) => m.starts.windows(2).map(|s| s[1] - s[0]).max().unwrap_or(0),
            Matrix::Dense(_) => 0,
        };
        let intercept = problem.intercept;
        let mut state = RowState {
            table: vec![0.0; len * stride],
            stride: if sparse { stride } else { 1 },
            len,
            bias: vec![0.0; if intercept { outputs } else { 0 }],
            bias_acc: vec![0.0; if intercept && adaptive { outputs } else { 0 }],
            rule,
            l1: problem.l1,
            l2: problem.l2,
            outputs,
            factor: 1.0,
            mark: 0.0,
            row: vec![0.0; if stride == 4 { longest.next_multiple_of(LANES) } else { 0 }],
        };
        if let RowRule::AdaGrad { initial, eps } = rule {
            if sparse {
                for cell in state.table.chunks_exact_mut(stride) {
                    cell[1] = initial;
                    cell[2..].iter_mut().skip(1).for_each(|root| *root = initial.sqrt() + eps);
                }
            } else {
                state.table[len..].fill(initial);
            }
            state.bias_acc.fill(initial);
        }
        state
    }

    /// Starts from these parameters.
    pub(super) fn set(&mut self, x: &[f64]) {
        let (w, b) = x.split_at(self.len);
        self.table.chunks_mut(self.stride).zip(w).for_each(|(cell, &w)| cell[0] = w);
        self.bias.copy_from_slice(b);
    }

    /// The index of the mark in a cell, where there is one.
    pub(super) fn mark_at(&self) -> Option<usize> {
        match self.rule {
            RowRule::Sgd if self.stride == 2 => Some(1),
            RowRule::AdaGrad { .. } if self.stride == 4 => Some(2),
            _ => None,
        }
    }

    /// Weight `j` with the penalty it has missed.
    fn weight(&self, j: usize) -> f64 {
        let cell = &self.table[j * self.stride..];
        match (self.rule, self.mark_at()) {
            (RowRule::Sgd, None) => self.factor * cell[0],
            (RowRule::Sgd, Some(at)) => self.factor * soft(cell[0], self.mark - cell[at]),
            (RowRule::AdaGrad { .. }, Some(at)) => caught_up(cell[0], cell[3], self.mark - cell[at], self.l1, self.l2),
            (RowRule::AdaGrad { .. }, None) => cell[0],
        }
    }

    pub(super) fn point(&self, out: &mut [f64]) {
        (0..self.len).for_each(|j| out[j] = self.weight(j));
        out[self.len..].copy_from_slice(&self.bias);
    }

    /// (λ₂/2)‖w‖² + λ₁‖w‖₁. O(d).
    pub(super) fn penalty(&self, l1: f64, l2: f64) -> f64 {
        if l1 == 0.0 && l2 == 0.0 {
            return 0.0;
        }
        let (mut squares, mut sizes) = (0.0, 0.0);
        for j in 0..self.len {
            let w = self.weight(j);
            squares += w * w;
            sizes += w.abs();
        }
        0.5 * l2 * squares + l1 * sizes
    }

    /// `Sgd`: the L2 penalty of a step, a ← a/(1 + ηλ₂).
    #[inline(always)]
    pub(super) fn shrink_factor(&mut self, eta: f64) {
        if self.l2 > 0.0 {
            self.factor /= 1.0 + eta * self.l2;
            if self.factor < SMALL_FACTOR {
                self.rescale();
            }
        }
    }

    /// Multiplies a small factor into the weights.
    #[cold]
    fn rescale(&mut self) {
        let mark_at = self.mark_at();
        for j in 0..self.len {
            let w = self.weight(j);
            let cell = &mut self.table[j * self.stride..];
            cell[0] = w;
            if let Some(at) = mark_at {
                cell[at] = 0.0;
            }
        }
        (self.factor, self.mark) = (1.0, 0.0);
    }

    pub(super) fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("table", &mut self.table);
        state.f64s("bias", &mut self.bias);
        state.f64s("bias_acc", &mut self.bias_acc);
        state.number("factor", &mut self.factor);
        state.number("mark", &mut self.mark);
    }
}

/// sign(v)·max(|v| − t, 0).
#[inline(always)]
pub(crate) fn soft(v: f64, t: f64) -> f64 {
    (v.abs() - t).max(0.0).copysign(v)
}

/// a/b, and 0 where b is 0: a weight without a gradient so far has no rate.
#[inline(always)]
pub(super) fn quotient(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

/// soft(ws, τλ₁)/(s + τλ₂), given ws, τλ₁ and τλ₂: the proximal operator of τ/s times the penalty; `otherwise` where s is 0.
#[inline(always)]
pub(super) fn shrunk(ws: f64, s: f64, l1: f64, l2: f64, otherwise: f64) -> f64 {
    let w = soft(ws, l1) / (s + l2);
    if s > 0.0 { w } else { otherwise }
}

/// The weight w with the penalty of all the η it has missed, whose sum is `missed`, in one proximal step at the rate 1/s.
#[inline(always)]
pub(crate) fn caught_up(w: f64, s: f64, missed: f64, l1: f64, l2: f64) -> f64 {
    shrunk(w * s, s, missed * l1, missed * l2, w)
}
