//! Moves of basin hopping, and the plain one: every variable is displaced.

use steepest_core::random::Draws;

use crate::prox::{BoxSet, Set};

/// Where basin hopping jumps to.
pub trait Moves: Send {
    /// Writes a trial point near the minimum x.
    fn propose(&mut self, x: &[f64], draws: &mut Draws, out: &mut [f64]);

    /// Writes a fresh start, unrelated to the minima met so far but of the same scale as the minimum x.
    fn fresh(&mut self, x: &[f64], draws: &mut Draws, out: &mut [f64]);

    /// Learns whether the last proposal was accepted.
    fn learn(&mut self, _accepted: bool) {}

    /// The size of a move now.
    fn size(&self) -> f64;

    /// Sets the size of a move, for a resumed run.
    fn resize(&mut self, size: f64);
}

/// Every variable moves by a uniform random number in ±step. The step grows or shrinks by a tenth after every 50 moves, so that
/// about half of them are accepted: D. Wales and J. Doye, J. Phys. Chem. A 101, 1997, doi:10.1021/jp970984n.
#[derive(Debug, Clone)]
pub struct Displacement {
    step: f64,
    spread: f64,
    bounds: Option<BoxSet>,
    accepted: u32,
    moves: u32,
}

/// Moves between two changes of the step.
const INTERVAL: u32 = 50;
/// The share of accepted moves that is aimed at, and what the step changes by.
const TARGET: f64 = 0.5;
const FACTOR: f64 = 0.9;

impl Displacement {
    /// With a first step; fresh starts are displaced by ten times as much.
    pub fn new(step: f64) -> Displacement {
        Displacement { step, spread: 10.0 * step, bounds: None, accepted: 0, moves: 0 }
    }

    /// Within bounds: moves end inside, and fresh starts are uniform where both bounds are finite.
    #[must_use]
    pub fn within(mut self, bounds: BoxSet) -> Displacement {
        self.bounds = Some(bounds);
        self
    }

    fn shift(x: &[f64], size: f64, draws: &mut Draws, out: &mut [f64]) {
        out.iter_mut().zip(x).for_each(|(to, x)| *to = x + size * (2.0 * draws.uniform() - 1.0));
    }
}

impl Moves for Displacement {
    fn propose(&mut self, x: &[f64], draws: &mut Draws, out: &mut [f64]) {
        Self::shift(x, self.step, draws, out);
        if let Some(bounds) = &self.bounds {
            bounds.project(out);
        }
    }

    fn fresh(&mut self, x: &[f64], draws: &mut Draws, out: &mut [f64]) {
        Self::shift(x, self.spread, draws, out);
        if let Some(bounds) = &self.bounds {
            for ((to, l), u) in out.iter_mut().zip(bounds.lower()).zip(bounds.upper()) {
                if l.is_finite() && u.is_finite() {
                    *to = l + (u - l) * draws.uniform();
                }
            }
            bounds.project(out);
        }
    }

    fn learn(&mut self, accepted: bool) {
        self.moves += 1;
        self.accepted += u32::from(accepted);
        if self.moves == INTERVAL {
            let often = f64::from(self.accepted) > TARGET * f64::from(INTERVAL);
            self.step = if often { self.step / FACTOR } else { self.step * FACTOR };
            (self.moves, self.accepted) = (0, 0);
        }
    }

    fn size(&self) -> f64 {
        self.step
    }

    fn resize(&mut self, size: f64) {
        self.step = size;
    }
}
