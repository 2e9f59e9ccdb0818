//! Tokens to a tree: precedence climbing. Chains are loops; only brackets nest, and their depth is limited.

mod mistakes;
mod names;

use std::collections::HashMap;
use std::ops::Range;

use super::error::Mistake;
use super::syntax::{Ast, Comparison, Holds, Id, Kind, Node, Relation, Symbol};
use super::token::{Placed, Token, tokens};

/// Brackets and functions inside each other; deeper ones would need an unknown amount of stack.
const DEEPEST: usize = 200;

type Parsed = Result<Id, Mistake>;

/// Parses a whole text.
pub(super) fn parse(text: &str) -> Result<Ast, Mistake> {
    let mut parser = Parser::of(&[text])?;
    if matches!(parser.token(), Token::End) {
        return Err(Mistake::new(parser.span(), "the formula is empty; expected something like `x^2 + 10*y^2`"));
    }
    let root = parser.expression()?;
    parser.end()?;
    Ok(parser.tree(vec![root]))
}

/// Parses relations that share their names with each other and with an objective, which stands before them. Places are those in
/// all texts behind each other, one character apart.
pub(super) fn parse_system(objective: Option<&str>, relations: &[&str]) -> Result<(Ast, Vec<Relation>), Mistake> {
    let texts: Vec<&str> = objective.into_iter().chain(relations.iter().copied()).collect();
    let mut parser = Parser::of(&texts)?;
    let mut roots = Vec::new();
    if objective.is_some() {
        if matches!(parser.token(), Token::End) {
            return Err(Mistake::new(parser.span(), "the formula is empty; expected something like `x^2 + 10*y^2`"));
        }
        roots.push(parser.expression()?);
        parser.end()?;
    }
    let mut found = Vec::with_capacity(relations.len());
    for _ in relations {
        let relation = parser.relation()?;
        parser.end()?;
        roots.extend([relation.left, relation.right]);
        found.push(relation);
    }
    Ok((parser.tree(roots), found))
}

struct Parser {
    tokens: Vec<Placed>,
    at: usize,
    depth: usize,
    nodes: Vec<Node>,
    symbols: Vec<String>,
    symbol_of: HashMap<String, Symbol>,
    free: Vec<(Symbol, Range<usize>)>,
    /// Names of the counters of the ranges around the current place, outermost first.
    counters: Vec<String>,
}

impl Parser {
    fn of(texts: &[&str]) -> Result<Parser, Mistake> {
        let (mut all, mut offset) = (Vec::new(), 0);
        for text in texts {
            let shifted = |span: Range<usize>| span.start + offset..span.end + offset;
            let list = tokens(text).map_err(|e| Mistake { span: shifted(e.span), ..e })?;
            all.extend(list.into_iter().map(|t| Placed { span: shifted(t.span), ..t }));
            offset += text.len() + 1;
        }
        Ok(Parser {
            tokens: all,
            at: 0,
            depth: 0,
            nodes: Vec::new(),
            symbols: Vec::new(),
            symbol_of: HashMap::new(),
            free: Vec::new(),
            counters: Vec::new(),
        })
    }

    fn tree(self, roots: Vec<Id>) -> Ast {
        Ast { nodes: self.nodes, roots, symbols: self.symbols, free: self.free }
    }

    /// The end of a text; what stands there otherwise is a mistake.
    fn end(&mut self) -> Result<(), Mistake> {
        if !matches!(self.token(), Token::End) {
            return Err(self.unexpected());
        }
        // Of the last text it stays the current token.
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        Ok(())
    }

    fn token(&self) -> &Token {
        &self.tokens[self.at].token
    }

    fn span(&self) -> Range<usize> {
        self.tokens[self.at].span.clone()
    }

    fn next_token(&self) -> &Token {
        &self.tokens[(self.at + 1).min(self.tokens.len() - 1)].token
    }

