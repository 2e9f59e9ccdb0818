//! What the theorems say, checked on runs.

use steepest_core::{Objective, StateVisitor};
use steepest_optim::Tolerance;
use steepest_solvers::{DeterministicSolver, Function, Minimize, SolverSpec, norm};

/// A symmetric positive definite matrix with these eigenvalues, turned by reflections.
fn turned(eigenvalues: &[f64]) -> Vec<f64> {
    let n = eigenvalues.len();
    let mut v: Vec<f64> = (0..n).map(|i| ((i * 37 + 11) % 17) as f64 - 7.5).collect();
    let size = norm(&v);
    v.iter_mut().for_each(|v| *v /= size);
    let q = |i: usize, j: usize| f64::from(u8::from(i == j)) - 2.0 * v[i] * v[j];
    let product = |i: usize, j: usize| (0..n).map(|k| q(i, k) * eigenvalues[k] * q(j, k)).sum();
    (0..n * n).map(|at| product(at / n, at % n)).collect()
}

/// ½xᵀHx, with its minimum 0 at 0.
fn quadratic(h: &[f64]) -> Function<'static> {
    let n = (h.len() as f64).sqrt() as usize;
    let (a, b, c) = (h.to_vec(), h.to_vec(), h.to_vec());
    let row = move |m: &[f64], x: &[f64], i: usize| (0..n).map(|j| m[i * n + j] * x[j]).sum::<f64>();
    Function::new(n, move |x| 0.5 * (0..n).map(|i| x[i] * row(&a, x, i)).sum::<f64>())
        .with_gradient(move |x, g| (0..n).for_each(|i| g[i] = row(&b, x, i)))
        .with_hessian(move |_, out| out.copy_from_slice(&c))
}

fn built(text: &str, f: &mut dyn Objective<f64>, start: &[f64]) -> Box<dyn DeterministicSolver + Send> {
    SolverSpec::parse(text).unwrap().build(f, start).unwrap()
}

#[test]
fn newton_needs_one_step_on_a_convex_quadratic() {
    for kappa in [1.0f64, 10.0, 1e6] {
        let h = turned(&[1.0, kappa.sqrt(), kappa, 2.0]);
        for solver in ["newton", "trust-region"] {
            let mut f = quadratic(&h);
            let start = [0.1, -0.2, 0.3, 0.4];
            let mut newton = built(solver, &mut f, &start);
            newton.step(&mut f).unwrap();
            assert!(norm(newton.point()) < 1e-9, "{solver} κ = {kappa}: {:?}", newton.point());
        }
    }
}

