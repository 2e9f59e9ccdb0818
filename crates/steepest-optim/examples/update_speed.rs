//! Measures updates: time a step, bytes moved, and the time against a kernel with AdamW's traffic for the same bytes.
//!
//! `cargo run --release -p steepest-optim --example update_speed [ROUNDS] [PARAMETERS] [RULE …]`; prints one JSON object a line.
//! Rounds are interleaved: each runs the kernel before every rule, so that drifts of the machine touch all of them. `ratio` is
//! the median over rounds of the rule's time to that of the kernel, scaled by the bytes; `speedup` that of the first rule's time
//! to this one's; `high` and `low` end their 95 % bootstrap intervals where they say least for us.

use std::{hint::black_box, time::Instant};

use rayon::prelude::*;
use steepest_core::{
    Flat, Layout, flat_zeros,
    random::{Purpose, Stream},
};
use steepest_optim::{OnNonFinite, Optimizer, Schedule, chain, fuse, stages};

/// Texts with the bytes a parameter they must move.
const RULES: &[(&str, f64)] = &[
    ("adamw", 28.0),
    ("sgd", 12.0),
    ("sgd:momentum=0.9", 20.0),
    ("lion", 20.0),
    ("rmsprop", 20.0),
    ("adagrad", 20.0),
    ("adadelta", 28.0),
    ("nadam", 28.0),
    ("adabelief", 28.0),
    ("adam | weight_decay:0.01", 28.0),
    ("clip:1 | adamw", 32.0),
    ("adamw:moments=bf16", 20.0),
    ("adamw:moments=8bit", 16.03),
    ("adam | clip_value:10 | sign | clip_value:1 | weight_decay:0.01", 28.0),
    (COMPILED, 28.0),
];

/// Not a text: six stages in one loop.
const COMPILED: &str = "six stages compiled";

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

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The 2.5 % and 97.5 % quantiles of the medians of resampled values.
fn interval(values: &[f64]) -> (f64, f64) {
    let stream = Stream::new(0, Purpose::RESAMPLE, 0);
    let n = values.len() as u64;
    let mut medians: Vec<f64> =
        (0..2000).map(|b| median((0..n).map(|i| values[stream.below(b * n + i, n) as usize]).collect())).collect();
    medians.sort_by(f64::total_cmp);
    (medians[50], medians[1949])
}

fn optimizer(rule: &str, n: usize) -> Optimizer<f32> {
    let layout = Layout::vector(n);
    let made = if rule == COMPILED {
        let adam = stages::ScaleByAdam { beta1: 0.9, beta2: 0.999, eps: 1e-8, eps_root: 0.0 };
        let (clip, cut) = (stages::ClipByValue { max_value: 10.0 }, stages::ClipByValue { max_value: 1.0 });
        let (l2, decay) = (stages::AddL2 { l2: 1e-3 }, stages::AddDecay { weight_decay: 0.01 });
        let links = chain((fuse((l2, clip, adam, stages::Sign, cut, decay)),));
        Optimizer::from_chain(links, Schedule::constant(1e-3), &layout)
    } else {
        Optimizer::parse(rule, &layout).expect("a rule of the table")
    };
    made.on_non_finite(OnNonFinite::Trust)
}

fn large(rules: &[(&str, f64)], n: usize, rounds: usize) {
    let mut x: Flat<f32> = flat_zeros(n);
    let mut g: Flat<f32> = flat_zeros(n);
    g.par_chunks_mut(1 << 15).for_each(|c| c.fill(1e-6));
    let (mut m, mut v): (Flat<f32>, Flat<f32>) = (flat_zeros(n), flat_zeros(n));
    let mut optimizers: Vec<_> = rules.iter().map(|(rule, _)| optimizer(rule, n)).collect();
    let mut seconds = vec![Vec::new(); rules.len()];
    let mut kernel = seconds.clone();
    for round in 0..=rounds {
        for (i, optimizer) in optimizers.iter_mut().enumerate() {
            let start = Instant::now();
            same_traffic(&mut x, &g, &mut m, &mut v);
            let between = start.elapsed().as_secs_f64();
            let start = Instant::now();
            optimizer.step(&mut x, &mut g).expect("finite");
            if round > 0 {
                seconds[i].push(start.elapsed().as_secs_f64());
                kernel[i].push(between);
            }
        }
    }
    for (i, (rule, bytes)) in rules.iter().enumerate() {
        let over = |a: &[f64], b: &[f64], by: f64| a.iter().zip(b).map(|(a, b)| a / b * by).collect::<Vec<f64>>();
        let (ratios, speedups) = (over(&seconds[i], &kernel[i], 28.0 / bytes), over(&seconds[0], &seconds[i], 1.0));
        let (high, low) = (interval(&ratios).1, interval(&speedups).0);
        let (ms, ratio, speedup) = (median(seconds[i].clone()) * 1e3, median(ratios), median(speedups));
        println!(
            r#"{{"rule":"{rule}","parameters":{n},"bytes":{bytes},"ms":{ms:.2},"ratio":{ratio:.3},"high":{high:.3},"speedup":{speedup:.3},"low":{low:.3}}}"#
        );
    }
}

fn small(rules: &[(&str, f64)], n: usize) {
    for (rule, _) in rules {
        let mut optimizer = optimizer(rule, n);
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
    let asked: Vec<String> = args.collect();
    let wanted = |r: &&(&'static str, f64)| asked.is_empty() || r.0 == "adamw" || asked.iter().any(|a| a == r.0);
    let rules: Vec<_> = RULES.iter().filter(wanted).copied().collect();
    small(&rules, 1);
    small(&rules, 5_000);
    if rounds > 0 {
        large(&rules, n, rounds);
    }
}
