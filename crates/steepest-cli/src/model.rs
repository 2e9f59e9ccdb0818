//! A fitted linear model: what is saved of it, and what it predicts.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use steepest_core::Layout;
use steepest_data::{Column, Encoder, MISSING, Table, Target, Task};
use steepest_models::linear::{LinearProblem, Loss, kernels};
use steepest_train::SavedModel;

use crate::failure::Failure;
use crate::options::ReadingOptions;
use crate::prepare::Part;

/// The header of a model in `model.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModelHeader {
    /// The family; `linear`.
    pub model: String,
    /// The loss with its constant: `logistic`, `huber:1.35`.
    pub loss: String,
    /// λ₂ of the fit.
    pub l2: f64,
    /// λ₁ of the fit.
    pub l1: f64,
    /// Whether there is an intercept.
    pub intercept: bool,
    /// The hash of the training files.
    pub data: String,
    /// What is predicted.
    pub target: Target,
    /// How its files are read, as far as the user said so.
    #[serde(default, skip_serializing_if = "ReadingOptions::is_default")]
    pub reading: ReadingOptions,
    /// How columns become numbers.
    pub encoder: Encoder,
}

/// A fitted linear model.
#[derive(Debug)]
pub struct LinearModel {
    /// What it is.
    pub header: ModelHeader,
    /// φ.
    pub loss: Loss,
    /// d, or d × K row-major by feature.
    pub weight: Vec<f64>,
    /// 1 or K; zeros without an intercept.
    pub bias: Vec<f64>,
}

/// What a model says about each row.
#[derive(Debug)]
pub struct Predictions {
    /// The linear predictors, n or n × K row-major.
    pub scores: Vec<f64>,
    /// The mean of the target: numbers, the probability of the positive class, or n × K probabilities; `None` where the loss
    /// gives no probability (hinge, squared hinge).
    pub means: Option<Vec<f64>>,
}

impl LinearModel {
    /// The model of a solved problem: `point` is laid out as [`LinearProblem::layout`].
    pub fn new(header: ModelHeader, problem: &LinearProblem, point: &[f64]) -> LinearModel {
        let d = problem.features() * problem.loss.outputs();
        let bias = if problem.intercept { point[d..].to_vec() } else { vec![0.0; problem.loss.outputs()] };
        LinearModel { header, loss: problem.loss, weight: point[..d].to_vec(), bias }
    }

    /// What is written to the run directory.
    pub fn saved(&self, layout: &Layout) -> Result<SavedModel, Failure> {
        let Value::Object(header) = serde_json::to_value(&self.header).map_err(Failure::input)? else {
            return Err(Failure::usage("the model's header is no JSON object"));
        };
        let mut point = self.weight.clone();
        if self.header.intercept {
            point.extend(&self.bias);
        }
        Ok(SavedModel::new(header, layout, &point))
    }

    /// Reads a model from a run directory.
    pub fn load(run: &std::path::Path) -> Result<LinearModel, Failure> {
        if !run.join("model.json").is_file() {
            let what = if run.is_dir() { "holds no finished model" } else { "does not exist" };
            return Err(Failure::usage(format!("the run {} {what}", run.display()))
                .with_help("`steepest runs list` shows the runs and their state"));
        }
        let saved = SavedModel::load(run).map_err(Failure::input)?;
        let header: Map<String, Value> = saved.header.clone();
        let header: ModelHeader = serde_json::from_value(Value::Object(header))
            .map_err(|e| Failure::usage(format!("{}: {e}", run.join("model.json").display())))?;
        let loss = parse_loss(&header.loss, header.target.classes.len())?;
        let damaged = |what: &str| Failure::usage(format!("the model of {} is damaged: {what}", run.display()));
        let weight = saved.tensor("weight").ok_or_else(|| damaged("it has no tensor `weight`"))?.to_vec();
        if weight.len() != header.encoder.cols() * loss.outputs() {
            return Err(damaged("`weight` does not have the size of the encoder"));
        }
        let bias = match saved.tensor("bias") {
            Some(bias) if bias.len() == loss.outputs() => bias.to_vec(),
            None if !header.intercept => vec![0.0; loss.outputs()],
            _ => return Err(damaged("`bias` does not fit the loss")),
        };
        Ok(LinearModel { header, loss, weight, bias })
    }

