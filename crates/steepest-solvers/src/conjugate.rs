//! Nonlinear conjugate gradients: d = −g + βd₋.
//!
//! With y = g − g₋:
//!
//! - Fletcher–Reeves: β = ‖g‖²/‖g₋‖². R. Fletcher and C. M. Reeves, “Function minimization by conjugate gradients”, Comput. J. 7(2),
//!   1964, doi:10.1093/comjnl/7.2.149.
//! - Polak–Ribière+: β = max(0, gᵀy/‖g₋‖²). E. Polak and G. Ribière, 1969; the + is M. J. D. Powell's, 1986, proved by J. C. Gilbert
//!   and J. Nocedal, SIAM J. Optim. 2(1), 1992, doi:10.1137/0802003.
//! - Hager–Zhang: β = (y − 2d₋‖y‖²/d₋ᵀy)ᵀg / d₋ᵀy, at least −1/(‖d₋‖ min(η, ‖g₋‖)) with η = 0.01. W. W. Hager and H. Zhang, SIAM J.
//!   Optim. 16(1), 2005, doi:10.1137/030601880.
//!
//! On a quadratic with exact steps all three are the method of M. R. Hestenes and E. Stiefel, “Methods of conjugate gradients for
//! solving linear systems”, J. Res. Nat. Bur. Stand. 49(6), 1952, doi:10.6028/jres.049.044, and end after at most d steps.

use steepest_core::{Objective, StateVisitor, Stop};

use crate::{
    descent::{Aim, Direction},
    place::{Accepted, Place},
    vector::{blend, dot, negate},
};

/// Which β.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beta {
    /// Fletcher–Reeves.
    FletcherReeves,
    /// Polak–Ribière+.
    PolakRibierePlus,
    /// Hager–Zhang.
    HagerZhang,
}

/// The direction of nonlinear conjugate gradients. It remembers one vector.
#[derive(Debug, Clone)]
pub struct Conjugate {
    rule: Beta,
    /// d₋; empty where there is none.
    last: Vec<f64>,
    beta: f64,
}

/// η of Hager and Zhang.
const ETA: f64 = 0.01;

impl Conjugate {
    /// With this β.
    pub fn new(rule: Beta) -> Conjugate {
        Conjugate { rule, last: Vec::new(), beta: 0.0 }
    }
}

impl Direction for Conjugate {
    fn propose(&mut self, _f: &mut dyn Objective<f64>, at: &Place, d: &mut [f64]) -> Result<Aim, Stop> {
        if self.last.is_empty() || !self.beta.is_finite() {
            negate(d, &at.g);
        } else {
            d.copy_from_slice(&self.last);
            blend(d, self.beta, &at.g);
        }
        self.last.resize(d.len(), 0.0);
        self.last.copy_from_slice(d);
        Ok(Aim { slope: dot(&at.g, d), scaled: false })
    }

    fn learn(&mut self, at: &Place, _to: Accepted) {
        let (old, new, d) = (&at.g, &at.next, &self.last);
        let (before, after, across) = (dot(old, old), dot(new, new), dot(old, new));
        self.beta = match self.rule {
            Beta::FletcherReeves => after / before,
            Beta::PolakRibierePlus => ((after - across) / before).max(0.0),
            Beta::HagerZhang => {
                let (there, here, length) = (dot(d, new), dot(d, old), dot(d, d));
                let curvature = there - here;
                let change = after - 2.0 * across + before;
                let beta = (after - across - 2.0 * there * change / curvature) / curvature;
                beta.max(-1.0 / (length.sqrt() * before.sqrt().min(ETA)))
            }
        };
    }

    fn forget(&mut self) -> bool {
        let had = !self.last.is_empty() && self.beta != 0.0;
        self.last.clear();
        self.beta = 0.0;
        had
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.history("conjugate/last", &mut self.last);
        state.number("conjugate/beta", &mut self.beta);
    }
}
