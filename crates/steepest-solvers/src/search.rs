//! Searches: how far along a direction.

mod armijo;
mod barzilai_borwein;
mod exact;
mod fixed;
mod hager_zhang;
mod polyak;
mod strong_wolfe;
mod wolfe;

pub use armijo::Armijo;
pub use barzilai_borwein::BarzilaiBorwein;
pub use exact::Exact;
pub use fixed::Fixed;
pub use hager_zhang::HagerZhang;
pub use polyak::Polyak;
pub use strong_wolfe::StrongWolfe;
pub use wolfe::Wolfe;

use steepest_core::{Reason, StateVisitor, Stop, Termination};

use crate::place::{Accepted, Place, Ray};

/// Chooses the length of a step along a direction.
pub trait Search: Send + std::fmt::Debug {
    /// Finds t along `ray`, whose slope is negative. `first` is a guess and `done` the number of completed updates. On success
    /// the ray's `trial` and `next` hold x + t·d and the gradient there, and the objective stands there.
    ///
    /// # Errors
    /// [`Stop`] when no step is acceptable; the objective then stands at some other point.
    fn search(&mut self, ray: &mut Ray<'_>, first: f64, done: u64) -> Result<Accepted, Stop>;

    /// How far the first trial of a run goes along a direction that has no length of its own, from ‖x‖ and ‖d‖: a step of length 1.
    fn start(&self, _x: f64, d: f64) -> f64 {
        1.0 / d
    }

    /// Learns from an accepted step, before the place moves on to its trial point.
    fn learn(&mut self, _at: &Place) {}

    /// Forgets what it learned: the next step is somewhere else.
    fn forget(&mut self) {}

    /// Whether f falls in every step, up to rounding.
    fn monotone(&self) -> bool {
        true
    }

    /// Whether steps fulfil the curvature condition φ′(t) ≥ σφ′(0), which keeps quasi-Newton matrices positive definite.
    fn curvature(&self) -> bool {
        false
    }

    /// Shows every piece of state that a resumed run needs.
    fn visit(&mut self, _state: &mut dyn StateVisitor) {}
}

/// The end of a search without a step.
pub(crate) fn failed(ray: &Ray<'_>) -> Stop {
    let (start, slope) = (ray.start, ray.slope);
    let detail = match &ray.cause {
        Some(cause) => format!("no step along the direction was acceptable; beyond it {cause}"),
        None => format!("no step along the direction lowers the objective {start:e}; its slope is {slope:e}"),
    };
    Stop::Terminated(Termination::new(Reason::LineSearchFailed, detail))
}
