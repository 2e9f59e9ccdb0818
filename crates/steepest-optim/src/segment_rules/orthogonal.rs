//! Orthonormal bases of symmetric matrices: all eigenvectors once, and better ones from a step of power iteration.
//!
//! Bases are kept with their vectors as rows.

use steepest_core::Real;

use super::product::{Mat, multiply};

/// The eigenvectors of the symmetric `a` (n × n), as rows, by falling eigenvalue. Reduction to a tridiagonal matrix by Householder
/// reflections, then implicit QL (Golub and Van Loan, "Matrix Computations", 4th ed., 8.3). O(n³), once a run.
pub(super) fn eigenvectors(a: &[f64], n: usize) -> Vec<f64> {
    let mut q = a.to_vec();
    let (mut d, mut e) = (vec![0.0; n], vec![0.0; n]);
    tridiagonal(&mut q, &mut d, &mut e, n);
    implicit_ql(&mut q, &mut d, &mut e, n);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| d[j].total_cmp(&d[i]));
    order.iter().flat_map(|&i| q[i * n..(i + 1) * n].iter().copied()).collect()
}

/// QᵀAQ is tridiagonal with diagonal `d` and neighbours `e[1..]`; `a` becomes Qᵀ.
fn tridiagonal(a: &mut [f64], d: &mut [f64], e: &mut [f64], n: usize) {
    let mut q = vec![0.0; n * n];
    (0..n).for_each(|i| q[i * n + i] = 1.0);
    let (mut v, mut p) = (vec![0.0; n], vec![0.0; n]);
    for k in 0..n.saturating_sub(2) {
        // The reflection that leaves of column k only the element below the diagonal.
        let norm = (k + 1..n).map(|i| a[i * n + k] * a[i * n + k]).sum::<f64>().sqrt();
        let head = a[(k + 1) * n + k];
        let alpha = if head > 0.0 { -norm } else { norm };
        (0..n).for_each(|i| v[i] = if i > k { a[i * n + k] } else { 0.0 });
        v[k + 1] -= alpha;
        let size: f64 = v[k + 1..].iter().map(|v| v * v).sum();
        if size == 0.0 {
            continue;
        }
        let beta = 2.0 / size;
        for i in 0..n {
            p[i] = beta * a[i * n + k..(i + 1) * n].iter().zip(&v[k..]).map(|(a, v)| a * v).sum::<f64>();
        }
        let half = 0.5 * beta * p.iter().zip(&v).map(|(p, v)| p * v).sum::<f64>();
        p.iter_mut().zip(&v).for_each(|(p, v)| *p -= half * v);
        for i in k..n {
            let (vi, pi) = (v[i], p[i]);
            for j in k..n {
                a[i * n + j] -= vi * p[j] + pi * v[j];
            }
        }
        // Q ← QH, kept transposed: rows ← H·rows.
        p.fill(0.0);
        for i in k + 1..n {
            let vi = beta * v[i];
            p.iter_mut().zip(&q[i * n..(i + 1) * n]).for_each(|(p, q)| *p += vi * q);
        }
        for i in k + 1..n {
            let vi = v[i];
            q[i * n..(i + 1) * n].iter_mut().zip(&p).for_each(|(q, p)| *q -= vi * p);
        }
    }
    for i in 0..n {
        d[i] = a[i * n + i];
        e[i] = if i > 0 { a[i * n + i - 1] } else { 0.0 };
    }
    a.copy_from_slice(&q);
}

