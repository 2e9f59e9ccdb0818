//! A formula with constraints over the same variables.

use thiserror::Error;

use super::error::Mistake;
use super::lower::Lowering;
use super::survey::{self, Names};
use super::syntax::{Ast, Holds, Relation};
use super::{FormulaError, Sense, parse};
use crate::graph::{Builder, Expr, Graph};

/// An objective, or none, with constraints `left <= right`, `left >= right` or `left = right`, parsed together: a name means the
/// same in all of them.
///
/// ```
/// use steepest_functions::{Holds, Sense, System};
///
/// let system = System::parse(Some("4*labour + 9*capital"), &["(labour*capital)^0.5 >= 5".to_string()])?;
/// let compiled = system.compile(None, Sense::Minimize)?;
/// assert_eq!(compiled.variables, ["labour", "capital"]);
/// assert_eq!((compiled.conditions[0].holds, compiled.conditions[0].level), (Holds::AtLeast, 5.0));
/// # Ok::<(), steepest_functions::SystemError>(())
/// ```
#[derive(Debug, Clone)]
pub struct System {
    texts: Vec<String>,
    has_objective: bool,
    ast: Ast,
    relations: Vec<Relation>,
}

/// A function with its constraints.
#[derive(Debug, Clone)]
pub struct Restricted {
    /// The names of the variables of all texts, in the order of their first appearance.
    pub variables: Vec<String>,
    /// The objective, where there is one.
    pub objective: Option<Graph>,
    /// The constraints; one between vectors is as many as they have elements.
    pub conditions: Vec<Condition>,
}

/// One constraint: c(x) `holds` level.
#[derive(Debug, Clone)]
pub struct Condition {
    /// As it was written, with the number of the element where it is one of several.
    pub text: String,
    /// c: the side with variables, where the other one is a number, else left − right.
    pub function: Graph,
    /// What is asked.
    pub holds: Holds,
    /// Of what.
    pub level: f64,
}

/// A mistake in one of the texts.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{error}", .constraint.map_or(String::new(), |k| format!("constraint {}, ", k + 1)))]
pub struct SystemError {
    /// The constraint, from 0; `None` is the objective.
    pub constraint: Option<usize>,
    /// The mistake.
    pub error: FormulaError,
}

/// What a constraint's two sides are: a function, a relation, a level.
enum Sides<'b> {
    Function(Expr<'b>, Holds, f64),
    Constants,
}

impl System {
    /// Parses.
    ///
    /// # Errors
    /// [`SystemError`] points at the character of the text and says what was expected there.
    pub fn parse(objective: Option<&str>, constraints: &[String]) -> Result<System, SystemError> {
        let texts: Vec<String> = objective.map(String::from).into_iter().chain(constraints.iter().cloned()).collect();
        let relations: Vec<&str> = constraints.iter().map(String::as_str).collect();
        let has_objective = objective.is_some();
        let (ast, relations) =
            parse::parse_system(objective, &relations).map_err(|e| placed(&texts, has_objective, e))?;
        Ok(System { texts, has_objective, ast, relations })
    }

    /// The functions of all variables; `dim` is the value of `n`. A maximum is looked for by minimizing the negative.
    ///
    /// # Errors
    /// As [`Formula::compile`](super::Formula::compile), and where a constraint depends on no variable.
    pub fn compile(&self, dim: Option<usize>, sense: Sense) -> Result<Restricted, SystemError> {
        let names = survey::survey(&self.ast, dim, &[]).map_err(|e| self.placed(e))?;
        self.lower(names, sense)
    }

    /// The functions of variables that are given, those of a test problem for example; where they are numbered, `x0`, `x1`, …, then
    /// `x` is the vector of all.
    ///
    /// # Errors
    /// As [`compile`](System::compile), and where a name is none of the variables.
    pub fn compile_for(&self, variables: &[String], sense: Sense) -> Result<Restricted, SystemError> {
        let names = Names::given(&self.ast, variables).map_err(|e| self.placed(e))?;
        self.lower(names, sense)
    }

