//! Slots: the state vectors of a chain, and how a tile of them reaches the arithmetic.

use std::{mem::MaybeUninit, ops::Range};

use steepest_core::{
    Flat, Real, StateVisitor, flat_zeros,
    isa::{Isa, Kernel},
    random::{Purpose, Stream},
};

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
    F32(Flat<f32>),
    Bf16(Flat<u16>, Dither),
}

/// Names the random bits of a packed vector: seed, and its number in the chain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dither {
    seed: u64,
    slot: u64,
}

impl<T: Real> Slot<T> {
    pub(crate) fn new(kind: SlotKind, len: usize, moments: Moments, (seed, slot): (u64, u64)) -> Slot<T> {
        match moments {
            Moments::F32 if kind != SlotKind::Exact && size_of::<T>() > 4 => Slot::F32(zeros(len, 0.0)),
            Moments::Bf16 if kind != SlotKind::Exact => Slot::Bf16(zeros(len, 0), Dither { seed, slot }),
            _ => Slot::Full(flat_zeros(len)),
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Slot::Full(_))
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Slot::Full(values) => size_of_val(&values[..]),
            Slot::F32(values) => size_of_val(&values[..]),
            Slot::Bf16(values, _) => size_of_val(&values[..]),
        }
    }

    pub(crate) fn pointer(&mut self) -> SlotPtr<T> {
        match self {
            Slot::Full(values) => SlotPtr::Full(values.as_mut_ptr()),
            Slot::F32(values) => SlotPtr::F32(values.as_mut_ptr()),
            Slot::Bf16(values, dither) => SlotPtr::Bf16(values.as_mut_ptr(), *dither),
        }
    }

    /// Shows a range; bf16 as its bytes, low one first.
    pub(crate) fn visit(&mut self, name: &str, at: Range<usize>, state: &mut dyn StateVisitor) {
        match self {
            Slot::Full(values) => T::visit(&mut values[at], name, state),
            Slot::F32(values) => state.f32s(name, &mut values[at]),
            Slot::Bf16(values, _) => {
                let mut bytes: Vec<u8> = values[at.clone()].iter().flat_map(|v| v.to_le_bytes()).collect();
                state.bytes(name, &mut bytes);
                for (v, b) in values[at].iter_mut().zip(bytes.chunks_exact(2)) {
                    *v = u16::from_le_bytes([b[0], b[1]]);
                }
            }
        }
    }
}

fn zeros<V: Copy>(len: usize, zero: V) -> Flat<V> {
    let mut v = Flat::new(64);
    v.resize(len, zero);
    v
}

/// A state vector during a step.
#[derive(Clone, Copy)]
pub(crate) enum SlotPtr<T> {
    Full(*mut T),
    F32(*mut f32),
    Bf16(*mut u16, Dither),
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
            _ => std::ptr::null_mut(),
        }
    }

    /// A pointer to the tile: into a plain vector, or to the buffer with the unpacked values.
    ///
    /// # Safety
    /// The tile lies in the vector and nobody else uses it; `buffer` has room for a tile.
    pub(crate) unsafe fn load(self, isa: Isa, at: SlotAt, n: usize, buffer: *mut T) -> *mut T {
        // SAFETY: by the contract of this function.
        unsafe {
            match self {
                SlotPtr::Full(p) => return p.add(at.element),
                SlotPtr::F32(p) => {
                    for k in 0..n {
                        buffer.add(k).write(T::from_f64(f64::from(*p.add(at.element + k))));
                    }
                }
                SlotPtr::Bf16(p, _) => {
                    let packed = std::slice::from_raw_parts(p.add(at.element), n);
                    if n < TILE {
                        std::ptr::write_bytes(buffer, 0, TILE);
                    }
                    isa.run(Unpack { packed, out: &mut *buffer.cast::<[T; TILE]>() });
                }
            }
        }
        buffer
    }

    /// Packs the buffer again.
    ///
    /// # Safety
    /// As for [`load`](SlotPtr::load), which has filled the buffer.
    pub(crate) unsafe fn store(self, isa: Isa, at: SlotAt, n: usize, buffer: *mut T, step: u64) {
        // SAFETY: by the contract of this function.
        unsafe {
            match self {
                SlotPtr::Full(_) => {}
                SlotPtr::F32(p) => {
                    for k in 0..n {
                        *p.add(at.element + k) = (*buffer.add(k)).to_f64() as f32;
                    }
                }
                SlotPtr::Bf16(p, dither) => {
                    let packed = std::slice::from_raw_parts_mut(p.add(at.element), n);
                    let stream = Stream::new(dither.seed, Purpose::ROUNDING, step << 6 | dither.slot);
                    let first = (at.block * BLOCKS) as u64;
                    isa.run(Pack { packed, values: &*buffer.cast::<[T; TILE]>(), stream, first });
                }
            }
        }
    }
}

