//! The loss over rows: values, derivatives and curvatures from margins.

use rayon::prelude::*;
use steepest_core::isa::{Isa, Kernel};
use steepest_core::{NonFinite, math, tree_sum, tree_sum_vectors};

use super::stored::LANES;
use crate::linear::LinearProblem;
use crate::linear::loss::{Loss, ScalarLoss, with_loss};

/// Rows whose losses are summed in one go; a constant, so that the order of the sum depends on the number of rows only.
const BLOCK: usize = 1024;

/// The loss of all rows: writes rᵢ = pᵢ ∂φ/∂zᵢ with pᵢ = sᵢ/Σs and returns Σ pᵢφ(zᵢ; yᵢ). O(n·K).
///
/// # Errors
/// The first row whose loss is not finite.
pub fn row_losses(problem: &LinearProblem, z: &[f64], r: &mut [f64]) -> Result<f64, NonFinite> {
    let k = problem.outputs();
    let scale = 1.0 / problem.total_weight();
    let blocks: Vec<f64> = r
        .par_chunks_mut(BLOCK * k)
        .zip(z.par_chunks(BLOCK * k))
        .enumerate()
        .map(|(b, (r, z))| {
            let rows = b * BLOCK..b * BLOCK + z.len() / k;
            let weights = problem.weights.as_ref().map(|s| &s[rows.clone()]);
            loss_block(problem.loss, z, &problem.target[rows], weights, scale, r)
        })
        .collect();
    let value = tree_sum(&blocks);
    if value.is_finite() { Ok(value) } else { Err(first_bad_row(problem, z, value)) }
}

/// The value of [`row_losses`] alone, at margins `z` or at 0: nothing of the size of the data is written.
pub fn mean_loss(problem: &LinearProblem, z: Option<&[f64]>) -> f64 {
    let (n, k) = (problem.rows(), problem.outputs());
    let scale = 1.0 / problem.total_weight();
    let room = || (vec![0.0; BLOCK.min(n) * k], vec![0.0; BLOCK.min(n) * k]);
    let blocks: Vec<f64> = (0..n.div_ceil(BLOCK))
        .into_par_iter()
        .map_init(room, |(zeros, r), b| {
            let rows = b * BLOCK..n.min((b + 1) * BLOCK);
            let here = z.map_or(&zeros[..rows.len() * k], |z| &z[rows.start * k..rows.end * k]);
            let weights = problem.weights.as_ref().map(|s| &s[rows.clone()]);
            loss_block(problem.loss, here, &problem.target[rows], weights, scale, &mut r[..here.len()])
        })
        .collect();
    tree_sum(&blocks)
}

/// The row to blame for a loss that is not finite.
pub fn first_bad_row(problem: &LinearProblem, z: &[f64], value: f64) -> NonFinite {
    let k = problem.outputs();
    let mut r = vec![0.0; k];
    for i in 0..problem.rows() {
        let v = loss_block(problem.loss, &z[i * k..(i + 1) * k], &problem.target[i..=i], None, 1.0, &mut r);
        if !v.is_finite() {
            return NonFinite::Row { row: i as u64, value: v };
        }
    }
    NonFinite::Objective { value }
}

struct Block<'a> {
    loss: Loss,
    z: &'a [f64],
    y: &'a [f64],
    weights: Option<&'a [f64]>,
    scale: f64,
    r: &'a mut [f64],
}

impl Kernel for Block<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Block { loss, z, y, weights, scale, r } = self;
        with_loss!(loss, l => scalar_block(l, z, y, weights, scale, r))
    }
}

/// One block of rows: r ← sᵢ·scale·φ′, returns Σ sᵢ·scale·φ in eight interleaved sums.
pub fn loss_block(loss: Loss, z: &[f64], y: &[f64], weights: Option<&[f64]>, scale: f64, r: &mut [f64]) -> f64 {
    if let Loss::Softmax(classes) = loss {
        return Isa::detect().run(SoftmaxBlock { classes, z, y, weights, scale, r });
    }
    Isa::detect().run(Block { loss, z, y, weights, scale, r })
}

/// Rows whose losses are computed before they are summed: separate loops, so that both become vector code.
const CHUNK: usize = 64;

