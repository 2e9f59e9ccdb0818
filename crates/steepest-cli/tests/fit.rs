//! The main job through the program: fit on the files of `data/`, predict, evaluate, repeat.

mod place;

use place::{Place, data, names, number};
use serde_json::Value;

#[test]
fn breast_cancer_is_fitted_certified_and_reported() {
    let place = Place::new();
    let ran = place.done(&["fit", &data("breast-cancer.csv"), "--target", "diagnosis"]);
    assert_eq!(ran.out, "", "without --json nothing goes to standard output");
    for part in ["569 rows", "certified: within", "runs/breast-cancer-1/report.html", "steepest predict"] {
        assert!(ran.err.contains(part), "no `{part}` in {}", ran.err);
    }
    let run = names(&place.path("runs/breast-cancer-1"));
    for file in ["coefficients.csv", "config.toml", "evaluation.json", "metrics.jsonl", "model.json"] {
        assert!(run.iter().any(|name| name == file), "no {file} in {run:?}");
    }
    assert!(!run.iter().any(|name| name.contains("tmp")), "temporary files are left: {run:?}");
    let summary = place.json("runs/breast-cancer-1/summary.json");
    assert!(number(&summary, "/metrics/test/accuracy") >= 0.95);
    assert!(number(&summary, "/metrics/test/auc") >= 0.985);
    assert!(number(&summary, "/certificate/relative") <= 1e-6);

    let report = place.text("runs/breast-cancer-1/report.html");
    assert!(report.len() < 1 << 20, "the report has {} bytes", report.len());
    assert!(report.trim_end().ends_with("</html>"), "the report is cut");
    // A page that needs the network is not one file.
    for outside in ["src=\"http", "href=\"http", "url(http", "@import"] {
        assert!(!report.contains(outside), "the report loads {outside}");
    }
}

#[test]
fn every_file_of_the_repository_is_fitted_with_its_target_alone() {
    for (file, flags, task, metric, least) in [
        ("diabetes.csv", &["--target", "progression"][..], "regression", "r2", 0.35),
        ("wine.csv", &["--target", "cultivar"], "multiclass", "accuracy", 0.94),
        ("digits.csv", &["--target", "digit"], "multiclass", "accuracy", 0.94),
        ("fair.csv", &["--target", "affairs"], "regression", "r2", 0.02),
        ("randhie.csv", &["--target", "mdvis", "--loss", "poisson"], "regression", "r2", 0.02),
        ("odd-digits.svm", &[], "binary", "accuracy", 0.88),
        ("digits.svm.gz", &[], "multiclass", "accuracy", 0.92),
    ] {
        let place = Place::new();
        let fit = place.fitted(&[&[data(file).as_str()], flags].concat());
        assert_eq!(fit["task"], task, "{file}");
        assert_eq!(fit["termination"]["reason"], "certified_gap", "{file}");
        assert!(number(&fit, "/certificate/relative") <= 1e-6, "{file}");
        let reached = number(&fit, &format!("/metrics/test/{metric}"));
        assert!(reached >= least, "{file}: {metric} {reached} on the test rows");
    }
}

#[test]
fn the_json_object_has_the_keys_that_scripts_rely_on() {
    let place = Place::new();
    let fit = place.fitted(&[&data("wine.csv"), "--target", "cultivar", "--out", "wine"]);
    for key in ["run", "task", "solver", "termination/reason", "termination/detail", "certificate/kind"] {
        assert!(fit.pointer(&format!("/{key}")).is_some_and(Value::is_string), "no text `{key}` in {fit}");
    }
    for key in [
        "rows/train",
        "rows/valid",
        "rows/test",
        "features/raw",
        "features/encoded",
        "objective",
        "certificate/gap",
        "certificate/relative",
        "steps",
        "evaluations/gradient",
        "seconds/read",
        "seconds/setup",
        "seconds/solve",
        "seconds/total",
        "metrics/train/accuracy",
        "metrics/test/accuracy",
    ] {
        number(&fit, &format!("/{key}"));
    }
    assert_eq!(number(&fit, "/rows/train") + number(&fit, "/rows/valid") + number(&fit, "/rows/test"), 178.0);
    assert_eq!(fit, place.json("wine/summary.json"), "the run keeps what was printed");
}

