//! The linear problem as a differentiable function: what the deterministic solvers see.
//!
//! f(x) = Σ pᵢφ(zᵢ; yᵢ) + (λ₂/2)‖w‖², with pᵢ = sᵢ/Σs and x = (w, b); λ₁‖w‖₁ is the non-smooth part, its proximal operator soft
//! thresholding. Features are read once for value and gradient together. A trial along a line costs O(n) once Xd is known.

mod blocks;
mod line;

use rayon::prelude::*;
use steepest_core::{Certificate, Evaluations, Exactness, Layout, Line, NonFinite, Objective, Prox, check_gradient};
use steepest_data::Matrix;
use steepest_solvers::Cholesky;

use self::line::LineState;
use super::kernels::{
    SparseView, column_sums, dense_pass, first_bad_row, loss_block, multiply, row_curvatures, shift, softmax,
    sparse_pass, stored, weighted_squares,
};
use super::{LinearProblem, Loss, certificate};

/// Hessians of more parameters than this are not offered as matrices.
pub const HESSIAN_LIMIT: usize = 4096;
/// Rows of a task along a line.
const BLOCK: usize = 1024;

/// A [`LinearProblem`] at a point.
#[derive(Debug)]
pub struct LinearObjective<'p> {
    problem: &'p LinearProblem,
    layout: Layout,
    x: Vec<f64>,
    /// The data's part of the objective, and all of its smooth part.
    loss: f64,
    value: f64,
    /// Margins, n × K.
    z: Vec<f64>,
    /// pᵢφ′(zᵢ), n × K.
    r: Vec<f64>,
    /// Xᵀr.
    data_gradient: Vec<f64>,
    /// pᵢφ″(zᵢ), or for softmax the probabilities, n × K; of the current point when `has_curvature`.
    curvature: Vec<f64>,
    has_curvature: bool,
    /// Xd of the last line, and scratch of one number a margin.
    along: Vec<f64>,
    parts: Vec<f64>,
    prox: SoftThreshold,
    line: LineState,
    counts: Evaluations,
    zero: Option<f64>,
    /// The factor of the Hessian of the squared loss, which does not depend on the point.
    factor: Option<Option<Cholesky>>,
}

impl<'p> LinearObjective<'p> {
    /// The objective of `problem`. Memory: a few numbers a row, none before they are needed.
    pub fn new(problem: &'p LinearProblem) -> Self {
        let margins = problem.rows() * problem.outputs();
        LinearObjective {
            layout: problem.layout(),
            x: vec![0.0; problem.parameters()],
            loss: f64::NAN,
            value: f64::NAN,
            z: vec![0.0; margins],
            r: vec![0.0; margins],
            data_gradient: vec![0.0; problem.features() * problem.outputs()],
            curvature: Vec::new(),
            has_curvature: false,
            along: Vec::new(),
            parts: Vec::new(),
            prox: SoftThreshold { l1: problem.l1, len: problem.features() * problem.outputs() },
            line: LineState::default(),
            counts: Evaluations::default(),
            zero: None,
            factor: None,
            problem,
        }
    }