#[inline(always)]
fn scalar_block<L: ScalarLoss>(
    loss: L,
    z: &[f64],
    y: &[f64],
    weights: Option<&[f64]>,
    scale: f64,
    r: &mut [f64],
) -> f64 {
    let mut acc = [0.0; LANES];
    for start in (0..z.len()).step_by(CHUNK) {
        let m = CHUNK.min(z.len() - start);
        let (z, y, r) = (&z[start..start + m], &y[start..start + m], &mut r[start..start + m]);
        let mut values = [0.0; CHUNK];
        for i in 0..m {
            (values[i], r[i]) = loss.value_and_derivative(z[i], y[i]);
        }
        match weights {
            None => r.iter_mut().for_each(|r| *r *= scale),
            Some(s) => {
                let s = &s[start..start + m];
                for i in 0..m {
                    values[i] *= s[i];
                    r[i] *= s[i] * scale;
                }
            }
        }
        for part in values.chunks_exact(LANES) {
            for l in 0..LANES {
                acc[l] += part[l];
            }
        }
    }
    lane_sum(acc) * scale
}

/// The sum of the lanes, in a fixed tree.
#[inline(always)]
pub fn lane_sum(a: [f64; LANES]) -> f64 {
    ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
}

struct SoftmaxBlock<'a> {
    classes: usize,
    z: &'a [f64],
    y: &'a [f64],
    weights: Option<&'a [f64]>,
    scale: f64,
    r: &'a mut [f64],
}

impl Kernel for SoftmaxBlock<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        softmax_block(self.classes, self.z, self.y, self.weights, self.scale, self.r)
    }
}

#[inline(always)]
fn softmax_block(k: usize, z: &[f64], y: &[f64], weights: Option<&[f64]>, scale: f64, r: &mut [f64]) -> f64 {
    let mut sum = 0.0;
    for (i, (z, r)) in z.chunks_exact(k).zip(r.chunks_exact_mut(k)).enumerate() {
        let p = weights.map_or(scale, |s| s[i] * scale);
        let class = y[i] as usize;
        let log_total = softmax(z, r);
        sum += p * (log_total - z[class]);
        r[class] -= 1.0;
        r.iter_mut().for_each(|r| *r *= p);
    }
    sum
}

/// q ← softmax(z); returns log Σ e^z.
#[inline(always)]
pub fn softmax(z: &[f64], q: &mut [f64]) -> f64 {
    let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut total = 0.0;
    for (q, z) in q.iter_mut().zip(z) {
        *q = math::exp(z - top);
        total += *q;
    }
    let inverse = 1.0 / total;
    q.iter_mut().for_each(|q| *q *= inverse);
    top + total.ln()
}

/// out ← Σᵢ r[i, ·], blocks in order and the blocks' sums in a tree. O(n·K).
pub fn column_sums(r: &[f64], outputs: usize, out: &mut [f64]) {
    let mut parts: Vec<f64> = r
        .par_chunks(BLOCK * outputs)
        .flat_map_iter(|r| {
            let mut sum = vec![0.0; outputs];
            r.chunks_exact(outputs).for_each(|r| sum.iter_mut().zip(r).for_each(|(s, r)| *s += r));
            sum
        })
        .collect();
    out.fill(0.0);
    if !parts.is_empty() {
        tree_sum_vectors(&mut parts, outputs);
        out.copy_from_slice(&parts[..outputs]);
    }
}

/// h ← pᵢ·∂²φ/∂zᵢ² for a loss of one output. O(n).
pub fn row_curvatures(problem: &LinearProblem, z: &[f64], h: &mut [f64]) {
    let scale = 1.0 / problem.total_weight();
    h.par_chunks_mut(BLOCK).zip(z.par_chunks(BLOCK)).enumerate().for_each(|(b, (h, z))| {
        let rows = b * BLOCK..b * BLOCK + z.len();
        Isa::detect().run(Curvatures { loss: problem.loss, z, y: &problem.target[rows.clone()], scale, h: &mut *h });
        if let Some(s) = &problem.weights {
            h.iter_mut().zip(&s[rows]).for_each(|(h, s)| *h *= s);
        }
    });
}

