//! What the sum over a batch still lacks to be the gradient: the scale, the penalty, and the sums that the step reports, in one
//! pass over the parameters.
//!
//! Pass by pass, vectors of many parameters would be read from memory five times over, and each sum would wait for its own last
//! addition.
//!
//! Lane loops are written by index: that is the form in which the compiler vectorizes them.

#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use steepest_core::Real;
use steepest_core::isa::{Isa, Kernel};

/// Elements that are summed in lanes; such blocks are combined in a tree, so that the order is a function of the length alone.
const BLOCK: usize = 4096;
/// Lanes of a sum: two vector registers, since one would wait for itself.
const LANES: usize = 16;
/// Above this many elements the halves of a tree are shared among threads.
const PARALLEL: usize = 1 << 16;

/// What is done to the elements of a vector of parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Closing {
    /// What multiplies the sum over the batch.
    pub(super) scale: f64,
    /// λ₂.
    pub(super) l2: f64,
    /// λ₁ where its subgradient enters, else 0.
    pub(super) subgradient: f64,
    /// Whether the sums over x are wanted.
    pub(super) penalized: bool,
}

/// Sums over the elements.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Sums {
    /// Σ g² of the finished gradient.
    pub(super) gradient: f64,
    /// Σ x², where it is penalized.
    pub(super) squares: f64,
    /// Σ |x|, where it is penalized.
    pub(super) sizes: f64,
}

impl Sums {
    fn plus(self, other: Sums) -> Sums {
        Sums {
            gradient: self.gradient + other.gradient,
            squares: self.squares + other.squares,
            sizes: self.sizes + other.sizes,
        }
    }
}

impl Closing {
    /// g ← scale·g, and + λ₂x + λ₁ sign x on the `penalized` ranges, which rise; returns the sums over all elements.
    pub(super) fn over<T: Real>(self, penalized: &[Range<usize>], g: &mut [T], x: &[T]) -> Sums {
        let free = Closing { penalized: false, l2: 0.0, subgradient: 0.0, ..self };
        let (mut sums, mut done) = (Sums::default(), 0);
        let penalized = if self.penalized { penalized } else { &[] };
        for range in penalized {
            sums = sums.plus(free.tree(&mut g[done..range.start], &x[done..range.start]));
            sums = sums.plus(self.tree(&mut g[range.clone()], &x[range.clone()]));
            done = range.end;
        }
        sums.plus(free.tree(&mut g[done..], &x[done..]))
    }

    /// Halves first, as in [`tree_sum`](steepest_core::tree_sum).
    fn tree<T: Real>(self, g: &mut [T], x: &[T]) -> Sums {
        let len = g.len();
        if len <= BLOCK {
            return if self.penalized {
                Isa::detect().run(Pass::<T, true> { closing: self, g, x })
            } else {
                Isa::detect().run(Pass::<T, false> { closing: self, g, x })
            };
        }
        let at = BLOCK * (len.div_ceil(BLOCK).next_power_of_two() / 2);
        let ((g, right), (x, there)) = (g.split_at_mut(at), x.split_at(at));
        let (left, right) = if len > PARALLEL {
            rayon::join(|| self.tree(g, x), || self.tree(right, there))
        } else {
            (self.tree(g, x), self.tree(right, there))
        };
        left.plus(right)
    }
}

/// The pass over one block.
struct Pass<'a, T, const PENALIZED: bool> {
    closing: Closing,
    g: &'a mut [T],
    x: &'a [T],
}

