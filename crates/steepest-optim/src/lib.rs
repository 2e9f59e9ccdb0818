//! Update rules, schedules, line searches and solvers of steepest.

mod chain;
mod groups;
mod link;
mod optimizer;
mod precision;
mod registry;
mod schedule;
mod segment_rules;
mod slots;
pub mod solvers;
mod spec;
mod stage;
pub mod stages;
mod suggest;
mod unit;

pub use groups::{GroupSpec, Pattern};
pub use link::{IntoChain, IntoLink, Link, Place, chain};
pub use optimizer::{OnNonFinite, Optimizer, OptimizerSpec, StepError};
pub use precision::Moments;
pub use registry::{Entry, Kind, OptionSpec, Range, Value, entries, entry};
pub use schedule::Schedule;
pub use segment_rules::SegmentRule;
pub use spec::{Arg, Call, Options, Spec, SpecError};
pub use stage::{
    At, Cut, Fuse, Group, LANES, Lanes, SlotArray, SlotKind, SlotSpec, Stage, StepCx, exact, first, fuse, second,
};
pub use suggest::suggest;
