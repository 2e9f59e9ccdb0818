//! Solvers as text: `lbfgs:memory=20`, `gd:step=armijo`, `adamw:lr=1e-2`, in the grammar of update rules.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use steepest_core::Objective;
use steepest_optim::{Kind, OptimizerSpec, Options, Spec, SpecError, suggest};
use thiserror::Error;

use super::{BoxedSolver, Choices, Needs, SOLVERS, Setup, SolverEntry, auto, keeps_bounds, solver_entry};
use crate::{prox::BoxSet, rule::Rule};

/// Why a text is no solver, or one that cannot minimize this objective.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SolverError {
    /// The text cannot be read.
    #[error(transparent)]
    Text(#[from] SpecError),
    /// No solver and no update rule has this name.
    #[error("column {column}: there is no solver `{name}`{}; the solvers are {}, and the update rules {}",
        .meant.map_or(String::new(), |m| format!(" (did you mean `{m}`?)")), .solvers.join(", "), .rules.join(", "))]
    UnknownName {
        /// From 1.
        column: usize,
        /// What was given.
        name: String,
        /// The nearest name.
        meant: Option<&'static str>,
        /// All solvers.
        solvers: Vec<&'static str>,
        /// All update rules.
        rules: Vec<&'static str>,
    },
    /// Options that make no sense together, or a solver that cannot minimize this objective.
    #[error("column {column}: `{name}` {why}")]
    Refused {
        /// From 1.
        column: usize,
        /// The solver.
        name: String,
        /// The reason and what to write, a clause that follows the name.
        why: String,
    },
    /// The start has another dimension than the objective.
    #[error("the objective has {expected} variables, the starting point {found}")]
    Length {
        /// The objective's.
        expected: usize,
        /// The start's.
        found: usize,
    },
}

/// What a text describes.
#[derive(Debug, Clone)]
enum What {
    Solver(&'static SolverEntry, Choices),
    Rule(Box<OptimizerSpec>),
}

/// A solver with its options.
///
/// ```
/// use steepest_solvers::SolverSpec;
/// let spec = SolverSpec::parse("lbfgs:memory=20")?;
/// assert_eq!(spec.to_string(), "lbfgs:memory=20");
/// let mistyped = SolverSpec::parse("lbgfs").unwrap_err();
/// assert!(mistyped.to_string().contains("did you mean `lbfgs`?"));
/// # Ok::<(), steepest_solvers::SolverError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SolverSpec {
    text: String,
    what: What,
    seed: u64,
    horizon: Option<u64>,
    bounds: Option<BoxSet>,
}

impl Default for SolverSpec {
    /// `auto`.
    fn default() -> Self {
        SolverSpec::parse("auto").expect("auto is in the table")
    }
}

impl SolverSpec {
    /// Reads a solver or an update rule.
    ///
    /// # Errors
    /// [`SolverError`], with the column and what was expected.
    pub fn parse(text: &str) -> Result<SolverSpec, SolverError> {
        let done = |what| SolverSpec { text: text.trim().into(), what, seed: 0, horizon: None, bounds: None };
        let solver_first = text.split([':', '(', '|', ';']).next().and_then(|name| solver_entry(name.trim()));
        if solver_first.is_none() {
            known_names(text)?;
            return Ok(done(What::Rule(Box::new(OptimizerSpec::parse(text)?))));
        }
        let spec: Spec = text.parse()?;
        let call = &spec.calls[0];
        let entry = solver_entry(&call.name).ok_or_else(|| unknown(call.column, &call.name))?;
        if let Some(second) = spec.calls.get(1) {
            let why = format!("is a solver and no stage of a chain, so that ` | {}` cannot follow", second.name);
            return Err(SolverError::Refused { column: second.column, name: call.name.clone(), why });
        }
        let keys: Vec<&'static str> = entry.texts.iter().map(|t| t.key).collect();
        let (options, texts) = Options::read(call, entry.options, entry.positional, &keys)?;
        let choices = Choices { name: entry.name, column: call.column, options, texts };
        // What makes no sense is said now, before anything is computed.
        let check = |bounds| {
            let (layout, start) = (steepest_core::Layout::vector(1), vec![0.0]);
            (entry.build)(&choices, Setup { layout, start, bounds, seed: 0, horizon: Some(1) }).map(drop)
        };
        // Bounds may be given later.
        let bounded = keeps_bounds(entry.name).then(|| BoxSet::uniform(1, -1.0, 1.0).ok()).flatten();
        if bounded.is_none_or(|bounds| check(Some(bounds)).is_err()) {
            check(None)?;
        }
        Ok(done(What::Solver(entry, choices)))
    }

