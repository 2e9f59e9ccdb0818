//! The order in which an epoch visits the training rows.

use steepest_core::random::{Purpose, Stream};

/// How the rows of an epoch are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Every row once, in an order that is new in each epoch.
    #[default]
    Shuffled,
    /// As many rows as there are, each drawn from all.
    Replacement,
    /// Every row once, in the order of the data.
    Sequential,
}

impl Order {
    /// Writes the positions that epoch `epoch` visits into `out`, which is as long as there are rows. A pure function of
    /// the arguments: a run that is resumed goes on with the same rows. O(n), no allocation.
    ///
    /// ```
    /// use steepest_data::Order;
    /// let mut rows = [0; 5];
    /// Order::Shuffled.fill(0, 3, &mut rows);
    /// let first_batch = &rows[..2];
    /// assert!(first_batch.iter().all(|&i| i < 5) && first_batch[0] != first_batch[1]);
    /// ```
    pub fn fill(self, seed: u64, epoch: u64, out: &mut [u32]) {
        match self {
            Order::Shuffled => Stream::new(seed, Purpose::ORDER, epoch).fill_permutation(out),
            Order::Replacement => {
                let stream = Stream::new(seed, Purpose::ORDER, epoch);
                let n = out.len() as u64;
                out.iter_mut().enumerate().for_each(|(k, row)| *row = stream.below(k as u64, n) as u32);
            }
            Order::Sequential => out.iter_mut().enumerate().for_each(|(k, row)| *row = k as u32),
        }
    }
}

impl std::str::FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Order, String> {
        match text.trim().to_lowercase().as_str() {
            "shuffled" | "shuffle" => Ok(Order::Shuffled),
            "replacement" | "with-replacement" => Ok(Order::Replacement),
            "sequential" => Ok(Order::Sequential),
            _ => Err(format!("`{text}` is no order of rows; there are shuffled, replacement and sequential")),
        }
    }
}

/// The batches of an epoch over `n` rows as ranges of its order; the last may be shorter. A batch of 0 or of more than `n`
/// rows is all of them.
///
/// ```
/// let batches: Vec<_> = steepest_data::batches(10, 4).collect();
/// assert_eq!(batches, [0..4, 4..8, 8..10]);
/// ```
pub fn batches(n: usize, size: usize) -> impl ExactSizeIterator<Item = std::ops::Range<usize>> + Clone {
    let size = if size == 0 { n.max(1) } else { size.min(n.max(1)) };
    (0..n.div_ceil(size)).map(move |k| k * size..((k + 1) * size).min(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(order: Order, seed: u64, epoch: u64, n: usize) -> Vec<u32> {
        let mut out = vec![0; n];
        order.fill(seed, epoch, &mut out);
        out
    }

    #[test]
    fn shuffled_visits_every_row_once_and_differs_by_epoch_and_seed() {
        let first = epoch(Order::Shuffled, 1, 0, 1000);
        assert_eq!(first, epoch(Order::Shuffled, 1, 0, 1000));
        assert_ne!(first, epoch(Order::Shuffled, 1, 1, 1000));
        assert_ne!(first, epoch(Order::Shuffled, 2, 0, 1000));
        let mut sorted = first;
        sorted.sort_unstable();
        assert_eq!(sorted, epoch(Order::Sequential, 0, 0, 1000));
    }

    #[test]
    fn replacement_leaves_out_a_share_of_one_over_e() {
        let n = 100_000;
        let mut seen = vec![false; n];
        epoch(Order::Replacement, 0, 0, n).iter().for_each(|&i| seen[i as usize] = true);
        let left_out = seen.iter().filter(|s| !**s).count() as f64 / n as f64;
        // Standard deviation √(e⁻¹(1 − 2e⁻¹)/n) = 0.001.
        assert!((left_out - (-1f64).exp()).abs() < 0.004, "{left_out}");
    }

    #[test]
    fn batches_cover_all_rows() {
        assert!(batches(10, 0).eq(std::iter::once(0..10)));
        assert!(batches(10, 99).eq(std::iter::once(0..10)));
        assert_eq!(batches(0, 3).count(), 0);
        assert_eq!(batches(9, 3).len(), 3);
    }
}
