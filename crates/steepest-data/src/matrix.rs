//! The matrices that models read: dense by rows or sparse by rows, each value stored as narrowly as it can be without loss.

mod change;
mod stack;
mod transpose;

use steepest_core::Flat;

/// The numbers of a matrix. Storage is separate from arithmetic, which is `f64` wherever eight digits are asked for: data
/// that are exact in `f32` are kept so and halve the memory traffic, and an indicator matrix keeps no values at all.
#[derive(Debug, Clone)]
pub enum Values {
    /// Every stored value is 1; the number of them.
    Ones(usize),
    /// 32-bit values.
    F32(Flat<f32>),
    /// 64-bit values.
    F64(Flat<f64>),
}

impl Values {
    /// Stores `values` in the narrowest form that loses nothing.
    ///
    /// ```
    /// use steepest_data::Values;
    /// assert!(matches!(Values::narrow(vec![1.0, 1.0]), Values::Ones(2)));
    /// assert!(matches!(Values::narrow(vec![1.0, 0.5]), Values::F32(_)));
    /// assert!(matches!(Values::narrow(vec![1.0, 0.1]), Values::F64(_)));
    /// ```
    pub fn narrow(values: Vec<f64>) -> Values {
        if values.iter().all(|&v| v == 1.0) {
            Values::Ones(values.len())
        } else if values.iter().all(|&v| f64::from(v as f32) == v) {
            Values::F32(Flat::from_iter(64, values.iter().map(|&v| v as f32)))
        } else {
            Values::F64(Flat::from_slice(64, &values))
        }
    }

    /// The number of stored values.
    pub fn len(&self) -> usize {
        match self {
            Values::Ones(n) => *n,
            Values::F32(v) => v.len(),
            Values::F64(v) => v.len(),
        }
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Value `k`, widened.
    #[inline]
    pub fn get(&self, k: usize) -> f64 {
        match self {
            Values::Ones(_) => 1.0,
            Values::F32(v) => f64::from(v[k]),
            Values::F64(v) => v[k],
        }
    }
}

/// A dense matrix, row-major without gaps.
#[derive(Debug, Clone)]
pub struct Dense {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// `rows · cols` values; row i is `i·cols .. (i+1)·cols`.
    pub values: Values,
}

/// A sparse matrix in compressed rows (CSR). Its transpose in the same form is the compressed columns (CSC).
#[derive(Debug, Clone)]
pub struct Sparse {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Row i is `starts[i] .. starts[i + 1]`; `rows + 1` entries.
    pub starts: Vec<usize>,
    /// The column of each stored value, ascending within a row, without repetitions.
    pub indices: Vec<u32>,
    /// The stored values.
    pub values: Values,
}

/// The features of a data set: one row an example, one column an encoded feature.
#[derive(Debug, Clone)]
pub enum Matrix {
    /// All values stored.
    Dense(Dense),
    /// Zeros left out.
    Sparse(Sparse),
}

impl Matrix {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Matrix::Dense(m) => m.rows,
            Matrix::Sparse(m) => m.rows,
        }
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        match self {
            Matrix::Dense(m) => m.cols,
            Matrix::Sparse(m) => m.cols,
        }
    }

    /// Number of stored values.
    pub fn stored(&self) -> usize {
        match self {
            Matrix::Dense(m) => m.values.len(),
            Matrix::Sparse(m) => m.values.len(),
        }
    }

    /// Calls `f(column, value)` for the stored values of row `i`, by ascending column. For tests and messages; kernels match
    /// on the storage once instead.
    pub fn for_row(&self, i: usize, mut f: impl FnMut(usize, f64)) {
        match self {
            Matrix::Dense(m) => (0..m.cols).for_each(|j| f(j, m.values.get(i * m.cols + j))),
            Matrix::Sparse(m) => {
                (m.starts[i]..m.starts[i + 1]).for_each(|k| f(m.indices[k] as usize, m.values.get(k)));
            }
        }
    }
}
