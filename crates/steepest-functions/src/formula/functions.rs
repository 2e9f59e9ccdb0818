//! The functions a formula can call.

use std::fmt;

use crate::graph::Expr;

use super::near::near;

/// A function by its name.
pub(super) struct Known {
    pub(super) name: &'static str,
    /// Fewest and most arguments.
    pub(super) arguments: (usize, usize),
    pub(super) what: What,
}

/// What a function does with its arguments.
pub(super) enum What {
    /// One number to one number; of a vector, every element.
    Map(for<'b> fn(Expr<'b>) -> Expr<'b>),
    /// Two numbers to one; of vectors, element by element.
    Pair(for<'b> fn(Expr<'b>, Expr<'b>) -> Expr<'b>),
    /// Any number of numbers, or the elements of one vector, to one.
    Reduce(Reduce),
    /// Σ aᵢbᵢ.
    Dot,
    /// x, but not below the second and not above the third argument.
    Clamp,
    /// Second or third argument, as the first is not or is 0.
    If,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reduce {
    Sum,
    Product,
    Max,
    Min,
    Mean,
    Norm,
    LogSumExp,
}

impl What {
    /// Whether it can run over a counter.
    pub(super) fn has_range(&self) -> bool {
        matches!(self, What::Reduce(_))
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A function whose name is as often that of a parameter: without parentheses behind it, it is one.
const GAMMA: &str = "gamma";

const ANY: usize = usize::MAX;

const fn map(name: &'static str, f: for<'b> fn(Expr<'b>) -> Expr<'b>) -> Known {
    Known { name, arguments: (1, 1), what: What::Map(f) }
}

const fn pair(name: &'static str, f: for<'b> fn(Expr<'b>, Expr<'b>) -> Expr<'b>) -> Known {
    Known { name, arguments: (2, 2), what: What::Pair(f) }
}

const fn reduce(name: &'static str, how: Reduce) -> Known {
    Known { name, arguments: (1, ANY), what: What::Reduce(how) }
}

static KNOWN: [Known; 63] = [
    map("abs", |x| x.abs()),
    map("sqrt", |x| x.sqrt()),
    map("cbrt", |x| x.cbrt()),
    map("exp", |x| x.exp()),
    map("expm1", |x| x.exp_m1()),
    map("ln", |x| x.ln()),
    map("log", |x| x.ln()),
    map("log1p", |x| x.ln_1p()),
    map("exp2", |x| x.exp2()),
    map("log2", |x| x.log2()),
    map("log10", |x| x.log10()),
    map("sin", |x| x.sin()),
    map("cos", |x| x.cos()),
    map("tan", |x| x.tan()),
    map("asin", |x| x.asin()),
    map("acos", |x| x.acos()),
    map("atan", |x| x.atan()),
    map("arcsin", |x| x.asin()),
    map("arccos", |x| x.acos()),
    map("arctan", |x| x.atan()),
    map("sinh", |x| x.sinh()),
    map("cosh", |x| x.cosh()),
    map("tanh", |x| x.tanh()),
    map("asinh", |x| x.asinh()),
    map("acosh", |x| x.acosh()),
    map("atanh", |x| x.atanh()),
    map("arsinh", |x| x.asinh()),
    map("arcsinh", |x| x.asinh()),
    map("arcosh", |x| x.acosh()),
    map("arccosh", |x| x.acosh()),
    map("artanh", |x| x.atanh()),
    map("arctanh", |x| x.atanh()),
    map("cot", |x| 1.0 / x.tan()),
    map("sec", |x| 1.0 / x.cos()),
    map("csc", |x| 1.0 / x.sin()),
    map("erf", |x| x.erf()),
    map("erfc", |x| x.erfc()),
    map(GAMMA, |x| x.gamma()),
    map("lgamma", |x| x.ln_gamma()),
    map("gammaln", |x| x.ln_gamma()),
    map("digamma", |x| x.digamma()),
    map("sigmoid", |x| x.sigmoid()),
    map("softplus", |x| x.softplus()),
    map("relu", |x| x.max(0.0)),
    map("sign", |x| x.sign()),
    map("floor", |x| x.floor()),
    map("ceil", |x| x.ceil()),
    map("round", |x| x.round()),
    pair("atan2", |y, x| y.atan2(x)),
    pair("hypot", |x, y| x.hypot(y)),
    pair("pow", |x, y| x.pow(y)),
    pair("mod", |x, y| x.modulo(y)),
    reduce("sum", Reduce::Sum),
    reduce("prod", Reduce::Product),
    reduce("product", Reduce::Product),
    reduce("max", Reduce::Max),
    reduce("min", Reduce::Min),
    reduce("mean", Reduce::Mean),
    reduce("norm", Reduce::Norm),
    reduce("logsumexp", Reduce::LogSumExp),
    Known { name: "dot", arguments: (2, 2), what: What::Dot },
    Known { name: "clamp", arguments: (3, 3), what: What::Clamp },
    Known { name: "if", arguments: (3, 3), what: What::If },
];

/// Named constants.
pub(super) const CONSTANTS: [(&str, f64); 2] = [("pi", std::f64::consts::PI), ("e", std::f64::consts::E)];

/// The function of this name.
pub(super) fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|k| k.name == name)
}

/// Whether a name is a function's even where nothing is called.
pub(super) fn is_taken(name: &str) -> bool {
    name != GAMMA && known(name).is_some()
}

/// The function whose name is nearest.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    near(name, KNOWN.iter().map(|k| k.name))
}
