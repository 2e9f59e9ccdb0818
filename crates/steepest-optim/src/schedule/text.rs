//! Schedules as text: `cosine(1e-3,steps=1000,warmup=5%)`, `constant(steps=100) > linear(end=0)`, or a number.

use std::str::FromStr;

use thiserror::Error;

use super::{
    Anneal, Decay, Schedule, Shape, Span, Warmup,
    table::{Accepts, COMMON_OPTIONS, SCHEDULES, ScheduleEntry, ScheduleOption, schedule_entry},
};
use crate::{
    spec::{Call, SpecError, split_top},
    suggest::suggest,
};

/// Why a text does not describe a schedule.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ScheduleError {
    /// A schedule refers to the length of the run, which is not known.
    #[error("the schedule needs the length of the run: give it steps=N, or the run a number of steps or epochs")]
    NeedsHorizon,
    /// No schedule has this name.
    #[error("`{name}` is neither a learning rate ≥ 0 nor a schedule{}; the schedules are {}", .meant.map_or(String::new(), |m| format!(" (did you mean `{m}`?)")), .names.join(", "))]
    UnknownName {
        /// What was given.
        name: String,
        /// The nearest name.
        meant: Option<&'static str>,
        /// All names.
        names: Vec<&'static str>,
    },
    /// The schedule has no such option.
    #[error("the schedule `{name}` has no option `{key}`{}; its options are {}", .meant.map_or(String::new(), |m| format!(" (did you mean `{m}`?)")), .keys.join(", "))]
    UnknownKey {
        /// The schedule.
        name: String,
        /// What was given.
        key: String,
        /// The nearest key.
        meant: Option<&'static str>,
        /// All keys.
        keys: Vec<&'static str>,
    },
    /// A value is not what the option takes.
    #[error("schedule {name}: {key}={value} is not {expected}")]
    BadValue {
        /// The schedule.
        name: String,
        /// The option.
        key: String,
        /// What was given.
        value: String,
        /// What it should be.
        expected: String,
    },
    /// An option without a default was not given.
    #[error("the schedule `{name}` needs {key}=…, {doc}: {expected}")]
    Missing {
        /// The schedule.
        name: String,
        /// The option.
        key: String,
        /// What it means.
        doc: &'static str,
        /// What it should be.
        expected: String,
    },
    /// A shape before another one has no length, or something is given twice.
    #[error("{0}")]
    Composition(String),
    /// The text is not a call.
    #[error(transparent)]
    Text(#[from] SpecError),
}

/// The values of one call.
struct Given<'a> {
    call: &'a Call,
    entry: &'static ScheduleEntry,
}

