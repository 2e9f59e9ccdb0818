//! Polyak's step towards a known minimum value: t = (f(x) − f*) / ‖g‖² along −g, and (f(x) − f*) / (−gᵀd) along d.
//!
//! B. T. Polyak, “Minimization of unsmooth functionals”, USSR Comput. Math. Math. Phys. 9(3), 1969,
//! doi:10.1016/0041-5553(69)90061-5. It needs no L: for convex f the distance to the minimizer falls in every step.

use steepest_core::{Reason, Stop, Termination};

use super::Search;
use crate::place::{Accepted, Ray};

/// Polyak's step. It costs one evaluation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Polyak {
    /// f*, or a lower bound of it.
    pub minimum: f64,
}

impl Search for Polyak {
    fn search(&mut self, ray: &mut Ray<'_>, _first: f64, _done: u64) -> Result<Accepted, Stop> {
        let gap = ray.start - self.minimum;
        if gap <= 0.0 {
            let detail = format!("the value {:e} is at the given minimum {:e} or below it", ray.start, self.minimum);
            return Err(Stop::Terminated(Termination::new(Reason::ValueChange, detail)));
        }
        let mut t = gap / -ray.slope;
        for _ in 0..60 {
            let trial = ray.at(t);
            if trial.is_finite() {
                return Ok(Accepted { length: t, value: trial.value });
            }
            t *= 0.5;
        }
        Err(super::failed(ray))
    }

    fn monotone(&self) -> bool {
        false
    }
}
