//! The generalized Cauchy point: the first local minimizer of the quadratic model along the projected steepest descent path.
//!
//! x(t) = P(x − tg) is bent where a variable meets its bound. Segment by segment the model's first and second derivatives are
//! updated in O(m²) each: R. Byrd, P. Lu, J. Nocedal and C. Zhu, 1995, doi:10.1137/0916069, algorithm CP.

use super::compact::Compact;
use crate::dot;
use crate::prox::BoxSet;

/// The Cauchy point.
pub(crate) struct Cauchy {
    pub x: Vec<f64>,
    /// Wᵀ(x_c − x).
    pub c: Vec<f64>,
    /// Variables strictly between their bounds.
    pub free: Vec<usize>,
}

/// Finds the Cauchy point of the model at x with gradient g.
pub(crate) fn cauchy_point(b: &Compact, bounds: &BoxSet, x: &[f64], g: &[f64]) -> Cauchy {
    let (lower, upper) = (bounds.lower(), bounds.upper());
    let mut point = x.to_vec();
    // Where each variable meets its bound, and the direction of the first segment.
    let mut breaks = Vec::new();
    let mut d = vec![0.0; x.len()];
    for i in 0..x.len() {
        let bound = if g[i] < 0.0 { upper[i] } else { lower[i] };
        let t = if g[i] == 0.0 { f64::INFINITY } else { (x[i] - bound) / g[i] };
        if t > 0.0 {
            d[i] = -g[i];
            if t.is_finite() {
                breaks.push((t, i));
            }
        }
    }
    breaks.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));

    let mut p = b.wt(&d);
    let mut c = vec![0.0; p.len()];
    let mut row = vec![0.0; p.len()];
    let mut slope = -dot(&d, &d);
    let first = -b.theta * slope;
    let mut curvature = first - product(b, &p, &p);
    let mut start = 0.0;
    let mut fixed = 0;
    // The minimum of the model on the current segment, as a distance from its start.
    let mut inside = -slope / curvature;
    for &(t, i) in &breaks {
        let length = t - start;
        if inside < length || slope >= 0.0 {
            break;
        }
        let bound = if d[i] > 0.0 { upper[i] } else { lower[i] };
        let z = bound - x[i];
        point[i] = bound;
        d[i] = 0.0;
        c.iter_mut().zip(&p).for_each(|(c, p)| *c += length * p);
        b.row(i, &mut row);
        slope += length * curvature + g[i] * g[i] + b.theta * g[i] * z - g[i] * product(b, &row, &c);
        curvature -= b.theta * g[i] * g[i] + 2.0 * g[i] * product(b, &row, &p) + g[i] * g[i] * product(b, &row, &row);
        // Rounding must not make the model concave.
        curvature = curvature.max(f64::EPSILON * first);
        p.iter_mut().zip(&row).for_each(|(p, w)| *p += g[i] * w);
        fixed += 1;
        inside = -slope / curvature;
        start = t;
    }
    let inside = if fixed < breaks.len() || d.iter().any(|d| *d != 0.0) { inside.max(0.0) } else { 0.0 };
    let reached = start + inside;
    let mut free = Vec::new();
    for i in 0..x.len() {
        if d[i] != 0.0 {
            point[i] = (x[i] + reached * d[i]).clamp(lower[i], upper[i]);
        }
        if point[i] > lower[i] && point[i] < upper[i] {
            free.push(i);
        }
    }
    c.iter_mut().zip(&p).for_each(|(c, p)| *c += inside * p);
    Cauchy { x: point, c, free }
}

/// aᵀMb.
fn product(b: &Compact, left: &[f64], right: &[f64]) -> f64 {
    if left.is_empty() {
        return 0.0;
    }
    let mut m = right.to_vec();
    b.m(&mut m);
    dot(left, &m)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prox::Set;
    use steepest_core::random::{Purpose, Stream};

    /// Against a fine walk along the projected path: no earlier point of it is a local minimum below.
    #[test]
    fn it_is_the_first_local_minimum_of_the_path() {
        let d = 5;
        for trial in 0..40 {
            let stream = Stream::new(9, Purpose::PROBLEM, trial);
            let mut values = vec![0.0f64; 8 * d];
            stream.fill_normal(0, &mut values);
            let mut b = Compact::new(d, 3);
            for k in 0..3 {
                let s: Vec<f64> = values[k * d..(k + 1) * d].to_vec();
                let y: Vec<f64> = s.iter().enumerate().map(|(i, s)| (0.3 + i as f64) * s).collect();
                assert!(b.push(&s, &y));
            }
            let g = &values[3 * d..4 * d];
            let bounds = BoxSet::uniform(d, -0.3, 0.4).unwrap();
            let mut x: Vec<f64> = values[4 * d..5 * d].iter().map(|v| 0.2 * v).collect();
            bounds.project(&mut x);
            let model = |z: &[f64]| {
                let step: Vec<f64> = z.iter().zip(&x).map(|(z, x)| z - x).collect();
                let p = b.wt(&step);
                dot(g, &step) + 0.5 * b.theta * dot(&step, &step) - 0.5 * product(&b, &p, &p)
            };
            let found = cauchy_point(&b, &bounds, &x, g);
            let (mut last, mut t) = (0.0, 0.0);
            loop {
                t += 1e-4;
                let mut z: Vec<f64> = x.iter().zip(g).map(|(x, g)| x - t * g).collect();
                bounds.project(&mut z);
                let now = model(&z);
                if now >= last {
                    break;
                }
                last = now;
            }
            assert!((model(&found.x) - last).abs() < 1e-5, "trial {trial}: {} {last}", model(&found.x));
            let step: Vec<f64> = found.x.iter().zip(&x).map(|(z, x)| z - x).collect();
            assert!(b.wt(&step).iter().zip(&found.c).all(|(a, c)| (a - c).abs() < 1e-10));
        }
    }
}
