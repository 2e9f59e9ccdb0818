//! Curves fitted to data: what a least-squares fit says about its parameters.
//!
//! At the minimum of ½‖r‖² with m residuals, p parameters and Jacobian J the variance of the noise is estimated by
//! s² = ‖r‖²/(m − p) and the covariance of the estimates by s²(JᵀJ)⁻¹: D. Bates and D. Watts, “Nonlinear Regression Analysis and
//! Its Applications”, Wiley, 1988, sections 1.2 and 2.2. J's columns are scaled to length 1 and J is factored as QR, so
//! that parameters of any units are as exact as the data let them be.

use steepest_core::{LeastSquares, Objective};
use thiserror::Error;

use crate::Function;

/// What a fit says about its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveStatistics {
    /// Σ rᵢ².
    pub residual_sum_of_squares: f64,
    /// m − p.
    pub degrees_of_freedom: usize,
    /// s = √(Σ rᵢ²/(m − p)).
    pub residual_standard_error: f64,
    /// One for each parameter.
    pub standard_errors: Vec<f64>,
    /// Correlations of the estimates, row-major p × p.
    pub correlations: Vec<f64>,
    /// How far the point is from the minimum, in units of the statistical uncertainty: the length of the part of r that
    /// parameters could still remove against that of the rest, each by its degrees of freedom. Below 0.001 nothing is to be gained.
    pub relative_offset: f64,
}

/// Why there are no statistics.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CurveError {
    /// The function is no sum of squares.
    #[error("the function is not a sum of squares")]
    NoResiduals,
    /// As many parameters as data, or more.
    #[error("{parameters} parameters need more than {data} rows of data")]
    TooFewData {
        /// p.
        parameters: usize,
        /// m.
        data: usize,
    },
    /// A value or a derivative is not finite.
    #[error("the curve or its derivatives are not finite there")]
    NonFinite,
    /// The data say nothing about a parameter once the others are free.
    #[error("parameter number {} is not determined by the data: others can take its place", .index + 1)]
    Undetermined {
        /// From 0.
        index: usize,
    },
}

/// J = QR with columns scaled to length 1, and r in the basis of Q.
struct Factored {
    p: usize,
    /// Upper triangle, row-major p × p.
    r: Vec<f64>,
    scales: Vec<f64>,
    /// Qᵀr: its first p numbers can be removed, the others cannot.
    removable: Vec<f64>,
    rest: f64,
    sum_of_squares: f64,
}

/// Factors the problem at `x`.
fn factor(f: &mut Function, x: &[f64]) -> Result<Factored, CurveError> {
    let (p, m) = (x.len(), f.graph().residuals());
    if m == 0 {
        return Err(CurveError::NoResiduals);
    }
    if m <= p {
        return Err(CurveError::TooFewData { parameters: p, data: m });
    }
    f.at(x).map_err(|_| CurveError::NonFinite)?;
    let (mut residuals, mut rows) = (vec![0.0; m], vec![0.0; m * p]);
    LeastSquares::residuals(f, &mut residuals);
    f.jacobian(&mut rows);
    if steepest_core::first_non_finite(&rows).is_some() {
        return Err(CurveError::NonFinite);
    }
    let sum_of_squares = residuals.iter().map(|r| r * r).sum();
    let mut columns: Vec<Vec<f64>> = (0..p).map(|j| (0..m).map(|i| rows[i * p + j]).collect()).collect();
    let mut scales = Vec::with_capacity(p);
    for (index, column) in columns.iter_mut().enumerate() {
        // Scaled by the largest first, so that squares neither overflow nor vanish.
        let largest = column.iter().fold(0.0f64, |l, v| l.max(v.abs()));
        let length = largest * column.iter().map(|v| (v / largest) * (v / largest)).sum::<f64>().sqrt();
        if length.is_nan() || length <= 0.0 {
            return Err(CurveError::Undetermined { index });
        }
        column.iter_mut().for_each(|v| *v /= length);
        scales.push(length);
    }
    let r = triangularize(&mut columns, &mut residuals)?;
    let rest = residuals[p..].iter().map(|v| v * v).sum::<f64>().sqrt();
    residuals.truncate(p);
    Ok(Factored { p, r, scales, removable: residuals, rest, sum_of_squares })
}

