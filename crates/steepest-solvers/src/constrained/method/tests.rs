//! Problems with known answers: closed forms, SciPy's, contradictions, saddles.

use super::*;
use crate::joint::Joint;

include!("../../../reference/constrained.rs");

fn solve(f: &mut dyn Objective<f64>, solver: &mut AugmentedLagrangian<'_>) {
    for _ in 0..100 {
        solver.step(f).unwrap();
        if solver.stationarity().unwrap() <= 1e-8 {
            return;
        }
    }
    panic!("not solved: {:?}", solver.stationarity());
}

fn linear(weights: &'static [f64]) -> impl Objective<f64> + Send {
    Joint::new(weights.len(), |x: &[f64], g: &mut [f64]| {
        g.copy_from_slice(weights);
        crate::dot(weights, x)
    })
}

/// −a ln x − b ln y under px + qy ≤ m.
#[test]
fn utility_under_a_budget() {
    let (a, b, m) = (0.3, 0.7, 100.0);
    let mut utility = Joint::new(2, move |x: &[f64], g: &mut [f64]| {
        (g[0], g[1]) = (-a / x[0], -b / x[1]);
        -a * x[0].ln() - b * x[1].ln()
    });
    let budget = Constraint::at_most(linear(&[2.0, 5.0]), m);
    let mut solver = AugmentedLagrangian::new(vec![10.0, 10.0], vec![budget], BoxSet::unbounded(2)).unwrap();
    solve(&mut utility, &mut solver);
    assert!((solver.x[0] - a * m / 2.0).abs() < 1e-5 && (solver.x[1] - b * m / 5.0).abs() < 1e-5, "{:?}", solver.x);
    // One more unit of income lowers −u by 1/m.
    let price = solver.prices()[0];
    assert!((price.shadow_price + 1.0 / m).abs() < 1e-7 && price.multiplier > 0.0, "{price:?}");
}

/// wL + rK for L^½K^½ ≥ q: cost 2q√(wr), marginal cost 2√(wr).
#[test]
fn cost_of_an_output() {
    let (w, r, q) = (4.0f64, 9.0f64, 5.0f64);
    let output = Joint::new(2, |x: &[f64], g: &mut [f64]| {
        let y = (x[0] * x[1]).sqrt();
        (g[0], g[1]) = (0.5 * y / x[0], 0.5 * y / x[1]);
        y
    });
    let bounds = BoxSet::uniform(2, 1e-6, f64::INFINITY).unwrap();
    let constraints = vec![Constraint::at_least(output, q)];
    let mut solver = AugmentedLagrangian::new(vec![1.0, 1.0], constraints, bounds).unwrap();
    solve(&mut linear(&[4.0, 9.0]), &mut solver);
    assert!((solver.value - 2.0 * q * (w * r).sqrt()).abs() < 1e-6, "{}", solver.value);
    assert!((solver.x[0] - q * (r / w).sqrt()).abs() < 1e-5, "{:?}", solver.x);
    let price = solver.prices()[0];
    assert!((price.shadow_price - 2.0 * (w * r).sqrt()).abs() < 1e-5, "{price:?}");
}

/// Problem 71 of Hock and Schittkowski, as SciPy's trust-constr and SLSQP solve it.
#[test]
fn as_scipy_on_problem_71() {
    let mut f = Joint::new(4, |x: &[f64], g: &mut [f64]| {
        let sum = x[0] + x[1] + x[2];
        g[0] = x[3] * (sum + x[0]);
        g[1] = x[0] * x[3];
        g[2] = x[0] * x[3] + 1.0;
        g[3] = x[0] * sum;
        x[0] * x[3] * sum + x[2]
    });
    let product = Joint::new(4, |x: &[f64], g: &mut [f64]| {
        for (i, g) in g.iter_mut().enumerate() {
            *g = (0..4).filter(|&j| j != i).map(|j| x[j]).product();
        }
        x.iter().product()
    });
    let squares = Joint::new(4, |x: &[f64], g: &mut [f64]| {
        g.iter_mut().zip(x).for_each(|(g, x)| *g = 2.0 * x);
        crate::dot(x, x)
    });
    let constraints = vec![Constraint::at_least(product, 25.0), Constraint::equal(squares, 40.0)];
    let bounds = BoxSet::uniform(4, 1.0, 5.0).unwrap();
    let mut solver = AugmentedLagrangian::new(vec![1.0, 5.0, 5.0, 1.0], constraints, bounds).unwrap();
    solve(&mut f, &mut solver);
    let (value, x, multipliers) = SCIPY;
    assert!((solver.value - value).abs() < 1e-6 * value, "{} {value}", solver.value);
    assert!(solver.x.iter().zip(x).all(|(a, b)| (a - b).abs() < 1e-4), "{:?} {x:?}", solver.x);
    for (price, expected) in solver.prices().iter().zip(multipliers) {
        assert!((price.multiplier - expected).abs() < 1e-4, "{price:?} {expected}");
    }
}

