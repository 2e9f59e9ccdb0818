//! DoG: the learning rate is the distance travelled over the root of the squared gradients met.
//!
//! r̄ ← max(r̄, ‖x − x₀‖),   G ← G + ‖g‖²,   u = g·r̄/√G,   r̄ starts at ε(1 + ‖x₀‖)
//!
//! Ivgi, Hinder and Carmon, 2023, arXiv:2302.12022; to be used with an average of the points. η multiplies u and is 1.

use steepest_core::Real;

use super::clip::{add_squares, scale};
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, Cut, LANES, Lanes, SlotSpec, Stage, StepCx, exact},
};

/// u ← u·r̄/√G.
#[derive(Debug, Clone, Copy)]
pub struct ScaleByDog {
    /// ε, the first distance relative to 1 + ‖x₀‖.
    pub eps: f64,
}

impl<T: Real> Stage<T> for ScaleByDog {
    type Slots = [Lanes<T>; 1];
    /// The rate, and whether this is the first step.
    type Coefs = (T, bool);
    const SLOTS: &'static [SlotSpec] = &[exact("dog.x0")];
    const SCALARS: &'static [(&'static str, f64)] = &[("dog.distance", 0.0), ("dog.squares", 0.0)];
    const CUT: Cut = Cut::Global;
    const SUMS: usize = 2;

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> (T, bool) {
        (T::ZERO, cx.step == 0)
    }

    #[inline(always)]
    fn lanes(c: &(T, bool), u: &mut Lanes<T>, at: At<'_, T>, [x0]: &mut [Lanes<T>; 1]) {
        for k in 0..LANES {
            x0[k] = if c.1 { at.x[k] } else { x0[k] };
        }
        scale(c.0, u);
    }

    /// ‖g‖², and ‖x − x₀‖² (‖x₀‖² at the first step, when the slot is still 0).
    #[inline(always)]
    fn measure(_: &(T, bool), u: &Lanes<T>, at: At<'_, T>, [x0]: &[Lanes<T>; 1], sums: &mut [Lanes<f64>]) {
        add_squares(u, &mut sums[0]);
        for k in 0..LANES {
            let d = at.x[k].to_f64() - x0[k].to_f64();
            sums[1][k] += d * d;
        }
    }

    fn measured(&mut self, cx: &StepCx<'_>, sums: &[f64], state: &mut [f64], c: &mut (T, bool)) {
        let distance = sums[1].sqrt();
        state[0] = if cx.step == 0 { self.eps * (1.0 + distance) } else { state[0].max(distance) };
        state[1] += sums[0];
        c.0 = if state[1] > 0.0 { T::from_f64(state[0] / state[1].sqrt()) } else { T::ZERO };
    }
}

/// `dog`
pub const DOG: Entry = Entry {
    name: "dog",
    kind: Kind::Optimizer,
    title: "DoG: distance over gradients, no learning rate to tune",
    equation: "r̄ ← max(r̄, ‖x − x₀‖), G ← G + ‖g‖², x ← x − η·g·r̄/√G",
    options: &[
        OptionSpec::positive("eps", Some(1e-6), "the first distance relative to 1 + ‖x₀‖"),
        OptionSpec::non_negative("l2", 0.0, "λ of the penalty ½λ‖x‖²"),
    ],
    positional: &["lr"],
    slots: 1,
    lr: Some(1.0),
    source: "Ivgi, Hinder and Carmon, 2023, arXiv:2302.12022",
};

pub(crate) fn dog<T: Real>(o: &Options) -> Vec<Link<T>> {
    let dog = ScaleByDog { eps: o.number("eps") };
    match o.number("l2") {
        0.0 => vec![Link::stage(dog)],
        l2 => vec![Link::stage(super::AddL2 { l2 }), Link::stage(dog)],
    }
}