#[test]
fn no_threads_of_any_number_change_the_model() {
    for flags in [&["--target", "diagnosis"][..], &["--target", "mean radius"]] {
        let place = Place::new();
        for threads in ["1", "2", "7"] {
            let file = data("breast-cancer.csv");
            place.done(&[&["fit", &file], flags, &["--out", threads, "--threads", threads, "--no-report"]].concat());
        }
        for other in ["2", "7"] {
            for file in ["model.safetensors", "coefficients.csv", "evaluation.json"] {
                let same = place.read(&format!("1/{file}")) == place.read(&format!("{other}/{file}"));
                assert!(same, "{flags:?}: {file} differs between 1 and {other} threads");
            }
        }
    }
}

#[test]
fn the_written_configuration_repeats_the_run() {
    let place = Place::new();
    let file = data("breast-cancer.csv");
    place.done(&["fit", &file, "--target", "diagnosis", "--seed", "5", "--l2", "0.01", "--test", "100", "--out", "a"]);
    place.done(&["fit", "--config", "a/config.toml", "--out", "b"]);
    for name in ["model.safetensors", "model.json", "evaluation.json", "coefficients.csv"] {
        assert!(place.read(&format!("a/{name}")) == place.read(&format!("b/{name}")), "{name} differs");
    }
    // A flag goes before the file.
    place.done(&["fit", "--config", "a/config.toml", "--out", "c", "--l2", "0.5"]);
    assert!(place.read("a/model.safetensors") != place.read("c/model.safetensors"));
    assert!(place.text("c/config.toml").contains("0.5"));
}

#[test]
fn an_hour_of_the_day_is_read_as_levels_and_counts_get_their_loss() {
    // A count that peaks at 8 and 17 o'clock: no line in the hour says that.
    let mut table = String::from("hour,trips\n");
    for row in 0..2400 {
        let hour = row % 24;
        let mean = if hour == 8 || hour == 17 { 60 } else { 4 + hour / 6 };
        table += &format!("{hour},{}\n", mean + (row * 7919 % 5) - 2);
    }
    let place = Place::with("trips.csv", table);
    let ran = place.done(&["fit", "trips.csv", "--target", "trips", "--out", "run"]);
    assert!(ran.err.contains("`hour` is read as 24 levels"), "{}", ran.err);
    let summary = place.json("run/summary.json");
    assert!(number(&summary, "/metrics/test/r2") > 0.98, "{summary}");
    assert!(place.text("run/config.toml").contains("hour=category"), "the choice is written down");
    let line = place.done(&["fit", "trips.csv", "-t", "trips", "--types", "hour=number", "--out", "line"]);
    assert!(!line.err.contains("levels"), "{}", line.err);
    assert!(number(&place.json("line/summary.json"), "/metrics/test/r2") < 0.2);

    let summary = place.fitted(&[&data("randhie.csv"), "--target", "mdvis"]);
    let config = place.text(&format!("{}/config.toml", summary["run"].as_str().expect("a run")));
    assert!(config.contains("loss = \"poisson\"") || config.contains("loss = \"squared\""), "{config}");
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let place = Place::new();
    let ran = place.done(&["fit", &data("breast-cancer.csv"), "--target", "diagnosis", "--dry-run"]);
    for part in ["binary", "455 train", "logistic", "nothing was fitted"] {
        assert!(ran.err.contains(part), "no `{part}` in {}", ran.err);
    }
    assert_eq!(place.names(), Vec::<String>::new());
}

#[test]
fn a_run_starts_from_the_parameters_of_another() {
    let place = Place::new();
    let fit = |more: &[&str]| place.fitted(&[&[data("breast-cancer.csv").as_str(), "-t", "diagnosis"], more].concat());
    let cold = fit(&["--out", "cold"]);
    let warm = fit(&["--out", "warm", "--init", "cold"]);
    assert!(number(&warm, "/steps") < number(&cold, "/steps"), "{} steps from the optimum", warm["steps"]);
    let (a, b) = (number(&cold, "/objective"), number(&warm, "/objective"));
    assert!((a - b).abs() <= 2e-6 * a, "{a} and {b}");
}

