//! The recursion in coordinates, for vectors that are long against their number.
//!
//! d is a combination of the pairs and of g. Once the products of the pairs with g and with one another are known, the recursion
//! runs on the coefficients alone: W. Chen, Z. Wang and J. Zhou, “Large-scale L-BFGS using MapReduce”, NIPS 2014. One pass takes the
//! products, a second puts d together; each reads every pair once, so that 4m + 4 vectors come from memory instead of 8m + 2.

use rayon::prelude::*;
use steepest_core::{
    Shards, StateVisitor,
    isa::{Isa, Kernel},
    tree_sum_vectors,
};

use crate::vector::{MAX_SHARDS, PARALLEL, SHARD, dot_piece, over_from};

/// Products of a pair with g and with the newest y.
const PRODUCTS: usize = 4;

/// The pairs in the order of their age, the newest first.
pub(super) struct Pairs<'a> {
    /// Where each lies in `s` and `y`, in vectors.
    pub places: &'a [usize],
    pub s: &'a [f64],
    pub y: &'a [f64],
    /// sᵀy and τ by place.
    pub sy: &'a [f64],
    pub stretch: &'a [f64],
    /// yᵀy of the newest.
    pub yy: f64,
}

/// What is known of the pairs besides their own sᵀy.
#[derive(Debug, Default)]
pub(super) struct Coordinates {
    /// sₐᵀy_b at (a, b) for a older than b, and yₐᵀy_b at (a, b), by place.
    sy: Vec<f64>,
    yy: Vec<f64>,
    /// The coefficients of s and of y in d, by age.
    s: Vec<f64>,
    y: Vec<f64>,
    /// Products of each shard.
    parts: Vec<f64>,
}

/// Σ aᵢcᵢ and Σ bᵢcᵢ … of one stretch of the vectors, for all pairs.
struct Products<'a> {
    pairs: &'a Pairs<'a>,
    g: &'a [f64],
    range: std::ops::Range<usize>,
    out: &'a mut [f64],
}

impl Kernel for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let dim = self.g.len();
        let newest = self.pairs.places[0] * dim;
        let mut start = self.range.start;
        while start < self.range.end {
            let end = (start + SHARD).min(self.range.end);
            let (g, y) = (&self.g[start..end], &self.pairs.y[newest + start..newest + end]);
            for (place, out) in self.pairs.places.iter().zip(self.out.chunks_exact_mut(PRODUCTS)) {
                let at = place * dim + start..place * dim + end;
                let (s, old) = (&self.pairs.s[at.clone()], &self.pairs.y[at]);
                out[0] += dot_piece(s, g);
                out[1] += dot_piece(s, y);
                out[2] += dot_piece(old, g);
                out[3] += dot_piece(old, y);
            }
            start = end;
        }
    }
}

/// d ← −γg + Σ cₖsₖ + Σ eₖyₖ over one stretch; returns gᵀd.
struct Combination<'a> {
    pairs: &'a Pairs<'a>,
    g: &'a [f64],
    gamma: f64,
    s: &'a [f64],
    y: &'a [f64],
    start: usize,
    d: &'a mut [f64],
}

impl Kernel for Combination<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let dim = self.g.len();
        let mut slope = 0.0;
        for (k, d) in self.d.chunks_mut(SHARD).enumerate() {
            let start = self.start + k * SHARD;
            let g = &self.g[start..start + d.len()];
            d.iter_mut().zip(g).for_each(|(d, g)| *d = -self.gamma * g);
            for (place, (c, e)) in self.pairs.places.iter().zip(self.s.iter().zip(self.y)) {
                let at = place * dim + start..place * dim + start + d.len();
                let (s, y) = (&self.pairs.s[at.clone()], &self.pairs.y[at]);
                for ((d, s), y) in d.iter_mut().zip(s).zip(y) {
                    *d += c * s + e * y;
                }
            }
            slope += dot_piece(g, d);
        }
        slope
    }
}

impl Coordinates {
    /// From how many elements on the recursion runs in coordinates.
    pub const FROM: usize = 1 << 10;

