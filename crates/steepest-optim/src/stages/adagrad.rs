//! AdaGrad: every coordinate divided by the root of all its squared gradients.
//!
//! s ← s + g²,   u = g / (√s + ε) / (1 + k·lr_decay)
//!
//! Duchi, Hazan and Singer, 2011, JMLR 12:2121. ε outside the root and `lr_decay` as in PyTorch; optax has ε inside and
//! starts s at 0.1, Keras likewise.

use steepest_core::Real;

use super::with_l2;
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, Idle, LANES, Lanes, SlotSpec, Stage, StepCx, exact},
};

/// u ← u / (√(s + ε_root) + ε), s the sum of u² since the start.
#[derive(Debug, Clone, Copy)]
pub struct ScaleByAdagrad {
    /// The update of step k is divided by 1 + k·lr_decay.
    pub lr_decay: f64,
    /// s before the first step.
    pub initial_accumulator_value: f64,
    /// ε outside the root.
    pub eps: f64,
    /// ε inside the root.
    pub eps_root: f64,
}

impl<T: Real> Stage<T> for ScaleByAdagrad {
    type Slots = [Lanes<T>; 1];
    /// What s starts with (0 after the first step), the decay, ε, ε_root.
    type Coefs = [T; 4];
    const SLOTS: &'static [SlotSpec] = &[exact("adagrad.s")];

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> [T; 4] {
        let start = if cx.step == 0 { self.initial_accumulator_value } else { 0.0 };
        [start, 1.0 / (1.0 + cx.step as f64 * self.lr_decay), self.eps, self.eps_root].map(T::from_f64)
    }

    fn idle(&self) -> Idle {
        Idle::Rests
    }

    #[inline(always)]
    fn lanes(c: &[T; 4], u: &mut Lanes<T>, _: At<'_, T>, [s]: &mut [Lanes<T>; 1]) {
        for k in 0..LANES {
            s[k] = s[k] + c[0] + u[k] * u[k];
            u[k] = c[1] * u[k] / ((s[k] + c[3]).sqrt() + c[2]);
        }
    }
}

/// `adagrad`
pub const ADAGRAD: Entry = Entry {
    name: "adagrad",
    kind: Kind::Optimizer,
    title: "AdaGrad",
    equation: "s ← s + g², x ← x − η/(1 + k·lr_decay) · g/(√(s + ε_root) + ε)",
    options: &[
        OptionSpec::non_negative("lr_decay", 0.0, "η of step k is divided by 1 + k·lr_decay"),
        OptionSpec::non_negative("initial_accumulator_value", 0.0, "s before the first step"),
        OptionSpec::non_negative("eps", 1e-10, "ε outside the root"),
        OptionSpec::non_negative("eps_root", 0.0, "ε inside the root"),
        OptionSpec::non_negative("l2", 0.0, "λ of the penalty ½λ‖x‖² (PyTorch's weight_decay)"),
    ],
    positional: &["lr"],
    slots: 1,
    lr: Some(1e-2),
    source: "Duchi, Hazan and Singer, 2011, JMLR 12:2121",
};

pub(crate) fn adagrad<T: Real>(o: &Options) -> Vec<Link<T>> {
    let stage = ScaleByAdagrad {
        lr_decay: o.number("lr_decay"),
        initial_accumulator_value: o.number("initial_accumulator_value"),
        eps: o.number("eps"),
        eps_root: o.number("eps_root"),
    };
    with_l2(o, stage)
}
