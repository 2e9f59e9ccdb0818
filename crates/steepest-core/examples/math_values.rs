//! Arguments and values of every elementary function, as bits, for `reference/ulp.py` to measure the errors.
//!
//! `cargo run --release -p steepest-core --example math_values -- 200000 | python3 reference/ulp.py`

use std::io::{BufWriter, Write};

use steepest_core::math;
use steepest_core::random::{Purpose, Stream};

/// A function by name, in both precisions, with the range of |x| in powers of two, and whether x may be negative.
type Row = (&'static str, fn(f64) -> f64, fn(f32) -> f32, f64, f64, bool);

fn main() -> std::io::Result<()> {
    let count: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1000);
    let rows: [Row; 10] = [
        ("exp", math::exp, math::exp, -30.0, 9.4, true),
        ("exp_m1", math::exp_m1, math::exp_m1, -30.0, 9.4, true),
        ("ln", math::ln, math::ln, -140.0, 120.0, false),
        ("ln_1p", math::ln_1p, math::ln_1p, -40.0, 60.0, true),
        ("log1p_exp", math::log1p_exp, math::log1p_exp, -30.0, 9.4, true),
        ("sigmoid", math::sigmoid, math::sigmoid, -30.0, 9.4, true),
        ("tanh", math::tanh, math::tanh, -30.0, 5.0, true),
        ("erf", math::erf, math::erf, -30.0, 2.6, true),
        ("sin_turns", |x| math::sin_cos_turns(x).0, |_| f32::NAN, -20.0, 3.0, true),
        ("cos_turns", |x| math::sin_cos_turns(x).1, |_| f32::NAN, -20.0, 3.0, true),
    ];
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (index, (name, f, g, low, high, signed)) in (0..).zip(rows) {
        let s = Stream::new(1, Purpose::PROBLEM, index);
        for i in 0..count {
            // Half of the arguments are spread over the powers of two, half evenly over [−8, 8] or near 1.
            let spread = (low + (high - low) * s.uniform(4 * i)).exp2();
            let near = if name == "ln" { 0.25 + 2.0 * s.uniform(4 * i) } else { 8.0 * s.uniform(4 * i) };
            let size = if i % 2 == 0 { spread } else { near };
            let x = if signed { size * s.sign(4 * i + 1) } else { size };
            if name == "ln_1p" && x <= -1.0 {
                continue;
            }
            writeln!(out, "{name} f64 {:016x} {:016x}", x.to_bits(), f(x).to_bits())?;
            let x = x as f32;
            if !g(x).is_nan() {
                writeln!(out, "{name} f32 {:08x} {:08x}", x.to_bits(), g(x).to_bits())?;
            }
        }
    }
    out.flush()
}
