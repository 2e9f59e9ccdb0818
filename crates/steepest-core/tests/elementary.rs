//! The elementary functions against exact values, the standard library, their special values, and their slice forms.

use steepest_core::math;
use steepest_core::random::{Purpose, Stream};

/// A function in both precisions with the largest error its documentation allows, in ulp.
struct Function {
    name: &'static str,
    double: fn(f64) -> f64,
    single: fn(f32) -> f32,
    ulp: f64,
}

const FUNCTIONS: [Function; 8] = [
    Function { name: "exp", double: math::exp, single: math::exp, ulp: 1.0 },
    Function { name: "exp_m1", double: math::exp_m1, single: math::exp_m1, ulp: 1.3 },
    Function { name: "ln", double: math::ln, single: math::ln, ulp: 0.9 },
    Function { name: "ln_1p", double: math::ln_1p, single: math::ln_1p, ulp: 1.0 },
    Function { name: "log1p_exp", double: math::log1p_exp, single: math::log1p_exp, ulp: 1.8 },
    Function { name: "sigmoid", double: math::sigmoid, single: math::sigmoid, ulp: 2.3 },
    Function { name: "tanh", double: math::tanh, single: math::tanh, ulp: 2.5 },
    Function { name: "erf", double: math::erf, single: math::erf, ulp: 1.5 },
];

/// An error in ulp of y, for numbers of `digits` digits whose last has at least the exponent `lowest`.
fn ulps(error: f64, y: f64, digits: i32, lowest: i32) -> f64 {
    // An infinite y has no ulp; the error decides then.
    if y.is_infinite() {
        return error;
    }
    let exponent = if y == 0.0 { lowest } else { ((y.abs().log2().floor() as i32) + 1 - digits).max(lowest) };
    // Two steps, since 2^lowest and its inverse need not be normal numbers.
    error * 2f64.powi(-exponent / 2) * 2f64.powi(-exponent - -exponent / 2)
}

/// Values of 60 digits from `reference/elementary.py`.
#[test]
fn errors_are_within_the_stated_bounds() {
    let table = include_str!("../reference/elementary.txt");
    let mut checked = 0;
    for line in table.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let f = FUNCTIONS.iter().find(|f| f.name == fields[0]).unwrap();
        let [x, value, rest] = [1, 2, 3].map(|k| fields[k].parse::<f64>().unwrap());
        let got = (f.double)(x);
        let error = ulps(((got - value) - rest).abs(), value, 53, -1074);
        assert!(error <= f.ulp, "{} f64 at {x:e}: {got:e} is {error:.3} ulp from {value:e}", f.name);
        let got = f64::from((f.single)(x as f32));
        if value.abs() < f64::from(f32::MAX) {
            let error = ulps(((got - value) - rest).abs(), value, 24, -149);
            assert!(error <= f.ulp, "{} f32 at {x:e}: {got:e} is {error:.3} ulp from {value:e}", f.name);
        }
        checked += 1;
    }
    assert_eq!(checked, 800);
}

