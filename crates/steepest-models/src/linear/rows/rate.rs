//! A learning rate from the data, for who does not want to choose one.

use steepest_core::tree_sum;

use super::{
    super::{LinearProblem, Loss, kernels},
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
    let (unit, slope) = unit_and_slope(problem);
    match rule {
        RowRule::Sgd => (
            step_over_slope(problem, unit, slope) / scale,
            format!("1/(σR²) with the smoothness σ of the loss and R² = {scale:.3}, the squared norm of a row"),
        ),
        RowRule::AdaGrad { .. } => (
            0.5 * unit / scale.sqrt(),
            format!("half the unit of a margin over R = {:.3}, the norm of a row", scale.sqrt()),
        ),
    }
}

/// The first learning rate of gradient descent over batches of `rows` rows, to be lowered to 0 over the run, and the reason for it.
///
/// u/(σ(λ + R²/b)), with the largest eigenvalue λ of Σ s xxᵀ/Σ s and σ, u and R² of [`automatic_rate`]: the mean square of b rows is
/// stable below twice that, which is 1/L for all rows and 1/(σR²) for one. Cost: 24 passes over the features.
pub fn automatic_batch_rate(problem: &LinearProblem, rows: usize) -> (f64, String) {
    let (scale, lambda) = (scale_of_rows(problem), largest_eigenvalue(problem));
    let (unit, slope) = unit_and_slope(problem);
    let curvature = lambda + scale / rows.max(1) as f64;
    (
        step_over_slope(problem, unit, slope) / (curvature + problem.l2 / slope),
        format!(
            "1/(σ(λ + R²/b)) with the smoothness σ of the loss, λ = {lambda:.3} of all rows, R² = {scale:.3} of one and b = {rows}"
        ),
    )
}

/// The learning rate of rules whose steps have about the length η in every weight (Adam and its kin), to be lowered to 0 over
/// `steps` steps, and the reason for it.
///
/// A weight can then travel 12.5 units of a margin over the typical size of a feature, and no step is longer than a twentieth of
/// that unit.
pub fn automatic_travel_rate(problem: &LinearProblem, steps: u64) -> (f64, String) {
    const TRAVEL: f64 = 12.5;
    const LONGEST: f64 = 0.05;
    let features = (problem.features() + usize::from(problem.intercept)).max(1) as f64;
    let unit = unit_and_slope(problem).0 / (scale_of_rows(problem) / features).sqrt();
    // Lowered to 0, the rates of a run add up to half the first one times the steps.
    let rate = (2.0 * TRAVEL / steps.max(1) as f64).min(LONGEST) * unit;
    (
        rate,
        format!(
            "every weight can travel {TRAVEL} times {unit:.3}, the unit of a margin over the size of a feature, in {steps} steps"
        ),
    )
}

/// The unit of a margin, and the slope of the loss's derivative (σ), or its typical slope where it has none.
fn unit_and_slope(problem: &LinearProblem) -> (f64, f64) {
    match problem.loss {
        Loss::Squared => (deviation(problem), 1.0),
        Loss::Huber(delta) => (deviation(problem).max(delta), 1.0),
        Loss::Quantile(_) => (deviation(problem), deviation(problem)),
        Loss::Poisson => (1.0, mean(problem, |y| y).max(1e-3) * 4.0),
        Loss::Logistic => (2.0, 0.25),
        Loss::Softmax(_) => (2.0, 0.5),
        Loss::Hinge => (1.0, 1.0),
        Loss::SquaredHinge => (1.0, 2.0),
    }
}

fn step_over_slope(problem: &LinearProblem, unit: f64, slope: f64) -> f64 {
    if matches!(problem.loss, Loss::Quantile(_)) { unit } else { 1.0 / slope }
}

/// λmax of Σ s xxᵀ / Σ s with the intercept as a feature of ones, by twelve steps of power iteration: from below, within a few
/// percent.
fn largest_eigenvalue(problem: &LinearProblem) -> f64 {
    const STEPS: usize = 12;
    let (n, d) = (problem.rows(), problem.features());
    let intercept = if problem.intercept { 1.0 } else { 0.0 };
    let total = problem.total_weight();
    // Neither all ones nor any other vector that data may be orthogonal to on purpose.
    let mut w: Vec<f64> = (0..d).map(|j| 1.0 + 0.5 * ((j as f64) * 0.754_877_666).fract()).collect();
    let (mut b, mut z, mut g) = (intercept, vec![0.0; n], vec![0.0; d]);
    let mut lambda: f64 = 0.0;
    for _ in 0..STEPS {
        let norm = tree_sum(&w.iter().map(|v| v * v).chain([b * b]).collect::<Vec<_>>()).sqrt();
        if norm == 0.0 || !norm.is_finite() {
            return lambda.max(f64::MIN_POSITIVE);
        }
        w.iter_mut().for_each(|v| *v /= norm);
        b /= norm;
        kernels::multiply(&problem.matrix, &w, 1, &mut z);
        for (i, z) in z.iter_mut().enumerate() {
            *z = (*z + intercept * b) * problem.weights.as_ref().map_or(1.0, |s| s[i]) / total;
        }
        kernels::multiply_transposed_single(problem, &z, &mut g);
        w.copy_from_slice(&g);
        b = intercept * tree_sum(&z);
        lambda = tree_sum(&w.iter().map(|v| v * v).chain([b * b]).collect::<Vec<_>>()).sqrt();
    }
    lambda
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
