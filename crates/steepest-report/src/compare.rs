//! Several runs in one picture.

use crate::error::ReportError;
use crate::plot::{Axis, Chart, Thinned};
use crate::run::Run;
use std::path::Path;

/// What runs are laid along to be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Along {
    /// Steps.
    Steps,
    /// Passes over the training rows.
    Epochs,
    /// Seconds, which differ from machine to machine.
    Seconds,
}

/// The objective of several runs over each other, as an SVG file. Runs are named by their directories, with as many of the
/// folders above as tell them apart.
pub fn curves<P: AsRef<Path>>(run_dirs: &[P], along: Along) -> Result<String, ReportError> {
    let paths: Vec<&Path> = run_dirs.iter().map(AsRef::as_ref).collect();
    let runs: Vec<Run> = paths.iter().map(|p| Run::read(p)).collect::<Result<_, _>>()?;
    let series: Vec<Thinned> = runs
        .into_iter()
        .map(|run| {
            let metrics = run.metrics.unwrap_or_default();
            match along {
                Along::Steps => metrics.objective,
                Along::Epochs => metrics.by_epoch,
                Along::Seconds => metrics.by_seconds,
            }
        })
        .collect();
    let x = match along {
        Along::Steps => Axis::whole("step"),
        Along::Epochs => Axis::linear("epoch"),
        Along::Seconds => Axis::linear("seconds"),
    };
    let y = Axis::fitting("objective", series.iter().filter_map(Thinned::extent).flat_map(|(lo, hi)| [lo, hi]));
    let chart = Chart::new("Objective by run", x, y).size(720.0, 400.0).headline();
    let chart = names(&paths).iter().zip(&series).fold(chart, |chart, (name, s)| chart.series(name, s));
    Ok(chart.figure().to_svg())
}

/// The shortest ends of the paths that differ from each other; numbered where the paths do not differ.
fn names(paths: &[&Path]) -> Vec<String> {
    let parts: Vec<Vec<String>> =
        paths.iter().map(|p| p.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect()).collect();
    let longest = parts.iter().map(Vec::len).max().unwrap_or(1).max(1);
    for keep in 1..=longest {
        let names: Vec<String> = parts.iter().map(|p| p[p.len().saturating_sub(keep)..].join("/")).collect();
        let mut sorted = names.clone();
        sorted.sort();
        sorted.dedup();
        if sorted.len() == names.len() {
            return names;
        }
    }
    parts.iter().enumerate().map(|(i, p)| format!("{} ({})", p.join("/"), i + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_long_as_needed() {
        let named = |paths: &[&str]| names(&paths.iter().map(Path::new).collect::<Vec<_>>());
        assert_eq!(named(&["runs/a", "runs/b"]), ["a", "b"]);
        assert_eq!(named(&["x/a", "y/a"]), ["x/a", "y/a"]);
        assert_eq!(named(&["a", "a"]), ["a (1)", "a (2)"]);
    }
}
