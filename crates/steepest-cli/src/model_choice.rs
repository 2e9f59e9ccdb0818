//! The loss and the penalty of a fit for which nobody named them: what predicts best in cross-validation, where that is cheap.

use steepest_data::{By, Task, folds};
use steepest_models::linear::{LinearProblem, Loss};
use steepest_train::{Candidate, Judged, Measure, cross_validate};

use crate::config::Choice;
use crate::failure::Failure;
use crate::model::loss_text;
use crate::options::FitOptions;
use crate::prepare::Prepared;
use crate::say::number;

/// Folds of the training rows.
const FOLDS: usize = 5;
/// Stored values of the matrix, times predictors of a row, up to which penalties are compared: the fits then take less than
/// a second. With more rows 1/n is small enough not to matter.
const FEW: usize = 250_000;
/// The folds are dealt out anew as long as that costs less than `FEW` allows, but no more often than this: of few rows one
/// deal says more about itself than about the penalty.
const DEALS: usize = 8;
/// λ₂ in units of 1/n, from the strongest, so that each fit starts near its end; then half a decade either way of the best,
/// then a quarter.
const FACTORS: [f64; 8] = [1e3, 1e2, 10.0, 1.0, 0.1, 1e-2, 1e-3, 1e-4];
const REFINEMENTS: [f64; 2] = [3.162_277_660_168_379_5, 1.778_279_410_038_922_8];
/// The gap of these fits; what is compared differs by more.
const GAP: f64 = 1e-4;

/// Sets the loss and λ₂ of `problem` where the options leave them open, and says why. Leaves both as they are where the
/// rows came in groups or in time or are very few, and λ₂ where there are many or where an L1 penalty was asked for.
pub fn choose(
    problem: &mut LinearProblem,
    prepared: &Prepared,
    options: &FitOptions,
    choices: &mut Vec<Choice>,
) -> Result<(), Failure> {
    if !can_compare(prepared) {
        return Ok(());
    }
    let failed = |e: &dyn std::fmt::Display| Failure::usage(format!("choosing the model in {FOLDS} folds: {e}"));
    if compares_losses(prepared, options) {
        let candidates = [Loss::Squared, Loss::Poisson].map(|loss| Candidate { loss, l2: problem.l2 });
        let rows = spread(problem, FEW);
        let rounds = folds(&rows, By::Random, FOLDS, options.run.seed.unwrap_or(0), 0).map_err(Failure::input)?;
        let judged =
            cross_validate(problem, &rounds, &candidates, Measure::SquaredError, GAP).map_err(|e| failed(&e))?;
        // One row far outside can spoil one fold of a model with exponentials; the folds vote.
        let wins = judged[1].folds.iter().zip(&judged[0].folds).filter(|(poisson, squared)| poisson < squared).count();
        let loss = judged[usize::from(2 * wins > FOLDS)].candidate.loss;
        let why = match 2 * wins > FOLDS {
            true => format!("it predicts these counts better than squared loss in {wins} of {FOLDS} folds"),
            false => format!("it predicts these counts better than poisson in {} of {FOLDS} folds", FOLDS - wins),
        };
        set(choices, "model.loss", loss_text(loss), why);
        problem.loss = loss;
    }
    let model = &options.model;
    let size = problem.matrix.stored().saturating_mul(problem.outputs());
    if model.l2.is_none() && model.l1.is_none() && size <= FEW {
        let rows: Vec<u32> = (0..problem.rows() as u32).collect();
        let codes: Vec<u32> = prepared.train.target.iter().map(|&y| y as u32).collect();
        let by = if prepared.target.task == Task::Regression { By::Random } else { By::Classes(&codes) };
        let deals = (FEW / (4 * size.max(1))).clamp(1, DEALS);
        let mut rounds = Vec::with_capacity(FOLDS * deals);
        for deal in 0..deals as u64 {
            rounds.extend(folds(&rows, by, FOLDS, options.run.seed.unwrap_or(0), deal).map_err(Failure::input)?);
        }
        // The penalty weighs against the data as a prior does, so that λ₂·n is the same for the rows of a fold and for all.
        let of_all = (FOLDS - 1) as f64 / FOLDS as f64;
        let row = 1.0 / (of_all * problem.total_weight());
        let judge = |factors: &[f64], unit: f64| {
            let of = |f: &f64| Candidate { loss: problem.loss, l2: f * unit };
            let candidates: Vec<Candidate> = factors.iter().map(of).collect();
            cross_validate(problem, &rounds, &candidates, Measure::Loss, GAP).map_err(|e| failed(&e))
        };
        let mut judged = judge(&FACTORS, row)?;
        for factor in REFINEMENTS {
            let Some(best) = best(&judged) else { return Ok(()) };
            judged.extend(judge(&[factor, 1.0 / factor], best.l2)?);
        }
        let l2 = best(&judged).map_or(problem.l2, |best| best.l2 * of_all);
        let how = if deals == 1 { format!("{FOLDS} folds") } else { format!("{FOLDS} folds, dealt {deals} times") };
        let why =
            format!("{} × 1/n, the best of {} values in {how}", number(l2 * problem.total_weight()), judged.len());
        set(choices, "model.l2", number(l2), why);
        problem.l2 = l2;
    }
    Ok(())
}

/// Whether the loss of a fit is to be chosen between squared and Poisson: none was named and the target counts.
pub fn compares_losses(prepared: &Prepared, options: &FitOptions) -> bool {
    let y = &prepared.train.target;
    can_compare(prepared)
        && options.model.loss.is_none()
        && prepared.target.task == Task::Regression
        && y.iter().all(|&y| y >= 0.0 && y.fract() == 0.0)
        && y.iter().any(|&y| y > 1.0)
}

/// Whether rows may be dealt out to folds at random, and are enough for it.
fn can_compare(prepared: &Prepared) -> bool {
    matches!(prepared.how, "random" | "stratified" | "given") && prepared.train.target.len() >= 4 * FOLDS
}

/// Rows in equal steps, so many that their part of the matrix stores at most `most` values.
fn spread(problem: &LinearProblem, most: usize) -> Vec<u32> {
    let step = problem.matrix.stored().div_ceil(most).max(1);
    (0..problem.rows() as u32).step_by(step).collect()
}

/// Replaces what was said of a key.
fn set(choices: &mut Vec<Choice>, what: &'static str, value: String, why: String) {
    choices.retain(|c| c.what != what);
    choices.push(Choice { what, value, why });
}

/// The candidate of the least cost; the first, and so the strongest penalty, of equals.
fn best(judged: &[Judged]) -> Option<Candidate> {
    let finite = judged.iter().filter(|j| j.cost.mean.is_finite());
    finite.min_by(|a, b| a.cost.mean.total_cmp(&b.cost.mean)).map(|j| j.candidate)
}
