//! The run of a chain over flat vectors: which passes it takes, over which pieces, with which state.
//!
//! Links are grouped into passes. A pass ends before a link that needs sums of what came before it, and around a link that
//! works on whole tensors; the update is then spilled into the gradient's buffer. The last pass writes the parameters.
//!
//! The vectors are cut into pieces, at fixed places that depend on the layout alone. Threads share the pieces when there
//! are enough elements to pay for waking them. Sums are taken by pieces and combined in one fixed tree.

use std::{
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
};

use rayon::prelude::*;
use steepest_core::{
    Layout, Real, Segment, StateVisitor,
    isa::{Isa, Kernel},
    tree_sum,
};

use crate::{
    link::{Link, Place, Work},
    precision::Moments,
    segment_rules::SegmentRule,
    slots::{MAX_UNIT_SLOTS, Slot, SlotAt, SlotPtr, Tile, TileBuffers},
    stage::{Cut, Group, LANES, StepCx},
    stages::Identity,
    unit::{MAX_SUMS, Unit},
};

/// Elements of a tile: what several units work on before going on. Large enough that the calls do not count, small enough
/// that a tile with its state stays in the first-level cache.
pub(crate) const TILE: usize = 512;

/// The longest piece.
const PIECE: usize = 1 << 15;

/// Below this many elements one thread is faster than waking others.
const PARALLEL: usize = 1 << 17;

/// The most state vectors of a chain.
const MAX_SLOTS: usize = 32;

/// A run of consecutive elements of one group.
#[derive(Debug, Clone)]
struct Piece {
    /// Where in the parameters.
    at: Range<usize>,
    /// Where in the state.
    slot: SlotAt,
    group: usize,
    /// Index among the segments of this chain; of the first one when several are in the piece.
    segment: usize,
}

/// Links that run together.
#[derive(Debug, Clone)]
enum Pass {
    /// These units on tiles; `first_sums`: the first of them needs sums, which this or the previous pass takes.
    Lanes(Range<usize>),
    /// This rule on whole tensors.
    Segments(usize),
}

/// What runs at a link, with its state.
enum Kind<T: Real> {
    Unit(Box<dyn Unit<T>>),
    Rule(Box<dyn SegmentRule<T>>),
}

struct Node<T: Real> {
    kind: Kind<T>,
    /// Its state vectors among those of the chain.
    slots: Range<usize>,
    /// Numbers of each group, or of each segment when it cuts by segments.
    scalars: Vec<f64>,
    /// Names in the saved state, unique in the chain.
    slot_names: Vec<String>,
    scalar_names: Vec<String>,
    place: Place,
}

/// A chain bound to the segments it updates.
pub(crate) struct ChainRun<T: Real> {
    nodes: Vec<Node<T>>,
    passes: Vec<Pass>,
    pieces: Vec<Piece>,
    slots: Vec<Slot<T>>,
    groups: Vec<Group>,
    /// Segments, their group, and where their state starts.
    segments: Vec<(Segment, usize, usize)>,
    /// The node whose output the learning rate multiplies; `None` when one applies it itself.
    closing: Option<usize>,
    len: usize,
    /// One row of sums for each piece.
    sums: Vec<[f64; MAX_SUMS]>,
    column: Vec<f64>,
    step: u64,
    isa: Isa,
}

/// The state vectors of a chain during a step.
type Pointers<T> = [SlotPtr<T>; MAX_SLOTS];

/// A pointer that threads may share: pieces are disjoint, so no element has two users.
struct Shared<P>(P);
// SAFETY: every thread touches only the elements of its own piece, or its own entry of the sums.
unsafe impl<P> Sync for Shared<P> {}

