//! Cautious updates: only the coordinates in which the update agrees with the gradient move.
//!
//! u ← u·[u·g > 0]·n/max(count, n/1000), n elements of the tensor, count of them kept
//!
//! Liang et al., 2024, arXiv:2411.16085. In a chain behind the rule and before the decay: `adam | cautious | weight_decay:0.1`.

use steepest_core::Real;

use super::clip::scale;
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind},
    stage::{At, Cut, LANES, Lanes, Stage, StepCx},
};

/// u ← u where u·g > 0, else 0.
#[derive(Debug, Clone, Copy)]
pub struct MaskDisagreement;

impl<T: Real> Stage<T> for MaskDisagreement {
    type Slots = ();
    type Coefs = ();
    const USES_GRADIENT: bool = true;

    fn prepare(&mut self, _: &StepCx<'_>, _: &mut [f64]) {}

    #[inline(always)]
    fn lanes(_: &(), u: &mut Lanes<T>, at: At<'_, T>, (): &mut ()) {
        for k in 0..LANES {
            // By signs, since the product of small numbers can underflow. NaN stays NaN.
            let disagrees = u[k].sign() * at.g[k].sign() <= T::ZERO;
            u[k] = if disagrees { T::ZERO } else { u[k] };
        }
    }
}

/// u ← u·n/max(number of nonzeros, n/1000), tensor by tensor.
#[derive(Debug, Clone, Copy)]
pub struct RescaleByNonzeros;

impl<T: Real> Stage<T> for RescaleByNonzeros {
    type Slots = ();
    type Coefs = T;
    const CUT: Cut = Cut::Segment;
    const SUMS: usize = 1;

    fn prepare(&mut self, _: &StepCx<'_>, _: &mut [f64]) -> T {
        T::ONE
    }

    #[inline(always)]
    fn lanes(c: &T, u: &mut Lanes<T>, _: At<'_, T>, (): &mut ()) {
        scale(*c, u);
    }

    #[inline(always)]
    fn measure(_: &T, u: &Lanes<T>, _: At<'_, T>, (): &(), sums: &mut [Lanes<f64>]) {
        for k in 0..LANES {
            sums[0][k] += if u[k] == T::ZERO { 0.0 } else { 1.0 };
        }
    }

    fn measured(&mut self, cx: &StepCx<'_>, sums: &[f64], _: &mut [f64], c: &mut T) {
        let n = cx.len as f64;
        *c = T::from_f64(n / sums[0].max(1e-3 * n));
    }
}

/// `cautious` in a chain
pub const CAUTIOUS: Entry = Entry {
    name: "cautious",
    kind: Kind::Stage,
    title: "Cautious mask: only coordinates in which update and gradient agree move",
    equation: "u ← u·[u·g > 0]·n/max(count, n/1000)",
    options: &[],
    positional: &[],
    slots: 0,
    lr: None,
    source: "Liang et al., 2024, arXiv:2411.16085",
};

pub(crate) fn cautious<T: Real>(_: &Options) -> Vec<Link<T>> {
    vec![Link::stage(MaskDisagreement), Link::stage(RescaleByNonzeros)]
}
