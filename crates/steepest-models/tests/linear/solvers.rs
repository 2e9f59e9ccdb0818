//! All solvers find the same minimum, resume to the bit, and refuse what they cannot do.

use std::collections::BTreeMap;

use steepest_core::{FiniteSum, GradSink, Objective, Rows, SparseGradient, StateVisitor};
use steepest_models::linear::{LinearObjective, LinearProblem, LinearSum, Loss, SolverChoice, auto};

use crate::sample::{LOSSES, STORAGES, Storage, matrix, point, problem, target};

/// Steps until the relative gap is below `gap`; the number of steps and the last point.
fn solve(p: &LinearProblem, choice: SolverChoice, gap: f64) -> (u64, Vec<f64>) {
    let mut run = choice.bind(p, None);
    let mut x = vec![0.0; p.parameters()];
    for step in 1..=5000 {
        run.step().unwrap_or_else(|stop| panic!("{} {:?}: {stop}", choice.name(), p.loss));
        let certificate = run.certificate();
        let Some(relative) = certificate.relative() else {
            panic!("{} {:?} step {step}: {certificate:?}", choice.name(), p.loss)
        };
        if relative <= gap {
            run.point(&mut x);
            return (step, x);
        }
    }
    panic!("{} {:?}: {:?}", choice.name(), p.loss, run.certificate());
}

#[test]
fn all_reach_the_gap() {
    for loss in LOSSES {
        for storage in [Storage::Dense32, Storage::Sparse64] {
            for extras in [false, true] {
                let p = problem(loss, storage, extras, 3);
                let able = SolverChoice::ALL.into_iter().filter(|c| c.refuses(&p).is_none());
                let found: Vec<(SolverChoice, Vec<f64>)> = able.map(|c| (c, solve(&p, c, 1e-10).1)).collect();
                assert!(found.iter().any(|(c, _)| *c == auto(&p).0));
                for (choice, x) in &found {
                    let w = p.features() * p.outputs();
                    for (j, (a, b)) in x[..w].iter().zip(&found[0].1).enumerate() {
                        assert!((a - b).abs() < 1e-4, "{} {loss:?} {storage:?} {extras} {j}: {a} {b}", choice.name());
                    }
                }
            }
        }
    }
}

#[test]
fn fista_sets_weights_to_zero_exactly() {
    for loss in [Loss::Squared, Loss::Logistic, Loss::Poisson, Loss::Softmax(3)] {
        let mut p = problem(loss, Storage::Dense64, false, 3);
        (p.l1, p.l2) = (0.15, 0.0);
        let (_, x) = solve(&p, SolverChoice::Fista, 1e-9);
        let zeros = x[..p.features() * p.outputs()].iter().filter(|w| **w == 0.0).count();
        assert!(zeros > 0 && zeros < p.features() * p.outputs(), "{loss:?}: {zeros} zeros");
    }
}

#[test]
fn newton_needs_few_steps() {
    for loss in [Loss::Logistic, Loss::Poisson, Loss::SquaredHinge, Loss::Softmax(3)] {
        for choice in [SolverChoice::Newton, SolverChoice::NewtonCg] {
            let (steps, _) = solve(&problem(loss, Storage::Dense64, true, 3), choice, 1e-9);
            assert!(steps <= 15, "{} {loss:?}: {steps} steps", choice.name());
        }
    }
}

/// Saves and loads by name.
#[derive(Default)]
pub struct Memory {
    numbers: BTreeMap<String, Vec<f64>>,
    ints: BTreeMap<String, u64>,
    pub loading: bool,
}

impl StateVisitor for Memory {
    fn f32s(&mut self, _name: &str, _values: &mut [f32]) {
        unreachable!("the linear family has no 32-bit state");
    }
    fn f64s(&mut self, name: &str, values: &mut [f64]) {
        if self.loading {
            values.copy_from_slice(&self.numbers[name]);
        } else {
            self.numbers.insert(name.into(), values.to_vec());
        }
    }
    fn bytes(&mut self, name: &str, values: &mut [u8]) {
        let mut wide: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
        self.f64s(name, &mut wide);
        values.iter_mut().zip(&wide).for_each(|(v, w)| *v = *w as u8);
    }
    fn int(&mut self, name: &str, value: &mut u64) {
        if self.loading {
            *value = self.ints[name];
        } else {
            self.ints.insert(name.into(), *value);
        }
    }
    fn number(&mut self, name: &str, value: &mut f64) {
        self.f64s(name, std::slice::from_mut(value));
    }
    fn history(&mut self, name: &str, values: &mut Vec<f64>) {
        if self.loading {
            *values = self.numbers[name].clone();
        } else {
            self.numbers.insert(name.into(), values.clone());
        }
    }
}

