//! How well the coefficients of a fitted linear model are known: standard errors, tests and intervals.
//!
//! With N = Σsᵢ, A = Σ sᵢφ″(zᵢ)x̃ᵢx̃ᵢᵀ/N over x̃ = (x, 1), and H = A + λ₂D (D is 1 for weights and 0 for the intercept) the
//! covariance of the parameters is
//!
//! V = (σ²/N)·H⁻¹MH⁻¹,
//!
//! | loss | M | σ² | distribution |
//! |---|---|---|---|
//! | squared | A | RSS/(N − dₑ) | Student's t with N − dₑ degrees of freedom |
//! | logistic, Poisson, softmax | A, the Fisher information | 1 | normal |
//! | Huber | Σ sᵢφ′(zᵢ)²x̃ᵢx̃ᵢᵀ/N | N/(N − dₑ) | normal |
//!
//! where dₑ = tr(2F − F²), F = H⁻¹A, counts the parameters that the penalty leaves free: all of them for λ₂ = 0. Then V is
//! σ²(XᵀX)⁻¹ of ordinary least squares, or the inverse Fisher information of a maximum-likelihood fit.
//!
//! **With a penalty V is the variance alone.** A penalty pulls the weights towards 0; this bias is not known and not in the
//! intervals, which therefore cover the truth less often than they say, the less the stronger the penalty.
//!
//! Weights are repetitions: a row with sᵢ = 3 counts as three rows. Weights that are not counts (importance, inverse
//! variance) give the right coefficients and wrong standard errors.
//!
//! Softmax has one vector of weights for each class, of which only the differences matter: the errors are those of weights that
//! sum to 0 over the classes, which is where gradients leave them and a penalty wants them.
//!
//! A. E. Hoerl and R. W. Kennard, “Ridge regression”, Technometrics 12(1), 1970, doi:10.1080/00401706.1970.10488634 (squared);
//! S. le Cessie and J. C. van Houwelingen, “Ridge estimators in logistic regression”, J. R. Stat. Soc. C 41(1), 1992,
//! doi:10.2307/2347628 (likelihoods); P. J. Huber, “Robust regression”, Ann. Statist. 1(5), 1973, doi:10.1214/aos/1176342503;
//! T. J. Hastie and R. J. Tibshirani, “Generalized additive models”, 1990, section 3.5 (dₑ).

mod matrix;
mod student;

use statrs::distribution::{ContinuousCDF, Normal};
use steepest_core::{Objective, tree_sum};
use steepest_data::Matrix;

use self::matrix::{free_parameters, inverse, times};
use self::student::{OUTSIDE, student, student_reach};
use super::separation::separated;
use super::{LinearObjective, LinearProblem, Loss};

/// The most parameters of a model with one output.
const LIMIT: usize = 2000;
/// The most parameters of a softmax model, whose information matrix takes K(K + 1)/2 passes over the rows.
const SOFTMAX_LIMIT: usize = 1000;
/// The most multiplications for one information matrix: some ten seconds.
const WORK_LIMIT: f64 = 2e11;
/// How far from the optimum a parameter may be, in standard errors.
const DISTANCE_LIMIT: f64 = 0.1;

/// Why there are no standard errors.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoInference {
    /// The loss does not give them.
    #[error("no standard errors: {0}")]
    Loss(&'static str),
    /// λ₁ > 0.
    #[error(
        "no standard errors: the L1 penalty chooses features by looking at the target, and intervals that ignore the choice \
         would be too narrow; fit the chosen features again without --l1 on rows that were not used to choose"
    )]
    L1,
    /// Too many parameters for a dense matrix, or too many rows for these parameters.
    #[error("no standard errors: {parameters} parameters and {rows} rows are too many for an exact information matrix")]
    TooLarge {
        /// (d + 1)·K.
        parameters: usize,
        /// n.
        rows: usize,
    },
    /// N − dₑ < 1.
    #[error("no standard errors: {rows} rows (weights are repetitions) leave nothing to judge {free} parameters by")]
    TooFewRows {
        /// Σsᵢ.
        rows: f64,
        /// dₑ.
        free: f64,
    },
    /// The information matrix is singular.
    #[error(
        "no standard errors: {} is a linear combination of the other features (or nearly so), so their coefficients are not \
         determined one by one; drop it, leave one level of each category out, or use --l2",
        named(.feature)
    )]
    Dependent {
        /// The feature that the others determine; `None` for the intercept.
        feature: Option<usize>,
    },
    /// The point is not the minimum.
    #[error(
        "no standard errors: the fit stopped before the optimum; {} would still move by {distance:.2} of its standard errors. \
         Ask for more accuracy (a smaller --gap, more steps, or --solver newton)",
        named(.feature)
    )]
    NotAtOptimum {
        /// The feature that is farthest off; `None` for the intercept.
        feature: Option<usize>,
        /// How far, in its standard errors.
        distance: f64,
    },
    /// Every row lies on the right side, and nothing keeps the weights finite.
    #[error(
        "no standard errors: the features separate the classes without a mistake, so the unpenalized fit has no optimum and \
         its weights grow for ever; use --l2"
    )]
    Separated,
    /// Weights of the classes do not sum to 0, though the data determine only their differences.
    #[error(
        "no standard errors: the weights of {} do not sum to 0 over the classes, and the data determine only their \
         differences; ask for more accuracy (a smaller --gap), or use --solver newton or lbfgs, started from zero",
        named(.feature)
    )]
    Undetermined {
        /// The feature; `None` for the intercept.
        feature: Option<usize>,
    },
    /// Something at this point is not finite.
    #[error("no standard errors: {0}")]
    NonFinite(steepest_core::NonFinite),
}

