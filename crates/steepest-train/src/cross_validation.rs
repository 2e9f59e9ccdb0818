//! Cross-validation of a few linear models: which loss and which L2 penalty predict rows best that they were not fitted on.

use steepest_core::tree_sum;
use steepest_data::Fold;
use steepest_models::linear::{LinearProblem, Loss, kernels};

use crate::path::{Cost, PathError, mean_loss, minimum};

/// A loss with its penalty λ₂.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// φ.
    pub loss: Loss,
    /// λ₂ ≥ 0.
    pub l2: f64,
}

/// What held-out rows are judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The mean of the loss itself: for candidates that share one.
    Loss,
    /// The mean squared difference between the target and its predicted mean: for numbers, whatever they were fitted by.
    SquaredError,
}

/// How well a candidate predicts.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The candidate.
    pub candidate: Candidate,
    /// Its measure over all rows, each predicted by the fold that left it out. Not finite where a fit failed.
    pub cost: Cost,
    /// The measure in each fold.
    pub folds: Vec<f64>,
}

/// Fits every candidate on the training rows of every fold and judges it on the others. Candidates of one loss are fitted in
/// the order given, each from the solution before, so that falling penalties cost the fewest steps. Each fit ends at the
/// relative gap `gap` or after 200 steps.
///
/// `problem` gives rows, weights, offset and intercept; its target must suit the losses of all candidates. The result
/// is the same for any number of threads.
///
/// M. Stone, “Cross-validatory choice and assessment of statistical predictions”, J. R. Stat. Soc. B 36(2), 1974,
/// doi:10.1111/j.2517-6161.1974.tb00994.x.
///
/// # Errors
/// Those of the loop; a candidate whose fit is not finite has an infinite cost instead.
///
/// # Panics
/// If a fold names rows that `problem` does not have.
pub fn cross_validate(
    problem: &LinearProblem,
    folds: &[Fold],
    candidates: &[Candidate],
    measure: Measure,
    gap: f64,
) -> Result<Vec<Judged>, PathError> {
    let mut costs: Vec<Vec<(f64, Cost)>> = vec![Vec::with_capacity(folds.len()); candidates.len()];
    for fold in folds {
        let mut train = rows_of(problem, &fold.train);
        let mut held = rows_of(problem, &fold.valid);
        let weight = held.total_weight();
        let mut last: Option<(Loss, Vec<f64>)> = None;
        for (candidate, costs) in candidates.iter().zip(&mut costs) {
            (train.loss, train.l2) = (candidate.loss, candidate.l2);
            held.loss = candidate.loss;
            let start = last.take().filter(|(loss, _)| *loss == candidate.loss).map(|(_, point)| point);
            let start = start.unwrap_or_else(|| vec![0.0; train.parameters()]);
            let (point, _, _) = minimum(&train, start, gap, STEPS)?;
            let cost = match measure {
                Measure::Loss => mean_loss(&held, &point),
                Measure::SquaredError => squared_error(&held, &point),
            };
            costs.push((weight, cost));
            last = Some((candidate.loss, point));
        }
    }
    let judged = |(candidate, costs): (&Candidate, &Vec<(f64, Cost)>)| {
        let total: f64 = costs.iter().map(|(w, _)| w).sum();
        let mean = costs.iter().map(|(w, c)| w * c.mean).sum::<f64>() / total;
        let square = costs.iter().map(|(w, c)| (w * c.standard_error).powi(2)).sum::<f64>();
        let cost = if mean.is_finite() { mean } else { f64::INFINITY };
        let folds = costs.iter().map(|(_, c)| c.mean).collect();
        Judged { candidate: *candidate, cost: Cost { mean: cost, standard_error: square.sqrt() / total }, folds }
    };
    Ok(candidates.iter().zip(&costs).map(judged).collect())
}

/// Steps after which a fit is taken as it is.
const STEPS: u64 = 200;

/// The problem of some of the rows, without penalties.
fn rows_of(problem: &LinearProblem, rows: &[u32]) -> LinearProblem {
    let of = |list: &Vec<f64>, k: usize| -> Vec<f64> {
        rows.iter().flat_map(|&i| &list[i as usize * k..][..k]).copied().collect()
    };
    let mut part = LinearProblem::new(problem.matrix.select(rows), of(&problem.target, 1), problem.loss);
    part.weights = problem.weights.as_ref().map(|w| of(w, 1));
    part.offset = problem.offset.as_ref().map(|o| of(o, problem.outputs()));
    part.intercept = problem.intercept;
    part
}

