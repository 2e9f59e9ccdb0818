//! Information matrices: inverses that say which parameter the others determine, and degrees of freedom.

use steepest_solvers::Cholesky;

use crate::linear::kernels::product;

/// The condition number beyond which the information matrix, scaled to a diagonal of ones, counts as singular.
const CONDITION_LIMIT: f64 = 1e12;

/// H⁻¹ by way of H scaled to a diagonal of ones, which takes the units of the features out of the question whether it is
/// singular. The error is the parameter that the others determine.
pub(super) fn inverse(h: &[f64], p: usize) -> Result<Vec<f64>, usize> {
    if let Some(zero) = (0..p).find(|&i| h[i * p + i].is_nan() || h[i * p + i] <= 0.0) {
        return Err(zero);
    }
    let size: Vec<f64> = (0..p).map(|i| h[i * p + i].sqrt()).collect();
    let scaled: Vec<f64> = (0..p * p).map(|at| h[at] / (size[at / p] * size[at % p])).collect();
    match Cholesky::new(&scaled, p, 0.0).filter(|factor| factor.condition() < CONDITION_LIMIT) {
        Some(factor) => {
            let mut inverse = factor.inverse();
            inverse.iter_mut().enumerate().for_each(|(at, v)| *v /= size[at / p] * size[at % p]);
            Ok(inverse)
        }
        None => Err(dependent(scaled, p)),
    }
}

/// The parameter with the smallest pivot, in the order of the intercept (the last) first: what remains of it after what the
/// ones before it explain. O(p³/6), only on the way to a message.
fn dependent(mut a: Vec<f64>, p: usize) -> usize {
    let mut smallest = (f64::INFINITY, 0);
    let order: Vec<usize> = (0..p).map(|i| (i + p - 1) % p).collect();
    for (n, &i) in order.iter().enumerate() {
        let pivot = a[i * p + i];
        if pivot.is_nan() || pivot < smallest.0 {
            smallest = (pivot, i);
        }
        if pivot.is_nan() || pivot <= p as f64 * f64::EPSILON {
            break;
        }
        for &r in &order[n + 1..] {
            let factor = a[r * p + i] / pivot;
            for &c in &order[n + 1..] {
                a[r * p + c] -= factor * a[i * p + c];
            }
        }
    }
    smallest.1
}

/// ab for p × p matrices.
pub(super) fn times(a: &[f64], b: &[f64], p: usize) -> Vec<f64> {
    let mut c = vec![0.0; p * p];
    product(p, p, p, &mut c, (1, p), a, (1, p), b, (1, p), false);
    c
}

/// tr(2F − F²).
pub(super) fn free_parameters(f: &[f64], p: usize) -> f64 {
    let of_row = |i: usize| 2.0 * f[i * p + i] - (0..p).map(|j| f[i * p + j] * f[j * p + i]).sum::<f64>();
    (0..p).map(of_row).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dependent_parameter_is_found() {
        // Columns 1, a, b, 1 − a over four rows and the intercept last: 1 − a follows from the intercept and a.
        let rows = [[0.0, 2.0, 1.0, 1.0], [1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 0.0, 1.0], [0.0, -1.0, 1.0, 1.0]];
        let h: Vec<f64> = (0..16).map(|at| rows.iter().map(|r| r[at / 4] * r[at % 4]).sum()).collect();
        assert_eq!(inverse(&h, 4), Err(2));
        let mut penalized = h.clone();
        (0..3).for_each(|i| penalized[i * 5] += 0.1);
        let v = inverse(&penalized, 4).unwrap();
        let back = times(&v, &penalized, 4);
        (0..16).for_each(|at| assert!((back[at] - f64::from(u8::from(at % 5 == 0))).abs() < 1e-12));
    }
}
