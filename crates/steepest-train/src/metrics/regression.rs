//! Metrics of predicted numbers.

use super::{Measured, MetricSet, mean};

/// What was minimized, which decides the deviance that is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RegressionLoss {
    /// Deviance: the mean squared error.
    Squared,
    /// Mean of Huber's loss with this δ.
    Huber(f64),
    /// Mean pinball loss at this τ, and the share of targets at or below the prediction, which should be τ.
    Quantile(f64),
    /// Mean Poisson deviance 2(y log(y/μ) − y + μ).
    Poisson,
}

/// Predicted numbers beside the true ones.
#[derive(Debug, Clone, Copy)]
pub struct Regression<'a> {
    /// The true values.
    pub target: &'a [f64],
    /// The predictions, on the scale of the target.
    pub predicted: &'a [f64],
    /// The weight of each row.
    pub weights: Option<&'a [f64]>,
    /// What was minimized.
    pub loss: RegressionLoss,
}

impl Regression<'_> {
    fn mean_of(&self, f: impl Fn(f64, f64) -> f64) -> Measured {
        mean(self.weights, self.target.iter().zip(self.predicted).map(|(&y, &p)| f(y, p)))
    }

    /// √ of the mean squared error.
    pub fn rmse(&self) -> Measured {
        self.mean_of(|y, p| (y - p) * (y - p)).map(f64::sqrt)
    }

    /// The mean absolute error.
    pub fn mae(&self) -> Measured {
        self.mean_of(|y, p| (y - p).abs())
    }

    /// 1 − Σ w(y − p)² / Σ w(y − ȳ)².
    pub fn r2(&self) -> Measured {
        let center = self.mean_of(|y, _| y)?;
        let spread = self.mean_of(|y, _| (y - center) * (y - center))?;
        if spread > 0.0 {
            Ok(1.0 - self.mean_of(|y, p| (y - p) * (y - p))? / spread)
        } else {
            Err("the target is constant on these rows")
        }
    }

    fn poisson_deviance(&self) -> Measured {
        if self.predicted.iter().any(|&p| p <= 0.0) {
            return Err("a predicted mean is not positive");
        }
        self.mean_of(|y, p| {
            let log_term = if y > 0.0 { y * (y / p).ln() } else { 0.0 };
            2.0 * (log_term - y + p)
        })
    }

    /// All metrics.
    pub fn metrics(&self) -> MetricSet {
        let mut set = MetricSet::default();
        set.put("rmse", self.rmse());
        set.put("mae", self.mae());
        set.put("r2", self.r2());
        match self.loss {
            RegressionLoss::Squared => set.put("deviance", self.mean_of(|y, p| (y - p) * (y - p))),
            RegressionLoss::Poisson => set.put("deviance", self.poisson_deviance()),
            RegressionLoss::Huber(delta) => {
                let huber = |r: f64| if r <= delta { 0.5 * r * r } else { delta * (r - 0.5 * delta) };
                set.put("huber", self.mean_of(|y, p| huber((y - p).abs())));
            }
            RegressionLoss::Quantile(tau) => {
                set.put("pinball", self.mean_of(|y, p| if y >= p { tau * (y - p) } else { (1.0 - tau) * (p - y) }));
                set.put("coverage", self.mean_of(|y, p| if y <= p { 1.0 } else { 0.0 }));
            }
        }
        set
    }
}