impl<T: Real> ChainRun<T> {
    /// Binds links to the segments of `layout` for which `group_of` names a group.
    pub(crate) fn new(
        links: Vec<Link<T>>,
        layout: &Layout,
        groups: Vec<Group>,
        group_of: impl Fn(&Segment) -> Option<usize>,
        moments: Moments,
        seed: u64,
    ) -> ChainRun<T> {
        let mut links = links;
        let applies = links.iter().any(|l| l.place == Place::Applies);
        let behind = links.iter().position(|l| l.place == Place::After).unwrap_or(links.len());
        let closes = |l: Option<&Link<T>>| matches!(l, Some(Link { work: Work::Lanes(_), .. }));
        if !closes(behind.checked_sub(1).and_then(|i| links.get(i))) {
            links.insert(behind, Link::stage(Identity));
        }
        let last = links.iter().position(|l| l.place == Place::After).unwrap_or(links.len()) - 1;
        let mut run = ChainRun {
            nodes: Vec::new(),
            passes: Vec::new(),
            pieces: Vec::new(),
            slots: Vec::new(),
            groups,
            segments: Vec::new(),
            closing: (!applies).then_some(last),
            len: 0,
            sums: Vec::new(),
            column: Vec::new(),
            step: 0,
            isa: Isa::detect(),
        };
        for segment in layout.segments() {
            if let Some(group) = group_of(segment) {
                run.segments.push((segment.clone(), group, run.len));
                run.len += segment.len;
            }
        }
        run.plan(links);
        run.cut_into_pieces(moments != Moments::Full);
        run.make_state(moments, seed);
        run
    }

    /// Makes nodes and passes from the links.
    fn plan(&mut self, links: Vec<Link<T>>) {
        let mut names: Vec<String> = Vec::new();
        let mut unique = |name: &str| {
            let mut full = name.to_string();
            let mut n = 1;
            while names.contains(&full) {
                n += 1;
                full = format!("{name}#{n}");
            }
            names.push(full.clone());
            full
        };
        let mut slot = 0;
        for (i, link) in links.into_iter().enumerate() {
            let place = link.place;
            let node = match link.work {
                Work::Lanes(mut unit) => {
                    let by_segment = unit.cut() == Cut::Segment;
                    let count = if by_segment { self.segments.len() } else { self.groups.len() };
                    unit.reserve(count);
                    match self.passes.last_mut() {
                        Some(Pass::Lanes(range)) if unit.cut() == Cut::None => range.end = i + 1,
                        _ => self.passes.push(Pass::Lanes(i..i + 1)),
                    }
                    let slots = slot..slot + unit.slots().len();
                    slot = slots.end;
                    Node {
                        slot_names: unit.slots().iter().map(|n| unique(n.name)).collect(),
                        scalar_names: unit.scalars().iter().map(|n| unique(n.0)).collect(),
                        scalars: (0..count).flat_map(|_| unit.scalars().iter().map(|s| s.1)).collect(),
                        kind: Kind::Unit(unit),
                        slots,
                        place,
                    }
                }
                Work::Segments(mut rule) => {
                    self.passes.push(Pass::Segments(i));
                    rule.reserve(&self.segments.iter().map(|s| s.0.clone()).collect::<Vec<_>>());
                    Node {
                        slot_names: vec![unique(rule.name())],
                        scalar_names: Vec::new(),
                        scalars: Vec::new(),
                        kind: Kind::Rule(rule),
                        slots: slot..slot,
                        place,
                    }
                }
            };
            self.nodes.push(node);
        }
    }

    /// Cuts the segments into pieces of one group, and of one segment where something depends on it.
    fn cut_into_pieces(&mut self, packed: bool) {
        let by_segment =
            packed || self.nodes.iter().any(|n| matches!(&n.kind, Kind::Unit(u) if u.cut() == Cut::Segment));
        let mut i = 0;
        let mut block = 0;
        while i < self.segments.len() {
            let (first, group, slot_at) = (&self.segments[i].0, self.segments[i].1, self.segments[i].2);
            let mut end = first.range().end;
            let mut j = i + 1;
            while !by_segment && j < self.segments.len() {
                let (next, g, _) = &self.segments[j];
                if *g != group || next.offset != end {
                    break;
                }
                end = next.range().end;
                j += 1;
            }
            let start = first.offset;
            for at in (start..end).step_by(PIECE) {
                let to = end.min(at + PIECE);
                let slot = SlotAt { element: slot_at + at - start, block };
                block += (to - at).div_ceil(TILE);
                self.pieces.push(Piece { at: at..to, slot, group, segment: i });
            }
            i = j;
        }
        self.sums = vec![[0.0; MAX_SUMS]; self.pieces.len()];
        self.column = vec![0.0; self.pieces.len()];
    }

    fn make_state(&mut self, moments: Moments, seed: u64) {
        for node in &self.nodes {
            let Kind::Unit(unit) = &node.kind else { continue };
            for spec in unit.slots() {
                let stream = self.slots.len() as u64;
                self.slots.push(Slot::new(spec.kind, self.len, moments, (seed, stream)));
            }
        }
    }

