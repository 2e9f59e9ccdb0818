//! Expressions: what arithmetic on variables looks like.

use super::Builder;
use super::op::Op;

/// A value that depends on the variables of a [`Builder`]. Arithmetic with other expressions and with numbers, and the
/// methods below, record operations.
#[derive(Clone, Copy)]
pub struct Expr<'b> {
    pub(super) builder: &'b Builder,
    pub(super) id: u32,
}

/// What can stand beside an expression: another expression, or a number.
pub trait Operand<'b> {
    /// As an expression of this builder.
    fn expr(self, builder: &'b Builder) -> Expr<'b>;
}

impl<'b> Operand<'b> for Expr<'b> {
    fn expr(self, _: &'b Builder) -> Expr<'b> {
        self
    }
}

impl<'b> Operand<'b> for f64 {
    fn expr(self, builder: &'b Builder) -> Expr<'b> {
        builder.constant(self)
    }
}

impl<'b> Expr<'b> {
    pub(super) fn new(builder: &'b Builder, id: u32) -> Expr<'b> {
        Expr { builder, id }
    }

    pub(super) fn builder(self) -> &'b Builder {
        self.builder
    }

    /// The value, where the expression does not depend on a variable.
    pub fn constant(self) -> Option<f64> {
        self.builder.value_of(self)
    }

    pub(super) fn apply(self, op: Op) -> Expr<'b> {
        self.builder.unary(op, self)
    }

