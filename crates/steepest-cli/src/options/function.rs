//! Which function: a formula, or a test problem by name.

use std::io::Read;
use std::sync::Arc;

use steepest_core::Objective;
use steepest_functions::economics;
use steepest_functions::problems::{self, Minimum};
use steepest_functions::{Formula, Function, Graph, Holds, Restricted, Sense, System, SystemError};

use crate::failure::Failure;
use crate::say::counted;

/// Flags that say what is minimized.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Function")]
pub struct FunctionOptions {
    /// A formula such as 'x^2 + 10*y^2' or 'sum(i=1..n, x[i]^2)', `@FILE` with one, or `-` for standard input
    #[arg(value_name = "FORMULA", allow_hyphen_values = true, required_unless_present = "problem")]
    pub formula: Option<String>,
    /// A test problem instead of a formula: `rosenbrock`, `quadratic:kappa=1e4`, …; `list` lists all
    #[arg(long, value_name = "NAME", conflicts_with = "formula")]
    pub problem: Option<String>,
    /// The number of variables: `n` of the formula, or of the test problem
    #[arg(long, value_name = "N", value_parser = dimension)]
    pub dim: Option<usize>,
    /// Look for the largest value of the formula
    #[arg(long, conflicts_with = "problem")]
    pub maximize: bool,
}

/// Larger dimensions are certainly a mistake, and would exhaust the machine.
const MOST_VARIABLES: usize = 10_000_000;

fn dimension(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(n) if (1..=MOST_VARIABLES).contains(&n) => Ok(n),
        _ => Err(format!("give a whole number of variables from 1 to {MOST_VARIABLES}")),
    }
}

/// A function with what is known about it.
pub struct Target {
    source: Source,
    /// The variables.
    pub names: Vec<String>,
    /// How it is called in messages and pictures.
    pub title: String,
    /// Whether the objective is the negative of the function.
    pub maximize: bool,
    /// The standard start of a problem.
    pub start: Option<Vec<f64>>,
    /// The box minima are looked for in.
    pub domain: Option<Vec<(f64, f64)>>,
    /// Known minima, the lowest first.
    pub minima: Vec<Minimum>,
    /// The constraints.
    pub limits: Vec<Limit>,
}

/// A constraint on the variables: c(x) `holds` level.
pub struct Limit {
    /// As it was written.
    pub text: String,
    /// c.
    pub function: Arc<Graph>,
    /// What is asked.
    pub holds: Holds,
    /// Of what.
    pub level: f64,
}

enum Source {
    Graph(Arc<Graph>),
    Problem { text: String, dim: Option<usize> },
}

impl FunctionOptions {
    /// Reads the formula or looks the problem up.
    pub fn load(&self) -> Result<Target, Failure> {
        self.load_under(&[])
    }

    /// The same under constraints over the same variables.
    pub fn load_under(&self, constraints: &[String]) -> Result<Target, Failure> {
        match (&self.problem, &self.formula) {
            (Some(name), _) => problem(name, self.dim, constraints),
            (None, Some(formula)) => self.formula(&text_of(formula)?, constraints),
            (None, None) => {
                Err(Failure::usage("there is no function").with_help("give a formula such as 'x^2 + 10*y^2'"))
            }
        }
    }

    fn formula(&self, text: &str, constraints: &[String]) -> Result<Target, Failure> {
        let sense = if self.maximize { Sense::Maximize } else { Sense::Minimize };
        if constraints.is_empty() {
            let compiled = Formula::parse(text).and_then(|f| f.compile(self.dim, sense));
            let compiled = compiled.map_err(|e| Failure::pointed("formula", &e))?;
            return Ok(Target {
                maximize: self.maximize,
                ..Target::of_graph(compiled.graph, compiled.variables, text)
            });
        }
        let restricted = System::parse(Some(text), constraints).and_then(|s| s.compile(self.dim, sense));
        let mut restricted = restricted.map_err(|e| misread(&e, constraints.len()))?;
        let Some(graph) = restricted.objective.take() else { return Err(Failure::usage("there is no function")) };
        let names = std::mem::take(&mut restricted.variables);
        let limits = limits(restricted);
        Ok(Target { maximize: self.maximize, limits, ..Target::of_graph(graph, names, text) })
    }
}

fn limits(restricted: Restricted) -> Vec<Limit> {
    let each = restricted.conditions.into_iter().map(|c| Limit {
        text: c.text,
        function: Arc::new(c.function),
        holds: c.holds,
        level: c.level,
    });
    each.collect()
}

/// A mistake in the formula or in one of its constraints, with its place.
fn misread(error: &SystemError, constraints: usize) -> Failure {
    match error.constraint {
        None => Failure::pointed("formula", &error.error),
        Some(_) if constraints == 1 => Failure::pointed("--subject-to", &error.error),
        Some(k) => Failure::pointed(&format!("--subject-to, constraint {}", k + 1), &error.error),
    }
}

