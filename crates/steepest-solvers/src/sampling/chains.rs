//! What a sampler drew, and what it says about each coordinate.

use super::diagnostics::{effective_sample_size, rank_rhat};

/// The draws of one chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    dim: usize,
    draws: Vec<f64>,
    values: Vec<f64>,
    weights: Vec<f64>,
    /// The step size η after burn-in.
    pub step: f64,
    /// The mean acceptance probability after burn-in; `None` where every step is taken.
    pub acceptance: Option<f64>,
    /// Values with gradients that were evaluated.
    pub evaluations: u64,
}

impl Chain {
    pub(crate) fn new(dim: usize) -> Chain {
        let (draws, values, weights) = Default::default();
        Chain { dim, draws, values, weights, step: 0.0, acceptance: None, evaluations: 0 }
    }

    pub(crate) fn push(&mut self, x: &[f64], value: f64, weight: f64) {
        self.draws.extend_from_slice(x);
        self.values.push(value);
        self.weights.push(weight);
    }

    /// The number of coordinates.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The number of draws.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether nothing was drawn.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The draws, one after the other.
    pub fn draws(&self) -> impl Iterator<Item = &[f64]> {
        (0..self.len()).map(|k| self.draw(k))
    }

    /// Draw k.
    pub fn draw(&self, k: usize) -> &[f64] {
        &self.draws[k * self.dim..(k + 1) * self.dim]
    }

    /// J at each draw.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// What each draw counts in an average: the step size it was made with. Equal but for SGLD with a shrinking step.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// One coordinate of every draw.
    pub fn coordinate(&self, i: usize) -> Vec<f64> {
        self.draws().map(|x| x[i]).collect()
    }
}

/// Several chains of the same length.
#[derive(Debug, Clone, PartialEq)]
pub struct Chains {
    chains: Vec<Chain>,
}

/// What the draws say about one coordinate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Marginal {
    /// The mean.
    pub mean: f64,
    /// The variance about it, divided by the number of draws less one where all count the same.
    pub variance: f64,
    /// The number of independent draws that would give the mean as accurately.
    pub ess: f64,
    /// The standard error of the mean, √(variance/ess).
    pub error: f64,
    /// Rank-normalized split R̂; above 1.01 the chains do not agree yet. NaN with fewer than 4 draws in a chain.
    pub rhat: f64,
}

impl Chains {
    /// Puts chains together; shorter ones, of a run that was stopped, cut the others to their length.
    pub fn new(mut chains: Vec<Chain>) -> Chains {
        let shortest = chains.iter().map(Chain::len).min().unwrap_or(0);
        for chain in &mut chains {
            chain.draws.truncate(shortest * chain.dim);
            chain.values.truncate(shortest);
            chain.weights.truncate(shortest);
        }
        Chains { chains }
    }

    /// The chains.
    pub fn chains(&self) -> &[Chain] {
        &self.chains
    }

    /// All draws: of the first chain, then of the next.
    pub fn draws(&self) -> impl Iterator<Item = &[f64]> {
        self.chains.iter().flat_map(Chain::draws)
    }

    /// The mean acceptance over the chains.
    pub fn acceptance(&self) -> Option<f64> {
        let all: Option<Vec<f64>> = self.chains.iter().map(|c| c.acceptance).collect();
        all.filter(|a| !a.is_empty()).map(|a| a.iter().sum::<f64>() / a.len() as f64)
    }

    /// Mean, variance, effective sample size and R̂ of every coordinate.
    pub fn summary(&self) -> Vec<Marginal> {
        let dim = self.chains.first().map_or(0, Chain::dim);
        (0..dim).map(|i| self.marginal(&|chain, k| chain.draw(k)[i])).collect()
    }

    /// The same of a function of the draws: `f(chain, k)` for draw k.
    pub fn marginal(&self, f: &dyn Fn(&Chain, usize) -> f64) -> Marginal {
        let columns: Vec<Vec<f64>> = self.chains.iter().map(|c| (0..c.len()).map(|k| f(c, k)).collect()).collect();
        let weighted = || self.chains.iter().zip(&columns).flat_map(|(c, v)| c.weights.iter().zip(v));
        let (mut total, mut squares, mut sum) = (0.0, 0.0, 0.0);
        for (w, v) in weighted() {
            total += w;
            squares += w * w;
            sum += w * v;
        }
        let mean = sum / total;
        let spread: f64 = weighted().map(|(w, v)| w * (v - mean) * (v - mean)).sum();
        let variance = spread / (total - squares / total);
        let ess = effective_sample_size(&columns);
        Marginal { mean, variance, ess, error: (variance / ess).sqrt(), rhat: rank_rhat(&columns) }
    }
}
