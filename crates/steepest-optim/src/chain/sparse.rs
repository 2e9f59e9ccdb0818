//! Steps by sparse gradients: the touched elements are gathered, updated by the same loops, and put back.
//!
//! What the others would have done meanwhile is said by [`Idle`]: nothing, or a glide along their momentum that is made up for in
//! closed form when they are next touched. A step costs the nonzeros, whatever the number of parameters; the first step of a
//! run is an exception, since it sets up the state of everything.

use steepest_core::Real;

use super::{ChainRun, Kind, Pass, passes::subtract};
use crate::{
    slots::{MAX_UNIT_SLOTS, Slot},
    stage::{Cut, Idle},
    unit::MAX_SUMS,
};

/// The touched elements of a step side by side, and what is remembered of the others.
pub(super) struct Sparse<T> {
    x: Vec<T>,
    g: Vec<T>,
    u: Vec<T>,
    slots: Vec<Vec<T>>,
    /// Where each comes from: among the parameters, and in the state.
    from: Vec<(usize, usize)>,
    /// Runs of one group: the group's piece, and where the run ends.
    runs: Vec<(usize, usize)>,
    /// Up to which step each element of the state is; empty where nothing glides.
    seen: Vec<u64>,
    /// The learning rate of the steps that are not made up for yet.
    lr: f64,
}

impl<T: Real> ChainRun<T> {
    /// What the whole chain does where the gradient is 0; the slot of what glides is counted in the chain.
    pub(crate) fn idle(&self) -> Idle {
        if self.slots.iter().any(|s| !matches!(s, Slot::Full(_))) {
            return Idle::Works("packed moments are packed anew by whole tiles; leave `moments` out");
        }
        self.nodes.iter().fold(Idle::Passes, |so_far, node| match &node.kind {
            Kind::Rule(_) => Idle::Works("a rule for whole tensors needs the whole gradient"),
            Kind::Unit(_) if node.by_segment => Idle::Works("norms of single tensors need the whole gradient"),
            Kind::Unit(unit) => so_far.then(unit.idle(), node.slots.start),
        })
    }

    /// One update by a gradient that is 0 but at `indices`, which rise. Returns an element whose update was not finite and was
    /// left out. The chain has no work where the gradient is 0.
    pub(crate) fn step_sparse(
        &mut self,
        x: &mut [T],
        indices: &[u32],
        values: &[T],
        step: u64,
        lr: f64,
    ) -> Option<usize> {
        let glides = matches!(self.idle(), Idle::Glides { .. });
        if self.sparse.as_ref().is_some_and(|s| s.lr != lr) {
            self.settle(x, step);
        }
        let slots = self.slots.len();
        let sparse = self.sparse.get_or_insert_with(|| Sparse {
            x: Vec::new(),
            g: Vec::new(),
            u: Vec::new(),
            slots: vec![Vec::new(); slots],
            from: Vec::new(),
            runs: Vec::new(),
            seen: Vec::new(),
            lr,
        });
        sparse.lr = lr;
        if glides && sparse.seen.is_empty() {
            sparse.seen = vec![step; self.len];
        }
        self.step = step;
        self.prepare(step, lr);
        self.gather(x, indices, values, step);
        for p in 0..self.passes.len() {
            let Pass::Lanes(units) = self.passes[p].clone() else { continue };
            if self.cut(units.start) != Cut::None {
                self.measure_gathered(units.start);
                self.measured(units.start, step, lr);
            }
            for i in units {
                self.transform_gathered(i);
            }
        }
        self.scatter(x)
    }

    /// Copies the touched elements of this chain together, after they have caught up with the step.
    fn gather(&mut self, x: &mut [T], indices: &[u32], values: &[T], step: u64) {
        let glide = self.glide();
        let Some(s) = &mut self.sparse else { return };
        [&mut s.x, &mut s.g, &mut s.u].into_iter().chain(&mut s.slots).for_each(Vec::clear);
        s.from.clear();
        s.runs.clear();
        let mut p = 0;
        for (&index, &value) in indices.iter().zip(values) {
            let index = index as usize;
            if self.pieces.get(p).is_some_and(|piece| piece.at.end <= index) {
                p += self.pieces[p..].partition_point(|piece| piece.at.end <= index);
            }
            let Some(piece) = self.pieces.get(p).filter(|piece| piece.at.start <= index) else { continue };
            let at = piece.slot.element + index - piece.at.start;
            if let Some(glide) = glide
                && let Slot::Full(v) = &mut self.slots[glide.slot]
            {
                let rate = glide.rate(s.lr * self.groups[piece.group].lr_factor);
                glide.catch_up(step - s.seen[at], rate, &mut x[index], &mut v[at]);
                s.seen[at] = step + 1;
            }
            s.x.push(x[index]);
            s.g.push(value);
            s.u.push(value);
            s.from.push((index, at));
            for (gathered, slot) in s.slots.iter_mut().zip(&self.slots) {
                if let Slot::Full(values) = slot {
                    gathered.push(values[at]);
                }
            }
            match s.runs.last_mut() {
                Some((first, end)) if self.pieces[*first].group == piece.group => *end = s.x.len(),
                _ => s.runs.push((p, s.x.len())),
            }
        }
    }

