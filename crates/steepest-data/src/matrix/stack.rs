//! One matrix below another.

use steepest_core::{Flat, Real};

use super::{Dense, Matrix, Sparse, Values};

impl Values {
    /// These values and then those of `other`, in the narrowest of the two forms that loses nothing.
    pub fn followed_by(&self, other: &Values) -> Values {
        match (self, other) {
            (Values::Ones(a), Values::Ones(b)) => Values::Ones(a + b),
            (Values::F64(_), _) | (_, Values::F64(_)) => Values::F64(both(self, other)),
            _ => Values::F32(both(self, other)),
        }
    }
}

fn both<T: Real>(first: &Values, second: &Values) -> Flat<T> {
    let mut out = Flat::with_capacity(64, first.len() + second.len());
    for values in [first, second] {
        (0..values.len()).for_each(|k| out.extend_from_slice(&[T::from_f64(values.get(k))]));
    }
    out
}

impl Matrix {
    /// The rows of this matrix and below them those of `below`, stored as this one is. O(stored).
    ///
    /// ```
    /// use steepest_data::{Dense, Matrix, Values};
    /// let row = |v: [f64; 2]| Matrix::Dense(Dense { rows: 1, cols: 2, values: Values::narrow(v.to_vec()) });
    /// let both = row([1.0, 2.0]).stack(&row([3.0, 0.1]));
    /// assert_eq!((both.rows(), both.cols()), (2, 2));
    /// both.for_row(1, |j, v| assert_eq!(v, [3.0, 0.1][j]));
    /// ```
    ///
    /// # Panics
    /// If the numbers of columns differ.
    pub fn stack(&self, below: &Matrix) -> Matrix {
        assert_eq!(self.cols(), below.cols(), "stacked matrices have the same columns");
        match (self, below) {
            (Matrix::Dense(a), Matrix::Dense(b)) => {
                Matrix::Dense(Dense { rows: a.rows + b.rows, cols: a.cols, values: a.values.followed_by(&b.values) })
            }
            (Matrix::Sparse(a), Matrix::Sparse(b)) => {
                let stored = a.indices.len();
                Matrix::Sparse(Sparse {
                    rows: a.rows + b.rows,
                    cols: a.cols,
                    starts: a.starts.iter().copied().chain(b.starts[1..].iter().map(|s| stored + s)).collect(),
                    indices: a.indices.iter().chain(&b.indices).copied().collect(),
                    values: a.values.followed_by(&b.values),
                })
            }
            (Matrix::Dense(_), Matrix::Sparse(b)) => self.stack(&Matrix::Dense(b.to_dense())),
            (Matrix::Sparse(_), Matrix::Dense(b)) => self.stack(&Matrix::Sparse(b.to_sparse())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(m: &Matrix) -> Vec<Vec<f64>> {
        let mut out = vec![vec![0.0; m.cols()]; m.rows()];
        out.iter_mut().enumerate().for_each(|(i, row)| m.for_row(i, |j, v| row[j] = v));
        out
    }

    #[test]
    fn all_forms_stack_without_loss() {
        let dense = |values: [f64; 6]| Dense { rows: 2, cols: 3, values: Values::narrow(values.to_vec()) };
        let kinds = [
            dense([1.0; 6]),
            dense([1.0, 0.0, 1.0, 0.0, 0.0, 1.0]),
            dense([0.5, 0.0, -2.0, 0.0, 0.0, 0.0]),
            dense([0.1, 0.2, 0.0, 0.0, 1e300, 3.0]),
        ];
        let forms: Vec<Matrix> =
            kinds.iter().flat_map(|d| [Matrix::Dense(d.clone()), Matrix::Sparse(d.to_sparse())]).collect();
        for a in &forms {
            for b in &forms {
                let both = a.stack(b);
                assert_eq!(rows(&both), [rows(a), rows(b)].concat());
                assert_eq!(matches!(both, Matrix::Dense(_)), matches!(a, Matrix::Dense(_)));
            }
        }
    }

    #[test]
    fn indicators_stay_without_values() {
        let ones = Sparse { rows: 1, cols: 2, starts: vec![0, 1], indices: vec![1], values: Values::Ones(1) };
        let both = Matrix::Sparse(ones.clone()).stack(&Matrix::Sparse(ones));
        assert!(matches!(both, Matrix::Sparse(Sparse { values: Values::Ones(2), .. })));
    }
}
