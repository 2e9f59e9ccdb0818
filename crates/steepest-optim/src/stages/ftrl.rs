//! FTRL-Proximal: follow the regularized leader, with exact zeros under an L1 penalty.
//!
//! ```text
//! n₊ = n + g²,   z ← z + g − (√n₊ − √n)/η · x,   x ← 0 if |z| ≤ λ₁, else −(z − sign(z)λ₁)/((β + √n₊)/η + λ₂)
//! ```
//!
//! x minimizes the sum of all linearized losses, of quadratic terms around every past point, and of λ₁‖x‖₁ + ½λ₂‖x‖², which
//! counts once and not once a step. A coordinate whose gradient is 0 does not move. McMahan et al., 2013, "Ad click
//! prediction: a view from the trenches", KDD, doi:10.1145/2487575.2488200, algorithm 1; η is its α.
//!
//! Where x ≠ 0, z follows from x and n, and is taken from them: a run can begin anywhere (from 0 with z = 0, as in the paper), and a
//! learning rate that falls over the run changes what later gradients do and not the point itself.
//! Keras has no β in the paper's place by default, starts n at 0.1, and its `l2_regularization_strength` is half of our λ₂.

use steepest_core::Real;

use crate::{
    link::{Link, Place},
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, Idle, LANES, Lanes, SlotSpec, Stage, StepCx, exact},
};

/// x ← the minimizer, in terms of z and n.
#[derive(Debug, Clone, Copy)]
pub struct FollowTheLeader {
    /// β ≥ 0, in the step size η/(β + √n).
    pub beta: f64,
    /// λ₁ ≥ 0.
    pub l1: f64,
    /// λ₂ ≥ 0.
    pub l2: f64,
    /// n before the first step.
    pub initial_accumulator_value: f64,
}

/// What a block needs of FTRL-Proximal.
#[derive(Debug, Clone, Copy, Default)]
pub struct FtrlCoefs<T> {
    /// 1/η
    inverse_lr: T,
    beta: T,
    l1: T,
    l2: T,
    /// n before the first step; only then.
    start: T,
    first: bool,
}

impl<T: Real> Stage<T> for FollowTheLeader {
    type Slots = [Lanes<T>; 2];
    type Coefs = FtrlCoefs<T>;
    const SLOTS: &'static [SlotSpec] = &[exact("ftrl.z"), exact("ftrl.n")];

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> FtrlCoefs<T> {
        FtrlCoefs {
            inverse_lr: T::from_f64(1.0 / cx.lr),
            beta: T::from_f64(self.beta),
            l1: T::from_f64(self.l1 * cx.group.decay_factor),
            l2: T::from_f64(self.l2 * cx.group.decay_factor),
            start: T::from_f64(self.initial_accumulator_value),
            first: cx.step == 0,
        }
    }

    fn idle(&self) -> Idle {
        Idle::Rests
    }

    #[inline(always)]
    fn lanes(c: &FtrlCoefs<T>, u: &mut Lanes<T>, at: At<'_, T>, [z, n]: &mut [Lanes<T>; 2]) {
        for k in 0..LANES {
            let (g, x) = (u[k], at.x[k]);
            let old_n = if c.first { c.start } else { n[k] };
            let old_root = old_n.sqrt();
            // The z whose minimizer is x.
            let of_x = -(x * ((c.beta + old_root) * c.inverse_lr + c.l2) + if x > T::ZERO { c.l1 } else { -c.l1 });
            let old_z = if x == T::ZERO { z[k] } else { of_x };
            n[k] = old_n + g * g;
            let root = n[k].sqrt();
            // A parameter that rests keeps its z, so that sparse steps need not visit it; x says what z was when it moves again.
            z[k] = if g == T::ZERO { z[k] } else { old_z + (g - (root - old_root) * c.inverse_lr * x) };
            // z − sign(z)λ₁, or 0 inside of ±λ₁.
            let shrunk = if z[k] > c.l1 {
                z[k] - c.l1
            } else if z[k] < -c.l1 {
                z[k] + c.l1
            } else {
                T::ZERO
            };
            let curvature = (c.beta + root) * c.inverse_lr + c.l2;
            // Without curvature there was no gradient yet, and nothing that could move x.
            let new = if curvature > T::ZERO { -shrunk / curvature } else { x };
            u[k] = if g == T::ZERO { T::ZERO } else { x - new };
        }
    }
}

/// `ftrl`
pub const FTRL: Entry = Entry {
    name: "ftrl",
    kind: Kind::Optimizer,
    title: "FTRL-Proximal: adaptive online learning with exact zeros",
    equation: "n ← n + g², z ← z + g − (√n₊ − √n)x/η, x ← −(z − clamp(z, ±λ₁))/((β + √n)/η + λ₂)",
    options: &[
        OptionSpec::non_negative("l1", 0.0, "λ₁ of λ₁‖x‖₁, once for the whole run; gives exact zeros"),
        OptionSpec::non_negative("l2", 0.0, "λ₂ of ½λ₂‖x‖², once for the whole run"),
        OptionSpec::non_negative("beta", 1.0, "β: the first steps are at most η/β times the gradient"),
        OptionSpec::non_negative("initial_accumulator_value", 0.0, "n before the first step"),
    ],
    positional: &["lr", "l1"],
    slots: 2,
    lr: Some(0.1),
    source: "McMahan et al., 2013, doi:10.1145/2487575.2488200",
};

pub(crate) fn ftrl<T: Real>(o: &Options) -> Vec<Link<T>> {
    let [beta, l1, l2, initial_accumulator_value] =
        ["beta", "l1", "l2", "initial_accumulator_value"].map(|key| o.number(key));
    vec![Link::new(FollowTheLeader { beta, l1, l2, initial_accumulator_value }, Place::Applies)]
}
