//! AdaBelief: Adam that divides by the deviation of the gradient from its average.
//!
//! m ← β₁m + (1−β₁)g,   s ← β₂s + (1−β₂)(g − m)² + ε_root,   u = m̂/(√ŝ + ε)
//!
//! Zhuang et al., 2020, arXiv:2010.07468, algorithm 2; ε is added to s in every step and again outside the root.

use steepest_core::Real;

use super::{AddDecay, power};
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, LANES, Lanes, SlotSpec, Stage, StepCx, first, second},
};

/// AdaBelief's update of u.
#[derive(Debug, Clone, Copy)]
pub struct ScaleByBelief {
    /// β₁, in \[0, 1).
    pub beta1: f64,
    /// β₂, in \[0, 1).
    pub beta2: f64,
    /// ε outside the root.
    pub eps: f64,
    /// ε added to s.
    pub eps_root: f64,
}

impl<T: Real> Stage<T> for ScaleByBelief {
    type Slots = [Lanes<T>; 2];
    /// 1 − β₁, β₂, 1 − β₂, the corrections, ε, ε_root.
    type Coefs = [T; 7];
    const SLOTS: &'static [SlotSpec] = &[first("adabelief.m"), second("adabelief.s")];

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> [T; 7] {
        let [correct1, correct2] = [self.beta1, self.beta2].map(|b| 1.0 / (1.0 - power(b, cx.step + 1)));
        [1.0 - self.beta1, self.beta2, 1.0 - self.beta2, correct1, correct2, self.eps, self.eps_root].map(T::from_f64)
    }

    #[inline(always)]
    fn lanes(c: &[T; 7], u: &mut Lanes<T>, _: At<'_, T>, [m, s]: &mut [Lanes<T>; 2]) {
        for k in 0..LANES {
            let g = u[k];
            m[k] += (g - m[k]) * c[0];
            let surprise = g - m[k];
            s[k] = c[1] * s[k] + c[2] * surprise * surprise + c[6];
            u[k] = (m[k] * c[3]) / ((s[k] * c[4]).sqrt() + c[5]);
        }
    }
}

/// `adabelief`
pub const ADABELIEF: Entry = Entry {
    name: "adabelief",
    kind: Kind::Optimizer,
    title: "AdaBelief: scaled by the belief in the gradient",
    equation: "s ← β₂s + (1−β₂)(g − m)² + ε_root, x ← x − η(m̂/(√ŝ + ε) + λx)",
    options: &[
        OptionSpec::below_one("beta1", 0.9, "β₁"),
        OptionSpec::below_one("beta2", 0.999, "β₂"),
        OptionSpec::non_negative("eps", 1e-16, "ε outside the root"),
        OptionSpec::non_negative("eps_root", 1e-16, "ε added to s"),
        OptionSpec::non_negative("weight_decay", 0.0, "λ"),
    ],
    positional: &["lr"],
    slots: 2,
    lr: Some(1e-3),
    source: "Zhuang et al., 2020, arXiv:2010.07468",
};

pub(crate) fn adabelief<T: Real>(o: &Options) -> Vec<Link<T>> {
    let [beta1, beta2, eps, eps_root] = ["beta1", "beta2", "eps", "eps_root"].map(|key| o.number(key));
    let decay = AddDecay { weight_decay: o.number("weight_decay") };
    vec![Link::stage((ScaleByBelief { beta1, beta2, eps, eps_root }, decay))]
}
