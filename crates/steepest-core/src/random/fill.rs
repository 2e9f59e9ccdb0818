//! Whole slices of random values, the same as those drawn one by one.

use super::Stream;
use super::normal::normal_pair;
use super::stream::unit;
use crate::Real;
use crate::isa::{Isa, Kernel};

/// Blocks computed together: enough for long vector loops, few enough to stay in the first cache.
const BLOCKS: usize = 64;

impl Stream {
    /// `out[k]` = 64 random bits at position `start + k`. Cost: 1–2 ns an element.
    pub fn fill_bits(&self, start: u64, out: &mut [u64]) {
        self.fill(start, out, |a, b| (a, b));
    }

    /// `out[k]` uniform in [0, 1) at position `start + k`; an `f32` is the cut `f64`, never rounded up to 1.
    pub fn fill_uniform<T: Real>(&self, start: u64, out: &mut [T]) {
        self.fill(start, out, |a, b| (unit::<T>(a), unit::<T>(b)));
    }

    /// `out[k]` standard normal at position `start + k`; an `f32` is the rounded `f64`, so that runs in either precision
    /// start from the same point.
    pub fn fill_normal<T: Real>(&self, start: u64, out: &mut [T]) {
        self.fill(start, out, |a, b| {
            let (x, y) = normal_pair(a, b);
            (T::from_f64(x), T::from_f64(y))
        });
    }

    /// `out[k]` = −1 or 1 at position `start + k`.
    pub fn fill_sign<T: Real>(&self, start: u64, out: &mut [T]) {
        let sign = |bits: u64| if bits >> 63 == 0 { T::ONE } else { -T::ONE };
        self.fill(start, out, |a, b| (sign(a), sign(b)));
    }

    fn fill<T: Copy, F: Fn(u64, u64) -> (T, T)>(&self, start: u64, out: &mut [T], of: F) {
        Isa::detect().run(Fill { stream: *self, start, out, of });
    }
}

/// Fills `out` with what `of` makes of the 128 bits of each block.
struct Fill<'a, T, F> {
    stream: Stream,
    start: u64,
    out: &'a mut [T],
    of: F,
}

impl<T: Copy, F: Fn(u64, u64) -> (T, T)> Kernel for Fill<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Fill { stream, start, out, of } = self;
        let mut block = start >> 1;
        // An odd start is the second half of its block.
        let (half, out) = out.split_at_mut(((start & 1) as usize).min(out.len()));
        if let [first] = half {
            let (a, b) = stream.pair(block);
            *first = of(a, b).1;
            block = block.wrapping_add(1);
        }
        let mut bits = [(0, 0); BLOCKS];
        for chunk in out.chunks_mut(2 * BLOCKS) {
            for (k, pair) in bits.iter_mut().enumerate() {
                *pair = stream.pair(block.wrapping_add(k as u64));
            }
            let (pairs, last) = chunk.as_chunks_mut::<2>();
            for (pair, &(a, b)) in pairs.iter_mut().zip(&bits) {
                (pair[0], pair[1]) = of(a, b);
            }
            if let [last] = last {
                let (a, b) = bits[pairs.len()];
                *last = of(a, b).0;
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
        let of = |a, b| {
            let (x, y) = normal_pair(a, b);
            (x.to_bits(), y.to_bits())
        };
        let run = |isa: Isa| {
            let mut out = vec![0; 10_001];
            isa.run(Fill { stream: s, start: 5, out: &mut out, of });
            out
        };
        let baseline = run(Isa::Baseline);
        for isa in Isa::available() {
            assert_eq!(run(isa), baseline, "{}", isa.name());
        }
    }
}
