//! Langevin dynamics: gradient descent with noise that is just large enough.
//!
//! x⁺ = x − η∇J(x) + √(2ηT) ξ,   ξ ~ N(0, I)
//!
//! - **ULA** takes every step. Its stationary distribution is exp(−J/T) as η → 0 only: for J = ½x² the variance is T/(1 − η/2).
//!   G. Roberts and R. Tweedie, “Exponential convergence of Langevin distributions and their discrete approximations”, Bernoulli 2,
//!   1996, doi:10.2307/3318418.
//! - **MALA** accepts it with probability min(1, exp(−(J(x⁺) − J(x))/T)·q(x|x⁺)/q(x⁺|x)), q(z|x) ∝ exp(−‖z − x + η∇J(x)‖²/4ηT), so
//!   that the distribution is exact for every η (same source). η is adapted in burn-in to an acceptance of 0.574: G. Roberts and
//!   J. Rosenthal, J. R. Stat. Soc. B 60, 1998, doi:10.1111/1467-9868.00123.
//! - **SGLD** is ULA with a gradient that may be noisy and a step size that may shrink, ηₖ = η(1 + k/b)^{−γ}; draws are then
//!   weighted by ηₖ: M. Welling and Y. W. Teh, ICML 2011. Gradient noise of variance σ² per element adds ησ²/2 to the temperature:
//!   for J = ½x² the variance is (T + ησ²/2)/(1 − η/2).

use rayon::prelude::*;
use steepest_core::{NonFinite, Objective};
use thiserror::Error;

use super::chains::{Chain, Chains};
use super::dual_averaging::DualAveraging;
use super::walk::Walk;

/// How a chain moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// The unadjusted Langevin algorithm: biased by O(η).
    Ula,
    /// The Metropolis-adjusted Langevin algorithm: exact.
    Mala,
    /// Stochastic gradient Langevin dynamics.
    Sgld {
        /// Standard deviation of the noise that is added to each element of the gradient, on top of what the objective brings.
        noise: f64,
        /// γ ≥ 0: how fast η shrinks; 0 keeps it, above ½ the bias vanishes in the limit.
        decay: f64,
        /// b > 0: the number of steps after which the shrinking shows.
        delay: f64,
    },
}

/// What to draw.
///
/// ```
/// use steepest_solvers::{Function, sampling::{Method, Sampler}};
/// let sampler = Sampler { samples: 5_000, ..Sampler::new(Method::Mala, 0.5) };
/// // Four chains of ½x² from different starts.
/// let bowl = || Function::new(1, |x| 0.5 * x[0] * x[0]).with_gradient(|x, g| g[0] = x[0]);
/// let bowls = (0..4).map(|_| bowl()).collect();
/// let chains = sampler.chains(bowls, &[vec![-3.0], vec![-1.0], vec![1.0], vec![3.0]])?;
/// let x = &chains.summary()[0];
/// assert!((x.variance - 1.0).abs() < 0.1 && x.rhat < 1.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sampler {
    /// How a chain moves.
    pub method: Method,
    /// η > 0; for MALA with burn-in, where its adaptation starts.
    pub step: f64,
    /// T > 0.
    pub temperature: f64,
    /// Steps of each chain that are not kept.
    pub burn_in: u64,
    /// Draws kept of each chain.
    pub samples: u64,
    /// Steps between two kept draws, at least 1.
    pub thin: u64,
    /// Whether MALA's η is adapted in burn-in; never afterwards.
    pub adapt: bool,
    /// The acceptance that the adaptation aims at, in (0, 1).
    pub acceptance: f64,
    /// The seed of all chains.
    pub seed: u64,
}

