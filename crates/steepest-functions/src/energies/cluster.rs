//! A cluster: every pair of its particles attracts and repels by the same potential.

use steepest_core::{Exactness, Layout, NonFinite, Objective, check_gradient};

use super::PairPotential;
use super::pair::lennard_jones;

/// Pairs summed side by side. The order of every sum follows from it, whatever the machine.
const LANES: usize = 8;

/// Σ_{i<j} φ(‖xᵢ − xⱼ‖).
///
/// J. P. K. Doye and D. J. Wales describe both families in the Cambridge Cluster Database. Exact gradient, Hessian and
/// Hessian-vector products, each O(N²) pairs.
#[derive(Debug, Clone)]
pub struct Cluster {
    potential: PairPotential,
    layout: Layout,
    /// Coordinates and forces by axis, padded to whole lanes; the padding is never read into a sum.
    place: [Vec<f64>; 3],
    slope: [Vec<f64>; 3],
}

impl Cluster {
    /// A cluster of `atoms` Lennard-Jones atoms.
    pub fn lennard_jones(atoms: usize) -> Cluster {
        Cluster::new(atoms, PairPotential::LennardJones)
    }

    /// A cluster of `atoms` Morse atoms of range parameter `rho`.
    pub fn morse(atoms: usize, rho: f64) -> Cluster {
        Cluster::new(atoms, PairPotential::Morse { rho })
    }

    /// A cluster of `atoms` particles under any pair potential.
    pub fn new(atoms: usize, potential: PairPotential) -> Cluster {
        let axis = || vec![0.0; atoms];
        Cluster {
            potential,
            layout: Layout::vector(3 * atoms),
            place: [axis(), axis(), axis()],
            slope: [axis(), axis(), axis()],
        }
    }

    /// The number of particles.
    pub fn atoms(&self) -> usize {
        self.place[0].len()
    }

    /// Energy at the places, and the gradient by axis.
    fn sweep(&mut self) -> f64 {
        match self.potential {
            PairPotential::LennardJones => pairs(&self.place, &mut self.slope, lennard_jones),
            other => pairs(&self.place, &mut self.slope, |s| other.slope(s)),
        }
    }

    /// Calls `see(i, j, d, φ′, φ″)` for every pair, d = xᵢ − xⱼ.
    fn each_pair(&self, mut see: impl FnMut(usize, usize, [f64; 3], f64, f64)) {
        let [x, y, z] = &self.place;
        for i in 0..self.atoms() {
            for j in i + 1..self.atoms() {
                let d = [x[i] - x[j], y[i] - y[j], z[i] - z[j]];
                let (first, second) = self.potential.curvature(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
                see(i, j, d, first, second);
            }
        }
    }
}

/// Sums φ over all pairs and ∂/∂xᵢ into `slope`. For one i the partners j > i are taken eight at a time: eight running sums for
/// particle i, added up at the end of its row, and one addition to every partner.
fn pairs(place: &[Vec<f64>; 3], slope: &mut [Vec<f64>; 3], phi: impl Fn(f64) -> (f64, f64)) -> f64 {
    let [x, y, z] = place;
    let [gx, gy, gz] = slope;
    let atoms = x.len();
    for g in [&mut *gx, &mut *gy, &mut *gz] {
        g.fill(0.0);
    }
    let mut energy = 0.0;
    for i in 0..atoms {
        let (xi, yi, zi) = (x[i], y[i], z[i]);
        let (mut e, mut fx, mut fy, mut fz) = ([0.0; LANES], [0.0; LANES], [0.0; LANES], [0.0; LANES]);
        let whole = i + 1 + (atoms - i - 1) / LANES * LANES;
        for j in (i + 1..whole).step_by(LANES) {
            let lane = |v: &[f64]| -> [f64; LANES] { v[j..j + LANES].try_into().expect("a whole lane") };
            let (xj, yj, zj) = (lane(x), lane(y), lane(z));
            let (mut hx, mut hy, mut hz) = (lane(gx), lane(gy), lane(gz));
            for k in 0..LANES {
                let (dx, dy, dz) = (xi - xj[k], yi - yj[k], zi - zj[k]);
                let (value, first) = phi(dx * dx + dy * dy + dz * dz);
                let push = 2.0 * first;
                e[k] += value;
                fx[k] += push * dx;
                fy[k] += push * dy;
                fz[k] += push * dz;
                hx[k] -= push * dx;
                hy[k] -= push * dy;
                hz[k] -= push * dz;
            }
            gx[j..j + LANES].copy_from_slice(&hx);
            gy[j..j + LANES].copy_from_slice(&hy);
            gz[j..j + LANES].copy_from_slice(&hz);
        }
        for j in whole..atoms {
            let (dx, dy, dz) = (xi - x[j], yi - y[j], zi - z[j]);
            let (value, first) = phi(dx * dx + dy * dy + dz * dz);
            let push = 2.0 * first;
            e[0] += value;
            fx[0] += push * dx;
            fy[0] += push * dy;
            fz[0] += push * dz;
            gx[j] -= push * dx;
            gy[j] -= push * dy;
            gz[j] -= push * dz;
        }
        energy += e.iter().sum::<f64>();
        gx[i] += fx.iter().sum::<f64>();
        gy[i] += fy.iter().sum::<f64>();
        gz[i] += fz.iter().sum::<f64>();
    }
    energy
}

impl Objective<f64> for Cluster {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn at(&mut self, x: &[f64]) -> Result<f64, NonFinite> {
        for (i, atom) in x.chunks_exact(3).enumerate() {
            for (axis, &v) in self.place.iter_mut().zip(atom) {
                axis[i] = v;
            }
        }
        // The gradient costs little beside the powers, and a solver nearly always wants it next.
        let value = self.sweep();
        if value.is_finite() { Ok(value) } else { Err(NonFinite::Objective { value }) }
    }

