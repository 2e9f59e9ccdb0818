//! Newton's equations in the coefficients of the rows, by conjugate gradients.
//!
//! With w = Xᵀu/λ the step δ of the coefficients and β of the intercept solve
//!
//! δ + D(Kδ + β1) = −(u + r),   1ᵀ(u + δ) = 0,   K = XXᵀ/λ,
//!
//! with r the derivatives of the rows' losses and D their curvatures. Rows with next to no curvature have δᵢ = −(uᵢ + rᵢ) at once.
//! For the others δ = √D·v makes the system symmetric, S = I + √D·K·√D, with the smallest eigenvalue 1 at least. It is
//! preconditioned with S itself after the features that are not heavy are taken for orthogonal between rows,
//!
//! M = I + √D(HHᵀ + diag)√D/λ,   M⁻¹ = Δ⁻¹ − Δ⁻¹U(I + UᵀΔ⁻¹U)⁻¹UᵀΔ⁻¹,   U = √D·H/√λ,
//!
//! which rare features nearly are. Iterates keep to the constraint of the intercept by projection in M's norm (N. I. M. Gould, M. E.
//! Hribar and J. Nocedal, “On the solution of equality constrained quadratic programming problems arising in optimization”, SIAM J.
//! Sci. Comput. 23(4), 2001, doi:10.1137/S1064827598345667).

use steepest_solvers::{Cholesky, dot};

use super::products::{Room, RowProducts};
use crate::linear::kernels::weighted_gram;

/// A row whose curvature times ‖x‖²/λ is below this has no say in the products: its coefficient is known.
const FLAT: f64 = 1e-3;
/// Products at most.
const MOST: u64 = 500;

/// A step of the coefficients and the intercept.
#[derive(Debug)]
pub(super) struct Step {
    /// δ.
    pub(super) u: Vec<f64>,
    /// Kδ.
    pub(super) pull: Vec<f64>,
    /// β.
    pub(super) bias: f64,
    /// Products with K that it took.
    pub(super) products: u64,
}

/// The equations at a point.
#[derive(Debug)]
pub(super) struct System<'a> {
    products: &'a RowProducts,
    lambda: f64,
    /// √D, 0 in rows that are flat.
    s: Vec<f64>,
    /// Δ.
    diagonal: Vec<f64>,
    /// Of I + UᵀΔ⁻¹U.
    factor: Cholesky,
}

/// What is overwritten by every product.
#[derive(Debug, Default)]
struct Scratch {
    rows: Vec<f64>,
    heavy: Vec<f64>,
    room: Room,
}

/// What the preconditioner makes of a residual r.
#[derive(Debug, Clone)]
struct Preconditioned {
    /// M⁻¹r.
    z: Vec<f64>,
    /// HHᵀ√D·z/λ, which the product with K needs.
    heavy: Vec<f64>,
}

impl Preconditioned {
    fn new(rows: usize) -> Preconditioned {
        Preconditioned { z: vec![0.0; rows], heavy: vec![0.0; rows] }
    }

    /// self ← a·self + b·other.
    fn combine(&mut self, a: f64, b: f64, other: &Preconditioned) {
        self.z.iter_mut().zip(&other.z).for_each(|(z, o)| *z = a * *z + b * o);
        self.heavy.iter_mut().zip(&other.heavy).for_each(|(h, o)| *h = a * *h + b * o);
    }
}

