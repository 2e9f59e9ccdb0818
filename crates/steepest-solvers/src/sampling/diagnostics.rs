//! Effective sample size and R̂ of several chains.
//!
//! A. Vehtari, A. Gelman, D. Simpson, B. Carpenter and P.-C. Bürkner, “Rank-normalization, folding, and localization: an improved
//! R̂ for assessing convergence of MCMC”, Bayesian Anal. 16(2), 2021, doi:10.1214/20-BA1221. Every chain is split in half. With W
//! the mean variance within the m halves of length n, and var⁺ = W(n − 1)/n + (variance of their means):
//! R̂ = √(var⁺/W), ρₜ = 1 − (W − mean autocovariance at lag t)/var⁺, and ESS = mn/(−1 + 2Σ(ρ₂ₜ + ρ₂ₜ₊₁)), where the sum ends before the
//! first negative pair and pairs are kept from rising: the initial monotone sequence of C. Geyer, Stat. Sci. 7, 1992,
//! doi:10.1214/ss/1177011137.

use steepest_core::math;

/// The halves of every chain; a middle draw is left out.
fn split(chains: &[Vec<f64>]) -> Vec<&[f64]> {
    let half = chains.iter().map(|c| c.len() / 2).min().unwrap_or(0);
    chains.iter().flat_map(|c| [&c[..half], &c[c.len() - half..]]).collect()
}

/// n, W and var⁺ of parts of one length.
struct Variances {
    within: f64,
    over: f64,
    means: Vec<f64>,
}

impl Variances {
    fn of(parts: &[&[f64]]) -> Option<Variances> {
        let n = parts.first().map_or(0, |p| p.len());
        if n < 2 || parts.iter().any(|p| p.iter().any(|v| !v.is_finite())) {
            return None;
        }
        let means: Vec<f64> = parts.iter().map(|p| p.iter().sum::<f64>() / n as f64).collect();
        let spread = |p: &[f64], mean: f64| p.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
        let within =
            parts.iter().zip(&means).map(|(p, &m)| spread(p, m) / (n - 1) as f64).sum::<f64>() / parts.len() as f64;
        let center = means.iter().sum::<f64>() / means.len() as f64;
        let between = spread(&means, center) / (means.len() - 1).max(1) as f64;
        Some(Variances { within, over: within * (n - 1) as f64 / n as f64 + between, means })
    }
}

/// Split R̂ of one quantity, given its draws in each chain. 1 where the halves agree; NaN with fewer than 4 draws a chain, or when
/// some are not finite.
pub fn split_rhat(chains: &[Vec<f64>]) -> f64 {
    rhat(&split(chains))
}

fn rhat(parts: &[&[f64]]) -> f64 {
    match Variances::of(parts) {
        // Constant chains that agree have nothing to disagree about.
        Some(v) if v.within == 0.0 => {
            if v.over == 0.0 {
                1.0
            } else {
                f64::INFINITY
            }
        }
        Some(v) => (v.over / v.within).sqrt(),
        None => f64::NAN,
    }
}

/// The larger of the split R̂ of the rank-normalized draws and of their rank-normalized distances from the median, so that
/// differences in location and in spread are seen even where variances are infinite.
pub fn rank_rhat(chains: &[Vec<f64>]) -> f64 {
    let parts = split(chains);
    if parts.first().is_none_or(|p| p.len() < 2) || parts.iter().any(|p| p.iter().any(|v| !v.is_finite())) {
        return f64::NAN;
    }
    let n = parts[0].len();
    let all: Vec<f64> = parts.concat();
    let normal = |values: &[f64]| {
        let z = normal_scores(values);
        rhat(&z.chunks_exact(n).collect::<Vec<_>>())
    };
    let mut sorted = all.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = 0.5 * (sorted[(all.len() - 1) / 2] + sorted[all.len() / 2]);
    let folded: Vec<f64> = all.iter().map(|v| (v - median).abs()).collect();
    normal(&all).max(normal(&folded))
}

/// Φ⁻¹((r − ⅜)/(S + ¼)) with the average ranks r of the values.
fn normal_scores(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&i, &j| values[i].total_cmp(&values[j]).then(i.cmp(&j)));
    let mut z = vec![0.0; values.len()];
    let mut first = 0;
    while first < order.len() {
        let value = values[order[first]];
        let mut end = first + 1;
        while end < order.len() && values[order[end]] == value {
            end += 1;
        }
        let rank = 0.5 * (first + 1 + end) as f64;
        let score = normal_quantile((rank - 0.375) / (values.len() as f64 + 0.25));
        order[first..end].iter().for_each(|&i| z[i] = score);
        first = end;
    }
    z
}

/// Φ⁻¹(p) for p in (0, 1): a rational first guess (Abramowitz and Stegun, 26.2.23) and Newton's steps on the error function.
fn normal_quantile(p: f64) -> f64 {
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    let t = (-2.0 * math::ln(p)).sqrt();
    let above = 2.515517 + t * (0.802853 + t * 0.010328);
    let below = 1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308));
    let mut z = above / below - t;
    for _ in 0..3 {
        let cdf = 0.5 * (1.0 + math::erf(z * std::f64::consts::FRAC_1_SQRT_2));
        let density = math::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt();
        z -= (cdf - p) / density;
    }
    z
}

