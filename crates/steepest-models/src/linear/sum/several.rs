//! Rows of several outputs, one by one: the softmax over classes.

use steepest_core::isa::Kernel;
use steepest_core::{GradSink, NonFinite, Partial, Real, Rows};

use super::super::{LinearProblem, kernels::softmax};

/// A row that can be multiplied with the parameters and added to a gradient.
pub(super) trait Cells: Copy {
    /// z[c] ← Σⱼ xⱼ w[j, c].
    fn dot<T: Real>(self, i: usize, w: &[T], z: &mut [f64]);
    /// The gradient of w[j, c] grows by xⱼ r[c].
    fn add<T: Real>(self, i: usize, r: &[f64], grad: &mut GradSink<'_, T>);
}

/// Some rows of a problem with the softmax loss; `z` and `r` have one number a class.
pub(super) struct Several<'a, T, C> {
    pub(super) problem: &'a LinearProblem,
    pub(super) x: &'a [T],
    pub(super) rows: Rows<'a>,
    pub(super) grad: GradSink<'a, T>,
    pub(super) z: &'a mut [f64],
    pub(super) r: &'a mut [f64],
    pub(super) cells: C,
}

impl<T: Real, C: Cells> Kernel for Several<'_, T, C> {
    type Output = Result<Partial, NonFinite>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        let Several { problem, x, rows, mut grad, z, r, cells } = self;
        let (w, b) = x.split_at(problem.features() * problem.outputs());
        let bias_at = w.len();
        let mut sum = Partial::default();
        for k in 0..rows.len() as usize {
            let i = rows.get(k) as usize;
            let s = problem.weights.as_ref().map_or(1.0, |s| s[i]);
            sum.weight += s;
            if s == 0.0 {
                continue;
            }
            cells.dot(i, w, z);
            z.iter_mut().zip(b).for_each(|(z, b)| *z += b.to_f64());
            if let Some(o) = &problem.offset {
                z.iter_mut().zip(&o[i * r.len()..]).for_each(|(z, o)| *z += o);
            }
            let class = problem.target[i] as usize;
            let value = softmax(z, r) - z[class];
            if !value.is_finite() {
                return Err(NonFinite::Row { row: i as u64, value });
            }
            r[class] -= 1.0;
            sum.loss += s * value;
            r.iter_mut().for_each(|r| *r *= s);
            cells.add(i, r, &mut grad);
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
