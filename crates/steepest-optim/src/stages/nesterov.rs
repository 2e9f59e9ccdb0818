//! Nesterov's accelerated gradient, with O(1/k²) on convex functions and adaptive restart.
//!
//! ```text
//! x₊ = y − ηg(y),   t₊ = (1 + √(1 + 4t²))/2,   y₊ = x₊ + (t − 1)/t₊ · (x₊ − x)
//! restart where ⟨g(y), x₊ − x⟩ > 0: t = 1, so that y₊ = x₊
//! ```
//!
//! The parameters hold y; the point to evaluate is x. For η ≤ 1/L, f(x_k) − f* ≤ 2‖x₀ − x*‖²/(η(k+1)²). Nesterov, 1983, Soviet
//! Mathematics Doklady 27:372; the t of Beck and Teboulle, 2009, doi:10.1137/080716542. Restart by the gradient makes it linear
//! on strongly convex functions whose μ is not known: O'Donoghue and Candès, 2015, doi:10.1007/s10208-013-9150-3. For sums
//! over batches the restart would follow the noise: switch it off there, or use `sgd:nesterov=true`.

use steepest_core::Real;

use crate::{
    link::{Link, Place},
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, Cut, LANES, Lanes, SlotSpec, Stage, StepCx, exact},
};

/// The accelerated sequence around an update.
#[derive(Debug, Clone, Copy)]
pub struct Accelerate {
    /// Whether to start anew where the momentum points uphill.
    pub restart: bool,
    /// λ of the penalty ½λ‖x‖².
    pub l2: f64,
}

/// What a block needs of Nesterov's method.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccelerateCoefs<T> {
    lr: T,
    l2: T,
    /// (t − 1)/t₊, or 0 at a restart.
    mix: T,
    first: bool,
}

fn next(t: f64) -> f64 {
    (1.0 + (1.0 + 4.0 * t * t).sqrt()) / 2.0
}

impl<T: Real> Stage<T> for Accelerate {
    type Slots = [Lanes<T>; 1];
    type Coefs = AccelerateCoefs<T>;
    const SLOTS: &'static [SlotSpec] = &[exact("nesterov.x")];
    const SCALARS: &'static [(&'static str, f64)] = &[("nesterov.t", 1.0)];
    const CUT: Cut = Cut::Global;
    const SUMS: usize = 1;
    const AVERAGES: bool = true;

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> AccelerateCoefs<T> {
        let l2 = T::from_f64(self.l2 * cx.group.decay_factor);
        AccelerateCoefs { lr: T::from_f64(cx.lr), l2, mix: T::ZERO, first: cx.step == 0 }
    }

    #[inline(always)]
    fn lanes(c: &AccelerateCoefs<T>, u: &mut Lanes<T>, at: At<'_, T>, [x]: &mut [Lanes<T>; 1]) {
        for k in 0..LANES {
            let y = at.x[k];
            let old = if c.first { y } else { x[k] };
            x[k] = y - c.lr * (u[k] + c.l2 * y);
            u[k] = y - (x[k] + c.mix * (x[k] - old));
        }
    }

    /// ⟨g, x₊ − x⟩.
    #[inline(always)]
    fn measure(c: &AccelerateCoefs<T>, u: &Lanes<T>, at: At<'_, T>, [x]: &[Lanes<T>; 1], sums: &mut [Lanes<f64>]) {
        for k in 0..LANES {
            let y = at.x[k];
            let old = if c.first { y } else { x[k] };
            let g = u[k] + c.l2 * y;
            sums[0][k] += g.to_f64() * ((y - c.lr * g) - old).to_f64();
        }
    }

    fn measured(&mut self, _: &StepCx<'_>, sums: &[f64], t: &mut [f64], c: &mut AccelerateCoefs<T>) {
        if self.restart && sums[0] > 0.0 {
            t[0] = 1.0;
        }
        let after = next(t[0]);
        c.mix = T::from_f64((t[0] - 1.0) / after);
        t[0] = after;
    }

    #[inline(always)]
    fn evaluate(_: &AccelerateCoefs<T>, y: &mut Lanes<T>, [x]: &[Lanes<T>; 1]) -> bool {
        *y = *x;
        true
    }
}

/// `nesterov`
pub const NESTEROV: Entry = Entry {
    name: "nesterov",
    kind: Kind::Optimizer,
    title: "Nesterov's accelerated gradient, O(1/k²), with adaptive restart",
    equation: "x₊ = y − ηg(y), y₊ = x₊ + (t − 1)/t₊·(x₊ − x); t = 1 where ⟨g, x₊ − x⟩ > 0",
    options: &[
        OptionSpec::flag("restart", true, "start anew where the momentum points uphill"),
        OptionSpec::non_negative("l2", 0.0, "λ of the penalty ½λ‖x‖²"),
    ],
    positional: &["lr"],
    slots: 1,
    lr: Some(1e-3),
    source: "Nesterov, 1983; O'Donoghue and Candès, 2015, doi:10.1007/s10208-013-9150-3",
};

pub(crate) fn nesterov<T: Real>(o: &Options) -> Vec<Link<T>> {
    vec![Link::new(Accelerate { restart: o.flag("restart"), l2: o.number("l2") }, Place::Applies)]
}
