//! The quadratic over a working set that a step of primal coordinate descent minimizes, with the intercept eliminated.
//!
//! H = XᵀDX − bbᵀ/c + λ₂I with b = XᵀD1, c = 1ᵀD1, held as a matrix, or for many columns of few values by its columns: a coordinate
//! then costs its stored values, where a matrix costs a row of it, and is not made.

use steepest_core::tree_sum;
use steepest_data::Sparse;

use super::columns::ColumnQuadratic;
use super::quadratic::Quadratic;
use super::working::WorkingSet;

/// The columns are gone through where their stored values are this many times fewer than the elements of the matrix.
const SPARSE: usize = 16;

/// The quadratic of a working set.
#[derive(Debug)]
pub(super) struct Model {
    form: Form,
    /// b and c, with an intercept.
    pub(super) border: Vec<f64>,
    pub(super) corner: f64,
}

#[derive(Debug)]
enum Form {
    Matrix(Quadratic),
    Columns(ColumnQuadratic),
}

impl Model {
    /// That of `set` with the curvatures `d` of the rows.
    pub(super) fn new(set: &WorkingSet<'_>, d: Vec<f64>, l2: f64, intercept: bool) -> Model {
        let (mut border, mut corner) = (Vec::new(), 0.0);
        if intercept {
            border = set.transposed(&d);
            corner = tree_sum(&d);
        }
        let m = set.len();
        let form = match set.sparse_columns().filter(|c| SPARSE * c.indices.len() < m * m) {
            Some(columns) => Form::Columns(ColumnQuadratic::new(Sparse::clone(columns), d, border.clone(), corner, l2)),
            None => {
                let mut h = set.gram(&d);
                eliminate(&mut h, &border, corner, l2);
                Form::Matrix(Quadratic { h, dim: m })
            }
        };
        Model { form, border, corner }
    }

    /// Moves `w` towards the minimum with an L1 penalty until no optimality condition lacks more than `tolerance`, at most `passes`
    /// times over all variables. `q` is the gradient at `w`, before and after.
    pub(super) fn minimize(&self, l1: f64, w: &mut [f64], q: &mut [f64], tolerance: f64, passes: usize) {
        match &self.form {
            Form::Matrix(h) => h.minimize(l1, w, q, tolerance, passes),
            Form::Columns(h) => h.minimize(l1, w, q, tolerance, passes),
        }
    }
}

/// h ← h − bbᵀ/c + λ₂I; without an intercept b is empty.
pub(super) fn eliminate(h: &mut [f64], border: &[f64], corner: f64, l2: f64) {
    let m = h.len().isqrt();
    for (i, b) in border.iter().enumerate() {
        let t = b / corner;
        h[i * m..(i + 1) * m].iter_mut().zip(border).for_each(|(h, b)| *h -= t * b);
    }
    for i in 0..m {
        h[i * m + i] = diagonal(h[i * m + i], border.get(i), corner, l2);
    }
}

/// A diagonal element from what the elimination left: of a constant column that is rounding.
pub(super) fn diagonal(left: f64, border: Option<&f64>, corner: f64, l2: f64) -> f64 {
    let floor = border.map_or(0.0, |b| 1e-13 * b * b / corner);
    l2 + if left > floor { left } else { 0.0 }
}
