//! The tree of a formula: nodes in one list, so that long formulas neither nest nor free deeply.

use std::ops::Range;

use super::functions::Known;

/// The index of a node in its [`Ast`].
pub(super) type Id = usize;
/// The index of a name in its [`Ast`].
pub(super) type Symbol = usize;

/// A parsed formula, or several that share their names.
#[derive(Debug, Clone)]
pub(super) struct Ast {
    pub(super) nodes: Vec<Node>,
    /// What the texts are, in order; both sides of a relation.
    pub(super) roots: Vec<Id>,
    pub(super) symbols: Vec<String>,
    /// Names that are not counters, and where they first stand, in that order.
    pub(super) free: Vec<(Symbol, Range<usize>)>,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

/// What a node is. Chains of `+ −` and of `* /` are one node each.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Number(f64),
    Name(Symbol),
    /// The counter of an enclosing range: 0 is the outermost.
    Counter(usize),
    Neg(Id),
    /// Terms, and whether each is subtracted.
    Sum(Vec<(bool, Id)>),
    /// Factors, and whether each divides.
    Product(Vec<(bool, Id)>),
    Power(Id, Id),
    Compare(Comparison, Id, Id),
    Index(Symbol, Id),
    Call(&'static Known, Vec<Id>),
    /// A function over a counter from one number to another.
    Range {
        known: &'static Known,
        from: Id,
        to: Id,
        body: Id,
    },
    List(Vec<Id>),
}

/// What a constraint asks of its function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// c(x) = level.
    Equal,
    /// c(x) ≤ level.
    AtMost,
    /// c(x) ≥ level.
    AtLeast,
}

/// Two sides that are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Relation {
    pub(super) left: Id,
    pub(super) holds: Holds,
    pub(super) right: Id,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    LessEq,
    Greater,
    GreaterEq,
    Equal,
    Unequal,
}

impl Comparison {
    pub(super) fn of(symbol: &str) -> Option<Comparison> {
        Some(match symbol {
            "<" => Comparison::Less,
            "<=" => Comparison::LessEq,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterEq,
            "==" => Comparison::Equal,
            "!=" => Comparison::Unequal,
            _ => return None,
        })
    }
}
