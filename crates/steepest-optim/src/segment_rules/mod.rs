//! Rules that see whole tensors: their shape, rows and columns, and factors of their second moments.

mod adafactor;
mod muon;
mod orthogonal;
mod product;
mod rows;
mod shampoo;
mod soap;

pub use adafactor::{ADAFACTOR, ScaleByAdafactor};
pub use muon::{MUON, MuonMomentum, Orthogonalize};
pub use rows::{AddNoise, CENTRALIZE, CLIP_ADAPTIVE, Centralize, ClipAdaptive, NOISE};
pub use shampoo::{SHAMPOO, ScaleByShampoo};
pub use soap::{SOAP, ScaleBySoap};

pub(crate) use muon::is_matrix;

pub(crate) mod build {
    //! The builders that go with the entries.
    pub(crate) use super::{
        adafactor::adafactor, muon::muon, rows::centralize, rows::clip_adaptive, rows::noise, shampoo::shampoo,
        soap::soap,
    };
}

use steepest_core::{Real, Segment, StateVisitor};

use crate::stage::StepCx;

/// A rule that turns the update of a whole tensor into another one.
pub trait SegmentRule<T: Real>: Send + Sync {
    /// The name in the saved state.
    fn name(&self) -> &'static str;

    /// Makes state and workspace for the tensors it will see; the index in this list names them later.
    fn reserve(&mut self, segments: &[Segment]);

    /// Replaces `u`, the update of `segment` so far, given the parameters `x` of the segment.
    fn apply(&mut self, index: usize, cx: &StepCx<'_>, segment: &Segment, u: &mut [T], x: &[T]);

    /// Shows the state of a tensor, each piece as `rule.symbol/segment`.
    fn visit(&mut self, _index: usize, _rule: &str, _segment: &str, _state: &mut dyn StateVisitor) {}
}
