//! SOAP: Adam in the eigenbasis of Shampoo's second moments.
//!
//! ```text
//! L ← β₂L + (1−β₂)GGᵀ,   R ← β₂R + (1−β₂)GᵀG,   with the eigenvectors Q_L, Q_R
//! G' = Q_LᵀGQ_R,   M' ← β₁M' + (1−β₁)G',   V ← β₂V + (1−β₂)G'²,   u = Q_L (M̂'/(√V̂ + ε)) Q_Rᵀ
//! ```
//!
//! Vyas et al., 2024, arXiv:2409.11321, algorithm 3. The basis is that of the moments before the step. Every `every` steps it is
//! improved by one step of power iteration, Q ← QR(LQ) with the columns by falling eigenvalue; M' is then turned with the basis
//! and V sorted with the columns, as in the authors' program. The first gradient makes the first basis and moves nothing.
//! A side longer than `max_dim` keeps its own axes. Roots and moments in the precision of the parameters.
//!
//! Tensors that are no matrices of weights take AdamW with the same learning rate and decay.

use steepest_core::{Real, Segment, StateVisitor};

use super::{
    SegmentRule,
    orthogonal::{eigenvectors, orthonormalize},
    product::{Mat, matrix_shape, multiply, multiply_symmetric},
};
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::StepCx,
    stages::AddDecay,
};

/// One side of a matrix: its second moment, and the eigenvectors as rows; empty where the axes are kept.
#[derive(Debug, Clone)]
struct Side<T> {
    n: usize,
    moment: Vec<T>,
    basis: Vec<T>,
    /// Where the vectors stood before the last improvement, and their eigenvalues.
    order: Vec<usize>,
    eigen: Vec<f64>,
}

#[derive(Debug, Clone)]
struct State<T> {
    sides: [Side<T>; 2],
    m: Vec<T>,
    v: Vec<T>,
}

/// SOAP's update of u.
#[derive(Debug, Clone)]
pub struct ScaleBySoap<T> {
    betas: [f64; 2],
    eps: f64,
    every: u64,
    max_dim: usize,
    states: Vec<State<T>>,
    /// G', and what products need, large enough for the largest matrix.
    work: [Vec<T>; 3],
}

impl<T: Real> ScaleBySoap<T> {
    /// β₁ and β₂ in \[0, 1), ε outside the root, the steps between two bases, and the longest side that gets one.
    pub fn new(betas: [f64; 2], eps: f64, every: u64, max_dim: usize) -> ScaleBySoap<T> {
        ScaleBySoap { betas, eps, every, max_dim, states: Vec::new(), work: [const { Vec::new() }; 3] }
    }
}

impl<T: Real> State<T> {
    /// Into the basis: out ← Q_Lᵀ·a·Q_R.
    fn project(&self, a: &[T], out: &mut [T], half: &mut [T]) {
        let (rows, cols) = (self.sides[0].n, self.sides[1].n);
        turn(Some(&self.sides[0].basis), a, half, (rows, cols), true);
        let half = Mat::new(half, rows, cols);
        match &self.sides[1].basis[..] {
            [] => out.copy_from_slice(half.values()),
            basis => multiply(out, 0.0, 1.0, half, Mat::new(basis, cols, cols).t()),
        }
    }

    /// Out of the basis: out ← Q_L·a·Q_Rᵀ.
    fn back(&self, a: &[T], out: &mut [T], half: &mut [T]) {
        let (rows, cols) = (self.sides[0].n, self.sides[1].n);
        turn(Some(&self.sides[0].basis), a, half, (rows, cols), false);
        let half = Mat::new(half, rows, cols);
        match &self.sides[1].basis[..] {
            [] => out.copy_from_slice(half.values()),
            basis => multiply(out, 0.0, 1.0, half, Mat::new(basis, cols, cols)),
        }
    }
}

