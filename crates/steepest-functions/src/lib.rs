//! Functions that need no table of data: what `minimize` descends on.
//!
//! - [`graph`]: expressions recorded once and differentiated exactly; a [`Function`] is an
//!   [`Objective`](steepest_core::Objective) with gradient, Hessian-vector product, Hessian and residuals.
//! - [`formula`]: text such as `x^2 + 10*y^2` to such a function, with errors that point at the character.
//! - [`curve_statistics`]: what a least-squares fit of a curve to data says about its parameters.
//! - [`problems`]: test problems by name, each with its start and its known minima.
//! - [`energies`]: clusters under a pair potential, charges on springs.
//! - [`economics`]: cost, profit and utility under a constraint, with their answers.
//!
//! ```
//! use steepest_functions::{Builder, Function};
//!
//! let b = Builder::new(2);
//! let (x, y) = (b.input(0), b.input(1));
//! let rosenbrock = (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
//! let mut f = Function::new(b.finish(rosenbrock));
//! let mut g = [0.0; 2];
//! f.gradient(&[1.0, 1.0], &mut g);
//! assert_eq!(g, [0.0, 0.0]);
//! ```

mod curve;
pub mod economics;
pub mod energies;
pub mod formula;
pub mod graph;
pub mod problems;

pub use curve::{CurveError, CurveStatistics, curve_statistics, refine};
pub use formula::{Compiled, Condition, Formula, FormulaError, Holds, Restricted, Sense, System, SystemError};
pub use graph::{Builder, Expr, Function, Graph, Operand};
