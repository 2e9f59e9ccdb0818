//! What a step costs besides the function: `overhead SOLVER STEPS DIM…` prints a line a dimension with the steps made, the
//! evaluations, the seconds of the whole run, and those of the function alone, measured over as many evaluations.
//!
//! `overhead bandwidth 0 DIM…` prints the bytes a second of a product of two vectors on as many threads, to compare with.
//!
//! The function is the extended Rosenbrock function of pairs, so that no run ends early.

use std::{hint::black_box, time::Instant};

use steepest_core::{Exactness, Layout, NonFinite, Objective};
use steepest_optim::Tolerance;
use steepest_solvers::{Minimize, SolverSpec};

/// Σ 100(x₂ᵢ − x₂ᵢ₋₁²)² + (1 − x₂ᵢ₋₁)².
struct Pairs {
    layout: Layout,
    x: Vec<f64>,
}

/// The same loops stand in the peers' programs.
fn value(x: &[f64]) -> f64 {
    x.chunks_exact(2)
        .map(|p| {
            let r = p[1] - p[0] * p[0];
            100.0 * r * r + (1.0 - p[0]) * (1.0 - p[0])
        })
        .sum()
}

fn gradient(x: &[f64], g: &mut [f64]) {
    for (p, g) in x.chunks_exact(2).zip(g.chunks_exact_mut(2)) {
        let r = p[1] - p[0] * p[0];
        g[0] = -400.0 * r * p[0] - 2.0 * (1.0 - p[0]);
        g[1] = 200.0 * r;
    }
}

impl Objective<f64> for Pairs {
    fn layout(&self) -> &Layout {
        &self.layout
    }
    fn at(&mut self, x: &[f64]) -> Result<f64, NonFinite> {
        self.x.copy_from_slice(x);
        Ok(value(x))
    }
    fn gradient(&mut self, g: &mut [f64]) -> Result<(), NonFinite> {
        gradient(&self.x, g);
        Ok(())
    }
    fn hvp(&mut self, _v: &[f64], out: &mut [f64]) -> Exactness {
        out.fill(0.0);
        Exactness::Differences
    }
}

/// Bytes a second that Σ aₖbₖ reads, the best of many.
fn bandwidth(dim: usize) -> f64 {
    let (a, b) = (vec![1.0; dim], vec![2.0; dim]);
    let one = || {
        let clock = Instant::now();
        black_box(steepest_solvers::dot(black_box(&a), black_box(&b)));
        clock.elapsed().as_secs_f64()
    };
    16.0 * dim as f64 / (0..40).map(|_| one()).fold(f64::INFINITY, f64::min)
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args[1] == "bandwidth" {
        return args[3..].iter().for_each(|d| println!("{:e}", bandwidth(d.parse().expect("a dimension"))));
    }
    let (solver, steps) = (&args[1], args[2].parse::<u64>().expect("a number of steps"));
    for dim in args[3..].iter().map(|d| d.parse::<usize>().expect("a dimension")) {
        let repeats = (200_000 / (dim as u64 * steps).max(1)).clamp(1, 2000) as usize;
        // A start for every repetition, so that short runs are not the same run in cache.
        let mut f = Pairs { layout: Layout::vector(dim), x: vec![0.0; dim] };
        let (mut run, mut alone) = (f64::INFINITY, f64::INFINITY);
        let (mut made, mut evals) = (0, 0);
        for _ in 0..3 {
            let (mut total, mut count) = (0.0, (0, 0));
            for repeat in 0..repeats {
                let start: Vec<f64> = (0..dim)
                    .map(|i| {
                        if i % 2 == 0 { -1.2 - 1e-3 * ((i + repeat) % 97) as f64 } else { 1.0 + 1e-3 * (i % 89) as f64 }
                    })
                    .collect();
                let settings = Minimize {
                    gtol: Tolerance::default(),
                    max_steps: Some(steps),
                    classify: false,
                    ..Minimize::default()
                };
                let mut built = SolverSpec::parse(solver).expect("a solver").build(&mut f, &start).expect("a solver");
                let clock = Instant::now();
                let found = settings.run(&mut f, &mut *built).expect("a start");
                total += clock.elapsed().as_secs_f64();
                count = (count.0 + found.steps, count.1 + found.evaluations.gradient);
            }
            if total < run {
                (run, (made, evals)) = (total, count);
            }
            let (x, mut g) = (vec![0.5; dim], vec![0.0; dim]);
            let clock = Instant::now();
            for _ in 0..evals {
                black_box(f.at(black_box(&x)).expect("finite"));
                f.gradient(black_box(&mut g)).expect("finite");
            }
            alone = alone.min(clock.elapsed().as_secs_f64());
        }
        println!("steepest,{solver},{dim},{made},{evals},{run:e},{alone:e}");
    }
}
