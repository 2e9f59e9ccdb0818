//! Solve times of the linear family, and the share of the memory bandwidth that a gradient pass reaches.
//!
//! `cargo run --release -p steepest-models --example linear_speed -- FILE LOSS SOLVER [GAP] [THREADS] [ROUNDS]`
//!
//! FILE is an svmlight file, or `dense` for a million rows of 100 normal features in f32, or `bandwidth`, or a file named *.f32:
//! little-endian, rows and columns as u32, then all features by rows and all targets as f32. λ₂ = 1/n, no intercept. LOSS:L1 or
//! LOSS:L1:L2, such as `squared:1e-3`, sets the penalties. Prints each step of the first round and the median seconds of all.

use std::time::Instant;

use steepest_core::random::{Purpose, Stream};
use steepest_core::{Flat, Objective, Stop};
use steepest_data::read::{Input, ReadOptions, Sources, read};
use steepest_data::{Dense, Matrix, Values};
use steepest_models::linear::{LinearObjective, LinearProblem, Loss, SolverChoice, auto};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let get = |k: usize, default: &str| arguments.get(k).cloned().unwrap_or_else(|| default.to_string());
    let threads = get(4, "2").parse().expect("a number of threads");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    pool.install(|| match get(0, "dense").as_str() {
        "bandwidth" => bandwidth(),
        file => race(
            file,
            &get(1, "logistic"),
            &get(2, "auto"),
            get(3, "1e-9").parse().expect("a gap"),
            get(5, "5").parse().expect("a number"),
        ),
    });
}

fn problem(file: &str, loss: &str) -> LinearProblem {
    let (name, l1) = loss.split_once(':').unwrap_or((loss, ""));
    let loss = match name {
        "hinge" => Loss::Hinge,
        "logistic" => Loss::Logistic,
        "squared_hinge" => Loss::SquaredHinge,
        "squared" => Loss::Squared,
        "poisson" => Loss::Poisson,
        classes => Loss::Softmax(classes.parse().expect("a loss, or a number of classes")),
    };
    let (matrix, target) = match file {
        "dense" => dense(1_000_000, 100),
        raw if raw.ends_with(".f32") => numbers(raw),
        text => svmlight(text),
    };
    let mut problem = LinearProblem::new(matrix, target, loss);
    if l1.is_empty() {
        problem.l2 = 1.0 / problem.rows() as f64;
    } else {
        let (l1, l2) = l1.split_once(':').unwrap_or((l1, "0"));
        problem.l1 = l1.parse().expect("an L1 penalty");
        problem.l2 = l2.parse().expect("an L2 penalty");
    }
    problem.intercept = false;
    problem
}

fn numbers(file: &str) -> (Matrix, Vec<f64>) {
    let bytes = std::fs::read(file).expect("a file");
    let words: Vec<[u8; 4]> = bytes.chunks_exact(4).map(|c| c.try_into().expect("four bytes")).collect();
    let (rows, cols) = (u32::from_le_bytes(words[0]) as usize, u32::from_le_bytes(words[1]) as usize);
    let values: Vec<f32> = words[2..].iter().map(|w| f32::from_le_bytes(*w)).collect();
    let (x, y) = values.split_at(rows * cols);
    let matrix = Dense { rows, cols, values: Values::F32(Flat::from_slice(64, x)) };
    (Matrix::Dense(matrix), y.iter().map(|y| f64::from(*y)).collect())
}

fn svmlight(file: &str) -> (Matrix, Vec<f64>) {
    let sources = Sources::from_args([file.to_string()]).expect("a file");
    let (input, _) = read(&sources, &ReadOptions::default()).expect("an svmlight file");
    let Input::Rows(rows) = input else { panic!("{file} is not svmlight") };
    (Matrix::Sparse(rows.matrix), rows.labels)
}

