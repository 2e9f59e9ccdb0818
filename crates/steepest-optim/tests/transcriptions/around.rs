//! What stands around a rule: ratios of norms, masks, look-ahead, averages.

use steepest_core::Layout;
use steepest_optim::Optimizer;

use crate::{
    support::noise,
    vectors::{N, STEPS, V, beside, gradient, mix, norm, square, zip},
};

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
