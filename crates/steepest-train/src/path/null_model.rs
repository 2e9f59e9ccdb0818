//! The model without features: the point where a path of penalties begins, and the scales found there.

use steepest_models::linear::kernels::{loss_block, multiply_transposed, row_curvatures, row_losses, softmax};
use steepest_models::linear::{LinearProblem, Loss, certificate};

/// The minimum over the intercept alone, and what the penalties are measured by there.
#[derive(Debug)]
pub(super) struct NullModel {
    /// Zero weights and the intercept.
    pub point: Vec<f64>,
    /// ‖∇f‖∞ over the weights, f the loss without penalties: the smallest λ₁ that keeps all of them at zero. For losses
    /// with a kink a subgradient that the intercept allows, so that it is an upper bound of that λ₁.
    pub steepest: f64,
    /// Σᵢ hᵢ‖xᵢ‖², hᵢ the curvature of row i: an upper bound of every eigenvalue of the Hessian.
    pub trace: f64,
}

impl NullModel {
    /// O(n·K + stored).
    pub fn new(problem: &LinearProblem) -> NullModel {
        let k = problem.outputs();
        let mut z = problem.offset.clone().unwrap_or_else(|| vec![0.0; problem.rows() * k]);
        let p = row_weights(problem);
        let kinked = matches!(problem.loss, Loss::Hinge | Loss::Quantile(_));
        let bias = match problem.loss {
            _ if !problem.intercept => vec![0.0; k],
            Loss::Softmax(k) => biases(problem, k, &p, &z),
            _ if kinked => vec![kink_quantile(problem, &p, &z)],
            _ => vec![certificate::profile_intercept(problem, &z)],
        };
        z.chunks_exact_mut(k).for_each(|z| z.iter_mut().zip(&bias).for_each(|(z, b)| *z += b));
        let mut r = vec![0.0; z.len()];
        if kinked {
            kinked_residuals(problem, &p, &z, &mut r);
        } else if row_losses(problem, &z, &mut r).is_err() {
            r.fill(f64::NAN);
        }
        let mut g = vec![0.0; problem.features() * k];
        multiply_transposed(problem, &r, &mut g);
        // max would pass over a NaN.
        let steepest = g.iter().fold(0.0f64, |m, g| if g.is_nan() { f64::NAN } else { m.max(g.abs()) });

        let curvature = curvatures(problem, &p, &z);
        let mut trace = 0.0;
        for (i, h) in curvature.iter().enumerate() {
            let mut square = 0.0;
            problem.matrix.for_row(i, |_, v| square += v * v);
            trace += h * square;
        }
        let mut point = vec![0.0; problem.features() * k];
        if problem.intercept {
            point.extend(bias);
        }
        NullModel { point, steepest, trace }
    }
}

/// pᵢ = sᵢ/Σs.
fn row_weights(problem: &LinearProblem) -> Vec<f64> {
    let scale = 1.0 / problem.total_weight();
    match &problem.weights {
        Some(s) => s.iter().map(|s| s * scale).collect(),
        None => vec![scale; problem.rows()],
    }
}

/// Where the loss of a row has its kink, less the margin `z` that it has already: at y for quantile loss, at yz = 1, that is
/// z = y, for hinge loss.
fn kink(problem: &LinearProblem, z: &[f64], i: usize) -> f64 {
    problem.target[i] - z[i]
}

/// The intercept that minimizes a loss whose slope rises by pᵢ at each row's kink: the weighted quantile of the kinks at which
/// the slope turns positive.
fn kink_quantile(problem: &LinearProblem, p: &[f64], z: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| kink(problem, z, a).total_cmp(&kink(problem, z, b)));
    let mut slope = match problem.loss {
        Loss::Quantile(tau) => -tau,
        // Far to the left every positive row is on the wrong side.
        _ => -p.iter().zip(&problem.target).filter(|(_, y)| **y > 0.0).map(|(p, _)| p).sum::<f64>(),
    };
    let mut best = 0.0;
    for i in order {
        best = kink(problem, z, i);
        slope += p[i];
        if slope >= 0.0 {
            break;
        }
    }
    best
}

