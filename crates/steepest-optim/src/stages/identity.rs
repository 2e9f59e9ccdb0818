//! The stage that changes nothing: plain gradient descent, and the end of chains whose last link needs a pass behind it.

use steepest_core::Real;

use crate::stage::{At, Idle, Lanes, Stage, StepCx};

/// u = g.
#[derive(Debug, Clone, Copy, Default)]
pub struct Identity;

impl<T: Real> Stage<T> for Identity {
    type Slots = ();
    type Coefs = ();

    fn prepare(&mut self, _: &StepCx<'_>, _: &mut [f64]) {}

    fn idle(&self) -> Idle {
        Idle::Passes
    }

    #[inline(always)]
    fn lanes(_: &(), _: &mut Lanes<T>, _: At<'_, T>, (): &mut ()) {}
}
