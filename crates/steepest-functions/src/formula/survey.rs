//! Which variables a formula has: which names are vectors, how long they are, and where each lies in the argument.

use std::ops::Range;

use super::constant::Counting;
use super::error::Mistake;
use super::functions::{Reduce, What};
use super::syntax::{Ast, Id, Kind, Symbol};

/// The names of a formula with their meaning.
pub(super) struct Names {
    /// One name for each element of the function's argument.
    pub(super) variables: Vec<String>,
    /// The meaning of each symbol.
    pub(super) meaning: Vec<Meaning>,
    /// The number of elements, where it is given.
    pub(super) n: Option<f64>,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// One variable, by its index in the argument.
    Scalar(usize),
    /// Variables in a row; `base` is the index of the first in the formula, 0 or 1.
    Vector { first: usize, base: i64, len: usize },
    /// A column of data.
    Column(usize),
    /// The number of elements.
    Dimension,
}

/// How a name is used.
#[derive(Debug, Clone, Default)]
struct Use {
    /// The smallest and the largest index.
    indexed: Option<(i64, i64)>,
    has_index: bool,
    /// Where it stands for a whole vector.
    whole: Option<Range<usize>>,
}

/// Finds the variables. `columns` are names that are not.
pub(super) fn survey(ast: &Ast, dim: Option<usize>, columns: &[&str]) -> Result<Names, Mistake> {
    let column = |symbol: Symbol| columns.iter().position(|c| *c == ast.symbols[symbol]);
    let mut surveyor =
        Surveyor { ast, uses: vec![Use::default(); ast.symbols.len()], has_index: has_index(ast), n_in_bounds: false };
    for &root in &ast.roots {
        surveyor.mark(root, false);
    }
    let is_vector = |u: &Use| u.has_index || u.whole.is_some();
    for (symbol, used) in surveyor.uses.iter_mut().enumerate() {
        if column(symbol).is_some() {
            // A column is one number in every row, also inside a reduction.
            used.whole = None;
        }
    }
    let vectors = surveyor.uses.iter().enumerate().any(|(s, u)| is_vector(u) && column(s).is_none());
    let n_counts = vectors || surveyor.n_in_bounds || dim.is_some();
    let is_dimension = |symbol: Symbol, used: &Use| {
        ast.symbols[symbol] == "n" && !is_vector(used) && column(symbol).is_none() && n_counts
    };
    let whole_formula = || ast.roots.first().map_or(0..0, |&root| ast.nodes[root].span.clone());
    if let Some((symbol, place)) = ast.free.iter().find(|(s, _)| is_dimension(*s, &surveyor.uses[*s]))
        && dim.is_none()
    {
        let name = &ast.symbols[*symbol];
        let message = format!("`{name}` is the number of elements here and has to be given, as in `--dim 10`");
        return Err(Mistake::new(place.clone(), message));
    }
    if dim.is_some() && !vectors && !ast.free.iter().any(|(s, _)| is_dimension(*s, &surveyor.uses[*s])) {
        let message = "a number of elements was given, but the formula has neither a vector nor `n`";
        return Err(Mistake::new(whole_formula(), message));
    }
    let n = dim.map(|n| n as f64);
    let mut known = Counting::new(ast, n);
    for &root in &ast.roots {
        surveyor.measure(root, &mut known)?;
    }

    let mut names = Names { variables: Vec::new(), meaning: vec![Meaning::Dimension; ast.symbols.len()], n };
    for (symbol, place) in &ast.free {
        let used = &surveyor.uses[*symbol];
        names.meaning[*symbol] = if let Some(column) = column(*symbol) {
            if used.has_index {
                let message = format!("`{}` is a column of the data and has no elements", ast.symbols[*symbol]);
                return Err(Mistake::new(place.clone(), message));
            }
            Meaning::Column(column)
        } else if is_dimension(*symbol, used) {
            Meaning::Dimension
        } else {
            names.add(&ast.symbols[*symbol], used, dim)?
        };
    }
    if names.variables.is_empty() {
        return Err(Mistake::new(whole_formula(), "the formula has no variable; expected a name such as `x`"));
    }
    Ok(names)
}

impl Names {
    /// The names of a text over variables that are given; a name with all of them numbered behind it is their vector.
    pub(super) fn given(ast: &Ast, variables: &[String]) -> Result<Names, Mistake> {
        let (len, n) = (variables.len(), Some(variables.len() as f64));
        let numbered = |name: &str, base: usize| {
            variables.iter().enumerate().all(|(i, v)| v.strip_prefix(name).is_some_and(|d| d == (i + base).to_string()))
        };
        let mut names =
            Names { variables: variables.to_vec(), meaning: vec![Meaning::Dimension; ast.symbols.len()], n };
        for (symbol, place) in &ast.free {
            let name = ast.symbols[*symbol].as_str();
            names.meaning[*symbol] = match variables.iter().position(|v| v == name) {
                Some(i) => Meaning::Scalar(i),
                None if name == "n" => Meaning::Dimension,
                None if numbered(name, 0) => Meaning::Vector { first: 0, base: 0, len },
                None if numbered(name, 1) => Meaning::Vector { first: 0, base: 1, len },
                None => {
                    let most = 8;
                    let more = if len > most { ", …" } else { "" };
                    let some = variables.iter().take(most).map(String::as_str).collect::<Vec<_>>().join(", ");
                    let message = format!("there is no variable `{name}`; the variables are {some}{more}");
                    return Err(Mistake::new(place.clone(), message));
                }
            };
        }
        Ok(names)
    }

