//! Values against plain arithmetic, mistakes with their places, and texts nobody would write.

use proptest::prelude::*;

use super::{Formula, FormulaError, Sense};
use crate::graph::Function;

fn compile(text: &str, dim: Option<usize>) -> Result<super::Compiled, FormulaError> {
    Formula::parse(text)?.compile(dim, Sense::Minimize)
}

/// The value at a point, in the order of the variables.
fn value(text: &str, dim: Option<usize>, x: &[f64]) -> f64 {
    Function::new(compile(text, dim).unwrap_or_else(|e| panic!("{e}")).graph).value(x)
}

#[test]
fn precedence_is_the_usual_one() {
    for (text, x, expected) in [
        ("-x^2", 3.0, -9.0),
        ("2^3^2 + 0*x", 1.0, 512.0),
        ("1e-3*x", 5.0, 0.005),
        ("2^-x", 3.0, 0.125),
        ("2^-x^2", 2.0, 0.0625),
        ("-2^2*x", 1.0, -4.0),
        ("2*-x", 3.0, -6.0),
        ("--x", 3.0, 3.0),
        ("x - 2 - 3", 10.0, 5.0),
        ("x/2/5", 30.0, 3.0),
        ("x/2*5", 30.0, 75.0),
        ("(x + 1)^2", 2.0, 9.0),
        ("x**2", 3.0, 9.0),
        ("x² − 2·x", 3.0, 3.0),
        (".5*x + 1.*x + 1.5E+1", 2.0, 18.0),
        ("2*e*x", 1.0, 2.0 * std::f64::consts::E),
        ("cos(pi*x)", 1.0, -1.0),
        ("1 + x < 3", 1.0, 1.0),
        ("(x >= 2) + (x <= 2) + (x == 2) + (x != 2) + (x > 2)", 2.0, 3.0),
        ("if(x < 0, -x, x^2)", -3.0, 3.0),
        ("if(x < 0, sqrt(-x), x^2)", 3.0, 9.0),
        ("x1e3 + x1e3", 2.0, 4.0),
        ("x\n + 1\t", 2.0, 3.0),
        ("sum(k=1..4, k*t)", 1.0, 10.0),
        ("prod(k in 1..4, k*t)", 1.0, 24.0),
        ("sum(i=1..3, j=i..3, i*j*a)", 1.0, 25.0),
        ("sum(i=3..1, a) + prod(i=3..1, a) + 0*a", 7.0, 1.0),
        ("max(i=1..5, i*(4 - i)*a)", 1.0, 4.0),
        ("mean(i=1..3, i*a) + norm(i=3..4, i*a)", 1.0, 7.0),
        ("max(1, a, 3) + min(a, 1)", 2.0, 4.0),
        ("norm(3*a, 4*a)", 1.0, 5.0),
        ("dot([1, 2, a], [4, 5, 6])", 3.0, 32.0),
        ("sum(a, 2, 3)", 1.0, 6.0),
        ("x^0.5 + x^2.0 + x^(1/3)", 64.0, 8.0 + 4096.0 + 4.0),
    ] {
        let found = value(text, None, &[x]);
        assert!((found - expected).abs() <= 1e-15 * expected.abs(), "{text} at {x}: {found}, not {expected}");
    }
}

