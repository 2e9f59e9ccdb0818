//! `+ − * /` of expressions and numbers: what is trivial is left out, what has a number beside it is one operation.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::op::Op;
use super::{Expr, Operand};

impl<'b, R: Operand<'b>> Add<R> for Expr<'b> {
    type Output = Expr<'b>;

    fn add(self, other: R) -> Expr<'b> {
        let other = other.expr(self.builder);
        match (self.constant(), other.constant()) {
            (Some(0.0), _) => other,
            (_, Some(0.0)) => self,
            (Some(c), None) => other.apply_constant(Op::Shift, c),
            (None, Some(c)) => self.apply_constant(Op::Shift, c),
            _ if self.id == other.id => self.apply_constant(Op::Scale, 2.0),
            _ => self.apply_two(Op::Add, other),
        }
    }
}

impl<'b, R: Operand<'b>> Sub<R> for Expr<'b> {
    type Output = Expr<'b>;

    fn sub(self, other: R) -> Expr<'b> {
        let other = other.expr(self.builder);
        match (self.constant(), other.constant()) {
            (Some(c), None) => -other + c,
            (None, Some(c)) => self + -c,
            _ => self.apply_two(Op::Sub, other),
        }
    }
}

impl<'b, R: Operand<'b>> Mul<R> for Expr<'b> {
    type Output = Expr<'b>;

    fn mul(self, other: R) -> Expr<'b> {
        let other = other.expr(self.builder);
        match (self.constant(), other.constant()) {
            (Some(c), None) => other.scale(c),
            (None, Some(c)) => self.scale(c),
            _ if self.id == other.id => self.powi(2),
            _ => self.apply_two(Op::Mul, other),
        }
    }
}

impl<'b> Expr<'b> {
    /// A product with a constant. Nothing is left out at 0: 0·ln(x) is still not a number at x = −1.
    fn scale(self, c: f64) -> Expr<'b> {
        if c == 1.0 {
            self
        } else if c == -1.0 {
            -self
        } else {
            self.apply_constant(Op::Scale, c)
        }
    }
}

impl<'b, R: Operand<'b>> Div<R> for Expr<'b> {
    type Output = Expr<'b>;

    fn div(self, other: R) -> Expr<'b> {
        let other = other.expr(self.builder);
        match (self.constant(), other.constant()) {
            (Some(c), None) => other.apply_constant(Op::Over, c),
            (None, Some(1.0)) => self,
            (None, Some(c)) => self.apply_constant(Op::Under, c),
            _ => self.apply_two(Op::Div, other),
        }
    }
}

impl<'b> Neg for Expr<'b> {
    type Output = Expr<'b>;

    fn neg(self) -> Expr<'b> {
        self.apply(Op::Neg)
    }
}

impl<'b> Add<Expr<'b>> for f64 {
    type Output = Expr<'b>;

    fn add(self, other: Expr<'b>) -> Expr<'b> {
        other + self
    }
}

impl<'b> Sub<Expr<'b>> for f64 {
    type Output = Expr<'b>;

    fn sub(self, other: Expr<'b>) -> Expr<'b> {
        other.builder.constant(self) - other
    }
}

impl<'b> Mul<Expr<'b>> for f64 {
    type Output = Expr<'b>;

    fn mul(self, other: Expr<'b>) -> Expr<'b> {
        other * self
    }
}

impl<'b> Div<Expr<'b>> for f64 {
    type Output = Expr<'b>;

    fn div(self, other: Expr<'b>) -> Expr<'b> {
        other.builder.constant(self) / other
    }
}
