//! Figures as SVG: as files of their own, as parts of a page, and in fixed colours with drawn letters for the rasterizer.

#[cfg(feature = "png")]
use super::animation::Seen;
use super::color::{Ink, Theme, style_sheet};
use super::figure::{Anchor, Figure, Paint, Shape, coordinate};
use super::stroke_font;
use std::fmt::Write as _;

/// Fonts of the figures' words, where fonts can be chosen.
const FONTS: &str = "system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,'Liberation Sans',sans-serif";

/// Empty paper around a figure in a file of its own, in pixels.
pub(super) const MARGIN: f64 = 14.0;

#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// A file: colours as attributes, and a style sheet for the dark that overrides them.
    File,
    /// Part of a page which has the style sheet.
    Page,
    /// Colours of one theme, letters as lines.
    Fixed(Theme),
}

impl Figure {
    /// A whole SVG file. It follows the reader's preference for light or dark, and is readable to programs without style sheets.
    pub fn to_svg(&self) -> String {
        self.write(Form::File)
    }

    /// An `svg` element for a page that includes [`style_sheet`].
    pub fn to_page_svg(&self) -> String {
        self.write(Form::Page)
    }

    /// A whole SVG file in the colours of one theme, with its words drawn as lines: for programs that know no fonts.
    pub fn to_outlined_svg(&self, theme: Theme) -> String {
        self.write(Form::Fixed(theme))
    }

