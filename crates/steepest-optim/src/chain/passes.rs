//! The passes: what each thread does with the pieces it takes.
//!
//! A piece is worked on tile by tile. The first unit of a pass reads the gradient and writes the tile of updates, the others
//! change that tile, and at the end it is spilled or subtracted from the parameters: the tile and what it touches stay in
//! the first-level cache, so that a chain of many units costs little more than the traffic of their state.

use std::{
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
};

use rayon::prelude::*;
use steepest_core::{
    Real,
    isa::{Isa, Kernel},
};

use super::{ChainRun, Kind, MAX_SLOTS, Node, Piece, TILE};
use crate::{
    packed_block::BlockPtr,
    slots::{MAX_UNIT_SLOTS, SlotPtr, Tile, TileBuffers},
    stage::LANES,
    unit::MAX_SUMS,
};

/// Below this many elements one thread is faster than waking others.
const PARALLEL: usize = 1 << 17;

/// The state vectors of a chain during a step.
pub(super) type Pointers<T> = [SlotPtr<T>; MAX_SLOTS];

/// A pointer that threads may share: pieces are disjoint, so no element has two users.
struct Shared<P>(P);
// SAFETY: every thread touches only the elements of its own piece, or its own entry of the sums.
unsafe impl<P> Sync for Shared<P> {}

impl<T: Real> Node<T> {
    /// Which of its coefficients a piece takes.
    #[inline(always)]
    pub(super) fn index(&self, piece: &Piece) -> usize {
        if self.by_segment { piece.segment } else { piece.group }
    }
}

impl<T: Real> ChainRun<T> {
    /// Runs `f` for each piece, on several threads when that pays.
    fn each_piece(&self, f: impl Fn(usize, &Piece) + Sync) {
        if self.len >= PARALLEL && rayon::current_num_threads() > 1 {
            self.pieces.par_iter().enumerate().for_each(|(i, p)| f(i, p));
        } else {
            self.pieces.iter().enumerate().for_each(|(i, p)| f(i, p));
        }
    }

    /// Takes the sums of a node over the gradient.
    pub(super) fn measure_pass(&mut self, i: usize, x: &[T], g: &[T]) {
        let sums = Shared(self.sums.as_mut_ptr());
        let slots = self.pointers();
        let (slots, sums, run) = (&slots, &sums, &*self);
        run.each_piece(|k, piece| {
            let mut row = [0.0; MAX_SUMS];
            for from in (0..piece.at.len()).step_by(TILE) {
                let tile = piece.tile(from);
                // SAFETY: the piece's state is touched by this call of the closure alone.
                unsafe { run.measure_tile(i, piece, from, slots, (&g[tile.clone()], &x[tile]), &mut row) };
            }
            // SAFETY: entry `k` belongs to this piece.
            unsafe { *sums.0.add(k) = row };
        });
    }

    /// Runs units over the gradient's buffer in place, and takes the sums of the next pass's first unit on the way.
    pub(super) fn spill_pass(&mut self, units: Range<usize>, next: Option<usize>, x: &[T], g: &mut [T]) {
        let shared = (Shared(self.sums.as_mut_ptr()), Shared(g.as_mut_ptr()));
        let slots = self.pointers();
        let (slots, shared, run) = (&slots, &shared, &*self);
        run.each_piece(|k, piece| {
            let mut row = [0.0; MAX_SUMS];
            let mut buffer = Tile::new();
            for from in (0..piece.at.len()).step_by(TILE) {
                let tile = piece.tile(from);
                let x = &x[tile.clone()];
                // SAFETY: the gradient and the state of the piece are touched by this call of the closure alone.
                unsafe {
                    let g = std::slice::from_raw_parts_mut(shared.1.0.add(tile.start), tile.len());
                    let u = run.transform_tile(units.clone(), piece, from, slots, &mut buffer, (x, &*g));
                    g.copy_from_slice(u);
                    if let Some(i) = next {
                        run.measure_tile(i, piece, from, slots, (u, x), &mut row);
                    }
                }
            }
            // SAFETY: entry `k` belongs to this piece.
            unsafe { *shared.0.0.add(k) = row };
        });
    }