impl NoInference {
    /// The feature that the reason speaks of.
    pub fn feature(&self) -> Option<usize> {
        match self {
            NoInference::Dependent { feature }
            | NoInference::NotAtOptimum { feature, .. }
            | NoInference::Undetermined { feature } => *feature,
            _ => None,
        }
    }
}

fn named(feature: &Option<usize>) -> String {
    feature.map_or("the intercept".into(), |j| format!("feature {j}"))
}

/// One coefficient and how well it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The coefficient.
    pub value: f64,
    /// The standard deviation of its estimate, > 0.
    pub standard_error: f64,
    /// value / standard_error: z, or t for the squared loss.
    pub z: f64,
    /// The probability of a |z| at least this large were the coefficient 0.
    pub p_value: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// What the data say about the precision of a fit.
#[derive(Debug, Clone)]
pub struct Inference {
    /// V, p × p row-major, in the order and the units of the problem's parameters.
    pub covariance: Vec<f64>,
    /// N − dₑ for Student's t; `None` for the normal distribution.
    pub degrees_of_freedom: Option<f64>,
    /// σ²: the estimated variance of the noise for the squared loss.
    pub dispersion: f64,
    /// dₑ, the number of free parameters.
    pub free_parameters: f64,
    point: Vec<f64>,
    outputs: usize,
    features: usize,
}

impl Inference {
    /// The precision of the minimizer `point` of `problem`, laid out as [`LinearProblem::layout`].
    ///
    /// One Hessian (O(n·d²/2) dense, K(K + 1)/2 times that for softmax) and O(p³) for p parameters.
    ///
    /// # Errors
    /// Why there are none, see [`NoInference`].
    ///
    /// ```
    /// use steepest_core::Flat;
    /// use steepest_data::{Dense, Matrix, Values};
    /// use steepest_models::linear::{Inference, LinearProblem, Loss};
    ///
    /// // A mean of five numbers is a model of an intercept alone: its standard error is s/√n.
    /// let nothing = Matrix::Dense(Dense { rows: 5, cols: 0, values: Values::F64(Flat::from_slice(64, &[])) });
    /// let problem = LinearProblem::new(nothing, vec![1.0, 2.0, 3.0, 4.0, 5.0], Loss::Squared);
    /// let mean = Inference::new(&problem, &[3.0]).unwrap().encoded()[0].unwrap();
    /// assert!((mean.standard_error - (2.5f64 / 5.0).sqrt()).abs() < 1e-12);
    /// ```
    pub fn new(problem: &LinearProblem, point: &[f64]) -> Result<Inference, NoInference> {
        refuse(problem)?;
        let (k, p) = (problem.outputs(), problem.parameters());
        let mut objective = LinearObjective::new(problem);
        let (mut gradient, mut h) = (vec![0.0; p], vec![0.0; p * p]);
        objective.at(point).map_err(NoInference::NonFinite)?;
        objective.gradient(&mut gradient).map_err(NoInference::NonFinite)?;
        if separated(problem, point) {
            return Err(NoInference::Separated);
        }
        objective.hessian(&mut h);
        let information = without_penalty(problem, &h);
        fix_sums(problem, &mut h);
        let inverse = inverse(&h, p).map_err(|at| NoInference::Dependent { feature: feature(problem, at) })?;

        let unpenalized = problem.l2 == 0.0 && k == 1;
        let f = if unpenalized { Vec::new() } else { times(&inverse, &information, p) };
        let free = if unpenalized { p as f64 } else { free_parameters(&f, p) };
        let total = problem.total_weight();
        let left = total - free;
        if left.is_nan() || left < 1.0 {
            return Err(NoInference::TooFewRows { rows: total, free });
        }
        let dispersion = match problem.loss {
            Loss::Squared => mean_square(problem, objective.margins()) * total / left,
            Loss::Huber(_) => total / left,
            _ => 1.0,
        };
        let mut covariance = match problem.loss {
            Loss::Huber(_) => times(&times(&inverse, &objective.score_gram(), p), &inverse, p),
            _ if unpenalized => inverse.clone(),
            _ => times(&f, &inverse, p),
        };
        covariance.iter_mut().for_each(|v| *v *= dispersion / total);

        let degrees_of_freedom = (problem.loss == Loss::Squared).then_some(left);
        let point = point.to_vec();
        let features = problem.features();
        let found = Inference {
            covariance,
            degrees_of_freedom,
            dispersion,
            free_parameters: free,
            point,
            outputs: k,
            features,
        };
        found.check(problem, &inverse, &gradient)?;
        Ok(found)
    }

