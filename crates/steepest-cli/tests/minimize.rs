//! `minimize`, `landscape` and `sample` through the program: what they find, what they write, and what they refuse.

mod place;

use place::{Place, number};
use serde_json::Value;

/// Runs `minimize … --json` to a good end and gives the object.
fn minimized(place: &Place, args: &[&str]) -> Value {
    let ran = place.done(&[&["minimize"], args, &["--json"]].concat());
    serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}", ran.out))
}

fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b}");
}

#[test]
fn the_object_has_the_keys_that_scripts_rely_on() {
    let found = minimized(&Place::new(), &["x^2 + 10*y^2", "--from", "x=5,y=5"]);
    let keys: Vec<&str> = found.as_object().expect("an object").keys().map(String::as_str).collect();
    let expected = ["x", "value", "grad_norm", "termination", "evaluations", "steps", "seconds", "critical_point"];
    assert_eq!(keys, expected);
    let inner = |key: &str| found[key].as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(inner("termination"), ["reason", "detail"]);
    assert_eq!(inner("evaluations"), ["value", "gradient", "hvp", "hessian"]);
    assert_eq!(found["critical_point"], "minimum");
    close(number(&found, "/x/0"), 0.0, 1e-8);
    close(number(&found, "/x/1"), 0.0, 1e-8);
}

#[test]
fn the_critical_points_of_the_quartic_are_told_apart() {
    // x⁴ − 3x² + 2: a maximum at 0, minima at ±√1.5 with −¼.
    let place = Place::new();
    for (from, end) in [("2", 1.5f64.sqrt()), ("-0.1", -(1.5f64.sqrt()))] {
        let found = minimized(&place, &["x^4 - 3*x^2 + 2", "--from", from]);
        close(number(&found, "/x/0"), end, 1e-7);
        close(number(&found, "/value"), -0.25, 1e-12);
        assert_eq!(found["critical_point"], "minimum");
    }
    // From the maximum the way out is found; looking for the maximum it is the answer.
    let found = minimized(&place, &["x^4 - 3*x^2 + 2", "--from", "0"]);
    close(number(&found, "/value"), -0.25, 1e-12);
    let found = minimized(&place, &["x^4 - 3*x^2 + 2", "--from", "0.3", "--maximize"]);
    close(number(&found, "/value"), 2.0, 1e-12);
    assert_eq!(found["critical_point"], "maximum");
    // The saddle of x² − y² is left, and the function then falls for ever.
    let ran = place.run(&["minimize", "x^2 - y^2", "--from", "1,0", "--json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("\"unbounded\""), "{}", ran.out);
}

#[test]
fn the_trace_holds_every_step_to_the_last_digit() {
    let place = Place::new();
    let formula = "(1-x)^2 + 100*(y-x^2)^2";
    let found = minimized(&place, &[formula, "--from", "-1.2,1", "--solver", "lbfgs", "--trace", "way.csv"]);
    let text = place.text("way.csv");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("step,value,grad_norm,step_size,x,y"));
    let rows: Vec<Vec<f64>> = lines.map(|l| l.split(',').map(|v| v.parse().expect("a number")).collect()).collect();
    assert_eq!(rows.len() as u64, found["steps"].as_u64().expect("a count") + 1);
    assert_eq!(rows[0][0], 0.0);
    assert_eq!(&rows[0][4..], [-1.2, 1.0]);
    close(rows[0][1], 24.2, 1e-13);
    close(rows[0][2], 215.6, 1e-12);
    let last = &rows[rows.len() - 1];
    assert_eq!(last[4], number(&found, "/x/0"), "17 digits bring the number back");
    assert_eq!(last[1], number(&found, "/value"));
    assert!(rows.windows(2).all(|w| w[1][1] <= w[0][1] && w[1][3] > 0.0));
}

