//! Scales and their ticks: a range of numbers laid over an axis, linear or logarithmic, and the round numbers marked on it.

use super::number::{decimal, times_power};

/// The smallest span of a scale relative to its larger end: what varies by less is drawn as constant.
const LEAST_SPAN: f64 = 1e-6;

/// How numbers are laid over an axis. Built by [`Scale::linear`] and [`Scale::log`], which widen what has no extent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// Equal distances for equal differences.
    Linear {
        /// Lower end.
        lo: f64,
        /// Upper end.
        hi: f64,
    },
    /// Equal distances for equal ratios; both ends are positive.
    Log {
        /// Lower end.
        lo: f64,
        /// Upper end.
        hi: f64,
    },
}

/// A marked number of an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Where it is.
    pub value: f64,
    /// What is written there.
    pub label: String,
}

impl Scale {
    /// A linear scale from `lo` to `hi`. Ends that are not finite give 0 to 1, equal ends are moved apart by 5 % each.
    pub fn linear(lo: f64, hi: f64) -> Scale {
        if !lo.is_finite() || !hi.is_finite() {
            return Scale::Linear { lo: 0.0, hi: 1.0 };
        }
        let (lo, hi) = (lo.min(hi).max(-8e307), lo.max(hi).min(8e307));
        let size = lo.abs().max(hi.abs());
        if size < 1e-300 {
            return Scale::Linear { lo: -1.0, hi: 1.0 };
        }
        if hi - lo < LEAST_SPAN * size {
            return Scale::Linear { lo: lo - 0.05 * size, hi: hi + 0.05 * size };
        }
        Scale::Linear { lo, hi }
    }

    /// A logarithmic scale from `lo` to `hi`. Ends that are not positive and finite give 1 to 10, equal ends a factor of two both ways.
    pub fn log(lo: f64, hi: f64) -> Scale {
        if !(lo > 0.0 && hi > 0.0 && lo.is_finite() && hi.is_finite()) {
            return Scale::Log { lo: 1.0, hi: 10.0 };
        }
        let (lo, hi) = (lo.min(hi).clamp(1e-307, 4e307), lo.max(hi).clamp(1e-307, 4e307));
        if hi / lo < 1.0 + LEAST_SPAN { Scale::Log { lo: lo / 2.0, hi: hi * 2.0 } } else { Scale::Log { lo, hi } }
    }

    /// Both ends.
    pub fn ends(&self) -> (f64, f64) {
        match *self {
            Scale::Linear { lo, hi } | Scale::Log { lo, hi } => (lo, hi),
        }
    }

    /// Where `value` is: 0 at the lower end, 1 at the upper. `None` where it has no place (not finite, or not positive on a logarithmic scale).
    pub fn position(&self, value: f64) -> Option<f64> {
        if !value.is_finite() {
            return None;
        }
        match *self {
            // Halves, so that the difference of the largest numbers is finite.
            Scale::Linear { lo, hi } => Some((value / 2.0 - lo / 2.0) / (hi / 2.0 - lo / 2.0)),
            Scale::Log { lo, hi } if value > 0.0 => Some((value.ln() - lo.ln()) / (hi.ln() - lo.ln())),
            Scale::Log { .. } => None,
        }
    }

    /// Round numbers within the scale, at least `want` (3 or 4) and at most ten of them, with labels that differ.
    pub fn ticks(&self, want: usize) -> Vec<Tick> {
        let want = want.clamp(2, 4) as i64;
        match *self {
            Scale::Linear { lo, hi } => linear_ticks(lo, hi, want, i32::MIN),
            Scale::Log { lo, hi } => log_ticks(lo, hi, want),
        }
    }

    /// As [`ticks`](Scale::ticks), of whole numbers only, for axes that count: fewer where there are not enough.
    pub fn whole_ticks(&self, want: usize) -> Vec<Tick> {
        match *self {
            Scale::Linear { lo, hi } => linear_ticks(lo, hi, want.clamp(2, 4) as i64, 0),
            Scale::Log { .. } => self.ticks(want),
        }
    }
}

