//! The path of penalties: a linear problem solved for a falling sequence of λ, each from the solution before, and the λ whose
//! model predicts held-back rows best.

mod null_model;

use std::io::{self, Write};

use steepest_core::Certificate;
use steepest_models::linear::{LinearProblem, auto, certificate, kernels};
use thiserror::Error;

use crate::monitors::{Divergence, GapTarget};
use crate::{Budget, TrainError, Trainer};
use null_model::{NullModel, row_loss};

/// Which penalties follow λ; the other one stays as it is in the problem.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Varied {
    /// λ₂ = λ.
    L2,
    /// λ₁ = λ.
    L1,
    /// The elastic net λ₁ = share·λ, λ₂ = (1 − share)·λ.
    Both {
        /// The share of the L1 penalty, in (0, 1].
        share: f64,
    },
}

/// Which λ is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Selection {
    /// The one with the smallest cost; the largest of them where several are equal.
    #[default]
    Best,
    /// The largest one whose cost is within a standard error of the smallest: the simplest model that is not clearly worse.
    ///
    /// L. Breiman, J. Friedman, R. Olshen and C. Stone, “Classification and Regression Trees”, 1984, section 3.4.3.
    OneStandardError,
}

/// What held-back rows say about a point; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// The mean loss.
    pub mean: f64,
    /// The standard error of the mean; 0 where it is not known.
    pub standard_error: f64,
}

/// How a path is followed.
///
/// λ falls geometrically from a largest value that the data give:
///
/// * with an L1 penalty from λ_max = ‖∇f(w = 0, b̂)‖∞/share, the smallest λ at which all weights are zero, with f the mean
///   loss and b̂ the intercept that minimizes it alone (for hinge and quantile loss from an upper bound of it), down to
///   10⁻⁴·λ_max, or 10⁻²·λ_max with fewer rows than features (J. Friedman, T. Hastie and R. Tibshirani, “Regularization
///   paths for generalized linear models via coordinate descent”, J. Stat. Softw. 33(1), 2010, doi:10.18637/jss.v033.i01);
/// * with an L2 penalty alone from the trace of the Hessian of f over the weights at the same point, which is above all its
///   eigenvalues, so that every direction is shrunk by half or more, down to 10⁻⁸ times that.
///
/// Each problem is solved by the solver that [`auto`] names, from the solution before, to a certified gap.
///
/// ```
/// use steepest_data::{Dense, Matrix, Values};
/// use steepest_models::linear::{LinearProblem, Loss};
/// use steepest_train::{PenaltyPath, Varied, mean_loss};
///
/// let line = |from: usize| {
///     let x: Vec<f64> = (from..from + 20).map(|i| (i as f64 * 0.7).sin()).collect();
///     let y = x.iter().map(|x| 3.0 * x + 1.0).collect();
///     LinearProblem::new(Matrix::Dense(Dense { rows: 20, cols: 1, values: Values::narrow(x) }), y, Loss::Squared)
/// };
/// let (mut problem, held_out) = (line(0), line(20));
/// let path = PenaltyPath::new(Varied::L1).run(&mut problem, |x| mean_loss(&held_out, x))?;
/// assert_eq!(path.points[0].nonzeros, 0);
/// // Without noise the smallest penalty is best.
/// assert!(problem.l1 < 1e-2 && (path.point[0] - 3.0).abs() < 0.05);
/// # Ok::<(), steepest_train::PathError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PenaltyPath {
    /// Which penalties follow λ.
    pub varied: Varied,
    /// The number of values, ≥ 2; 40 unless set.
    pub values: usize,
    /// The smallest λ over the largest, in (0, 1); `None` for what the data suggest.
    pub ratio: Option<f64>,
    /// The relative certified gap of each value; 10⁻⁴ unless set.
    pub gap: f64,
    /// Steps after which a value is left with the gap it has; 1000 unless set.
    pub steps: u64,
    /// The path ends after so many values in a row that together improved the cost by less than a thousandth of what was
    /// gained since the first; 10 unless set, 0 for never.
    pub patience: usize,
    /// Which λ is taken.
    pub selection: Selection,
}

/// One value of a path.
#[derive(Debug, Clone, PartialEq)]
pub struct PathPoint {
    /// λ.
    pub lambda: f64,
    /// λ₁.
    pub l1: f64,
    /// λ₂.
    pub l2: f64,
    /// Mean loss of the training rows plus penalty.
    pub objective: f64,
    /// What the held-back rows say.
    pub cost: Cost,
    /// Weights that are not zero.
    pub nonzeros: usize,
    /// The relative certified gap; `None` where nothing can be proved.
    pub gap: Option<f64>,
    /// Steps of the solver.
    pub steps: u64,
}

/// A path that was followed.
#[derive(Debug, Clone, PartialEq)]
pub struct PathOutcome {
    /// The values, by falling λ.
    pub points: Vec<PathPoint>,
    /// Which of them was taken.
    pub chosen: usize,
    /// The parameters there.
    pub point: Vec<f64>,
}

