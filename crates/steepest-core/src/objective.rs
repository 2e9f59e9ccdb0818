//! Differentiable functions at a point: what deterministic solvers see.

use crate::{Certificate, Layout, NonFinite, Real};

/// How a Hessian-vector product was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exactness {
    /// By exact differentiation.
    Exact,
    /// By differences of gradients.
    Differences,
}

/// A differentiable function, evaluated at one point at a time.
///
/// [`at`](Objective::at) moves to a point and returns the value there; the other methods speak of that point and may use
/// what `at` kept (margins, activations). The order of calls is `at`, then `gradient`, then the rest.
pub trait Objective<T: Real> {
    /// The tensors of the argument.
    fn layout(&self) -> &Layout;

    /// Moves to `x` and returns f(x).
    ///
    /// # Errors
    /// [`NonFinite`] when f(x) is not a finite number; a line search then shortens its step.
    fn at(&mut self, x: &[T]) -> Result<f64, NonFinite>;

    /// Writes ∇f at the point of the last [`at`](Objective::at).
    ///
    /// # Errors
    /// [`NonFinite`] names the element.
    fn gradient(&mut self, g: &mut [T]) -> Result<(), NonFinite>;

    /// Writes ∇²f·v at the point of the last [`gradient`](Objective::gradient).
    fn hvp(&mut self, v: &[T], out: &mut [T]) -> Exactness;

    /// Writes ∇²f, both triangles, row-major d × d, and returns true; false where the Hessian is not to be had as a matrix.
    fn hessian(&mut self, _h: &mut [T]) -> bool {
        false
    }

    /// Writes the diagonal of ∇²f at the point of the last [`gradient`](Objective::gradient), for preconditioners, and returns
    /// true; false where it is not to be had.
    fn hessian_diagonal(&mut self, _diagonal: &mut [T]) -> bool {
        false
    }

    /// Whether [`line`](Objective::line) can be had, so that asking costs nothing where it cannot.
    fn has_line(&self) -> bool {
        false
    }

    /// Prepares f along x + t·d so that a trial t costs no new pass over the data; `None` where that cannot be done.
    fn line(&mut self, _d: &[T]) -> Option<&mut dyn Line> {
        None
    }

    /// The function as a sum of squares, f = ½‖r(x)‖², where it is one.
    fn residuals(&mut self) -> Option<&mut dyn LeastSquares<T>> {
        None
    }

    /// The non-smooth part h of a composite objective f + h; `None` when everything is in f.
    fn prox(&self) -> Option<&dyn Prox<T>> {
        None
    }

    /// How far f + h at the point is from its minimum at most, where that can be proved.
    fn certificate(&mut self) -> Option<Certificate> {
        None
    }
}

/// A function of one variable: an objective along a direction.
pub trait Line {
    /// Value and derivative at t.
    ///
    /// # Errors
    /// [`NonFinite`] when the value is not finite.
    fn at(&mut self, t: f64) -> Result<(f64, f64), NonFinite>;
}

/// A sum of squares ½‖r(x)‖² at the objective's current point.
pub trait LeastSquares<T: Real> {
    /// The number of residuals.
    fn len(&self) -> usize;
    /// Whether there are no residuals.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Writes r.
    fn residuals(&mut self, r: &mut [T]);
    /// Writes the Jacobian ∂rᵢ/∂xⱼ, row-major, `len() × d`.
    fn jacobian(&mut self, j: &mut [T]);
}

/// A convex function with a proximal operator that can be computed.
pub trait Prox<T: Real> {
    /// h(x).
    fn value(&self, x: &[T]) -> f64;
    /// Replaces x by argmin_z h(z) + ‖z − x‖² / (2·step).
    fn prox(&self, step: f64, x: &mut [T]);
}
