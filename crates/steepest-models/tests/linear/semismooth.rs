//! Semismooth Newton: closed forms, the interior point's and dual ascent's minimum, bits, refusals.

use steepest_core::{Iterate, Stop};
use steepest_models::linear::{LinearProblem, Loss, SemismoothNewton, SolverChoice};

use crate::coordinate::{point, relative, run};
use crate::sample::{Storage, Stream, dense, matrix, target};
use crate::solvers::Memory;

const FOUR: [Loss; 4] = [Loss::Hinge, Loss::Quantile(0.3), Loss::SquaredHinge, Loss::Huber(0.7)];

/// Rows and features of a problem that is solved in the weights, of one that is solved in the rows' coefficients, and of one with
/// rows enough for a sample and windows.
const SHAPES: [(usize, usize); 3] = [(60, 9), (40, 90), (3000, 12)];

fn problem(loss: Loss, (n, d): (usize, usize), storage: Storage, extras: bool, intercept: bool) -> LinearProblem {
    let x = matrix(n, d, storage, 11);
    let y = target(&x, loss, 11);
    let mut p = LinearProblem::new(x, y, loss);
    (p.l2, p.intercept) = (1.0 / n as f64, intercept);
    if extras {
        let mut s = Stream(5);
        p.weights = Some((0..n).map(|i| if i % 9 == 4 { 0.0 } else { 0.2 + s.unit() }).collect());
        p.offset = Some((0..n).map(|_| 0.3 * s.normal()).collect());
    }
    p
}

fn objective(p: &LinearProblem, x: &[f64]) -> f64 {
    let d = p.features();
    let total: f64 = p.weights.as_ref().map_or(p.rows() as f64, |s| s.iter().sum());
    let mut value = 0.5 * p.l2 * x[..d].iter().map(|w| w * w).sum::<f64>();
    for i in 0..p.rows() {
        let mut z = p.offset.as_ref().map_or(0.0, |o| o[i]) + x.get(d).copied().unwrap_or(0.0);
        p.matrix.for_row(i, |j, v| z += v * x[j]);
        let y = p.target[i];
        let loss = match p.loss {
            Loss::Hinge => (1.0 - y * z).max(0.0),
            Loss::SquaredHinge => (1.0 - y * z).max(0.0).powi(2),
            Loss::Quantile(tau) => (tau * (y - z)).max((tau - 1.0) * (y - z)),
            Loss::Huber(delta) if (y - z).abs() <= delta => 0.5 * (y - z) * (y - z),
            Loss::Huber(delta) => delta * ((y - z).abs() - 0.5 * delta),
            _ => unreachable!(),
        };
        value += p.weights.as_ref().map_or(1.0, |s| s[i]) / total * loss;
    }
    value
}

#[test]
fn other_methods_have_the_same_minimum_and_the_gap_is_no_smaller_than_the_distance() {
    for loss in FOUR {
        for shape in SHAPES {
            for (storage, extras, intercept) in
                [(Storage::Dense32, false, false), (Storage::Sparse64, true, true), (Storage::Indicators, false, true)]
            {
                let p = problem(loss, shape, storage, extras, intercept);
                let context = format!("{loss:?} {shape:?} {storage:?} {extras} {intercept}");
                let other = match loss {
                    Loss::Hinge | Loss::Quantile(_) => SolverChoice::Interior,
                    _ => SolverChoice::Newton,
                };
                let mut peer = other.bind(&p, None);
                run(&mut *peer, 1e-11, 100);
                let best = objective(&p, &point(&*peer, &p));
                let zero = objective(&p, &vec![0.0; p.parameters()]);
                let mut solver = SemismoothNewton::new(&p, None, 0);
                for step in 1..=60 {
                    let stopped = solver.step().is_err();
                    // In the certificate's units.
                    let value = objective(&p, &point(&solver, &p));
                    let above = (value - best) / value.max(1e-3 * zero);
                    let gap = relative(&mut solver);
                    assert!(gap >= above - 1e-9, "{context} step {step}: gap {gap:e}, distance {above:e}");
                    if gap <= 1e-10 {
                        assert!(above.abs() <= 1e-9, "{context} step {step}: distance {above:e}");
                        break;
                    }
                    assert!(step < 60 && !stopped, "{context} step {step}: gap {gap:e}");
                }
            }
        }
    }
}

