//! `steepest online`: rows from files and from standard input, progressive loss, regret, models that predict.

mod place;

use std::io::Write as _;
use std::process::Stdio;

use place::{Place, data, number};
use serde_json::Value;
use steepest_models::linear::Loss;
use steepest_models::online::{OnlineLearner, OnlineRule, Row};

fn online(place: &Place, args: &[&str], input: &str) -> Value {
    let ran = place.run_with_input(&[&["online"], args, &["--json"]].concat(), input);
    assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
    serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}", ran.out))
}

/// The library on the same rows, read by a parser of three lines.
#[test]
fn the_progressive_loss_is_that_of_the_rows_in_order() {
    let text = std::fs::read_to_string(data("odd-digits.svm")).unwrap();
    let rule = "ftrl:lr=0.05,l1=2,l2=0.5";
    let mut learner = OnlineLearner::new(Loss::Logistic, OnlineRule::parse(rule).unwrap().rule, true);
    let (mut total, mut right) = (0.0, 0);
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let y: f64 = words.next().unwrap().parse().unwrap();
        let pairs: Vec<(u32, f64)> = words
            .map(|w| w.split_once(':').unwrap())
            .map(|(j, v)| (j.parse::<u32>().unwrap() - 1, v.parse().unwrap()))
            .collect();
        let (indices, values): (Vec<u32>, Vec<f64>) = pairs.into_iter().unzip();
        total += learner.learn(&Row::new(&indices, &values, y)).unwrap();
        right += u32::from((learner.scores()[0] >= 0.0) == (y > 0.0));
    }
    let place = Place::new();
    let told = online(&place, &[&data("odd-digits.svm"), "--solver", rule], "");
    let n = text.lines().count() as f64;
    assert!((number(&told, "/progressive/mean_loss") - total / n).abs() < 1e-12, "{told}");
    assert_eq!(number(&told, "/progressive/accuracy"), f64::from(right) / n);
    assert_eq!(number(&told, "/features/nonzero_weights"), learner.nonzeros() as f64);
    assert!(number(&told, "/progressive/accuracy") > 0.8);
    // Every row was predicted before it was learned: the model is that after the last row.
    let run = told["run"].as_str().unwrap();
    let scored = place.done(&["evaluate", run, &data("odd-digits.svm"), "--json"]).out;
    assert!(serde_json::from_str::<Value>(&scored).is_ok(), "{scored}");
}

