//! What holds for a module that is stepped by a rule of steepest, on a small network.

mod net;

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use steepest_burn::{BindError, BurnOptimizer, BurnStepError, ModuleMismatch};
use steepest_core::{Layout, Role, flat_from};
use steepest_optim::{Optimizer, OptimizerSpec, Schedule, chain, stages};

use net::{Net, bits, device, gradients, values};

/// The tensors of the network, written out.
fn layout() -> Layout {
    let mut layout = Layout::new();
    let tensors: [(&str, &[usize], Role); 8] = [
        ("first.weight", &[3, 8], Role::Weight),
        ("first.bias", &[8], Role::Bias),
        ("norm.gamma", &[8], Role::Norm),
        ("norm.beta", &[8], Role::Norm),
        ("layers.0.weight", &[8, 8], Role::Weight),
        ("layers.0.bias", &[8], Role::Bias),
        ("layers.1.weight", &[8, 2], Role::Weight),
        ("layers.1.bias", &[2], Role::Bias),
    ];
    for (name, shape, role) in tensors {
        layout.push(name, shape, role).unwrap();
    }
    layout
}

#[test]
fn tensors_have_names_shapes_and_roles() {
    let optimizer = BurnOptimizer::new("sgd:0.1", &Net::new(&device())).unwrap();
    assert_eq!(optimizer.optimizer().layout(), &layout());
}

#[test]
fn a_module_is_stepped_as_a_flat_vector_is() {
    let rules = [
        "adamw:lr=0.01,weight_decay=0.1",
        "sgd:lr=0.1,momentum=0.9,nesterov=true",
        "clip:0.5 | adam:lr=cosine(0.01,warmup=5)",
        "muon:lr=0.01",
        "adamw:lr=0.01,moments=bf16",
        "lion:lr=0.001 ; on norm.* set lr_factor=0.1 ; on *.bias use sgd:lr=0.1",
    ];
    let device = device();
    for rule in rules {
        let spec = OptimizerSpec::parse(rule).unwrap().with_horizon(20);
        let mut net = Net::new(&device);
        let mut ours = BurnOptimizer::build(&net, |layout| spec.build(layout)).unwrap();
        let mut flat = spec.build::<f32>(&layout()).unwrap();
        let mut params = flat_from(&values(&net));
        for step in 0..20 {
            let mut g = flat_from(&net.flat_gradients(&gradients(&net, &device).0));
            flat.step(&mut params, &mut g).unwrap();
            let (grads, _) = gradients(&net, &device);
            let info;
            (net, info) = ours.step(net, grads);
            assert_eq!(info.unwrap().step, step + 1);
            let bits_of_flat: Vec<u32> = params.iter().map(|v| v.to_bits()).collect();
            assert_eq!(bits(&net), bits_of_flat, "`{rule}`, step {step}");
        }
        assert_eq!(ours.copies(), 0, "the tensors were windows all the time");
    }
}

#[test]
fn gradient_checkpointing_stays_on() {
    let train = |device: &Device| {
        let mut net = Net::new(device);
        let mut optimizer = BurnOptimizer::new("adam:lr=0.01", &net).unwrap();
        for _ in 0..3 {
            let (grads, _) = gradients(&net, device);
            net = optimizer.step(net, grads).0;
        }
        assert_eq!(net.first.weight.val().gradient_checkpointing_strategy(), device.gradient_checkpointing_strategy());
        bits(&net)
    };
    assert_eq!(train(&device().gradient_checkpointing()), train(&device()));
}

