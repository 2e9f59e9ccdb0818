//! What follows a fit that did not reach what was asked: the exit code, and a command that can be pasted.
#![cfg(unix)]

mod place;

use place::{Place, data};

/// The line `next` without its label.
fn next(err: &str) -> &str {
    err.lines().find_map(|l| l.strip_prefix("next")).unwrap_or_else(|| panic!("no next: {err}")).trim()
}

#[test]
fn the_command_after_a_divergence_keeps_every_flag_and_runs() {
    let place = Place::new();
    std::fs::copy(data("diabetes.csv"), place.path("my data.csv")).expect("it can be copied");
    let flags = ["--loss", "squared", "--l2", "0.1", "--drop", "total cholesterol,ldl", "--seed", "3"];
    let how = ["--solver", "sgd:lr=1e9", "--epochs", "5", "--out", "run"];
    let ran = place.run(&[&["fit", "my data.csv", "--target", "progression"], &flags[..], &how[..]].concat());
    assert_eq!(ran.code, 1, "{}", ran.err);
    let command = next(&ran.err);
    assert_eq!(
        command,
        "steepest fit 'my data.csv' --drop 'total cholesterol,ldl' --target progression --l2 0.1 --loss squared --solver auto --seed 3"
    );
    // As pasted into a shell.
    let pasted = command.replacen("steepest", concat!("'", env!("CARGO_BIN_EXE_steepest"), "'"), 1);
    let shell = std::process::Command::new("sh").args(["-c", &pasted]).current_dir(place.path(".")).output();
    let ended = shell.expect("there is a shell");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn a_budget_that_ran_out_is_raised_by_a_command_that_can_be_pasted() {
    let place = Place::new();
    let ran = place.run(&[
        "fit",
        &data("diabetes.csv"),
        "--target",
        "progression",
        "--solver",
        "lbfgs",
        "--max-evals",
        "3",
        "--out",
        "a run",
    ]);
    assert_eq!(next(&ran.err), "steepest fit --out 'a run' --resume --max-evals 6", "{}", ran.err);
    place.done(&["fit", "--out", "a run", "--resume", "--max-evals", "1000"]);
}

#[test]
fn a_gap_that_is_missed_is_told_with_what_is_left() {
    let place = Place::new();
    let fit = ["fit", &data("breast-cancer.csv"), "--target", "diagnosis", "--gap", "1e-300", "--out", "run"];
    let ran = place.run(&[&fit[..], &["--solver", "lbfgs"]].concat());
    assert_eq!(ran.code, 1, "{}", ran.err);
    let line = ran.err.lines().find(|l| l.starts_with("missed")).unwrap_or_else(|| panic!("{}", ran.err));
    assert!(line.contains("1e-300 was asked for") && line.contains("is left") && line.contains("--gap"), "{line}");
    assert!(next(&ran.err).ends_with("--solver auto --gap 1e-300"), "{}", ran.err);
}
