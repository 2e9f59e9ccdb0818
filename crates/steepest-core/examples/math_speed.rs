//! Nanoseconds an element of the elementary functions and random fills, by instruction set, beside the standard library.
//!
//! `cargo run --release -p steepest-core --example math_speed`; `STEEPEST_ISA=sse2|avx2|avx512` chooses the level.

use std::hint::black_box;
use std::time::Instant;

use steepest_core::isa::Isa;
use steepest_core::math::{self, Elementary};
use steepest_core::random::{Permutation, Purpose, Stream};

const LEN: usize = 4096;

/// The least of many timings of `work` on a copy of `start`, for each element.
fn nanoseconds<T: Copy>(start: &[T], mut work: impl FnMut(&mut [T])) -> f64 {
    let mut x = start.to_vec();
    let mut best = f64::INFINITY;
    for _ in 0..300 {
        x.copy_from_slice(start);
        let clock = Instant::now();
        work(black_box(&mut x));
        best = best.min(clock.elapsed().as_secs_f64());
    }
    best * 1e9 / start.len() as f64
}

fn row<T: Elementary>(name: &str, x: &[T], ours: fn(&mut [T]), std: Option<fn(T) -> T>) {
    let ours = nanoseconds(x, ours);
    let Some(std) = std else { return println!("{name:<10} {:<4} {ours:6.2}      –", T::NAME) };
    let std = nanoseconds(x, |x| x.iter_mut().for_each(|v| *v = std(*v)));
    println!("{name:<10} {:<4} {ours:6.2} {std:6.2} {:6.1}x", T::NAME, std / ours);
}

fn main() {
    println!("{}\nfunction   type   ours    std  ratio", Isa::detect().name());
    let s = Stream::new(0, Purpose::PROBLEM, 0);
    let wide: Vec<f64> = (0..LEN as u64).map(|i| 16.0 * s.uniform(i) - 8.0).collect();
    let positive: Vec<f64> = wide.iter().map(|v| v.abs() + 1e-3).collect();
    row("exp", &wide, math::exp_slice, Some(f64::exp as _));
    row("exp_m1", &wide, math::exp_m1_slice, Some(f64::exp_m1 as _));
    row("ln", &positive, math::ln_slice, Some(f64::ln as _));
    row("ln_1p", &positive, math::ln_1p_slice, Some(f64::ln_1p as _));
    row("log1p_exp", &wide, math::log1p_exp_slice, Some(|v| v.max(0.0) + (-v.abs()).exp().ln_1p()));
    row("sigmoid", &wide, math::sigmoid_slice, Some(|v| 1.0 / (1.0 + (-v).exp())));
    row("tanh", &wide, math::tanh_slice, Some(f64::tanh as _));
    row("erf", &wide, math::erf_slice, None);
    let wide: Vec<f32> = wide.iter().map(|&v| v as f32).collect();
    let positive: Vec<f32> = positive.iter().map(|&v| v as f32).collect();
    row("exp", &wide, math::exp_slice, Some(f32::exp as _));
    row("exp_m1", &wide, math::exp_m1_slice, Some(f32::exp_m1 as _));
    row("ln", &positive, math::ln_slice, Some(f32::ln as _));
    row("ln_1p", &positive, math::ln_1p_slice, Some(f32::ln_1p as _));
    row("log1p_exp", &wide, math::log1p_exp_slice, Some(|v| v.max(0.0) + (-v.abs()).exp().ln_1p()));
    row("sigmoid", &wide, math::sigmoid_slice, Some(|v| 1.0 / (1.0 + (-v).exp())));
    row("tanh", &wide, math::tanh_slice, Some(f32::tanh as _));
    row("erf", &wide, math::erf_slice, None);

    println!("\nrandom                    ns");
    println!("fill_bits             {:6.2}", nanoseconds(&[0u64; LEN], |x| s.fill_bits(0, x)));
    println!("fill_uniform f64      {:6.2}", nanoseconds(&[0.0f64; LEN], |x| s.fill_uniform(0, x)));
    println!("fill_uniform f32      {:6.2}", nanoseconds(&[0.0f32; LEN], |x| s.fill_uniform(0, x)));
    println!("fill_normal f64       {:6.2}", nanoseconds(&[0.0f64; LEN], |x| s.fill_normal(0, x)));
    println!("fill_normal f32       {:6.2}", nanoseconds(&[0.0f32; LEN], |x| s.fill_normal(0, x)));
    println!("fill_permutation      {:6.2}", nanoseconds(&[0u32; LEN], |x| s.fill_permutation(x)));
    let walk = Permutation::new(s, 1 << 40);
    let read = |x: &mut [u64]| x.iter_mut().zip(0..).for_each(|(v, i)| *v = walk.at(i));
    println!("Permutation::at       {:6.2}", nanoseconds(&[0u64; LEN], read));
}
