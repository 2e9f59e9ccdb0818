//! `steepest minimize FORMULA`: any function to its minimum.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};
use steepest_functions::problems;
use steepest_solvers::{CriticalPoint, Minimum, Progress};
use steepest_train::write_atomic;

use crate::descend::{Chosen, Descent, exit_code, interrupt_flag};
use crate::failure::Failure;
use crate::options::{DescentOptions, FunctionOptions, Target, point};
use crate::picture::{self, Way};
use crate::say::{Say, count, number, precise, print, seconds};

/// Arguments of `minimize`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct MinimizeArgs {
    #[command(flatten)]
    function: FunctionOptions,
    /// Where to start: `x=5,y=5`, `-1,2`, a file, or `random`
    #[arg(long, value_name = "POINT", allow_hyphen_values = true, help_heading = "Descent")]
    from: Option<String>,
    /// The method: `lbfgs:memory=20`, `gd:lr=0.01`, `adam:lr=0.1`, … [default: auto]
    #[arg(long, value_name = "SOLVER", visible_alias = "optimizer", help_heading = "Descent")]
    solver: Option<String>,
    /// Bounds on the variables: `x=0..1,y=..5`, or `0..1` for all
    #[arg(long, value_name = "BOUNDS", allow_hyphen_values = true, help_heading = "Descent")]
    bounds: Option<String>,
    #[command(flatten)]
    descent: DescentOptions,
    /// Write every step to a CSV file: step, value, gradient norm, step size, point
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    trace: Option<PathBuf>,
    /// Draw the way over the contours of the function, `.svg` or `.png`
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    plot: Option<PathBuf>,
    /// Print the result as one JSON object on standard output
    #[arg(long, help_heading = "Output")]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  steepest minimize 'x^2 + 10*y^2' --from x=5,y=5
  steepest minimize '(1-x)^2 + 100*(y-x^2)^2' --from -1.2,1 --solver gd --trace way.csv --plot way.svg
  steepest minimize 'sum(i=1..n-1, 100*(x[i+1]-x[i]^2)^2 + (1-x[i])^2)' --dim 100 --from x=-1 --solver lbfgs
  steepest minimize '60*q - q^2 - 10*q' --from q=1 --maximize
  steepest minimize '(x-3)^2 + y^4' --from 0,1 --bounds x=0..1
  steepest minimize --problem rosenbrock --dim 10 --solver bfgs --json";

/// Minimizes.
pub fn run(args: MinimizeArgs, say: &Say) -> Result<ExitCode, Failure> {
    if args.function.problem.as_deref() == Some("list") {
        return list();
    }
    let settings = args.descent.settings()?;
    let format = args.plot.as_deref().map(|path| picture::Format::of("--plot", path)).transpose()?;
    let target = args.function.load()?;
    let start = point::start(args.from.as_deref(), &target, args.descent.seed)?;
    let bounds = args.bounds.as_deref().map(|text| point::bounds("--bounds", text, &target.names)).transpose()?;
    let descent = Descent {
        target: &target,
        start: &start.x,
        solver: args.solver.as_deref(),
        bounds: bounds.as_deref(),
        settings,
        seed: args.descent.seed,
    };
    let mut chosen = descent.choose()?;
    announce(say, &target, &start, &chosen);
    let interrupt = interrupt_flag()?;
    let mut way = Way::new(&chosen.name, args.plot.is_some());
    let found = traced(&descent, &mut chosen, &interrupt, args.trace.as_deref(), &mut |progress| {
        way.add(progress.point, progress.value);
        detail(say, progress);
    })?;
    if let (Some(path), Some(format)) = (&args.plot, format) {
        let figure = picture::of_ways(&target, std::slice::from_ref(&way), &found.x, None)?;
        picture::write(&figure, path, format)?;
    }
    tell(say, &target, &found);
    for (label, path) in [("trace", &args.trace), ("plot", &args.plot)] {
        if let Some(path) = path {
            say.line(label, &path.display().to_string());
        }
    }
    if args.json {
        print(&format!("{}\n", object(&found)))?;
    }
    Ok(ExitCode::from(exit_code(&found, args.descent.has_budget())))
}

