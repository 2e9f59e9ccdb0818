//! The solvers of the linear family under their names, and which one for which problem.

use steepest_core::Iterate;
use steepest_data::Matrix;
use steepest_solvers::{DeterministicSolver, Fista, Lbfgs, Newton, NewtonCg};

use super::coordinate::{DualAscent, PrimalDescent, Reference, VarianceReduced, row_squares};
use super::dual_newton::DualNewton;
use super::interior::InteriorPoint;
use super::sampled::{SampledNewton, sample_rows};
use super::semismooth::SemismoothNewton;
use super::separation::Separation;
use super::solve::DeterministicRun;
use super::{HESSIAN_LIMIT, LinearObjective, LinearProblem, Loss};

/// A solver that brings a linear problem to its minimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SolverChoice {
    /// Newton's method with the exact Hessian.
    Newton,
    /// Newton's method with the Hessian of a sample of the rows: [`SampledNewton`].
    SampledNewton,
    /// Newton's method in a trust region, by conjugate gradients.
    NewtonCg,
    /// Newton's method in the coefficients of the rows, for few of them: [`DualNewton`].
    DualNewton,
    /// L-BFGS with ten pairs.
    Lbfgs,
    /// Accelerated proximal gradient with restart.
    Fista,
    /// The interior point, for hinge and quantile loss: [`InteriorPoint`].
    Interior,
    /// Semismooth Newton, for losses of at most quadratic pieces: [`SemismoothNewton`].
    Semismooth,
    /// Primal coordinate descent, for smooth losses: [`PrimalDescent`].
    Cd,
    /// Dual coordinate ascent, for losses of one output: [`DualAscent`].
    DualCd,
    /// The same with rows drawn with replacement.
    Sdca,
    /// SAGA: [`VarianceReduced`].
    Saga,
    /// SVRG: [`VarianceReduced`].
    Svrg,
}

impl SolverChoice {
    /// All of them.
    pub const ALL: [SolverChoice; 13] = {
        use SolverChoice::{
            Cd, DualCd, DualNewton, Fista, Interior, Lbfgs, Newton, NewtonCg, Saga, SampledNewton, Sdca, Semismooth,
            Svrg,
        };
        [Newton, SampledNewton, NewtonCg, DualNewton, Lbfgs, Fista, Interior, Semismooth, Cd, DualCd, Sdca, Saga, Svrg]
    };

