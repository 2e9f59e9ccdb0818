//! Problems of a firm or a household under a constraint, with their answers in closed form.
//!
//! H. R. Varian, Microeconomic Analysis, third edition, 1992. A constraint's *shadow price* is what the best value gains when
//! the constraint gives way by one unit: the marginal cost of one more unit of output, the utility of one more unit of income.
//!
//! ```
//! use steepest_functions::{Function, economics};
//!
//! let household = economics::utility(&[0.3, 0.7], &[2.0, 5.0], 100.0);
//! assert!((household.solution[0] - 15.0).abs() < 1e-12 && (household.solution[1] - 14.0).abs() < 1e-12);
//! let mut budget = Function::new(household.inequalities[0].clone());
//! assert!(budget.value(&household.solution).abs() < 1e-12);
//! ```

use crate::{Builder, Graph};

/// Minimize an objective under constraints; what is maximized appears with its sign turned.
#[derive(Debug, Clone)]
pub struct Constrained {
    /// A short name.
    pub name: &'static str,
    /// What it asks, in a line.
    pub title: &'static str,
    /// Its one constraint as a formula.
    pub condition: &'static str,
    /// f, to be minimized.
    pub objective: Graph,
    /// Whether f is the negative of what the problem maximizes.
    pub maximized: bool,
    /// c(x) = 0, one graph each.
    pub equalities: Vec<Graph>,
    /// c(x) ≤ 0, one graph each.
    pub inequalities: Vec<Graph>,
    /// A start in the interior of the domain, not on the constraints.
    pub start: Vec<f64>,
    /// The answer.
    pub solution: Vec<f64>,
    /// f there.
    pub value: f64,
    /// The multipliers λ ≥ 0 (inequalities) of the Lagrangian f + Σ λc, equalities first.
    pub multipliers: Vec<f64>,
}

/// Cobb and Douglas's Π xᵢ^aᵢ, in logarithms: Σ aᵢ log xᵢ.
fn log_output(b: &Builder, a: &[f64], scale: f64, constant: f64) -> Graph {
    b.finish(scale * b.sum(b.inputs().iter().zip(a).map(|(x, &a)| a * x.ln())) + constant)
}

fn linear(n: usize, weights: impl Fn(usize) -> f64, constant: f64) -> Graph {
    let b = Builder::new(n);
    b.finish(b.sum((0..n).map(|i| weights(i) * b.input(i))) + constant)
}

/// Least cost w·x of the output Π xᵢ^aᵢ ≥ q.
///
/// With s = Σ aᵢ the cost is s·(q·Π (wᵢ/aᵢ)^aᵢ)^{1/s}, input i takes the share aᵢ/s of it, and marginal cost is cost/(s·q). The
/// constraint is written log q − Σ aᵢ log xᵢ ≤ 0, so that its multiplier is q times marginal cost.
///
/// # Panics
/// When the lists differ in length or a number is not positive.
pub fn cost(wages: &[f64], exponents: &[f64], output: f64) -> Constrained {
    positive(&[wages, exponents, &[output]], wages.len() == exponents.len());
    let n = wages.len();
    let s: f64 = exponents.iter().sum();
    let logs: f64 = wages.iter().zip(exponents).map(|(w, a)| a * (w / a).ln()).sum();
    let value = s * ((output.ln() + logs) / s).exp();
    Constrained {
        name: "cost",
        title: "least cost w·x of the output Π xᵢ^aᵢ ≥ q; the multiplier is q times marginal cost",
        condition: "ln(q) - dot(a, ln(x)) <= 0",
        objective: linear(n, |i| wages[i], 0.0),
        maximized: false,
        equalities: Vec::new(),
        inequalities: vec![log_output(&Builder::new(n), exponents, -1.0, output.ln())],
        start: vec![output.max(1.0); n],
        solution: wages.iter().zip(exponents).map(|(w, a)| a * value / (s * w)).collect(),
        value,
        multipliers: vec![value / s],
    }
}

