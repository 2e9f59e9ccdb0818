//! Stored values as the kernels see them: a slice of 32- or 64-bit numbers, or ones that are not stored at all.

use steepest_data::Sparse;

/// How many numbers a step of a vector loop takes.
pub const LANES: usize = 8;

/// A run of stored values. Kernels are generic over it and compiled once for each storage.
pub trait Stored: Copy + Send + Sync {
    /// Bytes of one stored value.
    const BYTES: usize;
    /// Value `k`, widened.
    fn get(self, k: usize) -> f64;
    /// Values `k .. k + 8`, widened.
    fn lanes(self, k: usize) -> [f64; LANES];
    /// Values `start .. start + len`.
    #[must_use]
    fn part(self, start: usize, len: usize) -> Self;
    /// Asks the processor to bring value `k`, which may lie outside, into its cache.
    fn prefetch(self, _k: usize) {}
}

/// Asks the processor to bring what lies `k` elements behind `from` into its cache.
#[inline(always)]
pub(crate) fn prefetch<T>(from: *const T, k: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing that the program can see and ignores addresses that are not mapped.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.wrapping_add(k).cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (from, k);
}

/// Every value is 1.
#[derive(Debug, Clone, Copy)]
pub struct Unit;

impl Stored for Unit {
    const BYTES: usize = 1;
    #[inline(always)]
    fn get(self, _k: usize) -> f64 {
        1.0
    }
    #[inline(always)]
    fn lanes(self, _k: usize) -> [f64; LANES] {
        [1.0; LANES]
    }
    #[inline(always)]
    fn part(self, _start: usize, _len: usize) -> Unit {
        Unit
    }
}

impl Stored for &[f32] {
    const BYTES: usize = 4;
    #[inline(always)]
    fn get(self, k: usize) -> f64 {
        f64::from(self[k])
    }
    #[inline(always)]
    fn lanes(self, k: usize) -> [f64; LANES] {
        let chunk: &[f32; LANES] = self[k..k + LANES].try_into().expect("eight values");
        chunk.map(f64::from)
    }
    #[inline(always)]
    fn part(self, start: usize, len: usize) -> Self {
        &self[start..start + len]
    }
    #[inline(always)]
    fn prefetch(self, k: usize) {
        prefetch(self.as_ptr(), k);
    }
}

impl Stored for &[f64] {
    const BYTES: usize = 8;
    #[inline(always)]
    fn get(self, k: usize) -> f64 {
        self[k]
    }
    #[inline(always)]
    fn lanes(self, k: usize) -> [f64; LANES] {
        *<&[f64; LANES]>::try_from(&self[k..k + LANES]).expect("eight values")
    }
    #[inline(always)]
    fn part(self, start: usize, len: usize) -> Self {
        &self[start..start + len]
    }
    #[inline(always)]
    fn prefetch(self, k: usize) {
        prefetch(self.as_ptr(), k);
    }
}

/// The squares of other values.
#[derive(Debug, Clone, Copy)]
pub struct Squares<V>(pub V);

impl<V: Stored> Stored for Squares<V> {
    const BYTES: usize = V::BYTES;
    #[inline(always)]
    fn get(self, k: usize) -> f64 {
        let v = self.0.get(k);
        v * v
    }
    #[inline(always)]
    fn lanes(self, k: usize) -> [f64; LANES] {
        self.0.lanes(k).map(|v| v * v)
    }
    #[inline(always)]
    fn part(self, start: usize, len: usize) -> Self {
        Squares(self.0.part(start, len))
    }
}

/// Matches on the storage once and evaluates the expression with `v` a [`Stored`] of the right type.
macro_rules! stored {
    ($values:expr, $v:ident => $body:expr) => {
        match $values {
            steepest_data::Values::Ones(_) => {
                let $v = $crate::linear::kernels::Unit;
                $body
            }
            steepest_data::Values::F32(v) => {
                let $v: &[f32] = v;
                $body
            }
            steepest_data::Values::F64(v) => {
                let $v: &[f64] = v;
                $body
            }
        }
    };
}
pub(crate) use stored;

/// A sparse matrix with the type of its values known.
#[derive(Debug, Clone, Copy)]
pub struct SparseView<'a, V> {
    /// Row i is `starts[i] .. starts[i + 1]`.
    pub starts: &'a [usize],
    /// The column of each value.
    pub indices: &'a [u32],
    /// The values.
    pub values: V,
}

impl<'a, V: Stored> SparseView<'a, V> {
    /// The view of `m`, whose values are `values`.
    pub fn new(m: &'a Sparse, values: V) -> Self {
        SparseView { starts: &m.starts, indices: &m.indices, values }
    }

    /// The number of rows.
    #[inline]
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// The columns and values of row `i`.
    #[inline(always)]
    pub fn row(&self, i: usize) -> (&'a [u32], V) {
        let (from, to) = (self.starts[i], self.starts[i + 1]);
        (&self.indices[from..to], self.values.part(from, to - from))
    }

    /// xᵢ·w, in four interleaved partial sums. O(stored in the row).
    #[inline(always)]
    pub fn dot(&self, i: usize, w: &[f64]) -> f64 {
        let (indices, values) = self.row(i);
        let mut acc = [0.0; 4];
        let mut chunks = indices.chunks_exact(4);
        let mut k = 0;
        for chunk in &mut chunks {
            for l in 0..4 {
                acc[l] += values.get(k + l) * w[chunk[l] as usize];
            }
            k += 4;
        }
        for (l, &j) in chunks.remainder().iter().enumerate() {
            acc[l] += values.get(k + l) * w[j as usize];
        }
        (acc[0] + acc[1]) + (acc[2] + acc[3])
    }

    /// w += a·xᵢ. O(stored in the row).
    #[inline(always)]
    pub fn add(&self, i: usize, a: f64, w: &mut [f64]) {
        let (indices, values) = self.row(i);
        for (k, &j) in indices.iter().enumerate() {
            w[j as usize] += a * values.get(k);
        }
    }
}
