//! Several stages as one: a pair of stages is a stage, and [`fuse`] nests longer tuples into pairs.
//!
//! What is fused is compiled into one loop: the update stays in registers from the first stage to the last.

use steepest_core::Real;

use crate::stage::{At, Curvature, Cut, Idle, Lanes, SlotSpec, Stage, StepCx, exact};

/// The largest number of slots or scalars in a compiled stage.
const MAX_NAMES: usize = 16;

/// Two lists behind one another, as a constant.
struct Joined<E: Copy + 'static> {
    names: [E; MAX_NAMES],
    len: usize,
}

impl<E: Copy> Joined<E> {
    const fn new(a: &[E], b: &[E], fill: E) -> Joined<E> {
        let mut names = [fill; MAX_NAMES];
        let mut i = 0;
        while i < a.len() {
            names[i] = a[i];
            i += 1;
        }
        while i < a.len() + b.len() {
            names[i] = b[i - a.len()];
            i += 1;
        }
        Joined { names, len: i }
    }

    const fn list(&'static self) -> &'static [E] {
        self.names.split_at(self.len).0
    }
}

/// Two stages in one pass. Only the first may cut.
impl<T: Real, A: Stage<T>, B: Stage<T>> Stage<T> for (A, B) {
    type Slots = (A::Slots, B::Slots);
    type Coefs = (A::Coefs, B::Coefs);

    const SLOTS: &'static [SlotSpec] = const { &Joined::new(A::SLOTS, B::SLOTS, exact("")) }.list();
    const SCALARS: &'static [(&'static str, f64)] = const { &Joined::new(A::SCALARS, B::SCALARS, ("", 0.0)) }.list();
    const CUT: Cut = {
        assert!(matches!(B::CUT, Cut::None), "a stage that needs sums must come first in its tuple");
        A::CUT
    };
    const SUMS: usize = A::SUMS;
    const AVERAGES: bool = A::AVERAGES || B::AVERAGES;
    const USES_GRADIENT: bool = A::USES_GRADIENT || B::USES_GRADIENT;

    fn prepare(&mut self, cx: &StepCx<'_>, scalars: &mut [f64]) -> Self::Coefs {
        let (a, b) = scalars.split_at_mut(A::SCALARS.len());
        (self.0.prepare(cx, a), self.1.prepare(cx, b))
    }

    #[inline(always)]
    fn lanes(c: &Self::Coefs, u: &mut Lanes<T>, at: At<'_, T>, s: &mut Self::Slots) {
        A::lanes(&c.0, u, at, &mut s.0);
        B::lanes(&c.1, u, at, &mut s.1);
    }

    #[inline(always)]
    fn measure(c: &Self::Coefs, u: &Lanes<T>, at: At<'_, T>, s: &Self::Slots, sums: &mut [Lanes<f64>]) {
        A::measure(&c.0, u, at, &s.0, sums);
    }

    fn measured(&mut self, cx: &StepCx<'_>, sums: &[f64], scalars: &mut [f64], c: &mut Self::Coefs) {
        self.0.measured(cx, sums, &mut scalars[..A::SCALARS.len()], &mut c.0);
    }

    fn idle(&self) -> Idle {
        self.0.idle().then(self.1.idle(), A::SLOTS.len())
    }

    fn curvature(&self) -> Option<Curvature> {
        let behind = |c: Curvature| Curvature { slot: c.slot + A::SLOTS.len(), ..c };
        self.0.curvature().or(self.1.curvature().map(behind))
    }

    #[inline(always)]
    fn evaluate(c: &Self::Coefs, y: &mut Lanes<T>, s: &Self::Slots) -> bool {
        let a = A::evaluate(&c.0, y, &s.0);
        let b = B::evaluate(&c.1, y, &s.1);
        a || b
    }
}

/// What [`fuse`] turns into nested pairs: tuples of two to eight stages.
pub trait Fuse {
    /// The nested pairs.
    type Stage;
    /// The first stage and the rest.
    fn fuse(self) -> Self::Stage;
}

macro_rules! fuse_tuple {
    ($first:ident $(, $rest:ident)*) => {
        impl<$first $(, $rest)*> Fuse for ($first, $($rest,)*) {
            type Stage = fuse_tuple!(@type $first $(, $rest)*);
            #[allow(non_snake_case)]
            fn fuse(self) -> Self::Stage {
                let ($first, $($rest,)*) = self;
                fuse_tuple!(@value $first $(, $rest)*)
            }
        }
    };
    (@type $a:ident) => { $a };
    (@type $a:ident, $($b:ident),+) => { ($a, fuse_tuple!(@type $($b),+)) };
    (@value $a:ident) => { $a };
    (@value $a:ident, $($b:ident),+) => { ($a, fuse_tuple!(@value $($b),+)) };
}
fuse_tuple!(A);
fuse_tuple!(A, B);
fuse_tuple!(A, B, C);
fuse_tuple!(A, B, C, D);
fuse_tuple!(A, B, C, D, E);
fuse_tuple!(A, B, C, D, E, F);
fuse_tuple!(A, B, C, D, E, F, G);
fuse_tuple!(A, B, C, D, E, F, G, H);

/// Stages in one compiled pass, run in order: `fuse((a, b, c))` is the stage `(a, (b, c))`.
pub fn fuse<F: Fuse>(stages: F) -> F::Stage {
    stages.fuse()
}
