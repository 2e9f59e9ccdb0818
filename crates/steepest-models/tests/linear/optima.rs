//! Minima against peers' numbers and conditions of optimality.

use steepest_core::{Reason, Stop};
use steepest_data::{Matrix, Sparse, Values};
use steepest_models::linear::{LinearProblem, Loss, SolverChoice};

/// The minimizer by Newton's method, stepped until nothing is left to gain.
pub fn newton(p: &LinearProblem) -> Vec<f64> {
    let mut run = SolverChoice::Newton.bind(p, None);
    for _ in 0..100 {
        match run.step() {
            Ok(info) if info.grad_norm.unwrap() < 1e-13 => break,
            Ok(_) => {}
            Err(Stop::Terminated(t)) if matches!(t.reason, Reason::Stalled | Reason::GradientNorm) => break,
            Err(stop) => panic!("{:?}: {stop}", p.loss),
        }
    }
    let mut x = vec![0.0; p.parameters()];
    run.point(&mut x);
    x
}

/// Rows of an svmlight file beside the checkout, or `None`, said aloud, where it is absent.
pub fn svmlight(name: &str, features: usize) -> Option<(Matrix, Vec<f64>)> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/libsvm").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not here", path.display());
        return None;
    };
    let (mut starts, mut indices, mut values, mut y) = (vec![0], Vec::new(), Vec::new(), Vec::new());
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(label) = words.next() else { continue };
        y.push(label.parse().unwrap());
        for word in words {
            let (j, v) = word.split_once(':').unwrap();
            indices.push(j.parse::<u32>().unwrap() - 1);
            values.push(v.parse::<f64>().unwrap());
        }
        starts.push(indices.len());
    }
    let m = Sparse { rows: y.len(), cols: features, starts, indices, values: Values::narrow(values) };
    Some((Matrix::Sparse(m), y))
}

/// The converged objectives that `bench/objectives.py` recorded for peers.
pub fn peers() -> serde_json::Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/peers/objectives.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn small_libsvm_sets_reach_the_peers_objective() {
    let peers = peers();
    for (name, file, features) in [("heart_scale", "heart_scale", 13), ("agaricus", "agaricus.txt.train", 126)] {
        for (loss, key) in
            [(Loss::Logistic, "logistic"), (Loss::SquaredHinge, "squared_hinge"), (Loss::Squared, "ridge")]
        {
            for ending in ["", " with intercept"] {
                let Some(record) = peers["problems"].get(format!("{key}/{name}{ending}")) else { continue };
                let Some((x, mut y)) = svmlight(file, features) else { return };
                if loss != Loss::Squared {
                    y.iter_mut().for_each(|y| *y = if *y > 0.0 { 1.0 } else { -1.0 });
                }
                let mut p = LinearProblem::new(x, y, loss);
                p.l2 = record["l2"].as_f64().unwrap();
                p.intercept = record["intercept"].as_bool().unwrap();
                let found = newton(&p);
                let mut z = vec![0.0; p.rows()];
                steepest_models::linear::kernels::margins(&p, &found, &mut z);
                let value = steepest_models::linear::certificate::objective(&p, &found, &z);
                let best = record["objective"].as_f64().unwrap();
                assert!((value - best).abs() <= 1e-9 * best, "{key}/{name}{ending}: {value} against {best}");
            }
        }
    }
}

#[test]
fn ridge_satisfies_the_normal_equations_in_one_step() {
    let p = crate::sample::problem(Loss::Squared, crate::sample::Storage::Dense64, true, 6);
    let mut run = SolverChoice::Newton.bind(&p, None);
    let first = run.step().unwrap();
    assert!(first.grad_norm.unwrap() < 1e-14, "{first:?}");
}
