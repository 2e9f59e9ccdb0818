//! Unconstrained problems of CUTEst in two to four variables (source: see [`super::cutest`]).

use super::cutest::cutest;
use super::draft::{Draft, scaled_squares, smooth, squares};
use super::{Dims, Kind, ProblemEntry};

pub(super) const ENTRIES: &[ProblemEntry] = &[
    cutest("allinitu", "all elements in one", Dims::fixed(4), allinitu),
    cutest("brkmcc", "Brkmcc", Dims::fixed(2), brkmcc),
    cutest("cliff", "a cliff", Dims::fixed(2), cliff),
    cutest("cube", "a cubic valley", Dims::fixed(2), cube).kind(Kind::SumOfSquares),
    cutest("denschna", "Dennis and Schnabel A", Dims::fixed(2), denschna).kind(Kind::SumOfSquares),
    cutest("denschnb", "Dennis and Schnabel B", Dims::fixed(2), denschnb).kind(Kind::SumOfSquares),
    cutest("denschnc", "Dennis and Schnabel C", Dims::fixed(2), denschnc).kind(Kind::SumOfSquares),
    cutest("denschnd", "Dennis and Schnabel D", Dims::fixed(3), denschnd).kind(Kind::SumOfSquares),
    cutest("denschne", "Dennis and Schnabel E", Dims::fixed(3), denschne).kind(Kind::SumOfSquares),
    cutest("denschnf", "Dennis and Schnabel F", Dims::fixed(2), denschnf).kind(Kind::SumOfSquares),
    cutest("engval2", "Engvall's second", Dims::fixed(3), engval2).kind(Kind::SumOfSquares),
    cutest("himmelbf", "Himmelblau's fit", Dims::fixed(4), himmelbf).kind(Kind::SumOfSquares),
    cutest("himmelbg", "Himmelblau G", Dims::fixed(2), himmelbg),
    cutest("mexhat", "a mexican hat with a sharp brim", Dims::fixed(2), mexhat),
    cutest("s308", "Schittkowski 308", Dims::fixed(2), s308).kind(Kind::SumOfSquares),
    cutest("sineval", "a sine-shaped valley", Dims::fixed(2), sineval).kind(Kind::SumOfSquares),
    cutest("sisser", "Sisser's singular quartic", Dims::fixed(2), sisser),
    cutest("zangwil2", "Zangwill's quadratic", Dims::fixed(2), zangwil2).kind(Kind::Quadratic),
];

fn allinitu(n: usize) -> Draft {
    smooth(n, |_, x| {
        let [p, q, r, s] = [x[0], x[1], x[2], x[3]];
        let plain = r + s - 4.0 + p.powi(2) + q.powi(2) + (r + s).powi(2) + 2.0 * r.sin().powi(2);
        let mixed = p.powi(2) * q.powi(2) + (s - 1.0).powi(2) + q.powi(4) + s.sin().powi(4);
        let groups =
            (r.powi(2) + (s + p).powi(2)).powi(2) + (p - 4.0 + s.sin().powi(2) + q.powi(2) * r.powi(2)).powi(2);
        plain + mixed + groups
    })
    .minimum_value(5.744_384_910_320_34)
}

fn brkmcc(n: usize) -> Draft {
    smooth(n, |_, x| {
        let ellipse = 1.0 - x[0].powi(2) / 4.0 - x[1].powi(2);
        (x[0] - 2.0).powi(2) + (x[1] - 1.0).powi(2) + 0.04 / ellipse + 5.0 * (x[0] - 2.0 * x[1] + 1.0).powi(2)
    })
    .start([2.0, 2.0])
    .minimum_value(0.169_042_679_196_45)
}

/// (x₁ − 3)²/10⁴ − (x₁ − x₂) + e^{20(x₁ − x₂)}: minimal at x₁ = 3, x₁ − x₂ = ln(1/20)/20.
fn cliff(n: usize) -> Draft {
    let gap = 0.05f64.ln() / 20.0;
    smooth(n, |_, x| {
        let d = x[0] - x[1];
        ((x[0] - 3.0) / 100.0).powi(2) - d + (20.0 * d).exp()
    })
    .start([0.0, -1.0])
    .minimum(0.05 - gap, [3.0, 3.0 - gap])
}

fn cube(n: usize) -> Draft {
    squares(n, |_, x| vec![x[0] - 1.0, 10.0 * (x[1] - x[0].powi(3))]).start([-1.2, 1.0]).minimum_at_all(0.0, 1.0)
}

fn denschna(n: usize) -> Draft {
    squares(n, |_, x| vec![x[0].powi(2), x[0] + x[1], x[1].exp() - 1.0]).start([1.0, 1.0]).minimum_at_all(0.0, 0.0)
}

fn denschnb(n: usize) -> Draft {
    squares(n, |_, x| vec![x[0] - 2.0, (x[0] - 2.0) * x[1], x[1] + 1.0]).start([1.0, 1.0]).minimum(0.0, [2.0, -1.0])
}

