//! The operations of a graph: their values, slopes and second derivatives.

use steepest_core::math;

use super::gamma::{digamma, tetragamma, trigamma};

/// What a node computes. The operands are called a and b; c is the value of a constant node in the place of b.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(super) enum Op {
    Input,
    Constant,
    // Of two operands.
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Atan2,
    Hypot,
    Max,
    Min,
    Rem,
    Less,
    LessEq,
    Equal,
    // Of one operand and a constant: a + c, a·c, a/c, c/a, aᶜ with c an integer, aᶜ.
    Shift,
    Scale,
    Under,
    Over,
    PowInt,
    PowConst,
    // Of one operand. The root and the power "of squares" have an argument with slope 0 wherever it is 0.
    PowOfSquares,
    Neg,
    Square,
    Sqrt,
    RootOfSquares,
    Cbrt,
    Exp,
    ExpM1,
    Ln,
    Ln1p,
    Log2,
    Log10,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Asinh,
    Acosh,
    Atanh,
    Abs,
    Sign,
    Floor,
    Ceil,
    Round,
    Erf,
    Erfc,
    Gamma,
    LnGamma,
    Digamma,
    Sigmoid,
    Softplus,
    // Of a list of operands: their sum; the second or the third, as the first is not or is zero.
    Sum,
    Select,
}

impl Op {
    /// Whether `a` and `b` are two operands.
    pub(super) fn is_binary(self) -> bool {
        (Op::Add..=Op::Equal).contains(&self)
    }

    /// Whether `b` is a constant that the operation depends on.
    pub(super) fn has_constant(self) -> bool {
        (Op::Shift..=Op::PowOfSquares).contains(&self)
    }

    /// Whether the operands are a list.
    pub(super) fn is_list(self) -> bool {
        matches!(self, Op::Sum | Op::Select)
    }

    pub(super) fn is_unary(self) -> bool {
        (Op::Shift..=Op::Softplus).contains(&self)
    }
}

/// xⁿ by repeated squaring.
pub(super) fn powi(x: f64, n: i32) -> f64 {
    let mut base = if n < 0 { 1.0 / x } else { x };
    let mut left = n.unsigned_abs();
    let mut result = 1.0;
    while left > 0 {
        if left & 1 == 1 {
            result *= base;
        }
        left >>= 1;
        if left > 0 {
            base *= base;
        }
    }
    result
}

/// The value of an operation on one operand.
#[inline(always)]
pub(super) fn unary(op: Op, x: f64, c: f64) -> f64 {
    match op {
        Op::Shift => x + c,
        Op::Scale => x * c,
        Op::Under => x / c,
        Op::Over => c / x,
        Op::PowInt => powi(x, c as i32),
        Op::PowConst | Op::PowOfSquares => x.powf(c),
        Op::Neg => -x,
        Op::Square => x * x,
        Op::Sqrt | Op::RootOfSquares => x.sqrt(),
        Op::Cbrt => x.cbrt(),
        Op::Exp => math::exp(x),
        Op::ExpM1 => math::exp_m1(x),
        Op::Ln => math::ln(x),
        Op::Ln1p => math::ln_1p(x),
        Op::Log2 => x.log2(),
        Op::Log10 => x.log10(),
        Op::Sin => x.sin(),
        Op::Cos => x.cos(),
        Op::Tan => x.tan(),
        Op::Asin => x.asin(),
        Op::Acos => x.acos(),
        Op::Atan => x.atan(),
        Op::Sinh => x.sinh(),
        Op::Cosh => x.cosh(),
        Op::Tanh => math::tanh(x),
        Op::Asinh => x.asinh(),
        Op::Acosh => x.acosh(),
        Op::Atanh => x.atanh(),
        Op::Abs => x.abs(),
        Op::Sign => sign(x),
        Op::Floor => x.floor(),
        Op::Ceil => x.ceil(),
        Op::Round => x.round(),
        Op::Erf => math::erf(x),
        Op::Erfc => libm::erfc(x),
        Op::Gamma => libm::tgamma(x),
        Op::LnGamma => libm::lgamma(x),
        Op::Digamma => digamma(x),
        Op::Sigmoid => math::sigmoid(x),
        Op::Softplus => math::log1p_exp(x),
        _ => f64::NAN,
    }
}

/// The sign of a number: −1, 0 or 1; NaN of NaN.
fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        // Zero and NaN stay what they are.
        x
    }
}