    /// Gives a variable, or the elements of a vector, the next places.
    fn add(&mut self, name: &str, used: &Use, dim: Option<usize>) -> Result<Meaning, Mistake> {
        let first = self.variables.len();
        if !used.has_index && used.whole.is_none() {
            self.variables.push(name.into());
            return Ok(Meaning::Scalar(first));
        }
        let base = if used.indexed.is_some_and(|(low, _)| low == 0) { 0 } else { 1 };
        let len = match (dim, used.indexed, &used.whole) {
            (Some(n), _, _) => n,
            (None, Some((_, high)), _) => (high - base + 1).max(0) as usize,
            (None, None, Some(place)) => {
                let message = format!("how many elements has `{name}`? It has to be given, as in `--dim 10`");
                return Err(Mistake::new(place.clone(), message));
            }
            (None, None, None) => 0,
        };
        self.variables.extend((0..len).map(|k| format!("{name}[{}]", base + k as i64)));
        Ok(Meaning::Vector { first, base, len })
    }
}

/// Which nodes have an index below them; operands stand before what they belong to.
fn has_index(ast: &Ast) -> Vec<bool> {
    let mut has = vec![false; ast.nodes.len()];
    for (id, node) in ast.nodes.iter().enumerate() {
        let mut found = matches!(node.kind, Kind::Index(..));
        each_child(&node.kind, |child| found |= has[child]);
        has[id] = found;
    }
    has
}

fn each_child(kind: &Kind, mut see: impl FnMut(Id)) {
    match kind {
        Kind::Number(_) | Kind::Name(_) | Kind::Counter(_) => {}
        Kind::Neg(x) | Kind::Index(_, x) => see(*x),
        Kind::Sum(list) | Kind::Product(list) => list.iter().for_each(|&(_, x)| see(x)),
        Kind::Power(a, b) | Kind::Compare(_, a, b) => {
            see(*a);
            see(*b);
        }
        Kind::Call(_, list) | Kind::List(list) => list.iter().for_each(|&x| see(x)),
        Kind::Range { from, to, body, .. } => {
            see(*from);
            see(*to);
            see(*body);
        }
    }
}

struct Surveyor<'a> {
    ast: &'a Ast,
    uses: Vec<Use>,
    has_index: Vec<bool>,
    /// Whether `n` stands in an index or at an end of a range.
    n_in_bounds: bool,
}

impl Surveyor<'_> {
    /// Notes how names are used. Inside a function of vectors a name without index is a whole vector.
    fn mark(&mut self, id: Id, reducing: bool) {
        let node = &self.ast.nodes[id];
        match &node.kind {
            Kind::Name(symbol) if reducing => {
                self.uses[*symbol].whole.get_or_insert(node.span.clone());
            }
            Kind::Index(symbol, index) => {
                self.uses[*symbol].has_index = true;
                self.mark_bound(*index);
            }
            Kind::Call(known, arguments) => {
                let vectors = match known.what {
                    What::Dot => true,
                    What::Reduce(_) => arguments.len() == 1,
                    _ => false,
                };
                for &argument in arguments {
                    self.mark(argument, reducing || vectors);
                }
            }
            Kind::Range { from, to, body, .. } => {
                self.mark_bound(*from);
                self.mark_bound(*to);
                self.mark(*body, false);
            }
            Kind::List(_) => each_child(&node.kind, |child| self.mark(child, false)),
            kind => each_child(kind, |child| self.mark(child, reducing)),
        }
    }

    /// Notes whether an index or an end of a range needs `n`.
    fn mark_bound(&mut self, id: Id) {
        let kind = &self.ast.nodes[id].kind;
        if let Kind::Name(symbol) = kind {
            self.n_in_bounds |= self.ast.symbols[*symbol] == "n";
        }
        each_child(kind, |child| self.mark_bound(child));
    }

    /// Finds the smallest and the largest index of every vector.
    fn measure(&mut self, id: Id, known: &mut Counting<'_>) -> Result<(), Mistake> {
        if !self.has_index[id] {
            return Ok(());
        }
        known.count(id)?;
        let ast = self.ast;
        match &ast.nodes[id].kind {
            Kind::Index(symbol, index) => {
                let at = known.whole(*index, "an index")?;
                if at < 0 {
                    let message = format!("an index is counted from 1, or from 0, but this is {at}");
                    return Err(Mistake::new(ast.nodes[*index].span.clone(), message));
                }
                let (low, high) = self.uses[*symbol].indexed.unwrap_or((at, at));
                self.uses[*symbol].indexed = Some((low.min(at), high.max(at)));
                Ok(())
            }
            Kind::Range { from, to, body, .. } => {
                let (from, to) = (known.whole(*from, "a range")?, known.whole(*to, "a range")?);
                for i in from..=to {
                    known.counters.push(i as f64);
                    self.measure(*body, known)?;
                    known.counters.pop();
                }
                Ok(())
            }
            kind => {
                let mut result = Ok(());
                each_child(kind, |child| {
                    if result.is_ok() {
                        result = self.measure(child, known);
                    }
                });
                result
            }
        }
    }
}

/// Whether a reduction of nothing has a value.
pub(super) fn of_nothing(how: Reduce) -> Option<f64> {
    match how {
        Reduce::Sum | Reduce::Norm => Some(0.0),
        Reduce::Product => Some(1.0),
        Reduce::Max | Reduce::Min | Reduce::Mean | Reduce::LogSumExp => None,
    }
}
