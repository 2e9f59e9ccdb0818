//! Own gradients on `faer`: a column that `faer` owns, and matrices that are views of one flat vector.
//!
//! Run it with `cargo run --release -p steepest --example faer`.

use faer::prelude::*;
use faer::{Col, Mat, MatMut, MatRef, Scale};
use steepest::optim::{Optimizer, OptimizerSpec};
use steepest::{Layout, Role};

/// Numbers without a pattern that matters.
fn wave(i: usize, j: usize) -> f64 {
    ((3 * i + 7 * j + i * j + 1) as f64 * 0.61).sin()
}

/// Least squares with Nesterov's momentum, compared with the solution by QR. The column's own memory is what is updated.
fn column() {
    let (rows, cols) = (60, 5);
    let a = Mat::from_fn(rows, cols, wave);
    let b = Col::from_fn(rows, |i| wave(i, 99));
    let mut optimizer = Optimizer::<f64>::parse("sgd:lr=0.5,momentum=0.9,nesterov=true", &Layout::vector(cols))
        .expect("a rule for one vector");
    let mut x = Col::<f64>::zeros(cols);
    for _ in 0..400 {
        // ∇ ½‖Ax − b‖²/n
        let mut g = a.transpose() * (&a * &x - &b) * Scale(1.0 / rows as f64);
        optimizer.step(slice(&mut x), slice(&mut g)).expect("finite gradients");
    }
    let exact = a.qr().solve_lstsq(&b);
    let distance = (&x - &exact).norm_l2() / exact.norm_l2();
    println!("least squares: {distance:.1e} from the solution by QR");
    assert!(distance < 1e-9, "{distance}");
}

/// The elements of a column, which lie side by side.
fn slice(column: &mut Col<f64>) -> &mut [f64] {
    column.try_as_col_major_mut().expect("a column that owns its memory is contiguous").as_slice_mut()
}

/// M ≈ UVᵀ with both factors in one flat vector. A `Mat` may leave gaps between its columns, a view of the vector has none.
fn matrices() {
    let (rows, cols, rank, steps) = (30, 20, 3, 2000);
    let truth = Mat::from_fn(rows, rank, wave) * Mat::from_fn(cols, rank, |i, j| wave(i + 50, j)).transpose();
    let mut layout = Layout::new();
    // The layout's order is row-major, which matters to rules that see matrices, such as muon.
    layout.push("u", &[rows, rank], Role::Weight).expect("distinct names");
    layout.push("v", &[cols, rank], Role::Weight).expect("distinct names");
    let [u_at, v_at] = ["u", "v"].map(|name| layout.get(name).expect("a name of the layout").range());
    let spec = OptimizerSpec::parse("adam:lr=cosine(0.05)").expect("a good text").with_horizon(steps);
    let mut optimizer = spec.build::<f64>(&layout).expect("a rule for these tensors");

    let mut x: Vec<f64> = (0..layout.len()).map(|i| 0.3 * wave(i, 5)).collect();
    let mut g = vec![0.0; layout.len()];
    let mut error = f64::NAN;
    for _ in 0..steps {
        let u = MatRef::from_row_major_slice(&x[u_at.clone()], rows, rank);
        let v = MatRef::from_row_major_slice(&x[v_at.clone()], cols, rank);
        let residual = u * v.transpose() - &truth;
        error = residual.norm_l2() / truth.norm_l2();
        // ∇ ½‖UVᵀ − M‖²
        let (d_u, d_v) = (&residual * v, residual.transpose() * u);
        MatMut::from_row_major_slice_mut(&mut g[u_at.clone()], rows, rank).copy_from(&d_u);
        MatMut::from_row_major_slice_mut(&mut g[v_at.clone()], cols, rank).copy_from(&d_v);
        optimizer.step(&mut x, &mut g).expect("finite gradients");
    }
    println!("factorization: relative error {error:.1e}, {} numbers of state", optimizer.state_bytes() / 8);
    assert!(error < 1e-6, "{error}");
}

fn main() {
    column();
    matrices();
}

#[test]
fn both_reach_their_minimum() {
    main();
}
