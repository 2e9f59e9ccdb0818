//! Packed numbers: bf16, and 8 bits with a scale for each block, both rounded at random.
//!
//! A moment changes by (1 − β) of itself a step, less than a packed number can show, so rounding to nearest would freeze it.
//! Rounding goes up with the probability of the fraction that is cut off: the mean is right. The random bits are a hash of
//! (key, element), where the key is drawn from the Philox stream of (seed, step, slot): the same for any number of threads and
//! any instruction set, at a tenth of the cost of Philox itself.
//!
//! The 8-bit code of a value v ≥ 0, in units of the block's scale, is the top of the bits of v + 1 as a floating-point number:
//! even steps of ⅛ below 1, and above that three fraction bits, an eighth to a sixteenth of the value. Signed values take 7 bits
//! for the size, up to 2¹⁶; values ≥ 0 take 8, up to 2³², and never round down to 0, since a second moment divides. Scales by
//! blocks: Dettmers et al., 2022, arXiv:2110.02861, who round to nearest with a table of values in the place of this code.

use steepest_core::{Real, isa::Kernel};

use crate::chain::TILE;

/// Elements that share a scale.
pub(crate) const BLOCK: usize = 256;

/// Names the random bits of a slot in a step.
pub(crate) type Key = [u32; 2];

/// 32 bits from a counter, by the multipliers that C. Wellons found with the least bias ("lowbias32", 2018).
#[inline(always)]
pub(crate) fn hash(key: Key, counter: u32) -> u32 {
    let mut h = counter.wrapping_add(key[0]);
    h = (h ^ (h >> 16)).wrapping_mul(0x7feb_352d);
    h = (h ^ (h >> 15) ^ key[1]).wrapping_mul(0x846c_a68b);
    h ^ (h >> 16)
}

#[inline(always)]
pub(crate) fn widen<T: Real>(v: f32) -> T {
    if size_of::<T>() == 4 {
        // SAFETY: the only number type of four bytes is `f32`.
        unsafe { std::mem::transmute_copy(&v) }
    } else {
        T::from_f64(f64::from(v))
    }
}

#[inline(always)]
pub(crate) fn narrow<T: Real>(v: T) -> f32 {
    if size_of::<T>() == 4 {
        // SAFETY: the only number type of four bytes is `f32`.
        unsafe { std::mem::transmute_copy(&v) }
    } else {
        v.to_f64() as f32
    }
}

/// Widens 32 bits.
pub(crate) struct Unpack32<'a, T> {
    pub(crate) packed: &'a [f32],
    pub(crate) out: &'a mut [T; TILE],
}

impl<T: Real> Kernel for Unpack32<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (o, &p) in self.out.iter_mut().zip(self.packed) {
            *o = widen(p);
        }
    }
}

/// Rounds to 32 bits, to nearest: their fractions show what a step changes.
pub(crate) struct Pack32<'a, T> {
    pub(crate) packed: &'a mut [f32],
    pub(crate) values: &'a [T; TILE],
}

impl<T: Real> Kernel for Pack32<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (p, &v) in self.packed.iter_mut().zip(self.values) {
            *p = narrow(v);
        }
    }
}

/// Widens bf16.
pub(crate) struct Unpack16<'a, T> {
    pub(crate) packed: &'a [u16],
    pub(crate) out: &'a mut [T; TILE],
}

impl<T: Real> Kernel for Unpack16<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (o, &p) in self.out.iter_mut().zip(self.packed) {
            *o = widen(f32::from_bits(u32::from(p) << 16));
        }
    }
}

/// Rounds to bf16: adding 16 random bits below the cut carries with the probability of the fraction cut off. Infinities and NaN stay
/// what they are; above the largest bf16, 3.39e38, a value may become infinite.
#[inline(always)]
pub(crate) fn round16(v: f32, random: u32) -> u16 {
    (v.to_bits().wrapping_add(random) >> 16) as u16
}

/// The bits of 1: code 0.
const ONE: u32 = 127 << 23;
/// The values of the largest codes: 1.875·2¹⁵ − 1 and 1.875·2³¹ − 1.
const TOP_SIGNED: f32 = 61439.0;
const TOP_UNSIGNED: f32 = 4026531839.0;
/// A block whose largest value is below this is 0: its scale would not be a normal number.
const LEAST: f32 = 1e-28;

/// The bits of a code that are its size; the others are its sign.
#[inline(always)]
pub(crate) fn size_bits(signed: bool) -> u32 {
    if signed { 0x7f } else { 0xff }
}

