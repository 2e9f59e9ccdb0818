//! Numbers as people read them: true minus signs, powers of ten instead of long rows of zeros, thousands grouped.

use std::fmt::Write as _;

/// `x` to `digits` significant digits, without trailing zeros: `0.9825`, `20,190`, `−3.2×10⁻⁷`, `∞`, `NaN`.
///
/// Numbers below 10⁻⁴ and from 10⁶ on are written as powers of ten; whole numbers below 10⁶ are never rounded.
///
/// ```
/// use steepest_report::plot::number::significant;
/// assert_eq!(significant(0.98245614, 4), "0.9825");
/// assert_eq!(significant(-2.34e-11, 2), "−2.3×10⁻¹¹");
/// assert_eq!(significant(20190.0, 4), "20,190");
/// ```
pub fn significant(x: f64, digits: usize) -> String {
    if x.is_nan() {
        return "NaN".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { "∞".into() } else { "−∞".into() };
    }
    if x == 0.0 {
        return "0".into();
    }
    if x.fract() == 0.0 && x.abs() < 1e6 {
        return decimal(x as i64, 0);
    }
    let digits = digits.clamp(1, 17);
    let scientific = format!("{:.*e}", digits - 1, x);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        let text = trimmed(&format!("{x:.decimals$}")).replace('-', "−");
        return match text.split_once('.') {
            Some((whole, rest)) => format!("{}.{rest}", grouped(whole)),
            None => grouped(&text),
        };
    }
    times_power(&trimmed(mantissa).replace('-', "−"), exponent)
}

/// A whole number with its thousands grouped: `20,190`.
pub fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// A number of things: `1 way`, `2 ways`, `20,190 rows`.
pub fn counted(n: usize, thing: &str) -> String {
    format!("{} {thing}{}", count(n as u64), if n == 1 { "" } else { "s" })
}

/// A duration: `0.013 s`, `4.2 s`, `2 min 3 s`, `5 h 4 min`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "unknown".into();
    }
    if seconds < 60.0 {
        return if seconds < 1e-3 {
            format!("{} s", significant(seconds, 1))
        } else {
            format!("{} s", significant(seconds, 2))
        };
    }
    let whole = seconds.round() as u64;
    if whole < 3600 {
        format!("{} min {} s", whole / 60, whole % 60)
    } else {
        format!("{} h {} min", count(whole / 3600), whole % 3600 / 60)
    }
}

/// `n · 10^(−decimals)` written out, exactly.
pub(crate) fn decimal(n: i64, decimals: usize) -> String {
    let digits = format!("{:0>width$}", n.unsigned_abs(), width = decimals + 1);
    let (whole, rest) = digits.split_at(digits.len() - decimals);
    let sign = if n < 0 { "−" } else { "" };
    if rest.is_empty() { format!("{sign}{}", grouped(whole)) } else { format!("{sign}{}.{rest}", grouped(whole)) }
}

/// `mantissa × 10^exponent`, where a mantissa of one is left out.
pub(crate) fn times_power(mantissa: &str, exponent: i32) -> String {
    match (mantissa, exponent) {
        (_, 0) => mantissa.to_string(),
        ("1", _) => format!("10{}", superscript(exponent)),
        ("−1", _) => format!("−10{}", superscript(exponent)),
        _ => format!("{mantissa}×10{}", superscript(exponent)),
    }
}

fn superscript(n: i32) -> String {
    let mut text = String::new();
    let _ = write!(text, "{n}");
    text.chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            _ => char::from_u32('⁰' as u32 + c as u32 - '0' as u32).unwrap_or(c),
        })
        .collect()
}

fn trimmed(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text.to_string() }
}

fn grouped(whole: &str) -> String {
    let (sign, digits) = match whole.strip_prefix('−') {
        Some(rest) => ("−", rest),
        None => ("", whole),
    };
    let mut text = String::from(sign);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        for (x, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (0.5, "0.5"),
            (-0.25, "−0.25"),
            (123.456, "123.5"),
            (1234.56, "1,235"),
            (1e6, "10⁶"),
            (1.5e6, "1.5×10⁶"),
            (999_999.0, "999,999"),
            (-1e-5, "−10⁻⁵"),
            (9.99996e-5, "0.0001"),
            (1.2345e-300, "1.234×10⁻³⁰⁰"),
            (f64::INFINITY, "∞"),
            (f64::NEG_INFINITY, "−∞"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(significant(x, 4), text, "{x:e}");
        }
    }

    #[test]
    fn durations_change_units() {
        assert_eq!(duration(0.0134), "0.013 s");
        assert_eq!(duration(61.2), "1 min 1 s");
        assert_eq!(duration(7260.0), "2 h 1 min");
        assert_eq!(duration(f64::NAN), "unknown");
    }

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal(-5, 2), "−0.05");
        assert_eq!(decimal(123_456, 1), "12,345.6");
        assert_eq!(count(1_234_567), "1,234,567");
    }
}
