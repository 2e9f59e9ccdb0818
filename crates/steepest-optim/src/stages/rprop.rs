//! Rprop: each coordinate has its own step, grown while the gradient keeps its sign and shrunk when it changes.
//!
//! s ← clamp(s·η₊) if g·g₋ > 0, clamp(s·η₋) if g·g₋ < 0 (then g ← 0);   u = sign(g)·s
//!
//! Riedmiller and Braun, 1993, doi:10.1109/ICNN.1993.298623; the variant without backtracking of PyTorch. For full batches.
//! s is kept in units of the learning rate.

use steepest_core::Real;

use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, LANES, Lanes, SlotSpec, Stage, StepCx, exact},
};

/// Rprop's update of u, in units of the learning rate.
#[derive(Debug, Clone, Copy)]
pub struct ScaleByRprop {
    /// η₋, in (0, 1).
    pub eta_minus: f64,
    /// η₊ ≥ 1.
    pub eta_plus: f64,
    /// The smallest step.
    pub step_min: f64,
    /// The largest step.
    pub step_max: f64,
}

impl<T: Real> Stage<T> for ScaleByRprop {
    type Slots = [Lanes<T>; 2];
    /// η₋, η₊, the bounds over the rate, and what s starts with.
    type Coefs = [T; 5];
    const SLOTS: &'static [SlotSpec] = &[exact("rprop.s"), exact("rprop.g")];

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> [T; 5] {
        let start = if cx.step == 0 { 1.0 } else { 0.0 };
        let lr = if cx.lr > 0.0 { cx.lr } else { 1.0 };
        [self.eta_minus, self.eta_plus, self.step_min / lr, self.step_max / lr, start].map(T::from_f64)
    }

    #[inline(always)]
    fn lanes(c: &[T; 5], u: &mut Lanes<T>, _: At<'_, T>, [s, past]: &mut [Lanes<T>; 2]) {
        for k in 0..LANES {
            let agree = (u[k] * past[k]).sign();
            let factor = if agree > T::ZERO {
                c[1]
            } else if agree < T::ZERO {
                c[0]
            } else {
                T::ONE
            };
            s[k] = ((s[k] + c[4]) * factor).max(c[2]).min(c[3]);
            past[k] = if agree < T::ZERO { T::ZERO } else { u[k] };
            u[k] = past[k].sign() * s[k];
        }
    }
}

/// `rprop`
pub const RPROP: Entry = Entry {
    name: "rprop",
    kind: Kind::Optimizer,
    title: "Rprop: steps from signs, for full batches",
    equation: "s ← clamp(s·η±) by the sign of g·g₋, x ← x − sign(g)·s, s starts at η",
    options: &[
        OptionSpec::below_one("eta_minus", 0.5, "η₋"),
        OptionSpec::positive("eta_plus", Some(1.2), "η₊"),
        OptionSpec::positive("step_min", Some(1e-6), "the smallest step"),
        OptionSpec::positive("step_max", Some(50.0), "the largest step"),
    ],
    positional: &["lr"],
    slots: 2,
    lr: Some(1e-2),
    source: "Riedmiller and Braun, 1993, doi:10.1109/ICNN.1993.298623",
};

pub(crate) fn rprop<T: Real>(o: &Options) -> Vec<Link<T>> {
    let [eta_minus, eta_plus, step_min, step_max] =
        ["eta_minus", "eta_plus", "step_min", "step_max"].map(|key| o.number(key));
    vec![Link::stage(ScaleByRprop { eta_minus, eta_plus, step_min, step_max })]
}