impl<T: Real, const PENALIZED: bool> Kernel for Pass<'_, T, PENALIZED> {
    type Output = Sums;

    #[inline(always)]
    fn run(self) -> Sums {
        let Pass { closing: Closing { scale, l2, subgradient, .. }, g, x } = self;
        let scale = T::from_f64(scale);
        // Three arrays by themselves, one loop over the lanes for each: so they stay in registers.
        let (mut gradient, mut squares, mut sizes) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        let (blocks, rest) = g.as_chunks_mut::<LANES>();
        let (points, last) = x.as_chunks::<LANES>();
        for (g, x) in blocks.iter_mut().zip(points) {
            for l in 0..LANES {
                g[l] *= scale;
            }
            if PENALIZED {
                let x = x.map(T::to_f64);
                for l in 0..LANES {
                    g[l] += T::from_f64(slope(x[l], l2, subgradient));
                }
                for l in 0..LANES {
                    squares[l] += x[l] * x[l];
                }
                for l in 0..LANES {
                    sizes[l] += x[l].abs();
                }
            }
            for l in 0..LANES {
                gradient[l] += g[l].to_f64() * g[l].to_f64();
            }
        }
        for (l, (g, &x)) in rest.iter_mut().zip(last).enumerate() {
            *g *= scale;
            if PENALIZED {
                let x = x.to_f64();
                *g += T::from_f64(slope(x, l2, subgradient));
                squares[l] += x * x;
                sizes[l] += x.abs();
            }
            gradient[l] += g.to_f64() * g.to_f64();
        }
        // The compiler would otherwise vectorize from the sums upwards, and shuffle every element.
        let (gradient, squares, sizes) = std::hint::black_box((gradient, squares, sizes));
        Sums { gradient: fold(gradient), squares: fold(squares), sizes: fold(sizes) }
    }
}

/// λ₂x + λ₁ sign x, with 0 for the sign of 0.
#[inline(always)]
fn slope(x: f64, l2: f64, l1: f64) -> f64 {
    let sign = if x > 0.0 { 1.0 } else { 0.0 } - if x < 0.0 { 1.0 } else { 0.0 };
    l2 * x + l1 * sign
}

/// The sum of the lanes: halves added until one number is left.
#[inline(always)]
fn fold(mut lanes: [f64; LANES]) -> f64 {
    let mut half = LANES / 2;
    while half > 0 {
        for l in 0..half {
            lanes[l] += lanes[l + half];
        }
        half /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(k: usize) -> f64 {
        if k.is_multiple_of(7) { 0.0 } else { ((k * 2_654_435_761) % 1_000_003) as f64 * 1e-6 - 0.5 }
    }

    #[test]
    fn it_is_what_plain_loops_do_at_every_length() {
        for len in [0, 1, 5, 16, 17, 100, 4096, 4097, 20_000, 200_001] {
            let (from, to) = (len / 5, len - len / 7);
            let x: Vec<f64> = (0..len).map(number).collect();
            let sum: Vec<f64> = (0..len).map(|k| number(k + 31)).collect();
            let closing = Closing { scale: 0.3, l2: 0.2, subgradient: 0.1, penalized: true };
            let ranges = [from..from, from..to];
            let mut g = sum.clone();
            let sums = closing.over(&ranges, &mut g, &x);
            let mut expected = Sums::default();
            for k in 0..len {
                let mut plain = 0.3 * sum[k];
                if (from..to).contains(&k) {
                    plain += 0.2 * x[k] + 0.1 * if x[k] == 0.0 { 0.0 } else { x[k].signum() };
                    expected.squares += x[k] * x[k];
                    expected.sizes += x[k].abs();
                }
                assert_eq!(g[k], plain, "{len} {k}");
                expected.gradient += plain * plain;
            }
            let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-13 * b, "{len}: {a} {b}");
            close(sums.gradient, expected.gradient);
            close(sums.squares, expected.squares);
            close(sums.sizes, expected.sizes);
            let mut free = sum.clone();
            let alone = Closing { penalized: false, ..closing }.over(&ranges, &mut free, &x);
            assert!(free.iter().zip(&sum).all(|(g, s)| *g == 0.3 * s) && alone.squares == 0.0);
        }
    }

    #[test]
    fn threads_change_no_bit() {
        let x: Vec<f64> = (0..300_000).map(number).collect();
        let closing = Closing { scale: 0.3, l2: 0.2, subgradient: 0.0, penalized: true };
        let ranges = [1..70_000, 70_001..x.len()];
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut g = x.clone();
            (pool.install(|| closing.over(&ranges, &mut g, &x)), g)
        };
        assert_eq!(run(1), run(2));
        assert_eq!(run(1), run(7));
    }
}
