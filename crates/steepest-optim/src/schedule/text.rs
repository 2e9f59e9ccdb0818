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

/// What an option of a schedule takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepts {
    /// A learning rate ≥ 0.
    Rate,
    /// A factor ≥ 0 of the peak rate.
    Factor,
    /// A factor in \[0, 1\].
    Part,
    /// A number > 0.
    Positive,
    /// A share in (0, 1).
    Share,
    /// Steps, or a share of the run.
    Span,
    /// A whole number ≥ 1.
    Count,
    /// Steps joined by `+`, ascending.
    Milestones,
    /// One of these words.
    Word(&'static [&'static str]),
}

impl Accepts {
    /// What is expected, for messages.
    pub fn expected(&self) -> String {
        match self {
            Accepts::Rate => "a learning rate ≥ 0".into(),
            Accepts::Factor => "a factor ≥ 0".into(),
            Accepts::Part => "a factor from 0 to 1".into(),
            Accepts::Positive => "a number > 0".into(),
            Accepts::Share => "a share between 0 and 1".into(),
            Accepts::Span => "a number of steps, or a share of the run such as 5%".into(),
            Accepts::Count => "a whole number ≥ 1".into(),
            Accepts::Milestones => "steps joined by +, ascending, such as 30+80".into(),
            Accepts::Word(words) => format!("one of {}", words.join(", ")),
        }
    }
}

/// An option of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduleOption {
    /// The key.
    pub key: &'static str,
    /// The default as text. `None`: it must be given; for one of [`COMMON_OPTIONS`], it is left out.
    pub default: Option<&'static str>,
    /// What it may be.
    pub accepts: Accepts,
    /// What it means.
    pub doc: &'static str,
}

const fn option(
    key: &'static str,
    default: Option<&'static str>,
    accepts: Accepts,
    doc: &'static str,
) -> ScheduleOption {
    ScheduleOption { key, default, accepts, doc }
}

/// Options that every schedule takes; of several schedules joined by `>` the first.
pub const COMMON_OPTIONS: &[ScheduleOption] = &[
    option("lr", None, Accepts::Rate, "the peak rate; the update rule's own where it is left out"),
    option("warmup", None, Accepts::Span, "how long the rate rises before the schedule begins"),
    option("warmup_from", Some("0"), Accepts::Part, "the factor it rises from (0.01 if exponential)"),
    option("warmup_kind", Some("linear"), Accepts::Word(&["linear", "exponential"]), "how it rises"),
];

/// A schedule of the table.
#[derive(Debug, Clone, Copy)]
pub struct ScheduleEntry {
    /// The name in texts.
    pub name: &'static str,
    /// One line.
    pub title: &'static str,
    /// The factor of the peak rate k steps behind the start of the schedule; T is `steps`.
    pub equation: &'static str,
    /// Its options besides [`COMMON_OPTIONS`].
    pub options: &'static [ScheduleOption],
    /// A text that shows it well over 1000 steps.
    pub example: &'static str,
    /// Where it comes from; empty for common practice.
    pub source: &'static str,
}

/// T, for shapes that end.
const STEPS: ScheduleOption =
    option("steps", Some("100%"), Accepts::Span, "T, its length; the whole run means what the warmup leaves of it");
const END: ScheduleOption = option("end", Some("0"), Accepts::Factor, "the factor from T on");

