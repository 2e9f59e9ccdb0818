//! Other forms of a matrix: some of its rows, other storage, scaled columns.

use steepest_core::{Flat, Real, flat_zeros};

use super::{Dense, Matrix, Sparse, Values};

impl Values {
    /// The values at these positions, in this order.
    pub fn gather(&self, positions: impl ExactSizeIterator<Item = usize>) -> Values {
        match self {
            Values::Ones(_) => Values::Ones(positions.len()),
            Values::F32(v) => Values::F32(Flat::from_iter(64, positions.map(|k| v[k]))),
            Values::F64(v) => Values::F64(Flat::from_iter(64, positions.map(|k| v[k]))),
        }
    }

    /// The memory they take, in bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Values::Ones(_) => 0,
            Values::F32(v) => 4 * v.len(),
            Values::F64(v) => 8 * v.len(),
        }
    }
}

impl Dense {
    /// The given rows, in this order; a row may be given more than once.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn select(&self, rows: &[u32]) -> Dense {
        let values = match &self.values {
            Values::Ones(_) => Values::Ones(rows.len() * self.cols),
            Values::F32(v) => Values::F32(gather_rows(v, rows, self.cols)),
            Values::F64(v) => Values::F64(gather_rows(v, rows, self.cols)),
        };
        Dense { rows: rows.len(), cols: self.cols, values }
    }

    /// The same numbers without the zeros. −0 counts as zero.
    ///
    /// # Panics
    /// If there are 2³² columns or more.
    pub fn to_sparse(&self) -> Sparse {
        assert!(self.cols <= u32::MAX as usize, "column indices are 32 bits wide");
        let mut starts = Vec::with_capacity(self.rows + 1);
        let mut indices = Vec::new();
        let mut values = Vec::new();
        starts.push(0);
        for i in 0..self.rows {
            for j in 0..self.cols {
                let v = self.values.get(i * self.cols + j);
                if v != 0.0 {
                    indices.push(j as u32);
                    values.push(v);
                }
            }
            starts.push(indices.len());
        }
        Sparse { rows: self.rows, cols: self.cols, starts, indices, values: Values::narrow(values) }
    }
}

fn gather_rows<T: Real>(values: &[T], rows: &[u32], cols: usize) -> Flat<T> {
    let mut out = Flat::with_capacity(64, rows.len() * cols);
    for &i in rows {
        out.extend_from_slice(&values[i as usize * cols..(i as usize + 1) * cols]);
    }
    out
}

impl Sparse {
    /// The given rows, in this order; a row may be given more than once.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn select(&self, rows: &[u32]) -> Sparse {
        let of = |i: u32| self.starts[i as usize]..self.starts[i as usize + 1];
        let mut starts = Vec::with_capacity(rows.len() + 1);
        starts.push(0);
        let mut stored = 0;
        for &i in rows {
            stored += of(i).len();
            starts.push(stored);
        }
        let mut indices = Vec::with_capacity(stored);
        rows.iter().for_each(|&i| indices.extend_from_slice(&self.indices[of(i)]));
        let values = match &self.values {
            Values::Ones(_) => Values::Ones(stored),
            Values::F32(v) => Values::F32(gather_ranges(v, rows.iter().map(|&i| of(i)), stored)),
            Values::F64(v) => Values::F64(gather_ranges(v, rows.iter().map(|&i| of(i)), stored)),
        };
        Sparse { rows: rows.len(), cols: self.cols, starts, indices, values }
    }

    /// The same numbers with the zeros.
    pub fn to_dense(&self) -> Dense {
        let exact = matches!(self.values, Values::Ones(_) | Values::F32(_));
        let values = if exact { Values::F32(self.spread()) } else { Values::F64(self.spread()) };
        Dense { rows: self.rows, cols: self.cols, values }
    }

    fn spread<T: Real>(&self) -> Flat<T> {
        let mut out = flat_zeros::<T>(self.rows * self.cols);
        for i in 0..self.rows {
            for k in self.starts[i]..self.starts[i + 1] {
                out[i * self.cols + self.indices[k] as usize] = T::from_f64(self.values.get(k));
            }
        }
        out
    }

    /// Makes the matrix `cols` wide: values of columns beyond are dropped, new columns are zero.
    pub fn set_cols(&mut self, cols: usize) {
        let narrower = cols < self.cols;
        self.cols = cols;
        if !narrower || self.indices.iter().all(|&j| (j as usize) < cols) {
            return;
        }
        let kept: Vec<usize> = (0..self.indices.len()).filter(|&k| (self.indices[k] as usize) < cols).collect();
        for start in &mut self.starts {
            *start = kept.partition_point(|&k| k < *start);
        }
        self.values = self.values.gather(kept.iter().copied());
        self.indices = kept.iter().map(|&k| self.indices[k]).collect();
    }

    /// Divides each column by its scale. Values are stored in 32 bits afterwards if they were and all are still exact.
    ///
    /// # Panics
    /// If there are fewer scales than columns.
    pub fn divide_columns(&mut self, scale: &[f64]) {
        let divided = |k: usize| self.values.get(k) / scale[self.indices[k] as usize];
        let exact = |k: usize| f64::from(divided(k) as f32) == divided(k);
        let n = self.indices.len();
        self.values = match &self.values {
            Values::Ones(_) if (0..n).all(|k| divided(k) == 1.0) => return,
            Values::Ones(_) | Values::F32(_) if (0..n).all(exact) => {
                Values::F32(Flat::from_iter(64, (0..n).map(|k| divided(k) as f32)))
            }
            _ => Values::F64(Flat::from_iter(64, (0..n).map(divided))),
        };
    }

    /// Row and column of the first stored value that is NaN or infinite.
    pub fn first_not_finite(&self) -> Option<(usize, usize)> {
        let k = match &self.values {
            Values::Ones(_) => None,
            Values::F32(v) => v.iter().position(|v| !v.is_finite()),
            Values::F64(v) => v.iter().position(|v| !v.is_finite()),
        }?;
        Some((self.starts.partition_point(|&s| s <= k) - 1, self.indices[k] as usize))
    }
}