#[test]
fn every_function_is_the_one_of_its_name() {
    type Plain = fn(f64) -> f64;
    let table: [(&str, Plain); 43] = [
        ("abs", f64::abs),
        ("sqrt", f64::sqrt),
        ("cbrt", f64::cbrt),
        ("exp", f64::exp),
        ("expm1", f64::exp_m1),
        ("ln", f64::ln),
        ("log", f64::ln),
        ("log1p", f64::ln_1p),
        ("exp2", f64::exp2),
        ("log2", f64::log2),
        ("log10", f64::log10),
        ("sin", f64::sin),
        ("cos", f64::cos),
        ("tan", f64::tan),
        ("asin", f64::asin),
        ("acos", f64::acos),
        ("atan", f64::atan),
        ("arcsin", f64::asin),
        ("arccos", f64::acos),
        ("arctan", f64::atan),
        ("sinh", f64::sinh),
        ("cosh", f64::cosh),
        ("tanh", f64::tanh),
        ("asinh", f64::asinh),
        ("arsinh", f64::asinh),
        ("arcsinh", f64::asinh),
        ("atanh", f64::atanh),
        ("artanh", f64::atanh),
        ("arctanh", f64::atanh),
        ("cot", |x| x.cos() / x.sin()),
        ("sec", |x| 1.0 / x.cos()),
        ("csc", |x| 1.0 / x.sin()),
        ("gamma", libm::tgamma),
        ("lgamma", libm::lgamma),
        ("gammaln", libm::lgamma),
        ("sigmoid", |x| 1.0 / (1.0 + (-x).exp())),
        ("softplus", |x| x.exp().ln_1p()),
        ("relu", |x| x.max(0.0)),
        ("sign", f64::signum),
        ("floor", f64::floor),
        ("ceil", f64::ceil),
        ("round", f64::round),
        ("x -> 2^x*", |x| 2f64.powf(x)),
    ];
    for (name, plain) in table {
        for x in [0.3, 0.7] {
            let text = if name.contains('>') { "2^x".to_string() } else { format!("{name}(x)") };
            let (found, expected) = (value(&text, None, &[x]), plain(x));
            assert!((found - expected).abs() <= 1e-15 * expected.abs().max(1.0), "{text}: {found}, not {expected}");
        }
    }
    for name in ["acosh", "arcosh", "arccosh"] {
        assert_eq!(value(&format!("{name}(x)"), None, &[1.5]), 1.5f64.acosh());
    }
    // 4!, Γ(½) = √π, ψ(1) = −γ, and the tail of the normal distribution at six standard deviations.
    assert_eq!(value("gamma(x)", None, &[5.0]), 24.0);
    assert!((value("gamma(x)^2", None, &[0.5]) - std::f64::consts::PI).abs() < 1e-15);
    assert!((value("digamma(x)", None, &[1.0]) + 0.577_215_664_901_532_9).abs() < 1e-15);
    assert!((value("erfc(x/sqrt(2))/2", None, &[6.0]) / 9.865_876_450_376_98e-10 - 1.0).abs() < 1e-14);
    assert_eq!(value("clamp(x, 0, 1) + 10*clamp(x - 5, 0, 1) + 100*clamp(x - 1.5, 0, 1)", None, &[2.0]), 51.0);
    // Without parentheses gamma is a name, as parameters are called.
    assert_eq!(value("gamma*x + gamma(x)", None, &[3.0, 4.0]), 18.0);
    // ln(e^1000 + e^1000) without overflow, and its gradient, the shares.
    assert!((value("logsumexp(x, y)", None, &[1000.0, 1000.0]) - 1000.0 - 2f64.ln()).abs() < 1e-12);
    let mut shares = [0.0; 3];
    let mut f = Function::new(compile("logsumexp(x)", Some(3)).unwrap().graph);
    f.gradient(&[1.0, 2.0, 3.0], &mut shares);
    let total: f64 = (1..=3).map(|k| f64::from(k).exp()).sum();
    assert!((0..3).all(|i| (shares[i] - f64::from(i as u32 + 1).exp() / total).abs() < 1e-15), "{shares:?}");
    assert!((value("erf(x)", None, &[0.5]) - 0.520_499_877_813_046_5).abs() < 1e-15);
    assert_eq!(value("atan2(y, x) + hypot(y, x) + mod(y, x) + pow(y, x)", None, &[3.0, 4.0]), {
        3f64.atan2(4.0) + 5.0 + 3.0 + 81.0
    });
    assert_eq!(value("mod(x, 3)", None, &[-1.0]), 2.0);
}