/// The derivative of an operation on one operand, whose value is `z`.
#[inline(always)]
pub(super) fn slope(op: Op, x: f64, c: f64, z: f64) -> f64 {
    match op {
        Op::Shift => 1.0,
        Op::Scale => c,
        Op::Under => 1.0 / c,
        Op::Over => -z / x,
        Op::PowInt => c * powi(x, c as i32 - 1),
        Op::PowConst => c * x.powf(c - 1.0),
        Op::PowOfSquares if x == 0.0 => 0.0,
        Op::PowOfSquares => c * z / x,
        Op::Neg => -1.0,
        Op::Square => 2.0 * x,
        Op::RootOfSquares if z == 0.0 => 0.0,
        Op::Sqrt | Op::RootOfSquares => 0.5 / z,
        Op::Cbrt => 1.0 / (3.0 * z * z),
        Op::Exp => z,
        Op::ExpM1 => math::exp(x),
        Op::Ln => 1.0 / x,
        Op::Ln1p => 1.0 / (1.0 + x),
        Op::Log2 => std::f64::consts::LOG2_E / x,
        Op::Log10 => std::f64::consts::LOG10_E / x,
        Op::Sin => x.cos(),
        Op::Cos => -x.sin(),
        Op::Tan => 1.0 + z * z,
        Op::Asin => 1.0 / ((1.0 - x) * (1.0 + x)).sqrt(),
        Op::Acos => -1.0 / ((1.0 - x) * (1.0 + x)).sqrt(),
        Op::Atan => 1.0 / (1.0 + x * x),
        Op::Sinh => x.cosh(),
        Op::Cosh => x.sinh(),
        Op::Tanh => (1.0 - z) * (1.0 + z),
        Op::Asinh => 1.0 / 1f64.hypot(x),
        Op::Acosh => 1.0 / ((x - 1.0) * (x + 1.0)).sqrt(),
        Op::Atanh => 1.0 / ((1.0 - x) * (1.0 + x)),
        Op::Abs => sign(x),
        Op::Sign | Op::Floor | Op::Ceil | Op::Round => 0.0,
        Op::Erf => std::f64::consts::FRAC_2_SQRT_PI * math::exp(-x * x),
        Op::Erfc => -std::f64::consts::FRAC_2_SQRT_PI * math::exp(-x * x),
        Op::Gamma => z * digamma(x),
        Op::LnGamma => digamma(x),
        Op::Digamma => trigamma(x),
        Op::Sigmoid => z * math::sigmoid(-x),
        Op::Softplus => math::sigmoid(x),
        _ => f64::NAN,
    }
}

/// The second derivative of an operation on one operand, whose value is `z` and whose slope is `s`.
#[inline(always)]
pub(super) fn bend(op: Op, x: f64, c: f64, z: f64, s: f64) -> f64 {
    match op {
        Op::Shift | Op::Scale | Op::Under | Op::Neg => 0.0,
        Op::Over => -2.0 * s / x,
        Op::PowInt => c * (c - 1.0) * powi(x, c as i32 - 2),
        Op::PowConst => c * (c - 1.0) * x.powf(c - 2.0),
        Op::PowOfSquares if x == 0.0 => 0.0,
        Op::PowOfSquares => (c - 1.0) * s / x,
        Op::Square => 2.0,
        Op::RootOfSquares if z == 0.0 => 0.0,
        Op::Sqrt | Op::RootOfSquares => -0.5 * s / x,
        Op::Cbrt => -2.0 / 3.0 * s / x,
        Op::Exp => z,
        Op::ExpM1 => s,
        Op::Ln | Op::Log2 | Op::Log10 => -s / x,
        Op::Ln1p => -s * s,
        Op::Sin | Op::Cos => -z,
        Op::Tan => 2.0 * z * s,
        Op::Asin | Op::Acos => x * s * s * s,
        Op::Atan => -2.0 * x * s * s,
        Op::Sinh | Op::Cosh => z,
        Op::Tanh => -2.0 * z * s,
        Op::Asinh | Op::Acosh => -x * s * s * s,
        Op::Atanh => 2.0 * x * s * s,
        Op::Abs | Op::Sign | Op::Floor | Op::Ceil | Op::Round => 0.0,
        Op::Erf | Op::Erfc => -2.0 * x * s,
        Op::Gamma => {
            let log_slope = digamma(x);
            z * (log_slope * log_slope + trigamma(x))
        }
        Op::LnGamma => trigamma(x),
        Op::Digamma => tetragamma(x),
        Op::Sigmoid => s * (1.0 - 2.0 * z),
        Op::Softplus => s * math::sigmoid(-x),
        _ => f64::NAN,
    }
}

