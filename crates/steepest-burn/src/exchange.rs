//! Between a module and the flat vector: what is checked before a step, how gradients and changed values come in, and how the module
//! gets its tensors back.

use std::sync::Arc;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{DType, GradientCheckpointingStrategy, Tensor, TensorData};
use steepest_core::Flat;
use thiserror::Error;

use crate::{bind::Binding, module_path::ModulePath, window::window};

/// How a module or its gradients differ from what the optimizer was bound to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ModuleMismatch {
    /// A parameter is not there.
    #[error("the module has no parameter `{name}` any more; bind an optimizer to the module as it is now")]
    Missing {
        /// Its path.
        name: String,
    },
    /// A parameter, or its gradient, has another shape or type.
    #[error("{what} `{name}` was {expected} and is {found}; bind an optimizer to the module as it is now")]
    Changed {
        /// `parameter` or `the gradient of`.
        what: &'static str,
        /// Its path.
        name: String,
        /// Shape and type when the optimizer was bound.
        expected: String,
        /// Shape and type now.
        found: String,
    },
    /// Gradients that belong to no bound parameter.
    #[error(
        "{count} gradients belong to parameters that the optimizer does not know: they were frozen or absent when it was bound; bind \
         an optimizer to the module as it is now"
    )]
    Unknown {
        /// How many.
        count: usize,
    },
}

/// Whether `module` and `grads` are what `binding` was made for. Changes nothing.
pub(crate) fn check<M: Module>(binding: &Binding, module: &M, grads: &GradientsParams) -> Result<(), ModuleMismatch> {
    let mut check = Check { binding, grads, path: ModulePath::default(), seen: Vec::new(), taken: 0, error: None };
    check.seen.resize(binding.layout.segments().len(), false);
    module.visit(&mut check);
    if let Some(error) = check.error {
        return Err(error);
    }
    if let Some(missing) = check.seen.iter().position(|seen| !seen) {
        return Err(ModuleMismatch::Missing { name: binding.layout.segments()[missing].name.clone() });
    }
    match grads.len() - check.taken {
        0 => Ok(()),
        count => Err(ModuleMismatch::Unknown { count }),
    }
}

struct Check<'a> {
    binding: &'a Binding,
    grads: &'a GradientsParams,
    path: ModulePath,
    seen: Vec<bool>,
    /// Gradients of bound parameters.
    taken: usize,
    error: Option<ModuleMismatch>,
}

impl Check<'_> {
    fn fits<const D: usize>(&mut self, what: &'static str, tensor: &Tensor<D>) {
        let Some((_, segment)) = self.binding.at(&self.path) else { return };
        if tensor.dims()[..] != segment.shape[..] || tensor.dtype() != DType::F32 {
            self.error.get_or_insert_with(|| ModuleMismatch::Changed {
                what,
                name: segment.name.clone(),
                expected: format!("{:?} of {:?}", segment.shape, DType::F32),
                found: format!("{:?} of {:?}", tensor.dims(), tensor.dtype()),
            });
        }
    }
}

impl ModuleVisitor for Check<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some((index, _)) = self.binding.at(&self.path) else { return };
        self.fits("parameter", &param.val());
        if !std::mem::replace(&mut self.seen[index], true)
            && let Some(grad) = self.grads.get::<D>(param.id)
        {
            self.taken += 1;
            self.fits("the gradient of", &grad);
        }
    }
}

/// What a tensor of a graph carries besides its values.
struct Context {
    require_grad: bool,
    distributed: bool,
    checkpointing: Option<GradientCheckpointingStrategy>,
}

impl Context {
    fn of<const D: usize>(tensor: &Tensor<D>) -> Context {
        Context {
            require_grad: tensor.is_require_grad(),
            distributed: tensor.is_distributed(),
            checkpointing: tensor.gradient_checkpointing_strategy(),
        }
    }

