//! D-Adaptation: descent and Adam that estimate the distance to the solution, and with it their learning rate.
//!
//! ```text
//! dadapt_sgd   λ = dη/‖g₀‖,   r ← r + λ⟨g, s⟩,   s ← s + λg,   d ← max(d, min(2r/‖s‖, ρd)),   x ← μx + (1−μ)(x₀ − s)
//! dadapt_adam  λ = dηb,   r ← √β₂r + (1−√β₂)λ⟨g, s/(√v + ε)⟩,   s ← √β₂s + (1−√β₂)λg,   m ← β₁m + (1−β₁)λg,
//!              v ← β₂v + (1−β₂)g²,   d ← max(d, min(r/((1−√β₂)‖s‖₁), ρd)),   x ← x − m/(√v + ε) − wλx
//! ```
//!
//! λ holds the d before the step, b is 1 or √(1−β₂ᵗ)/(1−β₁ᵗ). Defazio and Mishchenko, 2023, arXiv:2301.07733, algorithms 4 and
//! 5, in the order of the authors' program (`dadaptation` 3.2). η is 1, or a schedule around 1.

use steepest_core::Real;

use super::power;
use crate::{
    link::{Link, Place},
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, Cut, LANES, Lanes, SlotSpec, Stage, StepCx, exact, first, second},
};

/// D-Adaptation for gradient descent with momentum.
#[derive(Debug, Clone, Copy)]
pub struct DAdaptSgd {
    /// μ, in \[0, 1).
    pub momentum: f64,
    /// λ of the penalty ½λ‖x‖².
    pub l2: f64,
    /// d₀, the first estimate.
    pub d0: f64,
    /// ρ, the most by which the estimate may grow in a step.
    pub growth_rate: f64,
}

/// What a block needs of D-Adaptation for descent.
#[derive(Debug, Clone, Copy, Default)]
pub struct DAdaptSgdCoefs<T> {
    /// λ; known when the first gradient's norm is.
    step: T,
    /// 1 − μ.
    fresh: T,
    l2: T,
    first: bool,
}

impl<T: Real> Stage<T> for DAdaptSgd {
    type Slots = [Lanes<T>; 2];
    type Coefs = DAdaptSgdCoefs<T>;
    const SLOTS: &'static [SlotSpec] = &[exact("dadapt.s"), exact("dadapt.x0")];
    const SCALARS: &'static [(&'static str, f64)] = &[("dadapt.d", 0.0), ("dadapt.r", 0.0), ("dadapt.g0_norm", 0.0)];
    const CUT: Cut = Cut::Global;
    const SUMS: usize = 3;

    fn prepare(&mut self, cx: &StepCx<'_>, state: &mut [f64]) -> DAdaptSgdCoefs<T> {
        if cx.step == 0 {
            state[0] = self.d0;
        }
        DAdaptSgdCoefs {
            step: T::ZERO,
            fresh: T::from_f64(1.0 - self.momentum),
            l2: T::from_f64(self.l2 * cx.group.decay_factor),
            first: cx.step == 0,
        }
    }

    #[inline(always)]
    fn lanes(c: &DAdaptSgdCoefs<T>, u: &mut Lanes<T>, at: At<'_, T>, [s, x0]: &mut [Lanes<T>; 2]) {
        for k in 0..LANES {
            let x = at.x[k];
            x0[k] = if c.first { x } else { x0[k] };
            s[k] += c.step * (u[k] + c.l2 * x);
            u[k] = c.fresh * (x - (x0[k] - s[k]));
        }
    }

    /// ⟨g, s⟩, ‖s‖², ‖g‖².
    #[inline(always)]
    fn measure(c: &DAdaptSgdCoefs<T>, u: &Lanes<T>, at: At<'_, T>, [s, _]: &[Lanes<T>; 2], sums: &mut [Lanes<f64>]) {
        for k in 0..LANES {
            let (g, s) = ((u[k] + c.l2 * at.x[k]).to_f64(), s[k].to_f64());
            sums[0][k] += g * s;
            sums[1][k] += s * s;
            sums[2][k] += g * g;
        }
    }

    fn measured(&mut self, cx: &StepCx<'_>, sums: &[f64], state: &mut [f64], c: &mut DAdaptSgdCoefs<T>) {
        if state[2] == 0.0 {
            // The norm of the first gradient that is not 0.
            state[2] = sums[2].sqrt();
        }
        let step = if state[2] > 0.0 { state[0] * cx.lr / state[2] } else { 0.0 };
        c.step = T::from_f64(step);
        state[1] += step * sums[0];
        let size = (sums[1] + 2.0 * step * sums[0] + step * step * sums[2]).max(0.0).sqrt();
        if size > 0.0 && cx.lr > 0.0 {
            state[0] = state[0].max((2.0 * state[1] / size).min(state[0] * self.growth_rate));
        }
    }
}