    /// Runs units over the gradient and writes the parameters. Returns the first element of a block whose result was not
    /// finite, which stays as it was.
    pub(super) fn last_pass(&mut self, units: Range<usize>, x: &mut [T], g: &[T]) -> Option<usize> {
        let bad = AtomicUsize::new(usize::MAX);
        let shared = Shared(x.as_mut_ptr());
        let slots = self.pointers();
        let (slots, shared, run, bad) = (&slots, &shared, &*self, &bad);
        run.each_piece(|_, piece| {
            let mut buffer = Tile::new();
            for from in (0..piece.at.len()).step_by(TILE) {
                let tile = piece.tile(from);
                // SAFETY: the parameters and the state of the piece are touched by this call of the closure alone.
                unsafe {
                    let x = std::slice::from_raw_parts_mut(shared.0.add(tile.start), tile.len());
                    let u = run.transform_tile(units.clone(), piece, from, slots, &mut buffer, (&*x, &g[tile.clone()]));
                    if let Some(at) = subtract(run.isa, x, u) {
                        bad.fetch_min(tile.start + at, Ordering::Relaxed);
                    }
                }
            }
        });
        let bad = bad.load(Ordering::Relaxed);
        (bad != usize::MAX).then_some(bad)
    }

    /// Adds the sums of a node over one tile.
    ///
    /// # Safety
    /// Nobody else uses the piece's state.
    unsafe fn measure_tile(
        &self,
        i: usize,
        piece: &Piece,
        from: usize,
        slots: &Pointers<T>,
        (u, x): (&[T], &[T]),
        row: &mut [f64; MAX_SUMS],
    ) {
        let node = &self.nodes[i];
        let Kind::Unit(unit) = &node.kind else { return };
        let mut buffers = TileBuffers::new();
        // SAFETY: by the contract of this function; the pointers are those of the unit's slots, or copies of them.
        let part = unsafe {
            let ptrs = self.load_tile(node, piece, from, u.len(), slots, &mut buffers);
            unit.measure(node.index(piece), self.isa, u, x, &ptrs)
        };
        row.iter_mut().zip(part).for_each(|(a, b)| *a += b);
    }

