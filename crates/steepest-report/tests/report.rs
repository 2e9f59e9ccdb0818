//! Reports of whole runs: well-formed, small, safe, and honest about what is missing.

mod fixtures;

use std::fs;
use std::path::Path;
use steepest_report::{Along, ReportError, curves, write_report};

fn report(folder: &Path) -> String {
    fs::read_to_string(write_report(folder).unwrap()).unwrap()
}

/// Parses the page as XML, and checks what no page may have.
fn checked(page: &str) -> roxmltree::Document<'_> {
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(page, options).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(document.descendants().filter(|n| n.has_tag_name("script")).count(), 1);
    for node in document.descendants().filter(|n| n.is_element()) {
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(!name.starts_with("on"), "{name}={value}");
            let outside = matches!(name, "src" | "href") && !value.starts_with('#');
            assert!(!outside && !value.contains("NaN") && !value.contains("inf "), "{name}={value}");
        }
        if node.has_tag_name("svg") && node.parent().is_some_and(|p| p.has_tag_name("figure")) {
            assert_eq!(node.attribute("role"), Some("img"));
            assert!(
                node.children().any(|c| c.has_tag_name("title")) && node.children().any(|c| c.has_tag_name("desc"))
            );
        }
    }
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("url("));
    document
}

fn headings(document: &roxmltree::Document<'_>) -> Vec<String> {
    document.descendants().filter(|n| n.has_tag_name("h2")).filter_map(|n| n.text().map(String::from)).collect()
}

#[test]
fn a_certified_run_is_told_whole() {
    let folder = tempfile::tempdir().unwrap();
    fixtures::binary(folder.path());
    let page = report(folder.path());
    let document = checked(&page);
    assert_eq!(
        headings(&document),
        [
            "Warnings",
            "Results",
            "Largest weights",
            "Training",
            "Data and split",
            "Choices",
            "Next",
            "Configuration",
            "Reproducibility"
        ]
    );
    for words in [
        "patients-1: binary classification",
        "Certified within 2.1×10⁻¹¹ of the optimum (relative)",
        "Test on 114 rows: accuracy 0.9825, AUC 0.9971, F1 0.9756.",
        "With newton, the run ended after 7 steps: the certified gap fell below its tolerance (relative gap 2.1e-11 is below 1e-6).",
        "condition number κ 951",
        "steepest fit --config runs/patients-1/config.toml",
        "Confusion matrix",
        "Calibration",
        "Gradient norm",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("<script>alert"));
    assert!(page.contains("&lt;script&gt;alert(&quot;name&quot;)&lt;/script&gt;"));
}

#[test]
fn a_wide_gap_is_no_good_news() {
    let folder = tempfile::tempdir().unwrap();
    fixtures::binary(folder.path());
    let file = folder.path().join("summary.json");
    let mut summary: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    summary["certificate"]["relative"] = 2.0.into();
    std::fs::write(&file, summary.to_string()).unwrap();
    let page = report(folder.path());
    assert!(page.contains("Not shown to be near the optimum: the certified relative gap is 2"), "{page}");
    assert!(!page.contains("Certified within"));
}

#[test]
fn the_same_run_gives_the_same_bytes_and_leaves_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    fixtures::binary(folder.path());
    let before = fs::read_dir(folder.path()).unwrap().count();
    let first = report(folder.path());
    assert_eq!(first, report(folder.path()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), before + 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode("report.html"), mode("summary.json"));
    }
}

