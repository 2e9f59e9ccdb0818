//! What is said where something stands that cannot stand there.

use super::Parser;
use crate::formula::error::Mistake;
use crate::formula::token::Token;

impl Parser {
    /// Something stands where an operand should.
    pub(super) fn missing_operand(&self) -> Mistake {
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
    pub(super) fn unexpected(&self) -> Mistake {
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
