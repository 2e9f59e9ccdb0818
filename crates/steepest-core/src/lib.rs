//! Flat vectors, layouts, objectives, ordered reduction and random streams of steepest.
//!
//! Everything else in steepest stands on the words of this crate:
//!
//! - [`Flat`] vectors hold parameters, gradients and state; a [`Layout`] names the tensors in them.
//! - A [`FiniteSum`] is a loss over rows, an [`Objective`] a differentiable function at a point.
//! - A [`Solver`] moves the parameters by asking an [`Oracle`]; an [`Iterate`] is a solver bound to its problem.
//! - A [`random::Stream`] is randomness by address, [`math`] has elementary functions that give the same bits everywhere, and an
//!   [`isa::Kernel`] is a hot loop compiled for every instruction set.
//! - A [`Termination`] says why a run ended, a [`Certificate`] how far from the minimum it ended at most.

mod certificate;
mod finite;
mod flat;
pub mod isa;
mod layout;
pub mod math;
mod objective;
pub mod random;
mod real;
mod reduce;
mod solver;
mod state;
mod sum;
mod termination;

pub use certificate::{Certificate, CertificateKind};
pub use finite::{NonFinite, check_gradient, first_non_finite};
pub use flat::{Flat, flat_filled, flat_from, flat_zeros};
pub use layout::{Layout, LayoutError, Role, Segment};
pub use objective::{Exactness, LeastSquares, Line, Objective, Prox};
pub use real::Real;
pub use reduce::{Shards, tree_sum, tree_sum_vectors};
pub use solver::{Batch, Evaluations, Iterate, Oracle, Solver, StepInfo, Stop};
pub use state::StateVisitor;
pub use sum::{FiniteSum, GradSink, Partial, Rows, SparseGradient};
pub use termination::{Reason, Termination};
