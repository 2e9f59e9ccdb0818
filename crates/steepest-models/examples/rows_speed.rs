//! How fast descent one row at a time is: rows a second on dense rows of 100 numbers and on sparse rows of 14 ones.
//!
//! `cargo run --release -p steepest-models --example rows_speed`

use std::time::Instant;

use steepest_core::{
    Iterate,
    random::{Purpose, Stream},
};
use steepest_data::{Dense, Matrix, Order, Sparse, Values};
use steepest_models::linear::{
    LinearProblem, Loss,
    rows::{RowDescent, RowOptions, RowRule},
};
use steepest_optim::Schedule;

fn main() {
    let stream = Stream::new(1, Purpose::custom(0), 0);
    let (n, d) = (200_000, 100);
    let values = Values::narrow((0..n * d).map(|k| f64::from(stream.normal(k as u64) as f32)).collect());
    let dense = Matrix::Dense(Dense { rows: n, cols: d, values });
    let wide = Values::F64(steepest_core::flat_from(&(0..n * d).map(|k| stream.normal(k as u64)).collect::<Vec<_>>()));
    let dense64 = Matrix::Dense(Dense { rows: n, cols: d, values: wide });
    let starts = (0..=n).map(|i| i * 14).collect();
    let column = |k: usize| ((k % 14) * 9 + stream.below(k as u64, 9) as usize) as u32;
    let indices = (0..n * 14).map(column).collect();
    let sparse = Matrix::Sparse(Sparse { rows: n, cols: 126, starts, indices, values: Values::Ones(n * 14) });
    for (name, matrix) in [("dense 100, f32", dense), ("dense 100, f64", dense64), ("sparse 14 ones", sparse)] {
        let target = (0..n).map(|i| stream.sign(i as u64)).collect();
        let mut problem = LinearProblem::new(matrix, target, Loss::Logistic);
        problem.l2 = 1.0 / n as f64;
        for rule in [RowRule::Sgd, RowRule::AdaGrad { eps: 1e-10, initial: 0.0 }] {
            let options = RowOptions { rule, lr: Schedule::constant(0.01), order: Order::Shuffled, seed: 0 };
            let mut descent = RowDescent::new(&problem, options, None);
            let start = Instant::now();
            while descent.counts().value < 5 * n as u64 {
                descent.step().expect("the data are finite");
            }
            let seconds = start.elapsed().as_secs_f64();
            println!("{name:16} {rule:?}: {:.1} ns a row", seconds / (5 * n) as f64 * 1e9);
        }
    }
}
