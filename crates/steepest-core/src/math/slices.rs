//! The functions over whole slices, and the ordered log-sum-exp.

use super::{Elementary, erf, exp, exp_m1, ln, ln_1p, log1p_exp, sigmoid, tanh};
use crate::isa::{Isa, Kernel};

/// `x[i] ← f(x[i])` for every element, compiled for the instruction set at hand when `f` is plain arithmetic and functions of
/// this module.
///
/// ```
/// use steepest_core::math;
/// let mut x = [0.0, 1.0, 2.0];
/// math::apply(&mut x, |v: f64| math::exp(-0.5 * v * v));
/// assert_eq!(x[2], math::exp(-2.0));
/// ```
pub fn apply<T: Elementary>(x: &mut [T], f: impl Fn(T) -> T) {
    Isa::detect().run(Map { x, f });
}

struct Map<'a, T, F> {
    x: &'a mut [T],
    f: F,
}

impl<T: Elementary, F: Fn(T) -> T> Kernel for Map<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for x in self.x {
            *x = (self.f)(*x);
        }
    }
}

/// [`exp`](fn@super::exp) of every element, in place.
pub fn exp_slice<T: Elementary>(x: &mut [T]) {
    apply(x, |v| exp(v));
}

/// [`exp_m1`](fn@super::exp_m1) of every element, in place.
pub fn exp_m1_slice<T: Elementary>(x: &mut [T]) {
    apply(x, |v| exp_m1(v));
}

/// [`ln`](fn@super::ln) of every element, in place.
pub fn ln_slice<T: Elementary>(x: &mut [T]) {
    apply(x, |v| ln(v));
}

/// [`ln_1p`](fn@super::ln_1p) of every element, in place.
pub fn ln_1p_slice<T: Elementary>(x: &mut [T]) {
    apply(x, |v| ln_1p(v));
}

/// [`log1p_exp`](fn@super::log1p_exp) of every element, in place.
pub fn log1p_exp_slice<T: Elementary>(x: &mut [T]) {
    apply(x, |v| log1p_exp(v));
}

/// [`sigmoid`](fn@super::sigmoid) of every element, in place.
pub fn sigmoid_slice<T: Elementary>(x: &mut [T]) {
    apply(x, |v| sigmoid(v));
}

/// [`tanh`](fn@super::tanh) of every element, in place.
pub fn tanh_slice<T: Elementary>(x: &mut [T]) {
    apply(x, |v| tanh(v));
}

/// [`erf`](fn@super::erf) of every element, in place.
pub fn erf_slice<T: Elementary>(x: &mut [T]) {
    apply(x, |v| erf(v));
}

/// ln Σ exp xᵢ without overflow; −∞ for an empty slice, NaN if an element is NaN.
///
/// The terms exp(xᵢ − max x) are added in `f64` in sixteen interleaved sums, which are then combined pairwise: one order,
/// whatever the instruction set.
///
/// ```
/// assert_eq!(steepest_core::math::logsumexp(&[1000.0, 1000.0]), 1000.0 + std::f64::consts::LN_2);
/// ```
pub fn logsumexp<T: Elementary>(x: &[T]) -> T {
    Isa::detect().run(LogSumExp(x))
}

struct LogSumExp<'a, T>(&'a [T]);

impl<T: Elementary> Kernel for LogSumExp<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run(self) -> T {
        let shift = largest(self.0);
        let sum = ordered_sum(self.0, |v| exp(v - shift));
        T::from_f64(shift.to_f64() + ln(sum))
    }
}

/// xᵢ ← exp xᵢ / Σ exp xⱼ, and returns ln Σ exp xⱼ: class probabilities from scores and what the log loss needs.
///
/// All NaN if an element is NaN or ∞, or all are −∞.
pub fn softmax<T: Elementary>(x: &mut [T]) -> T {
    Isa::detect().run(Softmax(x))
}

struct Softmax<'a, T>(&'a mut [T]);

impl<T: Elementary> Kernel for Softmax<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run(self) -> T {
        let shift = largest(self.0);
        for v in &mut *self.0 {
            *v = exp(*v - shift);
        }
        let sum = ordered_sum(self.0, |v| v);
        let factor = T::from_f64(1.0 / sum);
        for v in &mut *self.0 {
            *v *= factor;
        }
        T::from_f64(shift.to_f64() + ln(sum))
    }
}

/// Interleaved partial results: two 512-bit registers of `f64`.
const LANES: usize = 16;

/// The largest element that is not NaN; 0 when that is infinite or there is none.
#[inline(always)]
fn largest<T: Elementary>(x: &[T]) -> T {
    let lowest = T::from_f64(f64::NEG_INFINITY);
    let larger = |a: T, b: T| if b > a { b } else { a };
    let mut lanes = [lowest; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for k in 0..LANES {
            lanes[k] = larger(lanes[k], chunk[k]);
        }
    }
    let all = lanes.into_iter().chain(rest.iter().copied()).fold(lowest, larger);
    if all.is_finite() { all } else { T::ZERO }
}

/// Σ f(xᵢ), element i added to sum i mod 16 and the sums combined pairwise.
#[inline(always)]
fn ordered_sum<T: Elementary>(x: &[T], f: impl Fn(T) -> T) -> f64 {
    let mut lanes = [0.0; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for k in 0..LANES {
            lanes[k] += f(chunk[k]).to_f64();
        }
    }
    for (sum, &v) in lanes.iter_mut().zip(rest) {
        *sum += f(v).to_f64();
    }
    let mut width = LANES / 2;
    while width > 0 {
        for k in 0..width {
            lanes[k] += lanes[k + width];
        }
        width /= 2;
    }
    lanes[0]
}
