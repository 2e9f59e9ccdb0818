//! Unconstrained problems of CUTEst in any dimension, FREUROTH to WOODS (source: see [`super::cutest`]).

use super::cutest::{MANY, cutest};
use super::draft::{Draft, smooth, squares};
use super::{Dims, Kind, ProblemEntry};
use crate::Expr;

pub(super) const ENTRIES: &[ProblemEntry] = &[
    cutest("freuroth", "extended Freudenstein and Roth", Dims::any(2, MANY, 100), freuroth).kind(Kind::SumOfSquares),
    cutest("genrose", "generalized Rosenbrock", Dims::any(2, MANY, 100), genrose),
    cutest("hilbertb", "Hilbert's matrix and 5 on the diagonal", Dims::any(1, 1_000, 10), hilbertb)
        .kind(Kind::Quadratic),
    cutest("liarwhd", "simplified NONDIA", Dims::any(2, MANY, 100), liarwhd).kind(Kind::SumOfSquares),
    cutest("mancino", "Mancino", Dims::any(2, 200, 50), mancino).kind(Kind::SumOfSquares),
    cutest("ncb20b", "a banded problem with negative curvature", Dims::any(20, 100_000, 100), ncb20b),
    cutest("noncvxu2", "a non-convex problem whose curvature changes sign", Dims::any(10, MANY, 103), noncvxu2),
    cutest("nondia", "Shanno's non-diagonal Rosenbrock", Dims::any(2, MANY, 100), nondia).kind(Kind::SumOfSquares),
    cutest("nondquar", "non-diagonal quartic", Dims::any(4, MANY, 100), nondquar).kind(Kind::Convex),
    cutest("penalty3", "penalty function III", Dims::any(4, 10_000, 50), penalty3),
    cutest("power", "Σ (i·xᵢ)²", Dims::any(1, MANY, 100), power).kind(Kind::Quadratic),
    cutest("schmvett", "Schmidt and Vetters", Dims::any(3, MANY, 100), schmvett),
    cutest("sinquad", "nontrivial groups with sines", Dims::any(3, MANY, 100), sinquad),
    cutest("sparsine", "sparse sines", Dims::any(11, MANY, 100), sparsine).kind(Kind::SumOfSquares),
    cutest("sparsqur", "sparse quartic", Dims::any(11, MANY, 100), sparsqur).kind(Kind::SumOfSquares),
    cutest("testquad", "Σ i·xᵢ²", Dims::any(1, MANY, 100), testquad).kind(Kind::Quadratic),
    cutest("tointgss", "Toint's Gaussian", Dims::any(3, MANY, 100), tointgss),
    cutest("tquartic", "a quartic with nontrivial groups", Dims::any(2, MANY, 100), tquartic).kind(Kind::SumOfSquares),
    cutest("tridia", "Shanno's tridiagonal quadratic", Dims::any(2, MANY, 50), tridia).kind(Kind::Quadratic),
    cutest("woods", "extended Wood", Dims::multiple(4, 4, MANY, 100), woods).kind(Kind::SumOfSquares),
];

fn freuroth(n: usize) -> Draft {
    squares(n, |_, x| {
        x.windows(2)
            .flat_map(|p| {
                [-13.0 + p[0] + ((5.0 - p[1]) * p[1] - 2.0) * p[1], -29.0 + p[0] + ((p[1] + 1.0) * p[1] - 14.0) * p[1]]
            })
            .collect()
    })
    .start((0..n).map(|i| [0.5, -2.0, 0.0][i.min(2)]).collect::<Vec<_>>())
    .minimum_values(&[(100, 11_964.577_348_654_2)])
}

fn genrose(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x.windows(2).map(|p| 100.0 * (p[1] - p[0].powi(2)).powi(2) + (p[1] - 1.0).powi(2))) + 1.0)
        .start_with(|i| i / (n + 1) as f64)
        .minimum_at_all(1.0, 1.0)
}

fn hilbertb(n: usize) -> Draft {
    smooth(n, |b, x| {
        let row = |i: usize| {
            let off = b.sum((0..i).map(|j| x[j] / (i + j + 1) as f64));
            x[i] * off + (5.0 + 1.0 / (4 * i + 2) as f64) * x[i].powi(2)
        };
        b.sum((0..n).map(row))
    })
    .start_with(|_| -3.0)
    .minimum_at_all(0.0, 0.0)
}

fn liarwhd(n: usize) -> Draft {
    squares(n, |_, y| y.iter().flat_map(|&x| [2.0 * (x.powi(2) - y[0]), x - 1.0]).collect())
        .start_with(|_| 4.0)
        .minimum_at_all(0.0, 1.0)
}

