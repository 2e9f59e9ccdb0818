//! Hutchinson's estimate of the Hessian's diagonal from two gradients.
//!
//! ĥ = z ∘ (∇f(x + εz) − ∇f(x))/ε with random signs z: its mean is the diagonal but for O(ε), since E zᵢzⱼ = 0 for i ≠ j.
//!
//! Hutchinson, 1990, doi:10.1080/03610919008812866; Bekas, Kokiopoulou and Saad, 2007, doi:10.1016/j.apnum.2007.01.003.

use steepest_core::{
    Flat, Real, flat_zeros,
    random::{Purpose, Stream},
};

/// Says where to take the second gradient, and what follows from it. For `sophia` and [`Optimizer::curvature`].
///
/// ```
/// use steepest_optim::CurvatureProbe;
/// // ½(x₀² + 10x₁²): without products of different elements one estimate is exact but for rounding.
/// let gradient = |x: &[f64]| vec![x[0], 10.0 * x[1]];
/// let x = [1.0, 2.0];
/// let mut probe = CurvatureProbe::new(2, 0);
/// let there = gradient(probe.point(0, &x));
/// let diagonal = probe.estimate(&gradient(&x), &there);
/// assert!((diagonal[0] - 1.0).abs() < 1e-6 && (diagonal[1] - 10.0).abs() < 1e-6);
/// ```
///
/// [`Optimizer::curvature`]: crate::Optimizer::curvature
pub struct CurvatureProbe<T: Real> {
    seed: u64,
    signs: Flat<T>,
    out: Flat<T>,
    distance: T,
}

impl<T: Real> CurvatureProbe<T> {
    /// For vectors of `len` elements.
    pub fn new(len: usize, seed: u64) -> CurvatureProbe<T> {
        CurvatureProbe { seed, signs: flat_zeros(len), out: flat_zeros(len), distance: T::ONE }
    }

    /// x + εz for the probe of this step, with ε the root of the precision times the largest element of x, or 1 if that is larger.
    pub fn point(&mut self, step: u64, x: &[T]) -> &[T] {
        let precision: f64 = if size_of::<T>() == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let size = x.iter().fold(1.0f64, |m, v| m.max(v.to_f64().abs()));
        self.distance = T::from_f64(precision.sqrt() * size);
        Stream::new(self.seed, Purpose::PROBE, step).fill_sign(0, &mut self.signs);
        for ((o, &x), &z) in self.out.iter_mut().zip(x).zip(self.signs.iter()) {
            *o = x + self.distance * z;
        }
        &self.out
    }

    /// ĥ from the gradients at x and at the last [`point`](CurvatureProbe::point).
    pub fn estimate(&mut self, here: &[T], there: &[T]) -> &[T] {
        for (((o, &z), &here), &there) in self.out.iter_mut().zip(self.signs.iter()).zip(here).zip(there) {
            *o = z * (there - here) / self.distance;
        }
        &self.out
    }
}