fn dense(rows: usize, cols: usize) -> (Matrix, Vec<f64>) {
    let mut x = vec![0.0f32; rows * cols];
    Stream::new(0, Purpose::PROBLEM, 0).fill_normal(0, &mut x);
    let mut w = vec![0.0f64; cols];
    Stream::new(0, Purpose::PROBLEM, 1).fill_normal(0, &mut w);
    let uniform = Stream::new(0, Purpose::PROBLEM, 2);
    let target = (0..rows).map(|i| {
        let z: f64 = x[i * cols..(i + 1) * cols].iter().zip(&w).map(|(x, w)| f64::from(*x) * w).sum();
        let u = (uniform.below(i as u64, 1 << 40) as f64 + 0.5) / (1u64 << 40) as f64;
        if 0.3 * z + (u / (1.0 - u)).ln() > 0.0 { 1.0 } else { -1.0 }
    });
    let target = target.collect();
    (Matrix::Dense(Dense { rows, cols, values: Values::F32(Flat::from_slice(64, &x)) }), target)
}

fn race(file: &str, loss: &str, solver: &str, gap: f64, rounds: usize) {
    let problem = problem(file, loss);
    println!("{} rows, {} features, {} stored", problem.rows(), problem.features(), problem.matrix.stored());
    let (choice, why) = match SolverChoice::from_name(solver) {
        Some(choice) => (choice, "asked for".to_string()),
        None => auto(&problem),
    };
    println!("{}: {why}", choice.name());
    let start = Instant::now();
    problem.columns();
    println!("columns {:.4} s", start.elapsed().as_secs_f64());
    let mut seconds: Vec<f64> = (0..rounds).map(|round| solve(&problem, choice, gap, round == 0)).collect();
    seconds.sort_by(f64::total_cmp);
    println!("median {:.4} s, fastest {:.4} s", seconds[rounds / 2], seconds[0]);
}

fn solve(problem: &LinearProblem, choice: SolverChoice, gap: f64, tell: bool) -> f64 {
    let start = Instant::now();
    let mut run = choice.bind(problem, None);
    for _ in 0..2000 {
        match run.step() {
            Ok(info) => {
                if tell {
                    println!("{:.4} s  {info:?}", start.elapsed().as_secs_f64());
                }
                if info.gap.is_some_and(|g| g <= gap) {
                    break;
                }
            }
            Err(Stop::Terminated(t)) => {
                println!("{t}");
                break;
            }
            Err(stop) => panic!("{stop}"),
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    if tell {
        println!("{:?} {:?}", run.certificate(), run.counts());
    }
    seconds
}

/// Reads per second of a plain sum over a large array against those of the gradient pass.
fn bandwidth() {
    let problem = problem("dense", "logistic");
    let Matrix::Dense(Dense { values: Values::F32(x), .. }) = &problem.matrix else { unreachable!() };
    let bytes = (x.len() * 4) as f64;
    let fastest = |f: &mut dyn FnMut()| {
        (0..7)
            .map(|_| {
                let start = Instant::now();
                f();
                start.elapsed().as_secs_f64()
            })
            .fold(f64::INFINITY, f64::min)
    };
    use rayon::prelude::*;
    let plain = fastest(&mut || {
        let total: u64 = x
            .par_chunks(1 << 18)
            .map(|c| {
                let mut acc = [0u32; 64];
                for c in c.chunks_exact(64) {
                    for l in 0..64 {
                        acc[l] ^= c[l].to_bits();
                    }
                }
                acc.iter().map(|&a| u64::from(a)).sum::<u64>()
            })
            .sum();
        std::hint::black_box(total);
    });
    let mut f = LinearObjective::new(&problem);
    let point = vec![0.01; problem.parameters()];
    let mut g = vec![0.0; point.len()];
    let pass = fastest(&mut || {
        f.at(&point).expect("finite");
        f.gradient(&mut g).expect("finite");
    });
    println!("plain read  {:.4} s  {:.1} GB/s", plain, bytes / plain / 1e9);
    println!("gradient    {:.4} s  {:.1} GB/s  {:.0} % of the read", pass, bytes / pass / 1e9, 100.0 * plain / pass);
}
