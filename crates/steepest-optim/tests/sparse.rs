//! Steps by sparse gradients beside steps by the same gradients written out.

mod support;

use steepest_core::{Layout, Role, SparseGradient};
use steepest_optim::{Optimizer, StepError};
use support::{Saved, noise};

const N: usize = 60;

fn layout() -> Layout {
    let mut layout = Layout::new();
    layout.push("a", &[6, 5], Role::Weight).unwrap();
    layout.push("b", &[10], Role::Bias).unwrap();
    layout.push("c", &[20], Role::Weight).unwrap();
    layout
}

/// Three to six touched elements, one of them twice, a function of the step; element 59 only at step 7, 0 never.
fn gradient(k: usize) -> (SparseGradient<f64>, Vec<f64>) {
    let e = noise(50 + k as u64, 12);
    let mut sparse = SparseGradient { indices: Vec::new(), values: Vec::new() };
    for i in 0..3 + k % 4 {
        sparse.push(1 + ((e[i] + 1.0) * 28.9) as u32, e[6 + i % 6]);
    }
    sparse.push(sparse.indices[0], 0.25);
    if k == 7 {
        sparse.push(59, 1.0);
    }
    let mut dense = vec![0.0; N];
    sparse.indices.iter().zip(&sparse.values).for_each(|(&i, &v)| dense[i as usize] += v);
    (sparse, dense)
}

fn difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()))
}

fn beside(text: &str, steps: usize, tolerance: f64) {
    let (mut ours, mut theirs) =
        (Optimizer::<f64>::parse(text, &layout()).unwrap(), Optimizer::<f64>::parse(text, &layout()).unwrap());
    let mut x = noise(3, N);
    let mut y = x.clone();
    for k in 0..steps {
        let (mut sparse, mut dense) = gradient(k);
        if k == 30 {
            ours.set_lr_scale(0.5);
            theirs.set_lr_scale(0.5);
        }
        if k == 20 {
            // A dense step between sparse ones.
            ours.step(&mut x, &mut dense.clone()).unwrap();
        } else {
            ours.step_sparse(&mut x, &mut sparse).unwrap();
        }
        theirs.step(&mut y, &mut dense).unwrap();
    }
    ours.settle(&mut x);
    assert!(difference(&x, &y) <= tolerance, "{text}: {:e}", difference(&x, &y));
    let (a, b) = (Saved::of(|v| ours.visit(v)), Saved::of(|v| theirs.visit(v)));
    for (name, value) in &a.values {
        assert!(difference(value, &b.values[name]) <= tolerance, "{text}: {name}");
    }
}

#[test]
fn rules_that_rest_do_what_dense_steps_do() {
    for text in [
        "sgd:lr=0.1",
        "sgd:lr=cosine(0.1,steps=50)",
        "adagrad:lr=0.1,lr_decay=0.1,initial_accumulator_value=0.1",
        "ftrl:lr=0.5,l1=0.05,l2=0.1",
        "signsgd:lr=0.01",
        "clip_value:0.3 | adagrad:lr=0.1",
        "sgd:lr=0.1 ; on b set lr_factor=0.5",
        "sgd:lr=0.1 ; on c use adagrad:lr=0.1",
    ] {
        beside(text, 50, 0.0);
    }
    // The norm is summed in another order.
    for text in ["clip:0.5 | sgd:lr=0.1", "normalize | adagrad:lr=0.1"] {
        beside(text, 50, 1e-14);
    }
}

#[test]
fn momentum_makes_up_for_missed_steps() {
    for text in [
        "sgd:lr=0.1,momentum=0.9",
        "sgd:lr=0.1,momentum=0.9,nesterov=true",
        "sgd:lr=0.1,momentum=0.9,dampening=0.5",
        "sgd:lr=0.1,momentum=0.9,form=inside",
        "sgd:lr=0.1,momentum=0.9,form=inside,nesterov=true",
        "sgd:lr=step(0.1,size=10),momentum=0.9",
        "clip:0.5 | sgd:lr=0.1,momentum=0.5 ; on b set lr_factor=0.5",
        "adagrad:lr=0.1 | momentum:0.9",
    ] {
        beside(text, 60, 1e-13);
    }
}

/// Touched elements as Adam with the global t, others as they were: PyTorch's `SparseAdam`.
#[test]
fn adam_waits_with_untouched_elements() {
    let mut optimizer = Optimizer::<f64>::parse("adam:lr=0.1,beta2=0.99", &layout()).unwrap();
    let mut x = noise(3, N);
    let (mut y, mut m, mut v) = (x.clone(), vec![0.0; N], vec![0.0; N]);
    for k in 0..40 {
        let (mut sparse, dense) = gradient(k);
        optimizer.step_sparse(&mut x, &mut sparse).unwrap();
        let t = k as i32 + 1;
        for i in (0..N).filter(|&i| dense[i] != 0.0) {
            m[i] += 0.1 * (dense[i] - m[i]);
            v[i] += 0.01 * (dense[i] * dense[i] - v[i]);
            let step = 0.1 * (1.0 - 0.99f64.powi(t)).sqrt() / (1.0 - 0.9f64.powi(t));
            let corrected_eps = 1e-8 * (1.0 - 0.99f64.powi(t)).sqrt();
            y[i] -= step * m[i] / (v[i].sqrt() + corrected_eps);
        }
        assert!(difference(&x, &y) < 1e-13, "step {k}");
    }
}

#[test]
fn other_rules_refuse_by_name() {
    for (text, expected) in [
        ("adamw", "weight_decay=0"),
        ("sgd:l2=0.1", "l2=0"),
        ("nadam", "state changes"),
        ("muon ; on * use adadelta", "state changes"),
        ("adam:moments=bf16", "leave `moments` out"),
        ("lamb:weight_decay=0", "whole gradient"),
        ("sgd:momentum=0.9 | sign", "only the last stage"),
        ("sgd | ema:0.9", "state changes"),
    ] {
        let mut optimizer = Optimizer::<f64>::parse(text, &layout()).unwrap();
        let mut x = vec![1.0; N];
        let e = optimizer.step_sparse(&mut x, &mut gradient(0).0).unwrap_err();
        assert!(matches!(e, StepError::Refused { .. }), "{text}: {e}");
        assert!(e.to_string().contains(expected), "{text}: {e}");
        assert_eq!((x, optimizer.steps()), (vec![1.0; N], 0), "{text}");
    }
    let mut optimizer = Optimizer::<f64>::parse("sgd", &layout()).unwrap();
    let mut beyond = SparseGradient { indices: vec![60], values: vec![1.0] };
    assert!(matches!(optimizer.step_sparse(&mut [0.0; N], &mut beyond), Err(StepError::Length { grads: 61, .. })));
    let mut bad = SparseGradient { indices: vec![31], values: vec![f64::NAN] };
    let e = optimizer.step_sparse(&mut [0.0; N], &mut bad).unwrap_err();
    assert!(e.to_string().contains('b'), "{e}");
}
