//! RAdam: Adam whose early steps are plain momentum until the variance of its second moment is bounded.
//!
//! ρ∞ = 2/(1−β₂) − 1,   ρₜ = ρ∞ − 2tβ₂ᵗ/(1−β₂ᵗ);
//! ρₜ > 5:  u = m̂ · r · √(1−β₂ᵗ)/(√v + ε),  r² = (ρₜ−4)(ρₜ−2)ρ∞ / ((ρ∞−4)(ρ∞−2)ρₜ);   else  u = m̂
//!
//! Liu et al., 2020, arXiv:1908.03265; ε before the bias correction and the bound 5 as in PyTorch (the paper: 4).

use steepest_core::Real;

use super::{power, with_l2};
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, LANES, Lanes, SlotSpec, Stage, StepCx, first, second},
};

/// RAdam's update of u.
#[derive(Debug, Clone, Copy)]
pub struct ScaleByRadam {
    /// β₁, in \[0, 1).
    pub beta1: f64,
    /// β₂, in \[0, 1).
    pub beta2: f64,
    /// ε beside √v.
    pub eps: f64,
}

impl<T: Real> Stage<T> for ScaleByRadam {
    type Slots = [Lanes<T>; 2];
    /// 1 − β₁, β₂, 1 − β₂, ε, the weights of m/(√v + ε) and of m.
    type Coefs = [T; 6];
    const SLOTS: &'static [SlotSpec] = &[first("radam.m"), second("radam.v")];

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> [T; 6] {
        let t = cx.step + 1;
        let beta2_t = power(self.beta2, t);
        let correct1 = 1.0 / (1.0 - power(self.beta1, t));
        let rho_inf = 2.0 / (1.0 - self.beta2) - 1.0;
        let rho = rho_inf - 2.0 * t as f64 * beta2_t / (1.0 - beta2_t);
        let rectified = rho > 5.0;
        let r = ((rho - 4.0) * (rho - 2.0) * rho_inf / ((rho_inf - 4.0) * (rho_inf - 2.0) * rho)).max(0.0).sqrt();
        let (adaptive, plain) = if rectified { (correct1 * r * (1.0 - beta2_t).sqrt(), 0.0) } else { (0.0, correct1) };
        [1.0 - self.beta1, self.beta2, 1.0 - self.beta2, self.eps, adaptive, plain].map(T::from_f64)
    }

    #[inline(always)]
    fn lanes(c: &[T; 6], u: &mut Lanes<T>, _: At<'_, T>, [m, v]: &mut [Lanes<T>; 2]) {
        for k in 0..LANES {
            let g = u[k];
            m[k] += (g - m[k]) * c[0];
            v[k] = c[1] * v[k] + c[2] * g * g;
            // 0/0 of an untouched coordinate with ε = 0 must not enter while the step is plain.
            let root = if c[4] == T::ZERO { T::ONE } else { v[k].sqrt() + c[3] };
            u[k] = c[4] * m[k] / root + c[5] * m[k];
        }
    }
}

/// `radam`
pub const RADAM: Entry = Entry {
    name: "radam",
    kind: Kind::Optimizer,
    title: "RAdam: rectified Adam",
    equation: "ρₜ > 5: u = r m̂ √(1−β₂ᵗ)/(√v + ε), else u = m̂; x ← x − ηu",
    options: &[
        OptionSpec::below_one("beta1", 0.9, "β₁"),
        OptionSpec::below_one("beta2", 0.999, "β₂"),
        OptionSpec::non_negative("eps", 1e-8, "ε beside √v"),
        OptionSpec::non_negative("l2", 0.0, "λ of the penalty ½λ‖x‖² (PyTorch's weight_decay)"),
    ],
    positional: &["lr"],
    slots: 2,
    lr: Some(1e-3),
    source: "Liu et al., 2020, arXiv:1908.03265",
};

pub(crate) fn radam<T: Real>(o: &Options) -> Vec<Link<T>> {
    with_l2(o, ScaleByRadam { beta1: o.number("beta1"), beta2: o.number("beta2"), eps: o.number("eps") })
}
