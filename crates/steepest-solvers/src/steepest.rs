//! The direction of steepest descent, d = −g, and its memory, d = −g + βd₋.
//!
//! A. Cauchy, “Méthode générale pour la résolution des systèmes d'équations simultanées”, C. R. Acad. Sci. 25, 1847. With
//! momentum: B. T. Polyak, “Some methods of speeding up the convergence of iteration methods”, USSR Comput. Math. Math. Phys.
//! 4(5), 1964, doi:10.1016/0041-5553(64)90137-5.

use steepest_core::{Objective, StateVisitor, Stop};

use crate::{
    descent::{Aim, Direction},
    place::Place,
    vector::{blend, dot, negate},
};

/// d = −g.
#[derive(Debug, Clone, Copy, Default)]
pub struct Steepest;

impl Direction for Steepest {
    fn propose(&mut self, _f: &mut dyn Objective<f64>, at: &Place, d: &mut [f64]) -> Result<Aim, Stop> {
        negate(d, &at.g);
        Ok(Aim { slope: -dot(&at.g, &at.g), scaled: false })
    }
}

/// d = −g + βd₋: the heavy ball. Under a search d falls back to −g wherever it points up.
#[derive(Debug, Clone)]
pub struct HeavyBall {
    beta: f64,
    /// d₋; empty where there is none.
    last: Vec<f64>,
    /// Whether d may point up, as under fixed steps.
    free: bool,
    /// Whether the last d was more than −g.
    carried: bool,
}

impl HeavyBall {
    /// With the momentum β in [0, 1). `free`: a d that points up is taken as well, as the method says under fixed steps.
    pub fn new(beta: f64, free: bool) -> HeavyBall {
        HeavyBall { beta, last: Vec::new(), free, carried: false }
    }
}

impl Direction for HeavyBall {
    fn propose(&mut self, _f: &mut dyn Objective<f64>, at: &Place, d: &mut [f64]) -> Result<Aim, Stop> {
        self.carried = !self.last.is_empty();
        if self.last.is_empty() {
            negate(d, &at.g);
        } else {
            d.copy_from_slice(&self.last);
            blend(d, self.beta, &at.g);
        }
        let slope = dot(&at.g, d);
        self.last.resize(d.len(), 0.0);
        self.last.copy_from_slice(d);
        let slope = if self.free && slope >= 0.0 { -f64::MIN_POSITIVE } else { slope };
        Ok(Aim { slope, scaled: false })
    }

    fn forget(&mut self) -> bool {
        self.last.clear();
        std::mem::take(&mut self.carried)
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.history("momentum", &mut self.last);
    }
}
