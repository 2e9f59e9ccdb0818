//! The functions over whole slices, and the ordered log-sum-exp.

use super::{Elementary, erf, exp, exp_m1, ln, ln_1p, log1p_exp, sigmoid, tanh};
use crate::isa::{Isa, Kernel};

/// Replaces every element by the function of it. The loops are written out because a closure this large would not be inlined,
/// and would then run without the level's instructions.
struct Map<'a, T> {
    x: &'a mut [T],
    function: Function,
}

#[derive(Debug, Clone, Copy)]
enum Function {
    Exp,
    ExpM1,
    Ln,
    Ln1p,
    Log1pExp,
    Sigmoid,
    Tanh,
    Erf,
}

impl<T: Elementary> Kernel for Map<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let x = self.x;
        match self.function {
            Function::Exp => {
                for v in x {
                    *v = exp(*v);
                }
            }
            Function::ExpM1 => {
                for v in x {
                    *v = exp_m1(*v);
                }
            }
            Function::Ln => {
                for v in x {
                    *v = ln(*v);
                }
            }
            Function::Ln1p => {
                for v in x {
                    *v = ln_1p(*v);
                }
            }
            Function::Log1pExp => {
                for v in x {
                    *v = log1p_exp(*v);
                }
            }
            Function::Sigmoid => {
                for v in x {
                    *v = sigmoid(*v);
                }
            }
            Function::Tanh => {
                for v in x {
                    *v = tanh(*v);
                }
            }
            Function::Erf => {
                for v in x {
                    *v = erf(*v);
                }
            }
        }
    }
}

/// [`exp`](fn@super::exp) of every element, in place.
pub fn exp_slice<T: Elementary>(x: &mut [T]) {
    Isa::detect().run(Map { x, function: Function::Exp });
}

/// [`exp_m1`](fn@super::exp_m1) of every element, in place.
pub fn exp_m1_slice<T: Elementary>(x: &mut [T]) {
    Isa::detect().run(Map { x, function: Function::ExpM1 });
}

/// [`ln`](fn@super::ln) of every element, in place.
pub fn ln_slice<T: Elementary>(x: &mut [T]) {
    Isa::detect().run(Map { x, function: Function::Ln });
}

/// [`ln_1p`](fn@super::ln_1p) of every element, in place.
pub fn ln_1p_slice<T: Elementary>(x: &mut [T]) {
    Isa::detect().run(Map { x, function: Function::Ln1p });
}

/// [`log1p_exp`](fn@super::log1p_exp) of every element, in place.
pub fn log1p_exp_slice<T: Elementary>(x: &mut [T]) {
    Isa::detect().run(Map { x, function: Function::Log1pExp });
}

/// [`sigmoid`](fn@super::sigmoid) of every element, in place.
pub fn sigmoid_slice<T: Elementary>(x: &mut [T]) {
    Isa::detect().run(Map { x, function: Function::Sigmoid });
}

/// [`tanh`](fn@super::tanh) of every element, in place.
pub fn tanh_slice<T: Elementary>(x: &mut [T]) {
    Isa::detect().run(Map { x, function: Function::Tanh });
}

/// [`erf`](fn@super::erf) of every element, in place.
pub fn erf_slice<T: Elementary>(x: &mut [T]) {
    Isa::detect().run(Map { x, function: Function::Erf });
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
        let sum = ordered_sum_exp(self.0, shift);
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
        let sum = ordered_sum(self.0);
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

/// Σ xᵢ, element i added to sum i mod 16 and the sums combined pairwise.
#[inline(always)]
fn ordered_sum<T: Elementary>(x: &[T]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for k in 0..LANES {
            lanes[k] += chunk[k].to_f64();
        }
    }
    for (sum, &v) in lanes.iter_mut().zip(rest) {
        *sum += v.to_f64();
    }
    combine(lanes)
}

/// Σ exp(xᵢ − shift) in the order of [`ordered_sum`].
#[inline(always)]
fn ordered_sum_exp<T: Elementary>(x: &[T], shift: T) -> f64 {
    let mut lanes = [0.0; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for k in 0..LANES {
            lanes[k] += exp(chunk[k] - shift).to_f64();
        }
    }
    for (sum, &v) in lanes.iter_mut().zip(rest) {
        *sum += exp(v - shift).to_f64();
    }
    combine(lanes)
}

#[inline(always)]
fn combine(mut lanes: [f64; LANES]) -> f64 {
    let mut width = LANES / 2;
    while width > 0 {
        for k in 0..width {
            lanes[k] += lanes[k + width];
        }
        width /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    const ALL: [Function; 8] = [
        Function::Exp,
        Function::ExpM1,
        Function::Ln,
        Function::Ln1p,
        Function::Log1pExp,
        Function::Sigmoid,
        Function::Tanh,
        Function::Erf,
    ];

    /// NaN is one value here: its payload is not part of the contract.
    fn bits<T: Elementary>(x: &[T]) -> Vec<u64> {
        x.iter().map(|v| v.to_f64()).map(|v| if v.is_nan() { 0 } else { v.to_bits() }).collect()
    }

    fn compare<T: Elementary>(x: &[T]) {
        for function in ALL {
            let run = |isa: Isa| {
                let mut y = x.to_vec();
                isa.run(Map { x: &mut y, function });
                bits(&y)
            };
            let baseline = run(Isa::Baseline);
            for isa in Isa::available() {
                assert!(run(isa) == baseline, "{function:?} {} by {}", T::NAME, isa.name());
            }
        }
        let usual: Vec<T> = x.iter().copied().filter(|v| v.to_f64().abs() < 100.0).collect();
        let sums = |isa: Isa| {
            let mut p = usual.clone();
            let total = isa.run(Softmax(&mut p));
            p.push(total);
            p.push(isa.run(LogSumExp(&usual)));
            bits(&p)
        };
        for isa in Isa::available() {
            assert!(sums(isa) == sums(Isa::Baseline), "softmax or logsumexp {} by {}", T::NAME, isa.name());
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        // All exponents and both signs, the usual range, and special values.
        let s = Stream::new(9, Purpose::PROBLEM, 1);
        let any = (0..20_000).map(|i| f64::from_bits(s.bits(i)));
        let usual = (20_000..50_000).map(|i| 60.0 * s.uniform(i) - 30.0);
        let special = [0.0, -0.0, f64::INFINITY, -f64::INFINITY, f64::NAN, 5e-324, -1.0, 1.0];
        let x: Vec<f64> = any.chain(usual).chain(special).collect();
        compare(&x);
        compare(&x.iter().map(|&v| v as f32).collect::<Vec<f32>>());
    }
}
