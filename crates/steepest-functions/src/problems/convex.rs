//! Convex and strongly convex smooth functions. Data are drawn from the counter-based streams, so that an instance is the same
//! everywhere.

use steepest_core::random::{Purpose, Stream};

use super::draft::{Draft, scaled_squares, smooth};
use super::{Collection, Dims, Kind, Parameter, ProblemEntry};
use crate::{Builder, Expr};

const fn line(name: &'static str, title: &'static str, dims: Dims, build: fn(usize) -> Draft) -> ProblemEntry {
    let source = "Boyd and Vandenberghe, Convex Optimization, 2004, doi:10.1017/CBO9780511804441";
    ProblemEntry::new(name, title, dims, build).of(Collection::Convex, Kind::Convex, source)
}

const L2: Parameter = Parameter { name: "l2", default: 1e-2, least: 1e-12, greatest: 1e6 };

pub(super) const ENTRIES: &[ProblemEntry] = &[
    line("logistic", "logistic regression on random rows, with an L2 penalty", Dims::any(1, 2_000, 20), |n| {
        logistic(n, 1e-2)
    })
    .with(L2, logistic),
    line("least-squares", "linear least squares on random rows", Dims::any(1, 2_000, 20), least_squares)
        .kind(Kind::Quadratic),
    line("huber-regression", "Huber's loss on random rows with outliers", Dims::any(1, 2_000, 20), huber),
    line("poisson-regression", "Poisson regression on random rows", Dims::any(1, 2_000, 20), poisson),
    line("log-sum-exp", "log Σ exp(aᵢ·x + bᵢ)", Dims::any(1, 2_000, 20), log_sum_exp),
    line("analytic-center", "−Σ log(1 − (aᵢ·x)²) − Σ log(1 − xⱼ²)", Dims::any(1, 1_000, 20), analytic_center),
    line("entropy", "Σ xᵢ log xᵢ + ½(Σ xᵢ − 1)², through xᵢ = exp(yᵢ)", Dims::any(1, 100_000, 50), entropy)
        .kind(Kind::Smooth),
];

/// Rows of standard normal numbers, `rows` × n, and a second column of draws.
struct Rows {
    n: usize,
    a: Stream,
    b: Stream,
}

impl Rows {
    fn new(n: usize, index: u64) -> Rows {
        Rows { n, a: Stream::new(0, Purpose::PROBLEM, 2 * index), b: Stream::new(0, Purpose::PROBLEM, 2 * index + 1) }
    }

