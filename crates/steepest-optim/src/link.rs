//! Links: the pieces of a chain with their place before or behind the learning rate, and how Rust code writes them.

use steepest_core::Real;

use crate::{
    segment_rules::SegmentRule,
    stage::Stage,
    unit::{Compiled, Unit},
};

/// Where a link stands to the learning rate, which a chain applies once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It sees the update before η multiplies it: nearly every stage.
    Before,
    /// It applies η itself: momentum with η inside, Schedule-Free.
    Applies,
    /// It sees the step that will be taken, η included: averages, look-ahead.
    After,
}

/// What runs at a link.
pub(crate) enum Work<T: Real> {
    /// Blocks of elements, in one pass with its neighbours.
    Lanes(Box<dyn Unit<T>>),
    /// Whole tensors, in a pass of its own.
    Segments(Box<dyn SegmentRule<T>>),
}

/// One link of a chain.
pub struct Link<T: Real> {
    pub(crate) work: Work<T>,
    pub(crate) place: Place,
}

impl<T: Real> Link<T> {
    /// A link of one stage, or of several that [`fuse`](crate::fuse) compiled into one.
    pub fn new<S: Stage<T>>(stage: S, place: Place) -> Link<T> {
        Link { work: Work::Lanes(Box::new(Compiled::new(stage))), place }
    }

    /// A link before the learning rate.
    pub fn stage<S: Stage<T>>(stage: S) -> Link<T> {
        Link::new(stage, Place::Before)
    }

    /// A link that works on whole tensors, before the learning rate.
    pub fn segments<R: SegmentRule<T> + 'static>(rule: R) -> Link<T> {
        Link { work: Work::Segments(Box::new(rule)), place: Place::Before }
    }
}

impl<T: Real> std::fmt::Debug for Link<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let slots = match &self.work {
            Work::Lanes(unit) => unit.slots().iter().map(|s| s.name).collect(),
            Work::Segments(rule) => vec![rule.name()],
        };
        f.debug_struct("Link").field("place", &self.place).field("slots", &slots).finish()
    }
}

/// How something becomes a link: marks the two ways apart for the compiler.
#[derive(Debug)]
pub enum AsStage {}

/// A link as it is.
#[derive(Debug)]
pub enum AsLink {}

/// What a chain can be made of: a link, or a stage, which stands before the learning rate.
pub trait IntoLink<T: Real, How> {
    /// The link.
    fn into_link(self) -> Link<T>;
}

impl<T: Real, S: Stage<T>> IntoLink<T, AsStage> for S {
    fn into_link(self) -> Link<T> {
        Link::stage(self)
    }
}

impl<T: Real> IntoLink<T, AsLink> for Link<T> {
    fn into_link(self) -> Link<T> {
        self
    }
}

/// Tuples of up to eight links or stages, and vectors of links.
pub trait IntoChain<T: Real, How> {
    /// The links in order.
    fn into_chain(self) -> Vec<Link<T>>;
}

impl<T: Real> IntoChain<T, AsLink> for Vec<Link<T>> {
    fn into_chain(self) -> Vec<Link<T>> {
        self
    }
}

macro_rules! chain_tuple {
    ($($name:ident $how:ident),+) => {
        impl<T: Real, $($name: IntoLink<T, $how>, $how),+> IntoChain<T, ($($how,)+)> for ($($name,)+) {
            #[allow(non_snake_case)]
            fn into_chain(self) -> Vec<Link<T>> {
                let ($($name,)+) = self;
                vec![$($name.into_link()),+]
            }
        }
    };
}
chain_tuple!(A A1);
chain_tuple!(A A1, B B1);
chain_tuple!(A A1, B B1, C C1);
chain_tuple!(A A1, B B1, C C1, D D1);
chain_tuple!(A A1, B B1, C C1, D D1, E E1);
chain_tuple!(A A1, B B1, C C1, D D1, E E1, F F1);
chain_tuple!(A A1, B B1, C C1, D D1, E E1, F F1, G G1);
chain_tuple!(A A1, B B1, C C1, D D1, E E1, F F1, G G1, H H1);

/// A chain of links, run in order: `chain((clip_by_global_norm(1.0), fuse((scale_by_adam, decay))))`.
///
/// Each link that is not [`fuse`](crate::fuse)d with its neighbours runs tile by tile; the bits are the same either way.
pub fn chain<T: Real, How>(links: impl IntoChain<T, How>) -> Vec<Link<T>> {
    links.into_chain()
}
