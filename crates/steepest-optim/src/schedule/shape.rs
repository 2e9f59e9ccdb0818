//! The shapes of schedules: factors of the peak rate.

use std::f64::consts::PI;

use super::Span;

/// How a rate goes from one value to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anneal {
    /// By half a cosine.
    Cosine,
    /// By a straight line.
    Linear,
}

impl Anneal {
    /// From `a` at 0 to `b` at 1.
    fn between(self, a: f64, b: f64, part: f64) -> f64 {
        match self {
            Anneal::Cosine => b + (a - b) / 2.0 * (1.0 + (PI * part).cos()),
            Anneal::Linear => a + (b - a) * part,
        }
    }
}

/// How the last phase of WSD falls to 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decay {
    /// 1 − p.
    Linear,
    /// 1 − √p.
    Sqrt,
    /// ½(1 + cos πp).
    Cosine,
}

/// A factor of the peak rate as a function of k.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// 1.
    Constant,
    /// γ^⌊k/size⌋.
    Step {
        /// Steps between two drops.
        size: u64,
        /// γ.
        gamma: f64,
    },
    /// γ^(number of milestones ≤ k).
    MultiStep {
        /// Where it drops, ascending.
        milestones: Vec<u64>,
        /// γ.
        gamma: f64,
    },
    /// γᵏ.
    Exponential {
        /// γ.
        gamma: f64,
    },
    /// end + (1 − end)(1 − k/T)^p.
    Polynomial {
        /// T.
        steps: Span,
        /// p.
        power: f64,
        /// The factor from T on.
        end: f64,
    },
    /// 1/(1 + decay·k).
    InverseTime {
        /// decay.
        decay: f64,
    },
    /// From `start` to `end` in a straight line.
    Linear {
        /// T.
        steps: Span,
        /// The factor at 0.
        start: f64,
        /// The factor from T on.
        end: f64,
    },
    /// end + (1 − end)·½(1 + cos(πk/T)).
    Cosine {
        /// T.
        steps: Span,
        /// The factor from T on.
        end: f64,
    },
    /// Cosines one after the other, each `mult` times as long as the one before: SGDR.
    Restarts {
        /// The length of the first.
        period: Span,
        /// How much longer each is.
        mult: u64,
        /// The factor at the end of each.
        end: f64,
    },
    /// Up from 1/div to 1, down to 1/(div·final_div).
    OneCycle {
        /// T.
        steps: Span,
        /// The share of T that rises.
        rise: f64,
        /// By what the first rate is smaller than the peak.
        div: f64,
        /// By what the last rate is smaller than the first.
        final_div: f64,
        /// How it goes.
        anneal: Anneal,
        /// Whether the way down first mirrors the way up.
        three_phase: bool,
    },
    /// 1 until the last `decay` steps of T, which fall to `end`: warmup, stable, decay.
    Wsd {
        /// T.
        steps: Span,
        /// How long the fall is.
        decay: Span,
        /// The factor at T.
        end: f64,
        /// How it falls.
        how: Decay,
    },
    /// √(s/(s + k)).
    InverseSqrt {
        /// s.
        shift: f64,
    },
    /// (s/(s + k))^p: Σ = ∞ and Σ² < ∞ for ½ < p ≤ 1.
    RobbinsMonro {
        /// s.
        shift: f64,
        /// p.
        power: f64,
    },
    /// A triangle between `low` and 1 with sides of `half` steps.
    Cyclic {
        /// Steps up, and steps down.
        half: Span,
        /// The factor at the bottom.
        low: f64,
    },
}

impl Shape {
    /// The lengths in it.
    pub(super) fn spans(&self) -> Vec<Span> {
        match self {
            Shape::Polynomial { steps, .. }
            | Shape::Linear { steps, .. }
            | Shape::Cosine { steps, .. }
            | Shape::OneCycle { steps, .. } => vec![*steps],
            Shape::Restarts { period, .. } => vec![*period],
            Shape::Wsd { steps, decay, .. } => vec![*steps, *decay],
            Shape::Cyclic { half, .. } => vec![*half],
            _ => Vec::new(),
        }
    }