/// Multiples of 1, 2 or 5 times a power of ten: the largest such step that gives at least `want` of them.
/// The ladder's ratio is at most 2.5, so there are at most 2.5·want of them.
fn linear_ticks(lo: f64, hi: f64, want: i64, least_exponent: i32) -> Vec<Tick> {
    let top = (hi - lo).log10().floor() as i32 + 1;
    for exponent in (top - 3..=top).rev().filter(|e| *e >= least_exponent) {
        for factor in [5, 2, 1] {
            let step = scaled(factor, exponent);
            let (first, last) = ((lo / step - 1e-9).ceil(), (hi / step + 1e-9).floor());
            let least = exponent == least_exponent && factor == 1;
            if last - first + 1.0 >= want as f64 || least {
                let multiples: Vec<i64> = (first as i64..=last as i64).map(|i| i * factor).collect();
                return labelled(&multiples, exponent, lo, hi);
            }
        }
    }
    Vec::new()
}

/// The numbers `n · 10^exponent` with labels that share their decimals, or their power of ten where they are long.
fn labelled(multiples: &[i64], exponent: i32, lo: f64, hi: f64) -> Vec<Tick> {
    let largest = multiples.iter().map(|n| n.unsigned_abs()).max().unwrap_or(0);
    let leading = if largest == 0 { 0 } else { exponent + largest.ilog10() as i32 };
    let plain = (-4..5).contains(&leading);
    multiples
        .iter()
        .map(|&n| {
            let label = if n == 0 {
                "0".to_string()
            } else if plain {
                if exponent >= 0 { decimal(n * 10i64.pow(exponent as u32), 0) } else { decimal(n, -exponent as usize) }
            } else {
                times_power(&decimal(n, (leading - exponent).max(0) as usize), leading)
            };
            Tick { value: scaled(n, exponent).clamp(lo, hi), label }
        })
        .collect()
}

/// Powers of ten, thinned where there are many; 1, 2, 5 within decades where there are few; linear ticks within less than one.
fn log_ticks(lo: f64, hi: f64, want: i64) -> Vec<Tick> {
    let inside = |v: f64| v >= lo * (1.0 - 1e-12) && v <= hi * (1.0 + 1e-12);
    let (first, last) = (lo.log10().floor() as i32, hi.log10().ceil() as i32);
    let powers: Vec<i32> = (first..=last).filter(|e| inside(scaled(1, *e))).collect();
    let tick = |m: i64, e: i32, plain: bool| {
        let label = if plain {
            if e >= 0 { decimal(m * 10i64.pow(e as u32), 0) } else { decimal(m, -e as usize) }
        } else {
            times_power(&m.to_string(), e)
        };
        Tick { value: scaled(m, e).clamp(lo, hi), label }
    };
    if powers.len() as i64 >= want.max(3) {
        let plain = powers[0] >= -3 && powers[powers.len() - 1] <= 4;
        let enough = want.max(3) as usize;
        let stride = [200, 100, 50, 20, 10, 5, 3, 2, 1]
            .into_iter()
            .find(|s| powers.iter().filter(|e| *e % s == 0).count() >= enough)
            .unwrap_or(1);
        return powers.iter().filter(|e| *e % stride == 0).map(|e| tick(1, *e, plain)).collect();
    }
    for mantissas in [&[1i64, 2, 5][..], &[1, 2, 3, 4, 5, 6, 7, 8, 9]] {
        let within: Vec<(i64, i32)> = (first..=last)
            .flat_map(|e| mantissas.iter().map(move |m| (*m, e)))
            .filter(|(m, e)| inside(scaled(*m, *e)))
            .collect();
        if (3..=10).contains(&within.len()) {
            let plain = first >= -3 && last <= 5;
            return within.into_iter().map(|(m, e)| tick(m, e, plain)).collect();
        }
    }
    linear_ticks(lo, hi, want, i32::MIN)
}

