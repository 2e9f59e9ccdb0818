//! Test problems by name: functions with a standard start and known minima.
//!
//! A list that does not change with the solvers: Moré, Garbow and Hillstrom's 35, unconstrained problems of CUTEst, functions
//! of global optimization, quadratics of any condition number, convex and non-smooth families, energies and economics. Every
//! problem states its source, its start, the dimensions it exists in and the minima that are known.
//!
//! ```
//! use steepest_core::Objective;
//! use steepest_functions::problems;
//!
//! let mut problem = problems::build("rosenbrock", None).unwrap();
//! let value = problem.objective.at(&problem.start).unwrap();
//! assert!((value - 24.2).abs() < 1e-12);
//! assert_eq!(problem.best(), Some(0.0));
//!
//! let steep = problems::build("quadratic:kappa=1e6", Some(50)).unwrap();
//! assert_eq!(steep.start.len(), 50);
//!
//! let error = problems::build("rosenbrok", None).unwrap_err();
//! assert!(error.to_string().contains("rosenbrock"));
//! ```

mod convex;
mod cutest;
mod cutest_small;
mod cutest_to_woods;
mod dims;
mod dixmaan;
mod draft;
mod economic;
mod find;
mod global;
mod global_planar;
mod mgh;
mod mgh_data;
mod mgh_variable;
mod nonsmooth;
mod particles;
mod quadratic;
mod shekel;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::LazyLock;

use steepest_core::Objective;

use crate::Graph;

pub use dims::Dims;
use draft::{Body, Draft};
pub use find::{ProblemError, build, problem};

/// The collection a problem belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Collection {
    /// Moré, Garbow and Hillstrom, 1981.
    MoreGarbowHillstrom,
    /// Unconstrained problems of CUTEst.
    Cutest,
    /// Functions of global optimization, as SciPy's benchmarks hold them.
    Global,
    /// Quadratic functions of a chosen spectrum.
    Quadratic,
    /// Convex and strongly convex smooth functions.
    Convex,
    /// Functions with kinks.
    NonSmooth,
    /// Potential energies of particles.
    Energy,
    /// Problems of a firm or a household.
    Economics,
}

impl Collection {
    /// Its name in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Collection::MoreGarbowHillstrom => "more-garbow-hillstrom",
            Collection::Cutest => "cutest",
            Collection::Global => "global",
            Collection::Quadratic => "quadratic",
            Collection::Convex => "convex",
            Collection::NonSmooth => "non-smooth",
            Collection::Energy => "energy",
            Collection::Economics => "economics",
        }
    }
}

/// What kind of function a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Quadratic.
    Quadratic,
    /// Convex and smooth, not quadratic.
    Convex,
    /// A sum of squares; the residuals are there for Gauss–Newton.
    SumOfSquares,
    /// Smooth.
    Smooth,
    /// Many local minima: for global methods.
    Multimodal,
    /// Kinks at or on the way to the minimum.
    NonSmooth,
}

impl Kind {
    /// Its name in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Quadratic => "quadratic",
            Kind::Convex => "convex",
            Kind::SumOfSquares => "sum of squares",
            Kind::Smooth => "smooth",
            Kind::Multimodal => "multimodal",
            Kind::NonSmooth => "non-smooth",
        }
    }
}

/// A known minimum.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum {
    /// f there. For an infimum that is not attained, the infimum.
    pub value: f64,
    /// Where it is, when that is known in closed form or to full precision.
    pub point: Option<Vec<f64>>,
    /// Whether no lower value exists.
    pub global: bool,
}

/// A number a family of problems takes besides its dimension.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Its name in `problem:name=value`.
    pub name: &'static str,
    /// The value where none is given.
    pub default: f64,
    /// The least value allowed.
    pub least: f64,
    /// The greatest value allowed.
    pub greatest: f64,
}

/// How the function of an entry is made.
#[derive(Debug, Clone, Copy)]
enum Recipe {
    Plain(fn(usize) -> Draft),
    With(Parameter, fn(usize, f64) -> Draft),
}

/// One line of the list: a problem or a family of problems.
#[derive(Debug, Clone, Copy)]
pub struct ProblemEntry {
    /// Its name: lower case, words joined by `-`.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Other names it answers to (CUTEst's name, where it has one).
    pub aliases: &'static [&'static str],
    /// The collection it belongs to.
    pub collection: Collection,
    /// What kind of function it is.
    pub kind: Kind,
    /// The dimensions it exists in.
    pub dims: Dims,
    /// Where its definition stands.
    pub source: &'static str,
    recipe: Recipe,
}

impl ProblemEntry {
    const fn new(name: &'static str, title: &'static str, dims: Dims, build: fn(usize) -> Draft) -> ProblemEntry {
        let (collection, kind) = (Collection::Global, Kind::Smooth);
        ProblemEntry { name, title, aliases: &[], collection, kind, dims, source: "", recipe: Recipe::Plain(build) }
    }

    const fn of(mut self, collection: Collection, kind: Kind, source: &'static str) -> ProblemEntry {
        self.collection = collection;
        self.kind = kind;
        self.source = source;
        self
    }

