//! A convex quadratic with an L1 penalty over few variables: the model that a step of primal coordinate descent minimizes.
//!
//! minimize ½(w − w₀)ᵀH(w − w₀) + gᵀ(w − w₀) + λ₁‖w‖₁
//!
//! Cyclic coordinate descent on the covariances (J. Friedman, T. Hastie and R. Tibshirani, “Regularization paths for generalized
//! linear models via coordinate descent”, J. Stat. Softw. 33(1), 2010, doi:10.18637/jss.v033.i01) finds which variables are zero and the signs of the rest. Once a
//! pass leaves the signs as they were, the linear system that remains is solved at once, as far as no sign changes, so that
//! the minimum is reached to working precision in a finite number of passes.

use steepest_core::isa::{Isa, Kernel};
use steepest_solvers::Cholesky;

/// Systems of more variables than this are left to coordinate descent.
pub(super) const DIRECT: usize = 1024;
/// A direct step in which one variable in so many stops at zero went nearly all the way.
const FEW: usize = 20;

/// The threshold operator: what minimizes ½(w − v)² + t|w|.
#[inline(always)]
pub(super) fn soft(v: f64, t: f64) -> f64 {
    // No branches: which values are beyond the threshold cannot be foretold.
    (v.abs() - t).max(0.0).copysign(v) + 0.0
}

/// How far −q is from λ₁∂|w|: what the optimality condition of one variable lacks.
#[inline(always)]
pub(super) fn violation(w: f64, q: f64, l1: f64) -> f64 {
    if w > 0.0 {
        (q + l1).abs()
    } else if w < 0.0 {
        (q - l1).abs()
    } else {
        (q.abs() - l1).max(0.0)
    }
}

/// H, symmetric and row-major.
#[derive(Debug)]
pub(super) struct Quadratic {
    pub(super) h: Vec<f64>,
    pub(super) dim: usize,
}

/// A pass over all variables.
struct Pass<'a> {
    of: &'a Quadratic,
    l1: f64,
    w: &'a mut [f64],
    q: &'a mut [f64],
}

impl Kernel for Pass<'_> {
    type Output = (f64, bool);

    #[inline(always)]
    fn run(self) -> (f64, bool) {
        self.of.pass(self.l1, self.w, self.q)
    }
}

impl Quadratic {
    /// Moves `w` towards the minimum until no optimality condition lacks more than `tolerance`, at most `passes` times over
    /// all variables. `q` is the gradient at `w`, before and after.
    pub(super) fn minimize(&self, l1: f64, w: &mut [f64], q: &mut [f64], tolerance: f64, passes: usize) {
        let mut wait = 1;
        let (mut settled, mut since) = (0, 0);
        for _ in 0..passes {
            let (worst, same) = Isa::detect().run(Pass { of: self, l1, w, q });
            since += 1;
            if worst <= tolerance {
                return;
            }
            settled = if same { settled + 1 } else { 0 };
            if settled >= wait && since >= self.direct_passes(w) {
                since = 0;
                // A direct step that meets a change of sign has cost more than a pass: the next one waits longer.
                let whole = self.direct(l1, w, q);
                wait = if whole { 1 } else { (wait + 1).min(8) };
                settled = 0;
            }
        }
    }

    /// The passes that cost as much as a direct step: a third of the cube of its size, at about eight times the speed.
    fn direct_passes(&self, w: &[f64]) -> usize {
        let used = w.iter().filter(|w| **w != 0.0).count();
        used * used / (24 * self.dim.max(1))
    }

    /// One pass; returns the largest violation met, and whether all signs stayed.
    #[inline(always)]
    fn pass(&self, l1: f64, w: &mut [f64], q: &mut [f64]) -> (f64, bool) {
        let (mut worst, mut same) = (0.0f64, true);
        for j in 0..self.dim {
            let row = &self.h[j * self.dim..(j + 1) * self.dim];
            let old = w[j];
            let lack = violation(old, q[j], l1);
            if lack == 0.0 || row[j] <= 0.0 {
                continue;
            }
            worst = worst.max(lack);
            let new = soft(old - q[j] / row[j], l1 / row[j]);
            let change = new - old;
            if change != 0.0 {
                same &= (new > 0.0) == (old > 0.0) && (new < 0.0) == (old < 0.0);
                w[j] = new;
                q.iter_mut().zip(row).for_each(|(q, h)| *q += change * h);
            }
        }
        (worst, same)
    }