#[test]
fn conjugate_gradients_end_after_d_steps() {
    let h = turned(&[1.0, 3.0, 10.0, 20.0, 50.0, 100.0]);
    for beta in ["fr", "pr+", "hz"] {
        let mut f = quadratic(&h);
        let start = [1.0, -1.0, 2.0, 0.5, -0.3, 1.5];
        let mut cg = built(&format!("cg:{beta},step=exact"), &mut f, &start);
        for _ in 0..6 {
            cg.step(&mut f).unwrap();
        }
        let mut g = vec![0.0; 6];
        f.at(cg.point()).unwrap();
        f.gradient(&mut g).unwrap();
        assert!(norm(&g) < 1e-7, "{beta}: {:e}", norm(&g));
    }
    // With k different eigenvalues k steps are enough.
    let mut f = quadratic(&turned(&[1.0, 5.0, 5.0, 5.0, 1.0, 9.0]));
    let mut cg = built("cg:fr,step=exact", &mut f, &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    (0..3).for_each(|_| {
        cg.step(&mut f).unwrap();
    });
    assert!(norm(cg.point()) < 1e-10);
}

#[test]
fn gradient_descent_at_the_best_rate_shrinks_by_the_predicted_factor() {
    for kappa in [2.0, 10.0, 100.0] {
        let h = [1.0, 0.0, 0.0, kappa];
        let (eta, factor) = (2.0 / (1.0 + kappa), (kappa - 1.0) / (kappa + 1.0));
        let mut f = quadratic(&h);
        let mut gd = built(&format!("gd:{eta}"), &mut f, &[1.0, 1.0]);
        let mut last = norm(&[1.0, 1.0]);
        for step in 0..50 {
            gd.step(&mut f).unwrap();
            let now = norm(gd.point());
            assert!((now / last - factor).abs() < 1e-12, "κ = {kappa}, step {step}: {} {factor}", now / last);
            last = now;
        }
    }
    // The threshold 2/λmax is sharp.
    for (eta, converges) in [(0.99 * 2.0 / 100.0, true), (1.01 * 2.0 / 100.0, false)] {
        let mut f = quadratic(&[1.0, 0.0, 0.0, 100.0]);
        let mut gd = built(&format!("gd:{eta}"), &mut f, &[1.0, 1.0]);
        (0..1500).for_each(|_| {
            gd.step(&mut f).unwrap();
        });
        assert_eq!(norm(gd.point()) < 1e-6, converges, "η = {eta}");
    }
}

#[test]
fn the_heavy_ball_is_the_momentum_of_its_paper() {
    let (eta, beta) = (0.01, 0.9);
    let mut f = quadratic(&[1.0, 0.0, 0.0, 50.0]);
    let mut ball = built(&format!("momentum:{eta},{beta}"), &mut f, &[1.0, 1.0]);
    let (mut x, mut v) = ([1.0f64, 1.0], [0.0f64; 2]);
    for _ in 0..200 {
        ball.step(&mut f).unwrap();
        for (k, l) in [1.0, 50.0].into_iter().enumerate() {
            v[k] = beta * v[k] + l * x[k];
            x[k] -= eta * v[k];
        }
        assert!(ball.point().iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}

#[test]
fn nesterov_never_violates_its_bound() {
    let n = 40;
    let eigenvalues: Vec<f64> = (1..=n).map(|i| f64::from(i * i) / f64::from(n * n)).collect();
    let h = turned(&eigenvalues);
    let start = vec![1.0; n as usize];
    let distance = norm(&start);
    for text in ["nesterov:1,restart=false", "nesterov:restart=false"] {
        let mut f = quadratic(&h);
        let mut solver = built(text, &mut f, &start);
        for k in 1..=300u32 {
            let info = solver.step(&mut f).unwrap();
            // With backtracking L may be up to twice the constant.
            let l = if text.contains(":1") { 1.0 } else { 2.0 };
            let bound = 2.0 * l * distance * distance / f64::from((k + 1) * (k + 1));
            assert!(info.value.unwrap() <= bound, "{text} step {k}: {} > {bound}", info.value.unwrap());
        }
    }
    // Plain descent violates it.
    let mut f = quadratic(&h);
    let mut gd = built("gd:1", &mut f, &start);
    let violated = (1..=1500u32)
        .any(|k| gd.step(&mut f).unwrap().value.unwrap() > 2.0 * distance.powi(2) / f64::from((k + 1).pow(2)));
    assert!(violated);
}

#[test]
fn nesterov_with_mu_is_as_fast_as_the_root_of_kappa() {
    let kappa: f64 = 1e4;
    let mut f = quadratic(&turned(&[1.0, 10.0, 100.0, kappa]));
    let start = [1.0, 1.0, 1.0, 1.0];
    let mut solver = built(&format!("nesterov:{},1", 1.0 / kappa), &mut f, &start);
    let first = f.at(&start).unwrap();
    let mut steps = 0;
    while f.at(solver.point()).unwrap() > 1e-10 * first {
        solver.step(&mut f).unwrap();
        steps += 1;
    }
    // (1 − 1/√κ)^k ≤ 1e-10·(1 …): about √κ·ln(10¹⁰) = 2,300 steps; plain descent takes κ·ln(10¹⁰)/2 = 115,000.
    assert!(steps < 3_000, "{steps}");
}

fn rosenbrock(n: usize) -> Function<'static> {
    let value = move |x: &[f64]| {
        (0..n - 1).map(|i| 100.0 * (x[i + 1] - x[i] * x[i]).powi(2) + (1.0 - x[i]).powi(2)).sum::<f64>()
    };
    Function::new(n, value).with_gradient(move |x, g| {
        g.fill(0.0);
        for i in 0..n - 1 {
            let r = x[i + 1] - x[i] * x[i];
            g[i] += -400.0 * r * x[i] - 2.0 * (1.0 - x[i]);
            g[i + 1] += 200.0 * r;
        }
    })
}

#[test]
fn quasi_newton_methods_are_superlinear_at_the_end() {
    for solver in ["lbfgs:20", "bfgs", "bfgs:step=hager-zhang"] {
        let mut f = rosenbrock(4);
        let start = [-1.2, 1.0, -1.2, 1.0];
        let mut run = built(solver, &mut f, &start);
        let mut errors = Vec::new();
        let settings = Minimize { gtol: Tolerance::absolute(1e-12), classify: false, ..Minimize::default() };
        let one = [1.0; 4];
        let found = settings
            .observe(&mut f, &mut *run, &mut |p| {
                errors.push(norm(&p.point.iter().zip(&one).map(|(x, y)| x - y).collect::<Vec<_>>()));
                std::ops::ControlFlow::Continue(())
            })
            .unwrap();
        let e: Vec<f64> = errors.into_iter().filter(|e| *e > 1e-13).collect();
        let ratios: Vec<f64> = e.windows(2).map(|w| w[1] / w[0]).collect();
        let last = &ratios[ratios.len() - 4..];
        let mean = last.iter().product::<f64>().powf(0.25);
        assert!(mean < 0.35, "{solver}: {found:?} {last:?}");
    }
}

#[test]
fn barzilai_borwein_outruns_the_best_fixed_rate_on_quadratics() {
    let kappa = 1e4;
    let h = turned(&[1.0, 30.0, 900.0, kappa]);
    let start = [1.0, 1.0, 1.0, 1.0];
    let mut f = quadratic(&h);
    let mut bb = built("gd:step=barzilai-borwein", &mut f, &start);
    let settings = Minimize { gtol: Tolerance::absolute(1e-8), ..Minimize::default() };
    let found = settings.run(&mut f, &mut *bb).unwrap();
    // κ/2·ln(10⁸·‖g₀‖) steps, about 10⁵, at the best fixed rate.
    assert!(found.grad_norm < 1e-8 && found.steps < 1_000, "{found:?}");
}

#[test]
fn polyaks_step_brings_every_iterate_closer() {
    let mut f = quadratic(&turned(&[1.0, 3.0, 30.0]));
    let mut solver = built("gd:step=polyak", &mut f, &[1.0, -2.0, 0.5]);
    let mut last = norm(solver.point());
    for _ in 0..100 {
        solver.step(&mut f).unwrap();
        let now = norm(solver.point());
        assert!(now <= last * (1.0 + 1e-14));
        last = now;
    }
    assert!(last < 1e-3);
}

#[test]
fn the_exact_step_makes_neighbouring_gradients_orthogonal() {
    let mut f = quadratic(&turned(&[1.0, 3.0, 30.0]));
    let mut solver = built("gd:step=exact", &mut f, &[1.0, -2.0, 0.5]);
    let mut last = vec![0.0; 3];
    for _ in 0..20 {
        f.at(solver.point()).unwrap();
        f.gradient(&mut last).unwrap();
        solver.step(&mut f).unwrap();
        let mut g = vec![0.0; 3];
        f.at(solver.point()).unwrap();
        f.gradient(&mut g).unwrap();
        assert!(steepest_solvers::dot(&g, &last).abs() <= 1e-10 * norm(&g) * norm(&last) + 1e-25);
    }
}

#[test]
fn gradients_of_1e_10_are_reached_above_a_large_constant() {
    // 1000 + rosenbrock: below ‖g‖ of about 1e-5 the decrease of f is below its rounding.
    let mut f = Function::new(2, |x| 1000.0 + 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2))
        .with_gradient(|x, g| {
            let r = x[1] - x[0] * x[0];
            g[0] = -400.0 * r * x[0] - 2.0 * (1.0 - x[0]);
            g[1] = 200.0 * r;
        });
    let settings = Minimize { gtol: Tolerance::absolute(1e-10), ..Minimize::default() };
    for solver in
        ["lbfgs", "bfgs", "cg", "trust-region", "newton", "newton-cg", "bfgs:step=wolfe", "lbfgs:step=hager-zhang"]
    {
        let mut run = built(solver, &mut f, &[-1.2, 1.0]);
        let found = settings.run(&mut f, &mut *run).unwrap();
        assert!(found.grad_norm <= 1e-10, "{solver}: {found:?}");
    }
}

/// Copies state from one solver to the other by the order of the visits.
#[derive(Default)]
struct Carrier {
    store: Vec<Vec<f64>>,
    ints: Vec<u64>,
    load: bool,
    at: (usize, usize),
}

impl StateVisitor for Carrier {
    fn f32s(&mut self, _: &str, _: &mut [f32]) {
        unreachable!("solvers keep 64 bits");
    }
    fn f64s(&mut self, _: &str, values: &mut [f64]) {
        if self.load {
            values.copy_from_slice(&self.store[self.at.0]);
            self.at.0 += 1;
        } else {
            self.store.push(values.to_vec());
        }
    }
    fn bytes(&mut self, _: &str, _: &mut [u8]) {
        unreachable!("solvers keep no bytes");
    }
    fn int(&mut self, _: &str, value: &mut u64) {
        if self.load {
            *value = self.ints[self.at.1];
            self.at.1 += 1;
        } else {
            self.ints.push(*value);
        }
    }
    fn number(&mut self, name: &str, value: &mut f64) {
        let mut one = [*value];
        self.f64s(name, &mut one);
        *value = one[0];
    }
    fn history(&mut self, _: &str, values: &mut Vec<f64>) {
        if self.load {
            values.clone_from(&self.store[self.at.0]);
            self.at.0 += 1;
        } else {
            self.store.push(values.clone());
        }
    }
}

#[test]
fn saved_and_loaded_runs_go_on_to_the_bit() {
    let texts = [
        "gd",
        "gd:1e-3",
        "gd:step=barzilai-borwein",
        "momentum:1e-3",
        "momentum",
        "nesterov",
        "cg",
        "cg:pr+",
        "bfgs",
        "lbfgs:3",
        "newton",
        "newton-cg",
        "trust-region",
        "trust-region:dogleg",
        "adam:lr=0.01",
        "sgd:lr=cosine(1e-3,steps=40),momentum=0.9",
        "fista",
    ];
    for text in texts {
        let start = [-1.2, 1.0, 0.5];
        let mut f = rosenbrock(3);
        let mut whole = built(text, &mut f, &start);
        (0..20).for_each(|_| {
            whole.step(&mut f).unwrap();
        });
        for cut in [0usize, 1, 7, 13] {
            let mut first = built(text, &mut f, &start);
            (0..cut).for_each(|_| {
                first.step(&mut f).unwrap();
            });
            let mut carrier = Carrier::default();
            first.visit(&mut carrier);
            carrier.load = true;
            let mut second = built(text, &mut f, &start);
            second.visit(&mut carrier);
            second.restore(&mut f).unwrap();
            (cut..20).for_each(|_| {
                second.step(&mut f).unwrap();
            });
            let bits = |s: &dyn DeterministicSolver| s.point().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&*whole), bits(&*second), "{text} cut at {cut}");
        }
    }
}