fn gather_ranges<T: Real>(
    values: &[T],
    ranges: impl Iterator<Item = std::ops::Range<usize>>,
    stored: usize,
) -> Flat<T> {
    let mut out = Flat::with_capacity(64, stored);
    ranges.for_each(|range| out.extend_from_slice(&values[range]));
    out
}

impl Matrix {
    /// The given rows, in this order; a row may be given more than once.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn select(&self, rows: &[u32]) -> Matrix {
        match self {
            Matrix::Dense(m) => Matrix::Dense(m.select(rows)),
            Matrix::Sparse(m) => Matrix::Sparse(m.select(rows)),
        }
    }

    /// Stored values over all cells; 1 for a dense matrix.
    pub fn density(&self) -> f64 {
        let cells = self.rows() as f64 * self.cols() as f64;
        if cells == 0.0 { 1.0 } else { self.stored() as f64 / cells }
    }

    /// The memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Matrix::Dense(m) => m.values.bytes(),
            Matrix::Sparse(m) => m.values.bytes() + 4 * m.indices.len() + size_of::<usize>() * m.starts.len(),
        }
    }

    /// The same numbers, all stored.
    pub fn into_dense(self) -> Dense {
        match self {
            Matrix::Dense(m) => m,
            Matrix::Sparse(m) => m.to_dense(),
        }
    }

    /// The same numbers without the zeros.
    pub fn into_sparse(self) -> Sparse {
        match self {
            Matrix::Dense(m) => m.to_sparse(),
            Matrix::Sparse(m) => m,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sparse() -> Sparse {
        let values = Values::narrow(vec![0.1, 2.0, -3.0, 4.5]);
        Sparse { rows: 3, cols: 4, starts: vec![0, 2, 2, 4], indices: vec![0, 3, 1, 3], values }
    }

    fn cells(m: &Matrix) -> Vec<Vec<f64>> {
        let row = |i| {
            let mut row = vec![0.0; m.cols()];
            m.for_row(i, |j, v| row[j] = v);
            row
        };
        (0..m.rows()).map(row).collect()
    }

    #[test]
    fn storage_changes_no_number() {
        let m = sparse();
        let expected = [[0.1, 0.0, 0.0, 2.0], [0.0; 4], [0.0, -3.0, 0.0, 4.5]];
        assert_eq!(cells(&Matrix::Sparse(m.clone())), expected);
        let dense = m.to_dense();
        assert_eq!(cells(&Matrix::Dense(dense.clone())), expected);
        let back = dense.to_sparse();
        assert_eq!((back.starts, back.indices), (m.starts, m.indices));
        let ones = Sparse { values: Values::Ones(4), ..sparse() };
        assert!(matches!(ones.to_dense().values, Values::F32(_)));
        assert!(matches!(ones.to_dense().to_sparse().values, Values::Ones(4)));
        assert_eq!(Matrix::Sparse(ones).density(), 4.0 / 12.0);
    }

    #[test]
    fn rows_are_selected_in_order_and_repeated() {
        let all = cells(&Matrix::Sparse(sparse()));
        let rows = [2, 0, 1, 2];
        let expected: Vec<_> = rows.iter().map(|&i| all[i as usize].clone()).collect();
        assert_eq!(cells(&Matrix::Sparse(sparse()).select(&rows)), expected);
        assert_eq!(cells(&Matrix::Dense(sparse().to_dense()).select(&rows)), expected);
        assert_eq!(Matrix::Sparse(sparse()).select(&[]).rows(), 0);
    }

    #[test]
    fn columns_are_cut_added_and_divided() {
        let mut m = sparse();
        m.set_cols(3);
        assert_eq!(cells(&Matrix::Sparse(m.clone())), [[0.1, 0.0, 0.0], [0.0; 3], [0.0, -3.0, 0.0]]);
        m.set_cols(5);
        assert_eq!(m.cols, 5);
        m.divide_columns(&[0.1, 2.0, 1.0, 1.0, 1.0]);
        assert_eq!(cells(&Matrix::Sparse(m))[0][0], 1.0);
        let mut halves = Sparse { values: Values::Ones(4), ..sparse() };
        halves.divide_columns(&[1.0; 4]);
        assert!(matches!(halves.values, Values::Ones(4)));
        halves.divide_columns(&[2.0; 4]);
        assert!(matches!(halves.values, Values::F32(_)));
        halves.divide_columns(&[1.0, 0.0, 1.0, 1.0]);
        assert_eq!(halves.first_not_finite(), Some((2, 1)));
        assert_eq!(sparse().first_not_finite(), None);
    }
}
