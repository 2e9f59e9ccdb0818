//! Coordinate methods and the interior point: optimality conditions, peers' numbers, certificates, bits.

use std::collections::BTreeMap;

use steepest_core::{Certificate, Iterate, StateVisitor, Stop};
use steepest_models::linear::{DualAscent, InteriorPoint, LinearProblem, Loss, PrimalDescent, SolverChoice, auto};

use crate::sample::{LOSSES, STORAGES, Storage, dense, matrix, problem, rows, sparse, target};

const SMOOTH: [Loss; 6] =
    [Loss::Squared, Loss::Huber(0.7), Loss::Poisson, Loss::Logistic, Loss::SquaredHinge, Loss::Softmax(3)];

/// Steps until the relative gap is at most `gap` or nothing moves; the number of steps.
pub fn run(solver: &mut dyn Iterate, gap: f64, most: usize) -> usize {
    for step in 1..=most {
        match solver.step() {
            Ok(_) if solver.certificate().relative().is_some_and(|g| g <= gap) => return step,
            Ok(_) => {}
            Err(Stop::Terminated(_)) => return step,
            Err(stop) => panic!("{stop}"),
        }
    }
    most
}

pub fn relative(solver: &mut dyn Iterate) -> f64 {
    match solver.certificate() {
        Certificate::None { reason } => panic!("no certificate: {reason}"),
        known => known.relative().unwrap(),
    }
}

pub fn point(solver: &dyn Iterate, p: &LinearProblem) -> Vec<f64> {
    let mut x = vec![0.0; p.parameters()];
    solver.point(&mut x);
    x
}

/// The gradient of the smooth part by the definition, row by row.
fn plain_gradient(p: &LinearProblem, x: &[f64]) -> Vec<f64> {
    let (d, k) = (p.features(), p.outputs());
    let total: f64 = (0..p.rows()).map(|i| p.weights.as_ref().map_or(1.0, |s| s[i])).sum();
    let mut g = vec![0.0; p.parameters()];
    for i in 0..p.rows() {
        let share = p.weights.as_ref().map_or(1.0, |s| s[i]) / total;
        let mut z: Vec<f64> = (0..k)
            .map(|c| p.offset.as_ref().map_or(0.0, |o| o[i * k + c]) + if p.intercept { x[d * k + c] } else { 0.0 })
            .collect();
        p.matrix.for_row(i, |j, v| (0..k).for_each(|c| z[c] += v * x[j * k + c]));
        let y = p.target[i];
        let slope: Vec<f64> = match p.loss {
            Loss::Squared => vec![z[0] - y],
            Loss::Huber(delta) => vec![(z[0] - y).clamp(-delta, delta)],
            Loss::Poisson => vec![z[0].exp() - y],
            Loss::Logistic => vec![-y / (1.0 + (y * z[0]).exp())],
            Loss::SquaredHinge => vec![-2.0 * y * (1.0 - y * z[0]).max(0.0)],
            Loss::Softmax(_) => {
                let total: f64 = z.iter().map(|z| z.exp()).sum();
                (0..k).map(|c| z[c].exp() / total - f64::from(u8::from(c == y as usize))).collect()
            }
            Loss::Hinge | Loss::Quantile(_) => unreachable!(),
        };
        p.matrix.for_row(i, |j, v| (0..k).for_each(|c| g[j * k + c] += share * slope[c] * v));
        if p.intercept {
            (0..k).for_each(|c| g[d * k + c] += share * slope[c]);
        }
    }
    (0..d * k).for_each(|j| g[j] += p.l2 * x[j]);
    g
}

