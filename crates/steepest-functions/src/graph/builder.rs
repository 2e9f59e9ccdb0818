//! Recording: a builder hands out expressions and remembers what was computed from them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::op::{self, Op};
use super::{Expr, Graph, Operand};

/// Records the operations of one function of `inputs` variables.
///
/// Equal subexpressions are recorded once and operations on constants are carried out at once. Long sums are best written with
/// [`sum`](Builder::sum): one node for any number of terms.
///
/// ```
/// use steepest_functions::Builder;
/// let b = Builder::new(3);
/// let x = b.inputs();
/// let graph = b.finish(b.sum(x.iter().map(|&v| (v * v - 1.0).powi(2))));
/// assert_eq!(graph.inputs(), 3);
/// ```
pub struct Builder {
    inputs: usize,
    record: RefCell<Record>,
}

/// What was recorded. Nodes `0..inputs` are the inputs; operands of a node stand before it.
#[derive(Default)]
pub(super) struct Record {
    pub(super) nodes: Vec<Node>,
    pub(super) constants: Vec<f64>,
    pub(super) args: Vec<u32>,
    seen: HashMap<Node, u32, BuildHasherDefault<NodeHasher>>,
    constant_of: HashMap<u64, u32, BuildHasherDefault<NodeHasher>>,
}

/// One recorded operation. For [`Op::Constant`] `a` is the index of the value, for lists `a` and `b` are start and length in
/// the list of arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) op: Op,
    pub(super) a: u32,
    pub(super) b: u32,
}

impl Builder {
    /// A builder for a function of `inputs` variables.
    pub fn new(inputs: usize) -> Builder {
        let mut record = Record::default();
        for i in 0..inputs {
            record.push(Node { op: Op::Input, a: index(i), b: 0 });
        }
        Builder { inputs, record: RefCell::new(record) }
    }

    /// The number of variables.
    pub fn len(&self) -> usize {
        self.inputs
    }

    /// Whether there are no variables.
    pub fn is_empty(&self) -> bool {
        self.inputs == 0
    }

