//! One addressed sequence of random values, any of which can be computed on its own.
//!
//! The counter of a Philox block is (block: 40 bits, attempt: 8 bits, purpose: 16 bits, index: 64 bits) and the key is the
//! seed: different addresses never share a counter. The attempt is 0 except for the redraws of bounded integers.

use super::normal::normal_pair;
use super::{Purpose, philox4x32};
use crate::{Real, math};

/// 2⁻⁵³, the spacing of uniform values.
const ULP53: f64 = 1.0 / 9007199254740992.0;
/// Blocks are numbered by 40 bits.
const BLOCK_MASK: u64 = (1 << 40) - 1;

/// A random sequence named by (seed, purpose, index); position i of it is a pure function of i.
///
/// A position holds 64 random bits, from which each method makes its value: `uniform(5)`, `normal(5)` and `below(5, n)` are
/// different views of the same bits (a normal also uses those of its neighbour 4), so give each use its own stream or its own
/// positions. There are 2⁴¹ positions; larger ones wrap around.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stream {
    key: [u32; 2],
    /// The purpose in the upper half, the attempt in bits 8..16.
    tag: u32,
    index: [u32; 2],
}

impl Stream {
    /// The stream with this address.
    pub const fn new(seed: u64, purpose: Purpose, index: u64) -> Stream {
        Stream {
            key: [seed as u32, (seed >> 32) as u32],
            tag: (purpose.tag() as u32) << 16,
            index: [index as u32, (index >> 32) as u32],
        }
    }

    /// The same stream for redraw number `attempt`, from 1: values independent of this one's.
    pub(super) const fn attempt(self, attempt: u8) -> Stream {
        Stream { tag: (self.tag & 0xffff_00ff) | (attempt as u32) << 8, ..self }
    }

    /// The four words of block `block`; positions 2·block and 2·block + 1 are made of them.
    #[inline(always)]
    pub fn block(&self, block: u64) -> [u32; 4] {
        let block = block & BLOCK_MASK;
        philox4x32([block as u32, (block >> 32) as u32 | self.tag, self.index[0], self.index[1]], self.key)
    }

