//! Rules that look at whole matrices.

use steepest_core::{Layout, Role};
use steepest_optim::Optimizer;

use crate::{
    support::noise,
    vectors::{N, V, beside, dot, map, norm, zip},
};

#[test]
fn adafactor_keeps_rows_and_columns() {
    let (mut r, mut c) = ([0.0; 3], [0.0; 4]);
    beside("adafactor:lr=0.05,weight_decay=0.1,d=0.7", 1e-12, |k, x, g| {
        let t = k as f64 + 1.0;
        let beta = 1.0 - t.powf(-0.8);
        let floor = f64::EPSILON * f64::EPSILON;
        for i in 0..3 {
            r[i] = beta * r[i] + (1.0 - beta) * (0..4).map(|j| g[4 * i + j].powi(2)).sum::<f64>() / 4.0;
        }
        for j in 0..4 {
            c[j] = beta * c[j] + (1.0 - beta) * (0..3).map(|i| g[4 * i + j].powi(2)).sum::<f64>() / 3.0;
        }
        let mean = r.iter().sum::<f64>() / 3.0;
        let u: V = (0..N).map(|i| g[i] / (r[i / 4] * c[i % 4] / mean.max(floor)).max(floor).sqrt()).collect();
        let rms = |v: &V| norm(v) / (N as f64).sqrt();
        let rho = f64::min(0.05, 1.0 / t.sqrt());
        let step = rho * rms(x).max(1e-3) / (rms(&u) / 0.7).max(1.0);
        zip(x, &u, |x, u| x - 0.05 * 0.1 * x - step * u)
    });
}