/// Why there is no path.
#[derive(Debug, Error)]
pub enum PathError {
    /// An option is out of range.
    #[error("path: {0}")]
    Option(String),
    /// The gradient at zero weights is zero.
    #[error(
        "no feature tells anything about the target, so every penalty gives the same model; give the penalty as a number"
    )]
    Flat,
    /// The gradient at zero weights is not finite.
    #[error("the gradient at zero weights is not finite; standardize the features, or check them for huge values")]
    NonFinite,
    /// No value gave a finite cost.
    #[error(
        "no penalty of the path gave a finite loss on the validation rows; check them for huge values, or give the penalty as a number"
    )]
    NoCost,
    /// The loop failed.
    #[error(transparent)]
    Train(#[from] TrainError),
}

impl PenaltyPath {
    /// 40 values, each to a gap of 10⁻⁴.
    pub fn new(varied: Varied) -> PenaltyPath {
        PenaltyPath {
            varied,
            values: 40,
            ratio: None,
            gap: 1e-4,
            steps: 1000,
            patience: 10,
            selection: Selection::Best,
        }
    }

    /// Follows the path and leaves the chosen penalties in `problem`. `cost` says how well a point predicts held-back rows;
    /// a cost that is not finite is never chosen. The outcome is the same for any number of threads if `cost` is.
    ///
    /// # Errors
    /// Options out of range, and data on which no penalty can be chosen. `problem` is then as it was.
    pub fn run(
        &self,
        problem: &mut LinearProblem,
        mut cost: impl FnMut(&[f64]) -> Cost,
    ) -> Result<PathOutcome, PathError> {
        self.check()?;
        let before = (problem.l1, problem.l2);
        let found = self.follow(problem, &mut cost);
        (problem.l1, problem.l2) = match &found {
            Ok(path) => (path.points[path.chosen].l1, path.points[path.chosen].l2),
            Err(_) => before,
        };
        found
    }

    fn follow(
        &self,
        problem: &mut LinearProblem,
        cost: &mut dyn FnMut(&[f64]) -> Cost,
    ) -> Result<PathOutcome, PathError> {
        let null = NullModel::new(problem);
        let (largest, ratio) = self.range(problem, &null)?;
        let mut points: Vec<PathPoint> = Vec::with_capacity(self.values);
        let mut solutions: Vec<Vec<f64>> = Vec::with_capacity(self.values);
        let mut start = null.point;
        for i in 0..self.values {
            let lambda = largest * ratio.powf(i as f64 / (self.values - 1) as f64);
            self.set(problem, lambda);
            let (point, gap, steps) = minimum(problem, start, self.gap, self.steps)?;
            let mut z = vec![0.0; problem.rows() * problem.outputs()];
            kernels::margins(problem, &point, &mut z);
            let weights = &point[..problem.features() * problem.outputs()];
            points.push(PathPoint {
                lambda,
                l1: problem.l1,
                l2: problem.l2,
                objective: certificate::objective(problem, &point, &z),
                cost: cost(&point),
                nonzeros: weights.iter().filter(|w| **w != 0.0).count(),
                gap,
                steps,
            });
            solutions.push(point.clone());
            start = point;
            if self.settled(&points) {
                break;
            }
        }
        let chosen = self.choose(&points).ok_or(PathError::NoCost)?;
        Ok(PathOutcome { point: solutions.swap_remove(chosen), points, chosen })
    }

    /// The largest λ, and the smallest over it.
    fn range(&self, problem: &LinearProblem, null: &NullModel) -> Result<(f64, f64), PathError> {
        let wide = problem.rows() < problem.features();
        let sparse = if wide { 1e-2 } else { 1e-4 };
        let (largest, ratio) = match self.varied {
            Varied::L2 => (null.trace, 1e-8),
            Varied::L1 => (null.steepest, sparse),
            Varied::Both { share } => (null.steepest / share, sparse),
        };
        if !largest.is_finite() {
            return Err(PathError::NonFinite);
        }
        if largest <= 0.0 {
            return Err(PathError::Flat);
        }
        Ok((largest, self.ratio.unwrap_or(ratio)))
    }

    fn set(&self, problem: &mut LinearProblem, lambda: f64) {
        match self.varied {
            Varied::L2 => problem.l2 = lambda,
            Varied::L1 => problem.l1 = lambda,
            Varied::Both { share } => (problem.l1, problem.l2) = (share * lambda, (1.0 - share) * lambda),
        }
    }

    /// Whether the last values improved too little for the next ones to be worth it.
    fn settled(&self, points: &[PathPoint]) -> bool {
        let n = points.len();
        if self.patience == 0 || n <= self.patience {
            return false;
        }
        let least = |points: &[PathPoint]| points.iter().map(|p| p.cost.mean).fold(f64::INFINITY, f64::min);
        let (before, all) = (least(&points[..n - self.patience]), least(points));
        before - all <= 1e-3 * (points[0].cost.mean - all) && before.is_finite()
    }