#[test]
fn primal_descent_meets_the_optimality_conditions() {
    for loss in SMOOTH {
        for storage in STORAGES {
            for (l1, l2, intercept) in [(0.02, 0.0, true), (0.05, 0.1, true), (0.03, 0.0, false), (0.0, 0.2, true)] {
                let mut p = problem(loss, storage, storage != Storage::Dense32, 3);
                (p.l1, p.l2, p.intercept) = (l1, l2, intercept);
                let mut solver = PrimalDescent::new(&p, None);
                let steps = run(&mut solver, 1e-13, 2000);
                let gap = relative(&mut solver);
                assert!(gap <= 1e-9, "{loss:?} {storage:?} {l1} {l2} {intercept}: gap {gap:e} after {steps}");
                let x = point(&solver, &p);
                let g = plain_gradient(&p, &x);
                for (j, (x, g)) in x.iter().zip(&g).enumerate() {
                    let l1 = if j < p.features() * p.outputs() { l1 } else { 0.0 };
                    let lack = if *x == 0.0 { (g.abs() - l1).max(0.0) } else { (g + l1 * x.signum()).abs() };
                    assert!(lack < 1e-6, "{loss:?} {storage:?} {l1} {l2} {intercept} {j}: {x} {g} {lack:e}");
                }
            }
        }
    }
}

#[test]
fn interior_point_is_certified() {
    for loss in [Loss::Hinge, Loss::Quantile(0.3), Loss::Quantile(0.5)] {
        for storage in STORAGES {
            for intercept in [true, false] {
                let mut p = problem(loss, storage, storage != Storage::Sparse64, 5);
                p.intercept = intercept;
                let mut solver = InteriorPoint::new(&p, None);
                let steps = run(&mut solver, 1e-10, 60);
                let gap = relative(&mut solver);
                assert!(gap <= 1e-9, "{loss:?} {storage:?} {intercept}: gap {gap:e} after {steps} steps");
            }
        }
    }
}

const SCALAR: [Loss; 7] = [
    Loss::Squared,
    Loss::Huber(0.7),
    Loss::Quantile(0.3),
    Loss::Poisson,
    Loss::Logistic,
    Loss::Hinge,
    Loss::SquaredHinge,
];

#[test]
fn dual_ascent_is_certified() {
    for loss in SCALAR {
        for (storage, extras, l1, l2, intercept) in [
            (Storage::Dense32, false, 0.0, 0.05, false),
            (Storage::Sparse32, true, 0.0, 0.05, true),
            (Storage::Indicators, true, 0.02, 0.05, true),
            (Storage::Dense64, true, 0.03, 0.0, true),
        ] {
            let mut p = problem(loss, storage, extras, 7);
            (p.l1, p.l2, p.intercept) = (l1, l2, intercept);
            let mut solver = DualAscent::new(&p, None, 0, false);
            let steps = run(&mut solver, 1e-9, 3000);
            let gap = relative(&mut solver);
            // Without an L2 penalty a loss with kinks is a linear program, which this method nears slowly.
            let goal = if l2 == 0.0 && matches!(loss, Loss::Hinge | Loss::Quantile(_)) { 1e-2 } else { 1e-8 };
            assert!(gap <= goal, "{loss:?} {storage:?} {l1} {l2} {intercept}: gap {gap:e} after {steps} steps");
        }
    }
}

#[test]
fn interior_point_takes_every_penalty() {
    for loss in [Loss::Hinge, Loss::Quantile(0.3)] {
        for (l1, l2) in [(0.02, 0.05), (0.03, 0.0), (0.0, 0.0), (5.0, 0.0)] {
            for intercept in [true, false] {
                let mut p = problem(loss, Storage::Dense64, true, 5);
                (p.l1, p.l2, p.intercept) = (l1, l2, intercept);
                let mut solver = InteriorPoint::new(&p, None);
                run(&mut solver, 1e-10, 80);
                let x = point(&solver, &p);
                let zeros = x[..p.features()].iter().filter(|w| **w == 0.0).count();
                if l1 + l2 > 0.0 {
                    let gap = relative(&mut solver);
                    assert!(gap <= 1e-9, "{loss:?} {l1} {l2} {intercept}: {gap:e}");
                }
                assert_eq!(zeros == p.features(), l1 == 5.0, "{loss:?} {l1} {l2} {intercept}: {x:?}");
            }
        }
    }
}

