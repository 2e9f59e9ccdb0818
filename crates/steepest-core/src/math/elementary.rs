//! The functions for either precision under one name.

use super::erf::{erf32, erf64};
use super::exp::{exp_m1_32, exp_m1_64, exp32, exp64};
use super::log::{ln_1p32, ln_1p64, ln32, ln64};
use super::logistic::{logistic32, logistic64, tanh32, tanh64};
use crate::Real;

/// A number type that has the functions of this module; generic code calls them as `math::exp(x)`.
pub trait Elementary: Real {
    /// See [`exp`](fn@exp).
    #[must_use]
    fn exp(self) -> Self;
    /// See [`exp_m1`](fn@exp_m1).
    #[must_use]
    fn exp_m1(self) -> Self;
    /// See [`ln`](fn@ln).
    #[must_use]
    fn ln(self) -> Self;
    /// See [`ln_1p`](fn@ln_1p).
    #[must_use]
    fn ln_1p(self) -> Self;
    /// See [`log1p_exp_and_sigmoid`](fn@log1p_exp_and_sigmoid).
    #[must_use]
    fn log1p_exp_and_sigmoid(self) -> (Self, Self);
    /// See [`tanh`](fn@tanh).
    #[must_use]
    fn tanh(self) -> Self;
    /// See [`erf`](fn@erf).
    #[must_use]
    fn erf(self) -> Self;
}

impl Elementary for f64 {
    #[inline(always)]
    fn exp(self) -> f64 {
        exp64(self)
    }
    #[inline(always)]
    fn exp_m1(self) -> f64 {
        exp_m1_64(self)
    }
    #[inline(always)]
    fn ln(self) -> f64 {
        ln64(self)
    }
    #[inline(always)]
    fn ln_1p(self) -> f64 {
        ln_1p64(self)
    }
    #[inline(always)]
    fn log1p_exp_and_sigmoid(self) -> (f64, f64) {
        logistic64(self)
    }
    #[inline(always)]
    fn tanh(self) -> f64 {
        tanh64(self)
    }
    #[inline(always)]
    fn erf(self) -> f64 {
        erf64(self)
    }
}

impl Elementary for f32 {
    #[inline(always)]
    fn exp(self) -> f32 {
        exp32(self)
    }
    #[inline(always)]
    fn exp_m1(self) -> f32 {
        exp_m1_32(self)
    }
    #[inline(always)]
    fn ln(self) -> f32 {
        ln32(self)
    }
    #[inline(always)]
    fn ln_1p(self) -> f32 {
        ln_1p32(self)
    }
    #[inline(always)]
    fn log1p_exp_and_sigmoid(self) -> (f32, f32) {
        logistic32(self)
    }
    #[inline(always)]
    fn tanh(self) -> f32 {
        tanh32(self)
    }
    #[inline(always)]
    fn erf(self) -> f32 {
        erf32(self)
    }
}

/// The exponential eˣ: ∞ from 709.79 (`f32`: 88.73), subnormal and then 0 below −708.4 (−87.3).
#[inline(always)]
pub fn exp<T: Elementary>(x: T) -> T {
    x.exp()
}

/// eˣ − 1, accurate for small x; −1 at −∞.
#[inline(always)]
pub fn exp_m1<T: Elementary>(x: T) -> T {
    x.exp_m1()
}

/// The natural logarithm ln x: −∞ at both zeros, NaN below.
#[inline(always)]
pub fn ln<T: Elementary>(x: T) -> T {
    x.ln()
}

/// ln(1 + x), accurate for small x: −∞ at −1, NaN below.
#[inline(always)]
pub fn ln_1p<T: Elementary>(x: T) -> T {
    x.ln_1p()
}

/// ln(1 + eˣ) without overflow (softplus): eˣ far below 0, x far above.
#[inline(always)]
pub fn log1p_exp<T: Elementary>(x: T) -> T {
    x.log1p_exp_and_sigmoid().0
}

/// The logistic function 1/(1 + e⁻ˣ), the derivative of [`log1p_exp`]; its small values keep their relative accuracy.
#[inline(always)]
pub fn sigmoid<T: Elementary>(x: T) -> T {
    x.log1p_exp_and_sigmoid().1
}

/// [`log1p_exp`] and its derivative [`sigmoid`] for the price of little more than the first.
#[inline(always)]
pub fn log1p_exp_and_sigmoid<T: Elementary>(x: T) -> (T, T) {
    x.log1p_exp_and_sigmoid()
}

/// The hyperbolic tangent: ±1 at ±∞.
#[inline(always)]
pub fn tanh<T: Elementary>(x: T) -> T {
    x.tanh()
}

/// The error function 2/√π ∫₀ˣ exp(−t²) dt: ±1 at ±∞.
#[inline(always)]
pub fn erf<T: Elementary>(x: T) -> T {
    x.erf()
}
