use std::collections::HashSet;

use steepest_core::Objective;
use steepest_core::random::{Purpose, Stream};

use super::*;

/// Dimensions to look at: the default and a smaller one where there is one.
fn dimensions(entry: &ProblemEntry) -> Vec<usize> {
    let (default, dims) = (entry.dims.default().min(40), entry.dims);
    let mut list = vec![dims.near(default), dims.near(default / 2)];
    list.dedup();
    list
}

fn gradient(f: &mut dyn Objective<f64>, x: &[f64]) -> Option<(f64, Vec<f64>)> {
    let mut g = vec![0.0; x.len()];
    let value = f.at(x).ok()?;
    f.gradient(&mut g).ok()?;
    Some((value, g))
}

fn size(v: &[f64]) -> f64 {
    v.iter().fold(0.0, |m: f64, v| m.max(v.abs()))
}

#[test]
fn the_list_is_long_and_its_names_are_unique() {
    let list = entries();
    assert!(list.len() >= 120, "{}", list.len());
    let count = |c: Collection| list.iter().filter(|e| e.collection == c).count();
    assert_eq!(count(Collection::MoreGarbowHillstrom), 35);
    assert!(count(Collection::Cutest) >= 35 && count(Collection::Global) >= 30);
    let mut seen = HashSet::new();
    for name in list.iter().flat_map(|e| e.aliases.iter().chain([&e.name])) {
        assert!(seen.insert(*name), "{name} twice");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
    }
    assert!(list.iter().all(|e| !e.source.is_empty() && !e.title.is_empty() && e.dims.allows(e.dims.default())));
}

/// Central differences of f and of ∇f, at the start and near it, in two dimensions of every problem.
#[test]
fn gradients_and_hessians_agree_with_central_differences() {
    for (k, entry) in entries().iter().enumerate() {
        for n in dimensions(entry) {
            let mut problem = entry.build(Some(n)).unwrap();
            let noise = Stream::new(1, Purpose::PERTURB, k as u64);
            for trial in 0..2u64 {
                // A start on a kink has no gradient to compare with, and |0|^(7/3) of broydn7d no third derivative.
                if trial == 0 && (entry.kind == Kind::NonSmooth || entry.name == "broydn7d") {
                    continue;
                }
                let shift = |i: usize| 0.02 * trial as f64 * noise.normal(trial * n as u64 + i as u64);
                let x: Vec<f64> =
                    problem.start.iter().enumerate().map(|(i, x)| x + shift(i) * x.abs().clamp(0.1, 1.0)).collect();
                compare(entry.name, &mut *problem.objective, &x);
            }
        }
    }
}

fn compare(name: &str, f: &mut dyn Objective<f64>, x: &[f64]) {
    let n = x.len();
    let (value, g) = gradient(f, x).unwrap_or_else(|| panic!("{name}: not finite at {x:?}"));
    let mut h = vec![0.0; n * n];
    assert!(f.hessian(&mut h), "{name}");
    let v: Vec<f64> = (0..n).map(|i| ((i + 1) as f64).sin()).collect();
    let mut hv = vec![0.0; n];
    f.hvp(&v, &mut hv);
    for i in 0..n {
        let row: f64 = (0..n).map(|j| h[i * n + j] * v[j]).sum();
        let scale: f64 = (0..n).map(|j| (h[i * n + j] * v[j]).abs()).sum();
        assert!((row - hv[i]).abs() <= 1e-9 * (scale + size(&hv)) + 1e-300, "{name}: {row} {}", hv[i]);
    }
    for j in 0..n {
        // Two steps; the better counts, as no single one suits scales from 1e-5 to 1e6.
        let mut worst = [f64::INFINITY; 2];
        for relative in [3e-5, 1e-6, 3e-8] {
            let step = relative * x[j].abs().max(1e-1);
            let mut moved = x.to_vec();
            moved[j] = x[j] + step;
            let Some((up, g_up)) = gradient(f, &moved) else { continue };
            moved[j] = x[j] - step;
            let Some((down, g_down)) = gradient(f, &moved) else { continue };
            let slope = ((up - down) / (2.0 * step) - g[j]).abs();
            let rounding = 4e-15 * value.abs() / step;
            worst[0] = worst[0].min(slope - 20.0 * rounding - 1e-6 * (size(&g) + 1e-3 * g[j].abs()));
            let (mut error, mut scale) = (0.0f64, 0.0f64);
            for i in 0..n {
                error = error.max(((g_up[i] - g_down[i]) / (2.0 * step) - h[i * n + j]).abs());
                scale = scale.max(h[i * n + j].abs());
            }
            let rounding = 4e-15 * size(&g) / step;
            worst[1] = worst[1].min(error - 20.0 * rounding - 1e-5 * scale - 1e-9 * size(&h));
        }
        assert!(worst[0] <= 0.0, "{name}, n = {n}: gradient {j} is {} off by {}", g[j], worst[0]);
        assert!(worst[1] <= 0.0, "{name}, n = {n}: column {j} of the Hessian off by {}", worst[1]);
    }
}

