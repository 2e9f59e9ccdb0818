//! `coefficients.csv`: what a linear model says about each feature, in the units of the file, and how well it is known.

use steepest_data::Feature;
use steepest_models::linear::{Estimate, Inference, LinearProblem, NoInference};

use crate::model::LinearModel;

/// The columns after `class`, which only models of several classes have.
const COLUMNS: &str = "feature,coefficient,standard_error,z,p_value,low,high,encoded_coefficient\n";

/// The file, and why it has no standard errors.
pub struct Lines {
    /// The CSV text.
    pub text: String,
    /// The reason, where there are none.
    pub without_errors: Option<String>,
}

/// One line a feature (and class), the intercept first. Fields of what is not known are empty.
pub fn lines(model: &LinearModel, problem: &LinearProblem, point: &[f64]) -> Lines {
    let k = problem.outputs();
    let features = model.header.encoder.features();
    let (estimates, without_errors) = match Inference::new(problem, point) {
        Ok(inference) => {
            let (shift, scale): (Vec<f64>, Vec<f64>) = features.iter().map(|f| (f.shift, f.scale)).unzip();
            (inference.original(&shift, &scale), None)
        }
        Err(reason) => (vec![None; point.len()], Some(with_name(&reason, &features))),
    };
    let mut text = String::from(if k > 1 { "class," } else { "" });
    text.push_str(COLUMNS);
    for c in 0..k {
        let weights: Vec<f64> = model.weight.iter().skip(c).step_by(k).copied().collect();
        let (original, intercept) = model.header.encoder.original_units(&weights, model.bias[c]);
        let class = if k > 1 { format!("{},", quoted(&model.header.target.classes[c])) } else { String::new() };
        let mut line = |name: &str, coefficient: f64, encoded: f64, estimate: Option<Estimate>| {
            text.push_str(&format!("{class}{},{coefficient},{},{encoded}\n", quoted(name), errors(estimate)));
        };
        if problem.intercept {
            line("(intercept)", intercept, model.bias[c], estimates[features.len() * k + c]);
        }
        for (j, feature) in features.iter().enumerate() {
            line(&feature.name, original[j], weights[j], estimates[j * k + c]);
        }
    }
    Lines { text, without_errors }
}

/// The five fields of an estimate. A probability below the smallest number is written as 0.
fn errors(estimate: Option<Estimate>) -> String {
    estimate.map_or(",,,,".into(), |e| format!("{},{},{},{},{}", e.standard_error, e.z, e.p_value, e.low, e.high))
}

/// The reason, with the name of the feature it speaks of.
fn with_name(reason: &NoInference, features: &[Feature]) -> String {
    match reason.feature() {
        Some(j) => format!("{reason} (feature {j} is `{}`)", features[j].name),
        None => reason.to_string(),
    }
}

/// A CSV field, quoted where it must be.
fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_string() }
}
