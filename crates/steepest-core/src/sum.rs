//! Losses that are sums over rows: what authors of models implement.

use crate::{Layout, NonFinite, Real};

/// Some rows of the data.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// Consecutive rows `start..end`.
    Range {
        /// First row.
        start: u64,
        /// One behind the last row.
        end: u64,
    },
    /// The rows with these indices, in this order; an index may occur several times.
    Index(&'a [u32]),
}

impl Rows<'_> {
    /// How many rows, repetitions counted.
    pub fn len(&self) -> u64 {
        match self {
            Rows::Range { start, end } => end - start,
            Rows::Index(list) => list.len() as u64,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Row `k` of these rows.
    #[inline]
    pub fn get(&self, k: usize) -> u64 {
        match self {
            Rows::Range { start, .. } => start + k as u64,
            Rows::Index(list) => u64::from(list[k]),
        }
    }

    /// The part `from..to` of these rows.
    pub fn slice(&self, from: usize, to: usize) -> Rows<'_> {
        match self {
            Rows::Range { start, .. } => Rows::Range { start: start + from as u64, end: start + to as u64 },
            Rows::Index(list) => Rows::Index(&list[from..to]),
        }
    }
}

/// Where a shard adds its gradient.
#[derive(Debug)]
pub enum GradSink<'a, T> {
    /// Nowhere: only the loss is wanted.
    None,
    /// Into every element of a vector as long as the parameters.
    Dense(&'a mut [T]),
    /// As (index, value) pairs, so that a step on few rows costs its nonzeros.
    Sparse(&'a mut SparseGradient<T>),
}

/// A gradient with few nonzero elements, as pairs of index and value.
#[derive(Debug, Clone, Default)]
pub struct SparseGradient<T> {
    /// Positions in the flat vector.
    pub indices: Vec<u32>,
    /// The values there.
    pub values: Vec<T>,
}

impl<T: Real> SparseGradient<T> {
    /// Forgets all pairs and keeps the memory.
    pub fn clear(&mut self) {
        self.indices.clear();
        self.values.clear();
    }

    /// Adds `value` to element `index`; repetitions are allowed until [`coalesce`](SparseGradient::coalesce).
    #[inline]
    pub fn push(&mut self, index: u32, value: T) {
        self.indices.push(index);
        self.values.push(value);
    }

    /// Sorts by index and adds up repetitions in the order in which they came. O(k log k) for k pairs, O(k) when sorted.
    pub fn coalesce(&mut self) {
        if self.indices.windows(2).all(|w| w[0] < w[1]) {
            return;
        }
        let mut pairs: Vec<(u32, T)> = self.indices.iter().copied().zip(self.values.iter().copied()).collect();
        pairs.sort_by_key(|p| p.0);
        self.clear();
        for (index, value) in pairs {
            if self.indices.last() == Some(&index) {
                let last = self.values.len() - 1;
                self.values[last] += value;
            } else {
                self.push(index, value);
            }
        }
    }
}

/// What a shard adds up besides the gradient.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Partial {
    /// Σ wᵢfᵢ(x).
    pub loss: f64,
    /// Σ wᵢ.
    pub weight: f64,
}

/// A loss that is a sum over rows, f(x) = Σ wᵢfᵢ(x) / Σ wᵢ, written by authors of models as plain sequential code.
///
/// Threads, ranks, shards and the order of sums are the business of whoever calls [`shard`](FiniteSum::shard).
pub trait FiniteSum<T: Real>: Sync {
    /// Scratch memory of one worker, made once and used for every shard it computes.
    type Work: Send;

    /// The tensors of the parameters.
    fn layout(&self) -> &Layout;

    /// How many rows there are; `None` for a stream.
    fn rows(&self) -> Option<u64>;

    /// Scratch for shards of at most `max_rows` rows.
    fn work(&self, max_rows: usize) -> Self::Work;

    /// Adds Σ wᵢ∇fᵢ(x) over the rows to `grad` and returns (Σ wᵢfᵢ, Σ wᵢ): no 1/n, no penalty.
    ///
    /// # Errors
    /// [`NonFinite`] names the first row whose loss is not finite.
    fn shard(
        &self,
        x: &[T],
        rows: Rows<'_>,
        work: &mut Self::Work,
        grad: GradSink<'_, T>,
    ) -> Result<Partial, NonFinite>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coalescing_sorts_and_adds() {
        let mut g = SparseGradient { indices: vec![5, 1, 5, 3], values: vec![1.0, 2.0, 4.0, 8.0] };
        g.coalesce();
        assert_eq!(g.indices, [1, 3, 5]);
        assert_eq!(g.values, [2.0, 8.0, 5.0]);
    }
}