#[test]
fn one_row_has_a_closed_form() {
    // max(0, 1 − yx·w) + (λ/2)‖w‖² is least at w = yx·min(1/λ, 1/‖x‖²).
    for features in [1, 3] {
        for (lambda, y) in [(0.1, 1.0), (10.0, -1.0)] {
            let row: Vec<Option<f64>> = [0.5, -1.5, 2.0][..features].iter().map(|v| Some(*v)).collect();
            let mut p = LinearProblem::new(dense(&vec![row.clone(); 4]), vec![y; 4], Loss::Hinge);
            (p.l2, p.intercept) = (lambda, false);
            let mut solver = SemismoothNewton::new(&p, None, 0);
            run(&mut solver, 1e-12, 60);
            let norm: f64 = row.iter().flatten().map(|v| v * v).sum();
            for (w, x) in point(&solver, &p).iter().zip(row.iter().flatten()) {
                let exact = y * x * (1.0 / lambda).min(1.0 / norm);
                assert!((w - exact).abs() <= 1e-9, "{features} {lambda} {y}: {w}, not {exact}");
            }
        }
    }
}

#[test]
fn without_features_the_intercept_is_a_quantile() {
    let y = [3.0, -1.0, 7.5, 0.25, 2.0, 11.0, -4.0];
    for cols in [0, 1, 20] {
        let mut p = LinearProblem::new(dense(&vec![vec![Some(0.0); cols]; 7]), y.to_vec(), Loss::Quantile(0.4));
        p.l2 = 0.3;
        let mut solver = SemismoothNewton::new(&p, None, 0);
        run(&mut solver, 1e-12, 60);
        // 0.4·7 = 2.8: the third smallest.
        let x = point(&solver, &p);
        assert!((x[cols] - 0.25).abs() < 1e-9, "{cols}: {x:?}");
    }
}

#[test]
fn threads_and_interruptions_do_not_change_a_bit() {
    for loss in [Loss::Hinge, Loss::SquaredHinge] {
        for shape in SHAPES {
            let p = problem(loss, shape, Storage::Sparse32, true, true);
            let bits = |x: &[f64]| x.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            let [one, two, seven] = [1, 2, 7].map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let mut solver = SemismoothNewton::new(&p, None, 0);
                    (0..5).for_each(|_| drop(solver.step()));
                    bits(&point(&solver, &p))
                })
            });
            assert!(one == two && one == seven, "{loss:?} {shape:?}: threads");
            for stop in 0..4 {
                let (mut whole, mut first) = (SemismoothNewton::new(&p, None, 0), SemismoothNewton::new(&p, None, 0));
                (0..stop).for_each(|_| drop((whole.step(), first.step())));
                let mut saved = Memory::default();
                first.visit(&mut saved);
                saved.loading = true;
                let mut second = SemismoothNewton::new(&p, None, 0);
                second.visit(&mut saved);
                for _ in stop..5 {
                    match (whole.step(), second.step()) {
                        (Ok(a), Ok(b)) => assert_eq!(a, b, "{loss:?} {shape:?} {stop}"),
                        (Err(Stop::Terminated(a)), Err(Stop::Terminated(b))) => assert_eq!(a.detail, b.detail),
                        other => panic!("{loss:?} {shape:?} {stop}: {other:?}"),
                    }
                    assert_eq!(bits(&point(&whole, &p)), bits(&point(&second, &p)), "{loss:?} {shape:?} {stop}");
                    assert_eq!(whole.counts(), second.counts(), "{loss:?} {shape:?} {stop}");
                }
            }
        }
    }
}

#[test]
fn a_start_near_the_minimum_is_used() {
    for loss in FOUR {
        for shape in SHAPES {
            let p = problem(loss, shape, Storage::Dense64, true, true);
            let mut cold = SemismoothNewton::new(&p, None, 0);
            run(&mut cold, 1e-10, 60);
            let mut warm = SemismoothNewton::new(&p, Some(point(&cold, &p)), 0);
            let steps = run(&mut warm, 1e-9, 60);
            assert!(relative(&mut warm) <= 1e-9, "{loss:?} {shape:?}: {:e} after {steps}", relative(&mut warm));
        }
    }
}

#[test]
fn what_it_cannot_solve_is_refused() {
    let mut p = problem(Loss::Hinge, (60, 9), Storage::Dense64, false, true);
    assert_eq!(SemismoothNewton::refuses(&p), None);
    p.l1 = 0.1;
    assert!(SemismoothNewton::refuses(&p).unwrap().contains("L1"));
    (p.l1, p.l2) = (0.0, 0.0);
    assert!(SemismoothNewton::refuses(&p).unwrap().contains("needs an L2"));
    let p = problem(Loss::Logistic, (60, 9), Storage::Dense64, false, true);
    assert!(SemismoothNewton::refuses(&p).unwrap().contains("newton"));
}
