//! The flow against closed forms, its orders, and what it refuses.

use super::*;
use crate::joint::Joint;

/// ½Σ λᵢxᵢ², whose flow is xᵢ(t) = xᵢ(0)·exp(−λᵢt).
fn quadratic(lambda: &'static [f64]) -> impl Objective<f64> {
    Joint::new(lambda.len(), move |x: &[f64], g: &mut [f64]| {
        x.iter()
            .zip(g)
            .zip(lambda)
            .map(|((x, g), l)| {
                *g = l * x;
                0.5 * l * x * x
            })
            .sum()
    })
}

const LAMBDA: [f64; 3] = [0.1, 1.0, 7.0];

fn exact(t: f64) -> [f64; 3] {
    LAMBDA.map(|l| 2.0 * (-l * t).exp())
}

fn error(path: &Path) -> f64 {
    let each = path.t.iter().zip(&path.x);
    each.map(|(t, x)| x.iter().zip(exact(*t)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)).fold(0.0, f64::max)
}

#[test]
fn quadratics_decay_exponentially_also_between_the_steps() {
    let times: Vec<f64> = (0..=200).map(|k| 0.05 * k as f64).collect();
    let mut last = f64::INFINITY;
    for tolerance in [1e-4, 1e-6, 1e-8, 1e-10] {
        let flow = Flow { relative: tolerance, absolute: tolerance, ..Flow::default() };
        let path = flow.follow(&mut quadratic(&LAMBDA), &[2.0; 3], &times).unwrap();
        assert_eq!(path.t, times);
        let error = error(&path);
        assert!(error < 30.0 * tolerance && error < 0.2 * last, "{tolerance}: {error}");
        assert!(path.value.windows(2).all(|w| w[1] < w[0]), "J falls");
        assert!(path.steps < 1000 && path.gradients >= 6 * path.steps);
        last = error;
    }
}

#[test]
fn the_continuous_extension_is_of_order_four_and_the_step_of_order_five() {
    // One step of length h: local errors fall like h⁶ at the end and h⁵ inside.
    let at = |h: f64, share: f64| {
        let flow = Flow { relative: 1e3, absolute: 1e3, ..Flow::default() };
        let mut f = quadratic(&LAMBDA);
        let mut run = Run::new(flow, &mut f, &[2.0; 3]).unwrap();
        run.h = h;
        assert!(run.step(&mut f, h).unwrap());
        let x = run.between(share * h);
        x.iter().zip(exact(share * h)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let order = |share| (at(0.02, share) / at(0.01, share)).log2();
    assert!((order(1.0) - 6.0).abs() < 0.3, "{}", order(1.0));
    assert!((order(0.4) - 5.0).abs() < 0.3, "{}", order(0.4));
}

#[test]
fn descent_is_the_discretization_of_order_one() {
    let distance = |eta: f64, steps: u64| {
        let path = euler(&mut quadratic(&LAMBDA), &[2.0; 3], eta, steps).unwrap();
        path.x.last().unwrap().iter().zip(exact(1.0)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let ratio = distance(0.01, 100) / distance(0.005, 200);
    assert!((ratio - 2.0).abs() < 0.1, "{ratio}");
}

#[test]
fn stiffness_is_noticed_and_costs_what_theory_says() {
    static STIFF: [f64; 2] = [1.0, 2000.0];
    let path = Flow::default().follow(&mut quadratic(&STIFF), &[1.0, 1.0], &[10.0]).unwrap();
    assert!(path.stiff && (path.x[0][0] - (-10f64).exp()).abs() < 1e-6);
    // 10·2000/3.3 steps of stability at least.
    assert!(path.steps > 5000 && path.steps < 9000, "{}", path.steps);
    let path = Flow::default().follow(&mut quadratic(&LAMBDA), &[1.0; 3], &[1.0]).unwrap();
    assert!(!path.stiff);
    let few = Flow { max_steps: 100, ..Flow::default() };
    let error = few.follow(&mut quadratic(&STIFF), &[1.0, 1.0], &[10.0]).unwrap_err();
    assert!(error.to_string().contains("stiff"), "{error}");
}

#[test]
fn the_flow_stops_at_rest_and_refuses_nonsense() {
    let flow = Flow { gtol: 1e-3, ..Flow::default() };
    let path = flow.follow(&mut quadratic(&LAMBDA), &[1.0; 3], &[1.0, 1e6]).unwrap();
    assert_eq!(path.t, [1.0]);
    assert!(path.end < 100.0);
    assert!(Flow::default().follow(&mut quadratic(&LAMBDA), &[1.0; 3], &[1.0, 0.5]).is_err());
    assert!(euler(&mut quadratic(&LAMBDA), &[1.0; 3], -1.0, 3).is_err());
    // ln has no value left of zero; its flow from 1 with J = −ln x grows and is fine.
    let mut log = Joint::new(1, |x: &[f64], g: &mut [f64]| {
        g[0] = -1.0 / x[0];
        if x[0] > 0.0 { -x[0].ln() } else { f64::NAN }
    });
    let path = Flow::default().follow(&mut log, &[1.0], &[4.0]).unwrap();
    assert!((path.x[0][0] - 3.0).abs() < 1e-5, "{:?}", path.x);
}
