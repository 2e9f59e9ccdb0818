//! Parts of a point in time: year, month, day of the week, time of day, in UTC and the Gregorian calendar.

/// Seconds in a day.
const DAY: f64 = 86_400.0;

/// The parts of a time that become features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Parts {
    /// The year.
    pub year: i64,
    /// The month, 1 to 12.
    pub month: u8,
    /// The day of the week, 1 (Monday) to 7.
    pub weekday: u8,
    /// The share of the day that has passed, in [0, 1).
    pub day_share: f64,
}

impl Parts {
    /// The parts of a time in seconds since 1970-01-01T00:00 UTC; `None` where it is missing or beyond ±10⁹ days.
    ///
    /// Days are counted from 1 March of year 0, so that the leap day is the last of its year and the day of a month follows
    /// from the rule of five months in 153 days.
    pub(crate) fn of(seconds: f64) -> Option<Parts> {
        let days = (seconds / DAY).floor();
        if days.is_nan() || days.abs() >= 1e9 {
            return None;
        }
        let share = ((seconds - days * DAY) / DAY).clamp(0.0, 1.0 - f64::EPSILON / 2.0);
        let days = days as i64;
        let since_march = days + 719_468;
        let era = since_march.div_euclid(146_097);
        let day = since_march.rem_euclid(146_097);
        // The day that ends 4, 100 and 400 years is left out of the division by 365.
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day_of_year = day - (365 * year + year / 4 - year / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year + i64::from(month <= 2);
        // 1970-01-01 was a Thursday.
        let weekday = (days + 3).rem_euclid(7) + 1;
        Some(Parts { year, month: month as u8, weekday: weekday as u8, day_share: share })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        let parts = |s: f64| Parts::of(s).map(|p| (p.year, p.month, p.weekday)).unwrap();
        assert_eq!(parts(0.0), (1970, 1, 4));
        assert_eq!(parts(-1.0), (1969, 12, 3));
        assert_eq!(parts(951_782_400.0), (2000, 2, 2)); // 29 February 2000, a Tuesday
        assert_eq!(parts(951_868_800.0), (2000, 3, 3));
        assert_eq!(parts(1_356_998_400.0), (2013, 1, 2)); // 1 January 2013, a Tuesday
        assert_eq!(parts(-2_203_891_200.0), (1900, 3, 4)); // 1 March 1900, a Thursday, no leap year
        assert_eq!(Parts::of(1_356_998_400.0 + 21_600.0).unwrap().day_share, 0.25);
        assert_eq!(Parts::of(f64::NAN), None);
    }

    #[test]
    fn every_day_of_800_years_follows_the_one_before() {
        let length = |year: i64, month: u8| match month {
            2 if (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        // From 1 January 1600, 135,140 days before 1970.
        let (mut year, mut month, mut day) = (1600, 1, 1);
        for number in -135_140i64..157_000 {
            let parts = Parts::of(number as f64 * DAY).unwrap();
            assert_eq!((parts.year, parts.month), (year, month), "day {number}");
            day += 1;
            if day > length(year, month) {
                day = 1;
                month += 1;
            }
            if month > 12 {
                month = 1;
                year += 1;
            }
        }
    }
}
