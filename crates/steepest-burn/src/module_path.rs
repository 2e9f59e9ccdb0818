//! Where a visitor or mapper of a module is: the names of fields from the outside in.

use steepest_core::Role;

/// The way to a field, each step with the container that holds it as Burn describes it (`Struct:Linear`, `Vec`).
#[derive(Debug, Default)]
pub(crate) struct ModulePath {
    steps: Vec<(String, String)>,
}

impl ModulePath {
    pub(crate) fn enter(&mut self, name: &str, container: &str) {
        self.steps.push((name.into(), container.into()));
    }

    pub(crate) fn exit(&mut self) {
        self.steps.pop();
    }

    /// `layers.0.weight`; a module that is a single tensor has no fields, and its tensor is called `x`.
    pub(crate) fn name(&self) -> String {
        let names: Vec<&str> = self.steps.iter().map(|(name, _)| name.as_str()).collect();
        if names.is_empty() { "x".into() } else { names.join(".") }
    }

    /// What a tensor here is for. Burn's layers of normalization all end in `Norm`.
    pub(crate) fn role(&self) -> Role {
        let Some((name, container)) = self.steps.last() else { return Role::Other };
        if container.ends_with("Norm") {
            Role::Norm
        } else if name == "bias" {
            Role::Bias
        } else if container.ends_with("Embedding") {
            Role::Embedding
        } else {
            Role::Weight
        }
    }
}
