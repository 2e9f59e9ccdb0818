//! The best fixed weights in hindsight: what regret is measured against.

use steepest_core::{Certificate, Stop};

use super::super::linear::{LinearProblem, SolverChoice, auto, certificate, kernels};

/// Fixed weights that were best for all rows, and how near to the best they are proved to be.
#[derive(Debug, Clone)]
pub struct Comparator {
    /// The parameters, in the order of the problem's layout.
    pub point: Vec<f64>,
    /// Σ sφ at them, without the penalty.
    pub total_loss: f64,
    /// How far their objective is from its minimum at most.
    pub certificate: Certificate,
    /// How they were found.
    pub solver: SolverChoice,
}

/// Steps after which the solver gives up.
const STEPS: u64 = 2_000;

/// Minimizes the problem until its relative certified gap is at most `gap`, or no more can be reached; the certificate tells.
///
/// The regret of a run over the same rows is Σ sφₜ − [`total_loss`](Comparator::total_loss). A problem with an L2 penalty (λ₂ = 1/n, a
/// ½‖w‖² in all, is usual) has a certificate; without one separable rows have no best weights at all.
///
/// # Errors
/// When the objective is not finite at zero or the solver meets such a value.
pub fn best_fixed(problem: &LinearProblem, gap: f64) -> Result<Comparator, Stop> {
    let (solver, _) = auto(problem);
    let mut run = solver.bind(problem, None);
    let mut proof = run.certificate();
    let mut looked = 0;
    for step in 1..=STEPS {
        if proof.relative().is_some_and(|r| r <= gap) {
            break;
        }
        match run.step() {
            Ok(info) => {
                // Most solvers say on the way how near they are; to the others it is worth looking ever more rarely.
                let near = info.gap.is_some_and(|g| g <= gap);
                if near || step >= looked + 1 + looked / 4 {
                    looked = step;
                    proof = run.certificate();
                }
            }
            // Nothing more can be gained in this precision.
            Err(Stop::Terminated(_)) => {
                proof = run.certificate();
                break;
            }
            Err(stop) => return Err(stop),
        }
    }
    let mut point = vec![0.0; problem.parameters()];
    run.point(&mut point);
    let mut z = vec![0.0; problem.rows() * problem.outputs()];
    kernels::margins(problem, &point, &mut z);
    let mean = certificate::objective(problem, &point, &z) - certificate::penalty(problem, &point);
    Ok(Comparator { point, total_loss: mean * problem.total_weight(), certificate: proof, solver })
}
