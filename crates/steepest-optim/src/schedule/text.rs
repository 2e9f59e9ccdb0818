//! Schedules as text: `cosine(1e-3,steps=1000,warmup=5%)`, `constant(steps=100) > linear(end=0)`, or a number.

use std::{fmt, str::FromStr};

use thiserror::Error;

use super::{Anneal, Decay, Schedule, Shape, Span, Warmup};
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
    #[error("the schedule `{name}` has no option `{key}`; its options are {}", .keys.join(", "))]
    UnknownKey {
        /// The schedule.
        name: String,
        /// What was given.
        key: String,
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
        expected: &'static str,
    },
    /// A shape before another one has no length, or something is given twice.
    #[error("{0}")]
    Composition(String),
    /// The text is not a call.
    #[error(transparent)]
    Text(#[from] SpecError),
}

/// A schedule of the table.
#[derive(Debug, Clone, Copy)]
pub struct ScheduleEntry {
    /// The name in texts.
    pub name: &'static str,
    /// The factor of the peak rate.
    pub equation: &'static str,
    /// Options with their defaults, besides `lr`, `warmup`, `warmup_from` and `warmup_kind`.
    pub options: &'static [(&'static str, &'static str)],
    /// Where it comes from.
    pub source: &'static str,
}

/// All schedules.
pub const SCHEDULES: &[ScheduleEntry] = &[
    ScheduleEntry { name: "constant", equation: "1", options: &[("steps", "")], source: "" },
    ScheduleEntry { name: "step", equation: "γ^⌊k/size⌋", options: &[("size", ""), ("gamma", "0.1")], source: "" },
    ScheduleEntry {
        name: "multistep",
        equation: "γ^(number of milestones ≤ k)",
        options: &[("milestones", ""), ("gamma", "0.1")],
        source: "",
    },
    ScheduleEntry { name: "exponential", equation: "γᵏ", options: &[("gamma", "")], source: "" },
    ScheduleEntry {
        name: "polynomial",
        equation: "end + (1 − end)(1 − k/T)^p",
        options: &[("steps", "100%"), ("power", "1"), ("end", "0")],
        source: "",
    },
    ScheduleEntry { name: "inverse_time", equation: "1/(1 + decay·k)", options: &[("decay", "")], source: "" },
    ScheduleEntry {
        name: "linear",
        equation: "start + (end − start)·k/T",
        options: &[("steps", "100%"), ("start", "1"), ("end", "0")],
        source: "",
    },
    ScheduleEntry {
        name: "cosine",
        equation: "end + (1 − end)·½(1 + cos(πk/T))",
        options: &[("steps", "100%"), ("end", "0")],
        source: "Loshchilov and Hutter, 2017, arXiv:1608.03983",
    },
    ScheduleEntry {
        name: "cosine_restarts",
        equation: "cosine, again after T, T·mult, T·mult², … steps",
        options: &[("period", ""), ("mult", "1"), ("end", "0")],
        source: "Loshchilov and Hutter, 2017, arXiv:1608.03983 (SGDR)",
    },
    ScheduleEntry {
        name: "one_cycle",
        equation: "from 1/div up to 1, then down to 1/(div·final_div)",
        options: &[
            ("steps", "100%"),
            ("rise", "0.3"),
            ("div", "25"),
            ("final_div", "1e4"),
            ("anneal", "cosine"),
            ("three_phase", "false"),
        ],
        source: "Smith and Topin, 2018, arXiv:1708.07120",
    },
    ScheduleEntry {
        name: "wsd",
        equation: "1 until the last `decay` steps, which fall to `end`",
        options: &[("steps", "100%"), ("decay", "20%"), ("end", "0"), ("how", "linear")],
        source: "Hu et al., 2024, arXiv:2404.06395",
    },
    ScheduleEntry {
        name: "inverse_sqrt",
        equation: "√(shift/(shift + k))",
        options: &[("shift", "1000")],
        source: "Vaswani et al., 2017, arXiv:1706.03762",
    },
    ScheduleEntry {
        name: "robbins_monro",
        equation: "(shift/(shift + k))^power",
        options: &[("shift", "1"), ("power", "1")],
        source: "Robbins and Monro, 1951, doi:10.1214/aoms/1177729586",
    },
    ScheduleEntry {
        name: "cyclic",
        equation: "a triangle between `low` and 1, `half` steps up and as many down",
        options: &[("half", ""), ("low", "0.1")],
        source: "Smith, 2017, arXiv:1506.01186",
    },
];

