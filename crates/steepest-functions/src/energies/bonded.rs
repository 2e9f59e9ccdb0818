//! Charges joined by springs: harmonic bonds, and Coulomb's law between all that are not bonded.

use steepest_core::{Exactness, Layout, NonFinite, Objective, check_gradient};

use super::PairPotential;
use super::cluster::add_block;

/// A harmonic bond k(r − r₀)²/2 between two particles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bond {
    /// The particles, from 0.
    pub between: (usize, usize),
    /// k.
    pub stiffness: f64,
    /// r₀.
    pub length: f64,
}

/// Σ_bonds k(r − r₀)²/2 + Σ_{not bonded} qᵢqⱼ/r, in units in which Coulomb's constant is 1.
///
/// Exact gradient, Hessian and Hessian-vector products over all pairs.
#[derive(Debug, Clone)]
pub struct Bonded {
    layout: Layout,
    pairs: Vec<(usize, usize, PairPotential)>,
    place: Vec<f64>,
}

impl Bonded {
    /// Particles with `charges`, joined by `bonds`; bonded particles do not feel each other's charge.
    ///
    /// # Panics
    /// When a bond names a particle that is not there or joins one with itself, or `charges` is not one a particle.
    pub fn new(particles: usize, bonds: Vec<Bond>, charges: Vec<f64>) -> Bonded {
        assert_eq!(charges.len(), particles, "one charge a particle");
        let mut pairs = Vec::new();
        for &Bond { between: (i, j), stiffness, length } in &bonds {
            assert!(i != j && i.max(j) < particles, "a bond of {i} and {j} among {particles} particles");
            pairs.push((i, j, PairPotential::Harmonic { stiffness, length }));
        }
        for i in 0..particles {
            for j in i + 1..particles {
                let bonded = bonds.iter().any(|b| b.between == (i, j) || b.between == (j, i));
                let product = charges[i] * charges[j];
                if !bonded && product != 0.0 {
                    pairs.push((i, j, PairPotential::Coulomb { product }));
                }
            }
        }
        Bonded { layout: Layout::vector(3 * particles), pairs, place: vec![0.0; 3 * particles] }
    }

    fn difference(&self, i: usize, j: usize) -> ([f64; 3], f64) {
        let d = [0, 1, 2].map(|k| self.place[3 * i + k] - self.place[3 * j + k]);
        (d, d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
    }
}

impl Objective<f64> for Bonded {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn at(&mut self, x: &[f64]) -> Result<f64, NonFinite> {
        self.place.copy_from_slice(x);
        let value = self.pairs.iter().map(|&(i, j, p)| p.radial(self.difference(i, j).1.sqrt()).0).sum::<f64>();
        if value.is_finite() { Ok(value) } else { Err(NonFinite::Objective { value }) }
    }

    fn gradient(&mut self, g: &mut [f64]) -> Result<(), NonFinite> {
        g.fill(0.0);
        for &(i, j, p) in &self.pairs {
            let (d, s) = self.difference(i, j);
            let (_, first) = p.slope(s);
            for k in 0..3 {
                g[3 * i + k] += 2.0 * first * d[k];
                g[3 * j + k] -= 2.0 * first * d[k];
            }
        }
        check_gradient(g, &self.layout)
    }

    fn hvp(&mut self, v: &[f64], out: &mut [f64]) -> Exactness {
        out.fill(0.0);
        for &(i, j, p) in &self.pairs {
            let (d, s) = self.difference(i, j);
            let (first, second) = p.curvature(s);
            let w = [0, 1, 2].map(|k| v[3 * i + k] - v[3 * j + k]);
            let along = 4.0 * second * (d[0] * w[0] + d[1] * w[1] + d[2] * w[2]);
            for k in 0..3 {
                let h = 2.0 * first * w[k] + along * d[k];
                out[3 * i + k] += h;
                out[3 * j + k] -= h;
            }
        }
        Exactness::Exact
    }

    fn hessian(&mut self, h: &mut [f64]) -> bool {
        h.fill(0.0);
        for &(i, j, p) in &self.pairs {
            let (d, s) = self.difference(i, j);
            let (first, second) = p.curvature(s);
            add_block(h, self.place.len(), i, j, d, first, second);
        }
        true
    }
}

/// Bonds of stiffness 100 and length 1 along a chain of unit charges, which push it straight. (Unlike charges that are not
/// bonded would fall into one another: their energy is unbounded below.)
pub fn chain_of_ions(particles: usize) -> (Vec<Bond>, Vec<f64>) {
    let bond = |i: usize| Bond { between: (i - 1, i), stiffness: 100.0, length: 1.0 };
    ((1..particles).map(bond).collect(), vec![1.0; particles])
}
