//! Stochastic gradients with reduced variance, `saga` and `svrg`: smooth losses with a bounded curvature, any penalty or none.
//!
//! A step on row i, drawn uniformly with replacement, is
//!
//! x ← prox(x − γ(n pᵢ(φ′(zᵢ) − rᵢ) xᵢ + ḡ)),   ḡ = Σ pᵢrᵢxᵢ,
//!
//! where the prox is that of γ(λ₂/2‖w‖² + λ₁‖w‖₁). SAGA (A. Defazio, F. Bach and S. Lacoste-Julien, 2014, arXiv:1407.0202) then puts rᵢ = φ′(zᵢ)
//! and keeps ḡ up to date; SVRG (R. Johnson and T. Zhang, 2013) keeps r and ḡ of the point where the epoch began. γ is 1/(3L) and
//! 1/(4L), L the largest curvature of a row's loss. A step costs what is stored in its row: features that it does not touch
//! follow one map, whose repetition has a closed form, when they are next read.

use steepest_core::random::{Purpose, Stream};
use steepest_core::{Certificate, Evaluations, Iterate, Layout, NonFinite, StateVisitor, StepInfo, Stop, tree_sum};

use super::quadratic::soft;
use super::rows::{RowAccess, row_squares, with_rows};
use crate::linear::certificate::{certify, objective, value_at_zero};
use crate::linear::kernels::{margins, multiply_transposed_single};
use crate::linear::loss::{Loss, ScalarLoss, with_loss};
use crate::linear::problem::LinearProblem;

/// Objective and gap are computed after every so many epochs.
const CHECK: u64 = 4;

/// When the reference derivatives are renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// A row's with each of its steps: SAGA.
    Rows,
    /// All at the start of each epoch of 2n steps: SVRG.
    Epochs,
}

/// A variance-reduced stochastic method bound to a problem.
#[derive(Debug)]
pub struct VarianceReduced<'p> {
    problem: &'p LinearProblem,
    layout: Layout,
    zero: f64,
    reference: Reference,
    seed: u64,
    /// pᵢ.
    p: Vec<f64>,
    /// γ.
    size: f64,
    /// w and b.
    x: Vec<f64>,
    /// rᵢ and ḡ, with the intercept's element last.
    table: Vec<f64>,
    mean: Vec<f64>,
    /// The step of the epoch up to which each weight is current.
    current: Vec<u32>,
    steps: u64,
    counts: Evaluations,
    certificate: Option<Certificate>,
}

impl<'p> VarianceReduced<'p> {
    /// Why this method cannot solve the problem; `None` when it can.
    pub fn refuses(problem: &LinearProblem) -> Option<String> {
        let loss = problem.loss.name();
        match problem.loss {
            Loss::Softmax(_) => {
                Some(format!("saga and svrg keep one derivative a row, and {loss} has one a class; try lbfgs or cd"))
            }
            Loss::Hinge | Loss::Quantile(_) | Loss::Poisson => Some(format!(
                "saga and svrg need a loss with bounded curvature, and that of {loss} has no bound; try dual-cd"
            )),
            _ => None,
        }
    }

    /// Starts at `start`, or at zero. `seed` names the rows that are drawn.
    pub fn new(problem: &'p LinearProblem, reference: Reference, start: Option<Vec<f64>>, seed: u64) -> Self {
        let (n, d) = (problem.rows(), problem.features());
        let total = problem.total_weight();
        let p: Vec<f64> = (0..n).map(|i| problem.weights.as_ref().map_or(1.0, |s| s[i]) / total).collect();
        let bound = with_loss!(problem.loss, l => l.smoothness());
        let extra = if problem.intercept { 1.0 } else { 0.0 };
        let squares = row_squares(&problem.matrix);
        let largest = squares.iter().zip(&p).fold(0.0f64, |m, (s, p)| m.max(p * n as f64 * bound * (s + extra)));
        let share = if reference == Reference::Rows { 3.0 } else { 4.0 };
        let mut run = VarianceReduced {
            layout: problem.layout(),
            zero: value_at_zero(problem),
            reference,
            seed,
            p,
            size: 1.0 / (share * largest.max(f64::MIN_POSITIVE)),
            x: start.unwrap_or_else(|| vec![0.0; problem.parameters()]),
            table: vec![0.0; n],
            mean: vec![0.0; d + 1],
            current: vec![0; d],
            steps: 0,
            counts: Evaluations::default(),
            certificate: None,
            problem,
        };
        run.renew();
        run
    }