#[test]
fn vectors_problems_bounds_and_budgets() {
    let place = Place::new();
    let chained = "sum(i=1..n-1, 100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2)";
    let found =
        minimized(&place, &[chained, "--dim", "50", "--from", "x=-1", "--solver", "newton-cg", "--trace", "t.csv"]);
    assert_eq!(found["x"].as_array().map(Vec::len), Some(50));
    assert!(place.text("t.csv").starts_with("step,value,grad_norm,step_size,x[1],x[2],"));
    let found = minimized(&place, &["--problem", "rosenbrock", "--trace", "t.csv"]);
    close(number(&found, "/value"), 0.0, 1e-12);
    assert!(place.text("t.csv").starts_with("step,value,grad_norm,step_size,x0,x1\n"));

    let found = minimized(&place, &["(x-3)^2 + (y+1)^2", "--from", "0,0", "--bounds", "x=0..1,y=-2.."]);
    close(number(&found, "/x/0"), 1.0, 1e-12);
    close(number(&found, "/x/1"), -1.0, 1e-6);
    let found = minimized(&place, &[chained, "--dim", "10", "--from", "x=-1", "--solver", "gd", "--max-steps", "7"]);
    assert_eq!(found["steps"], 7);
    assert_eq!(found["termination"]["reason"], "completed");
    // A quadratic is left by exactly the predicted factor at η = 2/(λmin + λmax): (κ − 1)/(κ + 1) = 9/11 a step.
    let found = minimized(
        &place,
        &["x^2 + 10*y^2", "--from", "5,5", "--solver", "gd:lr=0.09090909090909091", "--max-steps", "20"],
    );
    close(number(&found, "/x/0") / (5.0 * (9.0f64 / 11.0).powi(20)), 1.0, 1e-12);
}

#[test]
fn people_read_what_was_done() {
    let ran = Place::new().done(&["minimize", "x^2 + 10*y^2", "--from", "x=5,y=5"]);
    for part in [
        "function  x^2 + 10*y^2 · 2 variables: x, y",
        "start     x = 5, y = 5",
        "solver",
        "minimum   x = 0, y = 0",
        "a minimum",
    ] {
        assert!(ran.err.contains(part), "no `{part}` in {}", ran.err);
    }
    let ran = Place::new().done(&["minimize", "--problem", "list"]);
    assert!(ran.out.lines().count() >= 120, "{}", ran.out);
}