#[test]
fn vectors_are_counted_and_named() {
    let rosenbrock = "sum(i=1..n-1, 100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2)";
    let at = [0.5f64, -1.0, 2.0, 0.25];
    let plain: f64 = at.windows(2).map(|w| 100.0 * (w[1] - w[0] * w[0]).powi(2) + (1.0 - w[0]).powi(2)).sum();
    assert!((value(rosenbrock, Some(4), &at) - plain).abs() < 1e-12 * plain);

    let names = |text: &str, dim| compile(text, dim).unwrap().variables;
    assert_eq!(names("x[1]*x[3] + a*y[2]", None), ["x[1]", "x[2]", "x[3]", "a", "y[1]", "y[2]"]);
    assert_eq!(names("x[0] + x[2]", None), ["x[0]", "x[1]", "x[2]"]);
    assert_eq!(names("sum(i=0..n-1, x[i]^2)", Some(2)), ["x[0]", "x[1]"]);
    assert_eq!(names("b2*exp(b1)", None), ["b2", "b1"]);
    assert_eq!(names("n^2 - 4*n", None), ["n"]);
    assert_eq!(names("norm(x - 1)", Some(3)), ["x[1]", "x[2]", "x[3]"]);
    assert_eq!(names("norm(x) + x[2]", None), ["x[1]", "x[2]"]);

    assert_eq!(value("sum(x^2) + n", Some(3), &[1.0, 2.0, 3.0]), 17.0);
    assert_eq!(value("dot([1, 10], (x - y)^2)", Some(2), &[1.0, 2.0, 3.0, 5.0]), 94.0);
    assert_eq!(value("max(x) + min(x) + mean(x) + prod(x)", Some(3), &[1.0, 2.0, 3.0]), 12.0);
    assert_eq!(value("sum(max(x, 2))", Some(3), &[1.0, 2.0, 3.0]), 7.0);
    assert_eq!(value("sum(i=1..n, x[mod(i, n) + 1]*x[i])", Some(3), &[1.0, 2.0, 3.0]), 11.0);
    assert_eq!(value("sum(i=1..floor(n/2), x[2*i])", Some(5), &[1.0, 2.0, 3.0, 4.0, 5.0]), 6.0);
}

#[test]
fn derivatives_come_with_the_formula_and_maximizing_turns_the_sign() {
    let formula = Formula::parse("x^4 - 3*x^2 + 2").unwrap();
    for (sense, sign) in [(Sense::Minimize, 1.0), (Sense::Maximize, -1.0)] {
        let mut f = Function::new(formula.compile(None, sense).unwrap().graph);
        let mut g = [0.0];
        assert_eq!(f.gradient(&[2.0], &mut g), sign * 6.0);
        assert_eq!(g, [sign * 20.0]);
        assert_eq!(f.hessian(&[2.0]), [sign * 42.0]);
    }
    assert_eq!(compile("x^2 + 10*y^2", None).unwrap().graph.residuals(), 2);
}

#[test]
fn curves_are_sums_of_squares_over_rows() {
    let formula = Formula::parse("b1*(1 - exp(-b2*x))").unwrap();
    let (x, y, w) = ([1.0, 2.0, 5.0], [0.5, 1.5, 2.0], [1.0, 4.0, 9.0]);
    let curve = formula.curve(&[("x", &x)], &y, Some(&w)).unwrap();
    assert_eq!(curve.variables, ["b1", "b2"]);
    assert_eq!(curve.graph.residuals(), 3);
    let b = [2.0, 0.4];
    let plain: f64 = (0..3).map(|i| 0.5 * w[i] * (y[i] - b[0] * (1.0 - f64::exp(-b[1] * x[i]))).powi(2)).sum();
    assert!((Function::new(curve.graph).value(&b) - plain).abs() < 1e-14);
    let row = formula.at_row(&[("x", 2.0)]).unwrap();
    assert!((Function::new(row.graph).value(&b) - 2.0 * (1.0 - f64::exp(-0.8))).abs() < 1e-15);
    assert!(formula.curve(&[("x", &x), ("b1", &x), ("b2", &x)], &y, None).is_err());
}

