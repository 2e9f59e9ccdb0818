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

/// What tells the lanes of a block apart. Blocks begin at multiples of 16 and these end in different four bits, so that no two
/// elements share a word. None of them is 0: where the first lane needs no instruction, the compiler takes all of them apart.
const NUMBERS: Lanes<u32> = {
    let mut numbers = [0; LANES];
    let mut k = 0;
    while k < LANES {
        numbers[k] = (k as u32 + 1).wrapping_mul(0x9e37_79b9);
        k += 1;
    }
    numbers
};

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
                    let block = first.wrapping_add(at as u32);
                    for k in 0..LANES {
                        raw[k] = round16(narrow(from[k]), hash(key, block ^ NUMBERS[k]) >> 16);
                    }
                    std::ptr::copy_nonoverlapping(raw.as_ptr(), packed.add(at), n);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every element of many blocks has a word of its own, and blocks of bf16 come back as one of their neighbours.
    #[test]
    fn words_differ_and_blocks_come_back() {
        let mut words: Vec<u32> = (0..1 << 12u32).flat_map(|b| NUMBERS.map(|k| (b * 16) ^ k)).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), 16 << 12);
        let values: Lanes<f32> = std::array::from_fn(|k| (k as f32 - 7.3) * 1e-3);
        for n in [1, 15, LANES] {
            let (mut packed, mut out) = ([0u16; 2 * LANES], [0.0f32; LANES]);
            let block = BlockPtr::<f32>::bf16(packed.as_mut_ptr(), [3, 5], 512);
            // SAFETY: the array has room for two blocks.
            unsafe {
                block.store(LANES, n, &values);
                block.load(LANES, n, &mut out);
            }
            for (k, (o, v)) in out.iter().zip(&values).enumerate() {
                assert!(if k < n { (o - v).abs() <= v.abs() / 128.0 } else { *o == 0.0 }, "{n}, {k}: {v} became {o}");
            }
            assert!(packed[..LANES].iter().chain(&packed[LANES + n..]).all(|&p| p == 0));
        }
    }
}
