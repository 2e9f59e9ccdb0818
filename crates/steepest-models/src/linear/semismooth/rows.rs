//! Rows under the smoothed loss, and the search along a direction.
//!
//! A row's smoothed loss is ψ(z) = max over a in its box of −az − φ*(−a) − (q/2)(a − ā)², with φ*(−a) = (c/2)a² − ay. The largest is
//! at a = κ(top − z) cut to the box, κ = 1/(c + q), top = y + qā, and ψ′(z) = −a; ψ″(z) = κ where nothing is cut, else 0.

use steepest_core::isa::{Isa, Kernel};

use crate::linear::kernels::{LANES, lane_sum};

/// Rows of a problem under the smoothed loss.
#[derive(Debug, Default)]
pub(super) struct SmoothRows {
    /// pᵢ.
    pub(super) p: Vec<f64>,
    /// yᵢ + qāᵢ.
    pub(super) top: Vec<f64>,
    /// The box of aᵢ.
    pub(super) low: Vec<f64>,
    pub(super) high: Vec<f64>,
    /// The margins.
    pub(super) z: Vec<f64>,
    /// κ.
    pub(super) steep: f64,
}

/// A search ends where the slope is this share of the one it began with.
const ENOUGH: f64 = 0.1;
/// Slopes that a search computes at most.
const LOOKS: usize = 60;

impl SmoothRows {
    /// No rows, under the smoothed loss with this κ.
    pub(super) fn with_steepness(steep: f64) -> SmoothRows {
        SmoothRows { steep, ..SmoothRows::default() }
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.z.len()
    }

    /// Makes room for this many more rows.
    pub(super) fn reserve(&mut self, more: usize) {
        for list in [&mut self.p, &mut self.top, &mut self.low, &mut self.high, &mut self.z] {
            list.reserve(more);
        }
    }

    /// Adds a row.
    pub(super) fn push(&mut self, p: f64, top: f64, (low, high): (f64, f64), z: f64) {
        self.p.push(p);
        self.top.push(top);
        self.low.push(low);
        self.high.push(high);
        self.z.push(z);
    }

    /// aᵢ at the margins as they are, and pᵢ for the rows where it lies inside its box, 0 for the others.
    pub(super) fn look(&self, dual: &mut Vec<f64>, inside: &mut Vec<f64>) {
        dual.resize(self.len(), 0.0);
        inside.resize(self.len(), 0.0);
        Isa::detect().run(Look { rows: self, dual, inside });
    }

    /// The step t > 0 along the changes `dz` of the margins at which first + second·t + Σ pᵢψᵢ(zᵢ + t·dzᵢ) in the derivative is nearly
    /// zero: `first` and `second` are slope and curvature of what is quadratic. 0 when the slope is not negative in working
    /// precision.
    pub(super) fn search(&self, dz: &[f64], first: f64, second: f64) -> f64 {
        let at = |t: f64| {
            let [slope, curvature, size] = Isa::detect().run(Slope { rows: self, dz, t });
            (first + t * second - slope, second + self.steep * curvature, size)
        };
        let (start, _, size) = at(0.0);
        if start.is_nan() || start >= -4.0 * f64::EPSILON * (size + first.abs()) {
            return 0.0;
        }
        let (mut low, mut high) = (0.0, f64::INFINITY);
        let mut t = 1.0;
        for _ in 0..LOOKS {
            let (slope, curvature, _) = at(t);
            if slope.abs() <= -ENOUGH * start {
                return t;
            }
            if slope > 0.0 {
                high = t;
            } else {
                low = t;
            }
            let newton = t - slope / curvature;
            t = if newton > low && newton < high {
                newton
            } else if high.is_finite() {
                0.5 * (low + high)
            } else {
                2.0 * t
            };
        }
        low
    }
}

/// Dual values, and the weights of the rows inside their boxes.
struct Look<'a> {
    rows: &'a SmoothRows,
    dual: &'a mut [f64],
    inside: &'a mut [f64],
}

