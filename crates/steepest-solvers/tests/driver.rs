//! The driver: ends, reasons, budgets, saddles.

use std::ops::ControlFlow;

use steepest_core::Reason;
use steepest_optim::Tolerance;
use steepest_solvers::{CriticalPoint, Function, Minimize, MinimizeError, Minimum, SolverSpec};

fn minimize(f: &mut Function<'_>, solver: &str, start: &[f64], settings: Minimize) -> Minimum {
    let mut solver = SolverSpec::parse(solver).unwrap().build(f, start).unwrap();
    settings.run(f, &mut *solver).unwrap()
}

/// x⁴ − 3x² + 2: maximum at 0, minima at ±√1.5.
fn quartic<'a>() -> Function<'a> {
    Function::new(1, |x| x[0].powi(4) - 3.0 * x[0] * x[0] + 2.0)
        .with_gradient(|x, g| g[0] = 4.0 * x[0].powi(3) - 6.0 * x[0])
        .with_hessian(|x, h| h[0] = 12.0 * x[0] * x[0] - 6.0)
}

fn rosenbrock<'a>() -> Function<'a> {
    Function::new(2, |x| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2)).with_gradient(|x, g| {
        let r = x[1] - x[0] * x[0];
        g[0] = -2.0 * (1.0 - x[0]) - 400.0 * r * x[0];
        g[1] = 200.0 * r;
    })
}

#[test]
fn every_start_of_the_quartic_ends_at_a_minimum() {
    for solver in [
        "auto",
        "lbfgs",
        "bfgs",
        "cg",
        "cg:pr+",
        "cg:fr",
        "nesterov",
        "trust-region:dogleg",
        "newton",
        "newton-cg",
        "gd",
        "momentum",
        "gd:step=exact",
        "gd:0.05",
        "adam:lr=0.05",
    ] {
        for start in [-2.0, -0.3, 0.0, 1e-9, 0.7, 5.0] {
            if start == 5.0 && solver == "gd:0.05" {
                continue;
            }
            let found = minimize(&mut quartic(), solver, &[start], Minimize::default());
            assert_eq!(found.critical_point, CriticalPoint::Minimum, "{solver} from {start}: {found:?}");
            assert!((found.x[0].abs() - 1.5f64.sqrt()).abs() < 1e-6, "{solver} from {start}: {found:?}");
            assert!((found.value + 0.25).abs() < 1e-10);
            if start == 0.0 && !solver.starts_with("adam") {
                assert_eq!(found.escapes[0].from, CriticalPoint::Maximum);
            }
        }
    }
}

#[test]
fn a_saddle_that_leads_down_for_ever_is_unbounded() {
    let saddle = || {
        Function::new(2, |x| x[0] * x[0] - x[1] * x[1])
            .with_gradient(|x, g| (g[0], g[1]) = (2.0 * x[0], -2.0 * x[1]))
            .with_hessian(|_, h| h.copy_from_slice(&[2.0, 0.0, 0.0, -2.0]))
    };
    for solver in ["newton", "lbfgs", "newton-cg", "gd", "bfgs", "cg", "trust-region", "trust-region:dogleg"] {
        for start in [[0.0, 0.0], [1.0, 0.0], [1.0, 1e-3]] {
            let found = minimize(&mut saddle(), solver, &start, Minimize::default());
            assert_eq!(found.termination.reason, Reason::Unbounded, "{solver} {start:?}: {:?}", found.termination);
            // From [1, 0] a trust region leaves the saddle's ridge by itself.
            if start == [0.0, 0.0] {
                assert_eq!(found.escapes[0].from, CriticalPoint::Saddle);
            }
        }
    }
    let settings = Minimize { max_escapes: 0, ..Minimize::default() };
    let found = minimize(&mut saddle(), "newton", &[1.0, 0.0], settings);
    assert_eq!((found.termination.reason, found.critical_point), (Reason::Saddle, CriticalPoint::Saddle));
}

