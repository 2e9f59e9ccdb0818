//! Every rule against the trajectories of PyTorch, optax and Keras: one step from the reference's own state.
//!
//! The trajectories and their format are in `bench/optimizers/parity`. From (x, g, state) of step k the step is made here and
//! x and state compared with those of step k + 1; the difference counts relative to the largest element of the vector. Free
//! runs start where the reference starts and are compared over 1,000 steps.
//!
//! `STEEPEST_PARITY_TABLE=$PWD/bench/optimizers/parity/results cargo test -p steepest-optim --test parity` writes the tables.

mod exceptions;
mod problems;
#[path = "../support/mod.rs"]
mod support;
mod trajectories;
mod translate;

use exceptions::is_exception;
use problems::Problems;
use steepest_optim::{OnNonFinite, Optimizer};
use support::Saved;
use trajectories::{Case, Table, Trajectories, difference};
use translate::{Rule, translate};

/// What one step may differ by.
const TOLERANCE: f64 = 1e-13;

/// The largest difference over all steps of a case, of x and of its state.
fn compare(file: &Trajectories, case: &Case, rule: &Rule) -> f64 {
    let layout = file.layout(&case.problem);
    let mut worst: f64 = 0.0;
    let pairs = case.steps.windows(2).enumerate();
    for (row, pair) in pairs.filter(|(_, p)| p[1] == p[0] + 1 && p[0] >= rule.from) {
        let k = pair[0];
        let mut optimizer = Optimizer::<f64>::parse(&rule.text, &layout).unwrap().on_non_finite(OnNonFinite::Trust);
        let mut state = Saved::of(|v| optimizer.visit(v));
        state.values.insert("step".into(), vec![k as f64]);
        if k > 0 {
            for (name, value) in file.state_at(case, rule, row, &layout) {
                assert!(state.values.insert(name.clone(), value).is_some(), "{}: no {name}", case.name);
            }
        }
        state.load(|v| optimizer.visit(v));
        let mut x = file.row(&format!("{}/x", case.name), row);
        let mut g: Vec<f64> = file.row(&format!("{}/g", case.name), row).iter().map(|g| g * rule.sign).collect();
        optimizer.step(&mut x, &mut g).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        let mut here = difference(&x, &file.row(&format!("{}/x", case.name), row + 1));
        let after = Saved::of(|v| optimizer.visit(v));
        for (name, value) in file.state_at(case, rule, row + 1, &layout) {
            here = here.max(difference(&after.values[&name], &value));
        }
        if here > TOLERANCE && std::env::var_os("STEEPEST_PARITY_DEBUG").is_some() {
            eprintln!("{} step {k}: {here:e}", case.name);
        }
        worst = worst.max(here);
    }
    worst
}

fn check(library: &str) {
    let file = Trajectories::read(library);
    let (mut failed, mut table, mut compared) = (Vec::new(), Table::new(), 0);
    for case in &file.cases {
        let Some(rule) = translate(library, case) else { continue };
        let worst = compare(&file, case, &rule);
        compared += 1;
        if worst.is_nan() || worst > rule.tolerance.unwrap_or(TOLERANCE) {
            failed.push(format!("{} as `{}`: {worst:e}", case.name, rule.text));
        }
        let (group, _) = case.name.rsplit_once('/').unwrap();
        table.entry(group.into()).or_default().insert(case.problem.clone(), format!("{worst:.1e}"));
    }
    if let Some(path) = std::env::var_os("STEEPEST_PARITY_TABLE") {
        let path = std::path::Path::new(&path).with_extension(format!("{library}.md"));
        let what = "largest relative difference of one step from its own state";
        trajectories::write_table(&path, &file, what, &table);
    }
    assert!(compared >= 50, "only {compared} cases of {library} were compared");
    assert!(failed.is_empty(), "{} of {compared} cases of {library} differ:\n{}", failed.len(), failed.join("\n"));
}

/// The points of a free run at the steps that are kept, from where the reference starts; with `nudge`, every gradient is off by
/// that much of the largest element of the first one, up and down in turn, as sums are in which larger terms cancel.
fn free_run(file: &Trajectories, problems: &Problems, case: &Case, rule: &Rule, nudge: f64) -> Vec<Vec<f64>> {
    let layout = file.layout(&case.problem);
    let mut optimizer = Optimizer::<f64>::parse(&rule.text, &layout).unwrap().on_non_finite(OnNonFinite::Trust);
    let row = case.steps.iter().position(|&k| k == rule.from).unwrap();
    if rule.from > 0 {
        let mut state = Saved::of(|v| optimizer.visit(v));
        state.values.insert("step".into(), vec![rule.from as f64]);
        state.values.extend(file.state_at(case, rule, row, &layout));
        state.load(|v| optimizer.visit(v));
    }
    let mut x = file.row(&format!("{}/x", case.name), row);
    assert!(rule.from > 0 || x == problems.start(&case.problem), "{} starts elsewhere", case.name);
    let (mut points, mut off) = (Vec::new(), 0.0);
    for k in rule.from..=1000 {
        if case.steps.contains(&k) {
            points.push(x.clone());
        }
        let mut g = problems.gradient(&case.problem, k as usize, &x);
        if k == rule.from {
            off = nudge * g.iter().fold(0.0f64, |m, g| m.max(g.abs()));
        }
        for (i, g) in g.iter_mut().enumerate() {
            *g = rule.sign * (*g + if (i as u64 + k).is_multiple_of(2) { off } else { -off });
        }
        optimizer.step(&mut x, &mut g).unwrap_or_else(|e| panic!("{}: {e}", case.name));
    }
    points
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()))
}