/// D-Adaptation for Adam.
#[derive(Debug, Clone, Copy)]
pub struct DAdaptAdam {
    /// β₁, in \[0, 1).
    pub beta1: f64,
    /// β₂, in \[0, 1).
    pub beta2: f64,
    /// ε outside the root.
    pub eps: f64,
    /// w, decoupled decay.
    pub weight_decay: f64,
    /// d₀, the first estimate.
    pub d0: f64,
    /// ρ, the most by which the estimate may grow in a step.
    pub growth_rate: f64,
    /// Whether to correct the bias of the moments.
    pub bias_correction: bool,
}

/// What a block needs of D-Adaptation for Adam.
#[derive(Debug, Clone, Copy, Default)]
pub struct DAdaptAdamCoefs<T> {
    beta1: T,
    /// (1−β₁)λ
    fresh1: T,
    beta2: T,
    fresh2: T,
    /// √β₂
    root: T,
    /// (1−√β₂)λ
    of_s: T,
    eps: T,
    /// wλ
    decay: T,
    /// λ in 64 bits
    step: f64,
}

impl<T: Real> Stage<T> for DAdaptAdam {
    type Slots = [Lanes<T>; 3];
    type Coefs = DAdaptAdamCoefs<T>;
    const SLOTS: &'static [SlotSpec] = &[first("dadapt.m"), second("dadapt.v"), exact("dadapt.s")];
    const SCALARS: &'static [(&'static str, f64)] = &[("dadapt.d", 0.0), ("dadapt.r", 0.0)];
    const CUT: Cut = Cut::Global;
    const SUMS: usize = 2;

    fn prepare(&mut self, cx: &StepCx<'_>, state: &mut [f64]) -> DAdaptAdamCoefs<T> {
        if cx.step == 0 {
            state[0] = self.d0;
        }
        let t = cx.step + 1;
        let bias =
            if self.bias_correction { (1.0 - power(self.beta2, t)).sqrt() / (1.0 - power(self.beta1, t)) } else { 1.0 };
        let step = state[0] * cx.lr * bias;
        let root = self.beta2.sqrt();
        DAdaptAdamCoefs {
            beta1: T::from_f64(self.beta1),
            fresh1: T::from_f64((1.0 - self.beta1) * step),
            beta2: T::from_f64(self.beta2),
            fresh2: T::from_f64(1.0 - self.beta2),
            root: T::from_f64(root),
            of_s: T::from_f64((1.0 - root) * step),
            eps: T::from_f64(self.eps),
            decay: T::from_f64(self.weight_decay * cx.group.decay_factor * step),
            step,
        }
    }

    #[inline(always)]
    fn lanes(c: &DAdaptAdamCoefs<T>, u: &mut Lanes<T>, at: At<'_, T>, [m, v, s]: &mut [Lanes<T>; 3]) {
        for k in 0..LANES {
            let g = u[k];
            m[k] = c.beta1 * m[k] + c.fresh1 * g;
            v[k] = c.beta2 * v[k] + c.fresh2 * g * g;
            s[k] = c.root * s[k] + c.of_s * g;
            // An untouched coordinate with ε = 0 does not move.
            let moved = if m[k] == T::ZERO { T::ZERO } else { m[k] / (v[k].sqrt() + c.eps) };
            u[k] = moved + c.decay * at.x[k];
        }
    }

    /// ⟨g, s/(√v + ε)⟩ before the step, ‖s‖₁ after it.
    #[inline(always)]
    fn measure(c: &DAdaptAdamCoefs<T>, u: &Lanes<T>, _: At<'_, T>, [_, v, s]: &[Lanes<T>; 3], sums: &mut [Lanes<f64>]) {
        for k in 0..LANES {
            let scaled = if s[k] == T::ZERO { T::ZERO } else { s[k] / (v[k].sqrt() + c.eps) };
            sums[0][k] += u[k].to_f64() * scaled.to_f64();
            sums[1][k] += (c.root * s[k] + c.of_s * u[k]).abs().to_f64();
        }
    }

    fn measured(&mut self, cx: &StepCx<'_>, sums: &[f64], state: &mut [f64], c: &mut DAdaptAdamCoefs<T>) {
        let root = self.beta2.sqrt();
        state[1] = root * state[1] + (1.0 - root) * c.step * sums[0];
        if sums[1] > 0.0 && cx.lr > 0.0 {
            let estimate = state[1] / ((1.0 - root) * sums[1]);
            state[0] = state[0].max(estimate.min(state[0] * self.growth_rate));
        }
    }
}

