//! A given step size, constant or by a schedule: x⁺ = x + η(k)·d.
//!
//! Descent is not asked for: η above 2/L makes f grow, and the run then ends as diverged. Only where f cannot be computed at
//! x + ηd is the step halved.

use steepest_core::{Reason, Stop, Termination};
use steepest_optim::Schedule;

use super::Search;
use crate::place::{Accepted, Ray};

/// The learning rate of a schedule. A step costs one evaluation.
#[derive(Debug, Clone)]
pub struct Fixed {
    lr: Schedule,
}

/// Halvings before a step is given up.
const MAX_HALVINGS: usize = 30;

impl Fixed {
    /// Steps of the schedule's rate; its horizon, where it needs one, is already set.
    pub fn new(lr: Schedule) -> Fixed {
        Fixed { lr }
    }

    /// Steps of η.
    pub fn constant(eta: f64) -> Fixed {
        Fixed { lr: Schedule::constant(eta) }
    }
}

impl Search for Fixed {
    fn search(&mut self, ray: &mut Ray<'_>, _first: f64, done: u64) -> Result<Accepted, Stop> {
        let eta = self.lr.at(done);
        let mut t = eta;
        for _ in 0..MAX_HALVINGS {
            let trial = ray.at(t);
            if trial.is_finite() {
                return Ok(Accepted { length: t, value: trial.value });
            }
            t *= 0.5;
        }
        let cause = ray.cause.as_ref().map_or_else(String::new, |c| format!(": {c}"));
        let detail = format!("the objective cannot be computed at any part of a step of size {eta:e}{cause}; lower lr");
        Err(Stop::Terminated(Termination::new(Reason::Diverged, detail)))
    }

    fn monotone(&self) -> bool {
        false
    }
}
