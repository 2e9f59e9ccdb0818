//! Unconstrained problems of CUTEst in any dimension, ARWHEAD to FMINSURF.
//!
//! N. I. M. Gould, D. Orban and Ph. L. Toint, "CUTEst: a constrained and unconstrained testing environment with safe threads for
//! mathematical optimization", Computational Optimization and Applications 60, 2015, doi:10.1007/s10589-014-9687-3. Formulas and
//! starts as published there and, for those that N. Andrei collects ("An unconstrained optimization test functions collection",
//! Advanced Modeling and Optimization 10, 2008), in the form he gives. Problems that are the same as one of Moré, Garbow and
//! Hillstrom's (BRYBND, MOREBV, PENALTY1, PENALTY2, POWELLSG, SROSENBR, VARDIM …) answer to their CUTEst names there.

use super::draft::{Draft, scaled_squares, smooth, squares};
use super::{Collection, Dims, Kind, ProblemEntry};

pub(super) const fn cutest(
    name: &'static str,
    title: &'static str,
    dims: Dims,
    build: fn(usize) -> Draft,
) -> ProblemEntry {
    let source = "CUTEst (Gould, Orban and Toint, 2015, doi:10.1007/s10589-014-9687-3)";
    ProblemEntry::new(name, title, dims, build).of(Collection::Cutest, Kind::Smooth, source)
}

pub(super) const MANY: usize = 1_000_000;

pub(super) const ENTRIES: &[ProblemEntry] = &[
    cutest("arwhead", "quartic with an arrow-head Hessian", Dims::any(2, MANY, 100), arwhead),
    cutest("bdqrtic", "quartic of bandwidth 9", Dims::any(5, MANY, 100), bdqrtic).kind(Kind::SumOfSquares),
    cutest("broydn7d", "Broyden, seven diagonals", Dims::multiple(2, 4, MANY, 10), broydn7d),
    cutest("chainwoo", "chained Wood", Dims::multiple(2, 4, MANY, 100), chainwoo),
    cutest("chnrosnb", "chained Rosenbrock with Toint's weights", Dims::any(2, 50, 50), chnrosnb)
        .kind(Kind::SumOfSquares),
    cutest("cosine", "cosines of neighbours", Dims::any(2, MANY, 100), cosine),
    cutest("cragglvy", "extended Cragg and Levy", Dims::multiple(2, 4, MANY, 100), cragglvy),
    cutest("curly10", "semi-bandwidth 10, negative curvature at the start", Dims::any(2, MANY, 100), |n| curly(n, 10)),
    cutest("curly20", "semi-bandwidth 20, negative curvature at the start", Dims::any(2, MANY, 100), |n| curly(n, 20)),
    cutest("dixon3dq", "Dixon's tridiagonal quadratic", Dims::any(3, MANY, 100), dixon3dq).kind(Kind::Quadratic),
    cutest("dqdrtic", "diagonal quadratic", Dims::any(3, MANY, 100), dqdrtic).kind(Kind::Quadratic),
    cutest("dqrtic", "diagonal quartic", Dims::any(1, MANY, 100), dqrtic).kind(Kind::Convex).alias(&["quartc"]),
    cutest("edensch", "extended Dennis and Schnabel", Dims::any(2, MANY, 100), edensch),
    cutest("eg2", "a simple non-convex function", Dims::any(2, MANY, 100), eg2),
    cutest("eigenals", "eigenvalues as a sum of squares", Dims::pronic(10_100, 30), eigenals).kind(Kind::SumOfSquares),
    cutest("engval1", "Engvall's first", Dims::any(2, MANY, 100), engval1).kind(Kind::Convex),
    cutest("errinros", "nonlinear chained Rosenbrock", Dims::any(2, 50, 50), errinros).kind(Kind::SumOfSquares),
    cutest("extrosnb", "extended Rosenbrock, not separable", Dims::any(2, MANY, 100), extrosnb)
        .kind(Kind::SumOfSquares),
    cutest("fletcbv2", "Fletcher's boundary value problem", Dims::any(2, MANY, 100), fletcbv2),
    cutest("fletchcr", "Fletcher's chained Rosenbrock", Dims::any(2, MANY, 100), fletchcr).kind(Kind::SumOfSquares),
    cutest("fminsurf", "a surface of least area", Dims::square(90_000, 64), fminsurf),
];

