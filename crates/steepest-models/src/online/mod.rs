//! Online learning: rows as they arrive, each predicted before it is learned.
//!
//! An [`OnlineLearner`] sees a row once, tells its loss under the weights it has, and changes the weights of the features that the row
//! stores: the cost of a row is its stored values, whatever the number of features, which grows as new ones appear. The losses are those
//! of the [linear family](crate::linear); the [rules](OnlineRule) are
//!
//! | rule | update of weight i after row t, with gradient g and value x | state a weight |
//! |---|---|---|
//! | `sgd` | w ← w − ηt⁻ᵖ g, then back into the ball ‖w‖ ≤ R if there is one | 1 |
//! | `adagrad` | G ← G + g², w ← w − ηg/(√G + ε) | 2 |
//! | `normalized` | s ← max(s, \|x\|) with w ← w·s_old/s, G ← G + g², w ← w − η√(t/N)·g/(s√G), N = Σ Σᵢ (xᵢ/sᵢ)² | 4 |
//! | `ftrl` | w = argmin of past gradients·w + proximal terms + λ₁‖w‖₁ + ½λ₂‖w‖² | 2 |
//!
//! A [penalty](OnlineLearner::with_penalty) (λ₂/2)‖w‖² + λ₁‖w‖₁ beside the loss of every row is its proximal operator after the step of the
//! row, at the rate that each weight has; a weight that the rows do not store catches up when it is seen again, so that a row costs what it
//! cost before. For `sgd` that is exact (the cumulative penalty of Y. Tsuruoka, J. Tsujii and S. Ananiadou, ACL 2009, with L2 beside
//! it); with the rates of `adagrad` and `normalized` all that was missed is one proximal step.
//!
//! The mean of the losses so told is the progressive loss: every row is a test row before it is a training row (A. Blum, A. Kalai and
//! J. Langford, COLT 1999, doi:10.1145/307400.307439). The regret is how much more was lost than the [best fixed weights](best_fixed) lose on
//! the same rows, found afterwards and certified.
//!
//! ```
//! use steepest_models::linear::Loss;
//! use steepest_models::online::{OnlineLearner, OnlineRule, Row};
//!
//! let rule = OnlineRule::parse("ftrl:lr=0.5,l1=0.1")?.rule;
//! let mut learner = OnlineLearner::new(Loss::Logistic, rule, true);
//! let mut lost = 0.0;
//! for t in 0..200 {
//!     let target = if t % 3 == 0 { 1.0 } else { -1.0 };
//!     // Feature 7 says the class, feature 1000 nothing.
//!     lost += learner.learn(&Row::new(&[7, 1000], &[target, 1.0], target))?;
//! }
//! assert!(lost / 200.0 < 0.1 && learner.features() == 1001 && learner.nonzeros() <= 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! M. Zinkevich, ICML 2003 (online gradient descent); J. Duchi, E. Hazan and Y. Singer, JMLR 12, 2011 (adaptive); S. Ross, P. Mineiro and
//! J. Langford, UAI 2013, arXiv:1305.6646 (normalized); H. B. McMahan et al., KDD 2013, doi:10.1145/2487575.2488200 (FTRL-Proximal).

mod comparator;
mod penalty;
mod progress;
mod rule;
#[cfg(test)]
mod tests;

pub use comparator::{Comparator, best_fixed};
pub use penalty::PenaltyRefused;
pub use progress::{Mark, Progress};
pub use rule::{ONLINE_RULES, OnlineRule, OnlineSpec};

use steepest_core::{NonFinite, StateVisitor};

use crate::linear::with_loss;
use crate::linear::{Loss, ScalarLoss, kernels};

/// A row as it arrives.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The features that are not 0, each once.
    pub indices: &'a [u32],
    /// Their values, finite.
    pub values: &'a [f64],
    /// The target: a number, ±1 for losses of a margin, a class index for softmax.
    pub target: f64,
    /// Multiplies the loss, ≥ 0.
    pub weight: f64,
    /// Added to each linear predictor.
    pub offset: f64,
}

