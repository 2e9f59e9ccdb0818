//! NAdam: Adam with Nesterov's look-ahead and a warmed-up momentum.
//!
//! μₜ = β₁(1 − ½·0.96^{tψ}),   m, v as in Adam,   v̂ = v/(1−β₂ᵗ)
//! u = [ (1−μₜ)/(1−Πμ) · g + μₜ₊₁/(1−Πμ·μₜ₊₁) · m ] / (√v̂ + ε)
//!
//! Dozat, 2016, "Incorporating Nesterov momentum into Adam", ICLR workshop; ψ = `momentum_decay` as in PyTorch.

use steepest_core::Real;

use super::{power, with_l2};
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, LANES, Lanes, SlotSpec, Stage, StepCx, first, second},
};

/// NAdam's update of u.
#[derive(Debug, Clone, Copy)]
pub struct ScaleByNadam {
    /// β₁, in \[0, 1).
    pub beta1: f64,
    /// β₂, in \[0, 1).
    pub beta2: f64,
    /// ε outside the root.
    pub eps: f64,
    /// ψ ≥ 0.
    pub momentum_decay: f64,
}

impl ScaleByNadam {
    fn mu(&self, t: u64) -> f64 {
        self.beta1 * (1.0 - 0.5 * 0.96f64.powf(t as f64 * self.momentum_decay))
    }
}

impl<T: Real> Stage<T> for ScaleByNadam {
    type Slots = [Lanes<T>; 2];
    /// 1 − β₁, β₂, 1 − β₂, 1/(1−β₂ᵗ), ε, and the weights of g and m.
    type Coefs = [T; 7];
    const SLOTS: &'static [SlotSpec] = &[first("nadam.m"), second("nadam.v")];
    const SCALARS: &'static [(&'static str, f64)] = &[("nadam.mu_product", 1.0)];

    fn prepare(&mut self, cx: &StepCx<'_>, product: &mut [f64]) -> [T; 7] {
        let t = cx.step + 1;
        let (mu, next) = (self.mu(t), self.mu(t + 1));
        product[0] *= mu;
        let of_g = (1.0 - mu) / (1.0 - product[0]);
        let of_m = next / (1.0 - product[0] * next);
        let correct2 = 1.0 / (1.0 - power(self.beta2, t));
        [1.0 - self.beta1, self.beta2, 1.0 - self.beta2, correct2, self.eps, of_g, of_m].map(T::from_f64)
    }

    #[inline(always)]
    fn lanes(c: &[T; 7], u: &mut Lanes<T>, _: At<'_, T>, [m, v]: &mut [Lanes<T>; 2]) {
        for k in 0..LANES {
            let g = u[k];
            m[k] += (g - m[k]) * c[0];
            v[k] = c[1] * v[k] + c[2] * g * g;
            u[k] = (c[5] * g + c[6] * m[k]) / ((v[k] * c[3]).sqrt() + c[4]);
        }
    }
}

/// `nadam`
pub const NADAM: Entry = Entry {
    name: "nadam",
    kind: Kind::Optimizer,
    title: "NAdam: Adam with Nesterov's look-ahead",
    equation: "μₜ = β₁(1 − ½·0.96^{tψ}), u = [(1−μₜ)/(1−Πμ) g + μₜ₊₁/(1−Πμ·μₜ₊₁) m]/(√v̂ + ε), x ← x − ηu",
    options: &[
        OptionSpec::below_one("beta1", 0.9, "β₁"),
        OptionSpec::below_one("beta2", 0.999, "β₂"),
        OptionSpec::non_negative("eps", 1e-8, "ε outside the root"),
        OptionSpec::non_negative("momentum_decay", 4e-3, "ψ"),
        OptionSpec::non_negative("l2", 0.0, "λ of the penalty ½λ‖x‖² (PyTorch's weight_decay)"),
    ],
    positional: &["lr"],
    slots: 2,
    lr: Some(2e-3),
    source: "Dozat, 2016, ICLR workshop, openreview OM0jvwB8jIp57ZJjtNEZ",
};

pub(crate) fn nadam<T: Real>(o: &Options) -> Vec<Link<T>> {
    let [beta1, beta2, eps, momentum_decay] = ["beta1", "beta2", "eps", "momentum_decay"].map(|k| o.number(k));
    with_l2(o, ScaleByNadam { beta1, beta2, eps, momentum_decay })
}
