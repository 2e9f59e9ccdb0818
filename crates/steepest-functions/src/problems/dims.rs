//! The dimensions a family of problems exists in.

use std::fmt;

use super::ProblemError;

/// The allowed numbers of variables and the one taken where none is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dims {
    rule: Rule,
    least: usize,
    greatest: usize,
    default: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Any,
    Multiple(usize),
    Square,
    Pronic,
    Listed(&'static [usize]),
}

impl Dims {
    /// One dimension only.
    pub const fn fixed(n: usize) -> Dims {
        Dims { rule: Rule::Any, least: n, greatest: n, default: n }
    }

    /// Every dimension from `least` to `greatest`.
    pub const fn any(least: usize, greatest: usize, default: usize) -> Dims {
        Dims { rule: Rule::Any, least, greatest, default }
    }

    /// Multiples of `factor` from `least` to `greatest`.
    pub const fn multiple(factor: usize, least: usize, greatest: usize, default: usize) -> Dims {
        Dims { rule: Rule::Multiple(factor), least, greatest, default }
    }

    /// Squares p², p ≥ 2.
    pub const fn square(greatest: usize, default: usize) -> Dims {
        Dims { rule: Rule::Square, least: 4, greatest, default }
    }

    /// Numbers k·(k + 1): a k × k matrix with k more.
    pub const fn pronic(greatest: usize, default: usize) -> Dims {
        Dims { rule: Rule::Pronic, least: 2, greatest, default }
    }

    /// These and no others, in rising order.
    pub const fn listed(list: &'static [usize], default: usize) -> Dims {
        Dims { rule: Rule::Listed(list), least: list[0], greatest: list[list.len() - 1], default }
    }

    /// The dimension taken where none is given.
    pub fn default(&self) -> usize {
        self.default
    }

    /// Whether there is only one.
    pub fn is_fixed(&self) -> bool {
        self.least == self.greatest
    }

    /// Whether the family exists in `n` variables.
    pub fn allows(&self, n: usize) -> bool {
        let root = n.isqrt();
        (self.least..=self.greatest).contains(&n)
            && match self.rule {
                Rule::Any => true,
                Rule::Multiple(factor) => n.is_multiple_of(factor),
                Rule::Square => root * root == n,
                Rule::Pronic => root * (root + 1) == n,
                Rule::Listed(list) => list.contains(&n),
            }
    }

    /// The nearest allowed dimension above `n`, else below it.
    pub fn near(&self, n: usize) -> usize {
        let n = n.clamp(self.least, self.greatest);
        (n..=self.greatest).chain((self.least..n).rev()).find(|&m| self.allows(m)).unwrap_or(self.default)
    }

    pub(super) fn check(&self, problem: &'static str, n: usize) -> Result<(), ProblemError> {
        if self.allows(n) {
            return Ok(());
        }
        Err(ProblemError::Dimension { problem, asked: n, allowed: *self, near: self.near(n) })
    }
}

impl fmt::Display for Dims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Dims { rule, least, greatest, .. } = self;
        if self.is_fixed() {
            return write!(f, "{least}");
        }
        match rule {
            Rule::Any => write!(f, "{least} to {greatest}"),
            Rule::Multiple(factor) => write!(f, "multiples of {factor} from {least} to {greatest}"),
            Rule::Square => write!(f, "squares from {least} to {greatest}"),
            Rule::Pronic => write!(f, "k·(k+1), such as 30 or 110, from {least} to {greatest}"),
            Rule::Listed(list) => {
                let names: Vec<String> = list.iter().map(usize::to_string).collect();
                write!(f, "{}", names.join(", "))
            }
        }
    }
}