/// out ← Qᵀ·a or Q·a; a copy without a basis.
fn turn<T: Real>(basis: Option<&[T]>, a: &[T], out: &mut [T], (rows, cols): (usize, usize), into: bool) {
    match basis {
        None | Some([]) => out.copy_from_slice(a),
        Some(basis) => {
            // Vectors are rows: Qᵀ is the basis as it lies.
            let q = Mat::new(basis, rows, rows);
            multiply(out, 0.0, 1.0, if into { q } else { q.t() }, Mat::new(a, rows, cols));
        }
    }
}

impl<T: Real> Side<T> {
    fn new(n: usize, max_dim: usize) -> Side<T> {
        let size = if n > max_dim { 0 } else { n * n };
        Side {
            n,
            moment: vec![T::ZERO; size],
            basis: vec![T::ZERO; size],
            order: (0..n).collect(),
            eigen: vec![0.0; n],
        }
    }

    fn first_basis(&mut self) {
        if self.basis.is_empty() {
            return;
        }
        let wide: Vec<f64> = self.moment.iter().map(|v| v.to_f64()).collect();
        let q = eigenvectors(&wide, self.n);
        self.basis.iter_mut().zip(q).for_each(|(b, q)| *b = T::from_f64(q));
    }

    /// One step of power iteration. The vector at i was at `order[i]`.
    fn improve(&mut self, work: &mut [T]) {
        let n = self.n;
        if self.basis.is_empty() {
            return;
        }
        let image = &mut work[..n * n];
        multiply(image, 0.0, 1.0, Mat::new(&self.basis, n, n), Mat::new(&self.moment, n, n));
        for ((e, q), a) in self.eigen.iter_mut().zip(self.basis.chunks(n)).zip(image.chunks(n)) {
            *e = q.iter().zip(a).map(|(q, a)| q.to_f64() * a.to_f64()).sum();
        }
        let eigen = &self.eigen;
        self.order.sort_unstable_by(|&i, &j| eigen[j].total_cmp(&eigen[i]).then(i.cmp(&j)));
        for (to, &from) in self.basis.chunks_mut(n).zip(&self.order) {
            to.copy_from_slice(&image[from * n..(from + 1) * n]);
        }
        orthonormalize(&mut self.basis, n, work);
    }
}

