//! Certificates of the linear family: how far a point is from the minimum at most, proved by a feasible dual point.
//!
//! With pᵢ = sᵢ/Σs every a = (a₁ … aₙ) with Σ pᵢaᵢ = 0 (where there is an intercept) bounds the objective from below,
//!
//! D(a) = −Σ pᵢ(φ*(−aᵢ; yᵢ) + aᵢoᵢ) − R*(u),   u = Σ pᵢaᵢxᵢ,   R*(u) = Σⱼ max(|uⱼ| − λ₁, 0)²/(2λ₂),
//!
//! and with λ₂ = 0 the last term is 0 for ‖u‖∞ ≤ λ₁ and infinite otherwise. The gap P − D is summed as
//!
//! Σ pᵢ[φ(zᵢ) + φ*(−aᵢ) + aᵢzᵢ] + Σⱼ[(tⱼ − λ₂wⱼ)²/(2λ₂) + |wⱼ|(λ₁ − sign(wⱼ)(uⱼ − tⱼ))],   t = u soft-thresholded by λ₁,
//!
//! whose every term is ≥ 0 and flat to first order around the optimum, so that neither cancellation nor the rounding of
//! margins and of u can bring it below the true gap by more than the allowance that is added: 16 ε times the sum of the
//! sizes of what was added up.
//!
//! The dual point is aᵢ = −φ′(zᵢ) after the intercept is profiled out (the margins are shifted to the minimum over b). What
//! remains of Σ pᵢaᵢ is removed by shrinking the aᵢ of the heavier sign: 0 lies in the domain of every conjugate here. With
//! λ₂ = 0, a is scaled so that ‖u‖∞ ≤ λ₁. For softmax a row's dual is e_y − q with q in the simplex, and the q of all rows
//! are mixed with one distribution so that their mean is that of the classes.
//!
//! Without any penalty the dual is feasible only for u = 0, which no computed point satisfies: the squared loss then has the
//! exact gap ½gᵀH⁻¹g where H is positive definite. Other losses have no certificate, except near 0 where they can reach it: a = 0
//! is feasible and proves D = 0.
//!
//! R. T. Rockafellar, “Convex Analysis”, 1970, section 31; S. Shalev-Shwartz and T. Zhang, “Stochastic dual coordinate ascent
//! methods for regularized loss minimization”, JMLR 14, 2013.

use rayon::prelude::*;
use steepest_core::{Certificate, CertificateKind, tree_sum};

use super::LinearProblem;
use super::kernels::{self, fenchel_sums, multiply_transposed, row_curvatures, row_derivatives, softmax};
use super::loss::{Loss, ScalarLoss, with_loss};

/// Rows of one partial sum.
const BLOCK: usize = 1024;
/// The allowance for rounding, in units of what was added up.
const ALLOWANCE: f64 = 16.0 * f64::EPSILON;

/// The share of P(0) below which 0 is a bound that says something: the scale of relative gaps.
const NEAR_ZERO: f64 = 1e-3;

/// P at zero parameters. O(n·K).
pub fn value_at_zero(problem: &LinearProblem) -> f64 {
    let value = kernels::mean_loss(problem, problem.offset.as_deref());
    if value.is_finite() { value } else { 0.0 }
}

/// (λ₂/2)‖w‖² + λ₁‖w‖₁ of parameters laid out as the problem says.
pub fn penalty(problem: &LinearProblem, x: &[f64]) -> f64 {
    let w = &x[..problem.features() * problem.outputs()];
    let squares = if problem.l2 > 0.0 { 0.5 * problem.l2 * sum(w, |v| v * v) } else { 0.0 };
    squares + if problem.l1 > 0.0 { problem.l1 * sum(w, f64::abs) } else { 0.0 }
}

/// P at `x`, whose margins are `z`.
pub fn objective(problem: &LinearProblem, x: &[f64], z: &[f64]) -> f64 {
    let value = kernels::mean_loss(problem, Some(z));
    (if value.is_finite() { value } else { f64::INFINITY }) + penalty(problem, x)
}

