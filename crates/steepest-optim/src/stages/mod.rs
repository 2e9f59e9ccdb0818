//! The stages, one file an idea: equation, source, lanes.

mod adabelief;
mod adadelta;
mod adagrad;
mod adam;
mod adamax;
mod adan;
mod ademamix;
mod adopt;
mod average;
mod cautious;
mod clip;
mod dadapt;
mod decay;
mod dog;
mod ftrl;
mod identity;
mod lion;
mod momentum;
mod nadam;
mod nesterov;
mod prodigy;
mod radam;
mod rmsprop;
mod rprop;
mod schedule_free;
mod sign;
mod sophia;
mod trust;
mod yogi;

pub use adabelief::{ADABELIEF, ScaleByBelief};
pub use adadelta::{ADADELTA, ScaleByAdadelta};
pub use adagrad::{ADAGRAD, ScaleByAdagrad};
pub use adam::{ADAM, ADAMW, AMSGRAD, AdamCoefs, ScaleByAdam, ScaleByAdamUncorrected, ScaleByAmsgrad};
pub use adamax::{ADAMAX, ScaleByAdamax};
pub use adan::{ADAN, AdanCoefs, ScaleByAdan};
pub use ademamix::{ADEMAMIX, ScaleByAdemamix};
pub use adopt::{ADOPT, ScaleByAdopt};
pub use average::{Averaging, EMA, LOOKAHEAD, Lookahead, POLYAK, SWA};
pub use cautious::{CAUTIOUS, MaskDisagreement, RescaleByNonzeros};
pub use clip::{CLIP, CLIP_SEGMENT, CLIP_VALUE, ClipByGlobalNorm, ClipBySegmentNorm, ClipByValue, NORMALIZE};
pub use dadapt::{DADAPT_ADAM, DADAPT_SGD, DAdaptAdam, DAdaptAdamCoefs, DAdaptSgd, DAdaptSgdCoefs};
pub use decay::{AddDecay, AddL2, L2, WEIGHT_DECAY};
pub use dog::{DOG, ScaleByDog};
pub use ftrl::{FTRL, FollowTheLeader, FtrlCoefs};
pub use identity::Identity;
pub use lion::{LION, ScaleByLion};
pub use momentum::{MOMENTUM, Momentum, MomentumInside, SGD};
pub use nadam::{NADAM, ScaleByNadam};
pub use nesterov::{Accelerate, AccelerateCoefs, NESTEROV};
pub use prodigy::{PRODIGY, ProdigyCoefs, ScaleByProdigy};
pub use radam::{RADAM, ScaleByRadam};
pub use rmsprop::{RMSPROP, ScaleByCenteredRms, ScaleByRms};
pub use rprop::{RPROP, ScaleByRprop};
pub use schedule_free::{SCHEDULE_FREE_ADAMW, SCHEDULE_FREE_SGD, ScaleBySecondMoment, ScheduleFree, ScheduleFreeCoefs};
pub use sign::{Average, SIGN, SIGNSGD, Sign};
pub use sophia::{SOPHIA, ScaleBySophia};
pub use trust::{LAMB, LARS, TRUST_RATIO, TrustRatio};
pub use yogi::{ScaleByYogi, YOGI};

use steepest_core::Real;

use crate::{link::Link, options::Options, registry::Entry};

pub(crate) mod build {
    //! The builders that go with the entries.
    pub(crate) use super::{
        adabelief::adabelief, adadelta::adadelta, adagrad::adagrad, adam::adam, adam::adamw, adam::amsgrad,
        adamax::adamax, adan::adan, ademamix::ademamix, adopt::adopt, average::ema, average::lookahead,
        average::polyak, average::swa, cautious::cautious, clip::clip, clip::clip_segment, clip::clip_value,
        clip::normalize, dadapt::dadapt_adam, dadapt::dadapt_sgd, decay::l2, decay::weight_decay, dog::dog, ftrl::ftrl,
        lion::lion, momentum::momentum, momentum::sgd, nadam::nadam, nesterov::nesterov, prodigy::prodigy,
        radam::radam, rmsprop::rmsprop, rprop::rprop, schedule_free::schedule_free_adamw,
        schedule_free::schedule_free_sgd, sign::sign, sign::signsgd, sophia::sophia, trust::lamb, trust::lars,
        trust::trust_ratio, yogi::yogi,
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