impl<'a> Row<'a> {
    /// A row of weight 1 without an offset.
    pub fn new(indices: &'a [u32], values: &'a [f64], target: f64) -> Row<'a> {
        Row { indices, values, target, weight: 1.0, offset: 0.0 }
    }
}

/// A linear model that learns from rows in the order in which they come.
#[derive(Debug, Clone)]
pub struct OnlineLearner {
    loss: Loss,
    rule: OnlineRule,
    intercept: bool,
    outputs: usize,
    /// A cell of `stride` numbers a weight, feature by feature and output by output, so that what belongs to a weight lies beside it.
    cells: Vec<f64>,
    stride: usize,
    /// The cells of the intercepts.
    bias: Vec<f64>,
    /// Rows learned.
    rows: u64,
    /// λ₁ and λ₂ beside the loss of every row.
    l1: f64,
    l2: f64,
    /// What the penalty of all rows so far adds up to; a cell keeps what it was at its last visit. `sgd`: Σ of the thresholds ηλ₁ in units
    /// of the cell. The others: Σ η.
    mark: f64,
    /// `sgd`: w = factor·cell. In a ball also for the intercepts, with ‖w‖² in `norm`. `normalized`: N in `norm`.
    factor: f64,
    norm: f64,
    scratch: Vec<f64>,
    scores: Vec<f64>,
}

/// The factor below which it is multiplied into the weights, so that neither underflows.
const SMALL_FACTOR: f64 = 1e-9;

impl OnlineLearner {
    /// A learner that knows nothing: all weights 0, no features.
    pub fn new(loss: Loss, rule: OnlineRule, intercept: bool) -> OnlineLearner {
        let outputs = loss.outputs();
        let stride = rule.stride();
        OnlineLearner {
            loss,
            rule,
            intercept,
            outputs,
            cells: Vec::new(),
            stride,
            bias: vec![0.0; if intercept { outputs * stride } else { 0 }],
            rows: 0,
            l1: 0.0,
            l2: 0.0,
            mark: 0.0,
            factor: 1.0,
            norm: 0.0,
            scratch: vec![0.0; outputs],
            scores: vec![0.0; outputs],
        }
    }

    /// Rows learned so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Features seen so far: one more than the largest index.
    pub fn features(&self) -> usize {
        self.cells.len() / (self.stride * self.outputs)
    }

    /// The linear predictors of the last row that was learned or predicted, with the weights before it was learned.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// The linear predictors of a row. Features never seen count nothing. O(stored·K).
    pub fn predict(&mut self, row: &Row<'_>) -> &[f64] {
        for c in 0..self.outputs {
            let mut z = row.offset + self.intercept_of(c);
            for (&j, &x) in row.indices.iter().zip(row.values) {
                z += x * self.weight(j as usize, c);
            }
            self.scores[c] = z;
        }
        &self.scores
    }

    /// Predicts a row, tells its loss φ (without its weight), and learns from it. O(stored·K), but for the cells of new features.
    ///
    /// # Errors
    /// When the loss or a gradient is not finite, or so large that its square is not; the weights are then as they were.
    pub fn learn(&mut self, row: &Row<'_>) -> Result<f64, NonFinite> {
        self.make_room(row.indices);
        self.predict_scaled(row);
        let (value, sound) = if let Loss::Softmax(_) = self.loss {
            let total = kernels::softmax(&self.scores, &mut self.scratch);
            let class = row.target as usize;
            self.scratch[class] -= 1.0;
            (total - self.scores[class], true)
        } else {
            let (value, derivative) = with_loss!(self.loss, l => l.value_and_derivative(self.scores[0], row.target));
            self.scratch[0] = derivative;
            (value, derivative.is_finite())
        };
        let largest = row.values.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
        let bound = self.scratch.iter().fold(0.0, |m: f64, r| m.max(r.abs())) * row.weight * largest;
        if !(value.is_finite() && sound && (bound * bound).is_finite()) {
            let value = if value.is_finite() { f64::NAN } else { value };
            return Err(NonFinite::Row { row: self.rows, value });
        }
        self.rows += 1;
        self.scratch.iter_mut().for_each(|r| *r *= row.weight);
        self.update(row);
        Ok(value)
    }