#[test]
fn predictions_keep_ids_and_agree_in_every_format() {
    let place = Place::new();
    let file = data("breast-cancer.csv");
    place.done(&["fit", &file, "-t", "diagnosis", "--id", "mean radius", "--out", "run"]);
    let printed = place.done(&["predict", "run", &file]).out;
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], "mean radius,prediction,p(B),p(M)");
    assert_eq!(lines.len(), 570);
    let mut right = 0;
    let given = std::fs::read_to_string(&file).expect("the data");
    for (line, row) in lines.iter().zip(given.lines()).skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        assert_eq!(fields[0], row.split(',').next().unwrap_or(""), "the id of the row is passed through");
        let probability: f64 = fields[3].parse().expect("a number");
        assert!((0.0..=1.0).contains(&probability));
        assert_eq!(fields[2].parse::<f64>().expect("a number"), 1.0 - probability);
        assert_eq!(fields[1], if probability >= 0.5 { "M" } else { "B" }, "{line}");
        right += usize::from(row.ends_with(&format!(",{}", fields[1])));
    }
    let scores: Value = serde_json::from_str(&place.done(&["evaluate", "run", &file, "--json"]).out).expect("JSON");
    assert_eq!(number(&scores, "/metrics/accuracy"), right as f64 / 569.0, "evaluate counts what predict says");

    place.done(&["predict", "run", &file, "--out", "p.csv"]);
    assert_eq!(place.text("p.csv"), printed);
    place.done(&["predict", "run", &file, "--out", "p.parquet"]);
    // Our own reader takes the file back: a model of the predictions themselves.
    let back = place.fitted(&["p.parquet", "--target", "prediction", "--keep", "mean radius"]);
    assert_eq!(number(&back, "/rows/train") + number(&back, "/rows/test"), 569.0);
    assert!(number(&back, "/metrics/test/auc") > 0.999, "the probability tells the prediction");

    // The target is not needed, and the order of columns does not matter.
    let reversed: String =
        given.lines().map(|row| row.split(',').rev().skip(1).collect::<Vec<_>>().join(",") + "\n").collect();
    assert_eq!(place.run_with_input(&["predict", "run", "-"], &reversed).out, printed);

    let low = place.done(&["predict", "run", &file, "--threshold", "0.01"]).out;
    assert!(low.matches(",M,").count() > printed.matches(",M,").count());
}

#[test]
fn probabilities_of_several_classes_sum_to_one() {
    let place = Place::new();
    place.done(&["fit", &data("wine.csv"), "-t", "last", "--out", "run"]);
    let printed = place.done(&["predict", "run", &data("wine.csv")]).out;
    let mut lines = printed.lines();
    assert_eq!(lines.next(), Some("prediction,p(cultivar 1),p(cultivar 2),p(cultivar 3)"));
    for line in lines {
        let p: Vec<f64> = line.split(',').skip(1).map(|field| field.parse().expect("a number")).collect();
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{line}");
        let best = (0..3).max_by(|&a, &b| p[a].total_cmp(&p[b])).unwrap_or(0);
        assert!(line.starts_with(&format!("cultivar {},", best + 1)), "{line}");
    }
}

#[test]
fn runs_are_listed_and_shown() {
    let place = Place::new();
    assert_eq!(place.done(&["runs", "list"]).out, "no runs\n");
    place.done(&["fit", &data("wine.csv"), "-t", "last", "-q"]);
    let twice = place.done(&["fit", &data("wine.csv"), "-t", "last", "-q"]);
    assert_eq!((twice.out.as_str(), twice.err.as_str()), ("", ""), "-q says nothing");
    let list = place.done(&["runs", "list"]).out;
    for part in ["wine-1", "wine-2", "certified_gap", "multiclass"] {
        assert!(list.contains(part), "no `{part}` in {list}");
    }
    let shown: Value = serde_json::from_str(&place.done(&["runs", "show", "runs/wine-2"]).out).expect("JSON");
    assert_eq!(shown, place.json("runs/wine-2/summary.json"));

    std::fs::remove_file(place.path("runs/wine-1/report.html")).expect("it is there");
    place.done(&["report", "runs/wine-1"]);
    assert!(place.text("runs/wine-1/report.html").contains("</html>"));
}

