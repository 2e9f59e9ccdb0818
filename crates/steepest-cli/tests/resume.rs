//! A run that is killed or interrupted at any moment and resumed ends as if nothing had happened, to the bit.
#![cfg(unix)]

mod place;

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use place::{Place, data, number};
use serde_json::Value;

/// A run of a second or so that writes many checkpoints.
fn fit(place: &Place, out: &str) -> Vec<String> {
    let file = data("randhie.csv");
    assert!(place.path(".").is_dir());
    let args = ["fit", &file, "--target", "mdvis", "--out", out];
    let how = ["--solver", "adam", "--batch", "128", "--epochs", "100", "--checkpoint-every", "0.02", "--gap", "0"];
    args.iter().chain(&how).map(|s| s.to_string()).collect()
}

fn resume(out: &str) -> Vec<String> {
    ["fit", "--out", out, "--resume"].map(String::from).to_vec()
}

/// Numbers from 0 to 1, the same in every run of the test.
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1u64 << 53) as f64
}

/// Starts the program and kills it after a while; whether it was still running then.
fn killed(place: &Place, args: &[String], after: Duration) -> bool {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut child = place.command(&args).stderr(Stdio::null()).spawn().expect("the program starts");
    std::thread::sleep(after);
    child.kill().expect("a child can be killed");
    child.wait().expect("a child ends").signal() == Some(9)
}

/// Runs to the end.
fn finish(place: &Place, args: &[String]) -> place::Ran {
    place.done(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The records of a run without the times.
fn records(place: &Place, run: &str) -> Vec<Value> {
    let text = place.text(&format!("{run}/metrics.jsonl"));
    let record = |line: &str| {
        let mut value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{run}: {e}: {line}"));
        value.as_object_mut().expect("an object").remove("seconds");
        value
    };
    text.lines().map(record).collect()
}

fn assert_same(place: &Place, whole: &str, other: &str) {
    for file in ["model.safetensors", "model.json", "evaluation.json", "coefficients.csv"] {
        let same = place.read(&format!("{whole}/{file}")) == place.read(&format!("{other}/{file}"));
        assert!(same, "{other}: {file} differs from that of the run that nobody stopped");
    }
    let (a, b) = (records(place, whole), records(place, other));
    for (i, (a, b)) in a.iter().zip(&b).enumerate() {
        assert_eq!(a, b, "{other}: record {i}");
    }
    assert_eq!(a.len(), b.len(), "{other}: records");
    let (a, b) = (place.json(&format!("{whole}/summary.json")), place.json(&format!("{other}/summary.json")));
    for key in ["task", "rows", "features", "objective", "metrics", "termination", "certificate", "solver", "steps"] {
        assert_eq!(a[key], b[key], "{other}: {key}");
    }
    let left = place::names(&place.path(other));
    assert!(left.iter().all(|name| !name.ends_with("tmp")), "{other}: {left:?}");
}

#[test]
fn a_killed_run_is_resumed_to_the_same_bytes() {
    let place = Place::new();
    let begun = Instant::now();
    finish(&place, &fit(&place, "whole"));
    let whole = begun.elapsed();
    let mut state = 7;
    let mut kills = 0;
    for trial in 0..6 {
        let run = format!("killed-{trial}");
        // The first ones before or about the first checkpoint, the others anywhere; some are killed again after they resumed.
        let share = if trial < 2 { 0.15 } else { 1.0 };
        let mut args = fit(&place, &run);
        for _ in 0..=(trial % 3) {
            kills += usize::from(killed(&place, &args, whole.mul_f64(share * uniform(&mut state))));
            if place.path(&format!("{run}/config.toml")).is_file() {
                args = resume(&run);
            }
        }
        finish(&place, &args);
        assert_same(&place, "whole", &run);
    }
    assert!(kills >= 4, "only {kills} kills met a running program");
}

#[test]
fn ctrl_c_and_sigterm_write_a_checkpoint_and_print_how_to_go_on() {
    let place = Place::new();
    finish(&place, &fit(&place, "whole"));
    for (signal, name) in [(libc::SIGINT, "int"), (libc::SIGTERM, "term")] {
        // A checkpoint far away, so that the one found is that of the signal.
        let mut args = fit(&place, name);
        let every = args.iter().position(|a| a == "--checkpoint-every").expect("it is there");
        args[every + 1] = "1000".into();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let child = place.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        // The signal is caught once the loop runs, of which the records tell.
        let metrics = place.path(&format!("{name}/metrics.jsonl"));
        let begun = Instant::now();
        while !metrics.metadata().is_ok_and(|m| m.len() > 0) && begun.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(1));
        }
        // SAFETY: the child is ours and not waited for yet, so that its number is still its own.
        unsafe { libc::kill(child.id().cast_signed(), signal) };
        let ended = child.wait_with_output().expect("it ends");
        let err = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(130), "{name}: {err}");
        assert!(ended.stdout.is_empty());
        assert!(place.path(&format!("{name}/checkpoint.safetensors")).is_file(), "{name}: {err}");
        let command = format!("steepest fit --out {name} --resume");
        assert!(err.contains(&command), "{name}: {err}");
        assert!(place.done(&["runs", "list"]).out.contains("no runs"), "runs/ is not touched");
        finish(&place, &resume(name));
        assert_same(&place, "whole", name);
    }
}