impl Given<'_> {
    fn option(&self, key: &str) -> Option<&'static ScheduleOption> {
        self.entry.options.iter().chain(COMMON_OPTIONS).find(|o| o.key == key)
    }

    /// The value of an option as it was written, or its default.
    fn text(&self, key: &str) -> Option<&str> {
        self.call.get(key).map(|a| a.value.as_str()).or_else(|| self.option(key)?.default)
    }

    /// What is wrong with an option: it is missing, or not what it takes.
    fn bad(&self, key: &str) -> ScheduleError {
        let option = self.option(key);
        let expected = option.map_or(String::new(), |o| o.accepts.expected());
        let name = self.call.name.clone();
        match self.text(key) {
            Some(value) => ScheduleError::BadValue { name, key: key.into(), value: value.into(), expected },
            None => {
                let doc = option.map_or("", |o| o.doc);
                ScheduleError::Missing { name, key: key.into(), doc, expected }
            }
        }
    }

    fn number(&self, key: &str) -> Result<f64, ScheduleError> {
        let accepts = self.option(key).map(|o| o.accepts);
        let good = |v: &f64| {
            v.is_finite()
                && match accepts {
                    Some(Accepts::Positive) => *v > 0.0,
                    Some(Accepts::Share) => *v > 0.0 && *v < 1.0,
                    Some(Accepts::Part) => (0.0..=1.0).contains(v),
                    _ => *v >= 0.0,
                }
        };
        self.text(key).and_then(|t| t.parse().ok()).filter(good).ok_or_else(|| self.bad(key))
    }

    fn span(&self, key: &str) -> Result<Span, ScheduleError> {
        let text = self.text(key).unwrap_or("");
        let span = match text.strip_suffix('%') {
            Some(percent) => {
                percent.parse::<f64>().ok().filter(|p| (0.0..=100.0).contains(p)).map(|p| Span::Share(p / 100.0))
            }
            None => text.parse::<u64>().ok().map(Span::Steps),
        };
        span.ok_or_else(|| self.bad(key))
    }

    fn count(&self, key: &str) -> Result<u64, ScheduleError> {
        let n = self.text(key).and_then(|t| t.parse::<u64>().ok()).filter(|&n| n > 0);
        n.ok_or_else(|| self.bad(key))
    }

    fn word<V: Copy>(&self, key: &str, words: &[(&str, V)]) -> Result<V, ScheduleError> {
        let text = self.text(key).unwrap_or("");
        words.iter().find(|w| w.0 == text).map(|w| w.1).ok_or_else(|| self.bad(key))
    }

    fn shape(&self) -> Result<Shape, ScheduleError> {
        let number = |key| self.number(key);
        Ok(match self.entry.name {
            "step" => Shape::Step { size: self.count("size")?, gamma: number("gamma")? },
            "multistep" => Shape::MultiStep { milestones: self.milestones()?, gamma: number("gamma")? },
            "exponential" => Shape::Exponential { gamma: number("gamma")? },
            "polynomial" => {
                Shape::Polynomial { steps: self.span("steps")?, power: number("power")?, end: number("end")? }
            }
            "inverse_time" => Shape::InverseTime { decay: number("decay")? },
            "linear" => Shape::Linear { steps: self.span("steps")?, start: number("start")?, end: number("end")? },
            "cosine" => Shape::Cosine { steps: self.span("steps")?, end: number("end")? },
            "cosine_restarts" => {
                Shape::Restarts { period: self.span("period")?, mult: self.count("mult")?, end: number("end")? }
            }
            "one_cycle" => Shape::OneCycle {
                steps: self.span("steps")?,
                rise: number("rise")?,
                div: number("div")?,
                final_div: number("final_div")?,
                anneal: self.word("anneal", &[("cosine", Anneal::Cosine), ("linear", Anneal::Linear)])?,
                three_phase: self.word("three_phase", &[("true", true), ("false", false)])?,
            },
            "wsd" => Shape::Wsd {
                steps: self.span("steps")?,
                decay: self.span("decay")?,
                end: number("end")?,
                how: self
                    .word("how", &[("linear", Decay::Linear), ("sqrt", Decay::Sqrt), ("cosine", Decay::Cosine)])?,
            },
            "inverse_sqrt" => Shape::InverseSqrt { shift: number("shift")? },
            "robbins_monro" => Shape::RobbinsMonro { shift: number("shift")?, power: number("power")? },
            "cyclic" => Shape::Cyclic { half: self.span("half")?, low: number("low")? },
            _ => {
                self.span("steps")?;
                Shape::Constant
            }
        })
    }

    fn milestones(&self) -> Result<Vec<u64>, ScheduleError> {
        let text = self.text("milestones").unwrap_or("");
        let list: Option<Vec<u64>> = text.split('+').map(|m| m.trim().parse().ok()).collect();
        list.filter(|l| l.windows(2).all(|w| w[0] < w[1])).ok_or_else(|| self.bad("milestones"))
    }

    fn warmup(&self) -> Result<Option<Warmup>, ScheduleError> {
        if self.call.get("warmup").is_none() {
            return match ["warmup_from", "warmup_kind"].iter().find(|k| self.call.get(k).is_some()) {
                Some(key) => Err(ScheduleError::Composition(format!("{key} is given without warmup=N"))),
                None => Ok(None),
            };
        }
        let exponential = self.word("warmup_kind", &[("linear", false), ("exponential", true)])?;
        let from = match self.call.get("warmup_from") {
            None if exponential => 0.01,
            _ => self.number("warmup_from")?,
        };
        if exponential && from == 0.0 {
            let why = "warmup_from must be above 0 for an exponential warmup, which cannot grow from 0";
            return Err(ScheduleError::Composition(why.into()));
        }
        Ok(Some(Warmup { span: self.span("warmup")?, from, exponential }))
    }
}

