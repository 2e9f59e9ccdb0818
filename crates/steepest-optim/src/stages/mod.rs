//! The stages, one file an idea: equation, source, lanes.

mod adadelta;
mod adagrad;
mod adam;
mod decay;
mod identity;
mod momentum;
mod rmsprop;

pub use adadelta::{ADADELTA, ScaleByAdadelta};
pub use adagrad::{ADAGRAD, ScaleByAdagrad};
pub use adam::{ADAM, ADAMW, AMSGRAD, ScaleByAdam, ScaleByAmsgrad};
pub use decay::{AddDecay, AddL2, L2, WEIGHT_DECAY};
pub use identity::Identity;
pub use momentum::{MOMENTUM, Momentum, MomentumInside, SGD};
pub use rmsprop::{RMSPROP, ScaleByCenteredRms, ScaleByRms};

use steepest_core::Real;

use crate::{link::Link, registry::Entry, spec::Options};

pub(crate) mod build {
    //! The builders that go with the entries.
    pub(crate) use super::{
        adadelta::adadelta, adagrad::adagrad, adam::adam, adam::adamw, adam::amsgrad, decay::l2, decay::weight_decay,
        momentum::momentum, momentum::sgd, rmsprop::rmsprop,
    };
}

/// Makes the links of an entry from its options.
pub(crate) type Build<T> = fn(&Options) -> Vec<Link<T>>;

/// A row of the table of rules.
pub(crate) type Row<T> = (&'static Entry, Build<T>);

/// βᵗ, in 64 bits.
pub(crate) fn power(beta: f64, t: u64) -> f64 {
    beta.powf(t as f64)
}

/// Links before the learning rate, the penalty's gradient compiled in when there is one.
pub(crate) fn with_l2<T: Real, S: crate::stage::Stage<T>>(o: &Options, stage: S) -> Vec<Link<T>> {
    match o.number("l2") {
        0.0 => vec![Link::stage(stage)],
        l2 => vec![Link::stage((AddL2 { l2 }, stage))],
    }
}