    /// How many elements it updates.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// One update of x by the gradient g, whose buffer may be overwritten. Returns an element whose update was not finite
    /// and was left out.
    pub(crate) fn step(&mut self, x: &mut [T], g: &mut [T], step: u64, lr: f64) -> Option<usize> {
        self.step = step;
        self.prepare(step, lr);
        let mut spilled = false;
        let last = self.passes.len() - 1;
        for p in 0..=last {
            match self.passes[p].clone() {
                Pass::Segments(i) => {
                    self.segments_pass(i, x, g, step, lr);
                    spilled = true;
                }
                Pass::Lanes(units) => {
                    // The pass before has taken the sums while its tiles were in the cache; without one it is done here.
                    let after_lanes = p > 0 && matches!(self.passes[p - 1], Pass::Lanes(_));
                    if self.cut(units.start) != Cut::None {
                        if !after_lanes {
                            self.measure_pass(units.start, x, g);
                        }
                        self.measured(units.start, step, lr);
                    }
                    if p < last {
                        let next = match &self.passes[p + 1] {
                            Pass::Lanes(next) => Some(next.start),
                            Pass::Segments(_) => None,
                        };
                        self.spill_pass(units, next, x, g);
                        spilled = true;
                    } else {
                        return self.last_pass(units, x, g);
                    }
                }
            }
        }
        debug_assert!(spilled, "the last pass applies lanes");
        None
    }

    fn cut(&self, node: usize) -> Cut {
        match &self.nodes[node].kind {
            Kind::Unit(unit) => unit.cut(),
            Kind::Rule(_) => Cut::Segment,
        }
    }

    #[inline]
    fn prepare(&mut self, step: u64, lr: f64) {
        let applies = self.nodes.iter().position(|n| n.place == Place::Applies);
        for (i, node) in self.nodes.iter_mut().enumerate() {
            let lr_applied = self.closing.or(applies).is_some_and(|c| i > c);
            let closing = self.closing == Some(i);
            match &mut node.kind {
                Kind::Unit(unit) => {
                    let by_segment = unit.cut() == Cut::Segment;
                    let count = if by_segment { self.segments.len() } else { self.groups.len() };
                    let width = node.scalar_names.len();
                    for k in 0..count {
                        let (group, len) =
                            if by_segment { (self.segments[k].1, self.segments[k].0.len) } else { (k, self.len) };
                        let group = &self.groups[group];
                        let lr = lr * group.lr_factor;
                        let cx = StepCx { step, lr, lr_applied, group, len };
                        let scalars = &mut node.scalars[k * width..(k + 1) * width];
                        unit.prepare(k, &cx, scalars, if closing { lr } else { 1.0 });
                    }
                }
                Kind::Rule(_) => {}
            }
        }
    }

    fn measured(&mut self, i: usize, step: u64, lr: f64) {
        let node = &mut self.nodes[i];
        let Kind::Unit(unit) = &mut node.kind else { return };
        let width = node.scalar_names.len();
        let by_segment = unit.cut() == Cut::Segment;
        let count = if by_segment { self.segments.len() } else { self.groups.len() };
        let mut total = [0.0; MAX_SUMS];
        if !by_segment {
            for (s, total) in total.iter_mut().enumerate().take(unit.sums()) {
                self.column.clear();
                self.column.extend(self.sums.iter().map(|row| row[s]));
                *total = tree_sum(&self.column);
            }
        }
        let mut first = 0;
        for k in 0..count {
            let mut sums = total;
            let (group, len) = if by_segment { (self.segments[k].1, self.segments[k].0.len) } else { (k, self.len) };
            if by_segment {
                let end = first + self.pieces[first..].iter().take_while(|p| p.segment == k).count();
                for (s, sum) in sums.iter_mut().enumerate().take(unit.sums()) {
                    self.column.clear();
                    self.column.extend(self.sums[first..end].iter().map(|row| row[s]));
                    *sum = tree_sum(&self.column);
                }
                first = end;
            }
            let group = &self.groups[group];
            let cx =
                StepCx { step, lr: lr * group.lr_factor, lr_applied: self.closing.is_some_and(|c| i > c), group, len };
            unit.measured(k, &cx, &sums[..unit.sums()], &mut node.scalars[k * width..(k + 1) * width]);
        }
    }

