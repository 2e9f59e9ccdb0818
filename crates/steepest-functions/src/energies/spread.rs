//! Where the particles start: apart from one another, and in no special position.

use steepest_core::random::{Purpose, Stream};

/// Coordinates of `particles` points `apart` from their neighbours: a cubic lattice filled from its middle outwards, each point
/// moved by up to a tenth of the distance along every axis, always the same.
pub fn spread(particles: usize, apart: f64) -> Vec<f64> {
    let side = (1..).find(|s| s * s * s >= particles).expect("a cube is large enough");
    let middle = (side as f64 - 1.0) / 2.0;
    let axis = |i: usize| i as f64 - middle;
    let mut places: Vec<[f64; 3]> =
        (0..side * side * side).map(|i| [axis(i / (side * side)), axis(i / side % side), axis(i % side)]).collect();
    places.sort_by(|a, b| norm(a).total_cmp(&norm(b)));
    let jitter = Stream::new(0, Purpose::PROBLEM, 60);
    let flat = places.into_iter().take(particles).flatten().enumerate();
    flat.map(|(i, v)| apart * (v + 0.2 * (jitter.uniform(i as u64) - 0.5))).collect()
}

fn norm(p: &[f64; 3]) -> f64 {
    p.iter().map(|v| v * v).sum()
}
