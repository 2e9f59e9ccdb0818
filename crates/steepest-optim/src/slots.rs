//! Slots: the state vectors of a chain, and how a tile of them reaches the arithmetic.

use std::{mem::MaybeUninit, ops::Range};

use steepest_core::{Flat, Real, StateVisitor, flat_zeros, isa::Isa};

use crate::{chain::TILE, precision::Moments, stage::SlotKind};

/// The most state vectors of one unit.
pub(crate) const MAX_UNIT_SLOTS: usize = 8;

/// Where a piece's state starts: by elements in plain vectors, by blocks in packed ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlotAt {
    pub(crate) element: usize,
    pub(crate) block: usize,
}

impl SlotAt {
    /// The place of the tile that starts `from` elements behind the piece.
    pub(crate) fn tile(self, from: usize) -> SlotAt {
        SlotAt { element: self.element + from, block: self.block + from / TILE }
    }
}

/// A state vector.
pub(crate) enum Slot<T> {
    Full(Flat<T>),
}

impl<T: Real> Slot<T> {
    pub(crate) fn new(_kind: SlotKind, len: usize, _blocks: usize, _moments: Moments, _seed: (u64, u64)) -> Slot<T> {
        Slot::Full(flat_zeros(len))
    }

    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Slot::Full(_))
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Slot::Full(values) => size_of_val(&values[..]),
        }
    }

    pub(crate) fn pointer(&mut self) -> SlotPtr<T> {
        match self {
            Slot::Full(values) => SlotPtr::Full(values.as_mut_ptr()),
        }
    }

    pub(crate) fn visit(&mut self, name: &str, at: Range<usize>, _blocks: Range<usize>, state: &mut dyn StateVisitor) {
        match self {
            Slot::Full(values) => T::visit(&mut values[at], name, state),
        }
    }
}

/// A state vector during a step.
#[derive(Clone, Copy)]
pub(crate) enum SlotPtr<T> {
    Full(*mut T),
}

// SAFETY: the pieces that threads work on are disjoint, so are the elements they reach through these pointers.
unsafe impl<T> Sync for SlotPtr<T> {}

impl<T: Real> SlotPtr<T> {
    /// A pointer to an element of a plain vector, null for a packed one.
    ///
    /// # Safety
    /// The vector has more than `element` elements.
    pub(crate) unsafe fn full(self, element: usize) -> *mut T {
        match self {
            // SAFETY: by the contract of this function.
            SlotPtr::Full(p) => unsafe { p.add(element) },
        }
    }

    /// A pointer to the tile: into a plain vector, or to the buffer with the unpacked values.
    ///
    /// # Safety
    /// The tile lies in the vector and nobody else uses it.
    pub(crate) unsafe fn load(self, _isa: Isa, at: SlotAt, _n: usize, _buffer: *mut T) -> *mut T {
        match self {
            // SAFETY: by the contract of this function.
            SlotPtr::Full(p) => unsafe { p.add(at.element) },
        }
    }

    /// Packs the buffer again.
    ///
    /// # Safety
    /// As for [`load`](SlotPtr::load), which has filled the buffer.
    pub(crate) unsafe fn store(self, _isa: Isa, _at: SlotAt, _n: usize, _buffer: *mut T, _step: u64) {
        match self {
            SlotPtr::Full(_) => {}
        }
    }
}

/// Memory for the unpacked state of a tile.
pub(crate) struct TileBuffers<T>(MaybeUninit<[[T; TILE]; MAX_UNIT_SLOTS]>);

impl<T> TileBuffers<T> {
    #[inline(always)]
    pub(crate) fn new() -> TileBuffers<T> {
        TileBuffers(MaybeUninit::uninit())
    }

    /// The buffer of slot `k` of the unit.
    #[inline(always)]
    pub(crate) fn get(&mut self, k: usize) -> *mut T {
        assert!(k < MAX_UNIT_SLOTS);
        // SAFETY: the offset lies inside the array.
        unsafe { self.0.as_mut_ptr().cast::<T>().add(k * TILE) }
    }
}