fn denschnc(n: usize) -> Draft {
    squares(n, |_, x| vec![x[0].powi(2) + x[1].powi(2) - 2.0, (x[0] - 1.0).exp() + x[1].powi(3) - 2.0])
        .start([2.0, 3.0])
        .minimum_at_all(0.0, 1.0)
}

fn denschnd(n: usize) -> Draft {
    squares(n, |_, x| {
        vec![
            x[0].powi(2) + x[1].powi(3) - x[2].powi(4),
            2.0 * x[0] * x[1] * x[2],
            2.0 * x[0] * x[1] - 3.0 * x[1] * x[2] + x[0] * x[2],
        ]
    })
    .start([10.0, 10.0, 10.0])
    .minimum_at_all(0.0, 0.0)
}

/// Along x₃ → −∞ the last residual flattens out at −1.
fn denschne(n: usize) -> Draft {
    squares(n, |_, x| vec![x[0], x[1] + x[1].powi(2), x[2].exp() - 1.0])
        .start([2.0, 3.0, -8.0])
        .minimum_at_all(0.0, 0.0)
}

fn denschnf(n: usize) -> Draft {
    squares(n, |_, x| {
        vec![2.0 * (x[0] + x[1]).powi(2) + (x[0] - x[1]).powi(2) - 8.0, 5.0 * x[0].powi(2) + (x[1] - 3.0).powi(2) - 9.0]
    })
    .start([2.0, 0.0])
    .minimum_at_all(0.0, 1.0)
}

fn engval2(n: usize) -> Draft {
    squares(n, |_, x| {
        let disc = x[0].powi(2) + x[1].powi(2);
        vec![
            disc + x[2].powi(2) - 1.0,
            disc + (x[2] - 2.0).powi(2) - 1.0,
            x[0] + x[1] + x[2] - 1.0,
            x[0] + x[1] - x[2] + 1.0,
            3.0 * x[1].powi(2) + x[0].powi(3) + (5.0 * x[2] - x[0] + 1.0).powi(2) - 36.0,
        ]
    })
    .start([1.0, 2.0, 0.0])
    .minimum(0.0, [0.0, 0.0, 1.0])
}

fn himmelbf(n: usize) -> Draft {
    const A: [f64; 7] = [0.0, 0.000428, 0.001, 0.00161, 0.00209, 0.00348, 0.00525];
    const B: [f64; 7] = [7.391, 11.18, 16.44, 16.20, 22.20, 24.02, 31.32];
    scaled_squares(n, 1e4, |_, x| {
        let model = |a: f64| (x[0].powi(2) + a * x[1].powi(2) + a * a * x[2].powi(2)) / (1.0 + a * x[3].powi(2));
        A.iter().zip(B).map(|(&a, b)| model(a) / b - 1.0).collect()
    })
    .start([2.7, 90.0, 1500.0, 10.0])
    .minimum_value(318.571_748_791_124)
}

fn himmelbg(n: usize) -> Draft {
    smooth(n, |_, x| (-x[0] - x[1]).exp() * (2.0 * x[0].powi(2) + 3.0 * x[1].powi(2)))
        .start([0.5, 0.5])
        .minimum_at_all(0.0, 0.0)
}

/// −2u + 10⁴(v + u − 0.02)² with u = (x₁ − 1)² and v = 10⁴(x₂ − x₁²)² ≥ 0: minimal at v = 0, u = 0.02 + 10⁻⁴.
fn mexhat(n: usize) -> Draft {
    smooth(n, |_, x| {
        let u = (x[0] - 1.0).powi(2);
        -2.0 * u + 1e4 * (-0.02 + (x[1] - x[0].powi(2)).powi(2) / 1e-4 + u).powi(2)
    })
    .start([0.86, 0.72])
    .minimum_value(-0.0401)
}

fn s308(n: usize) -> Draft {
    squares(n, |_, x| vec![x[0].powi(2) + x[0] * x[1] + x[1].powi(2), x[0].sin(), x[1].cos()])
        .start([3.0, 0.1])
        .minimum_value(0.773_199_056_492_924)
}

fn sineval(n: usize) -> Draft {
    squares(n, |_, x| vec![100.0 * (x[1] - x[0].sin()), 0.5 * x[0]]).start([4.712389, -1.0]).minimum_at_all(0.0, 0.0)
}

fn sisser(n: usize) -> Draft {
    smooth(n, |_, x| 3.0 * x[0].powi(4) - 2.0 * (x[0] * x[1]).powi(2) + 3.0 * x[1].powi(4))
        .start([1.0, 0.1])
        .minimum_at_all(0.0, 0.0)
}

fn zangwil2(n: usize) -> Draft {
    smooth(n, |_, x| {
        let square = 16.0 * x[0].powi(2) + 16.0 * x[1].powi(2) - 8.0 * x[0] * x[1];
        (square - 56.0 * x[0] - 256.0 * x[1] + 991.0) / 15.0
    })
    .start([3.0, 8.0])
    .minimum(-18.2, [4.0, 9.0])
}