    /// How long it takes to its end, for shapes that have one.
    pub(super) fn length(&self) -> Option<Span> {
        match self {
            Shape::Polynomial { steps, .. }
            | Shape::Linear { steps, .. }
            | Shape::Cosine { steps, .. }
            | Shape::OneCycle { steps, .. }
            | Shape::Wsd { steps, .. } => Some(*steps),
            Shape::MultiStep { milestones, .. } => milestones.last().map(|&m| Span::Steps(m)),
            _ => None,
        }
    }

    /// The factor k steps behind its start; `left`: the steps from there to its end, where known.
    pub(super) fn factor(&self, k: u64, left: u64, horizon: u64) -> f64 {
        // The whole horizon means what is left of it behind the warmup and the shapes before.
        let length = |span: Span| if span == Span::ALL { left } else { span.steps(horizon) };
        let part = |span: Span| match length(span) {
            0 => 1.0,
            n => (k as f64 / n as f64).min(1.0),
        };
        let t = k as f64;
        match self {
            Shape::Constant => 1.0,
            Shape::Step { size, gamma } => gamma.powf((k / size) as f64),
            Shape::MultiStep { milestones, gamma } => gamma.powf(milestones.iter().filter(|&&m| m <= k).count() as f64),
            Shape::Exponential { gamma } => gamma.powf(t),
            Shape::Polynomial { steps, power, end } => end + (1.0 - end) * (1.0 - part(*steps)).powf(*power),
            Shape::InverseTime { decay } => 1.0 / (1.0 + decay * t),
            Shape::Linear { steps, start, end } => Anneal::Linear.between(*start, *end, part(*steps)),
            Shape::Cosine { steps, end } => Anneal::Cosine.between(1.0, *end, part(*steps)),
            Shape::Restarts { period, mult, end } => restarts(k, length(*period).max(1), *mult, *end),
            Shape::OneCycle { steps, rise, div, final_div, anneal, three_phase } => {
                one_cycle(t, length(*steps) as f64, *rise, (*div, *final_div), *anneal, *three_phase)
            }
            Shape::Wsd { steps, decay, end, how } => {
                let (total, fall) = (length(*steps), decay.steps(horizon));
                let start = total.saturating_sub(fall);
                if k < start || fall == 0 {
                    return if k >= total { *end } else { 1.0 };
                }
                let p = ((k - start) as f64 / fall as f64).min(1.0);
                let down = match how {
                    Decay::Linear => 1.0 - p,
                    Decay::Sqrt => 1.0 - p.sqrt(),
                    Decay::Cosine => 0.5 * (1.0 + (PI * p).cos()),
                };
                end + (1.0 - end) * down
            }
            Shape::InverseSqrt { shift } => (shift / (shift + t)).sqrt(),
            Shape::RobbinsMonro { shift, power } => (shift / (shift + t)).powf(*power),
            Shape::Cyclic { half, low } => {
                let half = length(*half).max(1);
                let at = k % (2 * half);
                let up = if at <= half { at } else { 2 * half - at };
                low + (1.0 - low) * up as f64 / half as f64
            }
        }
    }
}

/// Loshchilov and Hutter, 2017, arXiv:1608.03983.
fn restarts(k: u64, first: u64, mult: u64, end: f64) -> f64 {
    let (mut at, mut period) = (k, first);
    if mult <= 1 {
        at %= period;
    }
    while mult > 1 && at >= period {
        at -= period;
        period = period.saturating_mul(mult);
    }
    Anneal::Cosine.between(1.0, end, at as f64 / period as f64)
}

/// Smith and Topin, 2018, arXiv:1708.07120, with the phases of PyTorch: the peak falls on step ⌊rise·T⌋ − 1 and the last
/// rate on step T − 1.
fn one_cycle(k: f64, total: f64, rise: f64, (div, final_div): (f64, f64), anneal: Anneal, three_phase: bool) -> f64 {
    let (low, last) = (1.0 / div, 1.0 / div / final_div);
    let top = rise * total - 1.0;
    let phases = match three_phase {
        false => vec![(top, low, 1.0), (total - 1.0, 1.0, last)],
        true => vec![(top, low, 1.0), (2.0 * rise * total - 2.0, 1.0, low), (total - 1.0, low, last)],
    };
    let mut start = 0.0;
    for (end, from, to) in phases {
        if k <= end {
            return if end > start { anneal.between(from, to, (k - start) / (end - start)) } else { to };
        }
        start = end;
    }
    last
}
