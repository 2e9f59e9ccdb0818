//! What must not matter: how features are stored, how weights are written, who computes.

use steepest_core::Objective;
use steepest_models::linear::{LinearObjective, LinearProblem, Loss, SolverChoice};

use crate::sample::{LOSSES, STORAGES, Storage, dense, matrix, point, problem, rows, sparse, target};

fn value_gradient_hessian(p: &LinearProblem, x: &[f64]) -> Vec<f64> {
    let mut f = LinearObjective::new(p);
    let d = p.parameters();
    let (mut g, mut h) = (vec![0.0; d], vec![0.0; d * d]);
    let value = f.at(x).unwrap();
    f.gradient(&mut g).unwrap();
    f.hessian(&mut h);
    let mut all = vec![value];
    all.extend(g);
    all.extend(h);
    all
}

fn assert_close(a: &[f64], b: &[f64], tolerance: f64, what: &str) {
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * (1.0 + a.abs()), "{what} [{i}]: {a} {b}");
    }
}

#[test]
fn sparse_is_dense() {
    for loss in LOSSES {
        for storage in [Storage::Sparse32, Storage::Sparse64, Storage::Indicators] {
            let cells = rows(53, 11, storage, 21);
            let (s, d) = (sparse(&cells), dense(&cells));
            let y = target(&s, loss, 21);
            let (s, d) = (LinearProblem::new(s, y.clone(), loss), LinearProblem::new(d, y, loss));
            let x = point(s.parameters(), 0.3, 1);
            let (a, b) = (value_gradient_hessian(&s, &x), value_gradient_hessian(&d, &x));
            assert_close(&a, &b, 1e-13, &format!("{loss:?} {storage:?}"));
        }
    }
}

#[test]
fn weights_are_repetitions() {
    for loss in LOSSES {
        let cells = rows(40, 7, Storage::Sparse64, 4);
        let times: Vec<usize> = (0..40).map(|i| i % 4).collect();
        let repeated: Vec<_> = (0..40).flat_map(|i| vec![cells[i].clone(); times[i]]).collect();
        let y = target(&sparse(&cells), loss, 4);
        let long: Vec<f64> = (0..40).flat_map(|i| vec![y[i]; times[i]]).collect();
        for make in [sparse, dense] {
            let mut weighted = LinearProblem::new(make(&cells), y.clone(), loss);
            weighted.weights = Some(times.iter().map(|&t| t as f64).collect());
            let plain = LinearProblem::new(make(&repeated), long.clone(), loss);
            let x = point(plain.parameters(), 0.3, 1);
            let (a, b) = (value_gradient_hessian(&weighted, &x), value_gradient_hessian(&plain, &x));
            assert_close(&a, &b, 1e-13, &format!("{loss:?}"));
        }
    }
}

#[test]
fn the_order_of_rows_does_not_matter_to_the_minimum() {
    for loss in [Loss::Squared, Loss::Poisson, Loss::Logistic, Loss::SquaredHinge, Loss::Softmax(3)] {
        let cells = rows(60, 6, Storage::Dense64, 8);
        let y = target(&dense(&cells), loss, 8);
        let order: Vec<usize> = (0..60).map(|i| (i * 23) % 60).collect();
        let solve = |order: &[usize]| {
            let x: Vec<_> = order.iter().map(|&i| cells[i].clone()).collect();
            let mut p = LinearProblem::new(dense(&x), order.iter().map(|&i| y[i]).collect(), loss);
            p.l2 = 0.01;
            let mut x = crate::optima::newton(&p);
            // Adding one number to all biases of softmax changes nothing.
            let biases = &mut x[6 * loss.outputs()..];
            let mean = biases.iter().sum::<f64>() / biases.len() as f64;
            if biases.len() > 1 {
                biases.iter_mut().for_each(|b| *b -= mean);
            }
            x
        };
        let (a, b) = (solve(&(0..60).collect::<Vec<_>>()), solve(&order));
        assert_close(&a, &b, 1e-9, &format!("{loss:?}"));
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for loss in LOSSES {
        for storage in STORAGES {
            let x = matrix(6000, 40, storage, 2);
            let y = target(&x, loss, 2);
            let mut p = LinearProblem::new(x, y, loss);
            p.l2 = 1e-3;
            let at = point(p.parameters(), 0.05, 3);
            let results: Vec<Vec<u64>> = [1, 2, 7]
                .map(|threads| {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                    pool.install(|| {
                        let mut f = LinearObjective::new(&p);
                        let mut bits: Vec<u64> = value_gradient_hessian(&p, &at).iter().map(|v| v.to_bits()).collect();
                        let mut out = vec![0.0; at.len()];
                        f.at(&at).unwrap();
                        f.gradient(&mut out).unwrap();
                        f.hvp(&at, &mut out);
                        bits.extend(out.iter().map(|v| v.to_bits()));
                        let (v, s) = f.line(&at).unwrap().at(0.7).unwrap();
                        let relative = f.certificate().unwrap().relative().unwrap();
                        bits.extend([v, s, relative].map(f64::to_bits));
                        if SolverChoice::Newton.refuses(&p).is_none() && p.outputs() == 1 {
                            let mut run = SolverChoice::Newton.bind(&p, None);
                            for _ in 0..3 {
                                run.step().unwrap();
                            }
                            run.point(&mut out);
                            bits.extend(out.iter().map(|v| v.to_bits()));
                        }
                        bits
                    })
                })
                .into();
            assert_eq!(results[0], results[1], "{loss:?} {storage:?}: 2 threads");
            assert_eq!(results[0], results[2], "{loss:?} {storage:?}: 7 threads");
        }
    }
}

#[test]
fn the_large_and_the_small_problem_take_the_same_path() {
    // 53 rows fill no block, 6000 fill several: the same rows repeated give the same mean.
    let small = problem(Loss::Logistic, Storage::Dense64, false, 1);
    let x = point(small.parameters(), 0.3, 1);
    let cells = rows(53, 11, Storage::Dense64, 1);
    let many: Vec<_> = (0..53 * 113).map(|i| cells[i % 53].clone()).collect();
    let mut large =
        LinearProblem::new(dense(&many), (0..53 * 113).map(|i| small.target[i % 53]).collect(), Loss::Logistic);
    large.l2 = small.l2;
    assert_close(&value_gradient_hessian(&small, &x), &value_gradient_hessian(&large, &x), 1e-13, "logistic");
}
