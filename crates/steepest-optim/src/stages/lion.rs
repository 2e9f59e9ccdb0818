//! Lion: the sign of a mixture of momentum and gradient.
//!
//! u = sign(β₁m + (1−β₁)g),   m ← β₂m + (1−β₂)g,   x ← x − η(u + λx)
//!
//! Chen et al., 2023, arXiv:2302.06675, algorithm 2.

use steepest_core::Real;

use super::AddDecay;
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, LANES, Lanes, SlotSpec, Stage, StepCx, first},
};

/// u ← sign(β₁m + (1−β₁)u).
#[derive(Debug, Clone, Copy)]
pub struct ScaleByLion {
    /// β₁, of the update.
    pub beta1: f64,
    /// β₂, of the momentum.
    pub beta2: f64,
}

impl<T: Real> Stage<T> for ScaleByLion {
    type Slots = [Lanes<T>; 1];
    /// β₁, 1 − β₁, β₂, 1 − β₂.
    type Coefs = [T; 4];
    const SLOTS: &'static [SlotSpec] = &[first("lion.m")];

    fn prepare(&mut self, _: &StepCx<'_>, _: &mut [f64]) -> [T; 4] {
        [self.beta1, 1.0 - self.beta1, self.beta2, 1.0 - self.beta2].map(T::from_f64)
    }

    #[inline(always)]
    fn lanes(c: &[T; 4], u: &mut Lanes<T>, _: At<'_, T>, [m]: &mut [Lanes<T>; 1]) {
        for k in 0..LANES {
            let g = u[k];
            u[k] = (c[0] * m[k] + c[1] * g).sign();
            m[k] = c[2] * m[k] + c[3] * g;
        }
    }
}

/// `lion`
pub const LION: Entry = Entry {
    name: "lion",
    kind: Kind::Optimizer,
    title: "Lion: evolved sign momentum",
    equation: "u = sign(β₁m + (1−β₁)g), m ← β₂m + (1−β₂)g, x ← x − η(u + λx)",
    options: &[
        OptionSpec::below_one("beta1", 0.9, "β₁"),
        OptionSpec::below_one("beta2", 0.99, "β₂"),
        OptionSpec::non_negative("weight_decay", 0.0, "λ"),
    ],
    positional: &["lr"],
    slots: 1,
    lr: Some(1e-4),
    source: "Chen et al., 2023, arXiv:2302.06675",
};

pub(crate) fn lion<T: Real>(o: &Options) -> Vec<Link<T>> {
    let lion = ScaleByLion { beta1: o.number("beta1"), beta2: o.number("beta2") };
    vec![Link::stage((lion, AddDecay { weight_decay: o.number("weight_decay") }))]
}
