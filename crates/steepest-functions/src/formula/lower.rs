//! A formula's tree to a graph: sums are written out, vectors become their elements.

use super::constant::Counting;
use super::error::Mistake;
use super::functions::{Known, Reduce, What};
use super::survey::{Meaning, Names, of_nothing};
use super::syntax::{Ast, Comparison, Id, Kind, Relation};
use crate::graph::{Builder, Expr};

/// Sums shorter than this are added in the order they are written in.
const SHORT: usize = 8;

/// A number or a vector.
enum Value<'b> {
    Number(Expr<'b>),
    Vector(Vec<Expr<'b>>),
}

/// Records one formula in a builder.
pub(super) struct Lowering<'a, 'b> {
    ast: &'a Ast,
    names: &'a Names,
    builder: &'b Builder,
    row: Vec<f64>,
    known: Counting<'a>,
}

type Lowered<'b> = Result<Value<'b>, Mistake>;

impl<'a, 'b> Lowering<'a, 'b> {
    /// With the values of the data's columns in the current row.
    pub(super) fn new(ast: &'a Ast, names: &'a Names, builder: &'b Builder, row: &[f64]) -> Lowering<'a, 'b> {
        Lowering { ast, names, builder, row: row.to_vec(), known: Counting::new(ast, names.n) }
    }

    /// Moves to another row.
    pub(super) fn set_row(&mut self, row: &[f64]) {
        self.row.copy_from_slice(row);
        self.known = Counting::new(self.ast, self.names.n);
    }

    /// The formula's value, a number.
    pub(super) fn number(&mut self, root: Id) -> Result<Expr<'b>, Mistake> {
        match self.value(root)? {
            Value::Number(x) => Ok(x),
            Value::Vector(list) => {
                let message = format!(
                    "the value is a vector of {} elements; `sum(…)` or `norm(…)` makes a number of it",
                    list.len()
                );
                Err(self.mistake(root, message))
            }
        }
    }

    /// The two sides of a relation; of vectors, those of every element.
    pub(super) fn sides(&mut self, relation: Relation) -> Result<Vec<(Expr<'b>, Expr<'b>)>, Mistake> {
        let (left, right) = (self.value(relation.left)?, self.value(relation.right)?);
        Ok(match (left, right) {
            (Value::Number(a), Value::Number(b)) => vec![(a, b)],
            (Value::Vector(list), Value::Number(b)) => list.into_iter().map(|a| (a, b)).collect(),
            (Value::Number(a), Value::Vector(list)) => list.into_iter().map(|b| (a, b)).collect(),
            (Value::Vector(a), Value::Vector(b)) => {
                self.same_length(relation.left, &a, &b)?;
                a.into_iter().zip(b).collect()
            }
        })
    }

    fn mistake(&self, id: Id, message: impl Into<String>) -> Mistake {
        Mistake::new(self.ast.nodes[id].span.clone(), message)
    }

    fn value(&mut self, id: Id) -> Lowered<'b> {
        self.known.count(id)?;
        let ast = self.ast;
        match &ast.nodes[id].kind {
            Kind::Number(value) => Ok(Value::Number(self.builder.constant(*value))),
            Kind::Counter(depth) => Ok(Value::Number(self.builder.constant(self.known.counters[*depth]))),
            Kind::Name(symbol) => Ok(match self.names.meaning[*symbol] {
                Meaning::Scalar(i) => Value::Number(self.builder.input(i)),
                Meaning::Vector { first, len, .. } => {
                    Value::Vector((first..first + len).map(|i| self.builder.input(i)).collect())
                }
                Meaning::Column(column) => Value::Number(self.builder.constant(self.row[column])),
                Meaning::Dimension => Value::Number(self.builder.constant(self.names.n.unwrap_or(f64::NAN))),
            }),
            Kind::Neg(x) => Ok(self.value(*x)?.map(|x| -x)),
            Kind::Sum(terms) => self.sum(id, terms),
            Kind::Product(factors) => {
                let mut product = self.value(factors[0].1)?;
                for &(divides, factor) in &factors[1..] {
                    let factor = self.value(factor)?;
                    product = self.zip(id, product, factor, |a, b| if divides { a / b } else { a * b })?;
                }
                Ok(product)
            }
            Kind::Power(base, exponent) => {
                let (base, exponent) = (self.value(*base)?, self.value(*exponent)?);
                self.zip(id, base, exponent, |a, b| a.pow(b))
            }
            Kind::Compare(comparison, a, b) => {
                let (a, b) = (self.value(*a)?, self.value(*b)?);
                self.zip(id, a, b, |a, b| compare(*comparison, a, b))
            }
            Kind::Index(symbol, index) => {
                let at = self.known.whole(*index, "an index")?;
                self.element(*index, *symbol, at)
            }
            Kind::Call(known, arguments) => self.call(id, known, arguments),
            Kind::Range { known, from, to, body } => self.range(id, known, (*from, *to), *body),
            Kind::List(items) => {
                let items = items.iter().map(|&item| self.one(item)).collect::<Result<_, _>>()?;
                Ok(Value::Vector(items))
            }
        }
    }

    /// A value that has to be a number.
    fn one(&mut self, id: Id) -> Result<Expr<'b>, Mistake> {
        match self.value(id)? {
            Value::Number(x) => Ok(x),
            Value::Vector(_) => Err(self.mistake(id, "expected a number here, found a vector")),
        }
    }

    fn element(&mut self, index: Id, symbol: usize, at: i64) -> Lowered<'b> {
        let name = &self.ast.symbols[symbol];
        let Meaning::Vector { first, base, len } = self.names.meaning[symbol] else {
            return Err(self.mistake(index, format!("`{name}` has no elements")));
        };
        if at < base || at >= base + len as i64 {
            let last = base + len as i64 - 1;
            return Err(self.mistake(index, format!("`{name}` has the elements {base} to {last}, this asks for {at}")));
        }
        Ok(Value::Number(self.builder.input(first + (at - base) as usize)))
    }

    /// Combines two values element by element; a number goes with every element.
    fn zip(&self, id: Id, a: Value<'b>, b: Value<'b>, f: impl Fn(Expr<'b>, Expr<'b>) -> Expr<'b>) -> Lowered<'b> {
        Ok(match (a, b) {
            (Value::Number(a), Value::Number(b)) => Value::Number(f(a, b)),
            (Value::Vector(a), Value::Number(b)) => Value::Vector(a.into_iter().map(|a| f(a, b)).collect()),
            (Value::Number(a), Value::Vector(b)) => Value::Vector(b.into_iter().map(|b| f(a, b)).collect()),
            (Value::Vector(a), Value::Vector(b)) => {
                self.same_length(id, &a, &b)?;
                Value::Vector(a.into_iter().zip(b).map(|(a, b)| f(a, b)).collect())
            }
        })
    }

    fn same_length(&self, id: Id, a: &[Expr<'b>], b: &[Expr<'b>]) -> Result<(), Mistake> {
        if a.len() == b.len() {
            return Ok(());
        }
        Err(self.mistake(id, format!("vectors of {} and of {} elements do not go together", a.len(), b.len())))
    }

    fn sum(&mut self, id: Id, terms: &[(bool, Id)]) -> Lowered<'b> {
        if terms.len() < SHORT {
            let (_, first) = terms[0];
            let mut sum = self.value(first)?;
            for &(minus, term) in &terms[1..] {
                let term = self.value(term)?;
                sum = self.zip(id, sum, term, |a, b| if minus { a - b } else { a + b })?;
            }
            return Ok(sum);
        }
        let (mut plus, mut minus) = (Vec::new(), Vec::new());
        for &(subtracted, term) in terms {
            let term = self.one(term)?;
            if subtracted { minus.push(term) } else { plus.push(term) }
        }
        let plus = self.builder.sum(plus);
        Ok(Value::Number(if minus.is_empty() { plus } else { plus - self.builder.sum(minus) }))
    }

    fn call(&mut self, id: Id, known: &'static Known, arguments: &[Id]) -> Lowered<'b> {
        let mut values = Vec::with_capacity(arguments.len());
        for &argument in arguments {
            values.push(self.value(argument)?);
        }
        let mut values = values.into_iter();
        // The parser has counted the arguments.
        let mut next = || values.next().ok_or_else(|| self.mistake(id, format!("`{}` lacks an argument", known.name)));
        match known.what {
            What::Map(f) => Ok(next()?.map(f)),
            What::Pair(f) => self.zip(id, next()?, next()?, f),
            What::Clamp => {
                let (x, low, high) = (next()?, next()?, next()?);
                let below = self.zip(id, x, high, |x, high| x.min(high))?;
                self.zip(id, below, low, |x, low| x.max(low))
            }
            What::Dot => {
                let product = self.zip(id, next()?, next()?, |a, b| a * b)?;
                match product {
                    Value::Number(_) => Err(self.mistake(id, "`dot` takes two vectors")),
                    Value::Vector(list) => Ok(Value::Number(self.builder.sum(list))),
                }
            }
            What::If => {
                let (condition, yes, no) = (next()?, next()?, next()?);
                let (Value::Number(condition), Value::Number(yes), Value::Number(no)) = (condition, yes, no) else {
                    return Err(self.mistake(id, "`if` takes numbers; use it inside `sum(i=1..n, …)` for elements"));
                };
                Ok(Value::Number(self.builder.select(condition, yes, no)))
            }
            What::Reduce(how) => self.reduce_values(id, known, how, values.collect()),
        }
    }

    /// A reduction of one vector, or of several numbers; `max` and `min` also go element by element.
    fn reduce_values(&self, id: Id, known: &Known, how: Reduce, mut values: Vec<Value<'b>>) -> Lowered<'b> {
        if values.len() == 1 {
            return match values.remove(0) {
                Value::Vector(list) => self.reduce(id, known, how, list),
                Value::Number(x) => self.reduce(id, known, how, vec![x]),
            };
        }
        if values.iter().all(|v| matches!(v, Value::Number(_))) {
            let numbers = values.into_iter().filter_map(|v| if let Value::Number(x) = v { Some(x) } else { None });
            return self.reduce(id, known, how, numbers.collect());
        }
        let pick: fn(Expr<'b>, Expr<'b>) -> Expr<'b> = match how {
            Reduce::Max => |a, b| a.max(b),
            Reduce::Min => |a, b| a.min(b),
            _ => return Err(self.mistake(id, format!("`{}` takes one vector, or several numbers", known.name))),
        };
        let mut values = values.into_iter();
        let Some(mut result) = values.next() else { return Err(self.mistake(id, "expected an argument")) };
        for value in values {
            result = self.zip(id, result, value, pick)?;
        }
        Ok(result)
    }

    fn reduce(&self, id: Id, known: &Known, how: Reduce, list: Vec<Expr<'b>>) -> Lowered<'b> {
        if list.is_empty() {
            return match of_nothing(how) {
                Some(value) => Ok(Value::Number(self.builder.constant(value))),
                None => Err(self.mistake(id, format!("`{}` of nothing has no value", known.name))),
            };
        }
        let b = self.builder;
        let count = list.len() as f64;
        Ok(Value::Number(match how {
            Reduce::Sum => b.sum(list),
            Reduce::Product => b.product(list),
            Reduce::Max => b.max_of(list),
            Reduce::Min => b.min_of(list),
            Reduce::Mean => b.sum(list) / count,
            Reduce::Norm => b.sum(list.into_iter().map(|x| x.powi(2))).sqrt(),
            Reduce::LogSumExp => {
                // The largest is taken out against overflow; the derivatives through it cancel.
                let most = b.max_of(list.iter().copied());
                most + b.sum(list.into_iter().map(|x| (x - most).exp())).ln()
            }
        }))
    }

    fn range(&mut self, id: Id, known: &'static Known, (from, to): (Id, Id), body: Id) -> Lowered<'b> {
        let What::Reduce(how) = known.what else { return Err(self.mistake(id, "this does not run over a counter")) };
        let (from, to) = (self.known.whole(from, "a range")?, self.known.whole(to, "a range")?);
        let mut list = Vec::new();
        for i in from..=to {
            self.known.counters.push(i as f64);
            list.push(self.one(body)?);
            self.known.counters.pop();
        }
        self.reduce(id, known, how, list)
    }
}

impl<'b> Value<'b> {
    fn map(self, f: impl Fn(Expr<'b>) -> Expr<'b>) -> Value<'b> {
        match self {
            Value::Number(x) => Value::Number(f(x)),
            Value::Vector(list) => Value::Vector(list.into_iter().map(f).collect()),
        }
    }
}

fn compare<'b>(comparison: Comparison, a: Expr<'b>, b: Expr<'b>) -> Expr<'b> {
    match comparison {
        Comparison::Less => a.less(b),
        Comparison::LessEq => a.less_eq(b),
        Comparison::Greater => b.less(a),
        Comparison::GreaterEq => b.less_eq(a),
        Comparison::Equal => a.equal(b),
        Comparison::Unequal => 1.0 - a.equal(b),
    }
}
