//! Pictures of functions: which part of the plane to show, the values on it, and files of either kind.

mod frame;
mod moving;

pub use frame::{Frame, Way, curve_window};
pub use moving::Motion;

use std::path::Path;

use steepest_functions::{Function, Holds};
use steepest_report::plot::number::{counted, significant};
use steepest_report::plot::surface::View;
use steepest_report::plot::{Axis, Chart, Figure, Grid, Levels, Limit, Theme, contour_within, surface};
use steepest_train::write_atomic;

use crate::failure::Failure;
use crate::options::Target;

/// Places along each side of a grid, and along a curve.
const GRID: usize = 161;
const CURVE: usize = 601;
/// Pixels of a PNG for each of the figure's own.
const SCALE: f64 = 2.0;
/// Curves of one figure of slices.
const SLICES: usize = 8;

/// The kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Svg,
    Png,
}

/// The ending of a file's name, in small letters.
fn ending(path: &Path) -> String {
    path.extension().and_then(|e| e.to_str()).unwrap_or("").to_lowercase()
}

impl Format {
    /// By the name of the file.
    pub fn of(flag: &str, path: &Path) -> Result<Format, Failure> {
        match ending(path).as_str() {
            "svg" => Ok(Format::Svg),
            "png" => Ok(Format::Png),
            _ => Err(Failure::usage(format!("{flag}: {} is neither .svg nor .png", path.display()))
                .with_help("name the file so: `picture.svg` or `picture.png`")),
        }
    }
}

/// Writes a figure, whole or not at all.
pub fn write(figure: &Figure, path: &Path, format: Format) -> Result<(), Failure> {
    let bytes = match format {
        Format::Svg => figure.to_svg().into_bytes(),
        Format::Png => figure.to_png(Theme::Light, SCALE).map_err(Failure::input)?,
    };
    write_bytes(&bytes, path)
}

fn write_bytes(bytes: &[u8], path: &Path) -> Result<(), Failure> {
    write_atomic(path, |out| out.write_all(bytes))
        .map_err(|e| Failure::usage(format!("{}: cannot write: {e}", path.display())))
}

/// What lies behind ways: the function, evaluated once and drawn with as many ways as there are.
pub enum Backdrop {
    /// The curve of a function of one variable, in the range that is shown.
    Curve { title: String, name: String, points: Vec<(f64, f64)>, window: (f64, f64) },
    /// Filled contours in a plane, with the borders of constraints.
    Contours { title: String, grid: Grid, frame: Frame, levels: Levels, limits: Vec<Limit> },
    /// A surface in space; heights by their logarithm or not.
    Space { title: String, grid: Grid, frame: Frame, log: bool },
}

impl Backdrop {
    /// What suits the function: its curve in one variable, its contours in two, those of a plane in more.
    pub fn around(target: &Target, ways: &[Way], end: &[f64]) -> Result<Backdrop, Failure> {
        if target.dim() == 1 {
            return Backdrop::curve(target, curve_window(target, ways, end, None));
        }
        Backdrop::contours(target, Frame::around(target, ways, end, None, None)?, Levels::Auto)
    }

    /// The function of one variable.
    pub fn curve(target: &Target, window: (f64, f64)) -> Result<Backdrop, Failure> {
        let mut f = target.objective()?;
        let mut at = |x: f64| f.at(&[x]).map_or(f64::NAN, |value| target.value(value));
        let points = places(window, CURVE).into_iter().map(|x| (x, at(x))).collect();
        Ok(Backdrop::Curve { title: target.title.clone(), name: target.names[0].clone(), points, window })
    }

    /// Filled contours.
    pub fn contours(target: &Target, frame: Frame, levels: Levels) -> Result<Backdrop, Failure> {
        let (grid, limits) = (grid(target, &frame)?, limits(target, &frame));
        Ok(Backdrop::Contours { title: target.title.clone(), grid, frame, levels, limits })
    }

    /// A surface in space; heights are logarithmic where most of the function is low, or as is asked for.
    pub fn space(target: &Target, frame: Frame, log: Option<bool>) -> Result<Backdrop, Failure> {
        let grid = grid(target, &frame)?;
        let log = log.unwrap_or_else(|| mostly_low(&grid));
        Ok(Backdrop::Space { title: target.title.clone(), grid, frame, log })
    }

    /// The figure with these ways.
    pub fn with(&self, ways: &[Way]) -> Figure {
        match self {
            Backdrop::Curve { title, name, points, window } => curve(title, name, points, *window, ways),
            Backdrop::Contours { title, grid, frame, levels, limits } => {
                contour_within(title, frame.labels(), grid, levels, limits, &frame.projected(ways))
            }
            Backdrop::Space { title, grid, frame, log } => {
                let inside: Vec<(String, Vec<(f64, f64)>)> =
                    frame.projected(ways).into_iter().map(|(n, w)| (n, frame.inside(w))).collect();
                surface(title, frame.labels(), grid, View { log: *log, ..View::default() }, &inside)
            }
        }
    }
}