    /// The name in options and messages.
    pub fn name(self) -> &'static str {
        match self {
            SolverChoice::Newton => "newton",
            SolverChoice::SampledNewton => "sampled-newton",
            SolverChoice::NewtonCg => "newton-cg",
            SolverChoice::DualNewton => "dual-newton",
            SolverChoice::Lbfgs => "lbfgs",
            SolverChoice::Fista => "fista",
            SolverChoice::Interior => "interior",
            SolverChoice::Semismooth => "semismooth",
            SolverChoice::Cd => "cd",
            SolverChoice::DualCd => "dual-cd",
            SolverChoice::Sdca => "sdca",
            SolverChoice::Saga => "saga",
            SolverChoice::Svrg => "svrg",
        }
    }

    /// The solver with this name.
    pub fn from_name(name: &str) -> Option<SolverChoice> {
        SolverChoice::ALL.into_iter().find(|s| s.name() == name)
    }

    /// Why this solver cannot solve the problem, and what to try; `None` when it can.
    pub fn refuses(self, problem: &LinearProblem) -> Option<String> {
        match self {
            SolverChoice::Interior => return InteriorPoint::refuses(problem),
            SolverChoice::Semismooth => return SemismoothNewton::refuses(problem),
            SolverChoice::DualNewton => return DualNewton::refuses(problem),
            SolverChoice::Cd => return PrimalDescent::refuses(problem),
            SolverChoice::DualCd | SolverChoice::Sdca => return DualAscent::refuses(problem),
            SolverChoice::Saga | SolverChoice::Svrg => return VarianceReduced::refuses(problem),
            SolverChoice::Newton
            | SolverChoice::SampledNewton
            | SolverChoice::NewtonCg
            | SolverChoice::Lbfgs
            | SolverChoice::Fista => {}
        }
        let (name, loss, d) = (self.name(), problem.loss.name(), problem.parameters());
        if kinked(problem) {
            return Some(format!("{name} needs a loss without kinks, and {loss} has one; try interior or dual-cd"));
        }
        if problem.l1 > 0.0 && self != SolverChoice::Fista {
            return Some(format!("{name} needs a smooth objective, and the L1 penalty has kinks; try cd or fista"));
        }
        if self == SolverChoice::SampledNewton && d / problem.outputs() > HESSIAN_LIMIT {
            return Some(format!(
                "sampled-newton keeps a matrix over all features; above {HESSIAN_LIMIT} features try newton-cg or lbfgs"
            ));
        }
        if self == SolverChoice::Newton && d > HESSIAN_LIMIT {
            return Some(format!(
                "newton keeps a Hessian of {d} × {d} numbers; above {HESSIAN_LIMIT} parameters try newton-cg or lbfgs"
            ));
        }
        None
    }

    /// Makes what this solver reads besides the rows, which it would else make in its first step: the columns of sparse features.
    pub fn prepare(self, problem: &LinearProblem) {
        let rows = self == SolverChoice::Semismooth && SemismoothNewton::by_rows(problem);
        if self == SolverChoice::Cd || rows {
            problem.columns();
        }
    }

    /// The solver bound to a `problem` that it does not refuse, at `start` or at zero; solvers that keep dual values begin with
    /// those that belong to the margins there. Random orders are those of seed 0. Where there turns out to be no minimum, since
    /// nothing holds the weights of classes that can be told apart, the run ends as
    /// [`Unbounded`](steepest_core::Reason::Unbounded).
    pub fn bind<'p>(self, problem: &'p LinearProblem, start: Option<Vec<f64>>) -> Box<dyn Iterate + Send + 'p> {
        self.bind_seeded(problem, start, 0)
    }

    /// As [`bind`](SolverChoice::bind), with the seed that names the random orders of those solvers that have any.
    pub fn bind_seeded<'p>(
        self,
        problem: &'p LinearProblem,
        start: Option<Vec<f64>>,
        seed: u64,
    ) -> Box<dyn Iterate + Send + 'p> {
        Separation::watch(problem, self.bind_plain(problem, start, seed))
    }

    fn bind_plain<'p>(
        self,
        problem: &'p LinearProblem,
        start: Option<Vec<f64>>,
        seed: u64,
    ) -> Box<dyn Iterate + Send + 'p> {
        let at = |start: Option<Vec<f64>>| start.unwrap_or_else(|| vec![0.0; problem.parameters()]);
        let whole: Box<dyn DeterministicSolver + Send + 'p> = match self {
            SolverChoice::Newton => Box::new(Newton::new(at(start))),
            SolverChoice::SampledNewton => Box::new(SampledNewton::new(problem, at(start))),
            SolverChoice::NewtonCg => Box::new(NewtonCg::new(at(start))),
            SolverChoice::Lbfgs => Box::new(Lbfgs::new(at(start), 10)),
            SolverChoice::Fista => Box::new(Fista::new(at(start))),
            SolverChoice::Interior => return Box::new(InteriorPoint::new(problem, start)),
            SolverChoice::Semismooth => return Box::new(SemismoothNewton::new(problem, start, seed)),
            SolverChoice::DualNewton => return Box::new(DualNewton::new(problem, start)),
            SolverChoice::Cd => return Box::new(PrimalDescent::new(problem, start)),
            SolverChoice::DualCd => return Box::new(DualAscent::new(problem, start.as_deref(), seed, false)),
            SolverChoice::Sdca => return Box::new(DualAscent::new(problem, start.as_deref(), seed, true)),
            SolverChoice::Saga => return Box::new(VarianceReduced::new(problem, Reference::Rows, start, seed)),
            SolverChoice::Svrg => return Box::new(VarianceReduced::new(problem, Reference::Epochs, start, seed)),
        };
        Box::new(DeterministicRun::new(LinearObjective::new(problem), whole))
    }
}

