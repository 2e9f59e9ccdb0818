//! AdaMax: Adam with the largest recent magnitude in the place of the root of the second moment.
//!
//! m ← β₁m + (1−β₁)g,   w ← max(β₂w, |g| + ε),   u = m̂/w
//!
//! Kingma and Ba, 2015, arXiv:1412.6980, section 7.1; ε beside |g| as in PyTorch.

use steepest_core::Real;

use super::{power, with_l2};
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, Idle, LANES, Lanes, SlotSpec, Stage, StepCx, first, second},
};

/// u ← m̂/w.
#[derive(Debug, Clone, Copy)]
pub struct ScaleByAdamax {
    /// β₁, in \[0, 1).
    pub beta1: f64,
    /// β₂, in \[0, 1).
    pub beta2: f64,
    /// ε, added to |g|.
    pub eps: f64,
}

impl<T: Real> Stage<T> for ScaleByAdamax {
    type Slots = [Lanes<T>; 2];
    /// 1 − β₁, β₂, ε, 1/(1−β₁ᵗ).
    type Coefs = [T; 4];
    const SLOTS: &'static [SlotSpec] = &[first("adamax.m"), second("adamax.w")];

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> [T; 4] {
        let correct = 1.0 / (1.0 - power(self.beta1, cx.step + 1));
        [1.0 - self.beta1, self.beta2, self.eps, correct].map(T::from_f64)
    }

    fn idle(&self) -> Idle {
        Idle::Waits
    }

    #[inline(always)]
    fn lanes(c: &[T; 4], u: &mut Lanes<T>, _: At<'_, T>, [m, w]: &mut [Lanes<T>; 2]) {
        for k in 0..LANES {
            let g = u[k];
            m[k] += (g - m[k]) * c[0];
            w[k] = (c[1] * w[k]).max(g.abs() + c[2]);
            u[k] = m[k] * c[3] / w[k];
        }
    }
}

/// `adamax`
pub const ADAMAX: Entry = Entry {
    name: "adamax",
    kind: Kind::Optimizer,
    title: "AdaMax: Adam in the maximum norm",
    equation: "m ← β₁m + (1−β₁)g, w ← max(β₂w, |g| + ε), x ← x − η m̂/w",
    options: &[
        OptionSpec::below_one("beta1", 0.9, "β₁"),
        OptionSpec::below_one("beta2", 0.999, "β₂"),
        OptionSpec::positive("eps", Some(1e-8), "ε"),
        OptionSpec::non_negative("l2", 0.0, "λ of the penalty ½λ‖x‖² (PyTorch's weight_decay)"),
    ],
    positional: &["lr"],
    slots: 2,
    lr: Some(2e-3),
    source: "Kingma and Ba, 2015, arXiv:1412.6980, section 7.1",
};

pub(crate) fn adamax<T: Real>(o: &Options) -> Vec<Link<T>> {
    with_l2(o, ScaleByAdamax { beta1: o.number("beta1"), beta2: o.number("beta2"), eps: o.number("eps") })
}