/// The value of an operation on two operands.
#[inline(always)]
pub(super) fn binary(op: Op, a: f64, b: f64) -> f64 {
    match op {
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Mul => a * b,
        Op::Div => a / b,
        Op::Pow => a.powf(b),
        Op::Atan2 => a.atan2(b),
        Op::Hypot => a.hypot(b),
        // Unlike the standard library's, these two keep a NaN.
        Op::Max => {
            if a >= b {
                a
            } else if b > a {
                b
            } else {
                f64::NAN
            }
        }
        Op::Min => {
            if a <= b {
                a
            } else if b < a {
                b
            } else {
                f64::NAN
            }
        }
        Op::Rem => a - b * (a / b).floor(),
        Op::Less => compare(a, b, a < b),
        Op::LessEq => compare(a, b, a <= b),
        Op::Equal => compare(a, b, a == b),
        _ => f64::NAN,
    }
}

/// A comparison as a number; NaN is neither true nor false.
fn compare(a: f64, b: f64, holds: bool) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { f64::from(u8::from(holds)) }
}

/// First and second partial derivatives of an operation on two operands.
#[derive(Clone, Copy)]
pub(super) struct Partials {
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) aa: f64,
    pub(super) ab: f64,
    pub(super) bb: f64,
}

const FLAT: Partials = Partials { a: 0.0, b: 0.0, aa: 0.0, ab: 0.0, bb: 0.0 };

/// The first partial derivatives of an operation on two operands, whose value is `z`.
#[inline(always)]
pub(super) fn slopes(op: Op, a: f64, b: f64, z: f64) -> (f64, f64) {
    match op {
        Op::Add => (1.0, 1.0),
        Op::Sub => (1.0, -1.0),
        Op::Mul => (b, a),
        Op::Div => (1.0 / b, -z / b),
        Op::Max => {
            if a >= b {
                (1.0, 0.0)
            } else {
                (0.0, 1.0)
            }
        }
        Op::Min => {
            if a <= b {
                (1.0, 0.0)
            } else {
                (0.0, 1.0)
            }
        }
        _ => {
            let p = partials(op, a, b, z);
            (p.a, p.b)
        }
    }
}

/// The partial derivatives of an operation on two operands, whose value is `z`.
pub(super) fn partials(op: Op, a: f64, b: f64, z: f64) -> Partials {
    match op {
        Op::Add => Partials { a: 1.0, b: 1.0, ..FLAT },
        Op::Sub => Partials { a: 1.0, b: -1.0, ..FLAT },
        Op::Mul => Partials { a: b, b: a, ab: 1.0, ..FLAT },
        Op::Div => {
            let r = 1.0 / b;
            Partials { a: r, b: -z * r, aa: 0.0, ab: -r * r, bb: 2.0 * z * r * r }
        }
        Op::Pow => pow_partials(a, b, z),
        Op::Atan2 => {
            let s = a * a + b * b;
            if s == 0.0 {
                return FLAT;
            }
            let mixed = (a * a - b * b) / (s * s);
            let twice = 2.0 * a * b / (s * s);
            Partials { a: b / s, b: -a / s, aa: -twice, ab: mixed, bb: twice }
        }
        Op::Hypot => {
            if z == 0.0 {
                return FLAT;
            }
            let (p, q) = (a / z, b / z);
            Partials { a: p, b: q, aa: q * q / z, ab: -p * q / z, bb: p * p / z }
        }
        Op::Max | Op::Min => {
            let (a, b) = slopes(op, a, b, z);
            Partials { a, b, ..FLAT }
        }
        Op::Rem => Partials { a: 1.0, b: -(a / b).floor(), ..FLAT },
        _ => FLAT,
    }
}

/// Of aᵇ; at a = 0 the logarithm's products are replaced by their limits.
fn pow_partials(a: f64, b: f64, z: f64) -> Partials {
    let times = |factor: f64, power: f64| if factor == 0.0 { 0.0 } else { factor * a.powf(power) };
    let log = a.ln();
    let with_log = |value: f64, factor: f64| if value == 0.0 { 0.0 } else { value * factor };
    Partials {
        a: times(b, b - 1.0),
        b: with_log(z, log),
        aa: times(b * (b - 1.0), b - 2.0),
        ab: with_log(a.powf(b - 1.0), 1.0 + b * log),
        bb: with_log(z, log * log),
    }
}