/// A formula may be too long for a command line.
fn text_of(formula: &str) -> Result<String, Failure> {
    if formula == "-" {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        read.map_err(|e| Failure::usage(format!("standard input: {e}")))?;
        return Ok(text.trim_end().into());
    }
    let Some(path) = formula.strip_prefix('@') else { return Ok(formula.into()) };
    let text = std::fs::read_to_string(path).map_err(|e| Failure::usage(format!("{path}: cannot read: {e}")))?;
    Ok(text.trim_end().into())
}

/// On one line, short enough for a heading.
fn shortened(text: &str) -> String {
    const MOST: usize = 64;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST {
        return line;
    }
    line.chars().take(MOST - 1).chain(['…']).collect()
}

/// A problem of a firm or a household, which brings its constraint.
fn economic(name: &str, dim: Option<usize>, constraints: &[String]) -> Result<Option<Target>, Failure> {
    let Some(example) = economics::examples().into_iter().find(|e| e.name == name) else { return Ok(None) };
    if dim.is_some_and(|n| n != example.start.len()) {
        let n = example.start.len();
        return Err(Failure::usage(format!("--dim: {name} has {}", counted(n as u64, "variable"))));
    }
    let names: Vec<String> = (0..example.start.len()).map(|i| format!("x{i}")).collect();
    let own = |function: Graph, holds| Limit {
        text: example.condition.into(),
        function: Arc::new(function),
        holds,
        level: 0.0,
    };
    let mut all: Vec<Limit> = example.equalities.into_iter().map(|c| own(c, Holds::Equal)).collect();
    all.extend(example.inequalities.into_iter().map(|c| own(c, Holds::AtMost)));
    let more = System::parse(None, constraints).and_then(|s| s.compile_for(&names, Sense::Minimize));
    all.extend(limits(more.map_err(|e| misread(&e, constraints.len()))?));
    let title = format!("{name}: {}", example.title);
    let target = Target::of_graph(example.objective, names, &title);
    // What is not positive has no logarithm: a start is all that is needed of a domain.
    Ok(Some(Target { maximize: example.maximized, start: Some(example.start), limits: all, ..target }))
}

fn problem(name: &str, dim: Option<usize>, constraints: &[String]) -> Result<Target, Failure> {
    if let Some(target) = economic(name, dim, constraints)? {
        return Ok(target);
    }
    let problem = problems::build(name, dim).map_err(|e| {
        Failure::input(e).with_help("`steepest minimize --problem list` lists the problems with their dimensions")
    })?;
    let names: Vec<String> = (0..problem.start.len()).map(|i| format!("x{i}")).collect();
    let restricted = System::parse(None, constraints).and_then(|s| s.compile_for(&names, Sense::Minimize));
    let limits = limits(restricted.map_err(|e| misread(&e, constraints.len()))?);
    Ok(Target {
        source: Source::Problem { text: name.into(), dim },
        names,
        title: format!("{} in {}", problem.entry.name, counted(problem.start.len() as u64, "variable")),
        maximize: false,
        start: Some(problem.start),
        domain: problem.domain,
        // Known minima are those without constraints.
        minima: if limits.is_empty() { problem.minima } else { Vec::new() },
        limits,
    })
}

impl Target {
    /// A graph with the names of its variables.
    pub fn of_graph(graph: Graph, names: Vec<String>, title: &str) -> Target {
        Target {
            source: Source::Graph(Arc::new(graph)),
            names,
            title: shortened(title),
            maximize: false,
            start: None,
            domain: None,
            minima: Vec::new(),
            limits: Vec::new(),
        }
    }

    /// The function itself, with its residuals; not for test problems.
    pub fn function(&self) -> Result<Function, Failure> {
        match &self.source {
            Source::Graph(graph) => Ok(Function::shared(Arc::clone(graph))),
            Source::Problem { .. } => Err(Failure::usage("a test problem is no formula")),
        }
    }

    /// The number of variables.
    pub fn dim(&self) -> usize {
        self.names.len()
    }

    /// What is minimized; a new one with memory of its own at each call.
    pub fn objective(&self) -> Result<Box<dyn Objective<f64> + Send>, Failure> {
        Ok(match &self.source {
            Source::Graph(graph) => Box::new(Function::shared(Arc::clone(graph))),
            Source::Problem { text, dim } => problems::build(text, *dim).map_err(Failure::input)?.objective,
        })
    }

    /// The function's value where the objective has this one.
    pub fn value(&self, objective: f64) -> f64 {
        if self.maximize { -objective } else { objective }
    }
}