/// Formulas, starts, solvers and other options that are refused: the arguments, the place, a word.
const REFUSED: [(&[&str], &str, &str); 73] = [
    (&["x^2 +"], "character 6", "end of the formula"),
    (&[""], "character 1", "empty"),
    (&["(x + 1"], "character 1", "never closed"),
    (&["x + 1)"], "character 6", "closes nothing"),
    (&["2x"], "character 2", "`2*x`"),
    (&["sine(x)"], "character 1", "`sin`"),
    (&["sin x"], "character 1", "parentheses"),
    (&["x @ 2"], "character 3", "no meaning"),
    (&["x^^2"], "character 3", "expected a number"),
    (&["1,5*x"], "character 2", "decimal"),
    (&["x = 2"], "character 3", "no operator"),
    (&["x[1.5]"], "character 3", "whole number"),
    (&["sum(i=1..n, x[i])"], "character 10", "--dim"),
    (&["sum(i=1, x)"], "character 8", "expected `..`"),
    (&["atan2(x)"], "character 1", "2 arguments"),
    (&["0 < x < 1"], "character 7", "do not chain"),
    (&["1 + 2"], "character 1", "no variable"),
    (&["x[1] + x"], "character 1", "vector"),
    (&["1e999*x"], "character 1", "too large"),
    (&["x^2", "--dim", "3"], "character 1", "neither a vector"),
    (&["x^2 + y^2", "--from", "x=1"], "--from, character 4", "no value for `y`"),
    (&["x^2 + y^2", "--from", "x=1,z=2"], "--from, character 5", "no variable `z`"),
    (&["x^2 + y^2", "--from", "1"], "--from, character 2", "no value for `y`"),
    (&["x^2 + y^2", "--from", "1,2,3"], "--from, character 5", "2 variables"),
    (&["x^2 + y^2", "--from", "1,b"], "--from, character 3", "not a number"),
    (&["x^2 + y^2", "--from", "1,inf"], "--from, character 3", "finite"),
    (&["x^2 + y^2", "--from", "x=1,x=2,y=1"], "--from, character 5", "twice"),
    (&["x^2 + y^2", "--from", "x=1,2"], "--from, character 5", "name=value"),
    (&["x^2 + y^2", "--from", "start.txt"], "--from", "no file start.txt"),
    (&["x^2 + y^2", "--from", ""], "--from, character 1", "expected values"),
    (&["ln(x)", "--from", "-1"], "", "starting point"),
    (&["x^2", "--from", "1", "--bounds", "x=2..1"], "--bounds, character 3", "above"),
    (&["x^2", "--from", "1", "--bounds", "y=0..1"], "--bounds, character 1", "no variable"),
    (&["x^2", "--from", "1", "--bounds", "x=1"], "--bounds, character 3", "range"),
    (&["x^2", "--from", "1", "--bounds", "0..1", "--solver", "newton"], "", "lbfgsb"),
    (&["x^2", "--from", "1", "--solver", "lbgfs"], "--solver, character 1", "lbfgs"),
    (&["x^2", "--from", "1", "--solver", "lbfgs:memory=x"], "--solver, character", "memory"),
    (&["x^2", "--from", "1", "--solver", "lbfgs:foo=3"], "--solver, character", "memory"),
    (&["x^2", "--from", "1", "--solver", ""], "--solver", "expected"),
    (&["x^2", "--from", "1", "--gtol", "tight"], "--gtol", "relative"),
    (&["x^2", "--from", "1", "--xtol=-1"], "--xtol", "≥ 0"),
    (&["x^2", "--from", "1", "--max-steps", "many"], "--max-steps", "invalid"),
    (&["x^2", "--from", "1", "--max-seconds=-3"], "--max-seconds", "≥ 0"),
    (&["x^2", "--from", "1", "--seed", "x"], "--seed", "invalid"),
    (&["x^2", "--from", "1", "--plot", "way.pdf"], "--plot", ".svg"),
    (&["x^2", "--from", "1", "--trace", "nowhere/way.csv"], "--trace", "cannot write"),
    (&["x^2", "--subject-to", ""], "--subject-to, character 1", "empty"),
    (&["x^2", "--subject-to", "x"], "--subject-to, character 2", "`<=`"),
    (&["x^2", "--subject-to", "x < 1"], "--subject-to, character 3", "`<=`"),
    (&["x^2", "--subject-to", "x != 1"], "--subject-to, character 3", "`!=`"),
    (&["x^2", "--subject-to", "0 <= x <= 1"], "--subject-to, character 8", "do not chain"),
    (&["x^2", "--subject-to", "x + <= 1"], "--subject-to, character 5", "expected a number"),
    (&["x^2", "--subject-to", "x <= sine(x)"], "--subject-to, character 6", "`sin`"),
    (&["x^2", "--subject-to", "1 <= 2"], "--subject-to, character 1", "neither side"),
    (&["x^2", "--subject-to", "x <= 1", "--subject-to", "x >="], "--subject-to, constraint 2, character 5", "the end"),
    (&["x^", "--subject-to", "x <= 1"], "formula, character 3", "the end"),
    (&["--problem", "beale", "--subject-to", "x0 + y <= 1"], "--subject-to, character 6", "x0, x1"),
    (&["x^2", "--subject-to", "x <= 1", "--solver", "lbfgs"], "--solver", "augmented-lagrangian"),
    (&["x^2", "--subject-to", "x <= 1", "--set", "ball"], "--set", "--subject-to"),
    (&["x^2", "--subject-to", "ln(x) <= 1", "--from", "-1"], "", "starting point"),
    (&["x^2", "--set", "cube"], "--set", "simplex"),
    (&["x^2", "--set", "ball:0"], "--set", "> 0"),
    (&["x^2", "--set", "ball", "--solver", "newton"], "--solver", "projected-gradient"),
    (&["x^2", "--set", "ball", "--bounds", "0..1"], "--set", "--bounds"),
    (&["x^2", "--from", "1", "--solver", "flow:time=-1"], "--solver, character", "time"),
    (&["x^2", "--from", "1", "--solver", "flow:tolerance=0"], "--solver, character", "tolerance"),
    (&["x^2", "--from", "1", "--animate", "way.mp4"], "--animate", ".gif"),
    (&["x^2", "--from", "1", "--animate", "nowhere/way.gif"], "nowhere/way.gif", "cannot write"),
    (&["clamp(x, 1)"], "character 1", "3 arguments"),
    (&["lgamma"], "character 1", "parentheses"),
    (&["--problem", "rosenbrok"], "", "rosenbrock"),
    (&["--problem", "beale", "--dim", "3"], "", "2"),
    (&["x^2", "--problem", "beale"], "", "cannot be used with"),
];

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    let place = Place::new();
    for (args, where_, word) in REFUSED {
        let ran = place.run(&[&["minimize"], args].concat());
        assert_eq!(ran.code, 2, "{args:?} ended with {}: {}{}", ran.code, ran.out, ran.err);
        assert!(
            ran.err.contains(where_) && ran.err.contains(word),
            "{args:?}: no `{where_}`, `{word}` in: {}",
            ran.err
        );
        assert_eq!(ran.out, "", "{args:?} prints on standard output");
        assert!(place.names().is_empty(), "{args:?} leaves {:?}", place.names());
    }
}

