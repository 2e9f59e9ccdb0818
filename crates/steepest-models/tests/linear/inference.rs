//! Standard errors, tests and intervals against statsmodels and closed forms (`tests/peers/inference.py`).

use serde_json::Value;
use steepest_core::Flat;
use steepest_data::{Dense, Matrix, Values};
use steepest_models::linear::{Estimate, Inference, LinearProblem, Loss, NoInference};

use crate::optima::newton;
use crate::sample::{self, Storage};

fn peers() -> Value {
    serde_json::from_str(include_str!("../peers/inference.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn dense(rows: &[Vec<f64>]) -> Matrix {
    let values = Values::F64(Flat::from_slice(64, &rows.concat()));
    Matrix::Dense(Dense { rows: rows.len(), cols: rows[0].len(), values })
}

/// The features of the peers' file standardized by `shift` and `scale`, and the target `key`; labels become ±1.
fn problem(peers: &Value, key: &str, loss: Loss, shift: &[f64], scale: &[f64]) -> LinearProblem {
    let encode = |row: Vec<f64>| row.iter().zip(shift).zip(scale).map(|((x, s), c)| (x - s) / c).collect();
    let rows: Vec<Vec<f64>> = peers["x"].as_array().unwrap().iter().map(|row| encode(numbers(row))).collect();
    let mut y = numbers(&peers[key]);
    if loss == Loss::Logistic {
        y.iter_mut().for_each(|y| *y = 2.0 * *y - 1.0);
    }
    LinearProblem::new(dense(&rows), y, loss)
}

const NO_SHIFT: [f64; 3] = [0.0; 3];
const NO_SCALE: [f64; 3] = [1.0; 3];
const SHIFT: [f64; 3] = [0.1, 39.0, -1.1];
const SCALE: [f64; 3] = [0.9, 5.5, 0.25];

fn agree(found: &[Option<Estimate>], peer: &Value, tolerance: f64, what: &str) {
    type Get = fn(&Estimate) -> f64;
    let columns: [(&str, Get); 6] = [
        ("point", |e| e.value),
        ("standard_error", |e| e.standard_error),
        ("z", |e| e.z),
        ("p_value", |e| e.p_value),
        ("low", |e| e.low),
        ("high", |e| e.high),
    ];
    for (key, get) in columns {
        let known = numbers(&peer[key]);
        assert_eq!(found.len(), known.len());
        for (i, (found, known)) in found.iter().zip(known).enumerate() {
            let found = get(found.as_ref().unwrap());
            let size = known.abs().max(if key == "p_value" { 1e-6 } else { 1e-3 });
            assert!((found - known).abs() <= tolerance * size, "{what}: {key} {i}: {found} against {known}");
        }
    }
}

#[test]
fn statsmodels_and_closed_forms_agree() {
    let peers = peers();
    type Change = fn(&mut LinearProblem, &Value);
    let plain: Change = |_, _| {};
    let counts: Change = |p, peers| p.weights = Some(numbers(&peers["counts"]));
    let cases: [(&str, &str, Loss, f64, Change); 6] = [
        ("ols", "y", Loss::Squared, 1e-8, plain),
        ("ols_counts", "y", Loss::Squared, 1e-8, counts),
        ("ols_without_intercept", "y", Loss::Squared, 1e-8, |p, _| p.intercept = false),
        ("logit", "label", Loss::Logistic, 1e-6, plain),
        ("logit_counts", "label", Loss::Logistic, 1e-6, counts),
        ("poisson_offset", "events", Loss::Poisson, 1e-6, |p, peers| p.offset = Some(numbers(&peers["offset"]))),
    ];
    for (name, key, loss, tolerance, change) in cases {
        for (shift, scale) in [(NO_SHIFT, NO_SCALE), (NO_SHIFT, SCALE), (SHIFT, SCALE)] {
            if name == "ols_without_intercept" && shift != NO_SHIFT {
                continue;
            }
            let mut p = problem(&peers, key, loss, &shift, &scale);
            change(&mut p, &peers);
            let found = Inference::new(&p, &newton(&p)).unwrap();
            agree(&found.original(&shift, &scale), &peers[name], tolerance, name);
            if scale == NO_SCALE {
                assert_eq!(found.encoded(), found.original(&shift, &scale), "{name}");
            }
        }
    }
}

#[test]
fn penalized_and_robust_fits_have_their_sandwich() {
    let peers = peers();
    for (name, key, loss, l2) in [
        ("ridge", "y", Loss::Squared, 0.07),
        ("logistic_ridge", "label", Loss::Logistic, 0.07),
        ("huber", "y", Loss::Huber(0.8), 0.0),
    ] {
        let mut p = problem(&peers, key, loss, &NO_SHIFT, &NO_SCALE);
        p.l2 = l2;
        let found = Inference::new(&p, &numbers(&peers[name]["point"])).unwrap();
        agree(&found.encoded(), &peers[name], 1e-7, name);
        if let Some(left) = peers[name]["degrees_of_freedom"].as_f64() {
            assert!((found.degrees_of_freedom.unwrap() - left).abs() < 1e-8 * left);
        }
    }
}

#[test]
fn differences_between_classes_agree_with_the_multinomial_logit() {
    let peers = peers();
    for l2 in [0.0, 1e-12, 1e-9] {
        let mut p = problem(&peers, "kind", Loss::Softmax(3), &SHIFT, &SCALE);
        p.l2 = l2;
        let point = newton(&p);
        let found = Inference::new(&p, &point).unwrap_or_else(|why| panic!("{l2}: {why}"));
        assert!(found.encoded().iter().all(|e| e.is_some_and(|e| e.standard_error > 0.0)));
        let tolerance = if l2 > 1e-10 { 1e-4 } else { 1e-6 };
        let known = |key: &str, class: usize| numbers(&peers["multinomial"][key][class - 1]);
        let size = p.parameters();
        for class in 1..3 {
            for (j, scale) in SCALE.iter().enumerate() {
                let (i, base) = (3 * j + class, 3 * j);
                let value = (point[i] - point[base]) / scale;
                let v = |a: usize, b: usize| found.covariance[a * size + b];
                let error = (v(i, i) + v(base, base) - 2.0 * v(i, base)).sqrt() / scale;
                for (key, found) in [("contrast", value), ("standard_error", error)] {
                    let known = known(key, class)[j];
                    assert!(
                        (found - known).abs() <= tolerance * known.abs(),
                        "{l2} {key} {class} {j}: {found} {known}"
                    );
                }
            }
        }
        // The level of the classes is no difference and has no variance.
        for j in 0..4 {
            let level: f64 = (0..9).map(|at| found.covariance[(3 * j + at / 3) * size + 3 * j + at % 3]).sum();
            assert!(level.abs() < 1e-9, "{l2} {j}: {level}");
        }
    }
}

#[test]
fn storage_and_repetition_change_nothing() {
    for loss in [Loss::Squared, Loss::Logistic, Loss::Poisson] {
        let rows = sample::rows(53, 4, Storage::Sparse64, 5);
        let (mut a, mut b) = {
            let x = sample::sparse(&rows);
            let y = sample::target(&x, loss, 5);
            (LinearProblem::new(x, y.clone(), loss), LinearProblem::new(sample::dense(&rows), y, loss))
        };
        (a.l2, b.l2) = (0.05, 0.05);
        let point = newton(&a);
        let (one, other) = (Inference::new(&a, &point).unwrap(), Inference::new(&b, &point).unwrap());
        let size = one.covariance.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        let near = |x: &Inference, y: &Inference, ratio: f64| {
            x.covariance.iter().zip(&y.covariance).all(|(x, y)| (x - ratio * y).abs() <= 1e-10 * size)
        };
        assert!(near(&one, &other, 1.0), "{loss:?}");
        if loss != Loss::Squared {
            // Every row twice: half the variance of a likelihood.
            b.weights = Some(vec![2.0; 53]);
            assert!(near(&one, &Inference::new(&b, &point).unwrap(), 2.0), "{loss:?}");
        }
    }
}

#[test]
fn every_refusal_says_why() {
    let peers = peers();
    let fresh = |loss| problem(&peers, if loss == Loss::Logistic { "label" } else { "y" }, loss, &SHIFT, &SCALE);
    let zero = [0.0; 4];
    for loss in [Loss::Quantile(0.5), Loss::Hinge, Loss::SquaredHinge] {
        assert!(matches!(Inference::new(&fresh(loss), &zero), Err(NoInference::Loss(_))), "{loss:?}");
    }
    let mut p = fresh(Loss::Squared);
    let best = newton(&p);
    p.l1 = 0.1;
    assert_eq!(Inference::new(&p, &best).unwrap_err(), NoInference::L1);

    let p = fresh(Loss::Squared);
    let mut moved = best.clone();
    let error = Inference::new(&p, &best).unwrap().encoded()[1].unwrap().standard_error;
    moved[1] += 0.05 * error;
    assert!(Inference::new(&p, &moved).is_ok());
    moved[1] += 0.95 * error;
    match Inference::new(&p, &moved).unwrap_err() {
        NoInference::NotAtOptimum { feature: Some(1), distance } => {
            // One standard error away the residual variance is a little larger, and so is the error it is measured by.
            let left = Inference::new(&p, &best).unwrap().degrees_of_freedom.unwrap();
            assert!((0.95..1.0).contains(&distance) && left > 40.0, "{distance}");
        }
        other => panic!("{other}"),
    }
    moved[1] = f64::NAN;
    assert!(matches!(Inference::new(&p, &moved), Err(NoInference::NonFinite(_))));

    let twice = dense(&[vec![1.0, 2.0], vec![-1.0, -2.0], vec![0.5, 1.0], vec![3.0, 6.0]]);
    let p = LinearProblem::new(twice, vec![1.0, 0.0, 2.0, 1.5], Loss::Squared);
    assert_eq!(Inference::new(&p, &[0.0; 3]).unwrap_err(), NoInference::Dependent { feature: Some(1) });
    let short = LinearProblem::new(dense(&[vec![1.0], vec![2.0]]), vec![1.0, 0.0], Loss::Squared);
    assert!(matches!(Inference::new(&short, &[-1.0, 2.0]), Err(NoInference::TooFewRows { .. })));
    let apart = LinearProblem::new(dense(&[vec![1.0], vec![2.0], vec![-1.0]]), vec![1.0, 1.0, -1.0], Loss::Logistic);
    assert_eq!(Inference::new(&apart, &[30.0, 0.0]).unwrap_err(), NoInference::Separated);
    let many = LinearProblem::new(sample::sparse(&vec![vec![None; 2500]; 3]), vec![0.0; 3], Loss::Squared);
    assert_eq!(Inference::new(&many, &[0.0; 2501]).unwrap_err(), NoInference::TooLarge { parameters: 2501, rows: 3 });
}

#[test]
fn a_feature_without_values_has_no_estimate() {
    let peers = peers();
    let mut p = problem(&peers, "y", Loss::Squared, &[0.0, 40.0, -1.0], &[1.0, 5.0, f64::INFINITY]);
    p.l2 = 0.01;
    let found = Inference::new(&p, &newton(&p)).unwrap().encoded();
    assert!(found[2].is_none() && found.iter().flatten().count() == 3);
}
