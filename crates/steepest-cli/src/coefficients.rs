//! `coefficients.csv`: what a linear model says about each feature, in the units of the file.

use steepest_models::linear::LinearProblem;

use crate::model::LinearModel;

/// The file, and why it has no standard errors.
pub struct Lines {
    /// The CSV text.
    pub text: String,
    /// The reason, where there are none.
    pub without_errors: Option<String>,
}

/// One line a feature (and class), the intercept first.
pub fn lines(model: &LinearModel, problem: &LinearProblem, _point: &[f64]) -> Lines {
    let k = problem.outputs();
    let features = model.header.encoder.features();
    let mut text = String::new();
    if k > 1 {
        text.push_str("class,");
    }
    text.push_str("feature,coefficient,encoded_coefficient\n");
    for c in 0..k {
        let weights: Vec<f64> = model.weight.iter().skip(c).step_by(k).copied().collect();
        let (original, intercept) = model.header.encoder.original_units(&weights, model.bias[c]);
        let class = if k > 1 { format!("{},", quoted(&model.header.target.classes[c])) } else { String::new() };
        if problem.intercept {
            text.push_str(&format!("{class}(intercept),{intercept},{}\n", model.bias[c]));
        }
        for (j, feature) in features.iter().enumerate() {
            text.push_str(&format!("{class}{},{},{}\n", quoted(&feature.name), original[j], weights[j]));
        }
    }
    Lines { text, without_errors: None }
}

/// A CSV field, quoted where it must be.
fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_string() }
}
