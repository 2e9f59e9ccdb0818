//! The problem of a fit: its loss, weights, offset and penalties.

use steepest_models::linear::{LinearProblem, Loss};

use crate::config::Choice;
use crate::failure::Failure;
use crate::model::{choose_loss, loss_text};
use crate::options::{FitOptions, Intercept, Penalty};
use crate::prepare::{Part, Prepared, class_weighted};
use crate::say::number;
use crate::tell;

/// The linear problem of the training rows, which are moved into it.
pub(super) fn build_problem(
    prepared: &mut Prepared,
    options: &FitOptions,
    choices: &mut Vec<Choice>,
) -> Result<LinearProblem, Failure> {
    let model = &options.model;
    if let Some(name) = model.model.as_deref()
        && name != "linear"
    {
        return Err(Failure::usage(format!("--model: there is no model `{name}`")).with_help("there is linear"));
    }
    let target = &prepared.target;
    let loss = choose_loss(model.loss.as_deref(), target)?;
    if model.loss.is_none() {
        let why = format!("the target `{}` is {}", target.name, target.task.name());
        choices.push(Choice { what: "model.loss", value: loss_text(loss), why });
    }
    if let Some(bad) = negative_count(&prepared.train, loss) {
        return Err(bad);
    }
    let weights = class_weighted(&prepared.train, &prepared.train, target, model.class_weights.as_deref())?;
    let part = &mut prepared.train;
    let matrix = part.take_matrix();
    let y = tell::signed(loss, &part.target);
    let mut problem = LinearProblem::new(matrix, y, loss);
    problem.weights = weights;
    problem.offset = spread_offset(part.offset.take(), loss.outputs());
    problem.intercept = model.intercept != Some(Intercept::None);
    let total = problem.total_weight();
    problem.l1 = match model.l1 {
        Some(Penalty::Value(v)) => v,
        Some(Penalty::Auto) | None => 0.0,
    };
    problem.l2 = match model.l2 {
        Some(Penalty::Value(v)) => v,
        // With L1 alone asked for, a second penalty would be a surprise.
        None if model.l1.is_some_and(|l1| l1 != Penalty::Value(0.0)) => 0.0,
        Some(Penalty::Auto) => 0.0,
        None => {
            let why = "1/n: the weight of one row; `--l2 auto` chooses on validation rows".to_string();
            choices.push(Choice { what: "model.l2", value: number(1.0 / total), why });
            1.0 / total
        }
    };
    Ok(problem)
}

/// An offset of a row counts for each of its linear predictors.
pub fn spread_offset(offset: Option<Vec<f64>>, outputs: usize) -> Option<Vec<f64>> {
    let offset = offset?;
    if outputs == 1 {
        return Some(offset);
    }
    Some(offset.into_iter().flat_map(|o| std::iter::repeat_n(o, outputs)).collect())
}

/// Poisson needs counts, and says which row has none.
fn negative_count(part: &Part, loss: Loss) -> Option<Failure> {
    if loss != Loss::Poisson {
        return None;
    }
    let at = part.target.iter().position(|&y| y < 0.0)?;
    let (row, value) = (part.rows[at] + 1, part.target[at]);
    Some(
        Failure::usage(format!("--loss poisson needs counts from 0 on, and the target of row {row} is {value}"))
            .with_help("choose squared, huber or quantile"),
    )
}