impl<T: Real> SegmentRule<T> for ScaleBySoap<T> {
    fn name(&self) -> &'static str {
        "soap"
    }

    fn reserve(&mut self, segments: &[Segment]) {
        let shapes: Vec<_> = segments.iter().map(|s| matrix_shape(&s.shape)).collect();
        let state = |&(r, c): &(usize, usize)| {
            let sides = [Side::new(r, self.max_dim), Side::new(c, self.max_dim)];
            State { sides, m: vec![T::ZERO; r * c], v: vec![T::ZERO; r * c] }
        };
        self.states = shapes.iter().map(state).collect();
        let longest = |n: usize| if n > self.max_dim { 0 } else { n };
        let square = shapes.iter().map(|&(r, c)| longest(r).max(longest(c)).pow(2)).max().unwrap_or(0);
        let size = shapes.iter().map(|&(r, c)| r * c).max().unwrap_or(0).max(square);
        self.work = [vec![T::ZERO; size], vec![T::ZERO; size], vec![T::ZERO; size]];
    }

    fn apply(&mut self, index: usize, cx: &StepCx<'_>, _: &Segment, u: &mut [T], _: &[T]) {
        let state = &mut self.states[index];
        let [g, half, back] = &mut self.work;
        let n = u.len();
        let (rows, cols) = (state.sides[0].n, state.sides[1].n);
        back[..n].copy_from_slice(u);
        if cx.step == 0 {
            u.fill(T::ZERO);
        } else {
            let [b1, b2] = self.betas;
            let (correct1, correct2) = (1.0 - b1.powf(cx.step as f64), 1.0 - b2.powf(cx.step as f64));
            let [fresh1, fresh2, of_m, of_v, eps] =
                [1.0 - b1, 1.0 - b2, 1.0 / correct1, 1.0 / correct2, self.eps].map(T::from_f64);
            state.project(u, &mut g[..n], &mut half[..n]);
            for ((g, m), v) in g[..n].iter_mut().zip(&mut state.m).zip(&mut state.v) {
                *m += (*g - *m) * fresh1;
                *v += (*g * *g - *v) * fresh2;
                *g = *m * of_m / ((*v * of_v).sqrt() + eps);
            }
            state.back(&g[..n], u, &mut half[..n]);
        }
        let (beta, fresh) = (self.betas[1], 1.0 - self.betas[1]);
        let gradient = Mat::new(&back[..n], rows, cols);
        let [left, right] = &mut state.sides;
        if !left.moment.is_empty() {
            multiply_symmetric(&mut left.moment, beta, fresh, gradient, gradient.t());
        }
        if !right.moment.is_empty() {
            multiply_symmetric(&mut right.moment, beta, fresh, gradient.t(), gradient);
        }
        if cx.step == 0 {
            state.sides.iter_mut().for_each(Side::first_basis);
        } else if cx.step.is_multiple_of(self.every) {
            // M' out of the old basis, and into the new one.
            state.back(&state.m, &mut g[..n], &mut half[..n]);
            state.sides.iter_mut().for_each(|side| side.improve(half));
            let old = &mut back[..n];
            old.copy_from_slice(&state.v);
            let [left, right] = &state.sides;
            for (i, &from) in left.order.iter().enumerate() {
                for (j, &column) in right.order.iter().enumerate() {
                    state.v[i * cols + j] = old[from * cols + column];
                }
            }
            let mut m = std::mem::take(&mut state.m);
            state.project(&g[..n], &mut m, &mut half[..n]);
            state.m = m;
        }
    }

    fn visit(&mut self, index: usize, rule: &str, segment: &str, visitor: &mut dyn StateVisitor) {
        let state = &mut self.states[index];
        T::visit(&mut state.m, &format!("{rule}.m/{segment}"), visitor);
        T::visit(&mut state.v, &format!("{rule}.v/{segment}"), visitor);
        for (side, name) in state.sides.iter_mut().zip(["left", "right"]) {
            T::visit(&mut side.moment, &format!("{rule}.{name}/{segment}"), visitor);
            T::visit(&mut side.basis, &format!("{rule}.{name}_basis/{segment}"), visitor);
        }
    }
}

/// `soap`
pub const SOAP: Entry = Entry {
    name: "soap",
    kind: Kind::Optimizer,
    title: "SOAP: Adam in the eigenbasis of Shampoo for matrices, AdamW for the rest",
    equation: "L ← β₂L + (1−β₂)GGᵀ, R ← β₂R + (1−β₂)GᵀG, G' = Q_LᵀGQ_R, x ← x − η(Q_L Adam(G') Q_Rᵀ + λx)",
    options: &[
        OptionSpec::below_one("beta1", 0.95, "β₁"),
        OptionSpec::below_one("beta2", 0.95, "β₂, of V and of L and R"),
        OptionSpec::non_negative("eps", 1e-8, "ε outside the root"),
        OptionSpec::non_negative("weight_decay", 0.01, "λ, also of AdamW"),
        OptionSpec::count("every", 10.0, "steps between two bases"),
        OptionSpec::count("max_dim", 10_000.0, "the longest side that gets a basis"),
    ],
    positional: &["lr"],
    slots: 2,
    lr: Some(3e-3),
    source: "Vyas et al., 2024, arXiv:2409.11321",
};

pub(crate) fn soap<T: Real>(o: &Options) -> Vec<Link<T>> {
    let betas = [o.number("beta1"), o.number("beta2")];
    let rule = ScaleBySoap::new(betas, o.number("eps"), o.number("every") as u64, o.number("max_dim") as usize);
    vec![Link::segments(rule), Link::stage(AddDecay { weight_decay: o.number("weight_decay") })]
}
