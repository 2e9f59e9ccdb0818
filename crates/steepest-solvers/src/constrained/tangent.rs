//! The second-order conditions of a constrained minimum: the Lagrangian's curvature along the directions that the constraints leave free.
//!
//! At a point with ∇f + Σ λ∇c = 0 the matrix Zᵀ(∇²f + Σ λ∇²c)Z decides, Z an orthonormal basis of the directions along which no
//! constraint with λ ≠ 0 and no bound that holds the point changes to first order. Positive: a strict local minimum. J. Nocedal and
//! S. Wright, “Numerical Optimization”, 2006, theorems 12.5 and 12.6.

use steepest_core::{Exactness, Layout, NonFinite, Objective, check_gradient};

use super::lagrangian::Constraint;
use crate::vector::{dot, norm};

/// L(x + Zz) as a function of z.
pub(super) struct Tangent<'f, 'm, 'a> {
    f: &'f mut dyn Objective<f64>,
    constraints: &'m mut [Constraint<'a>],
    /// λ with the sign of the function itself; 0 where a constraint does not hold the point.
    lambda: Vec<f64>,
    x: &'m [f64],
    /// The columns of Z.
    basis: Vec<Vec<f64>>,
    layout: Layout,
    /// Room for a point, a gradient and a direction in all variables.
    point: Vec<f64>,
    slope: Vec<f64>,
    direction: Vec<f64>,
}

impl<'f, 'm, 'a> Tangent<'f, 'm, 'a> {
    pub fn new(
        f: &'f mut dyn Objective<f64>,
        constraints: &'m mut [Constraint<'a>],
        lambda: Vec<f64>,
        x: &'m [f64],
        basis: Vec<Vec<f64>>,
    ) -> Tangent<'f, 'm, 'a> {
        let room = vec![0.0; x.len()];
        let layout = Layout::vector(basis.len());
        let (point, slope, direction) = (x.to_vec(), room.clone(), room);
        Tangent { f, constraints, lambda, x, basis, layout, point, slope, direction }
    }

    /// Zᵀv.
    fn within(&self, v: &[f64], out: &mut [f64]) {
        out.iter_mut().zip(&self.basis).for_each(|(out, z)| *out = dot(z, v));
    }
}

/// Writes x + Zv.
fn out_of_tangent(basis: &[Vec<f64>], x: &[f64], v: &[f64], out: &mut [f64]) {
    out.copy_from_slice(x);
    for (z, c) in basis.iter().zip(v) {
        out.iter_mut().zip(z).for_each(|(out, z)| *out += c * z);
    }
}

impl Objective<f64> for Tangent<'_, '_, '_> {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn at(&mut self, z: &[f64]) -> Result<f64, NonFinite> {
        out_of_tangent(&self.basis, self.x, z, &mut self.point);
        let mut value = self.f.at(&self.point)?;
        for (c, lambda) in self.constraints.iter_mut().zip(&self.lambda).filter(|(_, l)| **l != 0.0) {
            value += lambda * (c.function.at(&self.point)? - c.level);
        }
        if value.is_finite() { Ok(value) } else { Err(NonFinite::Objective { value }) }
    }

    fn gradient(&mut self, g: &mut [f64]) -> Result<(), NonFinite> {
        let mut total = vec![0.0; self.x.len()];
        self.f.gradient(&mut total)?;
        for (c, lambda) in self.constraints.iter_mut().zip(&self.lambda).filter(|(_, l)| **l != 0.0) {
            c.function.gradient(&mut self.slope)?;
            total.iter_mut().zip(&self.slope).for_each(|(t, s)| *t += lambda * s);
        }
        self.within(&total, g);
        check_gradient(g, &self.layout)
    }

    fn hvp(&mut self, v: &[f64], out: &mut [f64]) -> Exactness {
        self.slope.fill(0.0);
        let nowhere = std::mem::take(&mut self.slope);
        out_of_tangent(&self.basis, &nowhere, v, &mut self.direction);
        self.slope = nowhere;
        let mut total = vec![0.0; self.x.len()];
        let mut exactness = self.f.hvp(&self.direction, &mut total);
        for (c, lambda) in self.constraints.iter_mut().zip(&self.lambda).filter(|(_, l)| **l != 0.0) {
            if c.function.hvp(&self.direction, &mut self.slope) == Exactness::Differences {
                exactness = Exactness::Differences;
            }
            total.iter_mut().zip(&self.slope).for_each(|(t, s)| *t += lambda * s);
        }
        self.within(&total, out);
        exactness
    }
}

/// An orthonormal basis of the directions orthogonal to all of `normals`, by Gram and Schmidt's process with a second pass.
pub(super) fn complement(dim: usize, normals: impl IntoIterator<Item = Vec<f64>>) -> Vec<Vec<f64>> {
    let mut held: Vec<Vec<f64>> = Vec::new();
    let rest = |mut v: Vec<f64>, held: &[Vec<f64>], free: &[Vec<f64>]| -> Option<Vec<f64>> {
        let size = norm(&v);
        for _ in 0..2 {
            for b in held.iter().chain(free) {
                let c = dot(b, &v);
                v.iter_mut().zip(b).for_each(|(v, b)| *v -= c * b);
            }
        }
        let left = norm(&v);
        // What depends on the others leaves rounding only.
        (left > 1e-8 * size && left.is_finite()).then(|| v.iter().map(|v| v / left).collect())
    };
    for v in normals {
        held.extend(rest(v, &held, &[]));
    }
    let mut free: Vec<Vec<f64>> = Vec::new();
    for i in 0..dim {
        if held.len() + free.len() == dim {
            break;
        }
        let unit = (0..dim).map(|j| f64::from(u8::from(i == j))).collect();
        free.extend(rest(unit, &held, &free));
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complements_are_orthonormal_and_complete() {
        let normals = vec![vec![1.0, 2.0, 0.0, 1.0], vec![0.0, 1.0, 1.0, 0.0], vec![1.0, 3.0, 1.0, 1.0]];
        let basis = complement(4, normals.clone());
        assert_eq!(basis.len(), 2, "the third normal is the sum of the others");
        for (i, z) in basis.iter().enumerate() {
            assert!(normals.iter().all(|n| dot(n, z).abs() < 1e-14));
            for (j, other) in basis.iter().enumerate() {
                assert!((dot(z, other) - f64::from(u8::from(i == j))).abs() < 1e-14);
            }
        }
        assert!(complement(2, [vec![1.0, 0.0], vec![1.0, 1.0]]).is_empty());
        assert_eq!(complement(3, []).len(), 3);
    }
}
