//! ADOPT: Adam that divides by the second moment of the past, so that it converges with any β₂.
//!
//! step 0: v ← g², nothing moves.   Then  w = g/max(√v, ε) cut to ±k^¼,   m ← β₁m + (1−β₁)w,   u = m,   v ← β₂v + (1−β₂)g²
//!
//! Taniguchi et al., 2024, arXiv:2411.02853, algorithm 2 with the clipping of section 4.

use steepest_core::Real;

use super::AddDecay;
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, LANES, Lanes, SlotSpec, Stage, StepCx, first, second},
};

/// ADOPT's update of u.
#[derive(Debug, Clone, Copy)]
pub struct ScaleByAdopt {
    /// β₁, in \[0, 1).
    pub beta1: f64,
    /// β₂, in \[0, 1).
    pub beta2: f64,
    /// The least that is divided by.
    pub eps: f64,
    /// Whether to cut the normalized gradient.
    pub clip: bool,
}

impl<T: Real> Stage<T> for ScaleByAdopt {
    type Slots = [Lanes<T>; 2];
    /// β₂, 1 − β₂ (1 at the first step), 1 − β₁ (0 at the first step), ε, the bound.
    type Coefs = [T; 5];
    const SLOTS: &'static [SlotSpec] = &[first("adopt.m"), second("adopt.v")];

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> [T; 5] {
        let bound = if self.clip { (cx.step as f64).sqrt().sqrt() } else { f64::MAX };
        let (keep, fresh, move_by) =
            if cx.step == 0 { (0.0, 1.0, 0.0) } else { (self.beta2, 1.0 - self.beta2, 1.0 - self.beta1) };
        let mut c = [keep, fresh, move_by, self.eps, 0.0].map(T::from_f64);
        c[4] = if self.clip { T::from_f64(bound) } else { T::ONE / (T::EPSILON * T::EPSILON) };
        c
    }

    #[inline(always)]
    fn lanes(c: &[T; 5], u: &mut Lanes<T>, _: At<'_, T>, [m, v]: &mut [Lanes<T>; 2]) {
        for k in 0..LANES {
            let g = u[k];
            let normed = (g / v[k].sqrt().max(c[3])).max(-c[4]).min(c[4]);
            m[k] += (normed - m[k]) * c[2];
            v[k] = c[0] * v[k] + c[1] * g * g;
            u[k] = m[k];
        }
    }
}

/// `adopt`
pub const ADOPT: Entry = Entry {
    name: "adopt",
    kind: Kind::Optimizer,
    title: "ADOPT: Adam that converges with any β₂",
    equation: "w = clip(g/max(√v, ε), ±k^¼), m ← β₁m + (1−β₁)w, x ← x − η(m + λx), v ← β₂v + (1−β₂)g²",
    options: &[
        OptionSpec::below_one("beta1", 0.9, "β₁"),
        OptionSpec::below_one("beta2", 0.9999, "β₂"),
        OptionSpec::positive("eps", Some(1e-6), "the least that is divided by"),
        OptionSpec::flag("clip", true, "cut the normalized gradient at k^¼"),
        OptionSpec::non_negative("weight_decay", 0.0, "λ"),
    ],
    positional: &["lr"],
    slots: 2,
    lr: Some(1e-3),
    source: "Taniguchi et al., 2024, arXiv:2411.02853",
};

pub(crate) fn adopt<T: Real>(o: &Options) -> Vec<Link<T>> {
    let [beta1, beta2, eps] = ["beta1", "beta2", "eps"].map(|key| o.number(key));
    let stage = ScaleByAdopt { beta1, beta2, eps, clip: o.flag("clip") };
    vec![Link::stage((stage, AddDecay { weight_decay: o.number("weight_decay") }))]
}
