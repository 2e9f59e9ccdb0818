//! Animated PNG: a PNG whose further frames stand in chunks that older programs skip.
//!
//! Portable Network Graphics (PNG) Specification, third edition, W3C 2025, sections 11.2 and 11.3.4 (`acTL`, `fcTL`, `fdAT`).

use super::LAST;
use crate::plot::{Figure, PngError, Theme};

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// The frames one after the other as an animated PNG, `delay` hundredths of a second each, the last one ten times as long; for ever.
/// `scale` pixels stand for each of a figure's own.
///
/// # Errors
/// [`PngError`] where the pictures would be too large.
pub fn apng(frames: &[Figure], scale: f64, delay: u16) -> Result<Vec<u8>, PngError> {
    let mut out = SIGNATURE.to_vec();
    let mut sequence = 0u32;
    for (k, frame) in frames.iter().enumerate() {
        let png = frame.to_png(Theme::Light, scale)?;
        let header = chunks(&png).find(|c| c.0 == b"IHDR").map_or(&[][..], |c| c.1);
        if k == 0 {
            chunk(&mut out, b"IHDR", header);
            let mut control = (frames.len() as u32).to_be_bytes().to_vec();
            control.extend(0u32.to_be_bytes());
            chunk(&mut out, b"acTL", &control);
        }
        let mut control = sequence.to_be_bytes().to_vec();
        // Width and height as in the header, no offset, then the delay, and nothing to dispose of or to blend.
        control.extend(&header[..8]);
        control.extend([0; 8]);
        let delay = if k + 1 == frames.len() { delay.saturating_mul(LAST) } else { delay };
        control.extend(delay.to_be_bytes());
        control.extend(100u16.to_be_bytes());
        control.extend([0, 0]);
        chunk(&mut out, b"fcTL", &control);
        sequence += 1;
        for (_, data) in chunks(&png).filter(|c| c.0 == b"IDAT") {
            if k == 0 {
                chunk(&mut out, b"IDAT", data);
            } else {
                let mut numbered = sequence.to_be_bytes().to_vec();
                numbered.extend(data);
                chunk(&mut out, b"fdAT", &numbered);
                sequence += 1;
            }
        }
    }
    chunk(&mut out, b"IEND", &[]);
    Ok(out)
}

/// Names and contents of the chunks of a PNG.
fn chunks(png: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = &png[SIGNATURE.len().min(png.len())..];
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let name = after.get(..4)?;
        let data = after.get(4..4 + length)?;
        rest = after.get(8 + length..)?;
        Some((name, data))
    })
}

fn chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    let start = out.len();
    out.extend(name);
    out.extend(data);
    let check = checksum(&out[start..]);
    out.extend(check.to_be_bytes());
}

/// The cyclic redundancy check of PNG, ISO 3309.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { 0xEDB8_8320 ^ (c >> 1) } else { c >> 1 })
    };
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{Axis, Chart};

    #[test]
    fn frames_are_numbered_and_checked() {
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
        let figure = |x: f64| {
            Chart::new("t", Axis::linear("x"), Axis::linear("y")).line("a", vec![(0.0, 0.0), (1.0, x)]).figure()
        };
        let bytes = apng(&[figure(1.0), figure(2.0), figure(3.0)], 1.0, 10).unwrap();
        let found: Vec<(String, usize)> =
            chunks(&bytes).map(|(name, data)| (String::from_utf8_lossy(name).into(), data.len())).collect();
        assert_eq!(found[0], ("IHDR".into(), 13));
        assert_eq!(found[1], ("acTL".into(), 8));
        assert_eq!(found.iter().filter(|c| c.0 == "fcTL").count(), 3);
        assert_eq!(found.last().map(|c| c.0.as_str()), Some("IEND"));
        let numbers: Vec<u32> = chunks(&bytes)
            .filter(|c| c.0 == b"fcTL" || c.0 == b"fdAT")
            .map(|c| u32::from_be_bytes([c.1[0], c.1[1], c.1[2], c.1[3]]))
            .collect();
        assert!(numbers.iter().zip(0..).all(|(a, b)| *a == b), "{numbers:?}");
    }
}
