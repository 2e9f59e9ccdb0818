//! Shards and the ordered reduction: sums whose bits do not depend on who computes them.
//!
//! Rows are cut into shards by their number alone. Each shard is summed in row order; the shards' sums are combined in one
//! fixed binary tree over the shard index. Threads and ranks decide only who computes which shard.

use rayon::prelude::*;

use crate::Real;

/// A fixed cut of `len` items into `count` consecutive pieces whose lengths differ by at most one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shards {
    len: usize,
    count: usize,
}

impl Shards {
    /// Cuts `len` items into pieces of about `piece`, at most `max_count` of them and at least one.
    pub fn new(len: usize, piece: usize, max_count: usize) -> Shards {
        Shards { len, count: len.div_ceil(piece.max(1)).clamp(1, max_count.max(1)) }
    }

    /// The number of pieces.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The items of piece `i`.
    ///
    /// ```
    /// let shards = steepest_core::Shards::new(10, 4, 64);
    /// let pieces: Vec<_> = (0..shards.count()).map(|i| shards.range(i)).collect();
    /// assert_eq!(pieces, [0..4, 4..7, 7..10]);
    /// ```
    pub fn range(&self, i: usize) -> std::ops::Range<usize> {
        let (base, longer) = (self.len / self.count, self.len % self.count);
        let start = i * base + i.min(longer);
        start..start + base + usize::from(i < longer)
    }
}

/// Sums numbers in a fixed binary tree: the halves first, the left one at least as long. The error grows with log n, and the
/// order is a function of the length alone.
pub fn tree_sum(values: &[f64]) -> f64 {
    match values {
        [] => 0.0,
        [v] => *v,
        _ => {
            let (left, right) = values.split_at(values.len().next_power_of_two() / 2);
            tree_sum(left) + tree_sum(right)
        }
    }
}

/// Sums `count` vectors of length `len`, one behind the other in `parts`, into the first of them, in the tree of
/// [`tree_sum`]. Elements are independent, so that threads take ranges of them.
pub fn tree_sum_vectors<T: Real>(parts: &mut [T], len: usize) {
    if len == 0 {
        return;
    }
    let count = parts.len() / len;
    debug_assert_eq!(parts.len(), count * len);
    let mut stride = 1;
    while stride < count {
        for i in (0..count).step_by(2 * stride) {
            if i + stride < count {
                let (left, right) = parts.split_at_mut((i + stride) * len);
                add(&mut left[i * len..i * len + len], &right[..len]);
            }
        }
        stride *= 2;
    }
}

/// Above this many elements a vector addition is shared among threads.
const PARALLEL_ADD: usize = 1 << 15;

fn add<T: Real>(to: &mut [T], from: &[T]) {
    let plain = |(a, b): (&mut [T], &[T])| a.iter_mut().zip(b).for_each(|(a, &b)| *a += b);
    if to.len() < PARALLEL_ADD {
        plain((to, from));
    } else {
        to.par_chunks_mut(PARALLEL_ADD / 2).zip(from.par_chunks(PARALLEL_ADD / 2)).for_each(plain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_cover_everything_once() {
        for len in [0usize, 1, 7, 64, 1000] {
            for piece in [1usize, 3, 100] {
                let s = Shards::new(len, piece, 64);
                let all: Vec<usize> = (0..s.count()).flat_map(|i| s.range(i)).collect();
                assert_eq!(all, (0..len).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn vectors_are_summed_in_the_tree_of_numbers() {
        let value = |k: usize| ((k * 2654435761) % 1000003) as f64 * 1e-3 + 1e9 * (k % 3) as f64;
        for count in 1usize..20 {
            for len in [1usize, 3, 70_000] {
                let numbers: Vec<f64> = (0..count * len).map(value).collect();
                let mut parts = numbers.clone();
                tree_sum_vectors(&mut parts, len);
                for j in [0, len / 2, len - 1] {
                    let column: Vec<f64> = (0..count).map(|i| numbers[i * len + j]).collect();
                    assert_eq!(parts[j].to_bits(), tree_sum(&column).to_bits(), "{count} {len} {j}");
                }
            }
        }
    }

    #[test]
    fn the_sum_of_ones_is_the_count() {
        for n in 0..100 {
            assert_eq!(tree_sum(&vec![1.0; n]), n as f64);
        }
    }
}