/// x² − y² + y⁴ + z² on x + z = 1.
fn two_valleys() -> (impl Objective<f64>, Constraint<'static>) {
    let f = Joint::new(3, |x: &[f64], g: &mut [f64]| {
        (g[0], g[1], g[2]) = (2.0 * x[0], -2.0 * x[1] + 4.0 * x[1].powi(3), 2.0 * x[2]);
        x[0] * x[0] - x[1] * x[1] + x[1].powi(4) + x[2] * x[2]
    });
    (f, Constraint::equal(linear(&[1.0, 0.0, 1.0]), 1.0))
}

#[test]
fn the_curvature_along_the_constraints_tells_minima_from_saddles() {
    for (start, kind) in [(0.0, CriticalPoint::Saddle), (0.3, CriticalPoint::Minimum)] {
        let (mut f, sum) = two_valleys();
        let mut solver = AugmentedLagrangian::new(vec![3.0, start, 0.0], vec![sum], BoxSet::unbounded(3)).unwrap();
        solve(&mut f, &mut solver);
        let (found, curvature) = solver.curvature(&mut f);
        assert_eq!(found, kind, "{curvature:?}");
        // Along (1, 0, −1)/√2 it is 2; along y it is −2 + 12y².
        let along_y = if start == 0.0 { -2.0 } else { 4.0 };
        let c = curvature.unwrap();
        assert!((c.smallest.min(c.largest) - f64::min(2.0, along_y)).abs() < 1e-4, "{c:?}");
    }
    // y falls along the parabola's inside: the Lagrangian's curvature, not that of f, makes it a minimum.
    let parabola = Joint::new(2, |x: &[f64], g: &mut [f64]| {
        (g[0], g[1]) = (-2.0 * x[0], 1.0);
        x[1] - x[0] * x[0]
    });
    let constraints = vec![Constraint::at_least(parabola, 0.0)];
    let mut solver = AugmentedLagrangian::new(vec![0.4, 2.0], constraints, BoxSet::unbounded(2)).unwrap();
    let mut height = linear(&[0.0, 1.0]);
    solve(&mut height, &mut solver);
    let (found, curvature) = solver.curvature(&mut height);
    assert_eq!(found, CriticalPoint::Minimum);
    assert!((curvature.unwrap().smallest - 2.0).abs() < 1e-6);
    // A corner leaves no direction.
    let corner = vec![Constraint::at_least(linear(&[1.0, 0.0]), 1.0)];
    let bounds = BoxSet::new(vec![f64::NEG_INFINITY, 2.0], vec![f64::INFINITY; 2]).unwrap();
    let mut solver = AugmentedLagrangian::new(vec![5.0, 5.0], corner, bounds).unwrap();
    let mut sum = linear(&[1.0, 1.0]);
    solve(&mut sum, &mut solver);
    assert_eq!(solver.curvature(&mut sum), (CriticalPoint::Minimum, None));
}

#[test]
fn an_idle_constraint_costs_nothing_and_contradictions_are_told() {
    let bowl = || {
        Joint::new(1, |x: &[f64], g: &mut [f64]| {
            g[0] = 2.0 * (x[0] - 1.0);
            (x[0] - 1.0).powi(2)
        })
    };
    let idle = vec![Constraint::at_most(linear(&[1.0]), 3.0)];
    let mut solver = AugmentedLagrangian::new(vec![9.0], idle, BoxSet::unbounded(1)).unwrap();
    solve(&mut bowl(), &mut solver);
    assert!((solver.x[0] - 1.0).abs() < 1e-8 && solver.prices()[0].shadow_price == 0.0);
    let both = vec![Constraint::at_least(linear(&[1.0]), 3.0), Constraint::at_most(linear(&[1.0]), 2.0)];
    let mut solver = AugmentedLagrangian::new(vec![9.0], both, BoxSet::unbounded(1)).unwrap();
    let stop = (0..200).find_map(|_| solver.step(&mut bowl()).err()).unwrap();
    assert!(stop.to_string().contains("may contradict one another"), "{stop}");
}
