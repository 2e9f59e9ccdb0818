//! Adam's scaling: the bias-corrected first moment over the root of the second; AMSGrad and AdamW with it.
//!
//! m ← β₁m + (1−β₁)g,   v ← β₂v + (1−β₂)g²,   u = m̂ / (√(v̂ + ε_root) + ε),   m̂ = m/(1−β₁ᵗ),   v̂ = v/(1−β₂ᵗ)
//!
//! Kingma and Ba, 2015, arXiv:1412.6980, algorithm 1. AMSGrad divides by the largest v so far: Reddi, Kale and Kumar, 2018,
//! arXiv:1904.09237; the maximum is taken before the bias correction, as in PyTorch. AdamW adds decoupled decay: Loshchilov
//! and Hutter, 2019, arXiv:1711.05101.

use steepest_core::Real;

use super::{AddDecay, power, with_l2};
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, Idle, LANES, Lanes, SlotSpec, Stage, StepCx, first, second},
};

/// u ← m̂ / (√(v̂ + ε_root) + ε).
#[derive(Debug, Clone, Copy)]
pub struct ScaleByAdam {
    /// β₁, in \[0, 1).
    pub beta1: f64,
    /// β₂, in \[0, 1).
    pub beta2: f64,
    /// ε outside the root.
    pub eps: f64,
    /// ε inside the root, behind the bias correction.
    pub eps_root: f64,
}

/// What a block needs of Adam.
#[derive(Debug, Clone, Copy, Default)]
pub struct AdamCoefs<T> {
    one_minus_beta1: T,
    beta2: T,
    one_minus_beta2: T,
    /// 1/(1−β₁ᵗ)
    correct1: T,
    /// 1/(1−β₂ᵗ)
    correct2: T,
    eps: T,
    eps_root: T,
}

impl ScaleByAdam {
    fn coefs<T: Real>(&self, step: u64) -> AdamCoefs<T> {
        AdamCoefs {
            one_minus_beta1: T::from_f64(1.0 - self.beta1),
            beta2: T::from_f64(self.beta2),
            one_minus_beta2: T::from_f64(1.0 - self.beta2),
            correct1: T::from_f64(1.0 / (1.0 - power(self.beta1, step + 1))),
            correct2: T::from_f64(1.0 / (1.0 - power(self.beta2, step + 1))),
            eps: T::from_f64(self.eps),
            eps_root: T::from_f64(self.eps_root),
        }
    }

    /// With the ε behind the bias correction that does what this one does before it.
    fn uncorrected(&self, step: u64) -> ScaleByAdam {
        ScaleByAdam { eps: self.eps / (1.0 - power(self.beta2, step + 1)).sqrt(), ..*self }
    }

    fn from_options(o: &Options) -> ScaleByAdam {
        let [beta1, beta2, eps, eps_root] = ["beta1", "beta2", "eps", "eps_root"].map(|key| o.number(key));
        ScaleByAdam { beta1, beta2, eps, eps_root }
    }
}

impl<T: Real> Stage<T> for ScaleByAdam {
    type Slots = [Lanes<T>; 2];
    type Coefs = AdamCoefs<T>;
    const SLOTS: &'static [SlotSpec] = &[first("adam.m"), second("adam.v")];

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> AdamCoefs<T> {
        self.coefs(cx.step)
    }

    fn idle(&self) -> Idle {
        Idle::Waits
    }

    #[inline(always)]
    fn lanes(c: &AdamCoefs<T>, u: &mut Lanes<T>, _: At<'_, T>, [m, v]: &mut [Lanes<T>; 2]) {
        for k in 0..LANES {
            let g = u[k];
            m[k] += (g - m[k]) * c.one_minus_beta1;
            v[k] = c.beta2 * v[k] + c.one_minus_beta2 * g * g;
            u[k] = (m[k] * c.correct1) / ((v[k] * c.correct2 + c.eps_root).sqrt() + c.eps);
        }
    }
}

/// u ← m/(1−β₁ᵗ)·√(1−β₂ᵗ) / (√v + ε): ε added before the bias correction, as in Keras and in the order of the paper's section 2.
#[derive(Debug, Clone, Copy)]
pub struct ScaleByAdamUncorrected(pub ScaleByAdam);

impl<T: Real> Stage<T> for ScaleByAdamUncorrected {
    type Slots = [Lanes<T>; 2];
    type Coefs = AdamCoefs<T>;
    const SLOTS: &'static [SlotSpec] = <ScaleByAdam as Stage<T>>::SLOTS;

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> AdamCoefs<T> {
        self.0.uncorrected(cx.step).coefs(cx.step)
    }

    fn idle(&self) -> Idle {
        Idle::Waits
    }

    #[inline(always)]
    fn lanes(c: &AdamCoefs<T>, u: &mut Lanes<T>, at: At<'_, T>, s: &mut [Lanes<T>; 2]) {
        <ScaleByAdam as Stage<T>>::lanes(c, u, at, s);
    }
}

