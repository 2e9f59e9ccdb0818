//! Closed convex sets with their projections and their extreme points.
//!
//! The projection of x is the nearest point of the set, P(x) = argmin_{z ∈ C} ‖z − x‖; the vertex for g is argmin_{s ∈ C} g·s,
//! what Frank–Wolfe asks for. A set is also a penalty: h = 0 inside and ∞ outside, whose proximal operator is P for every step.

use steepest_core::Prox;
use thiserror::Error;

use crate::norm;

/// Why a set cannot be made.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SetError {
    /// A lower bound above its upper bound, or one that is not a number.
    #[error(
        "bounds of variable {index}: lower {lower} and upper {upper}; the lower one must not be above the upper one"
    )]
    Bounds {
        /// The variable, from 0.
        index: usize,
        /// Its lower bound.
        lower: f64,
        /// Its upper bound.
        upper: f64,
    },
    /// Two vectors of different lengths.
    #[error("{what} has {found} elements where {expected} are needed")]
    Length {
        /// Which vector.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length of the problem.
        expected: usize,
    },
    /// A radius, total or weight that is not a positive finite number.
    #[error("{what} is {value}; it must be a positive finite number")]
    Positive {
        /// Which quantity.
        what: &'static str,
        /// What was given.
        value: f64,
    },
}

pub(crate) fn positive(what: &'static str, value: f64) -> Result<f64, SetError> {
    if value > 0.0 && value.is_finite() { Ok(value) } else { Err(SetError::Positive { what, value }) }
}

/// A closed convex set.
pub trait Set: Send {
    /// Replaces x by the point of the set nearest to it.
    fn project(&self, x: &mut [f64]);

    /// Writes the point s of the set with the least g·s. Its elements are infinite where the set has no end in that direction.
    fn vertex(&self, g: &[f64], s: &mut [f64]);

    /// The dimension, where the set has a definite one.
    fn dim(&self) -> Option<usize> {
        None
    }
}

/// 0 where the projection moves x by no more than rounding, else ∞.
fn indicator(set: &dyn Set, x: &[f64]) -> f64 {
    let mut p = x.to_vec();
    set.project(&mut p);
    let far = p.iter().zip(x).any(|(p, x)| (p - x).abs() > 1e-9 * x.abs().max(1.0));
    if far { f64::INFINITY } else { 0.0 }
}

/// Bounds lᵢ ≤ xᵢ ≤ uᵢ; either may be infinite.
#[derive(Debug, Clone, PartialEq)]
pub struct BoxSet {
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl BoxSet {
    /// The box between two corners; `-∞` and `∞` leave a side open.
    ///
    /// # Errors
    /// [`SetError`] when the lengths differ or a lower bound is above its upper bound.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Result<BoxSet, SetError> {
        if lower.len() != upper.len() {
            return Err(SetError::Length { what: "the upper corner", found: upper.len(), expected: lower.len() });
        }
        for (index, (&lower, &upper)) in lower.iter().zip(&upper).enumerate() {
            let open = lower == f64::INFINITY || upper == f64::NEG_INFINITY;
            if lower.is_nan() || upper.is_nan() || lower > upper || open {
                return Err(SetError::Bounds { index, lower, upper });
            }
        }
        Ok(BoxSet { lower, upper })
    }

    /// The same bounds for all of `dim` variables.
    ///
    /// # Errors
    /// [`SetError`] as in [`new`](BoxSet::new).
    pub fn uniform(dim: usize, lower: f64, upper: f64) -> Result<BoxSet, SetError> {
        BoxSet::new(vec![lower; dim], vec![upper; dim])
    }

    /// The whole space of `dim` variables.
    pub fn unbounded(dim: usize) -> BoxSet {
        BoxSet { lower: vec![f64::NEG_INFINITY; dim], upper: vec![f64::INFINITY; dim] }
    }

    /// The lower bounds.
    pub fn lower(&self) -> &[f64] {
        &self.lower
    }

    /// The upper bounds.
    pub fn upper(&self) -> &[f64] {
        &self.upper
    }

    /// ‖P(x − g) − x‖∞: zero exactly at the points where no feasible direction descends.
    pub fn projected_gradient_norm(&self, x: &[f64], g: &[f64]) -> f64 {
        let each = x.iter().zip(g).zip(self.lower.iter().zip(&self.upper));
        each.map(|((x, g), (l, u))| ((x - g).clamp(*l, *u) - x).abs()).fold(0.0, f64::max)
    }
}

