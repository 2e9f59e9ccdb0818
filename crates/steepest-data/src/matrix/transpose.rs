//! The transpose of a sparse matrix.
//!
//! Written entry by entry, a transpose is a write to another place of memory each time. So the entries are dealt into ranges of
//! columns first, by threads that each read rows of their own, and then every range is put in order by one thread, in its cache.

use rayon::prelude::*;
use steepest_core::{Shards, flat_zeros};

use super::{Sparse, Values};

/// Entries that are worth a thread of their own.
const TASK: usize = 1 << 15;
/// Ranges of rows and of columns at most: each row range keeps a list for each column range.
const MOST: usize = 16;

/// An entry on its way: row, column, value.
type Entry<T> = (u32, u32, T);

impl Sparse {
    /// The transpose in compressed rows, that is this matrix in compressed columns, rows ascending in each. O(rows + cols +
    /// stored).
    pub fn transpose(&self) -> Sparse {
        let starts = column_starts(&self.indices, self.cols);
        let stored = self.indices.len();
        let mut indices = vec![0u32; stored];
        let values = match &self.values {
            Values::Ones(n) => {
                self.columns(&starts, |_| (), &mut indices, &mut vec![(); stored]);
                Values::Ones(*n)
            }
            Values::F32(v) => {
                let mut values = flat_zeros(stored);
                self.columns(&starts, |k| v[k], &mut indices, &mut values);
                Values::F32(values)
            }
            Values::F64(v) => {
                let mut values = flat_zeros(stored);
                self.columns(&starts, |k| v[k], &mut indices, &mut values);
                Values::F64(values)
            }
        };
        Sparse { rows: self.cols, cols: self.rows, starts, indices, values }
    }

    /// Writes the rows and the values of all columns, one column behind the other.
    fn columns<T: Copy + Send + Sync>(
        &self,
        starts: &[usize],
        value: impl Fn(usize) -> T + Sync,
        indices: &mut [u32],
        values: &mut [T],
    ) {
        let stored = self.indices.len();
        let shards = Shards::new(stored, TASK, MOST).count();
        if shards == 1 {
            let all = (0..self.rows).flat_map(|i| (self.starts[i]..self.starts[i + 1]).map(move |k| (i as u32, k)));
            place(all.map(|(i, k)| (i, self.indices[k], value(k))), starts, indices, values);
            return;
        }
        // Ranges of columns and of rows with about as many entries each.
        let columns = cut(starts, shards);
        let rows = cut(&self.starts, shards);
        let mut range_of = vec![0u8; self.cols];
        columns.windows(2).enumerate().for_each(|(c, w)| range_of[w[0]..w[1]].fill(c as u8));
        let dealt: Vec<Vec<Vec<Entry<T>>>> = rows
            .par_windows(2)
            .map(|w| {
                let room = (self.starts[w[1]] - self.starts[w[0]]) / shards;
                let mut hands: Vec<Vec<Entry<T>>> = (0..shards).map(|_| Vec::with_capacity(room + room / 4)).collect();
                for i in w[0]..w[1] {
                    for k in self.starts[i]..self.starts[i + 1] {
                        let j = self.indices[k];
                        hands[usize::from(range_of[j as usize])].push((i as u32, j, value(k)));
                    }
                }
                hands
            })
            .collect();
        let (mut rest, mut rest_values) = (indices, values);
        let mut parts = Vec::with_capacity(shards);
        for w in columns.windows(2) {
            let len = starts[w[1]] - starts[w[0]];
            let (part, tail) = rest.split_at_mut(len);
            let (part_values, tail_values) = rest_values.split_at_mut(len);
            parts.push((&starts[w[0]..=w[1]], w[0] as u32, part, part_values));
            (rest, rest_values) = (tail, tail_values);
        }
        parts.into_par_iter().enumerate().for_each(|(c, (starts, first, indices, values))| {
            let entries = dealt.iter().flat_map(|hands| &hands[c]);
            place(entries.map(|&(i, j, v)| (i, j - first, v)), starts, indices, values);
        });
    }
}

