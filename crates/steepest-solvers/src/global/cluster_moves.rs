//! Moves of basin hopping for clusters of atoms: points in three dimensions that attract one another.
//!
//! - *Surface*: the least bound atoms go to the best vacant sites of the rest. L. Cheng, Y. Feng, J. Yang and J. Yang, “Funnel
//!   hopping”, J. Chem. Phys. 130, 2009, doi:10.1063/1.3152121; X. Shao, L. Cheng and W. Cai, “A dynamic lattice searching method
//!   for fast optimization of Lennard-Jones clusters”, J. Comput. Chem. 25, 2004, doi:10.1002/jcc.20096.
//! - *Interior*: the least bound atoms go into the middle, where room has to be made for them. H. Takeuchi, “Clever and efficient
//!   method for searching optimal geometries of Lennard-Jones clusters”, J. Chem. Inf. Model. 46, 2006, doi:10.1021/ci600206k.
//! - *Shake*: every atom is displaced (Wales and Doye, 1997, doi:10.1021/jp970984n).
//! - *Twist*: one half of the cluster is turned against the other.
//!
//! Fresh starts are random balls and balls cut out of close-packed crystals about points of high symmetry or random points, so
//! that clusters whose funnel is narrow are met as well: J. Doye, M. Miller and D. Wales, J. Chem. Phys. 110, 1999,
//! doi:10.1063/1.478595, explain why it is narrow for 38 atoms.

use steepest_core::math::sin_cos_turns;
use steepest_core::random::Draws;

use super::displacement::Moves;
use super::sites::Cluster;

/// Moves of clusters. The coordinates are x, y, z of the first atom, then of the next.
#[derive(Debug, Clone)]
pub struct ClusterMoves {
    /// The displacement of a shake, in units of the spacing.
    shake: f64,
}

impl Default for ClusterMoves {
    fn default() -> Self {
        ClusterMoves { shake: 0.35 }
    }
}

/// The stacking of close-packed layers: A, B, C for face-centered cubic, A, B for hexagonal.
const STACKINGS: [usize; 2] = [3, 2];

impl ClusterMoves {
    /// The cluster x with one more atom, on the best vacant site of its surface: a start for the next size.
    pub fn grown(x: &[f64]) -> Vec<f64> {
        let mut cluster = Cluster::new(x);
        let site = match cluster.sites().first() {
            Some((site, _)) => *site,
            // Fewer than three atoms have no triangle; beside the last one there is room.
            None => {
                let last: Vec<f64> =
                    if cluster.len() == 0 { vec![0.0; 3] } else { cluster.atom(cluster.len() - 1).to_vec() };
                [last[0] + 0.6 * cluster.spacing, last[1] + 0.7 * cluster.spacing, last[2] + 0.4 * cluster.spacing]
            }
        };
        cluster.push(&site);
        cluster.x
    }

    /// Moves the `count` least bound atoms, or some of the next ones, to good vacant sites.
    fn surface(cluster: &mut Cluster, count: usize, draws: &mut Draws) {
        let mut loosest = cluster.loosest();
        // Two more candidates than atoms to move, drawn without order, keep the moves apart.
        let candidates = (count + 2).min(loosest.len());
        for k in 0..count {
            let other = k + draws.below((candidates - k) as u64) as usize;
            loosest.swap(k, other);
        }
        loosest.truncate(count);
        cluster.remove(&loosest);
        for _ in 0..count {
            let sites = cluster.sites();
            let best = sites.len().min(3) as u64;
            let at = match sites.get(draws.below(best) as usize) {
                Some((site, _)) => *site,
                None => Self::near(cluster, 1.0, draws),
            };
            cluster.push(&at);
        }
    }

    /// A random point within this many spacings of the center.
    fn near(cluster: &Cluster, radius: f64, draws: &mut Draws) -> [f64; 3] {
        let (center, offset) = (cluster.center(), ball(draws));
        std::array::from_fn(|t| center[t] + radius * cluster.spacing * offset[t])
    }

    /// Moves the `count` least bound atoms into the middle.
    fn interior(cluster: &mut Cluster, count: usize, draws: &mut Draws) {
        let loosest = cluster.loosest();
        cluster.remove(&loosest[..count]);
        for _ in 0..count {
            let at = Self::near(cluster, 0.8, draws);
            cluster.push(&at);
        }
    }