#[test]
fn a_resumed_run_is_the_uninterrupted_one() {
    for storage in [Storage::Dense64, Storage::Sparse32] {
        for choice in SolverChoice::ALL {
            for stop in 0..4 {
                let p = problem(Loss::Logistic, storage, true, 3);
                if choice.refuses(&p).is_some() {
                    continue;
                }
                let mut whole = choice.bind(&p, None);
                let mut first = choice.bind(&p, None);
                for _ in 0..stop {
                    assert_eq!(whole.step().unwrap(), first.step().unwrap());
                }
                let mut saved = Memory::default();
                first.visit(&mut saved);
                saved.loading = true;
                let mut second = choice.bind(&p, None);
                second.visit(&mut saved);
                for step in stop..4 {
                    let (a, b, c) = (whole.step().unwrap(), first.step().unwrap(), second.step().unwrap());
                    assert_eq!(a, b, "{} {storage:?} {stop} {step}: saving changed the run", choice.name());
                    assert_eq!(a, c, "{} {storage:?} {stop} {step}: resumed", choice.name());
                    assert_eq!(whole.counts(), first.counts(), "{} {stop} {step}", choice.name());
                    assert_eq!(whole.counts(), second.counts(), "{} {stop} {step}", choice.name());
                }
            }
        }
    }
}

