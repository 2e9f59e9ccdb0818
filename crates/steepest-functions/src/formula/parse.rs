//! Tokens to a tree: precedence climbing. Chains are loops; only brackets nest, and their depth is limited.

use std::collections::HashMap;
use std::ops::Range;

use super::error::Mistake;
use super::functions::{self, CONSTANTS, Known};
use super::syntax::{Ast, Comparison, Id, Kind, Node, Symbol};
use super::token::{Placed, Token, tokens};

/// Brackets and functions inside each other; deeper ones would need an unknown amount of stack.
const DEEPEST: usize = 200;

type Parsed = Result<Id, Mistake>;

/// Parses a whole text.
pub(super) fn parse(text: &str) -> Result<Ast, Mistake> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        nodes: Vec::new(),
        symbols: Vec::new(),
        symbol_of: HashMap::new(),
        free: Vec::new(),
        counters: Vec::new(),
    };
    if matches!(parser.token(), Token::End) {
        return Err(Mistake::new(parser.span(), "the formula is empty; expected something like `x^2 + 10*y^2`"));
    }
    let root = parser.expression()?;
    if !matches!(parser.token(), Token::End) {
        return Err(parser.unexpected());
    }
    Ok(Ast { nodes: parser.nodes, root, symbols: parser.symbols, free: parser.free })
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

    fn name(&mut self, name: String) -> Parsed {
        let span = self.span();
        self.advance();
        if self.is("(") {
            return self.call(&name, span);
        }
        if let Some(depth) = self.counters.iter().rposition(|c| *c == name) {
            return Ok(self.push(Kind::Counter(depth), span.start));
        }
        if let Some(&(_, value)) = CONSTANTS.iter().find(|c| c.0 == name) {
            return Ok(self.push(Kind::Number(value), span.start));
        }
        if functions::known(&name).is_some() {
            let message = format!("the function `{name}` needs its argument in parentheses: `{name}(…)`");
            return Err(Mistake::new(span, message));
        }
        if name.eq_ignore_ascii_case("pi") || name == "π" {
            return Err(Mistake::new(span, format!("the constant is written `pi`, not `{name}`")));
        }
        let symbol = self.symbol(name, &span);
        if !self.is("[") {
            return Ok(self.push(Kind::Name(symbol), span.start));
        }
        let open = self.span();
        self.advance();
        if self.is("]") {
            return Err(Mistake::new(self.span(), "expected an index, as in `x[1]` or `x[i]`"));
        }
        let index = self.expression()?;
        self.close("]", &open)?;
        Ok(self.push(Kind::Index(symbol, index), span.start))
    }

    /// The number of a name that is not a counter; new ones are noted with their place.
    fn symbol(&mut self, name: String, span: &Range<usize>) -> Symbol {
        if let Some(&symbol) = self.symbol_of.get(&name) {
            return symbol;
        }
        let symbol = self.symbols.len();
        self.symbols.push(name.clone());
        self.free.push((symbol, span.clone()));
        self.symbol_of.insert(name, symbol);
        symbol
    }

    fn call(&mut self, name: &str, span: Range<usize>) -> Parsed {
        let Some(known) = functions::known(name) else {
            let message = if self.symbol_of.contains_key(name) || name.chars().count() == 1 {
                format!("there is no function `{name}`; a product is written `{name}*(…)`")
            } else {
                match functions::nearest(name) {
                    Some(near) => format!("there is no function `{name}`; did you mean `{near}`?"),
                    None => format!("there is no function `{name}`; a product is written `{name}*(…)`"),
                }
            };
            return Err(Mistake::new(span, message));
        };
        let open = self.span();
        self.advance();
        if self.at_range() {
            if !known.what.has_range() {
                let message = format!("`{name}` does not run over a counter; sum, prod, max, min, mean and norm do");
                return Err(Mistake::new(self.span(), message));
            }
            let id = self.ranges(known, span.start)?;
            self.close(")", &open)?;
            return Ok(id);
        }
        let arguments = self.arguments(")", &open)?;
        let (fewest, most) = known.arguments;
        if !(fewest..=most).contains(&arguments.len()) {
            let wanted = match (fewest, most) {
                (1, 1) => "1 argument".to_string(),
                (1, _) => "at least 1 argument".to_string(),
                (k, _) => format!("{k} arguments"),
            };
            let end = self.tokens[self.at - 1].span.end;
            let message = format!("`{name}` takes {wanted}, found {}", arguments.len());
            return Err(Mistake::new(span.start..end, message));
        }
        Ok(self.push(Kind::Call(known, arguments), span.start))
    }

    /// Whether a counter with its range stands here: `i=` or `i in`.
    fn at_range(&self) -> bool {
        let follows = match self.next_token() {
            Token::Symbol("=") => true,
            Token::Name(word) => word == "in",
            _ => false,
        };
        matches!(self.token(), Token::Name(_)) && follows
    }

    /// `i=1..n, body`; the body may begin with another range.
    fn ranges(&mut self, known: &'static Known, start: usize) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Mistake::new(self.span(), format!("ranges are nested more than {DEEPEST} deep here")));
        }
        let Token::Name(counter) = self.token().clone() else { return Err(self.missing_operand()) };
        if CONSTANTS.iter().any(|c| c.0 == counter) || functions::known(&counter).is_some() {
            let message = format!("`{counter}` has a meaning of its own and cannot be a counter; take `i`, `j` or `k`");
            return Err(Mistake::new(self.span(), message));
        }
        self.advance();
        self.advance();
        let from = self.sum()?;
        if !self.accept("..") {
            return Err(Mistake::new(self.span(), format!("expected `..` and the end of the range: `{counter}=1..n`")));
        }
        let to = self.sum()?;
        if !self.accept(",") {
            let message = format!("expected `,` and what the {} runs over: `{counter}=1..n, …`", known.name);
            return Err(Mistake::new(self.span(), message));
        }
        self.counters.push(counter);
        let body = if self.at_range() { self.ranges(known, start)? } else { self.expression()? };
        self.counters.pop();
        self.depth -= 1;
        Ok(self.push(Kind::Range { known, from, to, body }, start))
    }

    /// Expressions separated by commas, up to the closing bracket.
    fn arguments(&mut self, closing: &str, open: &Range<usize>) -> Result<Vec<Id>, Mistake> {
        if self.is(closing) {
            return Err(Mistake::new(self.span(), "expected something between the brackets"));
        }
        let mut list = vec![self.expression()?];
        while self.accept(",") {
            if self.at_range() {
                return Err(Mistake::new(self.span(), "the range comes first: `sum(i=1..n, …)`"));
            }
            list.push(self.expression()?);
        }
        self.close(closing, open)?;
        Ok(list)
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

    /// Something stands where an operand should.
    fn missing_operand(&self) -> Mistake {
        let after = match self.at.checked_sub(1).map(|i| &self.tokens[i].token) {
            Some(Token::Symbol(symbol)) => format!(" after `{symbol}`"),
            _ => String::new(),
        };
        let found = self.found();
        let hint = match self.token() {
            Token::Symbol("=" | "==") => "; comparisons have something on both sides",
            Token::Symbol("*") if self.at > 0 => "; a power is written `^`",
            _ => "",
        };
        Mistake::new(self.span(), format!("expected a number, a name or `(`{after}, found {found}{hint}"))
    }

    /// Something stands where an operator or the end should.
    fn unexpected(&self) -> Mistake {
        let before = self.at.checked_sub(1).map(|i| &self.tokens[i].token);
        let message = match self.token() {
            Token::Name(name) => match before {
                Some(Token::Number(value)) => format!("expected an operator; a product is written `{value}*{name}`"),
                Some(Token::Name(left)) => format!("expected an operator; a product is written `{left}*{name}`"),
                _ => format!("expected an operator before `{name}`; a product is written with `*`"),
            },
            Token::Number(value) => match before {
                Some(Token::Symbol(")")) | Some(Token::Name(_)) => {
                    format!("expected an operator before `{value}`; a power is written with `^`, a product with `*`")
                }
                _ => format!("expected an operator before `{value}`"),
            },
            Token::Symbol("(") => "expected an operator before `(`; a product is written with `*`".into(),
            Token::Symbol(")") => "this `)` closes nothing; there is no `(` for it".into(),
            Token::Symbol("]") => "this `]` closes nothing; there is no `[` for it".into(),
            Token::Symbol(",") => {
                "a comma separates arguments of a function; a decimal number is written with a point: `1.5`".into()
            }
            Token::Symbol("=") => {
                "`=` is no operator; to solve an equation minimize the square of its difference, to compare write `==`"
                    .into()
            }
            Token::Symbol("..") => "a range belongs to a counter, as in `sum(i=1..n, x[i])`".into(),
            _ => format!("expected an operator, found {}", self.found()),
        };
        Mistake::new(self.span(), message)
    }

    fn found(&self) -> String {
        match self.token() {
            Token::Number(value) => format!("`{value}`"),
            Token::Name(name) => format!("`{name}`"),
            Token::Symbol(symbol) => format!("`{symbol}`"),
            Token::End => "the end of the formula".into(),
        }
    }
}
