//! The path of penalties against scikit-learn's lasso and ridge, and what every path must do.

use serde_json::Value;
use steepest_data::{Dense, Matrix, Values};
use steepest_models::linear::{LinearProblem, Loss};
use steepest_train::{Cost, PathError, PathOutcome, PenaltyPath, Selection, Varied, mean_loss};

/// `data/diabetes.csv`: features standardized on three rows of four, which are the first part.
fn diabetes() -> ([Vec<f64>; 2], [Vec<f64>; 2]) {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/diabetes.csv")).unwrap();
    let rows: Vec<Vec<f64>> =
        text.lines().skip(1).map(|l| l.split(',').map(|v| v.parse().unwrap()).collect()).collect();
    let (mut x, mut y) = ([vec![], vec![]], [vec![], vec![]]);
    for (i, row) in rows.iter().enumerate() {
        let part = usize::from(i % 4 == 3);
        x[part].extend_from_slice(&row[..10]);
        y[part].push(row[10]);
    }
    let n = y[0].len() as f64;
    for j in 0..10 {
        let mean = x[0].iter().skip(j).step_by(10).sum::<f64>() / n;
        let scale = (x[0].iter().skip(j).step_by(10).map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        for part in &mut x {
            part.iter_mut().skip(j).step_by(10).for_each(|v| *v = (*v - mean) / scale);
        }
    }
    (x, y)
}

/// The two parts as problems with this loss; `y` turns the target into what the loss wants.
fn problems(loss: Loss, y: impl Fn(f64) -> f64) -> [LinearProblem; 2] {
    let (x, targets) = diabetes();
    let mut parts = x.into_iter().zip(targets).map(|(x, target)| {
        let matrix = Matrix::Dense(Dense { rows: target.len(), cols: 10, values: Values::narrow(x) });
        LinearProblem::new(matrix, target.into_iter().map(&y).collect(), loss)
    });
    [parts.next().unwrap(), parts.next().unwrap()]
}

fn exact(varied: Varied) -> PenaltyPath {
    PenaltyPath { values: 20, gap: 1e-12, steps: 100_000, patience: 0, ..PenaltyPath::new(varied) }
}

fn peer() -> Value {
    serde_json::from_str(include_str!("peers/lasso_path.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + b.abs())
}

#[test]
fn the_lasso_path_is_that_of_scikit_learn() {
    let [mut train, held] = problems(Loss::Squared, |y| y);
    let mut points = Vec::new();
    let path = exact(Varied::L1)
        .run(&mut train, |x| {
            points.push(x.to_vec());
            mean_loss(&held, x)
        })
        .unwrap();
    let theirs = &peer()["lasso"];
    assert!(close(path.points[0].lambda, theirs["lambda_max"].as_f64().unwrap(), 1e-12));
    let (lambdas, objectives, valid) =
        (numbers(&theirs["lambda"]), numbers(&theirs["objective"]), numbers(&theirs["valid"]));
    for (i, p) in path.points.iter().enumerate() {
        assert!(close(p.lambda, lambdas[i], 1e-10), "λ {i}");
        assert!(close(p.objective, objectives[i], 1e-9), "objective {i}: {} {}", p.objective, objectives[i]);
        assert!(close(p.cost.mean, valid[i], 1e-5), "cost {i}: {} {}", p.cost.mean, valid[i]);
        let weights = numbers(&theirs["weights"][i]);
        for (a, b) in points[i].iter().zip(&weights) {
            assert!(close(*a, *b, 1e-4), "weight at λ {i}: {a} {b}");
        }
        // Theirs at λ_max may be a rounding error away from zero.
        assert_eq!(p.nonzeros, weights.iter().filter(|w| w.abs() > 1e-9).count(), "λ {i}");
    }
    let best = valid.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
    assert_eq!(path.chosen, best);
    assert_eq!(train.l1, path.points[best].lambda);
    assert_eq!(path.point, points[best]);
}

#[test]
fn the_ridge_path_is_that_of_scikit_learn_and_its_norms_grow() {
    let [mut train, held] = problems(Loss::Squared, |y| y);
    let mut points = Vec::new();
    let path = exact(Varied::L2)
        .run(&mut train, |x| {
            points.push(x.to_vec());
            mean_loss(&held, x)
        })
        .unwrap();
    let theirs = &peer()["ridge"];
    let lambdas = numbers(&theirs["lambda"]);
    let mut last = 0.0;
    for (i, p) in path.points.iter().enumerate() {
        assert!(close(p.lambda, lambdas[i], 1e-10), "λ {i}: {} {}", p.lambda, lambdas[i]);
        for (a, b) in points[i].iter().zip(numbers(&theirs["weights"][i])) {
            assert!(close(*a, b, 1e-6), "weight at λ {i}: {a} {b}");
        }
        let norm = points[i][..10].iter().map(|w| w * w).sum::<f64>();
        assert!(norm > last, "λ {i}");
        last = norm;
    }
}

/// Each loss with a target that suits it.
fn all_losses() -> Vec<[LinearProblem; 2]> {
    let sign = |y: f64| if y > 140.0 { 1.0 } else { -1.0 };
    vec![
        problems(Loss::Squared, |y| y),
        problems(Loss::Huber(20.0), |y| y),
        problems(Loss::Quantile(0.3), |y| y),
        problems(Loss::Poisson, |y| (y / 50.0).floor()),
        problems(Loss::Logistic, sign),
        problems(Loss::Softmax(3), |y| (y / 120.0).floor().min(2.0)),
        problems(Loss::Hinge, sign),
        problems(Loss::SquaredHinge, sign),
    ]
}

#[test]
fn all_weights_are_zero_at_the_largest_l1_and_one_enters_below() {
    for intercept in [true, false] {
        for [mut train, held] in all_losses() {
            train.intercept = intercept;
            let kinked = matches!(train.loss, Loss::Hinge | Loss::Quantile(_));
            let name = train.loss.name();
            let path = PenaltyPath { values: 2, ratio: Some(0.97), gap: 1e-9, ..PenaltyPath::new(Varied::L1) };
            let path = path.run(&mut train, |x| mean_loss(&held, x)).unwrap();
            // Methods of kinked losses approach zero without reaching it, and their λ_max is an upper bound.
            if !kinked {
                assert_eq!(path.points[0].nonzeros, 0, "{name}, intercept {intercept}");
                assert!((1..=2).contains(&path.points[1].nonzeros), "{name}: {:?}", path.points[1]);
            }
        }
    }
}

#[test]
fn every_loss_has_paths_that_beat_their_beginning() {
    for varied in [Varied::L1, Varied::L2, Varied::Both { share: 0.5 }] {
        for [mut train, held] in all_losses() {
            let name = train.loss.name();
            let path = PenaltyPath { values: 12, steps: 300, ..PenaltyPath::new(varied) };
            let path = path.run(&mut train, |x| mean_loss(&held, x)).unwrap();
            let costs: Vec<f64> = path.points.iter().map(|p| p.cost.mean).collect();
            assert!(costs[path.chosen] < 0.97 * costs[0], "{name} {varied:?}: {costs:?}");
            assert!(costs.iter().all(|c| *c >= costs[path.chosen]));
        }
    }
}

#[test]
fn a_path_is_the_same_for_any_number_of_threads() {
    let run = |threads: usize| -> PathOutcome {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let [mut train, held] = problems(Loss::Logistic, |y| if y > 140.0 { 1.0 } else { -1.0 });
            PenaltyPath::new(Varied::L1).run(&mut train, |x| mean_loss(&held, x)).unwrap()
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn the_rule_of_one_standard_error_takes_a_larger_penalty() {
    let [mut train, held] = problems(Loss::Squared, |y| y);
    let path = exact(Varied::L1);
    let best = path.run(&mut train, |x| mean_loss(&held, x)).unwrap();
    let path = PenaltyPath { selection: Selection::OneStandardError, ..path };
    let simple = path.run(&mut train, |x| mean_loss(&held, x)).unwrap();
    assert!(simple.chosen < best.chosen);
    let (cost, limit) = (&best.points, best.points[best.chosen].cost);
    assert!(cost[simple.chosen].cost.mean <= limit.mean + limit.standard_error);
    assert!(cost[simple.chosen - 1].cost.mean > limit.mean + limit.standard_error);
}

#[test]
fn a_path_ends_when_the_cost_has_stopped_improving_and_infinite_costs_are_not_chosen() {
    let [mut train, _] = problems(Loss::Squared, |y| y);
    let path = PenaltyPath::new(Varied::L2);
    let mut calls = 0;
    let found = path
        .run(&mut train, |_| {
            calls += 1;
            let mean = [3.0, f64::NAN, 2.0, f64::NEG_INFINITY].get(calls - 1).copied().unwrap_or(4.0);
            Cost { mean, standard_error: 0.0 }
        })
        .unwrap();
    assert_eq!(found.chosen, 2);
    let mut calls = 0;
    let found = path
        .run(&mut train, |_| {
            calls += 1;
            Cost { mean: (f64::from(calls) - 5.0).abs(), standard_error: 0.0 }
        })
        .unwrap();
    assert_eq!((found.chosen, found.points.len()), (4, 15));
    let none = path.run(&mut train, |_| Cost { mean: f64::NAN, standard_error: 0.0 });
    assert!(matches!(none, Err(PathError::NoCost)));
    assert_eq!(train.l2, found.points[4].l2, "a path that fails leaves the problem as it was");
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let [mut train, held] = problems(Loss::Squared, |_| 1.0);
    let mut run = |path: PenaltyPath| path.run(&mut train, |x| mean_loss(&held, x)).unwrap_err().to_string();
    assert!(run(PenaltyPath::new(Varied::Both { share: 0.0 })).contains("share"));
    assert!(run(PenaltyPath { values: 1, ..PenaltyPath::new(Varied::L1) }).contains("2 or more"));
    assert!(run(PenaltyPath { gap: 0.0, ..PenaltyPath::new(Varied::L1) }).contains("1e-4"));
    assert!(run(PenaltyPath::new(Varied::L1)).contains("no feature"));
}

#[test]
fn the_mean_loss_and_its_error_follow_their_formulas() {
    let [_, mut held] = problems(Loss::Squared, |y| y);
    let mut x = vec![0.0; 11];
    x[10] = 150.0;
    let losses: Vec<f64> = held.target.iter().map(|y| 0.5 * (150.0 - y) * (150.0 - y)).collect();
    let n = losses.len() as f64;
    let mean = losses.iter().sum::<f64>() / n;
    let variance = losses.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let cost = mean_loss(&held, &x);
    assert!(close(cost.mean, mean, 1e-13) && close(cost.standard_error, (variance / n).sqrt(), 1e-13));
    // Rows of weight zero are as good as absent.
    let mut weights = vec![2.0; losses.len()];
    weights[3] = 0.0;
    held.weights = Some(weights);
    let without = (mean * n - losses[3]) / (n - 1.0);
    assert!(close(mean_loss(&held, &x).mean, without, 1e-13));
}
