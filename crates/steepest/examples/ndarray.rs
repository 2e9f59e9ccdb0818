//! Own gradients on `ndarray`: a small network whose four tensors are views of one flat vector.
//!
//! Run it with `cargo run --release -p steepest --example ndarray`. The network y = W₂ tanh(W₁x + b₁) + b₂ learns one period of a
//! sine; the gradient is written by hand below and compared with central differences before it is used.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis};
use steepest::optim::OptimizerSpec;
use steepest::{Layout, Role};

const HIDDEN: usize = 16;
const STEPS: u64 = 3000;

/// Names, shapes and roles of the tensors, in the order in which they lie in the vector. Weights decay, biases do not.
fn layout() -> Layout {
    let mut layout = Layout::new();
    layout.push("hidden.weight", &[1, HIDDEN], Role::Weight).expect("distinct names");
    layout.push("hidden.bias", &[HIDDEN], Role::Bias).expect("distinct names");
    layout.push("out.weight", &[HIDDEN, 1], Role::Weight).expect("distinct names");
    layout.push("out.bias", &[1], Role::Bias).expect("distinct names");
    layout
}

/// A tensor of the flat vector as an `ndarray` view: no copy, row-major as the layout says.
fn matrix<'a>(layout: &Layout, flat: &'a [f64], name: &str) -> ArrayView2<'a, f64> {
    let segment = layout.get(name).expect("a name of the layout");
    ArrayView2::from_shape((segment.shape[0], segment.shape[1]), &flat[segment.range()]).expect("the shape fits")
}

fn vector<'a>(layout: &Layout, flat: &'a [f64], name: &str) -> ArrayView1<'a, f64> {
    ArrayView1::from(&flat[layout.get(name).expect("a name of the layout").range()])
}

fn matrix_mut<'a>(layout: &Layout, flat: &'a mut [f64], name: &str) -> ArrayViewMut2<'a, f64> {
    let segment = layout.get(name).expect("a name of the layout");
    ArrayViewMut2::from_shape((segment.shape[0], segment.shape[1]), &mut flat[segment.range()]).expect("the shape fits")
}

fn vector_mut<'a>(layout: &Layout, flat: &'a mut [f64], name: &str) -> ArrayViewMut1<'a, f64> {
    ArrayViewMut1::from(&mut flat[layout.get(name).expect("a name of the layout").range()])
}

/// The mean of ½(prediction − y)² over the rows, and its gradient into `g`.
fn loss(layout: &Layout, params: &[f64], x: &Array2<f64>, y: &Array2<f64>, g: &mut [f64]) -> f64 {
    let (w1, w2) = (matrix(layout, params, "hidden.weight"), matrix(layout, params, "out.weight"));
    let hidden = (x.dot(&w1) + vector(layout, params, "hidden.bias")).mapv(f64::tanh);
    let error = hidden.dot(&w2) + vector(layout, params, "out.bias") - y;
    let n = x.nrows() as f64;

    let d_out = &error / n;
    let d_hidden = d_out.dot(&w2.t()) * hidden.mapv(|h| 1.0 - h * h);
    matrix_mut(layout, g, "out.weight").assign(&hidden.t().dot(&d_out));
    vector_mut(layout, g, "out.bias").assign(&d_out.sum_axis(Axis(0)));
    matrix_mut(layout, g, "hidden.weight").assign(&x.t().dot(&d_hidden));
    vector_mut(layout, g, "hidden.bias").assign(&d_hidden.sum_axis(Axis(0)));
    0.5 * error.mapv(|e| e * e).sum() / n
}

fn main() {
    let layout = layout();
    let inputs = Array1::linspace(-std::f64::consts::PI, std::f64::consts::PI, 64);
    let (x, y) = (inputs.clone().insert_axis(Axis(1)), inputs.mapv(f64::sin).insert_axis(Axis(1)));
    let mut params: Vec<f64> = (0..layout.len()).map(|i| (1.7 * i as f64 + 0.3).sin()).collect();
    let mut g = vec![0.0; layout.len()];

    // A gradient written by hand is compared with differences first.
    loss(&layout, &params, &x, &y, &mut g);
    for i in 0..layout.len() {
        let (mut moved, mut unused) = (params.clone(), g.clone());
        moved[i] += 1e-6;
        let above = loss(&layout, &moved, &x, &y, &mut unused);
        moved[i] -= 2e-6;
        let below = loss(&layout, &moved, &x, &y, &mut unused);
        let difference = (above - below) / 2e-6;
        assert!((difference - g[i]).abs() < 1e-8, "{}: {difference} but {}", layout.describe(i), g[i]);
    }

    // The rule is text, as `--solver` of the program takes it; the schedule learns the length of the run.
    let spec = OptimizerSpec::parse("clip:1 | adamw:lr=cosine(0.03,warmup=5%),weight_decay=1e-6").expect("a good text");
    let mut optimizer = spec.with_horizon(STEPS).build::<f64>(&layout).expect("a rule for these tensors");
    let mut value = f64::NAN;
    for step in 0..STEPS {
        value = loss(&layout, &params, &x, &y, &mut g);
        optimizer.step(&mut params, &mut g).expect("finite gradients");
        if step % 500 == 0 {
            println!("step {step:4}  loss {value:.2e}  lr {:.1e}", optimizer.lr());
        }
    }
    println!("step {STEPS}  loss {value:.2e}");
    assert!(value < 1e-4, "the network did not learn the sine: {value}");
}

#[test]
fn it_learns() {
    main();
}
