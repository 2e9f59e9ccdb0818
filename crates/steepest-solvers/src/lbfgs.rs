//! L-BFGS: a quasi-Newton direction from the last m steps and gradient changes.
//!
//! d = −Hg by the two-loop recursion, H₀ = γI with γ = sᵀy/τyᵀy of the newest pair. D. C. Liu and J. Nocedal, “On the limited
//! memory BFGS method for large scale optimization”, Math. Program. 45, 1989, doi:10.1007/BF01589116. A pair enters only
//! when sᵀy is positive beyond rounding, so that H stays positive definite. Each enters with the τ that the values at its ends tell of
//! the curvature at the newer one, H⁺ = VᵀHV + ssᵀ/(τsᵀy): M. C. Biggs, 1971, doi:10.1093/imamat/8.3.315. That saves a tenth of the
//! evaluations on the test problems.
//!
//! Every pass that changes d also takes the product that the next one needs, so that a direction reads and writes 8m + 2
//! vectors; where they are long, the recursion runs in coordinates and streams every pair twice.

mod long;

use steepest_core::{Objective, StateVisitor, Stop};

use crate::{
    Cholesky, Descent,
    base::Base,
    descent::{Aim, Direction},
    place::{Accepted, Place},
    search::Wolfe,
    secant::stretch,
    vector::{PairProducts, add_dot, dot, negate, negate_dot, pair},
};
use long::{Coordinates, Pairs};

/// L-BFGS with an approximate Wolfe search. A step costs one evaluation most of the time and O(m·d).
pub type Lbfgs = Descent<LimitedMemory>;

/// The direction of L-BFGS.
#[derive(Debug)]
pub struct LimitedMemory {
    memory: usize,
    dim: usize,
    /// Steps s and gradient changes y, one behind the other in `memory` + 1 places taken in turn: the one after `newest` has room
    /// for a pair that may not enter.
    s: Vec<f64>,
    y: Vec<f64>,
    /// sᵀy and τ of each place.
    sy: Vec<f64>,
    stretch: Vec<f64>,
    newest: u64,
    /// How many pairs are remembered.
    pairs: u64,
    /// yᵀy of the newest.
    yy: f64,
    /// Room for the α of the recursion, and for the places by age.
    alpha: Vec<f64>,
    places: Vec<usize>,
    coordinates: Coordinates,
    /// H₀, where one is known.
    base: Option<Base>,
}

impl Lbfgs {
    /// Starts at `x` and remembers `memory` pairs (5 to 20 are usual).
    pub fn new(x: Vec<f64>, memory: usize) -> Lbfgs {
        let direction = LimitedMemory::new(x.len(), memory);
        Descent::with(x, direction, Box::new(Wolfe::default()))
    }

    /// Takes the inverse of an approximate Hessian for H₀, in place of γI. The matrix is block-diagonal: parameter j·K + k lies in
    /// block k of K = `blocks`; `factors` are those of the blocks, or one that serves all of them. With several blocks only
    /// differences between them are taken to matter, as between the classes of a softmax: directions keep the sum of each K
    /// parameters j·K … j·K + K − 1. It is no part of the state that [`visit`](crate::DeterministicSolver::visit) shows.
    pub fn set_base(&mut self, factors: Vec<Cholesky>, blocks: usize) {
        self.direction_mut().base = Some(Base::new(factors, blocks));
    }
}

impl LimitedMemory {
    /// For `dim` parameters and `memory` pairs.
    pub fn new(dim: usize, memory: usize) -> LimitedMemory {
        let memory = memory.max(1);
        LimitedMemory {
            memory,
            dim,
            s: Vec::new(),
            y: Vec::new(),
            sy: Vec::new(),
            stretch: Vec::new(),
            newest: memory as u64,
            pairs: 0,
            yy: 0.0,
            alpha: vec![0.0; memory],
            places: Vec::with_capacity(memory),
            coordinates: Coordinates::default(),
            base: None,
        }
    }

    /// The place of the pair that is `age` steps older than the newest.
    fn place(&self, age: usize) -> usize {
        (self.newest as usize + self.memory + 1 - age) % (self.memory + 1)
    }

