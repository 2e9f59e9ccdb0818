//! Moving pictures of figures that grow: animated PNG, GIF, and a page that needs no network.

mod apng;
mod gif;
mod page;

pub use apng::apng;
pub use gif::gif;
pub(super) use page::Seen;
pub use page::page;

/// How many times as long as the others the last frame is shown.
const LAST: u16 = 10;
