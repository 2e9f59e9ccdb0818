//! A small plotting kit: charts in, [`Figure`]s out, written as SVG (files or parts of a page) and, with the feature `png`, as PNG.
//!
//! Everything that can be drawn over two axes is a [`Chart`] of layers; the modules beside it make the charts with names of their own
//! ([`roc`], [`calibration`], `contour`, …). Figures follow the reader's preference for light or dark,
//! carry a title and a description for those who cannot see them, and are the same bytes for the same data. Data may hold
//! NaN, infinities, one point or none: what has no place is left out, never drawn wrongly.

#[cfg(feature = "png")]
pub mod animation;
pub mod axis;
pub mod bars;
pub mod chart;
pub mod color;
pub mod contour;
pub mod diagnostic;
pub mod figure;
pub mod matrix;
pub mod number;
#[cfg(feature = "png")]
mod png;
pub mod scale;
mod stroke_font;
pub mod surface;
mod svg;
pub mod thin;

pub use axis::Axis;
pub use bars::{WeightBar, weight_bars};
pub use chart::Chart;
pub use color::{Theme, style_sheet};
pub use contour::{Grid, Levels, Limit, contour, contour_within};
pub use diagnostic::{CalibrationBin, calibration, histogram, precision_recall, predicted_actual, roc};
pub use figure::Figure;
pub use matrix::{confusion_matrix, heat_map};
#[cfg(feature = "png")]
pub use png::PngError;
pub use surface::surface;
pub use svg::escape;
pub use thin::Thinned;
