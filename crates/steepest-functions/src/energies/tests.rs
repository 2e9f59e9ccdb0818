use std::path::Path;

use steepest_core::{Exactness, Objective};

use super::*;

type System = (&'static str, Box<dyn Objective<f64>>, Vec<f64>);

fn systems() -> Vec<System> {
    let (bonds, charges) = chain_of_ions(7);
    vec![
        ("lennard-jones", Box::new(Cluster::lennard_jones(13)), spread(13, 1.12)),
        ("lennard-jones, a whole lane", Box::new(Cluster::lennard_jones(9)), spread(9, 1.12)),
        ("morse", Box::new(Cluster::morse(11, 6.0)), spread(11, 1.0)),
        ("bonded", Box::new(Bonded::new(7, bonds, charges)), spread(7, 1.1)),
        ("coulomb", Box::new(Cluster::new(5, PairPotential::Coulomb { product: 1.0 })), spread(5, 1.0)),
    ]
}

fn gradient(f: &mut dyn Objective<f64>, x: &[f64]) -> Vec<f64> {
    let mut g = vec![0.0; x.len()];
    f.at(x).unwrap();
    f.gradient(&mut g).unwrap();
    g
}

fn size(v: &[f64]) -> f64 {
    v.iter().fold(0.0, |m: f64, v| m.max(v.abs()))
}

#[test]
fn derivatives_agree_with_central_differences() {
    for (name, mut f, x) in systems() {
        let n = x.len();
        let g = gradient(&mut *f, &x);
        let mut h = vec![0.0; n * n];
        assert!(f.hessian(&mut h));
        let step = 1e-6;
        for j in 0..n {
            let mut moved = x.clone();
            moved[j] = x[j] + step;
            let (up, g_up) = (f.at(&moved).unwrap(), gradient(&mut *f, &moved));
            moved[j] = x[j] - step;
            let (down, g_down) = (f.at(&moved).unwrap(), gradient(&mut *f, &moved));
            let slope = (up - down) / (2.0 * step);
            assert!((slope - g[j]).abs() < 1e-7 * (1.0 + size(&g)), "{name}: {slope} against {}", g[j]);
            for i in 0..n {
                let curve = (g_up[i] - g_down[i]) / (2.0 * step);
                assert!((curve - h[i * n + j]).abs() < 1e-7 * (1.0 + size(&h)), "{name}: {curve}, {}", h[i * n + j]);
            }
        }
    }
}

#[test]
fn products_with_the_hessian_are_those_of_the_matrix() {
    for (name, mut f, x) in systems() {
        let n = x.len();
        gradient(&mut *f, &x);
        let mut h = vec![0.0; n * n];
        f.hessian(&mut h);
        let v: Vec<f64> = (0..n).map(|i| (i as f64).sin()).collect();
        let mut out = vec![0.0; n];
        assert_eq!(f.hvp(&v, &mut out), Exactness::Exact);
        for i in 0..n {
            let row: f64 = (0..n).map(|j| h[i * n + j] * v[j]).sum();
            assert!((row - out[i]).abs() < 1e-10 * size(&h), "{name}");
        }
        let mut diagonal = vec![0.0; n];
        if f.hessian_diagonal(&mut diagonal) {
            assert!((0..n).all(|i| (diagonal[i] - h[i * n + i]).abs() < 1e-10 * size(&h)), "{name}");
        }
    }
}

/// A rotation about a slanted axis and a shift leave the energy as it is, and turn the forces.
#[test]
fn energies_do_not_depend_on_where_the_particles_are_seen_from() {
    let (c, s) = (0.6, 0.8);
    let turn = |p: &[f64]| [c * p[0] - s * p[1], s * p[0] + c * p[1], p[2]];
    let tilt = |p: [f64; 3]| [p[0], c * p[1] - s * p[2], s * p[1] + c * p[2]];
    for (name, mut f, x) in systems() {
        let (energy, g) = (f.at(&x).unwrap(), gradient(&mut *f, &x));
        let all = |v: &[f64], shift: f64| -> Vec<f64> {
            v.chunks(3).flat_map(|p| tilt(turn(p)).map(|c| c + shift)).collect()
        };
        let moved = all(&x, 3.0);
        let there = f.at(&moved).unwrap();
        assert!((energy - there).abs() < 1e-11 * (1.0 + energy.abs()), "{name}");
        let (seen, turned) = (gradient(&mut *f, &moved), all(&g, 0.0));
        assert!(seen.iter().zip(&turned).all(|(a, b)| (a - b).abs() < 1e-9 * (1.0 + size(&g))), "{name}");
        // No net force and no net torque.
        for k in 0..3 {
            let (l, m) = ((k + 1) % 3, (k + 2) % 3);
            let force: f64 = g.iter().skip(k).step_by(3).sum();
            let torque: f64 = x.chunks(3).zip(g.chunks(3)).map(|(x, g)| x[l] * g[m] - x[m] * g[l]).sum();
            assert!(force.abs() + torque.abs() < 1e-9 * (1.0 + size(&g)), "{name}: {force}, {torque}");
        }
    }
}

/// Two, three and four particles that touch one another all: −1, −3, −6 for both potentials.
#[test]
fn simplices_have_one_unit_for_every_pair() {
    for (potential, apart) in
        [(PairPotential::LennardJones, 2f64.powf(1.0 / 6.0)), (PairPotential::Morse { rho: 6.0 }, 1.0)]
    {
        let corners = [[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]];
        for atoms in 2..=4 {
            let x: Vec<f64> = corners[..atoms].iter().flatten().map(|c| c * apart / 8f64.sqrt()).collect();
            let mut f = Cluster::new(atoms, potential);
            let pairs = (atoms * (atoms - 1) / 2) as f64;
            assert!((f.at(&x).unwrap() + pairs).abs() < 1e-13);
            assert!(size(&gradient(&mut f, &x)) < 1e-12);
        }
    }
}

/// Three charges on two springs lie in a line: 2k(r − 1) = 1/(2r²).
#[test]
fn three_charges_pull_their_springs_straight() {
    let mut r = 1.0f64;
    for _ in 0..50 {
        r = 1.0 + 1.0 / (4.0 * 100.0 * r * r);
    }
    let (bonds, charges) = chain_of_ions(3);
    let mut f = Bonded::new(3, bonds, charges);
    let x = [-r, 0.0, 0.0, 0.0, 0.0, 0.0, r, 0.0, 0.0];
    let energy = f.at(&x).unwrap();
    assert!((energy - (100.0 * (r - 1.0).powi(2) + 0.5 / r)).abs() < 1e-13);
    assert!(size(&gradient(&mut f, &x)) < 1e-12);
}

#[test]
fn particles_on_one_another_are_an_error_and_no_panic() {
    assert!(Cluster::lennard_jones(3).at(&[0.0; 9]).is_err());
    assert!(Bonded::new(3, Vec::new(), vec![1.0; 3]).at(&[0.0; 9]).is_err());
}

/// The 150 and the 1000 atoms whose coordinates are at hand are minima of the energy their source gives.
#[test]
fn known_clusters_are_stationary() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lj-clusters");
    for (file, energy, force) in [("lj150.xyz", -893.310_257_879_4, 1e-11), ("lj1000.xyz", -7_128.821_828_539_8, 1e-2)]
    {
        let Ok(text) = std::fs::read_to_string(folder.join(file)) else {
            eprintln!("skipped: {file} is not there");
            continue;
        };
        let x: Vec<f64> = text.split_whitespace().map(|w| w.parse().unwrap()).collect();
        let mut f = Cluster::lennard_jones(x.len() / 3);
        assert!((f.at(&x).unwrap() - energy).abs() < 1e-8, "{file}: {}", f.at(&x).unwrap());
        let g = gradient(&mut f, &x);
        assert!(size(&g) < force, "{file}: {}", size(&g));
    }
}