#[test]
fn a_chain_written_in_rust_is_the_chain_of_the_text() {
    let device = device();
    let start = Net::new(&device);
    let (mut typed, mut text) = (start.clone(), start);
    let built = |layout: &Layout| {
        let adam = stages::ScaleByAdam { beta1: 0.9, beta2: 0.999, eps: 1e-8, eps_root: 0.0 };
        let links = chain((stages::ClipByGlobalNorm { max_norm: Some(0.5) }, adam));
        Ok(Optimizer::from_chain(links, Schedule::constant(0.01), layout))
    };
    let mut one = BurnOptimizer::build(&typed, built).unwrap();
    let mut other = BurnOptimizer::new("clip:0.5 | adam:lr=0.01", &text).unwrap();
    for _ in 0..5 {
        typed = one.step(typed.clone(), gradients(&typed, &device).0).0;
        text = other.step(text.clone(), gradients(&text, &device).0).0;
    }
    assert_eq!(bits(&typed), bits(&text));
    let other_layout = BurnOptimizer::build(&typed, |_| Optimizer::parse("adam", &Layout::vector(3))).err().unwrap();
    assert!(matches!(other_layout, BindError::OtherLayout { expected: 138, found: 3 }), "{other_layout}");
}

#[test]
fn a_clone_keeps_its_values_and_loaded_values_are_taken() {
    let device = device();
    let mut net = Net::new(&device);
    let mut optimizer = BurnOptimizer::new("sgd:0.1", &net).unwrap();
    let one = |net: Net, optimizer: &mut BurnOptimizer| {
        let (grads, _) = gradients(&net, &device);
        let (net, info) = optimizer.step(net, grads);
        info.unwrap();
        net
    };
    net = one(net, &mut optimizer);
    let kept = net.clone();
    let before = bits(&kept);
    net = one(net, &mut optimizer);
    assert_eq!(bits(&kept), before);
    assert_ne!(bits(&net), before);
    assert_eq!(optimizer.copies(), 1);
    // Going on from the clone is what it was: plain SGD has no memory.
    let after = bits(&net);
    drop(net);
    assert_eq!(bits(&one(kept, &mut optimizer)), after);
    // A record brings other values and, in Burn, other identifiers.
    let other = Net::numbered(1, &device);
    let record = other.clone().into_record().into_bytes().unwrap();
    let loaded = Net::new(&device).load_record(burn::store::ModuleRecord::from_bytes(record).unwrap());
    let mut fresh = BurnOptimizer::new("sgd:0.1", &other).unwrap();
    let expected = bits(&one(other, &mut fresh));
    assert_eq!(bits(&one(loaded, &mut optimizer)), expected);
}

#[test]
fn gradients_that_are_not_finite_are_refused_by_name() {
    let device = device();
    let net = Net::new(&device);
    let mut optimizer = BurnOptimizer::new("adam", &net).unwrap();
    let before = bits(&net);
    let (mut grads, _) = gradients(&net, &device);
    let id = net.first.bias.as_ref().unwrap().id;
    let bad: Tensor<1> = grads.remove::<1>(id).unwrap() * f32::NAN;
    grads.register(id, bad);
    let (net, info) = optimizer.step(net, grads);
    let told = info.unwrap_err().to_string();
    assert!(told.contains("first.bias[0]"), "{told}");
    assert_eq!(bits(&net), before);
    // It goes on.
    let (grads, _) = gradients(&net, &device);
    assert_eq!(optimizer.step(net, grads).1.unwrap().step, 1);
}

#[test]
fn a_parameter_without_a_gradient_stays() {
    let device = device();
    let mut net = Net::new(&device);
    let mut optimizer = BurnOptimizer::new("adamw:lr=0.1,weight_decay=0.5", &net).unwrap();
    let mut old = bits(&net);
    for frozen in [false, true, true] {
        if frozen {
            net.first = net.first.no_grad();
        }
        let (grads, _) = gradients(&net, &device);
        let info;
        (net, info) = optimizer.step(net, grads);
        info.unwrap();
        let new = bits(&net);
        assert_eq!(new[..32] == old[..32], frozen, "3 × 8 weights and 8 biases");
        assert!(new[32..].iter().zip(&old[32..]).all(|(new, old)| new != old));
        assert_eq!(net.first.weight.is_require_grad(), !frozen);
        old = new;
    }
}

