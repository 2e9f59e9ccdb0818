//! GIF, in one palette for all figures: their own inks, and mixtures of them for the edges.
//!
//! Graphics Interchange Format, version 89a, CompuServe 1990. Frames hold only the rectangle that changed.

use std::collections::HashMap;

use gif::{DisposalMethod, Encoder, Frame, Repeat};

use super::LAST;
use crate::plot::color::Ink;
use crate::plot::{Figure, PngError, Theme};

type Rgb = [u8; 3];

/// The frames one after the other as a GIF, `delay` hundredths of a second each, the last one ten times as long; for ever. `scale`
/// pixels stand for each of a figure's own.
///
/// # Errors
/// [`PngError`] where the pictures would be too large.
pub fn gif(frames: &[Figure], scale: f64, delay: u16) -> Result<Vec<u8>, PngError> {
    let draw = |e: gif::EncodingError| PngError::Draw(e.to_string());
    let palette = palette(Theme::Light);
    let mut nearest = Nearest { palette: &palette, known: HashMap::new() };
    let mut out = Vec::new();
    let Some(first) = frames.first() else { return Ok(out) };
    let (width, height, _) = first.to_pixels(Theme::Light, scale)?;
    let mut encoder = Encoder::new(&mut out, width, height, palette.concat().as_slice()).map_err(draw)?;
    encoder.set_repeat(Repeat::Infinite).map_err(draw)?;
    let mut shown: Option<Vec<u8>> = None;
    for (k, figure) in frames.iter().enumerate() {
        let (_, _, pixels) = figure.to_pixels(Theme::Light, scale)?;
        let now: Vec<u8> = pixels.chunks_exact(4).map(|p| nearest.index([p[0], p[1], p[2]])).collect();
        let [left, top, right, bottom] = match &shown {
            None => [0, 0, width, height],
            Some(before) => changed(before, &now, width),
        };
        let rows = (top..bottom).map(|y| usize::from(y) * usize::from(width));
        let part: Vec<u8> =
            rows.flat_map(|row| now[row + usize::from(left)..row + usize::from(right)].iter().copied()).collect();
        let frame = Frame {
            delay: if k + 1 == frames.len() { delay.saturating_mul(LAST) } else { delay },
            dispose: DisposalMethod::Keep,
            left,
            top,
            width: right - left,
            height: bottom - top,
            buffer: part.into(),
            ..Frame::default()
        };
        encoder.write_frame(&frame).map_err(draw)?;
        shown = Some(now);
    }
    drop(encoder);
    Ok(out)
}

/// The smallest rectangle that holds what changed: left, top, right, bottom; one pixel where nothing did.
fn changed(before: &[u8], now: &[u8], width: u16) -> [u16; 4] {
    let w = usize::from(width);
    let mut rect: Option<[usize; 4]> = None;
    for (i, (a, b)) in before.iter().zip(now).enumerate() {
        if a != b {
            let (x, y) = (i % w, i / w);
            let [left, top, right, bottom] = rect.unwrap_or([x, y, x + 1, y + 1]);
            rect = Some([left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)]);
        }
    }
    rect.unwrap_or([0, 0, 1, 1]).map(|v| v as u16)
}

fn rgb(ink: Ink, theme: Theme) -> Rgb {
    let hex = ink.hex(theme);
    [1, 3, 5].map(|k| u8::from_str_radix(hex.get(k..k + 2).unwrap_or("0"), 16).unwrap_or(0))
}

fn mixed(a: Rgb, b: Rgb, share: f64) -> Rgb {
    std::array::from_fn(|k| (f64::from(a[k]) * (1.0 - share) + f64::from(b[k]) * share).round() as u8)
}