/// Malformed formulas: the text, the character that is pointed at, and a word of the message.
const MALFORMED: [(&str, usize, &str); 72] = [
    ("", 1, "empty"),
    ("   ", 4, "empty"),
    ("x +", 4, "the end of the formula"),
    ("x + * y", 5, "expected a number"),
    ("* x", 1, "expected a number"),
    ("x ^", 4, "after `^`"),
    ("x ^^ 2", 4, "found `^`"),
    ("2x", 2, "`2*x`"),
    ("2 pi", 3, "`2*pi`"),
    ("2(x + 1)", 2, "before `(`"),
    ("(x)(y)", 4, "before `(`"),
    ("x y", 3, "`x*y`"),
    ("x 2", 3, "power"),
    ("(x + 1", 1, "never closed"),
    ("((x + 1)", 1, "never closed"),
    ("x + 1)", 6, "closes nothing"),
    ("x]", 2, "closes nothing"),
    ("(x + 1]", 7, "expected `)`"),
    ("x[1)", 4, "expected `]`"),
    ("()", 2, "expected a number"),
    ("x + ()", 6, "expected a number"),
    ("sin", 1, "parentheses"),
    ("sin x", 1, "`sin(…)`"),
    ("sin^2(x)", 1, "parentheses"),
    ("sin()", 5, "between the brackets"),
    ("sin(x, y)", 1, "takes 1 argument, found 2"),
    ("atan2(x)", 1, "takes 2 arguments, found 1"),
    ("x^2 + 10*sine(y)", 10, "did you mean `sin`"),
    ("Exp(x)", 1, "did you mean `exp`"),
    ("foobar(x)", 1, "no function"),
    ("x + y(x + 1)", 5, "`y*(…)`"),
    ("x + PI", 5, "written `pi`"),
    ("x + π", 5, "written `pi`"),
    ("1.2.3*x", 4, "one decimal point"),
    ("1,5*x", 2, "decimal number"),
    ("x = 3", 3, "no operator"),
    ("x^2 == ", 8, "the end"),
    ("0 < x < 1", 7, "do not chain"),
    ("x @ y", 3, "no meaning"),
    ("x % 2", 3, "mod(x, y)"),
    ("|x|", 1, "abs(x)"),
    ("{x}", 1, "round"),
    ("x && y", 3, "joined"),
    ("x; y", 2, "no meaning"),
    ("√x", 1, "sqrt(x)"),
    ("\"x\"", 1, "quotes"),
    ("x.y", 2, "point"),
    (".", 1, "digits"),
    ("1e999*x", 1, "too large"),
    ("x[]", 3, "expected an index"),
    ("x[1", 2, "never closed"),
    ("x[1.5]", 3, "whole number"),
    ("x[y]", 3, "`y` is a variable"),
    ("x[-1]", 3, "counted from 1"),
    ("x[1e9]", 3, "at most"),
    ("(x + 1)[2]", 8, "only a name"),
    ("x[1] + x", 1, "vector"),
    ("sum(i=1..3)", 11, "runs over"),
    ("sum(i=1, x[i])", 8, "expected `..`"),
    ("sum(x[i], i=1..3)", 11, "comes first"),
    ("sum(x[i], i in 1..3)", 11, "comes first"),
    ("sum(e=1..3, x)", 5, "meaning of its own"),
    ("sum(i=1..n, x[i])", 10, "number of elements"),
    ("sum(i=1..2.5, x)", 10, "whole number"),
    ("sum(i=1..y, x)", 10, "`y` is a variable"),
    ("sin(i=1..3, x)", 5, "run over a counter"),
    ("norm(x)", 6, "how many elements"),
    ("max(i=3..1, x)", 1, "of nothing"),
    ("sum(i=1..1000000, j=1..1000000, x)", 33, "10,000,000"),
    ("dot([1, 2], [x, 1, 2])", 1, "do not go together"),
    ("1 + 2", 1, "no variable"),
    ("1..3", 2, "range belongs"),
];

#[test]
fn mistakes_are_told_with_their_place() {
    for (text, position, word) in MALFORMED {
        let e = match compile(text, None) {
            Ok(_) => panic!("`{text}` was taken"),
            Err(e) => e,
        };
        assert!(e.message().contains(word), "`{text}`: {e}");
        assert_eq!(e.position(), position, "`{text}`: {e}");
    }
}