/// The curve of a function of one variable, with the ways on it.
fn curve(title: &str, name: &str, points: &[(f64, f64)], window: (f64, f64), ways: &[Way]) -> Figure {
    let (x, y) = (Axis::linear(name).range(window.0, window.1), Axis::linear("value"));
    let mut chart = Chart::new(title, x, y).size(480.0, 320.0).headline().clipped();
    chart = chart.line(if ways.is_empty() { "" } else { "function" }, points.to_vec());
    for (way, color) in ways.iter().zip([1, 3, 5, 2, 4, 6, 7].into_iter().cycle()) {
        let points = way.points().map(|(x, value)| (x[0], value)).filter(|p| p.0 >= window.0 && p.0 <= window.1);
        chart = chart.way(&way.name, points.collect()).colored(color);
    }
    let mut told = format!("the function over {} to {}", window.0, window.1);
    if !ways.is_empty() {
        told += &format!("; {}", counted(ways.len(), "way"));
    }
    chart.description(told).figure()
}

/// Whether over half of the grid lies within the lowest tenth of the heights.
fn mostly_low(grid: &Grid) -> bool {
    let Some((low, high)) = grid.extent() else { return false };
    let (nx, ny) = (grid.x().len(), grid.y().len());
    let values = (0..nx).flat_map(|i| (0..ny).map(move |j| (i, j))).map(|(i, j)| grid.value(i, j));
    let (mut finite, mut near) = (0, 0);
    for value in values.filter(|v| v.is_finite()) {
        finite += 1;
        near += usize::from(value / 2.0 - low / 2.0 < 0.1 * (high / 2.0 - low / 2.0));
    }
    2 * near > finite
}

fn places((low, high): (f64, f64), n: usize) -> Vec<f64> {
    (0..n).map(|i| low + (high - low) * i as f64 / (n - 1) as f64).collect()
}

/// The function over the frame; NaN where it is not finite.
fn grid(target: &Target, frame: &Frame) -> Result<Grid, Failure> {
    let mut f = target.objective()?;
    let mut x = vec![0.0; target.dim()];
    let [a, b] = frame.window;
    Ok(Grid::of(&places(a, GRID), &places(b, GRID), |a, b| {
        frame.point(a, b, &mut x);
        f.at(&x).map_or(f64::NAN, |value| target.value(value))
    }))
}

/// By how much each constraint is violated over the frame.
fn limits(target: &Target, frame: &Frame) -> Vec<Limit> {
    let mut x = vec![0.0; target.dim()];
    let [a, b] = frame.window;
    let each = target.limits.iter().map(|limit| {
        let mut c = Function::shared(limit.function.clone());
        let excess = Grid::of(&places(a, GRID), &places(b, GRID), |a, b| {
            frame.point(a, b, &mut x);
            let excess = c.value(&x) - limit.level;
            // Where it has no value nothing meets it.
            let excess = if excess.is_nan() { f64::INFINITY } else { excess };
            if limit.holds == Holds::AtLeast && excess < f64::INFINITY { -excess } else { excess }
        });
        Limit { name: limit.text.clone(), excess, equality: limit.holds == Holds::Equal }
    });
    each.collect()
}

/// How far above the lowest value each way is at each step. The lowest value is the known minimum or, where it is lower or none is
/// known, the best that a way found.
pub fn convergence(target: &Target, ways: &[Way], log_steps: bool) -> Result<Figure, Failure> {
    if ways.is_empty() {
        return Err(Failure::usage("--view convergence shows how solvers come down, and there are none")
            .with_help("add --from and --solver"));
    }
    // A maximum is looked for upwards.
    let turned = |value: f64| target.value(value);
    let known = target.minima.iter().map(|m| turned(m.value));
    let met = ways.iter().flat_map(Way::values).map(|(_, value)| turned(value));
    let lowest = known.chain(met).filter(|v| v.is_finite()).fold(f64::INFINITY, f64::min);
    let x = if log_steps { Axis::log("step") } else { Axis::whole("step") };
    let (word, end) = if target.maximize { ("below", "highest") } else { ("above", "lowest") };
    let y = Axis::log(format!("{word} the {end} value, {}", significant(turned(lowest), 6)));
    let mut chart = Chart::new(&target.title, x, y).size(480.0, 360.0).headline();
    for way in ways {
        let points = way.values().map(|(step, value)| (step as f64, turned(value) - lowest));
        chart = chart.line(&way.name, points.collect());
    }
    Ok(chart.description(format!("{} against their steps", counted(ways.len(), "way"))).figure())
}

/// The function along each of some variables through a point.
pub fn slices(
    target: &Target,
    through: &[f64],
    variables: &[usize],
    window: Option<&[(f64, f64)]>,
) -> Result<Figure, Failure> {
    let mut f = target.objective()?;
    let y = Axis::linear("value");
    let mut chart =
        Chart::new(format!("{} along its variables", target.title), Axis::linear("change of the variable"), y)
            .size(480.0, 320.0)
            .headline();
    let mut x = through.to_vec();
    for &i in variables.iter().take(SLICES) {
        let around = 1.0f64.max(through[i].abs());
        let given = window.map(|w| w[i]).filter(|w| w.0.is_finite() && w.1.is_finite());
        let (low, high) = given.unwrap_or((through[i] - around, through[i] + around));
        let mut points = Vec::with_capacity(CURVE);
        for place in places((low, high), CURVE) {
            x[i] = place;
            points.push((place - through[i], f.at(&x).map_or(f64::NAN, |value| target.value(value))));
        }
        x[i] = through[i];
        chart = chart.line(&target.names[i], points);
    }
    let told = format!("{} through one point", counted(variables.len().min(SLICES), "slice"));
    Ok(chart.description(told).figure())
}
