//! Colours: a palette that colour-blind people can tell apart, for light and for dark pages, and a ramp for heights.

/// Which of the two sets of colours is used where nobody can choose later (PNG).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark ink on light paper.
    Light,
    /// Light ink on dark paper.
    Dark,
}

/// What something is drawn with. The colour follows from the page being light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Words and marks of the first rank.
    Text,
    /// Axes, ticks and what only accompanies.
    Mute,
    /// Grid lines.
    Grid,
    /// The ground.
    Paper,
    /// The colour of the series of this number; eight, then again from the first.
    Series(usize),
    /// A place on the ramp from low (0) to high (63), the same in light and dark.
    Ramp(u8),
}

/// Colours of series: Okabe and Ito, "Color Universal Design" (2008), ordered so that the first ones stand out on white;
/// its yellow, invisible there, is replaced by a brown.
const SERIES_LIGHT: [&str; 8] =
    ["#0072b2", "#d55e00", "#009e73", "#b0558c", "#c98500", "#3c9ed6", "#7a5a3a", "#5f6670"];
/// The same hues, lightened for a dark ground.
const SERIES_DARK: [&str; 8] = ["#5db3ec", "#ff8b45", "#35c99d", "#e59cc9", "#f0b43c", "#9ad4f7", "#c9a57c", "#a9b0ba"];

/// Anchors of the ramp: from deep violet-blue over teal to light yellow, with lightness growing steadily.
const RAMP: [[f64; 3]; 6] = [
    [46.0, 22.0, 92.0],
    [50.0, 70.0, 140.0],
    [34.0, 116.0, 142.0],
    [40.0, 162.0, 130.0],
    [132.0, 204.0, 88.0],
    [246.0, 232.0, 96.0],
];

impl Ink {
    /// The colour of `height` (0 to 1) on the ramp.
    pub fn ramp(height: f64) -> Ink {
        Ink::Ramp((height.clamp(0.0, 1.0) * 63.0).round() as u8)
    }

    /// The colour as `#rrggbb`.
    pub fn hex(self, theme: Theme) -> String {
        let (light, dark) = match self {
            Ink::Text => ("#1d2126", "#e4e4e0"),
            Ink::Mute => ("#5c6470", "#9ba3ae"),
            Ink::Grid => ("#e3e3de", "#2d333b"),
            Ink::Paper => ("#fdfdfb", "#15181c"),
            Ink::Series(i) => (SERIES_LIGHT[i % 8], SERIES_DARK[i % 8]),
            Ink::Ramp(i) => return ramp_hex(i),
        };
        match theme {
            Theme::Light => light.into(),
            Theme::Dark => dark.into(),
        }
    }

    /// The name of the class that gives this colour in a style sheet; `None` for the ramp, which needs none.
    pub(crate) fn class(self) -> Option<String> {
        match self {
            Ink::Text => Some("t".into()),
            Ink::Mute => Some("m".into()),
            Ink::Grid => Some("g".into()),
            Ink::Paper => Some("p".into()),
            Ink::Series(i) => Some(format!("{}", i % 8)),
            Ink::Ramp(_) => None,
        }
    }
}

fn ramp_hex(i: u8) -> String {
    let at = f64::from(i.min(63)) / 63.0 * (RAMP.len() - 1) as f64;
    let low = (at.floor() as usize).min(RAMP.len() - 2);
    let share = at - low as f64;
    let mix = |k: usize| (RAMP[low][k] * (1.0 - share) + RAMP[low + 1][k] * share).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
}

/// The rules that colour figures: `.f…` fills, `.s…` strokes; light, then dark where the reader prefers it, light again on paper.
pub fn style_sheet() -> String {
    let inks = || [Ink::Text, Ink::Mute, Ink::Grid, Ink::Paper].into_iter().chain((0..8).map(Ink::Series));
    let rules = |theme: Theme| -> String {
        inks()
            .filter_map(|ink| Some((ink.class()?, ink.hex(theme))))
            .map(|(class, hex)| format!(".f{class}{{fill:{hex}}}.s{class}{{stroke:{hex}}}"))
            .collect()
    };
    format!("{}@media screen and (prefers-color-scheme:dark){{{}}}", rules(Theme::Light), rules(Theme::Dark))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast of WCAG 2.1.
    fn luminance(hex: &str) -> f64 {
        let channel = |k: usize| {
            let c = f64::from(u8::from_str_radix(&hex[k..k + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_colour_stands_out_from_its_paper() {
        for theme in [Theme::Light, Theme::Dark] {
            let paper = Ink::Paper.hex(theme);
            assert!(contrast(&Ink::Text.hex(theme), &paper) > 12.0);
            assert!(contrast(&Ink::Mute.hex(theme), &paper) > 5.0);
            for i in 0..8 {
                let c = contrast(&Ink::Series(i).hex(theme), &paper);
                assert!(c > 2.9, "series {i} in {theme:?}: {c}");
            }
        }
    }

    #[test]
    fn the_ramp_grows_lighter() {
        let levels: Vec<f64> = (0..64).map(|i| luminance(&ramp_hex(i))).collect();
        assert!(levels.windows(2).all(|w| w[1] > w[0]));
    }
}