/// βn·xᵢ + (i − n/2)³ + Σ_{j≠i} z(sin⁵ log z + cos⁵ log z) with z = √(xᵢ² + i/j), β = 14.
fn mancino(n: usize) -> Draft {
    let beta = 14.0 * n as f64;
    let others = move |i: usize| (1..=n).filter(move |&j| j != i).map(move |j| i as f64 / j as f64);
    let cubic = move |i: usize| (i as f64 - n as f64 / 2.0).powi(3);
    let (low, high) = (beta - 6.0 * (n - 1) as f64, beta + 6.0 * (n - 1) as f64);
    let start = move |i: usize| {
        let wave = |z: f64| z * (z.ln().sin().powi(5) + z.ln().cos().powi(5));
        let at_zero = cubic(i) + others(i).map(|r| wave(r.sqrt())).sum::<f64>();
        -(low + high) / (2.0 * low * high) * at_zero
    };
    squares(n, |b, x| {
        let wave = |i: usize, ratio: f64| {
            let z = (x[i - 1].powi(2) + ratio).sqrt();
            z * (z.ln().sin().powi(5) + z.ln().cos().powi(5))
        };
        (1..=n).map(|i| beta * x[i - 1] + cubic(i) + b.sum(others(i).map(|ratio| wave(i, ratio)))).collect()
    })
    .start((1..=n).map(start).collect::<Vec<_>>())
    .minimum_value(0.0)
}

fn ncb20b(n: usize) -> Draft {
    smooth(n, |b, x| {
        let bent: Vec<Expr> = x.iter().map(|&x| x / (1.0 + x.powi(2))).collect();
        let window = |i: usize| {
            let s = b.sum(bent[i..i + 20].iter().copied()).powi(2);
            10.0 / (i + 1) as f64 * s - 0.2 * b.sum(x[i..i + 20].iter().copied())
        };
        let quartic = x.iter().map(|x| 100.0 * x.powi(4) + 2.0);
        b.sum((0..=n - 20).map(window).chain(quartic))
    })
    .minimum_values(&[(100, 196.680_149_89)])
}

/// Where the sums v are free of one another (n = 103) every local minimum has all of them at ±1.8955, the root of v = 2 sin v,
/// and the same value.
fn noncvxu2(n: usize) -> Draft {
    smooth(n, |b, x| {
        b.sum((1..=n).map(|i| {
            let v = x[i - 1] + x[(3 * i - 2) % n] + x[(7 * i - 3) % n];
            v.powi(2) + 4.0 * v.cos()
        }))
    })
    .start_with(|i| i)
    .minimum_values(&[(103, 103.0 * 2.316_808_419_788_213)])
}

fn nondia(n: usize) -> Draft {
    squares(n, |_, x| {
        let mut r = vec![x[0] - 1.0];
        r.extend(x[..n - 1].iter().map(|y| 10.0 * (x[0] - y.powi(2))));
        r
    })
    .start_with(|_| -1.0)
    .minimum_value(0.0)
}

fn nondquar(n: usize) -> Draft {
    smooth(n, |b, x| {
        let ends = (x[0] - x[1]).powi(2) + (x[n - 2] - x[n - 1]).powi(2);
        ends + b.sum((0..n - 2).map(|i| (x[i] + x[i + 1] + x[n - 1]).powi(4)))
    })
    .start_cycle(&[1.0, -1.0])
    .minimum_at_all(0.0, 0.0)
}

/// 10⁻³ is a lower bound, and for large n an infimum that is not attained.
fn penalty3(n: usize) -> Draft {
    smooth(n, |b, x| {
        let r = b.sum(x.windows(3).map(|p| (p[0] + 2.0 * p[1] + 10.0 * p[2] - 1.0).powi(2)));
        let s = b.sum(x.windows(3).map(|p| (2.0 * p[0] + p[1] - 3.0).powi(2)));
        let exponential = 1.0 + x[n - 1].exp() * r + x[n - 2].exp() * s + r * s;
        let sphere = (b.sum(x.iter().map(|x| x.powi(2))) - (n * n) as f64).powi(2);
        1e-3 * exponential + sphere + b.sum(x[..n / 2].iter().map(|&x| (x - 1.0).powi(2)))
    })
    .start_cycle(&[1.0, -1.0])
    .minimum_values(&[(10, 1.700_161_054_381e-3), (50, 1e-3)])
}