/// Whether the loss itself has kinks.
fn kinked(problem: &LinearProblem) -> bool {
    matches!(problem.loss, Loss::Hinge | Loss::Quantile(_))
}

/// The fastest solver for a problem of this shape, and why: for every loss, penalty and intercept. By counts alone, so that
/// the choice is the same everywhere.
pub fn auto(problem: &LinearProblem) -> (SolverChoice, String) {
    let d = problem.parameters();
    if kinked(problem) {
        return auto_kinked(problem);
    }
    if problem.l1 > 0.0 && settles_by_rows(problem) {
        return (SolverChoice::DualCd, "few rows, and an L2 penalty that lets each settle soon".into());
    }
    if problem.l1 > 0.0 {
        return (SolverChoice::Cd, "the L1 penalty leaves few features in use".into());
    }
    let single = problem.outputs() == 1;
    if problem.loss == Loss::SquaredHinge && problem.l2 > 0.0 && WIDE * problem.rows() <= d {
        if !problem.intercept && row_reach(problem) <= SOON {
            return (
                SolverChoice::DualCd,
                format!("with {d} parameters and {} rows single rows are cheapest", problem.rows()),
            );
        }
        if SemismoothNewton::by_rows(problem) {
            return (SolverChoice::Semismooth, few_rows(problem));
        }
    }
    let curved = matches!(problem.loss, Loss::Logistic | Loss::Squared | Loss::Poisson);
    if curved && WIDE * problem.rows() <= problem.features() && DualNewton::refuses(problem).is_none() {
        return (
            SolverChoice::DualNewton,
            format!("the minimum over {d} parameters lies in the span of {} rows", problem.rows()),
        );
    }
    let rows = sample_rows(problem);
    if single
        && problem.loss != Loss::Squared
        && d <= HESSIAN_LIMIT
        && rows * FEW <= problem.rows()
        && speaks(problem, rows)
    {
        return (SolverChoice::SampledNewton, format!("the Hessian of {rows} rows serves all {}", problem.rows()));
    }
    let hessian = hessian_work(problem);
    let products = PRODUCTS * 2.0 * problem.matrix.stored() as f64 * problem.outputs() as f64;
    if d <= HESSIAN_LIMIT && hessian <= products {
        return (SolverChoice::Newton, format!("{d} parameters make the exact Hessian cheapest"));
    }
    if !single && problem.features() <= SAMPLED_FEATURES && 4 * rows <= problem.rows() {
        return (
            SolverChoice::SampledNewton,
            format!("the Hessians of the classes over {rows} rows serve all {}", problem.rows()),
        );
    }
    (SolverChoice::NewtonCg, format!("the Hessian of {d} parameters costs more than products with it"))
}

/// Passes of dual coordinate ascent until a small gap, about: with a strongly convex penalty on everything, and without.
const PASSES: f64 = 300.0;
const PROXIMAL_PASSES: f64 = 3000.0;
/// The fastest solver for a loss with kinks.
fn auto_kinked(problem: &LinearProblem) -> (SolverChoice, String) {
    let (loss, d) = (problem.loss.name(), problem.parameters());
    let strong = problem.l2 > 0.0 && !problem.intercept;
    let soon = strong && row_reach(problem) <= SOON;
    let smooth = SemismoothNewton::refuses(problem).is_none();
    if smooth && SemismoothNewton::by_rows(problem) && !soon {
        return (SolverChoice::Semismooth, few_rows(problem));
    }
    let ascent = if strong { PASSES } else { PROXIMAL_PASSES } * 3.0 * problem.matrix.stored() as f64;
    let (gram, factor) = hessian_parts(problem);
    let interior = INTERIOR_STEPS * (gram + factor);
    let semismooth = SEMISMOOTH_GRAMS * gram + SEMISMOOTH_STEPS * factor;
    if smooth && d <= HESSIAN_LIMIT && semismooth <= ascent.min(interior) {
        return (
            SolverChoice::Semismooth,
            format!("{loss} loss has kinks, and a system of {d} unknowns from the rows near them is soon solved"),
        );
    }
    if d <= HESSIAN_LIMIT && interior <= ascent {
        return (SolverChoice::Interior, format!("{loss} loss has kinks, and a system of {d} unknowns is soon solved"));
    }
    (SolverChoice::DualCd, format!("{loss} loss has kinks, and with {d} parameters single rows are cheapest"))
}