#[test]
fn mistakes_of_dimensions_are_told() {
    for (text, dim, word) in [
        ("x^2", 3, "neither a vector nor `n`"),
        ("x[5] + sum(x)", 3, "elements 1 to 3"),
        ("x[0] + x[3]", 3, "elements 0 to 2"),
        ("sum(x + [1, 2])", 3, "do not go together"),
        ("x + sum(x)", 3, "vector of 3"),
        ("sum(i=1..n/2, x[i])", 3, "whole number"),
        ("if(x[1] < 0, 1, [1, 2])", 3, "takes numbers"),
        ("dot(x[1], x[2])", 3, "two vectors"),
        ("sum(i=1..2, [x[i], 2])", 3, "expected a number"),
    ] {
        let e = compile(text, Some(dim)).unwrap_err();
        assert!(e.message().contains(word), "`{text}`: {e}");
    }
}

#[test]
fn the_picture_puts_carets_under_the_place() {
    let e = Formula::parse("x^2 + 10*sine(y)").unwrap_err();
    assert_eq!(
        e.to_string(),
        "character 10: there is no function `sine`; did you mean `sin`?\n  x^2 + 10*sine(y)\n           ^^^^"
    );
    let long = format!("{} + @ + {}", "x + ".repeat(100), "y + ".repeat(100));
    let [line, carets] = Formula::parse(&long).unwrap_err().picture();
    assert!(line.chars().count() < 80, "{line}");
    assert_eq!(line.chars().nth(carets.chars().count() - 1), Some('@'));
    let [line, carets] = Formula::parse("äö +\nüß + ?").unwrap_err().picture();
    assert_eq!((line.as_str(), carets.as_str()), ("üß + ?", "     ^"));
}

#[test]
fn long_and_deep_formulas_do_not_exhaust_the_stack() {
    let n = 100_000;
    let long: String = (0..n).map(|i| format!("+ ({i} - x)^2")).collect();
    assert_eq!(Formula::parse(&long).unwrap().compile(None, Sense::Minimize).unwrap().graph.residuals(), n);
    let differences = format!("x{}", "-1".repeat(n));
    assert_eq!(value(&differences, None, &[n as f64]), 0.0);
    for chain in ["^x", "^-x"] {
        assert_eq!(value(&format!("x{}", chain.repeat(150)), None, &[1.0]), 1.0);
        let e = Formula::parse(&format!("x{}", chain.repeat(n))).unwrap_err();
        assert!(e.message().contains("stacked"), "{e}");
    }
    for chain in ["*x", "/x"] {
        assert_eq!(value(&format!("x{}", chain.repeat(n)), None, &[1.0]), 1.0);
    }
    assert_eq!(value(&format!("{}x", "-".repeat(n + 1)), None, &[1.0]), -1.0);
    for deep in ["(", "[", "sin(", "x[", "-(", "1+(", "2^(", "if(", "sum(i=1..2, "] {
        assert!(Formula::parse(&deep.repeat(10_000)).is_err(), "{deep}");
    }
    let nested = format!("{}x{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(Formula::parse(&nested).unwrap_err().message().contains("nested"));
    let fine = format!("{}x{}", "sqrt(".repeat(150), ")".repeat(150));
    assert_eq!(value(&fine, None, &[1.0]), 1.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_panics(text in "\\PC{0,40}") {
        if let Err(e) = compile(&text, Some(3)) {
            let _ = e.to_string();
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        if let Err(e) = compile(&String::from_utf8_lossy(&bytes), None) {
            let _ = e.to_string();
        }
    }

    #[test]
    fn no_tokens_panic(picks in proptest::collection::vec(0usize..34, 0..25), dim in 0usize..4) {
        const WORDS: [&str; 34] = [
            "x", "y", "n", "i", "2", "0.5", "1e-3", "pi", "+", "-", "*", "/", "^", "(", ")", "(", ")", "[", "]", ",",
            "sum(", "i=1..", "max(", "if(", "sin(", "dot(", "norm(", "x[", "]", "<", "..", "=", "ä", "3",
        ];
        let text: Vec<&str> = picks.iter().map(|&k| WORDS[k]).collect();
        match compile(&text.join(" "), (dim > 0).then_some(dim)) {
            Ok(compiled) => {
                let n = compiled.variables.len();
                let mut f = Function::new(compiled.graph);
                let (mut g, x) = (vec![0.0; n], vec![0.5; n]);
                f.gradient(&x, &mut g);
                f.hessian(&x);
            }
            Err(e) => {
                let _ = e.to_string();
            }
        }
    }
}