    fn lower(&self, names: Names, sense: Sense) -> Result<Restricted, SystemError> {
        let objective = if self.has_objective { Some(self.objective(&names, sense)?) } else { None };
        let mut conditions = Vec::new();
        for (k, &relation) in self.relations.iter().enumerate() {
            let builder = Builder::new(names.variables.len());
            let sides = Lowering::new(&self.ast, &names, &builder, &[]).sides(relation);
            let sides = sides.map_err(|e| self.placed(e))?;
            let text = self.texts[k + usize::from(self.has_objective)].trim();
            let several = sides.len() > 1;
            for (i, (left, right)) in sides.into_iter().enumerate() {
                let Sides::Function(function, holds, level) = told_apart(left, right, relation.holds) else {
                    let span = self.ast.nodes[relation.left].span.start..self.ast.nodes[relation.right].span.end;
                    let message = "neither side depends on a variable, so that this is always or never true";
                    return Err(self.placed(Mistake::new(span, message)));
                };
                let text = if several { format!("{text} (element {})", i + 1) } else { text.to_string() };
                conditions.push(Condition { text, function: builder.finish(function), holds, level });
            }
        }
        Ok(Restricted { variables: names.variables, objective, conditions })
    }

    fn objective(&self, names: &Names, sense: Sense) -> Result<Graph, SystemError> {
        let builder = Builder::new(names.variables.len());
        let value = Lowering::new(&self.ast, names, &builder, &[]).number(self.ast.roots[0]);
        let value = value.map_err(|e| self.placed(e))?;
        Ok(builder.finish(if sense == Sense::Maximize { -value } else { value }))
    }

    fn placed(&self, mistake: Mistake) -> SystemError {
        placed(&self.texts, self.has_objective, mistake)
    }
}

/// The side with variables as the function; `1 <= x` is `x >= 1`.
fn told_apart<'b>(left: Expr<'b>, right: Expr<'b>, holds: Holds) -> Sides<'b> {
    let turned = match holds {
        Holds::Equal => Holds::Equal,
        Holds::AtMost => Holds::AtLeast,
        Holds::AtLeast => Holds::AtMost,
    };
    match (left.constant(), right.constant()) {
        (Some(_), Some(_)) => Sides::Constants,
        (None, Some(level)) => Sides::Function(left, holds, level),
        (Some(level), None) => Sides::Function(right, turned, level),
        (None, None) => match (left - right).constant() {
            Some(_) => Sides::Constants,
            None => Sides::Function(left - right, holds, 0.0),
        },
    }
}

