//! Update rules and schedules of steepest.

// Loops over blocks index several arrays by one k, like the formulas they transcribe.
#![allow(clippy::needless_range_loop)]

mod accumulate;
mod chain;
mod first_order;
mod fuse;
mod groups;
mod link;
mod optimizer;
mod optimizer_spec;
mod options;
mod packed_block;
mod packing;
mod precision;
mod pytorch;
mod rate;
mod registry;
mod schedule;
pub mod segment_rules;
mod slots;
mod spec;
mod stage;
pub mod stages;
mod stopping;
mod suggest;
mod unit;
mod wrap;

pub use accumulate::Accumulator;
pub use first_order::FirstOrder;
pub use fuse::{Fuse, fuse};
pub use groups::{GroupSpec, Pattern};
pub use link::{IntoChain, IntoLink, Link, Place, chain};
pub use optimizer::{OnNonFinite, Optimizer, StepError};
pub use optimizer_spec::OptimizerSpec;
pub use options::{Options, Texts};
pub use precision::Moments;
pub use pytorch::{PyTorchNames, pytorch_name};
pub use rate::{Needs, RateUnit};
pub use registry::{CHAIN_OPTIONS, Entry, Kind, OptionSpec, Range, Value, entries, entry};
pub use schedule::{
    Accepts, Anneal, BatchGrowth, COMMON_OPTIONS, Decay, Plateau, PlateauMode, SCHEDULES, Scaling, Schedule,
    ScheduleEntry, ScheduleError, ScheduleOption, Shape, Span, Warmup, schedule_entry,
};
pub use segment_rules::SegmentRule;
pub use spec::{Arg, Call, Spec, SpecError};
pub use stage::{
    At, Curvature, Cut, Group, Idle, LANES, Lanes, Memory, SlotArray, SlotKind, SlotSpec, Stage, StepCx, exact, first,
    second,
};
pub use stopping::{Criteria, Stopping, Tolerance};
pub use suggest::suggest;
pub use wrap::{CurvatureProbe, SAM, Sam};