    fn pair(&self, age: usize) -> (&[f64], &[f64], f64) {
        let at = self.place(age);
        let range = at * self.dim..(at + 1) * self.dim;
        (&self.s[range.clone()], &self.y[range], self.sy[at])
    }

    /// Whether anything is remembered.
    pub(crate) fn has_pairs(&self) -> bool {
        self.pairs > 0
    }

    /// d ← −Hg; returns gᵀd.
    pub(crate) fn recursion(&mut self, g: &[f64], d: &mut [f64]) -> f64 {
        let pairs = self.pairs as usize;
        if pairs == 0 {
            negate(d, g);
            if let Some(base) = &self.base {
                base.apply(d, None);
            }
            return dot(g, d);
        }
        if self.dim >= Coordinates::FROM && self.base.is_none() {
            return self.in_coordinates(g, d);
        }
        let mut product = negate_dot(d, g, self.pair(0).0);
        for age in 0..pairs {
            let (_, y, sy) = self.pair(age);
            let a = product / sy;
            product = if age + 1 < pairs {
                add_dot(d, -a, y, 1.0, self.pair(age + 1).0)
            } else if let Some(base) = &self.base {
                add_dot(d, -a, y, 1.0, y);
                base.apply(d, Some(self.pair(0)));
                dot(d, y)
            } else {
                let newest = self.place(0);
                let gamma = self.sy[newest] / (self.stretch[newest] * self.yy);
                add_dot(d, -a, y, gamma, y)
            };
            self.alpha[age] = a;
        }
        for age in (0..pairs).rev() {
            let (s, _, sy) = self.pair(age);
            let b = self.alpha[age] / self.stretch[self.place(age)] - product / sy;
            let next = if age > 0 { self.pair(age - 1).1 } else { g };
            product = add_dot(d, b, s, 1.0, next);
        }
        product
    }

    fn in_coordinates(&mut self, g: &[f64], d: &mut [f64]) -> f64 {
        self.places.clear();
        for age in 0..self.pairs as usize {
            let place = self.place(age);
            self.places.push(place);
        }
        let LimitedMemory { places, s, y, sy, stretch, .. } = self;
        let pairs = Pairs { places, s, y, sy, stretch, yy: self.yy };
        self.coordinates.direction(&pairs, self.memory + 1, g, d)
    }
}

impl Direction for LimitedMemory {
    fn propose(&mut self, _f: &mut dyn Objective<f64>, at: &Place, d: &mut [f64]) -> Result<Aim, Stop> {
        Ok(Aim { slope: self.recursion(&at.g, d), scaled: self.pairs > 0 || self.base.is_some() })
    }

    fn learn(&mut self, at: &Place, to: Accepted) {
        let next = (self.newest as usize + 1) % (self.memory + 1);
        let range = next * self.dim..(next + 1) * self.dim;
        if self.sy.len() == next {
            if next == 0 {
                let all = (self.memory + 1) * self.dim;
                self.s.reserve_exact(all);
                self.y.reserve_exact(all);
            }
            self.s.resize(range.end, 0.0);
            self.y.resize(range.end, 0.0);
            self.sy.push(0.0);
            self.stretch.push(1.0);
        }
        let (s, y) = (&mut self.s[range.clone()], &mut self.y[range]);
        let PairProducts { ss, sy, yy, ahead } = pair([s, y], [&at.trial, &at.x], [&at.next, &at.g]);
        if sy.is_nan() || sy <= 1e-12 * ss.sqrt() * yy.sqrt() {
            return;
        }
        (self.sy[next], self.yy) = (sy, yy);
        self.stretch[next] = stretch(at.value, to.value, sy, ahead);
        self.newest = next as u64;
        self.pairs = (self.pairs + 1).min(self.memory as u64);
    }

    fn forget(&mut self) -> bool {
        let had = self.pairs > 0;
        self.s.clear();
        self.y.clear();
        self.sy.clear();
        self.stretch.clear();
        self.coordinates.clear();
        self.newest = self.memory as u64;
        self.pairs = 0;
        had
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.history("s", &mut self.s);
        state.history("y", &mut self.y);
        state.history("sy", &mut self.sy);
        state.history("stretch", &mut self.stretch);
        self.coordinates.visit(state);
        state.int("newest", &mut self.newest);
        state.int("pairs", &mut self.pairs);
        state.number("yy", &mut self.yy);
    }
}
