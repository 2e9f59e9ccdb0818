//! AdaDelta: the step scaled by the ratio of its own past size to that of the gradient.
//!
//! v ← ρv + (1−ρ)g²,   u = g·√(d + ε)/√(v + ε),   d ← ρd + (1−ρ)u²
//!
//! Zeiler, 2012, arXiv:1212.5701, algorithm 1. ε is inside both roots, as in the paper and in PyTorch.

use steepest_core::Real;

use super::with_l2;
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, LANES, Lanes, SlotSpec, Stage, StepCx, second},
};

/// u ← u·√(d + ε)/√(v + ε).
#[derive(Debug, Clone, Copy)]
pub struct ScaleByAdadelta {
    /// ρ, in \[0, 1).
    pub rho: f64,
    /// ε, inside the roots.
    pub eps: f64,
}

impl<T: Real> Stage<T> for ScaleByAdadelta {
    type Slots = [Lanes<T>; 2];
    /// ρ, 1 − ρ, ε.
    type Coefs = [T; 3];
    const SLOTS: &'static [SlotSpec] = &[second("adadelta.v"), second("adadelta.d")];

    fn prepare(&mut self, _: &StepCx<'_>, _: &mut [f64]) -> [T; 3] {
        [self.rho, 1.0 - self.rho, self.eps].map(T::from_f64)
    }

    #[inline(always)]
    fn lanes(c: &[T; 3], u: &mut Lanes<T>, _: At<'_, T>, [v, d]: &mut [Lanes<T>; 2]) {
        for k in 0..LANES {
            v[k] = c[0] * v[k] + c[1] * u[k] * u[k];
            u[k] = (d[k] + c[2]).sqrt() / (v[k] + c[2]).sqrt() * u[k];
            d[k] = c[0] * d[k] + c[1] * u[k] * u[k];
        }
    }
}

/// `adadelta`
pub const ADADELTA: Entry = Entry {
    name: "adadelta",
    kind: Kind::Optimizer,
    title: "AdaDelta",
    equation: "v ← ρv + (1−ρ)g², u = g·√(d + ε)/√(v + ε), d ← ρd + (1−ρ)u², x ← x − ηu",
    options: &[
        OptionSpec::below_one("rho", 0.9, "ρ"),
        OptionSpec::positive("eps", Some(1e-6), "ε inside the roots"),
        OptionSpec::non_negative("l2", 0.0, "λ of the penalty ½λ‖x‖² (PyTorch's weight_decay)"),
    ],
    positional: &["lr"],
    slots: 2,
    lr: Some(1.0),
    source: "Zeiler, 2012, arXiv:1212.5701",
};

pub(crate) fn adadelta<T: Real>(o: &Options) -> Vec<Link<T>> {
    with_l2(o, ScaleByAdadelta { rho: o.number("rho"), eps: o.number("eps") })
}
