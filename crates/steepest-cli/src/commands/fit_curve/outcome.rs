//! A finished fit: its parameters with their uncertainty, for people, for scripts, and as a figure.

use serde_json::{Value, json};
use statrs::distribution::{ContinuousCDF, StudentsT};
use steepest_functions::{CurveError, CurveStatistics, Function};
use steepest_report::plot::{Axis, Chart, Figure, predicted_actual};
use steepest_solvers::Minimum;

use super::problem::Problem;
use crate::descend::ending;
use crate::failure::Failure;
use crate::options::Target;
use crate::say::{Say, columns, counted, number, precise, seconds};

/// A finished fit.
pub(super) struct Fit<'a> {
    pub(super) problem: &'a Problem,
    pub(super) target: &'a Target,
    pub(super) found: &'a Minimum,
    pub(super) level: f64,
    pub(super) statistics: Result<CurveStatistics, CurveError>,
}

impl Fit<'_> {
    /// Half the width of a confidence interval in standard errors.
    fn quantile(&self, degrees_of_freedom: usize) -> f64 {
        let t = StudentsT::new(0.0, 1.0, degrees_of_freedom as f64);
        t.map_or(f64::NAN, |t| t.inverse_cdf(0.5 + 0.5 * self.level))
    }

    /// 1 − Σw(y − m)²/Σw(y − ȳ)².
    fn r_squared(&self) -> f64 {
        let weight = |i: usize| self.problem.weights.as_ref().map_or(1.0, |w| w[i]);
        let y = &self.problem.target;
        let total: f64 = (0..y.len()).map(weight).sum();
        let mean = (0..y.len()).map(|i| weight(i) * y[i]).sum::<f64>() / total;
        let spread: f64 = (0..y.len()).map(|i| weight(i) * (y[i] - mean) * (y[i] - mean)).sum();
        1.0 - 2.0 * self.found.value / spread
    }

    /// What scripts read on standard output.
    pub(super) fn object(&self) -> Value {
        let statistics = self.statistics.as_ref().ok();
        let parameters: Vec<Value> = (0..self.target.dim())
            .map(|i| {
                let estimate = self.found.x[i];
                let error = statistics.map(|s| s.standard_errors[i]);
                let half = statistics.map(|s| self.quantile(s.degrees_of_freedom) * s.standard_errors[i]);
                json!({
                    "name": self.target.names[i],
                    "estimate": estimate,
                    "standard_error": error,
                    "low": half.map(|h| estimate - h),
                    "high": half.map(|h| estimate + h),
                })
            })
            .collect();
        let found = self.found;
        let mut object = json!({
            "parameters": parameters,
            "level": self.level,
            "rows": self.problem.target.len(),
            "degrees_of_freedom": statistics.map(|s| s.degrees_of_freedom),
            "residual_sum_of_squares": 2.0 * found.value,
            "residual_standard_error": statistics.map(|s| s.residual_standard_error),
            "r_squared": self.r_squared(),
            "relative_offset": statistics.map(|s| s.relative_offset),
            "correlations": statistics.map(|s| s.correlations.chunks(self.target.dim()).map(<[f64]>::to_vec).collect::<Vec<_>>()),
            "without_errors": self.statistics.as_ref().err().map(|e| self.reason(e)),
        });
        if let Value::Object(keys) = &mut object {
            keys.extend(ending(found));
        }
        object
    }

    /// Why there are no standard errors, with the parameter's name.
    fn reason(&self, error: &CurveError) -> String {
        match error {
            CurveError::Undetermined { index } => {
                format!(
                    "`{}` is not determined by the data: other parameters can take its place",
                    self.target.names[*index]
                )
            }
            other => other.to_string(),
        }
    }

    /// What people read on standard output.
    pub(super) fn table(&self) -> String {
        let per_cent = number(100.0 * self.level);
        let head = [
            "parameter".to_string(),
            "estimate".into(),
            "standard error".into(),
            format!("{per_cent} % from"),
            "to".into(),
        ];
        let mut rows = vec![head];
        for (i, name) in self.target.names.iter().enumerate() {
            let estimate = self.found.x[i];
            let known = self.statistics.as_ref().ok();
            let half = known.map(|s| self.quantile(s.degrees_of_freedom) * s.standard_errors[i]);
            let show = |v: Option<f64>| v.map_or("–".to_string(), precise);
            rows.push([
                name.clone(),
                precise(estimate),
                show(known.map(|s| s.standard_errors[i])),
                show(half.map(|h| estimate - h)),
                show(half.map(|h| estimate + h)),
            ]);
        }
        columns(&rows)
    }

    /// What people read while it runs.
    pub(super) fn tell(&self, say: &Say, solver: &str) -> Result<(), Failure> {
        let found = self.found;
        say.line("solver", &format!("{solver} · {} · {}", counted(found.steps, "step"), seconds(found.seconds)));
        say.line("done", &format!("{}: {}", found.termination.reason, found.termination.detail));
        let mut text =
            format!("R² {} · residual sum of squares {}", precise(self.r_squared()), precise(2.0 * found.value));
        match &self.statistics {
            Ok(s) => {
                text += &format!(
                    " · residual standard error {} ({} degrees of freedom)",
                    precise(s.residual_standard_error),
                    s.degrees_of_freedom
                );
            }
            Err(e) => say.warning(&format!("no standard errors: {}", self.reason(e))),
        }
        say.line("fit", &text);
        Ok(())
    }

    /// Data and curve over the one column it uses; predictions against data where it uses more.
    pub(super) fn figure(&self) -> Result<Figure, Failure> {
        let at_row = |values: &[f64]| -> Result<f64, Failure> {
            let row: Vec<(&str, f64)> = self.problem.used.iter().zip(values).map(|(c, v)| (c.0.as_str(), *v)).collect();
            let compiled = self.problem.formula.at_row(&row).map_err(|e| Failure::usage(e.to_string()))?;
            Ok(Function::new(compiled.graph).value(&self.found.x))
        };
        let y = &self.problem.target;
        let [(name, x)] = self.problem.used.as_slice() else {
            let rows = (0..y.len()).map(|i| self.problem.used.iter().map(|c| c.1[i]).collect::<Vec<f64>>());
            let pairs = rows.zip(y).map(|(row, y)| at_row(&row).map(|m| (m, *y))).collect::<Result<Vec<_>, _>>()?;
            return Ok(predicted_actual(&pairs).headline().figure());
        };
        const POINTS: usize = 400;
        let (low, high) = x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        let places = (0..POINTS).map(|k| low + (high - low) * k as f64 / (POINTS - 1) as f64);
        let line = places.map(|x| at_row(&[x]).map(|m| (x, m))).collect::<Result<Vec<_>, _>>()?;
        let dots = x.iter().copied().zip(y.iter().copied()).collect();
        let title = format!("{} = {}", self.problem.target_name, self.target.title);
        let axes = (Axis::linear(name.as_str()), Axis::linear(self.problem.target_name.as_str()));
        let chart = Chart::new(title, axes.0, axes.1).size(480.0, 320.0).headline();
        Ok(chart.dots("data", dots, 3.0).line("curve", line).colored(1).figure())
    }
}
