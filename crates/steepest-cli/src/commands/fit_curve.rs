//! `steepest fit-curve DATA CURVE`: the parameters of a curve that pass it closest through the data, with their uncertainty.

mod data;

use std::ops::{ControlFlow, Range};
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};
use statrs::distribution::{ContinuousCDF, StudentsT};
use steepest_core::{Reason, Termination};
use steepest_functions::{
    CurveError, CurveStatistics, Formula, FormulaError, Function, Sense, curve_statistics, refine,
};
use steepest_report::plot::{Axis, Chart, predicted_actual};
use steepest_solvers::Minimum;

use crate::descend::{Descent, exit_code, interrupt_flag};
use crate::failure::Failure;
use crate::options::{DescentOptions, Target, point};
use crate::picture::{self, Format};
use crate::say::{Say, columns, count, number, precise, print, seconds};
use data::Columns;

/// Arguments of `fit-curve`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct FitCurveArgs {
    /// The table: CSV, Parquet, …, or a file of NIST's reference datasets
    #[arg(value_name = "DATA")]
    data: String,
    /// The curve, `b1*(1 - exp(-b2*x))` or `y = b1*(1 - exp(-b2*x))`: names of columns are data, other names are parameters
    #[arg(value_name = "CURVE", allow_hyphen_values = true)]
    curve: String,
    /// The column the curve should meet, where the curve does not say it [default: `y`, or the only column left]
    #[arg(long, value_name = "COL", help_heading = "Data")]
    target: Option<String>,
    /// A column of weights: squares of residuals are multiplied by them
    #[arg(long, value_name = "COL", help_heading = "Data")]
    weights: Option<String>,
    /// Where the parameters start: `b1=500,b2=1e-4`, in order, a file, or `random`
    #[arg(long, value_name = "POINT", allow_hyphen_values = true, help_heading = "Descent")]
    from: Option<String>,
    /// The method
    #[arg(long, value_name = "SOLVER", visible_alias = "optimizer", default_value = "lm", help_heading = "Descent")]
    solver: String,
    #[command(flatten)]
    descent: DescentOptions,
    /// The confidence of the intervals
    #[arg(long, value_name = "SHARE", default_value_t = 0.95, value_parser = share, help_heading = "Output")]
    level: f64,
    /// Draw data and curve, `.svg` or `.png`
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    plot: Option<PathBuf>,
    /// Print the result as one JSON object on standard output
    #[arg(long, help_heading = "Output")]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  steepest fit-curve Misra1a.dat 'b1*(1 - exp(-b2*x))' --from b1=500,b2=1e-4
  steepest fit-curve growth.csv 'size = a/(1 + exp(b - c*day))' --from a=80,b=3,c=0.1 --plot growth.svg
  steepest fit-curve doses.csv 'log(y) = b1 - b2*x1*exp(-b3*x2)' --from 2.5,5e-9,-0.05 --json";

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(level) if level > 0.0 && level < 1.0 => Ok(level),
        _ => Err("give a share between 0 and 1, such as 0.95".into()),
    }
}

/// A curve with its data.
struct Problem {
    formula: Formula,
    /// The columns that the curve uses.
    used: Vec<(String, Vec<f64>)>,
    /// What the curve should meet, and how it is called.
    target: Vec<f64>,
    target_name: String,
    weights: Option<Vec<f64>>,
}

