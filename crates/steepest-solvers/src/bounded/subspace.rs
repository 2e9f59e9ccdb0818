//! The minimum of the quadratic model over the variables that are free at the Cauchy point.
//!
//! d = −r/θ − Zᵀ W (M⁻¹ − WᵀZZᵀW/θ)⁻¹ WᵀZ r/θ² with r the reduced gradient of the model at the Cauchy point: the direct primal
//! method of Byrd, Lu, Nocedal and Zhu, 1995, doi:10.1137/0916069, section 5.1. The minimizer is projected onto the box; only
//! where that is no descent direction is it shortened instead: J. Morales and J. Nocedal, “Remark on algorithm 778”, ACM TOMS
//! 38(1), 2011, doi:10.1145/2049662.2049669.

use super::cauchy::Cauchy;
use super::compact::Compact;
use crate::dot;
use crate::prox::{BoxSet, Set};

/// The point towards which the step goes.
pub(crate) fn subspace_minimum(b: &Compact, bounds: &BoxSet, x: &[f64], g: &[f64], cauchy: Cauchy) -> Vec<f64> {
    let Cauchy { x: point, mut c, free } = cauchy;
    if free.is_empty() || b.pairs() == 0 {
        return point;
    }
    b.m(&mut c);
    let mut row = vec![0.0; c.len()];
    let mut v = vec![0.0; c.len()];
    let mut reduced = Vec::with_capacity(free.len());
    for &i in &free {
        b.row(i, &mut row);
        let r = g[i] + b.theta * (point[i] - x[i]) - dot(&row, &c);
        v.iter_mut().zip(&row).for_each(|(v, w)| *v += w * r);
        reduced.push(r);
    }
    let Some(lu) = b.reduced(&free) else { return point };
    lu.solve(&mut v);
    let mut step = reduced;
    for (&i, step) in free.iter().zip(&mut step) {
        b.row(i, &mut row);
        *step = -*step / b.theta - dot(&row, &v) / (b.theta * b.theta);
    }
    let mut target = point.clone();
    free.iter().zip(&step).for_each(|(&i, step)| target[i] += step);
    bounds.project(&mut target);
    let slope: f64 = target.iter().zip(x).zip(g).map(|((z, x), g)| g * (z - x)).sum();
    if slope < 0.0 && target.iter().all(|z| z.is_finite()) {
        return target;
    }
    // The largest share of the step that stays inside.
    let mut share: f64 = 1.0;
    for (&i, step) in free.iter().zip(&step) {
        let room = if *step > 0.0 { bounds.upper()[i] - point[i] } else { bounds.lower()[i] - point[i] };
        if *step != 0.0 && (room / step) < share {
            share = room / step;
        }
    }
    let mut target = point;
    free.iter().zip(&step).for_each(|(&i, step)| target[i] += share.max(0.0) * step);
    bounds.project(&mut target);
    target
}
