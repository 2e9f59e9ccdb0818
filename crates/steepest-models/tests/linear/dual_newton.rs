//! Newton's method in the coefficients of the rows: a closed form, Newton's minimum, bits, starts, refusals.

use steepest_core::{Iterate, Stop};
use steepest_models::linear::{DualNewton, LinearProblem, Loss, SolverChoice};

use crate::coordinate::{point, relative, run};
use crate::sample::{Storage, Stream, matrix, sparse, target};
use crate::solvers::Memory;

const SMOOTH: [Loss; 5] = [Loss::Squared, Loss::Logistic, Loss::Poisson, Loss::SquaredHinge, Loss::Huber(0.7)];
const SPARSE: [Storage; 3] = [Storage::Sparse32, Storage::Sparse64, Storage::Indicators];

/// More features than rows, some of them heavy where the penalty is small.
fn problem(loss: Loss, storage: Storage, extras: bool, intercept: bool, l2: f64) -> LinearProblem {
    let (n, d) = (40, 130);
    let x = matrix(n, d, storage, 21);
    let y = target(&x, loss, 21);
    let mut p = LinearProblem::new(x, y, loss);
    (p.l2, p.intercept) = (l2, intercept);
    if extras {
        let mut s = Stream(8);
        p.weights = Some((0..n).map(|i| if i % 9 == 4 { 0.0 } else { 0.2 + s.unit() }).collect());
        p.offset = Some((0..n).map(|_| 0.3 * s.normal()).collect());
    }
    p
}

#[test]
fn newton_has_the_same_minimum() {
    for loss in SMOOTH {
        for storage in SPARSE {
            for (extras, intercept, l2) in
                [(false, false, 0.05), (true, true, 0.05), (false, true, 1e-3), (true, false, 1e-3)]
            {
                let p = problem(loss, storage, extras, intercept, l2);
                let context = format!("{loss:?} {storage:?} {extras} {intercept} {l2}");
                let mut peer = SolverChoice::Newton.bind(&p, None);
                run(&mut *peer, 1e-13, 100);
                let best = point(&*peer, &p);
                let mut solver = DualNewton::new(&p, None);
                run(&mut solver, 1e-12, 100);
                assert!(relative(&mut solver) <= 1e-11, "{context}: gap {:e}", relative(&mut solver));
                for (a, b) in point(&solver, &p).iter().zip(&best) {
                    assert!((a - b).abs() <= 1e-4 * (1.0 + b.abs()), "{context}: {a}, not {b}");
                }
            }
        }
    }
}

/// The loop keeps no copy of the best point of a solver that says this of itself.
#[test]
fn no_step_raises_the_objective() {
    for loss in SMOOTH {
        for (start, l2) in [(0.0, 1e-6), (0.0, 0.05), (2.0, 1e-3), (-0.7, 0.05)] {
            let p = problem(loss, Storage::Sparse32, true, true, l2);
            let mut solver = DualNewton::new(&p, Some(vec![start; p.parameters()]));
            assert!(solver.descends());
            let mut last = f64::INFINITY;
            for _ in 0..30 {
                // At the end no step lowers it in working precision.
                let Ok(info) = solver.step() else { break };
                let value = info.value.expect("every step tells its objective");
                assert!(value <= last + 1e-14 * last.abs(), "{loss:?} {start} {l2}: {value} after {last}");
                last = value;
            }
            assert!(last.is_finite(), "{loss:?} {start} {l2}");
        }
    }
}

#[test]
fn one_row_has_a_closed_form() {
    // ½(x·w − y)² + (λ/2)‖w‖² is least at w = yx/(λ + ‖x‖²), with an intercept at w = 0, b = y.
    let row = [Some(0.5), None, Some(-1.5), Some(2.0)];
    let norm: f64 = row.iter().flatten().map(|v| v * v).sum();
    for (lambda, y, intercept) in [(0.1, 3.0, false), (10.0, -2.0, false), (0.5, 4.0, true)] {
        let mut p = LinearProblem::new(sparse(&[row.to_vec()]), vec![y], Loss::Squared);
        (p.l2, p.intercept) = (lambda, intercept);
        let mut solver = DualNewton::new(&p, None);
        run(&mut solver, 1e-13, 20);
        let x = point(&solver, &p);
        for (w, v) in x.iter().zip(&row) {
            let exact = if intercept { 0.0 } else { y * v.unwrap_or(0.0) / (lambda + norm) };
            assert!((w - exact).abs() <= 1e-9, "{lambda} {y}: {w}, not {exact}");
        }
        if intercept {
            assert!((x[4] - y).abs() <= 1e-9, "{x:?}");
        }
    }
}

#[test]
fn threads_and_interruptions_do_not_change_a_bit() {
    for loss in [Loss::Logistic, Loss::Poisson] {
        let p = problem(loss, Storage::Sparse32, true, true, 1e-3);
        let bits = |x: &[f64]| x.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        let [one, two, seven] = [1, 2, 7].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut solver = DualNewton::new(&p, None);
                (0..5).for_each(|_| drop(solver.step()));
                bits(&point(&solver, &p))
            })
        });
        assert!(one == two && one == seven, "{loss:?}: threads");
        for stop in 0..5 {
            let (mut whole, mut first) = (DualNewton::new(&p, None), DualNewton::new(&p, None));
            (0..stop).for_each(|_| drop((whole.step(), first.step())));
            let mut saved = Memory::default();
            first.visit(&mut saved);
            saved.loading = true;
            let mut second = DualNewton::new(&p, None);
            second.visit(&mut saved);
            for _ in stop..7 {
                match (whole.step(), second.step()) {
                    (Ok(a), Ok(b)) => assert_eq!(a, b, "{loss:?} {stop}"),
                    (Err(Stop::Terminated(a)), Err(Stop::Terminated(b))) => assert_eq!(a.detail, b.detail),
                    other => panic!("{loss:?} {stop}: {other:?}"),
                }
                assert_eq!(bits(&point(&whole, &p)), bits(&point(&second, &p)), "{loss:?} {stop}");
                assert_eq!(whole.counts(), second.counts(), "{loss:?} {stop}");
            }
        }
    }
}

#[test]
fn a_start_near_the_minimum_is_used() {
    for loss in SMOOTH {
        let p = problem(loss, Storage::Sparse64, true, true, 0.01);
        let mut cold = DualNewton::new(&p, None);
        let steps = run(&mut cold, 1e-10, 60);
        let mut warm = DualNewton::new(&p, Some(point(&cold, &p)));
        let again = run(&mut warm, 1e-9, 60);
        assert!(relative(&mut warm) <= 1e-9 && again <= 2.min(steps), "{loss:?}: {again} steps, {steps} from zero");
    }
}

#[test]
fn what_it_cannot_solve_is_refused() {
    let mut p = problem(Loss::Logistic, Storage::Sparse64, false, true, 0.1);
    assert_eq!(DualNewton::refuses(&p), None);
    p.l1 = 0.1;
    assert!(DualNewton::refuses(&p).unwrap().contains("L1"));
    (p.l1, p.l2) = (0.0, 0.0);
    assert!(DualNewton::refuses(&p).unwrap().contains("needs an L2"));
    for (loss, storage, word) in [
        (Loss::Hinge, Storage::Sparse64, "semismooth"),
        (Loss::Softmax(3), Storage::Sparse64, "newton-cg"),
        (Loss::Logistic, Storage::Dense64, "dense"),
    ] {
        let p = problem(loss, storage, false, true, 0.1);
        assert!(DualNewton::refuses(&p).unwrap().contains(word), "{loss:?}");
    }
}
