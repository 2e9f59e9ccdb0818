//! Functions with kinks, where a gradient is a subgradient.
//!
//! The ten of M. Haarala, K. Miettinen and M. M. Mäkelä, "New limited memory bundle method for large-scale nonsmooth
//! optimization", Optimization Methods and Software 19, 2004, doi:10.1080/10556780410001689225, but for the one whose powers have
//! no derivative at 0; small ones of L. Lukšan and J. Vlček, "Test problems for nonsmooth unconstrained and linearly constrained
//! optimization", TR 798, Prague, 2000; and random instances of ℓ₁ and hinge losses.

use std::f64::consts::SQRT_2;

use steepest_core::random::{Purpose, Stream};

use super::draft::{Draft, smooth};
use super::{Collection, Dims, Kind, ProblemEntry};
use crate::Expr;

const HAARALA: &str = "Haarala, Miettinen and Mäkelä, 2004, doi:10.1080/10556780410001689225";
const LUKSAN: &str = "Lukšan and Vlček, 2000, TR 798, Prague";

const fn line(
    name: &'static str,
    title: &'static str,
    dims: Dims,
    source: &'static str,
    build: fn(usize) -> Draft,
) -> ProblemEntry {
    ProblemEntry::new(name, title, dims, build).of(Collection::NonSmooth, Kind::NonSmooth, source)
}

const MANY: usize = 100_000;

pub(super) const ENTRIES: &[ProblemEntry] = &[
    line("l1-norm", "Σ |xᵢ|", Dims::any(1, 1_000_000, 10), "closed form", l1_norm),
    line("l1-shifted", "½‖x − c‖² + ‖x‖₁: soft thresholding", Dims::any(1, MANY, 10), "closed form", l1_shifted),
    line("hinge", "support vectors on random rows", Dims::any(1, 2_000, 10), "closed form", hinge),
    line("least-absolute", "‖Ax − b‖₁ on random rows", Dims::any(1, 2_000, 10), "closed form", least_absolute),
    line("maxq", "max xᵢ²", Dims::any(1, MANY, 20), HAARALA, maxq),
    line("mxhilb", "max |Σ xⱼ/(i + j − 1)|", Dims::any(1, 1_000, 10), HAARALA, mxhilb),
    line("chained-lq", "chained LQ", Dims::any(2, MANY, 20), HAARALA, chained_lq),
    line("chained-cb3-1", "chained CB3, a sum of maxima", Dims::any(2, MANY, 20), HAARALA, chained_cb3_1),
    line("chained-cb3-2", "chained CB3, a maximum of sums", Dims::any(2, MANY, 20), HAARALA, chained_cb3_2),
    line("active-faces", "number of active faces", Dims::any(1, MANY, 20), HAARALA, active_faces),
    line("chained-mifflin-2", "chained Mifflin 2", Dims::any(2, MANY, 50), HAARALA, chained_mifflin_2),
    line("chained-crescent-1", "chained crescent, a maximum of sums", Dims::any(2, MANY, 20), HAARALA, crescent_1),
    line("chained-crescent-2", "chained crescent, a sum of maxima", Dims::any(2, MANY, 20), HAARALA, crescent_2),
    line("cb2", "Charalambous and Bandler 2", Dims::fixed(2), LUKSAN, cb2),
    line("dem", "Demyanov and Malozemov", Dims::fixed(2), LUKSAN, dem),
    line("ql", "three paraboloids", Dims::fixed(2), LUKSAN, ql),
    line("mifflin-1", "Mifflin 1", Dims::fixed(2), LUKSAN, mifflin_1),
    line("wolfe", "Wolfe: steepest descent ends at a kink that is no minimum", Dims::fixed(2), LUKSAN, wolfe),
    line("rosen-suzuki", "Rosen and Suzuki, penalized exactly", Dims::fixed(4), LUKSAN, rosen_suzuki),
    line("maxquad", "Lemaréchal: the maximum of five quadratics", Dims::fixed(10), LUKSAN, maxquad),
    line("goffin", "n·max xᵢ − Σ xᵢ", Dims::any(2, MANY, 50), LUKSAN, goffin),
    line(
        "chebyshev-rosenbrock",
        "Nesterov's non-smooth Chebyshev–Rosenbrock",
        Dims::any(2, 100, 4),
        "Gürbüzbalaban and Overton, 2012, doi:10.1016/j.na.2011.07.062",
        chebyshev_rosenbrock,
    ),
];