/// Why the coefficients of the rows are the unknowns.
fn few_rows(problem: &LinearProblem) -> String {
    let n = problem.rows();
    format!(
        "{n} rows are fewer than the {} parameters, and their products of one with another are soon made",
        problem.parameters()
    )
}

/// Whether dual ascent on a problem with both penalties takes few passes: few rows, and ‖x‖²/(nλ₂) moderate.
fn settles_by_rows(problem: &LinearProblem) -> bool {
    let quick = problem.loss == Loss::Squared && problem.l2 > 0.0 && !problem.intercept && problem.weights.is_none();
    quick && WIDE * problem.rows() <= problem.features() && row_reach(problem) <= SOON
}

/// The mean of ‖xᵢ‖²/(nλ₂): how far a row's own dual value moves its margin.
fn row_reach(problem: &LinearProblem) -> f64 {
    let n = problem.rows() as f64;
    row_squares(&problem.matrix).iter().sum::<f64>() / (n * n * problem.l2)
}

/// Whether both classes are in a sample of this many rows often enough to say what the Hessian looks like.
fn speaks(problem: &LinearProblem, sample: usize) -> bool {
    if !matches!(problem.loss, Loss::Logistic | Loss::SquaredHinge) {
        return true;
    }
    let positive = problem.target.iter().filter(|y| **y > 0.0).count();
    let rare = positive.min(problem.rows() - positive) as f64 * sample as f64 / problem.rows() as f64;
    rare >= 5.0 * problem.parameters() as f64
}

/// Dual values are few where there are this many times more features than rows.
const WIDE: usize = 4;
/// The largest ‖x‖²/(nλ₂) with which single rows settle in some tens of passes.
const SOON: f64 = 100.0;
/// Features above which the matrices of all classes cost more than they save.
const SAMPLED_FEATURES: usize = 1024;
/// A sample is worth its trouble when there are this many times more rows.
const FEW: usize = 8;
/// Gram matrices of all rows that semismooth Newton makes, about, and its steps.
const SEMISMOOTH_GRAMS: f64 = 5.0;
const SEMISMOOTH_STEPS: f64 = 50.0;
/// Steps of the interior point.
const INTERIOR_STEPS: f64 = 20.0;
/// Hessian-vector products that a Newton step by conjugate gradients needs, about.
const PRODUCTS: f64 = 30.0;

/// The additions of an exact Newton step, in units of the additions of a sparse product.
fn hessian_work(problem: &LinearProblem) -> f64 {
    let (gram, factor) = hessian_parts(problem);
    gram + factor
}

/// Those of the Gram matrix and of its factor; a dense matrix product makes about eight in the time of one.
fn hessian_parts(problem: &LinearProblem) -> (f64, f64) {
    const DENSE: f64 = 0.125;
    let k = problem.outputs() as f64;
    let (features, d) = (problem.features() as f64, problem.parameters() as f64);
    let gram = match &problem.matrix {
        Matrix::Dense(m) => 0.5 * DENSE * m.rows as f64 * features * features,
        Matrix::Sparse(m) => m.starts.windows(2).map(|s| 0.5 * ((s[1] - s[0]) as f64).powi(2)).sum(),
    };
    (gram * 0.5 * k * (k + 1.0), DENSE * d * d * d / 3.0)
}
