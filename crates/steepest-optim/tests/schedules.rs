//! Schedules against the sequences of PyTorch, optax and Keras, in `bench/optimizers/parity/schedules.json`, and their texts.

mod support;

use serde_json::Value;
use steepest_optim::{COMMON_OPTIONS, Plateau, PlateauMode, SCHEDULES, Schedule, Shape, Span, Warmup};
use support::Saved;

fn sequences() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bench/optimizers/parity/schedules.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// Ours, and how many steps are compared: PyTorch's cosine rises again behind its end, ours stays.
const SAME: &[(&str, &str, &str, usize)] = &[
    ("torch", "ConstantLR", "linear(0.1,steps=7,start=0.25,end=0.25) > constant", 120),
    ("torch", "LinearLR", "linear(0.1,steps=20,start=0.1,end=1)", 120),
    ("torch", "LinearLR down", "linear(0.1,steps=50,end=0.2)", 120),
    ("torch", "StepLR", "step(0.1,size=30)", 120),
    ("torch", "ExponentialLR", "exponential(0.1,gamma=0.97)", 120),
    ("torch", "PolynomialLR", "polynomial(0.1,steps=80,power=2)", 120),
    ("torch", "PolynomialLR linear", "polynomial(0.1,steps=100)", 120),
    ("torch", "CosineAnnealingLR", "cosine(0.1,steps=100,end=0.01)", 101),
    ("torch", "CosineAnnealingLR beyond", "cosine(0.1,steps=40)", 41),
    ("torch", "CosineAnnealingWarmRestarts", "cosine_restarts(0.1,period=10,mult=2,end=0.01)", 120),
    ("torch", "CosineAnnealingWarmRestarts equal", "cosine_restarts(0.1,period=25)", 120),
    ("torch", "OneCycleLR", "one_cycle(0.5,steps=121)", 120),
    (
        "torch",
        "OneCycleLR linear three-phase",
        "one_cycle(0.5,steps=121,rise=0.4,anneal=linear,three_phase=true,div=10,final_div=100)",
        120,
    ),
    ("torch", "CyclicLR triangular", "cyclic(0.1,half=15,low=0.1)", 120),
    ("torch", "LambdaLR inverse time", "inverse_time(0.1,decay=0.05)", 120),
    ("torch", "MultiplicativeLR", "exponential(0.1,gamma=0.95)", 120),
    ("torch", "SequentialLR warmup cosine", "linear(0.1,steps=10,start=0.1,end=1) > cosine(steps=90)", 100),
    (
        "torch",
        "SequentialLR constant exponential",
        "linear(0.1,steps=20,start=0.1,end=0.1) > exponential(gamma=0.9)",
        120,
    ),
    ("optax", "linear_schedule", "constant(0.1,steps=10) > linear(steps=50,end=0.1)", 120),
    ("optax", "polynomial_schedule", "constant(0.1,steps=5) > polynomial(steps=80,power=3,end=0.01)", 120),
    ("optax", "exponential_decay staircase", "step(0.1,size=20,gamma=0.5)", 120),
    ("optax", "cosine_decay_schedule", "cosine(0.1,steps=100,end=0.01)", 120),
    ("optax", "warmup_constant_schedule", "linear(0.1,steps=15,start=0,end=1)", 120),
    ("optax", "warmup_cosine_decay_schedule", "linear(0.1,steps=10,start=0,end=1) > cosine(steps=90,end=0.01)", 120),
    ("keras", "ExponentialDecay", "exponential(0.1,gamma=0.965936328924846)", 120),
    ("keras", "InverseTimeDecay", "inverse_time(0.1,decay=0.05)", 120),
    ("keras", "PolynomialDecay", "polynomial(0.1,steps=80,power=2,end=0.01)", 120),
    ("keras", "CosineDecay", "linear(0.1,steps=10,start=0.1,end=1) > cosine(steps=90,end=0.05)", 120),
];