fn l1_norm(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x.iter().map(|x| x.abs()))).start_with(|i| 1.0 / i).minimum_at_all(0.0, 0.0)
}

/// cᵢ = 3 cos i: xᵢ = sign(cᵢ)·max(|cᵢ| − 1, 0).
fn l1_shifted(n: usize) -> Draft {
    let c = |i: usize| 3.0 * ((i + 1) as f64).cos();
    let point: Vec<f64> = (0..n).map(|i| c(i).signum() * (c(i).abs() - 1.0).max(0.0)).collect();
    let least = point.iter().enumerate().map(|(i, x)| 0.5 * (x - c(i)).powi(2) + x.abs()).sum();
    smooth(n, |b, x| b.sum(x.iter().enumerate().map(|(i, &x)| 0.5 * (x - c(i)).powi(2) + x.abs())))
        .start_with(|_| 2.0)
        .minimum(least, point)
}

/// ½·10⁻²‖x‖² + (1/m) Σ max(0, 1 − yᵢaᵢ·x), m = 5n standard normal rows, labels the signs of their noisy sums.
fn hinge(n: usize) -> Draft {
    let m = 5 * n;
    let (rows, noise) = (Stream::new(0, Purpose::PROBLEM, 40), Stream::new(0, Purpose::PROBLEM, 41));
    smooth(n, |b, x| {
        let loss = |i: usize| {
            let a = |j: usize| rows.normal((i * n + j) as u64);
            let label = ((0..n).map(a).sum::<f64>() + noise.normal(i as u64)).signum();
            (1.0 - label * b.sum((0..n).map(|j| a(j) * x[j]))).max(0.0)
        };
        b.sum((0..m).map(loss)) / m as f64 + 0.005 * b.sum(x.iter().map(|x| x.powi(2)))
    })
    .start_with(|i| (-1.0f64).powi(i as i32) / i)
}

/// b = Ax* with x*ᵢ = (−1)ⁱ and 3n standard normal rows, of which every fifth is off by 5: the minimum stays at x*, where more
/// than half of the residuals are 0 (verified by the subgradient in the tests).
fn least_absolute(n: usize) -> Draft {
    let rows = Stream::new(0, Purpose::PROBLEM, 42);
    smooth(n, |b, x| {
        let loss = |i: usize| {
            let a = |j: usize| rows.normal((i * n + j) as u64);
            let sign = |j: usize| if j.is_multiple_of(2) { 1.0 } else { -1.0 };
            let off = if i % 5 == 4 { 5.0 } else { 0.0 };
            let rhs = (0..n).map(|j| a(j) * sign(j)).sum::<f64>() + off;
            (b.sum((0..n).map(|j| a(j) * x[j])) - rhs).abs()
        };
        b.sum((0..3 * n).map(loss))
    })
}

fn maxq(n: usize) -> Draft {
    smooth(n, |b, x| b.max_of(x.iter().map(|x| x.powi(2))))
        .start_with(|i| if i <= n as f64 / 2.0 { i } else { -i })
        .minimum_at_all(0.0, 0.0)
}

fn mxhilb(n: usize) -> Draft {
    smooth(n, |b, x| {
        let row = |i: usize| b.sum((0..n).map(|j| x[j] / (i + j + 1) as f64)).abs();
        b.max_of((0..n).map(row))
    })
    .start_with(|_| 1.0)
    .minimum_at_all(0.0, 0.0)
}