/// All inks, their mixtures with paper, the ramp with what is drawn over it, and a coarse cube for the rest: 254 colours.
fn palette(theme: Theme) -> Vec<Rgb> {
    let paper = rgb(Ink::Paper, theme);
    let lines = || [Ink::Text, Ink::Mute, Ink::Grid].into_iter().chain((0..8).map(Ink::Series));
    let mut out = vec![paper];
    for ink in lines() {
        let color = rgb(ink, theme);
        out.push(color);
        let steps = if matches!(ink, Ink::Text | Ink::Mute) { 8 } else { 4 };
        out.extend((1..steps).map(|k| mixed(color, paper, f64::from(k) / f64::from(steps))));
    }
    for level in 0..64 {
        let color = rgb(Ink::Ramp(level), theme);
        out.push(color);
        if level % 2 == 0 {
            out.extend([mixed(color, paper, 0.25), mixed(color, paper, 0.6)]);
        }
    }
    let step = |k: usize| [16u8, 96, 176, 240][k];
    out.extend((0..64).map(|k| [step(k / 16), step(k / 4 % 4), step(k % 4)]));
    out.dedup();
    out.truncate(256);
    out
}

/// The nearest colour of the palette; each colour is looked up once.
struct Nearest<'a> {
    palette: &'a [Rgb],
    known: HashMap<Rgb, u8>,
}

impl Nearest<'_> {
    fn index(&mut self, color: Rgb) -> u8 {
        let palette = self.palette;
        *self.known.entry(color).or_insert_with(|| {
            // Green counts most for the eye, blue least.
            let distance = |p: &Rgb| -> i32 {
                let d = |k: usize| i32::from(p[k]) - i32::from(color[k]);
                3 * d(0) * d(0) + 6 * d(1) * d(1) + 2 * d(2) * d(2)
            };
            (0..palette.len()).min_by_key(|&i| distance(&palette[i])).unwrap_or(0) as u8
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{Axis, Chart};

    fn figure(x: f64) -> Figure {
        Chart::new("t", Axis::linear("x").range(0.0, 1.0), Axis::linear("y").range(0.0, 4.0))
            .way("a", vec![(0.0, 0.0), (1.0, x)])
            .figure()
    }

    #[test]
    fn the_palette_holds_every_ink_and_fits() {
        let palette = palette(Theme::Light);
        assert!(palette.len() <= 256, "{}", palette.len());
        let inks = [Ink::Text, Ink::Mute, Ink::Grid, Ink::Paper].into_iter();
        for ink in inks.chain((0..8).map(Ink::Series)).chain((0..64).map(Ink::Ramp)) {
            assert!(palette.contains(&rgb(ink, Theme::Light)), "{ink:?}");
        }
    }

    #[test]
    fn a_reader_sees_the_frames_that_were_written() {
        let figures = [figure(1.0), figure(1.0), figure(3.0)];
        let bytes = gif(&figures, 1.0, 7).unwrap();
        assert!(bytes.starts_with(b"GIF89a"));
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(bytes.as_slice()).unwrap();
        let width = usize::from(decoder.width());
        let (_, _, expected) = figures[2].to_pixels(Theme::Light, 1.0).unwrap();
        let mut screen = vec![0u8; expected.len()];
        let mut delays = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            delays.push(frame.delay);
            let (w, left) = (usize::from(frame.width), usize::from(frame.left));
            for (row, line) in frame.buffer.chunks_exact(4 * w).enumerate() {
                let at = 4 * ((row + usize::from(frame.top)) * width + left);
                screen[at..at + 4 * w].copy_from_slice(line);
            }
        }
        assert_eq!(delays, [7, 7, 70]);
        // Inks are exact, edges nearly.
        let far = screen.iter().zip(&expected).map(|(a, b)| i32::from(*a).abs_diff(i32::from(*b))).max();
        let same = screen.chunks_exact(4).zip(expected.chunks_exact(4)).filter(|(a, b)| a == b).count();
        assert!(far.unwrap() < 90 && 10 * same > 9 * screen.len() / 4, "{far:?}, {same} of {}", screen.len() / 4);
    }

    #[test]
    fn frames_hold_what_changed() {
        assert_eq!(changed(&[0, 0, 0, 0, 0, 0], &[0, 1, 0, 0, 0, 1], 3), [1, 0, 3, 2]);
        assert_eq!(changed(&[5, 5], &[5, 5], 2), [0, 0, 1, 1]);
    }
}
