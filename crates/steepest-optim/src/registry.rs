//! The one table of rules: name, equation, options with defaults and ranges, memory, source.
//!
//! What the program lists, what texts may say, what messages suggest and what gets built all come from here. A rule is
//! one file under `stages` or `segment_rules`, with its [`Entry`], and one line here.

use std::{any::TypeId, marker::PhantomData};

use steepest_core::Real;

use crate::{
    precision::Moments,
    segment_rules,
    stages::{self, Row, build},
    wrap::SAM,
};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole update rule with a default learning rate.
    Optimizer,
    /// A piece for chains, without a learning rate of its own.
    Stage,
    /// What stands in front of a chain and asks for more than one gradient a step.
    Wrapper,
}

/// A rule of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The name in texts: the paper's in lower case.
    pub name: &'static str,
    /// A whole rule or a piece.
    pub kind: Kind,
    /// One line.
    pub title: &'static str,
    /// What it computes.
    pub equation: &'static str,
    /// Its options.
    pub options: &'static [OptionSpec],
    /// The keys of values given without a key, in order.
    pub positional: &'static [&'static str],
    /// Numbers of state for each parameter with the default options.
    pub slots: usize,
    /// The default learning rate; `None` where it has none of its own.
    pub lr: Option<f64>,
    /// The paper.
    pub source: &'static str,
}

/// The values an option may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Range {
    /// x ≥ 0.
    NonNegative,
    /// x > 0.
    Positive,
    /// 0 ≤ x < 1.
    BelowOne,
    /// 0 ≤ x ≤ 1.
    Fraction,
    /// Any finite number.
    Finite,
    /// A whole number ≥ 1.
    Count,
    /// true or false.
    Flag,
    /// A learning rate, or a schedule in parentheses.
    Rate,
    /// One of these words.
    Choice(&'static [&'static str]),
}

impl Range {
    /// What is expected, for messages.
    pub fn expected(&self) -> String {
        match self {
            Range::NonNegative => "a number ≥ 0".into(),
            Range::Positive => "a number > 0".into(),
            Range::BelowOne => "a number from 0 to below 1".into(),
            Range::Fraction => "a number from 0 to 1".into(),
            Range::Finite => "a number".into(),
            Range::Count => "a whole number ≥ 1".into(),
            Range::Flag => "true or false".into(),
            Range::Rate => "a learning rate ≥ 0, or a schedule such as cosine(0.1)".into(),
            Range::Choice(words) => format!("one of {}", words.join(", ")),
        }
    }
}

/// The value of an option.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// A word of a choice.
    Word(&'static str),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Number(v) if *v != 0.0 && (v.abs() < 1e-3 || v.abs() >= 1e6) => write!(f, "{v:e}"),
            Value::Number(v) => write!(f, "{v}"),
            Value::Flag(v) => write!(f, "{v}"),
            Value::Word(v) => f.write_str(v),
        }
    }
}

/// An option of a rule.
#[derive(Debug, Clone, Copy)]
pub struct OptionSpec {
    /// The key.
    pub key: &'static str,
    /// The default; `None` when it must be given.
    pub default: Option<Value>,
    /// What it may be.
    pub range: Range,
    /// What it means.
    pub doc: &'static str,
}

