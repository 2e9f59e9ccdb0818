//! What a user of the face meets: refusals that say what to write, non-finite values, groups.

mod support;

use steepest_core::{Layout, Role};
use steepest_optim::{OnNonFinite, Optimizer, OptimizerSpec, Schedule, SpecError};
use support::{Saved, small_layout};

fn refused(text: &str) -> String {
    Optimizer::<f64>::parse(text, &Layout::vector(3)).err().unwrap_or_else(|| panic!("{text} was taken")).to_string()
}

#[test]
fn mistakes_are_told_with_what_is_right() {
    for (text, parts) in [
        ("adamv:lr=1", &["column 1", "no update rule `adamv`", "did you mean `adam", "rmsprop"][..]),
        ("adam:beta3=1", &["column 6", "no option `beta3`", "did you mean `beta1`", "eps_root"]),
        ("adam | weight_decay:-1", &["column 21", "weight_decay=-1", "a number > 0"]),
        ("adam:weight_decay=0.1", &["l2=0.1", "adam | weight_decay:0.1"]),
        ("sgd:momentum=1", &["momentum=1", "from 0 to below 1"]),
        ("sgd:momentum=nan", &["momentum=nan"]),
        ("sgd:0.1,0.9,0.5", &["column 13", "takes lr, momentum without a key"]),
        ("sgd:lr=1,lr=2", &["column 10", "given twice"]),
        ("adam:lr=1 | sgd:lr=2", &["column 17", "one learning rate"]),
        ("sgd:nesterov=yes", &["nesterov=yes", "true or false"]),
        ("sgd:form=in", &["one of outside, inside"]),
        ("weight_decay", &["needs weight_decay"]),
        ("weight_decay:0.1", &["no optimizer in it", "sgd:lr=0.1 |"]),
        ("adam | ", &["column 8", "expected the name"]),
        ("sgd:lr=(1", &["column 8", "no partner"]),
        ("sgd:lr=-1", &["column 5", "neither a learning rate ≥ 0 nor a schedule", "cosine_restarts"]),
        ("adam:moments=fp8", &["one of full, f32, bf16"]),
        ("adam ; on role:bias set rate=1", &["column 8", "lr_factor, decay_factor"]),
    ] {
        let message = refused(text);
        for part in parts {
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}

#[test]
fn a_rate_in_the_chain_and_beside_it_is_an_error() {
    let lr = || Schedule::constant(0.1);
    let e = OptimizerSpec::parse("adam:lr=1").unwrap().with_lr(lr(), "--lr").unwrap_err();
    assert!(matches!(e, SpecError::RateTwice { .. }));
    assert!(e.to_string().contains("--lr"), "{e}");
    let optimizer =
        OptimizerSpec::parse("adam").unwrap().with_lr(lr(), "--lr").unwrap().build::<f32>(&Layout::vector(1));
    assert_eq!(optimizer.unwrap().lr(), 0.1);
}

#[test]
fn a_gradient_that_is_not_finite_changes_nothing_and_is_named() {
    let layout = small_layout();
    for bad in [f64::NAN, f64::INFINITY] {
        let mut optimizer = Optimizer::<f64>::parse("adamw", &layout).unwrap();
        let mut x = vec![1.0; layout.len()];
        optimizer.step(&mut x, &mut vec![0.5; layout.len()]).unwrap();
        let (before, state) = (x.clone(), Saved::of(|v| optimizer.visit(v)));
        let mut g = vec![0.5; layout.len()];
        g[37] = bad;
        let e = optimizer.step(&mut x, &mut g).unwrap_err();
        assert_eq!(e.to_string(), format!("step 2: the gradient of a.bias[2] is {bad}"));
        assert_eq!((x, Saved::of(|v| optimizer.visit(v))), (before, state));
    }
}

#[test]
fn a_gradient_that_was_trusted_wrongly_does_not_reach_the_parameters() {
    let n = 100;
    for rule in ["sgd", "adamw", "adam | momentum:0.5", "sgd:lr=1e308"] {
        let mut optimizer =
            Optimizer::<f64>::parse(rule, &Layout::vector(n)).unwrap().on_non_finite(OnNonFinite::Trust);
        let mut x = vec![1.0; n];
        let mut g = vec![0.5; n];
        g[50] = if rule.ends_with("308") { 1e200 } else { f64::NAN };
        let e = optimizer.step(&mut x, &mut g).unwrap_err();
        assert!(e.to_string().contains("parameter x["), "{e}");
        assert!(x.iter().all(|v| v.is_finite()), "{rule}");
        assert_eq!(x[50], 1.0, "{rule}");
    }
}

#[test]
fn lengths_are_checked() {
    let mut optimizer = Optimizer::<f32>::parse("adam", &Layout::vector(3)).unwrap();
    let e = optimizer.step(&mut [0.0; 3], &mut [0.0; 2]).unwrap_err();
    assert_eq!(e.to_string(), "the layout has 3 parameters, but there are 3 parameters and 2 gradient elements");
}

/// One step of plain descent from 1 with gradient 1 shows the rate and the decay of each tensor.
#[test]
fn groups_have_their_own_rate_decay_and_rule() {
    let layout = small_layout();
    let step = |text: &str| {
        let mut optimizer = Optimizer::<f64>::parse(text, &layout).unwrap();
        let mut x = vec![1.0; layout.len()];
        optimizer.step(&mut x, &mut vec![1.0; layout.len()]).unwrap();
        ["a.weight", "a.bias", "b.scale", "b.weight", "c"].map(|name| 1.0 - x[layout.get(name).unwrap().offset])
    };
    let close = |a: [f64; 5], b: [f64; 5]| assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12), "{a:?} {b:?}");
    close(step("sgd:lr=0.1,l2=1"), [0.2, 0.1, 0.1, 0.2, 0.2]);
    close(step("sgd:lr=0.1,l2=1,decay=all"), [0.2; 5]);
    close(step("sgd:lr=0.1 | weight_decay:1"), [0.2, 0.1, 0.1, 0.2, 0.2]);
    close(step("sgd:lr=0.1,l2=1 ; on b.* set lr_factor=0.5,decay_factor=2"), [0.2, 0.1, 0.15, 0.15, 0.2]);
    close(step("sgd:lr=0.1 ; on role:bias,c use sgd:lr=0.01"), [0.1, 0.01, 0.1, 0.1, 0.01]);
}

#[test]
fn state_is_named_by_rule_and_tensor() {
    let mut layout = Layout::new();
    layout.push("w", &[2, 3], Role::Weight).unwrap();
    layout.push("b", &[3], Role::Bias).unwrap();
    let mut optimizer = Optimizer::<f32>::parse("adam | momentum:0.5 | momentum:0.6", &layout).unwrap();
    let saved = Saved::of(|v| optimizer.visit(v));
    let names: Vec<&str> = saved.values.keys().map(String::as_str).collect();
    let expected = [
        "adam.m/b",
        "adam.m/w",
        "adam.v/b",
        "adam.v/w",
        "lr_scale",
        "momentum.v#2/b",
        "momentum.v#2/w",
        "momentum.v/b",
        "momentum.v/w",
        "step",
    ];
    assert_eq!(names, expected);
    assert_eq!(saved.values["adam.m/w"].len(), 6);
}