/// Greatest utility Σ aᵢ log xᵢ under the budget p·x ≤ m: share aᵢ/Σa of it for good i, shadow price Σa/m.
///
/// # Panics
/// When the lists differ in length or a number is not positive.
pub fn utility(exponents: &[f64], prices: &[f64], budget: f64) -> Constrained {
    positive(&[exponents, prices, &[budget]], exponents.len() == prices.len());
    let n = prices.len();
    let s: f64 = exponents.iter().sum();
    let solution: Vec<f64> = exponents.iter().zip(prices).map(|(a, p)| a / s * budget / p).collect();
    Constrained {
        name: "utility",
        title: "greatest utility Σ aᵢ ln xᵢ that a budget buys",
        condition: "dot(p, x) - m <= 0",
        objective: log_output(&Builder::new(n), exponents, -1.0, 0.0),
        maximized: true,
        equalities: Vec::new(),
        inequalities: vec![linear(n, |i| prices[i], -budget)],
        start: prices.iter().map(|p| 0.5 * budget / (p * n as f64)).collect(),
        value: -solution.iter().zip(exponents).map(|(x, a)| a * x.ln()).sum::<f64>(),
        solution,
        multipliers: vec![s / budget],
    }
}

/// Greatest utility (Σ aᵢxᵢ^ρ)^{1/ρ} of constant elasticity σ = 1/(1 − ρ) under the budget p·x ≤ m: xᵢ ∝ (aᵢ/pᵢ)^σ, shadow
/// price U/m.
///
/// # Panics
/// When the lists differ in length, a number is not positive, or ρ is not below 1 and other than 0.
pub fn ces_utility(weights: &[f64], rho: f64, prices: &[f64], budget: f64) -> Constrained {
    positive(&[weights, prices, &[budget]], weights.len() == prices.len() && rho < 1.0 && rho != 0.0);
    let n = prices.len();
    let sigma = 1.0 / (1.0 - rho);
    let shares: Vec<f64> = weights.iter().zip(prices).map(|(a, p)| (a / p).powf(sigma)).collect();
    let spent: f64 = shares.iter().zip(prices).map(|(s, p)| s * p).sum();
    let solution: Vec<f64> = shares.iter().map(|s| s * budget / spent).collect();
    let inside: f64 = solution.iter().zip(weights).map(|(x, a)| a * x.powf(rho)).sum();
    let b = Builder::new(n);
    let sum = b.sum(b.inputs().iter().zip(weights).map(|(x, &a)| a * x.powf(rho)));
    let value = -inside.powf(1.0 / rho);
    Constrained {
        name: "ces-utility",
        title: "greatest utility (Σ aᵢxᵢ^ρ)^(1/ρ) that a budget buys",
        condition: "dot(p, x) - m <= 0",
        objective: b.finish(-sum.powf(1.0 / rho)),
        maximized: true,
        equalities: Vec::new(),
        inequalities: vec![linear(n, |i| prices[i], -budget)],
        start: prices.iter().map(|p| 0.5 * budget / (p * n as f64)).collect(),
        solution,
        value,
        multipliers: vec![-value / budget],
    }
}

/// Least cost Σ (αᵢxᵢ + βᵢxᵢ²/2) of plants that together deliver Σ xᵢ = demand: all marginal costs αᵢ + βᵢxᵢ equal the price
/// (demand + Σ α/β)/Σ 1/β.
///
/// # Panics
/// When the lists differ in length or a number is not positive.
pub fn dispatch(alpha: &[f64], beta: &[f64], demand: f64) -> Constrained {
    positive(&[alpha, beta, &[demand]], alpha.len() == beta.len());
    let n = alpha.len();
    let ratio: f64 = alpha.iter().zip(beta).map(|(a, b)| a / b).sum();
    let price = (demand + ratio) / beta.iter().map(|b| 1.0 / b).sum::<f64>();
    let solution: Vec<f64> = alpha.iter().zip(beta).map(|(a, b)| (price - a) / b).collect();
    let b = Builder::new(n);
    let costs =
        b.inputs().iter().enumerate().map(|(i, &x)| alpha[i] * x + 0.5 * beta[i] * x.powi(2)).collect::<Vec<_>>();
    Constrained {
        name: "dispatch",
        title: "least cost of plants that together deliver a demand",
        condition: "demand - sum(x) = 0",
        objective: b.finish(b.sum(costs)),
        maximized: false,
        equalities: vec![linear(n, |_| -1.0, demand)],
        inequalities: Vec::new(),
        start: vec![0.0; n],
        value: solution.iter().enumerate().map(|(i, x)| alpha[i] * x + 0.5 * beta[i] * x * x).sum(),
        solution,
        multipliers: vec![price],
    }
}