    const fn kind(mut self, kind: Kind) -> ProblemEntry {
        self.kind = kind;
        self
    }

    const fn source(mut self, source: &'static str) -> ProblemEntry {
        self.source = source;
        self
    }

    const fn alias(mut self, aliases: &'static [&'static str]) -> ProblemEntry {
        self.aliases = aliases;
        self
    }

    const fn with(mut self, parameter: Parameter, build: fn(usize, f64) -> Draft) -> ProblemEntry {
        self.recipe = Recipe::With(parameter, build);
        self
    }

    /// The number it takes besides the dimension, where it takes one.
    pub fn parameter(&self) -> Option<Parameter> {
        match self.recipe {
            Recipe::Plain(_) => None,
            Recipe::With(parameter, _) => Some(parameter),
        }
    }

    fn draft(&self, dim: Option<usize>, value: Option<f64>) -> Result<Draft, ProblemError> {
        let n = dim.unwrap_or(self.dims.default());
        self.dims.check(self.name, n)?;
        match self.recipe {
            Recipe::Plain(_) if value.is_some() => Err(ProblemError::NoParameter { problem: self.name }),
            Recipe::Plain(build) => Ok(build(n)),
            Recipe::With(parameter, build) => {
                let value = value.unwrap_or(parameter.default);
                if !(parameter.least..=parameter.greatest).contains(&value) {
                    return Err(ProblemError::Range { problem: self.name, parameter, value });
                }
                Ok(build(n, value))
            }
        }
    }

    /// Builds the problem in `dim` variables, or in its default dimension.
    ///
    /// # Errors
    /// [`ProblemError::Dimension`] when it does not exist in that dimension.
    pub fn build(&self, dim: Option<usize>) -> Result<Problem, ProblemError> {
        self.build_with(dim, None)
    }

    /// Builds the problem with a value for its [`parameter`](ProblemEntry::parameter).
    ///
    /// # Errors
    /// As [`build`](ProblemEntry::build); [`ProblemError::NoParameter`] and [`ProblemError::Range`] for the value.
    pub fn build_with(&self, dim: Option<usize>, value: Option<f64>) -> Result<Problem, ProblemError> {
        let draft = self.draft(dim, value)?;
        Ok(Problem {
            entry: *self,
            objective: draft.body.objective(),
            start: draft.start,
            domain: draft.domain,
            minima: draft.minima,
        })
    }

    /// The formula of the problem as a graph; `None` where it is a kernel of its own (the energies).
    ///
    /// # Errors
    /// As [`build`](ProblemEntry::build).
    pub fn graph(&self, dim: Option<usize>) -> Result<Option<Graph>, ProblemError> {
        Ok(match self.draft(dim, None)?.body {
            Body::Graph(graph) => Some(graph),
            Body::Kernel(_) => None,
        })
    }
}

/// A function to minimize, with what is known about it.
pub struct Problem {
    /// The line of the list it comes from.
    pub entry: ProblemEntry,
    /// The function, with exact derivatives (those of the energies: see there).
    pub objective: Box<dyn Objective<f64> + Send>,
    /// The standard start.
    pub start: Vec<f64>,
    /// The box in which minima are looked for, one pair a variable; `None`: everywhere. It is no constraint, but where to draw
    /// random starts from.
    pub domain: Option<Vec<(f64, f64)>>,
    /// What is known of the minima: the lowest first.
    pub minima: Vec<Minimum>,
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {} variables", self.entry.name, self.start.len())
    }
}

impl Problem {
    /// The lowest known value: the global minimum, where one is marked so.
    pub fn best(&self) -> Option<f64> {
        self.minima.iter().map(|m| m.value).min_by(f64::total_cmp)
    }

    /// Whether `value` counts as solved from a start of value `first`: f ≤ f* + τ·(f₀ − f*) for the lowest known value f*, or
    /// within τ·(f₀ − m) of another known minimum m. False where no minimum is known.
    pub fn solved(&self, value: f64, first: f64, tolerance: f64) -> bool {
        let within = |m: f64| tolerance * (first - m).max(0.0);
        self.best().is_some_and(|best| value <= best + within(best))
            || self.minima.iter().any(|m| (value - m.value).abs() <= within(m.value))
    }
}

static ENTRIES: LazyLock<Vec<ProblemEntry>> = LazyLock::new(|| {
    [
        mgh::ENTRIES,
        mgh_variable::ENTRIES,
        cutest::ENTRIES,
        cutest_to_woods::ENTRIES,
        cutest_small::ENTRIES,
        dixmaan::ENTRIES,
        global_planar::ENTRIES,
        global::ENTRIES,
        shekel::ENTRIES,
        quadratic::ENTRIES,
        convex::ENTRIES,
        nonsmooth::ENTRIES,
        particles::ENTRIES,
        economic::ENTRIES,
    ]
    .concat()
});

/// The whole list, by collection.
pub fn entries() -> &'static [ProblemEntry] {
    &ENTRIES
}
