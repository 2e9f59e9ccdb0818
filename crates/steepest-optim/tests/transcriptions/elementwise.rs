//! Rules that look at one element at a time.

use steepest_core::{Layout, Role};
use steepest_optim::Optimizer;

use crate::{
    support::noise,
    vectors::{N, STEPS, V, beside, dot, map, mix, norm, square, zip},
};

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