    fn segments_pass(&mut self, i: usize, x: &[T], g: &mut [T], step: u64, lr: f64) {
        let Kind::Rule(rule) = &mut self.nodes[i].kind else { return };
        for (k, (segment, group, _)) in self.segments.iter().enumerate() {
            let group = &self.groups[*group];
            let cx = StepCx { step, lr: lr * group.lr_factor, lr_applied: false, group, len: segment.len };
            rule.apply(k, &cx, segment, &mut g[segment.range()], &x[segment.range()]);
        }
    }

    /// Runs `f` for each piece, on several threads when that pays.
    fn each_piece(&self, f: impl Fn(usize, &Piece) + Sync) {
        if self.len >= PARALLEL && rayon::current_num_threads() > 1 {
            self.pieces.par_iter().enumerate().for_each(|(i, p)| f(i, p));
        } else {
            self.pieces.iter().enumerate().for_each(|(i, p)| f(i, p));
        }
    }

    fn index(&self, unit: &dyn Unit<T>, piece: &Piece) -> usize {
        if unit.cut() == Cut::Segment { piece.segment } else { piece.group }
    }

    /// Takes the sums of a node over the gradient.
    fn measure_pass(&mut self, i: usize, x: &[T], g: &[T]) {
        let sums = Shared(self.sums.as_mut_ptr());
        let slots = self.pointers();
        let (slots, sums, run) = (&slots, &sums, &*self);
        let Kind::Unit(unit) = &run.nodes[i].kind else { return };
        run.each_piece(|k, piece| {
            let mut row = [0.0; MAX_SUMS];
            for from in (0..piece.at.len()).step_by(TILE) {
                let tile = piece.at.start + from..piece.at.end.min(piece.at.start + from + TILE);
                let mut buffers = TileBuffers::new();
                // SAFETY: the piece's state is touched by this call of the closure alone.
                let part = unsafe {
                    let ptrs = run.load_tile(i, piece, from, tile.len(), slots, &mut buffers);
                    unit.measure(run.index(&**unit, piece), run.isa, &g[tile.clone()], &x[tile], &ptrs)
                };
                row.iter_mut().zip(part).for_each(|(a, b)| *a += b);
            }
            // SAFETY: entry `k` belongs to this piece.
            unsafe { *sums.0.add(k) = row };
        });
    }

    /// Runs units over the gradient's buffer in place, and takes the sums of the next pass's first unit on the way.
    fn spill_pass(&mut self, units: Range<usize>, next: Option<usize>, x: &[T], g: &mut [T]) {
        let shared = (Shared(self.sums.as_mut_ptr()), Shared(g.as_mut_ptr()));
        let slots = self.pointers();
        let (slots, shared, run) = (&slots, &shared, &*self);
        run.each_piece(|k, piece| {
            let mut row = [0.0; MAX_SUMS];
            for from in (0..piece.at.len()).step_by(TILE) {
                let tile = piece.at.start + from..piece.at.end.min(piece.at.start + from + TILE);
                let n = tile.len();
                let x = &x[tile.clone()];
                let mut buffer = Tile::new();
                // SAFETY: the gradient and the state of the piece are touched by this call of the closure alone.
                unsafe {
                    let g = std::slice::from_raw_parts_mut(shared.1.0.add(tile.start), n);
                    let u = buffer.copy_of(g);
                    run.transform_tile(units.clone(), piece, from, slots, (u, x, g));
                    g.copy_from_slice(u);
                    if let Some(i) = next
                        && let Kind::Unit(unit) = &run.nodes[i].kind
                    {
                        let mut buffers = TileBuffers::new();
                        let ptrs = run.load_tile(i, piece, from, n, slots, &mut buffers);
                        let part = unit.measure(run.index(&**unit, piece), run.isa, u, x, &ptrs);
                        row.iter_mut().zip(part).for_each(|(a, b)| *a += b);
                    }
                }
            }
            // SAFETY: entry `k` belongs to this piece.
            unsafe { *shared.0.0.add(k) = row };
        });
    }

