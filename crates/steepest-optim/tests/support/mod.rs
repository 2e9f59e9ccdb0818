//! What the integration tests share: saved state, test problems, and a list of rules to run through.
#![allow(dead_code)]

use std::collections::BTreeMap;

use steepest_core::{Layout, Role, StateVisitor};

/// State by name, as 64-bit numbers; saves on the first visit and loads on later ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Saved {
    pub values: BTreeMap<String, Vec<f64>>,
    pub loading: bool,
}

impl Saved {
    pub fn of(visit: impl FnOnce(&mut dyn StateVisitor)) -> Saved {
        let mut saved = Saved::default();
        visit(&mut saved);
        saved
    }

    pub fn load(&self, visit: impl FnOnce(&mut dyn StateVisitor)) {
        let mut loader = Saved { values: self.values.clone(), loading: true };
        visit(&mut loader);
    }

    fn exchange<V: Copy>(&mut self, name: &str, values: &mut [V], to: fn(V) -> f64, from: fn(f64) -> V) {
        if self.loading {
            let saved = self.values.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.values.keys()));
            assert_eq!(saved.len(), values.len(), "{name}");
            values.iter_mut().zip(saved).for_each(|(v, &s)| *v = from(s));
        } else {
            let old = self.values.insert(name.into(), values.iter().map(|&v| to(v)).collect());
            assert_eq!(old, None, "{name} is there twice");
        }
    }
}

impl StateVisitor for Saved {
    fn f32s(&mut self, name: &str, values: &mut [f32]) {
        self.exchange(name, values, f64::from, |v| v as f32);
    }
    fn f64s(&mut self, name: &str, values: &mut [f64]) {
        self.exchange(name, values, |v| v, |v| v);
    }
    fn bytes(&mut self, name: &str, values: &mut [u8]) {
        self.exchange(name, values, f64::from, |v| v as u8);
    }
    fn int(&mut self, name: &str, value: &mut u64) {
        self.exchange(name, std::slice::from_mut(value), |v| v as f64, |v| v as u64);
    }
    fn number(&mut self, name: &str, value: &mut f64) {
        self.exchange(name, std::slice::from_mut(value), |v| v, |v| v);
    }
    fn history(&mut self, name: &str, values: &mut Vec<f64>) {
        if self.loading {
            values.resize(self.values[name].len(), 0.0);
        }
        self.exchange(name, values, |v| v, |v| v);
    }
}

/// Four tensors of all kinds: a matrix, a bias, a normalization and a scalar.
pub fn small_layout() -> Layout {
    let mut layout = Layout::new();
    layout.push("a.weight", &[5, 7], Role::Weight).unwrap();
    layout.push("a.bias", &[5], Role::Bias).unwrap();
    layout.push("b.scale", &[17], Role::Norm).unwrap();
    layout.push("b.weight", &[3, 5], Role::Weight).unwrap();
    layout.push("c", &[], Role::Other).unwrap();
    layout
}

/// Numbers in [−1, 1) that look random, a function of the seed.
pub fn noise(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..n)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        })
        .collect()
}

/// One text for each rule and each of its variants.
pub fn rules() -> Vec<&'static str> {
    vec![
        "sgd:lr=0.01",
        "sgd:lr=0.01,momentum=0.9,dampening=0.1,l2=0.01",
        "sgd:lr=0.01,momentum=0.9,nesterov=true",
        "sgd:lr=0.01,momentum=0.9,form=inside",
        "adagrad:lr=0.1,lr_decay=0.01,initial_accumulator_value=0.1",
        "rmsprop:lr=0.01",
        "rmsprop:lr=0.01,centered=true,momentum=0.5,l2=0.1",
        "adadelta",
        "adam",
        "adam:eps=0.1,l2=0.01",
        "adam:eps_place=uncorrected",
        "amsgrad",
        "adamw:weight_decay=0.1",
        "adamw:amsgrad=true",
        "adam | momentum:0.5 | weight_decay:0.1",
        "adamax",
        "nadam:l2=0.1",
        "radam",
        "lion:weight_decay=0.1",
        "signsgd:momentum=0.9",
        "adan:weight_decay=0.1",
        "ademamix:warmup=100",
        "adopt",
        "yogi",
        "adabelief",
        "rprop",
        "lars:l2=0.1",
        "lamb:weight_decay=0.1",
        "schedule_free_sgd:lr=0.1",
        "schedule_free_adamw",
        "prodigy",
        "dog",
        "dadapt_sgd:l2=0.1",
        "dadapt_adam:weight_decay=0.1",
        "nesterov:lr=0.1,l2=0.01",
        "ftrl:l1=0.01,l2=0.1",
        "muon",
        "adafactor",
        "shampoo:every=2,beta=0.9,momentum=0.5",
        "soap:every=2",
        "clip:1 | adam",
        "clip_segment:1 | sgd:lr=0.01 | clip:0.5",
        "clip_value:0.1 | sgd:lr=0.01",
        "normalize | sgd:lr=0.01",
        "centralize | clip_adaptive | noise:0.1 | adamw",
        "adam | cautious | weight_decay:0.1",
        "adam | sign | trust_ratio",
        "sgd:lr=0.1,l2=0.1 | polyak:2",
        "adam | ema:0.9",
        "adam | swa:1,2",
        "adam | lookahead:2",
        "adamw:moments=bf16",
        "adamw:moments=8bit",
        "clip:1 | lion:moments=8bit | ema:0.9",
        "clip:1 | adam:moments=f32 | momentum:0.5",
        "adam:lr=cosine(0.01,steps=10,warmup=2)",
    ]
}
