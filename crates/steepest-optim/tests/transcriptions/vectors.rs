//! What transcriptions are written in: whole vectors, and a run of a text beside a reference.

use steepest_core::{Layout, Role};
use steepest_optim::Optimizer;

use crate::support::noise;

pub const N: usize = 12;
pub const STEPS: usize = 40;

pub type V = Vec<f64>;

pub fn zip(a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) -> V {
    a.iter().zip(b).map(|(a, b)| f(*a, *b)).collect()
}
pub fn map(a: &[f64], f: impl Fn(f64) -> f64) -> V {
    a.iter().map(|a| f(*a)).collect()
}
pub fn mix(a: &[f64], b: &[f64], beta: f64) -> V {
    zip(a, b, |a, b| beta * a + (1.0 - beta) * b)
}
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
pub fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}
pub fn square(a: &[f64]) -> V {
    map(a, |a| a * a)
}

/// A noisy gradient of an ill-scaled quadratic, and nearly zero in some places.
pub fn gradient(k: usize, x: &[f64]) -> V {
    let e = noise(100 + k as u64, x.len());
    (0..x.len()).map(|i| x[i] * (0.1 + i as f64) + 0.3 * e[i]).collect()
}

/// Runs a text beside a transcription, which maps (k, x, g) to the next x, over a 3 × 4 matrix.
pub fn beside(text: &str, tolerance: f64, mut reference: impl FnMut(usize, &V, &V) -> V) {
    let mut layout = Layout::new();
    layout.push("w", &[3, 4], Role::Weight).unwrap();
    let mut optimizer = Optimizer::<f64>::parse(text, &layout).unwrap();
    let mut y = noise(7, N);
    let mut x = y.clone();
    for k in 0..STEPS {
        // Each from its own point, so that a difference would grow and be seen.
        y = reference(k, &y, &gradient(k, &y));
        let mut g = gradient(k, &x);
        optimizer.step(&mut x, &mut g).unwrap();
        let off = zip(&x, &y, |a, b| (a - b).abs()).into_iter().fold(0.0, f64::max);
        assert!(off <= tolerance * norm(&y), "{text}, step {k}: {off:e}");
    }
}
