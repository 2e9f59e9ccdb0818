//! One side of a race: an optimizer that makes a step whenever it reads a line, and answers with the nanoseconds it took.
//!
//! `cargo run --release -p steepest-optim --example update_server RULE SHAPE …`, where a shape is `512x256` or a length. Parameters
//! are f32. `bench/optimizers/race.py` runs it in turns with the optimizers of PyTorch and optax.

use std::{
    io::{BufRead, Write},
    time::Instant,
};

use steepest_core::{
    Flat, Layout, Role, flat_zeros,
    random::{Purpose, Stream},
};
use steepest_optim::{OnNonFinite, Optimizer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let rule = args.next().ok_or("expected an update rule, then shapes such as 512x256")?;
    let mut layout = Layout::new();
    for (i, shape) in args.enumerate() {
        let shape = shape.split('x').map(str::parse).collect::<Result<Vec<usize>, _>>()?;
        layout.push(&format!("w{i}"), &shape, Role::Weight)?;
    }
    let n = layout.len();
    let (mut x, mut g): (Flat<f32>, Flat<f32>) = (flat_zeros(n), flat_zeros(n));
    let mut gradient = g.clone();
    Stream::new(0, Purpose::PROBLEM, 0).fill_normal(0, &mut gradient);
    let mut optimizer = Optimizer::<f32>::parse(&rule, &layout)?.on_non_finite(OnNonFinite::Trust);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{n}")?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        line?;
        g.copy_from_slice(&gradient);
        let start = Instant::now();
        optimizer.step(&mut x, &mut g)?;
        writeln!(out, "{}", start.elapsed().as_nanos())?;
        out.flush()?;
    }
    Ok(())
}