/// The code of a value in units of the scale, its sign in the top bit if it has one. The random bits are shifted to where the code
/// is cut off: above them lie four zeros, below them four more.
#[inline(always)]
fn encode<const SIGNED: bool>(v: f32, inverse: f32, random: u32) -> u8 {
    let size = if SIGNED { v.abs() } else { v } * inverse;
    let code = (((size + 1.0).to_bits() + random) >> 20).wrapping_sub(ONE >> 20);
    // The largest value may come out a little above itself, and must not be rounded up to a code that does not exist.
    if SIGNED { (code.min(0x7f) | v.to_bits() >> 31 << 7) as u8 } else { code.max(u32::from(v > 0.0)).min(0xff) as u8 }
}

/// The value of a code, of which these bits are the size.
#[inline(always)]
pub(crate) fn decode(code: u8, size: u32, scale: f32) -> f32 {
    let c = u32::from(code);
    let value = (f32::from_bits(((c & size) << 20) + ONE) - 1.0) * scale;
    f32::from_bits(value.to_bits() | (c & !size) << 24)
}

/// Decodes blocks of 8 bits.
pub(crate) struct Unpack8<'a, T> {
    pub(crate) codes: &'a [u8],
    pub(crate) scales: &'a [f32],
    pub(crate) signed: bool,
    pub(crate) out: &'a mut [T; TILE],
}

impl<T: Real> Kernel for Unpack8<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let size = size_bits(self.signed);
        for ((out, codes), &scale) in self.out.chunks_mut(BLOCK).zip(self.codes.chunks(BLOCK)).zip(self.scales) {
            for (o, &c) in out.iter_mut().zip(codes) {
                *o = widen(decode(c, size, scale));
            }
        }
    }
}

/// Encodes blocks of 8 bits and takes their scales.
pub(crate) struct Pack8<'a, T> {
    pub(crate) codes: &'a mut [u8],
    pub(crate) scales: &'a mut [f32],
    pub(crate) signed: bool,
    pub(crate) values: &'a [T; TILE],
    pub(crate) key: Key,
    pub(crate) first: u32,
}

/// The largest size in a block, infinite or NaN if one is: sizes are ordered as their bits are.
#[inline(always)]
fn largest<T: Real>(values: &[T; BLOCK]) -> f32 {
    f32::from_bits(values.iter().fold(0, |most, &v| most.max(narrow(v).to_bits() & 0x7fff_ffff)))
}

impl<T: Real> Kernel for Pack8<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        if self.signed { self.blocks::<true>() } else { self.blocks::<false>() }
    }
}

impl<T: Real> Pack8<'_, T> {
    #[inline(always)]
    fn blocks<const SIGNED: bool>(self) {
        let top = if SIGNED { TOP_SIGNED } else { TOP_UNSIGNED };
        let (whole, rest) = self.codes.as_chunks_mut::<BLOCK>();
        let full = whole.len();
        for (b, values) in self.values.as_chunks::<BLOCK>().0.iter().enumerate() {
            let most = largest(values);
            let scale = if most < LEAST { 0.0 } else { most / top };
            let inverse = if most < LEAST { 0.0 } else { 1.0 / scale };
            self.scales[b] = scale;
            let first = self.first.wrapping_add((b * BLOCK) as u32);
            if let Some(codes) = whole.get_mut(b) {
                encode_block::<T, SIGNED>(values, inverse, (self.key, first), codes);
            } else if b == full {
                let mut codes = [0; BLOCK];
                encode_block::<T, SIGNED>(values, inverse, (self.key, first), &mut codes);
                rest.copy_from_slice(&codes[..rest.len()]);
            }
        }
    }
}