    /// The problem.
    pub fn problem(&self) -> &'p LinearProblem {
        self.problem
    }

    /// What was evaluated so far.
    pub fn counts(&self) -> Evaluations {
        self.counts
    }

    /// Overwrites the counts: after a resume, which evaluates the point anew.
    pub fn set_counts(&mut self, counts: Evaluations) {
        self.counts = counts;
    }

    /// The margins at the current point, n × K.
    pub fn margins(&self) -> &[f64] {
        &self.z
    }

    /// P at zero parameters, the scale of relative gaps. O(n·K) the first time.
    pub fn value_at_zero(&mut self) -> f64 {
        *self.zero.get_or_insert_with(|| certificate::value_at_zero(self.problem))
    }

    fn weight_len(&self) -> usize {
        self.problem.features() * self.problem.outputs()
    }

    /// Margins, r and the loss at `self.x`.
    fn evaluate(&mut self) -> Result<f64, NonFinite> {
        let (problem, k) = (self.problem, self.problem.outputs());
        let (w, b) = self.x.split_at(self.problem.features() * k);
        let scale = 1.0 / problem.total_weight();
        let rows = |start: usize, z: &mut [f64], r: &mut [f64]| {
            let range = start..start + z.len() / k;
            shift(b, problem.offset.as_ref().map(|o| &o[start * k..range.end * k]), k, z);
            let weights = problem.weights.as_ref().map(|s| &s[range.clone()]);
            loss_block(problem.loss, z, &problem.target[range], weights, scale, r)
        };
        let (z, r, g, parts) = (&mut self.z, &mut self.r, &mut self.data_gradient, &mut self.parts);
        let value = match &problem.matrix {
            Matrix::Dense(m) => stored!(&m.values, v => dense_pass(v, m.cols, k, w, z, r, g, parts, rows)),
            Matrix::Sparse(m) => {
                stored!(&m.values, v => sparse_pass(SparseView::new(m, v), m.cols, k, w, z, r, g, parts, rows))
            }
        };
        if value.is_finite() { Ok(value) } else { Err(first_bad_row(problem, &self.z, value)) }
    }

    fn need_curvature(&mut self) {
        if self.has_curvature {
            return;
        }
        self.curvature.resize(self.z.len(), 0.0);
        if let Loss::Softmax(k) = self.problem.loss {
            let chunks = self.curvature.par_chunks_mut(BLOCK * k).zip(self.z.par_chunks(BLOCK * k));
            chunks.for_each(|(q, z)| {
                q.chunks_exact_mut(k).zip(z.chunks_exact(k)).for_each(|(q, z)| {
                    softmax(z, q);
                });
            });
        } else {
            row_curvatures(self.problem, &self.z, &mut self.curvature);
        }
        self.has_curvature = true;
    }

    /// pᵢ.
    fn row_weights(&self) -> impl Fn(usize) -> f64 + Sync + 'p {
        let (problem, scale) = (self.problem, 1.0 / self.problem.total_weight());
        move |i| problem.weights.as_ref().map_or(scale, |s| s[i] * scale)
    }

    /// The Hessian of the squared loss factored, once; `None` where it is not positive definite or too large.
    fn quadratic_factor(&mut self) -> Option<&Cholesky> {
        if self.factor.is_none() {
            let d = self.problem.parameters();
            let mut factor = None;
            if d <= HESSIAN_LIMIT && self.problem.features() < self.problem.rows().max(1) {
                let mut h = vec![0.0; d * d];
                self.hessian(&mut h);
                factor = Cholesky::new(&h, d, 0.0).filter(|f| f.condition() < 1e12);
            }
            self.factor = Some(factor);
        }
        self.factor.as_ref().and_then(Option::as_ref)
    }

    /// ½gᵀH⁻¹g of the unpenalized squared loss.
    fn quadratic_certificate(&mut self) -> Certificate {
        let zero = self.value_at_zero();
        let mut g = vec![0.0; self.x.len()];
        if self.gradient(&mut g).is_err() {
            return Certificate::none("the gradient at this point is not finite");
        }
        self.counts.gradient -= 1;
        let value = self.value;
        match self.quadratic_factor() {
            Some(factor) => {
                let gap = 0.5 * factor.inverse_norm_squared(&g) + 16.0 * f64::EPSILON * value.abs();
                Certificate::gap(steepest_core::CertificateKind::Quadratic, gap, value, zero)
            }
            None => Certificate::none(
                "the Hessian of the squared loss is not positive definite (features are linearly dependent, or there are \
                 too many of them), so the minimum is not unique; any --l2 > 0 gives a certificate",
            ),
        }
    }
}

