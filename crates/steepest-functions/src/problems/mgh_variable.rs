//! Moré, Garbow and Hillstrom's problems of any dimension: numbers 20 to 35 of their 35 (source: see [`super::mgh`]).

use super::draft::{Draft, squares};
use super::mgh::mgh;
use super::{Dims, Kind, ProblemEntry};
use crate::{Builder, Expr};

pub(super) const ENTRIES: &[ProblemEntry] = &[
    mgh("watson", "Watson", Dims::any(2, 31, 6), watson),
    mgh(
        "extended-rosenbrock",
        "Rosenbrock's valley in pairs",
        Dims::multiple(2, 2, 1_000_000, 100),
        extended_rosenbrock,
    )
    .alias(&["srosenbr"]),
    mgh(
        "extended-powell",
        "Powell's singular function in fours",
        Dims::multiple(4, 4, 1_000_000, 100),
        extended_powell,
    )
    .alias(&["powellsg", "extended-powell-singular"]),
    mgh("penalty-1", "penalty function I", Dims::any(1, 100_000, 10), penalty_1).alias(&["penalty1"]),
    mgh("penalty-2", "penalty function II", Dims::any(2, 1_000, 10), penalty_2).alias(&["penalty2"]),
    mgh("variably-dimensioned", "variably dimensioned", Dims::any(1, 100_000, 50), variably_dimensioned)
        .alias(&["vardim"]),
    mgh("trigonometric", "trigonometric", Dims::any(1, 1_000, 10), trigonometric).alias(&["argtrigls"]),
    mgh("brown-almost-linear", "Brown, almost linear", Dims::any(2, 1_000, 10), brown_almost_linear)
        .alias(&["brownal"]),
    mgh("discrete-boundary-value", "a boundary value problem, discretized", Dims::any(1, 100_000, 50), boundary_value)
        .alias(&["morebv"]),
    mgh("discrete-integral-equation", "an integral equation, discretized", Dims::any(1, 10_000, 50), integral_equation)
        .alias(&["inteqnels"]),
    mgh("broyden-tridiagonal", "Broyden, tridiagonal", Dims::any(2, 1_000_000, 100), broyden_tridiagonal)
        .alias(&["broydn3dls"]),
    mgh("broyden-banded", "Broyden, banded", Dims::any(2, 1_000_000, 100), broyden_banded)
        .alias(&["brybnd", "broydnbdls"]),
    mgh("linear-full-rank", "linear residuals of full rank", Dims::any(1, 10_000, 20), linear_full_rank)
        .kind(Kind::Quadratic)
        .alias(&["arglina"]),
    mgh("linear-rank-1", "linear residuals of rank 1", Dims::any(1, 10_000, 20), linear_rank_1)
        .kind(Kind::Quadratic)
        .alias(&["arglinb"]),
    mgh("linear-rank-1-zero", "rank 1 with zero columns and rows", Dims::any(3, 10_000, 20), linear_rank_1_zero)
        .kind(Kind::Quadratic)
        .alias(&["arglinc"]),
    mgh("chebyquad", "Chebyquad", Dims::any(1, 100, 8), chebyquad),
];

fn watson(n: usize) -> Draft {
    squares(n, |b, x| {
        let mut r: Vec<Expr> = (1..=29)
            .map(|i| {
                let t = f64::from(i) / 29.0;
                let slope = b.sum((1..n).map(|j| j as f64 * t.powi(j as i32 - 1) * x[j]));
                let value = b.sum((0..n).map(|j| t.powi(j as i32) * x[j]));
                slope - value.powi(2) - 1.0
            })
            .collect();
        r.extend([x[0], x[1] - x[0].powi(2) - 1.0]);
        r
    })
    .minimum_values(&[(6, 2.287_670_053_552_37e-3), (9, 1.399_760_138_098_3e-6), (12, 4.722_381_1e-10)])
}

fn extended_rosenbrock(n: usize) -> Draft {
    squares(n, |_, x| x.chunks(2).flat_map(|p| [10.0 * (p[1] - p[0].powi(2)), 1.0 - p[0]]).collect())
        .start_cycle(&[-1.2, 1.0])
        .minimum_at_all(0.0, 1.0)
}

fn extended_powell(n: usize) -> Draft {
    squares(n, |_, x| {
        x.chunks(4)
            .flat_map(|p| {
                [
                    p[0] + 10.0 * p[1],
                    5f64.sqrt() * (p[2] - p[3]),
                    (p[1] - 2.0 * p[2]).powi(2),
                    10f64.sqrt() * (p[0] - p[3]).powi(2),
                ]
            })
            .collect()
    })
    .start_cycle(&[3.0, -1.0, 0.0, 1.0])
    .minimum_at_all(0.0, 0.0)
}

