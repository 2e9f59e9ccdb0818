//! Mean, variance and range of a column over chosen rows, in one pass over memory.
//!
//! Rows are taken in blocks of 1,024: each block's mean and sum of squared deviations are computed directly, and blocks are
//! combined by the formula of Chan, Golub and LeVeque (1983, doi:10.1080/00031305.1983.10483115), which does not cancel. The
//! order is fixed, so the bits do not depend on threads.

/// What a column's values are like; missing and infinite values apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moments {
    /// Number of finite values.
    pub count: usize,
    /// Number of missing values.
    pub missing: usize,
    /// Number of infinite values.
    pub infinite: usize,
    /// Number of finite values that are not 0.
    pub nonzero: usize,
    /// Σ wᵢ over the finite values.
    pub weight: f64,
    /// Σ wᵢxᵢ / Σ wᵢ.
    pub mean: f64,
    /// √(Σ wᵢ(xᵢ − mean)² / Σ wᵢ), the standard deviation of the population.
    pub sd: f64,
    /// Least finite value.
    pub least: f64,
    /// Largest finite value.
    pub most: f64,
}

const BLOCK: usize = 1024;

impl Moments {
    /// The moments of `values[i]` for `i` in `rows`, each with weight `weights[i]` (1 without weights).
    pub(crate) fn of(values: &[f64], rows: &[u32], weights: Option<&[f64]>) -> Moments {
        let plain = pass(values, rows, weights, 1.0);
        let largest = plain.least.abs().max(plain.most.abs());
        // Squares leave the range of numbers: compute in units of the largest value.
        if plain.least < plain.most && !(plain.sd.is_normal() && plain.mean.is_finite()) {
            let scaled = pass(values, rows, weights, largest);
            return Moments { mean: scaled.mean * largest, sd: scaled.sd * largest, ..plain };
        }
        plain
    }

    /// Whether all finite values are the same.
    pub(crate) fn is_constant(&self) -> bool {
        self.least == self.most
    }
}

fn pass(values: &[f64], rows: &[u32], weights: Option<&[f64]>, unit: f64) -> Moments {
    let mut m = Moments {
        count: 0,
        missing: 0,
        infinite: 0,
        nonzero: 0,
        weight: 0.0,
        mean: 0.0,
        sd: 0.0,
        least: f64::INFINITY,
        most: f64::NEG_INFINITY,
    };
    let mut squares = 0.0;
    let mut x = [0.0; BLOCK];
    let mut w = [1.0; BLOCK];
    for block in rows.chunks(BLOCK) {
        let n = gather(values, block, weights, &mut x, &mut w, &mut m);
        m.count += n;
        if unit != 1.0 {
            x[..n].iter_mut().for_each(|v| *v /= unit);
        }
        let (x, w) = (&x[..n], &w[..n]);
        let (weight, mean, around);
        if weights.is_some() {
            weight = lanes(n, |k| w[k]);
            mean = lanes(n, |k| w[k] * x[k]) / weight;
            around = lanes(n, |k| w[k] * (x[k] - mean) * (x[k] - mean));
        } else {
            weight = n as f64;
            mean = lanes(n, |k| x[k]) / weight;
            around = lanes(n, |k| (x[k] - mean) * (x[k] - mean));
        }
        if weight == 0.0 {
            continue;
        }
        let total = m.weight + weight;
        let apart = mean - m.mean;
        squares += around + apart * apart * (m.weight * weight / total);
        m.mean += apart * (weight / total);
        m.weight = total;
    }
    if m.weight > 0.0 {
        m.sd = (squares / m.weight).sqrt();
    }
    if m.is_constant() {
        m.mean = m.least / unit;
        m.sd = 0.0;
    }
    m
}

/// Puts the finite values of a block of rows, and their weights, to the front of `x` and `w`, and counts the others. Returns how many there are.
fn gather(
    values: &[f64],
    block: &[u32],
    weights: Option<&[f64]>,
    x: &mut [f64; BLOCK],
    w: &mut [f64; BLOCK],
    m: &mut Moments,
) -> usize {
    for (slot, &i) in x.iter_mut().zip(block) {
        *slot = values[i as usize];
    }
    if let Some(weights) = weights {
        for (slot, &i) in w.iter_mut().zip(block) {
            *slot = weights[i as usize];
        }
    }
    let n = block.len();
    let mut finite = n;
    // 0 · v is 0 for a finite v and NaN otherwise: one sum tells whether a block needs the slow way.
    if lanes(n, |k| x[k] * 0.0) != 0.0 {
        finite = 0;
        for k in 0..n {
            if x[k].is_finite() {
                (x[finite], w[finite]) = (x[k], w[k]);
                finite += 1;
            } else if x[k].is_nan() {
                m.missing += 1;
            } else {
                m.infinite += 1;
            }
        }
    }
    let (mut least, mut most) = ([m.least; 8], [m.most; 8]);
    for chunk in x[..finite].chunks(8) {
        for (k, &v) in chunk.iter().enumerate() {
            least[k] = if v < least[k] { v } else { least[k] };
            most[k] = if v > most[k] { v } else { most[k] };
        }
    }
    m.least = least.into_iter().fold(f64::INFINITY, f64::min);
    m.most = most.into_iter().fold(f64::NEG_INFINITY, f64::max);
    m.nonzero += x[..finite].iter().filter(|v| **v != 0.0).count();
    finite
}

