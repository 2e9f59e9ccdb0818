//! Adafactor: a second moment kept as its row and column sums.
//!
//! ```text
//! β = 1 − tᵖ,   r ← βr + (1−β)·row means of g²,   c ← βc + (1−β)·column means of g²,   v = r cᵀ/max(mean r, ε₁²)
//! u = g/√max(v, ε₁²),   x ← x − ρₜ·α·u/max(1, rms(u)/d),   ρₜ = min(η, 1/√t),   α = max(ε₂, rms(x))
//! ```
//!
//! Tensors with less than two dimensions keep all of v. Shazeer and Stern, 2018, arXiv:1804.04235, algorithm 4, in the form of
//! PyTorch's `Adafactor`: factored over the last two dimensions, here the first dimension against all others.

use steepest_core::{Real, Segment, StateVisitor};

use super::{
    SegmentRule,
    product::{matrix_shape, sum_of_squares},
};
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::StepCx,
    stages::AddDecay,
};

/// Adafactor's update of u, in units of the learning rate.
#[derive(Debug, Clone)]
pub struct ScaleByAdafactor {
    /// p, below 0.
    pub beta2_decay: f64,
    /// ε₁; `None`: the spacing of numbers at 1.
    pub eps1: Option<f64>,
    /// ε₂, the least size of the parameters.
    pub eps2: f64,
    /// d, the largest root mean square of the update.
    pub d: f64,
    /// One a tensor: rows then columns, or everything.
    state: Vec<(Vec<f64>, Vec<f64>)>,
}

impl ScaleByAdafactor {
    /// With no state yet.
    pub fn new(beta2_decay: f64, eps1: Option<f64>, eps2: f64, d: f64) -> ScaleByAdafactor {
        ScaleByAdafactor { beta2_decay, eps1, eps2, d, state: Vec::new() }
    }
}

impl<T: Real> SegmentRule<T> for ScaleByAdafactor {
    fn name(&self) -> &'static str {
        "adafactor"
    }

    fn reserve(&mut self, segments: &[Segment]) {
        let sizes = |s: &Segment| {
            let (rows, cols) = matrix_shape(&s.shape);
            if s.shape.len() < 2 { (s.len, 0) } else { (rows, cols) }
        };
        self.state = segments.iter().map(sizes).map(|(r, c)| (vec![0.0; r], vec![0.0; c])).collect();
    }

    fn apply(&mut self, index: usize, cx: &StepCx<'_>, _: &Segment, u: &mut [T], x: &[T]) {
        if u.is_empty() {
            return;
        }
        let t = (cx.step + 1) as f64;
        let fresh = t.powf(self.beta2_decay);
        let eps1 = self.eps1.unwrap_or_else(|| T::EPSILON.to_f64());
        let floor = eps1 * eps1;
        let n = u.len() as f64;
        let (r, c) = &mut self.state[index];
        if c.is_empty() {
            for (v, u) in r.iter_mut().zip(u.iter_mut()) {
                let g = u.to_f64();
                *v += (g * g - *v) * fresh;
                *u = T::from_f64(g / v.max(floor).sqrt());
            }
        } else {
            let (rows, cols) = (r.len(), c.len());
            for (r, row) in r.iter_mut().zip(u.chunks(cols)) {
                *r += (sum_of_squares(row) / cols as f64 - *r) * fresh;
            }
            for (j, c) in c.iter_mut().enumerate() {
                let sum: f64 = (0..rows).map(|i| u[i * cols + j].to_f64().powi(2)).sum();
                *c += (sum / rows as f64 - *c) * fresh;
            }
            let mean = (r.iter().sum::<f64>() / rows as f64).max(floor);
            for (r, row) in r.iter().zip(u.chunks_mut(cols)) {
                for (c, u) in c.iter().zip(row) {
                    *u = T::from_f64(u.to_f64() / (r * c / mean).max(floor).sqrt());
                }
            }
        }
        let alpha = (sum_of_squares(x) / n).sqrt().max(self.eps2);
        let rho = cx.lr.min(1.0 / t.sqrt());
        let limit = ((sum_of_squares(u) / n).sqrt() / self.d).max(1.0);
        // The chain multiplies by η; what is wanted is min(η, 1/√t).
        let scale = if cx.lr > 0.0 { rho / cx.lr * alpha / limit } else { 0.0 };
        let scale = T::from_f64(scale);
        u.iter_mut().for_each(|u| *u *= scale);
    }

    fn visit(&mut self, index: usize, rule: &str, segment: &str, state: &mut dyn StateVisitor) {
        let (r, c) = &mut self.state[index];
        if c.is_empty() {
            state.f64s(&format!("{rule}.v/{segment}"), r);
        } else {
            state.f64s(&format!("{rule}.rows/{segment}"), r);
            state.f64s(&format!("{rule}.columns/{segment}"), c);
        }
    }
}

/// `adafactor`
pub const ADAFACTOR: Entry = Entry {
    name: "adafactor",
    kind: Kind::Optimizer,
    title: "Adafactor: second moment kept by rows and columns",
    equation: "v = r cᵀ/mean r, u = g/√v, x ← x − min(η, 1/√t)·max(ε₂, rms x)·(u/max(1, rms(u)/d)) − ηλx",
    options: &[
        OptionSpec::finite("beta2_decay", -0.8, "p of β₂ = 1 − tᵖ, below 0"),
        OptionSpec::non_negative("eps1", 0.0, "ε₁; 0: the spacing of numbers at 1"),
        OptionSpec::non_negative("eps2", 1e-3, "ε₂, the least size of the parameters"),
        OptionSpec::positive("d", Some(1.0), "the largest root mean square of the update"),
        OptionSpec::non_negative("weight_decay", 0.0, "λ"),
    ],
    positional: &["lr"],
    slots: 0,
    lr: Some(1e-2),
    source: "Shazeer and Stern, 2018, arXiv:1804.04235",
};

pub(crate) fn adafactor<T: Real>(o: &Options) -> Vec<Link<T>> {
    let eps1 = Some(o.number("eps1")).filter(|e| *e > 0.0);
    let rule = ScaleByAdafactor::new(o.number("beta2_decay"), eps1, o.number("eps2"), o.number("d"));
    vec![Link::segments(rule), Link::stage(AddDecay { weight_decay: o.number("weight_decay") })]
}