fn chained_lq(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x.windows(2).map(|p| -p[0] - p[1] + (p[0].powi(2) + p[1].powi(2) - 1.0).max(0.0))))
        .start_with(|_| -0.5)
        .minimum_at_all(-((n - 1) as f64) * SQRT_2, 1.0 / SQRT_2)
}

/// The three pieces of CB3.
fn cb3<'b>(x: Expr<'b>, y: Expr<'b>) -> [Expr<'b>; 3] {
    [x.powi(4) + y.powi(2), (2.0 - x).powi(2) + (2.0 - y).powi(2), 2.0 * (y - x).exp()]
}

fn chained_cb3_1(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x.windows(2).map(|p| b.max_of(cb3(p[0], p[1])))))
        .start_with(|_| 2.0)
        .minimum_at_all(2.0 * (n - 1) as f64, 1.0)
}

fn chained_cb3_2(n: usize) -> Draft {
    smooth(n, |b, x| {
        let piece = |k: usize| b.sum(x.windows(2).map(|p| cb3(p[0], p[1])[k]));
        b.max_of((0..3).map(piece))
    })
    .start_with(|_| 2.0)
    .minimum_at_all(2.0 * (n - 1) as f64, 1.0)
}

fn active_faces(n: usize) -> Draft {
    smooth(n, |b, x| {
        let total = (-b.sum(x.iter().copied())).abs().ln_1p();
        b.max_of(x.iter().map(|x| x.abs().ln_1p()).chain([total]))
    })
    .start_with(|_| 1.0)
    .minimum_at_all(0.0, 0.0)
}

fn chained_mifflin_2(n: usize) -> Draft {
    smooth(n, |b, x| {
        b.sum(x.windows(2).map(|p| {
            let disc = p[0].powi(2) + p[1].powi(2) - 1.0;
            2.0 * disc - p[0] + 1.75 * disc.abs()
        }))
    })
    .start_with(|_| -1.0)
    .minimum_values(&[(2, -1.0), (10, -6.514_627_0), (50, -34.795_18), (100, -70.149_9)])
}

/// The two pieces of the crescent.
fn crescent<'b>(x: Expr<'b>, y: Expr<'b>) -> [Expr<'b>; 2] {
    let disc = x.powi(2) + (y - 1.0).powi(2);
    [disc + y - 1.0, y + 1.0 - disc]
}

fn crescent_1(n: usize) -> Draft {
    smooth(n, |b, x| {
        let piece = |k: usize| b.sum(x.windows(2).map(|p| crescent(p[0], p[1])[k]));
        piece(0).max(piece(1))
    })
    .start_cycle(&[-1.5, 2.0])
    .minimum_at_all(0.0, 0.0)
}

fn crescent_2(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x.windows(2).map(|p| b.max_of(crescent(p[0], p[1])))))
        .start_cycle(&[-1.5, 2.0])
        .minimum_at_all(0.0, 0.0)
}

fn cb2(n: usize) -> Draft {
    smooth(n, |b, x| {
        let bowl = (2.0 - x[0]).powi(2) + (2.0 - x[1]).powi(2);
        b.max_of([x[0].powi(2) + x[1].powi(4), bowl, 2.0 * (x[1] - x[0]).exp()])
    })
    .start([2.0, 2.0])
    .minimum_value(1.952_224_493_8)
}

fn dem(n: usize) -> Draft {
    smooth(n, |b, x| {
        let bowl = x[0].powi(2) + x[1].powi(2) + 4.0 * x[1];
        b.max_of([5.0 * x[0] + x[1], x[1] - 5.0 * x[0], bowl])
    })
    .start([1.0, 1.0])
    .minimum(-3.0, [0.0, -3.0])
}

