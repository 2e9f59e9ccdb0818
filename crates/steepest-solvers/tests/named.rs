//! Every solver for kinks, sets and several minima by its name in the table, driven to its end.

use steepest_core::Objective;
use steepest_solvers::prox::BoxSet;
use steepest_solvers::{Function, Minimize, Minimum, SolverSpec, keeps_bounds};

/// (x − 2)² + 3(y + 1)² + 0.1xy.
fn bowl() -> Function<'static> {
    let value = |x: &[f64]| (x[0] - 2.0).powi(2) + 3.0 * (x[1] + 1.0).powi(2) + 0.1 * x[0] * x[1];
    Function::new(2, value).with_gradient(|x, g| {
        g[0] = 2.0 * (x[0] - 2.0) + 0.1 * x[1];
        g[1] = 6.0 * (x[1] + 1.0) + 0.1 * x[0];
    })
}

fn run(text: &str, f: &mut dyn Objective<f64>, start: &[f64], bounds: Option<BoxSet>) -> Minimum {
    let mut spec = SolverSpec::parse(text).unwrap().with_seed(1);
    if let Some(bounds) = bounds {
        spec = spec.with_bounds(bounds);
    }
    let mut solver = spec.build(f, start).unwrap();
    let settings = Minimize { max_steps: Some(5_000), ..Minimize::default() };
    settings.run(f, &mut *solver).unwrap()
}

#[test]
fn without_bounds_all_reach_the_minimum() {
    // 2x + 0.1y = 4, 0.1x + 6y = −6.
    let y = (-6.0 - 0.2) / (6.0 - 0.005);
    let x = 2.0 - 0.05 * y;
    for text in [
        "ista",
        "owlqn",
        "lbfgsb",
        "projected-gradient",
        "coordinate-descent",
        "coordinate-descent:random",
        "coordinate-descent:greedy",
        "subgradient:rule=harmonic,lr=0.5",
        "basin-hopping:hops=20",
        "restarts:starts=5",
        "annealing:levels=30",
        "perturbed-gd",
    ] {
        let found = run(text, &mut bowl(), &[5.0, 5.0], None);
        let far = (found.x[0] - x).abs().max((found.x[1] - y).abs());
        assert!(far < if text.starts_with("subgradient") { 1e-3 } else { 1e-6 }, "{text}: {far} {found:?}");
    }
}

#[test]
fn within_bounds_those_that_keep_them_reach_the_corner() {
    let bounds = || BoxSet::uniform(2, -0.5, 1.0).unwrap();
    for text in [
        "auto",
        "lbfgsb",
        "projected-gradient",
        "frank-wolfe:box",
        "subgradient:lr=0.2",
        "basin-hopping:hops=20",
        "restarts:starts=5",
        "annealing:levels=30",
    ] {
        assert!(text == "auto" || keeps_bounds(text.split(':').next().unwrap()), "{text}");
        let found = run(text, &mut bowl(), &[5.0, 5.0], Some(bounds()));
        assert!((found.x[0] - 1.0).abs() < 1e-6 && (found.x[1] + 0.5).abs() < 1e-6, "{text}: {found:?}");
    }
    let spec = SolverSpec::parse("lbfgs").unwrap().with_bounds(bounds());
    let error = spec.build(&mut bowl(), &[0.0, 0.0]).err().unwrap().to_string();
    assert!(error.contains("does not keep bounds; try lbfgsb"), "{error}");
}

#[test]
fn sets_by_name() {
    // The point of the simplex nearest to (2, −1) in this metric is (1, 0).
    for text in ["frank-wolfe", "frank-wolfe:open_loop=true", "mirror-descent", "projected-gradient:simplex"] {
        let found = run(text, &mut bowl(), &[0.5, 0.5], None);
        assert!((found.x[0] - 1.0).abs() < 1e-3 && found.x[1].abs() < 1e-3, "{text}: {found:?}");
    }
    let ball = run("projected-gradient:ball,radius=0.5", &mut bowl(), &[0.0, 0.0], None);
    assert!(((ball.x[0].powi(2) + ball.x[1].powi(2)).sqrt() - 0.5).abs() < 1e-12, "{ball:?}");
    let error = SolverSpec::parse("frank-wolfe:box").unwrap().build(&mut bowl(), &[0.0, 0.0]).err().unwrap();
    assert!(error.to_string().contains("bounded on every side"), "{error}");
}

#[test]
fn the_penalty_of_owlqn_is_part_of_the_value() {
    let found = run("owlqn:l1=1", &mut bowl(), &[5.0, 5.0], None);
    let smooth = bowl().at(&found.x).unwrap();
    assert!((found.value - smooth - found.x.iter().map(|x| x.abs()).sum::<f64>()).abs() < 1e-12, "{found:?}");
    // 2(x − 2) + 0.1y + 1 = 0 and 6(y + 1) + 0.1x − 1 = 0.
    let y = (-5.0 - 0.15) / (6.0 - 0.005);
    assert!((found.x[1] - y).abs() < 1e-7, "{found:?}");
}

#[test]
fn newton_goes_along_the_gradient_where_there_is_no_curvature() {
    // Huber's function of x − 30, delta 1: a slope without curvature at the start.
    let value = |x: &[f64]| {
        let r: f64 = x[0] - 30.0;
        if r.abs() <= 1.0 { 0.5 * r * r } else { r.abs() - 0.5 }
    };
    let mut f = Function::new(1, value)
        .with_gradient(|x, g| g[0] = (x[0] - 30.0).clamp(-1.0, 1.0))
        .with_hessian(|x, h| h[0] = f64::from(u8::from((x[0] - 30.0).abs() <= 1.0)));
    let found = run("newton", &mut f, &[0.0], None);
    assert!((found.x[0] - 30.0).abs() < 1e-8, "{:?}", found.termination);
}
