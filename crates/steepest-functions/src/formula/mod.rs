//! Formulas: text to a function with exact derivatives.
//!
//! ```
//! use steepest_functions::{Formula, Function, Sense};
//!
//! let formula = Formula::parse("(1 - x)^2 + 100*(y - x^2)^2")?;
//! let compiled = formula.compile(None, Sense::Minimize)?;
//! assert_eq!(compiled.variables, ["x", "y"]);
//! assert_eq!(Function::new(compiled.graph).value(&[1.0, 2.0]), 100.0);
//!
//! let chained = Formula::parse("sum(i=1..n-1, 100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2)")?;
//! assert_eq!(chained.compile(Some(10), Sense::Minimize)?.variables.len(), 10);
//!
//! let mistake = Formula::parse("x^2 + 10*sine(y)").unwrap_err();
//! assert_eq!(mistake.position(), 10);
//! # Ok::<(), steepest_functions::FormulaError>(())
//! ```
//!
//! # The language
//!
//! - Numbers `2`, `.5`, `1e-3`; the constants `pi` and `e`; `+ - * /`, powers `^` (or `**`), parentheses. Powers bind more
//!   tightly than a sign and group from the right: `-x^2` at 3 is −9, `2^3^2` is 512. Products are written out: `2*x`.
//! - Every other name is a variable. Variables are numbered in the order in which they first appear.
//! - `x[1]` is an element of a vector, counted from 1, or from 0 where `x[0]` occurs. `n` is then the number of elements, which
//!   is given with the formula; without it a vector has as many elements as the largest index asks for.
//! - `sum(i=1..n, …)`, `prod`, `max`, `min`, `mean`, `norm` and `logsumexp` over a counter, also several: `sum(i=1..n, j=1..i, …)`. `sum(x)`,
//!   `prod(x)`, `mean(x)`, `max(x)`, `min(x)`, `norm(x)`, `dot(x, y)` take whole vectors, and arithmetic inside them goes element
//!   by element: `norm(x - 1)`, `sum(x^2)`, `dot([1, 10, 100], x^2)`.
//! - `abs sqrt cbrt exp exp2 expm1 ln log log1p log2 log10 sin cos tan cot sec csc asin acos atan sinh cosh tanh asinh acosh
//!   atanh erf erfc gamma lgamma digamma sigmoid softplus relu sign floor ceil round`, `atan2(y, x)`, `hypot(x, y)`, `pow(x, y)`,
//!   `mod(x, y)`, `clamp(x, low, high)`, `max(x, y, …)`, `min(x, y, …)`, `logsumexp(x, y, …)`; `log` is the natural logarithm.
//!   `gamma` without parentheses behind it is a name like any other.
//! - `if(x < 0, …, …)`; comparisons `< <= > >= == !=` are 1 or 0.
//!
//! A [`System`] is a formula with constraints such as `x + y <= 1` over the same variables.
//!
//! What happens at kinks is said at [`graph`](crate::graph).

mod constant;
mod error;
mod functions;
mod lower;
mod near;
mod parse;
mod survey;
mod syntax;
mod system;
mod token;

#[cfg(test)]
mod tests;

pub use error::FormulaError;
pub use syntax::Holds;
pub use system::{Condition, Restricted, System, SystemError};

use crate::graph::{Builder, Graph};
use survey::Names;
use syntax::Ast;

/// Whether a formula's value or its negative becomes the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    /// f is the formula.
    Minimize,
    /// f is the negative of the formula, so that its minimum is the formula's maximum.
    Maximize,
}

/// A parsed formula.
#[derive(Debug, Clone)]
pub struct Formula {
    text: String,
    ast: Ast,
}

/// A formula as a function of its variables.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The names of the variables in the order of the function's argument: `x`, `y`, `w[1]`, `w[2]`, ….
    pub variables: Vec<String>,
    /// The function.
    pub graph: Graph,
}

impl Formula {
    /// Parses.
    ///
    /// # Errors
    /// [`FormulaError`] points at the character and says what was expected there.
    pub fn parse(text: &str) -> Result<Formula, FormulaError> {
        let ast = parse::parse(text).map_err(|e| e.of(text))?;
        Ok(Formula { text: text.into(), ast })
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn root(&self) -> syntax::Id {
        self.ast.roots[0]
    }

    /// The names of variables, scalars and vectors, in the order of their first appearance.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.ast.free.iter().map(|&(symbol, _)| self.ast.symbols[symbol].as_str())
    }

    /// The function of all variables; `dim` is the value of `n`. Where the formula is a sum of squares the function knows its
    /// residuals.
    ///
    /// # Errors
    /// [`FormulaError`] where an index is not a whole number or beyond its vector, `n` is needed and not given (or given and there
    /// is no vector), lengths do not agree, the value is not a single number, or the written-out sums are too long.
    pub fn compile(&self, dim: Option<usize>, sense: Sense) -> Result<Compiled, FormulaError> {
        let names = survey::survey(&self.ast, dim, &[]).map_err(|e| e.of(&self.text))?;
        let builder = Builder::new(names.variables.len());
        let value =
            lower::Lowering::new(&self.ast, &names, &builder, &[]).number(self.root()).map_err(|e| e.of(&self.text))?;
        let value = if sense == Sense::Maximize { -value } else { value };
        Ok(Compiled { variables: names.variables, graph: builder.finish(value) })
    }

    /// The least-squares function ½ Σ wᵢ (yᵢ − m(rowᵢ))² of a curve m: in every row the names in `columns` have the values of
    /// the row, the other names are its variables. Without weights all wᵢ are 1.
    ///
    /// # Errors
    /// As [`compile`](Formula::compile).
    ///
    /// # Panics
    /// When a column, or `weights`, has another length than `target`.
    pub fn curve(
        &self,
        columns: &[(&str, &[f64])],
        target: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<Compiled, FormulaError> {
        assert!(columns.iter().all(|c| c.1.len() == target.len()), "all columns are as long as the target");
        let bound: Vec<&str> = columns.iter().map(|c| c.0).collect();
        let names = survey::survey(&self.ast, None, &bound).map_err(|e| e.of(&self.text))?;
        let builder = Builder::new(names.variables.len());
        let mut residuals = Vec::with_capacity(target.len());
        let mut row = vec![0.0; columns.len()];
        let mut lowering = lower::Lowering::new(&self.ast, &names, &builder, &row);
        for (i, &y) in target.iter().enumerate() {
            for (value, column) in row.iter_mut().zip(columns) {
                *value = column.1[i];
            }
            lowering.set_row(&row);
            let residual = lowering.number(self.root()).map_err(|e| e.of(&self.text))? - y;
            residuals.push(residual * weights.map_or(1.0, |w| w[i].sqrt()));
        }
        Ok(Compiled { variables: names.variables, graph: builder.finish_squares(&residuals, 0.5) })
    }

    /// The curve itself, at one row, as a function of its variables.
    ///
    /// # Errors
    /// As [`compile`](Formula::compile).
    pub fn at_row(&self, columns: &[(&str, f64)]) -> Result<Compiled, FormulaError> {
        let bound: Vec<&str> = columns.iter().map(|c| c.0).collect();
        let names: Names = survey::survey(&self.ast, None, &bound).map_err(|e| e.of(&self.text))?;
        let builder = Builder::new(names.variables.len());
        let row: Vec<f64> = columns.iter().map(|c| c.1).collect();
        let value = lower::Lowering::new(&self.ast, &names, &builder, &row).number(self.root());
        let value = value.map_err(|e| e.of(&self.text))?;
        Ok(Compiled { variables: names.variables, graph: builder.finish(value) })
    }
}
