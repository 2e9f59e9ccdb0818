//! Our rules beside Burn's own optimizers: the same start, the same gradients, 100 steps.

mod net;

use burn::optim::{
    AdaGradConfig, AdamConfig, AdamWConfig, LionConfig, ModuleOptimizer, RmsPropConfig, SgdConfig,
    decay::WeightDecayConfig, momentum::MomentumConfig,
};
use steepest_burn::BurnOptimizer;

use net::{Net, device, gradients, values};

/// For rules that correct their averages: Burn divides by 1 − βᵗ, rounded to f32, ours multiplies by the inverse, rounded once. After 100
/// steps parameters of about 1 are 2e-6 apart.
const ROUNDING: f32 = 1e-5;
/// For the others: the same operations in the same order.
const EXACT: f32 = 0.0;

/// Both take the gradients at our point, so that differences are those of rounding alone.
fn agree(rule: &str, lr: f64, mut theirs: ModuleOptimizer, tolerance: f32) {
    let device = device();
    let start = Net::new(&device);
    let (mut a, mut b) = (start.clone(), start);
    let mut ours = BurnOptimizer::new(rule, &a).unwrap();
    let (mut first, mut last) = (None, 0.0);
    for _ in 0..100 {
        let (grads, loss) = gradients(&a, &device);
        b = theirs.step(lr, b, grads);
        let (grads, _) = gradients(&a, &device);
        let info;
        (a, info) = ours.step(a, grads);
        info.unwrap();
        last = loss;
        first.get_or_insert(loss);
    }
    assert!(last < 0.9 * first.unwrap(), "`{rule}`: the loss went from {first:?} to {last}");
    for (i, (a, b)) in values(&a).iter().zip(values(&b)).enumerate() {
        assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "`{rule}`, element {i}: {a} against {b}");
    }
}

#[test]
fn adamw() {
    // Burn decays biases and norms too.
    let theirs = AdamWConfig::new().with_weight_decay(0.1).init();
    agree("adamw:lr=0.01,weight_decay=0.1,eps=1e-5,decay=all", 0.01, theirs, ROUNDING);
    let theirs = AdamWConfig::new().with_beta_1(0.8).with_beta_2(0.95).with_epsilon(1e-3).with_weight_decay(0.0).init();
    agree("adamw:lr=0.003,beta1=0.8,beta2=0.95,eps=1e-3,weight_decay=0", 0.003, theirs, ROUNDING);
}

#[test]
fn adam() {
    agree("adam:lr=0.01,eps=1e-5", 0.01, AdamConfig::new().init(), ROUNDING);
    // What Burn's Adam calls weight decay is in the gradient, of biases and norms too.
    let theirs = AdamConfig::new().with_weight_decay(Some(WeightDecayConfig::new(0.1))).init();
    agree("adam:lr=0.01,eps=1e-5,l2=0.1,decay=all", 0.01, theirs, ROUNDING);
}

#[test]
fn sgd() {
    agree("sgd:lr=0.1", 0.1, SgdConfig::new().init(), EXACT);
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.1);
    agree("sgd:lr=0.1,momentum=0.9,dampening=0.1", 0.1, SgdConfig::new().with_momentum(Some(momentum)).init(), EXACT);
    let nesterov = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0).with_nesterov(true);
    agree("sgd:lr=0.05,momentum=0.9,nesterov=true", 0.05, SgdConfig::new().with_momentum(Some(nesterov)).init(), EXACT);
}

#[test]
fn others() {
    agree("adagrad:lr=0.1,eps=1e-5", 0.1, AdaGradConfig::new().init(), EXACT);
    agree("rmsprop:lr=0.01,alpha=0.99,eps=1e-5", 0.01, RmsPropConfig::new().with_momentum(0.0).init(), ROUNDING);
    agree("lion:lr=0.001,weight_decay=0", 0.001, LionConfig::new().init(), EXACT);
}