    /// Runs units over the gradient and writes the parameters.
    fn last_pass(&mut self, units: Range<usize>, x: &mut [T], g: &[T]) -> Option<usize> {
        let bad = AtomicUsize::new(usize::MAX);
        let shared = Shared(x.as_mut_ptr());
        let slots = self.pointers();
        let (slots, shared, run, bad) = (&slots, &shared, &*self, &bad);
        let plain = units.len() == 1 && run.slots[run.nodes[units.start].slots.clone()].iter().all(Slot::is_full);
        run.each_piece(|_, piece| {
            // SAFETY: the parameters and the state of the piece are touched by this call of the closure alone.
            let found = unsafe {
                let x = std::slice::from_raw_parts_mut(shared.0.add(piece.at.start), piece.at.len());
                let g = &g[piece.at.clone()];
                if plain {
                    run.apply_piece(units.start, piece, slots, x, g)
                } else {
                    run.apply_tiles(units.clone(), piece, slots, x, g)
                }
            };
            if let Some(at) = found {
                bad.fetch_min(piece.at.start + at, Ordering::Relaxed);
            }
        });
        let bad = bad.load(Ordering::Relaxed);
        (bad != usize::MAX).then_some(bad)
    }

    /// # Safety
    /// Nobody else uses the piece's state.
    unsafe fn apply_piece(&self, i: usize, piece: &Piece, slots: &Pointers<T>, x: &mut [T], g: &[T]) -> Option<usize> {
        let node = &self.nodes[i];
        let Kind::Unit(unit) = &node.kind else { return None };
        let mut ptrs = [std::ptr::null_mut(); MAX_UNIT_SLOTS];
        for (p, slot) in ptrs.iter_mut().zip(&slots[node.slots.clone()]) {
            // SAFETY: the slot has as many elements as the chain, the piece's among them.
            *p = unsafe { slot.full(piece.slot.element) };
        }
        // SAFETY: by the contract of this function; the pointers are those of the unit's slots.
        unsafe { unit.apply(self.index(&**unit, piece), self.isa, x, g, &ptrs[..node.slots.len()]) }
    }

    /// # Safety
    /// Nobody else uses the piece's state.
    unsafe fn apply_tiles(
        &self,
        units: Range<usize>,
        piece: &Piece,
        slots: &Pointers<T>,
        x: &mut [T],
        g: &[T],
    ) -> Option<usize> {
        let mut bad = None;
        for from in (0..x.len()).step_by(TILE) {
            let to = x.len().min(from + TILE);
            let mut tile = Tile::new();
            let u = tile.copy_of(&g[from..to]);
            // SAFETY: by the contract of this function.
            unsafe { self.transform_tile(units.clone(), piece, from, slots, (u, &x[from..to], &g[from..to])) };
            if let Some(at) = subtract(self.isa, &mut x[from..to], u) {
                bad = bad.or(Some(from + at));
            }
        }
        bad
    }

    /// Runs units on one tile.
    ///
    /// # Safety
    /// Nobody else uses the piece's state.
    unsafe fn transform_tile(
        &self,
        units: Range<usize>,
        piece: &Piece,
        from: usize,
        slots: &Pointers<T>,
        (u, x, g): (&mut [T], &[T], &[T]),
    ) {
        for i in units {
            let Kind::Unit(unit) = &self.nodes[i].kind else { continue };
            let mut buffers = TileBuffers::new();
            // SAFETY: by the contract of this function; the pointers are those of the unit's slots, or copies of them.
            unsafe {
                let ptrs = self.load_tile(i, piece, from, u.len(), slots, &mut buffers);
                unit.transform(self.index(&**unit, piece), self.isa, u, x, g, &ptrs);
                self.store_tile(i, piece, from, u.len(), slots, &mut buffers);
            }
        }
    }

    fn pointers(&mut self) -> Pointers<T> {
        let mut pointers = [SlotPtr::Full(std::ptr::null_mut()); MAX_SLOTS];
        for (p, slot) in pointers.iter_mut().zip(&mut self.slots) {
            *p = slot.pointer();
        }
        pointers
    }

    /// Pointers to the state of a tile; packed state is unpacked into the buffers.
    ///
    /// # Safety
    /// Nobody else uses the piece's state.
    unsafe fn load_tile(
        &self,
        i: usize,
        piece: &Piece,
        from: usize,
        n: usize,
        slots: &Pointers<T>,
        buffers: &mut TileBuffers<T>,
    ) -> [*mut T; MAX_UNIT_SLOTS] {
        let mut ptrs = [std::ptr::null_mut(); MAX_UNIT_SLOTS];
        for (k, s) in self.nodes[i].slots.clone().enumerate() {
            // SAFETY: the tile lies in the piece, whose state the caller owns.
            ptrs[k] = unsafe { slots[s].load(self.isa, piece.slot.tile(from), n, buffers.get(k)) };
        }
        ptrs
    }

