//! Whole slices of random values, the same as those drawn one by one.

use std::marker::PhantomData;

use super::Stream;
use super::normal::normal_pair;
use super::stream::unit;
use crate::Real;
use crate::isa::{Isa, Kernel};

/// Blocks computed together: enough for long vector loops, few enough to stay in the first cache.
const BLOCKS: usize = 64;

impl Stream {
    /// `out[k]` = 64 random bits at position `start + k`.
    pub fn fill_bits(&self, start: u64, out: &mut [u64]) {
        self.fill::<_, Bits>(start, out);
    }

    /// `out[k]` uniform in [0, 1) at position `start + k`; an `f32` is the cut `f64`, never rounded up to 1.
    pub fn fill_uniform<T: Real>(&self, start: u64, out: &mut [T]) {
        self.fill::<_, Uniform>(start, out);
    }

    /// `out[k]` standard normal at position `start + k`; an `f32` is the rounded `f64`, so that runs in either precision
    /// start from the same point.
    pub fn fill_normal<T: Real>(&self, start: u64, out: &mut [T]) {
        self.fill::<_, Normal>(start, out);
    }

    /// `out[k]` = −1 or 1 at position `start + k`.
    pub fn fill_sign<T: Real>(&self, start: u64, out: &mut [T]) {
        self.fill::<_, Sign>(start, out);
    }

    fn fill<T: Copy, V: Values<T>>(&self, start: u64, out: &mut [T]) {
        Isa::detect().run(Fill::<T, V> { stream: *self, start, out, values: PhantomData });
    }
}

/// What the 128 bits of a block become. A trait and no closure, because its function must be inlined into the kernel.
trait Values<T> {
    fn of(a: u64, b: u64) -> (T, T);
}

struct Bits;
struct Uniform;
struct Normal;
struct Sign;

impl Values<u64> for Bits {
    #[inline(always)]
    fn of(a: u64, b: u64) -> (u64, u64) {
        (a, b)
    }
}

impl<T: Real> Values<T> for Uniform {
    #[inline(always)]
    fn of(a: u64, b: u64) -> (T, T) {
        (unit(a), unit(b))
    }
}

impl<T: Real> Values<T> for Normal {
    #[inline(always)]
    fn of(a: u64, b: u64) -> (T, T) {
        let (x, y) = normal_pair(a, b);
        (T::from_f64(x), T::from_f64(y))
    }
}

impl<T: Real> Values<T> for Sign {
    #[inline(always)]
    fn of(a: u64, b: u64) -> (T, T) {
        let sign = |bits: u64| if bits >> 63 == 0 { T::ONE } else { -T::ONE };
        (sign(a), sign(b))
    }
}

/// Fills `out` from position `start` on.
struct Fill<'a, T, V> {
    stream: Stream,
    start: u64,
    out: &'a mut [T],
    values: PhantomData<V>,
}

impl<T: Copy, V: Values<T>> Kernel for Fill<'_, T, V> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Fill { stream, start, out, .. } = self;
        let mut block = start >> 1;
        // An odd start is the second half of its block.
        let (half, out) = out.split_at_mut(((start & 1) as usize).min(out.len()));
        if let [first] = half {
            let (a, b) = stream.pair(block);
            *first = V::of(a, b).1;
            block = block.wrapping_add(1);
        }
        let mut bits = [(0, 0); BLOCKS];
        for chunk in out.chunks_mut(2 * BLOCKS) {
            for (k, pair) in bits.iter_mut().enumerate() {
                *pair = stream.pair(block.wrapping_add(k as u64));
            }
            let (pairs, last) = chunk.as_chunks_mut::<2>();
            for (pair, &(a, b)) in pairs.iter_mut().zip(&bits) {
                (pair[0], pair[1]) = V::of(a, b);
            }
            if let [last] = last {
                let (a, b) = bits[pairs.len()];
                *last = V::of(a, b).0;
            }
            block = block.wrapping_add(BLOCKS as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    fn check<T: Copy + PartialEq + std::fmt::Debug>(zero: T, fill: impl Fn(u64, &mut [T]), one: impl Fn(u64) -> T) {
        for start in [0, 1, 2, 127, 1_000_003, (1 << 41) - 5] {
            for len in [0, 1, 2, 3, 127, 128, 129, 400] {
                let mut out = vec![zero; len];
                fill(start, &mut out);
                for (k, &value) in out.iter().enumerate() {
                    assert_eq!(value, one(start + k as u64), "start {start}, length {len}, element {k}");
                }
            }
        }
    }

    #[test]
    fn bulk_is_random_access() {
        let s = Stream::new(7, Purpose::INIT, 3);
        check(0, |start, out| s.fill_bits(start, out), |i| s.bits(i));
        check(0.0, |start, out| s.fill_uniform(start, out), |i| s.uniform(i));
        check(0.0, |start, out| s.fill_uniform(start, out), |i| s.uniform_f32(i));
        check(0.0, |start, out| s.fill_normal(start, out), |i| s.normal(i));
        check(0.0, |start, out| s.fill_normal(start, out), |i| s.normal(i) as f32);
        check(0.0, |start, out| s.fill_sign(start, out), |i| s.sign(i));
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let s = Stream::new(7, Purpose::NOISE, 0);
        let run = |isa: Isa| {
            let mut out = vec![0.0f64; 10_001];
            isa.run(Fill::<f64, Normal> { stream: s, start: 5, out: &mut out, values: PhantomData });
            out.iter().map(|z| z.to_bits()).collect::<Vec<u64>>()
        };
        let baseline = run(Isa::Baseline);
        for isa in Isa::available() {
            assert_eq!(run(isa), baseline, "{}", isa.name());
        }
    }
}