/// r ← pᵢ∂φ/∂zᵢ at margins `z`; the rows at their kink share what makes Σr zero, as far as their domains allow.
fn kinked_residuals(problem: &LinearProblem, p: &[f64], z: &[f64], r: &mut [f64]) {
    let (mut sum, mut room) = (0.0, 0.0);
    let mut tied = Vec::new();
    for i in 0..z.len() {
        let (y, distance) = (problem.target[i], kink(problem, z, i));
        // The slope on the left of the kink; on its right it is larger by 1.
        let left = match problem.loss {
            Loss::Quantile(tau) => -tau,
            _ => -f64::from(u8::from(y > 0.0)),
        };
        let at_kink = distance.abs() <= 1e-12 * (1.0 + y.abs() + z[i].abs());
        let slope = if distance > 0.0 || at_kink { left } else { left + 1.0 };
        r[i] = p[i] * slope;
        sum += r[i];
        if at_kink {
            room += p[i];
            tied.push(i);
        }
    }
    // Without an intercept any slope between the sides will do, and the one nearest to none is taken.
    if problem.intercept && room > 0.0 {
        let share = (-sum / room).clamp(0.0, 1.0);
        tied.iter().for_each(|&i| r[i] += p[i] * share);
    } else {
        tied.iter().for_each(|&i| r[i] = 0.0);
    }
}

/// The K intercepts of softmax. Without offsets they are the logarithms of the classes' shares; with offsets a few fixed-point
/// steps bₖ ← bₖ + log(shareₖ/mean qₖ), each of which lowers the loss (J. N. Darroch and D. Ratcliff, “Generalized iterative
/// scaling for log-linear models”, Ann. Math. Statist. 43(5), 1972, doi:10.1214/aoms/1177692379).
fn biases(problem: &LinearProblem, k: usize, p: &[f64], z: &[f64]) -> Vec<f64> {
    /// The logarithm of a share that is zero, as far as it matters.
    const NEVER: f64 = -40.0;
    let mut share = vec![0.0; k];
    p.iter().zip(&problem.target).for_each(|(p, &y)| share[y as usize] += p);
    let mut bias: Vec<f64> = share.iter().map(|s| s.ln().max(NEVER)).collect();
    if problem.offset.is_none() {
        return bias;
    }
    let (mut moved, mut q) = (vec![0.0; k], vec![0.0; k]);
    for _ in 0..200 {
        let mut mean = vec![0.0; k];
        for (z, p) in z.chunks_exact(k).zip(p) {
            moved.iter_mut().zip(z).zip(&bias).for_each(|((m, z), b)| *m = z + b);
            softmax(&moved, &mut q);
            mean.iter_mut().zip(&q).for_each(|(m, q)| *m += p * q);
        }
        let mut largest = 0.0f64;
        for c in 0..k {
            if share[c] > 0.0 && mean[c] > 0.0 {
                let step = (share[c] / mean[c]).ln();
                bias[c] += step;
                largest = largest.max(step.abs());
            }
        }
        if largest < 1e-14 {
            break;
        }
    }
    bias
}

/// pᵢ·∂²φ/∂zᵢ² at margins `z`; for softmax the trace 1 − Σq² of the row's Hessian; for losses with a kink the inverse of the
/// mean distance of the margins from it, which is the curvature of a parabola as wide as the data.
fn curvatures(problem: &LinearProblem, p: &[f64], z: &[f64]) -> Vec<f64> {
    match problem.loss {
        Loss::Softmax(k) => {
            let mut q = vec![0.0; k];
            let row = |(z, p): (&[f64], &f64)| {
                softmax(z, &mut q);
                p * (1.0 - q.iter().map(|q| q * q).sum::<f64>())
            };
            z.chunks_exact(k).zip(p).map(row).collect()
        }
        Loss::Hinge | Loss::Quantile(_) => {
            let spread: f64 = p.iter().enumerate().map(|(i, p)| p * kink(problem, z, i).abs()).sum();
            let curvature = if spread > 0.0 { 1.0 / spread } else { 1.0 };
            p.iter().map(|p| p * curvature).collect()
        }
        _ => {
            let mut h = vec![0.0; z.len()];
            row_curvatures(problem, z, &mut h);
            h
        }
    }
}

/// φ of one row with its K margins, without its weight.
pub(super) fn row_loss(problem: &LinearProblem, i: usize, z: &[f64], scratch: &mut [f64]) -> f64 {
    loss_block(problem.loss, z, &problem.target[i..=i], None, 1.0, scratch)
}