    /// Cells for features that appear for the first time.
    fn make_room(&mut self, indices: &[u32]) {
        let needed = indices.iter().max().map_or(0, |&j| j as usize + 1) * self.outputs * self.stride;
        if needed > self.cells.len() {
            self.cells.resize(needed, 0.0);
        }
    }

    /// The linear predictors of a row that is about to be learned; `normalized` first takes note of its scales.
    fn predict_scaled(&mut self, row: &Row<'_>) {
        if let OnlineRule::Normalized { .. } = self.rule {
            for (&j, &x) in row.indices.iter().zip(row.values).filter(|(_, x)| **x != 0.0) {
                let (l1, l2, mark) = (self.l1, self.l2, self.mark);
                for cell in cells_of(&mut self.cells, self.stride, self.outputs, j) {
                    penalty::normalized(cell, mark, l1, l2);
                    let [w, _, s, _] = cell else { continue };
                    if x.abs() > *s {
                        *w *= *s / x.abs();
                        *s = x.abs();
                    }
                }
            }
            self.bias.chunks_exact_mut(self.stride).for_each(|cell| cell[2] = 1.0);
        }
        self.predict(row);
    }

    /// The step on the weights of the row, with the derivatives in `scratch`, and the penalty of the row.
    fn update(&mut self, row: &Row<'_>) {
        let t = self.rows as f64;
        let (l1, l2, mark) = (self.l1, self.l2, self.mark);
        match self.rule {
            OnlineRule::Sgd { lr, power, radius: Some(radius) } => {
                let scale = lr * t.powf(-power) / self.factor;
                let (factor, mut norm) = (self.factor, self.norm);
                self.each(row, |cell, g, _| {
                    let (before, after) = (cell[0], cell[0] - scale * g);
                    cell[0] = after;
                    norm += factor * factor * (after - before) * (after + before);
                });
                self.norm = norm;
                self.project(radius);
            }
            OnlineRule::Sgd { lr, power, radius: None } => {
                let eta = lr * t.powf(-power);
                let scale = eta / self.factor;
                self.each(row, |cell, g, is_bias| {
                    if is_bias {
                        cell[0] -= eta * g;
                    } else {
                        penalty::sgd(cell, mark);
                        cell[0] -= scale * g;
                    }
                });
                self.shrink(eta * row.weight);
            }
            OnlineRule::AdaGrad { lr, eps } => {
                self.each(row, |cell, g, is_bias| {
                    if !is_bias {
                        penalty::adagrad(cell, eps, mark, l1, l2);
                    }
                    cell[1] += g * g;
                    if g != 0.0 {
                        cell[0] -= lr * g / (cell[1].sqrt() + eps);
                    }
                });
                self.mark += lr * row.weight;
            }
            OnlineRule::Normalized { lr } => {
                let mut size = 0.0;
                for (&j, &x) in row.indices.iter().zip(row.values).filter(|(_, x)| **x != 0.0) {
                    let s = self.cells[j as usize * self.outputs * self.stride + 2];
                    size += (x / s) * (x / s);
                }
                self.norm += size + if self.intercept { 1.0 } else { 0.0 };
                let rate = if self.norm > 0.0 { lr * (t / self.norm).sqrt() } else { 0.0 };
                // The weights have caught up on the penalty when their scales were looked at.
                self.each(row, |cell, g, _| {
                    cell[1] += g * g;
                    if g != 0.0 {
                        cell[0] -= rate * g / (cell[2] * cell[1].sqrt());
                    }
                });
                self.mark += rate * row.weight;
            }
            OnlineRule::Ftrl { alpha, beta, l1, l2 } => self.each(row, |cell, g, is_bias| {
                let penalty = if is_bias { (0.0, 0.0) } else { (l1, l2) };
                let w = ftrl_weight(cell[0], cell[1], alpha, beta, penalty);
                let root = (cell[1] + g * g).sqrt();
                cell[0] += g - (root - cell[1].sqrt()) / alpha * w;
                cell[1] += g * g;
            }),
        }
    }

