//! Prodigy: Adam that estimates the distance to the solution, and with it its learning rate.
//!
//! ```text
//! a = (d/d₀)·dηb,   b = √(1−β₂ᵗ)/(1−β₁ᵗ) or 1
//! r ← β₃r + a⟨g, x₀ − x⟩,   s ← β₃s + ag,   d ← max(d, c·r/‖s‖₁)
//! m ← β₁m + (1−β₁)dg,   v ← β₂v + (1−β₂)d²g²,   x ← x − ηdb(m/(√v + d₊ε) + λx)      β₃ = √β₂
//! ```
//!
//! d in the last two lines is the one before the step, d₊ the one after. Mishchenko and Defazio, 2023, arXiv:2306.06101,
//! algorithm 4, in the order of the authors' program. η is 1, or a schedule around 1.

use steepest_core::Real;

use super::power;
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, Cut, LANES, Lanes, SlotSpec, Stage, StepCx, exact, first, second},
};

/// Prodigy's update of u.
#[derive(Debug, Clone, Copy)]
pub struct ScaleByProdigy {
    /// β₁, in \[0, 1).
    pub beta1: f64,
    /// β₂, in \[0, 1).
    pub beta2: f64,
    /// ε outside the root, in units of d.
    pub eps: f64,
    /// λ.
    pub weight_decay: f64,
    /// d₀, the first estimate.
    pub d0: f64,
    /// c, what the estimate is multiplied by.
    pub d_coef: f64,
    /// Whether to correct the bias of the moments.
    pub bias_correction: bool,
}

/// What a block needs of Prodigy.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProdigyCoefs<T> {
    beta1: T,
    /// (1−β₁)d
    fresh1: T,
    beta2: T,
    /// (1−β₂)d²
    fresh2: T,
    beta3: T,
    /// a
    of_s: T,
    /// d₊ε
    eps: T,
    /// λ
    decay: T,
    /// db
    rate: T,
    /// a in 64 bits
    a: f64,
    first: bool,
}

impl<T: Real> Stage<T> for ScaleByProdigy {
    type Slots = [Lanes<T>; 4];
    type Coefs = ProdigyCoefs<T>;
    const SLOTS: &'static [SlotSpec] =
        &[first("prodigy.m"), second("prodigy.v"), exact("prodigy.s"), exact("prodigy.x0")];
    const SCALARS: &'static [(&'static str, f64)] = &[("prodigy.d", 0.0), ("prodigy.r", 0.0)];
    const CUT: Cut = Cut::Global;
    const SUMS: usize = 2;

    fn prepare(&mut self, cx: &StepCx<'_>, state: &mut [f64]) -> ProdigyCoefs<T> {
        if cx.step == 0 {
            state[0] = self.d0;
        }
        let (d, t) = (state[0], cx.step + 1);
        let bias =
            if self.bias_correction { (1.0 - power(self.beta2, t)).sqrt() / (1.0 - power(self.beta1, t)) } else { 1.0 };
        let a = d / self.d0 * d * cx.lr * bias;
        ProdigyCoefs {
            beta1: T::from_f64(self.beta1),
            fresh1: T::from_f64((1.0 - self.beta1) * d),
            beta2: T::from_f64(self.beta2),
            fresh2: T::from_f64((1.0 - self.beta2) * d * d),
            beta3: T::from_f64(self.beta2.sqrt()),
            of_s: T::from_f64(a),
            eps: T::from_f64(d * self.eps),
            decay: T::from_f64(self.weight_decay * cx.group.decay_factor),
            rate: T::from_f64(d * bias),
            a,
            first: cx.step == 0,
        }
    }

    #[inline(always)]
    fn lanes(c: &ProdigyCoefs<T>, u: &mut Lanes<T>, at: At<'_, T>, [m, v, s, x0]: &mut [Lanes<T>; 4]) {
        for k in 0..LANES {
            let g = u[k];
            x0[k] = if c.first { at.x[k] } else { x0[k] };
            m[k] = c.beta1 * m[k] + c.fresh1 * g;
            v[k] = c.beta2 * v[k] + c.fresh2 * g * g;
            s[k] = c.beta3 * s[k] + c.of_s * g;
            // An untouched coordinate with ε = 0 does not move.
            let moved = if m[k] == T::ZERO { T::ZERO } else { m[k] / (v[k].sqrt() + c.eps) };
            u[k] = c.rate * (moved + c.decay * at.x[k]);
        }
    }

    /// ⟨g, x₀ − x⟩ and ‖s‖₁ after the step.
    #[inline(always)]
    fn measure(
        c: &ProdigyCoefs<T>,
        u: &Lanes<T>,
        at: At<'_, T>,
        [_, _, s, x0]: &[Lanes<T>; 4],
        sums: &mut [Lanes<f64>],
    ) {
        for k in 0..LANES {
            let back = if c.first { 0.0 } else { x0[k].to_f64() - at.x[k].to_f64() };
            sums[0][k] += u[k].to_f64() * back;
            sums[1][k] += (c.beta3 * s[k] + c.of_s * u[k]).abs().to_f64();
        }
    }

    fn measured(&mut self, _: &StepCx<'_>, sums: &[f64], state: &mut [f64], c: &mut ProdigyCoefs<T>) {
        state[1] = self.beta2.sqrt() * state[1] + c.a * sums[0];
        if sums[1] > 0.0 && c.a > 0.0 {
            state[0] = state[0].max(self.d_coef * state[1] / sums[1]);
        }
        c.eps = T::from_f64(state[0] * self.eps);
    }
}

/// `prodigy`
pub const PRODIGY: Entry = Entry {
    name: "prodigy",
    kind: Kind::Optimizer,
    title: "Prodigy: Adam without a learning rate to tune",
    equation: "d ← max(d, c·r/‖s‖₁), x ← x − ηd(m/(√v + dε) + λx)",
    options: &[
        OptionSpec::below_one("beta1", 0.9, "β₁"),
        OptionSpec::below_one("beta2", 0.999, "β₂"),
        OptionSpec::non_negative("eps", 1e-8, "ε outside the root, in units of d"),
        OptionSpec::non_negative("weight_decay", 0.0, "λ"),
        OptionSpec::positive("d0", Some(1e-6), "the first estimate of the distance"),
        OptionSpec::positive("d_coef", Some(1.0), "c, what the estimate is multiplied by"),
        OptionSpec::flag("bias_correction", false, "correct the bias of the moments"),
    ],
    positional: &["lr"],
    slots: 4,
    lr: Some(1.0),
    source: "Mishchenko and Defazio, 2023, arXiv:2306.06101",
};

pub(crate) fn prodigy<T: Real>(o: &Options) -> Vec<Link<T>> {
    let [beta1, beta2, eps, weight_decay, d0, d_coef] =
        ["beta1", "beta2", "eps", "weight_decay", "d0", "d_coef"].map(|key| o.number(key));
    let bias_correction = o.flag("bias_correction");
    vec![Link::stage(ScaleByProdigy { beta1, beta2, eps, weight_decay, d0, d_coef, bias_correction })]
}
