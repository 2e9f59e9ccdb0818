//! Integers below a bound, without bias.
//!
//! The upper half of the 128-bit product (random word) × n is below n; the few words that would make some values more
//! likely than others, of which there are 2⁶⁴ mod n, are drawn again. D. Lemire, "Fast random integer generation in an
//! interval", ACM TOMACS 29, 2019, doi:10.1145/3230636. A redraw takes the same position of the stream's next attempt, so a
//! value costs one position whatever happens.

use super::Stream;

impl Stream {
    /// A uniform integer in 0..n; 0 for n = 0.
    #[inline]
    pub fn below(&self, position: u64, n: u64) -> u64 {
        self.below_from(self.bits(position), position, n)
    }

    /// As [`below`](Stream::below), with the bits of the position already at hand.
    #[inline]
    pub(super) fn below_from(&self, bits: u64, position: u64, n: u64) -> u64 {
        let product = u128::from(bits) * u128::from(n);
        if (product as u64) < n { self.redraw(product, position, n) } else { (product >> 64) as u64 }
    }

    /// Accepts the product or draws again; after 254 attempts, which has probability below 2⁻²⁵⁴, the last one counts.
    #[cold]
    fn redraw(&self, mut product: u128, position: u64, n: u64) -> u64 {
        let rejected = n.wrapping_neg() % n;
        let mut attempt = 1;
        while (product as u64) < rejected && attempt < u8::MAX {
            product = u128::from(self.attempt(attempt).bits(position)) * u128::from(n);
            attempt += 1;
        }
        (product >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use crate::random::{Purpose, Stream};

    /// From `reference/streams.py`; the second bound rejects a quarter of all words.
    #[test]
    fn golden_values() {
        let s = Stream::new(0x0123_4567_89ab_cdef, Purpose::NOISE, (1 << 40) + 77);
        let tens: Vec<u64> = (0..12).map(|i| s.below(i, 10)).collect();
        assert_eq!(tens, [6, 7, 4, 1, 4, 3, 6, 7, 3, 7, 5, 3]);
        let wide: Vec<u64> = (0..6).map(|i| s.below(i, (3 << 62) + 1)).collect();
        let expected = [
            4833092335096103135,
            9774809688296156451,
            6158909569242167952,
            8194466012206031154,
            5737626669004907030,
            4192774354425278689,
        ];
        assert_eq!(wide, expected);
    }

    /// Chi-square against equal frequencies, at four standard deviations; thirds of the wide range show the bias that
    /// leaving out the redraw would have.
    #[test]
    fn frequencies_are_equal() {
        let s = Stream::new(5, Purpose::custom(0), 0);
        for (n, cells) in [(7, 7), (1000, 1000), (3 << 62, 3)] {
            let draws = 100_000;
            let mut counts = vec![0.0; cells];
            for i in 0..draws {
                let value = s.below(i, n);
                assert!(value < n);
                counts[(u128::from(value) * cells as u128 / u128::from(n)) as usize] += 1.0;
            }
            let expected = draws as f64 / cells as f64;
            let chi2: f64 = counts.iter().map(|c: &f64| (c - expected).powi(2) / expected).sum();
            let freedom = cells as f64 - 1.0;
            assert!((chi2 - freedom).abs() < 4.0 * (2.0 * freedom).sqrt(), "n {n}: chi-square {chi2}");
        }
    }

    #[test]
    fn small_and_large_bounds() {
        let s = Stream::new(5, Purpose::custom(0), 0);
        assert!((0..100).all(|i| s.below(i, 0) == 0 && s.below(i, 1) == 0));
        assert!((0..100).all(|i| s.below(i, u64::MAX) < u64::MAX));
        assert!((0..100).all(|i| s.below(i, 1 << 63) == s.bits(i) >> 1));
    }
}
