//! f + h: any smooth objective joined to any penalty or set.

use steepest_core::{Certificate, Exactness, Layout, LeastSquares, Line, NonFinite, Objective, Prox};

/// An objective whose non-smooth part is `h`, in place of what it had; values and gradients stay those of f.
///
/// ```
/// use steepest_solvers::{DeterministicSolver, Function, prox::{Composite, Fista, L1}};
/// // ½(x − 3)² + |x| has its minimum at 2.
/// let mut f = Function::new(1, |x| 0.5 * (x[0] - 3.0).powi(2)).with_gradient(|x, g| g[0] = x[0] - 3.0);
/// let h = L1::new(1.0)?;
/// let mut solver = Fista::new(vec![0.0]);
/// for _ in 0..50 {
///     solver.step(&mut Composite::new(&mut f, &h))?;
/// }
/// assert!((solver.point()[0] - 2.0).abs() < 1e-9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Composite<'a> {
    f: &'a mut dyn Objective<f64>,
    h: &'a dyn Prox<f64>,
}

impl<'a> Composite<'a> {
    /// Joins f and h.
    pub fn new(f: &'a mut dyn Objective<f64>, h: &'a dyn Prox<f64>) -> Composite<'a> {
        Composite { f, h }
    }
}

impl Objective<f64> for Composite<'_> {
    fn layout(&self) -> &Layout {
        self.f.layout()
    }
    fn at(&mut self, x: &[f64]) -> Result<f64, NonFinite> {
        self.f.at(x)
    }
    fn gradient(&mut self, g: &mut [f64]) -> Result<(), NonFinite> {
        self.f.gradient(g)
    }
    fn hvp(&mut self, v: &[f64], out: &mut [f64]) -> Exactness {
        self.f.hvp(v, out)
    }
    fn hessian(&mut self, h: &mut [f64]) -> bool {
        self.f.hessian(h)
    }
    fn hessian_diagonal(&mut self, diagonal: &mut [f64]) -> bool {
        self.f.hessian_diagonal(diagonal)
    }
    fn has_line(&self) -> bool {
        self.f.has_line()
    }
    fn line(&mut self, d: &[f64]) -> Option<&mut dyn Line> {
        self.f.line(d)
    }
    fn residuals(&mut self) -> Option<&mut dyn LeastSquares<f64>> {
        self.f.residuals()
    }
    fn prox(&self) -> Option<&dyn Prox<f64>> {
        Some(self.h)
    }
    fn certificate(&mut self) -> Option<Certificate> {
        Some(Certificate::none("the non-smooth part was joined to an objective that knows nothing of it"))
    }
}