/// A mistake in the text that its place lies in; texts stand one character apart.
fn placed(texts: &[String], has_objective: bool, mistake: Mistake) -> SystemError {
    let mut offset = 0;
    let mut k = 0;
    while k + 1 < texts.len() && mistake.span.start > offset + texts[k].len() {
        offset += texts[k].len() + 1;
        k += 1;
    }
    let within = |at: usize| at.saturating_sub(offset).min(texts[k].len());
    let error = FormulaError::at(&texts[k], within(mistake.span.start)..within(mistake.span.end), mistake.message);
    SystemError { constraint: if has_objective { k.checked_sub(1) } else { Some(k) }, error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Function;

    fn compile(objective: &str, constraints: &[&str], dim: Option<usize>) -> Result<Restricted, SystemError> {
        let constraints: Vec<String> = constraints.iter().map(|c| c.to_string()).collect();
        System::parse(Some(objective), &constraints)?.compile(dim, Sense::Minimize)
    }

    #[test]
    fn names_mean_the_same_in_all_texts() {
        let r = compile("y + x^2", &["x + z = 3", "2 >= y*z", "x <= y"], None).unwrap();
        assert_eq!(r.variables, ["y", "x", "z"]);
        let at = [5.0, 7.0, 11.0];
        let told: Vec<(f64, Holds, f64)> =
            r.conditions.into_iter().map(|c| (Function::new(c.function).value(&at), c.holds, c.level)).collect();
        assert_eq!(told, [(18.0, Holds::Equal, 3.0), (55.0, Holds::AtMost, 2.0), (2.0, Holds::AtMost, 0.0)]);
        assert_eq!(Function::new(r.objective.unwrap()).value(&at), 54.0);
    }

    #[test]
    fn vectors_are_compared_element_by_element() {
        let r = compile("sum(x^2)", &["sum(x) = 1", "x[1] >= 0", "x[2] <= n"], Some(3)).unwrap();
        assert_eq!(r.conditions.len(), 3);
        assert_eq!(r.conditions[2].level, 3.0);
        let r = compile("dot(x, [1, 2, 3])", &["x[1]*[1, 2, 3] <= [4, 5, 6]"], Some(3)).unwrap();
        assert_eq!(r.conditions.iter().map(|c| c.level).collect::<Vec<_>>(), [4.0, 5.0, 6.0]);
        assert!(r.conditions[1].text.contains("(element 2)"));
    }

    #[test]
    fn constraints_of_given_variables() {
        let names: Vec<String> = (0..3).map(|i| format!("x{i}")).collect();
        let system = |text: &str| System::parse(None, &[text.to_string()]);
        let r = system("sum(x) + x1 <= n").unwrap().compile_for(&names, Sense::Minimize).unwrap();
        assert!(r.objective.is_none());
        assert_eq!(r.conditions[0].level, 3.0);
        assert_eq!(Function::new(r.conditions[0].function.clone()).value(&[1.0, 2.0, 4.0]), 9.0);
        let e = system("x0 + y <= 1").unwrap().compile_for(&names, Sense::Minimize).unwrap_err();
        assert_eq!((e.constraint, e.error.position()), (Some(0), 6));
        assert!(e.error.message().contains("x0, x1, x2"));
    }

    /// The text that is wrong (0 the objective), the character, a word.
    #[test]
    fn mistakes_are_told_with_their_text_and_place() {
        for (objective, constraints, text, position, word) in [
            ("x + ", &["x <= 1"][..], 0, 5, "the end"),
            ("", &["x <= 1"], 0, 1, "empty"),
            ("x^2", &[""], 1, 1, "empty"),
            ("x^2", &["x"], 1, 2, "expected `<=`"),
            ("x^2", &["x < 1"], 1, 3, "`<=`"),
            ("x^2", &["x > 1"], 1, 3, "`>=`"),
            ("x^2", &["x != 1"], 1, 3, "excludes"),
            ("x^2", &["0 <= x <= 1"], 1, 8, "do not chain"),
            ("x^2", &["x <= 1", "x + <= 2"], 2, 5, "expected a number"),
            ("x^2", &["x <= 1", "x <= sine(x)"], 2, 6, "`sin`"),
            ("x^2", &["x <= 1", "1 <= 2"], 2, 1, "neither side"),
            ("x^2", &["x <= "], 1, 6, "the end"),
            ("x^2", &["x <= 1)"], 1, 7, "closes nothing"),
            ("x^2", &["sum(x) <= 1"], 1, 5, "how many elements"),
            ("ä + x^2", &["ö @ x"], 1, 3, "no meaning"),
            ("sum(x^2)", &["x[9] <= 1"], 1, 3, "elements 1 to 2"),
            ("sum(x^2)", &["x + [1, 2, 3] <= 1", "x[1] <= 1"], 1, 1, "do not go together"),
        ] {
            let dim = objective.contains("sum").then_some(2);
            let e = compile(objective, constraints, dim).unwrap_err();
            let found = e.constraint.map_or(0, |k| k + 1);
            assert_eq!((found, e.error.position()), (text, position), "{objective} {constraints:?}: {e}");
            assert!(e.error.message().contains(word), "{objective} {constraints:?}: {e}");
        }
    }
}
