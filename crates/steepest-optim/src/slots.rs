//! Slots: the state vectors of a chain, and how a tile of them reaches the arithmetic.

use std::mem::MaybeUninit;

use steepest_core::{
    Flat, Real, StateVisitor, flat_filled, flat_zeros,
    isa::Isa,
    random::{Purpose, Stream},
};

use crate::{
    chain::TILE,
    packed_block::BlockPtr,
    packing::{BLOCK, Key, Pack8, Pack32, Unpack8, Unpack16, Unpack32},
    precision::Moments,
    stage::SlotKind,
};

/// The most state vectors of one unit.
pub(crate) const MAX_UNIT_SLOTS: usize = 8;

/// 8-bit blocks in a tile.
const BLOCKS: usize = TILE / BLOCK;

/// Where a piece's state starts: by elements, and by tiles where every segment starts a new one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlotAt {
    pub(crate) element: usize,
    pub(crate) tile: usize,
}

impl SlotAt {
    /// The place of the tile that starts `from` elements behind this one.
    #[inline(always)]
    pub(crate) fn after(self, from: usize) -> SlotAt {
        SlotAt { element: self.element + from, tile: self.tile + from / TILE }
    }

    /// The number of the tile's first random word; far apart they may repeat.
    #[inline(always)]
    fn counter(self) -> u32 {
        (self.tile * TILE) as u32
    }
}

/// A state vector.
pub(crate) enum Slot<T> {
    Full(Flat<T>),
    F32(Flat<f32>),
    Bf16(Flat<u16>, Dither),
    /// Codes, and the scale of each block of them.
    Bits8 {
        codes: Flat<u8>,
        scales: Flat<f32>,
        signed: bool,
        dither: Dither,
    },
}

/// Names the random bits of a packed vector: seed, and its number in the chain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dither {
    seed: u64,
    slot: u64,
}

impl Dither {
    fn key(self, step: u64) -> Key {
        let [a, b, ..] = Stream::new(self.seed, Purpose::ROUNDING, step << 6 | self.slot).block(0);
        [a, b]
    }
}

impl<T: Real> Slot<T> {
    /// A vector of zeros with so many elements, in so many tiles when each segment starts a new one.
    pub(crate) fn new(
        kind: SlotKind,
        (len, tiles): (usize, usize),
        moments: Moments,
        (seed, slot): (u64, u64),
    ) -> Slot<T> {
        let dither = Dither { seed, slot };
        match (moments, kind) {
            (Moments::F32, SlotKind::First | SlotKind::Second) if size_of::<T>() > 4 => Slot::F32(flat_zeros(len)),
            (Moments::Bf16, SlotKind::First | SlotKind::Second) => Slot::Bf16(flat_filled(len, 0), dither),
            (Moments::Bits8, SlotKind::First | SlotKind::Second) => {
                let signed = kind == SlotKind::First;
                Slot::Bits8 { codes: flat_filled(len, 0), scales: flat_zeros(tiles * BLOCKS), signed, dither }
            }
            _ => Slot::Full(flat_zeros(len)),
        }
    }

    /// Whether it holds something else than numbers of the parameters' type.
    pub(crate) fn is_packed(&self) -> bool {
        !matches!(self, Slot::Full(_))
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Slot::Full(values) => size_of_val(&values[..]),
            Slot::F32(values) => size_of_val(&values[..]),
            Slot::Bf16(values, _) => size_of_val(&values[..]),
            Slot::Bits8 { codes, scales, .. } => size_of_val(&codes[..]) + size_of_val(&scales[..]),
        }
    }

    pub(crate) fn pointer(&mut self, step: u64) -> SlotPtr<T> {
        match self {
            Slot::Full(values) => SlotPtr::Full(values.as_mut_ptr()),
            Slot::F32(values) => SlotPtr::F32(values.as_mut_ptr()),
            Slot::Bf16(values, dither) => SlotPtr::Bf16(values.as_mut_ptr(), dither.key(step)),
            Slot::Bits8 { codes, scales, signed, dither } => SlotPtr::Bits8 {
                codes: codes.as_mut_ptr(),
                scales: scales.as_mut_ptr(),
                signed: *signed,
                key: dither.key(step),
            },
        }
    }

    /// Shows the `len` elements of a segment: bf16 as its bytes, low one first; 8 bits as codes, with the scales of their blocks
    /// as `NAME.scale`.
    pub(crate) fn visit(&mut self, name: &str, segment: &str, at: SlotAt, len: usize, state: &mut dyn StateVisitor) {
        let full = format!("{name}/{segment}");
        let range = at.element..at.element + len;
        match self {
            Slot::Full(values) => T::visit(&mut values[range], &full, state),
            Slot::F32(values) => state.f32s(&full, &mut values[range]),
            Slot::Bf16(values, _) => {
                let mut bytes: Vec<u8> = values[range.clone()].iter().flat_map(|v| v.to_le_bytes()).collect();
                state.bytes(&full, &mut bytes);
                for (v, b) in values[range].iter_mut().zip(bytes.chunks_exact(2)) {
                    *v = u16::from_le_bytes([b[0], b[1]]);
                }
            }
            Slot::Bits8 { codes, scales, .. } => {
                state.bytes(&full, &mut codes[range]);
                let first = at.tile * BLOCKS;
                let blocks = first..first + len.div_ceil(BLOCK);
                state.f32s(&format!("{name}.scale/{segment}"), &mut scales[blocks]);
            }
        }
    }
}

