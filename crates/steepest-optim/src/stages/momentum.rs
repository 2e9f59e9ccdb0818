//! Gradient descent, momentum in both forms, and Nesterov's look-ahead.
//!
//! ```text
//! η outside:  v ← μv + (1 − τ)g,  x ← x − ηv            the first v is g, as in PyTorch
//! η inside:   v ← μv + ηg,        x ← x − v             the same for constant η and τ = 0 only
//! Nesterov:   u = g + μv (outside),  u = ηg + μv (inside)
//! ```
//!
//! v is a sum with gain 1/(1 − μ), not an average. Polyak, 1964, doi:10.1016/0041-5553(64)90137-5; Nesterov's form as in
//! Sutskever et al., 2013, "On the importance of initialization and momentum in deep learning", ICML.

use steepest_core::Real;

use super::{AddL2, Identity, with_l2};
use crate::{
    link::{Link, Place},
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, Idle, LANES, Lanes, SlotSpec, Stage, StepCx, first},
};

/// v ← μv + (1 − τ)u, u ← v, or u + μv with Nesterov's look-ahead.
#[derive(Debug, Clone, Copy)]
pub struct Momentum {
    /// μ, in \[0, 1).
    pub momentum: f64,
    /// τ, in \[0, 1\].
    pub dampening: f64,
    /// Whether to look ahead.
    pub nesterov: bool,
}

/// μ, 1 − τ, and the weights of u and v in the update.
impl<T: Real> Stage<T> for Momentum {
    type Slots = [Lanes<T>; 1];
    type Coefs = [T; 4];
    const SLOTS: &'static [SlotSpec] = &[first("momentum.v")];

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> [T; 4] {
        let fresh = if cx.step == 0 { 1.0 } else { 1.0 - self.dampening };
        let (of_u, of_v) = if self.nesterov { (1.0, self.momentum) } else { (0.0, 1.0) };
        [self.momentum, fresh, of_u, of_v].map(T::from_f64)
    }

    fn idle(&self) -> Idle {
        Idle::Glides { slot: 0, keep: self.momentum, moves: if self.nesterov { self.momentum } else { 1.0 } }
    }

    #[inline(always)]
    fn lanes(c: &[T; 4], u: &mut Lanes<T>, _: At<'_, T>, [v]: &mut [Lanes<T>; 1]) {
        for k in 0..LANES {
            v[k] = c[0] * v[k] + c[1] * u[k];
            u[k] = c[2] * u[k] + c[3] * v[k];
        }
    }
}

/// v ← μv + ηu, u ← v, or ηu + μv with Nesterov's look-ahead.
#[derive(Debug, Clone, Copy)]
pub struct MomentumInside {
    /// μ, in \[0, 1).
    pub momentum: f64,
    /// Whether to look ahead.
    pub nesterov: bool,
}

impl<T: Real> Stage<T> for MomentumInside {
    type Slots = [Lanes<T>; 1];
    type Coefs = [T; 4];
    const SLOTS: &'static [SlotSpec] = &[first("momentum.v")];

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> [T; 4] {
        let (of_u, of_v) = if self.nesterov { (cx.lr, self.momentum) } else { (0.0, 1.0) };
        [self.momentum, cx.lr, of_u, of_v].map(T::from_f64)
    }

    fn idle(&self) -> Idle {
        Idle::Glides { slot: 0, keep: self.momentum, moves: if self.nesterov { self.momentum } else { 1.0 } }
    }

    #[inline(always)]
    fn lanes(c: &[T; 4], u: &mut Lanes<T>, at: At<'_, T>, s: &mut [Lanes<T>; 1]) {
        <Momentum as Stage<T>>::lanes(c, u, at, s);
    }
}

/// `sgd`
pub const SGD: Entry = Entry {
    name: "sgd",
    kind: Kind::Optimizer,
    title: "Gradient descent, with momentum and Nesterov's look-ahead",
    equation: "v ← μv + (1 − τ)g, x ← x − ηv; nesterov: x ← x − η(g + μv); form=inside: v ← μv + ηg, x ← x − v",
    options: &[
        OptionSpec::below_one("momentum", 0.0, "μ; 0.9 is usual"),
        OptionSpec::fraction("dampening", 0.0, "τ, how much less of the gradient enters v"),
        OptionSpec::flag("nesterov", false, "look ahead"),
        OptionSpec::choice("form", &["outside", "inside"], "whether η multiplies v or the gradient that enters it"),
        OptionSpec::non_negative("l2", 0.0, "λ of the penalty ½λ‖x‖² (PyTorch's weight_decay)"),
    ],
    positional: &["lr", "momentum"],
    slots: 0,
    lr: Some(1e-3),
    source: "Robbins and Monro, 1951, doi:10.1214/aoms/1177729586; Polyak, 1964; Sutskever et al., 2013",
};

/// `momentum:μ` in a chain
pub const MOMENTUM: Entry = Entry {
    name: "momentum",
    kind: Kind::Stage,
    title: "Momentum of whatever reaches it",
    equation: "v ← μv + (1 − τ)u, u ← v (nesterov: u + μv)",
    options: &[
        OptionSpec::below_one("momentum", 0.9, "μ"),
        OptionSpec::fraction("dampening", 0.0, "τ"),
        OptionSpec::flag("nesterov", false, "look ahead"),
    ],
    positional: &["momentum"],
    slots: 1,
    lr: None,
    source: "Polyak, 1964, doi:10.1016/0041-5553(64)90137-5",
};

pub(crate) fn sgd<T: Real>(o: &Options) -> Vec<Link<T>> {
    let (momentum, nesterov, l2) = (o.number("momentum"), o.flag("nesterov"), o.number("l2"));
    if momentum == 0.0 {
        return with_l2(o, Identity);
    }
    if o.text("form") == "inside" {
        return vec![Link::new((AddL2 { l2 }, MomentumInside { momentum, nesterov }), Place::Applies)];
    }
    with_l2(o, Momentum { momentum, dampening: o.number("dampening"), nesterov })
}

pub(crate) fn momentum<T: Real>(o: &Options) -> Vec<Link<T>> {
    let (momentum, dampening) = (o.number("momentum"), o.number("dampening"));
    vec![Link::stage(Momentum { momentum, dampening, nesterov: o.flag("nesterov") })]
}
