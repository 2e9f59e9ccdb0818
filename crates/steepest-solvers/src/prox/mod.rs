//! Composite and constrained convex problems by first-order methods: f + h with a proximal operator, or f over a set.
//!
//! - [`L1`], [`ElasticNet`], [`GroupLasso`] are penalties h with their proximal operators; [`Composite`] joins one to any f.
//! - [`BoxSet`], [`L2Ball`], [`L1Ball`], [`Simplex`] are sets: each can [project](Set::project), find its
//!   [vertex](Set::vertex) in a direction, and be the h of a composite problem.
//! - [`Fista`] minimizes f + h, with momentum or without (ISTA); [`Owlqn`] does for an L1 penalty, with curvature; [`Subgradient`] takes any kinked f.
//! - [`ProjectedGradient`], [`MirrorDescent`] and [`FrankWolfe`] minimize f over a set; [`CoordinateDescent`] one coordinate at a time.

mod backtracking;
mod composite;
mod coordinate;
mod fista;
mod frank_wolfe;
mod mirror;
mod owlqn;
mod penalties;
mod projected_gradient;
mod sets;
mod subgradient;

pub use composite::Composite;
pub use coordinate::{CoordinateDescent, CoordinateOrder};
pub use fista::{Fista, Restart};
pub use frank_wolfe::FrankWolfe;
pub use mirror::MirrorDescent;
pub use owlqn::Owlqn;
pub use penalties::{ElasticNet, GroupLasso, L1};
pub use projected_gradient::ProjectedGradient;
pub use sets::{BoxSet, L1Ball, L2Ball, Set, SetError, Simplex};
pub use subgradient::{Subgradient, SubgradientRule};

#[cfg(test)]
pub(crate) mod tests {
    use crate::{dot, joint::Joint};
    use steepest_core::Objective;

    /// A 30 × 20 matrix and a right-hand side, the same as in `reference/composite.py`.
    fn data() -> (Vec<Vec<f64>>, Vec<f64>) {
        let entry = |i: usize, j: usize| (((i * 37 + j * 101 + i * j * 13) % 97) as f64 / 97.0) - 0.5;
        let rows = (0..30).map(|i| (0..20).map(|j| entry(i, j)).collect()).collect();
        (rows, (0..30).map(|i| ((i * 29 % 31) as f64 / 31.0) - 0.3).collect())
    }

    /// ½‖Ax − b‖².
    pub(crate) fn least_squares() -> impl Objective<f64> {
        let (a, b) = data();
        Joint::new(20, move |x: &[f64], g: &mut [f64]| {
            g.fill(0.0);
            let mut value = 0.0;
            for (row, b) in a.iter().zip(&b) {
                let r = dot(row, x) - b;
                value += 0.5 * r * r;
                g.iter_mut().zip(row).for_each(|(g, a)| *g += r * a);
            }
            value
        })
    }

    /// The smooth part of a lasso and its λ.
    pub(crate) fn lasso() -> (impl Objective<f64>, f64) {
        (least_squares(), 0.2)
    }

    include!("../../reference/lasso.rs");
}
