//! `auto`: the solver for an objective by what it can tell and how large it is, never by timing.

use steepest_core::{Exactness, Objective};

use super::{Needs, SolverEntry};
use crate::NewtonCg;

pub(super) const AUTO: SolverEntry = SolverEntry {
    name: "auto",
    title: "the solver that suits the objective, chosen by counts",
    equation: "residuals: lm; exact curvature and few variables: trust-region; non-smooth: fista; else lbfgs",
    options: &[],
    texts: &[],
    positional: &[],
    needs: Needs::Composite,
    source: "",
    // `resolve` replaces it before anything is built.
    build: |_, setup| Ok(Box::new(NewtonCg::new(setup.start))),
};

/// Up to this many variables a Hessian and its factor cost less than the steps they save.
const FEW: usize = 200;

/// The solver's text and the reason.
pub(super) fn choose(f: &mut dyn Objective<f64>, start: &[f64]) -> (&'static str, String) {
    let d = start.len();
    if f.prox().is_some() {
        return ("fista", "the objective has a non-smooth part with a proximal operator".into());
    }
    if let Some(squares) = f.residuals() {
        return match squares.len() {
            1 => ("lm", "the objective is a square".into()),
            n => ("lm", format!("the objective is a sum of {n} squares")),
        };
    }
    if d <= FEW && exact_curvature(f, start) {
        let few = if d == 1 { "1 variable makes".into() } else { format!("{d} variables make") };
        return ("trust-region", format!("the curvature is exact and {few} it cheap"));
    }
    if d <= FEW {
        return ("lbfgs", "there are gradients and no exact curvature".into());
    }
    ("lbfgs", format!("with {d} variables gradients are cheapest"))
}

/// Whether the objective differentiates its gradient exactly.
fn exact_curvature(f: &mut dyn Objective<f64>, start: &[f64]) -> bool {
    let mut g = vec![0.0; start.len()];
    if f.at(start).is_err() || f.gradient(&mut g).is_err() {
        return false;
    }
    let mut out = vec![0.0; g.len()];
    f.hvp(&g, &mut out) == Exactness::Exact
}
