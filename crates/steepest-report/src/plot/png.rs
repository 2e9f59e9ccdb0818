//! Figures as PNG, through `resvg`.

use super::color::Theme;
use super::figure::Figure;
use super::svg::MARGIN;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

/// Why a figure could not be made a PNG.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// The picture would have no pixels or too many.
    #[error(
        "a picture of {width}×{height} pixels cannot be made: choose a scale that gives between 1 and 16,384 pixels a side"
    )]
    Size {
        /// Pixels across.
        width: f64,
        /// Pixels down.
        height: f64,
    },
    /// The rasterizer refused the drawing.
    #[error("the figure could not be drawn as PNG: {0}")]
    Draw(String),
}

impl Figure {
    /// The figure as a PNG file, `scale` pixels for each of its own, in the colours of one theme. Needs no fonts.
    pub fn to_png(&self, theme: Theme, scale: f64) -> Result<Vec<u8>, PngError> {
        self.drawn(theme, scale)?.encode_png().map_err(|e| PngError::Draw(e.to_string()))
    }

    /// Width, height and the pixels, red, green, blue and opacity of each.
    pub(super) fn to_pixels(&self, theme: Theme, scale: f64) -> Result<(u16, u16, Vec<u8>), PngError> {
        let pixels = self.drawn(theme, scale)?;
        // Paper covers all: nothing is transparent, and nothing has to be divided by its opacity. No side is above 16,384.
        Ok((pixels.width() as u16, pixels.height() as u16, pixels.take()))
    }

    fn drawn(&self, theme: Theme, scale: f64) -> Result<Pixmap, PngError> {
        let pixels = |side: f64| ((side + 2.0 * MARGIN) * scale).round();
        let (width, height) = (pixels(self.width), pixels(self.height));
        let fits = |side: f64| (1.0..=16384.0).contains(&side);
        if !fits(width) || !fits(height) {
            return Err(PngError::Size { width, height });
        }
        let svg = self.to_outlined_svg(theme);
        let tree = Tree::from_str(&svg, &Options::default()).map_err(|e| PngError::Draw(e.to_string()))?;
        let mut pixels = Pixmap::new(width as u32, height as u32).ok_or(PngError::Size { width, height })?;
        resvg::render(&tree, Transform::from_scale(scale as f32, scale as f32), &mut pixels.as_mut());
        Ok(pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Axis, Chart};
    use super::*;

    fn figure() -> Figure {
        let line = vec![(0.0, 1.0), (1.0, 0.1), (2.0, 0.01)];
        Chart::new("t", Axis::whole("step"), Axis::log("gap η")).line("a", line).figure()
    }

    #[test]
    fn pixels_carry_lines_and_words() {
        let png = figure().to_png(Theme::Light, 2.0).unwrap();
        let pixels = Pixmap::decode_png(&png).unwrap();
        assert_eq!((pixels.width(), pixels.height()), (816, 556));
        // Ink where the axis' label stands (upper left), paper in the corner beside it.
        let dark = |x0: u32, x1: u32, y0: u32, y1: u32| {
            let at = |x, y| pixels.pixel(x, y).unwrap();
            (y0..y1).flat_map(|y| (x0..x1).map(move |x| (x, y))).filter(|(x, y)| at(*x, *y).red() < 160).count()
        };
        assert!(dark(0, 130, 38, 78) > 100, "{}", dark(0, 130, 38, 78));
        assert_eq!(dark(0, 816, 0, 28), 0);
        assert_eq!(png, figure().to_png(Theme::Light, 2.0).unwrap());
    }

    #[test]
    fn sizes_that_cannot_be_are_refused() {
        for scale in [0.0, -1.0, 1e9, f64::NAN] {
            assert!(matches!(figure().to_png(Theme::Dark, scale), Err(PngError::Size { .. })));
        }
    }
}