    /// Turns the atoms on one side of a random plane through the center about its normal.
    fn twist(cluster: &mut Cluster, draws: &mut Draws) {
        let center = cluster.center();
        let axis = direction(draws);
        let (sin, cos) = sin_cos_turns(draws.uniform());
        for atom in cluster.x.chunks_exact_mut(3) {
            let r: [f64; 3] = std::array::from_fn(|t| atom[t] - center[t]);
            let along = r[0] * axis[0] + r[1] * axis[1] + r[2] * axis[2];
            if along > 0.0 {
                let cross =
                    [axis[1] * r[2] - axis[2] * r[1], axis[2] * r[0] - axis[0] * r[2], axis[0] * r[1] - axis[1] * r[0]];
                for t in 0..3 {
                    atom[t] = center[t] + cos * r[t] + sin * cross[t] + (1.0 - cos) * along * axis[t];
                }
            }
        }
    }

    /// n atoms of a close-packed crystal nearest to a point: an atom, a hole, or anywhere.
    fn crystal(n: usize, spacing: f64, draws: &mut Draws) -> Vec<f64> {
        let layers = STACKINGS[draws.below(2) as usize];
        let root3 = 3f64.sqrt();
        let height = (2.0f64 / 3.0).sqrt();
        let center = match draws.below(4) {
            0 => [0.0, 0.0, 0.0],
            // The octahedral hole between layers A and B, and the tetrahedral one above an atom.
            1 => [0.5, -0.5 / root3, 0.5 * height],
            2 => [0.0, 0.0, 0.75 * height],
            _ => std::array::from_fn(|_| draws.uniform()),
        };
        let reach = (n as f64).cbrt().ceil() as i64 + 2;
        let mut atoms: Vec<(f64, [f64; 3])> = Vec::new();
        for layer in -reach..=reach {
            let shift = layer.rem_euclid(layers as i64) as f64;
            for row in -2 * reach..=2 * reach {
                for column in -2 * reach..=2 * reach {
                    let x = column as f64 + 0.5 * row as f64 + 0.5 * shift;
                    let y = root3 / 2.0 * row as f64 + shift * 0.5 / root3;
                    let at = [x, y, layer as f64 * height];
                    let far = (0..3).map(|t| (at[t] - center[t]) * (at[t] - center[t])).sum::<f64>();
                    atoms.push((far, at));
                }
            }
        }
        atoms.sort_by(|a, b| a.0.total_cmp(&b.0));
        atoms.iter().take(n).flat_map(|(_, at)| at.map(|v| spacing * v)).collect()
    }
}

/// A uniform point of the unit ball.
fn ball(draws: &mut Draws) -> [f64; 3] {
    loop {
        let p: [f64; 3] = std::array::from_fn(|_| 2.0 * draws.uniform() - 1.0);
        if p.iter().map(|v| v * v).sum::<f64>() <= 1.0 {
            return p;
        }
    }
}

/// A uniform direction.
fn direction(draws: &mut Draws) -> [f64; 3] {
    let p: [f64; 3] = std::array::from_fn(|_| draws.normal());
    let length = p.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-300);
    p.map(|v| v / length)
}

impl Moves for ClusterMoves {
    fn propose(&mut self, x: &[f64], draws: &mut Draws, out: &mut [f64]) {
        let mut cluster = Cluster::new(x);
        let n = cluster.len();
        let few = 1 + draws.below(((n / 6).clamp(1, 6)) as u64) as usize;
        let kind = draws.below(10);
        match kind {
            0..=4 if n > 4 => Self::surface(&mut cluster, few.min(n - 4), draws),
            5..=6 if n > 4 => Self::interior(&mut cluster, few.min(n - 4).min(3), draws),
            7 if n > 4 => Self::twist(&mut cluster, draws),
            _ => {
                let size = self.shake * cluster.spacing;
                cluster.x.iter_mut().for_each(|v| *v += size * (2.0 * draws.uniform() - 1.0));
            }
        }
        out.copy_from_slice(&cluster.x);
    }