#[test]
fn carets_stand_under_the_place() {
    let ran = Place::new().run(&["minimize", "x^2 + 10*sine(y)"]);
    let lines: Vec<&str> = ran.err.lines().collect();
    let at = lines.iter().position(|l| l.contains("x^2 + 10*sine(y)")).expect("the formula is shown");
    assert_eq!(lines[at].find("sine"), lines[at + 1].find('^'));
}

#[test]
fn pictures_are_drawn() {
    let place = Place::new();
    let banana = "(1-x)^2 + 100*(y-x^2)^2";
    place.done(&["minimize", banana, "--from", "-1.2,1", "--plot", "way.svg"]);
    let svg = place.text("way.svg");
    assert!(svg.starts_with("<svg") && svg.contains("(1-x)^2") && svg.trim_end().ends_with("</svg>"));
    place.done(&["minimize", "sin(3*x) + x^2/4", "--from", "3", "--plot", "curve.png"]);
    assert!(place.read("curve.png").starts_with(b"\x89PNG"));
    place.done(&["minimize", "--problem", "rosenbrock", "--dim", "6", "--plot", "plane.svg"]);
    assert!(place.text("plane.svg").contains("from the end towards the start"));

    let ways = ["--from", "-1.2,1", "--solver", "gd", "--solver", "lbfgs", "--max-steps", "30"];
    let draw = |more: &[&str]| place.done(&[&["landscape", banana], &ways[..], more].concat());
    draw(&["--out", "a.svg"]);
    assert!(place.text("a.svg").contains("lbfgs"));
    draw(&["--out", "b.svg", "--view", "surface"]);
    draw(&["--out", "c.svg", "--view", "slices"]);
    draw(&["--out", "e.svg", "--view", "convergence", "--log"]);
    assert!(place.text("e.svg").contains("above the lowest value"));
    draw(&["--out", "d.png", "--window", "x=-2..2,y=-1..3", "--animate", "moving.png"]);
    assert!(place.read("moving.png").windows(4).any(|w| w == b"acTL"));
    let ran = place.run(&["landscape", banana, "--out", "x.gif"]);
    assert_eq!(ran.code, 2);
}

