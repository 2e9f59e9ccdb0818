//! Pictures of functions: which part of the plane to show, the values on it, and files of either kind.

mod animation;
mod frame;

pub use animation::animation;
pub use frame::{Frame, Way, curve_window};

use std::path::Path;

use steepest_report::plot::surface::View;
use steepest_report::plot::{Axis, Chart, Figure, Grid, Levels, Theme, contour, surface};
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

impl Format {
    /// By the name of the file.
    pub fn of(flag: &str, path: &Path) -> Result<Format, Failure> {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_lowercase();
        match extension.as_str() {
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

/// Writes a file, whole or not at all.
pub fn write_bytes(bytes: &[u8], path: &Path) -> Result<(), Failure> {
    write_atomic(path, |out| out.write_all(bytes))
        .map_err(|e| Failure::usage(format!("{}: cannot write: {e}", path.display())))
}

/// The ways over the function: over its curve in one variable, over its contours in two, over those of a plane in more.
pub fn of_ways(target: &Target, ways: &[Way], end: &[f64], window: Option<&[(f64, f64)]>) -> Result<Figure, Failure> {
    if target.dim() == 1 {
        return curve(target, ways, curve_window(target, ways, end, window));
    }
    let frame = Frame::around(target, ways, end, None, window)?;
    contours(target, ways, &frame, &Levels::Auto)
}

/// Filled contours with the ways.
pub fn contours(target: &Target, ways: &[Way], frame: &Frame, levels: &Levels) -> Result<Figure, Failure> {
    let grid = grid(target, frame)?;
    Ok(contour(&target.title, frame.labels(), &grid, levels, &frame.projected(ways)))
}

/// A surface in space with the ways on it; heights are logarithmic where most of the function is low.
pub fn space(target: &Target, ways: &[Way], frame: &Frame, log: Option<bool>) -> Result<Figure, Failure> {
    let grid = grid(target, frame)?;
    let log = log.unwrap_or_else(|| mostly_low(&grid));
    let inside: Vec<(String, Vec<(f64, f64)>)> =
        frame.projected(ways).into_iter().map(|(n, w)| (n, frame.inside(w))).collect();
    Ok(surface(&target.title, frame.labels(), &grid, View { log, ..View::default() }, &inside))
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

/// The function of one variable, with the ways on it.
pub fn curve(target: &Target, ways: &[Way], window: (f64, f64)) -> Result<Figure, Failure> {
    let mut f = target.objective()?;
    let mut at = |x: f64| f.at(&[x]).map_or(f64::NAN, |value| target.value(value));
    let points = places(window, CURVE).into_iter().map(|x| (x, at(x))).collect();
    let (x, y) = (Axis::linear(target.names[0].as_str()).range(window.0, window.1), Axis::linear("value"));
    let mut chart = Chart::new(&target.title, x, y).size(480.0, 320.0).headline().clipped();
    chart = chart.line(if ways.is_empty() { "" } else { "function" }, points);
    for (way, color) in ways.iter().zip([1, 3, 5, 2, 4, 6, 7].into_iter().cycle()) {
        let points = way.points().map(|(x, value)| (x[0], value)).filter(|p| p.0 >= window.0 && p.0 <= window.1);
        chart = chart.way(&way.name, points.collect()).colored(color);
    }
    let figure =
        chart.description(format!("the function over {} to {}; {} ways", window.0, window.1, ways.len())).figure();
    Ok(figure)
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
    Ok(chart.description(format!("{} slices through one point", variables.len().min(SLICES))).figure())
}