impl Set for BoxSet {
    fn project(&self, x: &mut [f64]) {
        for ((x, l), u) in x.iter_mut().zip(&self.lower).zip(&self.upper) {
            *x = x.clamp(*l, *u);
        }
    }

    fn vertex(&self, g: &[f64], s: &mut [f64]) {
        for ((s, g), (l, u)) in s.iter_mut().zip(g).zip(self.lower.iter().zip(&self.upper)) {
            // Where g is zero any point will do; the finite end nearest to zero keeps open boxes usable.
            *s = if *g > 0.0 {
                *l
            } else if *g < 0.0 {
                *u
            } else {
                0f64.clamp(*l, *u)
            };
        }
    }

    fn dim(&self) -> Option<usize> {
        Some(self.lower.len())
    }
}

/// ‖x − c‖ ≤ r.
#[derive(Debug, Clone, PartialEq)]
pub struct L2Ball {
    center: Vec<f64>,
    radius: f64,
}

impl L2Ball {
    /// The ball of this radius about a center.
    ///
    /// # Errors
    /// [`SetError::Positive`] for a radius that is none.
    pub fn new(center: Vec<f64>, radius: f64) -> Result<L2Ball, SetError> {
        Ok(L2Ball { center, radius: positive("the radius of the ball", radius)? })
    }
}

impl Set for L2Ball {
    fn project(&self, x: &mut [f64]) {
        let away: Vec<f64> = x.iter().zip(&self.center).map(|(x, c)| x - c).collect();
        let length = norm(&away);
        if length > self.radius {
            let shrink = self.radius / length;
            x.iter_mut().zip(away.iter().zip(&self.center)).for_each(|(x, (a, c))| *x = c + shrink * a);
        }
    }

    fn vertex(&self, g: &[f64], s: &mut [f64]) {
        let length = norm(g);
        let scale = if length > 0.0 { self.radius / length } else { 0.0 };
        s.iter_mut().zip(g.iter().zip(&self.center)).for_each(|(s, (g, c))| *s = c - scale * g);
    }

    fn dim(&self) -> Option<usize> {
        Some(self.center.len())
    }
}

/// Σ|xᵢ| ≤ r.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct L1Ball {
    radius: f64,
}

impl L1Ball {
    /// The cross-polytope of this radius about zero.
    ///
    /// # Errors
    /// [`SetError::Positive`] for a radius that is none.
    pub fn new(radius: f64) -> Result<L1Ball, SetError> {
        Ok(L1Ball { radius: positive("the radius of the L1 ball", radius)? })
    }
}

impl Set for L1Ball {
    fn project(&self, x: &mut [f64]) {
        if x.iter().map(|x| x.abs()).sum::<f64>() <= self.radius {
            return;
        }
        let tau = threshold(x.iter().map(|x| x.abs()).collect(), self.radius);
        x.iter_mut().for_each(|x| *x = x.signum() * (x.abs() - tau).max(0.0));
    }

    fn vertex(&self, g: &[f64], s: &mut [f64]) {
        s.fill(0.0);
        let steepest = g.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()).then(b.0.cmp(&a.0)));
        if let Some((i, &g)) = steepest {
            s[i] = if g > 0.0 { -self.radius } else { self.radius };
        }
    }
}

/// xᵢ ≥ 0, Σxᵢ = total.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Simplex {
    total: f64,
}

impl Simplex {
    /// The simplex of this total; 1 for probabilities.
    ///
    /// # Errors
    /// [`SetError::Positive`] for a total that is none.
    pub fn new(total: f64) -> Result<Simplex, SetError> {
        Ok(Simplex { total: positive("the total of the simplex", total)? })
    }

    /// What the elements sum to.
    pub fn total(&self) -> f64 {
        self.total
    }
}

impl Set for Simplex {
    fn project(&self, x: &mut [f64]) {
        let tau = threshold(x.to_vec(), self.total);
        x.iter_mut().for_each(|x| *x = (*x - tau).max(0.0));
    }

    fn vertex(&self, g: &[f64], s: &mut [f64]) {
        s.fill(0.0);
        if let Some((i, _)) = g.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)) {
            s[i] = self.total;
        }
    }
}