/// A state vector during a step.
#[derive(Clone, Copy)]
pub(crate) enum SlotPtr<T> {
    Full(*mut T),
    F32(*mut f32),
    Bf16(*mut u16, Key),
    Bits8 { codes: *mut u8, scales: *mut f32, signed: bool, key: Key },
}

// SAFETY: the pieces that threads work on are disjoint, so are the elements they reach through these pointers.
unsafe impl<T> Sync for SlotPtr<T> {}

impl<T: Real> SlotPtr<T> {
    /// A pointer to the tile: into a plain vector, or to the buffer with the unpacked values, and zeros behind them.
    ///
    /// # Safety
    /// The tile lies in the vector and nobody else uses it; `buffer` has room for a tile.
    #[inline(always)]
    pub(crate) unsafe fn load(&self, isa: Isa, at: SlotAt, n: usize, buffer: *mut T) -> *mut T {
        match self {
            // SAFETY: by the contract of this function.
            SlotPtr::Full(p) => unsafe { p.add(at.element) },
            _ => {
                // SAFETY: by the contract of this function.
                unsafe { self.unpack(isa, at, n, buffer) };
                buffer
            }
        }
    }

    /// The tile as blocks of lanes see it, which unpack and round to bf16 on the way; what needs a whole tile to be packed goes
    /// through the buffer.
    ///
    /// # Safety
    /// As for [`load`](SlotPtr::load).
    #[inline(always)]
    pub(crate) unsafe fn block(&self, isa: Isa, at: SlotAt, n: usize, buffer: *mut T) -> BlockPtr<T> {
        // SAFETY: by the contract of this function.
        unsafe {
            match *self {
                SlotPtr::Full(_) | SlotPtr::F32(_) => BlockPtr::plain(self.load(isa, at, n, buffer)),
                SlotPtr::Bf16(p, key) => BlockPtr::bf16(p.add(at.element), key, at.counter()),
                SlotPtr::Bits8 { codes, scales, signed, .. } => {
                    if n < TILE {
                        std::ptr::write_bytes(buffer, 0, TILE);
                    }
                    BlockPtr::bits8(codes.add(at.element), scales.add(at.tile * BLOCKS), signed, buffer)
                }
            }
        }
    }

    /// # Safety
    /// As for [`load`](SlotPtr::load).
    unsafe fn unpack(&self, isa: Isa, at: SlotAt, n: usize, buffer: *mut T) {
        // SAFETY: by the contract of this function; the buffer is cleared where it will not be filled.
        unsafe {
            if n < TILE {
                std::ptr::write_bytes(buffer, 0, TILE);
            }
            let out = &mut *buffer.cast::<[T; TILE]>();
            match *self {
                SlotPtr::Full(_) => {}
                SlotPtr::F32(p) => {
                    isa.run(Unpack32 { packed: std::slice::from_raw_parts(p.add(at.element), n), out });
                }
                SlotPtr::Bf16(p, _) => {
                    isa.run(Unpack16 { packed: std::slice::from_raw_parts(p.add(at.element), n), out });
                }
                SlotPtr::Bits8 { codes, scales, signed, .. } => {
                    let codes = std::slice::from_raw_parts(codes.add(at.element), n);
                    let scales = std::slice::from_raw_parts(scales.add(at.tile * BLOCKS), BLOCKS);
                    isa.run(Unpack8 { codes, scales, signed, out });
                }
            }
        }
    }

    /// Packs the buffer again.
    ///
    /// # Safety
    /// As for [`load`](SlotPtr::load); the buffer holds what blocks from [`block`](SlotPtr::block) have stored.
    #[inline(always)]
    pub(crate) unsafe fn store(&self, isa: Isa, at: SlotAt, n: usize, buffer: *mut T) {
        // SAFETY: by the contract of this function.
        unsafe {
            match *self {
                SlotPtr::Full(_) | SlotPtr::Bf16(..) => {}
                SlotPtr::F32(p) => {
                    let packed = std::slice::from_raw_parts_mut(p.add(at.element), n);
                    isa.run(Pack32 { packed, values: &*buffer.cast::<[T; TILE]>() });
                }
                SlotPtr::Bits8 { codes, scales, signed, key } => {
                    let codes = std::slice::from_raw_parts_mut(codes.add(at.element), n);
                    let scales = std::slice::from_raw_parts_mut(scales.add(at.tile * BLOCKS), BLOCKS);
                    let values = &*buffer.cast::<[T; TILE]>();
                    isa.run(Pack8 { codes, scales, signed, values, key, first: at.counter() });
                }
            }
        }
    }
}

/// Memory for the update of a tile, which is not cleared before it is filled. Aligned, since a store that crosses a cache line
/// and is loaded again by the next unit costs several times as much.
#[repr(align(64))]
pub(crate) struct Tile<T>(MaybeUninit<[T; TILE]>);

impl<T: Real> Tile<T> {
    #[inline(always)]
    pub(crate) fn new() -> Tile<T> {
        Tile(MaybeUninit::uninit())
    }

    #[inline(always)]
    pub(crate) fn as_mut_ptr(&mut self) -> *mut T {
        self.0.as_mut_ptr().cast()
    }
}

/// Memory for the unpacked state of a tile.
#[repr(align(64))]
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