/// What can be said of a problem without penalty: that the dual point 0 bounds it by 0, where the loss comes near that; else why
/// it has no duality gap. `None` where there is a penalty.
fn unpenalized(problem: &LinearProblem, x: &[f64], z: &[f64], zero: f64) -> Option<Certificate> {
    let free = problem.l1 == 0.0 && problem.l2 == 0.0 && problem.features() > 0;
    // Poisson loss has another bound in each row, and logistic and softmax loss never reach theirs: there is no minimum then.
    let reaches = !matches!(problem.loss, Loss::Poisson | Loss::Logistic | Loss::Softmax(_));
    free.then(|| {
        let value = if reaches { objective(problem, x, z) } else { f64::INFINITY };
        if value <= NEAR_ZERO * zero {
            return Certificate::gap(CertificateKind::DualityGap, value * (1.0 + ALLOWANCE), value, zero);
        }
        Certificate::none(
            "without a penalty no dual point is feasible in finite precision, so nothing computable bounds the objective \
             from below; any --l2 > 0 gives a certificate",
        )
    })
}

/// The duality gap at `x`, with margins `z` (intercept and offset included), from the dual point that the margins give.
/// `zero` is [`value_at_zero`]. Two passes over the targets and one over the features.
///
/// For hinge and quantile loss the margins say nothing about the dual values at the kinks, so that this gap stays above
/// zero even at the minimum; solvers that keep dual values ask [`certify_dual`].
pub fn certify(problem: &LinearProblem, x: &[f64], z: &[f64], zero: f64) -> Certificate {
    if let Some(none) = unpenalized(problem, x, z, zero) {
        return none;
    }
    if let Loss::Softmax(k) = problem.loss {
        return certify_softmax(problem, k, x, z, zero);
    }
    let shift = if problem.intercept { profile_intercept(problem, z) } else { 0.0 };
    let mut dual = vec![0.0; z.len()];
    row_derivatives(problem, z, shift, &mut dual);
    dual.iter_mut().for_each(|a| *a = -*a);
    certify_dual(problem, x, z, &mut dual, zero)
}

/// The duality gap at `x`, with margins `z`, from these dual values aᵢ, one a row, for losses of one output. Values outside
/// the domain of the conjugate are brought to its border; then the constraints of the dual are restored as the module's
/// documentation says, in place.
pub fn certify_dual(problem: &LinearProblem, x: &[f64], z: &[f64], dual: &mut [f64], zero: f64) -> Certificate {
    certify_product(problem, x, z, dual, None, zero)
}

/// As [`certify_dual`]; `product` is Σ pᵢaᵢxᵢ where the caller has it. It serves only where the values are feasible as they are: inside
/// their domain, and without an intercept.
pub(crate) fn certify_product(
    problem: &LinearProblem,
    x: &[f64],
    z: &[f64],
    dual: &mut [f64],
    product: Option<&[f64]>,
    zero: f64,
) -> Certificate {
    if let Some(none) = unpenalized(problem, x, z, zero) {
        return none;
    }
    let p = Weights::new(problem);
    with_loss!(problem.loss, l => {
        dual.iter_mut().zip(&problem.target).for_each(|(a, &y)| {
            let (low, high) = l.dual_domain(y);
            // max and min turn a NaN into a border, where clamp would keep it.
            *a = a.max(low).min(high);
        });
    });
    let mut imbalance = 0.0;
    if problem.intercept {
        imbalance = balance(&p, dual);
    }
    let mut u = match product {
        Some(u) if !problem.intercept => u.to_vec(),
        _ => {
            let mut u = vec![0.0; problem.features()];
            let scaled: Vec<f64> = dual.iter().enumerate().map(|(i, a)| p.get(i) * a).collect();
            multiply_transposed(problem, &scaled, &mut u);
            u
        }
    };
    if problem.l2 == 0.0 {
        let c = lasso_scale(problem, &p, dual, &u);
        dual.iter_mut().for_each(|a| *a *= c);
        u.iter_mut().for_each(|u| *u *= c);
    }
    let terms = fenchel_sums(problem, z, dual);
    let reach = z.iter().fold(0.0f64, |m, z| m.max(z.abs()));
    finish(problem, x, &u, terms, imbalance * (1.0 + reach), zero)
}

/// Whether the gradient of the data's part is already −u of a feasible dual point, so that the gradient alone certifies: an
/// L2 penalty and no intercept.
pub fn gradient_suffices(problem: &LinearProblem) -> bool {
    problem.l2 > 0.0 && !problem.intercept
}

