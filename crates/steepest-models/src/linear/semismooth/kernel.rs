//! Newton steps in the coefficients of the rows: a matrix over the rows inside their boxes, for problems of few rows.

use steepest_core::isa::{Isa, Kernel};
use steepest_core::tree_sum;
use steepest_solvers::{Cholesky, dot};

use super::descent::Space;
use super::features::LEAST_CURVATURE;
use super::rows::SmoothRows;

/// (1/2λ)uᵀGu + Σ pᵢψᵢ((Gu)ᵢ/λ + b) over the coefficients u, with w = Xᵀu/λ and G = XXᵀ, and the intercept.
///
/// On the rows inside their boxes u = pa turns the optimality condition into (G/λ + 1/(κp))u + b = top; elsewhere u = pa is known.
#[derive(Debug)]
pub(super) struct RowSpace<'a> {
    /// G, both triangles.
    gram: &'a [f64],
    /// 1/λ.
    inverse: f64,
    pub(super) u: Vec<f64>,
    /// b, where there is one.
    pub(super) bias: Option<f64>,
    du: Vec<f64>,
    bias_step: f64,
}

impl<'a> RowSpace<'a> {
    /// At the coefficients `u` and the intercept `bias`.
    pub(super) fn new(gram: &'a [f64], lambda: f64, u: Vec<f64>, bias: Option<f64>) -> Self {
        RowSpace { gram, inverse: 1.0 / lambda, du: vec![0.0; u.len()], u, bias, bias_step: 0.0 }
    }

    /// Gv/λ. Rows with vᵢ = 0 cost nothing.
    fn multiply(&self, v: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; v.len()];
        Isa::detect().run(AddRows { gram: self.gram, v, out: &mut out });
        out.iter_mut().for_each(|o| *o *= self.inverse);
        out
    }

    /// G/λ + 1/(κp) over the rows `inside`, factored.
    fn factor(&self, rows: &SmoothRows, inside: &[usize]) -> Option<Cholesky> {
        let (n, m) = (rows.len(), inside.len());
        let mut system = vec![0.0; m * m];
        for (a, &i) in inside.iter().enumerate() {
            let from = &self.gram[i * n..=i * n + i];
            let to = &mut system[a * m..=a * m + a];
            to.iter_mut().zip(inside).for_each(|(s, &k)| *s = self.inverse * from[k]);
            to[a] += 1.0 / (rows.steep * rows.p[i]);
        }
        let mean = (0..m).map(|a| system[a * m + a]).sum::<f64>() / m.max(1) as f64;
        [0.0, 1e-14, 1e-11].into_iter().find_map(|shift| Cholesky::new(&system, m, shift * mean))
    }
}

/// out += Σ vᵢ·gramᵢ.
struct AddRows<'a> {
    gram: &'a [f64],
    v: &'a [f64],
    out: &'a mut [f64],
}

impl Kernel for AddRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let AddRows { gram, v, out } = self;
        for (row, &v) in gram.chunks_exact(v.len().max(1)).zip(v) {
            if v != 0.0 {
                out.iter_mut().zip(row).for_each(|(o, g)| *o += v * g);
            }
        }
    }
}

impl Space for RowSpace<'_> {
    fn direction(&mut self, rows: &SmoothRows, dual: &[f64], inside: &[f64], dz: &mut Vec<f64>) -> Option<[f64; 2]> {
        let n = rows.len();
        for i in 0..n {
            self.du[i] = if inside[i] > 0.0 { 0.0 } else { rows.p[i] * dual[i] - self.u[i] };
        }
        let outside = if self.du.iter().any(|d| *d != 0.0) { self.multiply(&self.du) } else { vec![0.0; n] };
        let moving: Vec<usize> = (0..n).filter(|&i| inside[i] > 0.0).collect();
        let factor = self.factor(rows, &moving)?;
        let lack = |&i: &usize| rows.top[i] - rows.z[i] - self.u[i] / (rows.steep * rows.p[i]) - outside[i];
        let mut step: Vec<f64> = moving.iter().map(lack).collect();
        self.bias_step = 0.0;
        if self.bias.is_some() {
            // Σ(u + du) = ε·db, with the least curvature ε.
            let least = LEAST_CURVATURE * rows.steep * tree_sum(&rows.p);
            let mut ones = vec![1.0; moving.len()];
            let both = [step.as_slice(), &ones].concat();
            let mut solved = both;
            factor.solve_columns(&mut solved, 2);
            let (left, right) = solved.split_at(moving.len());
            let sum = tree_sum(&self.u) + tree_sum(&self.du);
            self.bias_step = (tree_sum(left) + sum) / (tree_sum(right) + least);
            step.copy_from_slice(left);
            ones.copy_from_slice(right);
            step.iter_mut().zip(&ones).for_each(|(s, o)| *s -= self.bias_step * o);
        } else {
            factor.solve(&mut step);
        }
        moving.iter().zip(&step).for_each(|(&i, s)| self.du[i] = *s);
        *dz = self.multiply(&self.du);
        let (first, second) = (dot(&self.u, dz), dot(&self.du, dz));
        dz.iter_mut().for_each(|z| *z += self.bias_step);
        Some([first, second])
    }

    fn advance(&mut self, t: f64) {
        self.u.iter_mut().zip(&self.du).for_each(|(u, du)| *u += t * du);
        if let Some(b) = &mut self.bias {
            *b += t * self.bias_step;
        }
    }
}
