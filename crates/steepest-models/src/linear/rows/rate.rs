//! A learning rate from the data, for who does not want to choose one.

use steepest_core::tree_sum;

use super::{
    super::{LinearProblem, Loss},
    state::RowRule,
};

/// Σ s‖x‖⁴ / Σ s‖x‖² with the intercept as a feature of ones: the R² for which rows with their squared norms satisfy E(‖x‖²xxᵀ) ≼ R² E(xxᵀ)
/// on average. Single-row descent on a quadratic is stable in the mean square below η = 2/R² (F. Bach and E. Moulines, NIPS 2013,
/// arXiv:1306.2119). O(stored).
pub fn scale_of_rows(problem: &LinearProblem) -> f64 {
    let intercept = if problem.intercept { 1.0 } else { 0.0 };
    let mut squares = Vec::with_capacity(problem.rows());
    let mut fourths = Vec::with_capacity(problem.rows());
    for i in 0..problem.rows() {
        let mut norm = intercept;
        problem.matrix.for_row(i, |_, v| norm += v * v);
        let s = problem.weights.as_ref().map_or(1.0, |w| w[i]);
        squares.push(s * norm);
        fourths.push(s * norm * norm);
    }
    let (squares, fourths) = (tree_sum(&squares), tree_sum(&fourths));
    if squares > 0.0 { fourths / squares } else { 1.0 }
}

/// The first learning rate of descent by rows, to be lowered to 0 over the run, and the reason for it.
///
/// `Sgd`: u/(σR²) with R² from [`scale_of_rows`]. σ is the loss's smoothness, and u = 1; where it has none the typical slope, and u the
/// unit of the target: the margin 1 of the hinge, the mean deviation for quantiles. `AdaGrad`: the unit over R, since its first steps
/// have the length η in every weight whatever the slope.
pub fn automatic_rate(problem: &LinearProblem, rule: RowRule) -> (f64, String) {
    let scale = scale_of_rows(problem);
    let (unit, slope) = match problem.loss {
        Loss::Squared => (deviation(problem), 1.0),
        Loss::Huber(delta) => (deviation(problem).max(delta), 1.0),
        Loss::Quantile(_) => (deviation(problem), deviation(problem)),
        Loss::Poisson => (1.0, mean(problem, |y| y).max(1e-3) * 4.0),
        Loss::Logistic => (2.0, 0.25),
        Loss::Softmax(_) => (2.0, 0.5),
        Loss::Hinge => (1.0, 1.0),
        Loss::SquaredHinge => (1.0, 2.0),
    };
    match rule {
        RowRule::Sgd => {
            let step = if matches!(problem.loss, Loss::Quantile(_)) { unit } else { 1.0 / slope };
            (
                step / scale,
                format!("1/(σR²) with the smoothness σ of the loss and R² = {scale:.3}, the squared norm of a row"),
            )
        }
        RowRule::AdaGrad { .. } => (
            0.5 * unit / scale.sqrt(),
            format!("half the unit of a margin over R = {:.3}, the norm of a row", scale.sqrt()),
        ),
    }
}

fn mean(problem: &LinearProblem, f: impl Fn(f64) -> f64) -> f64 {
    let terms: Vec<f64> = match &problem.weights {
        Some(s) => problem.target.iter().zip(s).map(|(&y, &s)| s * f(y)).collect(),
        None => problem.target.iter().map(|&y| f(y)).collect(),
    };
    tree_sum(&terms) / problem.total_weight()
}

/// The mean absolute deviation of the target from its mean; 1 where the target is constant.
fn deviation(problem: &LinearProblem) -> f64 {
    let center = mean(problem, |y| y);
    let spread = mean(problem, |y| (y - center).abs());
    if spread > 0.0 { spread } else { 1.0 }
}