/// The effective sample size of the mean of one quantity, given its draws in each chain. NaN where R̂ is.
///
/// Cost: O(draws × lags), the lags up to where the correlation is lost in noise.
pub fn effective_sample_size(chains: &[Vec<f64>]) -> f64 {
    let parts = split(chains);
    let Some(variances) = Variances::of(&parts) else { return f64::NAN };
    let (m, n) = (parts.len() as f64, parts[0].len());
    let total = m * n as f64;
    if variances.over == 0.0 {
        return total;
    }
    let centered: Vec<Vec<f64>> =
        parts.iter().zip(&variances.means).map(|(p, mean)| p.iter().map(|v| v - mean).collect()).collect();
    let correlation = |lag: usize| {
        let covariance = |c: &Vec<f64>| crate::dot(&c[..n - lag], &c[lag..]) / n as f64;
        let mean = centered.iter().map(covariance).sum::<f64>() / m;
        1.0 - (variances.within - mean) / variances.over
    };
    let (mut sum, mut lowest, mut lag) = (0.0, f64::INFINITY, 0);
    while lag + 1 < n {
        let even = if lag == 0 { 1.0 } else { correlation(lag) };
        let pair = even + correlation(lag + 1);
        if pair < 0.0 {
            // The lag that is left over counts once where it is positive.
            sum += 0.5 * even.max(0.0);
            break;
        }
        lowest = lowest.min(pair);
        sum += lowest;
        lag += 2;
    }
    let time = (2.0 * sum - 1.0).max(1.0 / total.log10().max(1.0));
    total / time
}

#[cfg(test)]
mod tests {
    use super::*;
    use steepest_core::random::{Purpose, Stream};

    include!("../../reference/arviz.rs");

    /// xₖ₊₁ = φxₖ + √(1 − φ²)z, by the generator of the reference script.
    fn autoregression(chain: u64, n: usize, phi: f64) -> Vec<f64> {
        let mut z = vec![0.0f64; n];
        Stream::new(8, Purpose::PROBLEM, chain).fill_normal(0, &mut z);
        let mut x = z[0];
        let mut out = Vec::with_capacity(n);
        for z in z {
            x = phi * x + (1.0 - phi * phi).sqrt() * z;
            out.push(x);
        }
        out
    }

    #[test]
    fn the_effective_size_of_an_autoregression_is_known() {
        for phi in [-0.5, 0.0, 0.6, 0.95] {
            let chains: Vec<Vec<f64>> = (0..4).map(|k| autoregression(k, 50_000, phi)).collect();
            let expected = 200_000.0 * (1.0 - phi) / (1.0 + phi);
            let found = effective_sample_size(&chains);
            assert!((found / expected - 1.0).abs() < 0.1, "{phi}: {found} {expected}");
            assert!((split_rhat(&chains) - 1.0).abs() < 0.002 && (rank_rhat(&chains) - 1.0).abs() < 0.005);
        }
    }

    #[test]
    fn as_arviz_computes_them() {
        // A sequence that needs no generator: wave(c, k) = sin(0.05k(c + 1)) + ((k·7919 + c·104729) mod 1009)/1009 + c/10.
        let wave = |c: usize, k: usize| {
            (0.05 * (k * (c + 1)) as f64).sin() + ((k * 7919 + c * 104_729) % 1009) as f64 / 1009.0 + 0.1 * c as f64
        };
        let chains: Vec<Vec<f64>> = (0..3).map(|c| (0..400).map(|k| wave(c, k)).collect()).collect();
        let (ess, plain, rank) = ARVIZ;
        assert!((effective_sample_size(&chains) / ess - 1.0).abs() < 1e-9, "{} {ess}", effective_sample_size(&chains));
        assert!((split_rhat(&chains) - plain).abs() < 1e-12, "{} {plain}", split_rhat(&chains));
        assert!((rank_rhat(&chains) - rank).abs() < 1e-9, "{} {rank}", rank_rhat(&chains));
    }

    #[test]
    fn chains_in_different_places_are_noticed() {
        let mut chains: Vec<Vec<f64>> = (0..4).map(|k| autoregression(k, 1000, 0.3)).collect();
        chains[3].iter_mut().for_each(|v| *v += 2.0);
        assert!(rank_rhat(&chains) > 1.2 && effective_sample_size(&chains) < 50.0);
        // Equal means and different spreads: only the folded ranks see it.
        let mut chains: Vec<Vec<f64>> = (0..4).map(|k| autoregression(k, 1000, 0.3)).collect();
        chains[3].iter_mut().for_each(|v| *v *= 4.0);
        assert!(split_rhat(&chains) < 1.02 && rank_rhat(&chains) > 1.1);
    }

    #[test]
    fn degenerate_chains_have_answers() {
        assert!(
            split_rhat(&[]).is_nan() && effective_sample_size(&[vec![1.0]]).is_nan() && rank_rhat(&[vec![]]).is_nan()
        );
        assert_eq!(split_rhat(&[vec![2.0; 10], vec![2.0; 10]]), 1.0);
        assert!(effective_sample_size(&[vec![1.0, f64::NAN, 0.0, 2.0]]).is_nan());
    }

    #[test]
    fn quantiles_of_the_normal_distribution() {
        for (p, z) in [(0.5, 0.0), (0.975, 1.959963984540054), (0.001, -3.090232306167813), (1e-8, -5.612001244174789)]
        {
            assert!((normal_quantile(p) - z).abs() < 1e-8, "{p}: {}", normal_quantile(p));
        }
    }
}