#[test]
fn chains_have_the_variance_of_theory() {
    let place = Place::new();
    let summary = |args: &[&str]| -> Value {
        let ran = place.done(&[&["sample", "x^2/2", "--json"], args].concat());
        serde_json::from_str(&ran.out).expect("an object")
    };
    // MALA is exact; the unadjusted chain has variance 1/(1 − η/2).
    let exact = summary(&["--samples", "20000", "--out", "draws.csv", "--plot", "draws.svg"]);
    close(number(&exact, "/variables/0/variance"), 1.0, 0.05);
    assert!(number(&exact, "/variables/0/rhat") < 1.01);
    assert_eq!(place.text("draws.csv").lines().count(), 80_001);
    let biased = summary(&["--method", "ula", "--step", "0.5", "--samples", "50000"]);
    close(number(&biased, "/variables/0/variance"), 1.0 / 0.75, 0.05);
    // Without a step it is chosen from the curvature, 2 here, for a bias of a hundredth.
    let ran = place.done(&["sample", "x^2", "--method", "sgld", "--samples", "5000", "--json"]);
    let chosen: Value = serde_json::from_str(&ran.out).expect("an object");
    assert_eq!(number(&chosen, "/step/0"), 0.01);
    assert!(ran.err.contains("0.02/L, L = 2"), "{}", ran.err);
    let refused = place.run(&["sample", "3*x", "--method", "ula"]);
    assert!(refused.code == 2 && refused.err.contains("--step"), "{}", refused.err);
}

#[test]
fn constraints_are_met_and_have_their_prices() {
    let place = Place::new();
    // Varian's household: shares 0.3 and 0.7 of 100, and 1/100 for one more unit of income.
    let budget = ["--subject-to", "2*x + 5*y <= 100", "--bounds", "0.."];
    let found = minimized(&place, &[&["0.3*ln(x) + 0.7*ln(y)", "--maximize"], &budget[..]].concat());
    close(number(&found, "/x/0"), 15.0, 1e-5);
    close(number(&found, "/x/1"), 14.0, 1e-5);
    close(number(&found, "/constraints/0/shadow_price"), 0.01, 1e-8);
    assert_eq!(found["constraints"][0]["active"], true);
    assert_eq!(found["critical_point"], "maximum", "the Lagrangian's curvature along the budget was looked at");
    let valleys = ["x^2 - y^2 + y^4 + z^2", "--subject-to", "x + z = 1", "--from"];
    let ran = place.run(&[&["minimize"], &valleys[..], &["3,0,0"]].concat());
    assert!(ran.code == 1 && ran.err.contains("saddle along the constraints"), "{}", ran.err);
    assert_eq!(minimized(&place, &[&valleys[..], &["3,0.1,0"]].concat())["critical_point"], "minimum");
    // Least cost of an output: 2q√(wr), and 2√(wr) for one more unit.
    let ran = place.done(&[
        "minimize",
        "4*labour + 9*capital",
        "--subject-to",
        "(labour*capital)^0.5 >= 5",
        "--subject-to",
        "labour <= 100",
        "--bounds",
        "1e-6..",
        "--json",
        "--plot",
        "cost.svg",
    ]);
    let found: Value = serde_json::from_str(&ran.out).expect("an object");
    close(number(&found, "/value"), 60.0, 1e-5);
    close(number(&found, "/constraints/0/shadow_price"), 12.0, 1e-6);
    assert_eq!(found["constraints"][1]["sense"], "<=");
    assert_eq!(number(&found, "/constraints/1/shadow_price"), 0.0);
    assert!(ran.err.contains("holds the point · shadow price 12") && ran.err.contains("not reached"), "{}", ran.err);
    assert!(place.text("cost.svg").contains("&gt;= 5"), "the border has its name");
    // The price is the slope of the minimum by the level.
    let value = |level: f64| {
        let constraint = format!("x^2 + y^2 = {level}");
        let found = minimized(&place, &["x + 2*y", "--from", "-1,-1", "--subject-to", &constraint]);
        (number(&found, "/value"), number(&found, "/constraints/0/shadow_price"))
    };
    let slope = (value(5.01).0 - value(4.99).0) / 0.02;
    close(value(5.0).1, slope, 1e-5);
    // Constraints that contradict each other are no success.
    let ran = place.run(&["minimize", "x^2", "--subject-to", "x >= 2", "--subject-to", "x <= 1"]);
    assert!(ran.code == 1 && ran.err.contains("violated by"), "{}", ran.err);
    // A test problem's variables are x0, x1, and x is their vector.
    let found = minimized(&place, &["--problem", "rosenbrock", "--subject-to", "sum(x^2) <= 1"]);
    close(number(&found, "/x/0").hypot(number(&found, "/x/1")), 1.0, 1e-8);
    close(number(&found, "/value"), 0.045_674_808, 1e-8);
}