/// u ← m̂ / (√(max v/(1−β₂ᵗ) + ε_root) + ε), the maximum over all steps so far.
#[derive(Debug, Clone, Copy)]
pub struct ScaleByAmsgrad {
    /// The moments and ε.
    pub adam: ScaleByAdam,
    /// Whether ε is added before the bias correction, as in Keras.
    pub uncorrected: bool,
}

impl<T: Real> Stage<T> for ScaleByAmsgrad {
    type Slots = [Lanes<T>; 3];
    type Coefs = AdamCoefs<T>;
    const SLOTS: &'static [SlotSpec] = &[first("adam.m"), second("adam.v"), second("adam.v_max")];

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> AdamCoefs<T> {
        let adam = if self.uncorrected { self.adam.uncorrected(cx.step) } else { self.adam };
        adam.coefs(cx.step)
    }

    fn idle(&self) -> Idle {
        Idle::Waits
    }

    #[inline(always)]
    fn lanes(c: &AdamCoefs<T>, u: &mut Lanes<T>, _: At<'_, T>, [m, v, v_max]: &mut [Lanes<T>; 3]) {
        for k in 0..LANES {
            let g = u[k];
            m[k] += (g - m[k]) * c.one_minus_beta1;
            v[k] = c.beta2 * v[k] + c.one_minus_beta2 * g * g;
            v_max[k] = v_max[k].max(v[k]);
            u[k] = (m[k] * c.correct1) / ((v_max[k] * c.correct2 + c.eps_root).sqrt() + c.eps);
        }
    }
}

const BETA1: OptionSpec = OptionSpec::below_one("beta1", 0.9, "β₁");
const BETA2: OptionSpec = OptionSpec::below_one("beta2", 0.999, "β₂");
const EPS: OptionSpec = OptionSpec::non_negative("eps", 1e-8, "ε outside the root");
const EPS_ROOT: OptionSpec = OptionSpec::non_negative("eps_root", 0.0, "ε inside the root");
const EPS_PLACE: OptionSpec = OptionSpec::choice(
    "eps_place",
    &["corrected", "uncorrected"],
    "whether ε is added to the root of v̂, or to that of v before its bias correction as in Keras",
);
const L2: OptionSpec = OptionSpec::non_negative("l2", 0.0, "λ of the penalty ½λ‖x‖² (PyTorch's weight_decay)");

/// `adam`
pub const ADAM: Entry = Entry {
    name: "adam",
    kind: Kind::Optimizer,
    title: "Adam",
    equation: "m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², x ← x − η m̂/(√(v̂ + ε_root) + ε)",
    options: &[BETA1, BETA2, EPS, EPS_ROOT, L2, EPS_PLACE],
    positional: &["lr"],
    slots: 2,
    lr: Some(1e-3),
    source: "Kingma and Ba, 2015, arXiv:1412.6980",
};

/// `amsgrad`
pub const AMSGRAD: Entry = Entry {
    name: "amsgrad",
    kind: Kind::Optimizer,
    title: "AMSGrad: Adam with a second moment that never falls",
    equation: "as adam, with max over steps of v in the place of v",
    options: &[BETA1, BETA2, EPS, EPS_ROOT, L2, EPS_PLACE],
    positional: &["lr"],
    slots: 3,
    lr: Some(1e-3),
    source: "Reddi, Kale and Kumar, 2018, arXiv:1904.09237",
};

/// `adamw`
pub const ADAMW: Entry = Entry {
    name: "adamw",
    kind: Kind::Optimizer,
    title: "AdamW: Adam with decoupled weight decay",
    equation: "x ← x − η (m̂/(√(v̂ + ε_root) + ε) + λx)",
    options: &[
        OptionSpec::non_negative("weight_decay", 0.01, "λ"),
        BETA1,
        BETA2,
        EPS,
        EPS_ROOT,
        OptionSpec::flag("amsgrad", false, "divide by the largest second moment so far"),
        EPS_PLACE,
    ],
    positional: &["lr"],
    slots: 2,
    lr: Some(1e-3),
    source: "Loshchilov and Hutter, 2019, arXiv:1711.05101",
};

pub(crate) fn adam<T: Real>(o: &Options) -> Vec<Link<T>> {
    let adam = ScaleByAdam::from_options(o);
    match o.text("eps_place") {
        "corrected" => with_l2(o, adam),
        _ => with_l2(o, ScaleByAdamUncorrected(adam)),
    }
}

pub(crate) fn amsgrad<T: Real>(o: &Options) -> Vec<Link<T>> {
    let uncorrected = o.text("eps_place") == "uncorrected";
    with_l2(o, ScaleByAmsgrad { adam: ScaleByAdam::from_options(o), uncorrected })
}

pub(crate) fn adamw<T: Real>(o: &Options) -> Vec<Link<T>> {
    let (adam, decay) = (ScaleByAdam::from_options(o), AddDecay { weight_decay: o.number("weight_decay") });
    let uncorrected = o.text("eps_place") == "uncorrected";
    match (o.flag("amsgrad"), uncorrected) {
        (true, _) => vec![Link::stage((ScaleByAmsgrad { adam, uncorrected }, decay))],
        (false, false) => vec![Link::stage((adam, decay))],
        (false, true) => vec![Link::stage((ScaleByAdamUncorrected(adam), decay))],
    }
}