/// Why a chain ended early.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SamplingError {
    /// An option that makes no sense.
    #[error("{option} is {value}; it must be {expected}")]
    Option {
        /// Which option.
        option: &'static str,
        /// What was given.
        value: f64,
        /// What is expected.
        expected: &'static str,
    },
    /// Not one start for each objective, or one of another dimension.
    #[error("{found} {what} where {expected} are needed")]
    Shape {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
    /// The start of a chain has no value.
    #[error("chain {chain} cannot start: {cause}; start it where the function is defined")]
    Start {
        /// The chain, from 0.
        chain: u64,
        /// What was not finite.
        cause: NonFinite,
    },
    /// An unadjusted chain left the region where the function is finite.
    #[error(
        "chain {chain} diverged at step {step} with η = {eta:e}: {cause}; take a smaller step, or MALA, which refuses such moves"
    )]
    Diverged {
        /// The chain, from 0.
        chain: u64,
        /// The step, from 1.
        step: u64,
        /// η.
        eta: f64,
        /// What was not finite.
        cause: NonFinite,
    },
}

impl Sampler {
    /// With the step η, temperature 1, 1,000 steps of burn-in, 10,000 draws, no thinning, and seed 0.
    pub fn new(method: Method, step: f64) -> Sampler {
        Sampler {
            method,
            step,
            temperature: 1.0,
            burn_in: 1_000,
            samples: 10_000,
            thin: 1,
            adapt: true,
            acceptance: 0.574,
            seed: 0,
        }
    }

    fn check(&self) -> Result<(), SamplingError> {
        let positive = |option, value: f64| {
            let expected = "a positive finite number";
            if value > 0.0 && value.is_finite() {
                Ok(())
            } else {
                Err(SamplingError::Option { option, value, expected })
            }
        };
        positive("the step size", self.step)?;
        positive("the temperature", self.temperature)?;
        positive("the thinning", self.thin as f64)?;
        if !(self.acceptance > 0.0 && self.acceptance < 1.0) {
            let (value, expected) = (self.acceptance, "between 0 and 1");
            return Err(SamplingError::Option { option: "the acceptance to aim at", value, expected });
        }
        if let Method::Sgld { noise, decay, delay } = self.method {
            let expected = "zero or a positive finite number";
            for (option, value) in [("the gradient noise", noise), ("the decay", decay)] {
                if !(value >= 0.0 && value.is_finite()) {
                    return Err(SamplingError::Option { option, value, expected });
                }
            }
            positive("the delay", delay)?;
        }
        Ok(())
    }

    /// Runs one chain for each objective, in parallel. `starts` holds one point for each.
    ///
    /// # Errors
    /// [`SamplingError`]; of several chains that fail, the first one's.
    pub fn chains<O: Objective<f64> + Send>(
        &self,
        objectives: Vec<O>,
        starts: &[Vec<f64>],
    ) -> Result<Chains, SamplingError> {
        if objectives.len() != starts.len() || starts.is_empty() {
            let (found, expected) = (starts.len(), objectives.len().max(1));
            return Err(SamplingError::Shape { what: "starting points", found, expected });
        }
        let jobs: Vec<(usize, O)> = objectives.into_iter().enumerate().collect();
        let run = |(k, mut f): (usize, O)| self.chain(&mut f, &starts[k], k as u64, &|| true);
        let found: Vec<Result<Chain, SamplingError>> = jobs.into_par_iter().map(run).collect();
        Ok(Chains::new(found.into_iter().collect::<Result<_, _>>()?))
    }

