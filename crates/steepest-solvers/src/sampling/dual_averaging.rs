//! Step sizes towards a wanted acceptance, by dual averaging.
//!
//! ln η_{t+1} = ln η̃ − (√t/γ)·(1/(t + t₀)) Σ (δ − αᵢ), and η̄ its average with weights t^{−κ}: M. Hoffman and A. Gelman, “The
//! No-U-Turn sampler”, J. Mach. Learn. Res. 15, 2014, arXiv:1111.4246, section 3.2, with γ = 0.05, t₀ = 10, κ = 0.75.

use steepest_core::math;

/// The state of the adaptation.
#[derive(Debug, Clone)]
pub(crate) struct DualAveraging {
    target: f64,
    center: f64,
    step: f64,
    error: f64,
    log_mean: f64,
    count: f64,
}

impl DualAveraging {
    /// From a first step size towards an acceptance.
    pub fn new(step: f64, target: f64) -> DualAveraging {
        DualAveraging { target, center: math::ln(10.0 * step), step, error: 0.0, log_mean: 0.0, count: 0.0 }
    }

    /// The step size to use now.
    pub fn step(&self) -> f64 {
        self.step
    }

    /// Learns from an acceptance probability.
    pub fn learn(&mut self, acceptance: f64) {
        self.count += 1.0;
        let t = self.count;
        self.error += (self.target - acceptance - self.error) / (t + 10.0);
        let log = self.center - t.sqrt() / 0.05 * self.error;
        let weight = math::exp(-0.75 * math::ln(t));
        self.log_mean += weight * (log - self.log_mean);
        self.step = math::exp(log);
    }

    /// The step size to keep.
    pub fn settled(&self) -> f64 {
        if self.count > 0.0 { math::exp(self.log_mean) } else { self.step }
    }
}