/// How far a free run gets from the reference's, at worst over the steps that are kept.
struct Wander {
    /// In units of ten times the reference's own drift so far, under a start moved by one ulp.
    strict: f64,
    /// In units of what exceptions are allowed: ten times that drift or that of our run under gradients moved by one ulp,
    /// whichever is larger, and one rounding of x a step.
    ///
    /// The gradients are computed anew here and so differ by ulps at every step, not at the start alone, and x(1 − ηλ) − ηu may be
    /// written in two ways. A reference that contracts forgets its start, and its drift does not show either.
    allowed: f64,
}

fn wander(file: &Trajectories, problems: &Problems, case: &Case, rule: &Rule) -> Wander {
    let ours = free_run(file, problems, case, rule, 0.0);
    let nudged = free_run(file, problems, case, rule, f64::EPSILON);
    let mut worst = Wander { strict: 0.0, allowed: 0.0 };
    let (mut theirs_moved, mut moved): (f64, f64) = (0.0, 0.0);
    let from = case.steps.len() - ours.len();
    for (i, (x, nudged)) in ours.iter().zip(&nudged).enumerate() {
        let theirs = file.row(&format!("{}/x", case.name), from + i);
        theirs_moved = theirs_moved.max(file.row(&format!("{}/drift", case.name), from + i)[0]);
        moved = moved.max(theirs_moved).max(distance(x, nudged));
        let size = theirs.iter().fold(1.0f64, |m, v| m.max(v.abs()));
        let rounding = f64::EPSILON * (16.0 + case.steps[from + i] as f64) * size;
        let off = distance(x, &theirs);
        worst.strict = worst.strict.max(if off == 0.0 { 0.0 } else { off / (10.0 * theirs_moved) });
        worst.allowed = worst.allowed.max(off / (10.0 * moved + rounding));
    }
    worst
}

fn check_free_runs(library: &str) {
    let (file, problems) = (Trajectories::read(library), Problems::read(&trajectories::directory()));
    let (mut failed, mut table) = (Vec::new(), Table::new());
    let (mut compared, mut excepted) = (0, 0);
    for case in &file.cases {
        // A reference that rounds to fewer bits on the way goes its own way.
        let Some(rule) = translate(library, case).filter(|r| r.tolerance.is_none()) else { continue };
        let Wander { strict, allowed } = wander(&file, &problems, case, &rule);
        compared += 1;
        let exception = is_exception(library, &case.name);
        let fails = |v: f64| v.is_nan() || v > 1.0;
        if fails(if exception { allowed } else { strict }) {
            failed.push(format!("{} as `{}`: {strict:.2e}, as an exception {allowed:.2e}", case.name, rule.text));
        }
        excepted += usize::from(exception);
        let (group, _) = case.name.rsplit_once('/').unwrap();
        let cell = if exception { format!("({allowed:.1e})") } else { format!("{strict:.1e}") };
        table.entry(group.into()).or_default().insert(case.problem.clone(), cell);
    }
    if let Some(path) = std::env::var_os("STEEPEST_PARITY_TABLE") {
        let path = std::path::Path::new(&path).with_extension(format!("free.{library}.md"));
        let what = format!(
            "free runs of 1,000 steps: largest distance, in units of 10 × the reference's own drift under a start moved by one \
             ulp; {compared} runs, of which {excepted}, in parentheses, in units of what exceptions are allowed"
        );
        trajectories::write_table(&path, &file, &what, &table);
    }
    assert!(compared >= 40, "only {compared} cases of {library} were compared");
    assert!(
        failed.is_empty(),
        "{} of {compared} free runs beside {library} differ:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[test]
fn free_runs_beside_pytorch() {
    check_free_runs("torch");
}

#[test]
fn free_runs_beside_optax() {
    check_free_runs("optax");
}

#[test]
fn free_runs_beside_keras() {
    check_free_runs("keras");
}

#[test]
fn one_step_from_the_state_of_pytorch() {
    check("torch");
}

#[test]
fn one_step_from_the_state_of_optax() {
    check("optax");
}

#[test]
fn one_step_from_the_state_of_keras() {
    check("keras");
}