/// The list, with the numbers the documentation uses.
pub fn examples() -> Vec<Constrained> {
    vec![
        cost(&[4.0, 9.0], &[0.5, 0.25], 12.0),
        utility(&[0.2, 0.3, 0.5], &[1.0, 2.0, 4.0], 120.0),
        ces_utility(&[0.4, 0.6], 0.5, &[2.0, 3.0], 60.0),
        ces_utility(&[0.5, 0.5], -1.0, &[1.0, 4.0], 90.0),
        dispatch(&[2.0, 3.0, 5.0], &[0.1, 0.2, 0.05], 100.0),
    ]
}

fn positive(lists: &[&[f64]], fits: bool) {
    assert!(fits, "one number for each good, and an elasticity below 1 that is not 0");
    assert!(lists.iter().all(|l| l.iter().all(|&v| v > 0.0 && v.is_finite())), "prices and quantities are positive");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Function;

    /// Karush, Kuhn and Tucker's conditions, which are sufficient here: every problem is convex.
    #[test]
    fn answers_satisfy_the_optimality_conditions() {
        for problem in examples() {
            let n = problem.start.len();
            let (mut total, mut g) = (vec![0.0; n], vec![0.0; n]);
            let value = Function::new(problem.objective).gradient(&problem.solution, &mut total);
            assert!((value - problem.value).abs() <= 1e-12 * value.abs(), "{}: {value}", problem.name);
            let constraints = problem.equalities.into_iter().chain(problem.inequalities);
            for (graph, lambda) in constraints.zip(&problem.multipliers) {
                assert!(*lambda > 0.0);
                let c = Function::new(graph).gradient(&problem.solution, &mut g);
                assert!(c.abs() < 1e-10, "{}: constraint {c}", problem.name);
                total.iter_mut().zip(&g).for_each(|(t, g)| *t += lambda * g);
            }
            assert!(total.iter().all(|t| t.abs() < 1e-12 * (1.0 + value.abs())), "{}: {total:?}", problem.name);
        }
    }

    /// The multiplier is the derivative of the best value by the constraint's constant.
    #[test]
    fn multipliers_are_shadow_prices() {
        let h = 1e-4;
        let (a, p) = ([0.2, 0.3, 0.5], [1.0, 2.0, 4.0]);
        let slope = (utility(&a, &p, 120.0 + h).value - utility(&a, &p, 120.0 - h).value) / (2.0 * h);
        assert!((slope + utility(&a, &p, 120.0).multipliers[0]).abs() < 1e-9);
        let (w, e) = ([4.0, 9.0], [0.5, 0.25]);
        let marginal = (cost(&w, &e, 12.0 + h).value - cost(&w, &e, 12.0 - h).value) / (2.0 * h);
        assert!((marginal * 12.0 - cost(&w, &e, 12.0).multipliers[0]).abs() < 1e-6);
        let d = |q| dispatch(&[2.0, 3.0, 5.0], &[0.1, 0.2, 0.05], q);
        assert!(((d(100.0 + h).value - d(100.0 - h).value) / (2.0 * h) - d(100.0).multipliers[0]).abs() < 1e-6);
    }
}