/// The schedule with this name.
pub fn schedule_entry(name: &str) -> Option<&'static ScheduleEntry> {
    SCHEDULES.iter().find(|e| e.name == name)
}

/// Options that every schedule takes.
const COMMON: [&str; 4] = ["lr", "warmup", "warmup_from", "warmup_kind"];

/// The values of one call.
struct Given<'a> {
    call: &'a Call,
    entry: &'static ScheduleEntry,
}

impl Given<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        let default = self.entry.options.iter().find(|o| o.0 == key).map(|o| o.1).filter(|d| !d.is_empty());
        self.call.get(key).map(|a| a.value.as_str()).or(default)
    }

    fn bad(&self, key: &str, expected: &'static str) -> ScheduleError {
        let value = self.text(key).unwrap_or("").to_string();
        ScheduleError::BadValue { name: self.call.name.clone(), key: key.into(), value, expected }
    }

    fn number(&self, key: &str, expected: &'static str, good: impl Fn(f64) -> bool) -> Result<f64, ScheduleError> {
        let v = self.text(key).and_then(|t| t.parse::<f64>().ok()).filter(|v| v.is_finite() && good(*v));
        v.ok_or_else(|| self.bad(key, expected))
    }

    fn span(&self, key: &str) -> Result<Span, ScheduleError> {
        let text = self.text(key).unwrap_or("");
        let span = match text.strip_suffix('%') {
            Some(percent) => {
                percent.parse::<f64>().ok().filter(|p| (0.0..=100.0).contains(p)).map(|p| Span::Share(p / 100.0))
            }
            None => text.parse::<u64>().ok().map(Span::Steps),
        };
        span.ok_or_else(|| self.bad(key, "a number of steps, or a share of the run such as 5%"))
    }

    fn count(&self, key: &str) -> Result<u64, ScheduleError> {
        let n = self.text(key).and_then(|t| t.parse::<u64>().ok()).filter(|&n| n > 0);
        n.ok_or_else(|| self.bad(key, "a whole number ≥ 1"))
    }

    fn word<V: Copy>(&self, key: &str, expected: &'static str, words: &[(&str, V)]) -> Result<V, ScheduleError> {
        let text = self.text(key).unwrap_or("");
        words.iter().find(|w| w.0 == text).map(|w| w.1).ok_or_else(|| self.bad(key, expected))
    }

    fn shape(&self) -> Result<Shape, ScheduleError> {
        let factor = |key| self.number(key, "a factor ≥ 0", |v| v >= 0.0);
        let positive = |key| self.number(key, "a number > 0", |v| v > 0.0);
        Ok(match self.entry.name {
            "step" => Shape::Step { size: self.count("size")?, gamma: positive("gamma")? },
            "multistep" => Shape::MultiStep { milestones: self.milestones()?, gamma: positive("gamma")? },
            "exponential" => Shape::Exponential { gamma: positive("gamma")? },
            "polynomial" => {
                Shape::Polynomial { steps: self.span("steps")?, power: positive("power")?, end: factor("end")? }
            }
            "inverse_time" => Shape::InverseTime { decay: factor("decay")? },
            "linear" => Shape::Linear { steps: self.span("steps")?, start: factor("start")?, end: factor("end")? },
            "cosine" => Shape::Cosine { steps: self.span("steps")?, end: factor("end")? },
            "cosine_restarts" => {
                Shape::Restarts { period: self.span("period")?, mult: self.count("mult")?, end: factor("end")? }
            }
            "one_cycle" => Shape::OneCycle {
                steps: self.span("steps")?,
                rise: self.number("rise", "a share in (0, 1)", |v| v > 0.0 && v < 1.0)?,
                div: positive("div")?,
                final_div: positive("final_div")?,
                anneal: self.word(
                    "anneal",
                    "cosine or linear",
                    &[("cosine", Anneal::Cosine), ("linear", Anneal::Linear)],
                )?,
                three_phase: self.word("three_phase", "true or false", &[("true", true), ("false", false)])?,
            },
            "wsd" => Shape::Wsd {
                steps: self.span("steps")?,
                decay: self.span("decay")?,
                end: factor("end")?,
                how: self.word(
                    "how",
                    "linear, sqrt or cosine",
                    &[("linear", Decay::Linear), ("sqrt", Decay::Sqrt), ("cosine", Decay::Cosine)],
                )?,
            },
            "inverse_sqrt" => Shape::InverseSqrt { shift: positive("shift")? },
            "robbins_monro" => Shape::RobbinsMonro { shift: positive("shift")?, power: positive("power")? },
            "cyclic" => Shape::Cyclic { half: self.span("half")?, low: factor("low")? },
            _ => Shape::Constant,
        })
    }

    fn milestones(&self) -> Result<Vec<u64>, ScheduleError> {
        let expected = "steps joined by +, ascending, such as 30+80";
        let text = self.text("milestones").unwrap_or("");
        let list: Option<Vec<u64>> = text.split('+').map(|m| m.trim().parse().ok()).collect();
        list.filter(|l| l.windows(2).all(|w| w[0] < w[1])).ok_or_else(|| self.bad("milestones", expected))
    }

    fn warmup(&self) -> Result<Option<Warmup>, ScheduleError> {
        if self.call.get("warmup").is_none() {
            return match ["warmup_from", "warmup_kind"].iter().find(|k| self.call.get(k).is_some()) {
                Some(key) => Err(ScheduleError::Composition(format!("{key} is given without warmup=N"))),
                None => Ok(None),
            };
        }
        let exponential = match self.call.get("warmup_kind") {
            None => false,
            Some(_) => {
                self.word("warmup_kind", "linear or exponential", &[("linear", false), ("exponential", true)])?
            }
        };
        let from = match self.call.get("warmup_from") {
            None => {
                if exponential {
                    0.01
                } else {
                    0.0
                }
            }
            Some(_) => self.number("warmup_from", "a factor in [0, 1]", |v| (0.0..=1.0).contains(&v))?,
        };
        if exponential && from == 0.0 {
            return Err(self.bad("warmup_from", "above 0, from which an exponential can grow"));
        }
        Ok(Some(Warmup { span: self.span("warmup")?, from, exponential }))
    }
}

/// Reads one call; positional value: the peak rate.
fn given<'a>(call: &'a Call, entry: &'static ScheduleEntry) -> Result<(Given<'a>, Option<f64>), ScheduleError> {
    let mut peak = None;
    for (i, arg) in call.args.iter().enumerate() {
        let key = arg.key.as_deref().unwrap_or("lr");
        let known = entry.options.iter().map(|o| o.0).chain(COMMON);
        if !known.clone().any(|k| k == key) {
            return Err(ScheduleError::UnknownKey { name: call.name.clone(), key: key.into(), keys: known.collect() });
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
                expected: "a learning rate ≥ 0",
            })?);
        }
    }
    Ok((Given { call, entry }, peak))
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

impl fmt::Display for ScheduleEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        for (i, (key, default)) in self.options.iter().enumerate() {
            let (open, value) = (if i == 0 { ':' } else { ',' }, if default.is_empty() { "…" } else { default });
            write!(f, "{open}{key}={value}")?;
        }
        Ok(())
    }
}
