//! AdEMAMix: Adam with a second, much slower average of gradients.
//!
//! m ← β₁m + (1−β₁)g,   s ← β₃s + (1−β₃)g,   v ← β₂v + (1−β₂)g²,   x ← x − η((m̂ + αs)/(√v̂ + ε) + λx)
//!
//! With `warmup` = T, αₜ = min(tα/T, α) and β₃ grows so that the half-life of s does so linearly:
//! β₃ₜ = min(exp(ln β₁ ln β₃ / ((1−t/T) ln β₃ + (t/T) ln β₁)), β₃). Pagliardini, Ablin and Grangier, 2024,
//! arXiv:2409.03137, algorithm 1.

use steepest_core::Real;

use super::{AddDecay, power};
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, LANES, Lanes, SlotSpec, Stage, StepCx, first, second},
};

/// u ← (m̂ + αs)/(√v̂ + ε).
#[derive(Debug, Clone, Copy)]
pub struct ScaleByAdemamix {
    /// β₁, β₂, β₃, in \[0, 1).
    pub betas: [f64; 3],
    /// α, the weight of the slow average.
    pub alpha: f64,
    /// ε outside the root.
    pub eps: f64,
    /// T, steps until α and β₃ have their values; 0: from the start.
    pub warmup: f64,
}

impl ScaleByAdemamix {
    /// αₜ and β₃ₜ.
    fn slow(&self, t: u64) -> (f64, f64) {
        let [beta1, _, beta3] = self.betas;
        let part = t as f64 / self.warmup;
        if self.warmup == 0.0 || part >= 1.0 {
            return (self.alpha, beta3);
        }
        let (fast, slow) = (beta1.ln(), beta3.ln());
        let beta = (fast * slow / ((1.0 - part) * slow + part * fast)).exp();
        (part * self.alpha, if beta.is_finite() { beta.min(beta3) } else { beta3 })
    }
}

impl<T: Real> Stage<T> for ScaleByAdemamix {
    type Slots = [Lanes<T>; 3];
    /// β₁, 1−β₁, β₂, 1−β₂, β₃, 1−β₃, 1/(1−β₁ᵗ), 1/(1−β₂ᵗ), α, ε.
    type Coefs = [T; 10];
    const SLOTS: &'static [SlotSpec] = &[first("ademamix.m"), first("ademamix.s"), second("ademamix.v")];

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> [T; 10] {
        let t = cx.step + 1;
        let [b1, b2, _] = self.betas;
        let (alpha, b3) = self.slow(t);
        let (correct1, correct2) = (1.0 / (1.0 - power(b1, t)), 1.0 / (1.0 - power(b2, t)));
        [b1, 1.0 - b1, b2, 1.0 - b2, b3, 1.0 - b3, correct1, correct2, alpha, self.eps].map(T::from_f64)
    }

    #[inline(always)]
    fn lanes(c: &[T; 10], u: &mut Lanes<T>, _: At<'_, T>, [m, s, v]: &mut [Lanes<T>; 3]) {
        for k in 0..LANES {
            let g = u[k];
            m[k] = c[0] * m[k] + c[1] * g;
            v[k] = c[2] * v[k] + c[3] * g * g;
            s[k] = c[4] * s[k] + c[5] * g;
            u[k] = (m[k] * c[6] + c[8] * s[k]) / ((v[k] * c[7]).sqrt() + c[9]);
        }
    }
}

/// `ademamix`
pub const ADEMAMIX: Entry = Entry {
    name: "ademamix",
    kind: Kind::Optimizer,
    title: "AdEMAMix: Adam with a fast and a slow average",
    equation: "x ← x − η((m̂ + αs)/(√v̂ + ε) + λx), s the slow average of gradients",
    options: &[
        OptionSpec::below_one("beta1", 0.9, "β₁, of the fast average"),
        OptionSpec::below_one("beta2", 0.999, "β₂, of the squares"),
        OptionSpec::below_one("beta3", 0.9999, "β₃, of the slow average"),
        OptionSpec::non_negative("alpha", 5.0, "α, weight of the slow average"),
        OptionSpec::non_negative("warmup", 0.0, "steps until α and β₃ are reached"),
        OptionSpec::non_negative("eps", 1e-8, "ε outside the root"),
        OptionSpec::non_negative("weight_decay", 0.0, "λ"),
    ],
    positional: &["lr"],
    slots: 3,
    lr: Some(1e-3),
    source: "Pagliardini, Ablin and Grangier, 2024, arXiv:2409.03137",
};

pub(crate) fn ademamix<T: Real>(o: &Options) -> Vec<Link<T>> {
    let betas = ["beta1", "beta2", "beta3"].map(|key| o.number(key));
    let stage = ScaleByAdemamix { betas, alpha: o.number("alpha"), eps: o.number("eps"), warmup: o.number("warmup") };
    vec![Link::stage((stage, AddDecay { weight_decay: o.number("weight_decay") }))]
}