impl OptionSpec {
    const fn number(key: &'static str, default: Option<f64>, range: Range, doc: &'static str) -> OptionSpec {
        let default = match default {
            Some(v) => Some(Value::Number(v)),
            None => None,
        };
        OptionSpec { key, default, range, doc }
    }
    /// x ≥ 0.
    pub const fn non_negative(key: &'static str, default: f64, doc: &'static str) -> OptionSpec {
        OptionSpec::number(key, Some(default), Range::NonNegative, doc)
    }
    /// x > 0; without a default it must be given.
    pub const fn positive(key: &'static str, default: Option<f64>, doc: &'static str) -> OptionSpec {
        OptionSpec::number(key, default, Range::Positive, doc)
    }
    /// 0 ≤ x < 1.
    pub const fn below_one(key: &'static str, default: f64, doc: &'static str) -> OptionSpec {
        OptionSpec::number(key, Some(default), Range::BelowOne, doc)
    }
    /// 0 ≤ x ≤ 1.
    pub const fn fraction(key: &'static str, default: f64, doc: &'static str) -> OptionSpec {
        OptionSpec::number(key, Some(default), Range::Fraction, doc)
    }
    /// Any finite number.
    pub const fn finite(key: &'static str, default: f64, doc: &'static str) -> OptionSpec {
        OptionSpec::number(key, Some(default), Range::Finite, doc)
    }
    /// A whole number ≥ 1.
    pub const fn count(key: &'static str, default: f64, doc: &'static str) -> OptionSpec {
        OptionSpec::number(key, Some(default), Range::Count, doc)
    }
    /// true or false.
    pub const fn flag(key: &'static str, default: bool, doc: &'static str) -> OptionSpec {
        OptionSpec { key, default: Some(Value::Flag(default)), range: Range::Flag, doc }
    }
    /// One of some words, the first by default.
    pub const fn choice(key: &'static str, words: &'static [&'static str], doc: &'static str) -> OptionSpec {
        OptionSpec { key, default: Some(Value::Word(words[0])), range: Range::Choice(words), doc }
    }
}

/// Options of every optimizer, besides its own: they belong to the chain.
pub const CHAIN_OPTIONS: &[OptionSpec] = &[
    OptionSpec { key: "lr", default: None, range: Range::Rate, doc: "η; one for the whole chain" },
    OptionSpec::choice("moments", &Moments::NAMES, "how averages are kept: as computed, or shorter"),
    OptionSpec::choice("decay", &DECAYED, "what l2 and weight_decay act on: all but biases and norms, or all"),
];

/// The values of the option `decay` of a chain.
pub(crate) const DECAYED: [&str; 2] = ["weights", "all"];

/// The table for one number type.
struct Table<T>(PhantomData<T>);

impl<T: Real> Table<T> {
    const ROWS: &'static [Row<T>] = &[
        (&stages::SGD, build::sgd),
        (&stages::NESTEROV, build::nesterov),
        (&stages::ADAGRAD, build::adagrad),
        (&stages::RMSPROP, build::rmsprop),
        (&stages::ADADELTA, build::adadelta),
        (&stages::ADAM, build::adam),
        (&stages::AMSGRAD, build::amsgrad),
        (&stages::ADAMW, build::adamw),
        (&stages::ADAMAX, build::adamax),
        (&stages::NADAM, build::nadam),
        (&stages::RADAM, build::radam),
        (&stages::LION, build::lion),
        (&stages::SIGNSGD, build::signsgd),
        (&stages::ADAN, build::adan),
        (&stages::ADEMAMIX, build::ademamix),
        (&stages::ADOPT, build::adopt),
        (&stages::YOGI, build::yogi),
        (&stages::ADABELIEF, build::adabelief),
        (&stages::SOPHIA, build::sophia),
        (&stages::RPROP, build::rprop),
        (&stages::LARS, build::lars),
        (&stages::LAMB, build::lamb),
        (&stages::SCHEDULE_FREE_SGD, build::schedule_free_sgd),
        (&stages::SCHEDULE_FREE_ADAMW, build::schedule_free_adamw),
        (&stages::PRODIGY, build::prodigy),
        (&stages::DADAPT_SGD, build::dadapt_sgd),
        (&stages::DADAPT_ADAM, build::dadapt_adam),
        (&stages::DOG, build::dog),
        (&stages::FTRL, build::ftrl),
        (&segment_rules::MUON, segment_rules::build::muon),
        (&segment_rules::SHAMPOO, segment_rules::build::shampoo),
        (&segment_rules::SOAP, segment_rules::build::soap),
        (&segment_rules::ADAFACTOR, segment_rules::build::adafactor),
        (&stages::CLIP, build::clip),
        (&stages::CLIP_SEGMENT, build::clip_segment),
        (&stages::CLIP_VALUE, build::clip_value),
        (&stages::NORMALIZE, build::normalize),
        (&stages::L2, build::l2),
        (&stages::WEIGHT_DECAY, build::weight_decay),
        (&stages::MOMENTUM, build::momentum),
        (&stages::SIGN, build::sign),
        (&stages::CAUTIOUS, build::cautious),
        (&stages::TRUST_RATIO, build::trust_ratio),
        (&stages::POLYAK, build::polyak),
        (&stages::EMA, build::ema),
        (&stages::SWA, build::swa),
        (&stages::LOOKAHEAD, build::lookahead),
        (&segment_rules::CENTRALIZE, segment_rules::build::centralize),
        (&segment_rules::CLIP_ADAPTIVE, segment_rules::build::clip_adaptive),
        (&segment_rules::NOISE, segment_rules::build::noise),
    ];
}

/// The tables of the two number types. As statics they make the loops of all rules part of this crate, compiled once, and not
/// of every crate that names an optimizer.
static F32: &[Row<f32>] = Table::<f32>::ROWS;
static F64: &[Row<f64>] = Table::<f64>::ROWS;

/// The table for a number type.
pub(crate) fn rows<T: Real>() -> &'static [Row<T>] {
    let is = |id| TypeId::of::<T>() == id;
    if is(TypeId::of::<f32>()) {
        // SAFETY: T is `f32`.
        unsafe { std::mem::transmute::<&'static [Row<f32>], &'static [Row<T>]>(F32) }
    } else if is(TypeId::of::<f64>()) {
        // SAFETY: T is `f64`.
        unsafe { std::mem::transmute::<&'static [Row<f64>], &'static [Row<T>]>(F64) }
    } else {
        &[]
    }
}

/// All rules, optimizers first.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    F64.iter().map(|row| row.0).chain(std::iter::once(&SAM))
}

/// The rule with this name.
pub fn entry(name: &str) -> Option<&'static Entry> {
    entries().find(|e| e.name == name)
}
