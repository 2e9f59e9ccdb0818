//! n steps are k steps, a save, a load into new objects, and n − k steps, to the bit.

mod net;

use burn::{module::Module, store::ModuleRecord};
use safetensors::SafeTensors;
use steepest_burn::{BurnOptimizer, StateFileError};

use net::{Net, bits, device, gradients};

const RULES: [&str; 6] = [
    "adamw:lr=0.01,weight_decay=0.1",
    "sgd:lr=0.1,momentum=0.9",
    "muon:lr=0.01",
    "clip:0.5 | adam:lr=0.01 | ema:0.9",
    "adamw:lr=0.01,moments=bf16",
    "adamw:lr=0.01,moments=8bit",
];

fn train(mut net: Net, optimizer: &mut BurnOptimizer, steps: usize) -> Net {
    let device = device();
    for _ in 0..steps {
        let (grads, _) = gradients(&net, &device);
        let info;
        (net, info) = optimizer.step(net, grads);
        info.unwrap();
    }
    net
}

#[test]
fn a_resumed_run_is_the_same_run() {
    let device = device();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.safetensors");
    for rule in RULES {
        let start = Net::new(&device);
        let mut whole = BurnOptimizer::new(rule, &start).unwrap();
        let expected = train(start.clone(), &mut whole, 20);

        let mut first = BurnOptimizer::new(rule, &start).unwrap();
        let half = train(start, &mut first, 7);
        first.save_state(&path).unwrap();
        let record = half.into_record().into_bytes().unwrap();

        let again = Net::numbered(1, &device).load_record(ModuleRecord::from_bytes(record).unwrap());
        let mut second = BurnOptimizer::new(rule, &again).unwrap();
        second.load_state(&path).unwrap();
        assert_eq!(second.optimizer().steps(), 7);
        let resumed = train(again, &mut second, 13);
        assert_eq!(bits(&resumed), bits(&expected), "`{rule}`");
        let (average, other) = (second.eval_module(&resumed).unwrap(), whole.eval_module(&expected).unwrap());
        assert_eq!(bits(&average), bits(&other), "`{rule}`");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing but the file is left");
}

#[test]
fn the_file_holds_named_tensors_in_their_shapes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.safetensors");
    let net = Net::new(&device());
    let mut optimizer = BurnOptimizer::new("adamw:lr=0.01", &net).unwrap();
    train(net, &mut optimizer, 3);
    optimizer.save_state(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(file.tensor("adam.m/layers.1.weight").unwrap().shape(), [8, 2]);
    assert_eq!(file.tensor("step").unwrap().data(), 3u64.to_le_bytes());
    optimizer.save_state(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn what_does_not_fit_is_told_and_changes_nothing() {
    let device = device();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.safetensors");
    let net = Net::new(&device);
    let mut adam = BurnOptimizer::new("adam:lr=0.01", &net).unwrap();
    let net = train(net, &mut adam, 3);
    adam.save_state(&path).unwrap();

    let mut sgd = BurnOptimizer::new("sgd:lr=0.1", &net).unwrap();
    let told = sgd.load_state(&path).unwrap_err().to_string();
    assert!(told.contains("tensor `adam.m/first.bias` is no state of this optimizer"), "{told}");
    assert_eq!(sgd.optimizer().steps(), 0);

    let mut small = BurnOptimizer::new("adam:lr=0.01,moments=bf16", &net).unwrap();
    let told = small.load_state(&path).unwrap_err();
    assert!(matches!(told, StateFileError::Mismatch { .. }), "{told}");
    assert_eq!(small.optimizer().steps(), 0);

    std::fs::write(&path, b"something else").unwrap();
    assert!(matches!(adam.load_state(&path), Err(StateFileError::Malformed { .. })));
    let absent = dir.path().join("absent");
    let told = adam.load_state(&absent).unwrap_err().to_string();
    assert!(told.contains("absent"), "{told}");
    assert_eq!(adam.optimizer().steps(), 3);
}
