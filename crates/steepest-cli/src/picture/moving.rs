//! Pictures that move: ways as they grow over what lies behind them.

use std::path::Path;

use steepest_report::plot::animation::{apng, gif, page};

use super::{Backdrop, Way, ending, write_bytes};
use crate::failure::Failure;

/// Frames at most, and hundredths of a second each is shown.
const FRAMES: usize = 60;
const DELAY: u16 = 8;
/// Pixels of a frame for each of the figure's own; of an animated PNG, which holds whole frames, fewer.
const SCALE: f64 = 1.5;
const PNG_SCALE: f64 = 1.0;

/// The kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    Gif,
    Apng,
    /// A page that needs no network.
    Html,
}

impl Motion {
    /// By the name of the file.
    pub fn of(path: &Path) -> Result<Motion, Failure> {
        match ending(path).as_str() {
            "gif" => Ok(Motion::Gif),
            "png" | "apng" => Ok(Motion::Apng),
            "html" | "htm" => Ok(Motion::Html),
            _ => Err(Failure::usage(format!(
                "--animate: {} is neither .gif nor .png nor .html, so that its format is not known",
                path.display()
            ))
            .with_help(
                "name the file so: `way.gif`, `way.png` (animated PNG), or `way.html` (plays, stops, goes to a step)",
            )),
        }
    }

    /// Writes the ways as they grow, whole or not at all; the number of frames.
    pub fn write(self, backdrop: &Backdrop, ways: &[Way], path: &Path) -> Result<usize, Failure> {
        let longest = ways.iter().map(Way::len).max().unwrap_or(0);
        let frames = longest.min(FRAMES);
        let beginnings = |k: usize| -> Vec<Way> { ways.iter().map(|w| w.beginning(k * longest / frames)).collect() };
        let figures: Vec<_> = (1..=frames).map(|k| backdrop.with(&beginnings(k))).collect();
        let bytes = match self {
            Motion::Gif => gif(&figures, SCALE, DELAY).map_err(Failure::input)?,
            Motion::Apng => apng(&figures, PNG_SCALE, DELAY).map_err(Failure::input)?,
            Motion::Html => page(&figures, DELAY).into_bytes(),
        };
        write_bytes(&bytes, path)?;
        Ok(frames)
    }
}
