//! The entries of descents along gradients and Newton's directions.

use steepest_optim::{OptionSpec, Range, Value};

use super::step::{LR, MINIMUM, STEP, step_option};
use super::{Needs, SolverEntry};
use crate::{
    Descent, ExactHessian, Fista, LimitedMemory, NewtonCg,
    bfgs::Bfgs,
    conjugate::{Beta, Conjugate},
    nesterov::Nesterov,
    newton::Modify,
    steepest::{HeavyBall, Steepest},
    trust_region::{Subproblem, TrustRegion},
};

pub(super) const GD: SolverEntry = SolverEntry {
    name: "gd",
    title: "gradient descent",
    equation: "x⁺ = x − t∇f(x)",
    options: &[STEP, MINIMUM],
    texts: &[LR],
    positional: &["lr"],
    needs: Needs::Smooth,
    source: "Cauchy, 1847",
    build: |choices, setup| {
        let search = step_option(choices, &setup, "armijo", None)?;
        Ok(Box::new(Descent::with(setup.start, Steepest, search)))
    },
};

pub(super) const MOMENTUM: SolverEntry = SolverEntry {
    name: "momentum",
    title: "gradient descent with momentum, the heavy ball",
    equation: "d = −∇f(x) + βd₋,  x⁺ = x + td",
    options: &[OptionSpec::below_one("beta", 0.9, "momentum"), STEP, MINIMUM],
    texts: &[LR],
    positional: &["lr", "beta"],
    needs: Needs::Smooth,
    source: "Polyak, 1964, doi:10.1016/0041-5553(64)90137-5",
    build: |choices, setup| {
        let search = step_option(choices, &setup, "armijo", None)?;
        let free = !search.monotone();
        Ok(Box::new(Descent::with(setup.start, HeavyBall::new(choices.number("beta"), free), search)))
    },
};

pub(super) const NESTEROV: SolverEntry = SolverEntry {
    name: "nesterov",
    title: "Nesterov's accelerated descent",
    equation: "x⁺ = y − ∇f(y)/L,  y⁺ = x⁺ + ((t − 1)/t⁺)(x⁺ − x)",
    options: &[
        OptionSpec::flag("restart", true, "forget the momentum when it points up"),
        OptionSpec::non_negative("lr", 0.0, "1/L, where it is known; 0 finds L on the way"),
        OptionSpec::non_negative("mu", 0.0, "the constant of strong convexity, where it is known"),
    ],
    texts: &[],
    positional: &["lr", "mu"],
    needs: Needs::Smooth,
    source: "Nesterov, 1983; O'Donoghue and Candès, 2015, doi:10.1007/s10208-013-9150-3",
    build: |choices, setup| {
        let mut solver = Nesterov::new(setup.start).restarting(choices.flag("restart"));
        if choices.number("lr") > 0.0 {
            solver = solver.rate(choices.number("lr"));
        }
        Ok(Box::new(solver.strongly_convex(choices.number("mu"))))
    },
};

pub(super) const CG: SolverEntry = SolverEntry {
    name: "cg",
    title: "nonlinear conjugate gradients",
    equation: "d = −∇f(x) + βd₋,  x⁺ = x + td",
    options: &[
        OptionSpec::choice(
            "beta",
            &["hz", "pr+", "fr"],
            "Hager–Zhang's, Polak–Ribière's with restart, Fletcher–Reeves's",
        ),
        STEP,
        MINIMUM,
    ],
    texts: &[LR],
    positional: &["beta"],
    needs: Needs::Smooth,
    source: "Hager and Zhang, 2005, doi:10.1137/030601880; Hestenes and Stiefel, 1952, doi:10.6028/jres.049.044",
    build: |choices, setup| {
        let rule = match choices.word("beta") {
            "fr" => Beta::FletcherReeves,
            "pr+" => Beta::PolakRibierePlus,
            _ => Beta::HagerZhang,
        };
        if matches!(choices.word("step"), "barzilai-borwein" | "polyak" | "armijo") {
            let why = "needs a step near the minimum along its direction, or its directions lose their conjugacy; write \
                       step=hager-zhang, strong-wolfe or exact";
            return Err(choices.refuse(why));
        }
        let default = if rule == Beta::HagerZhang { "hager-zhang" } else { "strong-wolfe-cg" };
        let search = step_option(choices, &setup, default, None)?;
        Ok(Box::new(Descent::with(setup.start, Conjugate::new(rule), search)))
    },
};

