//! The exact minimum along the direction of a quadratic: t = −gᵀd / dᵀHd.
//!
//! A. Cauchy, “Méthode générale pour la résolution des systèmes d'équations simultanées”, C. R. Acad. Sci. 25, 1847. Where f is
//! no quadratic the step is halved until f falls; where the curvature along d is not positive it is doubled while f falls.

use steepest_core::{Reason, Stop, Termination};

use super::{Search, failed};
use crate::place::{Accepted, Ray};

/// The exact step for quadratics. It costs a Hessian-vector product, an evaluation, and `dim` numbers of memory.
#[derive(Debug, Clone, Default)]
pub struct Exact {
    hd: Vec<f64>,
}

/// Halvings or doublings at most.
const MAX_CHANGES: usize = 200;

impl Search for Exact {
    fn search(&mut self, ray: &mut Ray<'_>, first: f64, _done: u64) -> Result<Accepted, Stop> {
        self.hd.resize(ray.d.len(), 0.0);
        ray.f.hvp(ray.d, &mut self.hd);
        let curvature = crate::dot(ray.d, &self.hd);
        if curvature <= 0.0 {
            return downhill(ray, first);
        }
        let mut t = if curvature.is_finite() { -ray.slope / curvature } else { first };
        for _ in 0..MAX_CHANGES {
            let trial = ray.at(t);
            // At the minimum of a quadratic the slope is zero, also where f cannot show its fall any more.
            let level =
                trial.slope.abs() <= 0.5 * ray.slope.abs() && trial.value <= ray.start + 1e-14 * ray.start.abs();
            if trial.is_finite() && (trial.value < ray.start || level) {
                return Ok(Accepted { length: t, value: trial.value });
            }
            t *= 0.5;
            if t <= f64::MIN_POSITIVE {
                break;
            }
        }
        Err(failed(ray))
    }
}

/// Halves the step until f falls along a direction of negative curvature, then doubles it while f falls further.
fn downhill(ray: &mut Ray<'_>, first: f64) -> Result<Accepted, Stop> {
    let (mut t, mut best) = (first, ray.start);
    for _ in 0..MAX_CHANGES {
        let value = ray.value(t);
        match () {
            () if value < best => (best, t) = (value, 2.0 * t),
            () if best < ray.start => break,
            () => t *= 0.5,
        }
    }
    if best < ray.start {
        let trial = ray.at(0.5 * t);
        if trial.is_finite() {
            return Ok(Accepted { length: trial.t, value: trial.value });
        }
    }
    let detail = "the curvature along the direction is not positive, so that no exact step exists; try step=armijo";
    Err(Stop::Terminated(Termination::new(Reason::LineSearchFailed, detail)))
}
