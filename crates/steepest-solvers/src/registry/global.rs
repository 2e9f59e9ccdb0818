//! The entries of methods that leave local minima and saddles.

use steepest_optim::OptionSpec;

use super::{Choices, Needs, Setup, SolverEntry, SolverError};
use crate::LbfgsB;
use crate::global::{Annealing, BasinHopping, ClusterMoves, Displacement, Moves, PerturbedDescent, RandomRestarts};

/// Displacements within the bounds, where there are some.
fn displacement(setup: &Setup, step: f64) -> Box<dyn Moves> {
    let moves = Displacement::new(step);
    Box::new(match &setup.bounds {
        Some(bounds) => moves.within(bounds.clone()),
        None => moves,
    })
}

/// The local solver under bounds; `None` leaves L-BFGS.
fn local(choices: &Choices, setup: &Setup) -> Result<Option<Box<LbfgsB>>, SolverError> {
    let Some(bounds) = &setup.bounds else { return Ok(None) };
    let solver = LbfgsB::new(setup.start.clone(), bounds.clone(), 10).map_err(|e| choices.refuse(e.to_string()))?;
    Ok(Some(Box::new(solver)))
}

const GTOL: OptionSpec = OptionSpec::positive("gtol", Some(1e-8), "where a local minimization ends, on ‖∇f‖∞");
const SCALE: OptionSpec = OptionSpec::positive("scale", Some(1.0), "how far a move displaces each variable at first");

pub(super) const BASIN_HOPPING: SolverEntry = SolverEntry {
    name: "basin-hopping",
    title: "a walk over local minima; a step is a move and a local minimization",
    equation: "accept the next minimum with probability min(1, exp(−Δf/T))",
    options: &[
        OptionSpec::count("hops", 1000.0, "moves in all"),
        SCALE,
        OptionSpec::non_negative("temperature", 1.0, "T, in units of the objective; 0 takes descents only"),
        OptionSpec::count("patience", 200.0, "hops in vain before the walk starts afresh"),
        OptionSpec::choice(
            "moves",
            &["displace", "cluster"],
            "displace every variable; or rearrange a cluster of atoms, x y z of one after the other",
        ),
        GTOL,
    ],
    texts: &[],
    positional: &["hops", "scale"],
    needs: Needs::Smooth,
    source: "Wales and Doye, 1997, doi:10.1021/jp970984n; Leary, 2000, doi:10.1023/A:1026525208872",
    build: |choices, setup| {
        let (gtol, cluster) = (choices.number("gtol"), choices.word("moves") == "cluster");
        if cluster && setup.bounds.is_some() {
            return Err(
                choices.refuse("moves the atoms of a cluster freely; leave the bounds out or write moves=displace")
            );
        }
        // One variable stands for any number while options are checked.
        if cluster && setup.start.len() > 1 && !setup.start.len().is_multiple_of(3) {
            let why =
                format!("with moves=cluster needs three coordinates an atom, and there are {}", setup.start.len());
            return Err(choices.refuse(why));
        }
        let moves =
            if cluster { Box::new(ClusterMoves::default()) } else { displacement(&setup, choices.number("scale")) };
        let local = local(choices, &setup)?;
        let solver = BasinHopping::new(setup.start, choices.number("scale"))
            .with_moves(moves)
            .with_hops(choices.count("hops") as u64)
            .with_temperature(choices.number("temperature"))
            .with_patience(choices.count("patience") as u64)
            .with_seed(setup.seed, 0);
        Ok(Box::new(match local {
            Some(local) => solver.with_local(local, gtol),
            None => solver.with_gtol(gtol),
        }))
    },
};

pub(super) const RESTARTS: SolverEntry = SolverEntry {
    name: "restarts",
    title: "local minimizations from random starts; a step is one start",
    equation: "the lowest of the minima that were met",
    options: &[
        OptionSpec::count("starts", 50.0, "local minimizations in all"),
        OptionSpec::positive(
            "scale",
            Some(1.0),
            "starts lie within ten times this of the first, or anywhere in the bounds",
        ),
        GTOL,
    ],
    texts: &[],
    positional: &["starts", "scale"],
    needs: Needs::Smooth,
    source: "Törn and Žilinskas, 1989, doi:10.1007/3-540-50871-6",
    build: |choices, setup| {
        let moves = displacement(&setup, choices.number("scale"));
        let (local, gtol) = (local(choices, &setup)?, choices.number("gtol"));
        let solver = RandomRestarts::new(setup.start, moves, choices.count("starts") as u64, setup.seed);
        Ok(Box::new(match local {
            Some(local) => solver.with_local(local, gtol),
            None => solver.with_gtol(gtol),
        }))
    },
};

pub(super) const ANNEALING: SolverEntry = SolverEntry {
    name: "annealing",
    title: "simulated annealing; a step is a temperature level",
    equation: "accept a move with probability min(1, exp(−Δf/T)), T ← cooling·T",
    options: &[
        OptionSpec::count("levels", 100.0, "temperatures"),
        OptionSpec::positive("cooling", Some(0.85), "what T is multiplied with, below 1"),
        OptionSpec::non_negative("temperature", 0.0, "the first T; 0 finds it from the first moves"),
        SCALE,
    ],
    texts: &[],
    positional: &["levels", "cooling"],
    needs: Needs::Smooth,
    source: "Kirkpatrick, Gelatt and Vecchi, 1983, doi:10.1126/science.220.4598.671; Corana et al., 1987",
    build: |choices, setup| {
        let cooling = choices.number("cooling");
        if cooling >= 1.0 {
            return Err(choices.refuse(format!("needs a cooling below 1, not {cooling}")));
        }
        let solver = Annealing::new(setup.start, choices.number("scale"))
            .with_temperature(choices.number("temperature"))
            .with_cooling(cooling, choices.count("levels") as u64)
            .with_seed(setup.seed);
        Ok(Box::new(match setup.bounds {
            Some(bounds) => solver.within(bounds).map_err(|e| choices.refuse(e.to_string()))?,
            None => solver,
        }))
    },
};

pub(super) const PERTURBED_GD: SolverEntry = SolverEntry {
    name: "perturbed-gd",
    title: "gradient descent that shakes itself free of saddles",
    equation: "x⁺ = x − ηg, and x ← x + ξ with ‖ξ‖ ≤ radius where ‖g‖∞ ≤ threshold",
    options: &[
        OptionSpec::positive("threshold", Some(1e-6), "‖g‖∞ below which the point is shaken"),
        OptionSpec::positive("radius", Some(1e-3), "how far"),
        OptionSpec::count("wait", 100.0, "steps after which a shake that led nowhere lower ends the run"),
    ],
    texts: &[],
    positional: &[],
    needs: Needs::Smooth,
    source: "Jin, Ge, Netrapalli, Kakade and Jordan, 2017, arXiv:1703.00887",
    build: |choices, setup| {
        let (threshold, radius) = (choices.number("threshold"), choices.number("radius"));
        let solver = PerturbedDescent::new(setup.start, setup.seed);
        Ok(Box::new(solver.with_shakes(threshold, radius, choices.count("wait") as u64)))
    },
};