    /// Predicts the rows of a part.
    pub fn predict(&self, part: &Part) -> Predictions {
        let k = self.loss.outputs();
        let n = part.matrix.rows();
        let mut scores = vec![0.0; n * k];
        kernels::multiply(&part.matrix, &self.weight, k, &mut scores);
        for (i, z) in scores.chunks_exact_mut(k).enumerate() {
            for (c, z) in z.iter_mut().enumerate() {
                *z += self.bias[c] + part.offset.as_ref().map_or(0.0, |o| o[i]);
            }
        }
        let (means, _) = self.interpret(&scores, None);
        Predictions { scores, means }
    }

    /// Means and classes of linear predictors; two classes are told apart at `threshold`, a probability (a score, for losses
    /// without probabilities).
    pub fn interpret(&self, scores: &[f64], threshold: Option<f64>) -> (Option<Vec<f64>>, Vec<u32>) {
        match self.loss {
            Loss::Squared | Loss::Huber(_) | Loss::Quantile(_) => (Some(scores.to_vec()), vec![]),
            Loss::Poisson => (Some(scores.iter().map(|z| z.exp()).collect()), vec![]),
            Loss::Logistic => {
                let p: Vec<f64> = scores.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
                let threshold = threshold.unwrap_or(0.5);
                let classes = p.iter().map(|&p| u32::from(p >= threshold)).collect();
                (Some(p), classes)
            }
            Loss::Hinge | Loss::SquaredHinge => {
                let threshold = threshold.unwrap_or(0.0);
                (None, scores.iter().map(|&z| u32::from(z >= threshold)).collect())
            }
            Loss::Softmax(k) => {
                let mut p = scores.to_vec();
                for row in p.chunks_exact_mut(k) {
                    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    row.iter_mut().for_each(|z| *z = (*z - largest).exp());
                    let total: f64 = row.iter().sum();
                    row.iter_mut().for_each(|z| *z /= total);
                }
                let first_largest = |row: &[f64]| (0..k).fold(0, |best, c| if row[c] > row[best] { c } else { best });
                let classes = p.chunks_exact(k).map(|row| first_largest(row) as u32).collect();
                (Some(p), classes)
            }
        }
    }

    /// Predictions as columns: ids, `prediction`, and the probability of each class (`p(CLASS)`).
    pub fn table(&self, part: &Part, predictions: &Predictions, threshold: Option<f64>) -> Table {
        let target = &self.header.target;
        let mut names: Vec<String> = part.ids.iter().map(|(name, _)| name.clone()).collect();
        let mut columns: Vec<Column> = part.ids.iter().map(|(_, column)| column.clone()).collect();
        let (means, classes) = self.interpret(&predictions.scores, threshold);
        names.push("prediction".into());
        match (target.task, means) {
            (Task::Regression, means) => columns.push(Column::Number(means.unwrap_or_default())),
            (task, means) => {
                columns.push(Column::Category { codes: classes, levels: target.classes.clone() });
                match (task, means) {
                    (Task::Binary, Some(p)) => {
                        names.extend(target.classes.iter().map(|class| format!("p({class})")));
                        columns.push(Column::Number(p.iter().map(|p| 1.0 - p).collect()));
                        columns.push(Column::Number(p));
                    }
                    (Task::Multiclass, Some(p)) => {
                        let k = target.classes.len();
                        for (c, class) in target.classes.iter().enumerate() {
                            names.push(format!("p({class})"));
                            columns.push(Column::Number(p.iter().skip(c).step_by(k).copied().collect()));
                        }
                    }
                    (_, _) => {
                        names.push("score".into());
                        columns.push(Column::Number(predictions.scores.clone()));
                    }
                }
            }
        }
        Table { names, columns, rows: part.matrix.rows() }
    }

    /// The target of a part as words, for files that hold predictions beside it.
    pub fn target_column(&self, part: &Part) -> Column {
        match self.header.target.task {
            Task::Regression => Column::Number(part.target.clone()),
            _ => {
                let code = |&v: &f64| if v.is_nan() { MISSING } else { v as u32 };
                Column::Category {
                    codes: part.target.iter().map(code).collect(),
                    levels: self.header.target.classes.clone(),
                }
            }
        }
    }
}

/// The default constants of losses that have one.
const HUBER_DELTA: f64 = 1.35;
const QUANTILE_TAU: f64 = 0.5;

