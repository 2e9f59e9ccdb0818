//! Problems of a firm or a household that need no constraint; those with one are in [`crate::economics`].

use super::draft::{Draft, smooth};
use super::{Collection, Dims, Kind, Parameter, ProblemEntry};

const fn line(name: &'static str, title: &'static str, dims: Dims, build: fn(usize) -> Draft) -> ProblemEntry {
    let source = "Varian, Microeconomic Analysis, third edition, 1992";
    ProblemEntry::new(name, title, dims, build).of(Collection::Economics, Kind::Convex, source)
}

const PRICE: Parameter = Parameter { name: "price", default: 10.0, least: 2.0, greatest: 1e6 };

pub(super) const ENTRIES: &[ProblemEntry] = &[
    line("profit", "the loss C(q) − price·q of a firm: marginal cost meets the price", Dims::fixed(1), |n| {
        profit(n, 10.0)
    })
    .kind(Kind::Quadratic)
    .with(PRICE, profit),
    line(
        "profit-inputs",
        "the loss w·x − price·Π xᵢ^aᵢ in the logarithms of the inputs",
        Dims::any(1, 1_000, 2),
        |n| profit_inputs(n, 10.0),
    )
    .kind(Kind::Smooth)
    .with(PRICE, profit_inputs),
    line(
        "unit-cost",
        "average cost C(q)/q in log q: it equals marginal cost at the minimum",
        Dims::fixed(1),
        unit_cost,
    ),
];

/// C(q) = 20 + 2q + q²/2, so that C′(q) = price at q = price − 2.
fn profit(n: usize, price: f64) -> Draft {
    let q = price - 2.0;
    smooth(n, |_, x| 20.0 + 2.0 * x[0] + 0.5 * x[0].powi(2) - price * x[0])
        .start([1.0])
        .minimum(20.0 - 0.5 * q * q, [q])
}

/// w·x − p·Π xᵢ^a with wᵢ = i and a = 1/(2n), so that half of the revenue is spent, equally on every input: wᵢxᵢ = a·R, and
/// the revenue R solves R = p·Π (a·R/wᵢ)^a. In y = log x, where inputs stay positive.
fn profit_inputs(n: usize, price: f64) -> Draft {
    let a = 0.5 / n as f64;
    let wages: f64 = (1..=n).map(|i| a * (a / i as f64).ln()).sum();
    let revenue = (2.0 * (price.ln() + wages)).exp();
    let point: Vec<f64> = (1..=n).map(|i| (a * revenue / i as f64).ln()).collect();
    smooth(n, |b, y| {
        let cost = b.sum(y.iter().enumerate().map(|(i, y)| (i + 1) as f64 * y.exp()));
        cost - price * (a * b.sum(y.iter().copied())).exp()
    })
    .start(point.iter().enumerate().map(|(i, y)| y + [0.5, -0.3][i % 2]).collect::<Vec<_>>())
    .minimum(-0.5 * revenue, point)
}

/// C(q) = 20 + 2q + q²/2: C/q = 20/q + 2 + q/2 is least, 2 + √40, at q = √40.
fn unit_cost(n: usize) -> Draft {
    smooth(n, |_, y| 20.0 * (-y[0]).exp() + 2.0 + 0.5 * y[0].exp()).minimum(2.0 + 40f64.sqrt(), [40f64.sqrt().ln()])
}