/// τ with Σ max(vᵢ − τ, 0) = total, by sorting: O(n log n).
///
/// M. Held, P. Wolfe, H. Crowder, Math. Program. 6, 1974, doi:10.1007/BF01580223; J. Duchi, S. Shalev-Shwartz, Y. Singer,
/// T. Chandra, ICML 2008, doi:10.1145/1390156.1390191.
fn threshold(mut v: Vec<f64>, total: f64) -> f64 {
    v.sort_unstable_by(|a, b| b.total_cmp(a));
    let (mut sum, mut tau) = (0.0, f64::NEG_INFINITY);
    for (k, &value) in v.iter().enumerate() {
        sum += value;
        let candidate = (sum - total) / (k + 1) as f64;
        if value <= candidate {
            break;
        }
        tau = candidate;
    }
    tau
}

macro_rules! indicator_prox {
    ($($set:ty),*) => {$(
        impl Prox<f64> for $set {
            fn value(&self, x: &[f64]) -> f64 {
                indicator(self, x)
            }

            fn prox(&self, _step: f64, x: &mut [f64]) {
                self.project(x);
            }
        }
    )*};
}
indicator_prox!(BoxSet, L2Ball, L1Ball, Simplex);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dot;
    use steepest_core::random::{Purpose, Stream};

    /// ⟨x − P(x), z − P(x)⟩ ≤ 0 for every z of the set characterizes the projection; the vertex in direction −(x − P(x)) is the
    /// worst z.
    fn check(set: &dyn Set, dim: usize) {
        for trial in 0..200 {
            let mut x = vec![0.0f64; dim];
            Stream::new(3, Purpose::PROBLEM, trial).fill_normal(0, &mut x);
            x.iter_mut().for_each(|x| *x *= 3.0);
            let mut p = x.clone();
            set.project(&mut p);
            let normal: Vec<f64> = x.iter().zip(&p).map(|(x, p)| x - p).collect();
            let away: Vec<f64> = normal.iter().map(|n| -n).collect();
            let mut z = vec![0.0; dim];
            set.vertex(&away, &mut z);
            let along: Vec<f64> = z.iter().zip(&p).map(|(z, p)| z - p).collect();
            assert!(dot(&normal, &along) <= 1e-12, "{trial}: {}", dot(&normal, &along));
            let mut again = p.clone();
            set.project(&mut again);
            assert!(again.iter().zip(&p).all(|(a, b)| (a - b).abs() < 1e-13), "a projection leaves its points alone");
            assert_eq!(indicator(set, &p), 0.0);
        }
    }

    #[test]
    fn projections_satisfy_their_variational_inequality() {
        check(&BoxSet::uniform(7, -1.0, 2.0).unwrap(), 7);
        check(&L2Ball::new(vec![0.3; 7], 1.5).unwrap(), 7);
        check(&L1Ball::new(2.0).unwrap(), 7);
        check(&Simplex::new(1.0).unwrap(), 7);
        check(&Simplex::new(5.0).unwrap(), 1);
    }

    #[test]
    fn known_projections() {
        let mut x = [0.5, 2.0, -1.0];
        Simplex::new(1.0).unwrap().project(&mut x);
        assert_eq!(x, [0.0, 1.0, 0.0]);
        let mut x = [3.0, -1.0, 0.5];
        L1Ball::new(2.0).unwrap().project(&mut x);
        assert_eq!(x, [2.0, 0.0, 0.0]);
        let mut x = [3.0, 4.0];
        L2Ball::new(vec![0.0; 2], 1.0).unwrap().project(&mut x);
        assert!((x[0] - 0.6).abs() < 1e-15 && (x[1] - 0.8).abs() < 1e-15);
    }

    #[test]
    fn impossible_sets_say_what_is_wrong() {
        let e = BoxSet::new(vec![0.0, 2.0], vec![1.0, 1.0]).unwrap_err();
        assert_eq!(
            e.to_string(),
            "bounds of variable 1: lower 2 and upper 1; the lower one must not be above the upper one"
        );
        assert!(Simplex::new(f64::NAN).is_err() && L1Ball::new(0.0).is_err());
        assert!(BoxSet::new(vec![f64::NAN], vec![1.0]).is_err());
    }
}
