//! Schedules: the learning rate as a pure function of k, the number of completed updates.
//!
//! A schedule is a peak rate times a shape, with a warmup before it: `cosine(1e-3,steps=1000,warmup=5%,end=0.1)`. Nothing is
//! counted while a run goes on, so a resumed run has the rates it would have had. Lengths are steps, or shares of the run's
//! length, the horizon.

mod batch;
mod plateau;
mod shape;
mod table;
mod text;

pub use batch::{BatchGrowth, Scaling};
pub use plateau::{Plateau, PlateauMode};
pub use shape::{Anneal, Decay, Shape};
pub use table::{Accepts, COMMON_OPTIONS, SCHEDULES, ScheduleEntry, ScheduleOption, schedule_entry};
pub use text::ScheduleError;

/// A number of steps, or a share of the horizon.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Span {
    /// Steps.
    Steps(u64),
    /// A share of the horizon, in \[0, 1\].
    Share(f64),
}

impl Span {
    /// The whole horizon.
    pub const ALL: Span = Span::Share(1.0);

    /// The steps it stands for; shares are rounded to whole steps.
    pub fn steps(self, horizon: u64) -> u64 {
        match self {
            Span::Steps(n) => n,
            Span::Share(share) => (share * horizon as f64).round() as u64,
        }
    }
}

/// How the rate rises before the shape begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Warmup {
    /// How long.
    pub span: Span,
    /// The factor it starts from.
    pub from: f64,
    /// Whether it grows by a constant factor instead of a constant amount.
    pub exponential: bool,
}

impl Warmup {
    /// The factor of step k < w. The first update already moves, and the w-th has the full rate.
    fn factor(&self, k: u64, w: u64) -> f64 {
        let part = (k + 1) as f64 / w as f64;
        match self.exponential {
            false => self.from + (1.0 - self.from) * part,
            true => self.from.powf(1.0 - part),
        }
    }
}

/// A learning rate for every step.
///
/// ```
/// use steepest_optim::Schedule;
/// let s = Schedule::parse("cosine(0.1,steps=10,warmup=2)")?;
/// assert_eq!(s.at(0), 0.05);
/// assert_eq!(s.at(2), 0.1);
/// assert!((s.at(7) - 0.05).abs() < 1e-15 && s.at(12) == 0.0);
/// # Ok::<(), steepest_optim::ScheduleError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// The peak rate; `None`: to be taken from the update rule.
    peak: Option<f64>,
    warmup: Option<Warmup>,
    /// Shapes one after the other; all but the last have a length.
    shapes: Vec<(Shape, Option<Span>)>,
    horizon: Option<u64>,
}

impl Schedule {
    /// The same learning rate at every step.
    pub fn constant(lr: f64) -> Schedule {
        Schedule::new(lr, Shape::Constant)
    }

    /// A shape with its peak rate.
    pub fn new(lr: f64, shape: Shape) -> Schedule {
        Schedule { peak: Some(lr), warmup: None, shapes: vec![(shape, None)], horizon: None }
    }

    /// With a warmup before it.
    #[must_use]
    pub fn warmup(mut self, warmup: Warmup) -> Schedule {
        self.warmup = Some(warmup);
        self
    }

    /// Another shape from `span` steps behind the start of the last one on; it counts its steps from there.
    #[must_use]
    pub fn then(mut self, span: Span, shape: Shape) -> Schedule {
        if let Some(last) = self.shapes.last_mut() {
            last.1 = Some(span);
        }
        self.shapes.push((shape, None));
        self
    }

    /// With this peak rate where it has none.
    #[must_use]
    pub fn or_peak(mut self, lr: f64) -> Schedule {
        self.peak = self.peak.or(Some(lr));
        self
    }

    /// The peak rate, where the schedule has one itself.
    pub fn peak(&self) -> Option<f64> {
        self.peak
    }

    /// Whether the rate never changes.
    pub fn is_constant(&self) -> bool {
        self.warmup.is_none() && self.shapes.iter().all(|s| s.0 == Shape::Constant)
    }

    /// The steps it takes until its last shape has ended, where it says so in steps itself: warmup, shapes and lengths added
    /// up. `None` where a part of it depends on the length of the run or goes on for ever.
    pub fn length(&self) -> Option<u64> {
        let steps = |span: &Span| match span {
            Span::Steps(n) => Some(*n),
            Span::Share(_) => None,
        };
        let mut total = self.warmup.map_or(Some(0), |w| steps(&w.span))?;
        for (shape, span) in &self.shapes {
            let own = shape.length();
            total = total.checked_add(steps(span.as_ref().or(own.as_ref())?)?)?;
        }
        Some(total)
    }

    /// Fixes the number of steps of the run, which shares and shapes without a length refer to.
    ///
    /// # Errors
    /// [`ScheduleError::NeedsHorizon`] when it is needed and not known.
    pub fn with_horizon(mut self, horizon: Option<u64>) -> Result<Schedule, ScheduleError> {
        self.horizon = self.horizon.or(horizon);
        let shares = |s: &Span| matches!(s, Span::Share(_));
        let mut needs = self.warmup.iter().map(|w| &w.span).any(shares);
        needs |= self.shapes.iter().any(|(shape, span)| shape.spans().iter().chain(span).any(shares));
        if needs && self.horizon.is_none() { Err(ScheduleError::NeedsHorizon) } else { Ok(self) }
    }

    /// The learning rate of the update that follows k completed ones.
    #[inline]
    pub fn at(&self, k: u64) -> f64 {
        let peak = self.peak.unwrap_or(1.0);
        match (&self.warmup, &self.shapes[..]) {
            (None, [(Shape::Constant, _)]) => peak,
            _ => peak * self.factor(k),
        }
    }

    /// The learning rates of the updates that follow k, k + 1, … completed ones: [`at`](Schedule::at) of each. A straight line,
    /// the usual one where an update costs no more than its rate, is computed at once.
    pub fn fill(&self, k: u64, rates: &mut [f64]) {
        let peak = self.peak.unwrap_or(1.0);
        if let (None, [(Shape::Linear { steps, start, end }, None)]) = (&self.warmup, &self.shapes[..])
            && let length = steps.steps(self.horizon.unwrap_or(0))
            && length > 0
        {
            for (i, rate) in rates.iter_mut().enumerate() {
                let part = ((k + i as u64) as f64 / length as f64).min(1.0);
                *rate = peak * (start + (end - start) * part);
            }
            return;
        }
        rates.iter_mut().zip(k..).for_each(|(rate, k)| *rate = self.at(k));
    }

    fn factor(&self, k: u64) -> f64 {
        let horizon = self.horizon.unwrap_or(0);
        let warm = self.warmup.map_or(0, |w| w.span.steps(horizon));
        if let Some(warmup) = self.warmup.filter(|_| k < warm) {
            return warmup.factor(k, warm);
        }
        let (mut k, mut left) = (k - warm, horizon.saturating_sub(warm));
        for (shape, span) in &self.shapes {
            match span.map(|s| s.steps(horizon)) {
                Some(length) if k >= length => {
                    k -= length;
                    left = left.saturating_sub(length);
                }
                Some(length) => return shape.factor(k, length, horizon),
                None => return shape.factor(k, left, horizon),
            }
        }
        1.0
    }
}
