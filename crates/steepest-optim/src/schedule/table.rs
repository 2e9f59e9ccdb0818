//! The table of schedules: names, options with their defaults and ranges, equations, sources. The text parser and the listings read it.

use std::fmt;

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
