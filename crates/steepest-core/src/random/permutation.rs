//! Random orders: shuffles, samples without replacement, and a permutation of any size that takes no memory.
//!
//! [`Stream::shuffle`] and what is built on it is the forward Fisher–Yates shuffle: every order is equally likely, as far as
//! the stream is random. [`Permutation`] computes any place of an order on its own, in constant memory, for row counts at
//! which a table of indices would be a burden; its orders are a pseudorandom choice among all.

use std::collections::HashMap;

use super::Stream;

impl Stream {
    /// Puts `items` in random order. Item i is exchanged with one drawn at position i from i and those behind it.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        let n = items.len() as u64;
        let mut bits = [0; 256];
        let mut start = 0;
        while start + 1 < n {
            let count = (n - 1 - start).min(bits.len() as u64);
            let words = &mut bits[..count as usize];
            self.fill_bits(start, words);
            for (i, &word) in (start..).zip(&*words) {
                let j = i + self.below_from(word, i, n - i);
                items.swap(i as usize, j as usize);
            }
            start += count;
        }
    }

    /// A random order of 0..n.
    ///
    /// ```
    /// use steepest_core::random::{Purpose, Stream};
    /// let mut order = Stream::new(0, Purpose::ORDER, 0).permutation(1000);
    /// order.sort();
    /// assert!(order.iter().enumerate().all(|(k, &row)| k == row as usize));
    /// ```
    pub fn permutation(&self, n: u32) -> Vec<u32> {
        let mut order = vec![0; n as usize];
        self.fill_permutation(&mut order);
        order
    }

    /// Writes a random order of 0..len into `order`, which is as [`permutation`](Stream::permutation) but allocates nothing.
    /// Of a slice longer than 2³², the part behind repeats the indices from 0 on.
    pub fn fill_permutation(&self, order: &mut [u32]) {
        for (k, place) in order.iter_mut().enumerate() {
            *place = k as u32;
        }
        self.shuffle(order);
    }

    /// k different integers from 0..n in random order, all of 0..n when k ≥ n: the first k places of the shuffle of 0..n.
    ///
    /// Cost: O(k) time and memory, whatever n is.
    pub fn sample(&self, k: usize, n: u64) -> Vec<u64> {
        let k = k.min(usize::try_from(n).unwrap_or(usize::MAX));
        // The shuffle of 0..n, of which only the places that differ from the identity are kept.
        let mut moved: HashMap<u64, u64> = HashMap::with_capacity(k);
        (0..k as u64)
            .map(|i| {
                let j = i + self.below(i, n - i);
                let here = moved.get(&i).copied().unwrap_or(i);
                if j == i { here } else { moved.insert(j, here).unwrap_or(j) }
            })
            .collect()
    }
}

/// Half-rounds of the network: two parts of few values mix slowly, so a small n takes more.
const ROUNDS_SMALL: usize = 24;
const ROUNDS_LARGE: usize = 10;
/// The n from which the smaller number of rounds is enough.
const LARGE: u64 = 4096;

/// A random-access permutation of 0..n: any place of it in constant time and memory, and its inverse.
///
/// A number below a·b ≥ n, with a ≈ b ≈ √n, is the pair (l, r) = (x div b, x mod b). Ten half-rounds (24 for n < 4096) add a keyed hash
/// of one part to the other; each can be undone, so the whole is a bijection of 0..a·b. A value outside 0..n is sent through again until it
/// falls inside, which a·b < n + a makes rare. J. Black and P. Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002,
/// doi:10.1007/3-540-45760-7_9.
///
/// Cost: 15–40 ns a place. For n below 2³² and many passes over the order, [`Stream::permutation`] is faster to read.
///
/// ```
/// use steepest_core::random::{Permutation, Purpose, Stream};
/// let order = Permutation::new(Stream::new(0, Purpose::ORDER, 5), 1_000_000_000_000);
/// let row = order.at(123_456_789);
/// assert!(row < 1_000_000_000_000);
/// assert_eq!(order.position_of(row), 123_456_789);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permutation {
    n: u64,
    a: u64,
    b: u64,
    keys: [u64; ROUNDS_SMALL],
}

