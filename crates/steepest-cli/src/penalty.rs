//! `--l2 auto`, `--l1 auto` and `--refit all`: the penalty that suits the validation rows, and a fit on all rows with it.

use steepest_data::Table;
use steepest_models::linear::LinearProblem;
use steepest_train::{PathOutcome, PenaltyPath, Varied, mean_loss};

use crate::commands::fit::spread_offset;
use crate::config::Choice;
use crate::failure::Failure;
use crate::options::{FitOptions, Penalty, Refit};
use crate::prepare::{Prepared, class_weighted};
use crate::say::{Say, count, counted, number};
use crate::{results, solve, tell};

/// The share of the L1 penalty where both penalties are `auto`.
const SHARE: f64 = 0.5;

/// Refuses `--refit` where it would mean nothing. A configuration that repeats a run holds the number that was chosen, so that
/// there `refit = "all"` stands beside it.
pub fn check_refit(options: &FitOptions, repeats: bool) -> Result<(), Failure> {
    if options.model.refit.is_some() && !options.model.has_auto() && !repeats {
        return Err(Failure::usage("--refit says what follows the choice of a penalty, and none is to be chosen")
            .with_help("add `--l2 auto` or `--l1 auto`; `--valid 0` trains on the validation rows otherwise"));
    }
    if options.model.refit == Some(Refit::All) && options.stop.patience.is_some_and(|p| p > 0) {
        return Err(Failure::usage("--refit all trains on the validation rows, so that --patience has none to watch")
            .with_help("leave one of them out"));
    }
    Ok(())
}

/// Chooses the penalties that are `auto` along a path, by the mean loss of the validation rows. They are then numbers in
/// `problem` and in `options`, so that the written configuration repeats the run without choosing again.
pub fn choose(
    problem: &mut LinearProblem,
    prepared: &mut Prepared,
    options: &mut FitOptions,
    choices: &mut Vec<Choice>,
    say: &Say,
) -> Result<PathOutcome, Failure> {
    let auto = |penalty: Option<Penalty>| penalty == Some(Penalty::Auto);
    let (varied, name) = match (auto(options.model.l2), auto(options.model.l1)) {
        (true, true) => (Varied::Both { share: SHARE }, "l2 and l1 in equal parts"),
        (false, true) => (Varied::L1, "l1"),
        _ => (Varied::L2, "l2"),
    };
    let flag = if auto(options.model.l2) { "--l2" } else { "--l1" };
    refuse_solver(problem, varied, options)?;
    let weights = prepared
        .valid
        .as_ref()
        .map(|valid| class_weighted(valid, &prepared.train, &prepared.target, options.model.class_weights.as_deref()));
    let Some(valid) = &mut prepared.valid else {
        return Err(Failure::usage(format!("{flag} auto chooses on validation rows, and there are none"))
            .with_help("hold some back with `--valid 10%`, or name a file with `--valid-file`"));
    };
    let mut held = LinearProblem::new(valid.take_matrix(), tell::signed(problem.loss, &valid.target), problem.loss);
    held.weights = weights.transpose()?.flatten();
    held.offset = spread_offset(valid.offset.clone(), problem.outputs());
    held.intercept = problem.intercept;
    let found = PenaltyPath::new(varied).run(problem, |point| mean_loss(&held, point));
    valid.matrix = held.matrix;
    let path = found.map_err(|e| Failure::usage(format!("{flag} auto: {e}")))?;

    tell_path(&path, name, say);
    let best = &path.points[path.chosen];
    for (key, penalty, value) in
        [("model.l2", &mut options.model.l2, best.l2), ("model.l1", &mut options.model.l1, best.l1)]
    {
        if auto(*penalty) {
            *penalty = Some(Penalty::Value(value));
            let cost = best.cost;
            let why = format!(
                "the best of {} values of {name} on {} validation rows; mean loss {} ± {} there",
                path.points.len(),
                count(valid.target.len() as u64),
                number(cost.mean),
                number(cost.standard_error),
            );
            choices.push(Choice { what: key, value: number(value), why });
        }
    }
    Ok(path)
}

/// Refuses a solver that cannot take the penalty before the path is followed instead of after.
fn refuse_solver(problem: &mut LinearProblem, varied: Varied, options: &FitOptions) -> Result<(), Failure> {
    let before = (problem.l1, problem.l2);
    match varied {
        Varied::L2 => problem.l2 = 1.0,
        Varied::L1 => problem.l1 = 1.0,
        Varied::Both { .. } => (problem.l1, problem.l2) = (1.0, 1.0),
    }
    let plan = solve::plan(problem, options, &mut Vec::new());
    (problem.l1, problem.l2) = before;
    plan.map(|_| ())
}

/// `path      40 values of l2, best 0.0031 on the validation rows`.
fn tell_path(path: &PathOutcome, name: &str, say: &Say) {
    for p in &path.points {
        let gap = p.gap.map_or(String::new(), |gap| format!(" · gap {}", number(gap)));
        let (l2, l1, loss) = (number(p.l2), number(p.l1), number(p.cost.mean));
        say.detail(
            "path",
            &format!("l2 {l2} · l1 {l1} · valid loss {loss} · {} nonzero{gap}", count(p.nonzeros as u64)),
        );
    }
    let end = match path.chosen {
        0 => " (the largest: the features help little)",
        at if at + 1 == path.points.len() => " (the smallest: hardly any penalty is needed)",
        _ => "",
    };
    let best = number(path.points[path.chosen].lambda);
    say.line("path", &format!("{} values of {name}, best {best} on the validation rows{end}", path.points.len()));
}

/// Gives the features of `problem` back and joins the validation rows to the training rows; the encoder stays as it is.
pub fn join_validation(prepared: &mut Prepared, problem: LinearProblem, say: &Say) -> Result<(), Failure> {
    let Some(valid) = prepared.valid.take() else {
        return Err(Failure::usage("--refit all joins the validation rows to the training rows, and there are none")
            .with_help("hold some back with `--valid 10%`, or name a file with `--valid-file`"));
    };
    let (k, train) = (problem.outputs(), &mut prepared.train);
    // The problem counts an offset once for each of the K predictors of a row.
    train.offset = problem.offset.map(|o| o.into_iter().step_by(k).collect());
    train.matrix = problem.matrix.stack(&valid.matrix);
    let rows = (train.target.len(), valid.target.len());
    train.weights = joined(train.weights.take(), valid.weights, 1.0, rows);
    train.offset = joined(train.offset.take(), valid.offset, 0.0, rows);
    let ids = |part: &mut Vec<(String, steepest_data::Column)>, rows: usize| {
        let (names, columns) = std::mem::take(part).into_iter().unzip();
        Table { names, columns, rows }
    };
    let mut more = valid.ids;
    let ids = results::stack(ids(&mut train.ids, rows.0), ids(&mut more, rows.1));
    train.ids = ids.names.into_iter().zip(ids.columns).collect();
    train.rows.extend(valid.rows);
    train.target.extend(valid.target);
    say.line("refit", &format!("{}: training and validation rows together", counted(train.target.len() as u64, "row")));
    Ok(())
}

/// A list for each row of two parts, `usual` where a part has none.
fn joined(first: Option<Vec<f64>>, second: Option<Vec<f64>>, usual: f64, rows: (usize, usize)) -> Option<Vec<f64>> {
    if first.is_none() && second.is_none() {
        return None;
    }
    let mut first = first.unwrap_or_else(|| vec![usual; rows.0]);
    first.extend(second.unwrap_or_else(|| vec![usual; rows.1]));
    Some(first)
}