/// P at x, by the definition.
fn objective(p: &LinearProblem, x: &[f64]) -> f64 {
    let mut z = vec![0.0; p.rows() * p.outputs()];
    steepest_models::linear::kernels::margins(p, x, &mut z);
    steepest_models::linear::certificate::objective(p, x, &z)
}

#[test]
fn the_unpenalized_minimum_is_below_every_penalized_one_and_their_limit() {
    for loss in [Loss::Hinge, Loss::Quantile(0.3)] {
        let mut p = problem(loss, Storage::Dense64, true, 9);
        (p.l1, p.l2) = (0.0, 0.0);
        let mut free = InteriorPoint::new(&p, None);
        run(&mut free, 0.0, 80);
        let best = objective(&p, &point(&free, &p));
        let mut almost = problem(loss, Storage::Dense64, true, 9);
        almost.l2 = 1e-9;
        let mut solver = InteriorPoint::new(&almost, None);
        run(&mut solver, 1e-12, 80);
        let near = objective(&p, &point(&solver, &p));
        assert!(best <= near + 1e-12 && near - best < 1e-6 * (1.0 + best), "{loss:?}: {best} {near}");
    }
}

#[test]
fn stochastic_methods_are_certified() {
    for loss in [Loss::Squared, Loss::Huber(0.7), Loss::Logistic, Loss::SquaredHinge] {
        for (storage, l1, intercept) in
            [(Storage::Dense32, 0.0, true), (Storage::Sparse64, 0.02, true), (Storage::Indicators, 0.02, false)]
        {
            let mut p = problem(loss, storage, true, 11);
            (p.l1, p.l2, p.intercept) = (l1, 0.1, intercept);
            for method in [SolverChoice::Sdca, SolverChoice::Saga, SolverChoice::Svrg] {
                let mut solver = method.bind_seeded(&p, None, 3);
                let steps = run(&mut *solver, 1e-8, 6000);
                let gap = relative(&mut *solver);
                assert!(gap <= 1e-8, "{method:?} {loss:?} {storage:?} {l1}: gap {gap:e} after {steps} steps");
            }
        }
    }
}

/// The state as bits under names; what was kept is put back when `load` says so.
#[derive(Default)]
struct Kept {
    load: bool,
    values: BTreeMap<String, Vec<u64>>,
}

impl Kept {
    fn take<T: Copy>(&mut self, name: &str, values: &mut [T], to: impl Fn(T) -> u64, from: impl Fn(u64) -> T) {
        if self.load {
            values.iter_mut().zip(&self.values[name]).for_each(|(v, bits)| *v = from(*bits));
        } else {
            let old = self.values.insert(name.into(), values.iter().map(|v| to(*v)).collect());
            assert!(old.is_none(), "{name} twice");
        }
    }
}

impl StateVisitor for Kept {
    fn f32s(&mut self, name: &str, values: &mut [f32]) {
        self.take(name, values, |v| u64::from(v.to_bits()), |b| f32::from_bits(b as u32));
    }
    fn f64s(&mut self, name: &str, values: &mut [f64]) {
        self.take(name, values, f64::to_bits, f64::from_bits);
    }
    fn bytes(&mut self, name: &str, values: &mut [u8]) {
        self.take(name, values, u64::from, |b| b as u8);
    }
    fn int(&mut self, name: &str, value: &mut u64) {
        self.take(name, std::slice::from_mut(value), |v| v, |b| b);
    }
    fn number(&mut self, name: &str, value: &mut f64) {
        self.take(name, std::slice::from_mut(value), f64::to_bits, f64::from_bits);
    }
    fn history(&mut self, name: &str, values: &mut Vec<f64>) {
        if self.load {
            values.resize(self.values[name].len(), 0.0);
        }
        self.take(name, values, f64::to_bits, f64::from_bits);
    }
}

fn state(solver: &mut dyn Iterate) -> BTreeMap<String, Vec<u64>> {
    let mut kept = Kept::default();
    solver.visit(&mut kept);
    kept.values
}

