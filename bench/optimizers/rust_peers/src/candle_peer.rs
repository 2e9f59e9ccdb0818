//! Candle's AdamW.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use candle_core::{Device, Tensor, Var, backprop::GradStore};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};

use crate::{Contender, LR, Problem, WEIGHT_DECAY};

/// Its gradients are those of Σ g·x, made once: a step only reads them.
pub struct Candle {
    optimizer: AdamW,
    vars: Vec<Var>,
    grads: GradStore,
}

impl Candle {
    pub fn new(problem: &Problem) -> Result<Candle, Box<dyn Error>> {
        let mut vars = Vec::new();
        let mut loss = Tensor::new(0f32, &Device::Cpu)?;
        for gradient in problem.tensors() {
            let var = Var::from_vec(vec![0.5f32; gradient.len()], gradient.len(), &Device::Cpu)?;
            let gradient = Tensor::from_slice(gradient, gradient.len(), &Device::Cpu)?;
            loss = (loss + (var.as_tensor() * gradient)?.sum_all()?)?;
            vars.push(var);
        }
        let grads = loss.backward()?;
        let params = ParamsAdamW { lr: LR, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: WEIGHT_DECAY };
        Ok(Candle { optimizer: AdamW::new(vars.clone(), params)?, vars, grads })
    }
}

impl Contender for Candle {
    fn name(&self) -> &'static str {
        "Candle"
    }

    fn step(&mut self) -> Result<Duration, Box<dyn Error>> {
        let start = Instant::now();
        self.optimizer.step(&self.grads)?;
        Ok(start.elapsed())
    }

    fn parameters(&self) -> Result<Vec<f32>, Box<dyn Error>> {
        let mut all = Vec::new();
        for var in &self.vars {
            all.extend(var.as_tensor().to_vec1::<f32>()?);
        }
        Ok(all)
    }
}
