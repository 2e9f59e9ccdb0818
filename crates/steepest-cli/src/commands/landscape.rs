//! `steepest landscape FORMULA`: what a function looks like, and how solvers move on it.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use steepest_functions::FormulaError;
use steepest_report::plot::{Figure, Levels};

use crate::commands::minimize::coordinates;
use crate::descend::Descent;
use crate::failure::Failure;
use crate::interrupt::interrupt_flag;
use crate::options::{DescentOptions, FunctionOptions, Target, point};
use crate::picture::{self, Backdrop, Format, Frame, Motion, Way};
use crate::say::{Say, counted, number, precise};

/// Arguments of `landscape`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct LandscapeArgs {
    #[command(flatten)]
    function: FunctionOptions,
    /// The picture, `.svg` or `.png`
    #[arg(long, value_name = "FILE", default_value = "landscape.svg", help_heading = "Picture")]
    out: PathBuf,
    /// What is drawn
    #[arg(long, value_enum, default_value = "contours", help_heading = "Picture")]
    view: View,
    /// The part that is shown: `x=-2..2,y=-1..3`, or `-2..2` for all [default: what the ways need]
    #[arg(long, value_name = "RANGES", allow_hyphen_values = true, help_heading = "Picture")]
    window: Option<String>,
    /// The two variables of the plane, or those of slices: `x,y` [default: the first two; with more variables the plane of the ways]
    #[arg(long, value_name = "NAMES", help_heading = "Picture")]
    axes: Option<String>,
    /// How many contours
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100), help_heading = "Picture")]
    levels: Option<u16>,
    /// Heights by their logarithm above the lowest; `false` for equal distances [default: by the function]. Of `convergence`, whose
    /// heights always are logarithms, steps by theirs: rates such as 1/k become straight lines
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", help_heading = "Picture")]
    log: Option<bool>,
    /// Also write the ways as they grow: `.gif`, `.png` (animated PNG), or `.html`, a page that plays and stops them
    #[arg(long, value_name = "FILE", help_heading = "Picture")]
    animate: Option<PathBuf>,
    /// A constraint, such as `x + y <= 1`: its border is drawn and met; repeat for several
    #[arg(long, value_name = "CONSTRAINT", allow_hyphen_values = true, help_heading = "Function")]
    subject_to: Vec<String>,
    /// Where ways start: `x=5,y=5`, `-1,2`, a file, `random`; repeat for several
    #[arg(long, value_name = "POINT", allow_hyphen_values = true, help_heading = "Descent")]
    from: Vec<String>,
    /// Methods whose ways are drawn; repeat for several [default: auto where --from is given, else none]
    #[arg(long, value_name = "SOLVER", visible_alias = "optimizer", help_heading = "Descent")]
    solver: Vec<String>,
    #[command(flatten)]
    descent: DescentOptions,
}

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum View {
    /// Filled contours over two variables; the curve of a function of one
    Contours,
    /// A surface in space
    Surface,
    /// Curves along single variables through the best point
    Slices,
    /// How far above the lowest value that is known or was found each way is, step by step
    Convergence,
}

const EXAMPLES: &str = "Examples:
  steepest landscape '(1-x)^2 + 100*(y-x^2)^2' --from -1.2,1 --solver gd --solver lbfgs --out banana.svg
  steepest landscape --problem himmelblau --view surface --out himmelblau.png
  steepest landscape 'x^2 + 10*y^2' --from 5,5 --solver momentum:lr=0.05 --animate way.gif
  steepest landscape 'x^2 + 10*y^2' --from 5,5 --solver gd:lr=0.09 --solver flow --out flow.svg
  steepest landscape '(x-2)^2 + (y-1)^2' --subject-to 'x^2 + y^2 <= 1' --from 0,0 --out disc.svg
  steepest landscape --problem rosenbrock --dim 10 --solver gd --solver nesterov --solver lbfgs --view convergence --log
  steepest landscape --problem rosenbrock --dim 10 --from random --view slices";

/// More ways than this nobody can tell apart.
const MOST_WAYS: usize = 8;
/// Steps of a way where nobody says how many.
const STEPS: u64 = 1000;

/// Draws.
pub fn run(args: LandscapeArgs, say: &Say) -> Result<ExitCode, Failure> {
    let format = Format::of("--out", &args.out)?;
    let motion = args.animate.as_deref().map(Motion::of).transpose()?;
    if motion.is_some() && matches!(args.view, View::Slices | View::Convergence) {
        return Err(Failure::usage("--animate shows ways as they grow over the function, and this view shows no ways")
            .with_help("leave --view out, or --animate"));
    }
    let target = args.function.load_under(&args.subject_to)?;
    let window = args.window.as_deref().map(|text| point::bounds("--window", text, &target.names)).transpose()?;
    let axes = args.axes.as_deref().map(|text| variables(text, &target.names)).transpose()?;
    let (ways, best) = ways(&args, &target, say)?;
    if args.animate.is_some() && ways.is_empty() {
        return Err(Failure::usage("--animate shows ways as they grow, and there are none")
            .with_help("add --from and --solver"));
    }
    let scene = Scene {
        args: &args,
        target: &target,
        ways: &ways,
        best: &best,
        axes: axes.as_deref(),
        window: window.as_deref(),
    };
    let backdrop = scene.backdrop()?;
    let figure = match &backdrop {
        Some(backdrop) => backdrop.with(&ways),
        None if args.view == View::Convergence => picture::convergence(&target, &ways, args.log == Some(true))?,
        None => scene.slices()?,
    };
    picture::write(&figure, &args.out, format)?;
    say.line("picture", &args.out.display().to_string());
    if let (Some(path), Some(motion), Some(backdrop)) = (&args.animate, motion, &backdrop) {
        let frames = motion.write(backdrop, &ways, path)?;
        say.line("animation", &format!("{} · {}", path.display(), counted(frames as u64, "frame")));
    }
    Ok(ExitCode::SUCCESS)
}