#[test]
fn a_run_directory_in_use_is_not_overwritten() {
    let place = Place::new();
    place.done(&["fit", &data("wine.csv"), "-t", "last", "--out", "run"]);
    let before = place.read("run/model.safetensors");
    let again = place.run(&["fit", &data("wine.csv"), "-t", "last", "--out", "run", "--l2", "1"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("--resume") && again.err.contains("--out"), "{}", again.err);
    assert!(place.read("run/model.safetensors") == before);
}

#[test]
fn completions_and_manual_pages_are_made() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.done(&["completions", shell]).out;
        assert!(script.contains("steepest") && script.contains("standardize"), "{shell}");
    }
    place.done(&["man", "man1"]);
    let pages = names(&place.path("man1"));
    for page in ["steepest.1", "steepest-fit.1", "steepest-predict.1", "steepest-runs-list.1"] {
        assert!(pages.iter().any(|name| name == page), "no {page} in {pages:?}");
    }
    assert!(place.text("man1/steepest-fit.1").contains("standardize"));
}

#[test]
fn a_budget_that_is_spent_is_no_failure_and_a_gap_that_is_missed_is() {
    let place = Place::new();
    let fit =
        |more: &[&str]| place.run(&[&["fit", data("breast-cancer.csv").as_str(), "-t", "diagnosis"], more].concat());
    let short = fit(&["--steps", "2", "--out", "short"]);
    assert_eq!(short.code, 0, "{}", short.err);
    assert_eq!(place.json("short/summary.json")["termination"]["reason"], "completed");
    assert!(number(&place.json("short/summary.json"), "/certificate/relative") > 1e-6);
    let never = fit(&["--gap", "1e-300", "--out", "never"]);
    assert_eq!(never.code, 1, "{}", never.err);
    assert_eq!(place.run(&["fit"]).code, 2);
    assert_eq!(place.run(&["--help"]).code, 0);
    assert_eq!(place.run(&["--version"]).out, concat!("steepest ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn rows_of_a_file_of_their_own_are_not_said_to_be_drawn() {
    let place = Place::new();
    let file = data("breast-cancer.csv");
    let split = |more: &[&str]| {
        let err = place.done(&[&["fit", &file, "-t", "diagnosis", "--dry-run"], more].concat()).err;
        err.lines().find(|l| l.starts_with("split")).expect("a split").to_string()
    };
    assert!(split(&["--test-file", &file]).ends_with("569 train · 569 test (given)"));
    assert!(
        split(&["--test-file", &file, "--valid", "57"]).ends_with("57 valid (stratified, seed 0) · 569 test (given)")
    );
    assert!(split(&[]).ends_with("114 test (stratified, seed 0)"));
}

#[test]
fn two_classes_take_a_predictor_each_where_that_is_asked_for() {
    let place = Place::new();
    let summary =
        place.fitted(&[&data("breast-cancer.csv"), "-t", "diagnosis", "--task", "multiclass", "--out", "run"]);
    assert_eq!((&summary["task"], &summary["loss"]), (&"multiclass".into(), &"softmax".into()));
    assert!(number(&summary, "/metrics/test/accuracy") > 0.95);
    let predicted = place.done(&["predict", "run", &data("breast-cancer.csv")]).out;
    assert!(predicted.starts_with("prediction,p(B),p(M)\n") && predicted.lines().count() == 570);
}

#[test]
fn a_class_is_named_by_its_label_and_a_column_as_a_shell_reads_it() {
    let row =
        |i: u32| format!("{},p{i},{}\n", i % 7, ["many", "more", "one"][if i == 5 { 2 } else { (i % 2) as usize }]);
    let table = "x,patient id,y\n".to_string() + &(0..60).map(row).collect::<String>();
    let place = Place::with("rows.csv", table);
    let err = place.done(&["fit", "rows.csv", "-t", "y", "--dry-run"]).err;
    assert!(err.contains("class `one` has 1 row:"), "{err}");
    assert!(err.contains("`--keep 'patient id'`"), "{err}");
}
