//! Bounding and normalizing updates: by the norm of everything, of each tensor, or value by value.
//!
//! `clip:c` multiplies by min(1, c/‖u‖), the direction stays; `clip_value:c` cuts every element to ±c; `normalize` divides by
//! the norm. Clipping only ever shrinks. Pascanu, Mikolov and Bengio, 2013, arXiv:1211.5063. PyTorch divides by ‖u‖ + 1e-6,
//! which falls short of c by as much; here as in optax there is no ε.

use steepest_core::Real;

use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, Cut, Idle, LANES, Lanes, Stage, StepCx},
};

/// Adds u² to the first sum.
#[inline(always)]
pub(super) fn add_squares<T: Real>(u: &Lanes<T>, sum: &mut Lanes<f64>) {
    for k in 0..LANES {
        let v = u[k].to_f64();
        sum[k] += v * v;
    }
}

#[inline(always)]
pub(super) fn scale<T: Real>(c: T, u: &mut Lanes<T>) {
    for u in u {
        *u *= c;
    }
}

/// What a norm is used for.
fn factor(norm: f64, max_norm: Option<f64>) -> f64 {
    match max_norm {
        Some(c) if norm > c => c / norm,
        Some(_) => 1.0,
        None if norm > 0.0 => 1.0 / norm,
        None => 0.0,
    }
}

/// u ← u·min(1, c/‖u‖), the norm over all parameters; without c: u ← u/‖u‖.
#[derive(Debug, Clone, Copy)]
pub struct ClipByGlobalNorm {
    /// c > 0; `None` normalizes.
    pub max_norm: Option<f64>,
}

/// The same with the norm of each tensor.
#[derive(Debug, Clone, Copy)]
pub struct ClipBySegmentNorm {
    /// c > 0; `None` normalizes.
    pub max_norm: Option<f64>,
}

macro_rules! norm_stage {
    ($stage:ident, $cut:expr) => {
        impl<T: Real> Stage<T> for $stage {
            type Slots = ();
            type Coefs = T;
            const CUT: Cut = $cut;
            const SUMS: usize = 1;

            fn prepare(&mut self, _: &StepCx<'_>, _: &mut [f64]) -> T {
                T::ONE
            }

            fn idle(&self) -> Idle {
                Idle::Rests
            }

            #[inline(always)]
            fn lanes(c: &T, u: &mut Lanes<T>, _: At<'_, T>, (): &mut ()) {
                scale(*c, u);
            }

            #[inline(always)]
            fn measure(_: &T, u: &Lanes<T>, _: At<'_, T>, (): &(), sums: &mut [Lanes<f64>]) {
                add_squares(u, &mut sums[0]);
            }

            fn measured(&mut self, _: &StepCx<'_>, sums: &[f64], _: &mut [f64], c: &mut T) {
                *c = T::from_f64(factor(sums[0].sqrt(), self.max_norm));
            }
        }
    };
}
norm_stage!(ClipByGlobalNorm, Cut::Global);
norm_stage!(ClipBySegmentNorm, Cut::Segment);

/// u ← min(max(u, −c), c).
#[derive(Debug, Clone, Copy)]
pub struct ClipByValue {
    /// c > 0.
    pub max_value: f64,
}

impl<T: Real> Stage<T> for ClipByValue {
    type Slots = ();
    type Coefs = T;

    fn prepare(&mut self, _: &StepCx<'_>, _: &mut [f64]) -> T {
        T::from_f64(self.max_value)
    }

    fn idle(&self) -> Idle {
        Idle::Rests
    }

    #[inline(always)]
    fn lanes(c: &T, u: &mut Lanes<T>, _: At<'_, T>, (): &mut ()) {
        for u in u {
            // Two selections, which become vector instructions; NaN stays NaN and is announced.
            let v = if *u > *c { *c } else { *u };
            *u = if v < -*c { -*c } else { v };
        }
    }
}

const SOURCE: &str = "Pascanu, Mikolov and Bengio, 2013, arXiv:1211.5063";

const fn entry(name: &'static str, title: &'static str, equation: &'static str) -> Entry {
    Entry {
        name,
        kind: Kind::Stage,
        title,
        equation,
        options: &[],
        positional: &[],
        slots: 0,
        lr: None,
        source: SOURCE,
    }
}

/// `clip:c`
pub const CLIP: Entry = Entry {
    options: &[OptionSpec::positive("max_norm", None, "c")],
    positional: &["max_norm"],
    ..entry("clip", "Clipping by the norm of everything", "u ← u·min(1, c/‖u‖)")
};
/// `clip_segment:c`
pub const CLIP_SEGMENT: Entry = Entry {
    options: &[OptionSpec::positive("max_norm", None, "c")],
    positional: &["max_norm"],
    ..entry("clip_segment", "Clipping by the norm of each tensor", "u ← u·min(1, c/‖u‖) tensor by tensor")
};
/// `clip_value:c`
pub const CLIP_VALUE: Entry = Entry {
    options: &[OptionSpec::positive("max_value", None, "c")],
    positional: &["max_value"],
    ..entry("clip_value", "Clipping of every element", "u ← min(max(u, −c), c)")
};
/// `normalize`
pub const NORMALIZE: Entry = Entry {
    options: &[OptionSpec::choice("by", &["global", "segment"], "whose norm")],
    ..entry("normalize", "Normalized gradient", "u ← u/‖u‖")
};

pub(crate) fn clip<T: Real>(o: &Options) -> Vec<Link<T>> {
    vec![Link::stage(ClipByGlobalNorm { max_norm: Some(o.number("max_norm")) })]
}

pub(crate) fn clip_segment<T: Real>(o: &Options) -> Vec<Link<T>> {
    vec![Link::stage(ClipBySegmentNorm { max_norm: Some(o.number("max_norm")) })]
}

pub(crate) fn clip_value<T: Real>(o: &Options) -> Vec<Link<T>> {
    vec![Link::stage(ClipByValue { max_value: o.number("max_value") })]
}

pub(crate) fn normalize<T: Real>(o: &Options) -> Vec<Link<T>> {
    match o.text("by") {
        "segment" => vec![Link::stage(ClipBySegmentNorm { max_norm: None })],
        _ => vec![Link::stage(ClipByGlobalNorm { max_norm: None })],
    }
}
