//! A penalty beside the loss of every row, which touches every weight at every row: here a weight catches up when it is seen.

use thiserror::Error;

use super::{OnlineLearner, OnlineRule, SMALL_FACTOR};
use crate::linear::rows::{caught_up, soft};

/// Why a rule cannot be combined with a penalty.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PenaltyRefused {
    /// `ftrl` has its own.
    #[error("ftrl has penalties of its own, which count once for all rows and not once a row: write `ftrl:l1=…,l2=…`")]
    Ftrl,
    /// `sgd` with a radius.
    #[error(
        "the ball of `sgd:radius=…` bounds the weights already, and its projection knows no penalty: leave one of them out"
    )]
    Radius,
    /// A number that is none.
    #[error("{name} is {value}: a penalty is a finite number ≥ 0")]
    Value {
        /// `l1` or `l2`.
        name: &'static str,
        /// What was given.
        value: f64,
    },
}

impl OnlineLearner {
    /// Adds λ₁‖w‖₁ + (λ₂/2)‖w‖² to the loss of every row, times the row's weight, the intercepts left out: over n rows of weight 1 the
    /// objective is n times that of a [`LinearProblem`](crate::linear::LinearProblem) with these penalties. For a learner that has not learned.
    ///
    /// ```
    /// use steepest_models::linear::Loss;
    /// use steepest_models::online::{OnlineLearner, OnlineRule, Row};
    ///
    /// let rule = OnlineRule::parse("sgd:lr=0.1,power=0")?.rule;
    /// let mut learner = OnlineLearner::new(Loss::Squared, rule, false).with_penalty(0.5, 0.0)?;
    /// learner.learn(&Row::new(&[0], &[1.0], 2.0))?;
    /// // A step of η·2 from zero, and then η·λ₁ back.
    /// assert!((learner.weight(0, 0) - (0.2 - 0.05)).abs() < 1e-15);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PenaltyRefused`].
    pub fn with_penalty(mut self, l1: f64, l2: f64) -> Result<OnlineLearner, PenaltyRefused> {
        for (name, value) in [("l1", l1), ("l2", l2)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(PenaltyRefused::Value { name, value });
            }
        }
        if l1 == 0.0 && l2 == 0.0 {
            return Ok(self);
        }
        self.stride = match self.rule {
            OnlineRule::Ftrl { .. } => return Err(PenaltyRefused::Ftrl),
            OnlineRule::Sgd { radius: Some(_), .. } => return Err(PenaltyRefused::Radius),
            OnlineRule::Sgd { .. } => 2,
            OnlineRule::AdaGrad { .. } | OnlineRule::Normalized { .. } => 4,
        };
        (self.l1, self.l2) = (l1, l2);
        self.bias = vec![0.0; if self.intercept { self.outputs * self.stride } else { 0 }];
        Ok(self)
    }

    /// The weight in a cell with the penalty it has missed.
    #[inline(always)]
    pub(super) fn penalized(&self, cell: &[f64]) -> f64 {
        let (l1, l2, mark) = (self.l1, self.l2, self.mark);
        match (self.rule, cell) {
            (OnlineRule::Sgd { .. }, &[v, seen]) => self.factor * soft(v, mark - seen),
            (OnlineRule::AdaGrad { eps, .. }, &[w, acc, seen, _]) => {
                caught_up(w, acc.sqrt() + eps, mark - seen, l1, l2)
            }
            (OnlineRule::Normalized { .. }, &[w, acc, s, seen]) if l1 > 0.0 || l2 > 0.0 => {
                caught_up(w, s * acc.sqrt(), mark - seen, l1, l2)
            }
            _ => cell[0],
        }
    }

    /// The penalty of a row for `sgd`, at the rate η: c ← c + ηλ₁/a, a ← a/(1 + ηλ₂).
    pub(super) fn shrink(&mut self, eta: f64) {
        if self.l1 > 0.0 {
            self.mark += eta * self.l1 / self.factor;
        }
        if self.l2 > 0.0 {
            self.factor /= 1.0 + eta * self.l2;
            if self.factor < SMALL_FACTOR {
                self.fold();
            }
        }
    }

    /// Multiplies a small factor into the weights.
    #[cold]
    fn fold(&mut self) {
        let (factor, mark) = (self.factor, self.mark);
        for cell in self.cells.as_chunks_mut::<2>().0 {
            *cell = [factor * soft(cell[0], mark - cell[1]), 0.0];
        }
        (self.factor, self.mark) = (1.0, 0.0);
    }
}

/// Brings a cell of `sgd` up to date; one without a mark is.
#[inline(always)]
pub(super) fn sgd(cell: &mut [f64], mark: f64) {
    if let [v, seen] = cell {
        *v = soft(*v, mark - *seen);
        *seen = mark;
    }
}

/// Brings a cell of `adagrad` up to date.
#[inline(always)]
pub(super) fn adagrad(cell: &mut [f64], eps: f64, mark: f64, l1: f64, l2: f64) {
    if let [w, acc, seen, _] = cell {
        *w = caught_up(*w, acc.sqrt() + eps, mark - *seen, l1, l2);
        *seen = mark;
    }
}

/// Brings a cell of `normalized` up to date.
#[inline(always)]
pub(super) fn normalized(cell: &mut [f64], mark: f64, l1: f64, l2: f64) {
    if let [w, acc, s, seen] = cell
        && (l1 > 0.0 || l2 > 0.0)
    {
        *w = caught_up(*w, *s * acc.sqrt(), mark - *seen, l1, l2);
        *seen = mark;
    }
}
