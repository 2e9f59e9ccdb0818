//! Rules as text: `name:positional,…,key=value,…`, joined to a chain by ` | `.
//!
//! ```text
//! adamw:lr=1e-3,weight_decay=0.01
//! clip:1 | adam:beta2=0.95 | weight_decay:0.1
//! sgd:lr=cosine(0.1,steps=1000,warmup=50),momentum=0.9
//! ```
//!
//! The same text works in a flag, in TOML or JSON, and in the library; TOML and JSON may also write a call as a table
//! `{ name = "adamw", lr = 1e-3 }` and a chain as a list of calls.

mod serial;

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::{
    options::{Options, find, resolve},
    registry::Entry,
};

/// Why a text does not describe a rule.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SpecError {
    /// Nothing where a name should be.
    #[error("column {column}: expected the name of an update rule, such as adamw:lr=1e-3")]
    Empty {
        /// From 1.
        column: usize,
    },
    /// A parenthesis without its partner.
    #[error("column {column}: `{found}` has no partner")]
    Unbalanced {
        /// From 1.
        column: usize,
        /// The parenthesis.
        found: char,
    },
    /// No rule has this name.
    #[error("column {column}: there is no update rule `{name}`{}; the names are {}", did_you_mean(.meant), .names.join(", "))]
    UnknownName {
        /// From 1.
        column: usize,
        /// What was given.
        name: String,
        /// The nearest name.
        meant: Option<&'static str>,
        /// All names.
        names: Vec<&'static str>,
    },
    /// The rule has no such option.
    #[error("column {column}: `{rule}` has no option `{key}`{}; its options are {}", did_you_mean(.meant), .keys.join(", "))]
    UnknownKey {
        /// From 1.
        column: usize,
        /// The rule.
        rule: String,
        /// What was given.
        key: String,
        /// The nearest key.
        meant: Option<&'static str>,
        /// All keys.
        keys: Vec<&'static str>,
    },
    /// A rule with a penalty in the loss was given the key of decoupled decay.
    #[error(
        "column {column}: `{rule}` does not decouple its decay; write l2={value} for a penalty in the loss (what PyTorch's {rule} \
         calls weight_decay), or `{rule} | weight_decay:{value}` for decoupled decay"
    )]
    NotDecoupled {
        /// From 1.
        column: usize,
        /// The rule.
        rule: String,
        /// What was given.
        value: String,
    },
    /// More values without a key than the rule names.
    #[error("column {column}: `{rule}` takes {} without a key; write key=value", positional_text(.takes))]
    TooManyPositional {
        /// From 1.
        column: usize,
        /// The rule.
        rule: String,
        /// The keys that may be left out.
        takes: &'static [&'static str],
    },
    /// A key was given twice.
    #[error("column {column}: `{key}` is given twice")]
    Twice {
        /// From 1.
        column: usize,
        /// The key.
        key: String,
    },
    /// A value is not what the option takes.
    #[error("column {column}: {rule}: {key}={value} is not {expected}")]
    BadValue {
        /// From 1.
        column: usize,
        /// The rule.
        rule: String,
        /// The option.
        key: String,
        /// What was given.
        value: String,
        /// What it should be.
        expected: String,
    },
    /// An option without a default was not given.
    #[error("column {column}: `{rule}` needs {key}: {doc}")]
    Missing {
        /// From 1.
        column: usize,
        /// The rule.
        rule: String,
        /// The option.
        key: &'static str,
        /// What it means.
        doc: &'static str,
    },
    /// A chain was given more than one learning rate.
    #[error("column {column}: a chain has one learning rate, and it was already given")]
    SecondRate {
        /// From 1.
        column: usize,
    },
    /// A learning rate in the chain and another one beside it.
    #[error("the learning rate is given both in `{text}` and by {other}; give one of them")]
    RateTwice {
        /// The chain.
        text: String,
        /// The other place: a flag or a key.
        other: String,
    },
    /// The pieces do not fit together.
    #[error("column {column}: {why}")]
    Refused {
        /// From 1.
        column: usize,
        /// The reason, and what to write.
        why: String,
    },
    /// A schedule could not be read.
    #[error("column {column}: {why}")]
    Schedule {
        /// From 1.
        column: usize,
        /// The reason.
        why: String,
    },
}

fn did_you_mean(meant: &Option<&'static str>) -> String {
    meant.map_or(String::new(), |m| format!(" (did you mean `{m}`?)"))
}

fn positional_text(takes: &[&str]) -> String {
    match takes {
        [] => "no values".into(),
        _ => takes.join(", "),
    }
}

/// A value of a call, with its key where one was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arg {
    /// The key; `None` for positional values.
    pub key: Option<String>,
    /// The value as it was written.
    pub value: String,
    /// Where, from 1.
    pub column: usize,
}