#[test]
fn flat_and_degenerate_functions_are_told_from_minima() {
    let mut flat = Function::new(2, |_| 3.0).with_gradient(|_, g| g.fill(0.0));
    let found = minimize(&mut flat, "lbfgs", &[1.0, 2.0], Minimize::default());
    assert_eq!((found.termination.reason, found.critical_point), (Reason::GradientNorm, CriticalPoint::Degenerate));
    for power in [3, 4] {
        let mut f = Function::new(1, move |x| x[0].powi(power))
            .with_gradient(move |x, g| g[0] = f64::from(power) * x[0].powi(power - 1))
            .with_hessian(move |x, h| h[0] = f64::from(power * (power - 1)) * x[0].powi(power - 2));
        let settings = Minimize { gtol: Tolerance::absolute(1e-6), ..Minimize::default() };
        let found = minimize(&mut f, "newton", &[2.0], settings);
        if power == 4 || found.termination.reason == Reason::GradientNorm {
            assert_eq!(found.critical_point, CriticalPoint::Degenerate, "power {power}: {found:?}");
        }
    }
}

#[test]
fn budgets_are_kept_to_the_evaluation() {
    for limit in [1u64, 2, 3, 7, 20, 51] {
        for solver in ["lbfgs", "gd", "newton-cg", "adam:lr=0.01"] {
            let mut calls = 0u64;
            let mut f = Function::new(2, |x| {
                calls += 1;
                (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2)
            })
            .with_gradient(|x, g| {
                let r = x[1] - x[0] * x[0];
                g[0] = -2.0 * (1.0 - x[0]) - 400.0 * r * x[0];
                g[1] = 200.0 * r;
            });
            let settings = Minimize { max_evals: Some(limit), classify: false, ..Minimize::default() };
            let mut built = SolverSpec::parse(solver).unwrap().build(&mut f, &[-1.2, 1.0]).unwrap();
            let found = settings.run(&mut f, &mut *built).unwrap();
            assert_eq!(found.termination.reason, Reason::MaxEvals, "{solver} {limit}");
            assert!(found.value.is_finite() && found.value <= 24.2 + 1e-9, "{solver} {limit}: {}", found.value);
            drop(built);
            drop(f);
            assert!(calls <= limit + 1, "{solver}: {calls} values of {limit}");
        }
    }
}

