//! A state vector as blocks of lanes see it while a tile is worked on: plain numbers, bf16, or 8 bits.
//!
//! Packed numbers are unpacked where they are needed, and rounded to bf16 where they are made: the processor does both while its
//! divider is busy, and the memory is never idle. Codes of 8 bits need the largest value of their block, so what is stored goes to
//! a buffer and is packed when the tile is done.

use steepest_core::Real;

use crate::{
    packing::{BLOCK, Key, decode, hash, narrow, round16, size_bits, widen},
    stage::{LANES, Lanes, Memory, load_lanes, store_lanes},
};

/// Where a tile of a state vector lies.
#[derive(Clone, Copy)]
pub(crate) struct BlockPtr<T> {
    /// Plain numbers: the vector itself, or the buffer that stores go to. Not used for bf16.
    plain: *mut T,
    form: Form,
}

#[derive(Clone, Copy)]
enum Form {
    Plain,
    /// `first`: the number of the random word of the tile's first element.
    Bf16 {
        packed: *mut u16,
        key: Key,
        first: u32,
    },
    /// `size`: the bits of a code that are not its sign.
    Bits8 {
        codes: *const u8,
        scales: *const f32,
        size: u32,
    },
}

impl<T: Real> BlockPtr<T> {
    /// Plain numbers.
    #[inline(always)]
    pub(crate) fn plain(plain: *mut T) -> BlockPtr<T> {
        BlockPtr { plain, form: Form::Plain }
    }

    #[inline(always)]
    pub(crate) fn bf16(packed: *mut u16, key: Key, first: u32) -> BlockPtr<T> {
        BlockPtr { plain: std::ptr::null_mut(), form: Form::Bf16 { packed, key, first } }
    }

    /// Loads from the codes and stores to the buffer.
    #[inline(always)]
    pub(crate) fn bits8(codes: *const u8, scales: *const f32, signed: bool, buffer: *mut T) -> BlockPtr<T> {
        BlockPtr { plain: buffer, form: Form::Bits8 { codes, scales, size: size_bits(signed) } }
    }
}

impl<T: Real> Memory<T> for BlockPtr<T> {
    #[inline(always)]
    unsafe fn load(self, at: usize, n: usize, to: &mut Lanes<T>) {
        // SAFETY: the caller vouches for `n` elements from `at` on, in whatever form.
        unsafe {
            match self.form {
                Form::Plain => load_lanes(self.plain.add(at), n, to),
                Form::Bf16 { packed, .. } => {
                    let mut raw = [0u16; LANES];
                    std::ptr::copy_nonoverlapping(packed.add(at), raw.as_mut_ptr(), n);
                    for k in 0..LANES {
                        to[k] = widen(f32::from_bits(u32::from(raw[k]) << 16));
                    }
                }
                Form::Bits8 { codes, scales, size } => {
                    let mut raw = [0u8; LANES];
                    std::ptr::copy_nonoverlapping(codes.add(at), raw.as_mut_ptr(), n);
                    let scale = *scales.add(at / BLOCK);
                    for k in 0..LANES {
                        to[k] = widen(decode(raw[k], size, scale));
                    }
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn store(self, at: usize, n: usize, from: &Lanes<T>) {
        // SAFETY: as above, and nobody else uses these elements.
        unsafe {
            match self.form {
                Form::Plain | Form::Bits8 { .. } => store_lanes(from, n, self.plain.add(at)),
                Form::Bf16 { packed, key, first } => {
                    let mut raw = [0u16; LANES];
                    // One instruction adds the same to all lanes and another their numbers, all of which are above 0: a 0 that is
                    // left out breaks the vector into pieces.
                    let before = first.wrapping_add(at as u32);
                    for k in 0..LANES {
                        raw[k] = round16(narrow(from[k]), hash(key, before.wrapping_add(k as u32 + 1)) >> 16);
                    }
                    std::ptr::copy_nonoverlapping(raw.as_ptr(), packed.add(at), n);
                }
            }
        }
    }
}