#[test]
fn a_sum_over_rows_has_the_objectives_value_and_gradient() {
    for loss in LOSSES {
        for storage in STORAGES {
            for extras in [false, true] {
                let mut p = problem(loss, storage, extras, 3);
                p.l2 = 0.0;
                let sum = LinearSum::new(&p);
                let x = point(p.parameters(), 0.3, 5);
                let mut f = LinearObjective::new(&p);
                let mut expected = vec![0.0; x.len()];
                let value = f.at(&x).unwrap();
                f.gradient(&mut expected).unwrap();
                let mut work = FiniteSum::<f64>::work(&sum, 64);
                let (mut dense, mut sparse) = (vec![0.0; x.len()], SparseGradient::<f64>::default());
                let n = p.rows() as u64;
                let order: Vec<u32> = (0..n as u32).rev().collect();
                let all = Rows::Range { start: 0, end: n };
                let a = sum.shard(&x, all, &mut work, GradSink::Dense(&mut dense)).unwrap();
                let b = sum.shard(&x, Rows::Index(&order), &mut work, GradSink::Sparse(&mut sparse)).unwrap();
                let c = sum.shard(&x, all, &mut work, GradSink::None).unwrap();
                assert_eq!(a, c);
                sparse.coalesce();
                let mut scattered = vec![0.0; x.len()];
                for (&j, &v) in sparse.indices.iter().zip(&sparse.values) {
                    scattered[j as usize] = v;
                }
                assert!((a.weight - p.total_weight()).abs() < 1e-12 && (b.weight - a.weight).abs() < 1e-12);
                for found in [a.loss, b.loss] {
                    assert!((found / a.weight - value).abs() < 1e-13 * (1.0 + value.abs()), "{loss:?} {storage:?}");
                }
                let single: Vec<f32> = x.iter().map(|&v| v as f32).collect();
                let mut narrow = vec![0.0f32; x.len()];
                sum.shard(&single, all, &mut work, GradSink::Dense(&mut narrow)).unwrap();
                for j in 0..x.len() {
                    let context = format!("{loss:?} {storage:?} {extras} {j}");
                    assert!((dense[j] / a.weight - expected[j]).abs() < 1e-13, "{context}");
                    assert!((scattered[j] / a.weight - expected[j]).abs() < 1e-13, "{context}");
                    // A hinge may lie on the other side of its kink in f32.
                    if !matches!(loss, Loss::Hinge | Loss::Quantile(_)) {
                        assert!((f64::from(narrow[j]) / a.weight - expected[j]).abs() < 1e-5, "{context}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_choice_follows_the_counts_and_refusals_say_what_to_try() {
    let make = |n, d, storage, loss| {
        let x = matrix(n, d, storage, 1);
        let y = target(&x, loss, 1);
        let mut p = LinearProblem::new(x, y, loss);
        p.l2 = 0.1;
        p
    };
    let small = make(50, 10, Storage::Dense64, Loss::Logistic);
    assert_eq!(auto(&small).0, SolverChoice::Newton);
    let wide = make(20, 6000, Storage::Sparse64, Loss::Logistic);
    assert_eq!(auto(&wide).0, SolverChoice::DualNewton);
    let wide = make(20, 6000, Storage::Dense64, Loss::Logistic);
    assert_eq!(auto(&wide).0, SolverChoice::NewtonCg);
    assert!(SolverChoice::Newton.refuses(&wide).unwrap().contains("newton-cg"));
    let mut lasso = make(50, 10, Storage::Dense64, Loss::Squared);
    lasso.l1 = 0.1;
    assert!(SolverChoice::Lbfgs.refuses(&lasso).unwrap().contains("fista"));
    let hinge = make(50, 10, Storage::Dense64, Loss::Hinge);
    assert_eq!(auto(&lasso).0, SolverChoice::Cd);
    assert_eq!(auto(&hinge).0, SolverChoice::Semismooth);
    let mut free = make(50, 10, Storage::Dense64, Loss::Hinge);
    free.l2 = 0.0;
    assert_eq!(auto(&free).0, SolverChoice::Interior);
    let mut wide = make(20, 6000, Storage::Sparse64, Loss::Hinge);
    assert_eq!(auto(&wide).0, SolverChoice::Semismooth);
    // Margins that move little with each row's own dual value settle in a few passes.
    (wide.intercept, wide.l2) = (false, 100.0);
    assert_eq!(auto(&wide).0, SolverChoice::DualCd);
    assert!(SolverChoice::Interior.refuses(&wide).unwrap().contains("dual-cd"));
    assert!(SolverChoice::Newton.refuses(&hinge).unwrap().contains("interior"));
    for choice in SolverChoice::ALL {
        assert_eq!(SolverChoice::from_name(choice.name()), Some(choice));
    }
}

#[test]
fn a_sample_of_the_rows_carries_the_whole_problem() {
    // The sample holds 8192 of these rows: the Hessian is a real approximation here.
    for loss in [Loss::Logistic, Loss::Poisson, Loss::SquaredHinge, Loss::Huber(0.7)] {
        let x = matrix(70_000, 12, Storage::Dense32, 5);
        let y = target(&x, loss, 5);
        let mut p = LinearProblem::new(x, y, loss);
        p.l2 = 1e-4;
        assert_eq!(auto(&p).0, SolverChoice::SampledNewton);
        let (steps, found) = solve(&p, SolverChoice::SampledNewton, 1e-9);
        let (_, exact) = solve(&p, SolverChoice::Newton, 1e-12);
        assert!(steps <= 12, "{loss:?}: {steps} steps");
        for (a, b) in found.iter().zip(&exact) {
            assert!((a - b).abs() < 1e-4 * (1.0 + b.abs()), "{loss:?}: {a} {b}");
        }
        let mut whole = SolverChoice::SampledNewton.bind(&p, None);
        let mut first = SolverChoice::SampledNewton.bind(&p, None);
        for _ in 0..2 {
            assert_eq!(whole.step().unwrap(), first.step().unwrap());
        }
        let mut saved = Memory::default();
        first.visit(&mut saved);
        saved.loading = true;
        let mut second = SolverChoice::SampledNewton.bind(&p, None);
        second.visit(&mut saved);
        assert_eq!(whole.step().unwrap(), second.step().unwrap(), "{loss:?}");
        assert_eq!(whole.counts(), second.counts(), "{loss:?}");
    }
}

#[test]
fn solvers_with_dual_values_use_a_start() {
    for loss in [Loss::Logistic, Loss::SquaredHinge, Loss::Hinge, Loss::Quantile(0.3)] {
        for intercept in [false, true] {
            let mut p = problem(loss, Storage::Dense64, true, 3);
            (p.intercept, p.l2) = (intercept, 0.01);
            for choice in [SolverChoice::DualCd, SolverChoice::Sdca, SolverChoice::Interior] {
                if choice.refuses(&p).is_some() {
                    continue;
                }
                let (cold, found) = solve(&p, choice, 1e-8);
                let mut run = choice.bind(&p, Some(found));
                // Margins at a kink say nothing of the dual value there, so that ascent may have to find it again.
                let kinked = matches!(loss, Loss::Hinge | Loss::Quantile(_)) && choice != SolverChoice::Interior;
                let steps = (1..=if kinked { 5000 } else { cold }).find(|_| {
                    run.step().unwrap();
                    run.certificate().relative().unwrap() <= 1e-6
                });
                let context = format!("{} {loss:?} {intercept}: {steps:?} steps, {cold} from zero", choice.name());
                assert!(steps.is_some_and(|warm| warm < cold || cold <= 2 || kinked), "{context}");
            }
        }
    }
}
