//! Shampoo: the gradient of a matrix multiplied from both sides by roots of its own second moments.
//!
//! L ← βL + w·GGᵀ,   R ← βR + w·GᵀG,   u = (L + εI)^(−1/4) · G · (R + εI)^(−1/4)
//!
//! with w = 1 for β = 1 (sums, as in the paper) and w = 1 − β otherwise. Gupta, Koren and Singer, 2018, arXiv:1802.09568,
//! algorithm 1. The roots are taken anew every `every` steps by a coupled Newton iteration, which needs nothing but products:
//! Anil et al., 2020, arXiv:2002.09018, with ε relative to the mean eigenvalue. State and roots are kept in 64 bits.
//!
//! Tensors that are no matrices of weights take AdamW with the same learning rate and decay.

use steepest_core::{Real, Segment, StateVisitor};

use super::{
    SegmentRule,
    product::{Mat, matrix_shape, multiply, multiply_symmetric, sum_of_squares},
};
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::StepCx,
    stages::{AddDecay, Momentum},
};

/// A second moment and its inverse fourth root, both n × n.
#[derive(Debug, Clone, Default)]
struct Side {
    n: usize,
    moment: Vec<f64>,
    root: Vec<f64>,
}

/// Shampoo's update of u.
#[derive(Debug, Clone)]
pub struct ScaleByShampoo {
    beta: f64,
    eps: f64,
    every: u64,
    sides: Vec<[Side; 2]>,
    /// G, and L^(−1/4)G, in 64 bits.
    work: [Vec<f64>; 2],
    /// What the iteration for the root needs.
    square: [Vec<f64>; 3],
}

impl ScaleByShampoo {
    /// β in \[0, 1\], ε relative to the mean of the eigenvalues, and the steps between two roots.
    pub fn new(beta: f64, eps: f64, every: u64) -> ScaleByShampoo {
        let (work, square) = ([const { Vec::new() }; 2], [const { Vec::new() }; 3]);
        ScaleByShampoo { beta, eps, every, sides: Vec::new(), work, square }
    }
}

/// root ← (moment + ε·mean eigenvalue·I)^(−1/4); the identity for a moment of 0.
///
/// X ← X·P, M ← P⁴M with P = aI − bM, from M = A/s and X = s^(−1/4)·I: M goes to I, and X to A^(−1/4). s bounds the largest
/// eigenvalue of A, and ε the smallest, so that those of M lie in \[l, 1\]. Of all a and b that keep them below 1, those of
/// [`step`] raise l most: a small eigenvalue grows twelvefold a step, where a = 5/4, b = 1/4 of Newton's method, to which they
/// tend as l → 1, multiply it by 2.4.
fn inverse_fourth_root(side: &mut Side, eps: f64, [m, p, t]: &mut [Vec<f64>; 3]) {
    const STEPS: usize = 100;
    let n = side.n;
    let (m, p, t) = (&mut m[..n * n], &mut p[..n * n], &mut t[..n * n]);
    let mean = (0..n).map(|i| side.moment[i * n + i]).sum::<f64>() / n as f64;
    side.root.fill(0.0);
    if mean <= 0.0 {
        (0..n).for_each(|i| side.root[i * n + i] = 1.0);
        return;
    }
    m.copy_from_slice(&side.moment);
    (0..n).for_each(|i| m[i * n + i] += eps * mean);
    // The largest sum of a row bounds the largest eigenvalue.
    let bound = m.chunks(n).map(|row| row.iter().map(|v| v.abs()).sum::<f64>()).fold(0.0, f64::max);
    m.iter_mut().for_each(|v| *v /= bound);
    (0..n).for_each(|i| side.root[i * n + i] = 1.0 / bound.sqrt().sqrt());
    let mut least = eps * mean / bound;
    for _ in 0..STEPS {
        let (a, b);
        (a, b, least) = step(least.min(1.0));
        let mut off: f64 = 0.0;
        for (i, (p, m)) in p.chunks_mut(n).zip(m.chunks(n)).enumerate() {
            for (j, (p, m)) in p.iter_mut().zip(m).enumerate() {
                let one = if i == j { 1.0 } else { 0.0 };
                off = off.max((m - one).abs());
                *p = a * one - b * m;
            }
        }
        if off < 1e-13 {
            break;
        }
        // All of these are polynomials of A, so every product is symmetric.
        multiply_symmetric(t, 0.0, 1.0, Mat::new(&side.root, n, n), Mat::new(p, n, n));
        side.root.copy_from_slice(t);
        // P⁴M by squaring P twice.
        multiply_symmetric(t, 0.0, 1.0, Mat::new(p, n, n), Mat::new(p, n, n));
        multiply_symmetric(p, 0.0, 1.0, Mat::new(t, n, n), Mat::new(t, n, n));
        multiply_symmetric(t, 0.0, 1.0, Mat::new(p, n, n), Mat::new(m, n, n));
        m.copy_from_slice(t);
    }
}

