//! The options of a call, matched with those of its entry: defaults filled in, ranges checked, wrong names answered.

use crate::{
    registry::{self, Entry, Kind, OptionSpec, Range, Value},
    spec::{Arg, Call, SpecError},
    suggest::suggest,
};

/// Values that stay as they were written, with their keys.
pub type Texts = Vec<(&'static str, Arg)>;

/// The options of a call with defaults filled in and ranges checked.
#[derive(Debug, Clone)]
pub struct Options {
    values: Vec<(&'static str, Value)>,
}

impl Options {
    /// Keys and values, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Value)> + '_ {
        self.values.iter().copied()
    }

    fn find(&self, key: &str) -> Option<Value> {
        self.values.iter().find(|v| v.0 == key).map(|v| v.1)
    }

    /// A number; NaN if the entry has no such option.
    pub fn number(&self, key: &str) -> f64 {
        let value = self.find(key);
        debug_assert!(matches!(value, Some(Value::Number(_))), "no number {key} in the table");
        if let Some(Value::Number(v)) = value { v } else { f64::NAN }
    }

    /// A flag.
    pub fn flag(&self, key: &str) -> bool {
        debug_assert!(matches!(self.find(key), Some(Value::Flag(_))), "no flag {key} in the table");
        self.find(key) == Some(Value::Flag(true))
    }

    /// A word of a choice.
    pub fn text(&self, key: &str) -> &'static str {
        debug_assert!(matches!(self.find(key), Some(Value::Word(_))), "no choice {key} in the table");
        if let Some(Value::Word(v)) = self.find(key) { v } else { "" }
    }
}

/// What belongs to the chain and not to a rule, taken out of a call.
#[derive(Debug, Clone, Default)]
pub(crate) struct ChainKeys {
    pub(crate) lr: Option<Arg>,
    pub(crate) moments: Option<Arg>,
    pub(crate) decay: Option<Arg>,
}

/// Keys that any optimizer takes.
pub(crate) const CHAIN_KEYS: [&str; 3] = ["lr", "moments", "decay"];

/// The entry of a call.
///
/// # Errors
/// [`SpecError::UnknownName`].
pub(crate) fn find(call: &Call) -> Result<&'static Entry, SpecError> {
    registry::entry(&call.name).ok_or_else(|| {
        let names: Vec<_> = registry::entries().map(|e| e.name).collect();
        let meant = suggest(&call.name, names.iter().copied());
        SpecError::UnknownName { column: call.column, name: call.name.clone(), meant, names }
    })
}

/// Matches the values of a call with the options of its entry.
///
/// # Errors
/// Unknown, repeated, missing or wrong values.
pub(crate) fn resolve(call: &Call, entry: &'static Entry) -> Result<(Options, ChainKeys), SpecError> {
    let chain_keys: &[&'static str] = if entry.kind == Kind::Optimizer { &CHAIN_KEYS } else { &[] };
    let (options, texts) = Options::read(call, entry.options, entry.positional, chain_keys)?;
    let text = |key: &str| texts.iter().find(|t| t.0 == key).map(|t| t.1.clone());
    Ok((options, ChainKeys { lr: text("lr"), moments: text("moments"), decay: text("decay") }))
}

impl Options {
    /// Matches the values of a call with `options`, given by key or, in the order of `positional`, without one. Values of the
    /// keys `texts` are handed back as they were written.
    ///
    /// # Errors
    /// Unknown, repeated, missing or wrong values.
    pub fn read(
        call: &Call,
        options: &'static [OptionSpec],
        positional: &'static [&'static str],
        texts: &[&'static str],
    ) -> Result<(Options, Texts), SpecError> {
        let mut given: Vec<(&'static str, &Arg)> = Vec::new();
        let mut kept = Texts::new();
        let mut order = positional.iter();
        for arg in &call.args {
            let key = match &arg.key {
                None => order.next().copied().ok_or_else(|| SpecError::TooManyPositional {
                    column: arg.column,
                    rule: call.name.clone(),
                    takes: positional,
                })?,
                Some(key) => {
                    let known = options.iter().map(|o| o.key).chain(texts.iter().copied());
                    let found = known.clone().find(|k| k == key);
                    found.ok_or_else(|| unknown_key(call, options, arg, key, known.collect()))?
                }
            };
            if given.iter().any(|g| g.0 == key) || kept.iter().any(|k| k.0 == key) {
                return Err(SpecError::Twice { column: arg.column, key: key.into() });
            }
            if texts.contains(&key) { kept.push((key, arg.clone())) } else { given.push((key, arg)) }
        }
        let mut values = Vec::new();
        for option in options {
            let value = match given.iter().find(|g| g.0 == option.key) {
                Some((_, arg)) => parse_value(call, option.key, &option.range, arg)?,
                None => option.default.ok_or_else(|| SpecError::Missing {
                    column: call.column,
                    rule: call.name.clone(),
                    key: option.key,
                    doc: option.doc,
                })?,
            };
            values.push((option.key, value));
        }
        Ok((Options { values }, kept))
    }
}

fn unknown_key(call: &Call, options: &[OptionSpec], arg: &Arg, key: &str, keys: Vec<&'static str>) -> SpecError {
    if key == "weight_decay" && options.iter().any(|o| o.key == "l2") {
        return SpecError::NotDecoupled { column: arg.column, rule: call.name.clone(), value: arg.value.clone() };
    }
    let meant = suggest(key, keys.iter().copied());
    SpecError::UnknownKey { column: arg.column, rule: call.name.clone(), key: key.into(), meant, keys }
}

fn parse_value(call: &Call, key: &'static str, range: &Range, arg: &Arg) -> Result<Value, SpecError> {
    let bad = || SpecError::BadValue {
        column: arg.column,
        rule: call.name.clone(),
        key: key.into(),
        value: arg.value.clone(),
        expected: range.expected(),
    };
    match range {
        Range::Flag => match arg.value.as_str() {
            "true" => Ok(Value::Flag(true)),
            "false" => Ok(Value::Flag(false)),
            _ => Err(bad()),
        },
        Range::Choice(words) => words.iter().find(|w| **w == arg.value).map(|w| Value::Word(w)).ok_or_else(bad),
        _ => {
            let v: f64 = arg.value.parse().map_err(|_| bad())?;
            let good = v.is_finite()
                && match range {
                    Range::NonNegative => v >= 0.0,
                    Range::Positive => v > 0.0,
                    Range::BelowOne => (0.0..1.0).contains(&v),
                    Range::Fraction => (0.0..=1.0).contains(&v),
                    Range::Count => v >= 1.0 && v.fract() == 0.0,
                    _ => true,
                };
            if good { Ok(Value::Number(v)) } else { Err(bad()) }
        }
    }
}