/// Half of a hash for each value, moved to the bits that a code cuts off: the value and the one half a block behind it share one.
#[inline(always)]
fn encode_block<T: Real, const SIGNED: bool>(
    values: &[T; BLOCK],
    inverse: f32,
    (key, first): (Key, u32),
    codes: &mut [u8; BLOCK],
) {
    let (low, high) = codes.split_at_mut(BLOCK / 2);
    let (values_low, values_high) = values.split_at(BLOCK / 2);
    for k in 0..BLOCK / 2 {
        let h = hash(key, first.wrapping_add(k as u32));
        low[k] = encode::<SIGNED>(narrow(values_low[k]), inverse, h << 4 & 0xf_fff0);
        high[k] = encode::<SIGNED>(narrow(values_high[k]), inverse, h >> 12 & 0xf_fff0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: u32 = 1 << 16;

    /// The mean of many roundings is the value; every rounding is one of its two neighbours.
    #[test]
    fn random_rounding_is_right_on_average() {
        let value = 1.0 + 0.3 / 128.0;
        let random = |i| hash([7, 9], i) & 0xffff;
        let ups = (0..N).filter(|&i| round16(value, random(i)) == 0x3f81).count();
        assert!((0..N).all(|i| (0x3f80..=0x3f81).contains(&round16(value, random(i)))));
        assert!((ups as f64 / f64::from(N) - 0.3).abs() < 0.01, "{ups}");
        assert_eq!(round16(f32::INFINITY, 0xffff), 0x7f80);
        assert!(f32::from_bits(u32::from(round16(f32::NAN, 0xffff)) << 16).is_nan());
    }

    /// Both halves of the hash are uniform, and neighbours and keys do not look alike.
    #[test]
    fn the_hash_is_uniform() {
        for shift in [0, 16] {
            for other in [[0x1234_5679, 0], [0x9e37_79b9, 0x7f4a_7c15], [0xdead_beef, 0x0bad_cafe]] {
                let half = |key, i| f64::from(hash(key, i) >> shift & 0xffff) / 65536.0;
                let (mut mean, mut square, mut next, mut across) = (0.0, 0.0, 0.0, 0.0);
                for i in 0..N {
                    let u = half([0, 0], i) - 0.5;
                    mean += u;
                    square += u * u;
                    next += u * (half([0, 0], i + 1) - 0.5);
                    across += u * (half(other, i) - 0.5);
                }
                let n = f64::from(N);
                // Five standard deviations of each mean.
                assert!((mean / n).abs() < 5.0 * (1.0 / 12.0 / n).sqrt());
                assert!((square / n - 1.0 / 12.0).abs() < 5.0 * (1.0 / 180.0 / n).sqrt());
                assert!((next / n).abs().max((across / n).abs()) < 5.0 / 12.0 / n.sqrt());
            }
        }
    }

    fn through(values: &[f32; TILE], signed: bool, first: u32) -> [f32; TILE] {
        let (mut codes, mut scales, mut out) = ([0; TILE], [0.0; TILE / BLOCK], [0.0; TILE]);
        Pack8 { codes: &mut codes, scales: &mut scales, signed, values, key: [3, 5], first }.run();
        Unpack8 { codes: &codes, scales: &scales, signed, out: &mut out }.run();
        out
    }

    /// Every value comes back as one of its neighbours, a sixteenth to an eighth apart, on average as itself.
    #[test]
    fn eight_bits_are_right_on_average() {
        let mut values = [0.0f32; TILE];
        for (k, v) in values.iter_mut().enumerate() {
            *v = 3e-5 * 0.97f32.powi(k as i32 % BLOCK as i32) * if k % 3 == 0 { -1.0 } else { 1.0 };
        }
        let runs = 4096;
        let mut mean = [0.0; TILE];
        for r in 0..runs {
            for ((m, out), v) in mean.iter_mut().zip(through(&values, true, r * TILE as u32)).zip(&values) {
                assert!((out - v).abs() <= v.abs() / 8.0 + 3e-5 / 61439.0, "{v} became {out}");
                *m += f64::from(out) / f64::from(runs);
            }
        }
        for (m, &v) in mean.iter().zip(&values) {
            let v = f64::from(v);
            assert!((m - v).abs() < 0.01 * v.abs() + 1e-11, "{v} became {m}");
        }
    }

    #[test]
    fn eight_bits_keep_the_largest_zero_and_what_divides() {
        let mut values = [1e-20f32; TILE];
        (values[3], values[4], values[300]) = (2.0, 0.0, 7.5);
        let out = through(&values, false, 0);
        assert!((out[3] - 2.0).abs() < 1e-6 && (out[300] - 7.5).abs() < 1e-6 && out[4] == 0.0);
        assert!(out.iter().zip(&values).all(|(o, v)| *v == 0.0 || *o >= *v), "a second moment never becomes 0");
        assert_eq!(through(&[0.0; TILE], true, 0), [0.0; TILE]);
        assert_eq!(through(&[1e-29; TILE], true, 0), [0.0; TILE]);
    }

    /// The largest value of a block comes back as itself, however its scale was rounded and whatever the random bits are.
    #[test]
    fn the_largest_value_is_never_rounded_away() {
        for k in 0..40_000u32 {
            let most = f32::from_bits(0x3a00_0000 + k * 419);
            for (code, top) in [
                (encode::<true>(most, 1.0 / (most / TOP_SIGNED), 0xf_fff0), 0x7f),
                (encode::<false>(most, 1.0 / (most / TOP_UNSIGNED), 0xf_fff0), 0xff),
            ] {
                assert_eq!(code, top, "{most:e}");
                let (size, value) = if top == 0x7f { (0x7f, TOP_SIGNED) } else { (0xff, TOP_UNSIGNED) };
                assert!((decode(code, size, most / value) / most - 1.0).abs() < 1e-6);
            }
        }
    }
}