/// Reads one call; positional value: the peak rate.
fn given<'a>(call: &'a Call, entry: &'static ScheduleEntry) -> Result<(Given<'a>, Option<f64>), ScheduleError> {
    let given = Given { call, entry };
    let mut peak = None;
    for (i, arg) in call.args.iter().enumerate() {
        let key = arg.key.as_deref().unwrap_or("lr");
        if given.option(key).is_none() {
            let keys: Vec<_> = entry.options.iter().chain(COMMON_OPTIONS).map(|o| o.key).collect();
            let meant = suggest(key, keys.iter().copied());
            return Err(ScheduleError::UnknownKey { name: call.name.clone(), key: key.into(), meant, keys });
        }
        if call.args[..i].iter().any(|a| a.key.as_deref().unwrap_or("lr") == key) {
            return Err(ScheduleError::Composition(format!("schedule {}: {key} is given twice", call.name)));
        }
        if key == "lr" {
            let lr = arg.value.parse::<f64>().ok().filter(|v| *v >= 0.0 && v.is_finite());
            peak = Some(lr.ok_or_else(|| ScheduleError::BadValue {
                name: call.name.clone(),
                key: "lr".into(),
                value: arg.value.clone(),
                expected: Accepts::Rate.expected(),
            })?);
        }
    }
    Ok((given, peak))
}

impl Schedule {
    /// Reads a number, a schedule, or schedules joined by `>`.
    ///
    /// # Errors
    /// [`ScheduleError`], with what was expected.
    pub fn parse(text: &str) -> Result<Schedule, ScheduleError> {
        if let Ok(lr) = text.trim().parse::<f64>()
            && lr >= 0.0
            && lr.is_finite()
        {
            return Ok(Schedule::constant(lr));
        }
        let mut whole = Schedule { peak: None, warmup: None, shapes: Vec::new(), horizon: None };
        for (column, part) in split_top(text, '>', 1)? {
            let call = Call::parse(part, column)?;
            let entry = schedule_entry(&call.name).ok_or_else(|| {
                let names: Vec<_> = SCHEDULES.iter().map(|e| e.name).collect();
                let meant = suggest(&call.name, names.iter().copied());
                ScheduleError::UnknownName { name: call.name.clone(), meant, names }
            })?;
            let (given, peak) = given(&call, entry)?;
            if !whole.shapes.is_empty() && (peak.is_some() || call.get("warmup").is_some()) {
                let why = "the learning rate and the warmup belong to the first of several schedules";
                return Err(ScheduleError::Composition(why.into()));
            }
            whole.peak = whole.peak.or(peak);
            whole.warmup = whole.warmup.or(given.warmup()?);
            let span = given.call.get("steps").or(given.call.get("period")).is_some();
            if let Some(last) = whole.shapes.last()
                && last.1.is_none()
            {
                let why = "a schedule before `>` needs steps=N, so that it is known where the next one begins";
                return Err(ScheduleError::Composition(why.into()));
            }
            let length = if span {
                Some(given.span(if call.get("steps").is_some() { "steps" } else { "period" })?)
            } else {
                None
            };
            whole.shapes.push((given.shape()?, length));
        }
        if let Some(last) = whole.shapes.last_mut() {
            last.1 = None;
        }
        Ok(whole)
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Schedule, ScheduleError> {
        Schedule::parse(text)
    }
}
