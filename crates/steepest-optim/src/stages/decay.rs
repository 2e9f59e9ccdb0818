//! The two ways to pull parameters towards zero: the gradient of a penalty, and decay of the parameters themselves.
//!
//! `l2`: u ← u + λx before the rule, so that λ is scaled by whatever the rule does to gradients.
//! `weight_decay`: u ← u + λx behind the rule, so that x ← (1 − ηλ)x − ηu.
//!
//! They agree for plain gradient descent alone. Loshchilov and Hutter, 2019, arXiv:1711.05101. Biases and the parameters of
//! normalizations are left alone unless the optimizer is told `decay=all`.

use steepest_core::Real;

use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, Idle, LANES, Lanes, Stage, StepCx},
};

/// u ← u + λx, the gradient of ½λ‖x‖² added to that of the loss.
#[derive(Debug, Clone, Copy)]
pub struct AddL2 {
    /// λ.
    pub l2: f64,
}

/// u ← u + λx behind the rule: decoupled weight decay.
#[derive(Debug, Clone, Copy)]
pub struct AddDecay {
    /// λ.
    pub weight_decay: f64,
}

#[inline(always)]
fn add_scaled<T: Real>(c: T, u: &mut Lanes<T>, x: &Lanes<T>) {
    for k in 0..LANES {
        u[k] += c * x[k];
    }
}

impl<T: Real> Stage<T> for AddL2 {
    type Slots = ();
    type Coefs = T;

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> T {
        T::from_f64(self.l2 * cx.group.decay_factor)
    }

    fn idle(&self) -> Idle {
        if self.l2 == 0.0 {
            Idle::Passes
        } else {
            Idle::Works(
                "a penalty pulls every parameter at every step; set l2=0 and put the penalty in the loss of the touched ones",
            )
        }
    }

    #[inline(always)]
    fn lanes(c: &T, u: &mut Lanes<T>, at: At<'_, T>, (): &mut ()) {
        add_scaled(*c, u, at.x);
    }
}

impl<T: Real> Stage<T> for AddDecay {
    type Slots = ();
    type Coefs = T;

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> T {
        let lr = if cx.lr_applied { cx.lr } else { 1.0 };
        T::from_f64(self.weight_decay * cx.group.decay_factor * lr)
    }

    fn idle(&self) -> Idle {
        if self.weight_decay == 0.0 {
            Idle::Passes
        } else {
            Idle::Works("weight decay pulls every parameter at every step; set weight_decay=0")
        }
    }

    #[inline(always)]
    fn lanes(c: &T, u: &mut Lanes<T>, at: At<'_, T>, (): &mut ()) {
        add_scaled(*c, u, at.x);
    }
}

/// `l2:λ`
pub const L2: Entry = Entry {
    name: "l2",
    kind: Kind::Stage,
    title: "L2 penalty: its gradient added to that of the loss",
    equation: "u ← u + λx",
    options: &[OptionSpec::positive("l2", None, "λ of the penalty ½λ‖x‖²")],
    positional: &["l2"],
    slots: 0,
    lr: None,
    source: "Loshchilov and Hutter, 2019, arXiv:1711.05101",
};

/// `weight_decay:λ`
pub const WEIGHT_DECAY: Entry = Entry {
    name: "weight_decay",
    kind: Kind::Stage,
    title: "Decoupled weight decay",
    equation: "u ← u + λx, so that x ← (1 − ηλ)x − ηu",
    options: &[OptionSpec::positive("weight_decay", None, "λ")],
    positional: &["weight_decay"],
    slots: 0,
    lr: None,
    source: "Loshchilov and Hutter, 2019, arXiv:1711.05101",
};

pub(crate) fn l2<T: Real>(o: &Options) -> Vec<Link<T>> {
    vec![Link::stage(AddL2 { l2: o.number("l2") })]
}

pub(crate) fn weight_decay<T: Real>(o: &Options) -> Vec<Link<T>> {
    vec![Link::stage(AddDecay { weight_decay: o.number("weight_decay") })]
}
