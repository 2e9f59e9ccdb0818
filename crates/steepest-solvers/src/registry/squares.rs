//! The entries of solvers for sums of squares.

use steepest_optim::OptionSpec;

use super::step::{LR, MINIMUM, STEP, step_option};
use super::{Needs, SolverEntry};
use crate::{Descent, gauss_newton::GaussNewton, levenberg::LevenbergMarquardt};

pub(super) const LM: SolverEntry = SolverEntry {
    name: "lm",
    title: "Levenberg–Marquardt",
    equation: "(JᵀJ + λD²)p = −Jᵀr with ‖Dp‖ ≤ Δ, by QR",
    options: &[
        OptionSpec::flag("geodesic", false, "correct each step for the curvature of the residuals along it"),
        OptionSpec::positive("radius", Some(1.0), "Δ at the start in units of ‖Dx‖; larger goes further at once"),
    ],
    texts: &[],
    positional: &[],
    needs: Needs::Residuals,
    source: "Moré, 1978, doi:10.1007/BFb0067700; Transtrum and Sethna, 2012, arXiv:1201.5885",
    build: |choices, setup| {
        Ok(Box::new(LevenbergMarquardt::new(setup.start, choices.flag("geodesic"), choices.number("radius"))))
    },
};

pub(super) const GAUSS_NEWTON: SolverEntry = SolverEntry {
    name: "gauss-newton",
    title: "Gauss–Newton",
    equation: "d = argmin ‖Jd + r‖² + μ‖d‖²,  x⁺ = x + td, by QR",
    options: &[OptionSpec::non_negative("damping", 0.0, "μ"), STEP, MINIMUM],
    texts: &[LR],
    positional: &["damping"],
    needs: Needs::Residuals,
    source: "Gauss, 1809; Nocedal and Wright, 2006, section 10.3",
    build: |choices, setup| {
        let search = step_option(choices, &setup, "wolfe", None)?;
        Ok(Box::new(Descent::with(setup.start, GaussNewton::new(choices.number("damping")), search)))
    },
};

pub(super) const NATURAL: SolverEntry = SolverEntry {
    name: "natural-gradient",
    title: "natural gradient with the exact Fisher matrix of Gaussian residuals, F = JᵀJ",
    equation: "d = −(JᵀJ + μI)⁻¹∇f,  x⁺ = x + td",
    options: &[OptionSpec::non_negative("damping", 1e-4, "μ"), STEP, MINIMUM],
    texts: &[LR],
    positional: &["lr", "damping"],
    needs: Needs::Residuals,
    source: "Amari, 1998, doi:10.1162/089976698300017746",
    build: |choices, setup| {
        let search = step_option(choices, &setup, "armijo", None)?;
        Ok(Box::new(Descent::with(setup.start, GaussNewton::new(choices.number("damping")), search)))
    },
};