    /// Minimizes over the variables that are not zero, their signs kept. Returns whether that went nearly all the way.
    pub(super) fn direct(&self, l1: f64, w: &mut [f64], q: &mut [f64]) -> bool {
        let moving: Vec<usize> = (0..self.dim).filter(|&j| w[j] != 0.0 && self.h[j * self.dim + j] > 0.0).collect();
        let m = moving.len();
        if m == 0 || m > DIRECT {
            return false;
        }
        let mut system = vec![0.0; m * m];
        for (a, &i) in moving.iter().enumerate() {
            for (b, &j) in moving[..=a].iter().enumerate() {
                system[a * m + b] = self.h[i * self.dim + j];
            }
        }
        let trace: f64 = (0..m).map(|a| system[a * m + a]).sum();
        let factor = Cholesky::new(&system, m, 0.0).or_else(|| Cholesky::new(&system, m, 1e-12 * trace / m as f64));
        let Some(factor) = factor else { return false };
        let sign = |w: f64| if l1 > 0.0 { l1 * w.signum() } else { 0.0 };
        let mut step: Vec<f64> = moving.iter().map(|&j| -(q[j] + sign(w[j]))).collect();
        factor.solve(&mut step);
        let flips = moving.iter().zip(&step).filter(|&(&j, s)| l1 > 0.0 && (w[j] + *s) * w[j] < 0.0).count();
        if flips == 0 {
            self.advance(&moving, &step, w, q);
            return true;
        }
        // Weights that would change sign stop at zero. If that fails the objective still falls up to the first of them.
        let cut: Vec<f64> =
            moving.iter().zip(&step).map(|(&j, s)| if (w[j] + s) * w[j] < 0.0 { -w[j] } else { *s }).collect();
        let before = (w.to_vec(), q.to_vec());
        self.advance(&moving, &cut, w, q);
        let gain: f64 = moving
            .iter()
            .map(|&j| 0.5 * (w[j] - before.0[j]) * (q[j] + before.1[j]) + l1 * (w[j].abs() - before.0[j].abs()))
            .sum();
        if gain < 0.0 {
            return FEW * flips <= moving.len();
        }
        w.copy_from_slice(&before.0);
        q.copy_from_slice(&before.1);
        let first = |(at, length): (usize, f64), (k, (&j, s)): (usize, (&usize, &f64))| {
            let to_zero = -w[j] / s;
            if to_zero > 0.0 && to_zero < length { (k, to_zero) } else { (at, length) }
        };
        let (border, length) = moving.iter().zip(&step).enumerate().fold((0, 1.0), first);
        step.iter_mut().for_each(|s| *s *= length);
        step[border] = -w[moving[border]];
        self.advance(&moving, &step, w, q);
        false
    }

    /// w += step over the variables `moving`, and q with it.
    fn advance(&self, moving: &[usize], step: &[f64], w: &mut [f64], q: &mut [f64]) {
        for (&j, s) in moving.iter().zip(step) {
            w[j] += s;
            let row = &self.h[j * self.dim..(j + 1) * self.dim];
            q.iter_mut().zip(row).for_each(|(q, h)| *q += s * h);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MMᵀ/n + 0.01·I of fixed pseudo-random numbers.
    fn matrix(n: usize) -> Quadratic {
        let m = |i: usize, j: usize| ((i * 37 + j * 101 + i * j * 7) % 17) as f64 / 17.0 - 0.4;
        let h = |i: usize, j: usize| {
            (0..n).map(|k| m(i, k) * m(j, k)).sum::<f64>() / n as f64 + if i == j { 0.01 } else { 0.0 }
        };
        Quadratic { h: (0..n * n).map(|at| h(at / n, at % n)).collect(), dim: n }
    }

    #[test]
    fn reaches_the_optimality_conditions_to_working_precision() {
        for n in [1, 2, 9, 60] {
            let h = matrix(n);
            for l1 in [0.0, 0.003, 0.05, 10.0] {
                let g: Vec<f64> = (0..n).map(|j| (j as f64 * 1.7).sin() * 0.2).collect();
                let (mut w, mut q) = (vec![0.0; n], g.clone());
                h.minimize(l1, &mut w, &mut q, 1e-14, 1000);
                for j in 0..n {
                    let exact = g[j] + (0..n).map(|k| h.h[j * n + k] * w[k]).sum::<f64>();
                    assert!(violation(w[j], exact, l1) < 1e-12, "{n} {l1} {j}: {}", violation(w[j], exact, l1));
                }
                assert!(l1 < 10.0 || w.iter().all(|w| *w == 0.0));
            }
        }
    }
}
