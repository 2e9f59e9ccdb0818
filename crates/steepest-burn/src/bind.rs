//! Binding: which tensors of a module are trained, what they are called, and where they lie in the flat vector.

use std::collections::HashMap;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{DType, Tensor};
use steepest_core::{Layout, LayoutError, Segment};
use steepest_optim::SpecError;
use thiserror::Error;

use crate::module_path::ModulePath;

/// Why a rule cannot be bound to a module.
#[derive(Debug, Error)]
pub enum BindError {
    /// The text of the rule.
    #[error(transparent)]
    Rule(#[from] SpecError),
    /// There is nothing to train.
    #[error(
        "no parameter of the module requires a gradient; make the module on a device with autodiff \
         (`Device::flex().autodiff()`), and do not freeze all of it"
    )]
    Nothing,
    /// A parameter that is not made of 32-bit floats.
    #[error(
        "parameter `{name}` is kept as {dtype}; update rules work on 32-bit floats: cast the module, or freeze the parameter"
    )]
    Type {
        /// Its path in the module.
        name: String,
        /// Its type.
        dtype: String,
    },
    /// The optimizer was built for another layout than the one given.
    #[error(
        "the optimizer was built for {found} parameters, the module has {expected}; build it for the layout that is given"
    )]
    OtherLayout {
        /// Parameters of the module.
        expected: usize,
        /// Parameters of the optimizer.
        found: usize,
    },
    /// Two tensors of one name, or more elements than memory has.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// The trained tensors of a module.
#[derive(Debug, Default)]
pub(crate) struct Binding {
    pub(crate) layout: Layout,
    /// Path → index of the segment. A tensor that two layers share is one segment with two paths.
    places: HashMap<String, usize>,
}

impl Binding {
    /// The trained tensors of `module`, and their values in the order of the layout.
    pub(crate) fn of<M: Module>(module: &M) -> Result<(Binding, Vec<f32>), BindError> {
        let mut found = Found::default();
        module.visit(&mut found);
        if let Some(error) = found.error {
            return Err(error);
        }
        if found.binding.places.is_empty() {
            return Err(BindError::Nothing);
        }
        Ok((found.binding, found.values))
    }

    /// The index and the segment of the tensor at this path, if it is one of ours.
    pub(crate) fn at(&self, path: &ModulePath) -> Option<(usize, &Segment)> {
        let index = *self.places.get(&path.name())?;
        Some((index, &self.layout.segments()[index]))
    }
}

/// Collects what is trained.
#[derive(Default)]
struct Found {
    binding: Binding,
    values: Vec<f32>,
    by_id: HashMap<ParamId, usize>,
    path: ModulePath,
    error: Option<BindError>,
}

impl Found {
    fn add<const D: usize>(&mut self, param: &Param<Tensor<D>>) -> Result<(), BindError> {
        let tensor = param.val();
        if !tensor.is_require_grad() {
            return Ok(());
        }
        let name = self.path.name();
        if let Some(&shared) = self.by_id.get(&param.id) {
            self.binding.places.insert(name, shared);
            return Ok(());
        }
        if tensor.dtype() != DType::F32 {
            return Err(BindError::Type { name, dtype: format!("{:?}", tensor.dtype()) });
        }
        self.values.extend(tensor.to_data().iter::<f32>());
        self.binding.layout.push(&name, &tensor.dims(), self.path.role())?;
        let index = self.binding.layout.segments().len() - 1;
        self.by_id.insert(param.id, index);
        self.binding.places.insert(name, index);
        Ok(())
    }
}

impl ModuleVisitor for Found {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.error.is_none() {
            self.error = self.add(param).err();
        }
    }
}
