//! The geometry of a cluster of points: neighbours, energies of single atoms, and the vacant sites on its surface.
//!
//! Energies are those of u(r) = (r₀/r)¹² − 2(r₀/r)⁶ with r₀ the cluster's own spacing. They only rank atoms and sites, so that they
//! serve any cluster whose atoms attract one another at a distance and repel when close.

/// What a cluster looks like.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    /// Atom k is at 3k..3k + 3.
    pub x: Vec<f64>,
    /// r₀: the median distance of nearest neighbours.
    pub spacing: f64,
}

/// Neighbours are closer than this, in units of r₀.
const NEIGHBOUR: f64 = 1.25;
/// A site is this far from its three neighbours, and no closer than that to any atom.
const CAP: f64 = 0.99;
const CLEAR: f64 = 0.8;

fn distance2(a: &[f64], b: &[f64]) -> f64 {
    let [x, y, z] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    x * x + y * y + z * z
}

impl Cluster {
    /// The cluster of these coordinates.
    pub fn new(x: &[f64]) -> Cluster {
        let mut cluster = Cluster { x: x.to_vec(), spacing: 1.0 };
        let n = cluster.len();
        let nearest = |i: usize| {
            let others = (0..n).filter(|&j| j != i);
            others.map(|j| distance2(cluster.atom(i), cluster.atom(j))).fold(f64::INFINITY, f64::min).sqrt()
        };
        let mut all: Vec<f64> = (0..n).map(nearest).filter(|d| d.is_finite() && *d > 0.0).collect();
        all.sort_unstable_by(f64::total_cmp);
        if let Some(&median) = all.get(all.len() / 2) {
            cluster.spacing = median;
        }
        cluster
    }

    pub fn len(&self) -> usize {
        self.x.len() / 3
    }

    pub fn atom(&self, k: usize) -> &[f64] {
        &self.x[3 * k..3 * k + 3]
    }

    /// u at a squared distance.
    fn pair(&self, r2: f64) -> f64 {
        let s = self.spacing * self.spacing / r2.max(1e-4 * self.spacing * self.spacing);
        let s3 = s * s * s;
        s3 * (s3 - 2.0)
    }

    /// The energy of a point among the atoms, but for atom `except`.
    fn energy(&self, at: &[f64], except: usize) -> f64 {
        (0..self.len()).filter(|&j| j != except).map(|j| self.pair(distance2(at, self.atom(j)))).sum()
    }

    /// The atoms, the least bound one first.
    pub fn loosest(&self) -> Vec<usize> {
        let energies: Vec<f64> = (0..self.len()).map(|k| self.energy(self.atom(k), k)).collect();
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|&i, &j| energies[j].total_cmp(&energies[i]).then(i.cmp(&j)));
        order
    }

    /// The mean of the atoms.
    pub fn center(&self) -> [f64; 3] {
        let n = self.len().max(1) as f64;
        std::array::from_fn(|axis| self.x.iter().skip(axis).step_by(3).sum::<f64>() / n)
    }

    /// Takes out the atoms of these numbers.
    pub fn remove(&mut self, which: &[usize]) {
        let kept = (0..self.len()).filter(|k| !which.contains(k));
        self.x = kept.flat_map(|k| self.atom(k).to_vec()).collect();
    }

    pub fn push(&mut self, at: &[f64]) {
        self.x.extend_from_slice(at);
    }

    /// The vacant sites with their energies, the best one first: the two tips over every triangle of mutual neighbours that lie
    /// clear of all atoms.
    pub fn sites(&self) -> Vec<([f64; 3], f64)> {
        let n = self.len();
        let limit = (NEIGHBOUR * self.spacing).powi(2);
        let close: Vec<Vec<usize>> =
            (0..n).map(|i| (i + 1..n).filter(|&j| distance2(self.atom(i), self.atom(j)) < limit).collect()).collect();
        let mut sites: Vec<([f64; 3], f64)> = Vec::new();
        let clear = (CLEAR * self.spacing).powi(2);
        let same = (0.3 * self.spacing).powi(2);
        for i in 0..n {
            for (at, &j) in close[i].iter().enumerate() {
                for &k in close[i][at + 1..].iter().filter(|k| close[j].contains(k)) {
                    for tip in self.tips(i, j, k).into_iter().flatten() {
                        let vacant = (0..n).all(|a| distance2(&tip, self.atom(a)) > clear);
                        if vacant && sites.iter().all(|(s, _)| distance2(s, &tip) > same) {
                            sites.push((tip, self.energy(&tip, n)));
                        }
                    }
                }
            }
        }
        sites.sort_by(|a, b| a.1.total_cmp(&b.1));
        sites
    }

    /// The points at the same distance from three atoms, on either side of their plane.
    fn tips(&self, i: usize, j: usize, k: usize) -> [Option<[f64; 3]>; 2] {
        let (a, b, c) = (self.atom(i), self.atom(j), self.atom(k));
        let u: [f64; 3] = std::array::from_fn(|t| b[t] - a[t]);
        let v: [f64; 3] = std::array::from_fn(|t| c[t] - a[t]);
        let cross = |p: &[f64; 3], q: &[f64; 3]| -> [f64; 3] {
            [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]]
        };
        let square = |p: &[f64; 3]| p.iter().map(|p| p * p).sum::<f64>();
        let normal = cross(&u, &v);
        let area2 = square(&normal);
        if area2 == 0.0 {
            return [None, None];
        }
        // The center of the circle through the three atoms, from a.
        let (nu, vn) = (cross(&normal, &u), cross(&v, &normal));
        let middle: [f64; 3] = std::array::from_fn(|t| (square(&v) * nu[t] + square(&u) * vn[t]) / (2.0 * area2));
        let height2 = (CAP * self.spacing).powi(2) - square(&middle);
        if height2 <= 0.0 {
            return [None, None];
        }
        let height = (height2 / area2).sqrt();
        [1.0, -1.0].map(|side| Some(std::array::from_fn(|t| a[t] + middle[t] + side * height * normal[t])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tetrahedron_has_four_sites() {
        let x = [1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, 1.0, -1.0, -1.0, -1.0, 1.0];
        let cluster = Cluster::new(&x);
        assert!((cluster.spacing - 8f64.sqrt()).abs() < 1e-14);
        let sites = cluster.sites();
        assert_eq!(sites.len(), 4);
        for (site, energy) in &sites {
            let near =
                (0..4).filter(|&k| (distance2(site, cluster.atom(k)).sqrt() - CAP * cluster.spacing).abs() < 1e-12);
            assert_eq!(near.count(), 3);
            assert!((energy - sites[0].1).abs() < 1e-12, "all are alike");
        }
    }

    #[test]
    fn the_farthest_atom_is_the_loosest() {
        let x = [1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, 1.0, -1.0, -1.0, -1.0, 1.0, 3.5, 3.5, 0.0];
        assert_eq!(Cluster::new(&x).loosest()[0], 4);
    }
}