/// No two rows of a trace have the same number.
#[test]
fn a_way_out_of_a_saddle_is_a_step_of_its_own() {
    let mut solver = SolverSpec::parse("trust-region").unwrap().build(&mut quartic(), &[0.0]).unwrap();
    let mut rows = Vec::new();
    let found = Minimize::default()
        .observe(&mut quartic(), &mut *solver, &mut |p| {
            rows.push((p.step, p.note.is_some()));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(rows.iter().map(|r| r.0).collect::<Vec<_>>(), (0..=found.steps).collect::<Vec<_>>());
    assert_eq!(rows[1], (1, true));
}

#[test]
fn the_trace_starts_at_the_start_and_a_break_interrupts() {
    let mut f = rosenbrock();
    let mut solver = SolverSpec::parse("lbfgs").unwrap().build(&mut f, &[-1.2, 1.0]).unwrap();
    let mut seen = Vec::new();
    let found = Minimize::default()
        .observe(&mut f, &mut *solver, &mut |p| {
            seen.push((p.step, p.value, p.point.to_vec()));
            if p.step == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(found.termination.reason, Reason::Interrupted);
    assert_eq!(seen.iter().map(|s| s.0).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(seen[0].2, [-1.2, 1.0]);
    assert!((seen[0].1 - 24.2).abs() < 1e-12);
    assert_eq!(found.x, seen[5].2);
}

#[test]
fn tolerances_each_end_the_run_with_their_reason() {
    let off = Minimize { gtol: Tolerance::default(), ..Minimize::default() };
    let cases = [
        (Minimize { ftol: Tolerance::absolute(1e-3), ..off }, Reason::ValueChange),
        (Minimize { xtol: Tolerance::relative(1e-4), ..off }, Reason::ParameterChange),
        (Minimize { gtol: Tolerance::absolute(1e-3), ..off }, Reason::GradientNorm),
        (Minimize { max_steps: Some(4), ..off }, Reason::Completed),
        (Minimize { max_seconds: Some(0.0), ..off }, Reason::MaxSeconds),
    ];
    for (settings, reason) in cases {
        let mut f = rosenbrock();
        let spec = SolverSpec::parse("lbfgs").unwrap();
        let mut solver = spec.build(&mut f, &[-1.2, 1.0]).unwrap();
        match settings.run(&mut f, &mut *solver) {
            Ok(found) => assert_eq!(found.termination.reason, reason, "{:?}", found.termination),
            Err(e) => assert_eq!(reason, Reason::MaxSeconds, "{e}"),
        }
    }
    // Without any tolerance the run ends where rounding ends it, and says so.
    let found = minimize(&mut rosenbrock(), "lbfgs", &[-1.2, 1.0], off);
    assert!(matches!(found.termination.reason, Reason::Stalled | Reason::GradientNorm | Reason::LineSearchFailed));
    assert!(found.grad_norm < 1e-8, "{found:?}");
}

#[test]
fn a_tiny_fixed_rate_is_not_convergence_and_a_large_one_is_divergence() {
    let bowl = || Function::new(1, |x| 0.5 * x[0] * x[0]).with_gradient(|x, g| g[0] = x[0]);
    let settings = Minimize {
        ftol: Tolerance::absolute(1e-6),
        xtol: Tolerance::absolute(1e-6),
        max_steps: Some(50),
        ..Minimize::default()
    };
    let found = minimize(&mut bowl(), "gd:1e-6", &[1.0], settings);
    assert_eq!(found.termination.reason, Reason::Completed);
    let found = minimize(&mut bowl(), "gd:2.5", &[1.0], Minimize::default());
    assert_eq!(found.termination.reason, Reason::Diverged);
    assert_eq!(found.x, [1.0], "the best point is kept");
    assert!(found.termination.detail.contains("lower lr"));
}

#[test]
fn what_cannot_be_computed_is_stepped_around_or_told() {
    // log has no value left of 0, where long steps from 1e-3 land.
    let mut f = Function::new(1, |x| x[0] - x[0].ln()).with_gradient(|x, g| g[0] = 1.0 - 1.0 / x[0]);
    for solver in [
        "lbfgs",
        "gd",
        "newton",
        "newton-cg",
        "momentum",
        "bfgs",
        "cg",
        "nesterov",
        "trust-region",
        "trust-region:dogleg",
        "gd:step=hager-zhang",
        "gd:step=strong-wolfe",
    ] {
        for start in [1e-3, 40.0] {
            let found = minimize(&mut f, solver, &[start], Minimize::default());
            assert!((found.x[0] - 1.0).abs() < 1e-6, "{solver} from {start}: {found:?}");
        }
    }
    let mut solver = SolverSpec::parse("lbfgs").unwrap().build(&mut f, &[-1.0]).unwrap();
    let refused = Minimize::default().run(&mut f, &mut *solver).unwrap_err();
    assert!(matches!(refused, MinimizeError::Start { .. }), "{refused}");
}

#[test]
fn values_alone_are_enough() {
    let mut f = Function::new(2, |x| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2));
    let settings = Minimize { gtol: Tolerance::absolute(1e-5), ..Minimize::default() };
    let found = minimize(&mut f, "lbfgs", &[-1.2, 1.0], settings);
    assert!((found.x[0] - 1.0).abs() < 1e-5, "{found:?}");
    assert_eq!(found.critical_point, CriticalPoint::Minimum);
}

#[test]
fn texts_are_refused_with_the_place_and_the_reason() {
    let says = |text: &str, part: &str| {
        let e = SolverSpec::parse(text).unwrap_err().to_string();
        assert!(e.contains(part), "{text}: {e}");
    };
    says("lbgfs", "did you mean `lbfgs`");
    says("lbfgs:memroy=3", "did you mean `memory`");
    says("lbfgs:memory=0", "a whole number ≥ 1");
    says("lbfgs:step=armijo", "curvature condition");
    says("gd:step=fixed", "needs its rate");
    says("gd:step=armijo,lr=0.1", "only with step=fixed");
    says("gd:lr=cosin(0.1)", "cosine");
    says("lbfgs | clip:1", "no stage of a chain");
    says("", "column 1");
    says("gd:step=wolf", "one of");
    says("gd:lr=-1", "rate");
    assert!(SolverSpec::parse("clip:1 | adam:lr=0.1").is_ok());
}
