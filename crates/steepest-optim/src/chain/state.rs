//! What a chain shows of its state, and the point to evaluate at.

use steepest_core::{Real, StateVisitor};

use super::{Bound, ChainRun, Kind, TILE};
use crate::{
    slots::{Slot, TileBuffers},
    stage::Curvature,
};

impl<T: Real> ChainRun<T> {
    /// Writes the parameters to evaluate at into `out`, which holds x.
    pub(crate) fn evaluate(&mut self, out: &mut [T]) {
        let slots = self.pointers();
        for node in &self.nodes {
            let Kind::Unit(unit) = &node.kind else { continue };
            if !unit.averages() {
                continue;
            }
            for piece in &self.pieces {
                for from in (0..piece.at.len()).step_by(TILE) {
                    let tile = piece.tile(from);
                    let mut buffers = TileBuffers::new();
                    // SAFETY: this is the only user of the state.
                    unsafe {
                        let ptrs = self.load_tile(node, piece, from, tile.len(), &slots, &mut buffers);
                        unit.evaluate(node.index(piece), &mut out[tile], &ptrs);
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
                    for (k, Bound { segment, .. }) in self.segments.iter().enumerate() {
                        rule.visit(k, &format!("{prefix}{}", node.slot_names[0]), &segment.name, state);
                    }
                }
                Kind::Unit(_) => {
                    for (name, s) in node.slot_names.iter().zip(node.slots.clone()) {
                        let slot = &mut self.slots[s];
                        for Bound { segment, slot: at, .. } in &self.segments {
                            slot.visit(&format!("{prefix}{name}"), &segment.name, *at, segment.len, state);
                        }
                    }
                    let width = node.scalar_names.len();
                    for (k, value) in node.scalars.iter_mut().enumerate() {
                        let of = k / width;
                        let name = &node.scalar_names[k % width];
                        let full = match node.by_segment {
                            true => format!("{prefix}{name}/{}", self.segments[of].segment.name),
                            false if of == 0 => format!("{prefix}{name}"),
                            false => format!("{prefix}{name}/group{of}"),
                        };
                        state.number(&full, value);
                    }
                }
            }
        }
    }

    /// The average of curvature that is kept, if any: its place among the nodes is of no interest outside.
    pub(crate) fn curvature(&self) -> Option<Curvature> {
        self.nodes.iter().find_map(|n| match &n.kind {
            Kind::Unit(unit) => unit.curvature().map(|c| Curvature { slot: c.slot + n.slots.start, ..c }),
            Kind::Rule(_) => None,
        })
    }

    /// h ← βh + (1−β)ĥ over the parameters of this chain.
    pub(crate) fn average_curvature(&mut self, diagonal: &[T]) {
        let Some(curvature) = self.curvature() else { return };
        let Slot::Full(h) = &mut self.slots[curvature.slot] else { return };
        let fresh = T::from_f64(1.0 - curvature.beta);
        for Bound { segment, slot, .. } in &self.segments {
            let h = &mut h[slot.element..slot.element + segment.len];
            for (h, &new) in h.iter_mut().zip(&diagonal[segment.range()]) {
                *h += (new - *h) * fresh;
            }
        }
    }
}
