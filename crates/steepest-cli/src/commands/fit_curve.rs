//! `steepest fit-curve DATA CURVE`: the parameters of a curve that pass it closest through the data, with their uncertainty.

mod data;
mod outcome;
mod problem;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use steepest_core::{Reason, Termination};
use steepest_functions::{CurveError, CurveStatistics, curve_statistics, refine};
use steepest_solvers::Minimum;

use crate::descend::{Descent, exit_code};
use crate::failure::Failure;
use crate::interrupt::interrupt_flag;
use crate::options::{DescentOptions, Target, point};
use crate::picture::{self, Format};
use crate::say::{Say, counted, print};
use outcome::Fit;
use problem::{problem, whole};

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
    say.line(
        "curve",
        &format!("{curve} · {} · {}", counted(target.dim() as u64, "parameter"), counted(rows as u64, "row")),
    );
    let descent = Descent {
        target: &target,
        start: &start.x,
        solver: Some(&args.solver),
        bounds: None,
        set: None,
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
            "the relative offset is {:.1e}: parameters could move by no more than this share of their uncertainty ({} of \
             Gauss and Newton after the descent)",
            s.relative_offset,
            counted(refined as u64, "step")
        );
        found.termination = Termination::new(Reason::ParameterChange, detail);
    }
}