/// Where each column starts.
fn column_starts(indices: &[u32], cols: usize) -> Vec<usize> {
    let mut starts = vec![0usize; cols + 1];
    indices.iter().for_each(|&j| starts[j as usize + 1] += 1);
    (0..cols).for_each(|j| starts[j + 1] += starts[j]);
    starts
}

/// Puts entries, rows ascending, into columns that start at `starts` less its first.
fn place<T: Copy>(entries: impl Iterator<Item = Entry<T>>, starts: &[usize], indices: &mut [u32], values: &mut [T]) {
    let mut next: Vec<usize> = starts.iter().map(|s| s - starts[0]).collect();
    for (i, j, v) in entries {
        let at = &mut next[j as usize];
        (indices[*at], values[*at]) = (i, v);
        *at += 1;
    }
}

/// Bounds of `count` ranges of rows, which start at `starts`, with about as many entries each.
fn cut(starts: &[usize], count: usize) -> Vec<usize> {
    let (rows, first) = (starts.len() - 1, starts[0]);
    let stored = starts[rows] - first;
    let mut bounds = vec![0; count + 1];
    for c in 1..=count {
        let end = starts.partition_point(|&s| s - first < stored / count * c);
        bounds[c] = if c == count { rows } else { end.clamp(bounds[c - 1], rows) };
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transpose_twice_is_the_same_matrix() {
        let values = Values::narrow(vec![0.1, 2.0, -3.0, 4.5]);
        let m = Sparse { rows: 3, cols: 4, starts: vec![0, 2, 2, 4], indices: vec![0, 3, 1, 3], values };
        let t = m.transpose();
        assert_eq!((t.rows, t.cols), (4, 3));
        assert_eq!(t.starts, [0, 1, 2, 2, 4]);
        assert_eq!(t.indices, [0, 2, 0, 2]);
        assert_eq!(t.values.get(1), -3.0);
        let back = t.transpose();
        assert_eq!(back.starts, m.starts);
        assert_eq!(back.indices, m.indices);
        assert!((0..4).all(|k| back.values.get(k) == m.values.get(k)));
    }

    #[test]
    fn threads_make_what_one_pass_makes() {
        // Columns of all lengths, empty ones and rows among them; each kind of values.
        let (rows, cols) = (3000usize, 700usize);
        let (mut starts, mut indices) = (vec![0], Vec::new());
        for i in 0..rows {
            let among = |j: usize| i % 7 != 3 && (i * 31 + j * j * 17) % (2 + j / 3) < 2 && j % 11 != 5;
            indices.extend((0..cols).filter(|&j| among(j)).map(|j| j as u32));
            starts.push(indices.len());
        }
        assert!(indices.len() > 2 * TASK, "{}", indices.len());
        let numbers: Vec<f64> = (0..indices.len()).map(|k| k as f64 * 0.5 + 1.0).collect();
        for values in [
            Values::Ones(indices.len()),
            Values::narrow(numbers.clone()),
            Values::narrow(numbers.iter().map(|v| v * 0.1).collect()),
        ] {
            let m = Sparse { rows, cols, starts: starts.clone(), indices: indices.clone(), values };
            let t = m.transpose();
            let mut expected: Vec<Vec<(u32, f64)>> = vec![Vec::new(); cols];
            for i in 0..rows {
                (starts[i]..starts[i + 1])
                    .for_each(|k| expected[indices[k] as usize].push((i as u32, m.values.get(k))));
            }
            for (j, column) in expected.iter().enumerate() {
                let found: Vec<_> = (t.starts[j]..t.starts[j + 1]).map(|k| (t.indices[k], t.values.get(k))).collect();
                assert_eq!(&found, column, "{j}");
            }
        }
    }
}