    /// Variable `i`, from 0.
    ///
    /// # Panics
    /// When there are not so many variables.
    pub fn input(&self, i: usize) -> Expr<'_> {
        assert!(i < self.inputs, "variable {i} of a function of {} variables", self.inputs);
        Expr::new(self, index(i))
    }

    /// All variables in order.
    pub fn inputs(&self) -> Vec<Expr<'_>> {
        (0..self.inputs).map(|i| self.input(i)).collect()
    }

    /// A constant.
    pub fn constant(&self, c: f64) -> Expr<'_> {
        Expr::new(self, self.record.borrow_mut().constant(c))
    }

    /// The sum of any number of terms, one node; 0 without terms.
    pub fn sum<'b>(&'b self, terms: impl IntoIterator<Item = Expr<'b>>) -> Expr<'b> {
        let mut constant = 0.0;
        let mut list = Vec::new();
        for term in terms {
            match self.value_of(self.own(term)) {
                Some(c) => constant += c,
                None => list.push(term.id),
            }
        }
        let sum = match *list.as_slice() {
            [] => return self.constant(constant),
            [a] => Expr::new(self, a),
            [a, b] => Expr::new(self, a) + Expr::new(self, b),
            _ => self.list(Op::Sum, &list),
        };
        sum + constant
    }

    /// The product of any number of factors, multiplied in pairs; 1 without factors.
    pub fn product<'b>(&'b self, factors: impl IntoIterator<Item = Expr<'b>>) -> Expr<'b> {
        self.pairwise(factors.into_iter().collect(), |a, b| a * b).unwrap_or_else(|| self.constant(1.0))
    }

    /// The largest of the terms; the first of them counts where several are equal. −∞ without terms.
    pub fn max_of<'b>(&'b self, terms: impl IntoIterator<Item = Expr<'b>>) -> Expr<'b> {
        self.pairwise(terms.into_iter().collect(), |a, b| a.max(b)).unwrap_or_else(|| self.constant(f64::NEG_INFINITY))
    }

    /// The smallest of the terms; the first of them counts where several are equal. ∞ without terms.
    pub fn min_of<'b>(&'b self, terms: impl IntoIterator<Item = Expr<'b>>) -> Expr<'b> {
        self.pairwise(terms.into_iter().collect(), |a, b| a.min(b)).unwrap_or_else(|| self.constant(f64::INFINITY))
    }

    /// Combines neighbours until one is left, so that no chain is long.
    fn pairwise<'b>(
        &'b self,
        mut terms: Vec<Expr<'b>>,
        combine: impl Fn(Expr<'b>, Expr<'b>) -> Expr<'b>,
    ) -> Option<Expr<'b>> {
        while terms.len() > 1 {
            terms = terms.chunks(2).map(|c| if let [a, b] = *c { combine(a, b) } else { c[0] }).collect();
        }
        terms.first().copied()
    }

    /// `yes` where `condition` is not 0, else `no`. The branch that is not taken has no influence on value or derivatives,
    /// even where it is not finite.
    pub fn select<'b>(&'b self, condition: Expr<'b>, yes: impl Operand<'b>, no: impl Operand<'b>) -> Expr<'b> {
        let (yes, no) = (yes.expr(self), no.expr(self));
        match self.value_of(self.own(condition)) {
            Some(c) if c.is_nan() => self.constant(c),
            Some(c) => {
                if c != 0.0 {
                    yes
                } else {
                    no
                }
            }
            None => self.list(Op::Select, &[condition.id, self.own(yes).id, self.own(no).id]),
        }
    }

    /// The graph of a function with this value. What the value does not need is left out. Where the value is visibly a
    /// sum of squares (terms (…)², or even powers, with positive factors), the graph knows its residuals.
    ///
    /// # Panics
    /// When `value` is of another builder.
    pub fn finish(&self, value: Expr<'_>) -> Graph {
        let id = self.own(value).id;
        let residuals = self.record.borrow_mut().squares(id).unwrap_or_default();
        Graph::compact(&self.record.borrow(), self.inputs, id, &residuals)
    }

    /// The graph of scale·Σ rᵢ², which knows its residuals, so that Gauss–Newton and Levenberg–Marquardt apply.
    ///
    /// # Panics
    /// When a residual is of another builder, or `scale` is not positive.
    pub fn finish_squares(&self, residuals: &[Expr<'_>], scale: f64) -> Graph {
        assert!(scale > 0.0 && scale.is_finite(), "the scale of a sum of squares is positive, not {scale}");
        let value = self.sum(residuals.iter().map(|r| Expr::new(self, self.own(*r).id).powi(2))) * scale;
        let ids: Vec<(u32, f64)> = residuals.iter().map(|r| (r.id, (2.0 * scale).sqrt())).collect();
        Graph::compact(&self.record.borrow(), self.inputs, value.id, &ids)
    }

    /// The same expression, after a check that it is of this builder.
    fn own<'a>(&self, e: Expr<'a>) -> Expr<'a> {
        assert!(std::ptr::eq(e.builder(), self), "an expression of one builder was used with another");
        e
    }

    /// The value of an expression that is a constant.
    pub(super) fn value_of(&self, e: Expr<'_>) -> Option<f64> {
        self.record.borrow().value(e.id)
    }

    pub(super) fn unary<'b>(&'b self, op: Op, x: Expr<'b>) -> Expr<'b> {
        Expr::new(self, self.record.borrow_mut().unary(op, x.id, None))
    }

    pub(super) fn with_constant<'b>(&'b self, op: Op, x: Expr<'b>, c: f64) -> Expr<'b> {
        Expr::new(self, self.record.borrow_mut().unary(op, x.id, Some(c)))
    }

    pub(super) fn binary<'b>(&'b self, op: Op, a: Expr<'b>, b: Expr<'b>) -> Expr<'b> {
        let (a, b) = (self.own(a).id, self.own(b).id);
        Expr::new(self, self.record.borrow_mut().binary(op, a, b))
    }

    fn list(&self, op: Op, operands: &[u32]) -> Expr<'_> {
        let mut record = self.record.borrow_mut();
        let start = index(record.args.len());
        record.args.extend_from_slice(operands);
        let id = record.push(Node { op, a: start, b: index(operands.len()) });
        Expr::new(self, id)
    }

    /// Whether the slope of the expression is 0 wherever its value is 0: squares and their positive combinations.
    pub(super) fn is_sum_of_squares(&self, e: Expr<'_>) -> bool {
        self.record.borrow().is_sum_of_squares(e.id, 8)
    }
}

