//! Yogi: Adam whose second moment moves by at most (1−β₂)g² in either direction.
//!
//! m ← β₁m + (1−β₁)g,   v ← v − (1−β₂)·sign(v − g²)·g²,   u = m̂/(√v̂ + ε)
//!
//! Zaheer et al., 2018, "Adaptive methods for nonconvex optimization", NeurIPS. With the bias correction of optax; m and v
//! start at `initial_accumulator_value` as there.

use steepest_core::Real;

use super::{power, with_l2};
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, LANES, Lanes, SlotSpec, Stage, StepCx, first, second},
};

/// Yogi's update of u.
#[derive(Debug, Clone, Copy)]
pub struct ScaleByYogi {
    /// β₁, in \[0, 1).
    pub beta1: f64,
    /// β₂, in \[0, 1).
    pub beta2: f64,
    /// ε outside the root.
    pub eps: f64,
    /// m and v before the first step.
    pub initial_accumulator_value: f64,
}

impl<T: Real> Stage<T> for ScaleByYogi {
    type Slots = [Lanes<T>; 2];
    /// 1 − β₁, 1 − β₂, ε, the corrections, what m and v start with (0 after the first step).
    type Coefs = [T; 6];
    const SLOTS: &'static [SlotSpec] = &[first("yogi.m"), second("yogi.v")];

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> [T; 6] {
        let [correct1, correct2] = [self.beta1, self.beta2].map(|b| 1.0 / (1.0 - power(b, cx.step + 1)));
        let start = if cx.step == 0 { self.initial_accumulator_value } else { 0.0 };
        [1.0 - self.beta1, 1.0 - self.beta2, self.eps, correct1, correct2, start].map(T::from_f64)
    }

    #[inline(always)]
    fn lanes(c: &[T; 6], u: &mut Lanes<T>, _: At<'_, T>, [m, v]: &mut [Lanes<T>; 2]) {
        for k in 0..LANES {
            let g = u[k];
            let (old_m, old_v) = (m[k] + c[5], v[k] + c[5]);
            m[k] = old_m + (g - old_m) * c[0];
            v[k] = old_v - c[1] * (old_v - g * g).sign() * (g * g);
            u[k] = (m[k] * c[3]) / ((v[k] * c[4]).sqrt() + c[2]);
        }
    }
}

/// `yogi`
pub const YOGI: Entry = Entry {
    name: "yogi",
    kind: Kind::Optimizer,
    title: "Yogi: additive second moment",
    equation: "v ← v − (1−β₂)·sign(v − g²)·g², x ← x − η m̂/(√v̂ + ε)",
    options: &[
        OptionSpec::below_one("beta1", 0.9, "β₁"),
        OptionSpec::below_one("beta2", 0.999, "β₂"),
        OptionSpec::non_negative("eps", 1e-3, "ε outside the root"),
        OptionSpec::non_negative("initial_accumulator_value", 1e-6, "m and v before the first step"),
        OptionSpec::non_negative("l2", 0.0, "λ of the penalty ½λ‖x‖²"),
    ],
    positional: &["lr"],
    slots: 2,
    lr: Some(1e-2),
    source: "Zaheer et al., 2018, NeurIPS",
};

pub(crate) fn yogi<T: Real>(o: &Options) -> Vec<Link<T>> {
    let [beta1, beta2, eps] = ["beta1", "beta2", "eps"].map(|key| o.number(key));
    let initial_accumulator_value = o.number("initial_accumulator_value");
    with_l2(o, ScaleByYogi { beta1, beta2, eps, initial_accumulator_value })
}