/// The usual libraries are within 2 ulp (glibc's tanh; the others within 1), so ours is within its bound and 2 of theirs.
#[test]
fn double_precision_agrees_with_the_standard_library() {
    type Peer = (&'static str, fn(f64) -> f64);
    let peers: [Peer; 5] =
        [("exp", f64::exp), ("exp_m1", f64::exp_m1), ("ln", f64::ln), ("ln_1p", f64::ln_1p), ("tanh", f64::tanh)];
    let s = Stream::new(3, Purpose::PROBLEM, 0);
    for (name, peer) in peers {
        let f = FUNCTIONS.iter().find(|f| f.name == name).unwrap();
        for i in 0..100_000 {
            let x = match i % 3 {
                0 => 1500.0 * s.uniform(i) - 750.0,
                1 => 4.0 * s.uniform(i) - 2.0,
                _ => (80.0 * s.uniform(i) - 60.0).exp2() * s.sign(i),
            };
            let (got, expected) = ((f.double)(x), peer(x));
            let same = got == expected || got.is_nan() && expected.is_nan();
            let error = ulps((got - expected).abs(), expected, 53, -1074);
            assert!(same || error <= f.ulp + 2.0, "{name} at {x:e}: {got:e}, expected {expected:e}");
        }
    }
}

/// Bits, so that the signs of zeros count and any NaN is NaN.
fn assert_same(name: &str, x: f64, got: f64, expected: f64) {
    let same = got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan();
    assert!(same, "{name}({x:e}) = {got:e}, expected {expected:e}");
}

#[test]
fn special_values() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    const TINY: f64 = 5e-324;
    let ln2 = std::f64::consts::LN_2;
    let cases: [(&str, &[(f64, f64)]); 8] = [
        (
            "exp",
            &[(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (NAN, NAN), (1e300, INF), (-1e300, 0.0), (TINY, 1.0)],
        ),
        ("exp_m1", &[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (NAN, NAN), (1e300, INF), (TINY, TINY)]),
        ("ln", &[(1.0, 0.0), (0.0, -INF), (-0.0, -INF), (INF, INF), (-INF, NAN), (-1.0, NAN), (NAN, NAN), (2.0, ln2)]),
        (
            "ln_1p",
            &[(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (INF, INF), (-INF, NAN), (-2.0, NAN), (NAN, NAN), (1.0, ln2)],
        ),
        ("log1p_exp", &[(0.0, ln2), (INF, INF), (-INF, 0.0), (NAN, NAN), (1e300, 1e300), (-1e300, 0.0), (40.0, 40.0)]),
        ("sigmoid", &[(0.0, 0.5), (-0.0, 0.5), (INF, 1.0), (-INF, 0.0), (NAN, NAN), (40.0, 1.0), (-1e300, 0.0)]),
        ("tanh", &[(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (1e300, 1.0), (-30.0, -1.0)]),
        ("erf", &[(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (1e300, 1.0), (-7.0, -1.0)]),
    ];
    for (name, values) in cases {
        let f = FUNCTIONS.iter().find(|f| f.name == name).unwrap();
        for &(x, expected) in values {
            assert_same(name, x, (f.double)(x), expected);
            let x = x as f32;
            assert_same(name, x.into(), (f.single)(x).into(), (expected as f32).into());
        }
    }
    for (x, y) in [(TINY, TINY), (-TINY, -TINY), (1e-310, 1e-310)] {
        assert_same("tanh", x, math::tanh(x), y);
    }
    // The edges of overflow and of the subnormal numbers.
    assert_eq!(math::exp(709.782712893384), 1.7976931348622732e308);
    assert_eq!(math::exp(709.782712893385), INF);
    assert_eq!(math::exp(-745.1332191019411), TINY);
    assert_eq!(math::exp(-745.1332191019412), 0.0);
    assert_eq!(math::ln(TINY), -744.4400719213812);
    assert_eq!(math::ln(f64::MAX), 709.782712893384);
    assert_eq!(math::ln_1p(f64::MAX), 709.782712893384);
    assert_eq!(math::exp_m1(f64::MIN_POSITIVE), f64::MIN_POSITIVE);
    assert_eq!(math::ln(1e-45f32), -103.27893);
    assert_eq!(math::exp(-103.9f32), 1e-45);
    assert_eq!(math::ln_1p(f32::MAX), 88.722_84);
}

/// Arguments of every kind: all exponents, both signs, special values.
fn arguments() -> Vec<f64> {
    let s = Stream::new(9, Purpose::PROBLEM, 1);
    let any = (0..20_000).map(|i| f64::from_bits(s.bits(i)));
    let usual = (20_000..50_000).map(|i| 60.0 * s.uniform(i) - 30.0);
    let special = [0.0, -0.0, f64::INFINITY, -f64::INFINITY, f64::NAN, 5e-324, -1.0, 1.0];
    any.chain(usual).chain(special).collect()
}

/// `slice` is the form for slices, by the highest instruction set; `one` the same function called one by one.
fn compare<T: math::Elementary>(name: &str, x: &[T], one: fn(T) -> T, slice: fn(&mut [T])) {
    // NaN is one value here: its payload is not part of the contract.
    let bits = |x: T| if x.to_f64().is_nan() { 0 } else { x.to_f64().to_bits() };
    for len in [0, 1, 7, 15, 16, 17, x.len()] {
        let mut y = x[..len].to_vec();
        slice(&mut y);
        for (&got, &x) in y.iter().zip(x) {
            assert_eq!(bits(got), bits(one(x)), "{name} {} of {x:e} in a slice of {len}", T::NAME, x = x.to_f64());
        }
    }
}

fn compare_all<T: math::Elementary>(x: &[T]) {
    compare("exp", x, math::exp, math::exp_slice);
    compare("exp_m1", x, math::exp_m1, math::exp_m1_slice);
    compare("ln", x, math::ln, math::ln_slice);
    compare("ln_1p", x, math::ln_1p, math::ln_1p_slice);
    compare("log1p_exp", x, math::log1p_exp, math::log1p_exp_slice);
    compare("sigmoid", x, math::sigmoid, math::sigmoid_slice);
    compare("tanh", x, math::tanh, math::tanh_slice);
    compare("erf", x, math::erf, math::erf_slice);
}

#[test]
fn slices_give_the_bits_of_single_calls() {
    let x = arguments();
    compare_all(&x);
    compare_all(&x.iter().map(|&v| v as f32).collect::<Vec<f32>>());
}

#[test]
fn sines_and_cosines_of_turns() {
    for (u, expected) in
        [(0.0, (0.0, 1.0)), (0.25, (1.0, 0.0)), (0.5, (0.0, -1.0)), (0.75, (-1.0, 0.0)), (-2.25, (-1.0, 0.0))]
    {
        assert_eq!(math::sin_cos_turns(u), expected, "{u}");
    }
    let s = Stream::new(1, Purpose::PROBLEM, 2);
    for i in 0..100_000 {
        let u = s.uniform(i);
        let (sin, cos) = math::sin_cos_turns(u);
        // The argument of the library is rounded, which moves its value by up to 4.5e-16.
        let (a, b) = (2.0 * std::f64::consts::PI * u).sin_cos();
        assert!((sin - a).abs() < 1e-15 && (cos - b).abs() < 1e-15, "{u}");
        assert_eq!(math::sin_cos_turns(u + 1024.0), math::sin_cos_turns((u + 1024.0) - 1024.0));
    }
    for u in [f64::NAN, f64::INFINITY, 1e300] {
        assert!(math::sin_cos_turns(u).0.is_nan() && math::sin_cos_turns(u).1.is_nan());
    }
}

#[test]
fn log_sum_exp_and_softmax() {
    const INF: f64 = f64::INFINITY;
    assert_eq!(math::logsumexp::<f64>(&[]), -INF);
    assert_eq!(math::logsumexp(&[-INF, -INF]), -INF);
    assert_eq!(math::logsumexp(&[1.0, INF]), INF);
    assert!(math::logsumexp(&[1.0, f64::NAN]).is_nan());
    assert_eq!(math::logsumexp(&[-1e5]), -1e5);
    let s = Stream::new(4, Purpose::PROBLEM, 3);
    for len in [1usize, 2, 15, 16, 17, 100, 1000] {
        let mut x = vec![0.0f64; len];
        s.fill_normal(0, &mut x);
        let exact = x.iter().map(|v| v.exp()).sum::<f64>().ln();
        assert!((math::logsumexp(&x) - exact).abs() < 1e-14 * (1.0 + exact.abs()));
        let mut p = x.clone();
        assert_eq!(math::softmax(&mut p), math::logsumexp(&x));
        for (p, x) in p.iter().zip(&x) {
            assert!((p - (x - exact).exp()).abs() < 1e-14);
        }
        let single: Vec<f32> = x.iter().map(|&v| v as f32).collect();
        assert!((f64::from(math::logsumexp(&single)) - exact).abs() < 1e-6 * (1.0 + exact.abs()));
    }
}