impl Record {
    fn push(&mut self, node: Node) -> u32 {
        let id = index(self.nodes.len());
        self.nodes.push(node);
        id
    }

    fn shared(&mut self, node: Node) -> u32 {
        if let Some(&id) = self.seen.get(&node) {
            return id;
        }
        let id = self.push(node);
        self.seen.insert(node, id);
        id
    }

    fn constant(&mut self, c: f64) -> u32 {
        if let Some(&id) = self.constant_of.get(&c.to_bits()) {
            return id;
        }
        let at = index(self.constants.len());
        self.constants.push(c);
        let id = self.push(Node { op: Op::Constant, a: at, b: 0 });
        self.constant_of.insert(c.to_bits(), id);
        id
    }

    fn value(&self, id: u32) -> Option<f64> {
        let node = self.nodes[id as usize];
        (node.op == Op::Constant).then(|| self.constants[node.a as usize])
    }

    fn unary(&mut self, op: Op, x: u32, c: Option<f64>) -> u32 {
        if let Some(v) = self.value(x) {
            return self.constant(op::unary(op, v, c.unwrap_or(0.0)));
        }
        let b = match c {
            Some(c) => self.constant(c),
            None => x,
        };
        self.shared(Node { op, a: x, b })
    }

    fn binary(&mut self, op: Op, a: u32, b: u32) -> u32 {
        if let (Some(x), Some(y)) = (self.value(a), self.value(b)) {
            return self.constant(op::binary(op, x, y));
        }
        let (a, b) = if matches!(op, Op::Add | Op::Mul) && a > b { (b, a) } else { (a, b) };
        self.shared(Node { op, a, b })
    }

    /// The residuals rᵢ = factor·node of a value ½ Σ rᵢ², where it is one.
    fn squares(&mut self, value: u32) -> Option<Vec<(u32, f64)>> {
        let mut residuals = Vec::new();
        let mut open = vec![(value, 1.0)];
        while let Some((id, weight)) = open.pop() {
            let node = self.nodes[id as usize];
            let c = if node.op.has_constant() { self.value(node.b).unwrap_or(f64::NAN) } else { f64::NAN };
            let factor = (2.0f64 * weight).sqrt();
            match node.op {
                Op::Square => residuals.push((node.a, factor)),
                Op::PowInt if c == 4.0 => {
                    residuals.push((self.unary(Op::Square, node.a, None), factor));
                }
                Op::PowInt if c >= 6.0 && c % 2.0 == 0.0 => {
                    residuals.push((self.unary(Op::PowInt, node.a, Some(c / 2.0)), factor));
                }
                Op::Scale if c > 0.0 => open.push((node.a, weight * c)),
                Op::Under if c > 0.0 => open.push((node.a, weight / c)),
                Op::Add => open.extend([(node.b, weight), (node.a, weight)]),
                Op::Sum => {
                    let (start, len) = (node.a as usize, node.b as usize);
                    open.extend(self.args[start..start + len].iter().rev().map(|&id| (id, weight)));
                }
                _ => return None,
            }
        }
        Some(residuals)
    }

    fn is_sum_of_squares(&self, id: u32, depth: usize) -> bool {
        let node = self.nodes[id as usize];
        let below = |id| depth > 0 && self.is_sum_of_squares(id, depth - 1);
        let constant = || self.value(node.b).unwrap_or(f64::NAN);
        match node.op {
            Op::Square => true,
            Op::PowInt => constant() >= 2.0 && constant() % 2.0 == 0.0,
            Op::Scale | Op::Under => constant() > 0.0 && below(node.a),
            Op::Add => below(node.a) && below(node.b),
            Op::Sum => {
                let (start, len) = (node.a as usize, node.b as usize);
                self.args[start..start + len].iter().all(|&id| below(id))
            }
            _ => false,
        }
    }
}

/// Indices are 32 bits wide: memory ends long before they do.
pub(super) fn index(i: usize) -> u32 {
    u32::try_from(i).expect("a graph has fewer than 2³² nodes")
}

/// Multiplies and rotates: the keys are small and few, and nobody attacks this table.
#[derive(Default)]
struct NodeHasher(u64);

impl Hasher for NodeHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