    /// r and ḡ at the current point.
    fn renew(&mut self) {
        let problem = self.problem;
        let mut z = vec![0.0; problem.rows()];
        margins(problem, &self.x, &mut z);
        with_loss!(problem.loss, l => {
            for ((r, z), &y) in self.table.iter_mut().zip(&z).zip(&problem.target) {
                *r = l.derivative(*z, y);
            }
        });
        let scaled: Vec<f64> = self.table.iter().zip(&self.p).map(|(r, p)| r * p).collect();
        let d = problem.features();
        multiply_transposed_single(problem, &scaled, &mut self.mean[..d]);
        self.mean[d] = tree_sum(&scaled);
        self.counts.gradient += 1;
        self.counts.rows += problem.rows() as u64;
    }

    fn epoch<R: RowAccess, L: ScalarLoss>(&mut self, rows: R, loss: L) {
        let (n, d) = (self.problem.rows(), self.problem.features());
        let intercept = self.problem.intercept;
        let idle = Idle::new(self.size, self.problem.l1, self.problem.l2);
        let stream = Stream::new(self.seed, Purpose::SAMPLE, self.steps);
        let steps = if self.reference == Reference::Rows { n } else { 2 * n } as u32;
        let (w, b) = self.x.split_at_mut(d);
        let offset = self.problem.offset.as_deref();
        for t in 0..steps {
            let i = stream.below(u64::from(t), n as u64) as usize;
            let (current, mean) = (&mut self.current, &self.mean);
            rows.each(i, |j, _| {
                w[j] = idle.repeat(w[j], mean[j], t - current[j]);
                current[j] = t + 1;
            });
            let bias = if intercept { b[0] } else { 0.0 };
            let z = rows.dot(i, w, |v| v) + bias + offset.map_or(0.0, |o| o[i]);
            let new = loss.derivative(z, self.problem.target[i]);
            let change = new - self.table[i];
            let own = n as f64 * self.p[i] * change;
            rows.each(i, |j, v| w[j] = idle.once(w[j], mean[j] + own * v));
            if intercept {
                b[0] -= self.size * (self.mean[d] + own);
            }
            if self.reference == Reference::Rows && change != 0.0 {
                let part = self.p[i] * change;
                self.table[i] = new;
                rows.add(i, part, &mut self.mean[..d]);
                self.mean[d] += part;
            }
        }
        for (j, w) in w.iter_mut().enumerate() {
            *w = idle.repeat(*w, self.mean[j], steps - self.current[j]);
            self.current[j] = 0;
        }
        self.counts.gradient += 1;
        self.counts.rows += u64::from(steps);
    }

    fn margins(&self) -> Vec<f64> {
        let mut z = vec![0.0; self.problem.rows()];
        margins(self.problem, &self.x, &mut z);
        z
    }
}

/// The map w ← S(w − γg, γλ₁)/(1 + γλ₂) that a weight follows under a constant gradient.
#[derive(Debug, Clone, Copy)]
struct Idle {
    size: f64,
    threshold: f64,
    shrink: f64,
}

impl Idle {
    fn new(size: f64, l1: f64, l2: f64) -> Idle {
        Idle { size, threshold: size * l1, shrink: 1.0 / (1.0 + size * l2) }
    }

    #[inline(always)]
    fn once(&self, w: f64, g: f64) -> f64 {
        self.shrink * soft(w - self.size * g, self.threshold)
    }

    /// The map `times` times over. It is monotone, so that a weight changes its sign at most once on the way; while it keeps
    /// its sign the map is affine.
    fn repeat(&self, mut w: f64, g: f64, times: u32) -> f64 {
        let mut left = times;
        // Along the first sign, over the change, along the second sign, with single steps at each turn.
        for _ in 0..8 {
            if left == 0 {
                return w;
            }
            let next = self.once(w, g);
            left -= 1;
            if next == w {
                return w;
            }
            w = next;
            if left == 0 || w == 0.0 {
                continue;
            }
            let drift = self.size * g + self.threshold * w.signum();
            let steps = left.min(self.within(w, drift));
            w = self.affine(w, drift, steps);
            left -= steps;
        }
        (0..left).fold(w, |w, _| self.once(w, g))
    }

