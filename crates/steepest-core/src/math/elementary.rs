//! The functions for either precision under one name.

use super::log;
use crate::Real;

/// A number type that has the functions of this module; generic code calls them as `math::ln(x)`.
pub trait Elementary: Real {
    /// See [`ln`].
    #[must_use]
    fn ln(self) -> Self;
    /// See [`ln_1p`].
    #[must_use]
    fn ln_1p(self) -> Self;
}

impl Elementary for f64 {
    #[inline(always)]
    fn ln(self) -> f64 {
        log::ln64(self)
    }
    #[inline(always)]
    fn ln_1p(self) -> f64 {
        log::ln_1p64(self)
    }
}

impl Elementary for f32 {
    #[inline(always)]
    fn ln(self) -> f32 {
        log::ln32(self)
    }
    #[inline(always)]
    fn ln_1p(self) -> f32 {
        log::ln_1p32(self)
    }
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