fn arwhead(n: usize) -> Draft {
    let mut point = vec![1.0; n];
    point[n - 1] = 0.0;
    smooth(n, |b, x| {
        let last = x[n - 1].powi(2);
        b.sum(x[..n - 1].iter().map(|&x| (x.powi(2) + last).powi(2) - 4.0 * x + 3.0))
    })
    .start_with(|_| 1.0)
    .minimum(0.0, point)
}

fn bdqrtic(n: usize) -> Draft {
    squares(n, |_, x| {
        let last = 5.0 * x[n - 1].powi(2);
        let quartic =
            |i: usize| x[i].powi(2) + 2.0 * x[i + 1].powi(2) + 3.0 * x[i + 2].powi(2) + 4.0 * x[i + 3].powi(2) + last;
        (0..n - 4).flat_map(|i| [3.0 - 4.0 * x[i], quartic(i)]).collect()
    })
    .start_with(|_| 1.0)
    .minimum_values(&[(100, 378.769_191_808_684)])
}

fn broydn7d(n: usize) -> Draft {
    smooth(n, |b, x| {
        let term = |i: usize| {
            let left = if i == 0 { b.constant(0.0) } else { x[i - 1] };
            let right = if i + 1 == n { b.constant(0.0) } else { 2.0 * x[i + 1] };
            ((3.0 - 2.0 * x[i]) * x[i] - left - right + 1.0).abs().powf(7.0 / 3.0)
        };
        let far = |i: usize| (x[i] + x[i + n / 2]).abs().powf(7.0 / 3.0);
        b.sum((0..n).map(term).chain((0..n / 2).map(far)))
    })
    .start_with(|_| 1.0)
    .minimum_values(&[(10, 1.261_081_874_449_62)])
    .locals_in(10, &[1.270_129_84, 1.777_382_05, 2.341_548_03, 2.469_364_9, 2.548_238_59, 2.579_697_61, 2.685_413_28])
    .locals_in(10, &[3.187_168_15, 4.294_921_75, 9.397_020_94])
}

fn chainwoo(n: usize) -> Draft {
    smooth(n, |b, x| {
        b.sum((0..n / 2 - 1).map(|i| {
            let [p, q, r, s] = [x[2 * i], x[2 * i + 1], x[2 * i + 2], x[2 * i + 3]];
            100.0 * (q - p.powi(2)).powi(2)
                + (1.0 - p).powi(2)
                + 90.0 * (s - r.powi(2)).powi(2)
                + (1.0 - r).powi(2)
                + 10.0 * (q + s - 2.0).powi(2)
                + 0.1 * (q - s).powi(2)
        })) + 1.0
    })
    .start((0..n).map(|i| if i >= 4 { -2.0 } else { [-3.0, -1.0][i % 2] }).collect::<Vec<_>>())
    .minimum_at_all(1.0, 1.0)
    .locals_in(100, &[4.574_280_020_8, 12.421_709_108_07, 72.386_738_368_9, 72.510_595_804_5, 76.968_752_54])
    .locals_in(100, &[89.802_370_263, 111.332_636_032_7])
}

/// Toint's fifty weights α (Mathematics of Computation 32, 1978).
const ALPHA: [f64; 50] = [
    1.25, 1.40, 2.40, 1.40, 1.75, 1.20, 2.25, 1.20, 1.00, 1.10, 1.50, 1.60, 1.25, 1.25, 1.20, 1.20, 1.40, 0.50, 0.50,
    1.25, 1.80, 0.75, 1.25, 1.40, 1.60, 2.00, 1.00, 1.60, 1.25, 2.75, 1.25, 1.25, 1.25, 3.00, 1.50, 2.00, 1.25, 1.40,
    1.80, 1.50, 2.20, 1.40, 1.50, 1.25, 2.00, 1.50, 1.25, 1.40, 0.60, 1.50,
];

fn chnrosnb(n: usize) -> Draft {
    squares(n, |_, x| (1..n).flat_map(|i| [4.0 * ALPHA[i] * (x[i - 1] - x[i].powi(2)), x[i] - 1.0]).collect())
        .start_with(|_| -1.0)
        .minimum_at_all(0.0, 1.0)
}