    /// w after `steps` times w ← ρ(w − drift).
    fn affine(&self, w: f64, drift: f64, steps: u32) -> f64 {
        if self.shrink == 1.0 {
            return w - f64::from(steps) * drift;
        }
        let power = self.shrink.powi(steps as i32);
        power * w - drift * self.shrink * (1.0 - power) / (1.0 - self.shrink)
    }

    /// A number of steps that surely keep the sign of w.
    fn within(&self, w: f64, drift: f64) -> u32 {
        if drift * w.signum() <= 0.0 {
            return u32::MAX;
        }
        // After k steps: ρᵏw = drift·ρ(1 − ρᵏ)/(1 − ρ) where the sign changes.
        let k = if self.shrink == 1.0 {
            w / drift
        } else {
            let limit = drift * self.shrink / (1.0 - self.shrink);
            (limit / (w + limit)).ln() / self.shrink.ln()
        };
        (k - 1.0).clamp(0.0, f64::from(u32::MAX)) as u32
    }
}

impl Iterate for VarianceReduced<'_> {
    fn step(&mut self) -> Result<StepInfo, Stop> {
        let number = self.steps + 1;
        let problem = self.problem;
        if self.reference == Reference::Epochs && self.steps > 0 {
            self.renew();
        }
        let before = self.x.clone();
        with_rows!(&problem.matrix, rows => with_loss!(problem.loss, l => self.epoch(rows, l)));
        if self.x.iter().any(|v| !v.is_finite()) {
            self.x = before;
            return Err(Stop::NonFinite { step: number, cause: NonFinite::Objective { value: f64::NAN } });
        }
        self.steps = number;
        self.certificate = None;
        let moved: Vec<f64> = self.x.iter().zip(&before).map(|(a, b)| (a - b) * (a - b)).collect();
        let mut info = StepInfo {
            step: number,
            lr: Some(self.size),
            step_norm: Some(tree_sum(&moved).sqrt()),
            ..StepInfo::default()
        };
        if number.is_multiple_of(CHECK) {
            let z = self.margins();
            info.value = Some(objective(problem, &self.x, &z));
            let found = certify(problem, &self.x, &z, self.zero);
            info.gap = found.relative();
            self.certificate = Some(found);
            self.counts.value += 1;
            self.counts.rows += 2 * problem.rows() as u64;
        }
        Ok(info)
    }

    fn point(&self, out: &mut [f64]) {
        out.copy_from_slice(&self.x);
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn certificate(&mut self) -> Certificate {
        if self.certificate.is_none() {
            self.certificate = Some(certify(self.problem, &self.x, &self.margins(), self.zero));
        }
        self.certificate.clone().expect("it was just computed")
    }

    fn counts(&self) -> Evaluations {
        self.counts
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.f64s("derivatives", &mut self.table);
        state.f64s("mean_gradient", &mut self.mean);
        state.number("lr", &mut self.size);
        state.int("steps", &mut self.steps);
        state.int("seed", &mut self.seed);
        state.int("evaluations.value", &mut self.counts.value);
        state.int("evaluations.gradient", &mut self.counts.gradient);
        state.int("evaluations.rows", &mut self.counts.rows);
        self.certificate = None;
    }

    fn scale_lr(&mut self, factor: f64) -> bool {
        self.size *= factor;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_idle_steps_at_once_are_as_many_single_ones() {
        for l1 in [0.0, 0.3] {
            for l2 in [0.0, 0.05, 2.0] {
                let idle = Idle::new(0.02, l1, l2);
                for w in [0.0, 0.4, -1.3, 1e-9] {
                    for g in [0.0, 0.1, -0.2, 0.7, -3.0, 0.3] {
                        for times in [0, 1, 2, 3, 17, 400] {
                            let plain = (0..times).fold(w, |w, _| idle.once(w, g));
                            let found = idle.repeat(w, g, times);
                            assert!((plain - found).abs() < 1e-12, "{l1} {l2} {w} {g} {times}: {plain} {found}");
                        }
                    }
                }
            }
        }
    }
}
