//! Every rule against the trajectories of PyTorch, optax and Keras: one step from the reference's own state.
//!
//! The trajectories and their format are in `bench/optimizers/parity`. From (x, g, state) of step k the step is made here and
//! x and state compared with those of step k + 1; the difference counts relative to the largest element of the vector.
//! `STEEPEST_PARITY_TABLE=FILE cargo test -p steepest-optim --test parity` writes the table.

#[path = "../support/mod.rs"]
mod support;
mod trajectories;
mod translate;

use std::collections::BTreeMap;

use steepest_optim::{OnNonFinite, Optimizer};
use support::Saved;
use trajectories::{Case, Trajectories, difference};
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
    let (mut failed, mut table, mut compared) = (Vec::new(), BTreeMap::<String, BTreeMap<String, f64>>::new(), 0);
    for case in &file.cases {
        let Some(rule) = translate(library, case) else { continue };
        let worst = compare(&file, case, &rule);
        compared += 1;
        if worst.is_nan() || worst > rule.tolerance.unwrap_or(TOLERANCE) {
            failed.push(format!("{} as `{}`: {worst:e}", case.name, rule.text));
        }
        let (group, _) = case.name.rsplit_once('/').unwrap();
        table.entry(group.into()).or_default().insert(case.problem.clone(), worst);
    }
    if let Some(path) = std::env::var_os("STEEPEST_PARITY_TABLE") {
        trajectories::write_table(std::path::Path::new(&path), library, &file.about, &table);
    }
    assert!(compared >= 50, "only {compared} cases of {library} were compared");
    assert!(failed.is_empty(), "{} of {compared} cases of {library} differ:\n{}", failed.len(), failed.join("\n"));
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
