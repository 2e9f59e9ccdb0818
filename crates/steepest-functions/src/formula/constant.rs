//! Numbers that are known while sums are written out: indices and the ends of ranges.

use super::error::Mistake;
use super::functions::{Known, What};
use super::syntax::{Ast, Id, Kind};
use crate::graph::Builder;

/// The most nodes a formula may have once its sums are written out.
const MOST_PARTS: u64 = 10_000_000;

/// The most elements a range may have, and the largest index.
const LARGEST: f64 = 1e7;

/// What is known at a place: the counters of the ranges around it, and n.
pub(super) struct Counting<'a> {
    ast: &'a Ast,
    pub(super) counters: Vec<f64>,
    pub(super) n: Option<f64>,
    parts: u64,
}

impl<'a> Counting<'a> {
    pub(super) fn new(ast: &'a Ast, n: Option<f64>) -> Counting<'a> {
        Counting { ast, counters: Vec::new(), n, parts: 0 }
    }

    /// Counts a visited node, so that no formula runs for ever.
    pub(super) fn count(&mut self, id: Id) -> Result<(), Mistake> {
        self.parts += 1;
        if self.parts > MOST_PARTS {
            let span = self.ast.nodes[id].span.clone();
            return Err(Mistake::new(span, "written out, the formula has more than 10,000,000 parts"));
        }
        Ok(())
    }

    /// The value of an index or of an end of a range: a whole number.
    pub(super) fn whole(&mut self, id: Id, what: &str) -> Result<i64, Mistake> {
        let value = self.number(id)?;
        let span = || self.ast.nodes[id].span.clone();
        if value.fract() != 0.0 || value.is_nan() {
            let message = format!("{what} is a whole number, but this is {value}; `floor(…)` rounds down");
            return Err(Mistake::new(span(), message));
        }
        if value.abs() > LARGEST {
            return Err(Mistake::new(span(), format!("{what} is at most {LARGEST}, but this is {value}")));
        }
        Ok(value as i64)
    }

    fn number(&mut self, id: Id) -> Result<f64, Mistake> {
        self.count(id)?;
        let ast = self.ast;
        Ok(match &ast.nodes[id].kind {
            Kind::Number(value) => *value,
            Kind::Counter(depth) => self.counters[*depth],
            Kind::Name(symbol) => match self.n {
                Some(n) if ast.symbols[*symbol] == "n" => n,
                _ => return Err(self.not_known(id, &format!("`{}` is a variable", ast.symbols[*symbol]))),
            },
            Kind::Neg(x) => -self.number(*x)?,
            Kind::Sum(terms) => {
                let mut sum = 0.0;
                for &(minus, term) in terms {
                    let term = self.number(term)?;
                    sum += if minus { -term } else { term };
                }
                sum
            }
            Kind::Product(factors) => {
                let mut product = 1.0;
                for &(divides, factor) in factors {
                    let factor = self.number(factor)?;
                    product = if divides { product / factor } else { product * factor };
                }
                product
            }
            Kind::Power(base, exponent) => self.number(*base)?.powf(self.number(*exponent)?),
            Kind::Call(known, arguments) => self.call(id, known, arguments)?,
            _ => return Err(self.not_known(id, "this is not one of them")),
        })
    }

    /// A function of numbers, carried out by the graph's own arithmetic.
    fn call(&mut self, id: Id, known: &Known, arguments: &[Id]) -> Result<f64, Mistake> {
        let mut values = Vec::with_capacity(arguments.len());
        for &argument in arguments {
            values.push(self.number(argument)?);
        }
        let b = Builder::new(0);
        let value = match (&known.what, values.as_slice()) {
            (What::Map(f), &[x]) => f(b.constant(x)).constant(),
            (What::Pair(f), &[x, y]) => f(b.constant(x), b.constant(y)).constant(),
            (What::Reduce(super::functions::Reduce::Max), _) => values.into_iter().reduce(f64::max),
            (What::Reduce(super::functions::Reduce::Min), _) => values.into_iter().reduce(f64::min),
            _ => None,
        };
        value.ok_or_else(|| self.not_known(id, "this is not one of them"))
    }

    fn not_known(&self, id: Id, why: &str) -> Mistake {
        let message = format!("indices and ranges are made of numbers, counters and `n`; {why}");
        Mistake::new(self.ast.nodes[id].span.clone(), message)
    }
}