    fn measure_gathered(&mut self, i: usize) {
        let (node, Some(s)) = (&self.nodes[i], &mut self.sparse) else { return };
        let Kind::Unit(unit) = &node.kind else { return };
        self.sums.fill([0.0; MAX_SUMS]);
        let mut start = 0;
        for &(p, end) in &s.runs {
            let mut ptrs = [std::ptr::null_mut(); MAX_UNIT_SLOTS];
            for (ptr, slot) in ptrs.iter_mut().zip(&mut s.slots[node.slots.clone()]) {
                *ptr = slot[start..].as_mut_ptr();
            }
            // SAFETY: the gathered vectors have one length, which the run does not exceed.
            let part = unsafe {
                let (u, x) = (&s.u[start..end], &s.x[start..end]);
                unit.measure(node.index(&self.pieces[p]), self.isa, u, x, &ptrs[..node.slots.len()])
            };
            self.sums[0].iter_mut().zip(part).for_each(|(a, b)| *a += b);
            start = end;
        }
    }

    fn transform_gathered(&mut self, i: usize) {
        let (node, Some(s)) = (&self.nodes[i], &mut self.sparse) else { return };
        let Kind::Unit(unit) = &node.kind else { return };
        let mut start = 0;
        for &(p, end) in &s.runs {
            let mut ptrs = [std::ptr::null_mut(); MAX_UNIT_SLOTS];
            for (ptr, slot) in ptrs.iter_mut().zip(&mut s.slots[node.slots.clone()]) {
                *ptr = slot[start..].as_mut_ptr();
            }
            let u = s.u[start..end].as_mut_ptr();
            // SAFETY: the gathered vectors have one length, which the run does not exceed; nobody else uses them.
            unsafe {
                let (x, g) = (&s.x[start..end], &s.g[start..end]);
                unit.transform(node.index(&self.pieces[p]), self.isa, u, u, x, g, &ptrs[..node.slots.len()]);
            }
            start = end;
        }
    }

    /// x ← x − u, and everything back to its place.
    fn scatter(&mut self, x: &mut [T]) -> Option<usize> {
        let s = self.sparse.as_mut()?;
        let bad = subtract(self.isa, &mut s.x, &s.u);
        for (k, &(index, at)) in s.from.iter().enumerate() {
            x[index] = s.x[k];
            for (gathered, slot) in s.slots.iter().zip(&mut self.slots) {
                if let Slot::Full(values) = slot {
                    values[at] = gathered[k];
                }
            }
        }
        bad.map(|k| s.from[k].0)
    }

    fn glide(&self) -> Option<Glide> {
        match self.idle() {
            Idle::Glides { slot, keep, moves } => Some(Glide { slot, keep, moves, rated: self.closing.is_some() }),
            _ => None,
        }
    }

    /// Brings everything up to `step` completed steps; afterwards the parameters are those of dense steps.
    pub(crate) fn settle(&mut self, x: &mut [T], step: u64) {
        let glide = self.glide();
        let (Some(glide), Some(s)) = (glide, &mut self.sparse) else { return };
        if s.seen.is_empty() {
            return;
        }
        let Slot::Full(v) = &mut self.slots[glide.slot] else { return };
        for piece in &self.pieces {
            let rate = glide.rate(s.lr * self.groups[piece.group].lr_factor);
            for (k, x) in x[piece.at.clone()].iter_mut().enumerate() {
                let at = piece.slot.element + k;
                glide.catch_up(step.saturating_sub(s.seen[at]), rate, x, &mut v[at]);
            }
        }
        s.seen.clear();
    }
}

/// A velocity that falls by the factor `keep` a step and moves x by `moves` times itself.
#[derive(Clone, Copy)]
struct Glide {
    slot: usize,
    keep: f64,
    moves: f64,
    /// Whether the learning rate multiplies the move.
    rated: bool,
}

impl Glide {
    fn rate(self, lr: f64) -> f64 {
        if self.rated { lr * self.moves } else { self.moves }
    }

    /// The steps that were missed: x ← x − rate·v·(μ + … + μᵐ), v ← μᵐv.
    fn catch_up<T: Real>(self, missed: u64, rate: f64, x: &mut T, v: &mut T) {
        if missed == 0 || *v == T::ZERO {
            return;
        }
        let kept = self.keep.powf(missed as f64);
        let path = self.keep * (1.0 - kept) / (1.0 - self.keep);
        *x -= T::from_f64(rate * path * v.to_f64());
        *v = T::from_f64(kept * v.to_f64());
    }
}