    /// Room for `count` pairs in `places` places; nothing happens where there is room.
    fn reserve(&mut self, places: usize, shards: usize) {
        self.sy.resize(places * places, 0.0);
        self.yy.resize(places * places, 0.0);
        self.s.resize(places, 0.0);
        self.y.resize(places, 0.0);
        self.parts.resize(shards * PRODUCTS * places, 0.0);
    }

    /// d ← −Hg; returns gᵀd. `places` is how many pairs there is room for.
    pub fn direction(&mut self, pairs: &Pairs<'_>, places: usize, g: &[f64], d: &mut [f64]) -> f64 {
        let shards = Shards::new(g.len(), SHARD, MAX_SHARDS);
        self.reserve(places, shards.count());
        self.products(pairs, shards, g);
        let gamma = self.coefficients(pairs, places);
        self.combine(pairs, gamma, g, d)
    }

    /// parts ← sᵀg, sᵀy, yᵀg, yᵀy of every pair with g and the newest y, by age.
    fn products(&mut self, pairs: &Pairs<'_>, shards: Shards, g: &[f64]) {
        let isa = Isa::detect();
        let len = PRODUCTS * pairs.places.len();
        let parts = &mut self.parts[..len * shards.count()];
        parts.fill(0.0);
        let one = |(k, out): (usize, &mut [f64])| isa.run(Products { pairs, g, range: shards.range(k), out });
        if g.len() >= PARALLEL {
            parts.par_chunks_exact_mut(len).enumerate().for_each(one);
        } else {
            parts.chunks_exact_mut(len).enumerate().for_each(one);
        }
        tree_sum_vectors(parts, len);
    }

    /// The two loops on coefficients; returns γ.
    fn coefficients(&mut self, pairs: &Pairs<'_>, places: usize) -> f64 {
        let of = |age: usize| pairs.places[age];
        let (count, newest) = (pairs.places.len(), of(0));
        let product = |parts: &[f64], age: usize, which: usize| parts[PRODUCTS * age + which];
        for age in 0..count {
            self.sy[of(age) * places + newest] = product(&self.parts, age, 1);
            let across = product(&self.parts, age, 3);
            (self.yy[of(age) * places + newest], self.yy[newest * places + of(age)]) = (across, across);
        }
        let gamma = pairs.sy[newest] / (pairs.stretch[newest] * pairs.yy);
        for age in 0..count {
            let row = &self.sy[of(age) * places..];
            let known: f64 = (0..age).map(|j| self.y[j] * row[of(j)]).sum();
            self.y[age] = (-product(&self.parts, age, 0) - known) / pairs.sy[of(age)];
        }
        for age in (0..count).rev() {
            let row = &self.yy[of(age) * places..];
            let inner: f64 = (0..count).map(|j| self.y[j] * row[of(j)]).sum();
            let outer: f64 = (age + 1..count).map(|k| self.s[k] * self.sy[of(k) * places + of(age)]).sum();
            let product = outer - gamma * (product(&self.parts, age, 2) + inner);
            self.s[age] = self.y[age] / pairs.stretch[of(age)] - product / pairs.sy[of(age)];
        }
        self.y[..count].iter_mut().for_each(|a| *a *= -gamma);
        gamma
    }

    fn combine(&self, pairs: &Pairs<'_>, gamma: f64, g: &[f64], d: &mut [f64]) -> f64 {
        let isa = Isa::detect();
        let count = pairs.places.len();
        let (s, y) = (&self.s[..count], &self.y[..count]);
        over_from([d], [], &|start, [d], []| [isa.run(Combination { pairs, g, gamma, s, y, start, d })])[0]
    }

    /// Shows what a resumed run cannot take from the pairs to the bit.
    pub fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.history("across_sy", &mut self.sy);
        state.history("across_yy", &mut self.yy);
    }

    /// Forgets all products.
    pub fn clear(&mut self) {
        self.sy.clear();
        self.yy.clear();
    }
}
