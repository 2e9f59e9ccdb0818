//! The two floating-point types everything is generic over.

use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::StateVisitor;

/// `f32` or `f64`: the type of parameters and of the arithmetic on them.
///
/// The trait is small on purpose: kernels are written with the operators and the few functions here, so that one body
/// serves both types and nothing in it hides an allocation or a conversion.
pub trait Real:
    Copy
    + Send
    + Sync
    + 'static
    + Debug
    + Display
    + Default
    + PartialEq
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The distance from 1 to the next larger number.
    const EPSILON: Self;
    /// The name in files and messages: `"f32"` or `"f64"`.
    const NAME: &'static str;

    /// Rounds an `f64` to this type.
    fn from_f64(value: f64) -> Self;
    /// Widens to `f64`; exact.
    fn to_f64(self) -> f64;
    /// |x|.
    #[must_use]
    fn abs(self) -> Self;
    /// √x, correctly rounded.
    #[must_use]
    fn sqrt(self) -> Self;
    /// The larger of two numbers; the other one when one is NaN.
    #[must_use]
    fn max(self, other: Self) -> Self;
    /// The smaller of two numbers; the other one when one is NaN.
    #[must_use]
    fn min(self, other: Self) -> Self;
    /// −1, 0 or 1 (0 for both zeros), NaN for NaN.
    #[must_use]
    fn sign(self) -> Self;
    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// Shows a vector to the visitor by the method of this type.
    fn visit(values: &mut [Self], name: &str, state: &mut dyn StateVisitor);
}

macro_rules! real {
    ($t:ty, $name:literal, $visit:ident) => {
        impl Real for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const EPSILON: Self = <$t>::EPSILON;
            const NAME: &'static str = $name;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                <$t>::abs(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                <$t>::sqrt(self)
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                <$t>::max(self, other)
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                <$t>::min(self, other)
            }
            #[inline(always)]
            fn sign(self) -> Self {
                // Two selections, which become vector instructions.
                let not_positive = if self < 0.0 { -1.0 } else { self * 0.0 };
                if self > 0.0 { 1.0 } else { not_positive }
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                <$t>::is_finite(self)
            }
            fn visit(values: &mut [Self], name: &str, state: &mut dyn StateVisitor) {
                state.$visit(name, values);
            }
        }
    };
}
real!(f32, "f32", f32s);
real!(f64, "f64", f64s);
