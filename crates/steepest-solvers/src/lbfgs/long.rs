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

#[cfg(test)]
mod tests {
    use super::*;

    /// The two loops as Nocedal writes them, on pairs (s, τy), the newest first: −Hg.
    fn two_loops(pairs: &[(Vec<f64>, Vec<f64>, f64)], g: &[f64]) -> Vec<f64> {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let mut q: Vec<f64> = g.iter().map(|g| -g).collect();
        let mut alpha = Vec::new();
        for (s, y, tau) in pairs {
            let a = dot(s, &q) / (tau * dot(s, y));
            q.iter_mut().zip(y).for_each(|(q, y)| *q -= a * tau * y);
            alpha.push(a);
        }
        let (s, y, tau) = &pairs[0];
        let gamma = dot(s, y) / (tau * dot(y, y));
        q.iter_mut().for_each(|q| *q *= gamma);
        for ((s, y, tau), a) in pairs.iter().zip(alpha).rev() {
            let b = tau * dot(y, &q) / (tau * dot(s, y));
            q.iter_mut().zip(s).for_each(|(q, s)| *q += (a - b) * s);
        }
        q
    }

    #[test]
    fn in_coordinates_the_direction_is_that_of_the_two_loops() {
        const DIM: usize = 2 * SHARD + 77;
        const ROOM: usize = 4;
        let noise = |k: usize| ((k as f64 * 12.9898).sin() * 43_758.545_3).fract();
        let (mut s, mut y) = (vec![0.0; DIM * ROOM], vec![0.0; DIM * ROOM]);
        let (mut sy, mut stretch) = ([0.0; ROOM], [1.0; ROOM]);
        let mut places: Vec<usize> = Vec::new();
        let mut known: Vec<(Vec<f64>, Vec<f64>, f64)> = Vec::new();
        let mut coordinates = Coordinates::default();
        // More pairs than there is room for, so that old products are written over.
        for pair in 0..7 {
            let at = pair % ROOM;
            let s_new: Vec<f64> = (0..DIM).map(|i| noise(pair * DIM + i)).collect();
            let y_new: Vec<f64> =
                (0..DIM).map(|i| s_new[i] * (1.0 + (i % 5) as f64) + 0.1 * noise(31 * i + pair)).collect();
            let tau = 1.0 + 0.1 * pair as f64;
            s[at * DIM..][..DIM].copy_from_slice(&s_new);
            y[at * DIM..][..DIM].copy_from_slice(&y_new);
            sy[at] = s_new.iter().zip(&y_new).map(|(a, b)| a * b).sum();
            stretch[at] = tau;
            let yy = y_new.iter().map(|y| y * y).sum();
            known.insert(0, (s_new, y_new, tau));
            places.insert(0, at);
            known.truncate(ROOM);
            places.truncate(ROOM);
            let g: Vec<f64> = (0..DIM).map(|i| noise(7 * i + 1000 * pair)).collect();
            let mut d = vec![0.0; DIM];
            let pairs = Pairs { places: &places, s: &s, y: &y, sy: &sy, stretch: &stretch, yy };
            let slope = coordinates.direction(&pairs, ROOM, &g, &mut d);
            let expected = two_loops(&known, &g);
            let size = expected.iter().fold(0.0f64, |m, v| m.max(v.abs()));
            assert!(d.iter().zip(&expected).all(|(d, e)| (d - e).abs() <= 1e-11 * size), "pair {pair}");
            let exact: f64 = d.iter().zip(&g).map(|(d, g)| d * g).sum();
            assert!((slope - exact).abs() <= 1e-11 * exact.abs() && slope < 0.0, "pair {pair}: {slope} {exact}");
        }
    }
}