/// Householder reflections make the columns a triangle, which is returned; `b` is reflected with them.
fn triangularize(columns: &mut [Vec<f64>], b: &mut [f64]) -> Result<Vec<f64>, CurveError> {
    let p = columns.len();
    let mut r = vec![0.0; p * p];
    for k in 0..p {
        let (done, open) = columns.split_at_mut(k + 1);
        let v = &mut done[k];
        let length = v[k..].iter().map(|v| v * v).sum::<f64>().sqrt();
        if length < 1e-14 {
            return Err(CurveError::Undetermined { index: k });
        }
        let diagonal = if v[k] > 0.0 { -length } else { length };
        v[k] -= diagonal;
        let square = v[k..].iter().map(|v| v * v).sum::<f64>();
        let reflect = |u: &mut [f64]| {
            let along = 2.0 * v[k..].iter().zip(&u[k..]).map(|(v, u)| v * u).sum::<f64>() / square;
            u[k..].iter_mut().zip(&v[k..]).for_each(|(u, v)| *u -= along * v);
        };
        for column in open.iter_mut() {
            reflect(column);
        }
        reflect(b);
        r[k * p + k] = diagonal;
        for (j, column) in open.iter().enumerate() {
            r[k * p + k + 1 + j] = column[k];
        }
    }
    Ok(r)
}

impl Factored {
    fn offset(&self, m: usize) -> f64 {
        let removable = self.removable.iter().map(|v| v * v).sum::<f64>() / self.p as f64;
        let rest = self.rest * self.rest / (m - self.p) as f64;
        if removable == 0.0 { 0.0 } else { (removable / rest).sqrt() }
    }

    /// The Gauss–Newton step −J⁺r.
    fn step(&self) -> Vec<f64> {
        let p = self.p;
        let mut d: Vec<f64> = self.removable.iter().map(|v| -v).collect();
        for k in (0..p).rev() {
            let known: f64 = (k + 1..p).map(|j| self.r[k * p + j] * d[j]).sum();
            d[k] = (d[k] - known) / self.r[k * p + k];
        }
        d.iter().zip(&self.scales).map(|(d, s)| d / s).collect()
    }

    /// R⁻¹, upper triangle, row-major.
    fn inverse(&self) -> Vec<f64> {
        let p = self.p;
        let mut inverse = vec![0.0; p * p];
        for j in 0..p {
            inverse[j * p + j] = 1.0 / self.r[j * p + j];
            for i in (0..j).rev() {
                let known: f64 = (i + 1..=j).map(|k| self.r[i * p + k] * inverse[k * p + j]).sum();
                inverse[i * p + j] = -known / self.r[i * p + i];
            }
        }
        inverse
    }
}

/// Statistics of a fit that ended at `x`. `f` is from [`Formula::curve`](crate::Formula::curve), or any function that knows its
/// residuals. Cost: one Jacobian and O(m p²).
///
/// # Errors
/// [`CurveError`].
pub fn curve_statistics(f: &mut Function, x: &[f64]) -> Result<CurveStatistics, CurveError> {
    let m = f.graph().residuals();
    let factored = factor(f, x)?;
    let p = factored.p;
    let degrees_of_freedom = m - p;
    let s = (factored.sum_of_squares / degrees_of_freedom as f64).sqrt();
    let inverse = factored.inverse();
    let row = |i: usize| &inverse[i * p..(i + 1) * p];
    let product = |i: usize, j: usize| row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum::<f64>();
    let lengths: Vec<f64> = (0..p).map(|i| product(i, i).sqrt()).collect();
    let pairs = (0..p).flat_map(|i| (0..p).map(move |j| (i, j)));
    Ok(CurveStatistics {
        residual_sum_of_squares: factored.sum_of_squares,
        degrees_of_freedom,
        residual_standard_error: s,
        standard_errors: lengths.iter().zip(&factored.scales).map(|(l, scale)| s * l / scale).collect(),
        correlations: pairs.map(|(i, j)| product(i, j) / (lengths[i] * lengths[j])).collect(),
        relative_offset: factored.offset(m),
    })
}