    /// As part of a page, with shapes that are seen in some frames only; where no script runs, those of frame `last` are seen.
    #[cfg(feature = "png")]
    pub(super) fn to_moving_svg(&self, seen: &[Seen], last: usize) -> String {
        let mut out = String::new();
        let (w, h) = (coordinate(self.width), coordinate(self.height));
        let (title, description) = (escape(&self.title), escape(&self.description));
        let _ =
            write!(out, r#"<svg viewBox="0 0 {w} {h}" role="img"><title>{title}</title><desc>{description}</desc>"#);
        moving(&mut out, seen, last);
        out + "</svg>"
    }

    fn write(&self, form: Form) -> String {
        let mut out = String::new();
        // In a page the page keeps the distance.
        let margin = if form == Form::Page { 0.0 } else { MARGIN };
        let (w, h) = (coordinate(self.width + 2.0 * margin), coordinate(self.height + 2.0 * margin));
        out.push_str("<svg");
        if form != Form::Page {
            let _ = write!(out, r#" xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}""#);
        }
        let _ = write!(out, r#" viewBox="{0} {0} {w} {h}" role="img""#, coordinate(-margin));
        if let (Form::Page, Some(readout)) = (form, &self.readout) {
            let _ =
                write!(out, r#" data-x="{}" data-y="{}" data-name="{}""#, readout.x, readout.y, escape(&readout.name));
        }
        let _ = write!(out, "><title>{}</title><desc>{}</desc>", escape(&self.title), escape(&self.description));
        if form == Form::File {
            let _ = write!(out, "<style>text{{font-family:{FONTS}}}{}</style>", style_sheet());
        }
        if form != Form::Page {
            let paper = Shape::path(format!("M-{MARGIN}-{MARGIN}h{w}v{h}h-{w}Z"), Paint::fill(Ink::Paper));
            shape(&mut out, &paper, form);
        }
        for item in &self.shapes {
            shape(&mut out, item, form);
        }
        out.push_str("</svg>");
        if form != Form::Page {
            out.push('\n');
        }
        out
    }
}

#[cfg(feature = "png")]
fn moving(out: &mut String, seen: &[Seen], last: usize) {
    for item in seen {
        match item {
            Seen::Shape { shape: item, from: 0, to } if *to == last => shape(out, item, Form::Page),
            Seen::Shape { shape: item, from, to } => {
                let hidden = if *to == last { "" } else { r#" class="hid""# };
                let _ = write!(out, r#"<g data-f="{from}" data-t="{to}"{hidden}>"#);
                shape(out, item, Form::Page);
                out.push_str("</g>");
            }
            Seen::Window { frame, inside } => {
                open_window(out, *frame);
                moving(out, inside, last);
                out.push_str("</svg>");
            }
        }
    }
}

/// A nested drawing that hides what lies outside of it.
fn open_window(out: &mut String, frame: [f64; 4]) {
    let [x, y, w, h] = frame.map(coordinate);
    let _ =
        write!(out, r#"<svg x="{x}" y="{y}" width="{w}" height="{h}" viewBox="{x} {y} {w} {h}" overflow="hidden">"#);
}

fn shape(out: &mut String, item: &Shape, form: Form) {
    match item {
        Shape::Path { data, paint, name } => {
            let _ = write!(out, r#"<path d="{data}""#);
            paints(out, paint, form);
            if let (Form::Page, Some(name)) = (form, name) {
                let _ = write!(out, r#" data-n="{}""#, escape(name));
            }
            out.push_str("/>");
        }
        Shape::Text { x, y, size, anchor, ink, bold, text, hint } => {
            if let Form::Fixed(theme) = form {
                drawn_text(out, (*x, *y), *size, *anchor, &ink.hex(theme), *bold, text);
                return;
            }
            let _ =
                write!(out, r#"<text x="{}" y="{}" font-size="{}""#, coordinate(*x), coordinate(*y), coordinate(*size));
            match anchor {
                Anchor::Start => {}
                Anchor::Middle => out.push_str(r#" text-anchor="middle""#),
                Anchor::End => out.push_str(r#" text-anchor="end""#),
            }
            if *bold {
                out.push_str(r#" font-weight="600""#);
            }
            paints(out, &Paint::fill(*ink), form);
            out.push('>');
            if let Some(hint) = hint {
                let _ = write!(out, "<title>{}</title>", escape(hint));
            }
            let _ = write!(out, "{}</text>", escape(text));
        }
        Shape::Window { frame, shapes } => {
            open_window(out, *frame);
            for item in shapes {
                shape(out, item, form);
            }
            out.push_str("</svg>");
        }
    }
}

/// Fill and stroke as attributes (files), as classes (pages), or both.
fn paints(out: &mut String, paint: &Paint, form: Form) {
    let mut classes = Vec::new();
    for (attribute, prefix, ink) in [("fill", "f", paint.fill), ("stroke", "s", paint.stroke)] {
        let Some(ink) = ink else {
            if attribute == "fill" {
                out.push_str(r#" fill="none""#);
            }
            continue;
        };
        let class = if matches!(form, Form::Fixed(_)) { None } else { ink.class() };
        let theme = if let Form::Fixed(theme) = form { theme } else { Theme::Light };
        if class.is_none() || form == Form::File {
            let _ = write!(out, r#" {attribute}="{}""#, ink.hex(theme));
        }
        classes.extend(class.map(|c| format!("{prefix}{c}")));
    }
    if !classes.is_empty() {
        let _ = write!(out, r#" class="{}""#, classes.join(" "));
    }
    if paint.stroke.is_some() {
        if paint.width != 1.0 {
            let _ = write!(out, r#" stroke-width="{}""#, coordinate(paint.width));
        }
        if let Some(pattern) = paint.dash.pattern() {
            let _ = write!(out, r#" stroke-dasharray="{pattern}""#);
        } else {
            out.push_str(r#" stroke-linecap="round" stroke-linejoin="round""#);
        }
    }
    if paint.opacity < 1.0 {
        let _ = write!(out, r#" opacity="{}""#, coordinate(paint.opacity));
    }
}

/// A text as strokes of the built-in font.
fn drawn_text(out: &mut String, at: (f64, f64), size: f64, anchor: Anchor, color: &str, bold: bool, text: &str) {
    let shift = match anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => -stroke_font::width(text, size) / 2.0,
        Anchor::End => -stroke_font::width(text, size),
    };
    let thickness = if bold { "1.15" } else { ".8" };
    let _ = write!(
        out,
        r#"<g fill="none" stroke="{color}" stroke-width="{thickness}" stroke-linecap="round" stroke-linejoin="round" transform="translate({} {}) scale({})">"#,
        coordinate(at.0 + shift),
        coordinate(at.1),
        coordinate(size / 10.0)
    );
    stroke_font::draw(out, text);
    out.push_str("</g>");
}

/// `text` for use in XML and HTML, in elements and in quoted attributes: markup is escaped, what XML forbids becomes `�`.
///
/// ```
/// use steepest_report::plot::escape;
/// assert_eq!(escape("<script>\"&'\u{0}"), "&lt;script&gt;&quot;&amp;&#39;\u{fffd}");
/// ```
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
