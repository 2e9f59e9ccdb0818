//! Averages of the parameters along the run, and look-ahead. They stand behind the learning rate.
//!
//! ```text
//! polyak     x̄ ← x̄ + (x − x̄)/n over all steps from `start` on        Polyak and Juditsky, 1992, doi:10.1137/0330046
//! ema        x̄ ← dx̄ + (1−d)x, from the starting point on
//! swa        x̄ ← x̄ + (x − x̄)/n every `every` steps from `start` on   Izmailov et al., 2018, arXiv:1803.05407
//! lookahead  every `period` steps: s ← s + α(x − s), x ← s            Zhang et al., 2019, arXiv:1907.08610
//! ```
//!
//! The run goes on with x; x̄ is what is evaluated, saved and predicted with.

use steepest_core::Real;

use crate::{
    link::{Link, Place},
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::{At, LANES, Lanes, SlotSpec, Stage, StepCx, exact},
};

/// Which average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Averaging {
    /// Of every `every`-th point from step `start` on, all with the same weight. Before that it is the point itself.
    Uniform {
        /// The first step that counts.
        start: u64,
        /// Steps between two points that count.
        every: u64,
    },
    /// With weights that fall by the factor d a step, from the starting point on.
    Exponential {
        /// d, in \[0, 1).
        decay: f64,
    },
}

impl<T: Real> Stage<T> for Averaging {
    type Slots = [Lanes<T>; 1];
    /// The weight of the new point, and whether the average starts at the old one.
    type Coefs = (T, bool);
    const SLOTS: &'static [SlotSpec] = &[exact("average.x")];
    const AVERAGES: bool = true;

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> (T, bool) {
        match *self {
            Averaging::Exponential { decay } => (T::from_f64(1.0 - decay), cx.step == 0),
            Averaging::Uniform { start, .. } if cx.step < start => (T::ONE, false),
            Averaging::Uniform { start, every } => {
                let (n, rest) = ((cx.step - start) / every, (cx.step - start) % every);
                (if rest == 0 { T::from_f64(1.0 / (n + 1) as f64) } else { T::ZERO }, false)
            }
        }
    }

    #[inline(always)]
    fn lanes(c: &(T, bool), u: &mut Lanes<T>, at: At<'_, T>, [mean]: &mut [Lanes<T>; 1]) {
        for k in 0..LANES {
            let old = if c.1 { at.x[k] } else { mean[k] };
            mean[k] = old + ((at.x[k] - u[k]) - old) * c.0;
        }
    }

    #[inline(always)]
    fn evaluate(_: &(T, bool), y: &mut Lanes<T>, [mean]: &[Lanes<T>; 1]) -> bool {
        *y = *mean;
        true
    }
}

/// Every `period` steps the slow point takes α of the way to x, and x goes back to it.
#[derive(Debug, Clone, Copy)]
pub struct Lookahead {
    /// Steps between two meetings.
    pub period: u64,
    /// α, in \[0, 1\].
    pub alpha: f64,
}

impl<T: Real> Stage<T> for Lookahead {
    type Slots = [Lanes<T>; 1];
    /// α, whether slow and fast meet, whether this is the first step.
    type Coefs = (T, bool, bool);
    const SLOTS: &'static [SlotSpec] = &[exact("lookahead.s")];

    fn prepare(&mut self, cx: &StepCx<'_>, _: &mut [f64]) -> (T, bool, bool) {
        (T::from_f64(self.alpha), (cx.step + 1).is_multiple_of(self.period), cx.step == 0)
    }

    #[inline(always)]
    fn lanes(c: &(T, bool, bool), u: &mut Lanes<T>, at: At<'_, T>, [slow]: &mut [Lanes<T>; 1]) {
        for k in 0..LANES {
            let old = if c.2 { at.x[k] } else { slow[k] };
            let met = old + ((at.x[k] - u[k]) - old) * c.0;
            slow[k] = if c.1 { met } else { old };
            u[k] = if c.1 { at.x[k] - met } else { u[k] };
        }
    }
}

const fn entry(name: &'static str, title: &'static str, equation: &'static str, source: &'static str) -> Entry {
    Entry { name, kind: Kind::Stage, title, equation, options: &[], positional: &[], slots: 1, lr: None, source }
}

/// `polyak`
pub const POLYAK: Entry = Entry {
    options: &[OptionSpec::non_negative("start", 0.0, "the first step that counts")],
    positional: &["start"],
    ..entry(
        "polyak",
        "Polyak–Ruppert average of the parameters",
        "x̄ ← x̄ + (x − x̄)/n",
        "Polyak and Juditsky, 1992, doi:10.1137/0330046",
    )
};
/// `ema`
pub const EMA: Entry = Entry {
    options: &[OptionSpec::below_one("decay", 0.999, "d")],
    positional: &["decay"],
    ..entry(
        "ema",
        "Exponential moving average of the parameters",
        "x̄ ← dx̄ + (1−d)x",
        "Polyak and Juditsky, 1992; Tarvainen and Valpola, 2017, arXiv:1703.01780",
    )
};
/// `swa`
pub const SWA: Entry = Entry {
    options: &[
        OptionSpec { default: None, ..OptionSpec::non_negative("start", 0.0, "the first step that counts") },
        OptionSpec::count("every", 1.0, "steps between two points that count"),
    ],
    positional: &["start", "every"],
    ..entry(
        "swa",
        "Stochastic weight averaging",
        "x̄ ← x̄ + (x − x̄)/n every `every` steps from `start` on",
        "Izmailov et al., 2018, arXiv:1803.05407",
    )
};
/// `lookahead`
pub const LOOKAHEAD: Entry = Entry {
    options: &[OptionSpec::count("period", 5.0, "steps between two meetings"), OptionSpec::fraction("alpha", 0.5, "α")],
    positional: &["period", "alpha"],
    ..entry(
        "lookahead",
        "Look-ahead: slow and fast weights",
        "every `period` steps: s ← s + α(x − s), x ← s",
        "Zhang et al., 2019, arXiv:1907.08610",
    )
};

pub(crate) fn polyak<T: Real>(o: &Options) -> Vec<Link<T>> {
    vec![Link::new(Averaging::Uniform { start: o.number("start") as u64, every: 1 }, Place::After)]
}

pub(crate) fn ema<T: Real>(o: &Options) -> Vec<Link<T>> {
    vec![Link::new(Averaging::Exponential { decay: o.number("decay") }, Place::After)]
}

pub(crate) fn swa<T: Real>(o: &Options) -> Vec<Link<T>> {
    let average = Averaging::Uniform { start: o.number("start") as u64, every: o.number("every") as u64 };
    vec![Link::new(average, Place::After)]
}

pub(crate) fn lookahead<T: Real>(o: &Options) -> Vec<Link<T>> {
    let stage = Lookahead { period: o.number("period") as u64, alpha: o.number("alpha") };
    vec![Link::new(stage, Place::After)]
}
