//! An amount of rows: a share or a count.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `20%`, `0.2` or `500`: a share of the rows below 1, a number of rows from 1 on; `0` is none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "String")]
pub enum Amount {
    /// A share, 0 ≤ share < 1.
    Share(f64),
    /// A number of rows.
    Rows(usize),
}

impl Amount {
    /// The number of rows out of `total`, rounded to the nearest.
    pub fn of(self, total: usize) -> usize {
        match self {
            Amount::Share(share) => (share * total as f64).round() as usize,
            Amount::Rows(rows) => rows,
        }
    }

    /// Whether nothing is asked for.
    pub fn is_none(self) -> bool {
        matches!(self, Amount::Share(0.0) | Amount::Rows(0))
    }
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Amount, String> {
        let wrong =
            || format!("`{text}` is no amount of rows: give a share (`20%`, `0.2`) or a count (`500`), `0` for none");
        let (digits, percent) = match text.trim().strip_suffix('%') {
            Some(digits) => (digits, true),
            None => (text.trim(), false),
        };
        let value: f64 = digits.trim().parse().map_err(|_| wrong())?;
        match (percent, value) {
            (true, v) if (0.0..100.0).contains(&v) => Ok(Amount::Share(v / 100.0)),
            (false, v) if (0.0..1.0).contains(&v) => Ok(Amount::Share(v)),
            (false, v) if v >= 1.0 && v.fract() == 0.0 && v < 1e15 => Ok(Amount::Rows(v as usize)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Amount::Share(share) => write!(f, "{share}"),
            Amount::Rows(rows) => write!(f, "{rows}"),
        }
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> String {
        amount.to_string()
    }
}

/// TOML writers may leave the quotes out: `test = 0.2`.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Text {
    Word(String),
    Integer(i64),
    Number(f64),
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Text::Word(word) => f.write_str(word),
            Text::Integer(v) => write!(f, "{v}"),
            Text::Number(v) => write!(f, "{v}"),
        }
    }
}

impl TryFrom<Text> for Amount {
    type Error = String;

    fn try_from(text: Text) -> Result<Amount, String> {
        text.to_string().parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_counts() {
        assert_eq!("20%".parse(), Ok(Amount::Share(0.2)));
        assert_eq!("0.2".parse(), Ok(Amount::Share(0.2)));
        assert_eq!("500".parse(), Ok(Amount::Rows(500)));
        assert_eq!("1".parse(), Ok(Amount::Rows(1)));
        assert!("0".parse::<Amount>().unwrap().is_none());
        assert!("0%".parse::<Amount>().unwrap().is_none());
        for bad in ["", "x", "-1", "100%", "120%", "1.5", "inf", "nan", "1e300"] {
            assert!(bad.parse::<Amount>().is_err(), "{bad}");
        }
        assert_eq!(Amount::Share(0.25).of(569), 142);
        assert_eq!(Amount::Rows(7).of(3), 7);
    }
}
