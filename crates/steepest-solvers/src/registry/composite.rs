//! The entries of methods for kinks and sets: bounds, balls, the simplex, L1 penalties.

use steepest_optim::{OptionSpec, Range, Value};

use super::{Choices, Needs, Setup, SolverEntry, SolverError};
use crate::bounded::LbfgsB;
use crate::prox::{
    BoxSet, CoordinateDescent, CoordinateOrder, Fista, FrankWolfe, L1, L1Ball, L2Ball, MirrorDescent, Owlqn,
    ProjectedGradient, Restart, Set, SetError, Simplex, Subgradient, SubgradientRule,
};

const RADIUS: OptionSpec = OptionSpec::positive("radius", Some(1.0), "the ball's radius, or what the simplex sums to");

const fn set_option(default: &'static str) -> OptionSpec {
    OptionSpec {
        key: "set",
        default: Some(Value::Word(default)),
        range: Range::Choice(&["box", "ball", "l1-ball", "simplex"]),
        doc: "what x is kept in: the bounds of the problem, ‖x‖₂ ≤ radius, ‖x‖₁ ≤ radius, or x ≥ 0 with Σx = radius",
    }
}

/// The set that the options name. Only a box goes with bounds.
fn set(choices: &Choices, setup: &Setup) -> Result<Box<dyn Set>, SolverError> {
    let (radius, word) = (choices.number("radius"), choices.word("set"));
    if word != "box" && setup.bounds.is_some() {
        return Err(
            choices.refuse(format!("keeps x in one set: leave the bounds out, or write set=box instead of {word}"))
        );
    }
    let refuse = |e: SetError| choices.refuse(format!("cannot use these options: {e}"));
    Ok(match word {
        "ball" => Box::new(L2Ball::new(vec![0.0; setup.start.len()], radius).map_err(refuse)?),
        "l1-ball" => Box::new(L1Ball::new(radius).map_err(refuse)?),
        "simplex" => Box::new(Simplex::new(radius).map_err(refuse)?),
        _ => Box::new(setup.bounds.clone().unwrap_or_else(|| BoxSet::unbounded(setup.start.len()))),
    })
}

pub(super) const LBFGSB: SolverEntry = SolverEntry {
    name: "lbfgsb",
    title: "limited-memory BFGS within bounds",
    equation: "x⁺ = x + t(argmin of the model over the free variables − x), from the generalized Cauchy point",
    options: &[OptionSpec::count("memory", 10.0, "pairs m that are remembered")],
    texts: &[],
    positional: &["memory"],
    needs: Needs::Smooth,
    source: "Byrd, Lu, Nocedal and Zhu, 1995, doi:10.1137/0916069; Morales and Nocedal, 2011",
    build: |choices, setup| {
        let bounds = setup.bounds.unwrap_or_else(|| BoxSet::unbounded(setup.start.len()));
        let solver = LbfgsB::new(setup.start, bounds, choices.count("memory"));
        Ok(Box::new(solver.map_err(|e| choices.refuse(e.to_string()))?))
    },
};

pub(super) const ISTA: SolverEntry = SolverEntry {
    name: "ista",
    title: "proximal gradient descent with backtracking",
    equation: "x⁺ = prox(x − ∇f(x)/L)",
    options: &[OptionSpec::non_negative("lr", 0.0, "1/L, where it is known; 0 finds L on the way")],
    texts: &[],
    positional: &["lr"],
    needs: Needs::Composite,
    source: "Beck and Teboulle, 2009, doi:10.1137/080716542",
    build: |choices, setup| {
        let (solver, lr) = (Fista::new(setup.start).with_restart(Restart::Always), choices.number("lr"));
        Ok(Box::new(if lr > 0.0 { solver.with_lipschitz(1.0 / lr) } else { solver }))
    },
};

pub(super) const OWLQN: SolverEntry = SolverEntry {
    name: "owlqn",
    title: "limited-memory BFGS for an L1 penalty",
    equation: "minimizes f(x) + l1·‖x‖₁ orthant by orthant, along L-BFGS directions of the pseudo-gradient",
    options: &[
        OptionSpec::non_negative("l1", 0.0, "the weight of ‖x‖₁ that is added to the objective"),
        OptionSpec::count("memory", 10.0, "pairs m that are remembered"),
    ],
    texts: &[],
    positional: &["l1", "memory"],
    needs: Needs::Smooth,
    source: "Andrew and Gao, 2007, doi:10.1145/1273496.1273501",
    build: |choices, setup| {
        let penalty = L1::new(choices.number("l1")).map_err(|e| choices.refuse(e.to_string()))?;
        Ok(Box::new(Owlqn::new(setup.start, penalty, choices.count("memory"))))
    },
};

