//! Gradient, Hessian-vector product, Hessian and line of every loss, storage and extra against central differences.

use steepest_core::Objective;
use steepest_models::linear::{LinearObjective, Loss};

use crate::sample::{LOSSES, STORAGES, point, problem};

#[test]
fn gradients_are_the_differences_of_values() {
    for loss in LOSSES {
        for storage in STORAGES {
            for extras in [false, true] {
                let p = problem(loss, storage, extras, 3);
                let mut f = LinearObjective::new(&p);
                let x = point(p.parameters(), 0.3, 5);
                let mut g = vec![0.0; x.len()];
                f.at(&x).unwrap();
                f.gradient(&mut g).unwrap();
                for j in 0..x.len() {
                    let h = 1e-6;
                    let mut at = |t: f64| {
                        let mut y = x.clone();
                        y[j] += t;
                        f.at(&y).unwrap()
                    };
                    let difference = (at(h) - at(-h)) / (2.0 * h);
                    assert!(
                        (difference - g[j]).abs() < 2e-8,
                        "{loss:?} {storage:?} {extras} {j}: {difference} {}",
                        g[j]
                    );
                }
            }
        }
    }
}

#[test]
fn hessians_and_their_products_are_the_differences_of_gradients() {
    for loss in LOSSES {
        // A kink inside the difference quotient would spoil it; curvature of hinge and quantile is 0.
        let h = if matches!(loss, Loss::Hinge | Loss::Quantile(_)) { 1e-9 } else { 1e-6 };
        for storage in STORAGES {
            for extras in [false, true] {
                let p = problem(loss, storage, extras, 3);
                let d = p.parameters();
                let mut f = LinearObjective::new(&p);
                let x = point(d, 0.3, 5);
                let v = point(d, 1.0, 6);
                let mut gradient = |t: f64| {
                    let y: Vec<f64> = x.iter().zip(&v).map(|(x, v)| x + t * v).collect();
                    let mut g = vec![0.0; d];
                    f.at(&y).unwrap();
                    f.gradient(&mut g).unwrap();
                    g
                };
                let (up, down) = (gradient(h), gradient(-h));
                let mut g = vec![0.0; d];
                f.at(&x).unwrap();
                f.gradient(&mut g).unwrap();
                let mut product = vec![0.0; d];
                f.hvp(&v, &mut product);
                let mut hessian = vec![0.0; d * d];
                assert!(f.hessian(&mut hessian));
                for i in 0..d {
                    let difference = (up[i] - down[i]) / (2.0 * h);
                    let tolerance = 1e-7 * (1e-6 / h);
                    let context = format!("{loss:?} {storage:?} {extras} {i}");
                    assert!((difference - product[i]).abs() < tolerance, "{context}: {difference} {}", product[i]);
                    let row: f64 = (0..d).map(|j| hessian[i * d + j] * v[j]).sum();
                    assert!((row - product[i]).abs() < 1e-12, "{context}: {row} {}", product[i]);
                    assert!((0..d).all(|j| hessian[i * d + j] == hessian[j * d + i]), "{context}");
                }
            }
        }
    }
}

#[test]
fn a_line_is_the_objective_along_it() {
    for loss in LOSSES {
        for storage in STORAGES {
            let p = problem(loss, storage, true, 9);
            let mut f = LinearObjective::new(&p);
            let (x, d) = (point(p.parameters(), 0.3, 5), point(p.parameters(), 0.2, 7));
            for t in [0.0, 0.4, 1.0, 3.0] {
                let y: Vec<f64> = x.iter().zip(&d).map(|(x, d)| x + t * d).collect();
                let mut g = vec![0.0; y.len()];
                let value = f.at(&y).unwrap();
                f.gradient(&mut g).unwrap();
                let slope: f64 = g.iter().zip(&d).map(|(g, d)| g * d).sum();
                f.at(&x).unwrap();
                let (v, s) = f.line(&d).unwrap().at(t).unwrap();
                assert!((v - value).abs() < 1e-13 * (1.0 + value.abs()), "{loss:?} {storage:?} {t}");
                assert!((s - slope).abs() < 1e-12 * (1.0 + slope.abs()), "{loss:?} {storage:?} {t}");
            }
        }
    }
}

#[test]
fn a_row_whose_loss_is_not_finite_is_named() {
    let mut p = problem(Loss::Poisson, STORAGES[1], false, 3);
    p.offset = Some((0..p.rows()).map(|i| if i == 17 { 800.0 } else { 0.0 }).collect());
    let mut f = LinearObjective::new(&p);
    let error = f.at(&vec![0.0; p.parameters()]).unwrap_err();
    assert_eq!(error.to_string(), "the loss of row 18 is inf");
}