/// Random blocks of a tile: eight 16-bit words each.
const BLOCKS: usize = TILE / 8;

/// Widens bf16.
struct Unpack<'a, T> {
    packed: &'a [u16],
    out: &'a mut [T; TILE],
}

impl<T: Real> Kernel for Unpack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (o, &p) in self.out.iter_mut().zip(self.packed) {
            *o = widen(p);
        }
    }
}

#[inline(always)]
fn widen<T: Real>(p: u16) -> T {
    let v = f32::from_bits(u32::from(p) << 16);
    if size_of::<T>() == 4 {
        // SAFETY: the only number type of four bytes is `f32`.
        unsafe { std::mem::transmute_copy(&v) }
    } else {
        T::from_f64(f64::from(v))
    }
}

#[inline(always)]
fn narrow<T: Real>(v: T) -> f32 {
    if size_of::<T>() == 4 {
        // SAFETY: the only number type of four bytes is `f32`.
        unsafe { std::mem::transmute_copy(&v) }
    } else {
        v.to_f64() as f32
    }
}

/// Rounds to bf16 at random: adding 16 random bits below the cut carries with the probability of the fraction cut off.
struct Pack<'a, T> {
    packed: &'a mut [u16],
    values: &'a [T; TILE],
    stream: Stream,
    first: u64,
}

impl<T: Real> Kernel for Pack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut random = [[0u32; BLOCKS]; 4];
        for b in 0..BLOCKS {
            let [w0, w1, w2, w3] = self.stream.block(self.first + b as u64);
            (random[0][b], random[1][b], random[2][b], random[3][b]) = (w0, w1, w2, w3);
        }
        let mut rounded = [0u16; TILE];
        for w in 0..4 {
            for b in 0..BLOCKS {
                let (low, high) = (w * 2 * BLOCKS + b, (w * 2 + 1) * BLOCKS + b);
                rounded[low] = round(narrow(self.values[low]), random[w][b] & 0xffff);
                rounded[high] = round(narrow(self.values[high]), random[w][b] >> 16);
            }
        }
        let n = self.packed.len();
        self.packed.copy_from_slice(&rounded[..n]);
    }
}

#[inline(always)]
fn round(v: f32, random: u32) -> u16 {
    let bits = v.to_bits();
    // Infinities and NaN keep their bits, and the largest finite numbers do not round up to infinity.
    let up = bits.wrapping_add(random);
    let top = (bits & 0x7f80_0000) == 0x7f80_0000 || (up & 0x7f80_0000) == 0x7f80_0000;
    ((if top { bits } else { up }) >> 16) as u16
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

    /// A copy of at most `TILE` values.
    #[inline(always)]
    pub(crate) fn copy_of(&mut self, values: &[T]) -> &mut [T] {
        assert!(values.len() <= TILE);
        let p = self.0.as_mut_ptr().cast::<T>();
        // SAFETY: there is room for the values, and exactly those that are copied are shown.
        unsafe {
            std::ptr::copy_nonoverlapping(values.as_ptr(), p, values.len());
            std::slice::from_raw_parts_mut(p, values.len())
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean of many roundings is the value; every rounding is one of its two neighbours.
    #[test]
    fn random_rounding_is_right_on_average() {
        let value = 1.0 + 0.3 / 128.0;
        let n = 1 << 16;
        let stream = Stream::new(1, Purpose::ROUNDING, 0);
        let ups = (0..n).filter(|&i| round(value, stream.bits(i) as u32 & 0xffff) == 0x3f81).count();
        assert!((0..n).all(|i| (0x3f80..=0x3f81).contains(&round(value, stream.bits(i) as u32 & 0xffff))));
        assert!((ups as f64 / n as f64 - 0.3).abs() < 0.01, "{ups}");
        assert_eq!(round(f32::MAX, 0xffff), 0x7f7f);
        assert_eq!(round(f32::INFINITY, 0xffff), 0x7f80);
    }
}