pub(super) const SUBGRADIENT: SolverEntry = SolverEntry {
    name: "subgradient",
    title: "the subgradient method for functions with kinks; the best point is kept",
    equation: "x⁺ = P(x − ηg), g a subgradient",
    options: &[
        OptionSpec::choice(
            "rule",
            &["root", "constant", "length", "harmonic", "polyak"],
            "η = lr/√k, lr, lr/‖g‖, lr/k, or (f − minimum)/‖g‖²",
        ),
        OptionSpec::positive("lr", Some(0.1), "the scale of the steps"),
        OptionSpec::finite("minimum", 0.0, "the minimum value, for rule=polyak"),
    ],
    texts: &[],
    positional: &["lr"],
    needs: Needs::Smooth,
    source: "Shor, 1985, doi:10.1007/978-3-642-82118-9; Polyak, 1969, doi:10.1016/0041-5553(69)90061-5",
    build: |choices, setup| {
        let lr = choices.number("lr");
        let rule = match choices.word("rule") {
            "constant" => SubgradientRule::Constant(lr),
            "length" => SubgradientRule::Length(lr),
            "harmonic" => SubgradientRule::Harmonic(lr),
            "polyak" => SubgradientRule::Polyak(choices.number("minimum")),
            _ => SubgradientRule::Root(lr),
        };
        let solver = Subgradient::new(setup.start, rule);
        Ok(Box::new(match setup.bounds {
            Some(bounds) => solver.over(Box::new(bounds)),
            None => solver,
        }))
    },
};

pub(super) const PROJECTED_GRADIENT: SolverEntry = SolverEntry {
    name: "projected-gradient",
    title: "projected gradient descent over a set, with spectral steps",
    equation: "x⁺ = x + t(P(x − αg) − x), α = sᵀs/sᵀy",
    options: &[
        set_option("box"),
        RADIUS,
        OptionSpec::non_negative("lr", 0.0, "a fixed step size; 0 takes spectral steps"),
    ],
    texts: &[],
    positional: &["set", "radius"],
    needs: Needs::Smooth,
    source: "Birgin, Martínez and Raydan, 2000, doi:10.1137/S1052623497330963",
    build: |choices, setup| {
        let set = set(choices, &setup)?;
        let (solver, lr) = (ProjectedGradient::new(setup.start, set), choices.number("lr"));
        Ok(Box::new(if lr > 0.0 { solver.with_step(lr) } else { solver }))
    },
};

pub(super) const MIRROR_DESCENT: SolverEntry = SolverEntry {
    name: "mirror-descent",
    title: "mirror descent with the entropy: exponentiated gradients on the simplex",
    equation: "xᵢ⁺ ∝ xᵢ exp(−ηgᵢ), Σx = radius",
    options: &[RADIUS, OptionSpec::non_negative("lr", 0.0, "η₀ of the steps η₀/√k; 0 finds steps that descend")],
    texts: &[],
    positional: &["radius"],
    needs: Needs::Smooth,
    source: "Beck and Teboulle, 2003, doi:10.1016/S0167-6377(02)00231-6",
    build: |choices, setup| {
        let simplex = Simplex::new(choices.number("radius")).map_err(|e| choices.refuse(e.to_string()))?;
        let (solver, lr) = (MirrorDescent::new(setup.start, simplex), choices.number("lr"));
        Ok(Box::new(if lr > 0.0 { solver.with_root_steps(lr) } else { solver }))
    },
};

pub(super) const FRANK_WOLFE: SolverEntry = SolverEntry {
    name: "frank-wolfe",
    title: "conditional gradients over a bounded set; the gap bounds the error of convex functions",
    equation: "s = argmin ∇f(x)·s over the set,  x⁺ = x + γ(s − x)",
    options: &[
        set_option("simplex"),
        RADIUS,
        OptionSpec::flag("open_loop", false, "γ = 2/(k + 2) instead of a step that descends"),
    ],
    texts: &[],
    positional: &["set", "radius"],
    needs: Needs::Smooth,
    source: "Frank and Wolfe, 1956, doi:10.1002/nav.3800030109; Jaggi, 2013; Pedregosa et al., 2020, arXiv:1806.05123",
    build: |choices, setup| {
        let set = set(choices, &setup)?;
        let solver = FrankWolfe::new(setup.start, set)
            .map_err(|e| choices.refuse(format!("needs a set that is bounded on every side: {e}")))?;
        Ok(Box::new(if choices.flag("open_loop") { solver.with_open_loop() } else { solver }))
    },
};

pub(super) const COORDINATE_DESCENT: SolverEntry = SolverEntry {
    name: "coordinate-descent",
    title: "one variable at a time; a step is a pass over all",
    equation: "xᵢ⁺ = xᵢ − gᵢ/Lᵢ",
    options: &[OptionSpec::choice("order", &["cyclic", "random", "greedy"], "in turn, shuffled, or the steepest one")],
    texts: &[],
    positional: &["order"],
    needs: Needs::Smooth,
    source: "Wright, 2015, doi:10.1007/s10107-015-0892-3",
    build: |choices, setup| {
        let order = match choices.word("order") {
            "random" => CoordinateOrder::Random(setup.seed),
            "greedy" => CoordinateOrder::Greedy,
            _ => CoordinateOrder::Cyclic,
        };
        Ok(Box::new(CoordinateDescent::new(setup.start, order)))
    },
};
