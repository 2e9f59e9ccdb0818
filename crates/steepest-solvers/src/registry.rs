//! The one table of solvers: name, equation, options with defaults and ranges, what they need, source.
//!
//! What the program lists, what texts may say, what messages suggest and what gets built all come from here. A solver is one
//! file with its [`SolverEntry`], and one line in [`SOLVERS`].

mod auto;
mod classic;
mod composite;
mod flow;
mod global;
mod spec;
mod squares;
mod step;

pub use spec::{SolverError, SolverSpec};
pub use step::STEP_WORDS;

use steepest_core::Layout;
use steepest_optim::{Arg, OptionSpec, Options, Texts};

use crate::{DeterministicSolver, prox::BoxSet};

/// A solver ready to run.
pub type BoxedSolver = Box<dyn DeterministicSolver + Send>;

/// What a solver asks of an objective besides its gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A smooth function: no [`prox`](steepest_core::Objective::prox).
    Smooth,
    /// A smooth function that is a sum of squares with [`residuals`](steepest_core::Objective::residuals).
    Residuals,
    /// A smooth function or a composite one, f + h.
    Composite,
}

/// An option whose value stays text: a schedule, another solver, a list of numbers.
#[derive(Debug, Clone, Copy)]
pub struct TextOption {
    /// The key.
    pub key: &'static str,
    /// The default as it would be written; empty where it follows from other options.
    pub default: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// A solver of the table.
#[derive(Clone, Copy)]
pub struct SolverEntry {
    /// The name in texts.
    pub name: &'static str,
    /// One line.
    pub title: &'static str,
    /// What it computes.
    pub equation: &'static str,
    /// Its options.
    pub options: &'static [OptionSpec],
    /// Its options that stay text.
    pub texts: &'static [TextOption],
    /// The keys of values given without a key, in order.
    pub positional: &'static [&'static str],
    /// What it asks of the objective.
    pub needs: Needs,
    /// The paper.
    pub source: &'static str,
    /// Makes the solver.
    pub build: fn(&Choices, Setup) -> Result<BoxedSolver, SolverError>,
}

impl std::fmt::Debug for SolverEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SolverEntry").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a solver is built for.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The tensors of the argument.
    pub layout: Layout,
    /// Where it starts.
    pub start: Vec<f64>,
    /// Bounds on x, where there are any; given only to solvers that [keep](keeps_bounds) them.
    pub bounds: Option<BoxSet>,
    /// Seed of what is random in it.
    pub seed: u64,
    /// Steps of the run, for schedules that refer to it.
    pub horizon: Option<u64>,
}

/// The options of a solver as they were chosen, with defaults filled in and ranges checked.
#[derive(Debug, Clone)]
pub struct Choices {
    /// The solver's name.
    pub name: &'static str,
    /// Where it stands in the text, from 1.
    pub column: usize,
    options: Options,
    texts: Texts,
}

impl Choices {
    /// A number.
    pub fn number(&self, key: &str) -> f64 {
        self.options.number(key)
    }

    /// A whole number.
    pub fn count(&self, key: &str) -> usize {
        self.options.number(key) as usize
    }

    /// A flag.
    pub fn flag(&self, key: &str) -> bool {
        self.options.flag(key)
    }

    /// A word of a choice.
    pub fn word(&self, key: &str) -> &'static str {
        self.options.text(key)
    }

    /// An option that stays text, where it was given.
    pub fn text(&self, key: &str) -> Option<&Arg> {
        self.texts.iter().find(|t| t.0 == key).map(|t| &t.1)
    }

    /// The refusal of these options, with the reason.
    pub fn refuse(&self, why: impl Into<String>) -> SolverError {
        SolverError::Refused { column: self.column, name: self.name.into(), why: why.into() }
    }
}

/// All solvers. Update rules stand in [`steepest_optim::entries`] and are solvers too.
pub static SOLVERS: &[&SolverEntry] = &[
    &auto::AUTO,
    &classic::GD,
    &classic::MOMENTUM,
    &classic::NESTEROV,
    &classic::CG,
    &classic::BFGS,
    &classic::LBFGS,
    &classic::NEWTON,
    &classic::NEWTON_CG,
    &classic::TRUST_REGION,
    &squares::GAUSS_NEWTON,
    &squares::NATURAL,
    &squares::LM,
    &classic::FISTA,
    &composite::ISTA,
    &composite::OWLQN,
    &composite::LBFGSB,
    &composite::PROJECTED_GRADIENT,
    &composite::MIRROR_DESCENT,
    &composite::FRANK_WOLFE,
    &composite::SUBGRADIENT,
    &composite::COORDINATE_DESCENT,
    &global::BASIN_HOPPING,
    &global::RESTARTS,
    &global::ANNEALING,
    &global::PERTURBED_GD,
    &flow::FLOW,
];

/// The solver with this name.
pub fn solver_entry(name: &str) -> Option<&'static SolverEntry> {
    SOLVERS.iter().copied().find(|e| e.name == name)
}

/// The solvers that keep bounds on x.
const BOUNDED: [&str; 7] =
    ["lbfgsb", "projected-gradient", "frank-wolfe", "subgradient", "basin-hopping", "restarts", "annealing"];

/// Whether the solver with this name keeps bounds on x.
pub fn keeps_bounds(name: &str) -> bool {
    BOUNDED.contains(&name)
}