impl Objective<f64> for LinearObjective<'_> {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn at(&mut self, x: &[f64]) -> Result<f64, NonFinite> {
        self.x.copy_from_slice(x);
        self.has_curvature = false;
        self.counts.value += 1;
        self.counts.rows += self.problem.rows() as u64;
        self.loss = self.evaluate()?;
        let w = &self.x[..self.weight_len()];
        let value = self.loss + 0.5 * self.problem.l2 * squares(w);
        if !value.is_finite() {
            return Err(NonFinite::Objective { value });
        }
        self.value = value;
        Ok(value)
    }

    fn gradient(&mut self, g: &mut [f64]) -> Result<(), NonFinite> {
        self.counts.gradient += 1;
        let (w, b) = g.split_at_mut(self.data_gradient.len());
        let l2 = self.problem.l2;
        w.iter_mut().zip(&self.data_gradient).zip(&self.x).for_each(|((g, d), x)| *g = d + l2 * x);
        if !b.is_empty() {
            column_sums(&self.r, self.problem.outputs(), b);
        }
        check_gradient(g, &self.layout)
    }

    fn hvp(&mut self, v: &[f64], out: &mut [f64]) -> Exactness {
        self.need_curvature();
        self.counts.hvp += 1;
        self.counts.rows += self.problem.rows() as u64;
        let (problem, k) = (self.problem, self.problem.outputs());
        let split = self.weight_len();
        let (w, b) = v.split_at(split);
        let (out_w, out_b) = out.split_at_mut(split);
        let curvature = &self.curvature;
        let p = self.row_weights();
        let rows = |start: usize, t: &mut [f64], r: &mut [f64]| {
            shift(b, None, k, t);
            if k == 1 {
                let h = &curvature[start..start + t.len()];
                r.iter_mut().zip(t).zip(h).for_each(|((r, t), h)| *r = *t * h);
                return 0.0;
            }
            // (diag q − qqᵀ)t = q∘(t − q·t).
            for (i, (t, r)) in t.chunks_exact(k).zip(r.chunks_exact_mut(k)).enumerate() {
                let q = &curvature[(start + i) * k..][..k];
                let mean: f64 = q.iter().zip(t).map(|(q, t)| q * t).sum();
                r.iter_mut().zip(q).zip(t).for_each(|((r, q), t)| *r = p(start + i) * q * (t - mean));
            }
            0.0
        };
        let (mut t, mut r) = (std::mem::take(&mut self.along), std::mem::take(&mut self.line.scratch));
        t.resize(self.z.len(), 0.0);
        r.resize(self.z.len(), 0.0);
        let parts = &mut self.parts;
        match &problem.matrix {
            Matrix::Dense(m) => {
                stored!(&m.values, v => dense_pass(v, m.cols, k, w, &mut t, &mut r, out_w, parts, rows));
            }
            Matrix::Sparse(m) => {
                stored!(&m.values, v => sparse_pass(SparseView::new(m, v), m.cols, k, w, &mut t, &mut r, out_w, parts, rows));
            }
        }
        out_w.iter_mut().zip(w).for_each(|(o, v)| *o += problem.l2 * v);
        if !out_b.is_empty() {
            column_sums(&r, k, out_b);
        }
        (self.along, self.line.scratch) = (t, r);
        Exactness::Exact
    }

    fn hessian(&mut self, h: &mut [f64]) -> bool {
        let d = self.problem.parameters();
        if d > HESSIAN_LIMIT {
            return false;
        }
        self.need_curvature();
        self.counts.hessian += 1;
        self.counts.rows += self.problem.rows() as u64;
        let k = self.problem.outputs();
        if k == 1 {
            let curvature = std::mem::take(&mut self.curvature);
            self.hessian_block(&curvature, h, 1, 0, 0);
            self.curvature = curvature;
        } else {
            let p = self.row_weights();
            let mut weights = vec![0.0; self.problem.rows()];
            for a in 0..k {
                for b in a..k {
                    let q = &self.curvature;
                    weights.par_iter_mut().enumerate().with_min_len(BLOCK).for_each(|(i, w)| {
                        let same = if a == b { 1.0 } else { 0.0 };
                        *w = p(i) * q[i * k + a] * (same - q[i * k + b]);
                    });
                    self.hessian_block(&weights, h, k, a, b);
                }
            }
        }
        for j in 0..self.weight_len() {
            h[j * d + j] += self.problem.l2;
        }
        true
    }

    fn hessian_diagonal(&mut self, diagonal: &mut [f64]) -> bool {
        self.need_curvature();
        let (problem, k) = (self.problem, self.problem.outputs());
        self.counts.rows += problem.rows() as u64;
        let p = self.row_weights();
        let mut h = std::mem::take(&mut self.line.scratch);
        h.clear();
        h.extend_from_slice(&self.curvature);
        if k > 1 {
            h.chunks_exact_mut(k).enumerate().for_each(|(i, h)| h.iter_mut().for_each(|q| *q = p(i) * *q * (1.0 - *q)));
        }
        let (w, b) = diagonal.split_at_mut(problem.features() * k);
        weighted_squares(problem, &h, w);
        w.iter_mut().for_each(|w| *w += problem.l2);
        if !b.is_empty() {
            column_sums(&h, k, b);
        }
        self.line.scratch = h;
        true
    }

    fn has_line(&self) -> bool {
        true
    }

    fn line(&mut self, d: &[f64]) -> Option<&mut dyn Line> {
        let split = self.weight_len();
        let k = self.problem.outputs();
        let (w, b) = d.split_at(split);
        let mut along = std::mem::take(&mut self.along);
        along.resize(self.z.len(), 0.0);
        multiply(&self.problem.matrix, w, k, &mut along);
        shift(b, None, k, &mut along);
        self.along = along;
        self.counts.rows += self.problem.rows() as u64;
        let x = &self.x[..split];
        let l2 = self.problem.l2;
        self.line.penalty = [0.5 * l2 * squares(x), l2 * steepest_solvers::dot(x, w), 0.5 * l2 * squares(w)];
        Some(self)
    }

    fn prox(&self) -> Option<&dyn Prox<f64>> {
        if self.problem.l1 > 0.0 { Some(&self.prox) } else { None }
    }

    fn certificate(&mut self) -> Option<Certificate> {
        let problem = self.problem;
        if problem.loss == Loss::Squared && problem.l1 == 0.0 && problem.l2 == 0.0 {
            return Some(self.quadratic_certificate());
        }
        let zero = self.value_at_zero();
        if certificate::gradient_suffices(problem) {
            let data = certificate::DataPart { loss: self.loss, z: &self.z, r: &self.r, gradient: &self.data_gradient };
            return Some(certificate::certify_gradient(problem, &self.x, data, zero));
        }
        Some(certificate::certify(problem, &self.x, &self.z, zero))
    }
}

/// λ₁‖w‖₁ over the first `len` parameters.
#[derive(Debug, Clone, Copy)]
struct SoftThreshold {
    l1: f64,
    len: usize,
}

impl Prox<f64> for SoftThreshold {
    fn value(&self, x: &[f64]) -> f64 {
        self.l1 * x[..self.len].iter().map(|v| v.abs()).sum::<f64>()
    }

    fn prox(&self, step: f64, x: &mut [f64]) {
        let cut = step * self.l1;
        x[..self.len].iter_mut().for_each(|v| *v -= v.clamp(-cut, cut));
    }
}

fn squares(w: &[f64]) -> f64 {
    steepest_solvers::dot(w, w)
}
