//! The metrics against scikit-learn's; `fixtures/metrics.py` made the numbers.

use serde_json::Value;
use steepest_train::metrics::{Binary, Confusion, MetricSet, Multiclass, Regression, RegressionLoss};

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/metrics.json")).unwrap()
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn classes(v: &Value) -> Vec<u32> {
    v.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u32).collect()
}

/// Every metric that scikit-learn gave, within a few roundings.
fn check(set: &MetricSet, expected: &Value, confusion: &Confusion) {
    for (name, value) in expected.as_object().unwrap() {
        if name == "confusion" {
            let matrix: Vec<f64> = value.as_array().unwrap().iter().flat_map(numbers).collect();
            assert_eq!(confusion.rows().flatten().copied().collect::<Vec<_>>(), matrix);
        } else {
            let (ours, theirs) = (set.get(name).unwrap(), value.as_f64().unwrap());
            assert!((ours - theirs).abs() <= 1e-12 * theirs.abs(), "{name}: {ours} {theirs}");
        }
    }
}

#[test]
fn regression_is_scikit_learns() {
    let all = fixture();
    let case = &all["regression"];
    let weights = numbers(&all["weights"]);
    let (target, predicted) = (numbers(&case["target"]), numbers(&case["predicted"]));
    for (key, weights) in [("plain", None), ("weighted", Some(weights.as_slice()))] {
        let of = |loss, metric: &str| {
            let r = Regression { target: &target, predicted: &predicted, weights, loss };
            r.metrics().get(metric).unwrap()
        };
        for (name, ours) in [
            ("rmse", of(RegressionLoss::Squared, "rmse")),
            ("mae", of(RegressionLoss::Squared, "mae")),
            ("r2", of(RegressionLoss::Squared, "r2")),
            ("squared", of(RegressionLoss::Squared, "deviance")),
            ("poisson", of(RegressionLoss::Poisson, "deviance")),
            ("pinball", of(RegressionLoss::Quantile(0.8), "pinball")),
        ] {
            let theirs = case[key][name].as_f64().unwrap();
            assert!((ours - theirs).abs() <= 1e-12 * theirs.abs(), "{key} {name}: {ours} {theirs}");
        }
        let huge = of(RegressionLoss::Huber(1e9), "huber");
        assert!((2.0 * huge - case[key]["squared"].as_f64().unwrap()).abs() < 1e-12);
    }
}

#[test]
fn two_classes_are_scikit_learns() {
    let all = fixture();
    let case = &all["binary"];
    let weights = numbers(&all["weights"]);
    let (target, p) = (classes(&case["target"]), numbers(&case["probability"]));
    for (key, weights) in [("plain", None), ("weighted", Some(weights.as_slice()))] {
        let b = Binary { target: &target, score: &p, threshold: 0.5, probability: Some(&p), weights };
        check(&b.metrics(), &case[key], &b.confusion());
        let scores = Binary { probability: None, ..b }.metrics();
        assert_eq!(scores.get("auc"), b.metrics().get("auc"));
        assert!(scores.absent.iter().any(|(name, why)| name == "log_loss" && why.contains("not probabilities")));
    }
}

#[test]
fn many_classes_are_scikit_learns() {
    let all = fixture();
    let case = &all["multiclass"];
    let weights = numbers(&all["weights"]);
    let (target, p) = (classes(&case["target"]), numbers(&case["probability"]));
    for (key, weights) in [("plain", None), ("weighted", Some(weights.as_slice()))] {
        let m = Multiclass { classes: 6, target: &target, probability: &p, weights };
        check(&m.metrics(), &case[key], &m.confusion());
    }
}

#[test]
fn degenerate_splits_have_reasons_and_no_nan() {
    let p = [0.2, 0.9];
    let sets = [
        Binary { target: &[1, 1], score: &p, threshold: 0.5, probability: Some(&p), weights: None }.metrics(),
        Binary { target: &[], score: &[], threshold: 0.5, probability: Some(&[]), weights: None }.metrics(),
        Binary { target: &[0, 1], score: &p, threshold: 0.5, probability: Some(&p), weights: Some(&[0.0; 2]) }
            .metrics(),
        Regression { target: &[3.0; 2], predicted: &p, weights: None, loss: RegressionLoss::Squared }.metrics(),
        Regression { target: &[1e200; 2], predicted: &p, weights: None, loss: RegressionLoss::Poisson }.metrics(),
        Multiclass { classes: 2, target: &[1, 1], probability: &[0.5; 4], weights: None }.metrics(),
    ];
    for set in sets {
        assert!(!set.absent.is_empty());
        assert!(set.values.iter().all(|(_, v)| v.is_finite()));
    }
}

#[test]
fn weights_are_repetitions() {
    let all = fixture();
    let weights = numbers(&all["weights"]);
    let case = &all["binary"];
    let (target, p) = (classes(&case["target"]), numbers(&case["probability"]));
    let repeat = |i: usize| std::iter::repeat_n(i, weights[i] as usize);
    let rows: Vec<usize> = (0..target.len()).flat_map(repeat).collect();
    let more: Vec<u32> = rows.iter().map(|&i| target[i]).collect();
    let more_p: Vec<f64> = rows.iter().map(|&i| p[i]).collect();
    let of = |target: &[u32], p: &[f64], weights| {
        Binary { target, score: p, threshold: 0.5, probability: Some(p), weights }.metrics().values
    };
    for ((name, a), (_, b)) in of(&target, &p, Some(&weights)).into_iter().zip(of(&more, &more_p, None)) {
        assert!((a - b).abs() < 1e-13, "{name}: {a} {b}");
    }
}
