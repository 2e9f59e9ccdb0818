//! argmin on the function of `crates/steepest-solvers/examples/overhead.rs`: `overhead-argmin SOLVER STEPS DIM…`.

use std::{cell::Cell, hint::black_box, rc::Rc, time::Instant};

use argmin::core::{CostFunction, Error, Executor, Gradient, State};
use argmin::solver::linesearch::{HagerZhangLineSearch, MoreThuenteLineSearch};
use argmin::solver::quasinewton::LBFGS;

/// Counts its own calls.
#[derive(Clone, Default)]
struct Pairs {
    costs: Rc<Cell<u64>>,
    gradients: Rc<Cell<u64>>,
}

impl CostFunction for Pairs {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        self.costs.set(self.costs.get() + 1);
        Ok(x.chunks_exact(2)
            .map(|p| {
                let r = p[1] - p[0] * p[0];
                100.0 * r * r + (1.0 - p[0]) * (1.0 - p[0])
            })
            .sum())
    }
}

impl Gradient for Pairs {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        self.gradients.set(self.gradients.get() + 1);
        let mut g = vec![0.0; x.len()];
        for (p, g) in x.chunks_exact(2).zip(g.chunks_exact_mut(2)) {
            let r = p[1] - p[0] * p[0];
            g[0] = -400.0 * r * p[0] - 2.0 * (1.0 - p[0]);
            g[1] = 200.0 * r;
        }
        Ok(g)
    }
}

fn run(solver: &str, start: Vec<f64>, steps: u64) -> Result<(u64, u64, u64, f64), Error> {
    let pairs = Pairs::default();
    let clock = Instant::now();
    macro_rules! go {
        ($search:expr) => {{
            let solver = LBFGS::new($search, 10).with_tolerance_grad(0.0)?.with_tolerance_cost(0.0)?;
            let done = Executor::new(pairs.clone(), solver).configure(|s| s.param(start).max_iters(steps)).run()?;
            let seconds = clock.elapsed().as_secs_f64();
            (done.state().get_iter(), pairs.costs.get(), pairs.gradients.get(), seconds)
        }};
    }
    Ok(match solver {
        "lbfgs-hz" => go!(HagerZhangLineSearch::new()),
        _ => go!(MoreThuenteLineSearch::new()),
    })
}

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().collect();
    let (solver, steps) = (&args[1], args[2].parse::<u64>()?);
    for dim in args[3..].iter().map(|d| d.parse::<usize>().expect("a dimension")) {
        let repeats = (200_000 / (dim as u64 * steps).max(1)).clamp(1, 2000) as usize;
        let (mut best, mut alone) = ((0, 0, 0, f64::INFINITY), f64::INFINITY);
        for _ in 0..3 {
            let mut sum = (0, 0, 0, 0.0);
            for repeat in 0..repeats {
                let start: Vec<f64> = (0..dim)
                    .map(|i| if i % 2 == 0 { -1.2 - 1e-3 * ((i + repeat) % 97) as f64 } else { 1.0 + 1e-3 * (i % 89) as f64 })
                    .collect();
                let one = run(solver, start, steps)?;
                sum = (sum.0 + one.0, sum.1 + one.1, sum.2 + one.2, sum.3 + one.3);
            }
            if sum.3 < best.3 {
                best = sum;
            }
            let (x, pairs) = (vec![0.5; dim], Pairs::default());
            let clock = Instant::now();
            for _ in 0..best.1 {
                black_box(pairs.cost(black_box(&x))?);
            }
            for _ in 0..best.2 {
                black_box(pairs.gradient(black_box(&x))?);
            }
            alone = alone.min(clock.elapsed().as_secs_f64());
        }
        println!("argmin,{solver},{dim},{},{},{:e},{alone:e}", best.0, best.2, best.3);
    }
    Ok(())
}