    /// Runs units on one tile; returns the update.
    ///
    /// # Safety
    /// Nobody else uses the piece's state.
    unsafe fn transform_tile<'a>(
        &self,
        units: Range<usize>,
        piece: &Piece,
        from: usize,
        slots: &Pointers<T>,
        buffer: &'a mut Tile<T>,
        (x, g): (&[T], &[T]),
    ) -> &'a [T] {
        let n = x.len();
        let u = buffer.as_mut_ptr();
        let mut input = g.as_ptr();
        for node in &self.nodes[units] {
            let Kind::Unit(unit) = &node.kind else { continue };
            let mut buffers = TileBuffers::new();
            let i = node.index(piece);
            // SAFETY: by the contract of this function; the pointers are those of the unit's slots, or copies of them.
            unsafe {
                if self.packed {
                    let blocks = self.blocks(node, piece, from, n, slots, &mut buffers);
                    unit.transform_packed(i, self.isa, input, u, x, g, &blocks);
                    self.store_tile(node, piece, from, n, slots, &mut buffers);
                } else {
                    let ptrs = self.load_tile(node, piece, from, n, slots, &mut buffers);
                    unit.transform(i, self.isa, input, u, x, g, &ptrs);
                }
            }
            input = u;
        }
        // SAFETY: a pass has at least one unit, which has written `n` values.
        unsafe { std::slice::from_raw_parts(u, n) }
    }

    pub(super) fn pointers(&mut self) -> Pointers<T> {
        let mut pointers = [SlotPtr::Full(std::ptr::null_mut()); MAX_SLOTS];
        for (p, slot) in pointers.iter_mut().zip(&mut self.slots) {
            *p = slot.pointer(self.step);
        }
        pointers
    }

    /// Pointers to the state of a tile; packed state is unpacked into the buffers.
    ///
    /// # Safety
    /// Nobody else uses the piece's state.
    #[inline(always)]
    pub(super) unsafe fn load_tile(
        &self,
        node: &Node<T>,
        piece: &Piece,
        from: usize,
        n: usize,
        slots: &Pointers<T>,
        buffers: &mut TileBuffers<T>,
    ) -> [*mut T; MAX_UNIT_SLOTS] {
        let mut ptrs = [std::ptr::null_mut(); MAX_UNIT_SLOTS];
        for (k, slot) in slots[node.slots.clone()].iter().enumerate() {
            // SAFETY: the tile lies in the piece, whose state the caller owns.
            ptrs[k] = unsafe { slot.load(self.isa, piece.slot.after(from), n, buffers.get(k)) };
        }
        ptrs
    }

    /// The state of a tile as blocks of lanes see it.
    ///
    /// # Safety
    /// Nobody else uses the piece's state.
    #[inline(always)]
    unsafe fn blocks(
        &self,
        node: &Node<T>,
        piece: &Piece,
        from: usize,
        n: usize,
        slots: &Pointers<T>,
        buffers: &mut TileBuffers<T>,
    ) -> [BlockPtr<T>; MAX_UNIT_SLOTS] {
        let mut blocks = [BlockPtr::plain(std::ptr::null_mut()); MAX_UNIT_SLOTS];
        for (k, slot) in slots[node.slots.clone()].iter().enumerate() {
            // SAFETY: the tile lies in the piece, whose state the caller owns.
            blocks[k] = unsafe { slot.block(self.isa, piece.slot.after(from), n, buffers.get(k)) };
        }
        blocks
    }

    /// Packs the state of a tile again.
    ///
    /// # Safety
    /// As for [`blocks`](ChainRun::blocks), whose buffers these are, after the unit has stored to them.
    #[inline(always)]
    unsafe fn store_tile(
        &self,
        node: &Node<T>,
        piece: &Piece,
        from: usize,
        n: usize,
        slots: &Pointers<T>,
        buffers: &mut TileBuffers<T>,
    ) {
        for (k, slot) in slots[node.slots.clone()].iter().enumerate() {
            // SAFETY: as above; buffer `k` is filled where the slot goes through it.
            unsafe { slot.store(self.isa, piece.slot.after(from), n, buffers.get(k)) };
        }
    }
}

/// x ← x − u by blocks; a block whose result is not finite stays. Returns the first element of the first such block.
pub(super) fn subtract<T: Real>(isa: Isa, x: &mut [T], u: &[T]) -> Option<usize> {
    isa.run(Subtract { x, u })
}

struct Subtract<'a, T> {
    x: &'a mut [T],
    u: &'a [T],
}

impl<T: Real> Kernel for Subtract<'_, T> {
    type Output = Option<usize>;

    #[inline(always)]
    fn run(self) -> Option<usize> {
        let mut bad = None;
        // Whole blocks first: with a constant length they become vector instructions.
        let (blocks, rest) = self.x.as_chunks_mut::<LANES>();
        let (updates, rest_of_u) = self.u.as_chunks::<LANES>();
        let whole = blocks.len() * LANES;
        for (i, (x, u)) in blocks.iter_mut().zip(updates).enumerate() {
            let mut new = *x;
            let mut clean = true;
            for k in 0..LANES {
                new[k] = x[k] - u[k];
                clean &= new[k].is_finite();
            }
            if clean {
                *x = new;
            } else {
                bad = bad.or(Some(i * LANES));
            }
        }
        if rest.iter().zip(rest_of_u).all(|(&x, &u)| (x - u).is_finite()) {
            rest.iter_mut().zip(rest_of_u).for_each(|(x, &u)| *x -= u);
        } else {
            bad = bad.or(Some(whole));
        }
        bad
    }
}
