//! Functions of any number of variables for global optimization (source: see [`super::global_planar`]).

use std::f64::consts::{E, PI, TAU};

use super::draft::{Draft, smooth, squares};
use super::global_planar::global;
use super::{Dims, Kind, ProblemEntry};

const MANY: usize = 1_000_000;

pub(super) const ENTRIES: &[ProblemEntry] = &[
    global("ackley", "Ackley", Dims::any(1, MANY, 2), ackley),
    global("alpine-1", "Alpine's first, kinks at 0", Dims::any(1, MANY, 2), alpine_1).kind(Kind::NonSmooth),
    global("cosine-mixture", "a bowl with cosines", Dims::any(1, MANY, 2), cosine_mixture),
    global("dixon-price", "Dixon and Price", Dims::any(2, MANY, 10), dixon_price).kind(Kind::SumOfSquares),
    global("exponential", "−exp(−½‖x‖²)", Dims::any(1, MANY, 2), exponential).kind(Kind::Smooth),
    global("griewank", "Griewank", Dims::any(1, MANY, 10), griewank),
    global("levy", "Lévy", Dims::any(2, MANY, 5), levy),
    global("michalewicz", "Michalewicz: steep valleys in a plain", Dims::any(1, 1000, 5), michalewicz),
    global("qing", "Qing, 2ⁿ equal minima", Dims::any(1, MANY, 10), qing).kind(Kind::SumOfSquares),
    global("quintic", "absolute values of quintics", Dims::any(1, MANY, 2), quintic).kind(Kind::NonSmooth),
    global("rastrigin", "Rastrigin", Dims::any(1, MANY, 5), rastrigin),
    global("salomon", "Salomon's rings", Dims::any(1, MANY, 2), salomon),
    global("schwefel", "Schwefel: the minimum is far from the second best", Dims::any(1, MANY, 2), schwefel),
    global("schwefel-1-2", "Schwefel's double sum", Dims::any(1, MANY, 10), schwefel_1_2).kind(Kind::Quadratic),
    global("shubert-sum", "a sum of sums of sines", Dims::any(1, MANY, 2), shubert_sum),
    global("sphere", "‖x‖²", Dims::any(1, MANY, 10), sphere).kind(Kind::Quadratic),
    global("styblinski-tang", "Styblinski and Tang", Dims::any(1, MANY, 5), styblinski_tang),
    global("trid", "Trid", Dims::any(2, 100_000, 10), trid).kind(Kind::Quadratic),
    global("zakharov", "Zakharov", Dims::any(1, MANY, 10), zakharov).kind(Kind::Convex),
];

fn ackley(n: usize) -> Draft {
    smooth(n, |b, x| {
        let square = b.sum(x.iter().map(|x| x.powi(2))) / n as f64;
        let cosine = b.sum(x.iter().map(|&x| (TAU * x).cos())) / n as f64;
        -20.0 * (-0.2 * square.sqrt()).exp() - cosine.exp() + (20.0 + E)
    })
    .domain(-30.0, 30.0)
    .start_in_domain()
    .minimum_at_all(0.0, 0.0)
}

fn alpine_1(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x.iter().map(|&x| (x * x.sin() + 0.1 * x).abs())))
        .domain(-10.0, 10.0)
        .start_in_domain()
        .minimum_at_all(0.0, 0.0)
}

fn cosine_mixture(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x.iter().map(|&x| x.powi(2) - 0.1 * (5.0 * PI * x).cos())))
        .domain(-1.0, 1.0)
        .start_in_domain()
        .minimum_at_all(-0.1 * n as f64, 0.0)
}

fn dixon_price(n: usize) -> Draft {
    let point: Vec<f64> = (1..=n).map(|i| (-(1.0 - 0.5f64.powi(i as i32 - 1))).exp2()).collect();
    squares(n, |_, x| {
        let mut r = vec![x[0] - 1.0];
        r.extend((1..n).map(|i| ((i + 1) as f64).sqrt() * (2.0 * x[i].powi(2) - x[i - 1])));
        r
    })
    .domain(-10.0, 10.0)
    .start_in_domain()
    .minimum(0.0, point)
    .local(2.0 / 3.0)
}

fn exponential(n: usize) -> Draft {
    smooth(n, |b, x| -(-0.5 * b.sum(x.iter().map(|x| x.powi(2)))).exp())
        .domain(-1.0, 1.0)
        .start_in_domain()
        .minimum_at_all(-1.0, 0.0)
}

fn griewank(n: usize) -> Draft {
    smooth(n, |b, x| {
        let bowl = b.sum(x.iter().map(|x| x.powi(2))) / 4000.0;
        bowl - b.product(x.iter().enumerate().map(|(i, &x)| (x / ((i + 1) as f64).sqrt()).cos())) + 1.0
    })
    .domain(-100.0, 100.0)
    .start_in_domain()
    .minimum_at_all(0.0, 0.0)
}

fn levy(n: usize) -> Draft {
    smooth(n, |b, x| {
        let w: Vec<_> = x.iter().map(|&x| 1.0 + (x - 1.0) / 4.0).collect();
        let last = w[n - 1];
        let ends = (PI * w[0]).sin().powi(2) + (last - 1.0).powi(2) * (1.0 + (TAU * last).sin().powi(2));
        ends + b.sum(w[..n - 1].iter().map(|&w| (w - 1.0).powi(2) * (1.0 + 10.0 * (PI * w + 1.0).sin().powi(2))))
    })
    .domain(-10.0, 10.0)
    .start_in_domain()
    .minimum_at_all(0.0, 1.0)
}

