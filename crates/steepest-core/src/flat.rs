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
    flat_filled(len, T::ZERO)
}

/// A flat vector of `len` times `value`, of any kind of number.
pub fn flat_filled<V: Copy>(len: usize, value: V) -> Flat<V> {
    let mut v = roomy(len);
    v.resize(len, value);
    v
}

/// A flat vector with a copy of `values`.
pub fn flat_from<T: Real>(values: &[T]) -> Flat<T> {
    let mut v = roomy(values.len());
    v.extend_from_slice(values);
    v
}

/// An empty vector with room for `len` values, in large pages where the system has them: a pass over several vectors of millions
/// of elements otherwise spends a good part of its time looking up where their pages are.
fn roomy<V>(len: usize) -> Flat<V> {
    let v: Flat<V> = Flat::with_capacity(64, len);
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 2 << 20;
        let (start, bytes) = (v.as_ptr() as usize, len * size_of::<V>());
        let (from, to) = (start.next_multiple_of(PAGE), (start + bytes) / PAGE * PAGE);
        if from < to {
            let at = v.as_ptr().cast_mut().wrapping_byte_add(from - start);
            // SAFETY: the range lies in memory that belongs to `v`. The advice changes how it is mapped and nothing in it; where
            // the system does not follow it, the memory is as it was.
            unsafe { libc::madvise(at.cast(), to - from, libc::MADV_HUGEPAGE) };
        }
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Below, at and across large pages; the bytes around a vector belong to others.
    #[test]
    fn vectors_of_all_sizes_hold_what_they_were_given() {
        for len in [0, 1, 1000, 1 << 18, (3 << 18) + 7, 5 << 18] {
            let v = flat_filled(len, 7u16);
            assert!(v.len() == len && v.iter().all(|&v| v == 7));
            let values: Vec<f64> = (0..len).map(|i| i as f64).collect();
            assert_eq!(&flat_from(&values)[..], &values[..]);
            assert_eq!(flat_from(&values).as_ptr() as usize % 64, 0);
        }
    }
}