    /// The parameter with these values: a leaf of the graph, as it was.
    fn restore<const D: usize>(self, values: Tensor<D>, param: burn::module::ParamId) -> Tensor<D> {
        let Some(strategy) = self.checkpointing else { return values };
        let mut tensor = Tensor::from_inner(values).with_gradient_checkpointing_strategy(strategy);
        if self.require_grad {
            tensor = tensor.require_grad();
        }
        if self.distributed { tensor.set_distributed(param) } else { tensor }
    }
}

/// Takes the tensors out of a module that was [checked](check), so that the flat vector is the optimizer's alone: gradients go to
/// `grads`, and each parameter leaves a number in its place.
pub(crate) struct Gather<'a> {
    pub(crate) binding: &'a Binding,
    pub(crate) params: &'a Flat<f32>,
    pub(crate) grads: &'a mut [f32],
    pub(crate) given: GradientsParams,
    pub(crate) taken: Taken,
    path: ModulePath,
}

/// What a module had beside windows and gradients. Indices are those of segments.
#[derive(Default)]
pub(crate) struct Taken {
    /// Values that are not the vector's: of the first step, or changed since the last one.
    pub(crate) changed: Vec<(usize, TensorData)>,
    /// Parameters without a gradient.
    pub(crate) idle: Vec<usize>,
    seen: Vec<usize>,
}

impl<'a> Gather<'a> {
    pub(crate) fn new(
        binding: &'a Binding,
        params: &'a Flat<f32>,
        grads: &'a mut [f32],
        given: GradientsParams,
    ) -> Gather<'a> {
        Gather { binding, params, grads, given, taken: Taken::default(), path: ModulePath::default() }
    }
}

impl ModuleMapper for Gather<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some((index, segment)) = self.binding.at(&self.path) else { return param };
        let (id, tensor, mapper) = param.consume();
        let context = Context::of(&tensor);
        let values = tensor.inner();
        let stand_in = Tensor::zeros([1; D], (&values.device(), DType::F32));
        // A shared tensor is met again at its second path: one gradient, one value.
        if !self.taken.seen.contains(&index) {
            self.taken.seen.push(index);
            let grads = &mut self.grads[segment.range()];
            match self.given.remove::<D>(id) {
                Some(grad) => copy(&grad.into_data(), grads),
                None => {
                    grads.fill(0.0);
                    self.taken.idle.push(index);
                }
            }
            let data = values.into_data();
            let own = self.params[segment.range()].as_ptr();
            if !data.as_slice::<f32>().is_ok_and(|values| values.as_ptr() == own) {
                self.taken.changed.push((index, data));
            }
        }
        Param::from_mapped_value(id, context.restore(stand_in, id), mapper)
    }
}

/// Copies a checked tensor.
pub(crate) fn copy(from: &TensorData, to: &mut [f32]) {
    match from.as_slice::<f32>() {
        Ok(values) => to.copy_from_slice(values),
        // Memory that is no slice of floats, such as one that is not aligned for them.
        Err(_) => to.iter_mut().zip(from.iter::<f32>()).for_each(|(to, from)| *to = from),
    }
}

/// Puts windows of the vector in the places of the parameters.
pub(crate) struct Hand<'a> {
    binding: &'a Binding,
    flat: &'a Arc<Flat<f32>>,
    path: ModulePath,
}

impl<'a> Hand<'a> {
    pub(crate) fn new(binding: &'a Binding, flat: &'a Arc<Flat<f32>>) -> Hand<'a> {
        Hand { binding, flat, path: ModulePath::default() }
    }
}

impl ModuleMapper for Hand<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some((_, segment)) = self.binding.at(&self.path) else { return param };
        let (id, replaced, mapper) = param.consume();
        let context = Context::of(&replaced);
        let device = replaced.inner().device();
        let data = TensorData::from_bytes(window(self.flat, segment.range()), segment.shape.clone(), DType::F32);
        let values = Tensor::<D>::from_data(data, (&device, DType::F32));
        Param::from_mapped_value(id, context.restore(values, id), mapper)
    }
}