fn cosine(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x.windows(2).map(|p| (p[0].powi(2) - 0.5 * p[1]).cos())))
        .start_with(|_| 1.0)
        .minimum_value(-((n - 1) as f64))
}

fn cragglvy(n: usize) -> Draft {
    smooth(n, |b, x| {
        b.sum((0..n / 2 - 1).map(|i| {
            let [p, q, r, s] = [x[2 * i], x[2 * i + 1], x[2 * i + 2], x[2 * i + 3]];
            (p.exp() - q).powi(4)
                + 100.0 * (q - r).powi(6)
                + ((r - s).tan() + (r - s)).powi(4)
                + p.powi(8)
                + (s - 1.0).powi(2)
        }))
    })
    .start((0..n).map(|i| if i == 0 { 1.0 } else { 2.0 }).collect::<Vec<_>>())
    .minimum_values(&[(4, 0.0), (100, 32.269_911_458_581_8)])
}

/// Σ φ(qᵢ) with qᵢ = xᵢ + … + xᵢ₊ₖ and φ(q) = q⁴ − 20q² − q/10. The qᵢ are free of one another, and φ has two minima; a local
/// minimum has any number of its qᵢ in the shallow one.
fn curly(n: usize, k: usize) -> Draft {
    let phi = |q: f64| q * (q * (q * q - 20.0) - 0.1);
    let well = |mut q: f64| {
        for _ in 0..60 {
            q -= (4.0 * q.powi(3) - 40.0 * q - 0.1) / (12.0 * q * q - 40.0);
        }
        phi(q)
    };
    let (deep, shallow) = (well(3.2), well(-3.2));
    let draft = smooth(n, |b, x| {
        let windows = (0..n).map(|i| b.sum(x[i..(i + k + 1).min(n)].iter().copied()));
        b.sum(windows.map(|q| q * (q * (q.powi(2) - 20.0) - 0.1)))
    });
    let draft = draft.start_with(|i| 1e-4 * i / (n + 1) as f64).minimum_value(deep * n as f64);
    let mixed = |s: usize| deep * (n - s) as f64 + shallow * s as f64;
    // Listed up to a thousand wells: beyond, the list would outweigh the problem.
    (1..=n.min(1000)).fold(draft, |draft, s| draft.local(mixed(s)))
}

fn dixon3dq(n: usize) -> Draft {
    squares(n, |_, x| {
        let mut r = vec![x[0] - 1.0, x[n - 1] - 1.0];
        r.extend((1..n - 1).map(|i| x[i] - x[i + 1]));
        r
    })
    .start_with(|_| -1.0)
    .minimum_at_all(0.0, 1.0)
}

fn dqdrtic(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x.windows(3).map(|p| p[0].powi(2) + 100.0 * p[1].powi(2) + 100.0 * p[2].powi(2))))
        .start_with(|_| 3.0)
        .minimum_at_all(0.0, 0.0)
}

fn dqrtic(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x.iter().enumerate().map(|(i, &x)| (x - (i + 1) as f64).powi(4))))
        .start_with(|_| 2.0)
        .minimum(0.0, (1..=n).map(|i| i as f64).collect::<Vec<_>>())
}

fn edensch(n: usize) -> Draft {
    smooth(n, |b, x| {
        b.sum(x.windows(2).map(|p| (p[0] - 2.0).powi(4) + (p[0] * p[1] - 2.0 * p[1]).powi(2) + (p[1] + 1.0).powi(2)))
            + 16.0
    })
    .start_with(|_| 8.0)
    .minimum_values(&[(100, 603.284_592_020_765)])
}

/// The first group pulls every sine to −1, the last variable once more: f ≥ −(n − 1) − ½.
/// The minimum next to the start leaves the last variable at 0, where its sine is least nearby.
fn eg2(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x[..n - 1].iter().map(|&y| (x[0] + y.powi(2) - 1.0).sin())) + 0.5 * x[n - 1].powi(2).sin())
        .minimum_value(-((n - 1) as f64) - 0.5)
        .local(-((n - 1) as f64))
        .locals_in(100, &[-98.947_402_681_835_5])
}