/// The data's part of an objective at a point.
pub(crate) struct DataPart<'a> {
    /// Σ pᵢφ(zᵢ).
    pub(crate) loss: f64,
    /// Margins.
    pub(crate) z: &'a [f64],
    /// pᵢφ′(zᵢ).
    pub(crate) r: &'a [f64],
    /// Xᵀr.
    pub(crate) gradient: &'a [f64],
}

/// As [`certify`] where [`gradient_suffices`], without a pass over the features. The dual values −φ′(zᵢ) meet Fenchel's
/// inequality with equality, so that the rows add nothing to the gap.
pub(crate) fn certify_gradient(problem: &LinearProblem, x: &[f64], data: DataPart<'_>, zero: f64) -> Certificate {
    let [products] = sums(data.z.len(), |i| [(data.r[i] * data.z[i]).abs()]);
    let u: Vec<f64> = data.gradient.iter().map(|g| -g).collect();
    // |φ*| ≤ |φ| + |az| where the inequality is an equality.
    finish(problem, x, &u, [0.0, 2.0 * (data.loss.abs() + products), data.loss], 0.0, zero)
}

/// Adds the penalty's part and the allowance. `terms` are the rows' gap, the sizes that were added up, and the loss.
fn finish(
    problem: &LinearProblem,
    x: &[f64],
    u: &[f64],
    [rows, sizes, loss]: [f64; 3],
    slack: f64,
    zero: f64,
) -> Certificate {
    let (l1, l2) = (problem.l1, problem.l2);
    let [part, size, pen] = sums(u.len(), |j| {
        let (u, w) = (u[j], x[j]);
        let kept = u.clamp(-l1, l1);
        let t = u - kept;
        let smooth = if l2 > 0.0 { (t - l2 * w) * (t - l2 * w) / (2.0 * l2) } else { 0.0 };
        let penalty = l1 * w.abs() + 0.5 * l2 * w * w;
        let conjugate = if l2 > 0.0 { t * t / (2.0 * l2) } else { 0.0 };
        [smooth + (l1 * w.abs() - w * kept).max(0.0), penalty + conjugate + (u * w).abs(), penalty]
    });
    let gap = rows + part + slack + ALLOWANCE * (sizes + size);
    if gap.is_finite() {
        Certificate::gap(CertificateKind::DualityGap, gap, loss + pen, zero)
    } else {
        Certificate::none("the objective at this point is not finite")
    }
}

/// Shrinks the dual values of the heavier sign until Σ pᵢaᵢ is 0 up to rounding; returns the size of what remains.
fn balance(p: &Weights<'_>, dual: &mut [f64]) -> f64 {
    let sides = |dual: &[f64]| sums(dual.len(), |i| [p.get(i) * dual[i].max(0.0), p.get(i) * (-dual[i]).max(0.0)]);
    for _ in 0..2 {
        let [up, down] = sides(dual);
        let (sign, factor) = if up > down { (1.0, down / up) } else { (-1.0, up / down) };
        if factor < 1.0 {
            dual.iter_mut().filter(|a| **a * sign > 0.0).for_each(|a| *a *= factor);
        }
    }
    let [up, down] = sides(dual);
    (up - down).abs()
}

/// The factor c that brings a to the feasible ‖Xᵀpa‖∞ ≤ λ₁, for the squared loss the best one.
fn lasso_scale(problem: &LinearProblem, p: &Weights<'_>, dual: &[f64], u: &[f64]) -> f64 {
    let largest = u.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    // A hair inside, so that rounding in c·u cannot leave the set.
    let limit = if largest > 0.0 { problem.l1 / largest * (1.0 - 4.0 * f64::EPSILON) } else { 1.0 };
    if problem.loss != Loss::Squared {
        return limit.min(1.0);
    }
    // D(ca) = −Σ p(½c²a² − ca(y − o)) is largest at c = Σ pa(y − o)/Σ pa².
    let offset = |i: usize| problem.offset.as_ref().map_or(0.0, |o| o[i]);
    let [linear, square] =
        sums(dual.len(), |i| [p.get(i) * dual[i] * (problem.target[i] - offset(i)), p.get(i) * dual[i] * dual[i]]);
    if square > 0.0 { (linear / square).clamp(-limit, limit) } else { 0.0 }
}

