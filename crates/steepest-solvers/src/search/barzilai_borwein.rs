//! Barzilai and Borwein's steps: the secant curvature of the last step, taken without asking f to fall.
//!
//! t = sᵀs/sᵀy or sᵀy/yᵀy, one and the other in turn, with s = Δx and y = Δg.
//!
//! J. Barzilai and J. M. Borwein, “Two-point step size gradient methods”, IMA J. Numer. Anal. 8(1), 1988,
//! doi:10.1093/imanum/8.1.141. Accepted below the largest of the last ten values: M. Raydan, “The Barzilai and Borwein gradient
//! method for the large scale unconstrained minimization problem”, SIAM J. Optim. 7(1), 1997, doi:10.1137/S1052623494266365.

use steepest_core::{StateVisitor, Stop};

use super::{Search, failed};
use crate::{
    place::{Accepted, Place, Ray},
    vector::dot,
};

/// Barzilai–Borwein steps. They cost one evaluation most of the time.
#[derive(Debug, Clone, Default)]
pub struct BarzilaiBorwein {
    /// The next step; 0 where no step was made yet.
    next: f64,
    /// Values of the last steps, the newest last.
    values: Vec<f64>,
}

/// How many values the largest is taken of.
const MEMORY: usize = 10;
/// δ of the sufficient decrease.
const DECREASE: f64 = 1e-4;
const SHORTEST: f64 = 1e-30;
const LONGEST: f64 = 1e30;

impl Search for BarzilaiBorwein {
    fn search(&mut self, ray: &mut Ray<'_>, first: f64, _done: u64) -> Result<Accepted, Stop> {
        if self.values.is_empty() {
            self.values.reserve_exact(MEMORY);
            self.values.push(ray.start);
        }
        let highest = self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let noise = 1e-14 * highest.abs();
        let mut t = if self.next > 0.0 { self.next } else { first };
        for _ in 0..60 {
            let value = ray.value(t);
            if value <= highest + DECREASE * t * ray.slope + noise && ray.slope().is_finite() {
                if self.values.len() == MEMORY {
                    self.values.remove(0);
                }
                self.values.push(value);
                return Ok(Accepted { length: t, value });
            }
            let parabola = -ray.slope * t * t / (2.0 * (value - ray.start - ray.slope * t));
            t = if parabola.is_finite() { parabola.clamp(0.1 * t, 0.5 * t) } else { 0.1 * t };
        }
        Err(failed(ray))
    }

    fn learn(&mut self, at: &Place) {
        let (mut ss, mut sy, mut yy) = (0.0, 0.0, 0.0);
        for ((new, old), (after, before)) in at.trial.iter().zip(&at.x).zip(at.next.iter().zip(&at.g)) {
            let (s, y) = (new - old, after - before);
            ss += s * s;
            sy += s * y;
            yy += y * y;
        }
        let odd = at.step % 2 == 1;
        self.next = match () {
            () if sy > 0.0 && odd => sy / yy,
            () if sy > 0.0 => ss / sy,
            // Negative curvature: as long as the last step and the gradient allow.
            () => (ss / dot(&at.next, &at.next)).sqrt() * 10.0,
        }
        .clamp(SHORTEST, LONGEST);
    }

    fn forget(&mut self) {
        *self = BarzilaiBorwein::default();
    }

    fn monotone(&self) -> bool {
        false
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.number("bb/next", &mut self.next);
        state.history("bb/values", &mut self.values);
    }
}
