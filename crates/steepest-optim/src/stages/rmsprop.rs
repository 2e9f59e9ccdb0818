//! RMSprop: every coordinate divided by the root of a moving average of its squared gradients.
//!
//! v ← αv + (1−α)g²,   u = g / (√(v + ε_root) + ε);   centered: v is replaced by v − m² with m ← αm + (1−α)g;
//! with momentum: b ← μb + u, x ← x − ηb.
//!
//! Tieleman and Hinton, 2012, lecture 6.5 of "Neural networks for machine learning"; centered: Graves, 2013,
//! arXiv:1308.0850. PyTorch has α = 0.99 and ε outside the root; Keras and optax 0.9 and ε inside.

use steepest_core::Real;

use super::{Momentum, with_l2};
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, Idle, LANES, Lanes, SlotSpec, Stage, StepCx, first, second},
};

/// u ← u / (√(v + ε_root) + ε), v the average of u².
#[derive(Debug, Clone, Copy)]
pub struct ScaleByRms {
    /// α, in \[0, 1).
    pub alpha: f64,
    /// ε outside the root.
    pub eps: f64,
    /// ε inside the root.
    pub eps_root: f64,
}

impl ScaleByRms {
    fn coefs<T: Real>(&self) -> [T; 4] {
        [self.alpha, 1.0 - self.alpha, self.eps, self.eps_root].map(T::from_f64)
    }
}

impl<T: Real> Stage<T> for ScaleByRms {
    type Slots = [Lanes<T>; 1];
    /// α, 1 − α, ε, ε_root.
    type Coefs = [T; 4];
    const SLOTS: &'static [SlotSpec] = &[second("rmsprop.v")];

    fn prepare(&mut self, _: &StepCx<'_>, _: &mut [f64]) -> [T; 4] {
        self.coefs()
    }

    fn idle(&self) -> Idle {
        Idle::Waits
    }

    #[inline(always)]
    fn lanes(c: &[T; 4], u: &mut Lanes<T>, _: At<'_, T>, [v]: &mut [Lanes<T>; 1]) {
        for k in 0..LANES {
            v[k] = c[0] * v[k] + c[1] * u[k] * u[k];
            u[k] /= (v[k] + c[3]).sqrt() + c[2];
        }
    }
}

/// u ← u / (√(v − m² + ε_root) + ε), m and v the averages of u and u²: the root of the variance.
#[derive(Debug, Clone, Copy)]
pub struct ScaleByCenteredRms(pub ScaleByRms);

impl<T: Real> Stage<T> for ScaleByCenteredRms {
    type Slots = [Lanes<T>; 2];
    type Coefs = [T; 4];
    const SLOTS: &'static [SlotSpec] = &[second("rmsprop.v"), first("rmsprop.m")];

    fn prepare(&mut self, _: &StepCx<'_>, _: &mut [f64]) -> [T; 4] {
        self.0.coefs()
    }

    #[inline(always)]
    fn lanes(c: &[T; 4], u: &mut Lanes<T>, _: At<'_, T>, [v, m]: &mut [Lanes<T>; 2]) {
        for k in 0..LANES {
            v[k] = c[0] * v[k] + c[1] * u[k] * u[k];
            m[k] += (u[k] - m[k]) * c[1];
            // Rounding can make the variance of a constant gradient slightly negative.
            let variance = (v[k] - m[k] * m[k]).max(T::ZERO);
            u[k] /= (variance + c[3]).sqrt() + c[2];
        }
    }
}

/// `rmsprop`
pub const RMSPROP: Entry = Entry {
    name: "rmsprop",
    kind: Kind::Optimizer,
    title: "RMSprop, plain, centered, with momentum",
    equation: "v ← αv + (1−α)g², u = g/(√(v + ε_root) + ε), b ← μb + u, x ← x − ηb; centered: v − m² for v",
    options: &[
        OptionSpec::below_one("alpha", 0.99, "α"),
        OptionSpec::non_negative("eps", 1e-8, "ε outside the root"),
        OptionSpec::non_negative("eps_root", 0.0, "ε inside the root"),
        OptionSpec::flag("centered", false, "divide by the root of the variance"),
        OptionSpec::below_one("momentum", 0.0, "μ"),
        OptionSpec::non_negative("l2", 0.0, "λ of the penalty ½λ‖x‖² (PyTorch's weight_decay)"),
    ],
    positional: &["lr"],
    slots: 1,
    lr: Some(1e-2),
    source: "Tieleman and Hinton, 2012, lecture 6.5; Graves, 2013, arXiv:1308.0850",
};

pub(crate) fn rmsprop<T: Real>(o: &Options) -> Vec<Link<T>> {
    let rms = ScaleByRms { alpha: o.number("alpha"), eps: o.number("eps"), eps_root: o.number("eps_root") };
    let momentum = Momentum { momentum: o.number("momentum"), dampening: 0.0, nesterov: false };
    match (o.flag("centered"), momentum.momentum > 0.0) {
        (false, false) => with_l2(o, rms),
        (true, false) => with_l2(o, ScaleByCenteredRms(rms)),
        (false, true) => with_l2(o, (rms, momentum)),
        (true, true) => with_l2(o, (ScaleByCenteredRms(rms), momentum)),
    }
}