/// a and b for which λ(a − bλ)⁴ takes \[l, 1\] to \[l', 1\] with the largest l', which is its value at both ends; and l'.
///
/// Equal ends: a − b = l^¼(a − bl). The maximum between them, at λ = a/5b, is 1.
fn step(l: f64) -> (f64, f64, f64) {
    let q = l.sqrt().sqrt();
    let c = 1.0 / (1.0 + q * (1.0 + q * (1.0 + q * (1.0 + q))));
    let a = 1.25 * (5.0 * c).sqrt().sqrt();
    (a, a * c, (a * (1.0 - c)).powi(4))
}

impl<T: Real> SegmentRule<T> for ScaleByShampoo {
    fn name(&self) -> &'static str {
        "shampoo"
    }

    fn reserve(&mut self, segments: &[Segment]) {
        let side = |n: usize| Side { n, moment: vec![0.0; n * n], root: vec![0.0; n * n] };
        let shapes: Vec<_> = segments.iter().map(|s| matrix_shape(&s.shape)).collect();
        self.sides = shapes.iter().map(|&(r, c)| [side(r), side(c)]).collect();
        let largest = shapes.iter().map(|(r, c)| r * c).max().unwrap_or(0);
        let square = shapes.iter().map(|(r, c)| r.max(c) * r.max(c)).max().unwrap_or(0);
        self.work = [vec![0.0; largest], vec![0.0; largest]];
        self.square = [vec![0.0; square], vec![0.0; square], vec![0.0; square]];
    }

    fn apply(&mut self, index: usize, cx: &StepCx<'_>, segment: &Segment, u: &mut [T], _: &[T]) {
        let (rows, cols) = matrix_shape(&segment.shape);
        let [g, h] = &mut self.work;
        let (g, h) = (&mut g[..u.len()], &mut h[..u.len()]);
        g.iter_mut().zip(u.iter()).for_each(|(g, u)| *g = u.to_f64());
        if sum_of_squares(g) == 0.0 {
            return;
        }
        let fresh = if self.beta == 1.0 { 1.0 } else { 1.0 - self.beta };
        let [left, right] = &mut self.sides[index];
        let m = Mat::new(g, rows, cols);
        multiply_symmetric(&mut left.moment, self.beta, fresh, m, m.t());
        multiply_symmetric(&mut right.moment, self.beta, fresh, m.t(), m);
        // No root is all 0: one that is was not taken yet, because no gradient came before.
        if cx.step.is_multiple_of(self.every) || left.root[0] == 0.0 {
            inverse_fourth_root(left, self.eps, &mut self.square);
            inverse_fourth_root(right, self.eps, &mut self.square);
        }
        multiply(h, 0.0, 1.0, Mat::new(&left.root, rows, rows), Mat::new(g, rows, cols));
        multiply(g, 0.0, 1.0, Mat::new(h, rows, cols), Mat::new(&right.root, cols, cols));
        u.iter_mut().zip(g.iter()).for_each(|(u, g)| *u = T::from_f64(*g));
    }

    fn visit(&mut self, index: usize, rule: &str, segment: &str, state: &mut dyn StateVisitor) {
        for (side, name) in self.sides[index].iter_mut().zip(["left", "right"]) {
            state.f64s(&format!("{rule}.{name}/{segment}"), &mut side.moment);
            state.f64s(&format!("{rule}.{name}_root/{segment}"), &mut side.root);
        }
    }
}

