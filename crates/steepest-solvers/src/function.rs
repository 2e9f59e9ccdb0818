//! Closures as objectives: for people who bring a function of their own.

use steepest_core::{Exactness, Layout, NonFinite, Objective, check_gradient};

/// A closure that computes a value.
type Value<'a> = Box<dyn FnMut(&[f64]) -> f64 + Send + 'a>;
/// A closure that writes a gradient or a Hessian at its first argument into its second.
type Write<'a> = Box<dyn FnMut(&[f64], &mut [f64]) + Send + 'a>;

/// A function of a vector with its gradient, and its Hessian where one is given.
///
/// Without a Hessian, products with it are differences of gradients; without a gradient, that is taken by central differences
/// at 2·dim values a time.
///
/// ```
/// use steepest_solvers::{Function, Minimize, SolverSpec};
/// let mut rosenbrock = Function::new(2, |x| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2)).with_gradient(|x, g| {
///     let r = x[1] - x[0] * x[0];
///     g[0] = -2.0 * (1.0 - x[0]) - 400.0 * r * x[0];
///     g[1] = 200.0 * r;
/// });
/// let mut solver = SolverSpec::parse("lbfgs")?.build(&mut rosenbrock, &[-1.2, 1.0])?;
/// let found = Minimize::default().run(&mut rosenbrock, &mut *solver)?;
/// assert!((found.x[0] - 1.0).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Function<'a> {
    layout: Layout,
    value: Value<'a>,
    gradient: Option<Write<'a>>,
    hessian: Option<Write<'a>>,
    x: Vec<f64>,
    /// Room for a shifted point and two gradients.
    shifted: Vec<f64>,
    ahead: Vec<f64>,
    behind: Vec<f64>,
}

impl<'a> Function<'a> {
    /// A function of `dim` variables by its values alone.
    pub fn new(dim: usize, value: impl FnMut(&[f64]) -> f64 + Send + 'a) -> Function<'a> {
        let zeros = || vec![0.0; dim];
        Function {
            layout: Layout::vector(dim),
            value: Box::new(value),
            gradient: None,
            hessian: None,
            x: zeros(),
            shifted: zeros(),
            ahead: zeros(),
            behind: zeros(),
        }
    }

    /// With a closure that writes ∇f.
    #[must_use]
    pub fn with_gradient(mut self, gradient: impl FnMut(&[f64], &mut [f64]) + Send + 'a) -> Function<'a> {
        self.gradient = Some(Box::new(gradient));
        self
    }

    /// With a closure that writes ∇²f, both triangles, row-major.
    #[must_use]
    pub fn with_hessian(mut self, hessian: impl FnMut(&[f64], &mut [f64]) + Send + 'a) -> Function<'a> {
        self.hessian = Some(Box::new(hessian));
        self
    }

    /// ∇f at `shifted`, into `out`.
    fn write(&mut self, ahead: bool) {
        let out = if ahead { &mut self.ahead } else { &mut self.behind };
        match &mut self.gradient {
            Some(gradient) => gradient(&self.shifted, out),
            None => differences(&mut *self.value, &mut self.shifted, out),
        }
    }
}

/// Central differences with steps of ∛ε, relative to the larger of 1 and |xᵢ|: the error is about ε^⅔.
fn differences(value: &mut (dyn FnMut(&[f64]) -> f64 + Send), x: &mut [f64], g: &mut [f64]) {
    for i in 0..x.len() {
        let keep = x[i];
        let h = f64::EPSILON.cbrt() * keep.abs().max(1.0);
        x[i] = keep + h;
        let (ahead, right) = (value(x), x[i]);
        x[i] = keep - h;
        let (behind, left) = (value(x), x[i]);
        x[i] = keep;
        g[i] = (ahead - behind) / (right - left);
    }
}

impl Objective<f64> for Function<'_> {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn at(&mut self, x: &[f64]) -> Result<f64, NonFinite> {
        self.x.copy_from_slice(x);
        let value = (self.value)(x);
        if value.is_finite() { Ok(value) } else { Err(NonFinite::Objective { value }) }
    }

    fn gradient(&mut self, g: &mut [f64]) -> Result<(), NonFinite> {
        match &mut self.gradient {
            Some(gradient) => gradient(&self.x, g),
            None => {
                self.shifted.copy_from_slice(&self.x);
                differences(&mut *self.value, &mut self.shifted, g);
            }
        }
        check_gradient(g, &self.layout)
    }

    fn hvp(&mut self, v: &[f64], out: &mut [f64]) -> Exactness {
        let dim = self.x.len();
        if let Some(hessian) = &mut self.hessian {
            let mut h = vec![0.0; dim * dim];
            hessian(&self.x, &mut h);
            out.iter_mut().zip(h.chunks_exact(dim)).for_each(|(out, row)| *out = crate::dot(row, v));
            return Exactness::Exact;
        }
        let size = crate::max_abs(v);
        if size == 0.0 || size.is_nan() {
            out.fill(0.0);
            return Exactness::Differences;
        }
        let h = f64::EPSILON.cbrt() * crate::max_abs(&self.x).max(1.0) / size;
        for (sign, ahead) in [(1.0, true), (-1.0, false)] {
            for ((to, x), v) in self.shifted.iter_mut().zip(&self.x).zip(v) {
                *to = x + sign * h * v;
            }
            self.write(ahead);
        }
        for ((out, ahead), behind) in out.iter_mut().zip(&self.ahead).zip(&self.behind) {
            *out = (ahead - behind) / (2.0 * h);
        }
        Exactness::Differences
    }

    fn hessian(&mut self, h: &mut [f64]) -> bool {
        match &mut self.hessian {
            Some(hessian) => {
                hessian(&self.x, h);
                true
            }
            None => false,
        }
    }
}