    /// Runs chain number `chain` from `start`. Between steps `go_on` is asked now and then; when it answers no, the draws so far
    /// are returned.
    ///
    /// # Errors
    /// [`SamplingError`].
    pub fn chain(
        &self,
        f: &mut dyn Objective<f64>,
        start: &[f64],
        chain: u64,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Chain, SamplingError> {
        self.check()?;
        let dim = f.layout().len();
        if start.len() != dim {
            return Err(SamplingError::Shape {
                what: "coordinates of a starting point",
                found: start.len(),
                expected: dim,
            });
        }
        let mut walk = Walk::new(self, f, start, chain)?;
        let mut out = Chain::new(dim);
        let mut tuning = DualAveraging::new(self.step, self.acceptance);
        let adapt = self.method == Method::Mala && self.adapt;
        let (mut accepted, mut steps) = (0.0, 0u64);
        for k in 0..self.burn_in + self.samples * self.thin {
            let burning = k < self.burn_in;
            if k % 64 == 0 && !go_on() {
                break;
            }
            if adapt && k == self.burn_in && k > 0 {
                walk.eta = tuning.settled();
            }
            let probability = walk.step(f, k)?;
            if burning && adapt {
                tuning.learn(probability);
                walk.eta = tuning.step();
            }
            if !burning {
                accepted += probability;
                steps += 1;
                if steps.is_multiple_of(self.thin) {
                    out.push(&walk.x, walk.value, walk.length(k));
                }
            }
        }
        out.step = walk.eta;
        out.acceptance = (self.method == Method::Mala && steps > 0).then(|| accepted / steps as f64);
        out.evaluations = walk.evaluations;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joint::Joint;

    fn bowl() -> impl Objective<f64> + Send {
        Joint::new(1, |x: &[f64], g: &mut [f64]| {
            g[0] = x[0];
            0.5 * x[0] * x[0]
        })
    }

    /// (x² − 1)² + (y − x/2)²: two wells.
    fn wells() -> impl Objective<f64> + Send {
        Joint::new(2, |x: &[f64], g: &mut [f64]| {
            let (a, b) = (x[0] * x[0] - 1.0, x[1] - 0.5 * x[0]);
            g[0] = 4.0 * a * x[0] - b;
            g[1] = 2.0 * b;
            a * a + b * b
        })
    }

    #[test]
    fn the_bias_of_unadjusted_steps_is_the_one_of_theory() {
        for (eta, temperature, noise) in [(0.5, 1.0, 0.0), (0.1, 1.0, 0.0), (0.5, 2.0, 0.0), (0.4, 1.0, 1.5)] {
            let method = if noise > 0.0 { Method::Sgld { noise, decay: 0.0, delay: 1.0 } } else { Method::Ula };
            let sampler = Sampler { samples: 200_000, temperature, seed: 3, ..Sampler::new(method, eta) };
            let found = sampler.chains(vec![bowl(), bowl()], &[vec![0.0], vec![1.0]]).unwrap().summary()[0];
            let expected = (temperature + 0.5 * eta * noise * noise) / (1.0 - 0.5 * eta);
            // x² of a Gaussian chain with lag-one correlation 1 − η: its mean has the relative error √(2/n·(1 + ρ²)/(1 − ρ²)).
            let rho2 = (1.0 - eta) * (1.0 - eta);
            let error = (2.0 / 400_000.0 * (1.0 + rho2) / (1.0 - rho2)).sqrt();
            assert!((found.variance / expected - 1.0).abs() < 4.0 * error, "{eta} {temperature}: {}", found.variance);
            assert!(found.mean.abs() < 4.0 * found.error, "{}", found.mean);
            assert!((found.rhat - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn shrinking_steps_lose_the_bias() {
        let method = Method::Sgld { noise: 1.0, decay: 0.6, delay: 200.0 };
        let sampler = Sampler { samples: 300_000, burn_in: 0, ..Sampler::new(method, 0.5) };
        let found = sampler.chains(vec![bowl()], &[vec![0.0]]).unwrap().summary()[0];
        assert!((found.variance - 1.0).abs() < 0.06, "{}", found.variance);
    }

    /// 20 × 20 bins over [−2, 2]² and the total variation from exp(−J/T), whose integrals are sums over 20 × 20 midpoints a bin.
    #[test]
    fn adjusted_steps_sample_a_double_well() {
        let (temperature, cells, fine) = (1.0, 20usize, 20usize);
        let sampler = Sampler { samples: 600_000, temperature, seed: 1, ..Sampler::new(Method::Mala, 0.1) };
        let starts = [vec![-1.0, 0.0], vec![1.0, 0.0], vec![-1.0, 1.0], vec![1.0, -1.0]];
        let chains = sampler.chains((0..4).map(|_| wells()).collect(), &starts).unwrap();
        let summary = chains.summary();
        let ess = summary.iter().map(|m| m.ess).fold(f64::INFINITY, f64::min);
        assert!(ess >= 1e5, "{ess}");
        assert!(summary.iter().all(|m| m.rhat < 1.01));
        assert!((chains.acceptance().unwrap() - 0.574).abs() < 0.05, "{:?}", chains.acceptance());
        // One cell more takes what lies outside.
        let (mut count, mut mass) = (vec![0.0; cells * cells + 1], vec![0.0; cells * cells + 1]);
        let cell = |x: f64, y: f64| {
            let k = |v: f64| ((v + 2.0) * cells as f64 / 4.0).floor();
            let inside = |k: f64| (0.0..cells as f64).contains(&k);
            if inside(k(x)) && inside(k(y)) { k(x) as usize * cells + k(y) as usize } else { cells * cells }
        };
        let mut draws = 0.0;
        for x in chains.draws() {
            count[cell(x[0], x[1])] += 1.0;
            draws += 1.0;
        }
        let (mut f, n, width) = (wells(), 2 * cells * fine, 4.0 / (cells * fine) as f64);
        for i in 0..n {
            for j in 0..n {
                let at = |i: usize| -4.0 + (i as f64 + 0.5) * width;
                let value = f.at(&[at(i), at(j)]).unwrap();
                mass[cell(at(i), at(j))] += (-value / temperature).exp();
            }
        }
        let total: f64 = mass.iter().sum();
        let distance = 0.5 * count.iter().zip(&mass).map(|(c, m)| (c / draws - m / total).abs()).sum::<f64>();
        assert!(distance < 0.02, "total variation {distance}, effective draws {ess}");
    }

    #[test]
    fn the_bits_do_not_depend_on_threads() {
        let sampler = Sampler { samples: 500, burn_in: 100, thin: 3, ..Sampler::new(Method::Mala, 0.2) };
        let starts: Vec<Vec<f64>> = (0..5).map(|k| vec![0.1 * k as f64, 0.0]).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| sampler.chains((0..5).map(|_| wells()).collect(), &starts).unwrap())
        };
        assert_eq!(run(1), run(3));
        assert_eq!(run(1).chains()[0].len(), 500);
    }

    #[test]
    fn proposals_outside_the_domain_are_refused_and_divergence_is_told() {
        // exp(−x) on x > 0, by a J that is not finite elsewhere.
        let half = || {
            Joint::new(1, |x: &[f64], g: &mut [f64]| {
                g[0] = 1.0;
                if x[0] > 0.0 { x[0] } else { f64::NAN }
            })
        };
        let sampler = Sampler { samples: 200_000, ..Sampler::new(Method::Mala, 0.5) };
        let found = sampler.chains(vec![half(), half()], &[vec![1.0], vec![2.0]]).unwrap().summary()[0];
        assert!((found.mean - 1.0).abs() < 5.0 * found.error && (found.variance - 1.0).abs() < 0.08, "{found:?}");
        let error = Sampler::new(Method::Ula, 0.5).chains(vec![half()], &[vec![1.0]]).unwrap_err();
        assert!(error.to_string().contains("take a smaller step, or MALA"), "{error}");
        let error = Sampler::new(Method::Ula, 0.5).chains(vec![half()], &[vec![-1.0]]).unwrap_err();
        assert!(error.to_string().starts_with("chain 0 cannot start"), "{error}");
        assert!(Sampler::new(Method::Ula, f64::NAN).chains(vec![half()], &[vec![1.0]]).is_err());
        assert!(Sampler::new(Method::Ula, 0.1).chains(vec![half()], &[]).is_err());
    }
}