    fn choose(&self, points: &[PathPoint]) -> Option<usize> {
        let finite = |p: &&(usize, &PathPoint)| p.1.cost.mean.is_finite();
        let listed: Vec<(usize, &PathPoint)> = points.iter().enumerate().collect();
        // The first of equals has the largest λ.
        let best = listed.iter().filter(finite).min_by(|a, b| a.1.cost.mean.total_cmp(&b.1.cost.mean))?;
        let error = match self.selection {
            Selection::Best => return Some(best.0),
            Selection::OneStandardError => best.1.cost.standard_error,
        };
        let limit = best.1.cost.mean + if error.is_finite() { error } else { 0.0 };
        listed.iter().filter(finite).find(|p| p.1.cost.mean <= limit).map(|p| p.0)
    }

    fn check(&self) -> Result<(), PathError> {
        let wrong = |what: String| Err(PathError::Option(what));
        if let Varied::Both { share } = self.varied
            && !(share > 0.0 && share <= 1.0)
        {
            return wrong(format!("the share of the L1 penalty lies above 0 and at most at 1, and {share} does not"));
        }
        if self.values < 2 {
            return wrong(format!("{} values are no path; give 2 or more", self.values));
        }
        if let Some(ratio) = self.ratio
            && !(ratio > 0.0 && ratio < 1.0)
        {
            return wrong(format!(
                "the ratio of the smallest λ to the largest lies between 0 and 1, and {ratio} does not"
            ));
        }
        if !(self.gap > 0.0 && self.gap.is_finite()) {
            return wrong(format!("{} is no gap; give a number above 0, such as 1e-4", self.gap));
        }
        if self.steps == 0 {
            return wrong("each value needs a step at least".into());
        }
        Ok(())
    }
}

impl PathOutcome {
    /// Writes the table as CSV: `lambda,l1,l2,objective,valid_loss,valid_error,nonzeros,gap,steps,chosen`.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "lambda,l1,l2,objective,valid_loss,valid_error,nonzeros,gap,steps,chosen")?;
        let number = |v: f64| if v.is_finite() { format!("{v:e}") } else { String::new() };
        for (i, p) in self.points.iter().enumerate() {
            let numbers = [p.lambda, p.l1, p.l2, p.objective, p.cost.mean, p.cost.standard_error].map(number);
            let gap = p.gap.map_or(String::new(), number);
            let chosen = u8::from(i == self.chosen);
            writeln!(out, "{},{},{gap},{},{chosen}", numbers.join(","), p.nonzeros, p.steps)?;
        }
        Ok(())
    }
}

/// The minimum for the penalties in `problem` to the relative `gap`, with the gap reached and the steps.
pub(crate) fn minimum(
    problem: &LinearProblem,
    start: Vec<f64>,
    gap: f64,
    steps: u64,
) -> Result<(Vec<f64>, Option<f64>, u64), PathError> {
    let (solver, _) = auto(problem);
    let mut iterate = solver.bind(problem, Some(start));
    let mut trainer = Trainer {
        budget: Budget { steps: Some(steps), ..Budget::default() },
        monitors: vec![Box::new(Divergence::default()), Box::new(GapTarget::new(gap, 1))],
        ..Trainer::default()
    };
    let outcome = trainer.run(&mut *iterate)?;
    let gap = match outcome.certificate {
        Certificate::Gap { relative, .. } => Some(relative),
        Certificate::None { .. } => None,
    };
    Ok((outcome.point, gap, outcome.step))
}

/// The mean loss of the rows of `problem` at `x`, without its penalties, with its standard error
/// √(Σ pᵢ²(φᵢ − φ̄)²·n/(n − 1)), pᵢ = sᵢ/Σs. One pass over the rows.
pub fn mean_loss(problem: &LinearProblem, x: &[f64]) -> Cost {
    let (n, k) = (problem.rows(), problem.outputs());
    let mut z = vec![0.0; n * k];
    kernels::margins(problem, x, &mut z);
    let scale = 1.0 / problem.total_weight();
    let share = |i: usize| problem.weights.as_ref().map_or(scale, |s| s[i] * scale);
    let mut scratch = vec![0.0; k];
    let losses: Vec<f64> = z.chunks_exact(k).enumerate().map(|(i, z)| row_loss(problem, i, z, &mut scratch)).collect();
    // A row of weight zero says nothing, whatever its loss.
    let terms = |f: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
        losses.iter().enumerate().map(|(i, l)| if share(i) > 0.0 { f(share(i), *l) } else { 0.0 }).collect()
    };
    let mean = steepest_core::tree_sum(&terms(&|p, l| p * l));
    let square = steepest_core::tree_sum(&terms(&|p, l| (p * (l - mean)).powi(2)));
    let correction = if n > 1 { n as f64 / (n - 1) as f64 } else { 0.0 };
    Cost { mean, standard_error: (square * correction).sqrt() }
}
