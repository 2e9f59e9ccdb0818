//! The way out of a saddle: down along a direction of negative curvature.

use std::fmt;

use steepest_core::Objective;

use crate::{
    curvature::CriticalPoint,
    vector::{along, max_abs},
};

/// A saddle or maximum that was left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Escape {
    /// Completed updates when it was met.
    pub step: u64,
    /// What it was.
    pub from: CriticalPoint,
    /// The objective there.
    pub value: f64,
    /// The smallest eigenvalue of the Hessian there.
    pub curvature: f64,
    /// The objective after the way down.
    pub to: f64,
}

impl fmt::Display for Escape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "left a {} of value {:.4e} along its curvature {:.3e}, down to {:.4e}",
            self.from, self.value, self.curvature, self.to
        )
    }
}

/// Halvings until f falls at all, and doublings while it falls further.
const MAX_HALVINGS: usize = 40;
const MAX_DOUBLINGS: usize = 20;

/// A lower point on the line x ± t·v: the first t, from a tenth of the size of x down, at which f falls by more than its
/// rounding, doubled while f falls further.
pub(super) fn way_down(f: &mut dyn Objective<f64>, x: &[f64], here: f64, v: &[f64]) -> Option<(Vec<f64>, f64)> {
    let mut to = vec![0.0; x.len()];
    let mut ask = |t: f64| {
        along(&mut to, x, t, v);
        f.at(&to).unwrap_or(f64::INFINITY)
    };
    let noise = 4.0 * f64::EPSILON * here.abs();
    let mut t = 0.1 * max_abs(x).max(1.0);
    let mut found = None;
    for _ in 0..MAX_HALVINGS {
        let (ahead, behind) = (ask(t), ask(-t));
        if ahead.min(behind) < here - noise {
            found = Some(if ahead <= behind { (t, ahead) } else { (-t, behind) });
            break;
        }
        t *= 0.5;
    }
    let (mut t, mut value) = found?;
    for _ in 0..MAX_DOUBLINGS {
        let further = ask(2.0 * t);
        if further >= value {
            break;
        }
        (t, value) = (2.0 * t, further);
    }
    along(&mut to, x, t, v);
    Some((to, value))
}