/// Σ f(k) for k < n in eight interleaved sums, which the compiler keeps in one register.
#[inline(always)]
fn lanes(n: usize, f: impl Fn(usize) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let whole = n - n % 8;
    for start in (0..whole).step_by(8) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += f(start + lane);
        }
    }
    for k in whole..n {
        sums[k % 8] += f(k);
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (b + f)) + ((c + g) + (d + h))
}

/// The median of the finite values of the chosen rows: the middle one, or the mean of the two in the middle. With weights, the
/// least value whose running weight reaches half (the mean with the next one where it is exactly half).
pub(crate) fn median(values: &[f64], rows: &[u32], weights: Option<&[f64]>) -> f64 {
    let weight = |i: u32| weights.map_or(1.0, |w| w[i as usize]);
    let mut kept: Vec<(f64, f64)> =
        rows.iter().map(|&i| (values[i as usize], weight(i))).filter(|&(v, w)| v.is_finite() && w > 0.0).collect();
    kept.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let half = kept.iter().map(|k| k.1).sum::<f64>() / 2.0;
    let mut running = 0.0;
    for (at, &(v, w)) in kept.iter().enumerate() {
        running += w;
        if running > half {
            return v;
        }
        if running == half {
            return v + (kept.get(at + 1).map_or(v, |next| next.0) - v) / 2.0;
        }
    }
    f64::NAN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(n: usize) -> Vec<u32> {
        (0..n as u32).collect()
    }

    #[test]
    fn moments_of_a_known_series() {
        // 1, …, n: mean (n + 1)/2, variance (n² − 1)/12.
        let n = 5000;
        let values: Vec<f64> = (1..=n).map(|i| 1e9 + i as f64).collect();
        let m = Moments::of(&values, &all(n), None);
        let n = n as f64;
        assert!((m.mean - (1e9 + (n + 1.0) / 2.0)).abs() < 1e-6);
        assert!((m.sd * m.sd / ((n * n - 1.0) / 12.0) - 1.0).abs() < 1e-13);
        assert_eq!((m.least, m.most), (1e9 + 1.0, 1e9 + n));
    }

    #[test]
    fn missing_and_infinite_values_do_not_count() {
        let values = [1.0, f64::NAN, 3.0, f64::INFINITY, 0.0, 8.0];
        let m = Moments::of(&values, &[0, 1, 2, 3, 4], None);
        assert_eq!((m.count, m.missing, m.infinite, m.nonzero), (3, 1, 1, 2));
        assert!((m.mean - 4.0 / 3.0).abs() < 1e-15);
        assert!((m.sd * m.sd - 14.0 / 9.0).abs() < 1e-15);
        assert_eq!(Moments::of(&values, &[1], None).count, 0);
    }

    #[test]
    fn a_weight_is_a_repetition() {
        let values = [1.0, 2.0, 7.0];
        let weighted = Moments::of(&values, &all(3), Some(&[2.0, 0.0, 3.0]));
        let repeated = Moments::of(&values, &[0, 0, 2, 2, 2], None);
        assert!((weighted.mean - repeated.mean).abs() < 1e-15 && (weighted.sd - repeated.sd).abs() < 1e-15);
        assert_eq!(median(&values, &all(3), Some(&[2.0, 0.0, 3.0])), median(&values, &[0, 0, 2, 2, 2], None));
        assert_eq!(median(&values, &all(3), None), 2.0);
        assert_eq!(median(&values, &[0, 2], None), 4.0);
    }

    #[test]
    fn very_large_and_very_small_values_keep_their_spread() {
        for unit in [1e200, 1e-200] {
            let m = Moments::of(&[unit, 3.0 * unit], &all(2), None);
            assert!((m.mean / unit - 2.0).abs() < 1e-15 && (m.sd / unit - 1.0).abs() < 1e-15, "{m:?}");
        }
        let m = Moments::of(&[0.1; 3000], &all(3000), None);
        assert_eq!((m.mean, m.sd), (0.1, 0.0));
    }
}
