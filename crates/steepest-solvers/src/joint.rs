//! An objective of one closure that returns f(x) and writes ∇f(x): what the tests of this crate are written with.

use steepest_core::{Exactness, Layout, NonFinite, Objective, check_gradient};

/// A function given as a closure that returns f(x) and writes ∇f(x).
///
/// Value and gradient are computed together by one call; Hessian-vector products are central differences of gradients,
/// (∇f(x + tv) − ∇f(x − tv)) / 2t with t = ∛ε·max(1, ‖x‖)/‖v‖, and cost two calls.
pub(crate) struct Joint<F> {
    layout: Layout,
    f: F,
    x: Vec<f64>,
    g: Vec<f64>,
    ahead: Vec<f64>,
    behind: Vec<f64>,
}

impl<F: FnMut(&[f64], &mut [f64]) -> f64> Joint<F> {
    /// A function of `dim` variables.
    pub(crate) fn new(dim: usize, f: F) -> Joint<F> {
        let zeros = vec![0.0; dim];
        Joint {
            layout: Layout::vector(dim),
            f,
            x: zeros.clone(),
            g: zeros.clone(),
            ahead: zeros.clone(),
            behind: zeros,
        }
    }
}

impl<F: FnMut(&[f64], &mut [f64]) -> f64> Objective<f64> for Joint<F> {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn at(&mut self, x: &[f64]) -> Result<f64, NonFinite> {
        self.x.copy_from_slice(x);
        let value = (self.f)(x, &mut self.g);
        if value.is_finite() { Ok(value) } else { Err(NonFinite::Objective { value }) }
    }

    fn gradient(&mut self, g: &mut [f64]) -> Result<(), NonFinite> {
        g.copy_from_slice(&self.g);
        check_gradient(g, &self.layout)
    }

    fn hvp(&mut self, v: &[f64], out: &mut [f64]) -> Exactness {
        let size = crate::norm(v);
        if size == 0.0 {
            out.fill(0.0);
            return Exactness::Differences;
        }
        let t = f64::EPSILON.cbrt() * crate::norm(&self.x).max(1.0) / size;
        let mut at = |sign: f64, g: &mut [f64]| {
            out.iter_mut().zip(&self.x).zip(v).for_each(|((to, x), v)| *to = x + sign * t * v);
            (self.f)(out, g);
        };
        at(1.0, &mut self.ahead);
        at(-1.0, &mut self.behind);
        for ((to, a), b) in out.iter_mut().zip(&self.ahead).zip(&self.behind) {
            *to = (a - b) / (2.0 * t);
        }
        Exactness::Differences
    }
}