#[test]
fn long_runs_stay_small() {
    let folder = tempfile::tempdir().unwrap();
    fixtures::regression(folder.path(), 30_000);
    let page = report(folder.path());
    checked(&page);
    assert!(page.len() < 400_000, "{}", page.len());
    for words in [
        "the validation metric improved no more",
        "Residuals",
        "Interventions",
        "halve the learning rate",
        "There is no certificate: stochastic steps",
        "1 min 16 s",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn many_classes_and_diverged_runs() {
    let folder = tempfile::tempdir().unwrap();
    fixtures::multiclass(&folder.path().join("digits"));
    let page = report(&folder.path().join("digits"));
    checked(&page);
    assert!(page.contains("Most frequent confusions") && page.contains("Class 9"));
    fixtures::diverged(&folder.path().join("bad"));
    let page = report(&folder.path().join("bad"));
    checked(&page);
    assert!(page.contains("Not reached: the run diverged") && page.contains("try lr=0.43"));
    assert!(page.contains("The objective was not finite in 3 measurements"));
}

#[test]
fn every_subset_of_the_files_gives_a_page_or_says_that_no_run_is_there() {
    let whole = tempfile::tempdir().unwrap();
    fixtures::binary(whole.path());
    let files = ["summary.json", "metrics.jsonl", "evaluation.json", "coefficients.csv", "config.toml"];
    for subset in 0..32u32 {
        let part = tempfile::tempdir().unwrap();
        for (_, name) in files.iter().enumerate().filter(|(k, _)| subset >> k & 1 == 1) {
            fs::copy(whole.path().join(name), part.path().join(name)).unwrap();
        }
        match write_report(part.path()) {
            Ok(path) => drop(checked(&fs::read_to_string(path).unwrap())),
            Err(e) => assert!(matches!(e, ReportError::NotARun { .. }) && subset & 3 == 0, "{subset}: {e}"),
        }
    }
}

#[test]
fn every_key_may_be_missing_or_of_another_kind() {
    let folder = tempfile::tempdir().unwrap();
    fixtures::binary(folder.path());
    for file in ["summary.json", "evaluation.json"] {
        let text = fs::read_to_string(folder.path().join(file)).unwrap();
        let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
        for key in whole.as_object().unwrap().keys() {
            for other in [
                "null",
                "0",
                "-1e300",
                "\"<b>\"",
                "[]",
                "{}",
                "[[1]]",
                "[null,{\"a\":[]}]",
                "{\"x\":\"NaN\",\"test\":{\"x\":1e999}}",
            ] {
                let Ok(other) = serde_json::from_str::<serde_json::Value>(&other.replace("1e999", "1e308")) else {
                    unreachable!()
                };
                let mut changed = whole.clone();
                changed[key] = other;
                fs::write(folder.path().join(file), changed.to_string()).unwrap();
                checked(&report(folder.path()));
            }
            let mut changed = whole.clone();
            changed.as_object_mut().unwrap().remove(key);
            fs::write(folder.path().join(file), changed.to_string()).unwrap();
            checked(&report(folder.path()));
        }
        fs::write(folder.path().join(file), text).unwrap();
    }
}

#[test]
fn malformed_files_are_told_with_their_line() {
    for (file, text, place, message) in [
        ("summary.json", "{\"run\":\n 1,}", "summary.json:2:", "trailing comma"),
        ("summary.json", "[1]", "summary.json:1:1", "expected a JSON object"),
        ("metrics.jsonl", "{\"step\":0}\n{\"step\":1\n{}\n", "metrics.jsonl:2:", "EOF"),
        (
            "metrics.jsonl",
            "{\"step\":0}\n\n{\"objective\":\"low\"}\n",
            "metrics.jsonl:3:1",
            "expected a number for `objective`",
        ),
        ("metrics.jsonl", "{\"train\":{\"auc\":[]}}\n", "metrics.jsonl:1:1", "expected a number for `train.auc`"),
        ("evaluation.json", "", "evaluation.json:1:", "EOF"),
        ("coefficients.csv", "feature,coefficient\na,1\nb\n", "coefficients.csv:3:1", "expected 2 fields, found 1"),
        ("coefficients.csv", "feature,coefficient\na,much\n", "coefficients.csv:2:1", "found `much`"),
        ("coefficients.csv", "name\n", "coefficients.csv:1:1", "`feature`"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fixtures::binary(folder.path());
        fs::write(folder.path().join(file), text).unwrap();
        let error = write_report(folder.path()).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains(message), "{file}: {error}");
        assert!(!folder.path().join("report.html").exists());
    }
}

#[test]
fn a_line_cut_by_a_kill_is_left_out_and_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("metrics.jsonl"), "{\"step\":0,\"objective\":1}\n{\"step\":1,\"obj").unwrap();
    let page = report(folder.path());
    checked(&page);
    assert!(page.contains("was cut off") && page.contains("Unfinished"));
}

#[test]
fn wide_models_and_odd_names_stay_small() {
    let folder = tempfile::tempdir().unwrap();
    fixtures::binary(folder.path());
    let name = "<&\"'\u{0}\u{7}\u{202e}]]>".repeat(200);
    let rows: String =
        (0..20_000).map(|k| format!("\"{}{k}\",{k},1,1,1,0,2,{k}\n", name.replace('"', "\"\""))).collect();
    let head = "feature,coefficient,standard_error,z,p_value,low,high,encoded_coefficient\n";
    fs::write(folder.path().join("coefficients.csv"), format!("{head}{rows}")).unwrap();
    checked(&report(folder.path()));
    let labels: Vec<String> = (0..300).map(|k| format!("\"{k} &lt;\"")).collect();
    let row = format!("[{}]", vec!["7"; 300].join(","));
    let matrix = vec![row; 300].join(",");
    let text = format!(r#"{{"test":{{"confusion":{{"labels":[{}],"matrix":[{matrix}]}}}}}}"#, labels.join(","));
    fs::write(folder.path().join("evaluation.json"), text).unwrap();
    let page = report(folder.path());
    checked(&page);
    assert!(page.contains("Most frequent confusions"));
}

#[test]
fn runs_are_laid_over_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b<i>"));
    fixtures::multiclass(&a);
    fixtures::diverged(&b);
    for along in [Along::Steps, Along::Epochs, Along::Seconds] {
        let svg = curves(&[&a, &b], along).unwrap();
        roxmltree::Document::parse(&svg).unwrap();
        assert!(svg.contains("b&lt;i&gt;") && !svg.contains("<i>"));
    }
    let missing = folder.path().join("none");
    assert!(matches!(curves(&[&a, &missing], Along::Steps), Err(ReportError::NotARun { .. })));
}

#[test]
fn a_pass_over_a_stream_promises_no_configuration_that_repeats_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), "[online]\nsolver = \"ftrl\"\n").unwrap();
    let lines = "{\"step\":0,\"objective\":0.7,\"loss\":0.7}\n{\"step\":8,\"objective\":0.5,\"loss\":0.4}\n";
    std::fs::write(folder.path().join("metrics.jsonl"), lines).unwrap();
    let page = report(folder.path());
    checked(&page);
    assert!(page.contains("Mean loss") && page.contains("of all rows so far"), "the curves are of losses of rows");
    assert!(!page.contains("fit --config") && !page.contains("penalty"), "no objective, no command of another program");
}
