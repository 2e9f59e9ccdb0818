//! State goes out under PyTorch's names and comes back.

mod support;

use steepest_optim::{Optimizer, PyTorchNames};
use support::{Saved, noise, small_layout};

#[test]
fn a_state_dict_goes_round() {
    let layout = small_layout();
    let n = layout.len();
    for (rule, names) in [
        ("adamw:amsgrad=true", &["exp_avg", "exp_avg_sq", "max_exp_avg_sq", "step"][..]),
        ("sgd:momentum=0.9", &["momentum_buffer", "step"]),
        ("nadam", &["exp_avg", "exp_avg_sq", "mu_product", "step"]),
        ("rmsprop:centered=true", &["grad_avg", "square_avg", "step"]),
    ] {
        let mut first = Optimizer::<f64>::parse(rule, &layout).unwrap();
        let mut x = noise(1, n);
        for k in 0..3 {
            first.step(&mut x, &mut noise(2 + k, n)).unwrap();
        }
        let saved = Saved::of(|v| first.visit(&mut PyTorchNames::new(v, &layout)));
        let of_bias: Vec<&str> = saved.values.keys().filter_map(|k| k.strip_prefix("a.bias.")).collect();
        assert_eq!(of_bias, names, "{rule}");
        assert_eq!(saved.values["a.bias.step"], [3.0]);
        let mut second = Optimizer::<f64>::parse(rule, &layout).unwrap();
        saved.load(|v| second.visit(&mut PyTorchNames::new(v, &layout)));
        let (mut a, mut b) = (x.clone(), x);
        first.step(&mut a, &mut noise(9, n)).unwrap();
        second.step(&mut b, &mut noise(9, n)).unwrap();
        assert_eq!(a, b, "{rule}");
    }
}

#[test]
fn unequal_step_counts_are_named() {
    let layout = small_layout();
    let mut optimizer = Optimizer::<f64>::parse("adam", &layout).unwrap();
    let mut saved = Saved::of(|v| optimizer.visit(&mut PyTorchNames::new(v, &layout)));
    saved.values.insert("b.scale.step".into(), vec![5.0]);
    saved.loading = true;
    let mut names = PyTorchNames::new(&mut saved, &layout);
    optimizer.visit(&mut names);
    assert_eq!(names.disagreeing(), ["b.scale"]);
}
