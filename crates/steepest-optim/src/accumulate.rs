//! Accumulation of gradients over micro-batches, weighted by their numbers of samples.

use steepest_core::{Flat, Real, flat_zeros};

/// Adds up Σ wᵢgᵢ and Σ wᵢ, so that the mean is that of one large batch, however unequal the parts are.
///
/// ```
/// use steepest_optim::Accumulator;
/// let mut a = Accumulator::<f64>::new(1);
/// a.add(&[1.0], 3.0);                 // the mean gradient of three samples
/// a.add(&[5.0], 1.0);                 // and of one
/// let mut g = [0.0];
/// a.take(&mut g);
/// assert_eq!(g, [2.0]);               // the mean of four
/// ```
#[derive(Debug, Clone)]
pub struct Accumulator<T: Real> {
    sum: Flat<T>,
    weight: f64,
}

impl<T: Real> Accumulator<T> {
    /// For gradients of this length.
    pub fn new(len: usize) -> Accumulator<T> {
        Accumulator { sum: flat_zeros(len), weight: 0.0 }
    }

    /// Adds the mean gradient of a part with `weight` samples (or summed sample weights). Only the common length is used.
    pub fn add(&mut self, mean_gradient: &[T], weight: f64) {
        let w = T::from_f64(weight);
        self.sum.iter_mut().zip(mean_gradient).for_each(|(s, &g)| *s += w * g);
        self.weight += weight;
    }

    /// The samples so far.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Writes the mean gradient over all samples, 0 if there were none, and starts anew.
    pub fn take(&mut self, out: &mut [T]) {
        let scale = T::from_f64(if self.weight > 0.0 { 1.0 / self.weight } else { 0.0 });
        for (o, s) in out.iter_mut().zip(self.sum.iter_mut()) {
            *o = *s * scale;
            *s = T::ZERO;
        }
        self.weight = 0.0;
    }
}