/// The eigenvectors of a symmetric matrix by Jacobi's rotations, as columns by falling eigenvalue.
fn eigenvectors(a: &[V]) -> Vec<V> {
    let n = a.len();
    let mut a = a.to_vec();
    let mut q: Vec<V> = (0..n).map(|i| (0..n).map(|j| if i == j { 1.0 } else { 0.0 }).collect()).collect();
    for _ in 0..30 {
        for i in 0..n {
            for j in i + 1..n {
                if a[i][j] == 0.0 {
                    continue;
                }
                let theta = 0.5 * (2.0 * a[i][j]).atan2(a[j][j] - a[i][i]);
                let (s, c) = theta.sin_cos();
                for row in a.iter_mut().chain(&mut q) {
                    (row[i], row[j]) = (c * row[i] - s * row[j], s * row[i] + c * row[j]);
                }
                let (row_i, row_j) = (a[i].clone(), a[j].clone());
                (a[i], a[j]) = (zip(&row_i, &row_j, |x, y| c * x - s * y), zip(&row_i, &row_j, |x, y| s * x + c * y));
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[j][j].total_cmp(&a[i][i]));
    q.iter().map(|row| order.iter().map(|&j| row[j]).collect()).collect()
}

fn product(a: &[V], b: &[V]) -> Vec<V> {
    let at = |row: &V, j: usize| row.iter().zip(b).map(|(a, b)| a * b[j]).sum();
    a.iter().map(|row| (0..b[0].len()).map(|j| at(row, j)).collect()).collect()
}
fn transpose(a: &[V]) -> Vec<V> {
    (0..a[0].len()).map(|j| a.iter().map(|row| row[j]).collect()).collect()
}
fn each(a: &[V], b: &[V], f: impl Fn(f64, f64) -> f64) -> Vec<V> {
    a.iter().zip(b).map(|(a, b)| zip(a, b, &f)).collect()
}

/// Adam in the basis of algorithm 3: everything turned and turned back at every step, the moment kept outside of the basis.
#[test]
fn soap_is_adam_in_an_eigenbasis() {
    /// Gram and Schmidt over the columns of LQ, sorted by their eigenvalues; also V's order.
    fn improve(moment: &[V], q: &[V]) -> (Vec<V>, Vec<usize>) {
        let image = transpose(&product(moment, q));
        let columns = transpose(q);
        let eigen: V = columns.iter().zip(&image).map(|(q, a)| dot(q, a)).collect();
        let mut order: Vec<usize> = (0..q.len()).collect();
        order.sort_by(|&i, &j| eigen[j].total_cmp(&eigen[i]));
        let mut done: Vec<V> = Vec::new();
        for &i in &order {
            let mut v = image[i].clone();
            for _ in 0..2 {
                for other in &done {
                    let share = dot(&v, other);
                    v = zip(&v, other, |v, o| v - share * o);
                }
            }
            let size = norm(&v);
            done.push(map(&v, |v| v / size));
        }
        (transpose(&done), order)
    }
    let (mut l, mut r) = (vec![vec![0.0; 3]; 3], vec![vec![0.0; 4]; 4]);
    let (mut ql, mut qr) = (Vec::new(), Vec::new());
    let (mut m, mut v) = (vec![vec![0.0; 4]; 3], vec![vec![0.0; 4]; 3]);
    beside("soap:lr=0.01,beta1=0.9,beta2=0.95,weight_decay=0.1,every=4", 1e-9, |k, x, g| {
        let g: Vec<V> = g.chunks(4).map(<[f64]>::to_vec).collect();
        let mut next = map(x, |x| x - 0.01 * 0.1 * x);
        if k > 0 {
            let into = |a: &[V], ql: &[V], qr: &[V]| product(&product(&transpose(ql), a), qr);
            m = each(&m, &g, |m, g| 0.9 * m + 0.1 * g);
            v = each(&v, &into(&g, &ql, &qr), |v, g| 0.95 * v + 0.05 * g * g);
            let c = [0.9, 0.95].map(|b| 1.0 - f64::powi(b, k as i32));
            let scaled = each(&into(&m, &ql, &qr), &v, |m, v| m / c[0] / ((v / c[1]).sqrt() + 1e-8));
            let u = product(&product(&ql, &scaled), &transpose(&qr));
            next = zip(&next, &u.concat(), |x, u| x - 0.01 * u);
        }
        l = each(&l, &product(&g, &transpose(&g)), |l, g| 0.95 * l + 0.05 * g);
        r = each(&r, &product(&transpose(&g), &g), |r, g| 0.95 * r + 0.05 * g);
        if k == 0 {
            (ql, qr) = (eigenvectors(&l), eigenvectors(&r));
        } else if k % 4 == 0 {
            let ((new_l, rows), (new_r, cols)) = (improve(&l, &ql), improve(&r, &qr));
            v = rows.iter().map(|&i| cols.iter().map(|&j| v[i][j]).collect()).collect();
            (ql, qr) = (new_l, new_r);
        }
        next
    });
}

/// Five Newton–Schulz steps bring all singular values near 1: the Gram matrix is near the identity.
#[test]
fn muon_steps_are_nearly_orthogonal() {
    for (rows, cols) in [(3usize, 4usize), (8, 3), (5, 5)] {
        let mut layout = Layout::new();
        layout.push("w", &[rows, cols], Role::Weight).unwrap();
        let text = "muon:lr=1,weight_decay=0,momentum=0,adjust=original";
        let mut optimizer = Optimizer::<f64>::parse(text, &layout).unwrap();
        let mut x = vec![0.0; rows * cols];
        optimizer.step(&mut x, &mut noise(3, rows * cols)).unwrap();
        let scale = (rows as f64 / cols as f64).max(1.0);
        // The row or column Gram matrix of the short side, whose eigenvalues are the squared singular values.
        let small = rows.min(cols);
        let at = |i: usize, k: usize| if rows <= cols { x[i * cols + k] } else { x[k * cols + i] };
        let trace: f64 = (0..small).map(|i| (0..rows.max(cols)).map(|k| at(i, k).powi(2)).sum::<f64>()).sum();
        let mean = trace / small as f64 / scale;
        assert!((0.5..1.4).contains(&mean), "{rows}×{cols}: {mean}");
        for i in 0..small {
            for j in 0..i {
                let cross: f64 = (0..rows.max(cols)).map(|k| at(i, k) * at(j, k)).sum::<f64>() / scale;
                assert!(cross.abs() < 0.45, "{rows}×{cols}: {cross}");
            }
        }
    }
}