    fn dot<'b>(&self, b: &'b Builder, i: usize, x: &[Expr<'b>]) -> Expr<'b> {
        b.sum(x.iter().enumerate().map(|(j, &x)| self.a.normal((i * self.n + j) as u64) * x))
    }

    /// Row i times the vector (1, −1, 1, …)/√n.
    fn truth(&self, i: usize) -> f64 {
        let signed = |j: usize| if j.is_multiple_of(2) { 1.0 } else { -1.0 };
        (0..self.n).map(|j| signed(j) * self.a.normal((i * self.n + j) as u64)).sum::<f64>() / (self.n as f64).sqrt()
    }
}

/// (1/m) Σ log(1 + exp(−yᵢaᵢ·x)) + (l2/2)‖x‖², m = 5n rows, labels by the sign of a noisy truth.
fn logistic(n: usize, l2: f64) -> Draft {
    let (rows, m) = (Rows::new(n, 10), 5 * n);
    let draft = smooth(n, |b, x| {
        let loss = |i: usize| {
            let label = if rows.truth(i) + 0.5 * rows.b.normal(i as u64) > 0.0 { 1.0 } else { -1.0 };
            (-label * rows.dot(b, i, x)).softplus()
        };
        b.sum((0..m).map(loss)) / m as f64 + 0.5 * l2 * b.sum(x.iter().map(|x| x.powi(2)))
    });
    if l2 == L2.default { draft.minimum_values(&[(20, 0.280_487_355_025_052)]) } else { draft }
}

/// ½‖Ax − b‖², m = 2n rows.
fn least_squares(n: usize) -> Draft {
    let rows = Rows::new(n, 11);
    scaled_squares(n, 0.5, |b, x| {
        (0..2 * n).map(|i| rows.dot(b, i, x) - (rows.truth(i) + 0.1 * rows.b.normal(i as u64))).collect()
    })
    .minimum_values(&[(20, 0.154_558_509_737_071)])
}

/// (1/m) Σ h(aᵢ·x − yᵢ) with h(r) = ½r² up to |r| = 1 and |r| − ½ beyond, every tenth y thrown off by 10; m = 5n.
fn huber(n: usize) -> Draft {
    let (rows, m) = (Rows::new(n, 12), 5 * n);
    smooth(n, |b, x| {
        let loss = |i: usize| {
            let off = if i.is_multiple_of(10) { 10.0 } else { 0.0 };
            let r = rows.dot(b, i, x) - (rows.truth(i) + 0.1 * rows.b.normal(i as u64) + off);
            b.select(r.abs().less_eq(1.0), 0.5 * r.powi(2), r.abs() - 0.5)
        };
        b.sum((0..m).map(loss)) / m as f64
    })
    .minimum_values(&[(20, 0.945_597_334_947_84)])
}

/// (1/m) Σ exp(aᵢ·x) − yᵢ·aᵢ·x, yᵢ the rounded mean of a log-linear truth; m = 5n.
fn poisson(n: usize) -> Draft {
    let (rows, m) = (Rows::new(n, 13), 5 * n);
    smooth(n, |b, x| {
        let loss = |i: usize| {
            let count = (0.5 * rows.truth(i) + 0.2 * rows.b.normal(i as u64)).exp().round();
            let eta = rows.dot(b, i, x) / (n as f64).sqrt();
            eta.exp() - count * eta
        };
        b.sum((0..m).map(loss)) / m as f64
    })
    .minimum_values(&[(20, 0.869_945_665_570_765)])
}

/// m = 5n rows and the 2n unit rows ±eⱼ, so that f grows in every direction.
fn log_sum_exp(n: usize) -> Draft {
    let (rows, m) = (Rows::new(n, 14), 5 * n);
    smooth(n, |b, x| {
        let random = (0..m).map(|i| (rows.dot(b, i, x) / (n as f64).sqrt() + rows.b.normal(i as u64)).exp());
        let unit = x.iter().flat_map(|&x| [x.exp(), (-x).exp()]);
        b.sum(random.chain(unit)).ln()
    })
    .minimum_values(&[(20, 5.237_263_624_240_92)])
}

/// The analytic centre of a symmetric polytope, off its centre by the start; f* = 0 at 0. Rows are scaled to the norm ½, so
/// that the start is inside. Outside, f is not finite.
fn analytic_center(n: usize) -> Draft {
    let rows = Rows::new(n, 15);
    smooth(n, |b, x| {
        let wall = |i: usize| {
            let norm = (0..n).map(|j| rows.a.normal((i * n + j) as u64).powi(2)).sum::<f64>().sqrt();
            -(1.0 - (rows.dot(b, i, x) / (2.0 * norm)).powi(2)).ln()
        };
        b.sum((0..2 * n).map(wall).chain(x.iter().map(|x| -(1.0 - x.powi(2)).ln())))
    })
    .start_with(|i| if i % 2.0 == 1.0 { 0.5 / (n as f64).sqrt() } else { -0.25 / (n as f64).sqrt() })
    .minimum_at_all(0.0, 0.0)
}

/// Stationary where log xᵢ + Σ x = 0 for all i: equal xᵢ = t with log t + n·t = 0.
fn entropy(n: usize) -> Draft {
    let m = n as f64;
    let mut y = -m.ln();
    for _ in 0..100 {
        y -= (y + m * y.exp()) / (1.0 + m * y.exp());
    }
    let s = m * y.exp();
    smooth(n, |b, y| b.sum(y.iter().map(|&y| y * y.exp())) + 0.5 * (b.sum(y.iter().map(|y| y.exp())) - 1.0).powi(2))
        .start_with(|i| -1.0 - 1.0 / i)
        .minimum_at_all(s * y + 0.5 * (s - 1.0).powi(2), y)
}