/// Runs, and writes the trace on the way.
fn traced(
    descent: &Descent<'_>,
    chosen: &mut Chosen,
    interrupt: &AtomicBool,
    trace: Option<&Path>,
    see: &mut dyn FnMut(&Progress<'_>),
) -> Result<Minimum, Failure> {
    let Some(path) = trace else {
        return descent.run(chosen, interrupt, |progress| {
            see(progress);
            ControlFlow::Continue(())
        });
    };
    let mut outcome = None;
    let written = write_atomic(path, |out| {
        writeln!(out, "step,value,grad_norm,step_size,{}", descent.target.names.join(","))?;
        let mut broken = None;
        let found = descent.run(chosen, interrupt, |progress| {
            see(progress);
            match row(out, progress) {
                Ok(()) => ControlFlow::Continue(()),
                Err(e) => {
                    broken = Some(e);
                    ControlFlow::Break(())
                }
            }
        });
        if let Some(e) = broken {
            return Err(e);
        }
        let failed = found.is_err();
        outcome = Some(found);
        // A run that could not begin leaves no file.
        if failed { Err(io::Error::other("the run did not begin")) } else { Ok(()) }
    });
    match (outcome, written) {
        (Some(Err(failure)), _) => Err(failure),
        (_, Err(e)) => Err(Failure::usage(format!("--trace {}: cannot write: {e}", path.display()))),
        (Some(Ok(found)), Ok(())) => Ok(found),
        (None, Ok(())) => Err(Failure::usage("the run did not begin")),
    }
}

/// One line of the trace, 17 significant digits.
fn row(out: &mut dyn Write, p: &Progress<'_>) -> io::Result<()> {
    // No step leads to the start.
    let step_size = if p.step == 0 { 0.0 } else { p.step_size };
    write!(out, "{},{:.16e},{:.16e},{step_size:.16e}", p.step, p.value, p.grad_norm)?;
    for x in p.point {
        write!(out, ",{x:.16e}")?;
    }
    writeln!(out)
}

/// The object that scripts read.
fn object(found: &Minimum) -> Value {
    json!({
        "x": found.x,
        "value": found.value,
        "grad_norm": found.grad_norm,
        "termination": {"reason": found.termination.reason.name(), "detail": found.termination.detail},
        "evaluations": {
            "value": found.evaluations.value,
            "gradient": found.evaluations.gradient,
            "hvp": found.evaluations.hvp,
            "hessian": found.evaluations.hessian,
        },
        "steps": found.steps,
        "seconds": found.seconds,
        "critical_point": found.critical_point.name(),
    })
}

/// How many variables there are, and which.
pub fn variables(target: &Target) -> String {
    match target.dim() {
        1 => format!("1 variable: {}", target.names[0]),
        n @ 2..=8 => format!("{n} variables: {}", target.names.join(", ")),
        n => format!("{} variables", count(n as u64)),
    }
}

fn announce(say: &Say, target: &Target, start: &point::Start, chosen: &Chosen) {
    let sense = if target.maximize { " · its maximum is wanted" } else { "" };
    say.line("function", &format!("{} · {}{sense}", target.title, variables(target)));
    let why = start.why.as_ref().map_or(String::new(), |why| format!(" ({why})"));
    say.line("start", &format!("{}{why}", coordinates(&target.names, &start.x, number)));
    let why = chosen.why.as_ref().map_or(String::new(), |why| format!(", since {why}"));
    say.line("solver", &format!("{}{why}", chosen.name));
}

/// `x = 1, y = 2`, or the first of many.
pub fn coordinates(names: &[String], x: &[f64], show: fn(f64) -> String) -> String {
    const MOST: usize = 8;
    let mut text: Vec<String> = names.iter().zip(x).take(MOST).map(|(n, x)| format!("{n} = {}", show(*x))).collect();
    if x.len() > MOST {
        text.push(format!("… ({} in all)", count(x.len() as u64)));
    }
    text.join(", ")
}

fn detail(say: &Say, p: &Progress<'_>) {
    let mut text = format!("{} · value {} · |g| {}", p.step, precise(p.value), number(p.grad_norm));
    if p.step_size.is_finite() {
        text += &format!(" · step size {}", number(p.step_size));
    }
    say.detail("step", &text);
    if let Some(note) = p.note {
        say.line("escape", note);
    }
}

fn tell(say: &Say, target: &Target, found: &Minimum) {
    let text = format!("value {} · |g| {} · {}", precise(found.value), number(found.grad_norm), seconds(found.seconds));
    say.line(&format!("step {}", count(found.steps)), &text);
    say.line("done", &format!("{}: {}", found.termination.reason, found.termination.detail));
    let wanted = if target.maximize { CriticalPoint::Maximum } else { CriticalPoint::Minimum };
    let label = if found.critical_point == wanted { wanted.name() } else { "best" };
    say.line(label, &coordinates(&target.names, &found.x, precise));
    say.line("curvature", &curvature(found));
    if let Some(best) = target.minima.first() {
        let difference = found.value - best.value;
        let kind = if best.global { "global minimum" } else { "lowest known minimum" };
        say.line("known", &format!("{kind} {} · found {} above it", precise(best.value), number(difference)));
    }
    let e = &found.evaluations;
    let counts =
        [("value", e.value), ("gradient", e.gradient), ("Hessian-vector product", e.hvp), ("Hessian", e.hessian)];
    let parts: Vec<String> = counts
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(what, n)| format!("{} {what}{}", count(*n), if *n == 1 { "" } else { "s" }))
        .collect();
    say.line("cost", &parts.join(" · "));
}

/// What the curvature says about the point.
fn curvature(found: &Minimum) -> String {
    let kind = found.critical_point;
    let Some(c) = &found.curvature else { return format!("{kind}: not looked at") };
    let ends = format!("from {} to {}", number(c.smallest), number(c.largest));
    let estimated = if c.whole { "" } else { " (estimated)" };
    match kind {
        CriticalPoint::Minimum => format!("a minimum: curvature {ends}{estimated}"),
        CriticalPoint::Maximum => format!("a maximum: curvature {ends}{estimated}"),
        CriticalPoint::Saddle => format!("a saddle: curvature {ends}{estimated}"),
        CriticalPoint::Degenerate => {
            format!(
                "degenerate: curvature {ends}{estimated}; a direction without curvature, so second derivatives cannot tell"
            )
        }
        CriticalPoint::Unknown => format!("unknown: curvature {ends}{estimated} where the gradient does not vanish"),
    }
}

/// The test problems.
fn list() -> Result<ExitCode, Failure> {
    let mut text = String::new();
    let width = problems::entries().iter().map(|e| e.name.len()).max().unwrap_or(0);
    for entry in problems::entries() {
        text += &format!(
            "{:<width$}  {} · {} · {} variables\n",
            entry.name,
            entry.collection.name(),
            entry.kind.name(),
            entry.dims
        );
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}