/// The weighted mean of (y − μ)² with its standard error; μ is the mean that the loss predicts.
fn squared_error(problem: &LinearProblem, x: &[f64]) -> Cost {
    let n = problem.rows();
    let mut z = vec![0.0; n];
    kernels::margins(problem, x, &mut z);
    let total = problem.total_weight();
    let weight = |i: usize| problem.weights.as_ref().map_or(1.0, |s| s[i]) / total;
    let mu = |z: f64| if problem.loss == Loss::Poisson { z.exp() } else { z };
    let squares: Vec<f64> = z.iter().zip(&problem.target).map(|(&z, y)| (y - mu(z)).powi(2)).collect();
    let sum = |f: &dyn Fn(usize) -> f64| tree_sum(&(0..n).map(f).collect::<Vec<f64>>());
    let mean = sum(&|i| weight(i) * squares[i]);
    let square = sum(&|i| (weight(i) * (squares[i] - mean)).powi(2));
    Cost { mean, standard_error: square.sqrt() }
}

#[cfg(test)]
mod tests {
    use steepest_data::{By, Dense, Matrix, Values, folds};

    use super::*;

    /// y = 1 + 2x on the first column; the others are noise of the same size.
    fn line(n: usize, d: usize) -> LinearProblem {
        let noise = |k: usize| ((k as f64 * 12.9898).sin() * 43_758.545_3).fract() - 0.5;
        let values: Vec<f64> = (0..n * d).map(noise).collect();
        let target = (0..n).map(|i| 1.0 + 2.0 * values[i * d] + 0.2 * noise(7 * i + 3)).collect();
        let matrix = Matrix::Dense(Dense { rows: n, cols: d, values: Values::narrow(values) });
        LinearProblem::new(matrix, target, Loss::Squared)
    }

    #[test]
    fn every_row_is_judged_by_a_model_that_did_not_see_it() {
        // Leave-one-out of the mean alone has a closed form: y − ȳ₋ᵢ = n/(n − 1)·(y − ȳ).
        let mut problem = line(12, 1);
        problem.target = (0..12).map(|i| f64::from(i * i % 7)).collect();
        let rounds = folds(&(0..12).collect::<Vec<u32>>(), By::Random, 12, 0, 0).unwrap();
        let huge = [Candidate { loss: Loss::Squared, l2: 1e9 }];
        let found = cross_validate(&problem, &rounds, &huge, Measure::SquaredError, 1e-9).unwrap();
        let mean = problem.target.iter().sum::<f64>() / 12.0;
        let expected = problem.target.iter().map(|y| (12.0 / 11.0 * (y - mean)).powi(2)).sum::<f64>() / 12.0;
        assert!((found[0].cost.mean - expected).abs() <= 1e-6 * expected, "{} {expected}", found[0].cost.mean);
    }

    #[test]
    fn a_penalty_between_the_ends_wins_where_most_columns_are_noise() {
        let mut problem = line(30, 20);
        problem.target.iter_mut().enumerate().for_each(|(i, y)| *y += ((i as f64 * 78.233).sin() * 43_758.5).fract());
        let rounds = folds(&(0..30).collect::<Vec<u32>>(), By::Random, 5, 0, 0).unwrap();
        let candidates = [1e2, 1e-2, 1e-9].map(|l2| Candidate { loss: Loss::Squared, l2 });
        let found = cross_validate(&problem, &rounds, &candidates, Measure::Loss, 1e-6).unwrap();
        let cost: Vec<f64> = found.iter().map(|j| j.cost.mean).collect();
        assert!(cost[1] < cost[0] && cost[1] < cost[2], "{cost:?}");
    }

    #[test]
    fn the_loss_that_made_the_target_is_found() {
        let mut problem = line(200, 1);
        let x: Vec<f64> = (0..200).map(|i| i as f64 / 50.0).collect();
        problem.target = x.iter().map(|x| (1.5 * x).exp().round()).collect();
        problem.matrix = Matrix::Dense(Dense { rows: 200, cols: 1, values: Values::narrow(x) });
        let rounds = folds(&(0..200).collect::<Vec<u32>>(), By::Random, 5, 0, 0).unwrap();
        let candidates = [Loss::Squared, Loss::Poisson].map(|loss| Candidate { loss, l2: 1e-3 });
        let found = cross_validate(&problem, &rounds, &candidates, Measure::SquaredError, 1e-6).unwrap();
        assert!(found[1].cost.mean < 0.1 * found[0].cost.mean, "{found:?}");
    }
}
