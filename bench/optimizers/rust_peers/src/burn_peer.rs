//! Burn's own AdamW, and ours through the adapter, on modules of the `flex` backend.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use burn::module::{Module, Param};
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData};
use steepest_burn::BurnOptimizer;

use crate::{Contender, LR, Problem, WEIGHT_DECAY, ours::rule};

#[derive(Module, Debug)]
struct Params {
    tensors: Vec<Param<Tensor<1>>>,
}

fn tensor(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let shape = [values.len()];
    Tensor::from_data(TensorData::new(values, shape), device)
}

impl Params {
    fn new(problem: &Problem) -> Params {
        let device = Device::flex().autodiff();
        let tensors = problem.tensors().map(|t| Param::from_tensor(tensor(vec![0.5; t.len()], &device))).collect();
        Params { tensors }
    }

    /// Gradients that belong to nobody else, as a backward pass leaves them.
    fn gradients(&self, problem: &Problem) -> GradientsParams {
        let mut grads = GradientsParams::new();
        for (param, values) in self.tensors.iter().zip(problem.tensors()) {
            grads.register(param.id, tensor(values.to_vec(), &Device::flex()));
        }
        grads
    }

    fn values(&self) -> Vec<f32> {
        self.tensors.iter().flat_map(|t| t.val().into_data().iter::<f32>().collect::<Vec<_>>()).collect()
    }
}

/// Burn's optimizer.
pub struct Burn {
    problem: Problem,
    optimizer: ModuleOptimizer,
    module: Option<Params>,
}

impl Burn {
    pub fn new(problem: &Problem) -> Burn {
        let config = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(WEIGHT_DECAY as f32);
        Burn { problem: problem.clone(), optimizer: config.init(), module: Some(Params::new(problem)) }
    }
}

impl Contender for Burn {
    fn name(&self) -> &'static str {
        "Burn"
    }

    fn step(&mut self) -> Result<Duration, Box<dyn Error>> {
        let module = self.module.take().ok_or("a step failed before")?;
        let grads = module.gradients(&self.problem);
        let start = Instant::now();
        let module = self.optimizer.step(LR, module, grads);
        let taken = start.elapsed();
        self.module = Some(module);
        Ok(taken)
    }

    fn parameters(&self) -> Result<Vec<f32>, Box<dyn Error>> {
        Ok(self.module.as_ref().ok_or("a step failed before")?.values())
    }
}

/// Ours through the adapter: gradients are copied into the flat vector and checked, as is its default.
pub struct Adapter {
    problem: Problem,
    optimizer: BurnOptimizer,
    module: Option<Params>,
}

impl Adapter {
    pub fn new(problem: &Problem) -> Result<Adapter, Box<dyn Error>> {
        let module = Params::new(problem);
        let optimizer = BurnOptimizer::new(&rule(), &module)?;
        Ok(Adapter { problem: problem.clone(), optimizer, module: Some(module) })
    }
}

impl Contender for Adapter {
    fn name(&self) -> &'static str {
        "steepest on a Burn module"
    }

    fn step(&mut self) -> Result<Duration, Box<dyn Error>> {
        let module = self.module.take().ok_or("a step failed before")?;
        let grads = module.gradients(&self.problem);
        let start = Instant::now();
        let (module, info) = self.optimizer.step(module, grads);
        let taken = start.elapsed();
        self.module = Some(module);
        info?;
        Ok(taken)
    }

    fn parameters(&self) -> Result<Vec<f32>, Box<dyn Error>> {
        Ok(self.module.as_ref().ok_or("a step failed before")?.values())
    }
}
