//! SAM: the gradient at the worst point near by.
//!
//! e = ρ·g/‖g‖,   step with ∇f(x + e) on the same batch;   adaptive: e = ρ·x²g/‖x·g‖ elementwise
//!
//! Foret et al., 2021, arXiv:2010.01412; adaptive: Kwon et al., 2021, arXiv:2102.11600. Two gradients a step.

use steepest_core::{Flat, Real, flat_zeros, tree_sum};

use crate::{
    options,
    registry::{Entry, Kind, OptionSpec},
    spec::{Spec, SpecError},
};

/// Finds the point to take the gradient at.
pub struct Sam<T: Real> {
    rho: f64,
    adaptive: bool,
    worst: Flat<T>,
}

/// `sam:ρ | …`
pub const SAM: Entry = Entry {
    name: "sam",
    kind: Kind::Wrapper,
    title: "Sharpness-aware minimization: the gradient at the worst point near by; first in a chain",
    equation: "e = ρ·g/‖g‖, step with ∇f(x + e)",
    options: &[
        OptionSpec::positive("rho", Some(0.05), "ρ, the distance"),
        OptionSpec::flag("adaptive", false, "in units of each parameter"),
    ],
    positional: &["rho"],
    slots: 0,
    lr: None,
    source: "Foret et al., 2021, arXiv:2010.01412",
};

impl<T: Real> Sam<T> {
    /// Takes `sam` from the front of a chain.
    pub(crate) fn take(rule: &mut Spec) -> Result<Option<Sam<T>>, SpecError> {
        if rule.calls.first().is_none_or(|c| c.name != SAM.name) {
            return Ok(None);
        }
        let call = rule.calls.remove(0);
        let (options, _) = options::resolve(&call, &SAM)?;
        if rule.calls.is_empty() {
            let why = "sam needs an update rule behind it, such as `sam | sgd:lr=0.1`".into();
            return Err(SpecError::Refused { column: call.column, why });
        }
        Ok(Some(Sam { rho: options.number("rho"), adaptive: options.flag("adaptive"), worst: flat_zeros(0) }))
    }

    pub(crate) fn with_len(mut self, len: usize) -> Sam<T> {
        self.worst = flat_zeros(len);
        self
    }

    /// x + e for the gradient g at x; `None` where g is 0.
    pub(crate) fn ascend(&mut self, x: &[T], g: &[T]) -> Option<&[T]> {
        const PIECE: usize = 1 << 12;
        let square = |(x, g): (&T, &T)| {
            let v = g.to_f64() * if self.adaptive { x.to_f64().abs() } else { 1.0 };
            v * v
        };
        let mut parts = [0.0; 64];
        for (i, (x, g)) in x.chunks(PIECE).zip(g.chunks(PIECE)).enumerate() {
            parts[i % 64] += x.iter().zip(g).map(square).sum::<f64>();
        }
        let norm = tree_sum(&parts).sqrt();
        if norm == 0.0 {
            return None;
        }
        let scale = T::from_f64(self.rho / norm);
        for ((w, &x), &g) in self.worst.iter_mut().zip(x).zip(g) {
            let e = if self.adaptive { x * x * g } else { g };
            *w = x + scale * e;
        }
        Some(&self.worst)
    }
}