#[test]
fn a_pipe_gives_what_a_file_gives() {
    let place = Place::new();
    let file = data("breast-cancer.csv");
    let text = std::fs::read_to_string(&file).unwrap();
    let args = ["--target", "diagnosis", "--warm-rows", "100", "--solver", "adagrad"];
    let of_file = online(&place, &[&[file.as_str()], &args[..]].concat(), "");
    let of_pipe = online(&place, &[&["-"], &args[..]].concat(), &text);
    for key in ["/progressive/total_loss", "/regret/total", "/features/nonzero_weights"] {
        assert_eq!(number(&of_file, key).to_bits(), number(&of_pipe, key).to_bits(), "{key}");
    }
    assert_eq!(number(&of_file, "/rows/learned"), 569.0);
    assert!(number(&of_file, "/progressive/accuracy") > 0.93, "{of_file}");
    // The rate came from the first rows, and is written out.
    assert!(of_file["solver"].as_str().unwrap().starts_with("online adagrad:lr="));
    // A slow pipe: rows cut in the middle, and cells with line ends.
    let mut command = place.command(&[&["online", "-"], &args[..], &["--json", "--out", "slow"]].concat());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    for piece in text.as_bytes().chunks(7001) {
        input.write_all(piece).unwrap();
        input.flush().unwrap();
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    let slow: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(slow["progressive"], of_file["progressive"]);
}

#[test]
fn regret_is_against_certified_weights() {
    let place = Place::new();
    for rule in ["sgd", "adagrad", "normalized", "ftrl:0.3"] {
        let told = online(&place, &[&data("diabetes.csv"), "--target", "progression", "--solver", rule], "");
        let (total, fixed) = (number(&told, "/progressive/total_loss"), number(&told, "/regret/comparator/total_loss"));
        assert!((number(&told, "/regret/total") - (total - fixed)).abs() < 1e-6 * total, "{rule}");
        assert!(number(&told, "/regret/comparator/certificate/relative") <= 1e-6, "{rule}: {told}");
        assert!(number(&told, "/regret/total") > 0.0, "{rule}");
    }
    // The fit with the same penalty finds the same fixed weights.
    let l2 = (1.0 / 442.0f64).to_string();
    let same = ["--target", "progression", "--test", "0", "--loss", "squared", "--l2", &l2];
    let fit = place.fitted(&[&[data("diabetes.csv").as_str()], &same[..]].concat());
    let told = online(&place, &[&data("diabetes.csv"), "--target", "progression"], "");
    let own = number(&told, "/regret/comparator/mean_loss");
    assert!(own < number(&fit, "/objective") && own > 0.9 * number(&fit, "/objective"), "{own} {fit}");
    let told = online(&place, &[&data("diabetes.csv"), "--target", "progression", "--no-regret"], "");
    assert_eq!(told["regret"]["why_not"], "--no-regret was given");
}

#[test]
fn several_classes_new_levels_and_new_features_are_learned() {
    let place = Place::new();
    let told = online(&place, &[&data("digits.csv"), "--target", "digit", "--solver", "adagrad:0.5"], "");
    assert!(number(&told, "/progressive/accuracy") > 0.85, "{told}");
    let run = told["run"].as_str().unwrap().to_string();
    assert!(place.done(&["runs", "list"]).out.contains("online adagrad:lr=0.5"));
    let out = place.done(&["predict", &run, &data("digits.csv")]).out;
    assert_eq!(out.lines().count(), 1798);
    // A level and a feature that the first rows do not have.
    let mut csv = "colour,size,y\n".to_string();
    for i in 0..40 {
        let colour = if i < 20 { ["red", "blue"][i % 2] } else { "green" };
        csv += &format!("{colour},{},{}\n", i % 7, if i % 2 == 0 { "yes" } else { "no" });
    }
    let told = online(&place, &["-", "--target", "y", "--warm-rows", "10"], &csv);
    assert_eq!(number(&told, "/rows/learned"), 40.0);
    let told = online(&place, &["-", "--warm-rows", "2"], "+1 1:1\n-1 2:1\n+1 1:1 9:2\n-1 700:3\n");
    assert_eq!(number(&told, "/features/encoded"), 700.0);
}

#[test]
fn what_is_wrong_is_told_with_the_place() {
    let place = Place::new();
    let csv = |rows: &[&str]| format!("x,y\n{}\n", rows.join("\n"));
    let good = ["1,a", "2,b", "3,a", "4,b"];
    let late_class = csv(&[&good[..], &["5,c"]].concat());
    let late_word = csv(&[&good[..], &["many,a"]].concat());
    let one_class = csv(&["1,a", "2,a", "3,b"]);
    let wide = csv(&[&good[..], &["1,a,7"]].concat());
    let huge = "1 1:1e200\n-1 1:2e200\n1 1:3e200\n".to_string();
    let cases: &[(&[&str], &str, &[&str])] = &[
        (&["--solver", "adam"], &late_class, &["the names are sgd, adagrad, normalized, ftrl"]),
        (&["--solver", "ftrl:alpha=1"], &late_class, &["its options are lr, l1, l2, beta"]),
        (&["--target", "y", "--warm-rows", "4"], &late_class, &["the rows that follow row 4", "`c`", "--warm-rows"]),
        (&["--target", "y", "--warm-rows", "4"], &late_word, &["the rows that follow row 4", "many"]),
        (&["--target", "y", "--warm-rows", "2"], &one_class, &["nothing to predict", "--warm-rows"]),
        (&["--target", "y", "--warm-rows", "4"], &wide, &["the rows that follow row 4"]),
        (&["--target", "y", "--time", "x"], &late_class, &["--time", "in the order in which they come"]),
        (&[], &late_class, &["--target"]),
        (&["--target", "y"], "", &["there are no rows"]),
        (&["--solver", "sgd:1"], &huge, &["row 1", "too large a number", "--solver normalized"]),
    ];
    for (args, input, parts) in cases {
        let ran = place.run_with_input(&[&["online", "-"], *args].concat(), input);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
        for part in *parts {
            assert!(ran.err.contains(part), "{args:?}: {part} is not in {}", ran.err);
        }
    }
    assert!(place.names().is_empty(), "{:?}", place.names());
}

/// Runs whose data have grown, or that were killed, end as one that was not stopped: the same model and the same predictions.
#[test]
fn a_resumed_pass_ends_as_if_it_had_not_stopped() {
    let place = Place::new();
    let file = data("breast-cancer.csv");
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let bytes = |name: &str| std::fs::read(place.path(name)).unwrap();
    for (k, rule) in ["sgd", "adagrad", "normalized"].iter().enumerate() {
        let fixed = ["--target", "diagnosis", "--warm-rows", "50", "--l1", "0.001", "--l2", "0.01"];
        // One file for both sessions: its name is part of the run.
        let with = [&fixed[..], &["--solver", *rule, "--predictions", "p.csv"]].concat();
        let whole = online(&place, &[&[file.as_str()], &with[..], &["--out", &format!("whole{k}")]].concat(), "");
        let predicted = bytes("p.csv");
        assert_eq!(predicted.iter().filter(|&&b| b == b'\n').count(), 570, "a line of names and one a row");
        for cut in [60, 333] {
            let out = format!("cut{k}-{cut}");
            online(&place, &[&["-"], &with[..], &["--out", &out]].concat(), &lines[..cut].concat());
            assert!(bytes("p.csv").len() < predicted.len());
            let resumed = online(&place, &[&[file.as_str()], &with[..], &["--resume", &out]].concat(), "");
            assert_eq!(number(&resumed, "/resumed_at"), cut as f64 - 1.0);
            assert_eq!(bytes("p.csv"), predicted, "{rule} {cut}");
            assert_eq!(resumed["progressive"], whole["progressive"], "{rule} {cut}");
            assert_eq!(resumed["regret"]["total"], whole["regret"]["total"]);
            assert_eq!(bytes(&format!("{out}/model.safetensors")), bytes(&format!("whole{k}/model.safetensors")));
            assert!(place.path(&format!("{out}/report.html")).exists());
        }
    }
    // Other options and other data are told apart; a penalty that a rule does not know is refused by name.
    let said = |args: &[&str]| {
        let ran = place.run_with_input(&[&["online", &file, "--target", "diagnosis"], args].concat(), "");
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
        ran.err
    };
    assert!(said(&["--resume", "cut0-60", "--warm-rows", "50"]).contains("other options"));
    assert!(said(&["--resume", "cut0-60", "--warm-rows", "51"]).contains("first rows differ"));
    assert!(said(&["--solver", "ftrl", "--l1", "1"]).contains("ftrl:l1="));
    assert!(said(&["--l2=-1"]).contains("≥ 0"));
}

#[test]
fn a_killed_pass_goes_on_from_its_last_checkpoint() {
    let place = Place::new();
    let text = std::fs::read_to_string(data("breast-cancer.csv")).unwrap();
    let args = ["--target", "diagnosis", "--warm-rows", "50", "--predictions", "p.csv", "--json"];
    let whole = online(&place, &[&[data("breast-cancer.csv").as_str()], &args[..6], &["--out", "whole"]].concat(), "");
    let predicted = std::fs::read(place.path("p.csv")).unwrap();
    let rest = ["--out", "killed", "--checkpoint-rows", "1"];
    let mut child = place.command(&[&["online", "-"], &args[..], &rest].concat());
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let checkpoint = place.path("killed/checkpoint.safetensors");
    let (half, end) = (text.len() / 2, std::time::Instant::now() + std::time::Duration::from_secs(20));
    input.write_all(&text.as_bytes()[..half / 2]).unwrap();
    input.flush().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(50));
    // What arrives behind the first rows is a block of its own, with a checkpoint behind it.
    input.write_all(&text.as_bytes()[half / 2..half]).unwrap();
    input.flush().unwrap();
    while !checkpoint.exists() && std::time::Instant::now() < end {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(checkpoint.exists());
    let resumed = online(&place, &[&["-"], &args[..6], &["--resume", "killed"]].concat(), &text);
    assert!(number(&resumed, "/resumed_at") >= 50.0);
    assert_eq!(resumed["progressive"], whole["progressive"]);
    assert_eq!(std::fs::read(place.path("p.csv")).unwrap(), predicted);
}