/// All schedules.
pub const SCHEDULES: &[ScheduleEntry] = &[
    ScheduleEntry {
        name: "constant",
        title: "the same rate at every step",
        equation: "1",
        options: &[STEPS],
        example: "constant:warmup=10%",
        source: "",
    },
    ScheduleEntry {
        name: "step",
        title: "drops by a factor every so many steps",
        equation: "γ^⌊k/size⌋",
        options: &[
            option("size", None, Accepts::Count, "steps between two drops"),
            option("gamma", Some("0.1"), Accepts::Positive, "γ, the factor of a drop"),
        ],
        example: "step:size=250,gamma=0.5",
        source: "",
    },
    ScheduleEntry {
        name: "multistep",
        title: "drops by a factor at given steps",
        equation: "γ^(number of milestones ≤ k)",
        options: &[
            option("milestones", None, Accepts::Milestones, "where it drops"),
            option("gamma", Some("0.1"), Accepts::Positive, "γ, the factor of a drop"),
        ],
        example: "multistep:milestones=500+800,gamma=0.3",
        source: "",
    },
    ScheduleEntry {
        name: "exponential",
        title: "falls by the same factor at every step",
        equation: "γᵏ",
        options: &[option("gamma", None, Accepts::Positive, "γ, the factor of a step")],
        example: "exponential:gamma=0.997",
        source: "",
    },
    ScheduleEntry {
        name: "polynomial",
        title: "falls to its end as a power of what is left",
        equation: "end + (1 − end)(1 − k/T)^p",
        options: &[STEPS, option("power", Some("1"), Accepts::Positive, "p"), END],
        example: "polynomial:power=2",
        source: "",
    },
    ScheduleEntry {
        name: "inverse_time",
        title: "falls as one over the steps",
        equation: "1/(1 + decay·k)",
        options: &[option("decay", None, Accepts::Factor, "how fast: after 1/decay steps half is left")],
        example: "inverse_time:decay=0.01",
        source: "",
    },
    ScheduleEntry {
        name: "linear",
        title: "goes to its end in a straight line",
        equation: "start + (end − start)·k/T",
        options: &[STEPS, option("start", Some("1"), Accepts::Factor, "the factor at 0"), END],
        example: "linear:warmup=10%",
        source: "",
    },
    ScheduleEntry {
        name: "cosine",
        title: "falls along half a cosine",
        equation: "end + (1 − end)·½(1 + cos(πk/T))",
        options: &[STEPS, END],
        example: "cosine:warmup=10%",
        source: "Loshchilov and Hutter, 2017, arXiv:1608.03983",
    },
    ScheduleEntry {
        name: "cosine_restarts",
        title: "cosines one after the other, each longer than the one before",
        equation: "cosine over T, T·mult, T·mult², … steps, T = period",
        options: &[
            option("period", None, Accepts::Span, "the length of the first cosine"),
            option("mult", Some("1"), Accepts::Count, "by what each is longer than the one before"),
            option("end", Some("0"), Accepts::Factor, "the factor at the end of each"),
        ],
        example: "cosine_restarts:period=143,mult=2",
        source: "Loshchilov and Hutter, 2017, arXiv:1608.03983 (SGDR)",
    },
    ScheduleEntry {
        name: "one_cycle",
        title: "rises to the peak and falls far below where it began",
        equation: "from 1/div up to 1, then down to 1/(div·final_div)",
        options: &[
            STEPS,
            option("rise", Some("0.3"), Accepts::Share, "the share of T that rises"),
            option("div", Some("25"), Accepts::Positive, "by what the first rate is smaller than the peak"),
            option("final_div", Some("1e4"), Accepts::Positive, "by what the last rate is smaller than the first"),
            option("anneal", Some("cosine"), Accepts::Word(&["cosine", "linear"]), "how it goes"),
            option(
                "three_phase",
                Some("false"),
                Accepts::Word(&["false", "true"]),
                "whether the way down first mirrors the way up",
            ),
        ],
        example: "one_cycle",
        source: "Smith and Topin, 2018, arXiv:1708.07120",
    },
    ScheduleEntry {
        name: "wsd",
        title: "warmup, stable, decay: constant until the last steps, which fall",
        equation: "1 until the last `decay` steps, which fall to `end`",
        options: &[
            STEPS,
            option("decay", Some("20%"), Accepts::Span, "how long the fall is"),
            END,
            option(
                "how",
                Some("linear"),
                Accepts::Word(&["linear", "sqrt", "cosine"]),
                "how it falls, p of the fall behind it: 1 − p, 1 − √p or ½(1 + cos πp)",
            ),
        ],
        example: "wsd:warmup=10%,how=sqrt",
        source: "Hu et al., 2024, arXiv:2404.06395",
    },
    ScheduleEntry {
        name: "inverse_sqrt",
        title: "falls as one over the root of the steps",
        equation: "√(shift/(shift + k))",
        options: &[option("shift", Some("1000"), Accepts::Positive, "steps until 1/√2 is left")],
        example: "inverse_sqrt:shift=100,warmup=100",
        source: "Vaswani et al., 2017, arXiv:1706.03762",
    },
    ScheduleEntry {
        name: "robbins_monro",
        title: "falls so that Σ η = ∞ and Σ η² < ∞, for ½ < power ≤ 1",
        equation: "(shift/(shift + k))^power",
        options: &[
            option("shift", Some("1"), Accepts::Positive, "steps before the fall is felt"),
            option("power", Some("1"), Accepts::Positive, "how fast it falls"),
        ],
        example: "robbins_monro:shift=50",
        source: "Robbins and Monro, 1951, doi:10.1214/aoms/1177729586",
    },
    ScheduleEntry {
        name: "cyclic",
        title: "up and down in straight lines",
        equation: "a triangle between `low` and 1, `half` steps up and as many down",
        options: &[
            option("half", None, Accepts::Span, "steps up, and steps down"),
            option("low", Some("0.1"), Accepts::Factor, "the factor at the bottom"),
        ],
        example: "cyclic:half=125",
        source: "Smith, 2017, arXiv:1506.01186",
    },
];

/// The schedule with this name.
pub fn schedule_entry(name: &str) -> Option<&'static ScheduleEntry> {
    SCHEDULES.iter().find(|e| e.name == name)
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

impl fmt::Display for ScheduleEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        for (i, option) in self.options.iter().enumerate() {
            let (open, value) = (if i == 0 { ':' } else { ',' }, option.default.unwrap_or("…"));
            write!(f, "{open}{}={value}", option.key)?;
        }
        Ok(())
    }
}
