//! Flat vectors: contiguous, 64-byte aligned storage of parameters, gradients and optimizer state.

use aligned_vec::{AVec, ConstAlign};

use crate::Real;

/// A growable vector whose first element lies on a 64-byte boundary, one cache line and one AVX-512 register.
///
/// It dereferences to a slice; everything that computes takes slices.
pub type Flat<T> = AVec<T, ConstAlign<64>>;

/// A flat vector of `len` zeros.
///
/// ```
/// let x = steepest_core::flat_zeros::<f32>(5);
/// assert_eq!(&x[..], &[0.0; 5]);
/// assert_eq!(x.as_ptr() as usize % 64, 0);
/// ```
pub fn flat_zeros<T: Real>(len: usize) -> Flat<T> {
    let mut v = Flat::new(64);
    v.resize(len, T::ZERO);
    v
}

/// A flat vector with a copy of `values`.
pub fn flat_from<T: Real>(values: &[T]) -> Flat<T> {
    AVec::from_slice(64, values)
}