fn penalty_1(n: usize) -> Draft {
    squares(n, |b, x| {
        let mut r: Vec<Expr> = x.iter().map(|&x| 1e-5f64.sqrt() * (x - 1.0)).collect();
        r.push(b.sum(x.iter().map(|x| x.powi(2))) - 0.25);
        r
    })
    .start_with(|i| i)
    .minimum_values(&[(4, 2.249_977_500_9e-5), (10, 7.087_651_467_090_4e-5)])
}

fn penalty_2(n: usize) -> Draft {
    squares(n, |b, x| {
        let root = 1e-5f64.sqrt();
        let mut r = vec![x[0] - 0.2];
        for i in 1..n {
            let y = ((i + 1) as f64 / 10.0).exp() + (i as f64 / 10.0).exp();
            r.push(root * ((x[i] / 10.0).exp() + (x[i - 1] / 10.0).exp() - y));
        }
        r.extend(x[1..].iter().map(|&x| root * ((x / 10.0).exp() - (-0.1f64).exp())));
        r.push(b.sum(x.iter().enumerate().map(|(j, x)| (n - j) as f64 * x.powi(2))) - 1.0);
        r
    })
    .start_with(|_| 0.5)
    .minimum_values(&[(4, 9.376_293_007_355e-6), (10, 2.936_605_374_567e-4)])
}

fn variably_dimensioned(n: usize) -> Draft {
    squares(n, |b, x| {
        let mut r: Vec<Expr> = x.iter().map(|&x| x - 1.0).collect();
        let s = b.sum(r.iter().enumerate().map(|(j, &d)| (j + 1) as f64 * d));
        r.extend([s, s.powi(2)]);
        r
    })
    .start_with(|i| 1.0 - i / n as f64)
    .minimum_at_all(0.0, 1.0)
}

fn trigonometric(n: usize) -> Draft {
    squares(n, |b, x| {
        let cosines = b.sum(x.iter().map(|x| x.cos()));
        let residual = |i: usize| n as f64 - cosines + (i + 1) as f64 * (1.0 - x[i].cos()) - x[i].sin();
        (0..n).map(residual).collect()
    })
    .start_with(|_| 1.0 / n as f64)
    .minimum_at_all(0.0, 0.0)
    .locals_in(10, &[2.795_056_121_878e-5])
}

fn brown_almost_linear(n: usize) -> Draft {
    let draft = squares(n, |b, x| {
        let s = b.sum(x.iter().copied());
        let mut r: Vec<Expr> = x[1..].iter().zip(x).map(|(_, &x)| x + s - (n + 1) as f64).collect();
        r.push(b.product(x.iter().copied()) - 1.0);
        r
    });
    let mut far = vec![0.0; n];
    far[n - 1] = (n + 1) as f64;
    let mut draft = draft.start_with(|_| 0.5).minimum_at_all(0.0, 1.0).local(1.0);
    draft.minima[1].point = Some(far);
    draft
}

fn boundary_value(n: usize) -> Draft {
    let h = 1.0 / (n + 1) as f64;
    squares(n, |b, x| {
        let at = |i: usize| if (1..=n).contains(&i) { x[i - 1] } else { b.constant(0.0) };
        let residual = |i: usize| {
            let curve = (at(i) + (i as f64 * h + 1.0)).powi(3);
            2.0 * at(i) - at(i - 1) - at(i + 1) + h * h / 2.0 * curve
        };
        (1..=n).map(residual).collect()
    })
    .start_with(|i| i * h * (i * h - 1.0))
    .minimum_value(0.0)
}

fn integral_equation(n: usize) -> Draft {
    let h = 1.0 / (n + 1) as f64;
    let t = |i: usize| (i + 1) as f64 * h;
    squares(n, |b, x| {
        let cube: Vec<Expr> = x.iter().enumerate().map(|(j, &x)| (x + (t(j) + 1.0)).powi(3)).collect();
        // Running sums from both ends make the double sum linear in n.
        let mut below = b.constant(0.0);
        let mut above = b.sum(cube.iter().enumerate().map(|(j, &c)| (1.0 - t(j)) * c));
        let mut r = Vec::new();
        for i in 0..n {
            below = below + t(i) * cube[i];
            above = above - (1.0 - t(i)) * cube[i];
            r.push(x[i] + h / 2.0 * ((1.0 - t(i)) * below + t(i) * above));
        }
        r
    })
    .start_with(|i| i * h * (i * h - 1.0))
    .minimum_value(0.0)
}