fn michalewicz(n: usize) -> Draft {
    smooth(n, |b, x| {
        let term = |i: usize| x[i].sin() * ((i + 1) as f64 / PI * x[i].powi(2)).sin().powi(20);
        -b.sum((0..n).map(term))
    })
    .domain(0.0, PI)
    .start_in_domain()
    .minimum_values(&[
        (1, -0.801_303_410_098_552_6),
        (2, -1.801_303_410_098_552_5),
        (5, -4.687_658_179_088_148),
        (10, -9.660_151_715_641_35),
    ])
}

fn qing(n: usize) -> Draft {
    squares(n, |_, x| x.iter().enumerate().map(|(i, x)| x.powi(2) - (i + 1) as f64).collect())
        .domain(-500.0, 500.0)
        .start_in_domain()
        .minimum(0.0, (1..=n).map(|i| (i as f64).sqrt()).collect::<Vec<_>>())
}

fn quintic(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x.iter().map(|&x| (((((x - 3.0) * x + 4.0) * x + 2.0) * x - 10.0) * x - 4.0).abs())))
        .domain(-10.0, 10.0)
        .start_in_domain()
        .minimum_at_all(0.0, -1.0)
        .minimum_at_all(0.0, 2.0)
}

fn rastrigin(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x.iter().map(|&x| x.powi(2) - 10.0 * (TAU * x).cos() + 10.0)))
        .domain(-5.12, 5.12)
        .start_in_domain()
        .minimum_at_all(0.0, 0.0)
}

fn salomon(n: usize) -> Draft {
    smooth(n, |b, x| {
        let norm = b.sum(x.iter().map(|x| x.powi(2))).sqrt();
        1.0 - (TAU * norm).cos() + 0.1 * norm
    })
    .domain(-100.0, 100.0)
    .start_in_domain()
    .minimum_at_all(0.0, 0.0)
}

/// The value is the least in the box; without it f is unbounded below.
fn schwefel(n: usize) -> Draft {
    smooth(n, |b, x| 418.982_887_272_433_8 * n as f64 - b.sum(x.iter().map(|&x| x * x.abs().sqrt().sin())))
        .domain(-500.0, 500.0)
        .start_in_domain()
        .minimum_at_all(0.0, 420.968_746_359_981_7)
}

fn schwefel_1_2(n: usize) -> Draft {
    squares(n, |_, x| {
        let mut r = vec![x[0]];
        for i in 1..n {
            r.push(r[i - 1] + x[i]);
        }
        r
    })
    .domain(-100.0, 100.0)
    .start_in_domain()
    .minimum_at_all(0.0, 0.0)
}

fn shubert_sum(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x.iter().flat_map(|&x| (1..=5).map(f64::from).map(move |j| -j * ((j + 1.0) * x + j).sin()))))
        .domain(-10.0, 10.0)
        .start_in_domain()
        .minimum_value(-12.031_249_442_167_1 * n as f64)
}

fn sphere(n: usize) -> Draft {
    smooth(n, |b, x| b.sum(x.iter().map(|x| x.powi(2)))).domain(-5.12, 5.12).start_in_domain().minimum_at_all(0.0, 0.0)
}

/// Every coordinate has its own two wells: 2ⁿ minima of n + 1 values.
fn styblinski_tang(n: usize) -> Draft {
    let well = |mut x: f64| {
        for _ in 0..60 {
            x -= (4.0 * x.powi(3) - 32.0 * x + 5.0) / (12.0 * x * x - 32.0);
        }
        (x, 0.5 * (x.powi(4) - 16.0 * x * x + 5.0 * x))
    };
    let ((at, deep), (_, shallow)) = (well(-2.9), well(2.75));
    let draft = smooth(n, |b, x| b.sum(x.iter().map(|&x| 0.5 * (x.powi(4) - 16.0 * x.powi(2) + 5.0 * x))))
        .domain(-5.0, 5.0)
        .start_in_domain()
        .minimum_at_all(deep * n as f64, at);
    (1..=n.min(1000)).fold(draft, |draft, s| draft.local(deep * (n - s) as f64 + shallow * s as f64))
}

fn trid(n: usize) -> Draft {
    let (m, side) = (n as f64, (n * n) as f64);
    smooth(n, |b, x| {
        let squares = x.iter().map(|&x| (x - 1.0).powi(2));
        b.sum(squares.chain(x.windows(2).map(|p| -(p[0] * p[1]))))
    })
    .domain(-side, side)
    .start_in_domain()
    .minimum(-m * (m + 4.0) * (m - 1.0) / 6.0, (1..=n).map(|i| (i * (n + 1 - i)) as f64).collect::<Vec<_>>())
}

fn zakharov(n: usize) -> Draft {
    smooth(n, |b, x| {
        let s = b.sum(x.iter().enumerate().map(|(i, &x)| 0.5 * (i + 1) as f64 * x));
        b.sum(x.iter().map(|x| x.powi(2))) + s.powi(2) + s.powi(4)
    })
    .domain(-5.0, 10.0)
    .start_in_domain()
    .minimum_at_all(0.0, 0.0)
}
