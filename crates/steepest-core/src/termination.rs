//! Why a run ended.

use std::fmt;

/// The kinds of ends a run can come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The norm of the gradient fell below its tolerance.
    GradientNorm,
    /// The objective changed by less than its tolerance.
    ValueChange,
    /// The parameters changed by less than their tolerance, relative to the step size.
    ParameterChange,
    /// The certificate proved the point to be close enough to the minimum.
    CertifiedGap,
    /// The validation metric did not improve for as long as was allowed.
    EarlyStopping,
    /// All steps or epochs asked for are done.
    Completed,
    /// The number of evaluations reached its limit.
    MaxEvals,
    /// The time reached its limit.
    MaxSeconds,
    /// Values grew beyond bounds or were not finite.
    Diverged,
    /// No step size along the direction was acceptable.
    LineSearchFailed,
    /// Nothing improves any more, although no tolerance is met.
    Stalled,
    /// The objective falls without limit.
    Unbounded,
    /// The point is a saddle and no way out was found.
    Saddle,
    /// The user or the system asked to stop.
    Interrupted,
}

impl Reason {
    /// All of them, in the order of the documentation.
    pub const ALL: [Reason; 14] = [
        Reason::GradientNorm,
        Reason::ValueChange,
        Reason::ParameterChange,
        Reason::CertifiedGap,
        Reason::EarlyStopping,
        Reason::Completed,
        Reason::MaxEvals,
        Reason::MaxSeconds,
        Reason::Diverged,
        Reason::LineSearchFailed,
        Reason::Stalled,
        Reason::Unbounded,
        Reason::Saddle,
        Reason::Interrupted,
    ];

    /// The name in JSON, files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Reason::GradientNorm => "gradient_norm",
            Reason::ValueChange => "value_change",
            Reason::ParameterChange => "parameter_change",
            Reason::CertifiedGap => "certified_gap",
            Reason::EarlyStopping => "early_stopping",
            Reason::Completed => "completed",
            Reason::MaxEvals => "max_evals",
            Reason::MaxSeconds => "max_seconds",
            Reason::Diverged => "diverged",
            Reason::LineSearchFailed => "line_search_failed",
            Reason::Stalled => "stalled",
            Reason::Unbounded => "unbounded",
            Reason::Saddle => "saddle",
            Reason::Interrupted => "interrupted",
        }
    }

    /// The reason with this [`name`](Reason::name).
    pub fn from_name(name: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|r| r.name() == name)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The end of a run: the reason, and what was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Termination {
    /// The kind of end.
    pub reason: Reason,
    /// The measured cause in a sentence: which quantity, its value, its limit, and what to try where that is known.
    pub detail: String,
}

impl Termination {
    /// A termination for `reason` with its measured cause.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Termination {
        Termination { reason, detail: detail.into() }
    }
}

impl fmt::Display for Termination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.detail)
    }
}
