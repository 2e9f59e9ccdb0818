//! Rules that choose their own rate or average instead of a schedule.

use steepest_core::{Layout, Role};
use steepest_optim::Optimizer;

use crate::{
    support::noise,
    vectors::{N, STEPS, V, beside, dot, gradient, mix, norm, square, zip},
};

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