    /// Calls `f(cell, gradient, is it an intercept)` for the weights of a row.
    #[inline(always)]
    fn each(&mut self, row: &Row<'_>, mut f: impl FnMut(&mut [f64], f64, bool)) {
        for (&j, &x) in row.indices.iter().zip(row.values) {
            for (cell, r) in cells_of(&mut self.cells, self.stride, self.outputs, j).zip(&self.scratch) {
                f(cell, r * x, false);
            }
        }
        for (cell, r) in self.bias.chunks_exact_mut(self.stride).zip(&self.scratch) {
            f(cell, *r, true);
        }
    }

    /// The nearest point of the ball ‖(w, b)‖ ≤ radius. O(1), but for rare rescalings.
    fn project(&mut self, radius: f64) {
        if self.norm <= radius * radius {
            return;
        }
        self.factor *= radius / self.norm.sqrt();
        self.norm = radius * radius;
        if self.factor < SMALL_FACTOR {
            let factor = std::mem::replace(&mut self.factor, 1.0);
            self.cells.iter_mut().chain(&mut self.bias).for_each(|w| *w *= factor);
            // What rounding has added up to is taken out on the occasion.
            self.norm = self.cells.iter().chain(&self.bias).map(|w| w * w).sum();
        }
    }

    /// The weight of a feature for an output; 0 for features never seen.
    pub fn weight(&self, feature: usize, output: usize) -> f64 {
        let at = (feature * self.outputs + output) * self.stride;
        self.cells.get(at..at + self.stride).map_or(0.0, |cell| self.value(cell, false))
    }

    /// The intercept of an output; 0 without intercepts.
    pub fn intercept_of(&self, output: usize) -> f64 {
        let at = output * self.stride;
        self.bias.get(at..at + self.stride).map_or(0.0, |cell| self.value(cell, true))
    }

    #[inline(always)]
    fn value(&self, cell: &[f64], is_bias: bool) -> f64 {
        match self.rule {
            OnlineRule::Sgd { radius: Some(_), .. } => self.factor * cell[0],
            OnlineRule::Sgd { .. } | OnlineRule::AdaGrad { .. } | OnlineRule::Normalized { .. } => {
                if is_bias {
                    cell[0]
                } else {
                    self.penalized(cell)
                }
            }
            OnlineRule::Ftrl { alpha, beta, l1, l2 } => {
                ftrl_weight(cell[0], cell[1], alpha, beta, if is_bias { (0.0, 0.0) } else { (l1, l2) })
            }
        }
    }

    /// All parameters, as [`LinearProblem::layout`](crate::linear::LinearProblem::layout) orders them: weights feature by feature, then
    /// intercepts.
    pub fn point(&self) -> Vec<f64> {
        let weights = self.cells.chunks_exact(self.stride).map(|cell| self.value(cell, false));
        weights.chain(self.bias.chunks_exact(self.stride).map(|cell| self.value(cell, true))).collect()
    }

    /// Weights that are not 0, without the intercepts.
    pub fn nonzeros(&self) -> usize {
        self.cells.chunks_exact(self.stride).filter(|cell| self.value(cell, false) != 0.0).count()
    }

    /// Everything that a learner needs which goes on later, to the bit.
    pub fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.history("cells", &mut self.cells);
        state.f64s("bias", &mut self.bias);
        state.int("rows", &mut self.rows);
        state.number("mark", &mut self.mark);
        state.number("factor", &mut self.factor);
        state.number("norm", &mut self.norm);
    }
}

/// The cells of a feature, one an output.
#[inline(always)]
fn cells_of(cells: &mut [f64], stride: usize, outputs: usize, feature: u32) -> std::slice::ChunksExactMut<'_, f64> {
    let from = feature as usize * outputs * stride;
    cells[from..from + outputs * stride].chunks_exact_mut(stride)
}

/// The closed form of the proximal problem: 0 where |z| ≤ λ₁, else −(z − sign(z)λ₁)/((β + √n)/α + λ₂).
#[inline(always)]
fn ftrl_weight(z: f64, n: f64, alpha: f64, beta: f64, (l1, l2): (f64, f64)) -> f64 {
    if z.abs() <= l1 { 0.0 } else { -(z - l1.copysign(z)) / ((beta + n.sqrt()) / alpha + l2) }
}
