//! The optimizer of a module.

use std::{path::Path, sync::Arc};

use burn::module::Module;
use burn::optim::GradientsParams;
use steepest_core::{Flat, Layout, StepInfo, flat_from, flat_zeros};
use steepest_optim::{Optimizer, SpecError, StepError};
use thiserror::Error;

use crate::{
    bind::{BindError, Binding},
    exchange::{Gather, Hand, ModuleMismatch, check, copy},
    state_file::{self, StateFileError},
};

/// Why a step could not be made. The module comes back all the same.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum BurnStepError {
    /// The module or its gradients are not those that the optimizer was bound to.
    #[error(transparent)]
    Module(#[from] ModuleMismatch),
    /// The rule refused, or a value is not finite.
    #[error(transparent)]
    Step(#[from] StepError),
}

/// An update rule bound to the trainable parameters of a Burn module. The [crate's page](crate) says how memory is shared.
pub struct BurnOptimizer {
    optimizer: Optimizer<f32>,
    binding: Binding,
    /// The parameters, which the module's tensors are windows of.
    params: Arc<Flat<f32>>,
    grads: Flat<f32>,
    copies: u64,
}

impl BurnOptimizer {
    /// Binds the rule of a text, such as `clip:1 | adamw:lr=1e-3`, to the parameters of `module` that require a gradient.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn new<M: Module>(rule: &str, module: &M) -> Result<BurnOptimizer, BindError> {
        BurnOptimizer::build(module, |layout| Optimizer::parse(rule, layout))
    }

    /// Binds what `build` makes for the layout of the module: a specification with a horizon, a seed or groups
    /// ([`OptimizerSpec::build`](steepest_optim::OptimizerSpec::build)), or a chain written in Rust
    /// ([`Optimizer::from_chain`]).
    ///
    /// # Errors
    /// [`BindError`].
    pub fn build<M: Module>(
        module: &M,
        build: impl FnOnce(&Layout) -> Result<Optimizer<f32>, SpecError>,
    ) -> Result<BurnOptimizer, BindError> {
        let (binding, values) = Binding::of(module)?;
        let optimizer = build(&binding.layout)?;
        if optimizer.layout() != &binding.layout {
            let found = optimizer.layout().len();
            return Err(BindError::OtherLayout { expected: binding.layout.len(), found });
        }
        let grads = flat_zeros(values.len());
        Ok(BurnOptimizer { optimizer, binding, params: Arc::new(flat_from(&values)), grads, copies: 0 })
    }

    /// One update. The module comes back with its new parameters, or with its old ones where the step was refused: a gradient that is
    /// not finite, a module of another structure.
    ///
    /// A parameter without a gradient, because it was frozen or took no part in the loss, keeps its value, as with Burn's own
    /// optimizers; its moments see zeros, where Burn leaves them alone. Parameters that were changed since the last step, by a
    /// loaded record for example, are taken as they are.
    pub fn step<M: Module>(&mut self, module: M, grads: GradientsParams) -> (M, Result<StepInfo, BurnStepError>) {
        if let Err(mismatch) = check(&self.binding, &module, &grads) {
            return (module, Err(mismatch.into()));
        }
        let mut gather = Gather::new(&self.binding, &self.params, &mut self.grads, grads);
        let module = module.map(&mut gather);
        let taken = gather.taken;
        if Arc::get_mut(&mut self.params).is_none() {
            self.params = Arc::new(flat_from(&self.params));
            self.copies += 1;
        }
        let params = Arc::get_mut(&mut self.params).expect("no window of the vector is left, or it was just copied");
        let segments = self.binding.layout.segments();
        for (index, data) in taken.changed {
            copy(&data, &mut params[segments[index].range()]);
        }
        let kept: Vec<_> =
            taken.idle.iter().map(|&i| (segments[i].range(), params[segments[i].range()].to_vec())).collect();
        let info = self.optimizer.step(params, &mut self.grads);
        for (range, values) in kept {
            params[range].copy_from_slice(&values);
        }
        (module.map(&mut Hand::new(&self.binding, &self.params)), info.map_err(BurnStepError::from))
    }

    /// A module with the parameters to evaluate, save and predict with: those of `module`, or their average where the rule has one
    /// (`ema`, `polyak`, `schedule_free_…`).
    ///
    /// # Errors
    /// When `module` is not the one that the optimizer was bound to.
    pub fn eval_module<M: Module>(&mut self, module: &M) -> Result<M, ModuleMismatch> {
        check(&self.binding, module, &GradientsParams::new())?;
        if !self.optimizer.averages() {
            return Ok(module.clone());
        }
        let mut unused = flat_zeros(self.params.len());
        let mut values = flat_from(&self.params);
        let mut gather = Gather::new(&self.binding, &self.params, &mut unused, GradientsParams::new());
        let emptied = module.clone().map(&mut gather);
        for (index, data) in gather.taken.changed {
            copy(&data, &mut values[self.binding.layout.segments()[index].range()]);
        }
        self.optimizer.eval_point(&values, &mut unused);
        Ok(emptied.map(&mut Hand::new(&self.binding, &Arc::new(unused))))
    }

    /// Writes the state (moments, counters) as a safetensors file of named tensors such as `adam.m/layers.0.weight`, whole or not at
    /// all. The parameters are the module's: save these with Burn.
    ///
    /// # Errors
    /// [`StateFileError::Io`].
    pub fn save_state(&mut self, path: impl AsRef<Path>) -> Result<(), StateFileError> {
        state_file::save(&mut self.optimizer, path.as_ref())
    }

    /// Loads what [`save_state`](BurnOptimizer::save_state) wrote, by name, so that the next step is the one that would have followed.
    /// An error leaves the state as it was.
    ///
    /// # Errors
    /// [`StateFileError`] names the first tensor that is missing, superfluous or different.
    pub fn load_state(&mut self, path: impl AsRef<Path>) -> Result<(), StateFileError> {
        state_file::load(&mut self.optimizer, path.as_ref())
    }

    /// The optimizer of the flat vector: learning rate, counters, layout.
    pub fn optimizer(&self) -> &Optimizer<f32> {
        &self.optimizer
    }

    /// The optimizer, to scale its learning rate, give it curvature or visit its state.
    pub fn optimizer_mut(&mut self) -> &mut Optimizer<f32> {
        &mut self.optimizer
    }

    /// How often all parameters had to be copied because a tensor of the module was still in use at a step.
    pub fn copies(&self) -> u64 {
        self.copies
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Param;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::{Device, Tensor};

    use super::*;

    fn memory<const D: usize>(param: Param<Tensor<D>>) -> (usize, *const f32) {
        let data = param.into_value().inner().into_data();
        let values = data.as_slice::<f32>().unwrap();
        (values.len(), values.as_ptr())
    }

    #[test]
    fn after_a_step_tensors_are_windows_of_the_vector() {
        let device = Device::flex().autodiff();
        let mut model: Linear = LinearConfig::new(3, 2).init(&device);
        let mut optimizer = BurnOptimizer::new("sgd:0.1", &model).unwrap();
        for _ in 0..2 {
            let loss = model.forward(Tensor::<2>::ones([4, 3], &device)).sum();
            let grads = GradientsParams::from_grads(loss.backward(), &model);
            let info;
            (model, info) = optimizer.step(model, grads);
            info.unwrap();
        }
        let at = |name: &str| {
            let range = optimizer.binding.layout.get(name).unwrap().range();
            (range.len(), optimizer.params[range].as_ptr())
        };
        assert_eq!(memory(model.weight), at("weight"));
        assert_eq!(memory(model.bias.unwrap()), at("bias"));
        assert_eq!(optimizer.copies, 0);
    }
}
