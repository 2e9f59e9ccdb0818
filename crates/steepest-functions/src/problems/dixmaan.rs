//! Dixon and Maany's sixteen, DIXMAANA to DIXMAANP of CUTEst: one formula, four sets of weights, four of powers.
//!
//! f = 1 + α Σ (i/n)^k₁ xᵢ² + β Σ (i/n)^k₂ xᵢ²(xᵢ₊₁ + xᵢ₊₁²)² + γ Σ (i/n)^k₃ xᵢ² xᵢ₊ₘ⁴ + δ Σ (i/n)^k₄ xᵢ xᵢ₊₂ₘ, n = 3m. The
//! quadratic form is definite, so that f ≥ 1 = f(0).
//!
//! L. C. W. Dixon and Z. A. Maany, "A family of test problems with sparse Hessians for unconstrained optimization", TR 206,
//! Numerical Optimization Centre, Hatfield, 1988; powers and weights as CUTEst's SIF files give them.

use super::draft::{Draft, smooth};
use super::{Collection, Dims, Kind, ProblemEntry};
use crate::Expr;

const fn line(name: &'static str, title: &'static str, build: fn(usize) -> Draft) -> ProblemEntry {
    let source = "Dixon and Maany, 1988, Hatfield NOC TR 206; CUTEst";
    ProblemEntry::new(name, title, Dims::multiple(3, 3, 300_000, 99), build).of(
        Collection::Cutest,
        Kind::Smooth,
        source,
    )
}

pub(super) const ENTRIES: &[ProblemEntry] = &[
    line("dixmaana", "Dixon and Maany A", |n| dixmaan(n, WEIGHTS[0], [0, 0, 0, 0])),
    line("dixmaanb", "Dixon and Maany B", |n| dixmaan(n, WEIGHTS[1], [0, 0, 0, 0])),
    line("dixmaanc", "Dixon and Maany C", |n| dixmaan(n, WEIGHTS[2], [0, 0, 0, 0])),
    line("dixmaand", "Dixon and Maany D", |n| dixmaan(n, WEIGHTS[3], [0, 0, 0, 0])),
    line("dixmaane", "Dixon and Maany E", |n| dixmaan(n, WEIGHTS[0], [1, 0, 0, 1])),
    line("dixmaanf", "Dixon and Maany F", |n| dixmaan(n, WEIGHTS[1], [1, 0, 0, 1])),
    line("dixmaang", "Dixon and Maany G", |n| dixmaan(n, WEIGHTS[2], [1, 0, 0, 1])),
    line("dixmaanh", "Dixon and Maany H", |n| dixmaan(n, WEIGHTS[3], [1, 0, 0, 1])),
    line("dixmaani", "Dixon and Maany I", |n| dixmaan(n, WEIGHTS[0], [2, 0, 0, 2])),
    line("dixmaanj", "Dixon and Maany J", |n| dixmaan(n, WEIGHTS[1], [2, 0, 0, 2])),
    line("dixmaank", "Dixon and Maany K", |n| dixmaan(n, WEIGHTS[2], [2, 0, 0, 2])),
    line("dixmaanl", "Dixon and Maany L", |n| dixmaan(n, WEIGHTS[3], [2, 0, 0, 2])),
    line("dixmaanm", "Dixon and Maany M", |n| dixmaan(n, WEIGHTS[0], [2, 1, 1, 2])),
    line("dixmaann", "Dixon and Maany N", |n| dixmaan(n, WEIGHTS[1], [2, 1, 1, 2])),
    line("dixmaano", "Dixon and Maany O", |n| dixmaan(n, WEIGHTS[2], [2, 1, 1, 2])),
    line("dixmaanp", "Dixon and Maany P", |n| dixmaan(n, WEIGHTS[3], [2, 1, 1, 2])),
];

/// β, γ, δ; α is 1.
const WEIGHTS: [[f64; 3]; 4] =
    [[0.0, 0.125, 0.125], [0.0625, 0.0625, 0.0625], [0.125, 0.125, 0.125], [0.26, 0.26, 0.26]];

fn dixmaan(n: usize, [beta, gamma, delta]: [f64; 3], k: [i32; 4]) -> Draft {
    let m = n / 3;
    smooth(n, |b, x| {
        let weight = |i: usize, k: i32| ((i + 1) as f64 / n as f64).powi(k);
        let mut terms: Vec<Expr> = (0..n).map(|i| weight(i, k[0]) * x[i].powi(2)).collect();
        if beta > 0.0 {
            let curve = |i: usize| x[i].powi(2) * (x[i + 1] + x[i + 1].powi(2)).powi(2);
            terms.extend((0..n - 1).map(|i| beta * weight(i, k[1]) * curve(i)));
        }
        terms.extend((0..2 * m).map(|i| gamma * weight(i, k[2]) * (x[i].powi(2) * x[i + m].powi(4))));
        terms.extend((0..m).map(|i| delta * weight(i, k[3]) * (x[i] * x[i + 2 * m])));
        b.sum(terms) + 1.0
    })
    .start_with(|_| 2.0)
    .minimum_at_all(1.0, 0.0)
}