    fn gradient(&mut self, g: &mut [f64]) -> Result<(), NonFinite> {
        for (i, atom) in g.chunks_exact_mut(3).enumerate() {
            for (axis, v) in self.slope.iter().zip(atom) {
                *v = axis[i];
            }
        }
        check_gradient(g, &self.layout)
    }

    fn hvp(&mut self, v: &[f64], out: &mut [f64]) -> Exactness {
        out.fill(0.0);
        self.each_pair(|i, j, d, first, second| {
            let w = [v[3 * i] - v[3 * j], v[3 * i + 1] - v[3 * j + 1], v[3 * i + 2] - v[3 * j + 2]];
            let along = 4.0 * second * (d[0] * w[0] + d[1] * w[1] + d[2] * w[2]);
            for k in 0..3 {
                let h = 2.0 * first * w[k] + along * d[k];
                out[3 * i + k] += h;
                out[3 * j + k] -= h;
            }
        });
        Exactness::Exact
    }

    fn hessian(&mut self, h: &mut [f64]) -> bool {
        let n = self.layout.len();
        h.fill(0.0);
        self.each_pair(|i, j, d, first, second| add_block(h, n, i, j, d, first, second));
        true
    }

    fn hessian_diagonal(&mut self, diagonal: &mut [f64]) -> bool {
        diagonal.fill(0.0);
        self.each_pair(|i, j, d, first, second| {
            for k in 0..3 {
                let h = 2.0 * first + 4.0 * second * d[k] * d[k];
                diagonal[3 * i + k] += h;
                diagonal[3 * j + k] += h;
            }
        });
        true
    }
}

/// Adds the pair's 3 × 3 block B = 2φ′·I + 4φ″·ddᵀ to the diagonal blocks of i and j and −B between them.
pub(super) fn add_block(h: &mut [f64], n: usize, i: usize, j: usize, d: [f64; 3], first: f64, second: f64) {
    for k in 0..3 {
        for l in 0..3 {
            let same = if k == l { 2.0 * first } else { 0.0 };
            let b = same + 4.0 * second * d[k] * d[l];
            h[(3 * i + k) * n + 3 * i + l] += b;
            h[(3 * j + k) * n + 3 * j + l] += b;
            h[(3 * i + k) * n + 3 * j + l] -= b;
            h[(3 * j + k) * n + 3 * i + l] -= b;
        }
    }
}
