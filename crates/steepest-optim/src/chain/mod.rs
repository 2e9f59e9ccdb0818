//! The run of a chain over flat vectors: which passes it takes, over which pieces, with which state.
//!
//! Links are grouped into passes. A pass ends before a link that needs sums of what came before it, and around a link that
//! works on whole tensors; the update is then spilled into the gradient's buffer. The last pass writes the parameters.
//!
//! The vectors are cut into pieces, at fixed places that depend on the layout alone. Threads share the pieces when there
//! are enough elements to pay for waking them. Sums are taken by pieces and combined in one fixed tree.

mod passes;
mod plan;
mod sparse;
mod state;

use std::ops::Range;

use steepest_core::{Layout, Real, Segment, isa::Isa, tree_sum};

use crate::{
    link::{Link, Place, Work},
    precision::Moments,
    segment_rules::SegmentRule,
    slots::{Slot, SlotAt},
    stage::{Cut, Group, StepCx},
    stages::Identity,
    unit::{MAX_SUMS, Unit},
};

/// Elements of a tile: what several units work on before going on. Large enough that the calls do not count, small enough
/// that a tile with its state stays in the first-level cache.
pub(crate) const TILE: usize = 512;

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

impl Piece {
    /// The parameters of the tile that starts `from` elements behind the start.
    fn tile(&self, from: usize) -> Range<usize> {
        self.at.start + from..self.at.end.min(self.at.start + from + TILE)
    }
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
    /// Whether it takes sums of each segment by itself.
    by_segment: bool,
    /// Numbers of each group, or of each segment when it cuts by segments.
    scalars: Vec<f64>,
    /// Names in the saved state, unique in the chain.
    slot_names: Vec<String>,
    scalar_names: Vec<String>,
    place: Place,
}

/// A tensor of the chain.
struct Bound {
    segment: Segment,
    group: usize,
    /// Where its state starts.
    slot: SlotAt,
}

/// A chain bound to the segments it updates.
pub(crate) struct ChainRun<T: Real> {
    nodes: Vec<Node<T>>,
    passes: Vec<Pass>,
    pieces: Vec<Piece>,
    slots: Vec<Slot<T>>,
    /// Whether any of them is packed.
    packed: bool,
    groups: Vec<Group>,
    segments: Vec<Bound>,
    /// The node whose output the learning rate multiplies; `None` when one applies it itself.
    closing: Option<usize>,
    len: usize,
    /// Tiles of state, when each segment starts a new one.
    tiles: usize,
    /// One row of sums for each piece.
    sums: Vec<[f64; MAX_SUMS]>,
    column: Vec<f64>,
    /// What sparse steps need; `None` before the first.
    sparse: Option<sparse::Sparse<T>>,
    step: u64,
    isa: Isa,
}

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
            packed: false,
            groups,
            segments: Vec::new(),
            closing: (!applies).then_some(last),
            len: 0,
            tiles: 0,
            sums: Vec::new(),
            column: Vec::new(),
            sparse: None,
            step: 0,
            isa: Isa::detect(),
        };
        for segment in layout.segments() {
            if let Some(group) = group_of(segment) {
                let slot = SlotAt { element: run.len, tile: run.tiles };
                run.segments.push(Bound { segment: segment.clone(), group, slot });
                run.len += segment.len;
                run.tiles += segment.len.div_ceil(TILE);
            }
        }
        run.plan(links);
        run.cut_into_pieces(moments != Moments::Full);
        run.make_state(moments, seed);
        run
    }

    /// How many elements it updates.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// One update of x by the gradient g, whose buffer may be overwritten. Returns an element whose update was not finite
    /// and was left out.
    pub(crate) fn step(&mut self, x: &mut [T], g: &mut [T], step: u64, lr: f64) -> Option<usize> {
        if self.sparse.is_some() {
            self.settle(x, step);
        }
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
                    let count = if node.by_segment { self.segments.len() } else { self.groups.len() };
                    let width = node.scalar_names.len();
                    for k in 0..count {
                        let (group, len) = if node.by_segment {
                            (self.segments[k].group, self.segments[k].segment.len)
                        } else {
                            (k, self.len)
                        };
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
        let by_segment = node.by_segment;
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
            let (group, len) =
                if by_segment { (self.segments[k].group, self.segments[k].segment.len) } else { (k, self.len) };
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
        for (k, Bound { segment, group, .. }) in self.segments.iter().enumerate() {
            let group = &self.groups[*group];
            let cx = StepCx { step, lr: lr * group.lr_factor, lr_applied: false, group, len: segment.len };
            rule.apply(k, &cx, segment, &mut g[segment.range()], &x[segment.range()]);
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