/// A name with its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The name.
    pub name: String,
    /// The values.
    pub args: Vec<Arg>,
    /// Where, from 1.
    pub column: usize,
}

/// A chain of calls: the text form of an update rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The calls in order.
    pub calls: Vec<Call>,
}

impl Call {
    /// Reads `name`, `name:a,b=c` or `name(a,b=c)`, which starts at column `column` of the whole text.
    ///
    /// # Errors
    /// No name, or parentheses that do not match.
    pub fn parse(text: &str, column: usize) -> Result<Call, SpecError> {
        let column = column + text.chars().take_while(|c| c.is_whitespace()).count();
        let text = text.trim();
        let at = text.find([':', '(']).unwrap_or(text.len());
        let (name, mut rest) = (text[..at].trim_end(), &text[at..]);
        if name.is_empty() {
            return Err(SpecError::Empty { column });
        }
        let mut start = column + text[..at].chars().count();
        if let Some(inner) = rest.strip_prefix(':') {
            rest = inner;
            start += 1;
        } else if let Some(inner) = rest.strip_prefix('(') {
            rest = inner.strip_suffix(')').ok_or(SpecError::Unbalanced { column: start, found: '(' })?;
            start += 1;
        }
        let mut args = Vec::new();
        for (offset, part) in split_top(rest, ',', start)? {
            let column = offset + part.chars().take_while(|c| c.is_whitespace()).count();
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            let equals = part.find('=').filter(|&e| !part[..e].contains('('));
            let (key, value) = match equals {
                Some(e) => (Some(part[..e].trim().to_string()), part[e + 1..].trim()),
                None => (None, part),
            };
            args.push(Arg { key, value: value.into(), column });
        }
        Ok(Call { name: name.into(), args, column })
    }

    /// The rule of this call and the value of each of its own options, as written or by default.
    ///
    /// ```
    /// let spec: steepest_optim::Spec = "adam:beta2=0.95".parse()?;
    /// let (entry, options) = spec.calls[0].resolve()?;
    /// assert_eq!(entry.name, "adam");
    /// assert!(options.iter().any(|(key, value)| key == "beta2" && value.to_string() == "0.95"));
    /// # Ok::<(), steepest_optim::SpecError>(())
    /// ```
    ///
    /// # Errors
    /// Unknown names, and unknown, repeated, missing or wrong values.
    pub fn resolve(&self) -> Result<(&'static Entry, Options), SpecError> {
        let entry = find(self)?;
        Ok((entry, resolve(self, entry)?.0))
    }

    /// The value of each option of `entry`, as written or by default, for tables of other crates whose rules are written as
    /// these are.
    ///
    /// # Errors
    /// Unknown, repeated, missing or wrong values.
    pub fn resolve_as(&self, entry: &'static Entry) -> Result<Options, SpecError> {
        Ok(resolve(self, entry)?.0)
    }

    /// The value under this key, where it was written.
    pub fn get(&self, key: &str) -> Option<&Arg> {
        self.args.iter().find(|a| a.key.as_deref() == Some(key))
    }
}

/// Splits at `separator` outside of parentheses; each part with its column.
pub(crate) fn split_top(text: &str, separator: char, column: usize) -> Result<Vec<(usize, &str)>, SpecError> {
    let mut parts = Vec::new();
    let (mut start, mut start_column, mut open) = (0, column, Vec::new());
    for (n, (i, c)) in text.char_indices().enumerate() {
        match c {
            '(' => open.push(column + n),
            ')' if open.pop().is_none() => return Err(SpecError::Unbalanced { column: column + n, found: ')' }),
            _ if c == separator && open.is_empty() => {
                parts.push((start_column, &text[start..i]));
                (start, start_column) = (i + c.len_utf8(), column + n + 1);
            }
            _ => {}
        }
    }
    if let Some(column) = open.pop() {
        return Err(SpecError::Unbalanced { column, found: '(' });
    }
    parts.push((start_column, &text[start..]));
    Ok(parts)
}

impl FromStr for Spec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Spec, SpecError> {
        let parts = split_top(text, '|', 1)?;
        let calls = parts.into_iter().map(|(column, part)| Call::parse(part, column)).collect::<Result<_, _>>()?;
        Ok(Spec { calls })
    }
}

impl fmt::Display for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{key}={}", self.value),
            None => f.write_str(&self.value),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (i, arg) in self.args.iter().enumerate() {
            write!(f, "{}{arg}", if i == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, call) in self.calls.iter().enumerate() {
            write!(f, "{}{call}", if i == 0 { "" } else { " | " })?;
        }
        Ok(())
    }
}
