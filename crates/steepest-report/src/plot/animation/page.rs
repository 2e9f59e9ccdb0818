//! A page with one figure that moves: everything that stays is drawn once, what changes is shown from one frame to another.

use std::fmt::Write as _;

use super::LAST;
use crate::plot::figure::Shape;
use crate::plot::{Figure, escape, style_sheet};

/// A shape, or a window of them, with the frames it is seen in.
pub(in crate::plot) enum Seen {
    Shape { shape: Shape, from: usize, to: usize },
    Window { frame: [f64; 4], inside: Vec<Seen> },
}

/// The frames as a page of its own, `delay` hundredths of a second each, the last one ten times as long: it plays, stops, and follows
/// the reader's preference for light or dark and for little motion.
pub fn page(frames: &[Figure], delay: u16) -> String {
    let Some(last) = frames.last() else { return String::new() };
    let mut seen = Vec::new();
    for (k, figure) in frames.iter().enumerate() {
        merge(&mut seen, &figure.shapes, k);
    }
    let svg = last.to_moving_svg(&seen, frames.len() - 1);
    let title = escape(&last.title);
    let mut out = String::new();
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n<title>{title}</title>\n<style>\n{}{}</style>\n\
         </head>\n<body>\n<main data-delay=\"{}\" data-last=\"{LAST}\">\n{svg}\n\
         <div class=\"bar\"><button type=\"button\" id=\"play\">Play</button>\n\
         <input type=\"range\" id=\"at\" min=\"0\" max=\"{}\" value=\"{}\" step=\"1\" aria-label=\"Frame\"/>\n\
         <output id=\"told\" for=\"at\"></output></div>\n</main>\n<script>\n{}</script>\n</body>\n</html>\n",
        include_str!("page.css"),
        style_sheet(),
        u32::from(delay) * 10,
        frames.len() - 1,
        frames.len() - 1,
        include_str!("page.js"),
    );
    out
}

/// Lays the shapes of frame `k` over what was seen in the frames before: a shape that was there in the last one stays, a new one is
/// put in its place among the others.
fn merge(seen: &mut Vec<Seen>, shapes: &[Shape], k: usize) {
    let mut at = 0;
    for shape in shapes {
        if let Shape::Window { frame, shapes } = shape {
            let same = |s: &Seen| matches!(s, Seen::Window { frame: f, .. } if f == frame);
            let found = seen[at..].iter().position(same).map(|i| at + i);
            let i = found.unwrap_or_else(|| {
                seen.insert(at, Seen::Window { frame: *frame, inside: Vec::new() });
                at
            });
            if let Seen::Window { inside, .. } = &mut seen[i] {
                merge(inside, shapes, k);
            }
            at = i + 1;
            continue;
        }
        let same = |s: &Seen| matches!(s, Seen::Shape { shape: s, to, .. } if to + 1 == k && s == shape);
        match seen[at..].iter().position(same).filter(|_| k > 0) {
            Some(i) => {
                if let Seen::Shape { to, .. } = &mut seen[at + i] {
                    *to = k;
                }
                at += i + 1;
            }
            None => {
                seen.insert(at, Seen::Shape { shape: shape.clone(), from: k, to: k });
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{Axis, Chart};

    fn figure(points: usize) -> Figure {
        let way = [(0.0, 0.0), (0.5, 1.0), (1.0, 0.5)][..points].to_vec();
        Chart::new("<t>", Axis::linear("x").range(0.0, 1.0), Axis::linear("y").range(0.0, 2.0))
            .clipped()
            .line("", vec![(0.0, 2.0), (1.0, 0.0)])
            .way("a", way)
            .figure()
    }

    /// The shapes that a frame shows, in order.
    fn shown(seen: &[Seen], k: usize) -> Vec<Shape> {
        let mut out = Vec::new();
        for s in seen {
            match s {
                Seen::Shape { shape, from, to } if (*from..=*to).contains(&k) => out.push(shape.clone()),
                Seen::Shape { .. } => {}
                Seen::Window { frame, inside } => {
                    out.push(Shape::Window { frame: *frame, shapes: shown(inside, k) });
                }
            }
        }
        out
    }

    #[test]
    fn every_frame_shows_its_own_shapes_in_their_order() {
        let frames = [figure(1), figure(2), figure(3), figure(2)];
        let mut seen = Vec::new();
        for (k, frame) in frames.iter().enumerate() {
            merge(&mut seen, &frame.shapes, k);
        }
        for (k, frame) in frames.iter().enumerate() {
            assert_eq!(shown(&seen, k), frame.shapes, "frame {k}");
        }
    }

    #[test]
    fn the_page_stands_alone() {
        let page = page(&[figure(1), figure(2)], 8);
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains("&lt;t&gt;") && !page.contains("<t>"));
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("src="), "nothing is loaded");
        // Axes and curve once, the way twice.
        assert_eq!(page.matches("data-f=\"0\" data-t=\"0\"").count(), page.matches("class=\"hid\"").count());
        assert!(page.contains("data-f=\"1\" data-t=\"1\"") && page.contains("prefers-color-scheme"));
    }
}
