//! Muon: momentum whose matrices are replaced by their nearest orthogonal ones.
//!
//! m ← μm + (1−μ)g,   u = (1−μ)g + μm,   x ← x − η(s·orth(u) + λx)
//!
//! orth by five Newton–Schulz steps Y ← aY + (bA + cA²)Y, A = YYᵀ, with (a, b, c) = (3.4445, −4.7750, 2.0315), from
//! Y = u/‖u‖, in the precision of the parameters. K. Jordan et al., 2024, "Muon: an optimizer for hidden layers in neural
//! networks". s = √max(1, rows/columns) (`adjust=original`), or 0.2·√max(rows, columns) (`adjust=rms`), which makes steps as
//! large as AdamW's: Liu et al., 2025, arXiv:2502.16982.
//!
//! Tensors that are no matrices of weights take AdamW with the same learning rate and decay.

use steepest_core::{Real, Role, Segment};

use super::{
    SegmentRule,
    product::{Mat, matrix_shape, multiply, multiply_symmetric, sum_of_squares},
};
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, LANES, Lanes, SlotSpec, Stage, StepCx, first},
    stages::AddDecay,
};

/// m ← m + (1−μ)(u − m), u ← m, or u + μ(m − u) with Nesterov's look-ahead.
#[derive(Debug, Clone, Copy)]
pub struct MuonMomentum {
    /// μ, in \[0, 1).
    pub momentum: f64,
    /// Whether to look ahead.
    pub nesterov: bool,
}

impl<T: Real> Stage<T> for MuonMomentum {
    type Slots = [Lanes<T>; 1];
    /// 1 − μ, and the weight of m in u.
    type Coefs = [T; 2];
    const SLOTS: &'static [SlotSpec] = &[first("muon.m")];

    fn prepare(&mut self, _: &StepCx<'_>, _: &mut [f64]) -> [T; 2] {
        [1.0 - self.momentum, if self.nesterov { self.momentum } else { 1.0 }].map(T::from_f64)
    }

    #[inline(always)]
    fn lanes(c: &[T; 2], u: &mut Lanes<T>, _: At<'_, T>, [m]: &mut [Lanes<T>; 1]) {
        for k in 0..LANES {
            m[k] += (u[k] - m[k]) * c[0];
            u[k] += (m[k] - u[k]) * c[1];
        }
    }
}

/// u ← s·orth(u).
#[derive(Debug, Clone)]
pub struct Orthogonalize<T> {
    steps: u64,
    eps: f64,
    rms: bool,
    /// Y, A and bA + cA², large enough for the largest matrix.
    work: [Vec<T>; 3],
}

impl<T: Real> Orthogonalize<T> {
    /// Newton–Schulz steps, the least norm divided by, and whether to scale by 0.2·√max(rows, columns).
    pub fn new(steps: u64, eps: f64, rms: bool) -> Orthogonalize<T> {
        Orthogonalize { steps, eps, rms, work: [Vec::new(), Vec::new(), Vec::new()] }
    }
}

const A: f64 = 3.4445;
const B: f64 = -4.7750;
const C: f64 = 2.0315;

/// Newton–Schulz on the short side: `y` is rows × cols with rows ≤ cols after a transposition that only strides know of.
fn newton_schulz<T: Real>(u: &mut [T], (rows, cols): (usize, usize), steps: u64, work: &mut [Vec<T>; 3]) {
    let small = rows.min(cols);
    let [y, a, p] = work;
    let (a, p) = (&mut a[..small * small], &mut p[..small * small]);
    for _ in 0..steps {
        let y = &mut y[..u.len()];
        y.copy_from_slice(u);
        let m = Mat::new(y, rows, cols);
        let wide = rows <= cols;
        // A = YYᵀ on the short side; then bA + cA².
        let (left, right) = if wide { (m, m.t()) } else { (m.t(), m) };
        multiply_symmetric(a, 0.0, 1.0, left, right);
        p.copy_from_slice(a);
        let s = Mat::new(a, small, small);
        multiply_symmetric(p, B, C, s, s);
        let s = Mat::new(p, small, small);
        if wide { multiply(u, A, 1.0, s, m) } else { multiply(u, A, 1.0, m, s) }
    }
}

impl<T: Real> SegmentRule<T> for Orthogonalize<T> {
    fn name(&self) -> &'static str {
        "muon"
    }

    fn reserve(&mut self, segments: &[Segment]) {
        let sizes = segments.iter().map(|s| (s.len, matrix_shape(&s.shape)));
        let largest = sizes.clone().map(|s| s.0).max().unwrap_or(0);
        let square = sizes.map(|(_, (r, c))| r.min(c) * r.min(c)).max().unwrap_or(0);
        self.work = [largest, square, square].map(|n| vec![T::ZERO; n]);
    }

    fn apply(&mut self, _: usize, _: &StepCx<'_>, segment: &Segment, u: &mut [T], _: &[T]) {
        let (rows, cols) = matrix_shape(&segment.shape);
        let scale = T::from_f64(1.0 / sum_of_squares(u).sqrt().max(self.eps));
        u.iter_mut().for_each(|u| *u *= scale);
        newton_schulz(u, (rows, cols), self.steps, &mut self.work);
        let s = match self.rms {
            true => 0.2 * (rows.max(cols) as f64).sqrt(),
            false => (rows as f64 / cols as f64).max(1.0).sqrt(),
        };
        let s = T::from_f64(s);
        u.iter_mut().for_each(|u| *u *= s);
    }
}

/// `muon`
pub const MUON: Entry = Entry {
    name: "muon",
    kind: Kind::Optimizer,
    title: "Muon: orthogonalized momentum for matrices, AdamW for the rest",
    equation: "m ← μm + (1−μ)g, x ← x − η(s·orth((1−μ)g + μm) + λx)",
    options: &[
        OptionSpec::below_one("momentum", 0.95, "μ"),
        OptionSpec::flag("nesterov", true, "look ahead"),
        OptionSpec::non_negative("weight_decay", 0.1, "λ, also of AdamW"),
        OptionSpec::count("ns_steps", 5.0, "Newton–Schulz steps"),
        OptionSpec::positive("eps", Some(1e-7), "the least norm that is divided by"),
        OptionSpec::choice("adjust", &["rms", "original"], "s: 0.2·√max(rows, columns), or √max(1, rows/columns)"),
    ],
    positional: &["lr"],
    slots: 1,
    lr: Some(1e-3),
    source: "Jordan et al., 2024; Liu et al., 2025, arXiv:2502.16982",
};

pub(crate) fn muon<T: Real>(o: &Options) -> Vec<Link<T>> {
    let momentum = MuonMomentum { momentum: o.number("momentum"), nesterov: o.flag("nesterov") };
    let orthogonalize = Orthogonalize::new(o.number("ns_steps") as u64, o.number("eps"), o.text("adjust") == "rms");
    let decay = AddDecay { weight_decay: o.number("weight_decay") };
    vec![Link::stage(momentum), Link::segments(orthogonalize), Link::stage(decay)]
}

/// Whether the matrix rules take this tensor.
pub(crate) fn is_matrix(segment: &Segment) -> bool {
    segment.shape.len() >= 2 && segment.role == Role::Weight
}
