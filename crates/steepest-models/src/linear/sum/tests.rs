//! Shards against plain loops: every length around a block, every storage, rows twice, without weight, and not finite.

use steepest_core::{FiniteSum, GradSink, NonFinite, Rows, SparseGradient, flat_from};
use steepest_data::{Dense, Matrix, Sparse, Values};

use super::LinearSum;
use crate::linear::{LinearProblem, Loss};

fn number(k: usize) -> f64 {
    ((k * 2_654_435_761) % 1_000_003) as f64 / 500_000.0 - 1.0
}

/// Half of the values are 0, so that rows of the sparse storages differ in length; in storages without values the others are 1.
fn cell(i: usize, j: usize, ones: bool) -> f64 {
    match (number(i * 31 + j * 7 + 3) > 0.0, ones) {
        (false, _) => 0.0,
        (true, true) => 1.0,
        (true, false) => f64::from(number(i * 13 + j * 101 + 1) as f32),
    }
}

/// The four storages of one matrix; the last is of ones.
fn matrices(rows: usize, cols: usize) -> [(Matrix, bool); 4] {
    let all = |ones| (0..rows).flat_map(move |i| (0..cols).map(move |j| cell(i, j, ones)));
    let single = |values: Vec<f64>| Values::F32(flat_from(&values.iter().map(|&v| v as f32).collect::<Vec<_>>()));
    let sparse = |ones: bool| {
        let (mut starts, mut indices, mut stored) = (vec![0], Vec::new(), Vec::new());
        for i in 0..rows {
            for j in (0..cols).filter(|&j| cell(i, j, ones) != 0.0) {
                indices.push(j as u32);
                stored.push(cell(i, j, ones));
            }
            starts.push(indices.len());
        }
        let values = if ones { Values::Ones(indices.len()) } else { single(stored) };
        Matrix::Sparse(Sparse { rows, cols, starts, indices, values })
    };
    [
        (Matrix::Dense(Dense { rows, cols, values: single(all(false).collect()) }), false),
        (Matrix::Dense(Dense { rows, cols, values: Values::F64(flat_from(&all(false).collect::<Vec<_>>())) }), false),
        (sparse(false), false),
        (sparse(true), true),
    ]
}

/// φ and ∂φ/∂z as their definitions say.
fn plain(loss: Loss, z: f64, y: f64) -> (f64, f64) {
    match loss {
        Loss::Logistic => ((-y * z).exp().ln_1p(), -y / (1.0 + (y * z).exp())),
        Loss::Hinge => ((1.0 - y * z).max(0.0), if y * z < 1.0 { -y } else { 0.0 }),
        _ => (0.5 * (z - y) * (z - y), z - y),
    }
}

#[test]
fn shards_are_what_plain_loops_say() {
    let n = 70;
    for cols in [1, 5, 8, 13, 37, 100] {
        for (matrix, ones) in matrices(n, cols) {
            for (round, loss) in [Loss::Logistic, Loss::Hinge, Loss::Squared].into_iter().enumerate() {
                let target = (0..n).map(|i| if number(i) > 0.0 { 1.0 } else { -1.0 }).collect();
                let mut problem = LinearProblem::new(matrix.clone(), target, loss);
                problem.intercept = round != 1;
                problem.offset = (round == 2).then(|| (0..n).map(|i| 0.1 * number(i + 9)).collect());
                problem.weights = (round > 0).then(|| (0..n).map(|i| (i % 3) as f64).collect());
                let sum = LinearSum::new(&problem);
                let x: Vec<f64> = (0..problem.parameters()).map(|j| number(j + 77)).collect();
                for len in [1, 3, 4, 63, 64, 65, 129, 150] {
                    // Out of order, and some rows twice.
                    let rows: Vec<u32> = (0..len).map(|k| ((k * 37 + 5) % n) as u32).collect();
                    let (mut value, mut weight, mut expected) = (0.0, 0.0, vec![0.0; x.len()]);
                    for &i in &rows {
                        let i = i as usize;
                        let mut z = problem.offset.as_ref().map_or(0.0, |o| o[i]);
                        (0..cols).for_each(|j| z += cell(i, j, ones) * x[j]);
                        z += if problem.intercept { x[cols] } else { 0.0 };
                        let s = problem.weights.as_ref().map_or(1.0, |s| s[i]);
                        let (phi, slope) = plain(loss, z, problem.target[i]);
                        (0..cols).for_each(|j| expected[j] += s * slope * cell(i, j, ones));
                        expected[cols..].iter_mut().for_each(|b| *b += s * slope);
                        (value, weight) = (value + s * phi, weight + s);
                    }
                    let mut work = FiniteSum::<f64>::work(&sum, len);
                    // What is there already stays.
                    let (mut dense, mut sparse) = (vec![0.5; x.len()], SparseGradient::default());
                    let a = sum.shard(&x, Rows::Index(&rows), &mut work, GradSink::Dense(&mut dense)).unwrap();
                    let b = sum.shard(&x, Rows::Index(&rows), &mut work, GradSink::Sparse(&mut sparse)).unwrap();
                    assert_eq!(a, b);
                    let context = format!("{loss:?} {cols} columns, {len} rows");
                    assert!((a.loss - value).abs() < 1e-12 * (1.0 + value) && a.weight == weight, "{context}");
                    let mut scattered = vec![0.0; x.len()];
                    let pairs = sparse.indices.iter().zip(&sparse.values);
                    pairs.for_each(|(&j, &v)| scattered[j as usize] += v);
                    for j in 0..x.len() {
                        assert!((dense[j] - 0.5 - expected[j]).abs() < 1e-12 * (1.0 + weight), "{context} {j}");
                        assert!((scattered[j] - expected[j]).abs() < 1e-12 * (1.0 + weight), "{context} {j}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_first_row_that_is_not_finite_is_named_unless_it_has_no_weight() {
    for (matrix, _) in matrices(70, 5) {
        let mut problem = LinearProblem::new(matrix, vec![0.5; 70], Loss::Squared);
        problem.target[66] = f64::NAN;
        problem.target[67] = f64::INFINITY;
        let x = vec![0.1; 6];
        let rows: Vec<u32> = (0..70).collect();
        let shard = |problem: &LinearProblem| {
            let sum = LinearSum::new(problem);
            let mut work = FiniteSum::<f64>::work(&sum, 70);
            sum.shard(&x, Rows::Index(&rows), &mut work, GradSink::None)
        };
        assert!(matches!(shard(&problem), Err(NonFinite::Row { row: 66, value }) if value.is_nan()));
        problem.weights = Some((0..70).map(|i| if i >= 66 { 0.0 } else { 2.0 }).collect());
        let whole = shard(&problem).unwrap();
        assert!(whole.loss.is_finite() && whole.weight == 132.0);
    }
}
