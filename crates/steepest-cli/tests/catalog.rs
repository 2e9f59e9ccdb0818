//! `steepest optimizers` and `steepest schedules`: what they list, check, print and draw.

mod place;

use place::Place;
use serde_json::Value;
use steepest_optim::{SCHEDULES, entries};

fn json(place: &Place, args: &[&str]) -> Value {
    let ran = place.done(args);
    serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{args:?}: {e}: {}", ran.out))
}

#[test]
fn everything_in_the_tables_is_listed_and_explained() {
    let place = Place::new();
    let list = place.done(&["optimizers"]).out;
    let all = json(&place, &["optimizers", "--json"]);
    for (e, told) in entries().zip(all.as_array().unwrap()) {
        assert!(list.lines().any(|l| l.starts_with(e.name) && l.ends_with(e.title)), "{}", e.name);
        assert_eq!(told["name"], e.name);
    }
    let list = place.done(&["schedules"]).out;
    for e in SCHEDULES {
        assert!(list.lines().any(|l| l.starts_with(e.name) && l.ends_with(e.title)), "{}", e.name);
        let text = place.done(&["schedules", e.name]).out;
        assert!(text.contains(e.equation) && text.contains(e.source), "{text}");
        assert!(text.contains('└') && text.contains("warmup_kind"), "{text}");
    }
    let text = place.done(&["optimizers", "adamw"]).out;
    for part in ["x ← x − η (m̂/", "2 numbers a parameter: 8 bytes", "arXiv:1711.05101", "weight_decay  0.01", "moments"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(place.done(&["optimizers", "weight_decay"]).out.contains("weight_decay:WEIGHT_DECAY"));
}

#[test]
fn chains_are_checked_and_told_with_their_values() {
    let place = Place::new();
    let chain = "clip:1 | adam:0.01,beta2=0.95,moments=bf16 | weight_decay:0.1";
    let text = place.done(&["optimizers", chain]).out;
    // Two moments of two bytes.
    assert!(text.contains("memory    4 bytes a parameter in f32"), "{text}");
    let row = |line: &str| line.split_whitespace().take(3).eq(["beta2", "0.95", "0.999"]);
    assert!(text.lines().any(row), "{text}");
    let told = json(&place, &["optimizers", chain, "--json"]);
    assert_eq!(told.as_array().unwrap().len(), 3);
}

#[test]
fn a_typo_lists_the_right_ones_and_ends_with_2() {
    let place = Place::new();
    let wrong: &[(&[&str], &[&str])] = &[
        (&["optimizers", "adamv"], &["did you mean `adam", "rmsprop", "lion"]),
        (&["optimizers", "adam:beta3=0.9"], &["no option `beta3`", "did you mean `beta1`", "eps_root"]),
        (&["optimizers", "sgd:momentum=2"], &["from 0 to below 1"]),
        (&["optimizers", "adam:lr=cosin(1)"], &["did you mean `cosine`"]),
        (&["schedules", "cosin"], &["did you mean `cosine`", "robbins_monro"]),
        (&["schedules", "cosine:warmpu=3"], &["did you mean `warmup`", "warmup_from"]),
        (&["schedules", "step", "--csv"], &["needs size=…", "a whole number ≥ 1"]),
        (&["schedules", "cosine:0.1", "--lr", "1"], &["given twice", "leave one of them out"]),
        (&["schedules", "cosine", "--lr", "-1"], &["a learning rate ≥ 0"]),
        (&["schedules", "cosine", "--plot", "a.gif"], &["neither .svg nor .png"]),
        (&["schedules", "cosine", "--plot", "nowhere/a.svg"], &["cannot be written to nowhere/a.svg"]),
        (&["schedules", "--csv"], &["no schedule is given"]),
        (&["fit", "a.csv", "--target", "y", "--schedule", "cosin"], &["a.csv"]),
    ];
    for (args, parts) in wrong {
        let ran = place.run(args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
        assert!(ran.out.is_empty(), "{args:?} printed {}", ran.out);
        for part in *parts {
            assert!(ran.err.contains(part), "{args:?}: {part} is not in {}", ran.err);
        }
    }
    assert!(place.names().is_empty());
}

/// Numbers against the formula, to the bit where it is exact.
#[test]
fn rates_are_those_of_the_formula() {
    let place = Place::new();
    let rows = |args: &[&str]| -> Vec<(u64, f64)> {
        let out = place.done(&[&["schedules"], args, &["--csv"]].concat()).out;
        let mut lines = out.lines();
        assert_eq!(lines.next(), Some("step,lr"));
        lines.map(|l| l.split_once(',').unwrap()).map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect()
    };
    let all = rows(&["cosine:warmup=5%", "--steps", "1000", "--lr", "0.1"]);
    assert_eq!(all.len(), 1000);
    for (k, lr) in all {
        let expected = match k {
            0..50 => 0.1 * (k + 1) as f64 / 50.0,
            _ => 0.05 * (1.0 + (std::f64::consts::PI * (k - 50) as f64 / 950.0).cos()),
        };
        assert!((lr - expected).abs() < 1e-16, "{k}: {lr} against {expected}");
    }
    assert_eq!(rows(&["step(1,size=10,gamma=0.5)", "--at", "0,9,10,35"]), [(0, 1.0), (9, 1.0), (10, 0.5), (35, 0.125)]);
    assert_eq!(rows(&["linear(1,steps=10)", "--every", "5"]), [(0, 1.0), (5, 0.5)]);
    let told = json(&place, &["schedules", "linear(1,steps=4)", "--json"]);
    assert_eq!(told["lr"], serde_json::json!([1.0, 0.75, 0.5, 0.25]));
    let text = place.done(&["schedules", "linear(1,steps=4)", "--at", "2"]).out;
    assert_eq!(text, "step  lr\n2     0.5\n");
}

#[test]
fn pictures_are_written_whole() {
    let place = Place::new();
    let args =
        |file| ["schedules", "constant(steps=300) > linear", "cosine:warmup=10%", "--steps", "1000", "--plot", file];
    place.done(&args("a.svg"));
    let svg = place.text("a.svg");
    assert!(svg.starts_with("<svg") && svg.contains("completed updates") && svg.contains("cosine:warmup=10%"));
    place.done(&args("a.png"));
    assert_eq!(place.read("a.png")[..8], *b"\x89PNG\r\n\x1a\n");
    assert_eq!(place.names(), ["a.png", "a.svg"]);
}