/// Fits.
pub fn run(args: FitCurveArgs, say: &Say) -> Result<ExitCode, Failure> {
    let format = args.plot.as_deref().map(|path| Format::of("--plot", path)).transpose()?;
    let mut settings = args.descent.settings()?;
    // Parameters have units: only changes in units of the parameters themselves mean the same for all curves.
    if args.descent.gtol.is_none() {
        settings.gtol = steepest_optim::Tolerance::default();
    }
    if args.descent.xtol.is_none() {
        settings.xtol = steepest_optim::Tolerance::relative(1e-10);
    }
    let table = data::read(&args.data, say)?;
    let problem = problem(&args, table)?;
    let used: Vec<(&str, &[f64])> = problem.used.iter().map(|c| (c.0.as_str(), c.1.as_slice())).collect();
    let compiled = problem.formula.curve(&used, &problem.target, problem.weights.as_deref());
    let compiled = compiled.map_err(|e| whole(&args.curve, &e))?;
    let target = Target::of_graph(compiled.graph, compiled.variables, problem.formula.text().trim());
    let start = point::start(args.from.as_deref(), &target, args.descent.seed)?;
    let rows = problem.target.len();
    let curve = format!("{} = {}", problem.target_name, target.title);
    say.line("curve", &format!("{curve} · {} parameters · {} rows", target.dim(), count(rows as u64)));
    let descent = Descent {
        target: &target,
        start: &start.x,
        solver: Some(&args.solver),
        bounds: None,
        settings,
        seed: args.descent.seed,
    };
    let mut chosen = descent.choose()?;
    let mut found = descent.run(&mut chosen, &*interrupt_flag()?, |_| ControlFlow::Continue(()))?;
    let mut f = target.function()?;
    let refined = if found.termination.reason == Reason::Interrupted { 0 } else { refine(&mut f, &mut found.x) };
    found.value = f.value(&found.x);
    let statistics = curve_statistics(&mut f, &found.x);
    settle(&mut found, &statistics, refined);
    let fit = Fit { problem: &problem, target: &target, found: &found, level: args.level, statistics };
    fit.tell(say, &args.solver)?;
    if let (Some(path), Some(format)) = (&args.plot, format) {
        picture::write(&fit.figure()?, path, format)?;
        say.line("plot", &path.display().to_string());
    }
    print(&if args.json { format!("{}\n", fit.object()) } else { fit.table() })?;
    Ok(ExitCode::from(exit_code(&found, args.descent.has_budget())))
}

/// Statistically converged fits are done, whatever ended the descent: their parameters are known better than the data say.
fn settle(found: &mut Minimum, statistics: &Result<CurveStatistics, CurveError>, refined: usize) {
    const CONVERGED: f64 = 1e-5;
    let Ok(s) = statistics else { return };
    if s.relative_offset <= CONVERGED && !matches!(found.termination.reason, Reason::Interrupted | Reason::GradientNorm)
    {
        let detail = format!(
            "the relative offset is {:.1e}: parameters could move by no more than this share of their uncertainty ({refined} \
             steps of Gauss and Newton after the descent)",
            s.relative_offset
        );
        found.termination = Termination::new(Reason::ParameterChange, detail);
    }
}

/// An error of the curve behind `y =`, shown in the whole text.
fn whole(text: &str, error: &FormulaError) -> Failure {
    Failure::pointed("curve", &FormulaError::at(text, error.span(), error.message()))
}