/// Reads a loss: `logistic`, `huber:1.35`, `huber:delta=1.35`, `quantile:0.9`.
pub fn parse_loss(text: &str, classes: usize) -> Result<Loss, Failure> {
    let (name, constant) = match text.split_once(':') {
        Some((name, rest)) => (name.trim(), Some(rest.trim())),
        None => (text.trim(), None),
    };
    let number = |key: &str, default: f64| match constant {
        None => Ok(default),
        Some(given) => given
            .strip_prefix(key)
            .map_or(Some(given), |rest| rest.trim_start().strip_prefix('='))
            .and_then(|digits| digits.trim().parse::<f64>().ok())
            .ok_or_else(|| Failure::usage(format!("--loss: `{given}` is no {key}; write `{name}:{default}`"))),
    };
    let loss = match name {
        "squared" => Loss::Squared,
        "huber" => Loss::Huber(number("delta", HUBER_DELTA)?),
        "quantile" => Loss::Quantile(number("tau", QUANTILE_TAU)?),
        "poisson" => Loss::Poisson,
        "logistic" => Loss::Logistic,
        "hinge" => Loss::Hinge,
        "squared_hinge" | "squared-hinge" => Loss::SquaredHinge,
        "softmax" => Loss::Softmax(classes),
        other => {
            return Err(Failure::usage(format!("--loss: there is no loss `{other}`")).with_help(
                "there are squared, huber:DELTA, quantile:TAU, poisson, logistic, softmax, hinge and squared_hinge",
            ));
        }
    };
    match (loss, constant) {
        (Loss::Huber(delta), _) if !(delta > 0.0 && delta.is_finite()) => {
            Err(Failure::usage(format!("--loss: the delta of huber must be above 0, and {delta} is not")))
        }
        (Loss::Quantile(tau), _) if !(tau > 0.0 && tau < 1.0) => {
            Err(Failure::usage(format!("--loss: the tau of quantile lies between 0 and 1, and {tau} does not")))
        }
        (Loss::Huber(_) | Loss::Quantile(_), _) | (_, None) => Ok(loss),
        (_, Some(constant)) => {
            Err(Failure::usage(format!("--loss: {name} has no constant, and `{constant}` is given")))
        }
    }
}

/// The loss as text that [`parse_loss`] reads.
pub fn loss_text(loss: Loss) -> String {
    match loss {
        Loss::Huber(delta) => format!("huber:{delta}"),
        Loss::Quantile(tau) => format!("quantile:{tau}"),
        other => other.name().into(),
    }
}

/// The loss of a task, checked against the one asked for.
pub fn choose_loss(asked: Option<&str>, target: &Target) -> Result<Loss, Failure> {
    let classes = target.classes.len();
    let Some(text) = asked else {
        return Ok(match target.task {
            Task::Regression => Loss::Squared,
            Task::Binary => Loss::Logistic,
            Task::Multiclass => Loss::Softmax(classes),
        });
    };
    let loss = parse_loss(text, classes)?;
    let fits = match loss {
        Loss::Squared | Loss::Huber(_) | Loss::Quantile(_) | Loss::Poisson => target.task == Task::Regression,
        Loss::Logistic | Loss::Hinge | Loss::SquaredHinge => target.task == Task::Binary,
        Loss::Softmax(_) => target.task != Task::Regression,
    };
    if fits {
        return Ok(loss);
    }
    let help = match target.task {
        Task::Regression => "numbers take squared, huber, quantile or poisson",
        Task::Binary => "two classes take logistic, hinge, squared_hinge or softmax",
        Task::Multiclass => "several classes take softmax",
    };
    let name = loss.name();
    Err(Failure::usage(format!(
        "--loss: {name} does not fit the target `{}`, which is {}",
        target.name,
        target.task.name()
    ))
    .with_help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_read_with_their_constants() {
        assert_eq!(parse_loss("huber", 0).unwrap(), Loss::Huber(1.35));
        assert_eq!(parse_loss("huber:2", 0).unwrap(), Loss::Huber(2.0));
        assert_eq!(parse_loss("quantile:tau=0.9", 0).unwrap(), Loss::Quantile(0.9));
        assert_eq!(parse_loss(&loss_text(Loss::Quantile(0.25)), 0).unwrap(), Loss::Quantile(0.25));
        for bad in ["huber:0", "huber:x", "quantile:1", "logistic:3", "nope", "huber:tau=1"] {
            assert!(parse_loss(bad, 2).is_err(), "{bad}");
        }
    }
}
