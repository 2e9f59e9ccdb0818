//! The network of the tests: two inputs of every kind of tensor (matrix, bias, norm, list of layers), with a smooth loss.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData, activation::tanh};

#[derive(Module, Debug)]
pub struct Net {
    pub first: Linear,
    pub norm: LayerNorm,
    pub layers: Vec<Linear>,
}

impl Net {
    /// Always the same start.
    pub fn new(device: &Device) -> Net {
        Net::numbered(0, device)
    }

    /// The start of this number.
    pub fn numbered(number: usize, device: &Device) -> Net {
        let linear = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        let net = Net {
            first: linear(3, 8),
            norm: LayerNormConfig::new(8).init(device),
            layers: vec![linear(8, 8), linear(8, 2)],
        };
        net.map(&mut Start { number })
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let hidden = tanh(self.norm.forward(self.first.forward(x)));
        let [second, last] = &self.layers[..] else { unreachable!("two layers were made") };
        last.forward(tanh(second.forward(hidden)))
    }

    /// The gradients in the order of the module's tensors.
    #[allow(dead_code)]
    pub fn flat_gradients(&self, grads: &GradientsParams) -> Vec<f32> {
        let mut all = Gradients { grads, values: Vec::new() };
        self.visit(&mut all);
        all.values
    }
}

/// Sets every parameter to a wave.
struct Start {
    number: usize,
}

impl ModuleMapper for Start {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.number += 101;
        param.map(|tensor| {
            let values: Vec<f32> = (0..tensor.shape().num_elements()).map(|i| 0.6 * sine(self.number, i)).collect();
            let values = Tensor::from_data(TensorData::new(values, tensor.shape()), &tensor.device());
            values.set_require_grad(tensor.is_require_grad())
        })
    }
}

fn sine(n: usize, i: usize) -> f32 {
    ((n + 3 * i * i + i) as f32 * 0.37).sin()
}

/// A device with autodiff.
pub fn device() -> Device {
    Device::flex().autodiff()
}

fn wave(n: usize, shape: [usize; 2], device: &Device) -> Tensor<2> {
    let values: Vec<f32> = (0..shape[0] * shape[1]).map(|i| sine(n, i)).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The gradients of a mean squared error, and its value.
pub fn gradients(net: &Net, device: &Device) -> (GradientsParams, f32) {
    let error = net.forward(wave(1, [16, 3], device)) - wave(2, [16, 2], device);
    let loss = (error.clone() * error).mean();
    let value = loss.clone().into_data().iter::<f32>().next().unwrap();
    (GradientsParams::from_grads(loss.backward(), net), value)
}

struct Values(Vec<f32>);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.extend(param.val().into_data().iter::<f32>());
    }
}

struct Gradients<'a> {
    grads: &'a GradientsParams,
    values: Vec<f32>,
}

impl ModuleVisitor for Gradients<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.values.extend(self.grads.get::<D>(param.id).unwrap().into_data().iter::<f32>());
    }
}

/// All parameters in the order of the module.
pub fn values(net: &Net) -> Vec<f32> {
    let mut all = Values(Vec::new());
    net.visit(&mut all);
    all.0
}

/// Their bits.
#[allow(dead_code)]
pub fn bits(net: &Net) -> Vec<u32> {
    values(net).iter().map(|v| v.to_bits()).collect()
}