/// `n · 10^exponent`, correctly rounded.
fn scaled(n: i64, exponent: i32) -> f64 {
    format!("{n}e{exponent}").parse().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn labels(scale: Scale) -> Vec<String> {
        scale.ticks(4).into_iter().map(|t| t.label).collect()
    }

    #[test]
    fn round_numbers_are_chosen() {
        assert_eq!(labels(Scale::linear(0.0, 1.0)), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(Scale::linear(-30.0, 120.0)), ["−20", "0", "20", "40", "60", "80", "100", "120"]);
        assert_eq!(labels(Scale::log(1e-12, 1.0)), ["10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³", "1"]);
        assert_eq!(labels(Scale::log(1e-3, 1.0)), ["0.001", "0.01", "0.1", "1"]);
        assert_eq!(labels(Scale::log(0.2, 30.0)), ["0.2", "0.5", "1", "2", "5", "10", "20"]);
        assert_eq!(labels(Scale::linear(0.0, 1e6)), ["0", "0.2×10⁶", "0.4×10⁶", "0.6×10⁶", "0.8×10⁶", "1.0×10⁶"]);
        assert_eq!(labels(Scale::linear(1.0, 1.000003)), ["1.000000", "1.000001", "1.000002", "1.000003"]);
    }

    fn check(scale: Scale) -> Result<(), TestCaseError> {
        let (lo, hi) = scale.ends();
        for want in [3, 4] {
            let ticks = scale.ticks(want);
            prop_assert!((3..=10).contains(&ticks.len()), "{scale:?} {ticks:?}");
            prop_assert!(ticks.iter().all(|t| t.value >= lo && t.value <= hi), "{scale:?} {ticks:?}");
            prop_assert!(ticks.windows(2).all(|w| w[0].value < w[1].value), "{scale:?} {ticks:?}");
            let distinct: HashSet<&str> = ticks.iter().map(|t| t.label.as_str()).collect();
            prop_assert_eq!(distinct.len(), ticks.len(), "{:?} {:?}", scale, ticks);
            prop_assert!(ticks.iter().all(|t| t.label.chars().count() <= 16), "{scale:?} {ticks:?}");
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn linear_ticks_are_few_inside_and_distinct(a in -1e3f64..1e3, b in -1e3f64..1e3, e in -290i32..290) {
            let unit = 10f64.powi(e);
            check(Scale::linear(a * unit, b * unit))?;
        }

        #[test]
        fn nearly_constant_data_keep_distinct_labels(c in prop::num::f64::NORMAL, ulps in 0u64..1_000_000_000_000) {
            check(Scale::linear(c, f64::from_bits(c.to_bits().saturating_add(ulps))))?;
        }

        #[test]
        fn log_ticks_are_few_inside_and_distinct(a in -305f64..305.0, width in 0f64..400.0) {
            check(Scale::log(10f64.powf(a), 10f64.powf((a + width).min(306.0))))?;
        }

        #[test]
        fn narrow_log_ticks_are_few_inside_and_distinct(a in -300f64..300.0, width in 0f64..3.0) {
            check(Scale::log(10f64.powf(a), 10f64.powf(a + width)))?;
        }

        #[test]
        fn any_ends_give_a_scale(a in prop::num::f64::ANY, b in prop::num::f64::ANY) {
            check(Scale::linear(a, b))?;
            check(Scale::log(a, b))?;
        }
    }

    #[test]
    fn whole_ticks_are_whole() {
        let ticks = Scale::linear(0.0, 3.0).whole_ticks(4);
        assert_eq!(ticks.iter().map(|t| t.label.as_str()).collect::<Vec<_>>(), ["0", "1", "2", "3"]);
        assert_eq!(Scale::linear(0.0, 1.0).whole_ticks(4).len(), 2);
    }

    #[test]
    fn positions_follow_the_scale() {
        assert_eq!(Scale::linear(-1e308, 1e308).position(0.0), Some(0.5));
        let middle = Scale::log(1e-300, 1e300).position(1.0).unwrap();
        assert!((middle - 0.5).abs() < 1e-12);
        assert_eq!(Scale::log(1.0, 10.0).position(0.0), None);
        assert_eq!(Scale::linear(0.0, 1.0).position(f64::NAN), None);
    }
}