/// Makes the tridiagonal matrix diagonal; the rows of `q` become the eigenvectors.
fn implicit_ql(q: &mut [f64], d: &mut [f64], e: &mut [f64], n: usize) {
    const MOST: usize = 60;
    e.rotate_left(usize::from(n > 0));
    for l in 0..n {
        for _ in 0..MOST {
            let small = |m: usize| e[m].abs() <= f64::EPSILON * (d[m].abs() + d[m + 1].abs());
            let m = (l..n - 1).find(|&m| small(m)).unwrap_or(n - 1);
            if m == l {
                break;
            }
            // Wilkinson's shift, from the upper end.
            let g = (d[l + 1] - d[l]) / (2.0 * e[l]);
            let r = g.hypot(1.0);
            let mut g = d[m] - d[l] + e[l] / (g + if g >= 0.0 { r } else { -r });
            let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
            let mut i = m;
            while i > l {
                i -= 1;
                let (f, b) = (s * e[i], c * e[i]);
                let r = f.hypot(g);
                e[i + 1] = r;
                if r == 0.0 {
                    d[i + 1] -= p;
                    e[m] = 0.0;
                    break;
                }
                (s, c) = (f / r, g / r);
                let h = d[i + 1] - p;
                let r = (d[i] - h) * s + 2.0 * c * b;
                p = s * r;
                d[i + 1] = h + p;
                g = c * r - b;
                let (low, high) = q.split_at_mut((i + 1) * n);
                for (x, y) in low[i * n..].iter_mut().zip(&mut high[..n]) {
                    (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                }
                if i == l {
                    d[l] -= p;
                    e[l] = g;
                    e[m] = 0.0;
                }
            }
        }
    }
}

/// Rows of a panel that are made orthogonal one by one; the others are by products of matrices.
const PANEL: usize = 32;

/// Makes the n rows of `q` orthonormal in order: the Q of a QR decomposition, but for signs. Every panel is projected twice, since
/// once leaves what cancellation has lost. A row that depends on those before it is replaced by what is left of a unit vector.
pub(super) fn orthonormalize<T: Real>(q: &mut [T], n: usize, work: &mut [T]) {
    let scale = |row: &mut [T], by: f64| row.iter_mut().for_each(|v| *v *= T::from_f64(by));
    for start in (0..n).step_by(PANEL) {
        let rows = PANEL.min(n - start);
        let (done, rest) = q.split_at_mut(start * n);
        let panel = &mut rest[..rows * n];
        for _ in 0..2 {
            // panel ← panel − (panel·doneᵀ)·done
            if start > 0 {
                let share = &mut work[..rows * start];
                multiply(share, 0.0, 1.0, Mat::new(panel, rows, n), Mat::new(done, start, n).t());
                multiply(panel, 1.0, -1.0, Mat::new(share, rows, start), Mat::new(done, start, n));
            }
            for i in 0..rows {
                let (before, row) = panel.split_at_mut(i * n);
                let row = &mut row[..n];
                let whole = norm(row);
                for other in before.chunks(n) {
                    let share = T::from_f64(dot(row, other));
                    row.iter_mut().zip(other).for_each(|(r, &o)| *r -= share * o);
                }
                let left = norm(row);
                if left > 0.0 && left.is_finite() && left > 1e-30 * whole {
                    scale(row, 1.0 / left);
                } else {
                    row.fill(T::ZERO);
                    row[start + i] = T::ONE;
                }
            }
        }
    }
}

/// In 64 bits, in the order of eight lanes.
fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    let mut sums = [0.0; 8];
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        for (s, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *s += a.to_f64() * b.to_f64();
        }
    }
    sums.iter().sum()
}

fn norm<T: Real>(a: &[T]) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symmetric(n: usize) -> Vec<f64> {
        let half = |i: usize, j: usize| ((i * 37 + j * 11 + i * j) as f64 * 0.618).sin();
        (0..n * n).map(|k| half(k / n, k % n) + half(k % n, k / n)).collect()
    }

    #[test]
    fn eigenvectors_are_orthonormal_and_diagonalize() {
        for n in [1, 2, 3, 10, 45] {
            let a = symmetric(n);
            let q = eigenvectors(&a, n);
            let row = |i: usize| &q[i * n..(i + 1) * n];
            let mut last = f64::INFINITY;
            for i in 0..n {
                let image: Vec<f64> = (0..n).map(|r| dot(&a[r * n..(r + 1) * n], row(i))).collect();
                let lambda = dot(&image, row(i));
                assert!(lambda <= last + 1e-9, "{n}: the eigenvalues fall");
                last = lambda;
                let off = image.iter().zip(row(i)).map(|(a, v)| (a - lambda * v).abs()).fold(0.0, f64::max);
                assert!(off < 1e-12 * (n * n) as f64, "{n}, {i}: {off:e}");
                for j in 0..=i {
                    let one = if i == j { 1.0 } else { 0.0 };
                    assert!((dot(row(i), row(j)) - one).abs() < 1e-12, "{n}: {i} {j}");
                }
            }
        }
    }

    #[test]
    fn rows_become_orthonormal_in_order() {
        for n in [1, 5, 33, 70] {
            let start = symmetric(n);
            let (mut q, mut work) = (start.clone(), vec![0.0; PANEL * n]);
            // A row that depends on others.
            if n > 2 {
                q.copy_within(0..n, 2 * n);
            }
            orthonormalize(&mut q, n, &mut work);
            for i in 0..n {
                for j in 0..=i {
                    let one = if i == j { 1.0 } else { 0.0 };
                    let off = (dot(&q[i * n..(i + 1) * n], &q[j * n..(j + 1) * n]) - one).abs();
                    assert!(off < 1e-13, "{n}: {i} {j} {off:e}");
                }
            }
            // The first row keeps its direction, if it has one.
            let size = norm(&start[..n]);
            assert!(size == 0.0 || (dot(&q[..n], &start[..n]) / size - 1.0).abs() < 1e-13);
        }
    }
}
