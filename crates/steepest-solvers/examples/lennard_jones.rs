//! Lennard-Jones clusters: the known minimum of every size by basin hopping, with the seconds each takes; and local minima of
//! large clusters from given coordinates.
//!
//! ```sh
//! cargo run --release -p steepest-solvers --example lennard_jones -- DIRECTORY 2 60
//! ```
//!
//! DIRECTORY holds `lj_global_minima.csv` (`n_atoms,energy_epsilon`) and, for the large ones, `lj150.xyz` and `lj1000.xyz`. Every
//! size is searched on its own from a random start and, as a cluster grows, from the minimum before with one more atom on its
//! surface. The search ends at the known energy, which only ends it; nothing else of the table is used.

use std::path::Path;
use std::time::Instant;

use steepest_core::Objective;
use steepest_core::random::{Purpose, Stream};
use steepest_functions::energies::Cluster;
use steepest_solvers::global::{BasinHopping, ClusterMoves};
use steepest_solvers::{DeterministicSolver, Lbfgs, max_abs};

/// Hops of one size at most.
const HOPS: u64 = 200_000;
/// Hops in vain before a fresh start.
const PATIENCE: u64 = 60;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [directory, first, last, ..] = &args[..] else {
        return Err("usage: lennard_jones DIRECTORY FIRST LAST [alone]".into());
    };
    let alone = args.get(3).is_some_and(|a| a == "alone");
    let seed: u64 = args.get(4).map_or(Ok(0), |s| s.parse())?;
    let directory = Path::new(directory);
    let table = std::fs::read_to_string(directory.join("lj_global_minima.csv"))?;
    let known: Vec<(usize, f64)> = table
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(','))
        .filter_map(|(n, e)| Some((n.parse().ok()?, e.parse().ok()?)))
        .collect();

    let (from, to): (usize, usize) = (first.parse()?, last.parse()?);
    let (mut before, mut total, mut missed) = (Vec::new(), 0.0, 0);
    println!("atoms  energy           known            hops   seconds");
    for &(n, energy) in known.iter().filter(|(n, _)| (from..=to).contains(n)) {
        let clock = Instant::now();
        let (found, x, hops) = search(n, energy, if alone { &[] } else { &before }, seed);
        let seconds = clock.elapsed().as_secs_f64();
        total += seconds;
        let verdict = if found <= energy + 1e-5 { "" } else { "  NOT REACHED" };
        missed += usize::from(found > energy + 1e-5);
        println!("{n:5}  {found:<15.6}  {energy:<15.6}  {hops:5}  {seconds:8.3}{verdict}");
        before = x;
    }
    println!("{total:.2} s in all, {missed} not reached");
    for file in ["lj150.xyz", "lj1000.xyz"] {
        if let Ok(text) = std::fs::read_to_string(directory.join(file)) {
            polish(file, &text)?;
        }
    }
    Ok(())
}

/// Basin hopping until the energy is reached: energy, coordinates, hops.
fn search(n: usize, energy: f64, before: &[f64], seed: u64) -> (f64, Vec<f64>, u64) {
    let mut f = Cluster::lennard_jones(n);
    let mut start = vec![0.0; 3 * n];
    Stream::new(seed, Purpose::INIT, n as u64).fill_uniform(0, &mut start);
    let width = 1.6 * (n as f64).cbrt();
    start.iter_mut().for_each(|x| *x *= width);
    if before.len() + 3 == start.len() {
        start = ClusterMoves::grown(before);
    }
    let moves = Box::new(ClusterMoves::default());
    let solver = BasinHopping::new(start, 0.35).with_moves(moves).with_temperature(0.0).with_hops(HOPS);
    let mut solver = solver.with_patience(PATIENCE).with_seed(seed, n as u64);
    let mut hops = 0;
    while solver.step(&mut f).is_ok() {
        hops += 1;
        if solver.value().is_some_and(|value| value <= energy + 1e-5) {
            break;
        }
    }
    (solver.value().unwrap_or(f64::INFINITY), solver.point().to_vec(), hops)
}

/// A local minimum to ‖g‖∞ ≤ 10⁻¹⁰ from given coordinates, and again after shaking them.
fn polish(file: &str, text: &str) -> Result<(), Box<dyn std::error::Error>> {
    let x: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let mut f = Cluster::lennard_jones(x.len() / 3);
    let mut noise = vec![0.0; x.len()];
    Stream::new(0, Purpose::PERTURB, 0).fill_normal(0, &mut noise);
    for shake in [0.0, 0.02] {
        let clock = Instant::now();
        let start: Vec<f64> = x.iter().zip(&noise).map(|(x, z)| x + shake * z).collect();
        let mut solver = Lbfgs::new(start, 20);
        let mut steps = 0;
        while solver.stationarity().is_none_or(|size| size > 1e-10) && steps < 20_000 {
            if solver.step(&mut f).is_err() {
                break;
            }
            steps += 1;
        }
        let mut g = vec![0.0; x.len()];
        let value = f.at(solver.point())?;
        f.gradient(&mut g)?;
        let seconds = clock.elapsed().as_secs_f64();
        println!(
            "{file}, shaken by {shake}: energy {value:.10}, |g| {:.1e}, {steps} steps, {seconds:.3} s",
            max_abs(&g)
        );
    }
    Ok(())
}