struct Curvatures<'a> {
    loss: Loss,
    z: &'a [f64],
    y: &'a [f64],
    scale: f64,
    h: &'a mut [f64],
}

impl Kernel for Curvatures<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Curvatures { loss, z, y, scale, h } = self;
        with_loss!(loss, l => {
            for ((h, &z), &y) in h.iter_mut().zip(z).zip(y) {
                *h = scale * l.curvature(z, y);
            }
        });
    }
}

/// out ← ∂φ/∂z at zᵢ + shift, for a loss of one output, without weights. O(n).
pub fn row_derivatives(problem: &LinearProblem, z: &[f64], shift: f64, out: &mut [f64]) {
    out.par_chunks_mut(BLOCK).zip(z.par_chunks(BLOCK)).zip(problem.target.par_chunks(BLOCK)).for_each(
        |((out, z), y)| {
            Isa::detect().run(Derivatives { loss: problem.loss, z, y, shift, out });
        },
    );
}

struct Derivatives<'a> {
    loss: Loss,
    z: &'a [f64],
    y: &'a [f64],
    shift: f64,
    out: &'a mut [f64],
}

impl Kernel for Derivatives<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Derivatives { loss, z, y, shift, out } = self;
        with_loss!(loss, l => {
            for ((out, &z), &y) in out.iter_mut().zip(z).zip(y) {
                *out = l.derivative(z + shift, y);
            }
        });
    }
}

/// The rows' part of a duality gap, for a loss of one output with dual values `a`: the weighted means of
/// max(0, φ(z) + φ*(−a) + az), of |φ| + |φ*| + |az| and of φ. O(n).
pub fn fenchel_sums(problem: &LinearProblem, z: &[f64], a: &[f64]) -> [f64; 3] {
    let scale = 1.0 / problem.total_weight();
    let blocks: Vec<[f64; 3]> = z
        .par_chunks(BLOCK)
        .zip(a.par_chunks(BLOCK))
        .enumerate()
        .map(|(b, (z, a))| {
            let rows = b * BLOCK..b * BLOCK + z.len();
            let weights = problem.weights.as_ref().map(|s| &s[rows.clone()]);
            Isa::detect().run(Fenchel { loss: problem.loss, z, a, y: &problem.target[rows], weights, scale })
        })
        .collect();
    std::array::from_fn(|k| tree_sum(&blocks.iter().map(|b| b[k]).collect::<Vec<_>>()))
}

struct Fenchel<'a> {
    loss: Loss,
    z: &'a [f64],
    a: &'a [f64],
    y: &'a [f64],
    weights: Option<&'a [f64]>,
    scale: f64,
}

impl Kernel for Fenchel<'_> {
    type Output = [f64; 3];

    #[inline(always)]
    fn run(self) -> [f64; 3] {
        with_loss!(self.loss, l => fenchel_block(l, self.z, self.a, self.y, self.weights, self.scale))
    }
}

#[inline(always)]
fn fenchel_block<L: ScalarLoss>(
    loss: L,
    z: &[f64],
    a: &[f64],
    y: &[f64],
    weights: Option<&[f64]>,
    scale: f64,
) -> [f64; 3] {
    let mut sums = [0.0; 3];
    let (mut values, mut conjugates) = ([0.0; CHUNK], [0.0; CHUNK]);
    for start in (0..z.len()).step_by(CHUNK) {
        let m = CHUNK.min(z.len() - start);
        let (z, a, y) = (&z[start..start + m], &a[start..start + m], &y[start..start + m]);
        for i in 0..m {
            values[i] = loss.value(z[i], y[i]);
        }
        for i in 0..m {
            conjugates[i] = loss.conjugate(a[i], y[i]);
        }
        for i in 0..m {
            let p = weights.map_or(scale, |s| s[start + i] * scale);
            let (value, conjugate, product) = (values[i], conjugates[i], a[i] * z[i]);
            sums[0] += p * (value + conjugate + product).max(0.0);
            sums[1] += p * (value.abs() + conjugate.abs() + product.abs());
            sums[2] += p * value;
        }
    }
    sums
}
