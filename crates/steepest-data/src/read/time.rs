//! Dates and times as people write them in files, to seconds since 1970-01-01T00:00 UTC.
//!
//! Understood: `2013-01-31`, `2013/01/31`, `31.01.2013`, each alone or followed by `T` or spaces and `hh:mm`, `hh:mm:ss` or
//! `hh:mm:ss.fraction`, and then by `Z`, `UTC`, `+hh`, `+hhmm` or `+hh:mm`. A time without zone is taken as UTC. `1/2/2013` is not
//! understood, since it is a day in January here and in February there. Numbers such as `20130131` stay numbers.

/// The point in time that `field` names, or `None` if it names none.
pub(super) fn parse(field: &[u8]) -> Option<f64> {
    let (days, rest) = date(field)?;
    let rest = match rest {
        [] => return Some(days as f64 * 86400.0),
        [b'T' | b't', rest @ ..] => rest,
        [b' ', ..] => rest.trim_ascii_start(),
        _ => return None,
    };
    let (seconds, rest) = clock(rest)?;
    let shift = zone(rest.trim_ascii_start())?;
    Some(days as f64 * 86400.0 + seconds - shift)
}

/// Exactly `n` digits at the front.
fn digits(field: &[u8], n: usize) -> Option<(i64, &[u8])> {
    let (head, rest) = field.split_at_checked(n)?;
    let value = head.iter().try_fold(0i64, |v, b| b.is_ascii_digit().then(|| v * 10 + i64::from(b - b'0')))?;
    Some((value, rest))
}

fn date(field: &[u8]) -> Option<(i64, &[u8])> {
    let mark = *field.get(4)?;
    let (year, month, day, rest) = if matches!(mark, b'-' | b'/') {
        let (year, rest) = digits(field, 4)?;
        let (month, rest) = digits(&rest[1..], 2)?;
        let (day, rest) = digits(rest.strip_prefix(&[mark])?, 2)?;
        (year, month, day, rest)
    } else {
        let (day, rest) = digits(field, 2)?;
        let (month, rest) = digits(rest.strip_prefix(b".")?, 2)?;
        let (year, rest) = digits(rest.strip_prefix(b".")?, 4)?;
        (year, month, day, rest)
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=length).contains(&day).then(|| (days_from_civil(year, month, day), rest))
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar. Years are counted from March, so that the leap day comes last:
/// the months from March on then begin at day ⌊(153 m + 2)/5⌋, and a 400-year era has 146,097 days.
pub(super) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let in_era = y.rem_euclid(400);
    let m = (month + 9) % 12;
    let in_year = (153 * m + 2) / 5 + day - 1;
    era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719_468
}

/// The date of a day counted from 1970-01-01: the inverse of [`days_from_civil`].
pub(super) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let in_era = z.rem_euclid(146_097);
    let year = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    let m = (5 * in_year + 2) / 153;
    let day = in_year - (153 * m + 2) / 5 + 1;
    let month = if m < 10 { m + 3 } else { m - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

/// Seconds since 1970 as ISO 8601 in UTC: the date alone at midnight, else with the time and as many digits as it takes.
pub(crate) fn write(seconds: f64) -> String {
    let days = (seconds / 86400.0).floor();
    let rest = seconds - days * 86400.0;
    let (year, month, day) = civil_from_days(days as i64);
    let date = format!("{year:04}-{month:02}-{day:02}");
    if rest == 0.0 {
        return date;
    }
    let whole = rest.floor() as i64;
    let (hour, minute, second) = (whole / 3600, whole / 60 % 60, whole % 60);
    let clock = format!("{date}T{hour:02}:{minute:02}:{second:02}");
    let micro = ((rest - rest.floor()) * 1e6).round() as i64;
    match micro {
        0 | 1_000_000 => format!("{clock}Z"),
        _ => format!("{clock}.{}Z", format!("{micro:06}").trim_end_matches('0')),
    }
}

fn clock(field: &[u8]) -> Option<(f64, &[u8])> {
    let (hour, rest) = digits(field, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(b":")?, 2)?;
    if hour > 23 || minute > 59 {
        return None;
    }
    let mut seconds = (hour * 3600 + minute * 60) as f64;
    let Some(rest) = rest.strip_prefix(b":") else { return Some((seconds, rest)) };
    let (second, rest) = digits(rest, 2)?;
    if second > 60 {
        return None; // 60 is a leap second
    }
    seconds += second as f64;
    let Some(rest) = rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")) else { return Some((seconds, rest)) };
    let n = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (fraction, scale) =
        rest[..n.min(15)].iter().fold((0.0, 1.0), |(v, s), b| (v * 10.0 + f64::from(b - b'0'), s * 10.0));
    (n > 0).then(|| (seconds + fraction / scale, &rest[n..]))
}

/// Seconds east of Greenwich.
fn zone(field: &[u8]) -> Option<f64> {
    let (sign, rest) = match field {
        [] | b"Z" | b"z" | b"UTC" | b"GMT" => return Some(0.0),
        [b'+', rest @ ..] => (1.0, rest),
        [b'-', rest @ ..] => (-1.0, rest),
        _ => return None,
    };
    let (hours, rest) = digits(rest, 2)?;
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let minutes = if rest.is_empty() { 0 } else { digits(rest, 2).filter(|(_, r)| r.is_empty())?.0 };
    (hours <= 18 && minutes <= 59).then(|| sign * (hours * 3600 + minutes * 60) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants() {
        // From `date -u -d … +%s`.
        let cases = [
            ("1970-01-01", 0.0),
            ("2013-01-01T06:00:00Z", 1357020000.0),
            ("2000-02-29", 951782400.0),
            ("1969-12-31 23:59:59.5", -0.5),
            ("29.02.2024 12:30", 1709209800.0),
            ("2024/12/31", 1735603200.0),
            ("2013-01-01T06:00:00+02:00", 1357012800.0),
            ("2013-01-01 06:00:00 -0530", 1357039800.0),
            ("0001-01-01", -62135596800.0),
        ];
        for (text, seconds) in cases {
            assert_eq!(parse(text.as_bytes()), Some(seconds), "{text}");
        }
    }

    #[test]
    fn not_times() {
        for text in [
            "",
            "2013",
            "2013-13-01",
            "2013-02-29",
            "1900-02-29",
            "20130101",
            "2013-01-01x",
            "2013-01-01 25:00",
            "1/2/2013",
            "2013-01/01",
            "2013-01-01T",
            "2013-01-01 1:00",
            "31.04.2013",
            "2013-01-01 10:00 CET",
            "2013-1-1",
            "١٢٣٤-٠١-٠١",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut expected = days_from_civil(1899, 12, 31);
        for year in 1900..=2100 {
            for month in 1..=12 {
                for day in 1..=31 {
                    let text = format!("{year:04}-{month:02}-{day:02}");
                    if let Some(t) = parse(text.as_bytes()) {
                        expected += 1;
                        assert_eq!(t, expected as f64 * 86400.0, "{text}");
                    }
                }
            }
        }
        assert_eq!(expected, days_from_civil(2100, 12, 31));
    }

    #[test]
    fn writing_and_parsing_are_inverse() {
        for seconds in
            [0.0, -1.0, 86400.0, 1357020000.0, 1357020000.25, -62135596800.0, 951782400.0 + 86399.0, 4102444799.5]
        {
            assert_eq!(parse(write(seconds).as_bytes()), Some(seconds), "{}", write(seconds));
        }
        for days in -200_000..200_000 {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
    }
}
