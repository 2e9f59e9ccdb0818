//! Where a fit starts: at the parameters of another run.

use std::path::Path;

use steepest_models::linear::LinearProblem;

use crate::failure::Failure;
use crate::model::LinearModel;
use crate::prepare::Prepared;

/// The parameters of another run, matched by feature name; features that the other run did not have start at zero.
pub fn start(run: &str, problem: &LinearProblem, prepared: &Prepared) -> Result<Vec<f64>, Failure> {
    let model = LinearModel::load(Path::new(run))?;
    let k = problem.outputs();
    if model.loss.outputs() != k || (k > 1 && model.header.target.classes != prepared.target.classes) {
        return Err(Failure::usage(format!("--init: the run {run} predicts other classes than this fit"))
            .with_help("start from a run with the same target"));
    }
    let theirs = model.header.encoder.features();
    let position: std::collections::HashMap<&str, usize> =
        theirs.iter().enumerate().map(|(j, f)| (f.name.as_str(), j)).collect();
    let mut x = vec![0.0; problem.parameters()];
    // Weights are carried over in the units of the file, so that another split or another scale changes nothing.
    let mut bias = model.bias.clone();
    for (j, f) in theirs.iter().enumerate() {
        for (b, w) in bias.iter_mut().zip(&model.weight[j * k..]) {
            *b -= w * f.shift / f.scale;
        }
    }
    let mut found = 0;
    for (j, feature) in prepared.encoder.features().iter().enumerate() {
        let Some(&at) = position.get(feature.name.as_str()) else { continue };
        found += 1;
        for (c, b) in bias.iter_mut().enumerate() {
            let original = model.weight[at * k + c] / theirs[at].scale;
            x[j * k + c] = original * feature.scale;
            *b += original * feature.shift;
        }
    }
    if found == 0 {
        return Err(Failure::usage(format!("--init: the run {run} has no feature in common with this fit")));
    }
    if problem.intercept {
        x[problem.features() * k..].copy_from_slice(&bias);
    }
    Ok(x)
}
