//! `fit-curve` through the program: NIST's reference problems to their certified digits, and what is refused.

mod place;

use std::path::{Path, PathBuf};

use place::{Place, number};
use serde_json::Value;

/// A problem of the Statistical Reference Datasets, <https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml>.
struct Reference {
    name: String,
    path: PathBuf,
    model: String,
    starts: [Vec<f64>; 2],
    /// Estimates and their standard deviations.
    certified: Vec<[f64; 2]>,
    sum_of_squares: f64,
}

fn references() -> Vec<Reference> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/nist-strd");
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "dat")).collect();
    paths.sort();
    paths.into_iter().map(reference).collect()
}

/// Reads the model, the starts and the certified values from the file.
fn reference(path: PathBuf) -> Reference {
    let text = std::fs::read_to_string(&path).expect("the file can be read");
    let lines: Vec<&str> = text.lines().collect();
    let line = |what: &str| lines.iter().position(|l| l.contains(what)).unwrap_or_else(|| panic!("{what} in {path:?}"));
    let of_model = lines[line("Model:")..].iter().skip(2);
    let model: String = of_model.take_while(|l| !l.to_lowercase().contains("starting values")).copied().collect();
    // The last term is the error.
    let model = model.rsplit_once('+').map_or(model.as_str(), |m| m.0).replace('[', "(").replace(']', ")");
    // Roszman1 writes out π first.
    let model = model.rsplit_once("E0").map_or(model.as_str(), |m| m.1).replace("  ", "");
    let mut starts = [Vec::new(), Vec::new()];
    let mut certified = Vec::new();
    for line in lines.iter().filter(|l| l.trim_start().starts_with('b') && l.contains(" = ")) {
        let Some((_, values)) = line.split_once('=') else { continue };
        let values: Vec<f64> = values.split_whitespace().map_while(|v| v.parse().ok()).collect();
        if let [first, second, estimate, deviation] = values[..] {
            starts[0].push(first);
            starts[1].push(second);
            certified.push([estimate, deviation]);
        }
    }
    let squares = lines[line("Residual Sum of Squares:")];
    let sum_of_squares = squares.split_whitespace().last().and_then(|v| v.parse().ok()).expect("a number");
    let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
    Reference { name, path, model: model.trim().to_string(), starts, certified, sum_of_squares }
}

/// Digits in which two numbers agree; NIST certifies 11.
fn digits(found: f64, certified: f64) -> f64 {
    (-((found - certified) / certified).abs().log10()).clamp(0.0, 11.0)
}

#[test]
fn nist_is_met_from_both_starts() {
    let place = Place::new();
    let references = references();
    assert!(references.is_empty() || references.len() == 27, "{} problems", references.len());
    for r in &references {
        assert!(!r.certified.is_empty(), "{}", r.name);
        for start in &r.starts {
            let from: Vec<String> = start.iter().enumerate().map(|(i, v)| format!("b{}={v:e}", i + 1)).collect();
            let path = r.path.to_string_lossy();
            let ran = place.done(&["fit-curve", &path, &r.model, "--from", &from.join(","), "--json"]);
            let fit: Value = serde_json::from_str(&ran.out).expect("an object");
            for (i, [estimate, deviation]) in r.certified.iter().enumerate() {
                let name = format!("b{}", i + 1);
                let parameters = fit["parameters"].as_array().expect("a list");
                let parameter = parameters.iter().find(|p| p["name"] == name.as_str()).expect("the parameter");
                let found = digits(number(parameter, "/estimate"), *estimate);
                assert!(found >= 8.0, "{} from {from:?}: {name} has {found:.1} digits; {}", r.name, ran.err);
                let found = digits(number(parameter, "/standard_error"), *deviation);
                // Lanczos1's data carry its residuals, 1e-25 in squares, only in order of magnitude.
                let least = if r.name == "Lanczos1" { 0.0 } else { 6.0 };
                assert!(found >= least, "{} from {from:?}: error of {name} has {found:.1} digits", r.name);
            }
            let found = number(&fit, "/residual_sum_of_squares");
            if r.name == "Lanczos1" {
                assert!(found < 1e-24, "{found}");
            } else {
                assert!(digits(found, r.sum_of_squares) >= 8.0, "{}: {found} against {}", r.name, r.sum_of_squares);
            }
        }
    }
}

/// A line with noise: y = 2 + 3x.
const LINE: &str = "x,y,w\n0,2.1,1\n1,4.9,1\n2,8.2,1\n3,10.8,1\n4,14.1,0\n";

#[test]
fn a_line_has_the_errors_of_the_textbook() {
    let place = Place::with("line.csv", LINE);
    let ran = place.done(&["fit-curve", "line.csv", "y = a + b*x", "--json", "--plot", "line.svg"]);
    let fit: Value = serde_json::from_str(&ran.out).expect("an object");
    // Closed forms: Sxx = 10, Sxy = 29.9, means 2 and 8.02.
    let (b, a) = (2.99, 8.02 - 2.0 * 2.99);
    let y = [2.1, 4.9, 8.2, 10.8, 14.1];
    let rss: f64 = y.iter().zip(0..).map(|(y, x)| (y - a - b * f64::from(x)).powi(2)).sum();
    let error = (rss / 3.0 / 10.0).sqrt();
    let slope = &fit["parameters"][1];
    assert!((number(slope, "/estimate") - b).abs() < 1e-12);
    assert!((number(slope, "/standard_error") - error).abs() < 1e-12);
    // t(0.975, 3) = 3.182446305284263.
    assert!((number(slope, "/high") - b - 3.182_446_305_284_263 * error).abs() < 1e-9);
    let ran = place.done(&["fit-curve", "line.csv", "a + b*x", "--weights", "w"]);
    assert!(ran.out.contains("standard error") && ran.err.contains("R²"), "{}{}", ran.out, ran.err);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let place = Place::with("line.csv", LINE);
    for (args, word) in [
        (&["line.csv", "a + b*z"][..], "no column"),
        (&["line.csv", "y = a + b*sine(x)"], "character 11"),
        (&["line.csv", "q = a + b*x"], "`q` is no column"),
        (&["line.csv", "a + b*x", "--target", "q"], "there is no column `q`"),
        (&["line.csv", "y = a + b*x", "--target", "y"], "leave one out"),
        (&["line.csv", "y = a + b*x", "--from", "a=1"], "no value for `b`"),
        (&["line.csv", "y = a + b*x", "--level", "95"], "between 0 and 1"),
        (&["absent.csv", "y = a + b*x"], "absent.csv"),
    ] {
        let ran = place.run(&[&["fit-curve"], args].concat());
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(word), "{args:?}: no `{word}` in {}", ran.err);
    }
    let ran = place.done(&["fit-curve", "line.csv", "y = (a + c) + b*x"]);
    assert!(ran.err.contains("not determined by the data"), "{}", ran.err);
}