/// The place of the `=` or `~` between what is met and the curve.
fn sides(text: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut depth = 0;
    for (i, b) in bytes.iter().enumerate() {
        match b {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'~' if depth == 0 => return Some(i..i + 1),
            b'=' if depth == 0 => {
                let compares = bytes.get(i + 1) == Some(&b'=') || (i > 0 && b"<>!=".contains(&bytes[i - 1]));
                if !compares {
                    return Some(i..i + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn problem(args: &FitCurveArgs, table: Columns) -> Result<Problem, Failure> {
    let split = sides(&args.curve);
    // Blanks in the place of the left side keep the places of the right one.
    let right = split.as_ref().map_or(args.curve.clone(), |s| " ".repeat(s.end) + &args.curve[s.end..]);
    let formula = Formula::parse(&right).map_err(|e| whole(&args.curve, &e))?;
    let used: Vec<String> = formula.names().filter(|n| table.position(n).is_some()).map(String::from).collect();
    let used: Vec<(String, Vec<f64>)> =
        used.into_iter().map(|name| table.numbers(&name).map(|v| (name, v))).collect::<Result<_, _>>()?;
    if used.is_empty() {
        let names = table.names().join(", ");
        let message = format!("the curve uses no column of the data; the columns are {names}");
        let end = args.curve.len();
        return Err(Failure::pointed("curve", &FormulaError::at(&args.curve, 0..end, message)));
    }
    let weights = args.weights.as_ref().map(|name| table.numbers(name)).transpose()?;
    if let Some(row) = weights.iter().flatten().position(|w| *w < 0.0) {
        return Err(Failure::usage(format!("--weights: the weight of row {} is negative", row + 1)));
    }
    let (target, target_name) = match (split, &args.target) {
        (Some(_), Some(_)) => {
            return Err(Failure::usage("the curve says what it should meet, and --target says it too; leave one out"));
        }
        (Some(sign), None) => {
            let left = &args.curve[..sign.start];
            (left_side(&args.curve, left, &table)?, left.trim().to_string())
        }
        (None, Some(name)) => (table.numbers(name)?, name.clone()),
        (None, None) => {
            let mut skip: Vec<&str> = used.iter().map(|c| c.0.as_str()).collect();
            skip.extend(args.weights.as_deref());
            let name = table.left_over(&skip)?;
            (table.numbers(&name)?, name)
        }
    };
    let (mut used, mut target, mut weights) = (used, target, weights);
    if let Some(w) = weights.clone() {
        // A row without weight is no row: it must not count among the degrees of freedom either.
        let keep = |column: &mut Vec<f64>| {
            let mut weights = w.iter();
            column.retain(|_| weights.next().is_some_and(|w| *w > 0.0));
        };
        used.iter_mut().for_each(|c| keep(&mut c.1));
        keep(&mut target);
        weights.iter_mut().for_each(keep);
    }
    if let Some(row) = target.iter().position(|y| !y.is_finite()) {
        return Err(Failure::usage(format!(
            "row {}: `{target_name}` is {}, not a finite number",
            row + 1,
            target[row]
        )));
    }
    Ok(Problem { formula, used, target, target_name, weights })
}

/// The values of an expression of columns.
fn left_side(whole_text: &str, left: &str, table: &Columns) -> Result<Vec<f64>, Failure> {
    if table.position(left.trim()).is_some() {
        return table.numbers(left.trim());
    }
    let compiled = Formula::parse(left).and_then(|f| f.compile(None, Sense::Minimize));
    let compiled = compiled.map_err(|e| whole(whole_text, &e))?;
    let mut columns = Vec::new();
    for name in &compiled.variables {
        if table.position(name).is_none() {
            let at = left.find(name.as_str()).unwrap_or(0);
            let message = format!("`{name}` is no column of the data; the columns are {}", table.names().join(", "));
            return Err(Failure::pointed("curve", &FormulaError::at(whole_text, at..at + name.len(), message)));
        }
        columns.push(table.numbers(name)?);
    }
    let mut f = Function::new(compiled.graph);
    let row = |i: usize| columns.iter().map(|c| c[i]).collect::<Vec<f64>>();
    Ok((0..table.rows()).map(|i| f.value(&row(i))).collect())
}

/// A finished fit.
struct Fit<'a> {
    problem: &'a Problem,
    target: &'a Target,
    found: &'a Minimum,
    level: f64,
    statistics: Result<CurveStatistics, CurveError>,
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

    fn object(&self) -> Value {
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
        json!({
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
            "termination": {"reason": found.termination.reason.name(), "detail": found.termination.detail},
            "evaluations": {
                "value": found.evaluations.value,
                "gradient": found.evaluations.gradient,
                "hvp": found.evaluations.hvp,
                "hessian": found.evaluations.hessian,
            },
            "steps": found.steps,
            "seconds": found.seconds,
        })
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
    fn table(&self) -> String {
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

    fn tell(&self, say: &Say, solver: &str) -> Result<(), Failure> {
        let found = self.found;
        say.line("solver", &format!("{solver} · {} steps · {}", count(found.steps), seconds(found.seconds)));
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
    fn figure(&self) -> Result<steepest_report::plot::Figure, Failure> {
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

#[cfg(test)]
mod tests {
    use super::sides;

    #[test]
    fn the_sides_are_parted_at_the_equals_sign() {
        assert_eq!(sides("y = a*x"), Some(2..3));
        assert_eq!(sides("log(y) ~ a*x"), Some(7..8));
        assert_eq!(sides("sum(i=1..3, a*x^i)"), None);
        assert_eq!(sides("y = sum(i=1..3, a*x^i)"), Some(2..3));
        assert_eq!(sides("if(x <= 2, a, b)*(x == 3)"), None);
        assert_eq!(sides("a*(x >= b)"), None);
    }
}