    /// The parameters in their own units and order; `None` where the data say nothing (a feature that is 0 everywhere).
    pub fn encoded(&self) -> Vec<Option<Estimate>> {
        let reach = self.reach();
        (0..self.point.len()).map(|i| self.estimate(self.point[i], self.variance(i), reach)).collect()
    }

    /// The parameters in the units of the data, of which feature j is (x − shiftⱼ)/scaleⱼ, in the order of the parameters.
    ///
    /// A coefficient is wⱼ/scaleⱼ, the intercept b − Σ wⱼ·shiftⱼ/scaleⱼ with the variance of that sum. O(d²·K).
    ///
    /// # Panics
    /// If there is not one shift and one scale for each feature.
    pub fn original(&self, shift: &[f64], scale: &[f64]) -> Vec<Option<Estimate>> {
        assert!(shift.len() == self.features && scale.len() == self.features, "one shift and scale for each feature");
        let (k, p, weights) = (self.outputs, self.point.len(), self.features * self.outputs);
        let reach = self.reach();
        let mut all: Vec<Option<Estimate>> = (0..weights)
            .map(|i| {
                let s = scale[i / k];
                self.estimate(self.point[i] / s, self.variance(i) / (s * s), reach)
            })
            .collect();
        for c in 0..p - weights {
            // The intercept of class c is a·θ with these elements of a.
            let a: Vec<(usize, f64)> = (0..self.features)
                .filter(|&j| shift[j] != 0.0)
                .map(|j| (j * k + c, -shift[j] / scale[j]))
                .chain([(weights + c, 1.0)])
                .collect();
            let value = a.iter().map(|&(i, v)| v * self.point[i]).sum();
            let row = |i: usize| a.iter().map(|&(j, v)| v * self.covariance[i * p + j]).sum::<f64>();
            let variance = a.iter().map(|&(i, v)| v * row(i)).sum();
            all.push(self.estimate(value, variance, reach));
        }
        all
    }

    fn variance(&self, i: usize) -> f64 {
        self.covariance[i * (self.point.len() + 1)]
    }

    /// Half the length of an interval, in standard errors.
    fn reach(&self) -> f64 {
        let Some(freedom) = self.degrees_of_freedom else { return Normal::standard().inverse_cdf(1.0 - OUTSIDE / 2.0) };
        student_reach(freedom)
    }

    fn estimate(&self, value: f64, variance: f64, reach: f64) -> Option<Estimate> {
        let standard_error = variance.sqrt();
        if !(standard_error > 0.0 && standard_error.is_finite() && value.is_finite()) {
            return None;
        }
        let z = value / standard_error;
        let p_value = match self.degrees_of_freedom {
            Some(freedom) => 2.0 * student(freedom).sf(z.abs()),
            None => 2.0 * Normal::standard().sf(z.abs()),
        };
        let half = reach * standard_error;
        Some(Estimate { value, standard_error, z, p_value, low: value - half, high: value + half })
    }

