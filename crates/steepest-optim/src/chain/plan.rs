//! How links become nodes and passes, and segments become pieces.

use steepest_core::Real;

use super::{ChainRun, Kind, Node, Pass, Piece, TILE};
use crate::{
    link::{Link, Work},
    precision::Moments,
    slots::{Slot, SlotAt},
    stage::Cut,
    unit::MAX_SUMS,
};

/// The longest piece: a whole number of tiles.
const PIECE: usize = 64 * TILE;

impl<T: Real> ChainRun<T> {
    /// Makes nodes and passes from the links.
    pub(super) fn plan(&mut self, links: Vec<Link<T>>) {
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
                        by_segment,
                        slots,
                        place,
                    }
                }
                Work::Segments(mut rule) => {
                    self.passes.push(Pass::Segments(i));
                    rule.reserve(&self.segments.iter().map(|s| s.segment.clone()).collect::<Vec<_>>());
                    Node {
                        slot_names: vec![unique(rule.name())],
                        scalar_names: Vec::new(),
                        scalars: Vec::new(),
                        kind: Kind::Rule(rule),
                        by_segment: true,
                        slots: slot..slot,
                        place,
                    }
                }
            };
            self.nodes.push(node);
        }
    }

    /// Cuts the segments into pieces of one group, and of one segment where something depends on it.
    pub(super) fn cut_into_pieces(&mut self, packed: bool) {
        let by_segment = packed || self.nodes.iter().any(|n| matches!(n.kind, Kind::Unit(_)) && n.by_segment);
        let mut i = 0;
        while i < self.segments.len() {
            let first = &self.segments[i];
            let (group, start) = (first.group, first.segment.offset);
            let mut end = first.segment.range().end;
            let mut j = i + 1;
            while !by_segment && j < self.segments.len() {
                let next = &self.segments[j];
                if next.group != group || next.segment.offset != end {
                    break;
                }
                end = next.segment.range().end;
                j += 1;
            }
            for at in (start..end).step_by(PIECE) {
                let from = at - start;
                let slot = SlotAt { element: first.slot.element + from, tile: first.slot.tile + from / TILE };
                self.pieces.push(Piece { at: at..end.min(at + PIECE), slot, group, segment: i });
            }
            i = j;
        }
        self.sums = vec![[0.0; MAX_SUMS]; self.pieces.len()];
        self.column = vec![0.0; self.pieces.len()];
    }

    pub(super) fn make_state(&mut self, moments: Moments, seed: u64) {
        for node in &self.nodes {
            let Kind::Unit(unit) = &node.kind else { continue };
            for spec in unit.slots() {
                let stream = self.slots.len() as u64;
                self.slots.push(Slot::new(spec.kind, (self.len, self.tiles), moments, (seed, stream)));
            }
        }
        self.packed = self.slots.iter().any(Slot::is_packed);
    }
}