    /// Packs the state of a tile again.
    ///
    /// # Safety
    /// As for [`load_tile`](ChainRun::load_tile), after it.
    unsafe fn store_tile(
        &self,
        i: usize,
        piece: &Piece,
        from: usize,
        n: usize,
        slots: &Pointers<T>,
        buffers: &mut TileBuffers<T>,
    ) {
        for (k, s) in self.nodes[i].slots.clone().enumerate() {
            // SAFETY: as above; `load_tile` has filled buffer `k` if the slot is packed.
            unsafe { slots[s].store(self.isa, piece.slot.tile(from), n, buffers.get(k), self.step) };
        }
    }

    /// Writes the parameters to evaluate at into `out`, which holds x.
    pub(crate) fn evaluate(&mut self, out: &mut [T]) {
        let slots = self.pointers();
        for (i, node) in self.nodes.iter().enumerate() {
            let Kind::Unit(unit) = &node.kind else { continue };
            if !unit.averages() {
                continue;
            }
            for piece in &self.pieces {
                for from in (0..piece.at.len()).step_by(TILE) {
                    let tile = piece.at.start + from..piece.at.end.min(piece.at.start + from + TILE);
                    let mut buffers = TileBuffers::new();
                    // SAFETY: this is the only user of the state.
                    unsafe {
                        let ptrs = self.load_tile(i, piece, from, tile.len(), &slots, &mut buffers);
                        unit.evaluate(self.index(&**unit, piece), &mut out[tile], &ptrs);
                    }
                }
            }
        }
    }

    /// Whether the parameters to evaluate at may differ from x.
    pub(crate) fn averages(&self) -> bool {
        self.nodes.iter().any(|n| matches!(&n.kind, Kind::Unit(u) if u.averages()))
    }

    /// Shows the state: `rule.symbol/segment` for vectors, `rule.symbol/group` for numbers of a group.
    pub(crate) fn visit(&mut self, prefix: &str, state: &mut dyn StateVisitor) {
        for node in &mut self.nodes {
            match &mut node.kind {
                Kind::Rule(rule) => {
                    for (k, (segment, _, _)) in self.segments.iter().enumerate() {
                        rule.visit(k, &format!("{prefix}{}", node.slot_names[0]), &segment.name, state);
                    }
                }
                Kind::Unit(unit) => {
                    for (name, s) in node.slot_names.iter().zip(node.slots.clone()) {
                        let slot = &mut self.slots[s];
                        for (segment, _, at) in &self.segments {
                            let full = format!("{prefix}{name}/{}", segment.name);
                            slot.visit(&full, *at..at + segment.len, state);
                        }
                    }
                    let by_segment = unit.cut() == Cut::Segment;
                    let width = node.scalar_names.len();
                    for (k, value) in node.scalars.iter_mut().enumerate() {
                        let of = k / width;
                        let name = &node.scalar_names[k % width];
                        let full = match by_segment {
                            true => format!("{prefix}{name}/{}", self.segments[of].0.name),
                            false if of == 0 => format!("{prefix}{name}"),
                            false => format!("{prefix}{name}/group{of}"),
                        };
                        state.number(&full, value);
                    }
                }
            }
        }
    }

    /// Bytes of state for each parameter, for reports.
    pub(crate) fn state_bytes(&self) -> usize {
        self.slots.iter().map(Slot::bytes).sum()
    }

    /// A number of the first group by its name in the saved state.
    pub(crate) fn scalar(&self, name: &str) -> Option<f64> {
        self.nodes.iter().find_map(|n| n.scalars.get(n.scalar_names.iter().position(|s| s == name)?).copied())
    }

    /// Runs with another instruction set; for tests and measurements.
    pub(crate) fn set_isa(&mut self, isa: Isa) {
        self.isa = isa;
    }
}

/// x ← x − u by blocks; a block whose result is not finite stays. Returns the first element of the first such block.
fn subtract<T: Real>(isa: Isa, x: &mut [T], u: &[T]) -> Option<usize> {
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
