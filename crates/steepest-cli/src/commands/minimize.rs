//! `steepest minimize FORMULA`: any function to its minimum.

mod outcome;
mod trace;

use std::path::PathBuf;
use std::process::ExitCode;

use steepest_functions::{economics, problems};
use steepest_solvers::Progress;

use crate::descend::{Chosen, Descent, exit_code};
use crate::failure::Failure;
use crate::interrupt::interrupt_flag;
use crate::options::{DescentOptions, FunctionOptions, SetOption, Target, point};
use crate::picture::{self, Backdrop, Motion, Way};
use crate::say::{Say, count, number, precise, print};

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
    /// A constraint over the same variables: `x + y <= 1`, `x*y = 2`, `2 <= x`; repeat for several
    #[arg(long, value_name = "CONSTRAINT", allow_hyphen_values = true, help_heading = "Descent")]
    subject_to: Vec<String>,
    /// A set that the variables are kept in: `simplex` (x ≥ 0, Σx = 1), `ball:2`, `l1-ball:0.5`
    #[arg(long, value_name = "SET", help_heading = "Descent")]
    set: Option<SetOption>,
    #[command(flatten)]
    descent: DescentOptions,
    /// Write every step to a CSV file: step, value, gradient norm, step size, point; of a flow also the time
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    trace: Option<PathBuf>,
    /// Draw the way over the contours of the function, `.svg` or `.png`
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    plot: Option<PathBuf>,
    /// Draw the way as it grows: `.gif`, `.png` (animated PNG), or `.html`, a page that plays and stops it
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    animate: Option<PathBuf>,
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
  steepest minimize '0.3*ln(x) + 0.7*ln(y)' --maximize --subject-to '2*x + 5*y <= 100' --bounds 0..
  steepest minimize 'norm(x - [3, 1, 2])^2' --dim 3 --set simplex
  steepest minimize 'x^2 + 10*y^2' --from 5,5 --solver flow --trace flow.csv --animate flow.gif
  steepest minimize --problem rosenbrock --dim 10 --solver bfgs --json";

/// Minimizes.
pub fn run(args: MinimizeArgs, say: &Say) -> Result<ExitCode, Failure> {
    if args.function.problem.as_deref() == Some("list") {
        return list();
    }
    let settings = args.descent.settings()?;
    let format = args.plot.as_deref().map(|path| picture::Format::of("--plot", path)).transpose()?;
    let motion = args.animate.as_deref().map(Motion::of).transpose()?;
    let target = args.function.load_under(&args.subject_to)?;
    let start = point::start(args.from.as_deref(), &target, args.descent.seed)?;
    let bounds = args.bounds.as_deref().map(|text| point::bounds("--bounds", text, &target.names)).transpose()?;
    let descent = Descent {
        target: &target,
        start: &start.x,
        solver: args.solver.as_deref(),
        bounds: bounds.as_deref(),
        set: args.set.as_ref(),
        settings,
        seed: args.descent.seed,
    };
    let mut chosen = descent.choose()?;
    announce(say, &target, &start, &chosen);
    let interrupt = interrupt_flag()?;
    let mut way = Way::new(&chosen.name, format.is_some() || motion.is_some());
    let found = trace::traced(&descent, &mut chosen, &interrupt, args.trace.as_deref(), &mut |progress| {
        way.add(progress.point, progress.value);
        detail(say, progress);
    })?;
    if format.is_some() || motion.is_some() {
        let ways = [way];
        let backdrop = Backdrop::around(&target, &ways, &found.x)?;
        if let (Some(path), Some(format)) = (&args.plot, format) {
            picture::write(&backdrop.with(&ways), path, format)?;
        }
        if let (Some(path), Some(motion)) = (&args.animate, motion) {
            motion.write(&backdrop, &ways, path)?;
        }
    }
    outcome::tell(say, &target, &found, &chosen);
    for (label, path) in [("trace", &args.trace), ("plot", &args.plot), ("animation", &args.animate)] {
        if let Some(path) = path {
            say.line(label, &path.display().to_string());
        }
    }
    if args.json {
        print(&format!("{}\n", outcome::object(&target, &found, &chosen)))?;
    }
    Ok(ExitCode::from(exit_code(&found, args.descent.has_budget() || chosen.has_end())))
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
    let mut last = "";
    for example in economics::examples() {
        // Two of one kind differ in their numbers only.
        if std::mem::replace(&mut last, example.name) != example.name {
            text += &format!(
                "{:<width$}  economics · under a constraint · {} variables\n",
                example.name,
                example.start.len()
            );
        }
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}