fn ql(n: usize) -> Draft {
    smooth(n, |b, x| {
        let bowl = x[0].powi(2) + x[1].powi(2);
        let (p, q) = (10.0 * (4.0 - 4.0 * x[0] - x[1]), 10.0 * (6.0 - x[0] - 2.0 * x[1]));
        bowl + b.max_of([b.constant(0.0), p, q])
    })
    .start([-1.0, 5.0])
    .minimum(7.2, [1.2, 2.4])
}

fn mifflin_1(n: usize) -> Draft {
    smooth(n, |_, x| 20.0 * (x[0].powi(2) + x[1].powi(2) - 1.0).max(0.0) - x[0])
        .start([0.8, 0.6])
        .minimum(-1.0, [1.0, 0.0])
}

fn wolfe(n: usize) -> Draft {
    smooth(n, |b, x| {
        let (p, q) = (x[0], x[1].abs());
        let cone = 5.0 * (9.0 * p.powi(2) + 16.0 * q.powi(2)).sqrt();
        let wedge = 9.0 * p + 16.0 * q;
        let left = wedge - p.powi(9);
        let right = b.select(q.less_eq(p), cone, wedge);
        b.select(p.less_eq(0.0), left, right)
    })
    .start([3.0, 2.0])
    .minimum(-8.0, [-1.0, 0.0])
}

fn rosen_suzuki(n: usize) -> Draft {
    smooth(n, |b, x| {
        let form = |w: [f64; 4], l: [f64; 4]| b.sum((0..4).map(|i| w[i] * x[i].powi(2) + l[i] * x[i]));
        let f = form([1.0, 1.0, 2.0, 1.0], [-5.0, -5.0, -21.0, 7.0]);
        let walls = [
            form([1.0; 4], [1.0, -1.0, 1.0, -1.0]) - 8.0,
            form([1.0, 2.0, 1.0, 2.0], [-1.0, 0.0, 0.0, -1.0]) - 10.0,
            form([2.0, 1.0, 1.0, 0.0], [2.0, -1.0, 0.0, -1.0]) - 5.0,
        ];
        f + 10.0 * b.max_of(walls.into_iter().chain([b.constant(0.0)]))
    })
    .minimum(-44.0, [0.0, 1.0, 2.0, -1.0])
}

fn maxquad(n: usize) -> Draft {
    let matrix = |k: f64| {
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            for j in i + 1..n {
                let (p, q) = ((i + 1) as f64, (j + 1) as f64);
                a[i * n + j] = (p / q).exp() * (p * q).cos() * k.sin();
                a[j * n + i] = a[i * n + j];
            }
        }
        for i in 0..n {
            let off: f64 = (0..n).filter(|&j| j != i).map(|j| a[i * n + j].abs()).sum();
            a[i * n + i] = (i + 1) as f64 / 10.0 * k.sin().abs() + off;
        }
        a
    };
    smooth(n, |b, x| {
        let piece = |k: f64| {
            let a = matrix(k);
            let load = |i: usize| ((i + 1) as f64 / k).exp() * ((i + 1) as f64 * k).sin();
            let row = |i: usize| x[i] * (b.sum((0..n).map(|j| a[i * n + j] * x[j])) - load(i));
            b.sum((0..n).map(row))
        };
        b.max_of((1..=5).map(f64::from).map(piece))
    })
    .start_with(|_| 1.0)
    .minimum_value(-0.841_408_334_596_4)
}

fn goffin(n: usize) -> Draft {
    smooth(n, |b, x| n as f64 * b.max_of(x.iter().copied()) - b.sum(x.iter().copied()))
        .start_with(|i| i - (n + 1) as f64 / 2.0)
        .minimum_at_all(0.0, 0.0)
}

fn chebyshev_rosenbrock(n: usize) -> Draft {
    smooth(n, |b, x| 0.25 * (x[0] - 1.0).abs() + b.sum(x.windows(2).map(|p| (p[1] - 2.0 * p[0].abs() + 1.0).abs())))
        .start((0..n).map(|i| if i == 0 { -1.0 } else { 1.0 }).collect::<Vec<_>>())
        .minimum_at_all(0.0, 1.0)
}
