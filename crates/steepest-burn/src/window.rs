//! Windows: tensors whose memory is a part of a flat vector that the optimizer owns too.

use std::{mem::MaybeUninit, ops::Range, sync::Arc};

use burn_std::{AccessError, AccessPolicy, AllocationController, AllocationProperty, Bytes};
use steepest_core::Flat;

/// Memory of a tensor. It begins as a part of the vector, which is only read. Written to, it becomes a copy of its own and lets go of
/// the vector: that is changed by its owner alone, when no window is left.
enum Window {
    Shared { flat: Arc<Flat<f32>>, range: Range<usize> },
    Own(Vec<f32>),
}

/// The bytes of a part of the vector, without a copy.
pub(crate) fn window(flat: &Arc<Flat<f32>>, range: Range<usize>) -> Bytes {
    let len = size_of_val(&flat[range.clone()]);
    let window = Window::Shared { flat: Arc::clone(flat), range };
    // SAFETY: all `len` bytes of the window are initialized floats.
    unsafe { Bytes::from_controller(Box::new(window), len) }
}

impl Window {
    fn values(&self) -> &[f32] {
        match self {
            Window::Shared { flat, range } => &flat[range.clone()],
            Window::Own(values) => values,
        }
    }
}

impl AllocationController for Window {
    fn alloc_align(&self) -> usize {
        align_of::<f32>()
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    fn memory(&self, _policy: AccessPolicy) -> Result<&[MaybeUninit<u8>], AccessError> {
        let values = self.values();
        // SAFETY: floats are initialized bytes, and the slice lives as long as `self`, which holds them.
        Ok(unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) })
    }

    unsafe fn memory_mut(&mut self, policy: AccessPolicy) -> Result<&mut [MaybeUninit<u8>], AccessError> {
        if let Window::Shared { .. } = self {
            if !policy.copy_allowed() {
                return Err(AccessError::WouldCopy);
            }
            *self = Window::Own(self.values().to_vec());
        }
        let Window::Own(values) = self else { unreachable!("a shared window was just made its own") };
        // SAFETY: the bytes belong to `self` alone, live as long, and any initialized bytes are floats.
        Ok(unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size_of_val(&values[..])) })
    }
}

#[cfg(test)]
mod tests {
    use burn_std::{Reader, Writer};
    use steepest_core::flat_from;

    use super::*;

    #[test]
    fn a_window_reads_in_place_and_writes_to_a_copy() {
        let flat = Arc::new(flat_from(&[1.0f32, 2.0, 3.0, 4.0]));
        let mut bytes = window(&flat, 1..3);
        let start = flat[1..].as_ptr().cast::<u8>();
        assert_eq!(bytes.read(Reader::new().no_copy()).unwrap().as_ptr(), start);
        assert!(bytes.write(Writer::new().no_copy()).is_err());
        bytes.write(Writer::new()).unwrap()[..4].copy_from_slice(&9.0f32.to_ne_bytes());
        assert_ne!(bytes.as_ptr(), start);
        assert_eq!(bytes[..4], 9.0f32.to_ne_bytes());
        assert_eq!(bytes[4..], 3.0f32.to_ne_bytes());
        assert_eq!(flat[..], [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(Arc::strong_count(&flat), 1);
    }

    #[test]
    fn a_window_may_be_empty() {
        let flat = Arc::new(flat_from(&[1.0f32]));
        assert!(window(&flat, 1..1).is_empty());
    }
}
