//! Measures updates: time a step, bytes moved, and the share of the bandwidth that a kernel with AdamW's traffic reaches.
//!
//! `cargo run --release -p steepest-optim --example update_speed [ROUNDS] [PARAMETERS]`; prints one JSON object a line.
//! Rounds are interleaved: each runs every rule once, so that drifts of the machine touch all of them.

use std::{hint::black_box, time::Instant};

use rayon::prelude::*;
use steepest_core::{Flat, Layout, flat_zeros};
use steepest_optim::{OnNonFinite, Optimizer};

/// Texts with the bytes a parameter they must move.
const RULES: &[(&str, f64)] = &[
    ("sgd", 12.0),
    ("sgd:momentum=0.9", 20.0),
    ("adagrad", 20.0),
    ("lion", 20.0),
    ("adamw", 28.0),
    ("adam | weight_decay:0.01", 28.0),
    ("clip:1 | adamw", 32.0),
    ("adamw:moments=bf16", 20.0),
    ("adam | clip_value:10 | momentum:0.5 | weight_decay:0.01", 36.0),
];

/// Four reads and three writes in place, with next to no arithmetic: what AdamW moves.
fn same_traffic(x: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
    const PIECE: usize = 1 << 15;
    let pieces =
        x.par_chunks_mut(PIECE).zip(g.par_chunks(PIECE)).zip(m.par_chunks_mut(PIECE)).zip(v.par_chunks_mut(PIECE));
    pieces.for_each(|(((x, g), m), v)| {
        for (((x, g), m), v) in x.iter_mut().zip(g).zip(m).zip(v) {
            *m += *g;
            *v += *g;
            *x -= *m + *v;
        }
    });
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn large(n: usize, rounds: usize) {
    let mut x: Flat<f32> = flat_zeros(n);
    let mut g: Flat<f32> = flat_zeros(n);
    g.par_chunks_mut(1 << 15).for_each(|c| c.fill(1e-6));
    let (mut m, mut v): (Flat<f32>, Flat<f32>) = (flat_zeros(n), flat_zeros(n));
    let mut kernel = Vec::new();
    for (rule, bytes) in RULES {
        let mut optimizer = Optimizer::<f32>::parse(rule, &Layout::vector(n))
            .expect("a rule of the table")
            .on_non_finite(OnNonFinite::Trust);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..=rounds {
            let start = Instant::now();
            optimizer.step(&mut x, &mut g).expect("finite");
            let step = start.elapsed().as_secs_f64();
            let start = Instant::now();
            same_traffic(&mut x, &g, &mut m, &mut v);
            if round > 0 {
                ours.push(step);
                theirs.push(start.elapsed().as_secs_f64());
            }
        }
        let (ours, theirs) = (median(ours), median(theirs.clone()));
        kernel.push(theirs);
        let ideal = theirs * bytes / 28.0;
        println!(
            r#"{{"rule":"{rule}","parameters":{n},"ms":{:.2},"gb_per_s":{:.1},"same_traffic_ms":{:.2},"ratio":{:.3}}}"#,
            ours * 1e3,
            bytes * n as f64 / ours / 1e9,
            ideal * 1e3,
            ours / ideal
        );
    }
}

fn small(n: usize) {
    for (rule, _) in RULES {
        let mut optimizer = Optimizer::<f32>::parse(rule, &Layout::vector(n))
            .expect("a rule of the table")
            .on_non_finite(OnNonFinite::Trust);
        let (mut x, mut g) = (vec![0.5f32; n], vec![1e-3f32; n]);
        let times = (0..501)
            .map(|_| {
                let start = Instant::now();
                for _ in 0..100 {
                    optimizer.step(black_box(&mut x), black_box(&mut g)).expect("finite");
                }
                start.elapsed().as_secs_f64() / 100.0
            })
            .collect();
        println!(r#"{{"rule":"{rule}","parameters":{n},"us":{:.3}}}"#, median(times) * 1e6);
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let rounds = args.next().and_then(|a| a.parse().ok()).unwrap_or(31);
    let n = args.next().and_then(|a| a.parse().ok()).unwrap_or(1 << 26);
    small(1);
    small(5_000);
    large(n, rounds);
}
