//! Pair potentials as functions of the squared distance, which spares a square root where none is needed.

/// The energy of two particles at a distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PairPotential {
    /// 4(r⁻¹² − r⁻⁶): −1 at r = 2^{1/6}.
    LennardJones,
    /// e^{ρ(1−r)}(e^{ρ(1−r)} − 2): −1 at r = 1; the larger ρ the shorter its range.
    Morse {
        /// ρ, in units of the inverse distance of the minimum.
        rho: f64,
    },
    /// q/r.
    Coulomb {
        /// The product of the charges.
        product: f64,
    },
    /// k(r − r₀)²/2.
    Harmonic {
        /// k.
        stiffness: f64,
        /// r₀.
        length: f64,
    },
}

impl PairPotential {
    /// φ(s) and φ′(s) for the squared distance s.
    #[inline(always)]
    pub fn slope(self, s: f64) -> (f64, f64) {
        match self {
            PairPotential::LennardJones => lennard_jones(s),
            _ => {
                let r = s.sqrt();
                let (value, first, _) = self.radial(r);
                (value, first / (2.0 * r))
            }
        }
    }

    /// φ′(s) and φ″(s).
    pub fn curvature(self, s: f64) -> (f64, f64) {
        let r = s.sqrt();
        let (_, first, second) = self.radial(r);
        (first / (2.0 * r), (second - first / r) / (4.0 * s))
    }

    /// Energy, first and second derivative by the distance r.
    pub fn radial(self, r: f64) -> (f64, f64, f64) {
        match self {
            PairPotential::LennardJones => {
                let c = r.powi(-6);
                (4.0 * (c * c - c), (24.0 * c - 48.0 * c * c) / r, (624.0 * c * c - 168.0 * c) / (r * r))
            }
            PairPotential::Morse { rho } => {
                let e = (rho * (1.0 - r)).exp();
                (e * (e - 2.0), 2.0 * rho * e * (1.0 - e), 2.0 * rho * rho * e * (2.0 * e - 1.0))
            }
            PairPotential::Coulomb { product } => (product / r, -product / (r * r), 2.0 * product / (r * r * r)),
            PairPotential::Harmonic { stiffness, length } => {
                (0.5 * stiffness * (r - length).powi(2), stiffness * (r - length), stiffness)
            }
        }
    }
}

/// 4(s⁻⁶ − s⁻³) and its derivative by s: one division.
#[inline(always)]
pub(super) fn lennard_jones(s: f64) -> (f64, f64) {
    let inverse = 1.0 / s;
    let c = inverse * inverse * inverse;
    (4.0 * c * (c - 1.0), 12.0 * inverse * c * (1.0 - 2.0 * c))
}