#[test]
fn problems_of_firms_and_households_bring_their_constraint() {
    let place = Place::new();
    for name in ["cost", "utility", "ces-utility", "dispatch"] {
        let found = minimized(&place, &["--problem", name]);
        let kind = if name.contains("utility") { "maximum" } else { "minimum" };
        assert_eq!(found["critical_point"], kind, "{name}");
        assert!(number(&found, "/constraints/0/shadow_price").abs() > 0.0, "{name}");
    }
    // Shares 0.2, 0.3 and 0.5 of 120 at the prices 1, 2 and 4.
    let found = minimized(&place, &["--problem", "utility"]);
    for (i, x) in [24.0, 18.0, 15.0].into_iter().enumerate() {
        close(number(&found, &format!("/x/{i}")), x, 1e-4);
    }
    close(number(&found, "/constraints/0/shadow_price"), 1.0 / 120.0, 1e-8);
    assert!(place.done(&["minimize", "--problem", "list"]).out.contains("dispatch"));
    assert_eq!(place.run(&["sample", "--problem", "utility"]).code, 2);
}

#[test]
fn sets_are_kept() {
    let place = Place::new();
    let far = |more: &[&str]| minimized(&place, &[&["norm(x - [3, 1, 2])^2", "--dim", "3"], more].concat());
    assert_eq!(far(&["--set", "simplex"])["x"], serde_json::json!([1.0, 0.0, 0.0]));
    for solver in ["auto", "projected-gradient", "frank-wolfe"] {
        let found = far(&["--set", "ball:2", "--solver", solver]);
        // The gap of Frank and Wolfe's method bounds the value, of which the point is a square root.
        close(number(&found, "/x/1"), 2.0 / 14f64.sqrt(), if solver == "frank-wolfe" { 1e-4 } else { 1e-7 });
    }
}

#[test]
fn the_flow_is_followed_and_its_time_told() {
    let place = Place::new();
    let args = ["x^2 + 10*y^2", "--from", "5,5", "--solver", "flow:time=1", "--trace", "flow.csv"];
    let found = minimized(&place, &args);
    // x(t) = 5·exp(−2t).
    close(number(&found, "/x/0"), 5.0 * (-2f64).exp(), 1e-5);
    assert_eq!(found["termination"]["reason"], "completed");
    let text = place.text("flow.csv");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("step,value,grad_norm,step_size,x,y,time"));
    for line in lines {
        let row: Vec<f64> = line.split(',').map(|v| v.parse().expect("a number")).collect();
        close(row[4], 5.0 * (-2.0 * row[6]).exp(), 1e-5);
    }
    assert!(text.lines().last().is_some_and(|l| l.ends_with(",1.0000000000000000e0")), "{text}");
    let found = minimized(&place, &["x^2 + 10*y^2", "--from", "5,5", "--solver", "flow"]);
    assert_eq!(found["critical_point"], "minimum");
}

#[test]
fn ways_move_in_every_format() {
    let place = Place::new();
    let way = ["x^2 + 10*y^2", "--from", "5,5", "--solver", "gd:lr=0.09", "--max-steps", "5"];
    for (file, begins) in [("a.gif", &b"GIF89a"[..]), ("a.png", b"\x89PNG"), ("a.html", b"<!DOCTYPE html>")] {
        place.done(&[&["minimize"], &way[..], &["--animate", file]].concat());
        assert!(place.read(file).starts_with(begins), "{file}");
    }
    assert!(place.text("a.html").contains("6 of") || place.text("a.html").contains("max=\"5\""));
    place.done(&["minimize", "sin(3*x) + x^2/4", "--from", "3", "--animate", "curve.gif"]);
    let more = ["--solver", "flow", "--view", "surface", "--out", "b.svg", "--animate", "b.html"];
    place.done(&[&["landscape"], &way[..], &more].concat());
    let ran = place.run(&["landscape", "x^2 + y^2", "--view", "slices", "--animate", "c.gif"]);
    assert!(ran.code == 2 && ran.err.contains("shows no ways"), "{}", ran.err);
}