/// The shift of all margins that minimizes the loss: Newton's method in one variable, kept inside a shrinking bracket. For
/// losses without curvature there is nothing to gain and the shift is 0.
pub fn profile_intercept(problem: &LinearProblem, z: &[f64]) -> f64 {
    if matches!(problem.loss, Loss::Hinge | Loss::Quantile(_) | Loss::Softmax(_)) {
        return 0.0;
    }
    let (mut moved, mut r, mut h) = (z.to_vec(), vec![0.0; z.len()], vec![0.0; z.len()]);
    let mut at = |shift: f64| -> [f64; 3] {
        moved.iter_mut().zip(z).for_each(|(m, z)| *m = z + shift);
        if kernels::row_losses(problem, &moved, &mut r).is_err() {
            return [f64::NAN; 3];
        }
        row_curvatures(problem, &moved, &mut h);
        sums(r.len(), |i| [r[i], h[i], r[i].abs()])
    };
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let (mut shift, mut best, mut least) = (0.0, 0.0, f64::INFINITY);
    for _ in 0..60 {
        let [slope, curvature, size] = at(shift);
        if !slope.is_finite() {
            break;
        }
        if slope.abs() < least {
            (best, least) = (shift, slope.abs());
        }
        if slope.abs() <= 1e-15 * size {
            break;
        }
        if slope > 0.0 {
            high = shift
        } else {
            low = shift
        }
        let newton = shift - slope / curvature.max(1e-12 * size.max(1e-300));
        let reach = 1.0 + shift.abs();
        let next = newton.clamp(shift - 10.0 * reach, shift + 10.0 * reach);
        shift = if next > low && next < high { next } else { 0.5 * (low + high) };
        if !shift.is_finite() || shift == best {
            break;
        }
    }
    best
}

fn certify_softmax(problem: &LinearProblem, k: usize, x: &[f64], z: &[f64], zero: f64) -> Certificate {
    let p = Weights::new(problem);
    let shift = if problem.intercept { profile_biases(problem, k, z) } else { vec![0.0; k] };
    let mut q = vec![0.0; z.len()];
    q.par_chunks_exact_mut(k).zip(z.par_chunks_exact(k)).with_min_len(BLOCK).for_each(|(q, z)| {
        let moved: Vec<f64> = z.iter().zip(&shift).map(|(z, s)| z + s).collect();
        softmax(&moved, q);
    });
    let (shares, mean) = class_means(problem, k, &p, &q);
    let mut slack = 0.0;
    if problem.intercept {
        let theta = shares.iter().zip(&mean).map(|(s, m)| if m > s { 1.0 - s / m } else { 0.0 }).fold(0.0, f64::max);
        if theta > 0.0 {
            let mix: Vec<f64> = shares.iter().zip(&mean).map(|(s, m)| (m + (s - m) / theta).max(0.0)).collect();
            let total: f64 = mix.iter().sum();
            // Where rounding alone puts every mean above its share there is nothing to mix in; the slack below covers it.
            if total > 0.0 {
                q.par_chunks_exact_mut(k).with_min_len(BLOCK).for_each(|q| {
                    q.iter_mut().zip(&mix).for_each(|(q, m)| *q = (1.0 - theta) * *q + theta * m / total);
                });
            }
        }
        let reach = z.iter().fold(0.0f64, |m, z| m.max(z.abs()));
        let (shares, mean) = class_means(problem, k, &p, &q);
        slack = shares.iter().zip(&mean).map(|(s, m)| (s - m).abs()).sum::<f64>() * (1.0 + reach);
    }
    let mut u = vec![0.0; problem.features() * k];
    let mut a: Vec<f64> = q.iter().map(|q| -q).collect();
    for (i, a) in a.chunks_exact_mut(k).enumerate() {
        a[problem.target[i] as usize] += 1.0;
        a.iter_mut().for_each(|a| *a *= p.get(i));
    }
    multiply_transposed(problem, &a, &mut u);
    let mut c = 1.0;
    if problem.l2 == 0.0 {
        let largest = u.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        c = if largest > 0.0 { (problem.l1 / largest * (1.0 - 4.0 * f64::EPSILON)).min(1.0) } else { 1.0 };
        u.iter_mut().for_each(|u| *u *= c);
    }
    let terms = sums(problem.rows(), |i| {
        let (z, q) = (&z[i * k..(i + 1) * k], &q[i * k..(i + 1) * k]);
        let class = problem.target[i] as usize;
        let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let log_total = top + z.iter().map(|z| (z - top).exp()).sum::<f64>().ln();
        let (mut divergence, mut size) = (0.0, (log_total - top).abs() + (z[class] - top).abs());
        for (l, (z, q)) in z.iter().zip(q).enumerate() {
            let q = c * q + if l == class { 1.0 - c } else { 0.0 };
            if q > 0.0 {
                divergence += q * (q.ln() - (z - log_total));
                size += q * (q.ln().abs() + (z - top).abs());
            }
        }
        [p.get(i) * divergence.max(0.0), p.get(i) * size, p.get(i) * (log_total - z[class])]
    });
    finish(problem, x, &u, terms, slack, zero)
}

