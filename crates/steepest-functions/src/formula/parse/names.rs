//! What begins with a name: variables, elements, counters, calls and ranges.

use std::ops::Range;

use super::{DEEPEST, Parsed, Parser};
use crate::formula::error::Mistake;
use crate::formula::functions::{self, CONSTANTS, Known};
use crate::formula::syntax::{Id, Kind, Symbol};
use crate::formula::token::Token;

impl Parser {
    pub(super) fn name(&mut self, name: String) -> Parsed {
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
        if functions::is_taken(&name) {
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
    pub(super) fn arguments(&mut self, closing: &str, open: &Range<usize>) -> Result<Vec<Id>, Mistake> {
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
}
