//! The curvature at a point: is it a minimum, a saddle, a maximum?
//!
//! Small Hessians are decomposed whole, large ones seen through Hessian-vector products by the Lanczos process: C. Lanczos, “An
//! iteration method for the solution of the eigenvalue problem of linear differential and integral operators”, J. Res. Nat. Bur.
//! Stand. 45(4), 1950, doi:10.6028/jres.045.026, with full reorthogonalization and a random start.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd;
use faer::{ColMut, MatMut, MatRef, Par};
use steepest_core::{
    Exactness, Objective,
    random::{Purpose, Stream},
};

use crate::vector::{dot, max_abs, norm};

/// What the curvature says about a point where the gradient vanishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CriticalPoint {
    /// Every direction curves up.
    Minimum,
    /// Some directions curve up, some down.
    Saddle,
    /// Every direction curves down.
    Maximum,
    /// Some direction has no curvature beyond rounding, and none curves down: second derivatives cannot tell.
    Degenerate,
    /// Not looked at, or the gradient does not vanish there.
    Unknown,
}

impl CriticalPoint {
    /// The name in JSON, files and messages.
    pub fn name(self) -> &'static str {
        match self {
            CriticalPoint::Minimum => "minimum",
            CriticalPoint::Saddle => "saddle",
            CriticalPoint::Maximum => "maximum",
            CriticalPoint::Degenerate => "degenerate",
            CriticalPoint::Unknown => "unknown",
        }
    }
}

impl std::fmt::Display for CriticalPoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The ends of the Hessian's spectrum at a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Curvature {
    /// The verdict.
    pub kind: CriticalPoint,
    /// λmin, or its estimate.
    pub smallest: f64,
    /// λmax, or its estimate.
    pub largest: f64,
    /// A unit vector v with vᵀHv ≈ λmin.
    pub direction: Vec<f64>,
    /// Whether λmin and λmax are eigenvalues, and not estimates from inside the spectrum.
    pub whole: bool,
}

/// Up to this many parameters the Hessian is decomposed whole.
pub const WHOLE: usize = 200;
/// Lanczos steps at most, and the numbers their vectors may take.
const MAX_STEPS: usize = 100;
const MAX_NUMBERS: usize = 40_000_000;

/// Writes ∇²f at the objective's point, from products with the unit vectors where it has no matrix; `column` is room for one
/// of them. Says whether the result is finite.
pub(crate) fn hessian(f: &mut dyn Objective<f64>, h: &mut [f64], column: &mut [f64]) -> bool {
    matrix(f, h, column);
    steepest_core::first_non_finite(h).is_none()
}

fn matrix(f: &mut dyn Objective<f64>, h: &mut [f64], column: &mut [f64]) -> Exactness {
    if f.hessian(h) {
        return Exactness::Exact;
    }
    let dim = column.len();
    let mut exactness = Exactness::Exact;
    for (j, row) in h.chunks_exact_mut(dim.max(1)).enumerate() {
        row.fill(0.0);
        row[j] = 1.0;
        if f.hvp(row, column) == Exactness::Differences {
            exactness = Exactness::Differences;
        }
        row.copy_from_slice(column);
    }
    for i in 0..dim {
        for j in 0..i {
            let mean = 0.5 * (h[i * dim + j] + h[j * dim + i]);
            (h[i * dim + j], h[j * dim + i]) = (mean, mean);
        }
    }
    exactness
}

/// The eigenvalues of a symmetric matrix in ascending order, with their vectors one behind the other. On one thread, so that the
/// bits are always the same. `None` when the matrix is not finite.
pub fn eigen(matrix: &[f64], dim: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let mut spectrum = Spectrum::new(dim);
    spectrum.decompose(matrix).then_some((spectrum.values, spectrum.vectors))
}

/// Eigenvalues and vectors of one symmetric matrix after another: after the first nothing is allocated.
pub(crate) struct Spectrum {
    /// In ascending order.
    pub values: Vec<f64>,
    /// One behind the other.
    pub vectors: Vec<f64>,
    memory: MemBuffer,
}

impl std::fmt::Debug for Spectrum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spectrum").field("values", &self.values).finish_non_exhaustive()
    }
}

impl Spectrum {
    /// For matrices of order `dim`.
    pub fn new(dim: usize) -> Spectrum {
        let compute = evd::ComputeEigenvectors::Yes;
        let scratch = evd::self_adjoint_evd_scratch::<f64>(dim, compute, Par::Seq, Default::default());
        Spectrum { values: vec![0.0; dim], vectors: vec![0.0; dim * dim], memory: MemBuffer::new(scratch) }
    }

    /// As [`eigen`]; false where that is `None`.
    pub fn decompose(&mut self, matrix: &[f64]) -> bool {
        let dim = self.values.len();
        if dim == 0 {
            return true;
        }
        let finite = steepest_core::first_non_finite(matrix).is_none();
        let mut decompose = || {
            evd::self_adjoint_evd(
                MatRef::from_row_major_slice(matrix, dim, dim),
                ColMut::from_slice_mut(&mut self.values).as_diagonal_mut(),
                Some(MatMut::from_column_major_slice_mut(&mut self.vectors, dim, dim)),
                Par::Seq,
                MemStack::new(&mut self.memory),
                Default::default(),
            )
        };
        finite && decompose().is_ok()
    }
}