    fn fresh(&mut self, x: &[f64], draws: &mut Draws, out: &mut [f64]) {
        let cluster = Cluster::new(x);
        let n = cluster.len();
        if draws.below(3) == 0 {
            out.copy_from_slice(&Self::crystal(n, cluster.spacing, draws));
            return;
        }
        // Two thirds of a close packing's density at the most: the cluster is compressed first and finds its shape itself.
        let radius = 0.62 * cluster.spacing * (n as f64).cbrt();
        for atom in out.chunks_exact_mut(3) {
            atom.copy_from_slice(&ball(draws).map(|v| radius * v));
        }
    }

    fn size(&self) -> f64 {
        self.shake
    }

    fn resize(&mut self, size: f64) {
        self.shake = size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeterministicSolver;
    use crate::global::BasinHopping;
    use crate::joint::Joint;
    use steepest_core::Objective;
    use steepest_core::random::{Purpose, Stream};

    /// 4 Σ r⁻¹² − r⁻⁶.
    fn lennard_jones(n: usize) -> impl Objective<f64> + Send {
        Joint::new(3 * n, move |x: &[f64], g: &mut [f64]| {
            g.fill(0.0);
            let mut value = 0.0;
            for i in 0..n {
                for j in 0..i {
                    let d: [f64; 3] = std::array::from_fn(|t| x[3 * i + t] - x[3 * j + t]);
                    let s = 1.0 / (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
                    let s3 = s * s * s;
                    value += 4.0 * s3 * (s3 - 1.0);
                    let slope = -24.0 * s * s3 * (2.0 * s3 - 1.0);
                    for t in 0..3 {
                        g[3 * i + t] += slope * d[t];
                        g[3 * j + t] -= slope * d[t];
                    }
                }
            }
            value
        })
    }

    fn search(n: usize, hops: u64, patience: u64) -> f64 {
        let mut start = vec![0.0; 3 * n];
        Stream::new(1, Purpose::INIT, n as u64).fill_uniform(0, &mut start);
        start.iter_mut().for_each(|x| *x *= (n as f64).cbrt());
        let mut f = lennard_jones(n);
        let solver = BasinHopping::new(start, 0.35).with_moves(Box::new(ClusterMoves::default()));
        let mut solver = solver.with_temperature(0.0).with_hops(hops).with_patience(patience);
        while solver.step(&mut f).is_ok() {}
        solver.value().unwrap()
    }

    /// Known minima: M. Hoare and P. Pal, Adv. Phys. 20, 1971; D. Wales and J. Doye, 1997, doi:10.1021/jp970984n.
    #[test]
    fn known_lennard_jones_minima_are_found() {
        for (n, minimum) in
            [(2, -1.0), (3, -3.0), (4, -6.0), (5, -9.103852), (6, -12.712062), (13, -44.326801), (19, -72.659782)]
        {
            let found = search(n, 120, 40);
            assert!((found - minimum).abs() < 1e-5, "{n}: {found} {minimum}");
        }
    }

    #[test]
    fn moves_keep_the_number_of_atoms_and_are_functions_of_their_stream() {
        let x = ClusterMoves::crystal(20, 1.1, &mut Stream::new(0, Purpose::PERTURB, 0).draws(0));
        for k in 0..200 {
            let run = || {
                let (mut moves, mut out) = (ClusterMoves::default(), vec![f64::NAN; 60]);
                let mut draws = Stream::new(0, Purpose::PERTURB, k).draws(0);
                if k % 4 == 0 {
                    moves.fresh(&x, &mut draws, &mut out)
                } else {
                    moves.propose(&x, &mut draws, &mut out)
                }
                out
            };
            let out = run();
            assert!(out.iter().all(|v| v.is_finite()) && out == run());
        }
    }

    #[test]
    fn crystals_have_their_spacing() {
        for k in 0..20 {
            let x = ClusterMoves::crystal(38, 1.2, &mut Stream::new(3, Purpose::PERTURB, k).draws(0));
            assert_eq!(x.len(), 114);
            let cluster = Cluster::new(&x);
            assert!((cluster.spacing - 1.2).abs() < 1e-12, "{}", cluster.spacing);
        }
    }
}
