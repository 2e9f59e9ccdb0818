//! Direction × search: the solver that asks one where to go and the other how far.
//!
//! The split is that of P. Kidger and others' optimistix (arXiv:2402.09983): any direction with any search, except for the pairs
//! that make no sense, which the table of solvers refuses.

use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination};

use crate::{
    DeterministicSolver,
    place::{Accepted, Place},
    search::Search,
    vector::{max_abs, norm},
};

/// Where to go from a point.
pub trait Direction: Send + std::fmt::Debug {
    /// Writes a direction d at the place, where the objective stands, and returns what the search has to know of it.
    ///
    /// # Errors
    /// [`Stop`] where there is none.
    fn propose(&mut self, f: &mut dyn Objective<f64>, at: &Place, d: &mut [f64]) -> Result<Aim, Stop>;

    /// Learns from an accepted step x → `trial`, g → `next`, f → `to.value`, before the place moves on.
    fn learn(&mut self, _at: &Place, _to: Accepted) {}

    /// Forgets the past; false where there is none to forget.
    fn forget(&mut self) -> bool {
        false
    }

    /// Shows every piece of state that a resumed run needs.
    fn visit(&mut self, _state: &mut dyn StateVisitor) {}
}

/// What a direction promises.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aim {
    /// gᵀd.
    pub slope: f64,
    /// Whether t = 1 is the natural step, as for Newton's direction; else the length has to be found out.
    pub scaled: bool,
}

/// A solver made of a direction and a search.
#[derive(Debug)]
pub struct Descent<D> {
    at: Place,
    d: Vec<f64>,
    direction: D,
    search: Box<dyn Search>,
    /// t·gᵀd of the last step, from which the next first trial is guessed; 0 before the first.
    promised: f64,
}

impl<D: Direction> Descent<D> {
    /// Starts at `x`.
    pub fn with(x: Vec<f64>, direction: D, search: Box<dyn Search>) -> Descent<D> {
        Descent { d: vec![0.0; x.len()], at: Place::new(x), direction, search, promised: 0.0 }
    }

    /// The same with another search.
    #[must_use]
    pub fn searching(mut self, search: Box<dyn Search>) -> Descent<D> {
        self.search = search;
        self
    }

    pub(crate) fn direction_mut(&mut self) -> &mut D {
        &mut self.direction
    }

    /// The first length to try: 1 where that is natural, else as much first-order decrease as in the last step (Nocedal and
    /// Wright, 2006, (3.60)), and at the start what the search says.
    fn first(&self, aim: Aim) -> f64 {
        if aim.scaled {
            return 1.0;
        }
        let guess = self.promised / aim.slope;
        if guess.is_finite() && guess > 0.0 {
            return guess;
        }
        self.search.start(norm(&self.at.x), norm(&self.d)).clamp(f64::MIN_POSITIVE, f64::MAX)
    }

    /// The end of a run whose search found nothing: at the minimum, where the promised gain drowns in rounding, it is no failure.
    fn end(&mut self, stop: Stop, slope: f64, first: f64) -> Stop {
        self.at.left();
        let (gain, value) = (-0.5 * slope * first, self.at.value);
        if matches!(stop, Stop::Terminated(ref t) if t.reason == Reason::LineSearchFailed)
            && gain <= 1e-13 * value.abs()
        {
            let size = max_abs(&self.at.g);
            let detail = format!(
                "the predicted decrease {gain:e} is below the rounding of the objective {value:e}; the gradient is {size:e}"
            );
            return Stop::Terminated(Termination::new(Reason::Stalled, detail));
        }
        stop
    }
}

impl<D: Direction> DeterministicSolver for Descent<D> {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        self.at.ready(f)?;
        let accepted = loop {
            let aim = self.direction.propose(f, &self.at, &mut self.d)?;
            if aim.slope.is_nan() || aim.slope >= 0.0 {
                if self.direction.forget() {
                    continue;
                }
                let detail = format!("the gradient is {:e} and nothing is left to gain", norm(&self.at.g));
                return Err(Stop::Terminated(Termination::new(Reason::GradientNorm, detail)));
            }
            let first = self.first(aim);
            let (done, slope) = (self.at.step, aim.slope);
            match self.search.search(&mut self.at.ray(f, &self.d, slope), first, done) {
                Ok(accepted) => {
                    self.promised = accepted.length * slope;
                    break accepted;
                }
                // A history that misleads is forgotten once before giving up.
                Err(_) if self.direction.forget() => {
                    self.promised = 0.0;
                    self.at.restore(f)?;
                }
                Err(stop) => return Err(self.end(stop, slope, first)),
            }
        };
        self.direction.learn(&self.at, accepted);
        self.search.learn(&self.at);
        let moved = accepted.length * norm(&self.d);
        Ok(self.at.advance(accepted, moved))
    }

    fn point(&self) -> &[f64] {
        &self.at.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        self.at.visit(state);
        state.number("promised", &mut self.promised);
        self.direction.visit(state);
        self.search.visit(state);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        self.at.restore(f)
    }

    fn stationarity(&self) -> Option<f64> {
        self.at.stationarity()
    }

    fn value(&self) -> Option<f64> {
        self.at.known_value()
    }

    fn monotone(&self) -> bool {
        self.search.monotone()
    }

    fn move_to(&mut self, x: &[f64]) -> bool {
        self.at.move_to(x);
        self.direction.forget();
        self.search.forget();
        self.promised = 0.0;
        true
    }
}