impl Permutation {
    /// The permutation of 0..n that `stream` chooses (from its first positions).
    pub fn new(stream: Stream, n: u64) -> Permutation {
        let root = n.isqrt();
        let a = (if root * root < n { root + 1 } else { root }).max(1);
        let b = n.div_ceil(a).max(1);
        let mut keys = [0; ROUNDS_SMALL];
        stream.fill_bits(0, &mut keys);
        Permutation { n, a, b, keys }
    }

    /// The number of places, n.
    pub fn len(&self) -> u64 {
        self.n
    }

    /// Whether there are no places.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// The value at `position` (taken modulo n; 0 for n = 0).
    pub fn at(&self, position: u64) -> u64 {
        self.walk(position, |l, r| {
            for pair in self.rounds() {
                *l = add(*l, scatter(*r, pair[0], self.a), self.a);
                *r = add(*r, scatter(*l, pair[1], self.b), self.b);
            }
        })
    }

    /// The position at which `value` (taken modulo n) stands: the inverse of [`at`](Permutation::at).
    pub fn position_of(&self, value: u64) -> u64 {
        self.walk(value, |l, r| {
            for pair in self.rounds().iter().rev() {
                *r = subtract(*r, scatter(*l, pair[1], self.b), self.b);
                *l = subtract(*l, scatter(*r, pair[0], self.a), self.a);
            }
        })
    }

    /// All values in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + use<'_> {
        (0..self.n).map(|i| self.at(i))
    }

    /// The keys of the rounds that this n takes, in pairs.
    fn rounds(&self) -> &[[u64; 2]] {
        let count = if self.n < LARGE { ROUNDS_SMALL } else { ROUNDS_LARGE };
        self.keys[..count].as_chunks::<2>().0
    }

    /// Applies the bijection of 0..a·b until the value is one of 0..n again; it is on a cycle that holds such a value.
    fn walk(&self, x: u64, network: impl Fn(&mut u64, &mut u64)) -> u64 {
        if self.n <= 1 {
            return 0;
        }
        let x = if x < self.n { x } else { x % self.n };
        let (mut l, mut r) = (x / self.b, x % self.b);
        loop {
            network(&mut l, &mut r);
            // a·b can exceed 2⁶⁴ by less than a.
            let y = u128::from(l) * u128::from(self.b) + u128::from(r);
            if y < u128::from(self.n) {
                return y as u64;
            }
        }
    }
}

