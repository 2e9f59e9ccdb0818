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
    room: Room,
    /// Numbers of the rows and of the heavy features.
    scratch: Vec<f64>,
    weights: Vec<f64>,
}

/// What the preconditioner makes of a residual r.
#[derive(Debug, Clone)]
struct Preconditioned {
    /// M⁻¹r.
    z: Vec<f64>,
    /// HHᵀ√D·z/λ, which the product with K needs.
    heavy: Vec<f64>,
}

impl<'a> System<'a> {
    /// With the curvatures D; `None` where they are not finite.
    pub(super) fn new(products: &'a RowProducts, lambda: f64, curvatures: &[f64]) -> Option<System<'a>> {
        let flat = |i: usize| curvatures[i] * products.squares()[i] <= FLAT * lambda;
        let n = curvatures.len();
        let s: Vec<f64> = (0..n).map(|i| if flat(i) { 0.0 } else { curvatures[i].sqrt() }).collect();
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
        Some(System {
            products,
            lambda,
            s,
            diagonal,
            factor,
            room: Room::default(),
            scratch: vec![0.0; n],
            weights: vec![0.0; k],
        })
    }

    fn precondition(&mut self, r: &[f64], to: &mut Preconditioned) {
        let root = self.lambda.sqrt();
        let Preconditioned { z, heavy } = to;
        for (((z, t), r), (s, d)) in z.iter_mut().zip(&mut self.scratch).zip(r).zip(self.s.iter().zip(&self.diagonal)) {
            *z = r / d;
            *t = s * *z / root;
        }
        self.products.transposed_heavy(&self.scratch, &mut self.weights);
        self.factor.solve(&mut self.weights);
        self.weights.iter_mut().for_each(|c| *c /= root);
        // UᵀM⁻¹r is the solution itself, so that H times it serves the product with K as well.
        self.products.multiply_heavy(&self.weights, heavy);
        for ((z, heavy), (s, d)) in z.iter_mut().zip(heavy.iter()).zip(self.s.iter().zip(&self.diagonal)) {
            *z -= s * heavy / d;
        }
    }

    /// √Σ ‖xᵢ‖²vᵢ², the size of a residual of the equations as the weights see it.
    fn size(&self, v: impl Iterator<Item = f64>) -> f64 {
        v.zip(self.products.squares()).map(|(v, square)| square * v * v).sum::<f64>().sqrt()
    }

    /// K·√D·v, into `out`; `heavy` is the heavy features' part of it.
    fn pull(&mut self, v: &[f64], heavy: &[f64], out: &mut [f64]) {
        self.scratch.iter_mut().zip(v).zip(&self.s).for_each(|((t, v), s)| *t = s * v);
        self.products.multiply_light(&self.scratch, &mut self.room, out);
        out.iter_mut().zip(heavy).for_each(|(o, h)| *o = h + *o / self.lambda);
    }

    /// The step, until the residual is the share `tolerance` of what it was. `lack` is −(u + r); `imbalance` 1ᵀu where there is an
    /// intercept.
    pub(super) fn solve(mut self, lack: &[f64], imbalance: Option<f64>, tolerance: f64) -> Step {
        let n = lack.len();
        let flat: Vec<f64> = lack.iter().zip(&self.s).map(|(b, s)| if *s == 0.0 { *b } else { 0.0 }).collect();
        let room = || Preconditioned { z: vec![0.0; n], heavy: vec![0.0; n] };
        let mut border = imbalance.map(|sum| (room(), sum + flat.iter().sum::<f64>()));
        let (mut v, mut bias, mut products) = (vec![0.0; n], 0.0, 0);
        if let Some((border, sum)) = &mut border {
            // The start that meets the constraint and is least in M's norm.
            let s = std::mem::take(&mut self.s);
            self.s = s.clone();
            self.precondition(&s, border);
            let share = -*sum / dot(&s, &border.z);
            if share.is_finite() {
                v.iter_mut().zip(&border.z).for_each(|(v, z)| *v = share * z);
            }
        }
        let mut u: Vec<f64> = flat.iter().zip(&v).zip(&self.s).map(|((f, v), s)| f + s * v).collect();
        let mut pull = vec![0.0; n];
        if u.iter().any(|u| *u != 0.0) {
            self.products.multiply(&u, &mut self.room, &mut pull);
            pull.iter_mut().for_each(|p| *p /= self.lambda);
            products += 1;
        }
        let mut r: Vec<f64> = (0..n)
            .map(|i| if self.s[i] == 0.0 { 0.0 } else { lack[i] / self.s[i] - self.s[i] * pull[i] - v[i] })
            .collect();
        let goal = tolerance * self.size(lack.iter().copied());
        let mut next = room();
        let mut project = |system: &mut Self, r: &mut [f64], to: &mut Preconditioned| {
            system.precondition(r, to);
            if let Some((border, _)) = &border {
                let beta = dot(&system.s, &to.z) / dot(&system.s, &border.z);
                if beta.is_finite() {
                    bias += beta;
                    to.z.iter_mut().zip(&border.z).for_each(|(z, b)| *z -= beta * b);
                    to.heavy.iter_mut().zip(&border.heavy).for_each(|(h, b)| *h -= beta * b);
                    r.iter_mut().zip(&system.s).for_each(|(r, s)| *r -= beta * s);
                }
            }
        };
        project(&mut self, &mut r, &mut next);
        let mut rz = dot(&r, &next.z);
        let mut p = next.clone();
        let mut kp = vec![0.0; n];
        while products < MOST && self.size(r.iter().zip(&self.s).map(|(r, s)| r * s)) > goal && rz > 0.0 {
            self.pull(&p.z, &p.heavy, &mut kp);
            products += 1;
            let curvature: f64 = (0..n).map(|i| p.z[i] * (p.z[i] + self.s[i] * kp[i])).sum();
            let alpha = rz / curvature;
            for i in 0..n {
                v[i] += alpha * p.z[i];
                pull[i] += alpha * kp[i];
                r[i] -= alpha * (p.z[i] + self.s[i] * kp[i]);
            }
            project(&mut self, &mut r, &mut next);
            let after = dot(&r, &next.z);
            let beta = after / rz;
            p.z.iter_mut().zip(&next.z).for_each(|(p, z)| *p = z + beta * *p);
            p.heavy.iter_mut().zip(&next.heavy).for_each(|(p, h)| *p = h + beta * *p);
            rz = after;
        }
        u.iter_mut().enumerate().for_each(|(i, u)| *u = flat[i] + self.s[i] * v[i]);
        Step { u, pull, bias, products }
    }
}
