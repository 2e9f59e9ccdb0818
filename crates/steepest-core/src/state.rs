//! The state of a solver as named values: one method serves saving, loading, keeping the best and hashing.

/// Walks over every piece of state that a resumed run needs. A solver lists its pieces once, in a fixed order and under
/// unique names; whether they are read or written is the visitor's business.
///
/// Vectors in the visited state have their final length before the visit; a loader refuses another length.
pub trait StateVisitor {
    /// A vector of 32-bit numbers.
    fn f32s(&mut self, name: &str, values: &mut [f32]);
    /// A vector of 64-bit numbers.
    fn f64s(&mut self, name: &str, values: &mut [f64]);
    /// A vector of bytes: packed moments.
    fn bytes(&mut self, name: &str, values: &mut [u8]);
    /// One integer: a counter.
    fn int(&mut self, name: &str, value: &mut u64);
    /// One number.
    fn number(&mut self, name: &str, value: &mut f64);
    /// A vector whose length is itself part of the state, such as a history.
    fn history(&mut self, name: &str, values: &mut Vec<f64>);
}
