//! Trust ratios: the step of each tensor in proportion to its parameters. LARS and LAMB.
//!
//! LARS:  u ← g·c‖x‖/(‖g‖ + λ‖x‖ + ε) with λx added to g, then momentum.
//! LAMB:  r = Adam's update + λx,   u ← r·‖x‖/‖r‖.
//!
//! You, Gitman and Ginsburg, 2017, arXiv:1708.03888; You et al., 2020, arXiv:1904.00962. Tensors with a norm of 0, biases and
//! normalizations take the plain step.

use steepest_core::Real;

use super::{AddDecay, AddL2, Momentum, ScaleByAdam, clip::add_squares, clip::scale};
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, Cut, Lanes, Stage, StepCx},
};

/// u ← u·c‖x‖/(‖u‖ + λ‖x‖ + ε), tensor by tensor; 1 where a norm is 0 or the group is exempt from decay.
#[derive(Debug, Clone, Copy)]
pub struct TrustRatio {
    /// c.
    pub coefficient: f64,
    /// λ beside the norm of the update.
    pub l2: f64,
    /// ε.
    pub eps: f64,
}

impl<T: Real> Stage<T> for TrustRatio {
    type Slots = ();
    type Coefs = T;
    const CUT: Cut = Cut::Segment;
    const SUMS: usize = 2;

    fn prepare(&mut self, _: &StepCx<'_>, _: &mut [f64]) -> T {
        T::ONE
    }

    #[inline(always)]
    fn lanes(c: &T, u: &mut Lanes<T>, _: At<'_, T>, (): &mut ()) {
        scale(*c, u);
    }

    #[inline(always)]
    fn measure(_: &T, u: &Lanes<T>, at: At<'_, T>, (): &(), sums: &mut [Lanes<f64>]) {
        add_squares(u, &mut sums[0]);
        add_squares(at.x, &mut sums[1]);
    }

    fn measured(&mut self, cx: &StepCx<'_>, sums: &[f64], _: &mut [f64], c: &mut T) {
        let (u, x) = (sums[0].sqrt(), sums[1].sqrt());
        let ratio = self.coefficient * x / (u + self.l2 * x + self.eps);
        let applies = u > 0.0 && x > 0.0 && cx.group.decay_factor > 0.0;
        *c = if applies { T::from_f64(ratio) } else { T::ONE };
    }
}

/// `lars`
pub const LARS: Entry = Entry {
    name: "lars",
    kind: Kind::Optimizer,
    title: "LARS: momentum with a trust ratio for each tensor",
    equation: "g ← (g + λx)·c‖x‖/(‖g‖ + λ‖x‖ + ε), v ← μv + g, x ← x − ηv",
    options: &[
        OptionSpec::below_one("momentum", 0.9, "μ"),
        OptionSpec::positive("coefficient", Some(1e-3), "c"),
        OptionSpec::non_negative("eps", 1e-9, "ε"),
        OptionSpec::non_negative("l2", 0.0, "λ of the penalty ½λ‖x‖²"),
        OptionSpec::flag("nesterov", false, "look ahead"),
    ],
    positional: &["lr"],
    slots: 1,
    lr: Some(1.0),
    source: "You, Gitman and Ginsburg, 2017, arXiv:1708.03888",
};

/// `lamb`
pub const LAMB: Entry = Entry {
    name: "lamb",
    kind: Kind::Optimizer,
    title: "LAMB: Adam with a trust ratio for each tensor",
    equation: "r = m̂/(√v̂ + ε) + λx, x ← x − η·r·‖x‖/‖r‖",
    options: &[
        OptionSpec::below_one("beta1", 0.9, "β₁"),
        OptionSpec::below_one("beta2", 0.999, "β₂"),
        OptionSpec::non_negative("eps", 1e-6, "ε outside the root"),
        OptionSpec::non_negative("weight_decay", 0.0, "λ"),
    ],
    positional: &["lr"],
    slots: 2,
    lr: Some(1e-3),
    source: "You et al., 2020, arXiv:1904.00962",
};

/// `trust_ratio` in a chain
pub const TRUST_RATIO: Entry = Entry {
    name: "trust_ratio",
    kind: Kind::Stage,
    title: "The step of each tensor in proportion to its parameters",
    equation: "u ← u·c‖x‖/(‖u‖ + ε)",
    options: &[OptionSpec::positive("coefficient", Some(1.0), "c"), OptionSpec::non_negative("eps", 0.0, "ε")],
    positional: &["coefficient"],
    slots: 0,
    lr: None,
    source: "You et al., 2020, arXiv:1904.00962",
};

pub(crate) fn lars<T: Real>(o: &Options) -> Vec<Link<T>> {
    let [coefficient, eps, l2, momentum] = ["coefficient", "eps", "l2", "momentum"].map(|key| o.number(key));
    let momentum = Momentum { momentum, dampening: 0.0, nesterov: o.flag("nesterov") };
    vec![Link::stage((LarsRatio(TrustRatio { coefficient, l2, eps }), momentum))]
}

/// The trust ratio of g with λx added behind the measurement, as in LARS.
#[derive(Debug, Clone, Copy)]
struct LarsRatio(TrustRatio);

impl<T: Real> Stage<T> for LarsRatio {
    type Slots = ();
    /// The ratio and λ.
    type Coefs = (T, T);
    const CUT: Cut = Cut::Segment;
    const SUMS: usize = 2;

    fn prepare(&mut self, cx: &StepCx<'_>, scalars: &mut [f64]) -> (T, T) {
        (T::ONE, AddL2 { l2: self.0.l2 }.prepare(cx, scalars))
    }

    #[inline(always)]
    fn lanes(c: &(T, T), u: &mut Lanes<T>, at: At<'_, T>, (): &mut ()) {
        <AddL2 as Stage<T>>::lanes(&c.1, u, at, &mut ());
        scale(c.0, u);
    }

    #[inline(always)]
    fn measure(c: &(T, T), u: &Lanes<T>, at: At<'_, T>, s: &(), sums: &mut [Lanes<f64>]) {
        <TrustRatio as Stage<T>>::measure(&c.0, u, at, s, sums);
    }

    fn measured(&mut self, cx: &StepCx<'_>, sums: &[f64], scalars: &mut [f64], c: &mut (T, T)) {
        self.0.measured(cx, sums, scalars, &mut c.0);
    }
}

pub(crate) fn lamb<T: Real>(o: &Options) -> Vec<Link<T>> {
    let [beta1, beta2, eps, weight_decay] = ["beta1", "beta2", "eps", "weight_decay"].map(|key| o.number(key));
    let adam = ScaleByAdam { beta1, beta2, eps, eps_root: 0.0 };
    let ratio = TrustRatio { coefficient: 1.0, l2: 0.0, eps: 0.0 };
    vec![Link::stage((adam, AddDecay { weight_decay })), Link::stage(ratio)]
}

pub(crate) fn trust_ratio<T: Real>(o: &Options) -> Vec<Link<T>> {
    vec![Link::stage(TrustRatio { coefficient: o.number("coefficient"), l2: 0.0, eps: o.number("eps") })]
}