/// Looks at the curvature of f at `x`, where its gradient is `g`. The objective ends at `x`. Costs the Hessian and O(d³) up to
/// [`WHOLE`] parameters, else up to 100 Hessian-vector products; and two gradients.
pub fn look(f: &mut dyn Objective<f64>, x: &[f64], g: &[f64]) -> Option<Curvature> {
    let dim = x.len();
    let mut found = if dim <= WHOLE { whole(f, dim)? } else { lanczos(f, dim)? };
    if found.kind == CriticalPoint::Minimum && flattens(f, x, g, &found) {
        found.kind = CriticalPoint::Degenerate;
    }
    f.at(x).ok()?;
    Some(found)
}

/// The verdict from the ends of a spectrum known up to `error`.
fn verdict(smallest: f64, largest: f64, error: f64) -> CriticalPoint {
    match () {
        () if smallest > error => CriticalPoint::Minimum,
        () if smallest < -error && largest > error => CriticalPoint::Saddle,
        () if largest < -error => CriticalPoint::Maximum,
        // Down in some directions, level in all others: no minimum, and no direction up is known.
        () if smallest < -error => CriticalPoint::Saddle,
        () => CriticalPoint::Degenerate,
    }
}

fn rounding(exactness: Exactness, dim: usize) -> f64 {
    match exactness {
        Exactness::Exact => 16.0 * f64::EPSILON * (dim as f64).sqrt(),
        Exactness::Differences => 1e-7,
    }
}

fn whole(f: &mut dyn Objective<f64>, dim: usize) -> Option<Curvature> {
    let (mut h, mut column) = (vec![0.0; dim * dim], vec![0.0; dim]);
    let exactness = matrix(f, &mut h, &mut column);
    let (values, vectors) = eigen(&h, dim)?;
    let (smallest, largest) = (*values.first()?, *values.last()?);
    let error = rounding(exactness, dim) * smallest.abs().max(largest.abs());
    let direction = vectors[..dim].to_vec();
    Some(Curvature { kind: verdict(smallest, largest, error), smallest, largest, direction, whole: true })
}

fn lanczos(f: &mut dyn Objective<f64>, dim: usize) -> Option<Curvature> {
    let steps = (MAX_NUMBERS / dim).clamp(12, MAX_STEPS).min(dim);
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(steps);
    let mut v = vec![0.0; dim];
    Stream::new(0, Purpose::PROBE, 0).fill_normal(0, &mut v);
    let size = norm(&v);
    v.iter_mut().for_each(|v| *v /= size);
    let (mut alpha, mut beta) = (Vec::new(), Vec::<f64>::new());
    let mut w = vec![0.0; dim];
    let mut exactness = Exactness::Exact;
    while basis.len() < steps {
        if f.hvp(&v, &mut w) == Exactness::Differences {
            exactness = Exactness::Differences;
        }
        alpha.push(dot(&v, &w));
        basis.push(v.clone());
        // Twice is enough: what rounding left after the first pass is gone after the second.
        for _ in 0..2 {
            for b in &basis {
                let c = dot(b, &w);
                w.iter_mut().zip(b).for_each(|(w, b)| *w -= c * b);
            }
        }
        let size = norm(&w);
        if !size.is_finite() {
            return None;
        }
        let scale = alpha.iter().chain(&beta).fold(0.0f64, |m, v| m.max(v.abs()));
        beta.push(size);
        if size <= 1e-12 * scale || size == 0.0 {
            break;
        }
        v.iter_mut().zip(&w).for_each(|(v, w)| *v = w / size);
    }
    let k = basis.len();
    let mut t = vec![0.0; k * k];
    for i in 0..k {
        t[i * k + i] = alpha[i];
        if i + 1 < k {
            (t[i * k + i + 1], t[(i + 1) * k + i]) = (beta[i], beta[i]);
        }
    }
    let (values, vectors) = eigen(&t, k)?;
    let (smallest, largest) = (*values.first()?, *values.last()?);
    let mut direction = vec![0.0; dim];
    for (b, c) in basis.iter().zip(&vectors[..k]) {
        direction.iter_mut().zip(b).for_each(|(d, b)| *d += c * b);
    }
    let error = rounding(exactness, dim) * smallest.abs().max(largest.abs());
    Some(Curvature { kind: verdict(smallest, largest, error), smallest, largest, direction, whole: k == dim })
}

/// Whether the positive curvature along the flattest direction is a matter of not standing quite at the critical point: beyond
/// it, as far again as the gradient says it is away, the curvature is less than half of what it is here (x³ and x⁴ near 0).
fn flattens(f: &mut dyn Objective<f64>, x: &[f64], g: &[f64], here: &Curvature) -> bool {
    let v = &here.direction;
    let t = -2.0 * dot(v, g) / here.smallest;
    let scale = max_abs(x).max(1.0);
    if t.abs() <= 1e-12 * scale {
        return false;
    }
    let mut room = vec![0.0; x.len()];
    crate::vector::along(&mut room, x, t, v);
    let mut out = vec![0.0; x.len()];
    if f.at(&room).is_err() || f.gradient(&mut out).is_err() {
        return false;
    }
    f.hvp(v, &mut out);
    let there = dot(v, &out);
    there < 0.5 * here.smallest
}