const SOURCE: &str = "Defazio and Mishchenko, 2023, arXiv:2301.07733";
const D0: OptionSpec = OptionSpec::positive("d0", Some(1e-6), "the first estimate of the distance");
/// As good as no bound.
const GROWTH: OptionSpec =
    OptionSpec::positive("growth_rate", Some(1e300), "ρ ≥ 1, the most by which the estimate may grow in a step");

/// `dadapt_sgd`
pub const DADAPT_SGD: Entry = Entry {
    name: "dadapt_sgd",
    kind: Kind::Optimizer,
    title: "D-Adaptation: gradient descent without a learning rate to tune",
    equation: "s ← s + dηg/‖g₀‖, d ← max(d, 2r/‖s‖), x ← μx + (1−μ)(x₀ − s)",
    options: &[
        OptionSpec::below_one("momentum", 0.9, "μ"),
        OptionSpec::non_negative("l2", 0.0, "λ of the penalty ½λ‖x‖²"),
        D0,
        GROWTH,
    ],
    positional: &["lr"],
    slots: 2,
    lr: Some(1.0),
    source: SOURCE,
};

/// `dadapt_adam`
pub const DADAPT_ADAM: Entry = Entry {
    name: "dadapt_adam",
    kind: Kind::Optimizer,
    title: "D-Adaptation: Adam without a learning rate to tune",
    equation: "m ← β₁m + (1−β₁)dηg, d ← max(d, r/((1−√β₂)‖s‖₁)), x ← x − m/(√v + ε) − dηλx",
    options: &[
        OptionSpec::below_one("beta1", 0.9, "β₁"),
        OptionSpec::below_one("beta2", 0.999, "β₂"),
        OptionSpec::non_negative("eps", 1e-8, "ε outside the root"),
        OptionSpec::non_negative("weight_decay", 0.0, "λ"),
        D0,
        GROWTH,
        OptionSpec::flag("bias_correction", false, "correct the bias of the moments"),
    ],
    positional: &["lr"],
    slots: 3,
    lr: Some(1.0),
    source: SOURCE,
};

pub(crate) fn dadapt_sgd<T: Real>(o: &Options) -> Vec<Link<T>> {
    let [momentum, l2, d0, growth_rate] = ["momentum", "l2", "d0", "growth_rate"].map(|key| o.number(key));
    vec![Link::new(DAdaptSgd { momentum, l2, d0, growth_rate }, Place::Applies)]
}

pub(crate) fn dadapt_adam<T: Real>(o: &Options) -> Vec<Link<T>> {
    let [beta1, beta2, eps, weight_decay, d0, growth_rate] =
        ["beta1", "beta2", "eps", "weight_decay", "d0", "growth_rate"].map(|key| o.number(key));
    let bias_correction = o.flag("bias_correction");
    let rule = DAdaptAdam { beta1, beta2, eps, weight_decay, d0, growth_rate, bias_correction };
    vec![Link::new(rule, Place::Applies)]
}
