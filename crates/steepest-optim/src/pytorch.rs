//! PyTorch's names for optimizer state, so that a `state_dict` exported to safetensors can be read and written.
//!
//! A `state_dict` numbers its parameters; exported by name it holds `NAME.exp_avg`, `NAME.exp_avg_sq`, `NAME.step` and so on.
//! [`PyTorchNames`] stands between an optimizer and whatever reads or writes its state, and renames on the way:
//! `adam.m/layer1.weight` is `layer1.weight.exp_avg`, and the step count, one here, is one for each parameter there.

use steepest_core::{Layout, StateVisitor};

/// Our vectors and PyTorch's, which mean the same.
const NAMES: &[(&str, &str)] = &[
    ("adam.m", "exp_avg"),
    ("adam.v", "exp_avg_sq"),
    ("adam.v_max", "max_exp_avg_sq"),
    ("adamax.m", "exp_avg"),
    ("adamax.w", "exp_inf"),
    ("nadam.m", "exp_avg"),
    ("nadam.v", "exp_avg_sq"),
    ("radam.m", "exp_avg"),
    ("radam.v", "exp_avg_sq"),
    ("adagrad.s", "sum"),
    ("adadelta.v", "square_avg"),
    ("adadelta.d", "acc_delta"),
    ("rmsprop.v", "square_avg"),
    ("rmsprop.m", "grad_avg"),
    ("momentum.v", "momentum_buffer"),
    ("muon.m", "momentum_buffer"),
];

/// PyTorch's name for a piece of our state; `None` where it has none.
///
/// ```
/// use steepest_optim::pytorch_name;
/// assert_eq!(pytorch_name("adam.v/layer1.weight").as_deref(), Some("layer1.weight.exp_avg_sq"));
/// assert_eq!(pytorch_name("lion.m/layer1.weight"), None);
/// ```
pub fn pytorch_name(ours: &str) -> Option<String> {
    let (slot, segment) = ours.split_once('/')?;
    NAMES.iter().find(|n| n.0 == slot).map(|n| format!("{segment}.{}", n.1))
}

/// Passes the state of an optimizer on under PyTorch's names. What PyTorch does not have keeps its name; `lr_scale`, which is
/// ours alone, is left out.
pub struct PyTorchNames<'a> {
    inner: &'a mut dyn StateVisitor,
    layout: &'a Layout,
    /// Parameters whose step counts disagree with the first one's.
    disagree: Vec<String>,
}

impl<'a> PyTorchNames<'a> {
    /// Before `inner`, which reads or writes.
    pub fn new(inner: &'a mut dyn StateVisitor, layout: &'a Layout) -> PyTorchNames<'a> {
        PyTorchNames { inner, layout, disagree: Vec::new() }
    }

    /// After a load: the parameters with another step count than the first, which a single count cannot stand for.
    pub fn disagreeing(&self) -> &[String] {
        &self.disagree
    }
}

fn rename(name: &str) -> String {
    pytorch_name(name).unwrap_or_else(|| name.to_string())
}

impl StateVisitor for PyTorchNames<'_> {
    fn f32s(&mut self, name: &str, values: &mut [f32]) {
        self.inner.f32s(&rename(name), values);
    }
    fn f64s(&mut self, name: &str, values: &mut [f64]) {
        self.inner.f64s(&rename(name), values);
    }
    fn bytes(&mut self, name: &str, values: &mut [u8]) {
        self.inner.bytes(&rename(name), values);
    }
    fn int(&mut self, name: &str, value: &mut u64) {
        if name != "step" {
            return self.inner.int(name, value);
        }
        let mut first = None;
        for segment in self.layout.segments() {
            let mut step = *value as f64;
            self.inner.number(&format!("{}.step", segment.name), &mut step);
            if *first.get_or_insert(step) != step {
                self.disagree.push(segment.name.clone());
            }
        }
        *value = first.map_or(*value, |s| s.max(0.0) as u64);
    }
    fn number(&mut self, name: &str, value: &mut f64) {
        match name {
            "lr_scale" => {}
            "nadam.mu_product" => {
                for segment in self.layout.segments() {
                    self.inner.number(&format!("{}.mu_product", segment.name), value);
                }
            }
            _ => self.inner.number(name, value),
        }
    }
    fn history(&mut self, name: &str, values: &mut Vec<f64>) {
        self.inner.history(name, values);
    }
}
