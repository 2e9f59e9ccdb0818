//! Sophia: the first moment divided by a running Hessian diagonal, cut to ±1.
//!
//! m ← β₁m + (1−β₁)g,   every k steps h ← β₂h + (1−β₂)ĥ,   x ← x − η(clamp(m/max(γh, ε), ±1) + λx)
//!
//! Liu et al., 2023, arXiv:2305.14342, algorithm 3. ĥ estimates the diagonal of the Hessian and comes from outside, before every
//! k-th step: Hutchinson's z ∘ Hz with random signs z (algorithm 1), or for cross-entropy over b rows the Gauss–Newton–Bartlett
//! estimate b·ĝ ∘ ĝ with ĝ the gradient for labels drawn from the model (algorithm 2). Where h ≤ 0 the step is the sign of m.

use steepest_core::Real;

use super::AddDecay;
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, Curvature, LANES, Lanes, SlotSpec, Stage, StepCx, exact, first},
};

/// u ← clamp(m/max(γh, ε), ±1).
#[derive(Debug, Clone, Copy)]
pub struct ScaleBySophia {
    /// β₁, in \[0, 1).
    pub beta1: f64,
    /// β₂, in \[0, 1).
    pub beta2: f64,
    /// γ: larger leaves fewer elements at ±1.
    pub gamma: f64,
    /// ε, the least that is divided by.
    pub eps: f64,
    /// k, the steps between two estimates.
    pub every: u64,
}

impl<T: Real> Stage<T> for ScaleBySophia {
    type Slots = [Lanes<T>; 2];
    /// 1 − β₁, γ, ε.
    type Coefs = [T; 3];
    const SLOTS: &'static [SlotSpec] = &[first("sophia.m"), exact("sophia.h")];

    fn prepare(&mut self, _: &StepCx<'_>, _: &mut [f64]) -> [T; 3] {
        [1.0 - self.beta1, self.gamma, self.eps].map(T::from_f64)
    }

    fn curvature(&self) -> Option<Curvature> {
        Some(Curvature { slot: 1, beta: self.beta2, every: self.every })
    }

    #[inline(always)]
    fn lanes(c: &[T; 3], u: &mut Lanes<T>, _: At<'_, T>, [m, h]: &mut [Lanes<T>; 2]) {
        for k in 0..LANES {
            m[k] += (u[k] - m[k]) * c[0];
            let curvature = c[1] * h[k];
            let step = m[k] / if curvature > c[2] { curvature } else { c[2] };
            let step = if step > T::ONE { T::ONE } else { step };
            u[k] = if step < -T::ONE { -T::ONE } else { step };
        }
    }
}

/// `sophia`
pub const SOPHIA: Entry = Entry {
    name: "sophia",
    kind: Kind::Optimizer,
    title: "Sophia: steps by a Hessian diagonal, cut to ±1",
    equation: "m ← β₁m + (1−β₁)g, every k steps h ← β₂h + (1−β₂)ĥ, x ← x − η(clamp(m/max(γh, ε), ±1) + λx)",
    options: &[
        OptionSpec::non_negative("weight_decay", 0.1, "λ"),
        OptionSpec::below_one("beta1", 0.96, "β₁"),
        OptionSpec::below_one("beta2", 0.99, "β₂"),
        OptionSpec::positive("gamma", Some(0.01), "γ; 0.01 for Hutchinson's estimate, 0.05 for Gauss–Newton–Bartlett"),
        OptionSpec::positive("eps", Some(1e-12), "ε, the least that is divided by"),
        OptionSpec::count("every", 10.0, "k, the steps between two estimates of the Hessian's diagonal"),
    ],
    positional: &["lr"],
    slots: 2,
    lr: Some(6e-4),
    source: "Liu et al., 2023, arXiv:2305.14342",
};

pub(crate) fn sophia<T: Real>(o: &Options) -> Vec<Link<T>> {
    let [beta1, beta2, gamma, eps] = ["beta1", "beta2", "gamma", "eps"].map(|key| o.number(key));
    let rule = ScaleBySophia { beta1, beta2, gamma, eps, every: o.number("every") as u64 };
    vec![Link::stage((rule, AddDecay { weight_decay: o.number("weight_decay") }))]
}
