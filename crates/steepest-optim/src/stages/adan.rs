//! Adan: Nesterov momentum through differences of gradients.
//!
//! m ← β₁m + (1−β₁)g,   d ← β₂d + (1−β₂)(g − g₋),   n ← β₃n + (1−β₃)(g + β₂(g − g₋))²
//! x ← (x − η(m̂ + β₂d̂)/(√n̂ + ε))/(1 + ηλ)
//!
//! Xie et al., 2022, arXiv:2208.06677, algorithm 1, with the bias corrections of the authors' program. The βs here are the
//! weights of the past (the paper's 1 − β).

use steepest_core::Real;

use super::power;
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, LANES, Lanes, SlotSpec, Stage, StepCx, exact, first, second},
};

/// Adan's update, its proximal decay included.
#[derive(Debug, Clone, Copy)]
pub struct ScaleByAdan {
    /// β₁, β₂, β₃, in \[0, 1).
    pub betas: [f64; 3],
    /// ε outside the root.
    pub eps: f64,
    /// λ.
    pub weight_decay: f64,
}

/// What a block needs of Adan.
#[derive(Debug, Clone, Copy, Default)]
pub struct AdanCoefs<T> {
    beta: [T; 3],
    fresh: [T; 3],
    correct: [T; 3],
    eps: T,
    /// λ and 1/(1 + ηλ): the implicit step as an explicit one.
    decay: T,
    shrink: T,
    /// 0 at the first step, whose difference is 0.
    difference: T,
}

impl<T: Real> Stage<T> for ScaleByAdan {
    type Slots = [Lanes<T>; 4];
    type Coefs = AdanCoefs<T>;
    const SLOTS: &'static [SlotSpec] = &[first("adan.m"), first("adan.d"), second("adan.n"), exact("adan.g")];

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> AdanCoefs<T> {
        let decay = self.weight_decay * cx.group.decay_factor;
        AdanCoefs {
            beta: self.betas.map(T::from_f64),
            fresh: self.betas.map(|b| T::from_f64(1.0 - b)),
            correct: self.betas.map(|b| T::from_f64(1.0 / (1.0 - power(b, cx.step + 1)))),
            eps: T::from_f64(self.eps),
            decay: T::from_f64(decay),
            shrink: T::from_f64(1.0 / (1.0 + cx.lr * decay)),
            difference: if cx.step == 0 { T::ZERO } else { T::ONE },
        }
    }

    #[inline(always)]
    fn lanes(c: &AdanCoefs<T>, u: &mut Lanes<T>, at: At<'_, T>, [m, d, n, past]: &mut [Lanes<T>; 4]) {
        for k in 0..LANES {
            let g = u[k];
            let change = (g - past[k]) * c.difference;
            let ahead = g + c.beta[1] * change;
            past[k] = g;
            m[k] = c.beta[0] * m[k] + c.fresh[0] * g;
            d[k] = c.beta[1] * d[k] + c.fresh[1] * change;
            n[k] = c.beta[2] * n[k] + c.fresh[2] * ahead * ahead;
            let step =
                (m[k] * c.correct[0] + c.beta[1] * (d[k] * c.correct[1])) / ((n[k] * c.correct[2]).sqrt() + c.eps);
            u[k] = (step + c.decay * at.x[k]) * c.shrink;
        }
    }
}

/// `adan`
pub const ADAN: Entry = Entry {
    name: "adan",
    kind: Kind::Optimizer,
    title: "Adan: adaptive Nesterov momentum",
    equation: "x ← (x − η(m̂ + β₂d̂)/(√n̂ + ε))/(1 + ηλ), d the average of gradient differences",
    options: &[
        OptionSpec::below_one("beta1", 0.98, "β₁, of the gradient"),
        OptionSpec::below_one("beta2", 0.92, "β₂, of the differences"),
        OptionSpec::below_one("beta3", 0.99, "β₃, of the squares"),
        OptionSpec::non_negative("eps", 1e-8, "ε outside the root"),
        OptionSpec::non_negative("weight_decay", 0.0, "λ, applied as a proximal step"),
    ],
    positional: &["lr"],
    slots: 4,
    lr: Some(1e-3),
    source: "Xie et al., 2022, arXiv:2208.06677",
};

pub(crate) fn adan<T: Real>(o: &Options) -> Vec<Link<T>> {
    let betas = ["beta1", "beta2", "beta3"].map(|key| o.number(key));
    vec![Link::stage(ScaleByAdan { betas, eps: o.number("eps"), weight_decay: o.number("weight_decay") })]
}