#[test]
fn sequences_are_those_of_the_neighbours() {
    let all = sequences();
    let mut wrong = Vec::new();
    for (library, name, text, steps) in SAME {
        let expected = numbers(&all[library][name]["lr"]);
        let schedule = Schedule::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        // optax and Keras compute some of these in 32 bits.
        let tolerance = if *library == "torch" { 1e-12 } else { 1e-6 };
        let off = |k: usize| (schedule.at(k as u64) - expected[k]).abs() - tolerance * 0.1;
        if let Some(k) = (0..*steps).find(|&k| off(k) > 0.0) {
            wrong.push(format!("{library} {name}, step {k}: {} for {}", schedule.at(k as u64), expected[k]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn plateaus_are_those_of_pytorch() {
    let all = sequences();
    for name in ["ReduceLROnPlateau", "ReduceLROnPlateau tight", "ReduceLROnPlateau absolute max"] {
        let case = &all["torch"][name];
        let option = |key: &str| case["options"][key].as_f64();
        let mode = if case["options"]["mode"] == "max" { PlateauMode::Max } else { PlateauMode::Min };
        let mut plateau = Plateau::new(mode);
        plateau.factor = option("factor").unwrap_or(0.1);
        plateau.patience = option("patience").unwrap_or(10.0) as u64;
        plateau.threshold = option("threshold").unwrap_or(1e-4);
        plateau.cooldown = option("cooldown").unwrap_or(0.0) as u64;
        plateau.relative = case["options"]["threshold_mode"] != "abs";
        let base = case["base_lr"].as_f64().unwrap();
        plateau.min_scale = option("min_lr").unwrap_or(0.0) / base;
        let (lr, losses) = (numbers(&case["lr"]), numbers(&case["losses"]));
        for k in 0..lr.len() {
            // PyTorch makes no reduction by less than 1e-8.
            let tolerance = if lr[k] < 2e-8 { 2e-8 } else { 1e-15 };
            assert!((plateau.scale() * base - lr[k]).abs() < tolerance, "{name}, step {k}");
            if k == 60 {
                let saved = Saved::of(|v| plateau.visit(v));
                saved.load(|v| plateau.visit(v));
            }
            plateau.observe(losses[k]);
        }
    }
}

#[test]
fn warmup_moves_from_the_first_step_and_ends_at_the_peak() {
    let s = Schedule::parse("constant(0.1,warmup=4)").unwrap();
    let rates: Vec<f64> = (0..5).map(|k| s.at(k)).collect();
    assert_eq!(rates, [0.025, 0.05, 0.1 * 0.75, 0.1, 0.1]);
    let s = Schedule::parse("constant(1,warmup=2,warmup_kind=exponential,warmup_from=0.01)").unwrap();
    assert!((s.at(0) - 0.1).abs() < 1e-15 && s.at(1) == 1.0);
    let built = Schedule::constant(0.1).warmup(Warmup { span: Span::Steps(4), from: 0.0, exponential: false });
    assert_eq!(Schedule::parse("constant(0.1,warmup=4)").unwrap(), built);
}

#[test]
fn shares_refer_to_the_horizon() {
    let text = "cosine(1,warmup=10%)";
    let e = Schedule::parse(text).unwrap().with_horizon(None).unwrap_err();
    assert!(e.to_string().contains("steps=N"), "{e}");
    let s = Schedule::parse(text).unwrap().with_horizon(Some(100)).unwrap();
    assert_eq!((s.at(9), s.at(10)), (1.0, 1.0));
    assert!((s.at(55) - 0.5).abs() < 1e-15 && s.at(100) < 1e-15);
    let s = Schedule::parse("wsd(1,decay=20%)").unwrap().with_horizon(Some(100)).unwrap();
    assert_eq!((s.at(79), s.at(90), s.at(100)), (1.0, 0.5, 0.0));
}

/// Robbins–Monro: the sum diverges like a logarithm, the sum of squares stays below π²/6.
#[test]
fn robbins_monro_sums() {
    let s = Schedule::parse("robbins_monro(1)").unwrap();
    let (sum, squares) = (0..100_000).map(|k| s.at(k)).fold((0.0, 0.0), |(a, b), v| (a + v, b + v * v));
    assert!(sum > 12.0 && squares < std::f64::consts::PI.powi(2) / 6.0);
}

#[test]
fn mistakes_are_told() {
    for (text, part) in [
        ("cosin(0.1)", "did you mean `cosine`"),
        ("cosine(0.1,step=3)", "its options are steps, end"),
        ("cosine(0.1,steps=x)", "a share of the run such as 5%"),
        ("cosine(-1)", "a learning rate ≥ 0"),
        ("cosine(0.1,warmpu=3)", "did you mean `warmup`"),
        ("step(0.1)", "needs size=…, steps between two drops: a whole number"),
        ("step(0.1,size=0)", "size=0 is not a whole number"),
        ("wsd(0.1,how=sine)", "one of linear, sqrt, cosine"),
        ("constant(1,warmup=5,warmup_kind=exponential,warmup_from=0)", "cannot grow from 0"),
        ("constant(0.1) > linear", "needs steps=N"),
        ("constant(0.1,steps=5) > linear(0.2)", "belong to the first"),
        ("constant(0.1,warmup_from=0.1)", "without warmup=N"),
        ("multistep(0.1,milestones=30+20)", "ascending"),
    ] {
        let e = Schedule::parse(text).unwrap_err().to_string();
        assert!(e.contains(part), "{text}: {e}");
    }
}

#[test]
fn the_table_is_complete() {
    for entry in SCHEDULES {
        assert!(!entry.equation.is_empty() && !entry.title.is_empty(), "{}", entry.name);
        let example = Schedule::parse(entry.example).unwrap_or_else(|e| panic!("{}: {e}", entry.example));
        assert!(entry.example.starts_with(entry.name) && example.with_horizon(Some(1000)).is_ok());
        for option in entry.options.iter().chain(COMMON_OPTIONS) {
            assert!(!option.doc.is_empty() && !option.accepts.expected().is_empty(), "{}: {}", entry.name, option.key);
        }
        // What may be left out may be left out: the options that must be given make a schedule.
        let must = entry.options.iter().filter(|o| o.default.is_none());
        let given: Vec<String> = must.map(|o| format!("{}=2", o.key)).collect();
        Schedule::parse(&format!("{}:{}", entry.name, given.join(","))).unwrap();
    }
}

#[test]
fn lengths_add_up() {
    let length = |text: &str| Schedule::parse(text).unwrap().length();
    assert_eq!(length("cosine(1,steps=10,warmup=2)"), Some(12));
    assert_eq!(length("constant(1,steps=5,warmup=1) > linear(steps=4,end=0)"), Some(10));
    assert_eq!(length("multistep(1,milestones=30+80)"), Some(80));
    for text in ["0.1", "cosine(1)", "cosine(1,steps=10,warmup=5%)", "exponential(1,gamma=0.9)"] {
        assert_eq!(length(text), None, "{text}");
    }
}

#[test]
fn many_rates_at_once_are_those_of_the_single_steps() {
    for text in [
        "constant(0.3)",
        "linear(0.1)",
        "linear(0.1,steps=37,end=0.2)",
        "linear(0.1,warmup=10)",
        "cosine(0.1,steps=50)",
        "linear(1,steps=20,end=0.5) then",
    ] {
        let mut schedule = Schedule::parse(text.trim_end_matches(" then")).unwrap();
        if text.ends_with("then") {
            schedule = schedule.then(Span::Steps(30), Shape::Constant);
        }
        let schedule = schedule.with_horizon(Some(100)).unwrap();
        for k in [0, 1, 15, 36, 90, 200] {
            let mut rates = [f64::NAN; 64];
            schedule.fill(k, &mut rates);
            for (i, rate) in rates.iter().enumerate() {
                assert_eq!(rate.to_bits(), schedule.at(k + i as u64).to_bits(), "{text} {k} {i}");
            }
        }
    }
}
