//! A certificate is never below the true gap and falls to rounding at the minimum.

use proptest::prelude::*;
use steepest_core::{Certificate, CertificateKind, Objective};
use steepest_models::linear::{LinearObjective, LinearProblem, Loss, auto, certificate};

use crate::optima::newton;
use crate::sample::{LOSSES, STORAGES, Stream, dense, matrix, point, problem, sparse, target};

fn gap(c: &Certificate) -> f64 {
    match c {
        Certificate::Gap { gap, .. } => *gap,
        Certificate::None { reason } => panic!("no certificate: {reason}"),
    }
}

/// The objective and its certificate at x.
fn look(p: &LinearProblem, x: &[f64]) -> (f64, Certificate) {
    let mut f = LinearObjective::new(p);
    f.at(x).unwrap();
    let value = certificate::objective(p, x, f.margins());
    (value, f.certificate().unwrap())
}

fn smooth(loss: Loss) -> bool {
    !matches!(loss, Loss::Hinge | Loss::Quantile(_))
}

#[test]
fn at_the_minimum_the_gap_is_rounding() {
    for loss in LOSSES.into_iter().filter(|&l| smooth(l)) {
        for storage in STORAGES {
            for extras in [false, true] {
                for intercept in [false, true] {
                    let mut p = problem(loss, storage, extras, 3);
                    p.intercept = intercept;
                    let x = newton(&p);
                    let (value, c) = look(&p, &x);
                    assert!(
                        gap(&c) <= 1e-12 * value.abs().max(1.0),
                        "{loss:?} {storage:?} {extras} {intercept}: {c:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn without_penalty_the_squared_loss_has_its_exact_gap_and_others_none() {
    let mut p = problem(Loss::Squared, STORAGES[1], true, 3);
    p.l2 = 0.0;
    let best = look(&p, &newton(&p)).0;
    let (value, c) = look(&p, &point(p.parameters(), 1.0, 2));
    assert!(matches!(c, Certificate::Gap { kind: CertificateKind::Quadratic, .. }));
    assert!((gap(&c) - (value - best)).abs() < 1e-12 * value, "{c:?} {}", value - best);
    // A feature twice: singular.
    let rows: Vec<Vec<Option<f64>>> = (0..9).map(|i| vec![Some(f64::from(i)), Some(f64::from(i))]).collect();
    let p = LinearProblem::new(dense(&rows), (0..9).map(|i| f64::from(i * i)).collect(), Loss::Squared);
    let (_, c) = look(&p, &[0.0, 0.0, 0.0]);
    assert!(matches!(&c, Certificate::None { reason } if reason.contains("--l2")), "{c:?}");
    let mut p = problem(Loss::Logistic, STORAGES[1], false, 3);
    p.l2 = 0.0;
    let (_, c) = look(&p, &vec![0.0; p.parameters()]);
    assert!(matches!(&c, Certificate::None { reason } if reason.contains("--l2")), "{c:?}");
}

#[test]
fn one_class_alone_still_has_a_valid_certificate() {
    for loss in [Loss::Logistic, Loss::Hinge, Loss::SquaredHinge, Loss::Softmax(3)] {
        let mut p = problem(loss, STORAGES[0], false, 3);
        p.target.fill(1.0);
        let (value, c) = look(&p, &point(p.parameters(), 0.1, 1));
        // The infimum is 0, reached by the intercept alone.
        assert!(gap(&c) >= value - 1e-9 && gap(&c).is_finite(), "{loss:?} {value} {c:?}");
    }
}

/// The lowest objective that a long run of a plain method finds, to hold certificates of problems without a minimizer in
/// closed form against: proximal gradient with momentum for L1, subgradients for kinks.
fn low(p: &LinearProblem) -> f64 {
    let d = p.parameters();
    let mut f = LinearObjective::new(p);
    let (mut x, mut y, mut g) = (vec![0.0; d], vec![0.0; d], vec![0.0; d]);
    let mut lipschitz = 1.0;
    let (mut best, mut momentum) = (f64::INFINITY, 1.0f64);
    for k in 0..1500 {
        let value = f.at(&y).unwrap();
        f.gradient(&mut g).unwrap();
        let mut next = vec![0.0; d];
        loop {
            let step = if smooth(p.loss) { 1.0 / lipschitz } else { 0.5 / (1.0 + f64::from(k)).sqrt() };
            for j in 0..d {
                next[j] = y[j] - step * g[j];
            }
            if let Some(prox) = f.prox() {
                prox.prox(step, &mut next);
            }
            let model: f64 = (0..d).map(|j| g[j] * (next[j] - y[j]) + 0.5 / step * (next[j] - y[j]).powi(2)).sum();
            let there = f.at(&next).unwrap_or(f64::INFINITY);
            if !smooth(p.loss) || there <= value + model + 1e-14 * value.abs() || lipschitz > 1e12 {
                break;
            }
            lipschitz *= 2.0;
        }
        best = best.min(certificate::objective(p, &next, f.margins()));
        let t = if smooth(p.loss) { 0.5 * (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt()) } else { momentum };
        for j in 0..d {
            y[j] = next[j] + (momentum - 1.0) / t * (next[j] - x[j]);
        }
        (x, momentum) = (next, t);
    }
    best.min(solved(p))
}

/// The lowest objective of the solver made for the problem, until nothing moves any more.
fn solved(p: &LinearProblem) -> f64 {
    let mut run = auto(p).0.bind(p, None);
    for _ in 0..300 {
        match run.step() {
            Ok(info) if info.gap.is_some_and(|gap| gap <= 1e-14) => break,
            Ok(_) => {}
            Err(_) => break,
        }
    }
    let mut x = vec![0.0; p.parameters()];
    run.point(&mut x);
    if x.iter().any(|v| !v.is_finite()) {
        return f64::INFINITY;
    }
    look(p, &x).0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn never_below_the_true_gap(
        which in 0usize..8,
        seed in any::<u64>(),
        sparse_storage in any::<bool>(),
        intercept in any::<bool>(),
        extras in any::<bool>(),
        rare in any::<bool>(),
        l1 in prop_oneof![Just(0.0), Just(0.02), Just(0.3)],
        l2 in prop_oneof![Just(0.0), Just(1e-4), Just(0.1)],
        scale in prop_oneof![Just(0.0), Just(0.01), Just(1.0)],
    ) {
        prop_assume!(l1 > 0.0 || l2 > 0.0);
        let loss = LOSSES[which];
        let storage = STORAGES[if sparse_storage { 3 } else { 1 }];
        let (n, d) = (30, 4);
        let x = matrix(n, d, storage, seed);
        let mut y = target(&x, loss, seed);
        if rare && matches!(loss, Loss::Logistic | Loss::Hinge | Loss::SquaredHinge | Loss::Softmax(_)) {
            y.fill(if matches!(loss, Loss::Softmax(_)) { 0.0 } else { -1.0 });
            y[3] = 1.0;
        }
        let mut p = LinearProblem::new(x, y, loss);
        (p.l1, p.l2, p.intercept) = (l1, l2, intercept);
        if extras {
            let mut s = Stream(seed);
            p.weights = Some((0..n).map(|_| if s.unit() < 0.2 { 0.0 } else { s.unit() }).collect());
            p.offset = Some((0..n * loss.outputs()).map(|_| 0.5 * s.normal()).collect());
        }
        let best = low(&p);
        let at = point(p.parameters(), scale, seed);
        let (value, c) = look(&p, &at);
        prop_assert!(gap(&c) >= value - best, "{:?}: gap {} below {}", loss, gap(&c), value - best);
        // Any dual values give a bound, also absurd ones.
        if loss.outputs() == 1 {
            let mut f = LinearObjective::new(&p);
            f.at(&at).unwrap();
            let mut dual = point(n, 3.0, seed);
            let c = certificate::certify_dual(&p, &at, f.margins(), &mut dual, 1.0);
            prop_assert!(gap(&c) >= value - best, "{:?}: dual gap {} below {}", loss, gap(&c), value - best);
        }
    }
}

#[test]
fn a_sparse_and_a_dense_matrix_have_the_same_certificate() {
    let rows = crate::sample::rows(40, 5, crate::sample::Storage::Sparse64, 1);
    for loss in LOSSES {
        let y = target(&sparse(&rows), loss, 1);
        let made = [sparse(&rows), dense(&rows)].map(|x| {
            let mut p = LinearProblem::new(x, y.clone(), loss);
            (p.l1, p.l2) = (0.01, 0.02);
            gap(&look(&p, &point(p.parameters(), 0.2, 1)).1)
        });
        assert!((made[0] - made[1]).abs() < 1e-12 * made[0], "{loss:?} {made:?}");
    }
}