    /// The 128 bits of block `block` as the 64-bit words of its two positions.
    #[inline(always)]
    pub(super) fn pair(&self, block: u64) -> (u64, u64) {
        let [a, b, c, d] = self.block(block);
        (u64::from(a) | u64::from(b) << 32, u64::from(c) | u64::from(d) << 32)
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(&self, position: u64) -> u64 {
        let (a, b) = self.pair(position >> 1);
        if position & 1 == 0 { a } else { b }
    }

    /// A uniform number in [0, 1): the multiples of 2⁻⁵³, each equally likely.
    #[inline]
    pub fn uniform(&self, position: u64) -> f64 {
        unit::<f64>(self.bits(position))
    }

    /// A uniform number in [0, 1): the multiples of 2⁻²⁴. It is [`uniform`](Stream::uniform) of the position, cut.
    #[inline]
    pub fn uniform_f32(&self, position: u64) -> f32 {
        unit::<f32>(self.bits(position))
    }

    /// A uniform number in (0, 1), never an end: (j + ½) 2⁻⁵² for j below 2⁵². Symmetric about ½.
    #[inline]
    pub fn open(&self, position: u64) -> f64 {
        ((self.bits(position) >> 12) as f64 + 0.5) * (2.0 * ULP53)
    }

    /// A standard normal number, |z| ≤ 8.6 (Box–Muller; see [`fill_normal`](Stream::fill_normal)).
    #[inline]
    pub fn normal(&self, position: u64) -> f64 {
        let (a, b) = self.pair(position >> 1);
        let (x, y) = normal_pair(a, b);
        if position & 1 == 0 { x } else { y }
    }

    /// An exponential number of mean 1, at most 36.8: −ln u for u in (0, 1].
    #[inline]
    pub fn exponential(&self, position: u64) -> f64 {
        0.0 - math::ln(half_open_at_zero(self.bits(position)))
    }

    /// −1 or 1, equally likely (Rademacher): the highest bit of the position.
    #[inline]
    pub fn sign(&self, position: u64) -> f64 {
        if self.bits(position) >> 63 == 0 { 1.0 } else { -1.0 }
    }

    /// True with the given probability, exact to 2⁻⁵³; never for 0 or NaN, always for 1.
    #[inline]
    pub fn chance(&self, position: u64, probability: f64) -> bool {
        self.uniform(position) < probability
    }

    /// The index of an outcome drawn in proportion to its weight, given the running sums of the weights.
    ///
    /// Outcome k is drawn with probability (c\[k\] − c\[k−1\]) / c\[last\]; one of weight 0 never is. `None` when the last sum is not
    /// positive and finite. Cost: a binary search.
    ///
    /// ```
    /// use steepest_core::random::{Purpose, Stream};
    /// let stream = Stream::new(0, Purpose::SAMPLE, 0);
    /// let sums = [0.0, 1.0, 1.0, 4.0];                      // weights 0, 1, 0, 3
    /// assert!((0..100).all(|i| [Some(1), Some(3)].contains(&stream.weighted(i, &sums))));
    /// ```
    pub fn weighted(&self, position: u64, running_sums: &[f64]) -> Option<usize> {
        let total = *running_sums.last()?;
        if !(total > 0.0 && total.is_finite()) {
            return None;
        }
        // u < 1, but the product can round up to the total.
        let target = self.uniform(position) * total;
        let at = running_sums.partition_point(|&c| c <= target);
        if at < running_sums.len() { Some(at) } else { Some(running_sums.partition_point(|&c| c < total)) }
    }
}

/// A seed for something that has streams of its own: a trial of a study, a fold, a restart.
///
/// Independent of the values of the stream with the same address. Two of n derived seeds coincide with probability n²/2⁶⁵.
pub fn derive_seed(seed: u64, purpose: Purpose, index: u64) -> u64 {
    Stream::new(seed, purpose, index).attempt(u8::MAX).bits(0)
}

/// The leading 53 or 24 bits as a number in [0, 1).
#[inline(always)]
pub(super) fn unit<T: Real>(bits: u64) -> T {
    if size_of::<T>() == 4 {
        T::from_f64((bits >> 40) as f64 * (1.0 / 16777216.0))
    } else {
        T::from_f64((bits >> 11) as f64 * ULP53)
    }
}

/// (j + 1) 2⁻⁵³ for the leading 53 bits j: a number in (0, 1].
#[inline(always)]
pub(super) fn half_open_at_zero(bits: u64) -> f64 {
    ((bits >> 11) + 1) as f64 * ULP53
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: u64 = (1 << 41) - 3;

    fn stream() -> Stream {
        Stream::new(0x0123_4567_89ab_cdef, Purpose::NOISE, (1 << 40) + 77)
    }

    /// From `reference/streams.py`, which is written from the description. These values never change.
    #[test]
    fn golden_values() {
        let s = stream();
        let at = [0, 1, 2, FAR];
        let bits = [0xae478a24704ca32a, 0xb4deccd46d409184, 0x71f674d44893f8c0, 0xf91443c4ef6a6ccf];
        assert_eq!(at.map(|i| s.bits(i)), bits);
        let uniform = [0.6807791079484553, 0.7065246599788699, 0.4451668756742747, 0.9729654651450034];
        assert_eq!(at.map(|i| s.uniform(i)), uniform);
        assert_eq!(at.map(|i| f64::from(s.uniform_f32(i))), uniform.map(|u| (u * 16777216.0).floor() / 16777216.0));
        assert_eq!(derive_seed(0x0123_4567_89ab_cdef, Purpose::NOISE, (1 << 40) + 77), 0x5f6fa87c44471b6e);
        assert_eq!(s.bits(FAR + (1 << 41)), s.bits(FAR), "positions wrap around");
    }

    #[test]
    fn golden_values_of_normals_and_exponentials() {
        let close = |x: f64, y: f64| assert!((x - y).abs() <= 3.0 * y.abs() * f64::EPSILON, "{x:e} {y:e}");
        let s = stream();
        let normal =
            [-0.23658177788028226, -0.8444310757943657, 0.8645333286862561, 0.9333778735233638, -0.1280814269610552];
        for (i, z) in [0, 1, 2, 3, FAR].into_iter().zip(normal) {
            close(s.normal(i), z);
        }
        for (i, e) in (0..).zip([0.3845173896961125, 0.34739717303800954, 0.8093060655961674]) {
            close(s.exponential(i), e);
        }
        let hash = |value: fn(&Stream, u64) -> f64| {
            (0..10_000).fold(0u64, |h, i| (h ^ value(&s, i).to_bits()).wrapping_mul(0x100000001b3).rotate_left(5))
        };
        assert_eq!(
            (hash(Stream::normal), hash(Stream::exponential)),
            (1701451665483118650, 10836116569330044427),
            "all bits are frozen"
        );
    }

    #[test]
    fn addresses_differ_in_every_part() {
        let s = Stream::new(1, Purpose::ORDER, 1).bits(0);
        assert_ne!(s, Stream::new(2, Purpose::ORDER, 1).bits(0));
        assert_ne!(s, Stream::new(1, Purpose::INIT, 1).bits(0));
        assert_ne!(s, Stream::new(1, Purpose::ORDER, 2).bits(0));
        assert_ne!(s, Stream::new(1 << 32, Purpose::ORDER, 1).bits(0));
        assert_ne!(s, Stream::new(1, Purpose::ORDER, 1 << 32).bits(0));
        assert_ne!(s, Stream::new(1, Purpose::ORDER, 1).attempt(1).bits(0));
    }

    /// Kolmogorov–Smirnov: sup |empirical − true| √n, above 1.95 with probability 0.001.
    fn kolmogorov(mut x: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
        x.sort_by(f64::total_cmp);
        let n = x.len() as f64;
        let distance = |(k, &v): (usize, &f64)| (cdf(v) - k as f64 / n).abs().max((cdf(v) - (k + 1) as f64 / n).abs());
        x.iter().enumerate().map(distance).fold(0.0, f64::max) * n.sqrt()
    }

    #[test]
    fn distributions_by_kolmogorov_and_smirnov() {
        let n = 100_000;
        for seed in 0..3 {
            let s = Stream::new(seed, Purpose::custom(0), 0);
            assert!(kolmogorov((0..n).map(|i| s.uniform(i)).collect(), |u| u) < 1.95);
            assert!(kolmogorov((0..n).map(|i| s.open(i)).collect(), |u| u) < 1.95);
            assert!(kolmogorov((0..n).map(|i| s.exponential(i)).collect(), |e| 1.0 - (-e).exp()) < 1.95);
            assert!(kolmogorov((0..n).map(|i| s.normal(i)).collect(), normal_cdf) < 1.95);
        }
    }

    /// Φ(z) = ½ + φ(z) (z + z³/3 + z⁵/15 + …), a series that needs no error function.
    fn normal_cdf(z: f64) -> f64 {
        let (mut term, mut sum, mut k) = (z, z, 3.0);
        while f64::abs(term) > 1e-17 * f64::abs(sum) {
            term *= z * z / k;
            sum += term;
            k += 2.0;
        }
        0.5 + sum * (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
    }

    /// Moments of normals, and the correlations within a pair and between neighbours, against their standard errors.
    #[test]
    fn normals_have_the_moments_of_independent_normals() {
        let n = 400_000usize;
        let mut z = vec![0.0f64; n + 2];
        Stream::new(11, Purpose::custom(1), 0).fill_normal(0, &mut z);
        let mean = |f: &dyn Fn(usize) -> f64| (0..n).map(f).sum::<f64>() / n as f64;
        let root = (n as f64).sqrt();
        assert!(mean(&|i| z[i]).abs() < 4.0 / root);
        assert!((mean(&|i| z[i].powi(2)) - 1.0).abs() < 4.0 * 2f64.sqrt() / root);
        assert!(mean(&|i| z[i].powi(3)).abs() < 4.0 * 15f64.sqrt() / root);
        assert!((mean(&|i| z[i].powi(4)) - 3.0).abs() < 4.0 * 96f64.sqrt() / root);
        for lag in [1, 2] {
            assert!(mean(&|i| z[i] * z[i + lag]).abs() < 4.0 / root);
            assert!((mean(&|i| z[i].powi(2) * z[i + lag].powi(2)) - 1.0).abs() < 4.0 * 8f64.sqrt() / root);
        }
    }

    #[test]
    fn ends_are_where_the_documentation_says() {
        assert_eq!(unit::<f64>(0), 0.0);
        assert_eq!(unit::<f64>(u64::MAX), 1.0 - f64::EPSILON / 2.0);
        assert_eq!(unit::<f32>(u64::MAX), 1.0 - f32::EPSILON / 2.0);
        assert_eq!(half_open_at_zero(u64::MAX), 1.0);
        assert_eq!(half_open_at_zero(0), 2f64.powi(-53));
        let largest = normal_pair(0, 0);
        assert!((largest.0 - (106.0 * std::f64::consts::LN_2).sqrt()).abs() < 1e-14 && largest.1 == 0.0, "{largest:?}");
        assert_eq!(normal_pair(u64::MAX, 0).0, 0.0);
        assert_eq!(stream().weighted(0, &[]), None);
        assert_eq!(stream().weighted(0, &[0.0, 0.0]), None);
        assert_eq!(stream().weighted(0, &[1.0, f64::INFINITY]), None);
        assert!(
            (0..1000).all(|i| !stream().chance(i, 0.0) && stream().chance(i, 1.0) && !stream().chance(i, f64::NAN))
        );
    }

    #[test]
    fn weights_signs_and_chances_by_frequency() {
        let (s, n) = (stream(), 100_000);
        let sums = [1.0, 1.0, 3.0, 6.0];
        let mut counts = [0.0; 4];
        (0..n).for_each(|i| counts[s.weighted(i, &sums).unwrap()] += 1.0);
        assert_eq!(counts[1], 0.0);
        for (count, p) in [(counts[0], 1.0 / 6.0), (counts[2], 1.0 / 3.0), (counts[3], 0.5)] {
            let expected = p * n as f64;
            assert!((count - expected).abs() < 4.0 * (expected * (1.0 - p)).sqrt(), "{counts:?}");
        }
        let signs: f64 = (0..n).map(|i| s.sign(i)).sum();
        assert!(signs.abs() < 4.0 * (n as f64).sqrt());
        let chances = (0..n).filter(|&i| s.chance(i, 0.1)).count() as f64;
        assert!((chances - 0.1 * n as f64).abs() < 4.0 * (0.09 * n as f64).sqrt());
    }
}
