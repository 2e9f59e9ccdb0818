//! The linear problem as a sum over rows: what stochastic solvers see.
//!
//! A shard adds Σ sᵢφ′(zᵢ)xᵢ; with sparse features and a sparse sink a step on few rows costs their stored values and nothing
//! else. Parameters may be `f32` or `f64`; margins are summed in `f64` either way.

#![allow(clippy::needless_range_loop)]

use steepest_core::isa::{Isa, Kernel};
use steepest_core::{FiniteSum, GradSink, Layout, NonFinite, Partial, Real, Rows};
use steepest_data::Matrix;

use super::kernels::{LANES, SparseView, Stored, lane_sum, softmax, stored};
use super::loss::{ScalarLoss, with_loss};
use super::{LinearProblem, Loss};

/// A [`LinearProblem`] as a [`FiniteSum`], without its penalty.
#[derive(Debug)]
pub struct LinearSum<'p> {
    problem: &'p LinearProblem,
    layout: Layout,
}

impl<'p> LinearSum<'p> {
    /// The sum of `problem`.
    pub fn new(problem: &'p LinearProblem) -> Self {
        LinearSum { problem, layout: problem.layout() }
    }

    /// The problem.
    pub fn problem(&self) -> &'p LinearProblem {
        self.problem
    }
}

/// Margins and their derivatives of one row.
#[derive(Debug, Default)]
pub struct RowScratch {
    z: Vec<f64>,
    r: Vec<f64>,
}

impl<T: Real> FiniteSum<T> for LinearSum<'_> {
    type Work = RowScratch;

    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn rows(&self) -> Option<u64> {
        Some(self.problem.rows() as u64)
    }

    fn work(&self, _max_rows: usize) -> RowScratch {
        let k = self.problem.outputs();
        RowScratch { z: vec![0.0; k], r: vec![0.0; k] }
    }

    fn shard(
        &self,
        x: &[T],
        rows: Rows<'_>,
        work: &mut RowScratch,
        grad: GradSink<'_, T>,
    ) -> Result<Partial, NonFinite> {
        let problem = self.problem;
        if let Loss::Softmax(_) = problem.loss {
            let shard = Shard {
                problem,
                x,
                rows,
                grad,
                first: |z: &[f64], y: f64, r: &mut [f64]| {
                    let log_total = softmax(z, r);
                    r[y as usize] -= 1.0;
                    log_total - z[y as usize]
                },
            };
            return shard.over(work);
        }
        with_loss!(problem.loss, l => {
            let shard = Shard { problem, x, rows, grad, first: |z: &[f64], y: f64, r: &mut [f64]| {
                let (value, derivative) = l.value_and_derivative(z[0], y);
                r[0] = derivative;
                value
            } };
            shard.over(work)
        })
    }
}

/// Some rows, with `first(z, y, r)` writing ∂φ/∂z to r and returning φ.
struct Shard<'a, T, F> {
    problem: &'a LinearProblem,
    x: &'a [T],
    rows: Rows<'a>,
    grad: GradSink<'a, T>,
    first: F,
}

impl<T: Real, F: Fn(&[f64], f64, &mut [f64]) -> f64> Shard<'_, T, F> {
    fn over(self, work: &mut RowScratch) -> Result<Partial, NonFinite> {
        match &self.problem.matrix {
            Matrix::Dense(m) => stored!(&m.values, v => {
                let cols = m.cols;
                let run = Run { shard: self, work, cells: DenseRows { values: v, cols } };
                Isa::detect().run(run)
            }),
            Matrix::Sparse(m) => stored!(&m.values, v => {
                let run = Run { shard: self, work, cells: SparseView::new(m, v) };
                Isa::detect().run(run)
            }),
        }
    }
}

/// A row that can be multiplied with the parameters and added to a gradient.
trait Cells: Copy {
    fn dot<T: Real>(self, i: usize, w: &[T], z: &mut [f64]);
    fn add<T: Real>(self, i: usize, r: &[f64], grad: &mut GradSink<'_, T>);
}

impl<V: Stored> Cells for SparseView<'_, V> {
    #[inline(always)]
    fn dot<T: Real>(self, i: usize, w: &[T], z: &mut [f64]) {
        let (indices, values) = self.row(i);
        if let [z] = z {
            let mut acc = [0.0; 4];
            let whole = indices.len() - indices.len() % 4;
            for k in (0..whole).step_by(4) {
                for l in 0..4 {
                    acc[l] += values.get(k + l) * w[indices[k + l] as usize].to_f64();
                }
            }
            for k in whole..indices.len() {
                acc[k - whole] += values.get(k) * w[indices[k] as usize].to_f64();
            }
            *z = (acc[0] + acc[1]) + (acc[2] + acc[3]);
            return;
        }
        z.fill(0.0);
        for (k, &j) in indices.iter().enumerate() {
            let w = &w[j as usize * z.len()..][..z.len()];
            z.iter_mut().zip(w).for_each(|(z, w)| *z += values.get(k) * w.to_f64());
        }
    }