    /// With the seed of what is random in the solver.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> SolverSpec {
        self.seed = seed;
        self
    }

    /// With the number of steps of the run, for schedules that refer to it.
    #[must_use]
    pub fn with_horizon(mut self, steps: u64) -> SolverSpec {
        self.horizon = Some(steps);
        self
    }

    /// With bounds on x. A solver that does not [keep](super::keeps_bounds) them is refused when it is built; `auto` is L-BFGS-B.
    #[must_use]
    pub fn with_bounds(mut self, bounds: BoxSet) -> SolverSpec {
        self.bounds = Some(bounds);
        self
    }

    /// The entry of the table; `None` for an update rule.
    pub fn entry(&self) -> Option<&'static SolverEntry> {
        match &self.what {
            What::Solver(entry, _) => Some(entry),
            What::Rule(_) => None,
        }
    }

    /// The solver that `auto` stands for with this objective, and why; itself without a reason where the solver was named.
    /// Costs a value and a gradient at `start`, not counted.
    ///
    /// # Errors
    /// [`SolverError::Length`].
    pub fn resolve(
        &self,
        f: &mut dyn Objective<f64>,
        start: &[f64],
    ) -> Result<(SolverSpec, Option<String>), SolverError> {
        self.fits(f, start)?;
        if self.entry().is_none_or(|e| e.name != auto::AUTO.name) {
            return Ok((self.clone(), None));
        }
        let (text, why) = match &self.bounds {
            Some(_) if f.prox().is_none() => ("lbfgsb", "x has bounds".into()),
            _ => auto::choose(f, start),
        };
        let (seed, horizon, bounds) = (self.seed, self.horizon, self.bounds.clone());
        let chosen = SolverSpec { seed, horizon, bounds, ..SolverSpec::parse(text)? };
        Ok((chosen, Some(why)))
    }

    fn fits(&self, f: &dyn Objective<f64>, start: &[f64]) -> Result<(), SolverError> {
        let (expected, found) = (f.layout().len(), start.len());
        if expected == found { Ok(()) } else { Err(SolverError::Length { expected, found }) }
    }

    /// The solver for an objective, at `start`.
    ///
    /// # Errors
    /// [`SolverError`] where the solver cannot minimize it.
    pub fn build(&self, f: &mut dyn Objective<f64>, start: &[f64]) -> Result<BoxedSolver, SolverError> {
        let (spec, _) = self.resolve(f, start)?;
        let layout = f.layout().clone();
        if let Some(bounds) = &spec.bounds {
            let found = bounds.lower().len();
            if found != start.len() {
                return Err(SolverError::Length { expected: start.len(), found });
            }
            let name = spec.entry().map_or("", |e| e.name);
            if !keeps_bounds(name) {
                let why = "does not keep bounds; try lbfgsb, projected-gradient or, for several minima, basin-hopping";
                return Err(SolverError::Refused { column: 1, name: spec.text, why: why.into() });
            }
        }
        let (composite, squares) = (f.prox().is_some(), f.residuals().is_some());
        match &spec.what {
            What::Rule(rule) => {
                if composite {
                    let why = "moves along gradients and cannot handle a non-smooth part; try fista";
                    return Err(SolverError::Refused { column: 1, name: spec.text, why: why.into() });
                }
                let mut rule = (**rule).clone();
                rule.seed = spec.seed;
                rule.horizon = rule.horizon.or(spec.horizon);
                Ok(Box::new(Rule::new(&rule, &layout, start.to_vec())?))
            }
            What::Solver(entry, choices) => {
                if entry.needs == Needs::Residuals && !squares {
                    return Err(choices.refuse("needs a sum of squares with its residuals; try trust-region or lbfgs"));
                }
                if entry.needs != Needs::Composite && composite {
                    return Err(
                        choices.refuse("needs a smooth objective, and this one has a non-smooth part; try fista")
                    );
                }
                let (bounds, seed, horizon) = (spec.bounds, spec.seed, spec.horizon);
                let setup = Setup { layout, start: start.to_vec(), bounds, seed, horizon };
                (entry.build)(choices, setup)
            }
        }
    }
}

/// Refuses a chain whose first name is neither a solver's nor a rule's.
fn known_names(text: &str) -> Result<(), SolverError> {
    let first = text.split(['|', ';']).next().unwrap_or("");
    let call = steepest_optim::Call::parse(first, 1)?;
    if steepest_optim::entry(&call.name).is_some() { Ok(()) } else { Err(unknown(call.column, &call.name)) }
}

fn unknown(column: usize, name: &str) -> SolverError {
    let solvers: Vec<_> = SOLVERS.iter().map(|e| e.name).collect();
    let rules: Vec<_> = steepest_optim::entries().filter(|e| e.kind == Kind::Optimizer).map(|e| e.name).collect();
    let meant = suggest(name, solvers.iter().chain(&rules).copied());
    SolverError::UnknownName { column, name: name.into(), meant, solvers, rules }
}

impl fmt::Display for SolverSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for SolverSpec {
    type Err = SolverError;

    fn from_str(text: &str) -> Result<SolverSpec, SolverError> {
        SolverSpec::parse(text)
    }
}

impl Serialize for SolverSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SolverSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SolverSpec, D::Error> {
        let text = Spec::deserialize(deserializer)?.to_string();
        SolverSpec::parse(&text).map_err(de::Error::custom)
    }
}
