//! Rules against plain transcriptions of their papers: whole vectors, one statement a line of the algorithm.

mod support;

use steepest_core::{Layout, Role};
use steepest_optim::Optimizer;
use support::noise;

const N: usize = 12;
const STEPS: usize = 40;

type V = Vec<f64>;

fn zip(a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) -> V {
    a.iter().zip(b).map(|(a, b)| f(*a, *b)).collect()
}
fn map(a: &[f64], f: impl Fn(f64) -> f64) -> V {
    a.iter().map(|a| f(*a)).collect()
}
fn mix(a: &[f64], b: &[f64], beta: f64) -> V {
    zip(a, b, |a, b| beta * a + (1.0 - beta) * b)
}
fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}
fn square(a: &[f64]) -> V {
    map(a, |a| a * a)
}

/// A noisy gradient of an ill-scaled quadratic, and nearly zero in some places.
fn gradient(k: usize, x: &[f64]) -> V {
    let e = noise(100 + k as u64, x.len());
    (0..x.len()).map(|i| x[i] * (0.1 + i as f64) + 0.3 * e[i]).collect()
}

/// Runs a text beside a transcription, which maps (k, x, g) to the next x, over a 3 × 4 matrix.
fn beside(text: &str, tolerance: f64, mut reference: impl FnMut(usize, &V, &V) -> V) {
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

#[test]
fn momentum_with_the_rate_inside() {
    let mut v = vec![0.0; N];
    beside("sgd:lr=cosine(0.1,steps=40),momentum=0.9,form=inside", 1e-12, |k, x, g| {
        let lr = 0.05 * (1.0 + (std::f64::consts::PI * k as f64 / 40.0).cos());
        v = zip(&v, g, |v, g| 0.9 * v + lr * g);
        zip(x, &v, |x, v| x - v)
    });
}

#[test]
fn dog_is_distance_over_gradients() {
    let (mut x0, mut r, mut squares) = (Vec::new(), 0.0f64, 0.0);
    beside("dog:eps=1e-2", 1e-12, |k, x, g| {
        if k == 0 {
            x0 = x.clone();
            r = 1e-2 * (1.0 + norm(x));
        }
        r = r.max(norm(&zip(x, &x0, |a, b| a - b)));
        squares += dot(g, g);
        zip(x, g, |x, g| x - r / f64::sqrt(squares) * g)
    });
}

#[test]
fn ftrl_follows_the_regularized_leader() {
    for (l1, l2, beta, start) in [(0.0, 0.0, 1.0, 0.0), (0.4, 0.3, 0.5, 0.1)] {
        let lr = 0.5;
        let (mut n, mut past, mut first) = (vec![start; N], Vec::<(V, V)>::new(), Vec::new());
        let text = format!("ftrl:lr={lr},l1={l1},l2={l2},beta={beta},initial_accumulator_value={start}");
        beside(&text, 1e-11, |k, x, g| {
            if k == 0 {
                // The linear term under which the starting point is the leader.
                let q = (beta + f64::sqrt(start)) / lr + l2;
                first = map(x, |x| -q * x - l1 * x.signum());
            }
            let sigma = zip(&n, g, |n, g| ((n + g * g).sqrt() - n.sqrt()) / lr);
            n = zip(&n, g, |n, g| n + g * g);
            past.push((zip(g, &zip(&sigma, x, |s, x| s * x), |g, sx| g - sx), sigma));
            // The minimizer of linear·y + ½·quadratic·y² + λ₁|y|, all terms summed anew.
            let linear = past.iter().fold(first.clone(), |sum, p| zip(&sum, &p.0, |a, b| a + b));
            let curvature = past
                .iter()
                .fold(map(x, |_| (beta + f64::sqrt(start)) / lr + l2), |sum, p| zip(&sum, &p.1, |a, b| a + b));
            zip(&linear, &curvature, |z, q| if z.abs() <= l1 { 0.0 } else { -(z - z.signum() * l1) / q })
        });
    }
}

/// A rate that falls does not pull the parameters anywhere, and the rest of a matrix rule takes that rule's default rate.
#[test]
fn rates_are_those_of_the_rule() {
    let mut optimizer = Optimizer::<f64>::parse("ftrl:lr=linear(0.5,steps=10)", &Layout::vector(1)).unwrap();
    let mut x = [2.0];
    for k in 0..9 {
        optimizer.step(&mut x, &mut [if k == 0 { 1.0 } else { 1e-12 }]).unwrap();
    }
    assert!((x[0] - 1.75).abs() < 1e-9, "one step of η/(β + |g|) = 0.25: {}", x[0]);
    let mut layout = Layout::new();
    layout.push("w", &[2, 2], Role::Weight).unwrap();
    layout.push("b", &[1], Role::Bias).unwrap();
    let mut optimizer = Optimizer::<f64>::parse("shampoo", &layout).unwrap();
    let mut x = [0.0; 5];
    optimizer.step(&mut x, &mut [1.0, 0.0, 0.0, 1.0, 3.0]).unwrap();
    assert!((x[4] + 1e-2).abs() < 1e-9, "AdamW's first step has the length of Shampoo's rate: {}", x[4]);
}

#[test]
fn ftrl_leaves_coordinates_without_gradient_alone() {
    let mut optimizer = Optimizer::<f64>::parse("ftrl:lr=0.5,l1=0.1,beta=0", &Layout::vector(3)).unwrap();
    let mut x = vec![0.3, -0.7, 0.0];
    for _ in 0..5 {
        optimizer.step(&mut x, &mut [0.0, 0.01, 0.015]).unwrap();
    }
    assert_eq!((x[0], x[2]), (0.3, 0.0), "no gradient, and a sum of gradients within l1");
    assert!(x[1] < -0.7);
}

#[test]
fn prodigy_estimates_the_distance() {
    for bias in [false, true] {
        let (b1, b2, lr, d0, decay) = (0.9, 0.99, 1.0, 1e-3, 0.01);
        let b3 = f64::sqrt(b2);
        let (mut m, mut v, mut s, mut x0) = (vec![0.0; N], vec![0.0; N], vec![0.0; N], Vec::new());
        let (mut d, mut r): (f64, f64) = (d0, 0.0);
        let text = format!("prodigy:beta2=0.99,d0=1e-3,weight_decay=0.01,bias_correction={bias}");
        beside(&text, 1e-10, |k, x, g| {
            if k == 0 {
                x0 = x.clone();
            }
            let t = k as i32 + 1;
            let correct = if bias { (1.0 - f64::powi(b2, t)).sqrt() / (1.0 - f64::powi(b1, t)) } else { 1.0 };
            let dlr = d * lr * correct;
            r = b3 * r + d / d0 * dlr * dot(g, &zip(&x0, x, |a, b| a - b));
            m = zip(&m, g, |m, g| b1 * m + d * (1.0 - b1) * g);
            v = zip(&v, g, |v, g| b2 * v + d * d * (1.0 - b2) * g * g);
            s = zip(&s, g, |s, g| b3 * s + d / d0 * dlr * g);
            d = d.max(r / s.iter().map(|s| s.abs()).sum::<f64>());
            let u = zip(&m, &v, |m, v| m / (v.sqrt() + d * 1e-8));
            zip(x, &u, |x, u| x - dlr * (u + decay * x))
        });
    }
}

#[test]
fn d_adaptation_estimates_the_distance() {
    let (mut s, mut x0, mut d, mut r, mut g0) = (vec![0.0; N], Vec::new(), 1e-2f64, 0.0, 0.0);
    beside("dadapt_sgd:d0=1e-2,l2=0.1,growth_rate=1.5", 1e-10, |k, x, g| {
        let g = zip(g, x, |g, x| g + 0.1 * x);
        if k == 0 {
            x0 = x.clone();
            g0 = norm(&g);
        }
        let step = d / g0;
        r += step * dot(&g, &s);
        s = zip(&s, &g, |s, g| s + step * g);
        d = d.max(f64::min(2.0 * r / norm(&s), d * 1.5));
        (0..N).map(|i| 0.9 * x[i] + 0.1 * (x0[i] - s[i])).collect()
    });
    assert!(d > 0.1, "the estimate has grown: {d}");
    for bias in [false, true] {
        let (mut m, mut v, mut s) = (vec![0.0; N], vec![0.0; N], vec![0.0; N]);
        let (mut d, mut r): (f64, f64) = (1e-2, 0.0);
        let root = f64::sqrt(0.99);
        let text = format!("dadapt_adam:beta2=0.99,d0=1e-2,weight_decay=0.01,bias_correction={bias}");
        beside(&text, 1e-10, |k, x, g| {
            let t = k as i32 + 1;
            let correct = if bias { (1.0 - f64::powi(0.99, t)).sqrt() / (1.0 - f64::powi(0.9, t)) } else { 1.0 };
            let step = d * correct;
            let scaled = zip(&s, &v, |s, v| s / (v.sqrt() + 1e-8));
            r = root * r + (1.0 - root) * step * dot(g, &scaled);
            m = zip(&m, g, |m, g| 0.9 * m + 0.1 * step * g);
            v = mix(&v, &square(g), 0.99);
            s = zip(&s, g, |s, g| root * s + (1.0 - root) * step * g);
            d = d.max(r / ((1.0 - root) * s.iter().map(|s| s.abs()).sum::<f64>()));
            (0..N).map(|i| x[i] - step * 0.01 * x[i] - m[i] / (v[i].sqrt() + 1e-8)).collect()
        });
        assert!(d > 1e-2, "the estimate has grown: {d}");
    }
}

/// Algorithm 3 with Hutchinson's estimate on a quadratic, whose Hessian is known.
#[test]
fn sophia_divides_by_curvature() {
    let hessian = |i: usize, j: usize| if i == j { 1.0 + i as f64 } else { 0.1 };
    let product = |v: &[f64]| -> V { (0..N).map(|i| (0..N).map(|j| hessian(i, j) * v[j]).sum()).collect() };
    let text = "sophia:lr=0.05,weight_decay=0.1,beta2=0.9,gamma=0.5,every=3";
    let mut optimizer = Optimizer::<f64>::parse(text, &Layout::vector(N)).unwrap();
    let mut x = noise(7, N);
    let (mut y, mut m, mut h) = (x.clone(), vec![0.0; N], vec![0.0; N]);
    for k in 0..STEPS {
        assert_eq!(optimizer.wants_curvature(), k % 3 == 0);
        if k % 3 == 0 {
            let refused = optimizer.step(&mut x.clone(), &mut product(&x)).unwrap_err();
            assert!(refused.to_string().contains("call `curvature` first"), "{refused}");
            let z = map(&noise(900 + k as u64, N), f64::signum);
            let estimate = zip(&z, &product(&z), |z, hz| z * hz);
            optimizer.curvature(&estimate).unwrap();
            h = mix(&h, &estimate, 0.9);
        }
        let mut g = product(&x);
        optimizer.step(&mut x, &mut g).unwrap();
        m = mix(&m, &product(&y), 0.96);
        let step = zip(&m, &h, |m, h| (m / (0.5 * h).max(1e-12)).clamp(-1.0, 1.0));
        y = zip(&y, &step, |y, s| y - 0.05 * 0.1 * y - 0.05 * s);
        assert!(norm(&zip(&x, &y, |a, b| a - b)) < 1e-12, "step {k}");
    }
    assert!(Optimizer::<f64>::parse("adam", &Layout::vector(2)).unwrap().curvature(&[1.0; 2]).is_err());
}

#[test]
fn nesterov_accelerates() {
    for restart in [true, false] {
        let (mut x, mut t) = (Vec::new(), 1.0f64);
        let text = format!("nesterov:lr=0.05,l2=0.1,restart={restart}");
        beside(&text, 1e-12, |k, y, g| {
            if k == 0 {
                x = y.clone();
            }
            let g = zip(g, y, |g, y| g + 0.1 * y);
            let new = zip(y, &g, |y, g| y - 0.05 * g);
            if restart && dot(&g, &zip(&new, &x, |a, b| a - b)) > 0.0 {
                t = 1.0;
            }
            let after = (1.0 + (1.0 + 4.0 * t * t).sqrt()) / 2.0;
            let y = zip(&new, &x, |a, b| a + (t - 1.0) / after * (a - b));
            (x, t) = (new, after);
            y
        });
    }
}

/// The bound of Beck and Teboulle on a quadratic with condition number 10⁴, and linear convergence with restart.
#[test]
fn nesterov_keeps_its_bound() {
    let n = 50;
    let curvature: V = (0..n).map(|i| 10f64.powf(-4.0 * i as f64 / (n - 1) as f64)).collect();
    let value = |x: &[f64]| 0.5 * x.iter().zip(&curvature).map(|(x, l)| l * x * x).sum::<f64>();
    let mut ends = Vec::new();
    for restart in [false, true] {
        let text = format!("nesterov:lr=1,restart={restart}");
        let mut optimizer = Optimizer::<f64>::parse(&text, &Layout::vector(n)).unwrap();
        let start = noise(5, n);
        let (mut y, mut x) = (start.clone(), start.clone());
        for k in 1..=3000usize {
            let mut g = zip(&y, &curvature, |y, l| y * l);
            optimizer.step(&mut y, &mut g).unwrap();
            assert!(optimizer.eval_point(&y, &mut x));
            let bound = 2.0 * dot(&start, &start) / (k as f64 + 1.0).powi(2);
            assert!(restart || value(&x) <= bound, "step {k}: {} > {bound}", value(&x));
        }
        ends.push(value(&x));
    }
    assert!(ends[1] < 1e-20 && ends[1] < 1e-6 * ends[0], "{ends:?}");
}

#[test]
fn schedule_free_averages_instead_of_a_schedule() {
    let (beta, lr) = (0.9, 0.05);
    let (mut z, mut v, mut weights, mut average) = (Vec::new(), vec![0.0; N], 0.0, Vec::new());
    let text = "schedule_free_adamw:lr=0.05,beta2=0.99,weight_decay=0.1";
    beside(text, 1e-11, |k, y, g| {
        if k == 0 {
            (z, average) = (y.clone(), y.clone());
        }
        v = mix(&v, &square(g), 0.99);
        let correct = 1.0 - f64::powi(0.99, k as i32 + 1);
        let u: V = (0..N).map(|i| g[i] / ((v[i] / correct).sqrt() + 1e-8) + 0.1 * y[i]).collect();
        z = zip(&z, &u, |z, u| z - lr * u);
        weights += lr * lr;
        average = mix(&average, &z, 1.0 - lr * lr / weights);
        mix(&average, &z, beta)
    });
    let mut layout = Layout::new();
    layout.push("w", &[3, 4], Role::Weight).unwrap();
    let mut optimizer = Optimizer::<f64>::parse(text, &layout).unwrap();
    let (mut x, mut out) = (noise(7, N), vec![0.0; N]);
    for k in 0..STEPS {
        let mut g = gradient(k, &x);
        optimizer.step(&mut x, &mut g).unwrap();
    }
    assert!(optimizer.eval_point(&x, &mut out));
    assert!(norm(&zip(&out, &average, |a, b| a - b)) < 1e-11);
}

#[test]
fn adan_uses_differences_of_gradients() {
    let (b1, b2, b3, lr, decay) = (0.98, 0.92, 0.99, 0.01, 0.1);
    let (mut m, mut d, mut n, mut past) = (vec![0.0; N], vec![0.0; N], vec![0.0; N], Vec::new());
    beside("adan:lr=0.01,weight_decay=0.1", 1e-12, |k, x, g| {
        let change = if k == 0 { vec![0.0; N] } else { zip(g, &past, |g, p| g - p) };
        past = g.clone();
        m = mix(&m, g, b1);
        d = mix(&d, &change, b2);
        n = mix(&n, &square(&zip(g, &change, |g, c| g + b2 * c)), b3);
        let c = [b1, b2, b3].map(|b| 1.0 - f64::powi(b, k as i32 + 1));
        let step = |i: usize| (m[i] / c[0] + b2 * d[i] / c[1]) / ((n[i] / c[2]).sqrt() + 1e-8);
        (0..N).map(|i| (x[i] - lr * step(i)) / (1.0 + lr * decay)).collect()
    });
}

#[test]
fn adopt_divides_by_the_past() {
    let (mut m, mut v) = (vec![0.0; N], vec![0.0; N]);
    beside("adopt:lr=0.01,beta2=0.99,weight_decay=0.1", 1e-12, |k, x, g| {
        if k == 0 {
            v = square(g);
            return map(x, |x| x - 0.01 * 0.1 * x);
        }
        let bound = (k as f64).powf(0.25);
        let w = zip(g, &v, |g, v| (g / v.sqrt().max(1e-6)).clamp(-bound, bound));
        m = mix(&m, &w, 0.9);
        v = mix(&v, &square(g), 0.99);
        zip(x, &m, |x, m| x - 0.01 * (m + 0.1 * x))
    });
}

#[test]
fn trust_ratios_scale_each_tensor() {
    let (mut m, mut v) = (vec![0.0; N], vec![0.0; N]);
    beside("lamb:lr=0.01,weight_decay=0.1", 1e-12, |k, x, g| {
        m = mix(&m, g, 0.9);
        v = mix(&v, &square(g), 0.999);
        let c = [0.9, 0.999].map(|b| 1.0 - f64::powi(b, k as i32 + 1));
        let r: V = (0..N).map(|i| m[i] / c[0] / ((v[i] / c[1]).sqrt() + 1e-6) + 0.1 * x[i]).collect();
        zip(x, &r, |x_, r_| x_ - 0.01 * norm(x) / norm(&r) * r_)
    });
    let mut v = vec![0.0; N];
    beside("lars:lr=0.5,l2=0.1", 1e-12, |_, x, g| {
        let ratio = 1e-3 * norm(x) / (norm(g) + 0.1 * norm(x) + 1e-9);
        let scaled = zip(g, x, |g, x| ratio * (g + 0.1 * x));
        v = zip(&v, &scaled, |v, g| 0.9 * v + g);
        zip(x, &v, |x, v| x - 0.5 * v)
    });
}

#[test]
fn the_cautious_mask_drops_what_disagrees() {
    let (mut m, mut v) = (vec![0.0; N], vec![0.0; N]);
    beside("adam:lr=0.1 | cautious | weight_decay:0.1", 1e-12, |k, x, g| {
        m = mix(&m, g, 0.9);
        v = mix(&v, &square(g), 0.999);
        let c = [0.9, 0.999].map(|b| 1.0 - f64::powi(b, k as i32 + 1));
        let u: V = (0..N).map(|i| m[i] / c[0] / ((v[i] / c[1]).sqrt() + 1e-8)).collect();
        let masked = zip(&u, g, |u, g| if u * g > 0.0 { u } else { 0.0 });
        let kept = masked.iter().filter(|u| **u != 0.0).count() as f64;
        zip(x, &masked, |x, u| x - 0.1 * (u * N as f64 / kept + 0.1 * x))
    });
}

#[test]
fn lookahead_meets_every_few_steps() {
    let mut slow = Vec::new();
    beside("sgd:lr=0.05 | lookahead:3,0.25", 1e-12, |k, x, g| {
        if k == 0 {
            slow = x.clone();
        }
        let fast = zip(x, g, |x, g| x - 0.05 * g);
        if (k + 1) % 3 != 0 {
            return fast;
        }
        slow = mix(&slow, &fast, 0.75);
        slow.clone()
    });
}

#[test]
fn averages_are_what_is_evaluated() {
    let mut points: Vec<V> = Vec::new();
    let mut ends = Vec::new();
    for text in ["sgd:lr=0.05 | polyak:4", "sgd:lr=0.05 | swa:4,3", "sgd:lr=0.05 | ema:0.9"] {
        let mut optimizer = Optimizer::<f64>::parse(text, &Layout::vector(N)).unwrap();
        let (mut x, mut out) = (noise(7, N), vec![0.0; N]);
        points = vec![x.clone()];
        for k in 0..STEPS {
            let mut g = gradient(k, &x);
            optimizer.step(&mut x, &mut g).unwrap();
            points.push(x.clone());
        }
        assert!(optimizer.eval_point(&x, &mut out));
        ends.push(out);
    }
    // Step k makes point k + 1, so steps from 4 on make points from 5 on.
    let mean = |of: &[V]| of.iter().fold(vec![0.0; N], |s, p| zip(&s, p, |s, p| s + p / of.len() as f64));
    let every: Vec<V> = points[5..].iter().step_by(3).cloned().collect();
    let ema = points[1..].iter().fold(points[0].clone(), |m, p| mix(&m, p, 0.9));
    for (end, expected) in ends.iter().zip([mean(&points[5..]), mean(&every), ema]) {
        assert!(norm(&zip(end, &expected, |a, b| a - b)) < 1e-13);
    }
}

#[test]
fn adafactor_keeps_rows_and_columns() {
    let (mut r, mut c) = ([0.0; 3], [0.0; 4]);
    beside("adafactor:lr=0.05,weight_decay=0.1,d=0.7", 1e-12, |k, x, g| {
        let t = k as f64 + 1.0;
        let beta = 1.0 - t.powf(-0.8);
        let floor = f64::EPSILON * f64::EPSILON;
        for i in 0..3 {
            r[i] = beta * r[i] + (1.0 - beta) * (0..4).map(|j| g[4 * i + j].powi(2)).sum::<f64>() / 4.0;
        }
        for j in 0..4 {
            c[j] = beta * c[j] + (1.0 - beta) * (0..3).map(|i| g[4 * i + j].powi(2)).sum::<f64>() / 3.0;
        }
        let mean = r.iter().sum::<f64>() / 3.0;
        let u: V = (0..N).map(|i| g[i] / (r[i / 4] * c[i % 4] / mean.max(floor)).max(floor).sqrt()).collect();
        let rms = |v: &V| norm(v) / (N as f64).sqrt();
        let rho = f64::min(0.05, 1.0 / t.sqrt());
        let step = rho * rms(x).max(1e-3) / (rms(&u) / 0.7).max(1.0);
        zip(x, &u, |x, u| x - 0.05 * 0.1 * x - step * u)
    });
}

/// The eigenvectors of a symmetric matrix by Jacobi's rotations, as columns by falling eigenvalue.
fn eigenvectors(a: &[V]) -> Vec<V> {
    let n = a.len();
    let mut a = a.to_vec();
    let mut q: Vec<V> = (0..n).map(|i| (0..n).map(|j| if i == j { 1.0 } else { 0.0 }).collect()).collect();
    for _ in 0..30 {
        for i in 0..n {
            for j in i + 1..n {
                if a[i][j] == 0.0 {
                    continue;
                }
                let theta = 0.5 * (2.0 * a[i][j]).atan2(a[j][j] - a[i][i]);
                let (s, c) = theta.sin_cos();
                for row in a.iter_mut().chain(&mut q) {
                    (row[i], row[j]) = (c * row[i] - s * row[j], s * row[i] + c * row[j]);
                }
                let (row_i, row_j) = (a[i].clone(), a[j].clone());
                (a[i], a[j]) = (zip(&row_i, &row_j, |x, y| c * x - s * y), zip(&row_i, &row_j, |x, y| s * x + c * y));
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[j][j].total_cmp(&a[i][i]));
    q.iter().map(|row| order.iter().map(|&j| row[j]).collect()).collect()
}

fn product(a: &[V], b: &[V]) -> Vec<V> {
    let at = |row: &V, j: usize| row.iter().zip(b).map(|(a, b)| a * b[j]).sum();
    a.iter().map(|row| (0..b[0].len()).map(|j| at(row, j)).collect()).collect()
}
fn transpose(a: &[V]) -> Vec<V> {
    (0..a[0].len()).map(|j| a.iter().map(|row| row[j]).collect()).collect()
}
fn each(a: &[V], b: &[V], f: impl Fn(f64, f64) -> f64) -> Vec<V> {
    a.iter().zip(b).map(|(a, b)| zip(a, b, &f)).collect()
}

/// Adam in the basis of algorithm 3: everything turned and turned back at every step, the moment kept outside of the basis.
#[test]
fn soap_is_adam_in_an_eigenbasis() {
    /// Gram and Schmidt over the columns of LQ, sorted by their eigenvalues; also V's order.
    fn improve(moment: &[V], q: &[V]) -> (Vec<V>, Vec<usize>) {
        let image = transpose(&product(moment, q));
        let columns = transpose(q);
        let eigen: V = columns.iter().zip(&image).map(|(q, a)| dot(q, a)).collect();
        let mut order: Vec<usize> = (0..q.len()).collect();
        order.sort_by(|&i, &j| eigen[j].total_cmp(&eigen[i]));
        let mut done: Vec<V> = Vec::new();
        for &i in &order {
            let mut v = image[i].clone();
            for _ in 0..2 {
                for other in &done {
                    let share = dot(&v, other);
                    v = zip(&v, other, |v, o| v - share * o);
                }
            }
            let size = norm(&v);
            done.push(map(&v, |v| v / size));
        }
        (transpose(&done), order)
    }
    let (mut l, mut r) = (vec![vec![0.0; 3]; 3], vec![vec![0.0; 4]; 4]);
    let (mut ql, mut qr) = (Vec::new(), Vec::new());
    let (mut m, mut v) = (vec![vec![0.0; 4]; 3], vec![vec![0.0; 4]; 3]);
    beside("soap:lr=0.01,beta1=0.9,beta2=0.95,weight_decay=0.1,every=4", 1e-9, |k, x, g| {
        let g: Vec<V> = g.chunks(4).map(<[f64]>::to_vec).collect();
        let mut next = map(x, |x| x - 0.01 * 0.1 * x);
        if k > 0 {
            let into = |a: &[V], ql: &[V], qr: &[V]| product(&product(&transpose(ql), a), qr);
            m = each(&m, &g, |m, g| 0.9 * m + 0.1 * g);
            v = each(&v, &into(&g, &ql, &qr), |v, g| 0.95 * v + 0.05 * g * g);
            let c = [0.9, 0.95].map(|b| 1.0 - f64::powi(b, k as i32));
            let scaled = each(&into(&m, &ql, &qr), &v, |m, v| m / c[0] / ((v / c[1]).sqrt() + 1e-8));
            let u = product(&product(&ql, &scaled), &transpose(&qr));
            next = zip(&next, &u.concat(), |x, u| x - 0.01 * u);
        }
        l = each(&l, &product(&g, &transpose(&g)), |l, g| 0.95 * l + 0.05 * g);
        r = each(&r, &product(&transpose(&g), &g), |r, g| 0.95 * r + 0.05 * g);
        if k == 0 {
            (ql, qr) = (eigenvectors(&l), eigenvectors(&r));
        } else if k % 4 == 0 {
            let ((new_l, rows), (new_r, cols)) = (improve(&l, &ql), improve(&r, &qr));
            v = rows.iter().map(|&i| cols.iter().map(|&j| v[i][j]).collect()).collect();
            (ql, qr) = (new_l, new_r);
        }
        next
    });
}

/// Five Newton–Schulz steps bring all singular values near 1: the Gram matrix is near the identity.
#[test]
fn muon_steps_are_nearly_orthogonal() {
    for (rows, cols) in [(3usize, 4usize), (8, 3), (5, 5)] {
        let mut layout = Layout::new();
        layout.push("w", &[rows, cols], Role::Weight).unwrap();
        let text = "muon:lr=1,weight_decay=0,momentum=0,adjust=original";
        let mut optimizer = Optimizer::<f64>::parse(text, &layout).unwrap();
        let mut x = vec![0.0; rows * cols];
        optimizer.step(&mut x, &mut noise(3, rows * cols)).unwrap();
        let scale = (rows as f64 / cols as f64).max(1.0);
        // The row or column Gram matrix of the short side, whose eigenvalues are the squared singular values.
        let small = rows.min(cols);
        let at = |i: usize, k: usize| if rows <= cols { x[i * cols + k] } else { x[k * cols + i] };
        let trace: f64 = (0..small).map(|i| (0..rows.max(cols)).map(|k| at(i, k).powi(2)).sum::<f64>()).sum();
        let mean = trace / small as f64 / scale;
        assert!((0.5..1.4).contains(&mean), "{rows}×{cols}: {mean}");
        for i in 0..small {
            for j in 0..i {
                let cross: f64 = (0..rows.max(cols)).map(|k| at(i, k) * at(j, k)).sum::<f64>() / scale;
                assert!(cross.abs() < 0.45, "{rows}×{cols}: {cross}");
            }
        }
    }
}