const METHODS: [SolverChoice; 6] = [
    SolverChoice::Interior,
    SolverChoice::Cd,
    SolverChoice::DualCd,
    SolverChoice::Sdca,
    SolverChoice::Saga,
    SolverChoice::Svrg,
];

#[test]
fn a_run_resumed_after_any_step_has_the_same_bits() {
    for loss in LOSSES {
        let mut p = problem(loss, Storage::Sparse64, true, 13);
        (p.l1, p.l2) = (0.01, 0.05);
        for method in METHODS.into_iter().filter(|m| m.refuses(&p).is_none()) {
            let mut whole = method.bind_seeded(&p, None, 5);
            for k in 0..12 {
                let mut resumed = method.bind_seeded(&p, None, 5);
                resumed.visit(&mut Kept { load: true, values: state(&mut *whole) });
                let (a, b) = (whole.step(), resumed.step());
                assert_eq!(a, b, "{method:?} {loss:?}: step {k}");
                assert_eq!(state(&mut *whole), state(&mut *resumed), "{method:?} {loss:?}: state after step {k}");
                assert_eq!(whole.certificate(), resumed.certificate());
                if a.is_err() {
                    break;
                }
            }
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for loss in LOSSES {
        for storage in [Storage::Dense32, Storage::Sparse64] {
            let x = matrix(3000, 24, storage, 2);
            let y = target(&x, loss, 2);
            let mut p = LinearProblem::new(x, y, loss);
            (p.l1, p.l2) = (2e-3, 1e-3);
            for method in METHODS.into_iter().filter(|m| m.refuses(&p).is_none()) {
                let [one, two, seven] = [1, 2, 7].map(|threads| {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                    pool.install(|| {
                        let mut solver = method.bind_seeded(&p, None, 1);
                        (0..3).for_each(|_| drop(solver.step()));
                        (state(&mut *solver), solver.certificate())
                    })
                });
                assert_eq!(one, two, "{method:?} {loss:?} {storage:?}: 2 threads");
                assert_eq!(one, seven, "{method:?} {loss:?} {storage:?}: 7 threads");
            }
        }
    }
}

#[test]
fn storage_and_repetition_do_not_matter_to_the_minimum() {
    for loss in LOSSES {
        let cells = rows(40, 7, Storage::Sparse64, 4);
        let times: Vec<usize> = (0..40).map(|i| i % 4).collect();
        let repeated: Vec<_> = (0..40).flat_map(|i| vec![cells[i].clone(); times[i]]).collect();
        let y = target(&sparse(&cells), loss, 4);
        let long: Vec<f64> = (0..40).flat_map(|i| vec![y[i]; times[i]]).collect();
        let mut weighted =
            [LinearProblem::new(sparse(&cells), y.clone(), loss), LinearProblem::new(dense(&cells), y, loss)];
        weighted.iter_mut().for_each(|p| p.weights = Some(times.iter().map(|&t| t as f64).collect()));
        let plain = LinearProblem::new(sparse(&repeated), long, loss);
        let mut problems: Vec<LinearProblem> = weighted.into_iter().chain([plain]).collect();
        problems.iter_mut().for_each(|p| (p.l1, p.l2) = (0.02, 0.05));
        for method in METHODS.into_iter().filter(|m| m.refuses(&problems[0]).is_none()) {
            let found: Vec<Vec<f64>> = problems
                .iter()
                .map(|p| {
                    let mut solver = method.bind_seeded(p, None, 0);
                    run(&mut *solver, 1e-12, 3000);
                    point(&*solver, p)
                })
                .collect();
            let best = objective(&problems[0], &found[0]);
            for x in &found[1..] {
                let other = objective(&problems[0], x);
                assert!((best - other).abs() <= 1e-9 * best, "{method:?} {loss:?}: {best} {other}");
            }
        }
    }
}

#[test]
fn there_is_a_method_for_every_problem() {
    for loss in LOSSES {
        for storage in [Storage::Dense64, Storage::Sparse64] {
            for (l1, l2) in [(0.0, 0.0), (0.02, 0.0), (0.0, 0.05), (0.02, 0.05)] {
                for intercept in [true, false] {
                    let mut p = problem(loss, storage, true, 17);
                    (p.l1, p.l2, p.intercept) = (l1, l2, intercept);
                    let (method, reason) = auto(&p);
                    assert!(method.refuses(&p).is_none() && !reason.is_empty());
                    let mut solver = method.bind_seeded(&p, None, 0);
                    run(&mut *solver, 1e-9, 3000);
                    if l1 + l2 > 0.0 {
                        let gap = relative(&mut *solver);
                        assert!(gap <= 1e-8, "{loss:?} {storage:?} {l1} {l2} {intercept} {method:?}: {gap:e}");
                    }
                    assert!(point(&*solver, &p).iter().all(|x| x.is_finite()));
                }
            }
        }
    }
    assert!(SolverChoice::ALL.iter().all(|m| SolverChoice::from_name(m.name()) == Some(*m)));
}

#[test]
fn small_libsvm_sets_reach_the_peers_objective() {
    let peers = crate::optima::peers();
    for (name, file, features) in [("heart_scale", "heart_scale", 13), ("agaricus", "agaricus.txt.train", 126)] {
        for (loss, key) in [(Loss::Hinge, "hinge"), (Loss::SquaredHinge, "squared_hinge"), (Loss::Squared, "lasso")] {
            for ending in ["", " with intercept"] {
                let Some(record) = peers["problems"].get(format!("{key}/{name}{ending}")) else { continue };
                let Some((x, mut y)) = crate::optima::svmlight(file, features) else { return };
                if loss != Loss::Squared {
                    y.iter_mut().for_each(|y| *y = if *y > 0.0 { 1.0 } else { -1.0 });
                }
                let mut p = LinearProblem::new(x, y, loss);
                let number = |key: &str| record[key].as_f64().unwrap();
                (p.l1, p.l2, p.intercept) = (number("l1"), number("l2"), record["intercept"].as_bool().unwrap());
                let best = number("objective");
                for method in [SolverChoice::Interior, SolverChoice::Cd, SolverChoice::DualCd] {
                    if method.refuses(&p).is_some() || (method == SolverChoice::DualCd && p.l2 == 0.0) {
                        continue;
                    }
                    let mut solver = method.bind_seeded(&p, None, 0);
                    run(&mut *solver, 1e-9, 3000);
                    let value = objective(&p, &point(&*solver, &p));
                    assert!(
                        (value - best).abs() <= 1e-8 * best,
                        "{key}/{name}{ending} {method:?}: {value} against {best}"
                    );
                }
            }
        }
    }
}

#[test]
fn many_sparse_columns_have_the_minimum_of_the_same_rows_stored_dense() {
    // Columns of about nine values in a working set of hundreds: they are gone through without a matrix.
    let (n, d) = (30, 400);
    for loss in [Loss::Squared, Loss::Logistic, Loss::Poisson] {
        for (intercept, l2) in [(false, 0.0), (true, 0.0), (true, 0.01)] {
            let values = rows(n, d, Storage::Sparse64, 17);
            let y = target(&sparse(&values), loss, 17);
            let solve = |matrix| {
                let mut p = LinearProblem::new(matrix, y.clone(), loss);
                (p.l1, p.l2, p.intercept) = (0.02, l2, intercept);
                let mut solver = SolverChoice::Cd.bind(&p, None);
                let context = format!("{loss:?} {intercept} {l2}");
                run(&mut *solver, 1e-11, 200);
                let certificate = solver.certificate();
                assert!(certificate.relative().is_some_and(|gap| gap <= 1e-10), "{context}: {certificate:?}");
                let x = point(&*solver, &p);
                let mut z = vec![0.0; n];
                steepest_models::linear::kernels::margins(&p, &x, &mut z);
                (steepest_models::linear::certificate::objective(&p, &x, &z), context)
            };
            let ((a, context), (b, _)) = (solve(sparse(&values)), solve(dense(&values)));
            assert!((a - b).abs() <= 1e-9 * (1.0 + b.abs()), "{context}: {a}, dense {b}");
        }
    }
}
