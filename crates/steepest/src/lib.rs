//! Gradient descent in all its forms.
//!
//! This crate is the library's face: it re-exports the rooms of the house. The default features hold what someone needs who
//! brings gradients, so that using AdamW compiles no reader of files:
//!
//! ```
//! use steepest::{Layout, optim::Optimizer};
//!
//! // Minimize ½(x₀² + 10 x₁²) with a rule given as text; `step` is one pass over memory and allocates nothing.
//! let mut optimizer = Optimizer::<f64>::parse("adamw:lr=0.1,weight_decay=0", &Layout::vector(2))?;
//! let mut x = [5.0, 5.0];
//! for _ in 0..500 {
//!     let mut g = [x[0], 10.0 * x[1]];
//!     optimizer.step(&mut x, &mut g)?;
//! }
//! assert!(x.iter().all(|v| v.abs() < 1e-3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The examples `ndarray` and `faer` show the same with arrays of these crates and several tensors.
//!
//! | feature | adds |
//! |---|---|
//! | (none) | the words of the core, and [`optim`]: update rules and schedules, [`solvers`]: deterministic solvers |
//! | `functions` | `functions`: formulas and their derivatives, test problems, energies, curves |
//! | `data` | `data`: readers, encoders, splits, matrices |
//! | `columnar` | Parquet and Arrow files for `data` |
//! | `models` | `models`: the linear family with its certificates |
//! | `train` | `train`: the loop, monitors, checkpoints, run directories, metrics |

pub use steepest_core::*;
pub use steepest_optim as optim;
pub use steepest_solvers as solvers;

#[cfg(feature = "functions")]
pub use steepest_functions as functions;

#[cfg(feature = "data")]
pub use steepest_data as data;
#[cfg(feature = "models")]
pub use steepest_models as models;
#[cfg(feature = "train")]
pub use steepest_train as train;