/// Q and a diagonal D with QᵀDQ = diag(1, …, k) and QᵀQ = I; n = k(k + 1), a column of Q after each dⱼ.
fn eigenals(n: usize) -> Draft {
    let k = n.isqrt();
    squares(n, |b, x| {
        let d = |j: usize| x[j * (k + 1)];
        let q = |i: usize, j: usize| x[j * (k + 1) + 1 + i];
        let mut r = Vec::new();
        for j in 0..k {
            for i in 0..=j {
                let same = if i == j { 1.0 } else { 0.0 };
                r.push(b.sum((0..k).map(|l| q(l, i) * q(l, j) * d(l))) - same * (j + 1) as f64);
                r.push(b.sum((0..k).map(|l| q(l, i) * q(l, j))) - same);
            }
        }
        r
    })
    .start(
        (0..n)
            .map(|i| {
                let (column, row) = (i / (k + 1), i % (k + 1));
                if row == 0 || row == column + 1 { 1.0 } else { 0.0 }
            })
            .collect::<Vec<_>>(),
    )
    .minimum_value(0.0)
}

fn engval1(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x.windows(2).map(|p| (p[0].powi(2) + p[1].powi(2)).powi(2) - 4.0 * p[0] + 3.0)))
        .start_with(|_| 2.0)
        .minimum_values(&[(100, 109.088_136_143_092)])
}

fn errinros(n: usize) -> Draft {
    squares(n, |_, x| (1..n).flat_map(|i| [x[i - 1] - 16.0 * ALPHA[i].powi(2) * x[i].powi(2), x[i] - 1.0]).collect())
        .start_with(|_| -1.0)
        .minimum_values(&[(50, 39.904_153_920_127)])
}

fn extrosnb(n: usize) -> Draft {
    squares(n, |_, x| {
        let mut r = vec![x[0] - 1.0];
        r.extend(x.windows(2).map(|p| 10.0 * (p[1] - p[0].powi(2))));
        r
    })
    .start_with(|_| -1.0)
    .minimum_at_all(0.0, 1.0)
}

fn fletcbv2(n: usize) -> Draft {
    let h = 1.0 / (n + 1) as f64;
    smooth(n, |b, x| {
        let ends = 0.5 * x[0].powi(2) + 0.5 * x[n - 1].powi(2) - x[n - 1];
        let springs = x.windows(2).map(|p| 0.5 * (p[0] - p[1]).powi(2));
        let loads = x.iter().map(|&x| -h * h * (2.0 * x + x.cos()));
        ends + b.sum(springs.chain(loads))
    })
    .start_with(|i| i * h)
    .minimum_values(&[(100, -0.514_006_786_111_738)])
}

fn fletchcr(n: usize) -> Draft {
    scaled_squares(n, 100.0, |_, x| x.windows(2).map(|p| p[1] - p[0] + 1.0 - p[0].powi(2)).collect())
        .minimum_value(0.0)
        .locals_in(100, &[50.827_538_910_833])
}

/// Heights on a p × p grid over the unit square: the area of the surface and the square of the mean height; the start is a
/// frame around a floor of zeros.
fn fminsurf(n: usize) -> Draft {
    let p = n.isqrt();
    let cells = ((p - 1) * (p - 1)) as f64;
    let step = 1.0 / (p - 1) as f64;
    smooth(n, |b, x| {
        let area = |k: usize| {
            let (i, j) = (k / (p - 1), k % (p - 1));
            let at = |i: usize, j: usize| x[j * p + i];
            let cross = (at(i, j) - at(i + 1, j + 1)).powi(2) + (at(i + 1, j) - at(i, j + 1)).powi(2);
            (0.5 * cells * cross + 1.0).sqrt() / cells
        };
        let mean = b.sum(x.iter().copied()) / n as f64;
        b.sum((0..(p - 1) * (p - 1)).map(area)) + mean.powi(2)
    })
    .start(
        (0..n)
            .map(|k| {
                let (i, j) = (k % p, k / p);
                let edge = i == 0 || i == p - 1 || j == 0 || j == p - 1;
                if edge { 1.0 + 8.0 * i as f64 * step + 4.0 * j as f64 * step } else { 0.0 }
            })
            .collect::<Vec<_>>(),
    )
    .minimum_at_all(1.0, 0.0)
}