/// A keyed hash of x as a number below `range`.
#[inline(always)]
fn scatter(x: u64, key: u64, range: u64) -> u64 {
    let h = (x ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let h = (h ^ (h >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let h = h ^ (h >> 32);
    ((u128::from(h) * u128::from(range)) >> 64) as u64
}

/// x + y mod m for x, y < m ≤ 2³².
#[inline(always)]
fn add(x: u64, y: u64, m: u64) -> u64 {
    let sum = x + y;
    if sum >= m { sum - m } else { sum }
}

/// x − y mod m for x, y < m ≤ 2³².
#[inline(always)]
fn subtract(x: u64, y: u64, m: u64) -> u64 {
    if x >= y { x - y } else { x + m - y }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    fn stream(index: u64) -> Stream {
        Stream::new(0x0123_4567_89ab_cdef, Purpose::NOISE, index)
    }

    /// From `reference/streams.py`. These values never change.
    #[test]
    fn golden_values() {
        let s = stream((1 << 40) + 77);
        assert_eq!(s.permutation(12), [8, 0, 6, 4, 7, 3, 9, 10, 2, 11, 1, 5]);
        assert_eq!(Permutation::new(s, 10).iter().collect::<Vec<_>>(), [1, 3, 9, 0, 6, 7, 4, 8, 5, 2]);
        let large = Permutation::new(s, 1_000_000_000_000_000);
        let places = [0, 1, 999_999_999_999_999].map(|i| large.at(i));
        assert_eq!(places, [858719303870239, 830040409855573, 940902086463576]);
    }

    #[test]
    fn shuffles_and_samples_agree() {
        for n in [0u32, 1, 2, 3, 255, 256, 257, 258, 1000] {
            let order = stream(1).permutation(n);
            let mut sorted = order.clone();
            sorted.sort();
            assert!(sorted.iter().enumerate().all(|(k, &v)| k == v as usize), "n {n}");
            for k in [0, 1, n as usize / 2, n as usize, n as usize + 5] {
                let sample: Vec<u32> = stream(1).sample(k, n.into()).into_iter().map(|v| v as u32).collect();
                assert_eq!(sample, order[..k.min(n as usize)], "n {n}, k {k}");
            }
        }
        let few = stream(2).sample(1000, u64::MAX);
        assert_eq!(few.iter().collect::<std::collections::HashSet<_>>().len(), 1000);
    }

    #[test]
    fn every_size_is_a_bijection_with_its_inverse() {
        for n in (0..70).chain([100, 1000, 1023, 1024, 1025, 10_000]) {
            let order = Permutation::new(stream(n), n);
            let mut seen = vec![false; n as usize];
            for (i, v) in order.iter().enumerate() {
                assert!(!std::mem::replace(&mut seen[v as usize], true), "n {n}: {v} twice");
                assert_eq!(order.position_of(v), i as u64);
            }
            assert_eq!(order.len(), n);
        }
        for n in [u64::MAX, 1 << 63, (1 << 32) + 1, 0xffff_ffff_0000_0001] {
            let order = Permutation::new(stream(0), n);
            for i in [0, 1, 12345, n / 2, n - 1] {
                assert!(order.at(i) < n);
                assert_eq!(order.position_of(order.at(i)), i);
            }
        }
        assert_eq!(Permutation::new(stream(0), 0).at(5), 0);
    }

    /// (χ² − freedom) / √(2 · freedom) against equal frequencies.
    fn deviation(counts: &[f64]) -> f64 {
        let expected = counts.iter().sum::<f64>() / counts.len() as f64;
        let freedom = counts.len() as f64 - 1.0;
        let chi2: f64 = counts.iter().map(|c| (c - expected).powi(2) / expected).sum();
        (chi2 - freedom) / (2.0 * freedom).sqrt()
    }

    /// Every one of the 120 orders of five things comes equally often, for both ways to make one.
    #[test]
    fn all_orders_of_five_are_equally_likely() {
        let mut shuffled = [0.0; 3125];
        let mut walked = [0.0; 3125];
        for index in 0..60_000 {
            let code = |order: &mut dyn Iterator<Item = u64>| order.fold(0, |c, v| 5 * c + v as usize);
            shuffled[code(&mut stream(index).permutation(5).into_iter().map(u64::from))] += 1.0;
            walked[code(&mut Permutation::new(stream(index), 5).iter())] += 1.0;
        }
        for counts in [shuffled, walked] {
            let counts: Vec<f64> = counts.into_iter().filter(|&c| c > 0.0).collect();
            assert_eq!(counts.len(), 120);
            assert!(deviation(&counts).abs() < 4.0, "{}", deviation(&counts));
        }
    }

    /// Where a row goes, and how far apart two neighbours land, over many epochs of a size that is no square.
    #[test]
    fn places_and_distances_of_the_walked_order_are_uniform() {
        let n = 97;
        let mut places = vec![0.0; n as usize];
        let mut distances = vec![0.0; n as usize - 1];
        for index in 0..50_000 {
            let order = Permutation::new(stream(index), n);
            let (a, b) = (order.at(40), order.at(41));
            places[a as usize] += 1.0;
            distances[((a + n - b) % n) as usize - 1] += 1.0;
        }
        assert!(deviation(&places).abs() < 4.0 && deviation(&distances).abs() < 4.0);
        // Within one order: pairs (place of i, place of i + 1) in a grid of 10 × 10.
        let n = 200_000;
        let order = Permutation::new(stream(1), n);
        let mut grid = [0.0; 100];
        for i in 0..n - 1 {
            grid[(order.at(i) * 10 / n * 10 + order.at(i + 1) * 10 / n) as usize] += 1.0;
        }
        assert!(deviation(&grid).abs() < 4.0, "{}", deviation(&grid));
    }
}