impl<'a> System<'a> {
    /// With the curvatures D; `None` where they are not finite.
    pub(super) fn new(products: &'a RowProducts, lambda: f64, curvatures: &[f64]) -> Option<System<'a>> {
        let flat = |d: f64, square: f64| d * square <= FLAT * lambda;
        let s: Vec<f64> = curvatures
            .iter()
            .zip(products.squares())
            .map(|(&d, &square)| if flat(d, square) { 0.0 } else { d.sqrt() })
            .collect();
        let diagonal: Vec<f64> =
            s.iter().zip(products.light_squares()).map(|(s, light)| 1.0 + s * s * light / lambda).collect();
        let heavy = products.heavy();
        let k = heavy.cols();
        let weights: Vec<f64> = s.iter().zip(&diagonal).map(|(s, d)| s * s / (lambda * d)).collect();
        let mut gram = vec![0.0; k * k];
        if k > 0 {
            weighted_gram(heavy, &weights, &mut gram);
        }
        (0..k).for_each(|j| gram[j * k + j] += 1.0);
        let factor = Cholesky::new(&gram, k, 0.0)?;
        Some(System { products, lambda, s, diagonal, factor })
    }

    fn precondition(&self, r: &[f64], scratch: &mut Scratch, to: &mut Preconditioned) {
        let root = self.lambda.sqrt();
        let Preconditioned { z, heavy } = to;
        scratch.rows.resize(r.len(), 0.0);
        scratch.heavy.resize(self.factor.dim(), 0.0);
        let diagonal = || self.s.iter().zip(&self.diagonal);
        for (((z, t), r), (s, d)) in z.iter_mut().zip(&mut scratch.rows).zip(r).zip(diagonal()) {
            *z = r / d;
            *t = s * *z / root;
        }
        self.products.transposed_heavy(&scratch.rows, &mut scratch.heavy);
        self.factor.solve(&mut scratch.heavy);
        scratch.heavy.iter_mut().for_each(|c| *c /= root);
        // UᵀM⁻¹r is the solution itself, so that H times it serves the product with K as well.
        self.products.multiply_heavy(&scratch.heavy, heavy);
        for ((z, heavy), (s, d)) in z.iter_mut().zip(heavy.iter()).zip(diagonal()) {
            *z -= s * heavy / d;
        }
    }

    /// As `precondition`, kept to the constraint: what of it belongs to the intercept is taken out of both, and added to `bias`.
    fn project(
        &self,
        border: Option<&Preconditioned>,
        r: &mut [f64],
        scratch: &mut Scratch,
        to: &mut Preconditioned,
        bias: &mut f64,
    ) {
        self.precondition(r, scratch, to);
        let Some(border) = border else { return };
        let beta = dot(&self.s, &to.z) / dot(&self.s, &border.z);
        if beta.is_finite() {
            *bias += beta;
            to.combine(1.0, -beta, border);
            r.iter_mut().zip(&self.s).for_each(|(r, s)| *r -= beta * s);
        }
    }

    /// √Σ ‖xᵢ‖²vᵢ², the size of a residual of the equations as the weights see it.
    fn size(&self, v: impl Iterator<Item = f64>) -> f64 {
        v.zip(self.products.squares()).map(|(v, square)| square * v * v).sum::<f64>().sqrt()
    }

    /// out ← K·√D·p.
    fn pull(&self, p: &Preconditioned, scratch: &mut Scratch, out: &mut [f64]) {
        scratch.rows.iter_mut().zip(&p.z).zip(&self.s).for_each(|((t, v), s)| *t = s * v);
        self.products.multiply_light(&scratch.rows, &mut scratch.room, out);
        out.iter_mut().zip(&p.heavy).for_each(|(o, h)| *o = h + *o / self.lambda);
    }

    /// The step, until the residual is the share `tolerance` of what it was. `lack` is −(u + r); `imbalance` 1ᵀu where there is an
    /// intercept.
    pub(super) fn solve(&self, lack: &[f64], imbalance: Option<f64>, tolerance: f64) -> Step {
        let n = lack.len();
        let (s, mut scratch) = (&self.s, Scratch::default());
        // Flat rows, and in the others the start that meets the constraint and is least in M's norm.
        let mut u: Vec<f64> = lack.iter().zip(s).map(|(b, s)| if *s == 0.0 { *b } else { 0.0 }).collect();
        let mut v = vec![0.0; n];
        let border = imbalance.map(|sum| {
            let mut border = Preconditioned::new(n);
            self.precondition(s, &mut scratch, &mut border);
            let share = -(sum + u.iter().sum::<f64>()) / dot(s, &border.z);
            if share.is_finite() {
                v.iter_mut().zip(&border.z).for_each(|(v, z)| *v = share * z);
            }
            border
        });
        u.iter_mut().zip(&v).zip(s).for_each(|((u, v), s)| *u += s * v);
        let mut step = Step { u, pull: vec![0.0; n], bias: 0.0, products: 0 };
        if step.u.iter().any(|u| *u != 0.0) {
            self.products.multiply(&step.u, &mut scratch.room, &mut step.pull);
            step.pull.iter_mut().for_each(|p| *p /= self.lambda);
            step.products += 1;
        }
        let left = |i: usize| if s[i] == 0.0 { 0.0 } else { lack[i] / s[i] - s[i] * step.pull[i] - v[i] };
        let r = (0..n).map(left).collect();
        let goal = tolerance * self.size(lack.iter().copied());
        self.descend(r, goal, border.as_ref(), &mut scratch, &mut step);
        step
    }

    /// Conjugate gradients from the residual `r` of `step` until it is no larger than `goal`.
    fn descend(
        &self,
        mut r: Vec<f64>,
        goal: f64,
        border: Option<&Preconditioned>,
        scratch: &mut Scratch,
        step: &mut Step,
    ) {
        let (n, s) = (r.len(), &self.s);
        let mut next = Preconditioned::new(n);
        self.project(border, &mut r, scratch, &mut next, &mut step.bias);
        let mut rz = dot(&r, &next.z);
        let mut p = next.clone();
        let mut kp = vec![0.0; n];
        while step.products < MOST && rz > 0.0 && self.size(r.iter().zip(s).map(|(r, s)| r * s)) > goal {
            self.pull(&p, scratch, &mut kp);
            step.products += 1;
            let curvature: f64 = (0..n).map(|i| p.z[i] * (p.z[i] + s[i] * kp[i])).sum();
            let alpha = rz / curvature;
            for i in 0..n {
                step.u[i] += alpha * s[i] * p.z[i];
                step.pull[i] += alpha * kp[i];
                r[i] -= alpha * (p.z[i] + s[i] * kp[i]);
            }
            self.project(border, &mut r, scratch, &mut next, &mut step.bias);
            let after = dot(&r, &next.z);
            p.combine(after / rz, 1.0, &next);
            rz = after;
        }
    }
}