/// At a known minimizer f has the known value and ∇f vanishes (no gradient does at a kink); nearby f is not lower.
#[test]
fn known_minimizers_are_minimizers() {
    for (k, entry) in entries().iter().enumerate() {
        for n in dimensions(entry) {
            let mut problem = entry.build(Some(n)).unwrap();
            let first = problem.objective.at(&problem.start).unwrap();
            for minimum in problem.minima.clone() {
                assert!(!minimum.global || minimum.value <= first, "{}: the start is below it", entry.name);
                let Some(point) = minimum.point else { continue };
                let value = problem.objective.at(&point).unwrap();
                let tolerance = 1e-10 * (first - minimum.value).abs().min(1.0) + 1e-12 * minimum.value.abs();
                assert!((value - minimum.value).abs() <= tolerance, "{}: {value} for {}", entry.name, minimum.value);
                if entry.kind != Kind::NonSmooth {
                    let (_, g) = gradient(&mut *problem.objective, &point).unwrap();
                    let (_, g0) = gradient(&mut *problem.objective, &problem.start).unwrap();
                    assert!(size(&g) <= 1e-7 * (1.0 + size(&g0)), "{}: ∇f = {}", entry.name, size(&g));
                }
                let noise = Stream::new(2, Purpose::PERTURB, k as u64);
                for trial in 0..20u64 {
                    let near: Vec<f64> =
                        (0..n).map(|i| point[i] + 1e-5 * noise.normal(trial * n as u64 + i as u64)).collect();
                    if let Ok(f) = problem.objective.at(&near) {
                        assert!(f >= value - tolerance, "{}: {f} beside {value}", entry.name);
                    }
                }
            }
        }
    }
}

#[test]
fn sums_of_squares_offer_their_residuals() {
    for entry in entries().iter().filter(|e| e.kind == Kind::SumOfSquares) {
        let mut problem = entry.build(None).unwrap();
        let value = problem.objective.at(&problem.start).unwrap();
        let squares = problem.objective.residuals().unwrap_or_else(|| panic!("{}", entry.name));
        let mut r = vec![0.0; squares.len()];
        squares.residuals(&mut r);
        let half = 0.5 * r.iter().map(|r| r * r).sum::<f64>();
        assert!((half - value).abs() <= 1e-12 * value.abs(), "{}: {half} {value}", entry.name);
    }
}

/// At every step of the parameters, and at the ends of the ranges of dimensions, a problem is built or refused, never a panic.
#[test]
fn the_ends_of_the_ranges_build() {
    for entry in entries() {
        let least = entry.dims.near(0);
        let problem = entry.build(Some(least)).unwrap();
        assert_eq!(problem.start.len(), least, "{}", entry.name);
        assert!(problem.minima.iter().filter_map(|m| m.point.as_ref()).all(|p| p.len() == least), "{}", entry.name);
        assert!(problem.domain.iter().all(|d| d.len() == least), "{}", entry.name);
        if let Some(p) = entry.parameter() {
            for value in [p.least, p.greatest] {
                assert!(entry.build_with(Some(least), Some(value)).is_ok(), "{}", entry.name);
            }
        }
        assert!(entry.build(Some(0)).is_err());
    }
}

#[test]
fn solved_counts_other_minima_and_not_what_lies_between() {
    let problem = build("freudenstein-roth", None).unwrap();
    let first = 400.5;
    assert!(problem.solved(1e-5, first, 1e-6) && problem.solved(48.984_3, first, 1e-6));
    assert!(!problem.solved(30.0, first, 1e-6) && !problem.solved(60.0, first, 1e-6));
    assert!(problem.solved(-1.0, first, 1e-6));
}