    #[inline(always)]
    fn add<T: Real>(self, i: usize, r: &[f64], grad: &mut GradSink<'_, T>) {
        let (indices, values) = self.row(i);
        match grad {
            GradSink::None => {}
            GradSink::Dense(g) => {
                for (k, &j) in indices.iter().enumerate() {
                    let g = &mut g[j as usize * r.len()..][..r.len()];
                    g.iter_mut().zip(r).for_each(|(g, r)| *g += T::from_f64(values.get(k) * r));
                }
            }
            GradSink::Sparse(g) => {
                for (k, &j) in indices.iter().enumerate() {
                    for (c, v) in r.iter().enumerate() {
                        g.push(j * r.len() as u32 + c as u32, T::from_f64(values.get(k) * v));
                    }
                }
            }
        }
    }
}

/// Rows of a dense matrix.
#[derive(Clone, Copy)]
struct DenseRows<V> {
    values: V,
    cols: usize,
}

impl<V: Stored> Cells for DenseRows<V> {
    #[inline(always)]
    fn dot<T: Real>(self, i: usize, w: &[T], z: &mut [f64]) {
        let row = self.values.part(i * self.cols, self.cols);
        if let [z] = z {
            let w = &w[..self.cols];
            let mut acc = [0.0; LANES];
            let whole = self.cols - self.cols % LANES;
            for j in (0..whole).step_by(LANES) {
                let x = row.lanes(j);
                for l in 0..LANES {
                    acc[l] += x[l] * w[j + l].to_f64();
                }
            }
            for j in whole..self.cols {
                acc[j - whole] += row.get(j) * w[j].to_f64();
            }
            *z = lane_sum(acc);
            return;
        }
        z.fill(0.0);
        for j in 0..self.cols {
            let w = &w[j * z.len()..][..z.len()];
            z.iter_mut().zip(w).for_each(|(z, w)| *z += row.get(j) * w.to_f64());
        }
    }

    #[inline(always)]
    fn add<T: Real>(self, i: usize, r: &[f64], grad: &mut GradSink<'_, T>) {
        let row = self.values.part(i * self.cols, self.cols);
        match grad {
            GradSink::None => {}
            GradSink::Dense(g) => {
                if let [r] = r {
                    let g = &mut g[..self.cols];
                    let whole = self.cols - self.cols % LANES;
                    for j in (0..whole).step_by(LANES) {
                        let x = row.lanes(j);
                        for l in 0..LANES {
                            g[j + l] += T::from_f64(x[l] * r);
                        }
                    }
                    for j in whole..self.cols {
                        g[j] += T::from_f64(row.get(j) * r);
                    }
                    return;
                }
                for (j, g) in g[..self.cols * r.len()].chunks_exact_mut(r.len()).enumerate() {
                    g.iter_mut().zip(r).for_each(|(g, r)| *g += T::from_f64(row.get(j) * r));
                }
            }
            GradSink::Sparse(g) => {
                for j in 0..self.cols {
                    for (c, v) in r.iter().enumerate() {
                        g.push((j * r.len() + c) as u32, T::from_f64(row.get(j) * v));
                    }
                }
            }
        }
    }
}

struct Run<'a, 'b, T, F, C> {
    shard: Shard<'a, T, F>,
    work: &'b mut RowScratch,
    cells: C,
}

impl<T: Real, F: Fn(&[f64], f64, &mut [f64]) -> f64, C: Cells> Kernel for Run<'_, '_, T, F, C> {
    type Output = Result<Partial, NonFinite>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        let Shard { problem, x, rows, mut grad, first } = self.shard;
        let (w, b) = x.split_at(problem.features() * problem.outputs());
        let (z, r) = (&mut self.work.z[..], &mut self.work.r[..]);
        let bias_at = w.len();
        let mut sum = Partial::default();
        for k in 0..rows.len() as usize {
            let i = rows.get(k) as usize;
            let s = problem.weights.as_ref().map_or(1.0, |s| s[i]);
            sum.weight += s;
            if s == 0.0 {
                continue;
            }
            self.cells.dot(i, w, z);
            z.iter_mut().zip(b).for_each(|(z, b)| *z += b.to_f64());
            if let Some(o) = &problem.offset {
                z.iter_mut().zip(&o[i * r.len()..]).for_each(|(z, o)| *z += o);
            }
            let value = first(z, problem.target[i], r);
            if !value.is_finite() {
                return Err(NonFinite::Row { row: i as u64, value });
            }
            sum.loss += s * value;
            // Rows that are fitted exactly, as most are under a hinge, cost no second visit.
            if r.iter().all(|r| *r == 0.0) {
                continue;
            }
            r.iter_mut().for_each(|r| *r *= s);
            self.cells.add(i, r, &mut grad);
            if !b.is_empty() {
                match &mut grad {
                    GradSink::None => {}
                    GradSink::Dense(g) => {
                        g[bias_at..].iter_mut().zip(&*r).for_each(|(g, r)| *g += T::from_f64(*r));
                    }
                    GradSink::Sparse(g) => {
                        r.iter().enumerate().for_each(|(c, r)| g.push((bias_at + c) as u32, T::from_f64(*r)));
                    }
                }
            }
        }
        Ok(sum)
    }
}