/// `shampoo`
pub const SHAMPOO: Entry = Entry {
    name: "shampoo",
    kind: Kind::Optimizer,
    title: "Shampoo: roots of second moments on both sides of a matrix, AdamW for the rest",
    equation: "L ← βL + GGᵀ, R ← βR + GᵀG, x ← x − η(L^(−1/4) G R^(−1/4) + λx)",
    options: &[
        OptionSpec::fraction("beta", 1.0, "β; 1: sums as in the paper"),
        OptionSpec::positive("eps", Some(1e-6), "ε relative to the mean eigenvalue"),
        OptionSpec::count("every", 1.0, "steps between two roots"),
        OptionSpec::below_one("momentum", 0.0, "μ, behind the roots"),
        OptionSpec::non_negative("weight_decay", 0.0, "λ, also of AdamW"),
    ],
    positional: &["lr"],
    slots: 0,
    lr: Some(1e-2),
    source: "Gupta, Koren and Singer, 2018, arXiv:1802.09568",
};

pub(crate) fn shampoo<T: Real>(o: &Options) -> Vec<Link<T>> {
    let rule = ScaleByShampoo::new(o.number("beta"), o.number("eps"), o.number("every") as u64);
    let decay = AddDecay { weight_decay: o.number("weight_decay") };
    match o.number("momentum") {
        0.0 => vec![Link::segments(rule), Link::stage(decay)],
        momentum => {
            let momentum = Momentum { momentum, dampening: 0.0, nesterov: false };
            vec![Link::segments(rule), Link::stage((momentum, decay))]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// root⁴·(moment + ε·mean·I) = I, over eigenvalues from 1 to 1e-6.
    #[test]
    fn the_root_is_a_root() {
        let n = 6;
        // H = I − 2vvᵀ is its own inverse, so H·diag·H has these eigenvalues.
        let v: Vec<f64> = (0..n).map(|i| (i as f64 + 1.0) / 91f64.sqrt()).collect();
        let h = |i: usize, j: usize| f64::from(u8::from(i == j)) - 2.0 * v[i] * v[j];
        let eigen: Vec<f64> = (0..n).map(|i| 10f64.powf(-6.0 * i as f64 / 5.0)).collect();
        let at = |i: usize, j: usize| (0..n).map(|k| h(i, k) * eigen[k] * h(k, j)).sum::<f64>();
        let moment: Vec<f64> = (0..n * n).map(|k| at(k / n, k % n)).collect();
        let mut side = Side { n, moment: moment.clone(), root: vec![0.0; n * n] };
        let eps = 1e-6;
        let mut work = [vec![0.0; n * n], vec![0.0; n * n], vec![0.0; n * n]];
        inverse_fourth_root(&mut side, eps, &mut work);
        let mean = eigen.iter().sum::<f64>() / n as f64;
        let expected =
            |i: usize, j: usize| (0..n).map(|k| h(i, k) * (eigen[k] + eps * mean).powf(-0.25) * h(k, j)).sum::<f64>();
        for i in 0..n {
            for j in 0..n {
                let off = (side.root[i * n + j] - expected(i, j)).abs();
                assert!(off < 1e-6 * expected(0, 0).abs().max(30.0), "{i} {j}: {off:e}");
            }
        }
    }

    /// The ends of an interval meet, nothing in it leaves \[l', 1\], and ten steps are enough for what ε leaves of a matrix.
    #[test]
    fn steps_shrink_the_interval() {
        let mut l = 1e-6;
        for k in 0..10 {
            let (a, b, next) = step(l);
            let at = |x: f64| x * (a - b * x).powi(4);
            assert!((at(l) - next).abs() < 1e-12 && (at(1.0) - next).abs() < 1e-12);
            for i in 0..=1000 {
                let x = l.powf(1.0 - f64::from(i) / 1000.0);
                assert!((next - 1e-12..=1.0 + 1e-12).contains(&at(x)), "step {k}: {x} goes to {}", at(x));
            }
            l = next;
        }
        assert!(l > 1.0 - 1e-13, "{l}");
    }
}
