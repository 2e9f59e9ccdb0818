//! Quadratic functions whose spectrum is chosen, and the critical points that quadratics and quartics have.

use steepest_core::random::{Purpose, Stream};

use super::draft::{Draft, smooth};
use super::{Collection, Dims, Kind, Parameter, ProblemEntry};

const fn line(name: &'static str, title: &'static str, dims: Dims, build: fn(usize) -> Draft) -> ProblemEntry {
    ProblemEntry::new(name, title, dims, build).of(Collection::Quadratic, Kind::Quadratic, "closed form")
}

const KAPPA: Parameter = Parameter { name: "kappa", default: 100.0, least: 1.0, greatest: 1e12 };
const MANY: usize = 1_000_000;

pub(super) const ENTRIES: &[ProblemEntry] = &[
    line("quadratic", "½ Σ λᵢxᵢ², the λ from 1 to κ in a geometric row", Dims::any(1, MANY, 100), |n| {
        quadratic(n, 1e2)
    })
    .with(KAPPA, quadratic),
    line(
        "quadratic-rotated",
        "the same spectrum in a basis turned by a random reflection",
        Dims::any(2, MANY, 100),
        |n| quadratic_rotated(n, 1e2),
    )
    .with(KAPPA, quadratic_rotated),
    line("quadratic-clustered", "all λ = 1 but one, which is κ", Dims::any(2, MANY, 100), |n| {
        quadratic_clustered(n, 1e2)
    })
    .with(KAPPA, quadratic_clustered),
    line("bowl", "x² + κy²", Dims::fixed(2), |n| bowl(n, 1e2)).with(KAPPA, bowl),
    line(
        "nesterov-worst",
        "Nesterov's hardest quadratic for first-order methods",
        Dims::any(1, 100_000, 100),
        nesterov,
    )
    .source("Nesterov, Lectures on Convex Optimization, 2018, doi:10.1007/978-3-319-91578-4, section 2.1.2"),
    line("saddle", "x² − y²: unbounded below, with a saddle at 0", Dims::fixed(2), saddle),
    line(
        "double-well",
        "x⁴ − 3x² + 2 (+ y² …): two minima and a saddle between them",
        Dims::any(1, MANY, 1),
        double_well,
    )
    .kind(Kind::Smooth),
];

/// λᵢ = κ^((i−1)/(n−1)).
fn spectrum(n: usize, kappa: f64) -> impl Fn(usize) -> f64 {
    move |i| if n == 1 { kappa } else { kappa.powf(i as f64 / (n - 1) as f64) }
}

fn quadratic(n: usize, kappa: f64) -> Draft {
    let lambda = spectrum(n, kappa);
    smooth(n, |b, x| b.sum(x.iter().enumerate().map(|(i, x)| 0.5 * lambda(i) * x.powi(2))))
        .start_with(|_| 1.0)
        .minimum_at_all(0.0, 0.0)
}

/// ½ Σ λᵢyᵢ² with y = x − 2v(v·x), v a random unit vector: the Hessian is dense and every product with it costs n.
fn quadratic_rotated(n: usize, kappa: f64) -> Draft {
    let lambda = spectrum(n, kappa);
    let stream = Stream::new(0, Purpose::PROBLEM, 1);
    let v: Vec<f64> = (0..n as u64).map(|i| stream.normal(i)).collect();
    let scale = 2.0 / v.iter().map(|v| v * v).sum::<f64>();
    smooth(n, |b, x| {
        let along = scale * b.sum(x.iter().zip(&v).map(|(&x, &v)| v * x));
        b.sum((0..n).map(|i| 0.5 * lambda(i) * (x[i] - v[i] * along).powi(2)))
    })
    .start_with(|_| 1.0)
    .minimum_at_all(0.0, 0.0)
}

fn quadratic_clustered(n: usize, kappa: f64) -> Draft {
    smooth(n, |b, x| b.sum(x.iter().enumerate().map(|(i, x)| 0.5 * if i + 1 == n { kappa } else { 1.0 } * x.powi(2))))
        .start_with(|_| 1.0)
        .minimum_at_all(0.0, 0.0)
}

fn bowl(n: usize, kappa: f64) -> Draft {
    smooth(n, |_, x| x[0].powi(2) + kappa * x[1].powi(2)).start([1.0, 1.0]).minimum_at_all(0.0, 0.0)
}

/// (L/4)(½(x₁² + Σ(xᵢ − xᵢ₊₁)² + xₙ²) − x₁), L = 1: xᵢ = 1 − i/(n + 1), f* = (1/8)(1/(n + 1) − 1).
fn nesterov(n: usize) -> Draft {
    let side = (n + 1) as f64;
    smooth(n, |b, x| {
        let chain = b.sum(x.windows(2).map(|p| (p[0] - p[1]).powi(2)));
        0.125 * (x[0].powi(2) + chain + x[n - 1].powi(2)) - 0.25 * x[0]
    })
    .minimum(0.125 * (1.0 / side - 1.0), (1..=n).map(|i| 1.0 - i as f64 / side).collect::<Vec<_>>())
}

fn saddle(n: usize) -> Draft {
    smooth(n, |_, x| x[0].powi(2) - x[1].powi(2)).start([1.0, 1e-3])
}

/// From y = 0 on the axis x = 0 plain descent runs into the saddle at 0, where f = 2.
fn double_well(n: usize) -> Draft {
    let at = |x: f64| (0..n).map(|i| if i == 0 { x } else { 0.0 }).collect::<Vec<_>>();
    let root = 1.5f64.sqrt();
    smooth(n, |b, x| x[0].powi(4) - 3.0 * x[0].powi(2) + 2.0 + b.sum(x[1..].iter().map(|x| x.powi(2))))
        .start_with(|_| 2.0)
        .minimum(-0.25, at(root))
        .minimum(-0.25, at(-root))
}
