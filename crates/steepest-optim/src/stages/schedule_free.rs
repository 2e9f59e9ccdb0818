//! Schedule-Free: an average takes the place of the schedule.
//!
//! ```text
//! z ← z − ηu,   x ← (1−c)x + cz,   c = w/Σw,  w = (max η)^p·(k+1)^r,   y = (1−β)z + βx
//! ```
//!
//! u is the (scaled) gradient at y. The parameters hold y; the point to evaluate is x = y + (1 − 1/β)(z − y), so that only z
//! is kept. Defazio et al., 2024, arXiv:2405.15682; the weights as in the authors' program.

use steepest_core::Real;

use super::{AddDecay, AddL2, power};
use crate::{
    link::{Link, Place},
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, LANES, Lanes, SlotSpec, Stage, StepCx, exact, second},
};

/// The three sequences around an update.
#[derive(Debug, Clone, Copy)]
pub struct ScheduleFree {
    /// β, in (0, 1).
    pub beta: f64,
    /// r.
    pub r: f64,
    /// p.
    pub weight_lr_power: f64,
}

/// What a block needs of Schedule-Free.
#[derive(Debug, Clone, Copy, Default)]
pub struct ScheduleFreeCoefs<T> {
    /// c.
    mix: T,
    /// η(1 − β(1 − c)), by which y moves against u.
    y_step: T,
    lr: T,
    /// 1 − 1/β.
    to_x: T,
    first: bool,
}

impl<T: Real> Stage<T> for ScheduleFree {
    type Slots = [Lanes<T>; 1];
    type Coefs = ScheduleFreeCoefs<T>;
    const SLOTS: &'static [SlotSpec] = &[exact("schedule_free.z")];
    const SCALARS: &'static [(&'static str, f64)] = &[("schedule_free.weight_sum", 0.0), ("schedule_free.lr_max", 0.0)];
    const AVERAGES: bool = true;

    fn prepare(&mut self, cx: &StepCx<'_>, scalars: &mut [f64]) -> ScheduleFreeCoefs<T> {
        scalars[1] = scalars[1].max(cx.lr);
        let weight = ((cx.step + 1) as f64).powf(self.r) * scalars[1].powf(self.weight_lr_power);
        scalars[0] += weight;
        let mix = if scalars[0] > 0.0 { weight / scalars[0] } else { 0.0 };
        ScheduleFreeCoefs {
            mix: T::from_f64(mix),
            y_step: T::from_f64(cx.lr * (1.0 - self.beta * (1.0 - mix))),
            lr: T::from_f64(cx.lr),
            to_x: T::from_f64(1.0 - 1.0 / self.beta),
            first: cx.step == 0,
        }
    }

    #[inline(always)]
    fn lanes(c: &ScheduleFreeCoefs<T>, u: &mut Lanes<T>, at: At<'_, T>, [z]: &mut [Lanes<T>; 1]) {
        for k in 0..LANES {
            let old = if c.first { at.x[k] } else { z[k] };
            z[k] = old - c.lr * u[k];
            // x − u is y after the step.
            u[k] = c.y_step * u[k] - (old - at.x[k]) * c.mix;
        }
    }

    #[inline(always)]
    fn evaluate(c: &ScheduleFreeCoefs<T>, y: &mut Lanes<T>, [z]: &[Lanes<T>; 1]) -> bool {
        for k in 0..LANES {
            y[k] += (z[k] - y[k]) * c.to_x;
        }
        true
    }
}

/// u ← u/(√v̂ + ε), Adam's second moment alone.
#[derive(Debug, Clone, Copy)]
pub struct ScaleBySecondMoment {
    /// β₂, in \[0, 1).
    pub beta2: f64,
    /// ε outside the root.
    pub eps: f64,
}

impl<T: Real> Stage<T> for ScaleBySecondMoment {
    type Slots = [Lanes<T>; 1];
    /// β₂, 1 − β₂, 1/(1−β₂ᵗ), ε.
    type Coefs = [T; 4];
    const SLOTS: &'static [SlotSpec] = &[second("schedule_free.v")];

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> [T; 4] {
        let correct = 1.0 / (1.0 - power(self.beta2, cx.step + 1));
        [self.beta2, 1.0 - self.beta2, correct, self.eps].map(T::from_f64)
    }

    #[inline(always)]
    fn lanes(c: &[T; 4], u: &mut Lanes<T>, _: At<'_, T>, [v]: &mut [Lanes<T>; 1]) {
        for k in 0..LANES {
            v[k] = c[0] * v[k] + c[1] * u[k] * u[k];
            u[k] /= (v[k] * c[2]).sqrt() + c[3];
        }
    }
}

const R: OptionSpec = OptionSpec::non_negative("r", 0.0, "r, weight of late steps");
const POWER: OptionSpec = OptionSpec::non_negative("weight_lr_power", 2.0, "p, weight of large rates");

/// `schedule_free_sgd`
pub const SCHEDULE_FREE_SGD: Entry = Entry {
    name: "schedule_free_sgd",
    kind: Kind::Optimizer,
    title: "Schedule-Free gradient descent",
    equation: "z ← z − ηg, x ← (1−c)x + cz, y = (1−β)z + βx",
    options: &[
        OptionSpec::below_one("momentum", 0.9, "β"),
        OptionSpec::non_negative("l2", 0.0, "λ of the penalty ½λ‖x‖²"),
        R,
        POWER,
    ],
    positional: &["lr"],
    slots: 1,
    lr: Some(1.0),
    source: "Defazio et al., 2024, arXiv:2405.15682",
};

/// `schedule_free_adamw`
pub const SCHEDULE_FREE_ADAMW: Entry = Entry {
    name: "schedule_free_adamw",
    kind: Kind::Optimizer,
    title: "Schedule-Free AdamW",
    equation: "z ← z − η(g/(√v̂ + ε) + λy), x ← (1−c)x + cz, y = (1−β₁)z + β₁x",
    options: &[
        OptionSpec::below_one("beta1", 0.9, "β₁"),
        OptionSpec::below_one("beta2", 0.999, "β₂"),
        OptionSpec::non_negative("eps", 1e-8, "ε outside the root"),
        OptionSpec::non_negative("weight_decay", 0.0, "λ"),
        R,
        POWER,
    ],
    positional: &["lr"],
    slots: 2,
    lr: Some(2.5e-3),
    source: "Defazio et al., 2024, arXiv:2405.15682",
};

/// β = 0 has no x to come back to from y; the smallest number does as well.
fn free(o: &Options, beta: &str) -> ScheduleFree {
    let beta = o.number(beta).max(f64::EPSILON);
    ScheduleFree { beta, r: o.number("r"), weight_lr_power: o.number("weight_lr_power") }
}

pub(crate) fn schedule_free_sgd<T: Real>(o: &Options) -> Vec<Link<T>> {
    vec![Link::new((AddL2 { l2: o.number("l2") }, free(o, "momentum")), Place::Applies)]
}

pub(crate) fn schedule_free_adamw<T: Real>(o: &Options) -> Vec<Link<T>> {
    let scale = ScaleBySecondMoment { beta2: o.number("beta2"), eps: o.number("eps") };
    let decay = AddDecay { weight_decay: o.number("weight_decay") };
    vec![Link::new((scale, (decay, free(o, "beta1"))), Place::Applies)]
}