impl Kernel for Look<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Look { rows, dual, inside } = self;
        let n = dual.len();
        let (p, top, z) = (&rows.p[..n], &rows.top[..n], &rows.z[..n]);
        let (low, high, inside) = (&rows.low[..n], &rows.high[..n], &mut inside[..n]);
        for i in 0..n {
            let free = rows.steep * (top[i] - z[i]);
            dual[i] = free.max(low[i]).min(high[i]);
            inside[i] = if (free > low[i]) & (free < high[i]) { p[i] } else { 0.0 };
        }
    }
}

/// Σ pᵢaᵢdzᵢ, Σ pᵢdzᵢ² over the rows inside, and Σ |pᵢaᵢdzᵢ|, at z + t·dz.
struct Slope<'a> {
    rows: &'a SmoothRows,
    dz: &'a [f64],
    t: f64,
}

impl Kernel for Slope<'_> {
    type Output = [f64; 3];

    #[inline(always)]
    fn run(self) -> [f64; 3] {
        let Slope { rows, dz, t } = self;
        let n = dz.len();
        let (p, top, z) = (&rows.p[..n], &rows.top[..n], &rows.z[..n]);
        let (low, high) = (&rows.low[..n], &rows.high[..n]);
        let (mut slope, mut curvature, mut size) = ([0.0; LANES], [0.0; LANES], [0.0f64; LANES]);
        let mut add = |i: usize, l: usize| {
            let free = rows.steep * (top[i] - z[i] - t * dz[i]);
            let a = free.max(low[i]).min(high[i]);
            let term = p[i] * a * dz[i];
            slope[l] += term;
            size[l] += term.abs();
            curvature[l] += if a == free { p[i] * dz[i] * dz[i] } else { 0.0 };
        };
        let whole = n - n % LANES;
        for start in (0..whole).step_by(LANES) {
            for l in 0..LANES {
                add(start + l, l);
            }
        }
        for i in whole..n {
            add(i, i - whole);
        }
        [lane_sum(slope), lane_sum(curvature), lane_sum(size)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_finds_where_the_slope_vanishes() {
        let mut rows = SmoothRows::with_steepness(1.0 / (0.0 + 0.3));
        let number = |i: usize| ((i * 37 + i * i % 11) % 23) as f64 / 23.0 - 0.5;
        for i in 0..45 {
            let y = if i % 3 == 1 { -1.0 } else { 1.0 };
            rows.push(1.0 / 45.0, y + 0.3 * 0.2 * y, (f64::min(y, 0.0), f64::max(y, 0.0)), 4.0 * number(i));
        }
        let dz: Vec<f64> = (0..45).map(|i| if i % 3 == 1 { -1.0 } else { 1.0 } * (1.0 + number(i + 7))).collect();
        // Σ pψ(z + t·dz) − 0.1t + 0.02t²/2, by its definition as a maximum over a grid of a.
        let value = |t: f64| {
            let row = |i: usize| {
                let (y, z) = (if i % 3 == 1 { -1.0 } else { 1.0 }, rows.z[i] + t * dz[i]);
                let of = |a: f64| -a * z + a * y - 0.15 * (a - 0.2 * y) * (a - 0.2 * y);
                (0..=20_000).map(|k| of(y * f64::from(k) / 20_000.0)).fold(f64::NEG_INFINITY, f64::max)
            };
            (0..45).map(|i| row(i) / 45.0).sum::<f64>() - 0.1 * t + 0.01 * t * t
        };
        let t = rows.search(&dz, -0.1, 0.02);
        let slope = |t: f64| (value(t + 1e-3) - value(t - 1e-3)) / 2e-3;
        assert!(t > 0.0 && slope(t).abs() <= 0.1 * slope(0.0).abs() + 1e-5, "{t} {} {}", slope(t), slope(0.0));
        let back: Vec<f64> = dz.iter().map(|d| -d).collect();
        assert_eq!(rows.search(&back, 1.0, 0.02), 0.0);
    }
}