/// Gauss–Newton steps at most in [`refine`].
const MOST_STEPS: usize = 50;

/// Takes Gauss–Newton steps from a point near the minimum as long as each lowers the relative offset: to the last digits that
/// tolerances in the units of parameters or of the value cannot ask for. Returns the number of steps taken.
pub fn refine(f: &mut Function, x: &mut [f64]) -> usize {
    let m = f.graph().residuals();
    let Ok(mut here) = factor(f, x) else { return 0 };
    for taken in 0..MOST_STEPS {
        let next: Vec<f64> = x.iter().zip(here.step()).map(|(x, d)| x + d).collect();
        let there = match factor(f, &next) {
            // Up to its rounding the sum of squares must not grow.
            Ok(there)
                if there.offset(m) < here.offset(m) && there.sum_of_squares <= here.sum_of_squares * (1.0 + 1e-9) =>
            {
                there
            }
            _ => return taken,
        };
        x.copy_from_slice(&next);
        here = there;
    }
    MOST_STEPS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Formula;

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance * b.abs(), "{a} against {b}");
    }

    #[test]
    fn a_straight_line_has_the_errors_of_the_textbook() {
        let x: Vec<f64> = (0..7).map(f64::from).collect();
        let y = [1.0, 2.9, 5.2, 6.8, 9.1, 10.9, 13.2];
        let compiled = Formula::parse("a + b*x").unwrap().curve(&[("x", &x)], &y, None).unwrap();
        let mut f = Function::new(compiled.graph);
        // Closed forms: b = Sxy/Sxx, s.e.(b) = s/√Sxx, s.e.(a) = s√(1/m + x̄²/Sxx).
        let (mx, my) = (3.0, y.iter().sum::<f64>() / 7.0);
        let sxx: f64 = x.iter().map(|x| (x - mx) * (x - mx)).sum();
        let b = x.iter().zip(&y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>() / sxx;
        let a = my - b * mx;
        let mut at = [0.0, 0.0];
        assert_eq!(refine(&mut f, &mut at).min(1), 1);
        close(at[0], a, 1e-13);
        close(at[1], b, 1e-13);
        let rss: f64 = x.iter().zip(&y).map(|(x, y)| (y - a - b * x) * (y - a - b * x)).sum();
        let s = (rss / 5.0).sqrt();
        let found = curve_statistics(&mut f, &at).unwrap();
        close(found.residual_sum_of_squares, rss, 1e-12);
        close(found.residual_standard_error, s, 1e-12);
        close(found.standard_errors[1], s / sxx.sqrt(), 1e-12);
        close(found.standard_errors[0], s * (1.0 / 7.0 + mx * mx / sxx).sqrt(), 1e-12);
        close(found.correlations[1], -mx / (sxx / 7.0 + mx * mx).sqrt(), 1e-12);
        assert!(found.relative_offset < 1e-10);
    }

    #[test]
    fn what_the_data_do_not_say_is_told() {
        let x = [1.0, 2.0, 3.0, 4.0];
        let compiled = |text: &str, m: usize| {
            let graph = Formula::parse(text).unwrap().curve(&[("x", &x[..m])], &x[..m], None).unwrap().graph;
            Function::new(graph)
        };
        let twin = curve_statistics(&mut compiled("(a + b)*x", 4), &[1.0, 2.0]);
        assert_eq!(twin, Err(CurveError::Undetermined { index: 1 }));
        let few = curve_statistics(&mut compiled("a + b*x", 2), &[1.0, 2.0]);
        assert_eq!(few, Err(CurveError::TooFewData { parameters: 2, data: 2 }));
        let unused = curve_statistics(&mut compiled("a*x + 0*b", 4), &[1.0, 2.0]);
        assert_eq!(unused, Err(CurveError::Undetermined { index: 1 }));
    }
}