fn broyden_tridiagonal(n: usize) -> Draft {
    squares(n, |b, x| {
        let at = |i: Option<usize>| i.and_then(|i| x.get(i)).copied().unwrap_or(b.constant(0.0));
        let residual = |i: usize| (3.0 - 2.0 * x[i]) * x[i] - at(i.checked_sub(1)) - 2.0 * at(Some(i + 1)) + 1.0;
        (0..n).map(residual).collect()
    })
    .start_with(|_| -1.0)
    .minimum_value(0.0)
}

fn broyden_banded(n: usize) -> Draft {
    squares(n, |b, x| {
        let near: Vec<Expr> = x.iter().map(|&x| x * (1.0 + x)).collect();
        let residual = |i: usize| {
            let band = (i.saturating_sub(5)..=(i + 1).min(n - 1)).filter(|&j| j != i);
            x[i] * (2.0 + 5.0 * x[i].powi(2)) + 1.0 - b.sum(band.map(|j| near[j]))
        };
        (0..n).map(residual).collect()
    })
    .start_with(|_| -1.0)
    .minimum_value(0.0)
}

/// Twice as many residuals as variables, so that f* = m − n = n.
fn linear_full_rank(n: usize) -> Draft {
    let m = 2 * n;
    squares(n, |b, x| {
        let s = (2.0 / m as f64) * b.sum(x.iter().copied());
        (0..m).map(|i| if i < n { x[i] - s - 1.0 } else { -s - 1.0 }).collect()
    })
    .start_with(|_| 1.0)
    .minimum_at_all((m - n) as f64, -1.0)
}

/// m = 2n residuals i·Σ j·xⱼ − 1: f* = m(m − 1)/(2(2m + 1)).
fn linear_rank_1(n: usize) -> Draft {
    let m = 2 * n;
    squares(n, |b, x| {
        let s = weighted_sum(b, x, 0..n);
        (1..=m).map(|i| i as f64 * s - 1.0).collect()
    })
    .start_with(|_| 1.0)
    .minimum_value((m * (m - 1)) as f64 / (2 * (2 * m + 1)) as f64)
}

/// m = 2n residuals, the first and the last −1, the others (i − 1)·Σ j·xⱼ − 1 over 1 < j < n: f* = (m² + 3m − 6)/(2(2m − 3)).
fn linear_rank_1_zero(n: usize) -> Draft {
    let m = 2 * n;
    squares(n, |b, x| {
        let s = weighted_sum(b, x, 1..n - 1);
        (1..=m).map(|i| if i == 1 || i == m { b.constant(-1.0) } else { (i - 1) as f64 * s - 1.0 }).collect()
    })
    .start_with(|_| 1.0)
    .minimum_value((m * m + 3 * m - 6) as f64 / (2 * (2 * m - 3)) as f64)
}

/// Σ j·xⱼ over a range of indices, j counted from 1.
fn weighted_sum<'b>(b: &'b Builder, x: &[Expr<'b>], range: std::ops::Range<usize>) -> Expr<'b> {
    b.sum(range.map(|j| (j + 1) as f64 * x[j]))
}

/// Shifted Chebyshev polynomials Tᵢ(2x − 1) averaged over the points, less their integrals; f* = 0 for n ≤ 7 and n = 9.
fn chebyquad(n: usize) -> Draft {
    squares(n, |b, x| {
        let y: Vec<Expr> = x.iter().map(|&x| 2.0 * x - 1.0).collect();
        let (mut before, mut now) = (vec![b.constant(1.0); n], y.clone());
        let mut r = Vec::new();
        for i in 1..=n {
            let integral = if i % 2 == 0 { -1.0 / ((i * i - 1) as f64) } else { 0.0 };
            r.push(b.sum(now.iter().copied()) / n as f64 - integral);
            let next = (0..n).map(|j| 2.0 * y[j] * now[j] - before[j]).collect();
            before = std::mem::replace(&mut now, next);
        }
        r
    })
    .start_with(|i| i / (n + 1) as f64)
    .minimum_values(&[1, 2, 3, 4, 5, 6, 7, 9].map(|n| (n, 0.0)))
    .minimum_values(&[(8, 3.516_873_725_68e-3), (10, 4.772_713_696_375e-3)])
    .locals_in(10, &[6.503_954_800_882e-3])
}