    /// Newton's step −H⁻¹g says how far the minimum is: errors around another point would be errors of something else.
    fn check(&self, problem: &LinearProblem, inverse: &[f64], gradient: &[f64]) -> Result<(), NoInference> {
        let p = self.point.len();
        let rounding = 1e-9 * self.point.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        let mut worst = (0.0, 0);
        for (i, row) in inverse.chunks_exact(p.max(1)).enumerate() {
            let step: f64 = row.iter().zip(gradient).map(|(h, g)| h * g).sum();
            let distance = (step.abs() - rounding).max(0.0) / self.variance(i).sqrt().max(f64::MIN_POSITIVE);
            if distance > worst.0 {
                worst = (distance, i);
            }
        }
        if worst.0 > DISTANCE_LIMIT {
            return Err(NoInference::NotAtOptimum { feature: feature(problem, worst.1), distance: worst.0 });
        }
        let k = self.outputs;
        for group in levels(problem) {
            let sum: f64 = self.point[group..group + k].iter().sum();
            let error = (group..group + k).map(|i| self.variance(i).sqrt()).fold(0.0, f64::max);
            if sum.abs() / k as f64 > DISTANCE_LIMIT * error + rounding {
                return Err(NoInference::Undetermined { feature: feature(problem, group) });
            }
        }
        Ok(())
    }
}

/// The reasons that need no computation.
fn refuse(problem: &LinearProblem) -> Result<(), NoInference> {
    match problem.loss {
        Loss::Quantile(_) => {
            return Err(NoInference::Loss(
                "the quantile loss has no curvature, and its errors depend on the density of the residuals at the \
                 quantile; refit on resampled rows to see how the coefficients vary",
            ));
        }
        Loss::Hinge | Loss::SquaredHinge => {
            return Err(NoInference::Loss(
                "a hinge loss is not a likelihood, its scores stand for no probability; --loss logistic has them",
            ));
        }
        _ => {}
    }
    if problem.l1 > 0.0 {
        return Err(NoInference::L1);
    }
    let (parameters, rows, k) = (problem.parameters(), problem.rows(), problem.outputs());
    let products = match &problem.matrix {
        Matrix::Dense(m) => m.rows as f64 * (m.cols as f64).powi(2) / 2.0,
        Matrix::Sparse(m) => m.starts.windows(2).map(|w| ((w[1] - w[0]) as f64).powi(2) / 2.0).sum(),
    };
    let limit = if k > 1 { SOFTMAX_LIMIT } else { LIMIT };
    if parameters > limit || products * (k * (k + 1) / 2) as f64 > WORK_LIMIT {
        return Err(NoInference::TooLarge { parameters, rows });
    }
    Ok(())
}

/// The feature of parameter `i`; `None` for an intercept.
fn feature(problem: &LinearProblem, i: usize) -> Option<usize> {
    Some(i / problem.outputs()).filter(|&j| j < problem.features())
}

/// A from H: the penalty taken off the diagonal.
fn without_penalty(problem: &LinearProblem, h: &[f64]) -> Vec<f64> {
    let mut a = h.to_vec();
    for i in 0..problem.features() * problem.outputs() {
        a[i * (problem.parameters() + 1)] -= problem.l2;
    }
    a
}

/// The first parameter of every group of class weights whose common level the data do not determine: all of them with
/// several classes.
fn levels(problem: &LinearProblem) -> impl Iterator<Item = usize> + use<> {
    let (k, p) = (problem.outputs(), problem.parameters());
    (if k > 1 { 0..p } else { p..p }).step_by(k)
}

/// H + c·uuᵀ for the direction u of every level. u is an eigenvector of H, whose eigenvalue is 0 or the penalty, and Au = 0: so
/// the inverse of the sum times A is that of H times A, and no tiny penalty spoils its condition.
fn fix_sums(problem: &LinearProblem, h: &mut [f64]) {
    let (k, p) = (problem.outputs(), problem.parameters());
    for first in levels(problem) {
        let group = first..first + k;
        let c = group.clone().map(|i| h[i * p + i]).sum::<f64>() / (k * k) as f64;
        for i in group.clone() {
            for j in group.clone() {
                h[i * p + j] += c;
            }
        }
    }
}

/// Σ sᵢ(yᵢ − zᵢ)² / N.
fn mean_square(problem: &LinearProblem, z: &[f64]) -> f64 {
    let weight = |i: usize| problem.weights.as_ref().map_or(1.0, |s| s[i]);
    let squares: Vec<f64> =
        z.iter().zip(&problem.target).enumerate().map(|(i, (z, y))| weight(i) * (y - z) * (y - z)).collect();
    tree_sum(&squares) / problem.total_weight()
}