pub(super) const BFGS: SolverEntry = SolverEntry {
    name: "bfgs",
    title: "BFGS with the whole inverse Hessian estimate",
    equation: "x⁺ = x − tHg,  H⁺ = (I − ρsyᵀ)H(I − ρysᵀ) + ρssᵀ",
    options: &[STEP, MINIMUM],
    texts: &[LR],
    positional: &[],
    needs: Needs::Smooth,
    source: "Broyden, Fletcher, Goldfarb and Shanno, 1970; Nocedal and Wright, 2006, algorithm 6.1",
    build: |choices, setup| {
        let why = "only then H stays positive definite";
        let search = step_option(choices, &setup, "strong-wolfe", Some(why))?;
        let direction = Bfgs::new(setup.start.len());
        Ok(Box::new(Descent::with(setup.start, direction, search)))
    },
};

pub(super) const TRUST_REGION: SolverEntry = SolverEntry {
    name: "trust-region",
    title: "Newton's method in a trust region",
    equation: "x⁺ = x + argmin gᵀp + ½pᵀHp over ‖p‖ ≤ Δ",
    options: &[OptionSpec {
        key: "method",
        default: Some(Value::Word("auto")),
        range: Range::Choice(&["auto", "exact", "dogleg", "steihaug"]),
        doc: "how the model is minimized: to its minimum, along the dogleg, by conjugate gradients; auto is exact up to 200 \
              variables and steihaug above",
    }],
    texts: &[],
    positional: &["method"],
    needs: Needs::Smooth,
    source: "Moré and Sorensen, 1983, doi:10.1137/0904038; Powell, 1970; Steihaug, 1983, doi:10.1137/0720042",
    build: |choices, setup| {
        let few = setup.start.len() <= crate::WHOLE;
        Ok(match choices.word("method") {
            "dogleg" => Box::new(TrustRegion::new(setup.start, Subproblem::Dogleg)),
            "exact" => Box::new(TrustRegion::new(setup.start, Subproblem::Exact)),
            "auto" if few => Box::new(TrustRegion::new(setup.start, Subproblem::Exact)),
            _ => Box::new(NewtonCg::new(setup.start)),
        })
    },
};

pub(super) const LBFGS: SolverEntry = SolverEntry {
    name: "lbfgs",
    title: "limited-memory BFGS",
    equation: "x⁺ = x − tHg, H from the last m pairs (Δx, Δg)",
    options: &[OptionSpec::count("memory", 10.0, "pairs m that are remembered"), STEP, MINIMUM],
    texts: &[LR],
    positional: &["memory"],
    needs: Needs::Smooth,
    source: "Liu and Nocedal, 1989, doi:10.1007/BF01589116",
    build: |choices, setup| {
        let why = "only then the pairs keep H positive definite";
        let search = step_option(choices, &setup, "wolfe", Some(why))?;
        let direction = LimitedMemory::new(setup.start.len(), choices.count("memory"));
        Ok(Box::new(Descent::with(setup.start, direction, search)))
    },
};

pub(super) const NEWTON: SolverEntry = SolverEntry {
    name: "newton",
    title: "Newton's method with the exact Hessian",
    equation: "x⁺ = x − t(∇²f + τI)⁻¹∇f with the smallest τ that makes it a descent, or x − t|∇²f|⁻¹∇f",
    options: &[
        OptionSpec::choice(
            "modify",
            &["shift", "absolute"],
            "where the Hessian is not positive definite: add τ, or take its eigenvalues by their size",
        ),
        STEP,
        MINIMUM,
    ],
    texts: &[LR],
    positional: &["lr"],
    needs: Needs::Smooth,
    source: "Nocedal and Wright, 2006, algorithm 3.3",
    build: |choices, setup| {
        let search = step_option(choices, &setup, "wolfe", None)?;
        let modify = if choices.word("modify") == "absolute" { Modify::Absolute } else { Modify::Shift };
        let direction = ExactHessian::new(setup.start.len(), modify);
        Ok(Box::new(Descent::with(setup.start, direction, search)))
    },
};

pub(super) const NEWTON_CG: SolverEntry = SolverEntry {
    name: "newton-cg",
    title: "Newton's method in a trust region, by conjugate gradients",
    equation: "x⁺ = x + argmin gᵀd + ½dᵀHd over ‖d‖ ≤ Δ, approximately",
    options: &[],
    texts: &[],
    positional: &[],
    needs: Needs::Smooth,
    source: "Steihaug, 1983, doi:10.1137/0720042; Lin, Weng and Keerthi, 2008",
    build: |_, setup| Ok(Box::new(NewtonCg::new(setup.start))),
};

pub(super) const FISTA: SolverEntry = SolverEntry {
    name: "fista",
    title: "accelerated proximal gradient with backtracking and restart",
    equation: "x⁺ = prox(y − ∇f(y)/L),  y = x⁺ + ((t − 1)/t⁺)(x⁺ − x)",
    options: &[],
    texts: &[],
    positional: &[],
    needs: Needs::Composite,
    source: "Beck and Teboulle, 2009, doi:10.1137/080716542",
    build: |_, setup| Ok(Box::new(Fista::new(setup.start))),
};