    fn advance(&mut self) {
        // The end stays the current token.
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.token(), Token::Symbol(s) if *s == symbol)
    }

    fn accept(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        if found {
            self.advance();
        }
        found
    }

    fn push(&mut self, kind: Kind, start: usize) -> Id {
        let end = if self.at == 0 { start } else { self.tokens[self.at - 1].span.end };
        self.nodes.push(Node { kind, span: start..end.max(start) });
        self.nodes.len() - 1
    }

    fn start(&self, id: Id) -> usize {
        self.nodes[id].span.start
    }

    /// A comparison, or what may stand on one of its sides.
    fn expression(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Mistake::new(self.span(), format!("brackets are nested more than {DEEPEST} deep here")));
        }
        let left = self.sum()?;
        let id = match self.comparison() {
            None => left,
            Some(comparison) => {
                self.advance();
                let right = self.sum()?;
                if self.comparison().is_some() {
                    return Err(Mistake::new(
                        self.span(),
                        "comparisons do not chain; write both and multiply them: `(0 < x)*(x < 1)`",
                    ));
                }
                let start = self.start(left);
                self.push(Kind::Compare(comparison, left, right), start)
            }
        };
        self.depth -= 1;
        Ok(id)
    }

    /// A condition: `left <= right`, `left >= right` or `left = right`.
    fn relation(&mut self) -> Result<Relation, Mistake> {
        if matches!(self.token(), Token::End) {
            return Err(Mistake::new(self.span(), "the constraint is empty; expected something like `x + y <= 1`"));
        }
        let left = self.sum()?;
        let sign = self.span();
        let holds = match self.token() {
            Token::Symbol("=" | "==") => Holds::Equal,
            Token::Symbol("<=") => Holds::AtMost,
            Token::Symbol(">=") => Holds::AtLeast,
            Token::Symbol(strict @ ("<" | ">")) => {
                let message = format!(
                    "a constraint includes its border, since without it there need not be a lowest point; write `{strict}=`"
                );
                return Err(Mistake::new(sign, message));
            }
            Token::Symbol("!=") => {
                return Err(Mistake::new(sign, "a constraint is `<=`, `>=` or `=`; `!=` excludes no neighbourhood"));
            }
            Token::End => {
                let message = "expected `<=`, `>=` or `=` and a value: a constraint is something like `x + y <= 1`";
                return Err(Mistake::new(sign, message));
            }
            _ => return Err(self.unexpected()),
        };
        self.advance();
        let right = self.sum()?;
        if self.comparison().is_some() || self.is("=") {
            let message = "comparisons do not chain; give the second one as a constraint of its own";
            return Err(Mistake::new(self.span(), message));
        }
        Ok(Relation { left, holds, right })
    }

    fn comparison(&self) -> Option<Comparison> {
        match self.token() {
            Token::Symbol(s) => Comparison::of(s),
            _ => None,
        }
    }

    fn sum(&mut self) -> Parsed {
        let first = self.product()?;
        let mut terms = vec![(false, first)];
        while self.is("+") || self.is("-") {
            let minus = self.is("-");
            self.advance();
            terms.push((minus, self.product()?));
        }
        Ok(if terms.len() == 1 {
            first
        } else {
            let start = self.start(first);
            self.push(Kind::Sum(terms), start)
        })
    }

    fn product(&mut self) -> Parsed {
        let first = self.signed()?;
        let mut factors = vec![(false, first)];
        while self.is("*") || self.is("/") {
            let divides = self.is("/");
            self.advance();
            factors.push((divides, self.signed()?));
        }
        Ok(if factors.len() == 1 {
            first
        } else {
            let start = self.start(first);
            self.push(Kind::Product(factors), start)
        })
    }

    /// Signs, of which only their number matters, and the place where they begin.
    fn signs(&mut self) -> (bool, usize) {
        let start = self.span().start;
        let mut negative = false;
        while self.is("-") || self.is("+") {
            negative ^= self.is("-");
            self.advance();
        }
        (negative, start)
    }

    fn signed(&mut self) -> Parsed {
        let (negative, start) = self.signs();
        let power = self.power()?;
        Ok(if negative { self.push(Kind::Neg(power), start) } else { power })
    }

    /// A tower of powers, put together from the top.
    fn power(&mut self) -> Parsed {
        let base = self.operand()?;
        let mut tower = vec![(false, base)];
        while self.accept("^") {
            if tower.len() > DEEPEST {
                return Err(Mistake::new(self.span(), format!("powers are stacked more than {DEEPEST} high here")));
            }
            let (negative, _) = self.signs();
            tower.push((negative, self.operand()?));
        }
        let mut above: Option<Id> = None;
        while let Some((negative, operand)) = tower.pop() {
            let start = self.start(operand);
            let mut id = match above {
                None => operand,
                Some(exponent) => self.push(Kind::Power(operand, exponent), start),
            };
            if negative {
                id = self.push(Kind::Neg(id), start);
            }
            above = Some(id);
        }
        Ok(above.unwrap_or(base))
    }

    /// A number, a name, an element, a call, or something in brackets.
    fn operand(&mut self) -> Parsed {
        let start = self.span().start;
        let id = match self.token().clone() {
            Token::Number(value) => {
                self.advance();
                self.push(Kind::Number(value), start)
            }
            Token::Name(name) => self.name(name)?,
            Token::Symbol("(") => {
                let open = self.span();
                self.advance();
                let inner = self.expression()?;
                self.close(")", &open)?;
                self.nodes[inner].span = start..self.tokens[self.at - 1].span.end;
                inner
            }
            Token::Symbol("[") => {
                let open = self.span();
                self.advance();
                let items = self.arguments("]", &open)?;
                self.push(Kind::List(items), start)
            }
            _ => return Err(self.missing_operand()),
        };
        if self.is("[") {
            return Err(Mistake::new(self.span(), "only a name can have an index, as in `x[1]`"));
        }
        Ok(id)
    }

    fn close(&mut self, closing: &str, open: &Range<usize>) -> Result<(), Mistake> {
        if self.accept(closing) {
            return Ok(());
        }
        match self.token() {
            Token::End => {
                let opening = if closing == ")" { "(" } else { "[" };
                Err(Mistake::new(open.clone(), format!("this `{opening}` is never closed; expected `{closing}`")))
            }
            Token::Symbol(found @ (")" | "]")) => {
                let message = format!("expected `{closing}`, found `{found}`");
                Err(Mistake::new(self.span(), message))
            }
            _ => Err(self.unexpected()),
        }
    }
}
