//! One result, whatever computes it: compiled or by tiles, any instruction set, any number of threads, any alignment.

mod support;

use steepest_core::{Layout, Real, Role, isa::Isa};
use steepest_optim::{Optimizer, OptimizerSpec, Schedule, Spec, chain, fuse, stages};
use support::{Saved, noise, rules, small_layout};

fn bits<T: Real>(values: &[T]) -> Vec<u64> {
    values.iter().map(|v| v.to_f64().to_bits()).collect()
}

/// Parameters and state after `steps` steps from a start and gradients that depend on the length alone.
fn run<T: Real>(optimizer: &mut Optimizer<T>, steps: usize) -> (Vec<u64>, Saved) {
    let n = optimizer.layout().len();
    let mut x: Vec<T> = noise(1, n).into_iter().map(T::from_f64).collect();
    for k in 0..steps {
        let mut g: Vec<T> =
            noise(2 + k as u64, n).into_iter().zip(&x).map(|(e, &x)| x + T::from_f64(0.1 * e)).collect();
        optimizer.step(&mut x, &mut g).unwrap();
    }
    (bits(&x), Saved::of(|v| optimizer.visit(v)))
}

fn every_instruction_set<T: Real>() {
    for rule in rules() {
        for n in [0usize, 1, 15, 16, 17, 1000] {
            let mut results = Isa::available().map(|isa| {
                let mut optimizer = Optimizer::<T>::parse(rule, &Layout::vector(n)).unwrap();
                optimizer.set_isa(isa);
                run(&mut optimizer, 4)
            });
            let first = results.next().unwrap();
            assert!(results.all(|r| r == first), "{rule}, length {n}, {}", T::NAME);
        }
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    every_instruction_set::<f32>();
    every_instruction_set::<f64>();
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let mut layout = Layout::new();
    layout.push("a", &[512, 300], Role::Weight).unwrap();
    layout.push("b", &[33333], Role::Bias).unwrap();
    for rule in rules() {
        let mut results = [1usize, 2, 7].into_iter().map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(&mut Optimizer::<f32>::parse(rule, &layout).unwrap(), 2))
        });
        let first = results.next().unwrap();
        assert!(results.all(|r| r == first), "{rule}");
    }
}

#[test]
fn alignment_does_not_matter() {
    let n = 1000;
    for rule in rules() {
        let mut results = (0..4).map(|offset| {
            let mut optimizer = Optimizer::<f32>::parse(rule, &Layout::vector(n)).unwrap();
            let as_f32 = |v: Vec<f64>| v.into_iter().map(|v| v as f32).collect::<Vec<f32>>();
            let (mut x, mut g) = (as_f32(noise(1, n + offset)), as_f32(noise(2, n + offset)));
            x[offset..].copy_from_slice(&as_f32(noise(3, n)));
            g[offset..].copy_from_slice(&as_f32(noise(4, n)));
            optimizer.step(&mut x[offset..], &mut g[offset..]).unwrap();
            bits(&x[offset..])
        });
        let first = results.next().unwrap();
        assert!(results.all(|r| r == first), "{rule}");
    }
}

/// The same AdamW as one compiled loop, as a chain of links, as two texts, as a table and as a list.
#[test]
fn rust_text_and_tables_give_the_same_bits() {
    let layout = small_layout();
    let adam = stages::ScaleByAdam { beta1: 0.9, beta2: 0.95, eps: 1e-8, eps_root: 0.0 };
    let decay = stages::AddDecay { weight_decay: 0.1 };
    let lr = || Schedule::constant(1e-3);
    let expected = run(&mut Optimizer::<f32>::from_chain(chain((fuse((adam, decay)),)), lr(), &layout), 5);
    let links = run(&mut Optimizer::<f32>::from_chain(chain((adam, decay)), lr(), &layout), 5);
    assert_eq!(links, expected, "as links");
    let specs: [Spec; 4] = [
        "adamw:lr=1e-3,weight_decay=0.1,beta2=0.95".parse().unwrap(),
        "adam:beta2=0.95 | weight_decay:0.1".parse().unwrap(),
        serde_json::from_str(r#"{"name": "adamw", "lr": 1e-3, "weight_decay": 0.1, "beta2": 0.95}"#).unwrap(),
        serde_json::from_str(r#"[{"name": "adam", "lr": 0.001, "beta2": 0.95}, "weight_decay:0.1"]"#).unwrap(),
    ];
    for rule in specs {
        let text = rule.to_string();
        let spec = OptimizerSpec { rule, groups: Vec::new(), lr: None, horizon: None, seed: 0 };
        assert_eq!(run(&mut spec.build::<f32>(&layout).unwrap(), 5), expected, "{text}");
    }
}

#[test]
fn a_run_that_is_saved_and_loaded_goes_on_with_the_same_bits() {
    let layout = small_layout();
    let n = layout.len();
    for rule in rules() {
        let gradient =
            |k: u64, x: &[f64]| -> Vec<f64> { noise(2 + k, n).iter().zip(x).map(|(e, x)| x + 0.1 * e).collect() };
        let mut whole = Optimizer::<f64>::parse(rule, &layout).unwrap();
        let mut x = noise(1, n);
        let mut resumed = None;
        for k in 0..10 {
            if k == 4 {
                resumed = Some((Saved::of(|v| whole.visit(v)), x.clone()));
            }
            let mut g = gradient(k, &x);
            whole.step(&mut x, &mut g).unwrap();
        }
        let (saved, mut y) = resumed.unwrap();
        let mut second = Optimizer::<f64>::parse(rule, &layout).unwrap();
        saved.load(|v| second.visit(v));
        for k in 4..10 {
            let mut g = gradient(k, &y);
            second.step(&mut y, &mut g).unwrap();
        }
        assert_eq!(bits(&y), bits(&x), "{rule}");
        assert_eq!(Saved::of(|v| second.visit(v)), Saved::of(|v| whole.visit(v)), "{rule}");
    }
}
