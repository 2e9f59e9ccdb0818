//! Every operation against central differences at random points, and closed forms.

use steepest_core::random::{Purpose, Stream};
use steepest_core::{LeastSquares, Objective};

use super::{Builder, Expr, Function};

type Unary = for<'b> fn(Expr<'b>) -> Expr<'b>;
type Binary = for<'b> fn(Expr<'b>, Expr<'b>) -> Expr<'b>;
type UnaryCase = (&'static str, Unary, f64, f64, fn(f64) -> f64);
type BinaryCase = (&'static str, Binary, fn(f64, f64) -> f64);

/// Every operation on one variable, with an interval it is smooth on and what the standard library says its value is.
const UNARY: &[UnaryCase] = &[
    ("shift", |x| x + 1.5, -3.0, 3.0, |x| x + 1.5),
    ("reversed", |x| 1.5 - x, -3.0, 3.0, |x| 1.5 - x),
    ("scale", |x| x * -2.5, -3.0, 3.0, |x| x * -2.5),
    ("under", |x| x / 3.0, -3.0, 3.0, |x| x / 3.0),
    ("over", |x| 3.0 / x, 0.4, 3.0, |x| 3.0 / x),
    ("neg", |x| -x, -3.0, 3.0, |x| -x),
    ("square", |x| x.powi(2), -3.0, 3.0, |x| x * x),
    ("product with itself", |x| x * x, -3.0, 3.0, |x| x * x),
    ("sum with itself", |x| x + x, -3.0, 3.0, |x| x + x),
    ("cube", |x| x.powi(3), -3.0, 3.0, |x| x * x * x),
    ("seventh", |x| x.powi(7), -1.5, 1.5, |x| x.powi(7)),
    ("inverse square", |x| x.powi(-2), 0.5, 2.0, |x| 1.0 / (x * x)),
    ("powf", |x| x.powf(2.7), 0.3, 3.0, |x| x.powf(2.7)),
    ("powf of squares", |x| (x * x + x * x).powf(0.7), 0.3, 3.0, |x| (2.0 * x * x).powf(0.7)),
    ("constant to a power", |x| x.exp().ln().pow(1.5), 0.3, 3.0, |x| x.powf(1.5)),
    ("sqrt", |x| x.sqrt(), 0.3, 3.0, f64::sqrt),
    ("root of squares", |x| (3.0 * x * x).sqrt(), 0.3, 3.0, |x| (3.0 * x * x).sqrt()),
    ("cbrt", |x| x.cbrt(), 0.3, 3.0, f64::cbrt),
    ("exp", |x| x.exp(), -3.0, 3.0, f64::exp),
    ("exp_m1", |x| x.exp_m1(), -3.0, 3.0, f64::exp_m1),
    ("ln", |x| x.ln(), 0.3, 3.0, f64::ln),
    ("ln_1p", |x| x.ln_1p(), -0.6, 3.0, f64::ln_1p),
    ("log2", |x| x.log2(), 0.3, 3.0, f64::log2),
    ("log10", |x| x.log10(), 0.3, 3.0, f64::log10),
    ("sin", |x| x.sin(), -3.0, 3.0, f64::sin),
    ("cos", |x| x.cos(), -3.0, 3.0, f64::cos),
    ("tan", |x| x.tan(), -1.1, 1.1, f64::tan),
    ("asin", |x| x.asin(), -0.8, 0.8, f64::asin),
    ("acos", |x| x.acos(), -0.8, 0.8, f64::acos),
    ("atan", |x| x.atan(), -3.0, 3.0, f64::atan),
    ("sinh", |x| x.sinh(), -3.0, 3.0, f64::sinh),
    ("cosh", |x| x.cosh(), -3.0, 3.0, f64::cosh),
    ("tanh", |x| x.tanh(), -3.0, 3.0, f64::tanh),
    ("asinh", |x| x.asinh(), -3.0, 3.0, f64::asinh),
    ("acosh", |x| x.acosh(), 1.4, 3.0, f64::acosh),
    ("atanh", |x| x.atanh(), -0.7, 0.7, f64::atanh),
    ("abs", |x| x.abs(), 0.1, 3.0, f64::abs),
    ("sign", |x| x.sign() * x, -3.0, -0.1, |x| -x),
    ("floor", |x| x.floor(), 0.1, 0.9, f64::floor),
    ("ceil", |x| x.ceil(), 0.1, 0.9, f64::ceil),
    ("round", |x| x.round(), 0.6, 0.9, f64::round),
    ("erf", |x| x.erf(), -2.0, 2.0, |x| steepest_core::math::erf(x)),
    ("erfc", |x| x.erfc(), -2.0, 2.0, |x| 1.0 - steepest_core::math::erf(x)),
    ("gamma", |x| x.gamma(), 0.4, 4.0, libm::tgamma),
    ("gamma below zero", |x| x.gamma(), -0.9, -0.1, |x| libm::tgamma(x + 1.0) / x),
    ("ln_gamma", |x| x.ln_gamma(), 0.3, 9.0, |x| libm::tgamma(x).ln()),
    ("ln_gamma below zero", |x| x.ln_gamma(), -1.9, -1.1, |x| libm::tgamma(x).abs().ln()),
    ("digamma", |x| x.digamma(), 0.4, 9.0, super::gamma::digamma),
    ("sigmoid", |x| x.sigmoid(), -3.0, 3.0, |x| 1.0 / (1.0 + (-x).exp())),
    ("softplus", |x| x.softplus(), -3.0, 3.0, |x| x.exp().ln_1p()),
];

const BINARY: &[BinaryCase] = &[
    ("add", |a, b| a + b, |a, b| a + b),
    ("sub", |a, b| a - b, |a, b| a - b),
    ("mul", |a, b| a * b, |a, b| a * b),
    ("div", |a, b| a / b, |a, b| a / b),
    ("pow", |a, b| a.pow(b), f64::powf),
    ("constant base", |a, b| a.builder().constant(2.0).pow(b) * a, |a, b| 2f64.powf(b) * a),
    ("atan2", |a, b| a.atan2(b), f64::atan2),
    ("atan2 with a constant", |a, b| a.atan2(2.0) + b, |a, b| a.atan2(2.0) + b),
    ("hypot", |a, b| a.hypot(b), f64::hypot),
    ("max", |a, b| (a * a).max(b + 5.0), |a, b| (a * a).max(b + 5.0)),
    ("min", |a, b| (a * a).min(b + 5.0), |a, b| (a * a).min(b + 5.0)),
    ("modulo", |a, b| (a + 10.0).modulo(b), |a, b| (a + 10.0) - b * ((a + 10.0) / b).floor()),
    ("less", |a, b| a.less(b) * a * b, |a, b| if a < b { a * b } else { 0.0 }),
    ("less or equal", |a, b| a.less_eq(b) * a, |a, b| if a <= b { a } else { 0.0 }),
    ("equal", |a, b| a.equal(b) * a + b, |_, b| b),
    ("norm", |a, b| (a * a + 2.0 * b * b).sqrt(), |a, b| (a * a + 2.0 * b * b).sqrt()),
    ("select", |a, b| a.builder().select(a.less(b), a * b, a / b), |a, b| if a < b { a * b } else { a / b }),
    ("sum", |a, b| a.builder().sum([a, b, a * b, a / b]), |a, b| a + b + a * b + a / b),
];

fn close(a: f64, b: f64, tolerance: f64, what: &str) {
    assert!((a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0), "{what}: {a} against {b}");
}

/// Gradient and Hessian against central differences of values and of gradients.
fn check(f: &mut Function, x: &[f64], what: &str) {
    let n = x.len();
    let mut g = vec![0.0; n];
    f.gradient(x, &mut g);
    let h = f.hessian(x);
    let mut along = vec![0.0; n];
    let (mut plus, mut minus) = (vec![0.0; n], vec![0.0; n]);
    for i in 0..n {
        let step = 6e-6 * x[i].abs().max(1.0);
        let (mut up, mut down) = (x.to_vec(), x.to_vec());
        up[i] += step;
        down[i] -= step;
        let width = up[i] - down[i];
        let (fu, fd) = (f.gradient(&up, &mut plus), f.gradient(&down, &mut minus));
        close(g[i], (fu - fd) / width, 2e-8, &format!("{what}, slope {i} at {x:?}"));
        let unit: Vec<f64> = (0..n).map(|j| f64::from(u8::from(i == j))).collect();
        f.hvp(x, &unit, &mut along);
        for j in 0..n {
            let what = format!("{what}, second derivative {i} {j} at {x:?}");
            close(h[i * n + j], (plus[j] - minus[j]) / width, 2e-7, &what);
            close(h[i * n + j], along[j], 1e-14, &what);
        }
    }
}

#[test]
fn every_operation_on_one_variable_has_its_derivatives() {
    let draws = Stream::new(1, Purpose::NOISE, 0);
    for (k, &(name, build, low, high, plain)) in UNARY.iter().enumerate() {
        let b = Builder::new(1);
        let mut f = Function::new(b.finish(build(b.input(0))));
        for trial in 0..20 {
            let x = low + (high - low) * (0.02 + 0.96 * draws.uniform((100 * k + trial) as u64));
            close(f.value(&[x]), plain(x), 4e-15, name);
            check(&mut f, &[x], name);
        }
    }
}

#[test]
fn every_operation_on_two_variables_has_its_derivatives() {
    let draws = Stream::new(2, Purpose::NOISE, 0);
    for (k, &(name, build, plain)) in BINARY.iter().enumerate() {
        let b = Builder::new(2);
        let mut f = Function::new(b.finish(build(b.input(0), b.input(1))));
        for trial in 0..20 {
            let at = (100 * k + 2 * trial) as u64;
            let x = [0.5 + 2.5 * draws.uniform(at), 0.5 + 2.5 * draws.uniform(at + 1)];
            close(f.value(&x), plain(x[0], x[1]), 4e-15, name);
            check(&mut f, &x, name);
        }
    }
}

#[test]
fn compositions_have_their_derivatives() {
    let b = Builder::new(11);
    let x = b.inputs();
    let wave = b.sum(x.iter().enumerate().map(|(i, &v)| (v * i as f64).sin() * v.exp()));
    let ratio = b.product(x.iter().map(|&v| v * v + 1.0)) / (1.0 + b.sum(x.iter().map(|v| v.powi(4))));
    let value = (wave / 10.0).tanh() + ratio.ln() * b.max_of(x.iter().copied()) + (x[3] * x[4]).cos();
    let mut f = Function::new(b.finish(value));
    let draws = Stream::new(3, Purpose::NOISE, 0);
    for trial in 0..5 {
        let x: Vec<f64> = (0..11).map(|i| draws.normal(11 * trial + i)).collect();
        check(&mut f, &x, "composition");
        let h = f.hessian(&x);
        let mut diagonal = vec![0.0; 11];
        assert!(f.hessian_diagonal(&mut diagonal));
        assert!((0..11).all(|i| diagonal[i] == h[12 * i]));
    }
}

#[test]
fn rosenbrock_in_closed_form() {
    let b = Builder::new(2);
    let (x, y) = (b.input(0), b.input(1));
    let mut f = Function::new(b.finish((1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2)));
    let (p, q) = (-1.2, 1.0);
    let mut g = [0.0; 2];
    close(f.gradient(&[p, q], &mut g), 24.2, 1e-15, "value");
    close(g[0], -215.6, 1e-14, "gradient");
    close(g[1], -88.0, 1e-14, "gradient");
    assert_eq!(f.hessian(&[p, q]), [1330.0, 480.0, 480.0, 200.0]);
}

#[test]
fn kinks_have_the_stated_slopes() {
    let slope = |build: Unary, x: f64| {
        let b = Builder::new(1);
        let mut g = [0.0];
        Function::new(b.finish(build(b.input(0)))).gradient(&[x], &mut g);
        g[0]
    };
    assert_eq!(slope(|x| x.abs(), 0.0), 0.0);
    assert_eq!(slope(|x| (2.0 * x).max(3.0 * x), 0.0), 2.0);
    assert_eq!(slope(|x| (2.0 * x).min(3.0 * x), 0.0), 2.0);
    assert_eq!(slope(|x| (x * x).sqrt(), 0.0), 0.0);
    assert_eq!(slope(|x| x.hypot(x), 0.0), 0.0);
    assert_eq!(slope(|x| (x.powi(4) * 3.0 + x * x).powf(0.25), 0.0), 0.0);
    assert_eq!(slope(|x| x.atan2(x), 0.0), 0.0);
    assert_eq!(slope(|x| x.sqrt(), 0.0), f64::INFINITY);
    // The branch not taken is not finite at 0 and has no say.
    assert_eq!(slope(|x| x.builder().select(x.less(1.0), x * 5.0, x.ln()), -1.0), 5.0);
}

#[test]
fn maxima_keep_a_nan() {
    let b = Builder::new(1);
    let mut f = Function::new(b.finish(b.input(0).ln().max(0.0)));
    assert!(f.value(&[-1.0]).is_nan());
    assert!(f.at(&[-1.0]).is_err());
    assert_eq!(f.at(&[0.5]), Ok(0.0));
}

#[test]
fn equal_parts_are_shared_and_constants_folded() {
    let b = Builder::new(2);
    let (x, y) = (b.input(0), b.input(1));
    let folded = (b.constant(2.0).sqrt() * 3.0).exp() * (x + y);
    let graph = b.finish(folded * (y + x).sin() + (x + y).sin() + b.constant(0.0));
    // x + y, its sine, the scaled sum, their product, the sum.
    assert_eq!(graph.operations(), 5);
    assert!(graph.uses(0) && graph.uses(1));
    assert!(!b.finish(x * 2.0).uses(1));
}

#[test]
fn a_hundred_thousand_terms_in_a_sum_and_in_a_chain() {
    let n = 100_000;
    let b = Builder::new(n);
    let x = b.inputs();
    let flat = b.sum(x.windows(2).map(|w| (w[1] - w[0] * w[0]).powi(2) + (1.0 - w[0]).powi(2)));
    let chain = x.iter().fold(b.constant(0.0), |sum, &v| sum + v * v);
    let mut f = Function::new(b.finish(flat + chain));
    let at: Vec<f64> = (0..n).map(|i| 1.0 + 0.1 * (i as f64).sin()).collect();
    let mut expected = 0.0;
    for w in at.windows(2) {
        expected += (w[1] - w[0] * w[0]).powi(2) + (1.0 - w[0]).powi(2);
    }
    expected += at.iter().map(|v| v * v).sum::<f64>();
    let mut g = vec![0.0; n];
    close(f.gradient(&at, &mut g), expected, 1e-12, "value");
    let i = 777;
    let r = |i: usize| at[i + 1] - at[i] * at[i];
    close(g[i], 2.0 * r(i - 1) - 4.0 * at[i] * r(i) - 2.0 * (1.0 - at[i]) + 2.0 * at[i], 1e-13, "slope");
    let (v, mut hv) = (vec![1.0; n], vec![0.0; n]);
    f.hvp(&at, &v, &mut hv);
    let diagonal = 2.0 - 4.0 * r(i) + 8.0 * at[i] * at[i] + 2.0 + 2.0;
    close(hv[i], diagonal - 4.0 * at[i] - 4.0 * at[i - 1], 1e-13, "product");
}

#[test]
fn residuals_follow_the_convention_of_one_half() {
    let b = Builder::new(2);
    let (x, y) = (b.input(0), b.input(1));
    let mut f = Function::new(b.finish_squares(&[10.0 * (y - x * x), 1.0 - x, x * y], 3.0));
    let at = [-1.2, 1.5];
    let value = f.at(&at).unwrap();
    let (mut r, mut j, mut g) = ([0.0; 3], [0.0; 6], [0.0; 2]);
    Objective::gradient(&mut f, &mut g).unwrap();
    let squares = Objective::residuals(&mut f).unwrap();
    assert_eq!(squares.len(), 3);
    squares.residuals(&mut r);
    squares.jacobian(&mut j);
    close(0.5 * r.iter().map(|r| r * r).sum::<f64>(), value, 1e-14, "value");
    for k in 0..2 {
        close((0..3).map(|i| r[i] * j[2 * i + k]).sum::<f64>(), g[k], 1e-14, "gradient");
    }
    // The same function, recognized as a sum of squares.
    let shown = (10.0 * (y - x * x)).powi(2) * 3.0 + (1.0 - x).powi(2) / (1.0 / 3.0) + 3.0 * (x * y).powi(2);
    let mut shown = Function::new(b.finish(shown + (x + y).powi(6) + y.powi(4)));
    let value = shown.at(&at).unwrap();
    let mut r = [0.0; 5];
    LeastSquares::residuals(&mut shown, &mut r);
    close(0.5 * r.iter().map(|r| r * r).sum::<f64>(), value, 1e-14, "value");
    assert!(Objective::residuals(&mut Function::new(b.finish(x * x - y * y))).is_none());
    let plain = Function::new(b.finish(x));
    assert!(LeastSquares::is_empty(&plain));
}

#[test]
fn a_function_of_nothing_but_constants() {
    let b = Builder::new(2);
    let mut f = Function::new(b.finish(b.sum([])));
    let mut g = [1.0; 2];
    assert_eq!(f.gradient(&[1.0, 2.0], &mut g), 0.0);
    assert_eq!(g, [0.0; 2]);
    let b = Builder::new(1);
    let mut f = Function::new(b.finish(b.input(0)));
    assert_eq!(f.gradient(&[3.0], &mut g[..1]), 3.0);
    assert_eq!(g[0], 1.0);
}