#[test]
fn gradients_of_unknown_parameters_and_other_modules_are_refused() {
    let device = device();
    let mut net = Net::new(&device);
    net.first = net.first.no_grad();
    let mut optimizer = BurnOptimizer::new("adam", &net).unwrap();
    net.first = net.first.set_require_grad(true);
    let before = bits(&net);
    let (grads, _) = gradients(&net, &device);
    let (mut net, info) = optimizer.step(net, grads);
    assert_eq!(info.unwrap_err(), BurnStepError::Module(ModuleMismatch::Unknown { count: 2 }));
    assert_eq!(bits(&net), before);

    net.layers.pop();
    let (_, info) = optimizer.step(net.clone(), GradientsParams::new());
    let told = info.unwrap_err().to_string();
    assert!(told.contains("no parameter `layers.1.weight` any more"), "{told}");

    net.layers.push(LinearConfig::new(8, 5).init(&device));
    let (_, info) = optimizer.step(net, GradientsParams::new());
    let told = info.unwrap_err().to_string();
    assert!(told.contains("`layers.1.weight` was [8, 2] of F32 and is [8, 5] of F32"), "{told}");
}

#[test]
fn what_cannot_be_bound_is_told() {
    let device = device();
    let told = BurnOptimizer::new("adamv", &Net::new(&device)).err().unwrap();
    assert!(told.to_string().contains("did you mean `adam"), "{told}");
    let frozen = Net::new(&device).no_grad();
    assert!(matches!(BurnOptimizer::new("adam", &frozen), Err(BindError::Nothing)));
    let without_autodiff = Net::new(&Device::flex());
    assert!(matches!(BurnOptimizer::new("adam", &without_autodiff), Err(BindError::Nothing)));
}

/// y = W W x, one tensor in two places.
#[derive(Module, Debug)]
struct Tied {
    one: Param<Tensor<2>>,
    two: Param<Tensor<2>>,
}

#[test]
fn a_tensor_in_two_places_is_one_parameter() {
    let device = device();
    let one = Param::from_tensor(Tensor::<2>::from_data([[0.5, 0.25], [-0.5, 1.0]], &device));
    let mut tied = Tied { two: one.clone(), one };
    let mut optimizer = BurnOptimizer::new("sgd:0.1", &tied).unwrap();
    assert_eq!(optimizer.optimizer().layout().len(), 4);
    for _ in 0..2 {
        let x = Tensor::<2>::from_data([[1.0, 2.0]], &device);
        let loss = x.matmul(tied.one.val()).matmul(tied.two.val()).sum();
        let grads = GradientsParams::from_grads(loss.backward(), &tied);
        let before = tied.one.val().into_data();
        let info;
        (tied, info) = optimizer.step(tied, grads);
        info.unwrap();
        assert_ne!(tied.one.val().into_data(), before);
        assert_eq!(tied.one.val().into_data(), tied.two.val().into_data());
    }
}

#[test]
fn averages_are_evaluated_in_a_module_of_their_own() {
    let device = device();
    let mut model: Linear = LinearConfig::new(1, 1).with_bias(false).init(&device);
    let mut optimizer = BurnOptimizer::new("sgd:0.5 | polyak", &model).unwrap();
    let weight = |model: &Linear| model.weight.val().into_data().iter::<f32>().next().unwrap();
    let mut passed = Vec::new();
    for _ in 0..4 {
        // The loss is w, so that w falls by a half each step.
        let loss = model.forward(Tensor::<2>::ones([1, 1], &device)).sum();
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(model, grads).0;
        passed.push(weight(&model));
    }
    let average = passed.iter().sum::<f32>() / 4.0;
    let evaluated = optimizer.eval_module(&model).unwrap();
    assert!((weight(&evaluated) - average).abs() < 1e-6, "{} against {average}", weight(&evaluated));
    assert_eq!(weight(&model), passed[3]);
    // Rules without an average give the module itself.
    let mut plain = BurnOptimizer::new("sgd:0.5", &model).unwrap();
    assert_eq!(weight(&plain.eval_module(&model).unwrap()), passed[3]);
}