    pub(super) fn apply_constant(self, op: Op, c: f64) -> Expr<'b> {
        self.builder.with_constant(op, self, c)
    }

    pub(super) fn apply_two(self, op: Op, other: impl Operand<'b>) -> Expr<'b> {
        self.builder.binary(op, self, other.expr(self.builder))
    }

    /// xⁿ.
    pub fn powi(self, n: i32) -> Expr<'b> {
        match n {
            0 => self.builder.constant(1.0),
            1 => self,
            2 => self.apply(Op::Square),
            -1 => 1.0 / self,
            _ => self.apply_constant(Op::PowInt, f64::from(n)),
        }
    }

    /// xᶜ; NaN for negative x unless c is an integer.
    pub fn powf(self, c: f64) -> Expr<'b> {
        if c.fract() == 0.0 && c.abs() <= 1024.0 {
            return self.powi(c as i32);
        }
        if c == 0.5 {
            return self.sqrt();
        }
        let squares = c > 0.0 && self.builder.is_sum_of_squares(self);
        self.apply_constant(if squares { Op::PowOfSquares } else { Op::PowConst }, c)
    }

    /// xʸ; NaN for negative x unless y is an integer.
    pub fn pow(self, y: impl Operand<'b>) -> Expr<'b> {
        let y = y.expr(self.builder);
        match y.constant() {
            Some(c) => self.powf(c),
            None => self.apply_two(Op::Pow, y),
        }
    }

    /// √x. Where x is visibly a sum of squares, as in a norm, the slope at 0 is 0; else it is infinite there.
    pub fn sqrt(self) -> Expr<'b> {
        let squares = self.builder.is_sum_of_squares(self);
        self.apply(if squares { Op::RootOfSquares } else { Op::Sqrt })
    }

    /// ∛x.
    pub fn cbrt(self) -> Expr<'b> {
        self.apply(Op::Cbrt)
    }

    /// eˣ.
    pub fn exp(self) -> Expr<'b> {
        self.apply(Op::Exp)
    }

    /// eˣ − 1, without cancellation near 0.
    pub fn exp_m1(self) -> Expr<'b> {
        self.apply(Op::ExpM1)
    }

    /// The natural logarithm.
    pub fn ln(self) -> Expr<'b> {
        self.apply(Op::Ln)
    }

    /// ln(1 + x), without cancellation near 0.
    pub fn ln_1p(self) -> Expr<'b> {
        self.apply(Op::Ln1p)
    }

    /// The logarithm to base 2.
    pub fn log2(self) -> Expr<'b> {
        self.apply(Op::Log2)
    }

    /// The logarithm to base 10.
    pub fn log10(self) -> Expr<'b> {
        self.apply(Op::Log10)
    }

    /// The sine.
    pub fn sin(self) -> Expr<'b> {
        self.apply(Op::Sin)
    }

    /// The cosine.
    pub fn cos(self) -> Expr<'b> {
        self.apply(Op::Cos)
    }

    /// The tangent.
    pub fn tan(self) -> Expr<'b> {
        self.apply(Op::Tan)
    }

    /// The inverse of the sine.
    pub fn asin(self) -> Expr<'b> {
        self.apply(Op::Asin)
    }

    /// The inverse of the cosine.
    pub fn acos(self) -> Expr<'b> {
        self.apply(Op::Acos)
    }

    /// The inverse of the tangent.
    pub fn atan(self) -> Expr<'b> {
        self.apply(Op::Atan)
    }

    /// The angle of the point (x, self), in −π…π; slope 0 at (0, 0).
    pub fn atan2(self, x: impl Operand<'b>) -> Expr<'b> {
        self.apply_two(Op::Atan2, x)
    }

    /// √(self² + other²) without overflow; slope 0 at (0, 0).
    pub fn hypot(self, other: impl Operand<'b>) -> Expr<'b> {
        self.apply_two(Op::Hypot, other)
    }

    /// The hyperbolic sine.
    pub fn sinh(self) -> Expr<'b> {
        self.apply(Op::Sinh)
    }

    /// The hyperbolic cosine.
    pub fn cosh(self) -> Expr<'b> {
        self.apply(Op::Cosh)
    }

    /// The hyperbolic tangent.
    pub fn tanh(self) -> Expr<'b> {
        self.apply(Op::Tanh)
    }

    /// The inverse of the hyperbolic sine.
    pub fn asinh(self) -> Expr<'b> {
        self.apply(Op::Asinh)
    }

    /// The inverse of the hyperbolic cosine.
    pub fn acosh(self) -> Expr<'b> {
        self.apply(Op::Acosh)
    }

    /// The inverse of the hyperbolic tangent.
    pub fn atanh(self) -> Expr<'b> {
        self.apply(Op::Atanh)
    }

    /// |x|; slope 0 at 0.
    pub fn abs(self) -> Expr<'b> {
        self.apply(Op::Abs)
    }

    /// −1, 0 or 1; slope 0.
    pub fn sign(self) -> Expr<'b> {
        self.apply(Op::Sign)
    }

    /// The largest integer that is not larger; slope 0.
    pub fn floor(self) -> Expr<'b> {
        self.apply(Op::Floor)
    }

    /// The smallest integer that is not smaller; slope 0.
    pub fn ceil(self) -> Expr<'b> {
        self.apply(Op::Ceil)
    }

    /// The nearest integer, halves away from 0; slope 0.
    pub fn round(self) -> Expr<'b> {
        self.apply(Op::Round)
    }

    /// The error function.
    pub fn erf(self) -> Expr<'b> {
        self.apply(Op::Erf)
    }

    /// 2ˣ.
    pub fn exp2(self) -> Expr<'b> {
        self.builder.constant(2.0).pow(self)
    }

    /// 1 − erf(x), exact to the last digits also where erf is near 1.
    pub fn erfc(self) -> Expr<'b> {
        self.apply(Op::Erfc)
    }

    /// The gamma function, (x − 1)! at whole numbers; its slope is Γ(x)·ψ(x).
    pub fn gamma(self) -> Expr<'b> {
        self.apply(Op::Gamma)
    }

    /// ln |Γ(x)|; its slope is ψ(x).
    pub fn ln_gamma(self) -> Expr<'b> {
        self.apply(Op::LnGamma)
    }

    /// ψ(x) = Γ′(x)/Γ(x).
    pub fn digamma(self) -> Expr<'b> {
        self.apply(Op::Digamma)
    }

    /// 1/(1 + e⁻ˣ).
    pub fn sigmoid(self) -> Expr<'b> {
        self.apply(Op::Sigmoid)
    }

    /// ln(1 + eˣ), without overflow.
    pub fn softplus(self) -> Expr<'b> {
        self.apply(Op::Softplus)
    }

    /// The larger of two; at a tie the slope is that of `self`.
    pub fn max(self, other: impl Operand<'b>) -> Expr<'b> {
        self.apply_two(Op::Max, other)
    }

    /// The smaller of two; at a tie the slope is that of `self`.
    pub fn min(self, other: impl Operand<'b>) -> Expr<'b> {
        self.apply_two(Op::Min, other)
    }

    /// The remainder x − y⌊x/y⌋, with the sign of y.
    pub fn modulo(self, y: impl Operand<'b>) -> Expr<'b> {
        self.apply_two(Op::Rem, y)
    }

    /// 1 where self < other, else 0; slope 0.
    pub fn less(self, other: impl Operand<'b>) -> Expr<'b> {
        self.apply_two(Op::Less, other)
    }

    /// 1 where self ≤ other, else 0; slope 0.
    pub fn less_eq(self, other: impl Operand<'b>) -> Expr<'b> {
        self.apply_two(Op::LessEq, other)
    }

    /// 1 where self = other, else 0; slope 0.
    pub fn equal(self, other: impl Operand<'b>) -> Expr<'b> {
        self.apply_two(Op::Equal, other)
    }
}
