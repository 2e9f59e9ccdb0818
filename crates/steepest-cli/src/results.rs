//! What a finished fit leaves behind besides the model: scores, coefficients, predictions, facts about the machine.

use serde_json::{Map, Value, json};
use steepest_core::{Certificate, isa::Isa};
use steepest_data::{Column, Destination, Table, Task, write_csv};
use steepest_models::linear::{LinearProblem, Loss, certificate as linear, kernels};
use steepest_train::metrics::{Binary, MetricSet, Multiclass, Regression, RegressionLoss};
use steepest_train::{Predictions as Judged, RunDir};

use crate::failure::Failure;
use crate::model::{LinearModel, Predictions};
use crate::prepare::{Part, Prepared};

/// The certificate as JSON.
pub fn certificate(certificate: &Certificate) -> Value {
    match certificate {
        Certificate::Gap { kind, gap, relative } => json!({"kind": kind.name(), "gap": gap, "relative": relative}),
        Certificate::None { reason } => json!({"kind": "none", "gap": null, "relative": null, "reason": reason}),
    }
}

/// Mean loss plus penalty on the training rows.
pub fn objective(problem: &LinearProblem, point: &[f64]) -> f64 {
    let mut z = vec![0.0; problem.rows() * problem.outputs()];
    kernels::margins(problem, point, &mut z);
    linear::objective(problem, point, &z)
}

/// What the run was made on.
pub fn machine() -> Value {
    json!({
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "isa": format!("{:?}", Isa::detect()).to_lowercase(),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "threads": rayon::current_num_threads(),
    })
}

/// Scores of all parts.
#[derive(Debug)]
pub struct Evaluation {
    /// Metrics by part.
    pub metrics: Map<String, Value>,
    /// The content of `evaluation.json`.
    pub detail: Value,
}

/// Scores the training rows, which are in the problem, and the held-back parts.
pub fn evaluate_parts(model: &LinearModel, problem: &LinearProblem, prepared: &Prepared, point: &[f64]) -> Evaluation {
    let mut detail = Map::new();
    let mut scores = vec![0.0; problem.rows() * problem.outputs()];
    kernels::margins(problem, point, &mut scores);
    let (means, _) = model.interpret(&scores, None);
    let train = Predictions { scores, means };
    let weights = problem.weights.as_deref();
    let target = &prepared.target;
    let train = judge(model, &train, &prepared.train.target, weights, |judged| judged.evaluation(&target.classes));
    detail.insert("train".into(), train);
    for (name, part) in [("valid", &prepared.valid), ("test", &prepared.test)] {
        if let Some(part) = part {
            detail.insert(name.into(), evaluate_part(model, part));
        }
    }
    let metrics = detail.iter().map(|(part, value)| (part.clone(), value["metrics"].clone())).collect();
    Evaluation { metrics, detail: Value::Object(detail) }
}

/// Scores one part.
pub fn evaluate_part(model: &LinearModel, part: &Part) -> Value {
    let labels = &model.header.target.classes;
    let predictions = model.predict(part);
    judge(model, &predictions, &part.target, part.weights.as_deref(), |judged| judged.evaluation(labels))
}

/// The metrics of one part, as the loop records them.
pub fn measure(model: &LinearModel, part: &Part) -> MetricSet {
    let predictions = model.predict(part);
    judge(model, &predictions, &part.target, part.weights.as_deref(), |judged| judged.metrics())
}

/// Hands predictions beside their targets to whoever judges them, in the form that suits the task.
fn judge<R>(
    model: &LinearModel,
    predictions: &Predictions,
    target: &[f64],
    weights: Option<&[f64]>,
    then: impl FnOnce(Judged<'_>) -> R,
) -> R {
    let means = predictions.means.as_deref();
    if model.header.target.task == Task::Regression {
        let loss = match model.loss {
            Loss::Poisson => RegressionLoss::Poisson,
            Loss::Quantile(tau) => RegressionLoss::Quantile(tau),
            Loss::Huber(delta) => RegressionLoss::Huber(delta),
            _ => RegressionLoss::Squared,
        };
        let predicted = means.unwrap_or(&predictions.scores);
        return then(Judged::Regression(Regression { target, predicted, weights, loss }));
    }
    let classes: Vec<u32> = target.iter().map(|&c| c as u32).collect();
    if model.loss.outputs() == 1 {
        let (score, threshold) = (&predictions.scores[..], 0.0);
        return then(Judged::Binary(Binary { target: &classes, score, threshold, probability: means, weights }));
    }
    let probability = means.unwrap_or(&predictions.scores);
    let classes_count = model.loss.outputs();
    then(Judged::Multiclass(Multiclass { classes: classes_count, target: &classes, probability, weights }))
}

/// Writes `predictions.csv`: the held-back rows with their split, number, ids, target and predictions.
pub fn write_predictions(run: &RunDir, model: &LinearModel, prepared: &Prepared) -> Result<(), Failure> {
    let parts: Vec<(&str, &Part)> = [("valid", &prepared.valid), ("test", &prepared.test)]
        .into_iter()
        .filter_map(|(n, p)| Some((n, p.as_ref()?)))
        .collect();
    let mut whole: Option<Table> = None;
    for (name, part) in parts {
        let mut table = model.table(part, &model.predict(part), None);
        let n = table.rows;
        let rows: Vec<f64> = part.rows.iter().map(|&i| f64::from(i) + 1.0).collect();
        table.names.splice(0..0, ["split", "row", &model.header.target.name].map(String::from));
        let split = Column::Category { codes: vec![0; n], levels: vec![name.to_string()] };
        table.columns.splice(0..0, [split, Column::Number(rows), model.target_column(part)]);
        whole = Some(match whole {
            None => table,
            Some(first) => stack(first, table),
        });
    }
    let Some(table) = whole else { return Ok(()) };
    write_csv(&table, Destination::Path(&run.file("predictions.csv"))).map_err(Failure::input)
}

/// One table below another with the same columns.
pub fn stack(mut upper: Table, lower: Table) -> Table {
    for (a, b) in upper.columns.iter_mut().zip(lower.columns) {
        match (a, b) {
            (Column::Number(a), Column::Number(b)) | (Column::Time(a), Column::Time(b)) => a.extend(b),
            (Column::Category { codes, levels }, Column::Category { codes: more, levels: theirs }) => {
                let code: Vec<u32> = theirs
                    .into_iter()
                    .map(|level| {
                        let at = levels.iter().position(|l| *l == level).unwrap_or_else(|| {
                            levels.push(level);
                            levels.len() - 1
                        });
                        at as u32
                    })
                    .collect();
                codes.extend(more.iter().map(|&c| code.get(c as usize).copied().unwrap_or(steepest_data::MISSING)));
            }
            _ => {}
        }
    }
    upper.rows += lower.rows;
    upper
}

/// Writes `coefficients.csv`. Returns why there are no standard errors, if there are none.
pub fn write_coefficients(
    run: &RunDir,
    model: &LinearModel,
    problem: &LinearProblem,
    point: &[f64],
) -> Result<Option<String>, Failure> {
    let lines = crate::coefficients::lines(model, problem, point);
    run.write("coefficients.csv", |out| out.write_all(lines.text.as_bytes())).map_err(Failure::input)?;
    Ok(lines.without_errors)
}