#[test]
fn a_finished_run_resumes_to_itself_and_a_changed_one_is_refused() {
    let place = Place::new();
    finish(&place, &fit(&place, "run"));
    let before = place.read("run/model.safetensors");
    finish(&place, &resume("run"));
    assert!(place.read("run/model.safetensors") == before);
    let other = place.run(&["fit", "--out", "run", "--resume", "--seed", "1"]);
    assert_eq!(other.code, 2, "{}", other.err);
    assert!(place.read("run/model.safetensors") == before, "a refusal leaves the run as it was");
    let back = place.text("run/config.toml");
    assert!(back.contains("seed = 0"), "a refusal leaves the configuration as it was: {back}");
}

#[test]
fn the_schedule_of_a_resumed_run_is_that_of_its_beginning() {
    let place = Place::new();
    let file = data("diabetes.csv");
    let fit = |out: &str, more: &[&str]| {
        let base = ["fit", file.as_str(), "--target", "progression", "--loss", "squared", "--l2", "0.1"];
        place.done(&[&base[..], &["--solver", "adam", "--epochs", "10", "--out", out], more].concat())
    };
    let told = fit("whole", &[]);
    assert!(told.err.contains("batch 128 · 10 epochs of 3 steps · rate cosine("), "{}", told.err);
    // Stopped by a budget that is not the length of the schedule, and gone on with to the same end.
    fit("parted", &["--max-evals", "11"]);
    assert!(number(&place.json("parted/summary.json"), "/steps") < 30.0);
    place.done(&["fit", "--out", "parted", "--resume", "--max-evals", "1000000"]);
    assert_same(&place, "whole", "parted");
    // By steps, with the schedule of the whole named beforehand.
    fit("steps", &["--steps", "13", "--horizon", "30"]);
    place.done(&["fit", "--out", "steps", "--resume", "--steps", "30"]);
    assert_same(&place, "whole", "steps");

    // A larger budget leaves the rates of the steps behind as they were, and says that the schedule is over.
    let before = records(&place, "whole");
    let longer = place.done(&["fit", "--out", "whole", "--resume", "--epochs", "20"]);
    assert!(longer.err.contains("the schedule ends at step 30"), "{}", longer.err);
    let after = records(&place, "whole");
    let rate = |record: &Value| record["lr"].as_f64();
    assert!(after.len() > before.len());
    assert!(before.iter().zip(&after).all(|(a, b)| rate(a) == rate(b)));
    assert!(after[before.len()..].iter().all(|record| rate(record) == Some(0.0)));

    // The configuration holds what was chosen, and repeats the run.
    let config = place.text("steps/config.toml");
    assert!(config.contains("schedule = \"cosine(") && config.contains("horizon = 30"), "{config}");
    place.done(&["fit", "--config", "steps/config.toml", "--out", "again"]);
    assert_same(&place, "steps", "again");
}

#[test]
fn only_a_budget_of_a_run_with_a_schedule_is_changed() {
    let place = Place::new();
    let file = data("diabetes.csv");
    let fit = ["fit", file.as_str(), "-t", "progression", "--loss", "squared", "--l2", "0.1", "--solver", "adam"];
    place.done(&[&fit[..], &["--schedule", "cosine(1)", "--epochs", "20", "--steps", "30", "--out", "run"]].concat());
    place.done(&["fit", "--out", "run", "--resume", "--steps", "60"]);
    assert_eq!(number(&place.json("run/summary.json"), "/steps"), 60.0);
    let other = place.run(&["fit", "--out", "run", "--resume", "--horizon", "60"]);
    assert_eq!(other.code, 2, "{}", other.err);
}