/// The ways of all solvers from all starts, and the best point any of them found; without ways the start.
fn ways(args: &LandscapeArgs, target: &Target, say: &Say) -> Result<(Vec<Way>, Vec<f64>), Failure> {
    let seed = args.descent.seed;
    let starts: Vec<point::Start> = match args.from.as_slice() {
        [] => vec![point::start(None, target, seed)?],
        list => list
            .iter()
            .zip(seed..)
            .map(|(text, seed)| point::start(Some(text), target, seed))
            .collect::<Result<_, _>>()?,
    };
    if args.solver.is_empty() && args.from.is_empty() {
        let known = target.minima.iter().find_map(|m| m.point.clone());
        return Ok((Vec::new(), known.unwrap_or_else(|| starts[0].x.clone())));
    }
    let solvers: Vec<Option<&str>> =
        if args.solver.is_empty() { vec![None] } else { args.solver.iter().map(|s| Some(s.as_str())).collect() };
    if starts.len() * solvers.len() > MOST_WAYS {
        return Err(Failure::usage(format!(
            "{} ways cannot be told apart; draw at most {MOST_WAYS}",
            starts.len() * solvers.len()
        )));
    }
    let mut settings = args.descent.settings()?;
    if args.descent.max_steps.is_none() {
        settings.max_steps = Some(STEPS);
    }
    let interrupt = interrupt_flag()?;
    let mut ways = Vec::new();
    let mut best: Option<(Vec<f64>, f64)> = None;
    for start in &starts {
        for &solver in &solvers {
            let descent = Descent { target, start: &start.x, solver, bounds: None, set: None, settings, seed };
            let mut chosen = descent.choose()?;
            let mut way = Way::new(&chosen.name, true);
            let found = descent.run(&mut chosen, &interrupt, |p| {
                way.add(p.point, p.value);
                ControlFlow::Continue(())
            })?;
            if starts.len() > 1 && target.dim() <= 3 {
                way.name += &format!(" from {}", start.x.iter().map(|x| number(*x)).collect::<Vec<_>>().join(", "));
            }
            let end = coordinates(&target.names, &found.x, number);
            let steps = counted(found.steps, "step");
            say.line(
                &way.name,
                &format!("{steps} · value {} at {end} · {}", precise(found.value), found.termination.reason),
            );
            let better = |value: f64| if target.maximize { found.value > value } else { found.value < value };
            if best.as_ref().is_none_or(|(_, value)| better(*value)) {
                best = Some((found.x, found.value));
            }
            ways.push(way);
        }
    }
    let point = best.map_or_else(|| starts[0].x.clone(), |b| b.0);
    Ok((ways, point))
}

/// The variables of a list of names.
fn variables(text: &str, names: &[String]) -> Result<Vec<usize>, Failure> {
    let mut out = Vec::new();
    let mut at = 0;
    for part in text.split(',') {
        let name = part.trim();
        let start = at + (part.len() - part.trim_start().len());
        let wrong =
            |message: String| Failure::pointed("--axes", &FormulaError::at(text, start..start + name.len(), message));
        match names.iter().position(|n| n == name) {
            Some(i) if out.contains(&i) => return Err(wrong(format!("`{name}` is there twice"))),
            Some(i) => out.push(i),
            None => {
                let some: Vec<&str> = names.iter().take(8).map(String::as_str).collect();
                return Err(wrong(format!("there is no variable `{name}`; there are {}", some.join(", "))));
            }
        }
        at += part.len() + 1;
    }
    Ok(out)
}

/// What is drawn, and of what.
struct Scene<'a> {
    args: &'a LandscapeArgs,
    target: &'a Target,
    ways: &'a [Way],
    best: &'a [f64],
    axes: Option<&'a [usize]>,
    window: Option<&'a [(f64, f64)]>,
}

impl Scene<'_> {
    /// What lies behind the ways; `None` for slices and convergence, which have nothing there.
    fn backdrop(&self) -> Result<Option<Backdrop>, Failure> {
        let Scene { args, target, ways, best, axes, window } = *self;
        if matches!(args.view, View::Slices | View::Convergence) {
            return Ok(None);
        }
        if target.dim() == 1 {
            if args.view == View::Surface {
                return Err(Failure::usage("a surface needs two variables; this function has one"));
            }
            return Backdrop::curve(target, picture::curve_window(target, ways, best, window)).map(Some);
        }
        let pair = match axes {
            None => None,
            Some(&[a, b]) => Some([a, b]),
            Some(list) => return Err(Failure::usage(format!("--axes: a plane has two variables, not {}", list.len()))),
        };
        let frame = Frame::around(target, ways, best, pair, window)?;
        if args.view == View::Surface {
            return Backdrop::space(target, frame, args.log).map(Some);
        }
        let levels = match (args.log, args.levels.map(usize::from)) {
            (None, None) => Levels::Auto,
            (Some(true), n) => Levels::Log(n.unwrap_or(12)),
            (_, n) => Levels::Linear(n.unwrap_or(12)),
        };
        Backdrop::contours(target, frame, levels).map(Some)
    }

    fn slices(&self) -> Result<Figure, Failure> {
        let all: Vec<usize> = (0..self.target.dim()).collect();
        picture::slices(self.target, self.best, self.axes.unwrap_or(&all), self.window)
    }
}
