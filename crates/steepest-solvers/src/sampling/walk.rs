//! The moving point of a Langevin chain: proposals, and which of them are taken.

use steepest_core::random::{Purpose, Stream};
use steepest_core::{Objective, math};

use super::langevin::{Method, Sampler, SamplingError};

/// The moving point of a chain.
pub(super) struct Walk<'a> {
    sampler: &'a Sampler,
    chain: u64,
    proposals: Stream,
    noise: Stream,
    pub eta: f64,
    pub x: Vec<f64>,
    g: Vec<f64>,
    pub value: f64,
    trial: Vec<f64>,
    next: Vec<f64>,
    normals: Vec<f64>,
    pub evaluations: u64,
}

impl<'a> Walk<'a> {
    pub fn new(
        sampler: &'a Sampler,
        f: &mut dyn Objective<f64>,
        start: &[f64],
        chain: u64,
    ) -> Result<Walk<'a>, SamplingError> {
        let zeros = vec![0.0; start.len()];
        let mut g = zeros.clone();
        let refused = |cause| SamplingError::Start { chain, cause };
        let value = f.at(start).map_err(refused)?;
        f.gradient(&mut g).map_err(refused)?;
        Ok(Walk {
            sampler,
            chain,
            proposals: Stream::new(sampler.seed, Purpose::PROPOSAL, chain),
            noise: Stream::new(sampler.seed, Purpose::NOISE, chain),
            eta: sampler.step,
            x: start.to_vec(),
            g,
            value,
            trial: zeros.clone(),
            next: zeros.clone(),
            normals: zeros,
            evaluations: 1,
        })
    }

    /// η of step k.
    pub fn length(&self, k: u64) -> f64 {
        match self.sampler.method {
            Method::Sgld { decay, delay, .. } if decay > 0.0 => {
                self.eta * math::exp(-decay * math::ln(1.0 + k as f64 / delay))
            }
            _ => self.eta,
        }
    }

    /// Positions of the stream that one step takes: the normals in pairs, and one uniform.
    fn stride(&self) -> u64 {
        (self.x.len() as u64).next_multiple_of(2) + 2
    }

    /// Step k; its acceptance probability.
    pub fn step(&mut self, f: &mut dyn Objective<f64>, k: u64) -> Result<f64, SamplingError> {
        let eta = self.length(k);
        let at = k * self.stride();
        if let Method::Sgld { noise, .. } = self.sampler.method
            && noise > 0.0
        {
            self.noise.fill_normal(at, &mut self.normals);
            self.g.iter_mut().zip(&self.normals).for_each(|(g, z)| *g += noise * z);
        }
        self.proposals.fill_normal(at, &mut self.normals);
        let spread = (2.0 * eta * self.sampler.temperature).sqrt();
        for ((to, x), (g, z)) in self.trial.iter_mut().zip(&self.x).zip(self.g.iter().zip(&self.normals)) {
            *to = x - eta * g + spread * z;
        }
        self.evaluations += 1;
        let found = f.at(&self.trial).and_then(|value| f.gradient(&mut self.next).map(|()| value));
        if self.sampler.method != Method::Mala {
            let diverged = |cause| SamplingError::Diverged { chain: self.chain, step: k + 1, eta, cause };
            self.value = found.map_err(diverged)?;
            self.take();
            return Ok(1.0);
        }
        // A proposal outside the domain has density zero.
        let Ok(value) = found else { return Ok(0.0) };
        let probability = math::exp(self.log_ratio(eta, value).min(0.0));
        if self.proposals.uniform(at + self.stride() - 1) < probability {
            self.value = value;
            self.take();
        }
        Ok(probability)
    }

    fn take(&mut self) {
        std::mem::swap(&mut self.x, &mut self.trial);
        std::mem::swap(&mut self.g, &mut self.next);
    }

    /// ln of the Metropolis–Hastings ratio of x → trial.
    fn log_ratio(&self, eta: f64, value: f64) -> f64 {
        let temperature = self.sampler.temperature;
        let (mut there, mut back) = (0.0, 0.0);
        for ((to, x), (g, next)) in self.trial.iter().zip(&self.x).zip(self.g.iter().zip(&self.next)) {
            let (out, home) = (to - x + eta * g, x - to + eta * next);
            there += out * out;
            back += home * home;
        }
        let ratio = (self.value - value) / temperature + (there - back) / (4.0 * eta * temperature);
        if ratio.is_nan() { f64::NEG_INFINITY } else { ratio }
    }
}