/// The shares of the classes, and the means of q.
fn class_means(problem: &LinearProblem, k: usize, p: &Weights<'_>, q: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut shares, mut mean) = (vec![0.0; k], vec![0.0; k]);
    for (i, q) in q.chunks_exact(k).enumerate() {
        shares[problem.target[i] as usize] += p.get(i);
        mean.iter_mut().zip(q).for_each(|(m, q)| *m += p.get(i) * q);
    }
    (shares, mean)
}

/// Shifts of the K margins that nearly minimize the loss: a few Newton steps, each kept only if it brings the means closer.
fn profile_biases(problem: &LinearProblem, k: usize, z: &[f64]) -> Vec<f64> {
    let p = Weights::new(problem);
    let mut best = vec![0.0; k];
    let mut least = f64::INFINITY;
    let mut shift = vec![0.0; k];
    for _ in 0..8 {
        let (mut g, mut h) = (vec![0.0; k], vec![0.0; k * k]);
        let (mut q, mut moved) = (vec![0.0; k], vec![0.0; k]);
        for (i, z) in z.chunks_exact(k).enumerate() {
            moved.iter_mut().zip(z).zip(&shift).for_each(|((m, z), s)| *m = z + s);
            softmax(&moved, &mut q);
            for a in 0..k {
                g[a] += p.get(i) * (q[a] - f64::from(u8::from(problem.target[i] as usize == a)));
                h[a * k + a] += p.get(i) * q[a];
                for b in 0..k {
                    h[a * k + b] -= p.get(i) * q[a] * q[b];
                }
            }
        }
        let size = g.iter().fold(0.0f64, |m, g| m.max(g.abs()));
        if size.is_nan() || size >= least {
            break;
        }
        (least, best) = (size, shift.clone());
        if size <= 1e-16 {
            break;
        }
        // The Hessian has the null vector (1 … 1), along which nothing changes: adding 1/K to all its elements fills it.
        h.iter_mut().for_each(|h| *h += 1.0 / k as f64);
        let Some(factor) = steepest_solvers::Cholesky::new(&h, k, 0.0) else { break };
        factor.solve(&mut g);
        shift.iter_mut().zip(&g).for_each(|(s, g)| *s -= g);
    }
    best
}

/// pᵢ = sᵢ/Σs.
struct Weights<'a> {
    weights: Option<&'a [f64]>,
    scale: f64,
}

impl<'a> Weights<'a> {
    fn new(problem: &'a LinearProblem) -> Self {
        Weights { weights: problem.weights.as_deref(), scale: 1.0 / problem.total_weight() }
    }
    #[inline(always)]
    fn get(&self, i: usize) -> f64 {
        self.weights.map_or(self.scale, |s| s[i] * self.scale)
    }
}

/// Σᵢ f(i) for several sums at once: blocks in order, the blocks' sums in a tree.
fn sums<const N: usize>(count: usize, f: impl Fn(usize) -> [f64; N] + Sync) -> [f64; N] {
    let blocks: Vec<[f64; N]> = (0..count.div_ceil(BLOCK))
        .into_par_iter()
        .map(|b| {
            let mut sum = [0.0; N];
            for i in b * BLOCK..count.min((b + 1) * BLOCK) {
                let terms = f(i);
                (0..N).for_each(|k| sum[k] += terms[k]);
            }
            sum
        })
        .collect();
    std::array::from_fn(|k| tree_sum(&blocks.iter().map(|b| b[k]).collect::<Vec<_>>()))
}

fn sum(values: &[f64], f: impl Fn(f64) -> f64 + Sync) -> f64 {
    let [total] = sums(values.len(), |i| [f(values[i])]);
    total
}
