//! The sign of the update: sign descent, and signum when momentum comes before it.
//!
//! u = sign(v),   v ← μv + (1−μ)g
//!
//! Bernstein et al., 2018, arXiv:1802.04434, algorithms 1 and 2.

use steepest_core::Real;

use super::AddDecay;
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, Idle, Lanes, SlotSpec, Stage, StepCx, first},
};

/// u ← sign(u).
#[derive(Debug, Clone, Copy)]
pub struct Sign;

impl<T: Real> Stage<T> for Sign {
    type Slots = ();
    type Coefs = ();

    fn prepare(&mut self, _: &StepCx<'_>, _: &mut [f64]) {}

    fn idle(&self) -> Idle {
        Idle::Rests
    }

    #[inline(always)]
    fn lanes(_: &(), u: &mut Lanes<T>, _: At<'_, T>, (): &mut ()) {
        for u in u {
            *u = u.sign();
        }
    }
}

/// u ← v, the moving average of u.
#[derive(Debug, Clone, Copy)]
pub struct Average {
    /// μ, in \[0, 1).
    pub momentum: f64,
}

impl<T: Real> Stage<T> for Average {
    type Slots = [Lanes<T>; 1];
    /// 1 − μ.
    type Coefs = T;
    const SLOTS: &'static [SlotSpec] = &[first("signsgd.v")];

    fn prepare(&mut self, _: &StepCx<'_>, _: &mut [f64]) -> T {
        T::from_f64(1.0 - self.momentum)
    }

    #[inline(always)]
    fn lanes(c: &T, u: &mut Lanes<T>, _: At<'_, T>, [v]: &mut [Lanes<T>; 1]) {
        for (v, u) in v.iter_mut().zip(u) {
            *v += (*u - *v) * *c;
            *u = *v;
        }
    }
}

/// `sign` in a chain
pub const SIGN: Entry = Entry {
    name: "sign",
    kind: Kind::Stage,
    title: "The sign of the update",
    equation: "u ← sign(u)",
    options: &[],
    positional: &[],
    slots: 0,
    lr: None,
    source: "Bernstein et al., 2018, arXiv:1802.04434",
};

/// `signsgd`
pub const SIGNSGD: Entry = Entry {
    name: "signsgd",
    kind: Kind::Optimizer,
    title: "Sign descent; signum with momentum",
    equation: "v ← μv + (1−μ)g, x ← x − η(sign(v) + λx)",
    options: &[OptionSpec::below_one("momentum", 0.0, "μ"), OptionSpec::non_negative("weight_decay", 0.0, "λ")],
    positional: &["lr"],
    slots: 0,
    lr: Some(1e-4),
    source: "Bernstein et al., 2018, arXiv:1802.04434",
};

pub(crate) fn sign<T: Real>(_: &Options) -> Vec<Link<T>> {
    vec![Link::stage(Sign)]
}

pub(crate) fn signsgd<T: Real>(o: &Options) -> Vec<Link<T>> {
    let (momentum, decay) = (o.number("momentum"), AddDecay { weight_decay: o.number("weight_decay") });
    match momentum {
        0.0 => vec![Link::stage((Sign, decay))],
        _ => vec![Link::stage((Average { momentum }, (Sign, decay)))],
    }
}