fn power(n: usize) -> Draft {
    squares(n, |_, x| x.iter().enumerate().map(|(i, &x)| (i + 1) as f64 * x).collect())
        .start_with(|_| 1.0)
        .minimum_at_all(0.0, 0.0)
}

fn schmvett(n: usize) -> Draft {
    smooth(n, |b, x| {
        b.sum(x.windows(3).map(|p| {
            let ridge = -1.0 / (1.0 + (p[0] - p[1]).powi(2));
            let wave = ((std::f64::consts::PI * p[1] + p[2]) / 2.0).sin();
            ridge - wave - (-((p[0] + p[2]) / p[1] - 2.0).powi(2)).exp()
        }))
    })
    .start_with(|_| 0.5)
    .minimum_at_all(-3.0 * (n - 2) as f64, std::f64::consts::PI / (std::f64::consts::PI + 1.0))
}

fn sinquad(n: usize) -> Draft {
    smooth(n, |b, x| {
        let first = (x[0] - 1.0).powi(4) + (x[n - 1].powi(2) - x[0].powi(2)).powi(2);
        let middle = x[1..n - 1].iter().map(|&y| ((y - x[n - 1]).sin() - x[0].powi(2) + y.powi(2)).powi(2));
        first + b.sum(middle)
    })
    .start_with(|_| 0.1)
    .minimum_at_all(0.0, 1.0)
}

/// The six variables that meet in group i.
fn sparse_group(i: usize, n: usize) -> [usize; 6] {
    [i - 1, (2 * i - 1) % n, (3 * i - 1) % n, (5 * i - 1) % n, (7 * i - 1) % n, (11 * i - 1) % n]
}

fn sparsine(n: usize) -> Draft {
    squares(n, |b, x| {
        let group = |i: usize| b.sum(sparse_group(i, n).map(|j| x[j].sin())) * (0.5 * i as f64).sqrt();
        (1..=n).map(group).collect()
    })
    .start_with(|_| 0.5)
    .minimum_at_all(0.0, 0.0)
}

fn sparsqur(n: usize) -> Draft {
    squares(n, |b, x| {
        let group = |i: usize| b.sum(sparse_group(i, n).map(|j| x[j].powi(2))) * (0.125 * i as f64).sqrt();
        (1..=n).map(group).collect()
    })
    .start_with(|_| 0.5)
    .minimum_at_all(0.0, 0.0)
}

fn testquad(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x.iter().enumerate().map(|(i, x)| (i + 1) as f64 * x.powi(2))))
        .start_with(|_| 1.0)
        .minimum_at_all(0.0, 0.0)
}

/// Each term is at least 10/(n − 2), with equality at 0. Where two neighbours at the beginning stay far apart their term tends
/// to twice that: infima at infinity.
fn tointgss(n: usize) -> Draft {
    let share = 10.0 / (n - 2) as f64;
    smooth(n, |b, x| {
        b.sum(x.windows(3).map(|p| {
            let bell = (-(p[0] - p[1]).powi(2) / (0.1 + p[2].powi(2))).exp();
            (share + p[2].powi(2)) * (2.0 - bell)
        }))
    })
    .start_with(|_| 3.0)
    .minimum_at_all(10.0, 0.0)
    .local(10.0 + share)
    .local(10.0 + 2.0 * share)
}

fn tquartic(n: usize) -> Draft {
    squares(n, |_, x| {
        let mut r = vec![x[0] - 1.0];
        r.extend(x[1..].iter().map(|y| x[0].powi(2) - y.powi(2)));
        r
    })
    .start_with(|_| 0.1)
    .minimum_at_all(0.0, 1.0)
}

fn tridia(n: usize) -> Draft {
    squares(n, |_, x| {
        let mut r = vec![x[0] - 1.0];
        r.extend((1..n).map(|i| ((i + 1) as f64).sqrt() * (2.0 * x[i] - x[i - 1])));
        r
    })
    .start_with(|_| 1.0)
    .minimum(0.0, (0..n).map(|i| 0.5f64.powi(i as i32)).collect::<Vec<_>>())
}

fn woods(n: usize) -> Draft {
    squares(n, |_, x| {
        x.chunks(4)
            .flat_map(|p| {
                [
                    10.0 * (p[1] - p[0].powi(2)),
                    1.0 - p[0],
                    90f64.sqrt() * (p[3] - p[2].powi(2)),
                    1.0 - p[2],
                    10f64.sqrt() * (p[1] + p[3] - 2.0),
                    (p[1] - p[3]) / 10f64.sqrt(),
                ]
            })
            .collect()
    })
    .start_cycle(&[-3.0, -1.0])
    .minimum_at_all(0.0, 1.0)
}
